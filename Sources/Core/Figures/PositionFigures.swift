/// What a held pair is worth if it is closed now by takers: the figures of `pos` (FORMULAS 3).
public struct PositionFigures: Sendable {
    public let direction: Direction
    /// Base held, net of base fees; negative when short.
    public let coins: Money
    /// Contracts, unsigned.
    public let perpQuantity: Quantity
    /// Quote notional of the spot leg at entry fills, unsigned: the denominator of every percentage here.
    public let notional: Money
    public let entryGross: Percent
    /// Entry gross less exit level and crossing of then, fees paid, and fees of a taker exit; percent of the
    /// notional.
    public let entryNet: Percent
    /// What closing now leaves, everything counted; rounded down.
    public let netUSD: Money
    /// `netUSD` over `notional`; zero without a notional.
    public let netPct: Percent
    /// Paid so far, positive; a fee in base at the price of its own fill.
    public let feesUSD: Money
    /// Settled so far; positive was received.
    public let funding: Money, borrow: Money
    public let age: TimeSpan

    /// - Parameters:
    ///   - spotCost: signed notional of the spot quantity held, bought positive. - perpCost: the same of the
    ///     contracts.
    ///   - spotQuoteFees: fees paid in quote on spot; those in base are in `coins` already and only shown.
    ///   - walk: all sides at the perp quantity, pessimistic where a book is thin.
    public init(
        direction: Direction, coins: Money, perpQuantity: Quantity, spotCost: Notional, perpCost: Notional,
        spotQuoteFees: Money, perpFees: Money, baseFeesInQuote: Money, funding: Money, borrow: Money,
        entryGross: Percent, entryExitLevel: Percent, entryExitCross: Percent, age: TimeSpan, walk: PairWalk,
        fees: FeeRates
    ) {
        (self.direction, self.coins, self.perpQuantity) = (direction, coins, perpQuantity)
        (self.funding, self.borrow, self.age, self.entryGross) = (funding, borrow, age, entryGross)
        feesUSD = spotQuoteFees + perpFees + baseFeesInQuote
        let carry = direction == .carry
        let spotExit = carry ? walk.spotBid.notional : walk.spotAsk.notional
        let perpExit = carry ? walk.perpAsk.notional : walk.perpBid.notional
        let walked = Int128(max(1, walk.quantity.raw))
        // 10⁻¹² of base at the walked mean price: ·10⁻¹⁶ / 10⁻⁸ / 10⁴.
        let coinsWorth = Notional(raw: quotient(coins.raw, times: spotExit.raw, by: walked * 10_000, .down))
        let perpWorth = Notional(
            raw: quotient(perpExit.raw, times: Int128(perpQuantity.raw), by: walked, carry ? .up : .down))
        let spotFee = Self.share(fees.spotTaker, of: coinsWorth),
            perpFee = Self.share(fees.perpTaker, of: perpWorth)
        let perpGain = Notional(raw: -perpCost.raw - Int128(direction.sign) * perpWorth.raw)
        let gain = coinsWorth - spotCost + perpGain - spotFee - perpFee
        netUSD = gain.rounded(.down) - perpFees - spotQuoteFees + funding + borrow
        notional = spotCost.magnitude.rounded(.nearest)
        let exact = spotCost.magnitude
        guard exact > .zero else {
            (netPct, entryNet) = (.zero, entryGross - entryExitLevel - entryExitCross)
            return
        }
        netPct = Figures.percent(netUSD.notional.raw, of: exact.raw, .down)
        let paid = Figures.percent(feesUSD.notional.raw, of: exact.raw, .up)
        entryNet = entryGross - entryExitLevel - entryExitCross - paid - fees.spotTaker - fees.perpTaker
    }

    /// `percent` of an amount's size, rounded up: a cost.
    private static func share(_ percent: Percent, of amount: Notional) -> Notional {
        Notional(raw: quotient(amount.magnitude.raw, times: Int128(percent.raw), by: Figures.hundred, .up))
    }
}
