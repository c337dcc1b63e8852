/// What the engine keeps of one pair's market beside its books.
struct PairMarket {
    let pair: Pair
    var basis = BasisWindow()
    var volatility = Volatility()
    var funding = FundingHistory()
    /// Yearly rates of the base, percent; zero when the market is closed or not read.
    var borrowAPR = Percent.zero, lendAPR = Percent.zero
    /// Borrowed part of the base's lending pool, 1.0 is 100 000 000; `nil` when not read.
    var utilisation: Percent?
    /// Until when the venue's own no keeps entries away.
    var pausedUntil: Timestamp?
    /// Hedges that had to be tried again, within the hour.
    var hedgeRetries: [Timestamp] = []
    /// People were told of it, and it has not passed.
    var toldOfSpread = false
    /// What legs cost between decision and order, by style.
    var legRiskTaker = MeasuredLegRisk(), legRiskRest = MeasuredLegRisk()
    /// Losing rounds running, of all strategies, and the UTC day until whose end the pair is on hold.
    var losingRounds = 0, heldDay: Int64?
    /// Entries that were served here since the start, and the holding of the last.
    var entriesServed = 0, lastServed: Int?

    init(pair: Pair) { self.pair = pair }
}

/// What the engine keeps of one instrument beside its book.
struct InstrumentMarket {
    var book = Book()
    /// A difference was applied since the last snapshot.
    var isChained = false
    var mark: MarkUpdate?
    /// The last frame of its own.
    var lastFrame: Timestamp?
    var lastMark: Timestamp?
    /// What the venue lets happen; `nil` when it could not be read for too long.
    var state: BookState?
    var bounds = MarketBounds()
    /// The venue counts in other steps than those this run began with.
    var hasOtherGrid = false
    /// Contracts that everybody has open; `nil` when not read.
    var openInterest: Quantity?
}

/// The mean move against us between the decision and a leg's order, once thirty fills were seen (FORMULAS 2).
struct MeasuredLegRisk {
    static let fillsLeast = 30
    private var fills = 0
    private var sum = Int128(0)

    /// - Parameter cost: percent of the mid at the decision; positive is against us.
    mutating func add(_ cost: Percent) {
        fills += 1
        sum += Int128(cost.raw)
    }

    /// Rounded up and never below zero; `nil` until enough were seen.
    var mean: Percent? {
        guard fills >= Self.fillsLeast else { return nil }
        return max(Percent(raw: Int64(quotient(sum, by: Int128(fills), .up))), .zero)
    }
}

/// Per strategy, pair and direction: what was last shown, and how long it has been good.
struct Watch {
    var walk: PairWalk?
    var persistence = Persistence()
    var lastReason: Reason?
    /// When time alone may turn the last refusal.
    var lookAt: Timestamp?
}
