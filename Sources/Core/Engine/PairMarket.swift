/// What the engine keeps of one pair's market beside its books.
struct PairMarket {
    let pair: Pair
    var basis = BasisWindow()
    var volatility = Volatility()
    var funding = FundingHistory()
    /// Yearly rates of the base, percent; zero when the market is closed or not read.
    var borrowAPR = Percent.zero, lendAPR = Percent.zero
    /// Measured mean slippage of legs; `nil` until thirty were seen.
    var legRiskTaker: Percent?, legRiskRest: Percent?

    init(pair: Pair) { self.pair = pair }
}

/// What the engine keeps of one instrument beside its book.
struct InstrumentMarket {
    var book = Book()
    var mark: MarkUpdate?
    /// The last frame of its own.
    var lastFrame: Timestamp?
}

/// Per strategy, pair and direction: what was last shown, and how long it has been good.
struct Watch {
    var walk: PairWalk?
    var persistence = Persistence()
    var lastReason: Reason?
}
