import Core

/// An account of the venue, by its place in the venue's list.
public struct AccountID: Hashable, Comparable, Sendable {
    public let index: Int
    public init(_ index: Int) { self.index = index }
    public static func < (a: AccountID, b: AccountID) -> Bool { a.index < b.index }
}

public enum OrderKind: String, Sendable { case limit = "Limit", market = "Market" }

/// An order as a client sends it.
public struct IncomingOrder: Sendable, Equatable {
    public var instrument: InstrumentID
    public var side: Side
    public var kind: OrderKind = .limit
    /// Limit orders.
    public var price: Price?
    /// Base; `nil` only for a market order by quote amount.
    public var quantity: Quantity?
    /// Market orders: trade about this much quote.
    public var quoteQuantity: Money?
    public var timeInForce = TimeInForce.goodTillCancelled
    public var postOnly = false
    public var reduceOnly: Bool?
    public var clientID: UInt32?
    public var selfTrade = SelfTradePrevention.rejectTaker
    public var autoBorrow = false, autoBorrowRepay = false

    public init(instrument: InstrumentID, side: Side) { (self.instrument, self.side) = (instrument, side) }

    /// This program's own limit order.
    public init(_ order: Order) {
        self.init(instrument: order.instrument, side: order.side)
        (price, quantity, timeInForce, postOnly) = (
            order.price, order.quantity, order.timeInForce, order.postOnly
        )
        (reduceOnly, clientID, selfTrade) = (order.reduceOnly, order.id.raw, order.selfTrade)
        autoBorrow = order.autoBorrow ?? false
        autoBorrowRepay = order.autoBorrowRepay ?? false
    }
}

/// An order as the venue knows it: what came, and what became of it.
public struct VenueOrder: Sendable, Equatable {
    public let id: Int64
    public let account: AccountID
    public let order: IncomingOrder
    /// When the request came.
    public let createdAt: Timestamp
    /// The order's quantity; smaller than sent when a reduce-only order
    /// was cut. `nil` for a market order by quote.
    public internal(set) var quantity: Quantity?
    public internal(set) var executed = Quantity.zero
    public internal(set) var executedQuote = Notional.zero
    public internal(set) var status = OrderStatus.new
    /// The venue's word for why it expired.
    public internal(set) var expiryReason: String?
    /// In the book now.
    public internal(set) var isResting = false
    /// Held for it while it rests, in the asset it gives away; spot only.
    var locked = Money.zero

    init(id: Int64, account: AccountID, order: IncomingOrder, createdAt: Timestamp) {
        (self.id, self.account, self.order, self.createdAt) = (id, account, order, createdAt)
        quantity = order.quantity
    }

    public var remaining: Quantity { (quantity ?? executed) - executed }
}

/// A fill as the account's history keeps it.
public struct VenueFill: Sendable, Equatable {
    public let fill: Fill
    public let order: Int64
    public let clientID: UInt32?

    package init(fill: Fill, order: Int64, clientID: UInt32?) {
        (self.fill, self.order, self.clientID) = (fill, order, clientID)
    }
}

public enum PositionChange: String, Sendable {
    case opened = "positionOpened", adjusted = "positionAdjusted", closed = "positionClosed"
}

/// What the venue tells, in order. `at` is the engine's time.
public enum VenueEvent: Sendable {
    /// Absolute levels, ascending by price; zero removes. Contiguous:
    /// each change counts `sequence` on by one.
    case depth(InstrumentID, bids: [Level], asks: [Level], sequence: Int64, at: Timestamp)
    /// The touch changed; `nil` for an empty side.
    case touch(InstrumentID, bid: Level?, ask: Level?, sequence: Int64, at: Timestamp)
    case trade(InstrumentID, PublicTrade, buyer: Int64, seller: Int64)
    case mark(InstrumentID, MarkUpdate, at: Timestamp)
    /// One change of an order; `fill` for `.fill`.
    case order(AccountID, OrderChange, VenueOrder, fill: Fill?, at: Timestamp)
    case balance(AccountID, Asset, Balance, at: Timestamp)
    case position(AccountID, PositionChange, PositionState, at: Timestamp)
    /// The answer to `place` or `placeBatch` with this ticket: one entry per order.
    case answer(Int64, [OrderOutcome])
}

public enum OrderOutcome: Sendable, Equatable { case done(VenueOrder), refused(Refusal) }

/// What an account has of one asset.
public struct Balance: Sendable, Equatable {
    public internal(set) var available = Money.zero, locked = Money.zero
    /// Owed to the lending pool; not part of `total`.
    public internal(set) var borrowed = Money.zero
    public var total: Money { available + locked }
    public init() {}
}

/// A perp position as the venue states it.
public struct PositionState: Sendable, Equatable {
    public let id: Int64
    public let instrument: InstrumentID
    /// Signed: long positive.
    public let net: Quantity
    public let entryPrice: Price, breakEvenPrice: Price, mark: Price
    public let realised: Money, unrealised: Money, funding: Money, fees: Money
    /// Signed like `net`: what the position cost at its average entry.
    public let netCost: Money
    /// The position or, where larger, what it becomes when all risk-raising orders fill.
    public let exposure: Quantity
    public let exposureNotional: Money
    /// Fractions in 10⁻¹².
    public let imf: Int64, mmf: Int64
    public let openedAt: Timestamp
    public let closedAt: Timestamp?
    public let closedVolume: Money
}
