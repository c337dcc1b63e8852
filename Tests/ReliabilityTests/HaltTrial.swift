#if KillPoints
    import Core
    import Foundation
    import Venue
    import Wire

    @testable import Host
    @testable import Records

    /// The ways to halt a host.
    enum HaltWay: String, CaseIterable, Sendable {
        case command = "`neap halt`"
        case signal = "SIGUSR1"
        case file = "the file HALT"
        /// The process stands still; only its guardian can act.
        case stuck = "the file HALT, host stopped"
    }

    /// What a halt did, in milliseconds from its moment: of the command its start, of the signal its sending,
    /// of the file its making.
    struct HaltResult: Sendable {
        let way: HaltWay
        /// Orders at the exchange at that moment, and whether a leg was open.
        let resting: Int, wasNaked: Bool
        /// Orders that raise risk and came after it.
        var entries: [Double] = []
        var cancels: [Double] = []
        var calm: Double?
        /// What came after it, by name, until the purposes are read.
        var orders: [(client: UInt32, at: Double)] = []
    }

    /// A host whose posts rest in five markets and fill by chance, halted again and again.
    final class HaltTrial {
        private let way: HaltWay
        private let stage: LiveStage
        private var process: HostProcess?
        private var chance: SystemRandomless

        init(_ way: HaltWay, seed: UInt64) throws {
            (self.way, chance) = (way, SystemRandomless(seed: seed))
            let bases = ["SOL", "BTC", "ETH", "SUI", "JUP"]
            var setting = VenueConfiguration()
            (setting.seed, setting.keepsStamps, setting.requestsPerMinute) = (7, true, nil)
            // The legs stand apart nearly all the time, so that posts rest nearly all the time.
            setting.market = .generated(
                dislocations: bases.flatMap { base in
                    stride(from: Int64(2), to: 900, by: 6).map { (base, $0) }
                }, only: bases)
            stage = try LiveStage(
                setting, cash: 20_000, bases: bases,
                settings: [
                    "COOLDOWN_SECONDS=0", "LOSS_COOLDOWN_SECONDS=0", "LOSING_ROUNDS_MAX=1000",
                    "MAX_TRADES_PER_DAY=10000", "MAX_DAILY_LOSS=5000", "MAX_FEES_PER_DAY=5000",
                    "MAX_TOTAL_EXPOSURE=2000", "MAX_GROSS_EXPOSURE=4000", "INDEX_DEVIATION_MAX=5",
                    "MIN_NET_EDGE=0", "MAX_UNHEDGED_USD=2000",
                ], strategies: [("pair", Self.strategy)])
        }

        /// Posts wherever it earns, leaves half a second after.
        private static let strategy = """
            local S = { api = 1, name = "pair", replaces = { "converged", "funding_stop", "max_hold" } }
            function S.score(o, p)
              if o.net_rest_spot_pct > 0 then return 0.9, 150 end
              return nil, "waits"
            end
            function S.choose(o, p)
              return "maker", { rest = "spot", peg = "touch", timeout_s = 30, fallback = "cancel" }
            end
            function S.exit(pos, o, p) if pos.age_s > 0.5 then return "aged", "taker" end end
            return S
            """

        func run(_ count: Int) throws -> [HaltResult] {
            var results: [HaltResult] = []
            for _ in 0..<count {
                for attempt in 1...5 {
                    try begin()
                    let result = try halt()
                    try release()
                    // Posts may have gone by themselves in the last millisecond: then nothing was halted.
                    let isEmpty = result.resting == 0 || result.cancels.isEmpty
                    if isEmpty, result.calm != nil, attempt < 5 { continue }
                    results.append(result)
                    break
                }
            }
            process?.stop()
            guard process?.end(within: 20) == 0 else {
                throw LiveStage.Fault("the host did not end in order:\n\(stage.log)")
            }
            return try judged(results)
        }

        /// Until posts rest, and some time more.
        private func begin() throws {
            if process == nil { process = try stage.host() }
            guard stage.until(seconds: 40, { (stage.witness.resting() ?? 0) >= 3 }) else {
                throw LiveStage.Fault("no posts rest:\n\(stage.log.suffix(4000))")
            }
            pause(Int32.random(in: 0...400, using: &chance))
            _ = stage.until(seconds: 10, every: 1) { (stage.witness.resting() ?? 0) >= 1 }
        }

        private func halt() throws -> HaltResult {
            if way == .stuck { process?.signal(SIGSTOP) }
            var result = HaltResult(
                way: way, resting: stage.witness.resting() ?? 0, wasNaked: stage.witness.isNaked)
            let began = MonotonicClock.microseconds()
            var asked: HostProcess?
            switch way {
            case .command: asked = try stage.command("halt")
            case .signal: process?.signal(SIGUSR1)
            case .file, .stuck: _ = FileManager.default.createFile(atPath: file, contents: nil)
            }
            func since(_ moment: Int64) -> Double { Double(moment - began) / 1000 }
            if stage.until(seconds: 20, every: 5, stage.witness.isCalm) {
                result.calm = since(MonotonicClock.microseconds())
            }
            // What comes later counts as well.
            pause(500)
            if let asked, asked.end(within: 5) != 0 { throw LiveStage.Fault("`neap halt` failed") }
            if !stage.witness.isCalm() { result.calm = nil }
            let stamps = stage.venue.stamps
            result.cancels = stamps.cancels.filter { $0 >= began }.map(since)
            result.orders = stamps.orders.filter { $0.at >= began }.map { ($0.client, since($0.at)) }
            return result
        }

        /// Halts a host by signal while it stands still, and wakes it after its guardian has taken over.
        /// - Returns: what is wrong then.
        func haltAsleep() throws -> [String] {
            try begin()
            process?.signal(SIGSTOP)
            process?.signal(SIGUSR1)
            guard stage.until(seconds: 15, { self.stage.guardianLog.contains("takes over") }),
                stage.until(seconds: 10, stage.witness.isCalm)
            else { throw LiveStage.Fault("the guardian did nothing:\n\(stage.guardianLog)") }
            process?.signal(SIGCONT)
            func since() -> Substring? {
                let log = stage.log
                return log.range(of: "beginning anew").map { log[$0.upperBound...] }
            }
            guard stage.until(seconds: 20, { since()?.contains("Reconciled") ?? false }) else {
                throw LiveStage.Fault("it did not begin anew:\n\(stage.log.suffix(4000))")
            }
            var faults: [String] = []
            if !stage.until(seconds: 5, { since()?.contains("State halted") ?? false }) {
                faults.append("not halted after it began anew")
            }
            if since()?.contains(" post: ") ?? false { faults.append("it entered after the halt") }
            if !stage.witness.isCalm() { faults.append("something rests or is open") }
            process?.stop()
            if process?.end(within: 20) != 0 { faults.append("it did not end in order") }
            return faults
        }

        private var file: String { stage.live + "/HALT" }

        /// The host trades again; one that stood still is replaced.
        private func release() throws {
            if way == .stuck {
                process?.signal(SIGKILL)
                _ = process?.end(within: 5)
                process = try stage.host()
                let runs = "Reconciled"
                let before = stage.log.components(separatedBy: runs).count
                guard stage.until(seconds: 20, { stage.log.components(separatedBy: runs).count > before })
                else { throw LiveStage.Fault("not back:\n\(stage.log.suffix(4000))") }
            }
            try? FileManager.default.removeItem(atPath: file)
            // What looks for the file must have seen that it is gone.
            pause(300)
            guard try stage.command("rearm").end(within: 5) == 0 else {
                throw LiveStage.Fault("`neap rearm` failed")
            }
        }

        /// Which of the orders raise risk, by the host's own records.
        private func judged(_ results: [HaltResult]) throws -> [HaltResult] {
            var purposes: [Int64: String] = [:]
            try RecordReader(path: stage.live + "/" + RecordBook.file).read { snapshot in
                try snapshot.rows(of: .orders, ["client_id", "purpose"]) { row in
                    guard case .number(let id) = row[0], case .text(let purpose) = row[1] else { return }
                    purposes[id] = purpose
                }
            }
            return results.map { result in
                var result = result
                // An order nobody knows is taken for the worst.
                result.entries = result.orders.filter {
                    purposes[Int64($0.client)].flatMap(OrderPurpose.init)?.raisesRisk ?? true
                }.map(\.at)
                return result
            }
        }
    }

    /// A row of the table for docs/reliability.md.
    struct HaltRow {
        let results: [HaltResult]
        static let head = [
            "| way | halts | orders resting | a leg open | entries after it | last of these | last cancel | hedged or flat |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]

        var entries: Spans { Spans(results.compactMap { $0.entries.max() }) }
        var cancels: Spans { Spans(results.compactMap { $0.cancels.max() }) }
        var calm: Spans { Spans(results.compactMap(\.calm)) }

        var line: String {
            let resting = results.map(\.resting)
            return "| \(results.first?.way.rawValue ?? "") | \(results.count) | "
                + "\(resting.min() ?? 0)…\(resting.max() ?? 0) | \(results.count { $0.wasNaked }) | "
                + "\(results.count { !$0.entries.isEmpty }) | \(entries.text) | \(cancels.text) | "
                + "\(calm.text) |"
        }
    }
#endif
