/// The growing wait between attempts to reconnect, with jitter from a given generator.
public struct Backoff: Sendable {
    public var firstMilliseconds: Int
    public var lastMilliseconds: Int
    /// A connection open for this long has proved itself: the next wait is the first one again.
    public var healthyMilliseconds: Int
    /// Gives numbers in 0..<1.
    public var jitter: @Sendable () -> Double

    public init(
        firstMilliseconds: Int = 100, lastMilliseconds: Int = 30_000, healthyMilliseconds: Int = 10_000,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.firstMilliseconds = firstMilliseconds
        self.lastMilliseconds = lastMilliseconds
        self.healthyMilliseconds = healthyMilliseconds
        self.jitter = jitter
    }

    /// The wait after `failures` failed attempts in a row (from 0): doubled each time up to the last one,
    /// of which half is certain and half drawn.
    public func waitMicroseconds(failures: Int) -> Int64 {
        let doubled = firstMilliseconds << min(max(failures, 0), 20)
        let half = Int64(min(doubled, lastMilliseconds)) * 500
        let drawn = Double(half) * min(max(jitter(), 0), 1)
        return half + Int64(drawn)
    }
}
