/// Money, margin and limits of FORMULAS 6. A fraction in a `Percent` counts 1.0 as 100 000 000, as the venue
/// states it.
extension Figures {
    /// One as a fraction.
    static let one: Int128 = 100_000_000

    /// What a settlement pays a position open then, `−(signed quantity) · mark · rate`; rounded down.
    public static func fundingPayment(position: Quantity, mark: Price, rate: FundingRate) -> Money {
        // 10⁻¹⁶ of notional times 10⁻¹² of rate, to 10⁻¹².
        let exact = (mark * position).raw
        return Money(raw: quotient(-exact, times: Int128(rate.raw), by: 10_000_000_000_000_000, .down))
    }

    /// The hourly rate that a mean premium of the hour leads to:
    /// `clamp((P + clamp(0.0001 − P, ±0.0005))/8, floor, cap)`; rounded to nearest.
    public static func fundingRate(
        premium: FundingRate, floor: FundingRate? = nil, cap: FundingRate? = nil
    ) -> FundingRate {
        let interest = min(max(100_000_000 - premium.raw, -500_000_000), 500_000_000)
        var raw = Int64(quotient(Int128(premium.raw + interest), by: 8, .nearest))
        if let floor { raw = max(raw, floor.raw) }
        if let cap { raw = min(raw, cap.raw) }
        return FundingRate(raw: raw)
    }

    /// How much of an asset of this notional counts as collateral, `weight · min(base, 1.1/(1 +
    /// penalty·√N))`; rounded down.
    ///
    /// - Parameters:
    ///   - weight, base: fractions. - penalty: per root of a dollar, counted in 10⁻¹².
    public static func collateralWeight(
        notional: Notional, weight: Percent, base: Percent, penalty: Int64
    ) -> Percent {
        let flat = quotient(Int128(weight.raw) * Int128(base.raw), by: one, .down)
        // √ of 10⁻¹⁶ is 10⁻⁸; times 10⁻¹² is 10⁻²⁰.
        let divisor = powerOfTen(20) + rootUp(notional.magnitude.raw) * Int128(penalty)
        let curved = quotient(Int128(weight.raw), times: 11 * powerOfTen(19), by: divisor, .down)
        return Percent(raw: Int64(min(flat, curved)))
    }

    /// A margin fraction at a notional, `max(base, factor·√notional)`, and never below `1/leverageLimit`;
    /// rounded up.
    ///
    /// `nil` as a curve asks for everything: an unknown margin is 100 %. Leave the leverage limit out for
    /// maintenance.
    public static func marginFraction(
        _ curve: MarginCurve?, leverageLimit: Money?, notional: Money
    ) -> Percent {
        guard let curve else { return Percent(raw: Int64(one)) }
        var fraction = quotient(Int128(curve.base), by: 10_000, .up)
        // √ of 10⁻¹² is 10⁻⁶; times 10⁻¹² is 10⁻¹⁸, to 10⁻⁸.
        let grown = quotient(
            rootUp(notional.magnitude.raw), times: Int128(curve.factor), by: powerOfTen(10), .up)
        fraction = max(fraction, grown)
        if let leverageLimit, leverageLimit > .zero {
            fraction = max(fraction, quotient(one * powerOfTen(12), by: leverageLimit.raw, .up))
        }
        return Percent(raw: Int64(clamping: fraction))
    }

    /// Margin that a position of this notional locks; rounded up.
    public static func lockedMargin(notional: Money, fraction: Percent) -> Money {
        Money(raw: quotient(notional.magnitude.raw, times: Int128(fraction.raw), by: one, .up))
    }

    /// Coins at a price with a collateral weight; a weight of 1.0 is their plain value. Rounded down.
    public static func collateralValue(coins: Money, price: Price, weight: Percent) -> Money {
        Money(raw: quotient(coins.raw * Int128(price.raw), times: Int128(weight.raw), by: one * one, .down))
    }

    /// Net equity over the notional of the positions, as a fraction; rounded down, `nil` without positions.
    public static func marginRatio(netEquity: Money, notional: Money) -> Percent? {
        ratio(netEquity, notional)
    }

    /// Free quote over the notional of perp shorts, as a fraction: the rally that empties the cash. Rounded
    /// down; `nil` without shorts.
    public static func runway(free: Money, shorts: Money) -> Percent? { ratio(free, shorts) }

    private static func ratio(_ part: Money, _ whole: Money) -> Percent? {
        guard whole > .zero else { return nil }
        return Percent(raw: Int64(clamping: quotient(part.raw, times: one, by: whole.raw, .down)))
    }

    /// The largest pair notional from a capital that leaves the least runway, `K / (1 + least + perp fee)`;
    /// rounded down.
    /// - Parameter least: in percent, as `MIN_CASH_RUNWAY` is kept: 20 % is 0.20.
    public static func largestNotional(capital: Money, runwayLeast least: Percent, perpTaker: Percent)
        -> Money
    {
        let divisor = hundred + Int128(least.raw) + Int128(perpTaker.raw)
        return Money(raw: quotient(capital.raw, times: hundred, by: divisor, .down))
    }

    /// The rise of all prices at which carry pairs are liquidated, `(C + wcS − mQ)/(Q(1+m) − wcS)`, as a
    /// fraction.
    ///
    /// - Parameters:
    ///   - quote: free cash. - weightedCoins: coins at price and weight. - shorts: notional of the perps.
    ///   - maintenance: fraction.
    /// - Returns: rounded down; `nil` when no rise does it.
    public static func liquidationDistance(
        quote: Money, weightedCoins: Money, shorts: Money, maintenance: Percent
    ) -> Percent? {
        let m = Int128(maintenance.raw)
        let left = (quote.raw + weightedCoins.raw) * one - m * shorts.raw
        let lost = shorts.raw * (one + m) - weightedCoins.raw * one
        guard lost > 0 else { return nil }
        return Percent(raw: Int64(clamping: quotient(left, times: one, by: lost, .down)))
    }

    /// What one pair has at risk at own mids; each amount rounded up.
    /// - Parameters: `coins` and `contracts` are signed.
    public static func exposure(coins: Money, spot: Price, contracts: Quantity, perp: Price) -> PairExposure {
        func worth(_ base: Int128, _ price: Price) -> Money {
            Money(raw: quotient(base < 0 ? -base : base, times: Int128(price.raw), by: one, .up))
        }
        let perpBase = Int128(contracts.raw) * 10_000
        let (long, short) = (worth(coins.raw, spot), worth(perpBase, perp))
        return PairExposure(
            oneSided: max(long, short), gross: long + short, unhedged: worth(coins.raw + perpBase, spot))
    }

    /// The day's profit of the strategies' ledgers: what was realised and settled, and the change of what is
    /// open.
    /// - Parameters: costs are negative; `unrealised` at mids without closing fees, now and at 00:00.
    public static func dailyProfit(
        realised: Money, fees: Money, funding: Money, borrow: Money, unrealised: Money,
        unrealisedAtStart: Money
    ) -> Money {
        realised + fees + funding + borrow + unrealised - unrealisedAtStart
    }

    /// The day's loss if an entry of this notional loses 0.50 % of it; an entry is denied when this reaches
    /// `MAX_DAILY_LOSS`. Rounded up.
    public static func dailyLoss(profit: Money, afterEntryOf notional: Money) -> Money {
        -profit + Money(raw: quotient(notional.raw, by: 200, .up))
    }

    /// Notional times time that was not hedged, in USD seconds; rounded up.
    public static func dollarSeconds(_ notional: Notional, for span: TimeSpan) -> Money {
        Money(
            raw: quotient(notional.magnitude.raw, times: Int128(span.microseconds), by: powerOfTen(10), .up))
    }

    /// The smallest integer whose square is at least `value`.
    static func rootUp(_ value: Int128) -> Int128 {
        let root = squareRoot(value)
        return root * root < value ? root + 1 : root
    }
}

/// Exposure of one pair (FORMULAS 6).
public struct PairExposure: Hashable, Sendable {
    /// The larger leg, both legs, and what moves with the market.
    public let oneSided: Money, gross: Money, unhedged: Money
}
