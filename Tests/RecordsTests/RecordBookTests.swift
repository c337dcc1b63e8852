import Core
import Foundation
import GRDB
import Testing

@testable import Records

@Suite struct `The database people query` {
    @Test func `keeps rounds and alerts in order, to the last digit, over a restart`() throws {
        let place = try Place()
        let now = Timestamp(milliseconds: 1_790_000_000_123)
        do {
            let book = try RecordBook(path: place.file)
            for (count, net) in ["0.000000000001", "-123456789.123456789012"].enumerated() {
                let round = Sample.round(
                    owner: "s'; DROP TABLE rounds", closed: now + .milliseconds(Int64(count)), net: net)
                book.take([.needsIDs, .alert("number \(count)"), .roundClosed(round)], at: now)
            }
            #expect(book.finish() == nil)
        }
        let book = try RecordBook(path: place.file)
        let rounds = try book.rounds(latest: 10)
        #expect(rounds.map(\.net.description) == ["-123456789.123456789012", "0.000000000001"])
        #expect(rounds.last?.closed == now)
        #expect(rounds.first?.script == "s'; DROP TABLE rounds")
        #expect(try book.rounds(latest: 1).count == 1)
        #expect(try book.alerts(latest: 10) == ["number 1", "number 0"])
    }

    @Test func `says which file it cannot use`() {
        let error = #expect(throws: RecordFault.self) { try RecordBook(path: "/nowhere/at/all.sqlite") }
        #expect(error?.description.contains("/nowhere/at/all.sqlite") == true)
    }

    @Test func `has a fact once that is told twice, from another run as well`() throws {
        let place = try Place()
        let facts: [Note] = [
            .filled(Sample.fill()), .order(Sample.order(.sent)),
            .order(Sample.order(.closed(.filled), executed: "1.5")),
            .posted(Sample.postings), .settled(Sample.settlement()), .roundClosed(Sample.round()),
            .unwound(Sample.round(closed: Sample.now + .seconds(9), entries: 0)), .alert("once"),
        ]
        for _ in 1...2 {
            let book = try RecordBook(path: place.file)
            for _ in 1...2 { book.take(facts, at: Sample.now) }
            #expect(book.finish() == nil)
            #expect(
                try book.counts().map(\.rows) == [1, 1, 6, 2, 1, 1],
                "fills, orders, postings, rounds, settlements, alerts")
        }
    }

    @Test func `has an execution for each who owns a part of it`() throws {
        let place = try Place()
        let book = try RecordBook(path: place.file)
        book.take(
            [
                .filled(Sample.fill(owner: "a", attribution: .taken)),
                .filled(Sample.fill(owner: "house", attribution: .house)),
            ], at: Sample.now)
        #expect(book.finish() == nil)
        #expect(try book.strings("SELECT script FROM fills ORDER BY id") == ["a", "house"])
    }

    @Test func `has a round once that two runs closed`() throws {
        let place = try Place()
        let book = try RecordBook(path: place.file)
        let first = Sample.round(closed: Sample.now, opened: Sample.now - .seconds(7))
        let second = Sample.round(closed: Sample.now + .seconds(3), opened: Sample.now - .seconds(7))
        book.take([.roundClosed(first)], at: first.closed)
        book.take([.roundClosed(second)], at: second.closed)
        #expect(book.finish() == nil)
        #expect(try book.rounds(latest: 9).map(\.closed) == [first.closed])
    }

    @Test func `leaves an execution and a settlement to whom they were given first`() throws {
        let place = try Place()
        let book = try RecordBook(path: place.file)
        func tell(_ owner: String, at moment: Timestamp) {
            book.take(
                [
                    .filled(Sample.fill(owner: owner)), .posted([Sample.posting(owner: owner)]),
                    .settled(Sample.settlement(owner: owner)),
                ], at: moment)
        }
        // Two parts in one turn, and a later run that knows neither of them.
        tell("a", at: Sample.now)
        tell("b", at: Sample.now)
        tell("house", at: Sample.now + .milliseconds(1))
        #expect(book.finish() == nil)
        #expect(try book.strings("SELECT script FROM fills ORDER BY id") == ["a", "b"])
        #expect(try book.strings("SELECT owner FROM postings ORDER BY id") == ["a", "a", "b", "b"])
        #expect(try book.strings("SELECT script FROM settlements ORDER BY id") == ["a", "b"])
    }

    @Test func `keeps the end of an order whatever is told after it`() throws {
        let place = try Place()
        let book = try RecordBook(path: place.file)
        func row() throws -> [String] {
            #expect(book.finish() == nil)
            return try book.strings(
                """
                SELECT venue_order_id FROM orders UNION ALL SELECT end_state FROM orders
                UNION ALL SELECT executed FROM orders UNION ALL SELECT reason FROM orders
                """)
        }
        book.take([.order(Sample.order(.sent))], at: Sample.now)
        #expect(try row() == ["–", "–", "0", "–"])
        let end = Sample.order(.closed(.expired), executed: "0.5", reason: "POST_ONLY_TAKER", venue: "v9")
        book.take([.order(end)], at: Sample.now)
        #expect(try row() == ["v9", "expired", "0.5", "POST_ONLY_TAKER"])
        book.take([.order(Sample.order(.sent))], at: Sample.now)
        #expect(try row() == ["v9", "expired", "0.5", "POST_ONLY_TAKER"])
        let late = Sample.order(.closed(.expired), executed: "0.75", reason: "POST_ONLY_TAKER", venue: "v9")
        book.take([.order(late)], at: Sample.now)
        #expect(try row() == ["v9", "expired", "0.75", "POST_ONLY_TAKER"])
    }

    @Test(arguments: [
        (OrderState.closed(.filled), "filled"), (.closed(.cancelled), "cancelled"),
        (.closed(.expired), "expired"), (.closed(.triggerFailed), "trigger failed"),
        (.rejected, "rejected"), (.working, "–"), (.cancelling, "–"), (.unknown, "–"),
    ])
    func `has a word for each end of an order`(state: OrderState, word: String) throws {
        let place = try Place()
        let book = try RecordBook(path: place.file)
        book.take([.order(Sample.order(state))], at: Sample.now)
        #expect(book.finish() == nil)
        #expect(try book.strings("SELECT end_state FROM orders") == [word])
    }

    @Test func `has both sides of a posting, so that each asset sums to zero`() throws {
        let place = try Place()
        let book = try RecordBook(path: place.file)
        book.take([.posted(Sample.postings)], at: Sample.now)
        #expect(book.finish() == nil)
        let rows = try book.strings(
            "SELECT owner || ' ' || account || ' ' || against || ' ' || asset || ' ' || amount FROM postings")
        #expect(
            rows == [
                "a trades venue SOL -1.5", "a venue trades SOL 1.5", "a trades venue USDC 225.015",
                "a venue trades USDC -225.015", "a venue fees USDC -0.000000000001",
                "a fees venue USDC 0.000000000001",
            ])
    }

    @Test func `keeps the rounds and alerts of a file that an earlier version made`() throws {
        let place = try Place()
        let old = try DatabaseQueue(path: place.file)
        try old.write {
            try $0.execute(
                sql: """
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    INSERT INTO grdb_migrations VALUES ('rounds, versions, alerts'),
                        ('versions with source and steps');
                    CREATE TABLE rounds (id INTEGER PRIMARY KEY, closed_ms INTEGER NOT NULL,
                        script TEXT NOT NULL, pair TEXT NOT NULL, reason TEXT NOT NULL,
                        net_usd TEXT NOT NULL, seconds INTEGER NOT NULL);
                    INSERT INTO rounds VALUES (1, 7000, 'a', 'SOL', 'converged', '0.5', 3),
                        (2, 8000, 'a', 'SOL', 'max hold', '-0.25', 4);
                    CREATE TABLE alerts (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, text TEXT NOT NULL);
                    INSERT INTO alerts VALUES (1, 5, 'x'), (2, 5, 'x'), (3, 6, 'y');
                    """)
        }
        try old.close()
        let book = try RecordBook(path: place.file)
        #expect(try book.rounds(latest: 9).map(\.reason) == ["max hold", "converged"])
        #expect(try book.alerts(latest: 9) == ["y", "x"])
        #expect(try book.strings("SELECT basis_usd FROM rounds") == ["–", "–"])
    }
}

@Suite struct `The page on the records` {
    /// `## table` followed by a Markdown table whose first column has names in backticks.
    private func documented() throws -> [String: [String]] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/records.md")
        var tables: [String: [String]] = [:], table: String?
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("#") { table = nil }
            if let match = line.wholeMatch(of: /### `(\w+)`/) { table = String(match.1) }
            guard let table, let match = line.prefixMatch(of: /\| `(\w+)` \|/) else { continue }
            tables[table, default: []].append(String(match.1))
        }
        return tables
    }

    @Test func `explains each column of each table, and none that is not there`() throws {
        let place = try Place()
        let book = try RecordBook(path: place.file)
        let tables = try book.strings(
            """
            SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
                AND name <> 'grdb_migrations' ORDER BY name
            """)
        let page = try documented()
        #expect(page.keys.sorted() == tables)
        for table in tables {
            #expect(
                page[table] == (try book.strings("SELECT name FROM pragma_table_info('\(table)')")),
                "\(table)")
        }
    }
}

@Suite struct `A database that takes over from an older one` {
    private func facts(_ owner: String) -> [Note] {
        [
            .filled(Sample.fill(owner: owner)), .posted([Sample.posting(owner: owner)]),
            .settled(Sample.settlement(owner: owner)), .alert("by \(owner)"),
        ]
    }

    @Test func `has what lies outside the journals, all alerts, and each execution with its first owner`()
        throws
    {
        let older = try Place(), place = try Place()
        let early = Sample.now - .seconds(10), late = Sample.now + .seconds(10)
        let old = try RecordBook(path: older.file)
        old.take(facts("a"), at: early)
        old.take([.filled(Sample.fill(trade: 8)), .alert("inside")], at: Sample.now)
        old.take([.filled(Sample.fill(trade: 9))], at: late)
        #expect(old.finish() == nil)
        let book = try RecordBook(path: place.file)
        // The journal of a later run comes upon what the earlier one did.
        book.take(facts("house"), at: Sample.now)
        let span = (Sample.now - .milliseconds(1))...(Sample.now + .milliseconds(1))
        let count = try book.carryFacts(from: RecordReader(path: older.file), outside: [span])
        #expect(count == 1 + 2 + 1 + 1, "an execution, its postings, a settlement; the late execution")
        #expect(
            try book.strings("SELECT trade_id || script FROM fills ORDER BY trade_id") == ["7a", "9a"])
        #expect(try book.strings("SELECT script FROM settlements") == ["a"])
        #expect(try book.strings("SELECT DISTINCT at_ms FROM postings") == ["\(early.milliseconds)"])
        #expect(try book.alerts(latest: 9) == ["inside", "by house", "by a"])
    }

    @Test func `has every version with its files and steps`() throws {
        let older = try Place(), place = try Place()
        let old = try RecordBook(path: older.file)
        for (version, step) in [("1f", VersionStep.active), ("2e", .refused)] {
            let files = VersionFiles(
                version: version, files: [("", Array("-- \(version)".utf8)), ("lib", [0x31])])
            old.keep("a", files, summary: "s", at: Sample.now)
            old.step("a", version, step, "why", at: Sample.now)
        }
        #expect(old.finish() == nil)
        let book = try RecordBook(path: place.file)
        try book.carryVersions(from: RecordReader(path: older.file))
        #expect(try book.versions(latest: 9) == old.versions(latest: 9))
        #expect(try book.versions(latest: 9).count == 2)
        #expect(try book.version(of: "a", before: "3d") == old.version(of: "a", before: "3d"))
        #expect(try book.steps(of: "a").map(\.step) == ["seen", "active", "seen", "refused"])
    }

    @Test func `takes nothing of versions from one that cannot be read whole`() throws {
        let older = try Place(), place = try Place()
        let old = try RecordBook(path: older.file)
        old.keep("a", VersionFiles(version: "1f", files: []), summary: "", at: Sample.now)
        #expect(old.finish() == nil)
        try old.queue.write { try $0.execute(sql: "DROP TABLE version_steps") }
        let book = try RecordBook(path: place.file)
        #expect(throws: RecordFault.self) {
            try book.carryVersions(from: RecordReader(path: older.file))
        }
        #expect(try book.versions(latest: 9).isEmpty)
    }
}
