extension ProfitAndLoss {
    /// Every cause by name, in the order of the summary.
    public var rows: [(name: String, amount: Money)] {
        [
            ("basis", basis), ("crossing", crossing), ("leg_risk", legRisk), ("fees", fees),
            ("funding", funding),
            ("borrow", borrow), ("residual", residual),
        ]
    }
}
