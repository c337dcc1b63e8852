import Core
import GRDB
import Glibc

/// What stands in one column of one row.
public enum RecordValue: Sendable, Equatable {
    case none
    case number(Int64)
    case text(String)
}

/// A table people take out of the database.
public struct RecordTable: Sendable, Equatable {
    public let name: String
    /// The column that says when, milliseconds of UTC.
    public let time: String
    /// Breaks ties of `time`.
    fileprivate let number: String

    private init(_ name: String, time: String, number: String = "id") {
        (self.name, self.time, self.number) = (name, time, number)
    }

    public static let fills = RecordTable("fills", time: "at_ms")
    public static let orders = RecordTable("orders", time: "sent_ms", number: "client_id")
    public static let postings = RecordTable("postings", time: "at_ms")
    public static let rounds = RecordTable("rounds", time: "closed_ms")
    public static let settlements = RecordTable("settlements", time: "at_ms")
    public static let alerts = RecordTable("alerts", time: "at_ms")

    /// What a run did with money, and what it was said.
    public static let facts = [fills, orders, postings, rounds, settlements, alerts]
}

/// Reads the database of a run, also while a host writes it; it changes nothing.
public final class RecordReader: Sendable {
    private let queue: DatabaseQueue
    private let path: String

    /// - Throws: why it cannot be read.
    public init(path: String) throws(RecordFault) {
        self.path = path
        guard access(path, F_OK) == 0 else { throw RecordFault("\(path): is not there") }
        do {
            var configuration = Configuration()
            configuration.label = "neap.record-reader"
            configuration.readonly = true
            configuration.busyMode = .timeout(RecordBook.patience)
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch { throw RecordFault(path, error) }
    }

    /// Everything the body reads is of one moment.
    /// - Throws: `RecordFault` for what the database cannot give, and what the body throws.
    public func read<T>(_ body: (RecordSnapshot) throws -> T) throws -> T {
        do {
            return try queue.read { try body(RecordSnapshot(database: $0)) }
        } catch let error as DatabaseError {
            throw RecordFault(path, error)
        }
    }
}

/// One moment of the database.
public struct RecordSnapshot {
    let database: Database

    /// Rows are or may be missing: they could not be written, or a run was cut off.
    /// - Parameter isWritten: a host writes it now.
    public func mayLackRows(isWritten: Bool) throws -> Bool {
        try RecordMarks.mayLackRows(database, isWritten: isWritten)
    }

    /// The names of the columns in their order, without the row's own number; nothing when there is no such
    /// table.
    public func columns(of table: RecordTable) throws -> [String] {
        guard try database.tableExists(table.name) else { return [] }
        return try database.columns(in: table.name).map(\.name).filter { $0 != "id" }
    }

    /// Gives out the rows of a table in the order of their time.
    /// - Parameters:
    ///   - columns: which and in which order.
    ///   - from: the first moment, `nil` for no bound; `to`: the first moment that is too late.
    public func rows(
        of table: RecordTable, _ columns: [String], from: Timestamp? = nil, to: Timestamp? = nil,
        _ body: ([RecordValue]) throws -> Void
    ) throws {
        let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                SELECT \(names) FROM \(table.name)
                WHERE (?1 IS NULL OR \(table.time) >= ?1) AND (?2 IS NULL OR \(table.time) < ?2)
                ORDER BY \(table.time), \(table.number)
                """, arguments: [from?.millisecondsUp, to?.millisecondsUp])
        while let row = try cursor.next() {
            try body(row.databaseValues.map(RecordValue.init))
        }
    }
}

extension Timestamp {
    /// Rows have milliseconds: the first one that is not before this moment.
    fileprivate var millisecondsUp: Int64 { (self + TimeSpan(microseconds: 999)).milliseconds }
}

extension RecordValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .none
        case .int64(let number): self = .number(number)
        case .string(let text): self = .text(text)
        // No column holds either; what stands there all the same is shown as text.
        case .double(let number): self = .text("\(number)")
        case .blob(let bytes): self = .text(String(decoding: bytes, as: UTF8.self))
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .none: .null
        case .number(let number): number.databaseValue
        case .text(let text): text.databaseValue
        }
    }
}

extension RecordBook {
    /// Takes over from an older database what no journal tells: facts outside the given spans, and every
    /// alert.
    /// - Parameter spans: first and last moment of each journal that was played.
    /// - Returns: how many rows of facts were taken over.
    public func carryFacts(
        from reader: RecordReader, outside spans: [ClosedRange<Timestamp>]
    ) throws -> Int {
        let spans = spans.map { $0.lowerBound.milliseconds...$0.upperBound.milliseconds }
        return try reader.read { old in
            try queue.write { new in
                var count = 0
                for table in RecordTable.facts {
                    let known = try RecordSnapshot(database: new).columns(of: table)
                    let columns = try old.columns(of: table).filter(known.contains)
                    guard let time = columns.firstIndex(of: table.time) else { continue }
                    try old.rows(of: table, columns) { row in
                        guard case .number(let at) = row[time],
                            table == .alerts || !spans.contains(where: { $0.contains(at) })
                        else { return }
                        try new.insert(row, table.name, columns)
                        if table != .alerts { count += new.changesCount }
                    }
                }
                try new.leaveWithTheFirst()
                return count
            }
        }
    }

    /// Takes over everything an older database knows of versions of scripts, of which a journal has only
    /// what ran.
    /// - Throws: what cannot be read; then nothing is taken over.
    public func carryVersions(from reader: RecordReader) throws {
        try reader.read { old in
            try queue.write { new in
                for table in ["versions", "version_files", "version_steps"] {
                    let columns = try new.columns(in: table).map(\.name)
                    let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
                    let cursor = try Row.fetchCursor(old.database, sql: "SELECT \(names) FROM \(table)")
                    while let row = try cursor.next() {
                        try new.insert(row.databaseValues.map(RecordValue.init), table, columns)
                    }
                }
            }
        }
    }

    /// How many rows the tables of facts hold, by name.
    public func counts() throws(RecordFault) -> [(table: String, rows: Int)] {
        try fetch { database in
            try RecordTable.facts.map { table in
                let count = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM \(table.name)")
                return (table.name, count ?? 0)
            }
        }
    }
}

extension Database {
    /// Journals were played first; what the old file has from before them stays with whom it was given to.
    fileprivate func leaveWithTheFirst() throws {
        let keys = [
            ("fills", ["symbol", "venue_order_id", "trade_id"]),
            ("settlements", ["cause", "symbol", "interval_end_ms"]), ("postings", ["cause", "reference"]),
        ]
        for (table, key) in keys {
            let same = key.map { "first.\($0) = \(table).\($0)" }.joined(separator: " AND ")
            try execute(
                sql: "DELETE FROM \(table) WHERE EXISTS (SELECT 1 FROM \(table) first WHERE \(same) "
                    + "AND first.at_ms < \(table).at_ms)")
        }
    }

    fileprivate func insert(_ row: [RecordValue], _ table: String, _ columns: [String]) throws {
        let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        try put(
            "INSERT INTO \(table) (\(names)) VALUES (\(marks)) ON CONFLICT DO NOTHING",
            StatementArguments(row.map(\.databaseValue)))
    }
}
