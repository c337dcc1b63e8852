#if KillPoints
    import Core
    import Exchange
    import Foundation
    import Journal
    import Venue
    import Wire

    @testable import Host

    /// What a host that was killed finds when it starts again.
    enum StartCase: String, CaseIterable, Sendable {
        case old = "10 000 fills before the last checkpoint"
        case recent = "10 000 fills of somebody else since"
        case long = "the same as the first, last segment of 250 MiB"
    }

    /// Milliseconds from the start of the process.
    struct StartResult: Sendable {
        let setting: StartCase
        /// The log says that the earlier run is taken up: from then on pairs are looked after.
        var takenUp: Double?
        /// The first order at the exchange: the exit of a pair that is due.
        var firstOrder: Double?
        var reconciled: Double?
        /// Fills that the exchange had.
        var fills = 0
        /// Pairs that were open at the kill, and that are hedged and open at the end.
        var open = 0, kept = 0
    }

    /// Two strategies hold a pair in each of five markets; their host is killed and started again.
    final class StartTrial {
        private let setting: StartCase
        private let stage: LiveStage
        private static let bases = ["SOL", "BTC", "ETH", "SUI", "JUP"]
        private static let fills = 10_000

        init(_ setting: StartCase) throws {
            self.setting = setting
            var venue = VenueConfiguration()
            (venue.seed, venue.keepsStamps) = (7, true)
            venue.market = .generated(
                dislocations: Self.bases.flatMap { base in
                    stride(from: Int64(2), to: 300, by: 6).map { (base, $0) }
                }, only: Self.bases)
            stage = try LiveStage(
                venue, cash: 20_000, bases: Self.bases, settings: Self.settings,
                strategies: ["alpha", "beta"].map { ($0, Self.strategy($0)) })
            let day = Timestamp(microseconds: WallClock.microseconds()) - .seconds(20 * 3600)
            guard setting != .recent else { return }
            stage.venue.remember(fills: Self.fills, of: "SOL_USDC", from: day, to: day + .seconds(18 * 3600))
        }

        private static let settings = [
            "MAX_TRADES_PER_DAY=1000", "LOSING_ROUNDS_MAX=1000", "MAX_TOTAL_EXPOSURE=4000",
            "MAX_GROSS_EXPOSURE=8000", "MAX_POSITION_SIZE=1000", "INDEX_DEVIATION_MAX=5",
            "MIN_NET_EDGE=-1", "COOLDOWN_SECONDS=1", "LOSS_COOLDOWN_SECONDS=1",
        ]

        /// Takes each market and holds; when it is told to leave SOL it opens nothing any more. An entry that
        /// was unwound, as when a price moved between its two legs, is made again.
        private static func strategy(_ name: String) -> String {
            """
            local S = {
              api = 1, name = "\(name)", replaces = { "converged", "funding_stop", "max_hold" },
              params = { leave = { 0, min = 0, max = 1, env = "LEAVE_SOL", doc = "1 leaves SOL." } },
            }
            function S.score(o, p)
              if p.leave == 0 and o.net_taker_pct > -0.5 then return 0.9, 150 end
              return nil, "waits"
            end
            function S.exit(pos, o, p)
              if p.leave > 0 and pos.pair == "SOL" then return "asked", "taker" end
            end
            return S
            """
        }

        func run() throws -> StartResult {
            var result = StartResult(setting: setting)
            let first = try stage.host()
            let wanted = Self.bases.count * 2
            guard stage.until(seconds: 90, { self.count("Opened ") >= wanted }) else {
                throw LiveStage.Fault("not every pair was opened:\n\(stage.log.suffix(6000))")
            }
            result.open = count("Opened ")
            first.signal(SIGKILL)
            _ = first.end(within: 5)
            // What is measured is the start, not a guardian that hands over.
            if let guardian = ProcessLock.holder(stage.live + "/" + GuardianRun.lockFile) {
                kill(guardian, SIGKILL)
            }
            try prepare()
            result.fills = stage.witness.fillTotal() ?? 0
            let before = (taken: count("is taken up"), reconciled: count("Reconciled"))
            let began = MonotonicClock.microseconds()
            let second = try stage.host()
            func since(_ moment: Int64) -> Double { Double(moment - began) / 1000 }
            _ = stage.until(seconds: 60, every: 10) {
                let now = since(MonotonicClock.microseconds()), log = self.stage.log
                if result.takenUp == nil, Self.count("is taken up", log) > before.taken {
                    result.takenUp = now
                }
                guard Self.count("Reconciled", log) > before.reconciled else { return false }
                result.reconciled = now
                return true
            }
            let orders = stage.venue.stamps.orders.filter { $0.at > began }
            result.firstOrder = orders.map { since($0.at) }.min()
            _ = stage.until(seconds: 10) { self.count("Closed SOL") >= 2 }
            second.stop()
            // An end in order leaves every pair hedged or flat.
            let end = second.end(within: 20), agreed = count("The ledger and the venue agree")
            guard end == 0, agreed == 1 else {
                throw LiveStage.Fault(
                    "it ended with \(end.map(String.init) ?? "nothing in 20 s"), agreed \(agreed) times:\n"
                        + "\(stage.log.suffix(4000))\n\(stage.guardianLog.suffix(2000))")
            }
            result.kept = result.open - count("Closed SOL")
            return result
        }

        /// What the case is about, between the kill and the start.
        private func prepare() throws {
            let path = stage.folder + "/.env"
            try stage.write(".env", try String(contentsOfFile: path, encoding: .utf8) + "LEAVE_SOL=1\n")
            chmod(path, 0o600)
            let now = Timestamp(microseconds: WallClock.microseconds())
            switch setting {
            case .old: break
            case .recent:
                // In a market of no pair: fills there are looked at and belong to nobody here.
                stage.venue.remember(fills: Self.fills, of: "LINK_USDC", from: now - .seconds(1), to: now)
            case .long: try lengthen()
            }
            // Told to the exchange's own thread.
            let wanted = Self.fills
            guard stage.until(seconds: 5, { (self.stage.witness.fillTotal() ?? 0) >= wanted }) else {
                throw LiveStage.Fault("the exchange does not show the fills")
            }
        }

        /// A run whose only segment is nearly full, as one that ran for hours leaves it.
        private func lengthen() throws {
            let home = stage.live + "/journal"
            guard let recovery = try Recovery.latest(in: home) else {
                throw LiveStage.Fault("nothing to go on from")
            }
            var reader = try JournalReader(path: recovery.journal)
            var found: SegmentHeader?
            while found == nil, let entry = try reader.next() {
                if case .segment(let header) = entry.record { found = header }
            }
            guard var header = found else { throw LiveStage.Fault("a journal without a header") }
            header.restored = recovery.bytes
            let last = DataFolder.names(in: home).last ?? ""
            let writer = JournalWriter(folder: try DataFolder.newFolder(in: home, named: last + "x"))
            writer.begin(header)
            let frame = Array(
                (#"{"data":{"E":1764120000000000,"T":1764120000000000,"U":1,"a":["#
                    + Array(repeating: #"["148.20","12.34"]"#, count: 20).joined(separator: ",")
                    + #"],"b":[],"e":"depth","s":"SOL_USDC","u":1},"stream":"depth.SOL_USDC"}"#).utf8)
            while writer.position.offset < 250 << 20 {
                for _ in 0..<1000 {
                    writer.append(.input(.frame(.publicStream, frame), at: recovery.checkpoint.at))
                }
                writer.flush()
            }
            writer.append(.checkpoint(recovery.bytes))
            writer.close("the test")
        }

        private func count(_ text: String) -> Int { Self.count(text, stage.log) }
        private static func count(_ text: String, _ log: String) -> Int {
            log.components(separatedBy: text).count - 1
        }
    }

    /// A row of the table for docs/reliability.md.
    struct StartRow {
        let results: [StartResult]
        static let head = [
            "| found at the start | starts | pairs looked after | first exit at the exchange | reconciled |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]

        var takenUp: Spans { Spans(results.compactMap(\.takenUp)) }
        var firstOrder: Spans { Spans(results.compactMap(\.firstOrder)) }
        var reconciled: Spans { Spans(results.compactMap(\.reconciled)) }

        var line: String {
            "| \(results.first?.setting.rawValue ?? "") | \(results.count) | \(takenUp.text) | "
                + "\(firstOrder.text) | \(reconciled.text) |"
        }
    }
#endif
