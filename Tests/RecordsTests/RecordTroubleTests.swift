import Core
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Records

/// What a book had to say.
private final class Ear: Sendable {
    private let texts = Mutex<[String]>([])
    var heard: [String] { texts.withLock { $0 } }
    var hear: @Sendable (String) -> Void { { text in self.texts.withLock { $0.append(text) } } }
}

@Suite struct `A database in trouble` {
    private func written(_ place: Place, rounds: Int64 = 1) throws {
        let book = try RecordBook(path: place.file)
        for round in 0..<rounds {
            book.take([.roundClosed(Sample.round(closed: Sample.now + .seconds(round)))], at: Sample.now)
        }
        #expect(book.finish() == nil)
        try book.close()
    }

    @Test(arguments: ["garbage", "cut", "hole", "empty page"])
    func `that is damaged is put aside at the start and a new one is begun`(damage: String) throws {
        let place = try Place()
        try written(place, rounds: 400)
        let url = URL(filePath: place.file)
        var bytes = try Data(contentsOf: url)
        let whole = bytes.count
        switch damage {
        case "garbage": bytes = Data(repeating: 0x5A, count: whole)
        case "cut": bytes = bytes.prefix(whole / 2)
        case "hole": bytes.replaceSubrange(whole / 2..<whole / 2 + 4096, with: Data(count: 4096))
        default: bytes.replaceSubrange(0..<4096, with: Data(count: 4096))
        }
        try bytes.write(to: url)
        let fault = #expect(throws: RecordFault.self) { try RecordBook(path: place.file) }
        #expect(fault?.isDamage == true, "\(fault?.description ?? "")")
        let (book, damaged) = try RecordBook.open(path: place.file, time: "20260101T000000") { _ in }
        #expect(damaged == place.file + ".damaged-20260101T000000")
        #expect(try Data(contentsOf: URL(filePath: damaged ?? "")) == bytes, "nothing of it is lost")
        book.take([.filled(Sample.fill())], at: Sample.now)
        #expect(book.finish() == nil)
        #expect(try book.counts().map(\.rows) == [1, 0, 0, 0, 0, 0])
        // A second one in the same second does not take the first one's place.
        try book.close()
        try Data("no database".utf8).write(to: url)
        let second = try RecordBook.open(path: place.file, time: "20260101T000000") { _ in }.damaged
        #expect(second == place.file + ".damaged-20260101T000000-2")
    }

    @Test func `that cannot be opened is no damage and stays where it is`() throws {
        let place = try Place()
        try FileManager.default.createDirectory(atPath: place.file, withIntermediateDirectories: true)
        let fault = #expect(throws: RecordFault.self) {
            try RecordBook.open(path: place.file, time: "t") { _ in }
        }
        #expect(fault?.isDamage == false)
        #expect(FileManager.default.fileExists(atPath: place.file))
    }

    @Test func `that another program locks misses rows, says so once, and again in the file itself`() throws {
        let place = try Place(), ear = Ear()
        let book = try RecordBook(path: place.file, hear: ear.hear)
        book.take([.filled(Sample.fill(trade: 1))], at: Sample.now)
        #expect(book.finish() == nil)
        let other = try DatabaseQueue(path: place.file)
        try other.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            for trade in 2...60 {
                book.take([.filled(Sample.fill(trade: Int64(trade))), .alert("\(trade)")], at: Sample.now)
            }
            // The first one waits for the other program, those after it do not.
            let began = ContinuousClock.now
            _ = try book.counts()
            #expect(ContinuousClock.now - began < .seconds(2 * RecordBook.patience))
            #expect(ear.heard.count == 1)
            #expect(ear.heard.first?.contains("database is locked") == true)
            #expect(ear.heard.first?.contains("neap rebuild") == true)
            try database.execute(sql: "COMMIT")
        }
        book.take([.filled(Sample.fill(trade: 99))], at: Sample.now)
        let fault = book.finish()
        #expect(fault?.contains("118 rows") == true, "\(fault ?? "")")
        #expect(ear.heard.count == 1, "one alert, and not one per row")
        #expect(try book.strings("SELECT trade_id FROM fills ORDER BY id") == ["1", "99"])
        #expect(try book.alerts(latest: 9).map { $0.contains("118 rows") } == [true])
        try book.close()
        #expect(
            try RecordReader(path: place.file).read { try $0.mayLackRows(isWritten: false) },
            "whoever reads it is told")
    }

    @Test func `whose disk is full misses rows and goes on when there is room again`() throws {
        let place = try Place(), ear = Ear()
        let book = try RecordBook(path: place.file, hear: ear.hear)
        let pages = try book.queue.read { try Int.fetchOne($0, sql: "PRAGMA page_count") } ?? 0
        func limit(_ most: Int) throws {
            try book.queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA max_page_count = \(most)")
            }
        }
        try limit(pages)
        let long = String(repeating: "x", count: 10_000)
        for number in 1...5 { book.take([.alert(long + "\(number)")], at: Sample.now) }
        #expect(book.finish()?.contains("5 rows") == true)
        #expect(ear.heard.count == 1)
        #expect(ear.heard.first?.contains("full") == true, "\(ear.heard)")
        try limit(1_000_000)
        book.take([.alert("after")], at: Sample.now)
        _ = book.finish()
        #expect(try book.alerts(latest: 9).contains("after"))
        #expect(ear.heard.count == 1)
    }

    @Test func `that cannot be written any more says so once`() throws {
        let place = try Place(), ear = Ear()
        try written(place)
        let book = try RecordBook(path: place.file, hear: ear.hear)
        try book.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        for number in 1...3 { book.take([.alert("\(number)")], at: Sample.now) }
        #expect(book.finish() != nil)
        #expect(ear.heard.count == 1)
        #expect(ear.heard.first?.contains("readonly") == true, "\(ear.heard)")
        #expect(try book.rounds(latest: 9).count == 1, "what is there can be read")
    }

    @Test func `takes a turn's rows all or none`() throws {
        let place = try Place()
        let book = try RecordBook(path: place.file)
        try book.queue.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER no BEFORE INSERT ON alerts BEGIN SELECT RAISE(ABORT, 'no'); END
                    """)
        }
        book.take([.filled(Sample.fill()), .alert("refused")], at: Sample.now)
        #expect(book.finish()?.contains("2 rows") == true)
        #expect(try book.counts().map(\.rows) == [0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: [true, false])
    func `remembers that the run before was cut off`(isCutOff: Bool) throws {
        let place = try Place()
        do {
            let book = try RecordBook(path: place.file)
            #expect(!book.wasCutOff)
            book.take([.filled(Sample.fill())], at: Sample.now)
            // A killed process leaves the file as it is: nothing ends it.
            if isCutOff { _ = try book.counts() } else { #expect(book.finish() == nil) }
            try book.close()
        }
        #expect(
            try RecordReader(path: place.file).read { try $0.mayLackRows(isWritten: false) } == isCutOff)
        let next = try RecordBook(path: place.file)
        #expect(next.wasCutOff == isCutOff)
        #expect(next.finish() == nil)
        try next.close()
        #expect(
            try RecordReader(path: place.file).read { try $0.mayLackRows(isWritten: false) } == isCutOff,
            "a run that ends well does not bring back what the one before lacks")
    }
}
