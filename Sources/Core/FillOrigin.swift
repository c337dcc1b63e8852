/// Who made an execution happen: somebody's order, or the venue itself and why.
public enum FillOrigin: String, Sendable, CaseIterable {
    case order = "a trade by hand or of another program"
    case liquidation = "a liquidation"
    case backstop = "a liquidation by the backstop"
    case deleveraging = "auto-deleveraging (ADL)"
    case conversion = "a conversion of collateral"
    case expiry = "an expiry or the closing of the market"
    /// In words we do not know: the venue's own doing, and nothing more is concluded.
    case unknown = "the exchange, for a reason unknown here,"

    /// - Parameter words: `O` of the stream or `systemOrderType` of the history (PROTOCOL 4.7 and 7); `nil`
    ///   is somebody's order.
    public init(_ words: String?) {
        switch words {
        case nil, "USER": self = .order
        case "LIQUIDATION_AUTOCLOSE", "LiquidatePositionOnBook": self = .liquidation
        case "BACKSTOP_LIQUIDITY_PROVIDER", "LiquidatePositionOnBackstop": self = .backstop
        case "ADL_AUTOCLOSE", "LiquidatePositionOnAdl": self = .deleveraging
        case "COLLATERAL_CONVERSION", "CollateralConversion": self = .conversion
        case "SETTLEMENT_AUTOCLOSE", "FutureExpiry", "OrderBookClosed": self = .expiry
        default: self = .unknown
        }
    }

    /// Done by the venue to this account, surely not by an order.
    public var isVenues: Bool { self != .order && self != .unknown }
}
