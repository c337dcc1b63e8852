/// What an input means once parsed. The desk hands the engine one input's events, in order, with one `now`.
public enum Event: Sendable {
    case book(InstrumentID, BookChange)
    /// Any frame on the connection that carries this instrument's book proves it alive (FORMULAS 2,
    /// `spot_age_ms`).
    case alive(ConnectionID)
    case mark(InstrumentID, MarkUpdate)
    case trade(InstrumentID, PublicTrade)
    case order(OrderUpdate)
    case position(PositionUpdate)
    case balance(BalanceUpdate)
    case reply(RequestID, Reply)
    case connection(ConnectionID, ConnectionChange)
    case timer
}

/// The two ways to the venue's streams.
public enum ConnectionID: Int, Sendable, CaseIterable { case publicStream, privateStream }
public enum ConnectionChange: Sendable, Equatable { case up, down(reason: String) }

/// A change of one book, already in sequence: whatever reaches the engine is applied whole.
public enum BookChange: Sendable, Equatable {
    case snapshot(bids: [Level], asks: [Level], sequence: Int64)
    case delta(bids: [Level], asks: [Level], sequence: Int64)
    /// The chain broke; the book has no price until the next snapshot.
    case lost(String)
}

public struct MarkUpdate: Sendable, Equatable {
    public let mark: Price, index: Price
    /// The running estimate for the interval in progress; `nil` when the venue sends none.
    public let rate: FundingRate?
    public let nextFunding: Timestamp?
    public init(mark: Price, index: Price, rate: FundingRate?, nextFunding: Timestamp?) {
        (self.mark, self.index, self.rate, self.nextFunding) = (mark, index, rate, nextFunding)
    }
}

public struct PublicTrade: Sendable, Equatable {
    public let price: Price, quantity: Quantity
    /// The side that took.
    public let taker: Side
    public let tradeID: Int64
    public let venueTime: Timestamp
    public init(price: Price, quantity: Quantity, taker: Side, tradeID: Int64, venueTime: Timestamp) {
        (self.price, self.quantity, self.taker) = (price, quantity, taker)
        (self.tradeID, self.venueTime) = (tradeID, venueTime)
    }
}

public enum OrderChange: String, Sendable {
    case accepted = "orderAccepted", cancelled = "orderCancelled", expired = "orderExpired", fill =
        "orderFill"
    case modified = "orderModified", triggerPlaced, triggerFailed
    /// An event name we do not know: kept, never guessed.
    case unknown = ""
}

/// What the private stream or a REST answer says of one order.
public struct OrderUpdate: Sendable, Equatable {
    public let change: OrderChange
    public let instrument: InstrumentID
    public let venueOrderID: VenueOrderID
    public let clientOrderID: ClientOrderID?
    public let side: Side
    public let status: OrderStatus
    /// Total executed so far, base; and quote where told.
    public let executed: Quantity
    public let executedQuote: Notional?
    /// Quantity and price of the order; `nil` where the venue left them out.
    public let quantity: Quantity?, price: Price?
    /// The execution this update reports, if it is one.
    public let fill: Fill?
    /// Why it expired, in the venue's words.
    public let reason: String?
    /// `USER`, `LIQUIDATION_AUTOCLOSE`…; `nil` from REST.
    public let origin: String?
    public let venueTime: Timestamp

    public init(
        change: OrderChange, instrument: InstrumentID, venueOrderID: VenueOrderID,
        clientOrderID: ClientOrderID?,
        side: Side, status: OrderStatus, executed: Quantity, executedQuote: Notional?, quantity: Quantity?,
        price: Price?, fill: Fill?, reason: String?, origin: String?, venueTime: Timestamp
    ) {
        (self.change, self.instrument, self.venueOrderID) = (change, instrument, venueOrderID)
        (self.clientOrderID, self.side, self.status) = (clientOrderID, side, status)
        (self.executed, self.executedQuote, self.quantity) = (executed, executedQuote, quantity)
        (self.price, self.fill, self.reason, self.origin) = (price, fill, reason, origin)
        self.venueTime = venueTime
    }
}

public struct PositionUpdate: Sendable, Equatable {
    public let instrument: InstrumentID
    /// Signed: long positive.
    public let net: Quantity
    public let entryPrice: Price?
    /// Realised and unrealised profit as the venue states them; `nil` where it does not.
    public let realised: Money?, unrealised: Money?
    /// The mark the venue reckoned with, on the finer grid of money; `nil` where it does not say.
    public let mark: Money?
    public init(
        instrument: InstrumentID, net: Quantity, entryPrice: Price?, realised: Money?, unrealised: Money?,
        mark: Money? = nil
    ) {
        (self.instrument, self.net, self.entryPrice) = (instrument, net, entryPrice)
        (self.realised, self.unrealised, self.mark) = (realised, unrealised, mark)
    }
}

/// One asset's balance, absolute.
public struct BalanceUpdate: Sendable, Equatable {
    public let asset: Asset
    public let available: Money, locked: Money, staked: Money
    public init(asset: Asset, available: Money, locked: Money, staked: Money) {
        (self.asset, self.available, self.locked, self.staked) = (asset, available, locked, staked)
    }
    public var total: Money { available + locked + staked }
}
