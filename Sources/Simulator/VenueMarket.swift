import Core

/// One public trade with the ids of both orders.
public struct TapeTrade: Sendable, Equatable {
    public let trade: PublicTrade
    public let buyer: Int64, seller: Int64
}

/// What happened in a market since the venue's start, or within a
/// candle. Prices are `nil` before the first trade.
public struct TradeSummary: Sendable, Equatable {
    public internal(set) var first: Price?, last: Price?, high: Price?, low: Price?
    public internal(set) var volume = Money.zero, quoteVolume = Notional.zero
    public internal(set) var trades = 0

    public init() {}

    public mutating func add(_ trade: PublicTrade) {
        first = first ?? trade.price
        last = trade.price
        high = max(high ?? trade.price, trade.price)
        low = min(low ?? trade.price, trade.price)
        volume += Money(raw: Int128(trade.quantity.raw) * 10_000)
        quoteVolume += trade.price * trade.quantity
        trades += 1
    }
}

/// One market inside the venue.
struct VenueMarket: Sendable {
    let figures: MarketFigures
    /// `nil`: listed, but its grid is finer than this program counts, so nothing can be traded there.
    let instrument: Instrument?
    let bands: MarketBands
    var book: RestingBook
    var tape: [TapeTrade] = []
    var nextTradeID: Int64
    var summary = TradeSummary()
    var index: Int64?
    var mark: Int64?
    /// Running mean of mid − index over about a minute.
    var basis: Int64?
    /// The last five minutes of marks, a ring, and their sum.
    var recentMarks: [Int64] = []
    var recentSum: Int128 = 0
    var recentNext = 0
    /// Premiums of the interval in progress, 10⁻¹².
    var premiumSum: Int128 = 0
    var premiumCount: Int128 = 0
    /// Newest last.
    var settledRates: [SettledRate] = []
    var toldBid: Level?, toldAsk: Level?
    /// The crowd's last whole book, of recorded markets.
    var row: CrowdRow?
    var takings: [Taking] = []
    /// What another venue says of the mark, when this one plays beside it.
    var told: MarkUpdate?

    /// What was taken from a recorded level and stays missing for a while.
    struct Taking: Sendable {
        let side: Side, price: Int64
        /// What the recording showed there at that time.
        let shown: Int64
        var taken: Int64
        let until: Timestamp
    }

    init(figures: MarketFigures, id: InstrumentID, sequence: Int64) {
        self.figures = figures
        instrument = figures.instrument(id)
        bands = MarketBands(figures)
        book = RestingBook(sequence: sequence)
        nextTradeID = sequence / 64
    }

    /// Median of best bid, best ask and last trade; with fewer of them, what there is.
    var activePrice: Int64? {
        let known = [book.bestPrice(.buy), book.bestPrice(.sell), summary.last?.raw].compactMap { $0 }
            .sorted()
        return known.isEmpty ? nil : known[known.count / 2]
    }

    var mid: Int64? {
        guard let bid = book.bestPrice(.buy), let ask = book.bestPrice(.sell) else { return nil }
        return (bid + ask) / 2
    }

    var meanMark: Int64? {
        recentMarks.isEmpty ? nil : Int64(quotient(recentSum, by: Int128(recentMarks.count), .nearest))
    }

    /// The running estimate of the interval in progress.
    var fundingEstimate: FundingRate {
        if let rate = told?.rate { return rate }
        let mean = premiumCount > 0 ? Int64(quotient(premiumSum, by: premiumCount, .nearest)) : 0
        return FundingRate(meanPremium: mean, bound: bands.fundingBound)
    }

    /// Once a second: mark from index and the slow part of mid − index, both on a grid of 10⁻⁶.
    mutating func tick() {
        if let told { return (mark, index) = (told.mark.raw, told.index.raw) }
        guard let index else { return }
        if let mid {
            let now = mid - index
            if let old = basis { basis = old + (now - old) / 60 } else { basis = now }
        }
        let most = index / 40
        let offset = max(-most, min(most, basis ?? 0))
        let mark = multiple(index + offset, of: 100, .nearest)
        self.mark = mark
        premiumSum += quotient(Int128(mark - index) * 1_000_000_000_000, by: Int128(index), .nearest)
        premiumCount += 1
        if recentMarks.count < 300 {
            recentMarks.append(mark)
        } else {
            recentSum -= Int128(recentMarks[recentNext])
            recentMarks[recentNext] = mark
            recentNext = (recentNext + 1) % 300
        }
        recentSum += Int128(mark)
    }
}

extension FundingRate {
    /// `clamp((P + clamp(0.0001 − P, ±0.0005)) / 8, ±bound)`, rounded to nearest (FORMULAS 6, C19).
    /// - Parameters:
    ///   - meanPremium: P, the mean of (mark − index) / index, 10⁻¹².
    ///   - bound: 10⁻¹²; zero means none.
    public init(meanPremium: Int64, bound: Int64) {
        let pull = max(-500_000_000, min(500_000_000, 100_000_000 - meanPremium))
        let rate = Int64(quotient(Int128(meanPremium + pull), by: 8, .nearest))
        self.init(raw: bound > 0 ? max(-bound, min(bound, rate)) : rate)
    }
}
