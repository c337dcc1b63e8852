extension PositionFigures {
    /// Writes every field of `pos`.
    public func fill(_ view: inout PositionView) {
        view[.qty] = number(perpQuantity)
        view[.coins] = number(coins)
        view[.notionalUsd] = number(notional)
        view[.entryGrossPct] = number(entryGross)
        view[.entryNetPct] = number(entryNet)
        view[.netPct] = number(netPct)
        view[.netUsd] = number(netUSD)
        view[.feesUsd] = number(feesUSD)
        view[.fundingUsd] = number(funding)
        view[.borrowUsd] = number(borrow)
        view[.ageS] = Double(age.microseconds) / 1e6
    }
}
