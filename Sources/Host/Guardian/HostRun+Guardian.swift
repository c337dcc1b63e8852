import Core
import Glibc
import Wire

/// What a live run does when its guardian has taken over, and when it ends.
extension HostRun {
    static let leaseLost = "the guardian took over"

    /// This process may not send any more and does not know what was done meanwhile: it begins anew, as after
    /// a crash, and takes everything up from the record and the exchange.
    /// - Returns: the exit code, when it does not.
    func beginAgain() throws(StartFault) -> Int32 {
        logger.error("ALERT the desk stood still and the guardian took over; beginning anew")
        let variable = "NEAP_BEGUN_ANEW"
        let now = MonotonicClock.microseconds() / 1_000_000
        let before = (getenv(variable).map { String(cString: $0) } ?? "").split(separator: ",")
            .compactMap { Int64($0) }.filter { now - $0 < 60 }
        guard before.count < 3 else {
            throw StartFault(
                "the desk stood still three times within a minute; the guardian looks after what is open, "
                    + "see \(folder.path)/guardian.log; start again when the machine is well")
        }
        setenv(variable, (before + [now]).map(String.init).joined(separator: ","), 1)
        return try runAnew()
    }

    static let roomAgain = "what could not be written can be again"
    static let lookForRoomEvery: Int64 = 1_000_000, roomPatience: Int64 = 10_000_000

    /// This run is not on record: one that is takes over.
    func beginWhole(_ door: OperatorDoor) throws(StartFault) {
        handOnLatched(door)
        logger.notice("\(folder.path): \(Self.roomAgain); beginning anew")
        _ = try runAnew()
    }

    /// With what a person asked of this process goes that entries were stopped meanwhile: no record tells of
    /// it that the next image could read.
    private func handOnLatched(_ door: OperatorDoor) {
        if folder.fault != nil, board.last?.isLatched == true {
            logger.warning("Entries were stopped in this run: the host goes on halted, until `neap rearm`")
            door.remember(.halt)
        }
        door.handOn()
    }

    /// - Returns: never, but for its type: this image is gone.
    private func runAnew() throws(StartFault) -> Int32 {
        unsetenv("NEAP_KILL")
        var words: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        words.append(nil)
        execv("/proc/self/exe", &words)
        throw StartFault("this program cannot be started again: \(String(cString: strerror(errno)))")
    }

    /// A halt was asked before there is a desk: by signal, or of a run that no checkpoint tells of.
    func isHaltAsked(_ recovery: Recovery?) -> Bool {
        if guardian?.isHaltAsked == true { return true }
        return plan.mode == .live && recovery == nil && Recovery.isHaltLeft(in: folder.path + "/journal")
    }

    /// - Parameter isOver: nothing is left that somebody has to look after, or a person said to leave it.
    func endLease(_ isOver: Bool) {
        guard let guardian else { return }
        if isOver { return guardian.lease.end() }
        logger.error("ALERT the guardian goes on repairing what is open; see \(folder.path)/guardian.log")
    }
}
