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

func meansDamage(_ error: any Error) -> Bool {
    let code = (error as? DatabaseError)?.resultCode
    return code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB
}

/// The projection people query: `records.sqlite` in the folder of a run. It can be made anew from the journal
/// and no turn decides by it; a start asks it which versions ended badly before.
///
/// Rows are written in order on a queue of their own, those of a turn in one transaction; the desk hands them
/// over and goes on. While they cannot be written they wait here, up to a bound, and `trouble` says so: the
/// host enters nothing until they are all in the file.
public final class RecordBook: Sendable {
    public static let file = "records.sqlite"
    let queue: DatabaseQueue
    private let path: String
    /// The writer waits for each row and none waits for a better moment.
    let waits: Bool
    /// Told outside every lock, on any thread: see `init`.
    let hear: @Sendable (String?) -> Void
    let state: Mutex<State>
    /// The run before this one was cut off while it wrote: rows of its last moments may be missing.
    public let wasCutOff: Bool
    /// Which file it is: another one may come under its name.
    private let identity: FileIdentity?

    /// How long a write waits for another program that writes, seconds; once one was waited for in vain the
    /// next ones do not wait.
    static let patience = 2.0
    /// Rows that may wait to be written. More do not fit: memory must not grow with a disk that hangs.
    static let waitingMost = 20_000
    /// A larger file is not read through: protection of what is open must not wait for it.
    public static let checkedBytes: Int64 = 256 << 20

    /// Opens or makes the database and brings its tables up to date.
    /// - Parameters:
    ///   - waits: each row is written before the call returns, or missed.
    ///   - hear: told after each change of `trouble`, with `nil`, and once with a text when a row was refused
    ///     for what it says; on any thread.
    /// - Throws: what is wrong with the file, and whether it is damaged.
    public convenience init(
        path: String, waits: Bool = false, hear: @escaping @Sendable (String?) -> Void = { _ in }
    ) throws(RecordFault) {
        try self.init(path: path, waits: waits, damaged: nil, hear: hear)
    }

    /// - Parameter damaged: where the file is that this one follows; nothing counts as written before the
    ///   first try that works.
    private init(
        path: String, waits: Bool, damaged: String?, hear: @escaping @Sendable (String?) -> Void
    ) throws(RecordFault) {
        (self.path, self.waits, self.hear) = (path, waits, hear)
        state = Mutex(
            State(
                lacksRows: damaged != nil,
                trouble: damaged.map {
                    "\(path) was damaged and is \($0) now; a new one is begun, without what was known of scripts"
                }))
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
            try queue.read { try Self.check($0, path) }
            try RecordSchema.migrator.migrate(queue)
            wasCutOff = try queue.writeWithoutTransaction { try RecordMarks.begin($0) }
            for file in [path, path + "-wal", path + "-shm"] { chmod(file, 0o600) }
            identity = FileIdentity(path)
        } catch { throw RecordFault(path, error) }
    }

    /// Opens the database; a damaged one is put aside and a new one begun, which is in `trouble` until
    /// `tryAgain` has written to it.
    /// - Parameter time: what the damaged file's new name ends with.
    /// - Returns: where the damaged file is now; `nil` when it was sound.
    /// - Throws: why there is none.
    public static func open(
        path: String, time: String, hear: @escaping @Sendable (String?) -> Void
    ) throws(RecordFault) -> (book: RecordBook, damaged: String?) {
        do throws(RecordFault) { return (try RecordBook(path: path, hear: hear), nil) } catch {
            guard error.isDamage else { throw error }
            let aside = putAside(path, time: time)
            guard let aside else { throw error }
            return (try RecordBook(path: path, waits: false, damaged: aside, hear: hear), aside)
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

    private static func check(_ database: Database, _ path: String) throws {
        guard let bytes = FileIdentity(path)?.bytes, bytes <= checkedBytes else { return }
        let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
        guard verdict == "ok" else {
            // Several lines, for a person in front of a shell.
            let text = verdict?.split(separator: "\n").joined(separator: "; ")
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: text ?? "it cannot be checked")
        }
    }

    /// Nothing can be written or read any more.
    public func close() throws(RecordFault) {
        do { try queue.close() } catch { throw RecordFault(Self.file, error) }
    }

    // MARK: The file itself

    /// Its length; 0 when it is not there.
    public var bytes: Int64 { FileIdentity(path)?.bytes ?? 0 }

    /// Looks whether the file is still there and is the one that was opened: what is written to one that was
    /// taken away is gone with it.
    public func lookForFile() {
        guard let now = FileIdentity(path), now.isSame(identity) else {
            return lose("\(Self.file) was taken away or replaced while this run wrote it")
        }
    }

    /// Reads the file through, on the queue: damage would otherwise show only when a row meets it.
    public func checkFile() {
        queue.asyncWriteWithoutTransaction { [self] database in
            do {
                // What is kept in memory says nothing about the file.
                try database.execute(sql: "PRAGMA shrink_memory")
                try Self.check(database, path)
            } catch { if meansDamage(error) { lose(damage: error) } }
        }
    }

    // MARK: Reading

    func fetch<T>(_ body: (Database) throws -> T) throws(RecordFault) -> T {
        do { return try queue.read(body) } catch {
            if meansDamage(error) { lose(damage: error) }
            throw RecordFault(Self.file, error)
        }
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

/// Which file stands under a name, and how long it is.
struct FileIdentity: Sendable {
    private let device: dev_t, number: ino_t
    let bytes: Int64

    /// `nil` when there is none.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, number, bytes) = (status.st_dev, status.st_ino, Int64(status.st_size))
    }

    func isSame(_ other: FileIdentity?) -> Bool { device == other?.device && number == other?.number }
}
