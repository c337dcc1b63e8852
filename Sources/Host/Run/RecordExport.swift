import Core
import Exchange
import Glibc
import Records

/// Writes tables of a run's database as files other programs read.
struct RecordExport {
    enum Format: String, CaseIterable { case csv, json }

    /// What is exported when nothing is named.
    static let tables: [RecordTable] = [.fills, .orders, .postings, .rounds, .settlements]

    let format: Format
    let tables: [RecordTable]
    /// The first moment, and the first that is too late; `nil` for no bound.
    let from: Timestamp?, to: Timestamp?

    struct Outcome {
        let files: [(path: String, rows: Int)]
        /// Rows of the run are or may be missing in its database.
        let mayLackRows: Bool
    }

    /// All tables are of one moment, and appear under their names only when all are whole.
    /// - Parameter replaces: files that are there already.
    /// - Throws: what is in the way.
    func write(_ run: RunFolder, to folder: String, replaces: Bool) throws(StartFault) -> Outcome {
        let paths = tables.map { "\(folder)/\($0.name).\(format.rawValue)" }
        let standing = paths.filter { access($0, F_OK) == 0 }
        guard replaces || standing.isEmpty else {
            throw StartFault(
                standing.joined(separator: ", ") + ": already there; --force replaces, --output names another"
            )
        }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw StartFault("\(folder): \(String(cString: strerror(errno)))")
        }
        var files: [ExportFile] = []
        do {
            let isRunning = run.isRunning
            let mayLackRows = try RecordReader(path: run.records).read { snapshot in
                for (table, path) in zip(tables, paths) {
                    let file = try ExportFile(path)
                    files.append(file)
                    try fill(file, table, snapshot)
                }
                return try snapshot.mayLackRows(isWritten: isRunning)
            }
            for file in files { try file.appear() }
            return Outcome(files: files.map { ($0.path, $0.rows) }, mayLackRows: mayLackRows)
        } catch {
            for file in files { file.vanish() }
            if let fault = error as? StartFault { throw fault }
            throw StartFault("\(error); `neap rebuild \(run.path)` makes it anew from the journal")
        }
    }

    private func fill(_ file: ExportFile, _ table: RecordTable, _ snapshot: RecordSnapshot) throws {
        let columns = try snapshot.columns(of: table)
        guard !columns.isEmpty else {
            throw RecordFault.lacks(table)
        }
        try file.put(format == .csv ? Self.csv(columns.map(RecordValue.text)) : Array("[".utf8))
        try snapshot.rows(of: table, columns, from: from, to: to) { row in
            switch format {
            case .csv: try file.put(Self.csv(row))
            case .json:
                try file.put(Array((file.rows == 0 ? "\n" : ",\n").utf8) + Self.json(columns, row))
            }
            file.rows += 1
        }
        if format == .json { try file.put(Array((file.rows == 0 ? "]\n" : "\n]\n").utf8)) }
    }

    /// One line (RFC 4180, ended by a line feed). Nothing stands for what is not there; an empty text is
    /// `""`.
    static func csv(_ row: [RecordValue]) -> [UInt8] {
        var line: [UInt8] = []
        for (place, value) in row.enumerated() {
            if place > 0 { line.append(UInt8(ascii: ",")) }
            switch value {
            case .none: break
            case .number(let number): line.append(contentsOf: String(number).utf8)
            case .text(let text):
                let needsQuotes =
                    text.isEmpty
                    || text.utf8.contains {
                        [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D].contains($0)
                    }
                guard needsQuotes else {
                    line.append(contentsOf: text.utf8)
                    continue
                }
                line.append(UInt8(ascii: "\""))
                for byte in text.utf8 {
                    if byte == UInt8(ascii: "\"") { line.append(byte) }
                    line.append(byte)
                }
                line.append(UInt8(ascii: "\""))
            }
        }
        line.append(0x0A)
        return line
    }

    private static func json(_ columns: [String], _ row: [RecordValue]) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            for (column, value) in zip(columns, row) {
                switch value {
                case .none: json.field(column, nil as String?)
                case .number(let number): json.field(column, number)
                case .text(let text): json.field(column, text)
                }
            }
        }
        return json.bytes
    }
}

/// A file that is written beside its place and appears there whole.
private final class ExportFile {
    let path: String
    var rows = 0
    private let handle: Int32
    private var waiting: [UInt8] = []
    private var beside: String { path + ".new" }
    private static let chunk = 1 << 16

    init(_ path: String) throws(StartFault) {
        self.path = path
        handle = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard handle >= 0 else { throw StartFault("\(path).new: \(String(cString: strerror(errno)))") }
    }

    deinit { if handle >= 0 { close(handle) } }

    func put(_ bytes: [UInt8]) throws(StartFault) {
        waiting += bytes
        if waiting.count >= Self.chunk { try flush() }
    }

    func appear() throws(StartFault) {
        try flush()
        guard fsync(handle) == 0, rename(beside, path) == 0 else { throw fault }
    }

    func vanish() { unlink(beside) }

    private func flush() throws(StartFault) {
        var done = 0
        while done < waiting.count {
            let count = waiting.withUnsafeBytes {
                Glibc.write(handle, $0.baseAddress! + done, $0.count - done)
            }
            guard count > 0 else { throw fault }
            done += count
        }
        waiting.removeAll(keepingCapacity: true)
    }

    private var fault: StartFault { StartFault("\(path): \(String(cString: strerror(errno)))") }
}
