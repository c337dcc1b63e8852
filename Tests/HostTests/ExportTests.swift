import ArgumentParser
import Core
import Foundation
import Testing

@testable import Host
@testable import Records

/// A run's folder with some alerts in its database, for want of a run.
private struct Fixture {
    let place: TemporaryFolder
    let run: RunFolder
    static let start: Int64 = 1_790_000_000_000
    /// What is hard to write as a line of commas.
    static let texts = [
        "plain", "", "a,b", "say \"no\"", "two\nlines", "two\r\nlines", "ends with \"", " blank ", "–ü",
        "'; DROP TABLE alerts; --", "\t\\n",
    ]

    /// One alert each millisecond.
    init(_ texts: [String] = Self.texts) throws {
        place = try TemporaryFolder()
        let path = place.path + "/run"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let book = try RecordBook(path: path + "/records.sqlite")
        for (number, text) in texts.enumerated() {
            book.take([.alert(text)], at: Timestamp(milliseconds: Self.start + Int64(number)))
        }
        #expect(book.finish() == nil)
        try book.close()
        run = try RunFolder(path, data: "")
    }

    var output: String { place.path + "/out" }

    func export(
        _ tables: [RecordTable] = [.alerts], _ format: RecordExport.Format = .csv, from: Int64? = nil,
        to: Int64? = nil, replaces: Bool = false
    ) throws -> RecordExport.Outcome {
        func moment(_ after: Int64?) -> Timestamp? {
            after.map { Timestamp(microseconds: (Self.start * 1000) + $0) }
        }
        return try RecordExport(format: format, tables: tables, from: moment(from), to: moment(to))
            .write(run, to: output, replaces: replaces)
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: output + "/" + name)), as: UTF8.self)
    }
}

/// Reads what RFC 4180 describes; a field that was not quoted and is empty is `nil`.
private func csvFields(_ text: String) -> [[String?]] {
    var rows: [[String?]] = [], row: [String?] = [], field = "", wasQuoted = false, inQuotes = false
    var rest = Array(text.unicodeScalars)[...]
    func end() {
        row.append(field.isEmpty && !wasQuoted ? nil : field)
        (field, wasQuoted) = ("", false)
    }
    while let next = rest.popFirst() {
        switch next {
        case "\"" where inQuotes && rest.first == "\"":
            field.unicodeScalars.append(next)
            rest = rest.dropFirst()
        case "\"":
            inQuotes.toggle()
            wasQuoted = true
        case "," where !inQuotes: end()
        case "\n" where !inQuotes:
            end()
            rows.append(row)
            row = []
        default: field.unicodeScalars.append(next)
        }
    }
    return rows
}

@Suite struct `Exported tables` {
    @Test func `give back every text as CSV`() throws {
        let fixture = try Fixture()
        let outcome = try fixture.export()
        #expect(outcome.files.map(\.rows) == [Fixture.texts.count])
        #expect(!outcome.mayLackRows)
        let rows = csvFields(try fixture.text("alerts.csv"))
        #expect(rows.first == ["at_ms", "text"])
        #expect(rows.dropFirst().map { $0[1] } == Fixture.texts)
        #expect(rows.dropFirst().first?.first == "\(Fixture.start)")
    }

    @Test func `give back every text as JSON`() throws {
        let fixture = try Fixture()
        _ = try fixture.export([.alerts, .fills], .json)
        let text = try fixture.text("alerts.json")
        let rows = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        #expect(rows?.map { $0["text"] as? String } == Fixture.texts)
        #expect(rows?.first?["at_ms"] as? Int64 == Fixture.start)
        #expect(text.split(separator: "\n").count == Fixture.texts.count + 2, "a row a line")
        #expect(try fixture.text("fills.json") == "[]\n")
    }

    @Test func `tell nothing from an empty text, quote what must be and no more`() {
        let line = RecordExport.csv([.none, .text(""), .number(-7), .text("0.1"), .text("a\rb"), .none])
        #expect(String(decoding: line, as: UTF8.self) == ",\"\",-7,0.1,\"a\rb\",\n")
    }

    @Test func `that are empty have their header, and their columns are the database's but its own number`()
        throws
    {
        let fixture = try Fixture([])
        let outcome = try fixture.export(RecordExport.tables)
        #expect(outcome.files.map(\.rows) == [0, 0, 0, 0, 0])
        for table in RecordExport.tables {
            let rows = csvFields(try fixture.text(table.name + ".csv"))
            let columns = try RecordReader(path: fixture.run.records).read { try $0.columns(of: table) }
            #expect(rows == [columns])
            #expect(columns.contains(table.time) && !columns.contains("id"))
        }
    }

    @Test(
        arguments: [
            (nil, nil, 0..<11), (2000, nil, 2..<11), (2001, nil, 3..<11), (nil, 2000, 0..<2),
            (nil, 2001, 0..<3), (2000, 3000, 2..<3), (11_000, nil, 0..<0),
        ] as [(Int64?, Int64?, Range<Int>)])
    func `begin with the first row from a moment on and end before another`(
        from: Int64?, to: Int64?, left: Range<Int>
    ) throws {
        let fixture = try Fixture()
        _ = try fixture.export(from: from, to: to)
        let rows = csvFields(try fixture.text("alerts.csv")).dropFirst().map { $0[1] ?? "" }
        #expect(rows == Array(Fixture.texts[left]))
    }

    @Test func `replace no file unless they are told to, and then none is half replaced`() throws {
        let fixture = try Fixture()
        try fixture.place.write("out/alerts.csv", "mine")
        let fault = #expect(throws: StartFault.self) { try fixture.export([.fills, .alerts]) }
        #expect(fault?.description.contains("alerts.csv") == true && fault?.code == 1)
        #expect(DataFolder.names(in: fixture.output) == ["alerts.csv"])
        #expect(try fixture.text("alerts.csv") == "mine")
        _ = try fixture.export([.fills, .alerts], replaces: true)
        #expect(DataFolder.names(in: fixture.output) == ["alerts.csv", "fills.csv"])
        #expect(try fixture.text("alerts.csv").hasPrefix("at_ms,text\n"))
    }

    @Test(arguments: ["missing", "damaged", "old"])
    func `of a database that gives nothing leave nothing, and say what makes it anew`(what: String) throws {
        let fixture = try Fixture()
        let file = URL(filePath: fixture.run.records)
        switch what {
        case "missing": try FileManager.default.removeItem(at: file)
        case "damaged": try Data(repeating: 3, count: 9000).write(to: file)
        default:
            let book = try RecordBook(path: file.path)
            try book.queue.write { try $0.execute(sql: "DROP TABLE orders") }
            try book.close()
        }
        let fault = #expect(throws: StartFault.self) { try fixture.export([.fills, .orders]) }
        #expect(fault?.description.contains("neap rebuild \(fixture.run.path)") == true)
        #expect(DataFolder.names(in: fixture.output) == [])
    }

    @Test func `say when rows of the run may be missing`() throws {
        let fixture = try Fixture()
        // A book that is begun and not ended: the host was killed.
        let book = try RecordBook(path: fixture.run.records)
        try book.close()
        #expect(try fixture.export().mayLackRows)
    }
}

@Suite struct `neap export` {
    private func refusal(_ arguments: String...) -> (text: String, isWrongUse: Bool) {
        do {
            _ = try ExportCommand.parse(arguments)
            return ("", false)
        } catch {
            let isWrongUse = ExportCommand.exitCode(for: error) == .validationFailure
            return (ExportCommand.message(for: error), isWrongUse)
        }
    }

    @Test func `names the nearest table for one that is none`() {
        let (text, isWrongUse) = refusal("--table", "fils")
        #expect(isWrongUse)
        #expect(text.contains("fills, orders, postings, rounds, settlements"))
        #expect(text.contains("did you mean fills?"))
        #expect(refusal("--table", "fills", "rounds").text == "")
    }

    @Test func `takes csv and json and moments in their order`() {
        #expect(refusal("--format", "xml").isWrongUse)
        #expect(refusal("--from", "yesterday").isWrongUse)
        #expect(refusal("--from", "2026-11-25", "--to", "2026-11-25").isWrongUse)
        #expect(refusal("--format", "json", "--from", "2026-11-25", "--to", "2026-11-26").text == "")
    }

    @Test(
        arguments: [
            ("1790000000123", 1_790_000_000_123_000), ("0", 0), ("2026-11-24", 1_795_478_400_000_000),
            ("2026-11-24T15:04", 1_795_532_640_000_000), ("2026-11-24 15:04:05", 1_795_532_645_000_000),
            ("2026-11-24T15:04:05.12Z", 1_795_532_645_120_000), ("2024-02-29", 1_709_164_800_000_000),
            ("2026-02-29", nil), ("2026-13-01", nil), ("2026-11-24T24:00", nil), ("2026-11-24T15", nil),
            ("-5", nil), ("1e3", nil), ("", nil), ("1969-12-31", nil), ("99999999999999999", nil),
        ] as [(String, Int64?)])
    func `reads a moment`(text: String, microseconds: Int64?) {
        #expect(UTCText.moment(text)?.microseconds == microseconds, "\(text)")
    }
}
