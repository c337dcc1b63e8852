/// Everything between a parsed event and a command, for one account: books, opportunities, scripts, risk,
/// execution, ledger. It reads no clock and touches nothing outside; the same events at the same moments give
/// the same commands.
///
/// One owner, the desk, calls `turn`. Work inside is split over extensions by stage of the street.
public final class Engine {
    public let instruments: [Instrument]
    public let pairs: [Pair]
    public let limits: RiskLimits

    public internal(set) var now = Timestamp(microseconds: 0)
    public internal(set) var slots: [StrategySlot] = []
    /// Places in `slots` by name: the order in which scripts are asked.
    public internal(set) var slotOrder: [Int] = []
    public internal(set) var account = AccountState()
    public internal(set) var ledger = Ledger() { didSet { isChanged = true } }
    public internal(set) var counters = Counters()
    public internal(set) var state = TradingState.active { didSet { isChanged = true } }
    /// Why the database of records cannot be kept, in the host's words: nothing is entered; `nil` when it
    /// can.
    public internal(set) var recordsFault: String?
    /// Why no block of client order ids can be reserved, in the host's words; `nil` when one can.
    public internal(set) var idsFault: String?
    /// One per strategy and pair: `slot · pairs + pair`.
    public internal(set) var holdings: [Holding] = [] { didSet { stirringIsKnown = false } }
    /// Places of holdings with something in them or going on: limits look at all of those for every strategy
    /// that is asked, and of hundreds they are a few.
    var stirring: [Int] {
        if !stirringIsKnown {
            knownStirring.removeAll(keepingCapacity: true)
            for place in holdings.indices where isStirring(place) { knownStirring.append(place) }
            stirringIsKnown = true
        }
        return knownStirring
    }
    private var knownStirring: [Int] = [], stirringIsKnown = false

    var markets: [InstrumentMarket]
    var pairMarkets: [PairMarket]
    var watches: [Watch] = []
    /// Wishes of the evaluation that is running.
    var candidates: [Candidate] = []
    /// Exits of the evaluation that is running wait for entries that they may meet.
    var exitsWait = false
    /// By instrument: the pair it belongs to.
    var pairOf: [PairID?]
    var connectionAlive: [Timestamp?] = [nil, nil]
    var connectionUp = [false, false]
    var orders: [OrderRecord] = [] { didSet { isChanged = true } }
    var orderPlaces = Lookup<ClientOrderID, Int>()
    var venueOrderPlaces = Lookup<VenueOrderID, Int>()
    /// Orders that are not settled yet, by place in `orders`.
    var liveOrders: [Int] = []
    var requests = Lookup<RequestID, Request>()
    var ids = ClientIDs()
    var nextRequest: Int64 = 1
    /// Contracts by instrument: what the venue had at the start plus our fills since.
    var netContracts: [Quantity]
    var touched: [Bool]
    var commands: [Command] = []
    var notes: [Note] = []
    var opened = false
    /// Why the last script call wished nothing.
    var lastPass = Reason.scriptPassed
    var openedAt: Timestamp?
    /// Reads to be asked again, and when.
    var retryAt: [(at: Timestamp, request: Request)] = []
    /// Questions that had no answer at a start and were told of within the last minute.
    var unanswered: [(name: String, toldAt: Timestamp)] = []
    /// Instruments with contracts that nobody here opened: no entries.
    var lastDenial: Denial?
    var foreign: [Bool]
    /// By instrument: contracts that were there before the start; nobody here manages them, and every limit
    /// counts them.
    var found: [Quantity] = []
    var venueWatch = VenueWatch()
    /// Executions of others that are booked.
    var foreignFills: [ForeignMark] = []
    var day: Int64 = 0
    /// Contracts by holding as they stood at the last full hour, which a settlement is shared by.
    var hour: Int64 = 0, contractsAtHour: [Quantity] = []
    /// By instrument: how often running the venue's position was not ours.
    var mismatches: [Int] = []
    /// Since when.
    var mismatchSince: [Timestamp?] = []
    var differences: [BalanceDifference] = []
    /// Resting orders of others that were told of, by the venue's id.
    var strangeOrders: [String] = []
    /// What an earlier run left agrees with the exchange: until then nothing is entered.
    var isReconciled = true, positionsAgree = true, balancesAgree = true
    var lastRunwayExit: Timestamp?
    var entriesToday = 0 { didSet { isChanged = true } }
    var feesToday = Money.zero
    /// Something that a checkpoint keeps was changed since the last one.
    var isChanged = false
    /// What an earlier run left, until its executions since have been read; it stays for the record.
    var restored: Checkpoint?
    /// The question for those executions, when it is asked again, and whether it was answered whole.
    var restoredFills: RequestID?, restoredFillsAt: Timestamp?, restoredFillsRead = false
    /// By instrument: the last settlement that an earlier run booked.
    var settledBefore: [Timestamp?] = []
    var sendTimes: [Timestamp] = []
    var ordersAskedAt: Timestamp?, startAskedAt: Timestamp?
    var nextSample: Timestamp?, nextPoll: Timestamp?, nextFundingPoll: Timestamp?, nextMarkPoll: Timestamp?
    var seenFunding: [FundingPayment] = []
    /// Interest that was read; and by asset the last of it that an earlier run booked.
    var seenInterest: [InterestPayment] = [], interestBefore: [(asset: Asset, until: Timestamp)] = []
    var outside = OutsideBook()
    /// By instrument: when a sale was last executed that might borrow what it sold.
    var borrowSales: [Timestamp?] = []
    var lastTurn: Timestamp?
    /// All pairs are to be closed, by the operator or at the end.
    var flattening = false
    /// The same, by the operator: it outlasts the process.
    var flattenAsked = false
    /// The run is ending: no entries, open legs are repaired.
    var stopping = false
    /// The reads of settlements that a stop waits for.
    var closingReads: [RequestID] = []

    /// - Parameter pairs: in the order of their ids, over `instruments`.
    public init(instruments: [Instrument], pairs: [Pair], limits: RiskLimits) {
        (self.instruments, self.pairs, self.limits) = (instruments, pairs, limits)
        markets = Array(repeating: InstrumentMarket(), count: instruments.count)
        pairMarkets = pairs.map(PairMarket.init)
        netContracts = Array(repeating: .zero, count: instruments.count)
        touched = Array(repeating: false, count: pairs.count)
        foreign = Array(repeating: false, count: instruments.count)
        mismatches = Array(repeating: 0, count: instruments.count)
        mismatchSince = Array(repeating: nil, count: instruments.count)
        found = Array(repeating: .zero, count: instruments.count)
        settledBefore = Array(repeating: nil, count: instruments.count)
        borrowSales = Array(repeating: nil, count: instruments.count)
        pairOf = Array(repeating: nil, count: instruments.count)
        for pair in pairs {
            pairOf[pair.spot.id.index] = pair.id
            pairOf[pair.perp.id.index] = pair.id
        }
        beginVenueWatch()
    }

    /// Puts a strategy on the desk; scripts run in the order of their names.
    /// - Precondition: before the first turn.
    public func add(_ strategy: any Strategy) {
        precondition(lastTurn == nil, "strategies stand before the first turn")
        slots.append(StrategySlot(strategy: strategy))
        slots.sort { $0.name < $1.name }
        orderSlots()
        holdings = []
        for (place, slot) in slots.enumerated() {
            holdings += pairs.map { Holding(pair: $0.id, owner: slot.name, slot: place) }
        }
        watches = Array(repeating: Watch(), count: slots.count * pairs.count * 2)
    }

    /// Handles one input's events to the end.
    public func turn(_ events: [Event], now moment: Timestamp) {
        now = max(now, moment)
        if lastTurn == nil { start() }
        rollDay()
        rollHour()
        measureUnhedged()
        lastTurn = now
        for event in events { apply(event) }
        sample()
        poll()
        watchOrders()
        // Idle ones with something in them as well: an execution may come after everybody thought it over.
        for place in holdings.indices where isStirring(place) { advance(place) }
        for place in touched.indices where touched[place] {
            touched[place] = false
            evaluate(pairs[place])
        }
        trackUnhedged()
        checkLatches()
        judgeProbations()
        forgetEarlier()
        finishFlatten()
        tellPostings()
    }

    /// The commands of the turns since the last call, in order.
    public func takeCommands() -> [Command] {
        defer { commands = [] }
        return commands
    }

    public func takeNotes() -> [Note] {
        defer { notes = [] }
        return notes
    }

    /// Asks the outside world for something; the answer comes as an event with the same id.
    @discardableResult
    public func ask(_ request: Request) -> RequestID {
        let id = RequestID(raw: nextRequest)
        nextRequest += 1
        requests[id] = request
        venueWatch.requests.add(at: now)
        commands.append(Command(id: id, request: request))
        return id
    }

    private func apply(_ event: Event) {
        switch event {
        case .book(let id, let change): apply(change, to: id)
        case .alive(let connection): connectionAlive[connection.rawValue] = now
        case .mark(let id, let update): apply(update, to: id)
        case .trade: break
        case .order(let update): apply(update)
        case .position(let update): account.set(update)
        case .balance(let update): account.set(update)
        case .reply(let id, let reply): answered(id, reply)
        case .connection(let connection, let change): changed(connection, change)
        case .timer: touchHeldPairs()
        }
    }

    func note(_ note: Note) { notes.append(note) }

    func place(_ slot: Int, _ pair: PairID) -> Int { slot * pairs.count + pair.index }
    func pair(of holding: Int) -> Pair { pairs[holdings[holding].pair.index] }
    func book(_ instrument: Instrument) -> Book { markets.read(instrument.id.index) { $0.book } }
    func top(_ instrument: Instrument) -> TopOfBook? { markets.read(instrument.id.index) { $0.book.top } }
    func isStirring(_ place: Int) -> Bool { holdings.read(place) { $0.state != .idle || $0.isAtWork } }
    /// The places of a strategy's holdings.
    func places(ofSlot slot: Int) -> Range<Int> { slot * pairs.count..<(slot + 1) * pairs.count }
}

/// What tells one execution of others from the next, and when it happened by the venue's clock.
struct ForeignMark: Sendable {
    let instrument: InstrumentID, tradeID: Int64, order: VenueOrderID
    let at: Timestamp

    func isSame(as fill: Fill) -> Bool {
        instrument == fill.instrument && tradeID == fill.tradeID && order == fill.venueOrderID
    }
}

extension Array {
    /// Reads an element where it lies. Read through a property of a class it is copied whole first, with a
    /// count for each of its references; that was a third of a turn.
    @inline(__always)
    func read<Value>(_ place: Int, _ value: (borrowing Element) -> Value) -> Value {
        withUnsafeBufferPointer { value($0[place]) }
    }
}
