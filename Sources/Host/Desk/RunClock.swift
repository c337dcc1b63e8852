import Core
import Wire

/// The clock of a run: wall time, or in the demo wall time run `speed` times as fast from the start on.
///
/// The same arithmetic as the embedded venue's clock: both stand on one wall moment, so both read alike.
struct RunClock: Sendable {
    let startedWall: Int64
    /// Thousandths: 10 000 is ten times as fast.
    let speedThousandths: Int64

    /// Steps of the wall clock are no time that passes.
    private let startedMonotonic = MonotonicClock.microseconds()
    private let wallAtStart = WallClock.microseconds()

    init(startedWall: Int64 = WallClock.microseconds(), speedThousandths: Int64 = 1000) {
        (self.startedWall, self.speedThousandths) = (startedWall, speedThousandths)
    }

    var now: Timestamp { at(wall: wallAtStart + MonotonicClock.microseconds() - startedMonotonic) }

    func at(wall: Int64) -> Timestamp {
        Timestamp(microseconds: startedWall + (wall - startedWall) * speedThousandths / 1000)
    }
}
