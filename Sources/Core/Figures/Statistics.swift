// The files of Core in which `Double` may be named; a test reads this list.
//   Sources/Core/View.swift
//   Sources/Core/Strategy.swift
//   Sources/Core/Figures/Statistics.swift
//   Sources/Core/Figures/Opportunity+View.swift
//   Sources/Core/Figures/PositionFigures+View.swift
// What flows into a price or a quantity is fixed point here too: mean, deviation and volatility are integer
// sums.

/// `mid_spread_pct` sampled once a second over a rolling hour; mean and deviation from exact sums.
public struct BasisWindow: Sendable {
    public static let length = TimeSpan.seconds(3600)
    private var samples: [(at: Timestamp, raw: Int64)] = []
    /// The first sample still inside; what lies before it is dropped now and then.
    private var first = 0
    private var sum: Int128 = 0, squares: Int128 = 0

    public init() {}

    /// Samples in the window.
    public var count: Int { samples.count - first }

    /// To nearest; zero before the first sample.
    public var mean: Percent {
        count == 0 ? .zero : Percent(raw: Int64(quotient(sum, by: Int128(count), .nearest)))
    }

    /// Standard deviation of the window's own samples, to nearest; zero for fewer than two.
    public var deviation: Percent {
        guard count > 1 else { return .zero }
        let n = Int128(count)
        return Percent(
            raw: Int64(Statistic.rootToNearest(quotient(n * squares - sum * sum, by: n * n, .nearest))))
    }

    /// Adds a sample and drops those an hour old. Held within ±10 000 %: a broken book may not spoil the
    /// sums.
    public mutating func sample(_ spread: Percent, at now: Timestamp) {
        let bound = 10_000 * Percent.unit
        let raw = min(max(spread.raw, -bound), bound)
        samples.append((now, raw))
        sum += Int128(raw)
        squares += Int128(raw) * Int128(raw)
        while first < samples.count, now - samples[first].at >= Self.length {
            let old = Int128(samples[first].raw)
            sum -= old
            squares -= old * old
            first += 1
        }
        // A tenth of an hour of old ones at most: an hour and they fit into 4,096, every engine has these.
        if first > 360 {
            samples.removeFirst(first)
            first = 0
        }
    }
}

/// Volatility of the spot mid: EWMA of squared one-second log returns, half-life five minutes, as percent per
/// √h.
///
/// Integers throughout, so that every machine comes to the same figure.
public struct Volatility: Sendable {
    /// A quiet start is not riskless.
    public static let least = Percent(raw: 20_000_000)
    /// 2^(−1/300) in 10⁻¹²: what a second leaves.
    static let decay: Int128 = 997_692_176_527
    private static let one: Int128 = 1_000_000_000_000
    /// A longer silence is no return: the last mid is forgotten.
    private static let gapMax: Int64 = 60
    private var last: (mid: Price, at: Timestamp)?
    /// Of one second, 10⁻²⁴, and the weight of what was seen, 10⁻¹².
    private var variance: Int128 = 0, weight: Int128 = 0

    public init() {}

    /// Takes the mid of this second. A sample less than half a second after the last one is left out.
    public mutating func sample(_ mid: Price, at now: Timestamp) {
        guard mid.raw > 0 else { return }
        guard let before = last else {
            last = (mid, now)
            return
        }
        let seconds = Int64(quotient(Int128((now - before.at).microseconds), by: 1_000_000, .nearest))
        guard seconds > 0 else { return }
        last = (mid, now)
        guard seconds <= Self.gapMax else { return }
        let change = Self.logReturn(from: before.mid, to: mid)
        let square = change * change / Int128(seconds)
        var kept = Self.one
        for _ in 0..<seconds { kept = quotient(kept * Self.decay, by: Self.one, .nearest) }
        let fresh = Self.one - kept
        variance = quotient(variance * kept + square * fresh, by: Self.one, .nearest)
        weight = quotient(weight * kept, by: Self.one, .nearest) + fresh
    }

    /// Percent per √h, to nearest, never below `least`.
    public var perHour: Percent {
        guard weight > 0 else { return Self.least }
        let second = quotient(variance, times: Self.one, by: weight, .nearest)
        // √(variance · 3600) · 100 in 10⁻⁸: √(variance in 10⁻²⁴ · 0.36).
        let raw = Statistic.rootToNearest(quotient(second * 36, by: 100, .nearest))
        return max(Self.least, Percent(raw: Int64(raw)))
    }

    /// `ln(b/a)` in 10⁻¹²: `2·(x + x³/3 + x⁵/5 + x⁷/7)` with `x = (b − a)/(b + a)`, held within ±0.1.
    private static func logReturn(from a: Price, to b: Price) -> Int128 {
        let ratio = quotient(Int128(b.raw - a.raw) * one, by: Int128(b.raw) + Int128(a.raw), .nearest)
        let x = min(max(ratio, -one / 10), one / 10)
        let square = x * x / one
        var power = x, sum = x
        for odd in [3, 5, 7] as [Int128] {
            power = power * square / one
            sum += power / odd
        }
        return 2 * sum
    }
}

/// How long a gross has been at or above the script's break-even without a break.
public struct Persistence: Sendable {
    /// Since when; `nil` while it is below.
    public private(set) var since: Timestamp?
    public init() {}

    /// Takes the figures of this moment.
    public mutating func update(gross: Percent, breakeven: Percent, at now: Timestamp) {
        if gross < breakeven { since = nil } else if since == nil { since = now }
    }

    /// There is no gross: the book has no price.
    public mutating func reset() { since = nil }

    /// Zero while it is below.
    public func span(at now: Timestamp) -> TimeSpan { since.map { now - $0 } ?? .zero }
}

/// Settled funding rates of one perp, as percent per hour.
public struct FundingHistory: Sendable {
    public static let length = TimeSpan.seconds(72 * 3600)
    /// Mean of the last 72 h before the newest settlement, to nearest; `nil` without one.
    public private(set) var mean: Percent?

    public init() {}

    /// Takes the settlements known now, in any order.
    public mutating func replace(_ rows: [(Timestamp, Percent)]) {
        guard let newest = rows.map(\.0).max() else {
            mean = nil
            return
        }
        let inside = rows.filter { newest - $0.0 < Self.length }
        let sum = inside.reduce(Int128(0)) { $0 + Int128($1.1.raw) }
        mean = Percent(raw: Int64(quotient(sum, by: Int128(inside.count), .nearest)))
    }
}

/// The way from a script's numbers to exact ones, and figures that only people and tests read.
public enum Statistic {
    /// Hours of a contract as a span, to the microsecond; zero for what is not a number, at most 100 years.
    public static func span(hours: Double) -> TimeSpan {
        guard hours.isFinite else { return .zero }
        let held = min(max(hours, 0), 876_000)
        return TimeSpan(microseconds: Int64((held * 3_600_000_000).rounded()))
    }

    /// A confidence in whole hundredths, rounded down: 0.7 is 70, 0.6999 is 69. Zero for what is not a
    /// number.
    public static func hundredths(_ confidence: Double) -> Int {
        guard confidence.isFinite else { return 0 }
        // The nearest millionth first: 0.29·100 is below 29 in binary.
        let millionths = Int((min(max(confidence, 0), 1) * 1_000_000).rounded())
        return millionths / 10_000
    }

    /// Dollars of a script as money, to 10⁻⁸; zero for what is not a number, at most 10⁹.
    public static func money(_ usd: Double) -> Money {
        guard usd.isFinite else { return .zero }
        let held = min(max(usd, -1e9), 1e9)
        return Money(raw: Int128(Int64((held * 1e8).rounded())) * 10_000)
    }

    /// What resting is worth against taking: `p·net_rest + (1−p)·max(0, net_taker − dev·(1 − 2^(−T/h)))`, in
    /// percent.
    ///
    /// - Parameters:
    ///   - fillRate: p, 0…1. - deviation: of the spread from its mean. - timeout, halfLife: T and h, seconds.
    public static func expectedRestingValue(
        fillRate: Double, netRest: Double, netTaker: Double, deviation: Double, timeout: Double,
        halfLife: Double
    ) -> Double {
        let gone = deviation * (1 - halved(timeout / halfLife))
        return fillRate * netRest + (1 - fillRate) * max(0, netTaker - gone)
    }

    /// 2^(−times), by its own series: no library's last digit is in it. Zero beyond 1,000.
    static func halved(_ times: Double) -> Double {
        guard times >= 0, times < 1_000 else { return 0 }
        let whole = times.rounded(.down)
        let exponent = (whole - times) * 0.693_147_180_559_945_3
        var term = 1.0, sum = 1.0
        for place in 1...20 {
            term *= exponent / Double(place)
            sum += term
        }
        return Double(sign: .plus, exponent: -Int(whole), significand: sum)
    }

    /// The integer nearest to the root of `value`.
    static func rootToNearest(_ value: Int128) -> Int128 {
        let root = Figures.squareRoot(value)
        return value - root * root > root ? root + 1 : root
    }
}
