import Core

/// What of the venue's behaviour can be set.
public struct VenueRules: Sendable {
    /// How long every order that is not post-only waits before it reaches the book.
    public var takerDelay = TimeSpan.milliseconds(100)
    /// The time between two realisations of open profit.
    public var realiseEvery = TimeSpan.seconds(10)
    /// How long an own taking stays missing from a recorded level that does not change.
    public var takingStays = TimeSpan.seconds(1)
    /// Refuses a client id that an open order of the account already has.
    public var refusesDuplicates = false
    /// Whether anything can be borrowed; the yearly rate is in percent.
    public var lends = false
    public var borrowRate = Percent(raw: 1_000_000_000)
    public var openOrderLimit = 500
    /// Public trades that a market remembers; with one more the older half goes.
    public var tapeMost = 50_000
    /// How long an order of an account rests before the crowd takes the first half of it, and then the rest;
    /// `nil` leaves both to the market.
    public var halvesEvery: TimeSpan?
    public init() {}
}

/// A whole exchange: books, accounts, margin, fees, funding; driven by
/// `advance` and by calls, each with its `now`.
///
/// It reads no clock and draws no chance but the crowd's own seeded one: the same calls give the same events.
public struct SimulatedVenue: Sendable {
    public var rules: VenueRules
    /// The latest moment that was handled.
    public internal(set) var clock: Timestamp
    var markets: [VenueMarket]
    var accounts: [VenueAccount] = []
    var orders: [VenueOrder] = []
    var orderPlaces = Lookup<Int64, Int>()
    var symbols = Lookup<String, InstrumentID>()
    var keys = Lookup<String, AccountID>()
    var events: [VenueEvent] = []
    var crowd: CrowdSource
    var pending: [PendingOrder] = []
    var tickets = Lookup<Int64, Ticket>()
    var nextOrderID: Int64
    var nextPositionID: Int64
    /// The last number given to a deposit or a withdrawal.
    var lastTransferID: Int64 = 4_100_000
    var nextSecond: Timestamp
    var nextRealisation: Timestamp
    var overcharge: Money?
    /// When own takings of recorded levels come back, oldest first.
    var restorations: [Timestamp] = []
    /// What was too small to be paid when positions closed: 10⁻¹⁶.
    var residue: Int128 = 0
    /// What goes wrong on purpose, and how often it did.
    public var faults: FaultDraws
    /// Cancels that were taken and are not done yet, the next first.
    var postponed: [PostponedCancel] = []
    /// Halves of resting orders that are going to be taken, the next first.
    var halves: [Half] = []

    struct PendingOrder: Sendable { let due: Timestamp, order: Int, ticket: Int64, slot: Int }
    struct Ticket: Sendable { var outcomes: [OrderOutcome?] }

    static let crowdAccount = AccountID(0), fees = AccountID(1), fundingTill = AccountID(2)
    static let outside = AccountID(3), pool = AccountID(4)

    /// - Parameter figures: the markets it lists; the place of each is its instrument's id.
    public init(
        start: Timestamp, crowd: CrowdSource, rules: VenueRules = VenueRules(), seed: UInt64 = 1,
        figures: [MarketFigures] = MarketFigures.all, faults: FaultPlan = .none
    ) {
        var chance = SeededGenerator(seed: seed, part: 99)
        self.faults = FaultDraws(faults, seed: seed)
        (self.rules, self.crowd, clock) = (rules, crowd, start)
        markets = []
        for (index, figures) in figures.enumerated() {
            let sequence = chance.whole(1_000_000_000...4_000_000_000)
            markets.append(
                VenueMarket(figures: figures, id: InstrumentID(index), sequence: sequence))
            symbols[figures.symbol] = InstrumentID(index)
        }
        nextOrderID = 59_000_000_000 + chance.whole(0...900_000_000)
        nextPositionID = 28_000_000_000 + chance.whole(0...900_000_000)
        let second: Int64 = 1_000_000
        nextSecond = Timestamp(microseconds: (start.microseconds / second + 1) * second)
        nextRealisation = start + rules.realiseEvery
        for key in ["crowd", "fees", "funding", "outside", "pool"] {
            accounts.append(
                VenueAccount(
                    id: AccountID(accounts.count), key: key, isHouse: true, rates: .free,
                    markets: markets.count))
        }
        quoteStablecoin()
    }

    /// USDT at par, as wide as its tick: no crowd trades it, and programs look at it for the worth of USDC.
    private mutating func quoteStablecoin() {
        guard let id = symbols["USDT_USDC"], let instrument = markets[id.index].instrument else { return }
        let par: Int64 = 100_000_000, tick = instrument.tickSize.raw
        let size = Quantity(raw: 1_000_000 * par).onLot(instrument.lotSize, .down).raw
        markets[id.index].book.setCrowd(.buy, at: par - tick, quantity: size)
        markets[id.index].book.setCrowd(.sell, at: par + tick, quantity: size)
        tellBook(id)
    }

    /// Opens an account with these deposits.
    public mutating func open(key: String, deposits: [(Asset, Money)], rates: FeeRates = .base) -> AccountID {
        let id = AccountID(accounts.count)
        accounts.append(VenueAccount(id: id, key: key, isHouse: false, rates: rates, markets: markets.count))
        keys[key] = id
        for (asset, amount) in deposits {
            accounts[id.index][asset].available += amount
            accounts[SimulatedVenue.outside.index][asset].available -= amount
        }
        return id
    }

    /// Lets the time pass: crowd, waiting orders, marks, realisation and funding, each at its own moment.
    public mutating func advance(to target: Timestamp) {
        while true {
            let order = pending.first?.due, quote = crowd.nextTime
            let due = nextDue
            guard due <= target else { break }
            clock = max(clock, due)
            if due == nextSecond {
                passSecond()
            } else if due == order {
                let next = pending.removeFirst()
                arrive(next.order, ticket: next.ticket, slot: next.slot)
            } else if due == postponed.first?.due {
                cancelPostponed()
            } else if due == halves.first?.due {
                takeHalf()
            } else if due == quote {
                for action in crowd.step(at: due) { perform(action) }
            } else {
                restoreTakings(at: due)
            }
        }
        clock = max(clock, target)
    }

    /// The moment of the next thing that happens by itself.
    public var nextDue: Timestamp {
        var due = nextSecond
        if let order = pending.first?.due, order < due { due = order }
        if let quote = crowd.nextTime, quote < due { due = quote }
        if let restored = restorations.first, restored < due { due = restored }
        if let cancel = postponed.first?.due, cancel < due { due = cancel }
        if let half = halves.first?.due, half < due { due = half }
        return due
    }

    /// Everything told since the last call, in order.
    public mutating func drainEvents() -> [VenueEvent] {
        let told = events
        events.removeAll(keepingCapacity: true)
        return told
    }

    /// Charges the next fee of any account this much more than its fill says: a fault for others to find.
    public mutating func misChargeNextFee(by amount: Money) { overcharge = amount }

    /// The sum over all accounts, the house's too, per asset: zero, always. 10⁻¹⁶.
    public var sums: [(Asset, Notional)] {
        var table = Lookup<Asset, Int128>()
        for account in accounts {
            for asset in account.assets {
                table[asset, default: 0] += account[asset].total.raw * 10_000
            }
            for position in account.positions {
                table[.usdc, default: 0] += position?.cash ?? 0
            }
        }
        table[.usdc, default: 0] += residue
        return table.sortedKeys.map { ($0, Notional(raw: table[$0] ?? 0)) }
    }

    /// Tells the change of a book, and of its touch.
    mutating func tellBook(_ id: InstrumentID) {
        guard let change = markets[id.index].book.change() else { return }
        let book = markets[id.index].book
        let bid = book.best(.buy).map {
            Level(price: Price(raw: $0.price), quantity: Quantity(raw: $0.total))
        }
        let ask = book.best(.sell).map {
            Level(price: Price(raw: $0.price), quantity: Quantity(raw: $0.total))
        }
        if bid != markets[id.index].toldBid || ask != markets[id.index].toldAsk {
            (markets[id.index].toldBid, markets[id.index].toldAsk) = (bid, ask)
            events.append(.touch(id, bid: bid, ask: ask, sequence: change.sequence, at: clock))
        }
        events.append(.depth(id, bids: change.bids, asks: change.asks, sequence: change.sequence, at: clock))
    }

    func tellable(_ account: AccountID) -> Bool { !accounts[account.index].isHouse }

    mutating func tellBalance(_ account: AccountID, _ asset: Asset) {
        guard tellable(account) else { return }
        events.append(.balance(account, asset, accounts[account.index][asset], at: clock))
    }

    mutating func tell(_ change: OrderChange, _ place: Int, fill: Fill? = nil) {
        events.append(.order(orders[place].account, change, orders[place], fill: fill, at: clock))
    }
}

extension FeeRates {
    /// No fee at all: the house's own accounts.
    static let free = FeeRates(spotMaker: .zero, spotTaker: .zero, perpMaker: .zero, perpTaker: .zero)
}
