import Core

/// How one leg of a pair is quoted: fractions of the price, and USD.
struct LegStyle: Sendable {
    let half: Double, spacing: Double
    let touchUSD: Double, deepUSD: Double
    /// Trades a second by others.
    let trades: Double
}

/// The character of one pair.
struct PairStyle: Sendable {
    let base: String
    let price: Double
    /// Deviation of the fair price per root of a second, and of the fast part of the basis; fractions.
    let volatility: Double, noise: Double
    let spot: LegStyle, perp: LegStyle

    /// Calibrated on recordings of liquid venues: the basis rests near −0.045 %; spot is thin and wide, the
    /// perp tight.
    static let all: [PairStyle] = [
        PairStyle(
            base: "SOL", price: 148.20, volatility: 0.000_10, noise: 0.000_15,
            spot: LegStyle(half: 0.000_15, spacing: 0.000_15, touchUSD: 350, deepUSD: 700, trades: 2),
            perp: LegStyle(half: 0.000_04, spacing: 0.000_08, touchUSD: 450, deepUSD: 6_000, trades: 3)),
        PairStyle(
            base: "BTC", price: 96_500, volatility: 0.000_07, noise: 0.000_10,
            spot: LegStyle(half: 0.000_10, spacing: 0.000_12, touchUSD: 450, deepUSD: 1_000, trades: 2),
            perp: LegStyle(half: 0.000_015, spacing: 0.000_06, touchUSD: 600, deepUSD: 9_000, trades: 3)),
        PairStyle(
            base: "ETH", price: 3_350, volatility: 0.000_09, noise: 0.000_12,
            spot: LegStyle(half: 0.000_12, spacing: 0.000_13, touchUSD: 400, deepUSD: 800, trades: 2),
            perp: LegStyle(half: 0.000_025, spacing: 0.000_07, touchUSD: 500, deepUSD: 7_000, trades: 3)),
        PairStyle(
            base: "SUI", price: 2.05, volatility: 0.000_14, noise: 0.000_20,
            spot: LegStyle(half: 0.000_25, spacing: 0.000_18, touchUSD: 280, deepUSD: 450, trades: 1.6),
            perp: LegStyle(half: 0.000_07, spacing: 0.000_12, touchUSD: 350, deepUSD: 3_500, trades: 2.4)),
        PairStyle(
            base: "JUP", price: 0.42, volatility: 0.000_16, noise: 0.000_22,
            spot: LegStyle(half: 0.000_35, spacing: 0.000_22, touchUSD: 240, deepUSD: 350, trades: 1.5),
            perp: LegStyle(half: 0.000_10, spacing: 0.000_15, touchUSD: 300, deepUSD: 2_500, trades: 2)),
    ]

    /// Where the mid basis rests.
    static let restingBasis = -0.000_45
}

/// A time in which the legs of a pair stand apart.
struct Dislocation: Sendable {
    let start: Timestamp
    /// Microseconds at full size, and then back to nothing.
    let hold: Int64, decay: Int64
    /// Change of the mid basis, a fraction: positive makes the perp rich.
    let size: Double
    /// How much of it is the spot's doing, 0…1.
    let spotShare: Double

    var end: Timestamp { start + TimeSpan(microseconds: hold + decay) }

    /// The part of `size` in force.
    func strength(at now: Timestamp) -> Double {
        let age = (now - start).microseconds
        if age < 0 || age >= hold + decay { return 0 }
        return age <= hold ? 1 : 1 - Double(age - hold) / Double(decay)
    }

    /// Perp rich enough that 150 USD a leg earn 0.6 % before fees, for longer than 5 s.
    static func carry(
        at start: Timestamp, _ style: PairStyle, holdSeconds: ClosedRange<Int64>,
        decaySeconds: ClosedRange<Int64>,
        _ chance: inout SeededGenerator
    ) -> Dislocation {
        let widths = style.spot.half + style.perp.half + style.spot.spacing + style.perp.spacing
        let gross = chance.uniform(0.006_8, 0.008_0)
        let size = gross - PairStyle.restingBasis + widths
        let million: Int64 = 1_000_000
        return Dislocation(
            start: start,
            hold: chance.whole(holdSeconds.lowerBound * million...holdSeconds.upperBound * million),
            decay: chance.whole(decaySeconds.lowerBound * million...decaySeconds.upperBound * million),
            size: size, spotShare: chance.chance(500) ? 0.7 : 0.3)
    }

    /// Any other: 0.2–1.0 % either way, gone within seconds or within the delay of an order.
    static func brief(at start: Timestamp, _ chance: inout SeededGenerator) -> Dislocation {
        let size = chance.uniform(0.002, 0.010) * (chance.chance(500) ? 1 : -1)
        let life =
            chance.chance(300)
            ? chance.uniform(0.06, 0.24) : min(12, max(0.25, chance.lognormal(median: 2.4, sigma: 0.8)))
        return Dislocation(
            start: start, hold: Int64(life * 1_000_000), decay: 0, size: size,
            spotShare: chance.chance(500) ? 0.85 : 0.15)
    }
}

/// One leg as it is quoted now.
struct CrowdLeg: Sendable {
    let instrument: Instrument
    let style: LegStyle
    var nextQuote: Timestamp
    var bids: [Level] = [], asks: [Level] = []

    /// New quotes around `mid`; sizes at prices that stay mostly stay.
    mutating func quote(mid: Double, _ chance: inout SeededGenerator) {
        let tick = Double(instrument.tickSize.raw) / 100_000_000
        let half = max(style.half * mid, tick / 2)
        let bid = Int64(((mid - half) / tick).rounded(.down))
        let ask = max(bid + 1, Int64(((mid + half) / tick).rounded(.up)))
        let step = max(1, Int64((style.spacing * mid / tick).rounded()))
        var (newBids, newAsks): ([Level], [Level]) = ([], [])
        for index in Int64(0)..<12 {
            let bidTicks = index == 0 ? bid : ((bid - 1) / step - (index - 1)) * step
            let askTicks = index == 0 ? ask : ((ask + step) / step + (index - 1)) * step
            newBids.append(level(bidTicks, isTouch: index == 0, kept: bids, mid, &chance))
            newAsks.append(level(askTicks, isTouch: index == 0, kept: asks, mid, &chance))
        }
        (bids, asks) = (newBids, newAsks)
    }

    private func level(
        _ ticks: Int64, isTouch: Bool, kept: [Level], _ mid: Double, _ chance: inout SeededGenerator
    ) -> Level {
        let price = Price(raw: ticks * instrument.tickSize.raw)
        if let old = kept.first(where: { $0.price == price }), chance.chance(isTouch ? 650 : 850) {
            return old
        }
        let median = isTouch ? style.touchUSD : style.deepUSD
        let dollars = max(median / 3, chance.lognormal(median: median, sigma: isTouch ? 0.45 : 0.4))
        return Level(price: price, quantity: lots(dollars, mid))
    }

    /// USD as a whole number of lots, at least one.
    func lots(_ dollars: Double, _ mid: Double) -> Quantity {
        let lot = Double(instrument.lotSize.raw) / 100_000_000
        return Quantity(raw: max(1, Int64(dollars / mid / lot)) * instrument.lotSize.raw)
    }

    /// Others take now and then, mostly little.
    func trade(mid: Double, _ chance: inout SeededGenerator) -> CrowdAction? {
        // Quotes come five times a second on average.
        guard chance.chance(Int64(style.trades * 200)) else { return nil }
        let dollars = min(600, max(5, chance.lognormal(median: 70, sigma: 1)))
        let side: Side = chance.chance(500) ? .buy : .sell
        let tick = Double(instrument.tickSize.raw) / 100_000_000
        let reach = max(2, Int64(style.spacing * mid / tick))
        return .trade(instrument.id, side, lots(dollars, mid), reach: reach)
    }
}
