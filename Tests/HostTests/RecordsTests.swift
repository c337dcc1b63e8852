import Foundation
import Glibc
import Testing

@testable import Core
@testable import Host
@testable import Records

/// A demo run with few pauses that ends when it has done enough, and the folder it left.
private func demoRun(
    _ folder: TemporaryFolder, seed: UInt64 = 7, until isEnough: @escaping (Counters) -> Bool,
    look: @escaping (HostRun) -> Void = { _ in }, before change: (HostRun) -> Void = { _ in }
) throws -> (path: String, summary: [String: Any]) {
    try folder.write(
        "env",
        """
        COOLDOWN_SECONDS=1
        LOSS_COOLDOWN_SECONDS=1
        MAX_TRADES_PER_DAY=1000
        MAX_FEES_PER_DAY=500
        """)
    var configuration = try RunPlan.configuration(file: folder.path + "/env", mode: .demo, environment: [:])
    (configuration.data, configuration.console) = (folder.path + "/data", nil)
    (configuration.strategies, configuration.rehearsalMinutes) = (projectFolder + "/strategies", 0)
    var plan = RunPlan(configuration: configuration)
    (plan.seed, plan.speed, plan.seconds, plan.isSilent) = (seed, 10, 90, true)
    let run = try HostRun(plan)
    change(run)
    run.onStanding = { [unowned run] standing in
        if standing.counters.fills > 0 { look(run) }
        if isEnough(standing.counters) { run.end() }
    }
    #expect(try run.run() == 0)
    let text = try Data(contentsOf: URL(filePath: run.folder.path + "/summary.json"))
    let summary = try JSONSerialization.jsonObject(with: text) as? [String: Any]
    return (run.folder.path, summary ?? [:])
}

/// All rows of a table in its order, each column as text.
private func rows(_ file: String, _ table: RecordTable) throws -> [[String]] {
    try RecordReader(path: file).read { snapshot in
        var all: [[String]] = []
        try snapshot.rows(of: table, try snapshot.columns(of: table)) { all.append($0.map { "\($0)" }) }
        return all
    }
}

private func column(_ file: String, _ table: RecordTable, _ names: String...) throws -> [[String]] {
    try RecordReader(path: file).read { snapshot in
        var all: [[String]] = []
        try snapshot.rows(of: table, names) { row in
            all.append(
                row.map {
                    switch $0 {
                    case .none: "–"
                    case .number(let number): "\(number)"
                    case .text(let text): text
                    }
                })
        }
        return all
    }
}

@Suite(.serialized) struct `The records of a run` {
    @Test(.timeLimit(.minutes(3)))
    func `balance, agree with the ledger, and come out of the journal row by row`() throws {
        let place = try TemporaryFolder()
        let exported = place.path + "/while-it-runs"
        let run = try demoRun(
            place, until: { $0.rounds >= 3 },
            look: { run in
                guard access(exported, F_OK) != 0 else { return }
                let export = RecordExport(format: .csv, tables: [.fills], from: nil, to: nil)
                do {
                    let folder = try RunFolder(run.folder.path, data: "")
                    let outcome = try export.write(folder, to: exported, replaces: false)
                    #expect(!outcome.mayLackRows, "the mark of a run that writes is no complaint")
                } catch { Issue.record(error) }
            })
        let file = run.path + "/records.sqlite"
        let csv = try String(contentsOfFile: exported + "/fills.csv", encoding: .utf8)
        #expect(csv.split(separator: "\n").count > 1, "\(csv)")

        #expect(try rows(file, .fills).count == run.summary["fills"] as? Int)
        #expect(try rows(file, .orders).count == run.summary["orders_sent"] as? Int)
        let entries = try column(file, .rounds, "entries").flatMap { $0 }
        #expect(entries.count { $0 != "0" } == run.summary["rounds"] as? Int)
        #expect(entries.count >= 3)
        #expect(try column(file, .orders, "end_state").allSatisfy { $0 != ["–"] })

        try expectBalance(file, run.path)
        try expectCauses(file)

        // Without the old file everything comes from the journal, versions of scripts as well.
        let kept = run.path + "/kept.sqlite"
        try FileManager.default.moveItem(atPath: file, toPath: kept)
        let outcome = try Rebuild(run: RunFolder(run.path, data: "")).make()
        #expect(outcome.journals == 1 && outcome.carried == 0 && outcome.unreadable == nil)
        for table in RecordTable.facts {
            let isEqual = try rows(file, table) == rows(kept, table)
            #expect(isEqual, "\(table.name)")
        }
        let book = try RecordBook(path: file), before = try RecordBook(path: kept)
        let versions = try book.versions(latest: 9)
        #expect(versions.map(\.script) == ["observer", "spot_perp_arb"])
        #expect(versions.map(\.version) == (try before.versions(latest: 9).map(\.version)))
        #expect(versions.map(\.summary) == (try before.versions(latest: 9).map(\.summary)))
        #expect(versions.allSatisfy { $0.fate == .active })
    }

    /// Each asset sums to zero, for each owner as well, and each account has what the ledger has.
    private func expectBalance(_ file: String, _ path: String) throws {
        let ledger = try Replay.play(path).street.engine.ledger
        var sums: [String: Money] = [:], balances: [String: Money] = [:]
        for row in try column(file, .postings, "owner", "account", "asset", "amount") {
            let amount = try #require(Money(row[3]))
            sums["\(row[0]) \(row[2])", default: .zero] += amount
            balances["\(row[0]) \(row[1]) \(row[2])", default: .zero] += amount
        }
        #expect(sums.count >= 5)
        for (what, sum) in sums { #expect(sum == .zero, "\(what)") }
        let expected = ledger.rows.map {
            ("\($0.account.owner) \($0.account.name.rawValue) \($0.asset)", $0.balance)
        }
        #expect(balances == Dictionary(uniqueKeysWithValues: expected))
    }

    private func expectCauses(_ file: String) throws {
        let names = ["basis", "crossing", "leg_risk", "fees", "funding", "borrow", "residual"]
        for row in try RecordReader(path: file).read({ snapshot in
            var all: [[RecordValue]] = []
            try snapshot.rows(of: .rounds, ["net_usd"] + names.map { $0 + "_usd" }) { all.append($0) }
            return all
        }) {
            let amounts = row.compactMap { if case .text(let text) = $0 { Money(text) } else { nil } }
            #expect(amounts.count == 8)
            #expect(amounts.dropFirst().reduce(Money.zero, +) == amounts.first)
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `of several runs are made anew in order, and nothing replaces the old file but a whole new one`()
        throws
    {
        let place = try TemporaryFolder(), files = FileManager.default
        let first = try demoRun(place, seed: 7, until: { $0.fills >= 2 })
        let second = try demoRun(
            place, seed: 8, until: { $0.fills >= 2 },
            before: { run in
                // Ids go on where the first run ended, as they do in a folder that runs share.
                try? files.copyItem(
                    atPath: first.path + "/client-ids", toPath: run.folder.path + "/client-ids")
            })
        let live = place.path + "/data/live", journals = live + "/journal"
        try files.createDirectory(atPath: journals, withIntermediateDirectories: true)
        for run in [first, second] {
            let name = URL(filePath: run.path).lastPathComponent
            try files.copyItem(atPath: run.path + "/journal", toPath: journals + "/" + name)
        }
        let folder = try RunFolder(live, data: "")
        #expect(folder.journals.count == 2)
        let rebuild = Rebuild(run: folder)
        #expect(try rebuild.make().journals == 2)
        let parts = try [first, second].map { try rows($0.path + "/records.sqlite", .fills) }
        #expect(parts.allSatisfy { !$0.isEmpty })
        let both = try rows(folder.records, .fills)
        // The clocks of the two demos overlap: their rows lie between each other.
        #expect(both.count == parts[0].count + parts[1].count && Set(both) == Set(parts[0] + parts[1]))

        // What happened before is in no journal any more: it stays as it is.
        let early = Timestamp(milliseconds: 1_700_000_000_000)
        let old = try RecordBook(path: folder.records)
        old.take([.filled(Self.fill), .alert("before"), .posted([Self.posting])], at: early)
        #expect(old.finish() == nil)
        try old.close()
        let outcome = try rebuild.make()
        #expect(outcome.journals == 2 && outcome.carried == 3, "a fill and two sides of a posting")
        let isBoth = try Array(rows(folder.records, .fills).dropFirst()) == both
        #expect(isBoth)
        #expect(try column(folder.records, .fills, "at_ms", "price").first == ["1700000000000", "150.01"])
        #expect(try column(folder.records, .alerts, "text").first == ["before"])

        try expectUntouched(rebuild, by: "a host runs here") { body in
            let locks = try folder.lock()
            defer { withExtendedLifetime(locks) {} }
            try body(rebuild)
        }
        try expectUntouched(rebuild, by: "stopped") { body in
            var stopped = rebuild
            stopped.isStopped = { true }
            try body(stopped)
        }
        let segment = URL(filePath: folder.journals[0] + "/000001.neapj")
        let whole = try Data(contentsOf: segment)
        // One bit, in the middle, in the script of the first record and near the end.
        for place in [whole.count / 2, 5_000, whole.count - 200] {
            var changed = whole
            changed[place] ^= 1
            try changed.write(to: segment)
            try expectUntouched(rebuild, by: "record [0-9]+ is damaged: 000001.neapj:[0-9]+") {
                try $0(rebuild)
            }
        }
        // Cut in its last record, or in its first, as a killed process leaves it.
        for (left, journalsPlayed) in [(whole.dropLast(5), 2), (whole.prefix(100), 1)] {
            try left.write(to: segment)
            let outcome = try rebuild.make()
            #expect(outcome.journals == journalsPlayed)
            #expect(outcome.torn.map(\.path) == [folder.journals[0]])
            #expect(outcome.torn.allSatisfy { $0.bytes > 0 })
        }
        try whole.write(to: segment)

        // A damaged old file is kept; what only it knew is lost, and that is said.
        try Data(repeating: 7, count: 9000).write(to: URL(filePath: folder.records))
        let anew = try rebuild.make()
        #expect(anew.unreadable != nil)
        #expect(try Data(contentsOf: URL(filePath: anew.aside ?? "")).count == 9000)
        let isWhole = try rows(folder.records, .fills) == both
        #expect(isWhole)
        let versions = try RecordBook(path: folder.records).versions(latest: 9)
        #expect(versions.map(\.script) == ["observer", "spot_perp_arb"])
    }

    private static let posting = Posting(
        from: Account("a", .trades), to: Account("a", .venue), asset: .usdc, amount: Money(-1), cause: .fill,
        reference: "x")
    private static let fill = BookedFill(
        fill: Fill(
            instrument: InstrumentID(0), side: .buy, price: Price("150.01")!, quantity: Quantity("1")!,
            fee: .zero, feeAsset: .usdc, tradeID: 1, venueOrderID: VenueOrderID("x"), clientOrderID: nil,
            liquidity: .taker, venueTime: Timestamp(milliseconds: 1_700_000_000_000)), symbol: "SOL_USDC",
        owner: "a", pair: "SOL", leg: .spot, order: nil, origin: nil, attribution: .house)

    /// The attempt fails, says why, and leaves the file and nothing beside it.
    private func expectUntouched(
        _ rebuild: Rebuild, by reason: String, _ attempt: ((Rebuild) throws -> Void) throws -> Void
    ) throws {
        let file = URL(filePath: rebuild.run.records), before = try Data(contentsOf: file)
        let names = DataFolder.names(in: rebuild.run.path)
        let fault = #expect(throws: StartFault.self) { try attempt { _ = try $0.make() } }
        let text = fault?.description ?? ""
        #expect(text.contains(try Regex(reason)), "\(text)")
        #expect(try Data(contentsOf: file) == before)
        #expect(DataFolder.names(in: rebuild.run.path) == names)
    }

    @Test func `cannot be made without a journal`() throws {
        let place = try TemporaryFolder()
        try place.write("run/records.sqlite", "x")
        let fault = #expect(throws: StartFault.self) {
            try Rebuild(run: RunFolder(place.path + "/run", data: "")).make()
        }
        #expect(fault?.description.contains("no journal") == true)
        #expect(try String(contentsOfFile: place.path + "/run/records.sqlite", encoding: .utf8) == "x")
    }

    @Test(.timeLimit(.minutes(3)))
    func `that are damaged at the start are put aside with one alert, and trading goes on`() throws {
        let place = try TemporaryFolder()
        let run = try demoRun(
            place, until: { $0.fills >= 2 },
            before: { run in
                try? Data(repeating: 9, count: 5000).write(
                    to: URL(filePath: run.folder.path + "/records.sqlite"))
            })
        let file = run.path + "/records.sqlite"
        #expect(run.summary["fills"] as? Int ?? 0 > 0)
        #expect(run.summary["venue_matches"] as? Bool == true)
        #expect(try rows(file, .fills).count == run.summary["fills"] as? Int)
        let alerts = try column(file, .alerts, "text").flatMap { $0 }.filter { $0.contains("damaged") }
        #expect(alerts.count == 1)
        #expect(alerts.first?.contains("neap rebuild \(run.path)") == true)
        let log = try String(contentsOfFile: run.path + "/arbitrage.log", encoding: .utf8)
        #expect(log.components(separatedBy: "was damaged").count == 2)
        #expect(DataFolder.names(in: run.path).count { $0.hasPrefix("records.sqlite.damaged-") } == 1)
    }

    @Test(.timeLimit(.minutes(3)))
    func `that cannot be had are told of once, and trading goes on`() throws {
        let place = try TemporaryFolder()
        let run = try demoRun(
            place, until: { $0.fills >= 2 },
            before: { run in
                try? FileManager.default.createDirectory(
                    atPath: run.folder.path + "/records.sqlite", withIntermediateDirectories: true)
            })
        #expect(run.summary["fills"] as? Int ?? 0 > 0)
        #expect(run.summary["venue_matches"] as? Bool == true)
        let log = try String(contentsOfFile: run.path + "/arbitrage.log", encoding: .utf8)
        #expect(log.split(separator: "\n").count { $0.contains("records.sqlite") } == 1)
        try FileManager.default.removeItem(atPath: run.path + "/records.sqlite")
        _ = try Rebuild(run: RunFolder(run.path, data: "")).make()
        #expect(try rows(run.path + "/records.sqlite", .fills).count == run.summary["fills"] as? Int)
    }
}

@Suite struct `A run's folder` {
    @Test func `is the last run's when none is named, whatever its mode`() throws {
        let place = try TemporaryFolder()
        let nothing = #expect(throws: StartFault.self) { try RunFolder(nil, data: place.path) }
        #expect(nothing?.description.contains("holds no run") == true)
        try place.write("demo/20260102T000000/records.sqlite", "")
        try place.write("demo/20260101T000000/records.sqlite", "")
        try place.write("demo/20260109T000000/summary.json", "no run without records or journal")
        #expect(try RunFolder(nil, data: place.path).path == place.path + "/demo/20260102T000000")
        try place.write("live/journal/20260103T000000/000001.neapj", "")
        #expect(try RunFolder(nil, data: place.path).path == place.path + "/live")
        try place.write("demo/20260104T000000/journal/000001.neapj.gz", "")
        let last = try RunFolder(nil, data: place.path)
        #expect(last.path == place.path + "/demo/20260104T000000")
        #expect(last.journals == [last.path + "/journal"])
    }

    @Test func `that is named must be one`() throws {
        let place = try TemporaryFolder()
        try place.write("run/records.sqlite", "")
        #expect(try RunFolder(place.path + "/run//", data: "").path == place.path + "/run")
        let fault = #expect(throws: StartFault.self) { try RunFolder(place.path, data: "") }
        #expect(fault?.description.contains(place.path) == true)
    }
}
