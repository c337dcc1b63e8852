import Core
import Glibc
import Journal
import LuaBridge
import Records
import Wire

/// Makes a run's database anew from its journals.
///
/// It is made in a file beside the old one, which it replaces only when it is whole. From the old one comes
/// what no journal tells: what was tried and refused of scripts, alerts, and rows of runs whose journals are
/// gone.
struct Rebuild {
    struct Outcome {
        var journals = 0, turns = 0
        /// Journals whose last record is cut short, and by how many bytes.
        var torn: [(path: String, bytes: Int)] = []
        /// Rows that no journal here tells, taken from the old file.
        var carried = 0
        /// Why the old file gave nothing, and where it is now.
        var unreadable: String?, aside: String?
        var counts: [(table: String, rows: Int)] = []
    }

    struct Stopped: Error {}

    let run: RunFolder
    /// Told now and then how far it is.
    var tell: (String) -> Void = { _ in }
    /// Asked now and then whether somebody wants it to end.
    var isStopped: () -> Bool = { false }
    /// How often, in microseconds of wall time.
    static let tellEvery: Int64 = 2_000_000

    /// - Throws: why the old file is still there.
    func make() throws(StartFault) -> Outcome {
        let locks = try run.lock()
        defer { withExtendedLifetime(locks) {} }
        let journals = run.journals
        guard !journals.isEmpty else {
            throw StartFault("\(run.path)/journal: no journal is here, so nothing can be rebuilt")
        }
        let new = run.records + ".new"
        Self.remove(new)
        defer { Self.remove(new) }
        do {
            let outcome = try fill(new, journals)
            return try replace(new, outcome)
        } catch is Stopped {
            throw StartFault("stopped; \(run.records) is as it was")
        } catch let fault as StartFault {
            throw fault
        } catch { throw StartFault("\(error)") }
    }

    private func fill(_ new: String, _ journals: [String]) throws -> Outcome {
        var outcome = Outcome()
        let book = try RecordBook(path: new, waits: true)
        let old = open(&outcome)
        var keepsVersions = false
        if let old {
            do {
                try book.carryVersions(from: old)
                keepsVersions = true
            } catch { outcome.unreadable = "\(error)" }
        }
        var spans: [ClosedRange<Timestamp>] = []
        for journal in journals {
            if isStopped() { throw Stopped() }
            // A run that was killed while it wrote its first record did nothing that could be told.
            var first = try JournalReader(path: journal)
            guard try first.next() != nil else {
                outcome.torn.append((journal, first.tornBytes))
                continue
            }
            let played = try play(journal, into: book, versions: !keepsVersions)
            if let span = played.span { spans.append(span) }
            outcome.journals += 1
            outcome.turns += played.replay.turns
            if played.replay.tornBytes > 0 { outcome.torn.append((journal, played.replay.tornBytes)) }
        }
        if let old {
            do { outcome.carried = try book.carryFacts(from: old, outside: spans) } catch {
                outcome.unreadable = "\(error)"
            }
        }
        if let fault = book.finish() { throw StartFault("\(new): \(fault)") }
        outcome.counts = try book.counts()
        try book.close()
        return outcome
    }

    private func open(_ outcome: inout Outcome) -> RecordReader? {
        guard access(run.records, F_OK) == 0 else { return nil }
        do throws(RecordFault) { return try RecordReader(path: run.records) } catch {
            outcome.unreadable = error.description
            return nil
        }
    }

    // MARK: One journal

    private func play(
        _ journal: String, into book: RecordBook, versions: Bool
    ) throws -> (replay: Replay, span: ClosedRange<Timestamp>?) {
        var first: Timestamp?, last: Timestamp?, turns = 0, swap: StoredScript?
        var tellAt = MonotonicClock.microseconds() + Self.tellEvery
        let hear = { (street: Street, notes: [Note]) throws in
            let now = street.engine.now
            if versions {
                if first == nil { for stored in street.scripts { keep(stored, book, .active, now) } }
                if let stored = swap { keep(stored, book, nil, now) }
            }
            swap = nil
            (first, last) = (first ?? now, now)
            book.take(notes, at: now, versions: versions)
            turns += 1
            guard turns % 1024 == 0 else { return }
            if isStopped() { throw Stopped() }
            guard MonotonicClock.microseconds() >= tellAt else { return }
            tellAt += Self.tellEvery
            tell("\(journal): \(turns) turns, at \(UTCText.full(microseconds: now.microseconds))")
        }
        let replay: Replay
        do {
            replay = try Replay.play(
                journal, before: { input in if case .swap(let stored, _, _) = input { swap = stored } },
                hear: hear)
        } catch let fault as JournalFault {
            throw refusal(journal, "\(fault); put the file back from a copy")
        }
        try judge(replay, journal)
        return (replay, first.flatMap { first in last.map { first...$0 } })
    }

    private func keep(_ stored: StoredScript, _ book: RecordBook, _ step: VersionStep?, _ now: Timestamp) {
        let package = stored.package
        book.keep(stored.name, package.files(version: stored.version), summary: package.summary, at: now)
        if let step { book.step(stored.name, stored.version, step, at: now) }
    }

    /// What a damaged journal or another program tells is not what happened.
    private func judge(_ replay: Replay, _ journal: String) throws(StartFault) {
        if let damage = replay.damage {
            throw refusal(
                journal, "record \(damage.record) is damaged: \(damage.text); put the file back from a copy")
        }
        if let difference = replay.differences.first {
            throw refusal(
                journal,
                "this program does not repeat what was recorded (\(difference.text)); use the version that "
                    + "recorded it")
        }
    }

    private func refusal(_ journal: String, _ why: String) -> StartFault {
        StartFault(
            "\(journal): \(why). \(run.records) is as it was; when \(journal) is moved elsewhere, rows of its "
                + "time are taken from there")
    }

    // MARK: The place of the old one

    private func replace(_ new: String, _ outcome: Outcome) throws(StartFault) -> Outcome {
        var outcome = outcome
        let handle = Glibc.open(new, O_RDONLY | O_CLOEXEC)
        guard handle >= 0, fsync(handle) == 0 else {
            throw StartFault("\(new): \(String(cString: strerror(errno)))")
        }
        close(handle)
        if outcome.unreadable != nil {
            let time = UTCText.compact(WallClock.microseconds() / 1_000_000)
            outcome.aside = RecordBook.putAside(run.records, time: time)
        }
        // Left behind, they would be taken for the new file's. All of the old one that can be had was read.
        for end in ["-wal", "-shm"] { unlink(run.records + end) }
        guard rename(new, run.records) == 0 else {
            throw StartFault("\(run.records): \(String(cString: strerror(errno)))")
        }
        let folder = Glibc.open(run.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
        return outcome
    }

    private static func remove(_ path: String) {
        for end in ["", "-wal", "-shm"] { unlink(path + end) }
    }
}
