/// Our own chance: the same seed gives the same market on every machine (xorshift64*, seeded by splitmix64).
public struct SeededGenerator: Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = SeededGenerator.mixed(seed ^ 0x9E37_79B9_7F4A_7C15)
        if state == 0 { state = 0x2545_F491_4F6C_DD1D }
    }

    /// A generator of its own for one part of the market, so that parts do not disturb each other.
    public init(seed: UInt64, part: UInt64) {
        self.init(seed: SeededGenerator.mixed(seed) ^ SeededGenerator.mixed(part ^ 0xD1B5_4A32_D192_ED03))
    }

    public mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state.multipliedFullWidth(by: 0x2545_F491_4F6C_DD1D).low
    }

    /// A whole number in `range`, evenly.
    public mutating func whole(_ range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int64(next().multipliedFullWidth(by: width).high)
    }

    /// True with the given chance out of a thousand.
    public mutating func chance(_ perMille: Int64) -> Bool { whole(0...999) < perMille }

    /// Evenly from 0 up to, not including, 1.
    public mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

    public mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

    /// Mean 0, deviation 1, from twelve even draws: never beyond 6.
    public mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += unit() }
        return sum
    }

    /// Lognormal with this median; `sigma` is the deviation of the logarithm.
    public mutating func lognormal(median: Double, sigma: Double) -> Double {
        median * SeededGenerator.exponential(sigma * normal())
    }

    /// e to the power of `x`, the same bits everywhere: halved until small, a series, squared back.
    public static func exponential(_ x: Double) -> Double {
        var halvings = 0, small = x
        while small > 0.5 || small < -0.5 { (small, halvings) = (small / 2, halvings + 1) }
        var term = 1.0, sum = 1.0
        for n in 1...14 {
            term *= small / Double(n)
            sum += term
        }
        for _ in 0..<halvings { sum *= sum }
        return sum
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)).multipliedFullWidth(by: 0xBF58_476D_1CE4_E5B9).low
        z = (z ^ (z >> 27)).multipliedFullWidth(by: 0x94D0_49BB_1331_11EB).low
        return z ^ (z >> 31)
    }
}
