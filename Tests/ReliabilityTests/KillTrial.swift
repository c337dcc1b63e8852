#if KillPoints
    import Core
    import Exchange
    import Foundation
    import Gateway
    import Simulator
    import Synchronization
    import Venue
    import Wire

    @testable import Host

    /// One case: an exchange in this process, the host as another one, killed, started again, looked at.
    final class KillTrial {
        private let setting: KillCase
        let folder: String
        private(set) var venue: VenueServer
        private(set) var witness: Witness
        private var result: KillResult

        /// How long a post rests before the first half of it is taken, and then the second.
        static let halves = TimeSpan.milliseconds(150)
        /// How soon all must be hedged or flat: the promise where the whole list is run, which is done on a
        /// machine that does little else. Elsewhere a builder may have every processor.
        static let promise =
            ProcessInfo.processInfo.environment["NEAP_KILLS"] == nil ? 20_000 : 5_000

        /// - Parameter doorman: what becomes of the how manieth request that the case is about; `nil` serves
        ///   all, but for the one that the case has lost.
        init(_ setting: KillCase, doorman: (@Sendable (_ number: Int) -> OrderFate)? = nil) throws {
            self.setting = setting
            result = KillResult(setting: setting)
            folder =
                FileManager.default.temporaryDirectory.path + "/neap-kill-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(
                atPath: folder + "/strategies", withIntermediateDirectories: true)
            venue = try VenueServer.start(Self.exchange(setting, doorman))
            witness = try Witness(venue)
            try write("strategies/pair.lua", Self.strategy(setting.style, enters: true))
            try configure()
        }

        /// Posts fill in halves, so that there is a moment with one leg open.
        private static func exchange(
            _ setting: KillCase, _ doorman: (@Sendable (_ number: Int) -> OrderFate)?
        ) -> VenueConfiguration {
            var configuration = VenueConfiguration()
            (configuration.seed, configuration.keepsStamps) = (7, true)
            configuration.rules.halvesEvery = halves
            configuration.market = .generated(
                dislocations: (0..<16).map { ("SOL", Int64(2 + $0)) }, only: ["SOL", "ETH"])
            let came = Atomic(0)
            configuration.doorman = { orders in
                guard setting.means(orders) else { return .served }
                let number = came.wrappingAdd(1, ordering: .relaxed).newValue
                if let doorman { return doorman(number) }
                return setting.losesOrders && number == setting.count ? .lost : .served
            }
            return configuration
        }

        func configure(pairs: String = "SOL") throws {
            try write(
                ".env",
                """
                BACKPACK_API_KEY=\(venue.ready.apiKey)
                BACKPACK_PRIVATE_KEY=\(secret)
                BACKPACK_REST_URL=\(venue.ready.rest)
                BACKPACK_WS_URL=\(venue.ready.ws)
                LIVE_CONFIRM=yes
                RELOAD_POLICY=auto
                TRADING_PAIRS=\(pairs)
                REHEARSAL_MINUTES=0
                COOLDOWN_SECONDS=1
                LOSS_COOLDOWN_SECONDS=1
                LOSING_ROUNDS_MAX=100
                MAX_TRADES_PER_DAY=100
                INDEX_DEVIATION_MAX=5
                MIN_NET_EDGE=\(setting.style == .taker ? "-1" : "0")
                """)
            chmod(folder + "/.env", 0o600)
        }
        private lazy var secret = venue.ready.apiSecret ?? ""

        /// The exchange's process dies, and another one serves the same account anew: what was held is gone.
        func restartVenue() throws {
            let old = venue.ready
            venue.stop()
            var configuration = Self.exchange(setting, nil)
            configuration.accounts = [AccountSetting(key: old.apiKey)]
            configuration.port = old.port
            venue = try VenueServer.start(configuration)
            witness.close()
            witness = try Witness(venue, secret: secret)
        }

        deinit {
            witness.close()
            venue.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        func run() throws -> KillResult {
            let first = try host(["NEAP_KILL": setting.plan])
            let status = first.end(within: 40)
            result.wasReached = status == SIGKILL
            guard result.wasReached else {
                // Fewer messages came than that: nothing was killed, nothing is to be seen.
                first.stop()
                _ = first.end(within: 20)
                print("\(setting.name) was not reached")
                return result
            }
            if setting.waitsForFills { _ = until(seconds: 10) { !witness.hasOrders } }
            result.wasNaked = witness.isNaked
            try write("strategies/pair.lua", Self.strategy(setting.style, enters: false))
            let began = MonotonicClock.microseconds()
            let second = try host([:])
            while MonotonicClock.microseconds() - began < Int64(Self.promise + 3_000) * 1000 {
                if witness.isCalm() {
                    result.recovered = Int((MonotonicClock.microseconds() - began) / 1000)
                    if isReady { break }
                }
                pause(20)
            }
            if result.recovered.map({ $0 > Self.promise }) ?? true {
                result.faults.append("not hedged or flat within \(Self.promise) ms: \(witness.text())")
            }
            second.stop()
            let end = second.end(within: 20)
            if end != 0 {
                result.faults.append("the second run ended with \(end.map(String.init) ?? "nothing")")
            }
            judge()
            return result
        }

        /// The second run has taken everything up.
        private var isReady: Bool {
            let log =
                (try? String(contentsOfFile: folder + "/data/live/arbitrage.log", encoding: .utf8)) ?? ""
            return log.contains("Reconciled") || (log.contains("Ready:") && !log.contains("Going on from"))
        }

        var live: String { folder + "/data/live" }
        var log: String { text("/data/live/arbitrage.log") }
        var otherLog: String { text("/other/live/arbitrage.log") }
        var guardianLog: String { text("/data/live/guardian.log") }
        /// What the hosts said on their terminals.
        var output: String { text("/host.log") }

        private func text(_ name: String) -> String {
            (try? String(contentsOfFile: folder + name, encoding: .utf8)) ?? ""
        }

        /// The strategy enters no more.
        func leave() throws { try write("strategies/pair.lua", Self.strategy(setting.style, enters: false)) }

        /// The strategy enters again.
        func enter() throws { try write("strategies/pair.lua", Self.strategy(setting.style, enters: true)) }

        /// - Returns: whether it came true in time.
        func until(seconds: Int, _ isTrue: () -> Bool) -> Bool {
            let deadline = MonotonicClock.microseconds() + Int64(seconds) * 1_000_000
            while MonotonicClock.microseconds() < deadline {
                if isTrue() { return true }
                pause(20)
            }
            return isTrue()
        }

        /// What is wrong with the last run's own account of itself, by the exchange.
        func faultsAtTheEnd() -> [String] {
            judge()
            return result.faults
        }

        private func judge() {
            guard let bytes = FileManager.default.contents(atPath: folder + "/data/live/summary.json"),
                let summary = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any]
            else { return result.faults.append("no summary") }
            if summary["venue_matches"] as? Bool != true {
                result.faults.append("the ledger differs: \(summary["venue_differences"] ?? "")")
            }
            for (asset, sum) in summary["ledger_sum"] as? [String: String] ?? [:] where sum != "0" {
                result.faults.append("\(asset) sums to \(sum)")
            }
            if witness.isNaked {
                result.faults.append("one leg open at the end: \(witness.text())")
            }
            let names = venue.stamps.orders.map(\.client)
            if Swift.Set(names).count != names.count { result.faults.append("a name was used twice") }
            result.fills = witness.fillCount()
            result.faults += recordFaults()
        }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
        }

        /// How often the host's log says that.
        func count(_ text: String) -> Int { log.components(separatedBy: text).count - 1 }

        /// A path in the trial's own folder.
        func place(_ name: String) -> String { folder + "/" + name }

        func host(
            _ environment: [String: String], seconds: Int = 20, data: String = "/data"
        ) throws -> HostProcess {
            try HostProcess(
                [
                    "run", "--mode", "live", "--env", folder + "/.env", "--strategies",
                    folder + "/strategies",
                    "--data", folder + data, "--console", "off", "--for", String(seconds),
                ], environment, log: folder + "/host.log")
        }

        /// `neap guardian` by hand.
        func guardian() throws -> HostProcess {
            try HostProcess(
                ["guardian", "--env", folder + "/.env", "--data", folder + "/data", "--quiet"], [:],
                log: folder + "/host.log")
        }

        /// Enters at once, leaves after a second and a half; or only leaves.
        private static func strategy(_ style: KillCase.Style, enters: Bool) -> String {
            let plan = "\"maker\", { rest = \"spot\", peg = \"touch\", timeout_s = 10, fallback = \"taker\" }"
            let way = style == .maker ? plan : "\"taker\""
            return """
                local S = { api = 1, name = "pair", replaces = { "converged", "funding_stop", "max_hold" } }
                function S.score(o, p)
                  if \(enters ? "o.net_rest_spot_pct > -5" : "false") then return 0.9, 150 end
                  return nil, "waits"
                end
                function S.choose(o, p) return \(way) end
                function S.exit(pos, o, p) if pos.age_s > 1.5 then return "aged", \(way) end end
                return S
                """
        }
    }

    /// The `neap` beside this test's own program, as a process.
    final class HostProcess: @unchecked Sendable {
        // Unchecked: `Process` is used from one task at a time.
        private let process = Process()

        init(_ words: [String], _ environment: [String: String], log: String) throws {
            let products = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            process.executableURL = products.appending(path: "neap")
            process.arguments = words
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            if !FileManager.default.fileExists(atPath: log) {
                _ = FileManager.default.createFile(atPath: log, contents: nil)
            }
            // Several processes write to it: each behind what is there.
            let file = FileHandle(fileDescriptor: open(log, O_WRONLY | O_APPEND), closeOnDealloc: true)
            (process.standardOutput, process.standardError) = (file, file)
            process.standardInput = FileHandle.nullDevice
            try process.run()
        }

        func stop() { process.terminate() }
        func signal(_ number: Int32) { kill(process.processIdentifier, number) }

        /// - Returns: the exit code, or the signal that ended it; `nil` when it still runs.
        func end(within seconds: Int) -> Int32? {
            let deadline = MonotonicClock.microseconds() + Int64(seconds) * 1_000_000
            while process.isRunning, MonotonicClock.microseconds() < deadline { pause(20) }
            return process.isRunning ? nil : process.terminationStatus
        }
    }

    /// Lets the other processes work: what is waited for comes from outside this one.
    func pause(_ milliseconds: Int32) { poll(nil, 0, milliseconds) }

    /// Runs what waits for other processes on a thread of its own: the threads of tasks are few.
    func aside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { done in
            Thread { done.resume(with: Swift.Result { try body() }) }.start()
        }
    }

    /// Asks the exchange itself what the account holds.
    final class Witness {
        private let link: VenueLink
        private let reader: ReplyReader
        private let pairs: [Pair]

        /// - Parameter secret: of the account's key, when it was there before this exchange.
        init(
            _ venue: VenueServer, secret: String? = nil,
            bases: [String] = ["SOL", "BTC", "ETH", "SUI", "JUP"]
        ) throws {
            let address = VenueAddress(rest: venue.ready.rest, ws: venue.ready.ws)
            let signer = try Signer(
                secretBase64: secret ?? venue.ready.apiSecret ?? "", apiKey: venue.ready.apiKey)
            let scout = VenueLink(
                address, signer: nil, catalogue: Catalogue([]), pairs: [], listener: Deaf())
            defer { scout.close() }
            let catalogue = try Catalogue(marketsBody: try scout.fetch(.markets).body)
            reader = ReplyReader(catalogue)
            pairs = catalogue.pairs(bases).pairs
            link = VenueLink(address, signer: signer, catalogue: catalogue, pairs: [], listener: Deaf())
        }

        func close() { link.close() }

        private func ask(_ request: Core.Request) -> Reply? {
            guard let answer = try? link.fetch(request) else { return nil }
            return reader.read(
                request, status: answer.status, contentType: answer.contentType, body: answer.body)
        }

        /// What is not hedged, by pair; `nil` when the exchange does not answer.
        private func naked() -> [String]? {
            guard case .balances(let balances)? = ask(.capital),
                case .positions(let positions)? = ask(.positions)
            else { return nil }
            return pairs.compactMap { pair in
                let coins = balances.first { $0.asset == pair.base }?.total ?? .zero
                let held = Quantity(raw: Int64(quotient(coins.raw, by: 10_000, .nearest)))
                let contracts = positions.first { $0.instrument == pair.perp.id }?.net ?? .zero
                guard (held + contracts).magnitude >= pair.leastQuantity else { return nil }
                return "\(held) \(pair.base) and \(contracts) contracts"
            }
        }

        var isNaked: Bool { naked().map { !$0.isEmpty } ?? false }

        /// Hedged or flat, and nothing rests.
        func isCalm() -> Bool { naked()?.isEmpty == true && !hasOrders }

        /// Something rests; also when the exchange does not answer.
        var hasOrders: Bool {
            guard case .orders(let open)? = ask(.openOrders) else { return true }
            return !open.isEmpty
        }

        /// Places an order that finds nothing to execute and does not rest.
        /// - Returns: whether the exchange took it.
        func misses(_ id: ClientOrderID) -> Bool {
            guard let market = pairs.first?.spot, case .depth(let bids, _, _)? = ask(.bestLevels(market.id)),
                let bid = bids.last?.price.raw
            else { return false }
            let low = bid / 100 * 97
            let order = Order(
                id: id, instrument: market.id, side: .buy,
                price: Price(raw: low - low % market.tickSize.raw), quantity: pairs[0].leastQuantity,
                timeInForce: .immediateOrCancel, selfTrade: .rejectTaker)
            guard case .order(let update)? = ask(.submit(order)) else { return false }
            return update.status == .expired && update.executed == .zero
        }

        /// Orders that are open; `nil` when the exchange does not answer.
        func resting() -> Int? {
            guard case .orders(let open)? = ask(.openOrders) else { return nil }
            return open.count
        }

        func text() -> String { naked()?.joined(separator: ", ") ?? "no answer" }

        func fills() -> [Fill] {
            guard case .fills(let fills)? = ask(.fills(from: Timestamp(microseconds: 0), offset: 0)) else {
                return []
            }
            return fills
        }

        /// All fills of the history, page by page; `nil` when the exchange does not answer.
        func fillTotal() -> Int? {
            var total = 0
            while true {
                guard case .fills(let page)? = ask(.fills(from: Timestamp(microseconds: 0), offset: total))
                else { return nil }
                total += page.count
                if page.count < Engine.fillsPage { return total }
            }
        }

        func fillCount() -> Int { fills().count }

        private final class Deaf: VenueListener {
            func frame(_ connection: ConnectionID, _ bytes: [UInt8], arrived: Int64) {}
            func connection(_ connection: ConnectionID, _ change: ConnectionChange) {}
            func answer(_ id: RequestID, _ result: RESTResult) {}
        }
    }
#endif
