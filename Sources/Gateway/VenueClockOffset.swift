import Synchronization
import Wire

/// How far the venue's clock is from ours. Clocks drift apart by a second or two a day where nobody sets
/// them, and a signature lives 1.5 s: so it is read now and then, and at once when the venue refuses a
/// request for its time.
public final class VenueClockOffset: Sendable {
    /// Between two readings; µs.
    public static let every: Int64 = 3_600_000_000
    /// Between two readings after refusals; µs. Each refused request asks for one.
    static let blamedEvery: Int64 = 1_000_000

    private struct State {
        /// Venue time less ours, milliseconds.
        var milliseconds: Int64 = 0
        var readAt: Int64
        var blamedAt: Int64?
        /// It was read at a start: the clock of the embedded venue runs at a speed of its own and never is.
        var isKnown = false
        var isReading = false
    }
    private let state: Mutex<State>
    private let every: Int64
    private let startedWall = WallClock.microseconds(), startedMonotonic = MonotonicClock.microseconds()

    /// - Parameter every: µs between two readings.
    public init(every: Int64 = VenueClockOffset.every) {
        self.every = every
        state = Mutex(State(readAt: MonotonicClock.microseconds()))
    }

    /// Wall time as it was when this was made, and what has passed since: steps of the wall clock are no time
    /// that passes.
    var steadyMicroseconds: Int64 { startedWall + MonotonicClock.microseconds() - startedMonotonic }

    var milliseconds: Int64 { state.withLock { $0.milliseconds } }

    /// One answer of the venue's clock.
    struct Reading {
        /// Venue time less ours in the middle of the round trip, and how wrong that can be; milliseconds.
        let difference: Int64, doubt: Int64

        /// - Returns: `nil` when the answer is no time.
        init?(_ answer: RESTAnswer, before: Int64, after: Int64) {
            guard answer.status == 200, let venue = Int64(String(decoding: answer.body, as: UTF8.self)) else {
                return nil
            }
            (difference, doubt) = (venue - (before + after) / 2000, (after - before) / 2000 + 1)
        }
    }

    /// At the start there is nothing better.
    func set(_ reading: Reading) {
        state.withLock {
            ($0.milliseconds, $0.readAt) = (reading.difference, MonotonicClock.microseconds())
            $0.isKnown = true
        }
    }

    /// - Parameter isBlamed: the venue has refused a request for its time.
    /// - Returns: whether a reading is due; `end` must follow.
    func begin(isBlamed: Bool, _ now: Int64 = MonotonicClock.microseconds()) -> Bool {
        state.withLock { state in
            let isDue =
                isBlamed
                ? state.blamedAt.map { now - $0 >= Self.blamedEvery } ?? true
                : now - state.readAt >= every
            guard isDue, state.isKnown, !state.isReading else { return false }
            (state.isReading, state.readAt) = (true, now)
            if isBlamed { state.blamedAt = now }
            return true
        }
    }

    /// - Parameter reading: `nil` when the venue did not tell; it is asked again when that is due next.
    func end(_ reading: Reading?) {
        state.withLock { state in
            state.isReading = false
            guard let reading else { return }
            // What lies within the doubt of a slow answer proves nothing against what is known.
            if abs(reading.difference - state.milliseconds) > reading.doubt {
                state.milliseconds = reading.difference
            }
        }
    }

    /// The venue refused a request for its time: `Request has expired`, `Invalid timestamp…` (PROTOCOL 2.2).
    static func isBlamed(_ answer: RESTAnswer) -> Bool {
        guard (400..<500).contains(answer.status), answer.body.count < 1024 else { return false }
        let text = String(decoding: answer.body, as: UTF8.self).lowercased()
        return text.contains("expired") || text.contains("timestamp")
    }
}
