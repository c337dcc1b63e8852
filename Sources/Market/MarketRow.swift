import Core

/// One market's book at a moment, as a file has it.
public struct MarketRow: Sendable, Equatable {
    public let at: Timestamp
    /// Of this program: quoted in USDC.
    public let symbol: String
    /// In the file's order.
    public let bids: [Level], asks: [Level]
}

/// What a file was found to be, after it was read once from end to end.
public struct MarketSurvey: Sendable, Equatable {
    public var rows = 0
    /// Rows whose bid was not below their ask: left out.
    public var crossed = 0
    public var symbols: [String] = []
    public var first: Timestamp?, last: Timestamp?
    /// What is assumed because the file does not say it, for people.
    public var assumption: String?
}
