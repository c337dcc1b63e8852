import Core
import Logging
import Records
import Synchronization
import Wire

/// Looks after the database of a run: while it cannot be kept the desk is told to enter nothing, and told
/// again when everything that waited is in it.
final class RecordKeeper: Sendable {
    private struct State {
        var book: RecordBook?
        /// Why there is none.
        var missing: String?
        /// It is the whole folder that cannot be written.
        var isUnwritable = false
        /// What the desk was told last.
        var told: String?
        var desk: Desk?
        var lookAt: Int64 = 0, checkAt: Int64 = 0
    }
    private let state = Mutex(State())
    private let remedy: String, path: String
    private let beginsAnew: Bool
    private let logger: Logger

    /// How often a write that failed is tried again and the file is looked for, microseconds of wall time.
    static let lookEvery: Int64 = 1_000_000
    /// How often the file is read through; a large one less often: so long for each MiB.
    static let checkEvery: Int64 = 30_000_000, checkPerMiB: Int64 = 2_000_000

    /// Opens the database; a damaged one is put aside and a new one begun.
    /// - Parameters:
    ///   - folder: of the run.
    ///   - unwritable: why nothing can be written in it; `nil` when it can.
    ///   - beginsAnew: the host begins anew when a database that could not be opened can be.
    init(folder: String, unwritable: String? = nil, beginsAnew: Bool = false, logger: Logger) {
        (self.logger, self.beginsAnew) = (logger, beginsAnew)
        remedy = "`neap rebuild \(folder)` makes it anew from the journal when the run has ended"
        path = folder + "/" + RecordBook.file
        if let unwritable {
            state.withLock { ($0.missing, $0.isUnwritable) = (unwritable, true) }
            return
        }
        do throws(RecordFault) {
            let time = UTCText.compact(WallClock.microseconds() / 1_000_000)
            let (book, damaged) = try RecordBook.open(path: path, time: time) { [weak self] in
                self?.hear($0)
            }
            if book.wasCutOff, damaged == nil {
                logger.notice(
                    "\(path): the run before was cut off and its last rows may be missing; \(remedy)")
            }
            state.withLock { $0.book = book }
        } catch {
            state.withLock { $0.missing = "\(error)" }
        }
        state.withLock { $0.checkAt = MonotonicClock.microseconds() + Self.checkEvery }
    }

    /// `nil` when it cannot be opened; it is not tried again then.
    var book: RecordBook? { state.withLock { $0.book } }

    /// There was none to be had at the start; now there is one.
    var canBeOpened: Bool {
        guard state.withLock({ $0.missing != nil }) else { return false }
        do throws(RecordFault) {
            try RecordBook(path: path).close()
            return true
        } catch { return false }
    }

    /// From now on the desk hears how it stands; before its first turn, so that nothing is entered
    /// unrecorded.
    func tell(_ desk: Desk) {
        state.withLock { $0.desk = desk }
        hear(nil)
    }

    /// Tries again what could not be written; from time to time the file is read through.
    func look() {
        let now = MonotonicClock.microseconds()
        let (book, checks) = state.withLock { state -> (RecordBook?, Bool) in
            guard now >= state.lookAt, let book = state.book else { return (nil, false) }
            state.lookAt = now + Self.lookEvery
            guard now >= state.checkAt else { return (book, false) }
            state.checkAt = now + max(Self.checkEvery, book.bytes / (1 << 20) * Self.checkPerMiB)
            return (book, true)
        }
        book?.lookForFile()
        book?.tryAgain()
        if checks { book?.checkFile() }
    }

    /// - Parameter refusal: what the tables would not take.
    private func hear(_ refusal: String?) {
        if let refusal { logger.error("\(refusal)") }
        // Whoever comes last tells what is true last: it is read and posted under one lock.
        state.withLock { state in
            guard let desk = state.desk else { return }
            let fault = fault(state)
            guard fault != state.told else { return }
            state.told = fault
            desk.obey(.records(fault: fault))
        }
    }

    private func fault(_ state: State) -> String? {
        if let missing = state.missing, state.isUnwritable {
            return
                "nothing of this run can be recorded: \(missing). Entries are held; hedges, repairs and exits "
                + "go on by the exchange's word. Make room, or make the folder writable: this host then begins "
                + "anew by itself"
        }
        if let missing = state.missing {
            return "\(missing). Entries are held until this host is started anew with a database that can be "
                + "opened\(beginsAnew ? ", which it does by itself" : ""): which versions of scripts ended badly "
                + "is not known; \(remedy)"
        }
        guard let book = state.book, let trouble = book.trouble else { return nil }
        let until = book.isLost ? "this host is started anew" : "it can be written"
        return "\(trouble). Entries are held until \(until), hedges and exits go on; \(remedy)"
    }
}
