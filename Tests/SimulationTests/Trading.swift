import Core
import Exchange
import Simulator

/// The documented default strategy without Lua: takes from 0.20 gross, rests one leg from 0.40 on.
final class DocumentedStrategy: Strategy {
    let contract: StrategyContract
    let large: Double

    init(large: Double = 0.40) {
        var contract = StrategyContract(name: "documented", version: "0")
        contract.hasChoose = true
        (self.contract, self.large) = (contract, large)
    }

    func score(_ o: MarketView) -> ScoreAnswer {
        guard let gross = o[.grossPct], gross >= 0.20, let size = o[.sizeUsd] else { return .pass("gross") }
        return .wish(confidence: 0.8, usd: size)
    }

    func choose(_ o: MarketView) -> ChoiceAnswer {
        guard let gross = o[.grossPct], gross >= large else { return .taker }
        let perp = (o[.netRestPerpPct] ?? -1) >= (o[.netRestSpotPct] ?? -1)
        return .maker(RestingPlan(rest: perp ? .perp : .spot))
    }

    func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer { .hold }
}

/// The engine and a simulated exchange on one virtual clock, with a way of 15 ms in each direction and, when
/// a plan says so, with everything going wrong that can.
struct Trading {
    var venue: SimulatedVenue
    let account: AccountID
    let engine: Engine
    let start: Timestamp
    private(set) var now: Timestamp
    private var toVenue: [(at: Timestamp, command: Command)] = []
    private var toEngine: [(at: Timestamp, event: Event)] = []
    private var asked: [Int64: Request] = [:]
    private var wire: FaultyWire
    /// Every command, as text: two runs must give the same.
    private(set) var commands: [String] = []
    private(set) var alerts: [String] = []
    /// Client ids in the order in which they were sent.
    private(set) var sentIDs: [UInt32] = []
    private(set) var truth: VenueTruth
    static let way = TimeSpan.milliseconds(15)

    init(
        seed: UInt64, large: Double = 0.40, limits: RiskLimits = RiskLimits(), faults: FaultPlan = .none
    ) {
        start = Timestamp(milliseconds: 1_790_000_100_000)
        now = start
        venue = SimulatedVenue(
            start: start, crowd: .generated(CrowdGenerator(seed: seed, start: start)), seed: seed,
            faults: faults)
        account = venue.open(key: "simulation", deposits: [(.usdc, Money(1000))])
        let catalogue = Catalogue(venue.instruments)
        engine = Engine(
            instruments: catalogue.instruments,
            pairs: catalogue.pairs(["SOL", "BTC", "ETH", "SUI", "JUP"]).pairs,
            limits: limits)
        wire = FaultyWire(start: start)
        truth = VenueTruth(pairs: engine.pairs)
        engine.add(DocumentedStrategy(large: large))
        engine.obey(.idBlock(1), now: start)
        feed([.connection(.publicStream, .up), .connection(.privateStream, .up)])
        for pair in engine.pairs { for instrument in [pair.spot, pair.perp] { showWhole(instrument.id) } }
    }

    private mutating func showWhole(_ id: InstrumentID) {
        let book = venue.book(id)
        feed([.book(id, .snapshot(bids: book.bids, asks: book.asks, sequence: book.sequence))])
    }

    private mutating func feed(_ events: [Event]) {
        engine.turn(events, now: now)
        for command in engine.takeCommands() {
            commands.append("\(now.microseconds) \(command)")
            toVenue.append((now + Self.way, command))
            asked[command.id.raw] = command.request
            switch command.request {
            case .submit(let order): sentIDs.append(order.id.raw)
            case .submitBatch(let orders): sentIDs += orders.map(\.id.raw)
            default: break
            }
        }
        for note in engine.takeNotes() {
            switch note {
            case .alert(let text): alerts.append("\((now - start).milliseconds) ms: \(text)")
            case .state(let state, let reason):
                alerts.append("\((now - start).milliseconds) ms: \(state), \(reason)")
            default: break
            }
        }
    }

    /// Runs in steps of ten milliseconds of virtual time.
    mutating func run(seconds: Int64) {
        let end = now + .seconds(seconds)
        while now < end { step() }
    }

    private mutating func step() {
        now = now + .milliseconds(10)
        while let first = toVenue.first, first.at <= now {
            toVenue.removeFirst()
            receive(first.command, at: first.at)
        }
        venue.advance(to: now)
        for happened in venue.drainEvents() { tell(happened) }
        for event in wire.pass(&venue, now) { send(event, at: now + Self.way) }
        while let first = toEngine.first, first.at <= now {
            toEngine.removeFirst()
            feed([.alive(.publicStream), first.event])
        }
        for id in wire.takeResyncs(now) { showWhole(id) }
        feed([.timer])
        truth.look(venue, account, now)
    }

    private mutating func send(_ event: Event, at moment: Timestamp) {
        let place = toEngine.firstIndex { $0.at > moment } ?? toEngine.count
        toEngine.insert((moment, event), at: place)
    }

    private mutating func receive(_ command: Command, at moment: Timestamp) {
        let id = command.id
        if let (reply, delay) = wire.meet(command, &venue) {
            return send(.reply(id, reply), at: moment + Self.way + delay)
        }
        guard
            let reply = venue.answer(command.request, for: account, ticket: id.raw, now: moment)
        else { return }
        send(.reply(id, wire.answer(reply, to: command, at: moment)), at: moment + Self.way)
    }

    private mutating func tell(_ happened: VenueEvent) {
        if case .answer(let ticket, let outcomes) = happened, let request = asked[ticket] {
            let command = Command(id: RequestID(raw: ticket), request: request)
            let reply = SimulatedVenue.reply(to: request, outcomes: outcomes)
            let (told, delay) = wire.answer(reply, outcomes, to: command, &venue)
            return send(.reply(command.id, told), at: now + Self.way + delay)
        }
        if wire.holdsBack(happened, &venue, now) { return }
        guard let event = happened.event(for: account) else { return }
        switch event {
        case .order, .position, .balance:
            if wire.isDeaf(now) { return }
        case .book(let id, _):
            guard let passed = wire.frame(event, of: id, now) else { return }
            return send(passed, at: now + Self.way)
        default: break
        }
        send(event, at: now + Self.way)
    }

    /// Closes everything and waits until nothing is open, at most five minutes.
    mutating func flatten() {
        engine.obey(.stop(flatten: true), now: now)
        for _ in 0..<30_000 where !engine.isQuiet { step() }
        // The next realisation, so that the venue holds no unrealised rest.
        run(seconds: 11)
    }
}
