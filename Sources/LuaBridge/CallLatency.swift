import Glibc

/// How long calls took: counts in steps of a half power of two, from 128 ns on.
public struct CallLatency: Sendable, Equatable {
    /// By step; the last one holds everything longer.
    public private(set) var counts: [UInt64] = Array(repeating: 0, count: CallLatency.steps)
    static let steps = 56

    public init() {}

    /// Of the wall, nanoseconds.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    mutating func add(since began: UInt64) { add(nanoseconds: CallLatency.now &- began) }

    mutating func add(nanoseconds: UInt64) {
        let value = max(nanoseconds, 128)
        let power = 63 - value.leadingZeroBitCount
        // The bit below the leading one halves the octave.
        let half = Int(value >> UInt64(power - 1) & 1)
        counts[min((power - 7) * 2 + half, CallLatency.steps - 1)] &+= 1
    }

    public var total: UInt64 { counts.reduce(0, +) }

    /// The upper end of the step in which that share of the calls lies, microseconds; `nil` without calls.
    public func microseconds(atPercentile percent: UInt64) -> Double? {
        let total = total
        guard total > 0 else { return nil }
        let wanted = max(1, (total * percent + 99) / 100)
        var sum: UInt64 = 0
        for (step, count) in counts.enumerated() {
            sum += count
            guard sum >= wanted else { continue }
            let base = Double(UInt64(128) << UInt64(step / 2))
            return base * (step % 2 == 0 ? 1.5 : 2) / 1000
        }
        return nil
    }
}
