/// The venue's 2,000 requests a minute, of which a part is kept for what reduces risk (FORMULAS E14).
///
/// A sliding minute in sixty one-second slots: simple, and never over the limit in any minute that starts on
/// a second.
public struct RateBudget: Sendable {
    public let perMinute: Int, reserved: Int
    private var slots = Array(repeating: 0, count: 60)
    private var second: Int64 = 0

    public init(perMinute: Int = 2000, reserved: Int = 400) {
        (self.perMinute, self.reserved) = (perMinute, reserved)
    }

    /// Takes one request out of the budget.
    /// - Parameter reduces: cancels, hedges, repairs and exits may use the reserve.
    /// - Returns: `false` when there is no room: nothing may be sent.
    public mutating func take(atSecond now: Int64, reduces: Bool) -> Bool {
        advance(to: now)
        guard used < (reduces ? perMinute : perMinute - reserved) else { return false }
        slots[Int(now % 60)] += 1
        return true
    }

    public var used: Int { slots.reduce(0, +) }

    private mutating func advance(to now: Int64) {
        guard now > second else { return }
        for step in 1...min(60, now - second) { slots[Int((second + step) % 60)] = 0 }
        second = now
    }
}
