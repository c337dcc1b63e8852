import Core

/// What one frame of a stream says.
public enum StreamMessage: Sendable, Equatable {
    case depth(DepthFrame)
    case bookTicker(BookTickerFrame)
    case trade(InstrumentID, PublicTrade)
    case mark(InstrumentID, MarkUpdate)
    case order(OrderUpdate)
    case position(PositionUpdate)
    case balance(BalanceUpdate)
    /// The venue refused a subscription: 4002 parse, 4003 signature, 4006 stream, 4008 depth window.
    case error(code: Int64, message: String)
    /// A stream or an instrument this program has no use for.
    case ignored(stream: String)

    /// The instrument whose public data this is, if it is.
    public var instrument: InstrumentID? {
        switch self {
        case .depth(let frame): frame.instrument
        case .bookTicker(let frame): frame.instrument
        case .trade(let id, _), .mark(let id, _): id
        default: nil
        }
    }
}

/// Changes of one book: absolute quantities, zero removes the level.
public struct DepthFrame: Sendable, Equatable {
    public let instrument: InstrumentID
    /// The first and last number of the updates it holds.
    public let first: Int64, last: Int64
    public let bids: [Level], asks: [Level]
    /// When the venue sent it, and when the engine made it.
    public let sent: Timestamp, venueTime: Timestamp
    public init(
        instrument: InstrumentID, first: Int64, last: Int64, bids: [Level], asks: [Level], sent: Timestamp,
        venueTime: Timestamp
    ) {
        (self.instrument, self.first, self.last) = (instrument, first, last)
        (self.bids, self.asks, self.sent, self.venueTime) = (bids, asks, sent, venueTime)
    }
}

/// The touch of one book; `nil` for an empty side.
public struct BookTickerFrame: Sendable, Equatable {
    public let instrument: InstrumentID
    public let bid: Level?, ask: Level?
    public let sequence: Int64
    public let sent: Timestamp, venueTime: Timestamp
    public init(
        instrument: InstrumentID, bid: Level?, ask: Level?, sequence: Int64, sent: Timestamp,
        venueTime: Timestamp
    ) {
        (self.instrument, self.bid, self.ask) = (instrument, bid, ask)
        (self.sequence, self.sent, self.venueTime) = (sequence, sent, venueTime)
    }
}
