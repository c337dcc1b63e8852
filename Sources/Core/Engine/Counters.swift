/// What happened in a run, counted. The summary and the live table read it.
public struct Counters: Sendable {
    public var evaluations = 0
    public var reasons = ReasonCounts()
    public var denials = ReasonCounts()
    public var opportunities = 0
    public var entries = 0, exits = 0, rounds = 0, makerEntries = 0, fallbacks = 0
    public var fills = 0, partialFills = 0, hedges = 0, unwinds = 0
    /// How often an exit of one strategy met an entry of another inside the host.
    public var transfers = 0
    public var ordersSent = 0, ordersDenied = 0, ordersRejected = 0
    public var gaps = 0, resyncs = 0
    /// How often a fee rate or a collateral weight got worse by more than a tenth.
    public var termsWorsened = 0
    public var unhedgedMax = Money.zero
    public var unhedgedTimeMax = TimeSpan.zero
    /// Notional times time of what was not hedged: 10⁻¹² USD × microseconds.
    public var unhedgedMoneyTime: Int128 = 0
    public var nearMisses: [NearMiss] = []

    public init() {}

    /// Keeps the best net seen for a pair and direction, with the reason of that moment.
    mutating func note(_ miss: NearMiss) {
        if let place = nearMisses.firstIndex(where: { $0.pair == miss.pair && $0.direction == miss.direction }
        ) {
            if nearMisses[place].net < miss.net { nearMisses[place] = miss }
        } else {
            nearMisses.append(miss)
        }
    }
}

/// How close a pair came to an entry.
public struct NearMiss: Sendable, Equatable {
    public let pair: PairID
    public let direction: Direction
    public let style: Style
    public let net: Percent
    /// What was missing to `MIN_NET_EDGE`; zero when the net was enough and something else refused.
    public let missing: Percent
    public let reason: Reason
}

/// One script on the desk.
public struct StrategySlot {
    /// The version that decides.
    public var strategy: any Strategy
    /// The version before it, whole, for one step back.
    public internal(set) var kept: EarlierVersion?
    /// Versions that still have positions.
    public internal(set) var earlier: [EarlierVersion] = []
    /// `nil` once proven, or when there was none to pass.
    public internal(set) var probation: Probation?
    /// Takes over the positions of earlier versions.
    var adoptsEarlier = false
    /// Why the version is taken back when the turn ends.
    var failure: (reason: String, fault: StrategyFault?)?
    public var name: String { strategy.contract.name }
    public var tradingState = TradingState.active
    /// Out of service after a fatal fault or too many strikes.
    public var stopped: StrategyFault?
    /// Its file is gone: no entries, exits go on.
    public var missing = false
    public var calls = 0, entries = 0, exits = 0, rounds = 0, faults = 0, reloads = 0, rollbacks = 0
    /// Entries approved or denied for what they are, and exits wished.
    public var decisions = 0
    /// Faults among the last hundred calls.
    var strikes: [Int] = []
    /// Profit of finished and running rounds by cause, without what is still held.
    public var profit = ProfitAndLoss()
    /// Taker entries of the UTC day, and their fills.
    var takes = TakeCount()
    /// Profit with holdings at mid at the start of the UTC day.
    var dayStart = Money.zero
    public init(strategy: any Strategy) { self.strategy = strategy }
    /// It may open something now.
    var allowsEntries: Bool {
        tradingState == .active && !missing && stopped == nil && failure == nil
    }
}
