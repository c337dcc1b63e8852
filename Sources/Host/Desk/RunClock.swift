import Core
import Wire

/// The clock of a run: the venue's time, or in the demo the wall's, run `speed` times as fast from the start
/// on. It only goes forward, whatever the wall clock does.
///
/// In the demo, the same arithmetic as the embedded venue's clock: both stand on one wall moment, so both
/// read alike.
struct RunClock: Sendable {
    let startedWall: Int64
    /// Thousandths: 10 000 is ten times as fast.
    let speedThousandths: Int64

    /// Steps of the wall clock are no time that passes.
    private let startedMonotonic = MonotonicClock.microseconds()
    private let wallAtStart: Int64
    /// How far it is ahead of the venue's clock; zero but after a run whose clock went wrong.
    let lead: TimeSpan

    init(startedWall: Int64 = WallClock.microseconds(), speedThousandths: Int64 = 1000) {
        (self.startedWall, self.speedThousandths) = (startedWall, speedThousandths)
        (wallAtStart, lead) = (WallClock.microseconds(), .zero)
    }

    /// The clock of a live run: the venue's, as it stood at the start, and what has passed since. Whatever
    /// the wall clock shows, the moments of orders and of their executions are on one clock.
    /// - Parameter last: the moment of the last checkpoint of the run before. Its timers go on from there: a
    ///   run that began earlier would wait for that moment to come again before anything fell due.
    init(venue: Timestamp, after last: Timestamp?) {
        let start = max(venue, last ?? venue)
        (startedWall, speedThousandths) = (start.microseconds, 1000)
        (wallAtStart, lead) = (start.microseconds, start - venue)
    }

    var now: Timestamp { at(wall: wallAtStart + MonotonicClock.microseconds() - startedMonotonic) }

    /// How much wall time has passed since a moment of this clock.
    func wallTime(since moment: Timestamp) -> TimeSpan {
        TimeSpan(microseconds: (now - moment).microseconds * 1000 / speedThousandths)
    }

    func at(wall: Int64) -> Timestamp {
        Timestamp(microseconds: startedWall + (wall - startedWall) * speedThousandths / 1000)
    }
}
