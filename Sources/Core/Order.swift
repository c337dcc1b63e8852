/// Our name for an order, chosen before sending, never used twice. 32 bits: block and index (FORMULAS E13).
public struct ClientOrderID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let raw: UInt32
    public init(raw: UInt32) { self.raw = raw }
    public static func < (a: ClientOrderID, b: ClientOrderID) -> Bool { a.raw < b.raw }
    public var description: String { String(raw) }
    /// Names of one block.
    public static let perBlock: UInt32 = 4096
    /// The part that counts up; the bit of a guardian is none of it.
    public var counted: UInt32 { raw & 0x7FFF_FFFF }
    public var block: UInt32 { counted / Self.perBlock }
}

/// The venue's name for an order, known only after acceptance.
public struct VenueOrderID: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }
}

public enum TimeInForce: String, Sendable {
    case goodTillCancelled = "GTC", immediateOrCancel = "IOC", fillOrKill = "FOK"
}

/// Who gives way when two orders of one account would meet (FORMULAS E12).
public enum SelfTradePrevention: String, Sendable {
    case rejectTaker = "RejectTaker", rejectMaker = "RejectMaker", rejectBoth = "RejectBoth"
}

/// A limit order as it goes to the venue. There is no market order in this program.
public struct Order: Hashable, Sendable {
    public let id: ClientOrderID
    public let instrument: InstrumentID
    public let side: Side
    public let price: Price
    public let quantity: Quantity
    public let timeInForce: TimeInForce
    public let postOnly: Bool
    /// Perps only; `nil` leaves the field out.
    public let reduceOnly: Bool?
    public let selfTrade: SelfTradePrevention
    /// Spot only (FORMULAS E11); `nil` leaves the field out.
    public let autoBorrow: Bool?, autoBorrowRepay: Bool?, autoLendRedeem: Bool?

    public init(
        id: ClientOrderID, instrument: InstrumentID, side: Side, price: Price, quantity: Quantity,
        timeInForce: TimeInForce, postOnly: Bool = false, reduceOnly: Bool? = nil,
        selfTrade: SelfTradePrevention, autoBorrow: Bool? = nil, autoBorrowRepay: Bool? = nil,
        autoLendRedeem: Bool? = nil
    ) {
        (self.id, self.instrument, self.side, self.price, self.quantity) = (
            id, instrument, side, price, quantity
        )
        (self.timeInForce, self.postOnly, self.reduceOnly) = (timeInForce, postOnly, reduceOnly)
        (self.selfTrade, self.autoBorrow, self.autoBorrowRepay) = (selfTrade, autoBorrow, autoBorrowRepay)
        self.autoLendRedeem = autoLendRedeem
    }
}

public enum OrderStatus: String, Sendable {
    case new = "New", partiallyFilled = "PartiallyFilled", filled = "Filled", cancelled = "Cancelled"
    case expired = "Expired", triggerPending = "TriggerPending", triggerFailed = "TriggerFailed"
    /// A status this program does not know: quarantined, never guessed.
    case unknown = ""
    /// Nothing more can happen to the order.
    public var isFinal: Bool {
        self == .filled || self == .cancelled || self == .expired || self == .triggerFailed
    }
}

public enum Liquidity: String, Sendable { case maker, taker }

/// One execution. A trade id counts once per instrument and order.
public struct Fill: Hashable, Sendable {
    public let instrument: InstrumentID
    public let side: Side
    public let price: Price
    /// Always positive.
    public let quantity: Quantity
    /// Positive: paid.
    public let fee: Money
    public let feeAsset: Asset
    public let tradeID: Int64
    public let venueOrderID: VenueOrderID
    /// `nil` for executions that are not ours by name: liquidations, other programs.
    public let clientOrderID: ClientOrderID?
    public let liquidity: Liquidity
    public let venueTime: Timestamp
    /// Why the venue made it, in the words of its history (`LiquidatePositionOnBook`…); `nil` when somebody
    /// ordered it, and from the stream, which says so of the order.
    public let origin: String?

    public init(
        instrument: InstrumentID, side: Side, price: Price, quantity: Quantity, fee: Money, feeAsset: Asset,
        tradeID: Int64, venueOrderID: VenueOrderID, clientOrderID: ClientOrderID?, liquidity: Liquidity,
        venueTime: Timestamp, origin: String? = nil
    ) {
        (self.instrument, self.side, self.price, self.quantity) = (instrument, side, price, quantity)
        (self.fee, self.feeAsset, self.tradeID, self.venueOrderID) = (fee, feeAsset, tradeID, venueOrderID)
        (self.clientOrderID, self.liquidity, self.venueTime) = (clientOrderID, liquidity, venueTime)
        self.origin = origin
    }

    public var notional: Notional { price * quantity }

    /// Cuts an execution in two, the fee by quantity; the sum of both is the whole.
    /// - Precondition: `first` is at most `quantity`.
    func split(_ first: Quantity) -> (first: Fill, rest: Fill) {
        let share = Money(raw: fee.raw * Int128(first.raw) / Int128(quantity.raw))
        return (with(first, share), with(quantity - first, fee - share))
    }

    private func with(_ quantity: Quantity, _ fee: Money) -> Fill {
        Fill(
            instrument: instrument, side: side, price: price, quantity: quantity, fee: fee,
            feeAsset: feeAsset,
            tradeID: tradeID, venueOrderID: venueOrderID, clientOrderID: clientOrderID, liquidity: liquidity,
            venueTime: venueTime, origin: origin)
    }
}
