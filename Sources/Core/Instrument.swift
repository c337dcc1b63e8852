/// An asset's symbol as the venue writes it: `SOL`, `USDC`.
public struct Asset: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let symbol: String
    public init(_ symbol: String) { self.symbol = symbol }
    public static func < (a: Asset, b: Asset) -> Bool { a.symbol < b.symbol }
    public static let usdc = Asset("USDC")
    public var description: String { symbol }
}

/// The place of an instrument in the catalogue: a small number that indexes arrays.
public struct InstrumentID: Hashable, Comparable, Sendable {
    public let index: Int
    public init(_ index: Int) { self.index = index }
    public static func < (a: InstrumentID, b: InstrumentID) -> Bool { a.index < b.index }
}

/// The place of a pair in the catalogue.
public struct PairID: Hashable, Comparable, Sendable {
    public let index: Int
    public init(_ index: Int) { self.index = index }
    public static func < (a: PairID, b: PairID) -> Bool { a.index < b.index }
}

public enum InstrumentKind: String, Sendable { case spot = "SPOT", perp = "PERP" }

/// What a market lets happen now (PROTOCOL 3.2). A state we do not know is treated as closed.
public enum BookState: String, Sendable {
    case open = "Open", closed = "Closed", cancelOnly = "CancelOnly", limitOnly = "LimitOnly", postOnly =
        "PostOnly"
    case unknown = ""
}

/// A margin fraction that grows with the root of the notional: `max(base, factor·√notional)`; both fractions
/// in 10⁻¹².
public struct MarginCurve: Hashable, Sendable {
    public let base: Int64, factor: Int64
    public init(base: Int64, factor: Int64) { (self.base, self.factor) = (base, factor) }
}

/// What a market allows beyond its grid. Each is `nil` where the venue names no such bound.
public struct MarketBounds: Hashable, Sendable {
    public var quantityMax: Quantity?
    /// Of a limit price, as parts of the active price; 1.0 is 100 000 000.
    public var limitLow: Percent?, limitHigh: Percent?
    /// How far a taker reaches, as parts of the touch.
    public var impactLow: Percent?, impactHigh: Percent?
    /// Perps: contracts that all users of the venue together may have open.
    public var openInterestMax: Quantity?
    /// Perps: how often a notional counts against the account's position limit; 1.0 is 100 000 000.
    public var positionWeight: Percent?
    public init() {}
}

/// What is traded: one spot market or one perp.
public struct Instrument: Hashable, Sendable {
    public let id: InstrumentID
    public let symbol: String
    public let kind: InstrumentKind
    public let base: Asset
    public let quote: Asset
    /// The smallest step of a price.
    public let tickSize: Price
    /// The smallest step of a quantity.
    public let lotSize: Quantity
    public let minQuantity: Quantity
    /// Perps: the time between two settlements; `nil` for spot.
    public let fundingInterval: TimeSpan?
    /// Perps: initial and maintenance margin; `nil` for spot.
    public let initialMargin: MarginCurve?, maintenanceMargin: MarginCurve?
    public var state: BookState
    public var bounds: MarketBounds

    public init(
        id: InstrumentID, symbol: String, kind: InstrumentKind, base: Asset, quote: Asset, tickSize: Price,
        lotSize: Quantity, minQuantity: Quantity, fundingInterval: TimeSpan? = nil,
        initialMargin: MarginCurve? = nil, maintenanceMargin: MarginCurve? = nil, state: BookState = .open,
        bounds: MarketBounds = MarketBounds()
    ) {
        precondition(tickSize.raw > 0 && lotSize.raw > 0, "an instrument has a tick and a lot")
        (self.id, self.symbol, self.kind, self.base, self.quote) = (id, symbol, kind, base, quote)
        (self.tickSize, self.lotSize, self.minQuantity) = (tickSize, lotSize, minQuantity)
        (self.fundingInterval, self.initialMargin) = (fundingInterval, initialMargin)
        (self.maintenanceMargin, self.state, self.bounds) = (maintenanceMargin, state, bounds)
    }
}

extension Price {
    /// This price on the instrument's grid.
    public func onTick(_ tick: Price, _ rounding: Rounding) -> Price {
        Price(raw: multiple(raw, of: tick.raw, rounding))
    }
}

extension Quantity {
    /// This quantity on a grid of lots.
    public func onLot(_ lot: Quantity, _ rounding: Rounding) -> Quantity {
        Quantity(raw: multiple(raw, of: lot.raw, rounding))
    }
}
