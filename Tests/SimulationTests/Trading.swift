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

/// The engine and a simulated exchange on one virtual clock, with a way of 15 ms in each direction.
struct Trading {
    var venue: SimulatedVenue
    let account: AccountID
    let engine: Engine
    let start: Timestamp
    private var now: Timestamp
    private var toVenue: [(at: Timestamp, command: Command)] = []
    private var toEngine: [(at: Timestamp, event: Event)] = []
    private var asked: [Int64: Request] = [:]
    /// Every command, as text: two runs must give the same.
    private(set) var commands: [String] = []
    static let way = TimeSpan.milliseconds(15)

    init(seed: UInt64, large: Double = 0.40, limits: RiskLimits = RiskLimits()) {
        start = Timestamp(milliseconds: 1_790_000_100_000)
        now = start
        venue = SimulatedVenue(
            start: start, crowd: .generated(CrowdGenerator(seed: seed, start: start)), seed: seed)
        account = venue.open(key: "simulation", deposits: [(.usdc, Money(1000))])
        let catalogue = Catalogue(venue.instruments)
        engine = Engine(
            instruments: catalogue.instruments,
            pairs: catalogue.pairs(["SOL", "BTC", "ETH", "SUI", "JUP"]).pairs,
            limits: limits)
        engine.add(DocumentedStrategy(large: large))
        engine.obey(.idBlock(1), now: start)
        feed([.connection(.publicStream, .up), .connection(.privateStream, .up)])
        for pair in engine.pairs {
            for instrument in [pair.spot, pair.perp] {
                let book = venue.book(instrument.id)
                feed([
                    .book(instrument.id, .snapshot(bids: book.bids, asks: book.asks, sequence: book.sequence))
                ])
            }
        }
    }

    private mutating func feed(_ events: [Event]) {
        engine.turn(events, now: now)
        for command in engine.takeCommands() {
            commands.append("\(now.microseconds) \(command)")
            toVenue.append((now + Self.way, command))
            asked[command.id.raw] = command.request
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
            let id = first.command.id
            let request = first.command.request
            if let reply = venue.answer(request, for: account, ticket: id.raw, now: first.at) {
                toEngine.append((first.at + Self.way, .reply(id, reply)))
            }
        }
        venue.advance(to: now)
        for happened in venue.drainEvents() {
            if case .answer(let ticket, let outcomes) = happened, let request = asked[ticket] {
                let reply = SimulatedVenue.reply(to: request, outcomes: outcomes)
                toEngine.append((now + Self.way, .reply(RequestID(raw: ticket), reply)))
            } else if let event = happened.event(for: account) {
                toEngine.append((now + Self.way, event))
            }
        }
        while let first = toEngine.first, first.at <= now {
            toEngine.removeFirst()
            feed([.alive(.publicStream), first.event])
        }
        feed([.timer])
    }

    /// Closes everything and waits until nothing is open, at most a minute.
    mutating func flatten() {
        engine.obey(.stop(flatten: true), now: now)
        for _ in 0..<6000 where !engine.isQuiet { step() }
        // The next realisation, so that the venue holds no unrealised rest.
        run(seconds: 11)
    }
}
