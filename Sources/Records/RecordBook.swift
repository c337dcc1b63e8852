import Core
import GRDB
import Glibc
import Synchronization

/// Why the database cannot be used.
public struct RecordFault: Error, Sendable, CustomStringConvertible {
    public let description: String
    /// The file is no database, or its pages contradict each other.
    public let isDamage: Bool
    init(_ description: String, isDamage: Bool = false) {
        (self.description, self.isDamage) = (description, isDamage)
    }
    /// The file is of a version of this program that had no such table.
    public static func lacks(_ table: RecordTable) -> RecordFault {
        RecordFault("\(RecordBook.file) has no table \(table.name): an earlier version wrote it")
    }
    init(_ path: String, _ error: any Error) {
        self.init("\(path): \(plainText(error))", isDamage: meansDamage(error))
    }
}

/// What SQLite says, without the statement it was busy with.
func plainText(_ error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(error)" }
    return "\(error.message ?? "no reason given") (SQLite \(error.extendedResultCode.rawValue))"
}

private func meansDamage(_ error: any Error) -> Bool {
    let code = (error as? DatabaseError)?.resultCode
    return code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB
}

/// The projection people query: `records.sqlite` in the folder of a run. It can be made anew from the journal
/// and no turn decides by it; a start asks it which versions ended badly before.
///
/// Rows are written in order on a queue of their own, those of a turn in one transaction; the desk hands them
/// over and goes on. Rows that cannot be written are missed: the first time somebody is told, and when
/// writing is possible again the file itself says that it lacks some.
public final class RecordBook: Sendable {
    public static let file = "records.sqlite"
    let queue: DatabaseQueue
    /// The writer waits for each row and misses none for want of time.
    private let waits: Bool
    private let hear: @Sendable (String) -> Void
    private let state = Mutex(State())
    /// The run before this one was cut off while it wrote: rows of its last moments may be missing.
    public let wasCutOff: Bool

    private struct State {
        /// Rows handed over and not tried yet.
        var waiting = 0
        var missed = 0
        /// How many of them the file knows of.
        var marked = 0
        var failure: String?
        var latest = Timestamp(microseconds: 0)
    }

    /// How long a write waits for another program that writes, seconds; once one was waited for in vain the
    /// next ones do not wait.
    static let patience = 2.0
    /// Rows that may wait to be written. More do not fit: memory must not grow with a disk that hangs.
    static let waitingMost = 20_000
    /// A larger file is not read through at the start: protection of what is open must not wait for it.
    static let checkedBytes: Int64 = 256 << 20

    /// Opens or makes the database and brings its tables up to date.
    /// - Parameters:
    ///   - waits: each row is written before the call returns.
    ///   - hear: told once, when the first row is missed; on any thread.
    /// - Throws: what is wrong with the file, and whether it is damaged.
    public init(
        path: String, waits: Bool = false, hear: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(RecordFault) {
        (self.waits, self.hear) = (waits, hear)
        // Left behind by somebody who could only read, they would keep us from writing.
        for end in ["-wal", "-shm"] { chmod(path + end, 0o600) }
        do {
            var configuration = Configuration()
            configuration.label = "neap.records"
            configuration.busyMode = .timeout(Self.patience)
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA journal_mode = WAL")
                // What the power takes with it can be had from the journal.
                try database.execute(sql: "PRAGMA synchronous = NORMAL")
            }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try Self.check(queue, path)
            try RecordSchema.migrator.migrate(queue)
            wasCutOff = try queue.writeWithoutTransaction { try RecordMarks.begin($0) }
            for file in [path, path + "-wal", path + "-shm"] { chmod(file, 0o600) }
        } catch { throw RecordFault(path, error) }
    }

    /// Opens the database; a damaged one is put aside and a new one begun.
    /// - Parameter time: what the damaged file's new name ends with.
    /// - Returns: where the damaged file is now; `nil` when it was sound.
    /// - Throws: why there is none.
    public static func open(
        path: String, time: String, hear: @escaping @Sendable (String) -> Void
    ) throws(RecordFault) -> (book: RecordBook, damaged: String?) {
        do throws(RecordFault) { return (try RecordBook(path: path, hear: hear), nil) } catch {
            guard error.isDamage else { throw error }
            let aside = putAside(path, time: time)
            guard let aside else { throw error }
            return (try RecordBook(path: path, hear: hear), aside)
        }
    }

    /// Renames a database with what belongs to it.
    /// - Returns: its new name; `nil` when the folder does not allow it.
    public static func putAside(_ path: String, time: String) -> String? {
        var aside = "\(path).damaged-\(time)", count = 1
        while access(aside, F_OK) == 0 {
            count += 1
            aside = "\(path).damaged-\(time)-\(count)"
        }
        guard rename(path, aside) == 0 else { return nil }
        for end in ["-wal", "-shm"] where access(path + end, F_OK) == 0 {
            // Left behind, it would be taken for the new database's.
            guard rename(path + end, aside + end) == 0 else { return nil }
        }
        return aside
    }

    private static func check(_ queue: DatabaseQueue, _ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0, Int64(status.st_size) <= checkedBytes else { return }
        let verdict = try queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
        guard verdict == "ok" else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: verdict ?? "it cannot be checked")
        }
    }

    // MARK: Writing

    /// Takes what a turn said; what belongs to no table is passed over. `now` is the turn's.
    /// - Parameter versions: also what happened to versions of scripts.
    public func take(_ notes: [Note], at now: Timestamp, versions: Bool = true) {
        let facts = notes.filter { $0.isRecorded && (versions || !$0.isOfVersions) }
        guard !facts.isEmpty else { return }
        write(rows: facts.reduce(0) { $0 + $1.rows }, at: now) { database in
            for fact in facts { try database.store(fact, at: now) }
        }
    }

    func write(
        rows: Int = 1, at now: Timestamp, _ body: @escaping @Sendable (Database) throws -> Void
    ) {
        guard admit(rows, now) else { return }
        if waits {
            queue.writeWithoutTransaction { perform(rows, body, $0) }
        } else {
            queue.asyncWriteWithoutTransaction { [self] in perform(rows, body, $0) }
        }
    }

    private func admit(_ rows: Int, _ now: Timestamp) -> Bool {
        let fits = state.withLock { state in
            state.latest = max(state.latest, now)
            guard waits || state.waiting + rows <= Self.waitingMost else { return false }
            state.waiting += rows
            return true
        }
        if !fits { miss(rows, "\(Self.waitingMost) rows wait to be written") }
        return fits
    }

    private func perform(
        _ rows: Int, _ body: @Sendable (Database) throws -> Void, _ database: Database
    ) {
        defer { state.withLock { $0.waiting -= rows } }
        do {
            try database.inTransaction(.immediate) {
                try body(database)
                return .commit
            }
            try mark(database)
        } catch {
            // The next one does not wait as well: thousands may stand behind it.
            try? database.execute(sql: "PRAGMA busy_timeout = 0")
            miss(rows, plainText(error))
        }
    }

    private func miss(_ rows: Int, _ why: String) {
        let isFirst = state.withLock { state in
            state.missed += rows
            defer { state.failure = state.failure ?? why }
            return state.failure == nil
        }
        guard isFirst else { return }
        hear(
            "\(Self.file) cannot be written: \(why). Trading goes on and the journal has everything; rows "
                + "are missing from now on, and `neap rebuild` makes the file anew when the run has ended")
    }

    /// The first write that works again says in the file that rows are missing.
    private func mark(_ database: Database) throws {
        let (missed, now) = state.withLock {
            ($0.missed > $0.marked ? $0.missed : nil, $0.latest)
        }
        guard let missed else { return }
        try database.execute(sql: "PRAGMA busy_timeout = \(Int(Self.patience * 1000))")
        try database.inTransaction(.immediate) {
            try RecordMarks.lacksRows(database)
            let text = "\(missed) rows could not be written here; `neap rebuild` makes the file anew"
            try database.store(.alert(text), at: now)
            return .commit
        }
        state.withLock { $0.marked = missed }
    }

    /// Waits for everything handed over and puts it all into the one file, for whoever copies it.
    /// - Returns: what went wrong; `nil` when all is written.
    public func finish() -> String? {
        do {
            try queue.barrierWriteWithoutTransaction { database in
                try RecordMarks.end(database)
                try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        } catch { return plainText(error) }
        return state.withLock { state in
            state.failure.map { "\(state.missed) rows could not be written: \($0)" }
        }
    }

    /// Nothing can be written or read any more.
    public func close() throws(RecordFault) {
        do { try queue.close() } catch { throw RecordFault(Self.file, error) }
    }

    // MARK: Reading

    func fetch<T>(_ body: (Database) throws -> T) throws(RecordFault) -> T {
        do { return try queue.read(body) } catch { throw RecordFault(Self.file, error) }
    }

    /// The latest rounds, the last one first.
    public func rounds(latest most: Int) throws(RecordFault) -> [RoundRow] {
        try fetch { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM rounds ORDER BY closed_ms DESC, id DESC LIMIT ?",
                arguments: [most]
            ).map { row in
                RoundRow(
                    closed: Timestamp(milliseconds: row["closed_ms"]), script: row["script"],
                    pair: row["pair"], reason: row["reason"],
                    net: Money(row["net_usd"] as String) ?? .zero, seconds: row["seconds"])
            }
        }
    }

    /// The latest alerts, the last one first.
    public func alerts(latest most: Int) throws(RecordFault) -> [String] {
        try fetch {
            try String.fetchAll(
                $0, sql: "SELECT text FROM alerts ORDER BY at_ms DESC, id DESC LIMIT ?", arguments: [most])
        }
    }
}

/// A round as it is listed.
public struct RoundRow: Sendable, Equatable {
    public let closed: Timestamp
    public let script: String, pair: String, reason: String
    public let net: Money
    /// Whole seconds from the first fill to the last.
    public let seconds: Int64
}
