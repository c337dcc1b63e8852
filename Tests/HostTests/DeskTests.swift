import Core
import Exchange
import Foundation
import Gateway
import Journal
import Synchronization
import Testing
import Venue
import Wire

@testable import Host

/// Takes or rests at a gross of 0.20 and leaves by the host's own exits.
private final class PlainStrategy: Strategy {
    let contract: StrategyContract
    /// Called in a turn, before it says that it wishes something.
    var decided: () -> Void = {}
    /// Called in a turn that enters, before its orders are made.
    var chosen: () -> Void = {}
    init() {
        var contract = StrategyContract(name: "plain", version: "0")
        contract.hasChoose = true
        self.contract = contract
    }
    func score(_ o: MarketView) -> ScoreAnswer {
        guard let gross = o[.grossPct], gross >= 0.20, let size = o[.sizeUsd] else { return .pass(nil) }
        decided()
        return .wish(confidence: 0.9, usd: size)
    }
    func choose(_ o: MarketView) -> ChoiceAnswer {
        chosen()
        return .taker
    }
    func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer { .hold }
}

/// An exchange on loopback, and what a desk needs to trade there.
private struct DemoStage {
    let server: VenueServer
    let markets: [UInt8], catalogue: Catalogue, pairs: [Pair]
    private let address: VenueAddress, signer: Signer

    init(speed: Double = 10, bases: [String] = ["SOL", "ETH"]) throws {
        var configuration = VenueConfiguration()
        (configuration.seed, configuration.speed, configuration.keepsStamps) = (7, speed, true)
        configuration.requestsPerMinute = nil
        server = try VenueServer.start(configuration)
        address = VenueAddress(rest: server.ready.rest, ws: server.ready.ws)
        signer = try Signer(secretBase64: server.ready.apiSecret ?? "", apiKey: server.ready.apiKey)
        let scout = VenueLink(address, signer: nil, catalogue: Catalogue([]), pairs: [], listener: Nobody())
        defer { scout.close() }
        markets = try scout.fetch(.markets).body
        catalogue = try Catalogue(marketsBody: markets)
        pairs = catalogue.pairs(bases).pairs
    }

    func street(_ strategies: PlainStrategy...) -> Street {
        Street(catalogue: catalogue, pairs: pairs, limits: RiskLimits(), strategies: strategies)
    }

    func desk(_ street: Street, hear: @escaping @Sendable ([Note]) -> Void) -> Desk {
        let blocks = Atomic<UInt32>(1)
        return Desk(street: street, clock: RunClock(speedThousandths: 10_000)) {
            blocks.add(1, ordering: .relaxed).newValue
        } hear: { notes, _ in
            hear(notes)
        }
    }

    func link(_ desk: Desk) -> VenueLink {
        VenueLink(address, signer: signer, catalogue: catalogue, pairs: pairs, listener: DeskEar(desk))
    }
}

@Suite struct `The desk` {
    @Test(arguments: [ConnectionID.privateStream, .publicStream])
    func `takes the private stream for gone when its subscription is refused`(_ connection: ConnectionID) {
        let market = GeneratedMarket(seconds: 0)
        let street = Street(
            catalogue: market.catalogue, pairs: market.pairs, limits: RiskLimits(),
            strategies: [PlainStrategy()])
        let now = Timestamp(milliseconds: 1_790_000_000_000)
        _ = street.turn(.connection(connection, .up), now: now)
        _ = street.engine.takeNotes()
        let refusal = "{\"id\":null,\"error\":{\"code\":4003,\"message\":\"Invalid signature\"}}"
        let outcome = street.turn(.frame(connection, Array(refusal.utf8)), now: now)
        let isPrivate = connection == .privateStream
        #expect(outcome.dropsConnection == (isPrivate ? connection : nil))
        let lost = street.engine.takeNotes().contains {
            guard case .connection(connection, up: false, let reason) = $0 else { return false }
            return reason.contains("4003 Invalid signature")
        }
        #expect(lost == isPrivate)
    }

    @Test(.timeLimit(.minutes(2)))
    func `closes a round over real sockets and its ledger is zero in every asset`() throws {
        let stage = try DemoStage()
        defer { stage.server.stop() }

        let street = stage.street(PlainStrategy())
        let closed = Gate()
        let desk = stage.desk(street) { notes in
            for case .roundClosed(let round) in notes {
                print("closed \(round.pair): \(round.reason), \(round.net) USD")
                closed.open()
            }
        }
        let link = stage.link(desk)
        desk.start(link)
        try link.open()
        closed.wait()
        desk.stop()
        link.close()
        let engine = street.engine
        #expect(engine.counters.rounds >= 1)
        #expect(engine.counters.fills >= 4)
        for (asset, sum) in engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
        #expect(street.books.faults == 0)
        let summary = Summary(mode: "demo", seconds: 1, endedBy: "test", differences: [], matches: true)
        let text = summary.json(engine, ScriptStanding.all(engine))
        let whole = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(whole?["rounds"] as? Int == engine.counters.rounds)
        #expect(whole?["net_pnl_usd"] as? String == engine.profitByCause.total.description)
        #expect((whole?["ledger_sum"] as? [String: String])?.values.allSatisfy { $0 == "0" } == true)
    }

    /// What is recorded of a turn is recorded before its orders leave; here the disk fills up in the very
    /// turn in which the first entry is decided.
    @Test(.timeLimit(.minutes(2)))
    func `sends no entry of a turn whose record cannot be written`() throws {
        let stage = try DemoStage()
        defer { stage.server.stop() }
        let folder = try TemporaryFolder()
        let strategy = PlainStrategy()
        strategy.decided = { fillDisk(under: folder.path) }
        let street = stage.street(strategy)
        let halted = Gate(), over = Gate()
        let desk = stage.desk(street) { notes in
            for case .alert(let text) in notes where text.contains("the journal cannot be written") {
                halted.open()
            }
        }
        desk.journal = DeskJournal(
            JournalWriter(folder: folder.path), mode: "live", settings: [], markets: stage.markets,
            instruments: stage.catalogue.instruments, bases: stage.pairs.map(\.base.symbol))
        desk.observe = { street in
            if street.engine.state == .halted, street.engine.isQuiet { over.open() }
        }
        let link = stage.link(desk)
        desk.start(link)
        try link.open()
        halted.wait()
        over.wait()
        desk.stop()
        link.close()
        #expect(street.engine.counters.ordersSent >= 1, "an entry was decided")
        #expect(stage.server.stamps.orders.isEmpty)
        #expect(street.engine.counters.fills == 0)
    }
}

/// A turn may be held up, as by a disk that makes writers wait: what it decided is old when it comes to
/// send it.
@Suite struct `A desk that was held up` {
    @Test(.timeLimit(.minutes(2)), arguments: [(300, true), (1_200, false)] as [(Int64, Bool)])
    func `sends no order that it decided too long ago, and decides it anew`(
        milliseconds: Int64, leaves: Bool
    ) throws {
        let stage = try DemoStage()
        defer { stage.server.stop() }
        let strategy = PlainStrategy()
        strategy.chosen = {
            let until = MonotonicClock.microseconds() + milliseconds * 1000
            while MonotonicClock.microseconds() < until {}
        }
        let street = stage.street(strategy)
        let decided = Atomic(0)
        let isOver = Gate()
        let desk = stage.desk(street) { notes in
            for note in notes {
                if case .filled = note { isOver.open() }
                guard case .placing = note else { continue }
                // Twice: the first was not taken for a try that failed.
                if decided.add(1, ordering: .relaxed).newValue >= 2, !leaves { isOver.open() }
            }
        }
        let link = stage.link(desk)
        desk.start(link)
        try link.open()
        isOver.wait()
        desk.stop()
        link.close()
        #expect(stage.server.stamps.orders.isEmpty != leaves)
        #expect((street.engine.counters.fills > 0) == leaves)
    }
}

/// Everything that is written to a file under this folder from now on fails, as on a full disk.
private func fillDisk(under folder: String) {
    let handles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for handle in handles.compactMap({ Int32($0) }) {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(handle)")
        guard let path, path.hasPrefix(folder + "/") else { continue }
        let full = open("/dev/full", O_WRONLY)
        dup2(full, handle)
        close(full)
    }
}

@Suite struct `A desk whose disk is slow` {
    @Test(.timeLimit(.minutes(1)))
    func `goes on while a block of client order ids is reserved`() throws {
        let stage = try DemoStage(speed: 1, bases: ["SOL"])
        defer { stage.server.stop() }
        let street = stage.street()
        let asked = Atomic<UInt32>(0)
        let isAsked = Gate(), isWritten = Gate(), isHeld = Gate(), isReserved = Gate()
        // None can be had at the start; the next one takes as long as the test wants.
        let desk = Desk(street: street, clock: RunClock()) {
            guard asked.add(1, ordering: .relaxed).newValue > 1 else { return nil }
            isAsked.open()
            isWritten.wait()
            return 7
        } hear: { notes, _ in
            for case .state(.hold, reason: _) in notes { isHeld.open() }
        }
        desk.observe = { if $0.engine.lastBlock == 7 { isReserved.open() } }
        let link = stage.link(desk)
        desk.start(link)
        isAsked.wait()
        desk.obey(.hold)
        isHeld.wait()
        isWritten.open()
        isReserved.wait()
        desk.stop()
        link.close()
        #expect(street.engine.lastBlock == 7)
        #expect(asked.load(ordering: .relaxed) == 2)
    }
}

private final class Nobody: VenueListener {
    func frame(_ connection: ConnectionID, _ bytes: [UInt8], arrived: Int64) {}
    func connection(_ connection: ConnectionID, _ change: ConnectionChange) {}
    func answer(_ id: RequestID, _ result: RESTResult) {}
}
