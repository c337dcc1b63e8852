import Core
import Foundation
import Journal
import Simulator
import Testing
import Venue

@testable import Host

/// What a run left behind.
private struct Leavings {
    let code: Int32
    let folder: String
    let summary: [String: Any]
    var rounds: Int { summary["rounds"] as? Int ?? -1 }
    var sums: [String] { (summary["ledger_sum"] as? [String: String] ?? [:]).values.sorted() }
    var reasons: [String: Int] { summary["evaluations_by_reason"] as? [String: Int] ?? [:] }
}

/// A demo run of the strategies that ship, or of those given.
private func demo(
    _ folder: TemporaryFolder, seed: UInt64 = 7, seconds: Int64 = 12, segmentBytes: Int = 256 << 20,
    strategies: String = projectFolder + "/strategies", policy: ReloadPolicy? = nil,
    faults: FaultPlan = .none, _ change: (HostRun) -> Void = { _ in }
) throws -> Leavings {
    var configuration = Configuration()
    configuration.data = folder.path + "/data"
    configuration.console = nil
    configuration.strategies = strategies
    (configuration.reloadPolicy, configuration.rehearsalMinutes) = (policy, 1)
    var plan = RunPlan(configuration: configuration)
    (plan.seed, plan.speed, plan.seconds, plan.isSilent) = (seed, 10, seconds, true)
    plan.segmentBytes = segmentBytes
    plan.faults = faults
    let run = try HostRun(plan)
    change(run)
    let code = try run.run()
    let text = try Data(contentsOf: URL(filePath: run.folder.path + "/summary.json"))
    let summary = try JSONSerialization.jsonObject(with: text) as? [String: Any]
    return Leavings(code: code, folder: run.folder.path, summary: summary ?? [:])
}

@Suite struct `A data folder` {
    @Test(arguments: [(7, true), (9, false)])
    func `loses the journals of runs that ended more than JOURNAL_DAYS ago, and nothing else`(
        days: Int, goes: Bool
    ) throws {
        let folder = try TemporaryFolder()
        let now: Int64 = 1_800_000_000
        for (run, age) in [("20260101T000000", Int64(8)), ("20260102T000000", 1)] {
            for file in ["journal/000001.neapj.gz", "journal/000002.neapj", "summary.json"] {
                try folder.write("demo/\(run)/\(file)", "x")
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: Double(now - age * 86_400 - 1))],
                    ofItemAtPath: "\(folder.path)/demo/\(run)/\(file)")
            }
        }
        let data = try DataFolder(data: folder.path, mode: .demo, start: now)
        let emptied = data.removeJournals(olderThanDays: days, now: now)
        #expect(emptied.count == (goes ? 1 : 0))
        let exists = { FileManager.default.fileExists(atPath: folder.path + "/demo/" + $0) }
        #expect(exists("20260101T000000/journal/000001.neapj.gz") == !goes)
        #expect(exists("20260101T000000/summary.json"))
        #expect(exists("20260102T000000/journal/000002.neapj"))
    }
}

@Suite(.serialized) struct `A demo run` {
    @Test(.timeLimit(.minutes(3)))
    func `closes rounds, agrees with the venue, and is repeated by its journal over several segments`() throws
    {
        let folder = try TemporaryFolder()
        let run = try demo(folder, segmentBytes: 1 << 20)
        #expect(run.code == 0)
        #expect(run.rounds >= 1)
        #expect(run.sums.allSatisfy { $0 == "0" })
        #expect(run.summary["venue_matches"] as? Bool == true, "\(run.summary["venue_differences"] ?? "")")
        let log = try String(contentsOfFile: run.folder + "/arbitrage.log", encoding: .utf8)
        let losses = log.split(separator: "\n").filter { $0.contains(" lost: ") }
        #expect(run.summary["gaps"] as? Int == 0, "\(losses)")
        let segments = try FileManager.default.contentsOfDirectory(atPath: run.folder + "/journal").sorted()
        #expect(segments.dropLast().allSatisfy { $0.hasSuffix(".neapj.gz") }, "closed ones are packed")
        #expect(segments.last?.hasSuffix(".neapj") == true)
        let replay = try Replay.play(run.folder)
        #expect(replay.segments >= 2)
        #expect(replay.endedBy == "time")
        #expect(replay.differences == [])
        #expect(replay.street.engine.counters.rounds == run.rounds)
        let net = run.summary["net_pnl_usd"] as? String
        #expect(replay.street.engine.profitByCause.total.description == net)
    }

    @Test(.timeLimit(.minutes(3)))
    func `on an exchange at fault counts each fault, leaves no leg open and is repeated by its journal`()
        throws
    {
        let folder = try TemporaryFolder()
        let plan = "error-503:0.1,gap:0.2,drop-private:0.5,late-fill:0.3,reject-leg:0.1,insta-cancel:0"
        let run = try demo(folder, faults: try FaultPlan.read(plan))
        #expect(run.code == 0, "no leg is open at the end")
        let played = run.summary["faults_played"] as? [String: Int] ?? [:]
        #expect(played.count == 6 && played["insta-cancel"] == 0)
        for name in ["error-503", "gap", "drop-private"] { #expect(played[name] ?? 0 > 0, "\(name)") }
        #expect(run.summary["gaps"] as? Int ?? 0 > 0)
        #expect(run.sums.allSatisfy { $0 == "0" })
        #expect(run.summary["venue_matches"] as? Bool == true, "\(run.summary["venue_differences"] ?? "")")
        #expect(try Replay.play(run.folder).differences == [])
    }

    @Test(.timeLimit(.minutes(3)))
    func `finds a venue that charged one fee wrong`() throws {
        let folder = try TemporaryFolder()
        let run = try demo(folder, seconds: 6) { run in
            run.onVenue = { $0.misChargeNextFee(by: Money("0.00001")!) }
        }
        #expect(run.summary["fills"] as? Int ?? 0 > 0)
        #expect(run.summary["venue_matches"] as? Bool == false)
        #expect((run.summary["venue_differences"] as? [String])?.isEmpty == false)
    }

    @Test(.timeLimit(.minutes(3)))
    func `whose journal was changed by one byte fails to verify and says where`() throws {
        let folder = try TemporaryFolder()
        let run = try demo(folder, seconds: 6)
        let file = URL(filePath: run.folder + "/journal/000001.neapj")
        let whole = try Data(contentsOf: file)

        // One digit of a price that was sent: of a batch, or of an order by itself.
        let name = Data([5, 0, 0, 0]) + Data("price".utf8)
        let price = try #require(whole.range(of: Data("1.price".utf8)) ?? whole.range(of: name))
        let digit = price.upperBound + 4
        var changed = whole
        changed[digit] = changed[digit] == 0x39 ? 0x38 : changed[digit] + 1
        try changed.write(to: file)
        let tampered = try Replay.play(run.folder)
        #expect(tampered.differenceCount >= 1)
        #expect(tampered.differences.contains { $0.field.hasSuffix("price") && $0.turn > 0 })

        // A threshold of the stored source.
        let threshold = try #require(whole.range(of: Data("large_spread  = { 0.40".utf8)))
        changed = whole
        changed[threshold.upperBound - 2] = 0x39  // 0.90
        try changed.write(to: file)
        let other = try Replay.play(run.folder)
        #expect(other.differences.contains { $0.field == "spot_perp_arb.version" })
        #expect(other.differences.contains { $0.turn > 0 && $0.field.hasPrefix("command") })

        // Cut in the middle of a record: what is whole is read and agrees.
        try whole.prefix(whole.count / 2).write(to: file)
        let torn = try Replay.play(run.folder)
        #expect(torn.tornBytes > 0 && torn.endedBy == nil)
        #expect(torn.differences == [])
        #expect(torn.turns > 0)
    }

    @Test(.timeLimit(.minutes(3)))
    func `takes a saved script between two turns and leaves a broken one outside`() throws {
        let folder = try TemporaryFolder()
        let script = { (spread: String) in
            """
            local S = { api = 1, name = "quiet", params = { least = { \(spread), doc = "x" } } }
            function S.score(o, p) if o.gross_pct < p.least then return nil, "small" end return 0.9, 100 end
            return S
            """
        }
        try folder.write("strategies/quiet.lua", script("5.0"))
        let path = folder.path
        let run = try demo(folder, seconds: 60, strategies: path + "/strategies") { run in
            run.onStanding = { standing in
                guard let quiet = standing.scripts.first, quiet.calls > 0 else { return }
                let entered = standing.counters.entries > 0
                let stage = quiet.reloads == 0 ? (entered ? "wrong" : "save") : entered ? "break" : "wait"
                try? stage.write(toFile: path + "/stage", atomically: true, encoding: .utf8)
                let log =
                    (try? String(contentsOfFile: run.folder.path + "/arbitrage.log", encoding: .utf8)) ?? ""
                if stage == "break", log.contains("quiet.lua:1:") { run.end() }
                let text = stage == "save" ? script("0.1") : "local S = {"
                let file = path + "/strategies/quiet.lua"
                guard stage != "wait", (try? String(contentsOfFile: file, encoding: .utf8)) != text else {
                    return
                }
                try? text.write(toFile: file, atomically: true, encoding: .utf8)
            }
        }
        #expect(try String(contentsOfFile: path + "/stage", encoding: .utf8) == "break")
        let scripts = run.summary["scripts"] as? [String: [String: Any]]
        #expect(scripts?["quiet"]?["reloads"] as? Int == 1)
        #expect(run.summary["entries"] as? Int ?? 0 >= 1)
        #expect(run.summary["gaps"] as? Int == 0)
        let log = try String(contentsOfFile: run.folder + "/arbitrage.log", encoding: .utf8)
        #expect(log.components(separatedBy: "quiet.lua:1:").count == 2, "one report with file and line")
        #expect(try Replay.play(run.folder).differences == [])
    }

    /// What it asks for depends on how equal elements come out of a sort that a stock library would begin by
    /// the clock.
    @Test(.timeLimit(.minutes(3)))
    func `whose strategy sorts is repeated to the last contract`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "strategies/sorter.lua",
            """
            local S = { api = 1, name = "sorter" }
            function S.score(o, p)
              if o.gross_pct < 0.3 then return nil, "small" end
              local t = {}
              for i = 1, 300 do t[i] = { key = i * 7919 % 5, place = i } end
              t[1].key, t[150].key = -2, -1
              table.sort(t, function(a, b) return a.key < b.key end)
              return 0.9, o.size_usd * (0.4 + (t[40].place + t[80].place + t[120].place) / 1500)
            end
            return S
            """)
        let run = try demo(folder, seconds: 60, strategies: folder.path + "/strategies") { run in
            run.onStanding = { if $0.counters.entries >= 3 { run.end() } }
        }
        #expect(run.summary["entries"] as? Int ?? 0 >= 3)
        #expect(try Replay.play(run.folder).differences == [])
    }

    @Test func `does not start without a strategy that can run`() throws {
        let folder = try TemporaryFolder()
        try folder.write("strategies/broken.lua", "local S = {")
        #expect(throws: StartFault.self) {
            _ = try demo(folder, seconds: 1, strategies: folder.path + "/strategies")
        }
    }

    @Test func `refuses a name in the file that neither table nor script knows`() throws {
        let folder = try TemporaryFolder()
        var configuration = Configuration()
        configuration.data = folder.path + "/data"
        configuration.strategies = projectFolder + "/strategies"
        configuration.unclaimed = [(3, "MAX_POSITON_SIZE")]
        var plan = RunPlan(configuration: configuration)
        (plan.seconds, plan.isSilent) = (1, true)
        let run = try HostRun(plan)
        do {
            _ = try run.run()
            Issue.record("it started")
        } catch {
            #expect(error.code == 2)
            #expect(error.description.contains("MAX_POSITON_SIZE"))
            #expect(error.description.contains("MAX_POSITION_SIZE"))
        }
    }
}
