import Core
import Simulator

/// One strategy trading on paper: an engine of its own over the market that another host follows, and the
/// simulator in the place of the exchange.
///
/// The same events at the same moments give the same decisions. One thread at a time.
final class PaperDesk {
    /// Something the strategy or the host would have done.
    struct Decision: Sendable, Equatable {
        struct Entry: Sendable, Equatable {
            let direction: Direction
            let style: Style
            let gross: Percent, net: Percent
            let usd: Money
        }
        let at: Timestamp
        let pair: String
        /// `nil` for an exit.
        let entry: Entry?
        /// Of an exit.
        let reason: String
    }

    let strategy: WatchedScript
    let engine: Engine
    private(set) var decisions: [Decision] = []
    private(set) var rounds = 0
    /// Told of every turn with its commands and notes.
    var onTurn: (([Command], [Note]) -> Void)?
    private var venue: SimulatedVenue
    private let account: AccountID
    private var toVenue: [(at: Timestamp, command: Command)] = []
    private var toEngine: [(at: Timestamp, event: Event)] = []
    private var asked = Lookup<RequestID, Request>()
    /// By instrument: the paper exchange is shown this book, because orders of ours are there.
    private var followed: [Bool]
    private var follows = false
    private var lastTurn = Timestamp(microseconds: 0)
    private var nextBlock: UInt32 = 1
    private var waiting: [Holding]

    /// Each way between host and exchange.
    static let way = TimeSpan.milliseconds(15)
    /// Without anything under way, time alone is looked at so often.
    static let pause = TimeSpan.milliseconds(100)
    /// Levels of a followed book, each side.
    static let levels = 50

    /// - Parameter picture: where the market stood; hedged pairs of this strategy in it are held here too.
    init(_ strategy: WatchedScript, _ plan: PaperPlan, from picture: MarketPicture, seed: UInt64 = 1) {
        self.strategy = strategy
        engine = Engine(instruments: plan.instruments, pairs: plan.pairs, limits: plan.limits)
        engine.add(strategy)
        engine.begin(with: picture)
        venue = .beside(plan.instruments, start: picture.now, seed: seed)
        account = venue.open(
            key: "paper", deposits: [(.usdc, max(picture.equity, PaperDesk.leastEquity))],
            rates: picture.fees)
        // Coins the user declared as their own can be sold on paper too.
        for own in plan.limits.inventory {
            venue.deposit(Money(raw: Int128(own.quantity.raw) * 10_000), of: own.asset, to: account)
        }
        followed = Array(repeating: false, count: plan.instruments.count)
        waiting = picture.holdings.filter { $0.owner == strategy.contract.name && !$0.isFlat }
        reserve()
        turn([.connection(.privateStream, .up)], picture.now)
    }

    /// Before the account was read a demo's deposit is assumed.
    static let leastEquity = Money(1000)

    /// Everything of the market that one input brought.
    func hear(_ events: [Event], now: Timestamp) {
        pump(to: now)
        show(events, before: true, now)
        let isQuiet = toVenue.isEmpty && toEngine.isEmpty && !follows
        if isQuiet, events.allSatisfy({ if case .timer = $0 { true } else { false } }),
            now - lastTurn < Self.pause
        {
            return
        }
        turn(events, now)
        show(events, before: false, now)
    }

    /// Profit with what is held at mid.
    var profit: Money { engine.profitByCause.total }

    /// Keeps only what happened since; a shadow runs for days.
    func forgetDecisions(before moment: Timestamp) { decisions.removeAll { $0.at < moment } }

    // MARK: Turns

    private func turn(_ events: [Event], _ now: Timestamp) {
        engine.turn(events, now: now)
        lastTurn = now
        let commands = engine.takeCommands(), notes = engine.takeNotes()
        for command in commands {
            asked[command.id] = command.request
            toVenue.append((now + Self.way, command))
            follow(command.request, now)
        }
        for note in notes { hear(note, now) }
        onTurn?(commands, notes)
        if !waiting.isEmpty, engine.account.isReady { takeOver(now) }
    }

    private func hear(_ note: Note, _ now: Timestamp) {
        switch note {
        case .entering(_, let pair, let direction, let style, let gross, let net, let usd):
            let entry = Decision.Entry(
                direction: direction, style: style, gross: gross, net: net, usd: usd)
            decisions.append(Decision(at: now, pair: pair, entry: entry, reason: ""))
        case .exiting(_, let pair, let reason):
            decisions.append(Decision(at: now, pair: pair, entry: nil, reason: reason))
        case .roundClosed: rounds += 1
        case .needsIDs: reserve()
        default: break
        }
    }

    private func reserve() {
        engine.obey(.idBlock(nextBlock), now: engine.now)
        nextBlock += 1
    }

    /// Pairs that were open when the picture was taken are open on paper as well.
    private func takeOver(_ now: Timestamp) {
        for holding in waiting {
            let pair = engine.pairs[holding.pair.index]
            guard engine.take(copyOf: holding) else { continue }
            let coins = Money(raw: holding.coins.raw)
            if coins > .zero { venue.deposit(coins, of: pair.base, to: account) }
            let price = engine.pairStandings[holding.pair.index].perp?.mid ?? Price(raw: 0)
            venue.give(account, holding.perp, of: pair.perp.id, at: price)
        }
        waiting = []
    }

    // MARK: The paper exchange

    /// Lets both sides get what is on its way and due, in the order of time.
    private func pump(to now: Timestamp) {
        while true {
            let out = toVenue.first?.at, back = toEngine.first?.at
            guard let next = [out, back].compactMap({ $0 }).min(), next <= now else { break }
            venue.advance(to: next)
            drain(next)
            if let back, back == next {
                let event = toEngine.removeFirst().event
                turn([event], max(next, lastTurn))
            } else if let out, out == next {
                deliver(toVenue.removeFirst().command, next)
            }
            drain(next)
        }
        guard follows || venue.nextDue <= now else { return }
        venue.advance(to: now)
        drain(now)
        if follows, toVenue.isEmpty, toEngine.isEmpty, engine.hasNoOrders {
            follows = false
            for place in followed.indices { followed[place] = false }
        }
    }

    private func deliver(_ command: Command, _ now: Timestamp) {
        // What was settled before is in the picture.
        if case .fundingRates = command.request { return answer(command.id, .notSent("paper"), now) }
        if case .markPrices = command.request { return answer(command.id, .marks([]), now) }
        // What is listed is the other venue's, steps and bounds as they are there.
        if case .markets = command.request {
            return answer(command.id, .markets(engine.instruments, skipped: []), now)
        }
        guard
            let reply = venue.answer(command.request, for: account, ticket: command.id.raw, now: now)
        else { return }
        answer(command.id, reply, now)
    }

    private func answer(_ id: RequestID, _ reply: Reply, _ now: Timestamp) {
        asked.remove(id)
        toEngine.append((now + Self.way, .reply(id, reply)))
    }

    private func drain(_ now: Timestamp) {
        for happened in venue.drainEvents() {
            switch happened {
            case .answer(let ticket, let outcomes):
                let id = RequestID(raw: ticket)
                guard let request = asked[id] else { continue }
                answer(id, SimulatedVenue.reply(to: request, outcomes: outcomes), now)
            // The market is the other venue's.
            case .depth, .touch, .trade, .mark: continue
            case .order, .balance, .position:
                if let event = happened.event(for: account) { toEngine.append((now + Self.way, event)) }
            }
        }
    }

    /// From an order's sending on the paper exchange is kept in step with the markets it goes to.
    private func follow(_ request: Request, _ now: Timestamp) {
        let orders: [Order]
        switch request {
        case .submit(let order): orders = [order]
        case .submitBatch(let batch): orders = batch
        default: return
        }
        follows = true
        for order in orders where !followed[order.instrument.index] {
            followed[order.instrument.index] = true
            showBook(order.instrument, now)
        }
    }

    /// Trades meet our orders before the book tells what they left; marks hold for everything after them.
    private func show(_ events: [Event], before: Bool, _ now: Timestamp) {
        for event in events {
            switch event {
            case .trade(let id, let trade) where before && followed[id.index]:
                venue.print(trade, in: id, now: now)
            case .mark(let id, let update) where before: venue.tell(update, of: id)
            case .book(let id, _) where !before && followed[id.index]: showBook(id, now)
            default: continue
            }
        }
    }

    private func showBook(_ id: InstrumentID, _ now: Timestamp) {
        let (bids, asks) = engine.levels(of: id, most: Self.levels)
        guard !bids.isEmpty, !asks.isEmpty else { return }
        venue.show(id, bids: bids, asks: asks, now: now)
    }
}

/// What every paper desk of a host is made with.
package struct PaperPlan: Sendable {
    let instruments: [Instrument]
    let pairs: [Pair]
    let limits: RiskLimits

    package init(instruments: [Instrument], pairs: [Pair], limits: RiskLimits) {
        (self.instruments, self.pairs, self.limits) = (instruments, pairs, limits)
    }
}
