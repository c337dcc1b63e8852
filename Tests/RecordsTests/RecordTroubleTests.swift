import Core
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Records

/// What a book had to say: a dash for each change of its trouble.
private final class Ear: Sendable {
    private let texts = Mutex<[String]>([])
    var heard: [String] { texts.withLock { $0 } }
    var hear: @Sendable (String?) -> Void { { text in self.texts.withLock { $0.append(text ?? "–") } } }
}

extension RecordBook {
    /// Tries again and waits for what comes of it.
    fileprivate func tryAndWait() {
        tryAgain()
        wait()
    }

    fileprivate func wait() { queue.writeWithoutTransaction { _ in } }
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
        #expect(book.trouble?.contains("was damaged and is \(damaged ?? "")") == true)
        book.take([.filled(Sample.fill())], at: Sample.now)
        book.wait()
        #expect(try book.counts().map(\.rows) == [0, 0, 0, 0, 0, 0] && book.trouble != nil)
        book.tryAndWait()
        #expect(book.trouble == nil, "it is over when the new one has been written to")
        #expect(book.finish() == nil)
        #expect(try RecordReader(path: place.file).read { try $0.mayLackRows(isWritten: false) })
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

    @Test func `that another program locks is written when the lock is gone, in order and whole`() throws {
        let place = try Place(), ear = Ear()
        let book = try RecordBook(path: place.file, hear: ear.hear)
        book.take([.filled(Sample.fill(trade: 1))], at: Sample.now)
        var unsafe = Configuration()
        unsafe.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: place.file, configuration: unsafe)
        book.wait()
        try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
        let began = ContinuousClock.now
        for trade in 2...60 {
            book.take([.filled(Sample.fill(trade: Int64(trade))), .alert("\(trade)")], at: Sample.now)
        }
        book.wait()
        #expect(ContinuousClock.now - began >= .seconds(RecordBook.patience) * 0.9, "it waits for a while")
        #expect(book.trouble?.contains("database is locked") == true)
        #expect(ear.heard == ["–"])
        // A further try finds it locked at once, and is no news.
        let again = ContinuousClock.now
        for _ in 1...5 { book.tryAndWait() }
        #expect(ContinuousClock.now - again < .seconds(RecordBook.patience))
        #expect(ear.heard == ["–"] && book.trouble != nil && !book.isLost)
        #expect(try book.strings("SELECT trade_id FROM fills") == ["1"], "reading goes on")
        try other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        book.take([.filled(Sample.fill(trade: 61))], at: Sample.now)
        book.wait()
        #expect(book.trouble != nil, "only a try ends it")
        book.tryAndWait()
        #expect(book.trouble == nil)
        #expect(ear.heard == ["–", "–"])
        #expect(try book.strings("SELECT trade_id FROM fills ORDER BY id") == (1...61).map { "\($0)" })
        #expect(book.finish() == nil)
        try book.close()
        #expect(try RecordReader(path: place.file).read { try !$0.mayLackRows(isWritten: false) })
    }

    @Test func `whose disk is full is written when there is room again`() throws {
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
        book.wait()
        #expect(ear.heard == ["–"])
        #expect(book.trouble?.contains("full") == true, "\(book.trouble ?? "")")
        for _ in 1...3 { book.tryAndWait() }
        #expect(try book.alerts(latest: 9).isEmpty && ear.heard == ["–"])
        try limit(1_000_000)
        book.tryAndWait()
        #expect(book.trouble == nil && ear.heard == ["–", "–"])
        #expect(
            try book.strings("SELECT substr(text, -1) FROM alerts ORDER BY id") == ["1", "2", "3", "4", "5"])
        #expect(book.finish() == nil)
    }

    @Test func `that is read-only to the end of the run says at its end how much is missing`() throws {
        let place = try Place(), ear = Ear()
        try written(place)
        let book = try RecordBook(path: place.file, hear: ear.hear)
        try book.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        for number in 1...3 { book.take([.alert("\(number)")], at: Sample.now) }
        book.wait()
        #expect(book.trouble?.contains("readonly") == true, "\(book.trouble ?? "")")
        book.tryAndWait()
        #expect(ear.heard == ["–"])
        #expect(book.finish()?.contains("3 rows") == true)
        #expect(try book.rounds(latest: 9).count == 1, "what is there can be read")
        try book.close()
        #expect(try RecordReader(path: place.file).read { try $0.mayLackRows(isWritten: false) })
    }

    @Test func `keeps no more rows waiting than it may, and the file says what it lacks`() throws {
        let place = try Place(), ear = Ear()
        let book = try RecordBook(path: place.file, hear: ear.hear)
        try book.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        let most = RecordBook.waitingMost
        for number in 1...(most + 7) { book.take([.alert("\(number)")], at: Sample.now) }
        book.wait()
        #expect(ear.heard == ["–"])
        try book.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
        book.tryAndWait()
        #expect(book.trouble == nil, "what is missing can be had from the journal")
        #expect(try book.strings("SELECT count(*) FROM alerts") == ["\(most + 1)"])
        #expect(try book.alerts(latest: 1).first?.contains("7 rows could not be written") == true)
        #expect(book.finish()?.contains("7 rows") == true)
        try book.close()
        #expect(try RecordReader(path: place.file).read { try $0.mayLackRows(isWritten: false) })
    }

    /// Overwrites the middle of a file that a book has open.
    private func spoil(_ place: Place, _ book: RecordBook) throws {
        try book.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        let file = try FileHandle(forUpdating: URL(filePath: place.file))
        let bytes = try file.seekToEnd()
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0x5A, count: Int(bytes) - 8192))
        try file.close()
    }

    @Test(arguments: ["read through", "written", "read"])
    func `that is damaged while it is open takes nothing more, and the next start begins anew`(
        found: String
    ) throws {
        let place = try Place(), ear = Ear()
        try written(place, rounds: 400)
        let book = try RecordBook(path: place.file, hear: ear.hear)
        try spoil(place, book)
        switch found {
        case "read through": book.checkFile()
        case "written":
            try book.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA shrink_memory") }
            book.take([.roundClosed(Sample.round(closed: Sample.now + .seconds(9999)))], at: Sample.now)
        default:
            try book.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA shrink_memory") }
            #expect(throws: RecordFault.self) { try book.rounds(latest: 9) }
        }
        book.wait()
        #expect(book.isLost)
        #expect(book.trouble?.contains("records.sqlite is damaged") == true, "\(book.trouble ?? "")")
        for number in 1...3 { book.take([.alert("\(number)")], at: Sample.now) }
        book.tryAndWait()
        #expect(book.isLost && ear.heard == ["–"], "one word, and no try that could make it worse")
        #expect(book.finish()?.contains("rows could not be written") == true)
        try book.close()
        let (next, damaged) = try RecordBook.open(path: place.file, time: "t") { _ in }
        #expect(damaged == place.file + ".damaged-t")
        next.tryAndWait()
        #expect(next.trouble == nil)
    }

    @Test(arguments: [true, false])
    func `that is sound is found so, and one that was taken away is not written on`(isReplaced: Bool) throws {
        let place = try Place(), ear = Ear()
        try written(place, rounds: 40)
        let book = try RecordBook(path: place.file, hear: ear.hear)
        book.lookForFile()
        book.checkFile()
        book.wait()
        #expect(book.trouble == nil && ear.heard == [])
        try FileManager.default.moveItem(atPath: place.file, toPath: place.folder + "/elsewhere")
        if isReplaced { try Data("x".utf8).write(to: URL(filePath: place.file)) }
        book.lookForFile()
        book.lookForFile()
        #expect(book.isLost && ear.heard == ["–"])
        #expect(book.trouble?.contains("taken away") == true)
    }

    @Test func `takes a turn's rows all or none; what the tables refuse for itself holds up nothing`() throws
    {
        let place = try Place(), ear = Ear()
        let book = try RecordBook(path: place.file, hear: ear.hear)
        try book.queue.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER no BEFORE INSERT ON alerts WHEN NEW.text = 'refused'
                    BEGIN SELECT RAISE(ABORT, 'no'); END
                    """)
        }
        book.take([.filled(Sample.fill()), .alert("refused")], at: Sample.now)
        book.take([.filled(Sample.fill(trade: 8))], at: Sample.now)
        book.wait()
        #expect(book.trouble == nil)
        #expect(ear.heard.count == 1 && ear.heard[0].contains("refused rows: no"), "\(ear.heard)")
        #expect(book.finish()?.contains("2 rows") == true)
        #expect(try book.strings("SELECT trade_id FROM fills") == ["8"])
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
