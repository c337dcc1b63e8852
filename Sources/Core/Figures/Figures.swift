/// The trading figures of FORMULAS 2 as pure functions on exact numbers. Each is rounded once, as FORMULAS 1
/// says.
public enum Figures {
    /// A hundred percent in the unit of `Percent`.
    static let hundred: Int128 = 10_000_000_000

    /// `100 · (perp mid / spot mid − 1)`, to nearest.
    public static func midSpread(spot: TopOfBook, perp: TopOfBook) -> Percent {
        percent(Int128(perp.twiceMid - spot.twiceMid), of: Int128(spot.twiceMid), .nearest)
    }

    /// Best ask less best bid, in percent of the middle; rounded up.
    public static func width(_ top: TopOfBook) -> Percent {
        percent(2 * Int128(top.ask.price.raw - top.bid.price.raw), of: Int128(top.twiceMid), .up)
    }

    /// `100 · (short − long) / long`: what selling one leg for more than the other costs earns; rounded down.
    public static func gross(_ direction: Direction, long: Notional, short: Notional) -> Percent {
        percent(short.raw - long.raw, of: long.raw, .down)
    }

    /// Taker entry at the walked quantity (`gross_pct`).
    public static func gross(_ direction: Direction, _ walk: PairWalk) -> Percent {
        switch direction {
        case .carry: gross(direction, long: walk.spotAsk.notional, short: walk.perpBid.notional)
        case .reverse: gross(direction, long: walk.perpAsk.notional, short: walk.spotBid.notional)
        }
    }

    /// `gross_rest_…_pct`: the resting legs at their posts, the others walked.
    public static func grossResting(
        _ style: Style, _ direction: Direction, _ walk: PairWalk, spotPost: Price, perpPost: Price
    ) -> Percent {
        let spotRests = style == .restSpot || style == .restBoth
        let perpRests = style == .restPerp || style == .restBoth
        let carry = direction == .carry
        let spot = spotRests ? spotPost * walk.quantity : (carry ? walk.spotAsk : walk.spotBid).notional
        let perp = perpRests ? perpPost * walk.quantity : (carry ? walk.perpBid : walk.perpAsk).notional
        return gross(direction, long: carry ? spot : perp, short: carry ? perp : spot)
    }

    /// Gross of entry fills, `100·(short − long)/long`, both brought to the long leg's base quantity; rounded
    /// down.
    ///
    /// - Parameters: signed or unsigned cost and quantity of each leg; the quantities may differ by fees and
    ///   lots.
    /// - Returns: `nil` when a leg has no cost or no quantity.
    public static func entryGross(
        _ direction: Direction, spotCost: Notional, spotQuantity: Quantity, perpCost: Notional,
        perpQuantity: Quantity
    ) -> Percent? {
        let spot = (cost: spotCost.magnitude.raw, amount: Int128(spotQuantity.magnitude.raw))
        let perp = (cost: perpCost.magnitude.raw, amount: Int128(perpQuantity.magnitude.raw))
        guard spot.cost > 0, perp.cost > 0, spot.amount > 0, perp.amount > 0 else { return nil }
        let (long, short) = direction == .carry ? (spot, perp) : (perp, spot)
        let scaled = quotient(short.cost, times: long.amount, by: short.amount, .down)
        return gross(direction, long: Notional(raw: long.cost), short: Notional(raw: scaled))
    }

    /// Executable cost of closing the direction now (`exit_pct`), rounded up; negative pays.
    public static func exitCost(_ direction: Direction, _ walk: PairWalk) -> Percent {
        switch direction {
        case .carry:
            percent(walk.perpAsk.notional.raw - walk.spotBid.notional.raw, of: walk.spotBid.notional.raw, .up)
        case .reverse:
            percent(walk.spotAsk.notional.raw - walk.perpBid.notional.raw, of: walk.perpBid.notional.raw, .up)
        }
    }

    /// Half of each walked width: `100·((Sa−Sb)/(Sa+Sb) + (Pa−Pb)/(Pa+Pb))`, rounded up once for the sum.
    public static func exitCross(_ walk: PairWalk) -> Percent {
        sumUp(
            (
                walk.spotAsk.notional.raw - walk.spotBid.notional.raw,
                walk.spotAsk.notional.raw + walk.spotBid.notional.raw
            ),
            (
                walk.perpAsk.notional.raw - walk.perpBid.notional.raw,
                walk.perpAsk.notional.raw + walk.perpBid.notional.raw
            ))
    }

    /// Entry of that style and exit by takers.
    public static func fees(_ style: Style, _ rates: FeeRates) -> Percent {
        let exit = rates.spotTaker + rates.perpTaker
        switch style {
        case .taker: return exit + exit
        case .restSpot: return rates.spotMaker + rates.perpTaker + exit
        case .restPerp: return rates.spotTaker + rates.perpMaker + exit
        case .restBoth: return rates.spotMaker + rates.perpMaker + exit
        }
    }

    /// Expected funding over the hold, from the direction's side; rounded down (`funding_exp_pct`).
    ///
    /// - Parameters:
    ///   - next: until the next settlement, above zero. - current, mean: percent per hour.
    public static func fundingExpected(
        _ direction: Direction, hold: TimeSpan, nextFunding next: TimeSpan, interval: TimeSpan,
        current: Percent,
        mean: Percent
    ) -> Percent {
        guard hold >= next else { return .zero }
        let settlements = 1 + (hold.microseconds - next.microseconds) / interval.microseconds
        let worse = direction == .carry ? min(current, mean) : max(current, mean)
        let perHour = Int128(current.raw) + Int128(settlements - 1) * Int128(worse.raw)
        let raw = Int128(direction.sign) * Int128(interval.microseconds) * perHour
        return Percent(raw: Int64(quotient(raw, by: 3_600_000_000, .down)))
    }

    /// A venue's rate per interval as percent per hour, rounded down: what helps us is not made larger.
    public static func fundingPercentPerHour(rate: FundingRate, interval: TimeSpan) -> Percent {
        // Fraction in 10⁻¹² to percent in 10⁻⁸: ·100·10⁻⁴.
        let raw = Int128(rate.raw) * 3_600_000_000
        return Percent(raw: Int64(quotient(raw, by: 100 * Int128(interval.microseconds), .down)))
    }

    /// Interest on what is borrowed for started hours: `apr · ceil(hours) / 8760`, rounded up.
    public static func borrowExpected(apr: Percent, hold: TimeSpan) -> Percent {
        let hours = quotient(Int128(hold.microseconds), by: 3_600_000_000, .up)
        return Percent(raw: Int64(quotient(Int128(apr.raw) * hours, by: 8760, .up)))
    }

    /// The same on the part of a quantity that own coins do not cover, in percent of the whole; rounded up.
    public static func borrowExpected(apr: Percent, hold: TimeSpan, quantity: Quantity, own: Quantity)
        -> Percent
    {
        let missing = Int128(max(quantity.raw - max(own.raw, 0), 0))
        guard missing > 0 else { return .zero }
        let whole = Int128(borrowExpected(apr: apr, hold: hold).raw)
        return Percent(raw: Int64(quotient(whole * missing, by: Int128(quantity.raw), .up)))
    }

    /// The same interest in money, rounded up.
    public static func borrowCost(_ notional: Notional, apr: Percent, hold: TimeSpan) -> Money {
        let hours = quotient(Int128(hold.microseconds), by: 3_600_000_000, .up)
        return Money(
            raw: quotient(notional.raw, times: Int128(apr.raw) * hours, by: 8760 * hundred * 10_000, .up))
    }

    /// `volatility · √(t / 1 h)`, rounded up.
    public static func legRisk(volatilityPerHour: Percent, exposure: TimeSpan) -> Percent {
        let square =
            Int128(volatilityPerHour.raw) * Int128(volatilityPerHour.raw) * Int128(exposure.microseconds)
        let scaled = quotient(square, by: 3_600_000_000, .up)
        let root = squareRoot(scaled)
        return Percent(raw: Int64(root * root < scaled ? root + 1 : root))
    }

    /// The largest common-lot quantity of which neither leg costs more than asked; `nil` below the least
    /// quantity.
    public static func entryQuantity(usd: Money, spotTouch: Price, perpTouch: Price, pair: Pair) -> Quantity?
    {
        let dearer = max(spotTouch, perpTouch)
        guard dearer.raw > 0, usd > .zero else { return nil }
        let raw = quotient(usd.raw * 10_000, by: Int128(dearer.raw), .down)
        guard let small = Int64(exactly: raw) else { return nil }
        let quantity = Quantity(raw: small).onLot(pair.commonLot, .down)
        return quantity >= pair.leastQuantity ? quantity : nil
    }

    /// Price × quantity of the levels that taking on `side` meets within `band` of the touch, the bound
    /// included.
    public static func depth(_ book: Book, _ side: Side, band: Percent) -> Notional {
        let levels = book.opposing(side)
        guard let touch = levels.last else { return .zero }
        let bound = Int128(touch.price.raw) * (hundred + Int128(side == .buy ? band.raw : -band.raw))
        var sum = Notional.zero
        for level in levels.reversed() {
            let price = Int128(level.price.raw) * hundred
            if side == .buy ? price > bound : price < bound { break }
            sum += level.price * level.quantity
        }
        return sum
    }

    /// `liquidity` of FORMULAS 2: the least of all four sides' depths over the size; rounded down, 1.0 is 100
    /// 000 000.
    ///
    /// Zero when the size is not above zero.
    public static func liquidity(spot: Book, perp: Book, band: Percent, size: Money) -> Percent {
        guard size > .zero else { return .zero }
        let least = min(
            depth(spot, .buy, band: band), depth(spot, .sell, band: band),
            depth(perp, .buy, band: band), depth(perp, .sell, band: band))
        let ratio = quotient(least.raw, times: 100_000_000, by: size.notional.raw, .down)
        return Percent(raw: Int64(clamping: ratio))
    }

    /// Age of the last proof of a book: a quiet book on a live connection is not a stale one (C15).
    public static func bookAge(now: Timestamp, ownFrame: Timestamp, connection: Timestamp?) -> TimeSpan {
        let own = now - ownFrame
        guard let connection, own <= .seconds(30) else { return own }
        return min(own, now - connection)
    }

    /// 100·(own mid / index − 1), to nearest.
    public static func indexDeviation(_ top: TopOfBook, index: Price) -> Percent {
        percent(Int128(top.twiceMid) - 2 * Int128(index.raw), of: 2 * Int128(index.raw), .nearest)
    }

    /// The documented confidence, in hundredths; `nil` where liquidity refuses (C17). Liquidity 1.0 is 100
    /// 000 000.
    public static func confidence(liquidity: Percent, gross: Percent) -> Int? {
        let one = Percent.unit
        guard liquidity.raw >= one else { return nil }
        let depth = liquidity.raw >= 10 * one ? 30 : liquidity.raw >= 3 * one ? 20 : 10
        let spread: Int =
            switch gross.raw {
            case 20_000_000...100_000_000: 20
            case 15_000_000..<20_000_000: 10
            default: 0
            }
        return 50 + depth + spread
    }

    // MARK: Arithmetic

    /// `100 · part / whole`, rounded once. Held within ±10¹⁰ %, so that sums of such figures never overflow.
    static func percent(_ part: Int128, of whole: Int128, _ rounding: Rounding) -> Percent {
        let raw = quotient(part, times: hundred, by: whole, rounding)
        return Percent(raw: Int64(min(max(raw, -percentBound), percentBound)))
    }
    private static let percentBound: Int128 = 1_000_000_000_000_000_000

    /// `100·(a/b + c/d)`, rounded up once for the exact sum.
    private static func sumUp(_ first: (Int128, Int128), _ second: (Int128, Int128)) -> Percent {
        let (a, b) = (first.0 * hundred, first.1), (c, d) = (second.0 * hundred, second.1)
        let (p, q) = (quotient(a, by: b, .down), quotient(c, by: d, .down))
        let (r, t) = (a - p * b, c - q * d)
        if r == 0 && t == 0 { return Percent(raw: Int64(p + q)) }
        // r/b + t/d > 1 ⟺ t·b > (b − r)·d, compared in 256 bits.
        let left = t.magnitude.multipliedFullWidth(by: b.magnitude)
        let right = (b - r).magnitude.multipliedFullWidth(by: d.magnitude)
        let beyondOne = (left.high, left.low) > (right.high, right.low)
        return Percent(raw: Int64(p + q) + (beyondOne ? 2 : 1))
    }

    /// The largest integer whose square is at most `value`.
    public static func squareRoot(_ value: Int128) -> Int128 {
        precondition(value >= 0, "a root is taken of what is not negative")
        if value < 2 { return value }
        var root = Int128(1) << ((128 - value.leadingZeroBitCount + 1) / 2)
        while true {
            let next = (root + value / root) / 2
            if next >= root { return root }
            root = next
        }
    }
}
