/// What a run must know to go on after it ended in whatever way: written with every change of money, orders
/// or latches, before a command of that turn leaves.
///
/// It names pairs and strategies, not places: the next run may have others.
public struct Checkpoint: Sendable, Equatable {
    /// Run's clock of the turn after which it was taken, and of the ledger's one opening posting.
    public var at: Timestamp, openedAt: Timestamp
    public var state: TradingState
    public var isFlattening: Bool
    /// UTC day of the counts below, days since 1970.
    public var day: Int64
    public var entriesToday: Int, feesToday: Money
    /// The first block of client order ids that this folder reserved: orders named from earlier or later ones
    /// are of another program.
    public var firstBlock: UInt32, lastBlock: UInt32
    public var scripts: [Script]
    public var markets: [Market]
    /// Contracts by symbol that were there before the ledger began, and symbols where something happened that
    /// nobody here did.
    public var found: [Contracts], foreign: [String]
    public var holdings: [Held]
    public var orders: [Ordered]
    public var ledger: [Ledger.Row]
    /// Executions of others that are booked and that the history may show once more.
    public var foreignFills: [ForeignFill]
    /// The last settlement booked: of funding by symbol of the market, of interest by asset.
    public var settled: [Settled]
    /// Deposits and withdrawals that are booked or known to be no matter of this ledger; and by asset until
    /// when differences were followed.
    public var transfers: [Transferred], followed: [Settled]

    /// One strategy's counts and latch.
    public struct Script: Sendable, Equatable {
        public var name: String, version: String
        public var state: TradingState
        /// Why it is out of service; `nil` when it is not.
        public var stopped: String?
        public var profit: ProfitAndLoss, dayStart: Money
        public var entries: Int, exits: Int, rounds: Int
        /// Taker entries of the UTC day, and their fills.
        public var takes: TakeCount

        public init(
            name: String, version: String, state: TradingState, stopped: String?, profit: ProfitAndLoss,
            dayStart: Money, entries: Int, exits: Int, rounds: Int, takes: TakeCount = TakeCount()
        ) {
            (self.name, self.version, self.state, self.stopped) = (name, version, state, stopped)
            (self.profit, self.dayStart, self.entries, self.exits) = (profit, dayStart, entries, exits)
            (self.rounds, self.takes) = (rounds, takes)
        }
    }

    /// A pair's own latches.
    public struct Market: Sendable, Equatable {
        public var base: String
        public var losingRounds: Int
        /// The UTC day for which it is on hold; `nil` for none.
        public var heldDay: Int64?
        /// Hedges that had to be tried again, within the last hour.
        public var hedgeRetries: [Timestamp]

        public init(
            base: String, losingRounds: Int, heldDay: Int64?, hedgeRetries: [Timestamp] = []
        ) {
            (self.base, self.losingRounds, self.heldDay) = (base, losingRounds, heldDay)
            self.hedgeRetries = hedgeRetries
        }
    }

    public struct Contracts: Sendable, Equatable {
        public var symbol: String, quantity: Quantity

        public init(
            symbol: String, quantity: Quantity
        ) {
            (self.symbol, self.quantity) = (symbol, quantity)
        }
    }

    public struct Settled: Sendable, Equatable {
        public var symbol: String, until: Timestamp

        public init(
            symbol: String, until: Timestamp
        ) {
            (self.symbol, self.until) = (symbol, until)
        }
    }

    /// A deposit or withdrawal that needs no booking any more.
    public struct Transferred: Sendable, Equatable {
        public var kind: OutsideTransfer.Kind, id: Int64, asset: String
        /// What was booked, signed, and the fee in it; `nil` when nothing was.
        public var booked: Money?, fee: Money
        public var at: Timestamp
        /// Nothing more is expected of it; one that is not confirmed may be given back.
        public var isOver: Bool

        public init(
            kind: OutsideTransfer.Kind, id: Int64, asset: String, booked: Money?, fee: Money, at: Timestamp,
            isOver: Bool
        ) {
            (self.kind, self.id, self.asset, self.booked) = (kind, id, asset, booked)
            (self.fee, self.at, self.isOver) = (fee, at, isOver)
        }
    }

    public struct ForeignFill: Sendable, Equatable {
        public var symbol: String, tradeID: Int64, order: String

        public init(
            symbol: String, tradeID: Int64, order: String
        ) {
            (self.symbol, self.tradeID, self.order) = (symbol, tradeID, order)
        }
    }

    /// A holding with what it is and cost; `holding.pair` and `slot` say nothing here.
    public struct Held: Sendable, Equatable {
        public var base: String
        public var holding: Holding
        public static func == (a: Held, b: Held) -> Bool {
            a.base == b.base && a.holding.isSame(as: b.holding)
        }

        public init(
            base: String, holding: Holding
        ) {
            (self.base, self.holding) = (base, holding)
        }
    }

    /// An order that may still be filled, or was not long ago.
    public struct Ordered: Sendable, Equatable {
        public var base: String, owner: String
        public var leg: Leg, purpose: OrderPurpose
        public var id: ClientOrderID
        public var side: Side, price: Price, quantity: Quantity
        public var timeInForce: TimeInForce
        public var decisionMid: Price, sentMid: Price
        public var sentAt: Timestamp
        /// The venue's last word, `nil` while it may still trade.
        public var end: OrderStatus?
        public var venueOrderID: VenueOrderID?
        public var filled: Quantity, told: Quantity
        public var tradeIDs: [Int64]

        public init(
            base: String, owner: String, leg: Leg, purpose: OrderPurpose, id: ClientOrderID, side: Side,
            price: Price, quantity: Quantity, timeInForce: TimeInForce, decisionMid: Price,
            sentMid: Price, sentAt: Timestamp, end: OrderStatus?, venueOrderID: VenueOrderID?,
            filled: Quantity, told: Quantity, tradeIDs: [Int64]
        ) {
            (self.base, self.owner, self.leg, self.purpose) = (base, owner, leg, purpose)
            (self.id, self.side, self.price, self.quantity) = (id, side, price, quantity)
            (self.timeInForce, self.decisionMid, self.sentMid, self.sentAt) = (
                timeInForce, decisionMid, sentMid, sentAt
            )
            (self.end, self.venueOrderID, self.filled, self.told) = (end, venueOrderID, filled, told)
            self.tradeIDs = tradeIDs
        }
    }

    public init(
        at: Timestamp, openedAt: Timestamp, state: TradingState, isFlattening: Bool, day: Int64,
        entriesToday: Int, feesToday: Money, firstBlock: UInt32, lastBlock: UInt32, scripts: [Script],
        markets: [Market], found: [Contracts], foreign: [String], holdings: [Held], orders: [Ordered],
        ledger: [Ledger.Row], foreignFills: [ForeignFill], settled: [Settled],
        transfers: [Transferred] = [], followed: [Settled] = []
    ) {
        (self.at, self.openedAt, self.state, self.isFlattening) = (at, openedAt, state, isFlattening)
        (self.day, self.entriesToday, self.feesToday, self.firstBlock) = (
            day, entriesToday, feesToday, firstBlock
        )
        (self.lastBlock, self.scripts, self.markets, self.found) = (lastBlock, scripts, markets, found)
        (self.foreign, self.holdings, self.orders, self.ledger) = (foreign, holdings, orders, ledger)
        (self.foreignFills, self.settled) = (foreignFills, settled)
        (self.transfers, self.followed) = (transfers, followed)
    }
}

extension Holding {
    /// Equal in everything that a checkpoint keeps.
    func isSame(as other: Holding) -> Bool {
        owner == other.owner && state == other.state && direction == other.direction
            && style == other.style && version == other.version && adopted == other.adopted
            && coins == other.coins && spotGross == other.spotGross && perp == other.perp
            && spotCost == other.spotCost && perpCost == other.perpCost && spotFees == other.spotFees
            && perpFees == other.perpFees && baseFeesInQuote == other.baseFeesInQuote
            && funding == other.funding && borrow == other.borrow
            && entryExitLevel == other.entryExitLevel && entryExitCross == other.entryExitCross
            && entryGross == other.entryGross && openedAt == other.openedAt
            && entriesMade == other.entriesMade && cooldownUntil == other.cooldownUntil
            && profit == other.profit && extensions == other.extensions && tally == other.tally
    }
}

extension Engine {
    /// How many orders that are over a checkpoint keeps, for executions that come late.
    static let settledOrdersKept = 64
    /// And how many executions of others at most, so that a checkpoint stays small: a liquidation in pieces
    /// comes to hundreds, and each piece that is forgotten too soon would be counted twice.
    static let foreignFillsMax = 4096

    /// True once after every turn that changed money, orders or latches.
    public func takeChange() -> Bool {
        defer { isChanged = false }
        // Also before what an earlier run left is taken up whole: a latch of that time outlasts a kill.
        return isChanged && (opened || restored != nil)
    }

    /// Whoever goes on from a checkpoint reads the executions since. As long as those of the last one are not
    /// read, that is from its moment on.
    private var readUntil: Timestamp {
        guard let restored, !restoredFillsRead else { return now }
        return restored.at
    }

    /// Executions of others that a question may still bring once more: as far back as any run that goes on
    /// from here asks, and a minute for the difference of clocks.
    private var foreignFillsKept: [Checkpoint.ForeignFill] {
        let oldest = min(liveOrders.map { orders[$0].sentAt }.min() ?? now, now - Self.longestLook)
        return foreignFills.filter { $0.at >= oldest - .seconds(120) }.suffix(Self.foreignFillsMax).map {
            Checkpoint.ForeignFill(
                symbol: instruments[$0.instrument.index].symbol, tradeID: $0.tradeID, order: $0.order.text)
        }
    }

    public func checkpoint() -> Checkpoint {
        Checkpoint(
            at: readUntil, openedAt: openedAt ?? now, state: state, isFlattening: flattenAsked,
            day: day, entriesToday: entriesToday, feesToday: feesToday, firstBlock: ids.first,
            lastBlock: ids.last, scripts: slots.map(keep), markets: pairMarkets.map(keep),
            found: found.indices.filter { found[$0] != .zero }.map {
                Checkpoint.Contracts(symbol: instruments[$0].symbol, quantity: found[$0])
            },
            foreign: foreign.indices.filter { foreign[$0] }.map { instruments[$0].symbol },
            holdings: holdings.filter(\.isWorthKeeping).map {
                Checkpoint.Held(base: pairs[$0.pair.index].base.symbol, holding: $0)
            },
            orders: ordersKept.map(keep), ledger: ledger.rows,
            foreignFills: foreignFillsKept, settled: settledUntil, transfers: outside.kept,
            followed: outside.followed.map { Checkpoint.Settled(symbol: $0.asset.symbol, until: $0.until) })
    }

    private func keep(_ slot: StrategySlot) -> Checkpoint.Script {
        Checkpoint.Script(
            name: slot.name, version: slot.strategy.contract.version, state: slot.tradingState,
            stopped: slot.stopped.map(Self.reason), profit: slot.profit, dayStart: slot.dayStart,
            entries: slot.entries, exits: slot.exits, rounds: slot.rounds, takes: slot.takes)
    }

    /// How long a call took on the wall is no part of what repeats.
    private static func reason(_ fault: StrategyFault) -> String {
        fault.kind == .wallClock ? "a call took too long" : fault.message
    }

    private func keep(_ market: PairMarket) -> Checkpoint.Market {
        Checkpoint.Market(
            base: market.pair.base.symbol, losingRounds: market.losingRounds, heldDay: market.heldDay,
            hedgeRetries: market.hedgeRetries)
    }

    private var ordersKept: [Int] {
        let over = orders.indices.suffix(Self.settledOrdersKept).filter { orders[$0].isSettled }
        return (over + liveOrders).sorted()
    }

    private func keep(_ place: Int) -> Checkpoint.Ordered {
        let record = orders[place]
        var end: OrderStatus?
        if case .closed(let status) = record.state { end = status }
        if record.state == .rejected { end = .expired }
        let holding = holdings[record.holding]
        return Checkpoint.Ordered(
            base: pairs[holding.pair.index].base.symbol, owner: holding.owner, leg: record.leg,
            purpose: record.purpose, id: record.order.id, side: record.order.side,
            price: record.order.price, quantity: record.order.quantity,
            timeInForce: record.order.timeInForce, decisionMid: record.decisionMid,
            sentMid: record.sentMid, sentAt: record.sentAt, end: end, venueOrderID: record.venueOrderID,
            filled: record.filled, told: record.told, tradeIDs: record.tradeIDs)
    }

    private var settledUntil: [Checkpoint.Settled] {
        let funding = instruments.indices.compactMap { place -> Checkpoint.Settled? in
            let ends = seenFunding.filter { $0.instrument.index == place }.map(\.intervalEnd)
            let last = (ends + [settledBefore[place]].compactMap { $0 }).max()
            return last.map { Checkpoint.Settled(symbol: instruments[place].symbol, until: $0) }
        }
        return funding + interestUntil.map { Checkpoint.Settled(symbol: $0.asset.symbol, until: $0.until) }
    }
}

extension Holding {
    /// Something that a later run has to know.
    var isWorthKeeping: Bool {
        isAtWork || state != .idle || cooldownUntil != nil || openedAt != nil
    }
}
