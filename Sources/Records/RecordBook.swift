import Core
import GRDB
import Glibc
import Synchronization

/// Why the database cannot be used.
public struct RecordFault: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// The projection people query: `records.sqlite` in the folder of a run. It can be made anew from the journal
/// and no turn decides by it; a start asks it which versions ended badly before.
///
/// Rows are written in order on a queue of their own; the desk hands them over and goes on.
public final class RecordBook: Sendable {
    let queue: DatabaseQueue
    /// The first write that failed; later ones are tried all the same.
    private let failure = Mutex<String?>(nil)

    /// Opens or makes the database and brings its tables up to date.
    public init(path: String) throws(RecordFault) {
        do {
            var configuration = Configuration()
            configuration.label = "neap.records"
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try Self.migrator.migrate(queue)
            for file in [path, path + "-wal", path + "-shm"] { chmod(file, 0o600) }
        } catch { throw RecordFault(description: "\(path): \(error)") }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("rounds, versions, alerts") { database in
            try database.execute(
                sql: """
                    CREATE TABLE rounds (
                        id INTEGER PRIMARY KEY, closed_ms INTEGER NOT NULL, script TEXT NOT NULL,
                        pair TEXT NOT NULL, reason TEXT NOT NULL, net_usd TEXT NOT NULL,
                        seconds INTEGER NOT NULL);
                    CREATE TABLE versions (
                        id INTEGER PRIMARY KEY, seen_ms INTEGER NOT NULL, script TEXT NOT NULL,
                        version TEXT NOT NULL, fate TEXT NOT NULL);
                    CREATE TABLE alerts (
                        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, text TEXT NOT NULL);
                    """)
        }
        migrator.registerMigration("versions with source and steps") { database in
            try database.execute(
                sql: """
                    DROP TABLE versions;
                    CREATE TABLE versions (
                        id INTEGER PRIMARY KEY, script TEXT NOT NULL, version TEXT NOT NULL,
                        seen_ms INTEGER NOT NULL, summary TEXT NOT NULL, fate TEXT NOT NULL,
                        fate_ms INTEGER NOT NULL, UNIQUE (script, version));
                    CREATE TABLE version_files (
                        version_id INTEGER NOT NULL REFERENCES versions (id), name TEXT NOT NULL,
                        source TEXT NOT NULL, PRIMARY KEY (version_id, name));
                    CREATE TABLE version_steps (
                        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, script TEXT NOT NULL,
                        version TEXT NOT NULL, step TEXT NOT NULL, detail TEXT NOT NULL);
                    """)
        }
        return migrator
    }

    // MARK: Writing

    /// Takes what a turn said; what is no round, version or alert is passed over. `now` is the run's clock.
    public func take(_ notes: [Note], at now: Timestamp) {
        let milliseconds = now.milliseconds
        for note in notes {
            switch note {
            case .roundClosed(let script, let pair, let reason, let net, let seconds):
                write(
                    """
                    INSERT INTO rounds (closed_ms, script, pair, reason, net_usd, seconds)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """, [milliseconds, script, pair, reason, net.description, seconds])
            case .replaced(let script, let version, let probation, _):
                retire(script, but: version, at: now)
                step(script, version, .active, at: now)
                if probation > 0 { step(script, version, .probation, "\(probation) entries", at: now) }
            case .joined(let script, let version, let inShadow, let probation):
                step(script, version, inShadow ? .shadow : .active, at: now)
                if probation > 0 { step(script, version, .probation, "\(probation) entries", at: now) }
            case .rearmed(let script, let version):
                step(script, version, .active, "re-armed by the operator", at: now)
            case .proven(let script, let version): step(script, version, .proven, at: now)
            case .rolledBack(let script, let from, let to, let reason):
                step(script, from, .rolledBack, reason, at: now)
                step(script, to, .active, "brought back", at: now)
            case .strategyFault(let script, let version, let fault, stopped: true):
                step(script, version, .stopped, fault.message, at: now)
            case .alert(let text):
                write("INSERT INTO alerts (at_ms, text) VALUES (?, ?)", [milliseconds, text])
            default: break
            }
        }
    }

    func write(_ sql: String, _ arguments: StatementArguments) {
        queue.asyncWriteWithoutTransaction { [self] database in
            do { try database.execute(sql: sql, arguments: arguments) } catch {
                failure.withLock { $0 = $0 ?? "\(error)" }
            }
        }
    }

    /// Waits for everything handed over.
    /// - Returns: what went wrong first; `nil` when all is written.
    public func finish() -> String? {
        do {
            // One file with everything in it, for whoever copies it.
            try queue.barrierWriteWithoutTransaction {
                try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        } catch { return "\(error)" }
        return failure.withLock { $0 }
    }

    // MARK: Reading

    public struct Round: Sendable, Equatable {
        public let closed: Timestamp
        public let script: String, pair: String, reason: String
        public let net: Money
        public let seconds: Int64
    }

    /// The latest rounds, the last one first.
    public func rounds(latest most: Int) throws(RecordFault) -> [Round] {
        do {
            return try queue.read { database in
                try Row.fetchAll(
                    database, sql: "SELECT * FROM rounds ORDER BY id DESC LIMIT ?", arguments: [most]
                ).map { row in
                    Round(
                        closed: Timestamp(milliseconds: row["closed_ms"]), script: row["script"],
                        pair: row["pair"], reason: row["reason"],
                        net: Money(row["net_usd"] as String) ?? .zero,
                        seconds: row["seconds"])
                }
            }
        } catch { throw RecordFault(description: "\(error)") }
    }

    /// The latest alerts, the last one first.
    public func alerts(latest most: Int) throws(RecordFault) -> [String] {
        do {
            return try queue.read {
                try String.fetchAll(
                    $0, sql: "SELECT text FROM alerts ORDER BY id DESC LIMIT ?", arguments: [most])
            }
        } catch { throw RecordFault(description: "\(error)") }
    }
}
