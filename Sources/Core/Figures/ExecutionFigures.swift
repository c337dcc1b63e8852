/// The arithmetic of FORMULAS 7: quantities and prices of orders, exact and on the grid.
public enum Execution {
    static let whole: Int128 = 10_000_000_000

    /// E1: the spot quantity that leaves as many coins as contracts, `(q − dust)/(1 − base fee)`, on the lot.
    public static func spotQuantity(perp: Quantity, dust: Quantity, baseFee: Percent, lot: Quantity)
        -> Quantity
    {
        let needed = Int128(perp.raw - dust.raw) * whole
        let lots = quotient(needed, by: (whole - Int128(baseFee.raw)) * Int128(lot.raw), .nearestHalfDown)
        return Quantity(raw: max(0, Int64(lots) * lot.raw))
    }

    /// Coins after buying `spot` with the fee taken in base, on top of `dust`; exact, 10⁻¹².
    public static func coinsAfter(spot: Quantity, baseFee: Percent, dust: Quantity) -> Money {
        let fee = quotient(Int128(spot.raw) * 10_000 * Int128(baseFee.raw), by: whole, .up)
        return Money(raw: Int128(spot.raw + dust.raw) * 10_000 - fee)
    }

    /// What an exit sells: whole lots of the coins; the rest is dust.
    public static func exitSpotQuantity(coins: Quantity, lot: Quantity) -> Quantity {
        coins.onLot(lot, .down)
    }

    /// E3: half of the slack beyond the worst walked level, never short of that level.
    public static func entryLimit(_ side: Side, worst: Price, net: Percent, tick: Price) -> Price {
        let slack = Int128(min(max(net.raw, 0), 10_000_000))
        let factor = 2 * whole + (side == .buy ? slack : -slack)
        let rounding: Rounding = side == .buy ? .down : .up
        let lots = quotient(Int128(worst.raw) * factor, by: 2 * whole * Int128(tick.raw), rounding)
        let price = Price(raw: Int64(lots) * tick.raw)
        return side == .buy ? max(price, worst) : min(price, worst)
    }

    /// E4: how far beyond the touch the tries of a risk-reducing order go, percent.
    static let ladder = [Percent(raw: 10_000_000), Percent(raw: 25_000_000), Percent(raw: 50_000_000)]

    /// E4: from the touch of the leg's own book.
    /// - Parameter attempt: 0, 1, 2.
    public static func reducingLimit(_ side: Side, touch: Price, attempt: Int, tick: Price) -> Price {
        outside(side, touch, ladder[attempt], tick)
    }

    /// E4 with a stale or missing book: mark ± 1 %.
    public static func reducingLimitBlind(_ side: Side, mark: Price, tick: Price) -> Price {
        outside(side, mark, Percent(raw: Percent.unit), tick)
    }

    private static func outside(_ side: Side, _ price: Price, _ by: Percent, _ tick: Price) -> Price {
        let factor = whole + Int128(side == .buy ? by.raw : -by.raw)
        let ticks = quotient(
            Int128(price.raw) * factor, by: whole * Int128(tick.raw), side == .buy ? .up : .down)
        return Price(raw: Int64(ticks) * tick.raw)
    }

    /// E2: at least three times the quantity stands within the limit.
    public static func isDeep(_ book: Book, _ side: Side, limit: Price, quantity: Quantity) -> Bool {
        book.depth(side, to: limit).raw >= 3 * quantity.raw
    }

    /// The leg with less within its limit goes first; at equal depth the spot.
    public static func isThinner(_ spot: Quantity, than perp: Quantity) -> Bool { spot <= perp }

    /// The side a leg takes at entry.
    public static func entrySide(_ leg: Leg, _ direction: Direction) -> Side {
        (leg == .spot) == (direction == .carry) ? .buy : .sell
    }

    /// E5: the worst price at which the resting leg still earns `need` against the walked hedge.
    public static func restingBound(
        _ leg: Leg, _ direction: Direction, hedgeNotional: Notional, quantity: Quantity, need: Percent,
        tick: Price
    ) -> Price {
        let amount = Int128(quantity.raw), factor = whole + Int128(need.raw)
        if entrySide(leg, direction) == .sell {
            let ticks = quotient(hedgeNotional.raw * factor, by: amount * whole * Int128(tick.raw), .up)
            return Price(raw: Int64(ticks) * tick.raw)
        }
        let ticks = quotient(hedgeNotional.raw * whole, by: amount * factor * Int128(tick.raw), .down)
        return Price(raw: Int64(ticks) * tick.raw)
    }

    /// E5: where the leg rests. `touch`: the own touch, improved while inside the spread and the bound;
    /// `edge`: the bound, or the touch if that is better for us.
    /// - Returns: `nil` when the touch does not satisfy the bound.
    public static func restingPrice(
        _ leg: Leg, _ direction: Direction, book: TopOfBook, bound: Price, peg: Peg, improveTicks: Int,
        tick: Price
    ) -> Price? {
        let sells = entrySide(leg, direction) == .sell
        let touch = sells ? book.ask.price : book.bid.price
        if peg == .edge { return sells ? max(bound, touch) : min(bound, touch) }
        guard sells ? touch >= bound : touch <= bound else { return nil }
        var price = touch
        for _ in 0..<max(0, improveTicks) {
            let better = sells ? price - tick : price + tick
            let inside =
                sells
                ? better > book.bid.price && better >= bound : better < book.ask.price && better <= bound
            if !inside { break }
            price = better
        }
        return price
    }

    /// E6: the net at a posted price with the hedge leg walked now.
    public static func netAtPost(_ leg: Leg, _ o: Opportunity, price: Price) -> Percent {
        let style: Style = leg == .spot ? .restSpot : .restPerp
        let gross = Figures.grossResting(style, o.direction, o.walk, spotPost: price, perpPost: price)
        return gross - o.costs(style)
    }

    /// E6 from its parts: the hedge leg's notional walked now, and everything between gross and net.
    public static func netAtPost(
        _ leg: Leg, _ direction: Direction, price: Price, hedge: Notional, quantity: Quantity, costs: Percent
    ) -> Percent {
        let post = price * quantity
        let postIsLong = entrySide(leg, direction) == .buy
        return Figures.gross(direction, long: postIsLong ? post : hedge, short: postIsLong ? hedge : post)
            - costs
    }

    /// E7: what a hedge still has to do, by totals; on the lot, halves toward zero.
    public static func hedgeQuantity(target: Quantity, done: Quantity, inFlight: Quantity, lot: Quantity)
        -> Quantity
    {
        max(.zero, (target - done - inFlight).onLot(lot, .nearestHalfDown))
    }

    /// E9: what completing a half-filled pair is worth, percent of the long leg.
    /// - Parameter missing: notional of trading the missing leg now.
    public static func completeValue(
        _ direction: Direction, filledLeg: Leg, fill: Price, missing: Notional, quantity: Quantity,
        exitLevel: Percent, exitCross: Percent, fees: FeeRates
    ) -> Percent {
        let filled = fill * quantity
        let filledIsLong = entrySide(filledLeg, direction) == .buy
        let gross = Figures.gross(
            direction, long: filledIsLong ? filled : missing, short: filledIsLong ? missing : filled)
        let missingFee = filledLeg == .spot ? fees.perpTaker : fees.spotTaker
        return gross - exitLevel - exitCross - missingFee - fees.spotTaker - fees.perpTaker
    }

    /// E9: what taking the filled leg back is worth, percent of its fill.
    /// - Parameter undo: notional of undoing it now.
    public static func unwindValue(
        filledLeg: Leg, bought: Bool, fill: Price, undo: Notional, quantity: Quantity, fees: FeeRates
    ) -> Percent {
        let filled = fill * quantity
        let gain = bought ? undo - filled : filled - undo
        let fee = filledLeg == .spot ? fees.spotTaker : fees.perpTaker
        return Figures.percent(gain.raw, of: filled.raw, .down) - fee
    }

    /// E13: bit 31 guardian, bits 30–12 block, bits 11–0 index.
    public static func clientID(block: UInt32, index: UInt32, guardian: Bool) -> ClientOrderID {
        precondition(
            block < 1 << 19 && index < 1 << 12, "a client order id has 19 bits of block and 12 of index")
        return ClientOrderID(raw: (guardian ? 1 << 31 : 0) | block << 12 | index)
    }
}
