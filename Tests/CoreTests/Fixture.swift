import Core

// Short ways to write exact values in tests: what does not parse is a mistake of the test and stops it.

func price(_ text: String) -> Price { Price(text)! }
func quantity(_ text: String) -> Quantity { Quantity(text)! }
func money(_ text: String) -> Money { Money(text)! }
func percent(_ text: String) -> Percent { Percent(text)! }
func rate(_ text: String) -> FundingRate { FundingRate(raw: Int64(DecimalText.parse(text, places: 12)!)) }
/// A fraction as the venue states it: 1.0 is 100 000 000.
func fraction(_ text: String) -> Percent { percent(text) }
func seconds(_ value: Int64) -> Timestamp { Timestamp(microseconds: value * 1_000_000) }

/// Money at eight decimals, rounded as named.
func eight(_ amount: Money, _ rounding: Rounding = .nearest) -> String {
    DecimalText.write(quotient(amount.raw, by: 10_000, rounding), places: 8, padded: 8)
}

func levels(_ rows: [(String, String)]) -> [Level] {
    rows.map { Level(price: price($0.0), quantity: quantity($0.1)) }
}

func book(bids: [(String, String)], asks: [(String, String)]) -> Book {
    var book = Book()
    book.replace(bids: levels(bids), asks: levels(asks), sequence: 1)
    return book
}

/// A pair with tick and lot 0.01.
func solPair(
    lot: String = "0.01", minimum: String = "0.01", base: String = "SOL", first: Int = 0, id: Int = 0
) -> Pair {
    func instrument(_ id: Int, _ symbol: String, _ kind: InstrumentKind, _ lot: String) -> Instrument {
        Instrument(
            id: InstrumentID(id), symbol: symbol, kind: kind, base: Asset(base), quote: .usdc,
            tickSize: price("0.01"),
            lotSize: quantity(lot), minQuantity: quantity(minimum),
            fundingInterval: kind == .perp ? .seconds(3600) : nil)
    }
    return Pair(
        id: PairID(id), spot: instrument(first, base + "_USDC", .spot, "0.01"),
        perp: instrument(first + 1, base + "_USDC_PERP", .perp, lot))
}

/// Book B1 of FORMULAS 11.
enum B1 {
    static let spot = book(
        bids: [("149.98", "0.50"), ("149.97", "3")], asks: [("150.02", "0.40"), ("150.03", "2")])
    static let perp = book(
        bids: [("150.50", "0.25"), ("150.49", "5")], asks: [("150.51", "2"), ("150.52", "4")])
    static let one = quantity("1")
    static let walk = PairWalk(spot: spot, perp: perp, quantity: one)!

    /// The terms of C7 and C8: base tier, hold of an hour with one settlement, 0.85 % an hour.
    static func terms(mean: String = "0", exitAtMean: Bool = false, samples: Int = 3600) -> OpportunityTerms {
        OpportunityTerms(
            fees: .base, leastNetEdge: percent("0.02"), hold: .seconds(3600), nextFunding: .seconds(600),
            fundingInterval: .seconds(3600), fundingCurrent: percent("0.00125"),
            fundingMean: percent("0.00125"),
            exitAtMean: exitAtMean, basisMean: percent(mean), basisSamples: samples, borrowAPR: percent("12"),
            volatilityPerHour: percent("0.85"))
    }

    static func opportunity(
        _ direction: Direction = .carry, mean: String = "0", exitAtMean: Bool = false, samples: Int = 3600
    ) -> Opportunity {
        Opportunity.measure(
            pair: solPair(), direction: direction, spot: spot, perp: perp, quantity: one,
            terms: terms(mean: mean, exitAtMean: exitAtMean, samples: samples))!
    }
}

/// A seeded generator (SplitMix64): a failing seed is printed and can be played again.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func int(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &self) }
}

extension RiskPicture {
    /// Nothing is held, everything is known, and there is money enough; prices and quantities of any
    /// fineness.
    static func calm(_ change: (inout RiskPicture) -> Void = { _ in }) -> RiskPicture {
        var picture = RiskPicture()
        picture.budget = Money(400)
        (picture.oneSided, picture.gross, picture.ownOneSided) = (.zero, .zero, .zero)
        (picture.heldInPair, picture.unhedged) = (.zero, .zero)
        (picture.profitToday, picture.ownProfitToday) = (.zero, .zero)
        (picture.equity, picture.freeQuote, picture.netEquityAvailable) = (
            Money(1000), Money(1000), Money(1000)
        )
        (picture.shorts, picture.coinsAsCollateral) = (.zero, .zero)
        (picture.spotMid, picture.perpMid, picture.index) = (price("150"), price("150"), price("150"))
        (picture.weight, picture.initialMargin) = (fraction("0.9"), fraction("0.1"))
        (picture.maintenanceMargin, picture.borrowsToSettle) = (fraction("0.0135"), true)
        picture.sellable = quantity("1000")
        (picture.spot, picture.perp) = (fine(0, .spot), fine(1, .perp))
        picture.positions = .zero
        (picture.market, picture.account) = (.calm(), .calm())
        change(&picture)
        return picture
    }

    private static func fine(_ id: Int, _ kind: InstrumentKind) -> Instrument {
        Instrument(
            id: InstrumentID(id), symbol: kind == .spot ? "SOL_USDC" : "SOL_USDC_PERP", kind: kind,
            base: Asset("SOL"), quote: .usdc, tickSize: Price(raw: 1), lotSize: Quantity(raw: 1),
            minQuantity: Quantity(raw: 1))
    }
}

extension MarketCondition {
    /// Open, narrow, at par, and nothing is lent.
    static func calm(_ change: (inout MarketCondition) -> Void = { _ in }) -> MarketCondition {
        var condition = MarketCondition()
        (condition.spotState, condition.perpState) = (.open, .open)
        (condition.spotWidth, condition.perpWidth) = (percent("0.02"), percent("0.02"))
        (condition.midSpread, condition.stablecoin) = (percent("0.3"), .notListed)
        condition.lendsFreely = false
        change(&condition)
        return condition
    }
}

extension AccountCondition {
    static func calm(_ change: (inout AccountCondition) -> Void = { _ in }) -> AccountCondition {
        var condition = AccountCondition()
        (condition.missedReads, condition.isLiquidating) = (0, false)
        change(&condition)
        return condition
    }
}
