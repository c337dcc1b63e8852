/// Everything the gate looks at, gathered for one intent. Absent is `nil` and denies: as it is made, a
/// picture lets nothing through.
public struct RiskPicture: Sendable {
    public var tradingState = TradingState.active
    public var stopping = false
    public var market = MarketCondition(), account = AccountCondition()

    // MARK: Exposure and the day; `nil` while something that is held has no price

    /// One-sided and gross exposure of all holdings, entries at work in full.
    public var oneSided: Money?, gross: Money?
    /// One-sided exposure of this strategy, and its budget.
    public var ownOneSided: Money?, budget = Money.zero
    /// Notional per leg this strategy holds in the pair already.
    public var heldInPair: Money?
    /// What is not hedged now, and the longest it has been so.
    public var unhedged: Money?, unhedgedFor = TimeSpan.zero
    /// Profit of the UTC day, of all and of this strategy; fees of the day.
    public var profitToday: Money?, ownProfitToday: Money?, feesToday = Money.zero

    // MARK: What was done

    public var entriesToday = 0, sentLastSecond = 0
    /// The moment of the turn, and the last entry that this strategy was let in with in this pair; `nil`:
    /// none.
    public var now = Timestamp(microseconds: 0)
    public var lastEntry: PastEntry?
    /// Posts within a minute, of this strategy in this pair and of all.
    public var ownPostsLastMinute = 0, postsLastMinute = 0
    /// Taker entries of the UTC day and their fills, of this strategy and of all.
    public var ownTakes = TakeCount(), takes = TakeCount()
    /// Everything asked of the venue within a minute.
    public var requestsLastMinute = 0

    // MARK: Money

    public var equity: Money?, freeQuote: Money?, netEquityAvailable: Money?
    /// Notional of all perp shorts at mark.
    public var shorts: Money?
    /// What all coins of the account count as collateral.
    public var coinsAsCollateral: Money?
    /// Collateral weight of the base, initial and maintenance margin fraction of the perp (1.0 is 100 %).
    public var weight: Percent?, initialMargin: Percent?, maintenanceMargin: Percent?
    public var fees = FeeRates.base
    /// Coins that a reverse may sell: own ones, and those that may and can be borrowed.
    public var sellable: Quantity?
    /// The venue borrows USDC for debts before it sells coins for them.
    public var borrowsToSettle: Bool?

    // MARK: Prices and the venue's own bounds

    public var spotMid: Price?, perpMid: Price?, index: Price?
    /// The markets, with their bounds as last read.
    public var spot: Instrument?, perp: Instrument?
    /// Weighted notional of all perp positions and the most the account may have; that is `nil` where the
    /// venue names none.
    public var positions: Money?, positionMax: Money?
    /// Contracts that everybody has open in this perp.
    public var openInterest: Quantity?
    public init() {}
}

/// An entry that passed the gate.
public struct PastEntry: Sendable, Equatable {
    public let at: Timestamp, direction: Direction, quantity: Quantity
    public init(at: Timestamp, direction: Direction, quantity: Quantity) {
        (self.at, self.direction, self.quantity) = (at, direction, quantity)
    }
}

/// Taker entries that were sent, and the fills they got.
public struct TakeCount: Sendable, Equatable {
    public var orders = 0, fills = 0
    public init(orders: Int = 0, fills: Int = 0) { (self.orders, self.fills) = (orders, fills) }
}
