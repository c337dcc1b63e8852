import Core

/// A lower and an upper multiplier, as the venue writes them.
public struct MultiplierBand: Sendable, Equatable {
    public let low: String, high: String
    public init(_ low: String, _ high: String) { (self.low, self.high) = (low, high) }
}

/// The public parameters of one market, as text in the venue's own writing; `nil` is `null` there.
public struct MarketFigures: Sendable {
    public let symbol: String, base: String, quote: String
    public let kind: InstrumentKind
    public let tick: String, step: String, leastPrice: String, mostPrice: String?
    /// Limit prices around the active price, and how far a taker reaches from the touch.
    public let limitBand: MultiplierBand, impactBand: MultiplierBand
    public let meanMarkBand: MultiplierBand
    public let premiumTolerance: String?
    public let borrowBand: MultiplierBand?, updateBand: MultiplierBand?
    /// Base and factor of the margin curves; `nil` on spot.
    public let initialMargin: MultiplierBand?, maintenanceMargin: MultiplierBand?
    /// Milliseconds; meaningless on spot.
    public let fundingInterval: Int64?
    /// Basis points per interval, the same up and down; `nil` on spot.
    public let fundingBound: String?
    public let openInterestLimit: String, positionWeight: String?
    public let state: BookState
    public let created: String

    static func spot(
        _ base: String, tick: String, step: String, least: String, most: String? = nil,
        limit: (String, String) = ("0.25", "2"), impact: (String, String), mean: (String, String),
        update: (String, String)? = nil, borrow: (String, String)? = ("0.99", "1.01"), interval: Int64? = nil,
        state: BookState = .open, created: String = "2025-01-21T06:34:54.691858"
    ) -> MarketFigures {
        MarketFigures(
            symbol: "\(base)_USDC", base: base, quote: "USDC", kind: .spot, tick: tick, step: step,
            leastPrice: least, mostPrice: most, limitBand: band(limit), impactBand: band(impact),
            meanMarkBand: band(mean), premiumTolerance: nil, borrowBand: borrow.map(band),
            updateBand: update.map(band), initialMargin: nil, maintenanceMargin: nil,
            fundingInterval: interval, fundingBound: nil, openInterestLimit: "0", positionWeight: nil,
            state: state, created: created)
    }

    static func perp(
        _ base: String, tick: String, step: String, least: String, most: String? = nil,
        limit: (String, String) = ("0.25", "2"), impact: (String, String), mean: (String, String),
        update: (String, String)? = nil, premium: String = "0.05", initial: (String, String),
        maintenance: (String, String), bound: String, openInterest: String, weight: String,
        created: String = "2025-01-21T06:34:54.691858"
    ) -> MarketFigures {
        MarketFigures(
            symbol: "\(base)_USDC_PERP", base: base, quote: "USDC", kind: .perp, tick: tick, step: step,
            leastPrice: least, mostPrice: most, limitBand: band(limit), impactBand: band(impact),
            meanMarkBand: band(mean), premiumTolerance: premium, borrowBand: nil,
            updateBand: update.map(band), initialMargin: band(initial), maintenanceMargin: band(maintenance),
            fundingInterval: 3_600_000, fundingBound: bound, openInterestLimit: openInterest,
            positionWeight: weight, state: .open, created: created)
    }

    private static func band(_ pair: (String, String)) -> MultiplierBand {
        MultiplierBand(pair.0, pair.1)
    }

    /// The market as this program counts; `nil` when tick or step are
    /// finer than prices and quantities can be.
    public func instrument(_ id: InstrumentID) -> Instrument? {
        guard let tick = Price(tick), let step = Quantity(step) else { return nil }
        return Instrument(
            id: id, symbol: symbol, kind: kind, base: Asset(base), quote: Asset(quote), tickSize: tick,
            lotSize: step, minQuantity: step,
            fundingInterval: kind == .perp ? fundingInterval.map(TimeSpan.milliseconds) : nil,
            initialMargin: MarketFigures.curve(initialMargin),
            maintenanceMargin: MarketFigures.curve(maintenanceMargin), state: state)
    }

    private static func curve(_ text: MultiplierBand?) -> MarginCurve? {
        guard let text, let base = fraction(text.low, places: 12),
            let factor = fraction(text.high, places: 12)
        else { return nil }
        return MarginCurve(base: base, factor: factor)
    }

    /// A decimal text as a count of 10^−`places`; `nil` when it does not fit.
    static func fraction(_ text: String, places: Int) -> Int64? {
        DecimalText.parse(text, places: places).flatMap { Int64(exactly: $0) }
    }
}

/// The bands of one market as numbers: multipliers counted in 10⁻⁶.
struct MarketBands: Sendable {
    let limitLow: Int64, limitHigh: Int64, impactLow: Int64, impactHigh: Int64, meanLow: Int64,
        meanHigh: Int64
    /// Funding per interval, 10⁻¹² of the notional.
    let fundingBound: Int64

    init(_ figures: MarketFigures) {
        func number(_ text: String, _ fallback: Int64) -> Int64 {
            MarketFigures.fraction(text, places: 6) ?? fallback
        }
        limitLow = number(figures.limitBand.low, 0)
        limitHigh = number(figures.limitBand.high, 10_000_000)
        impactLow = number(figures.impactBand.low, 0)
        impactHigh = number(figures.impactBand.high, 10_000_000)
        meanLow = number(figures.meanMarkBand.low, 0)
        meanHigh = number(figures.meanMarkBand.high, 10_000_000)
        // A basis point is 10⁻⁴.
        let points = figures.fundingBound.flatMap { MarketFigures.fraction($0, places: 0) } ?? 0
        fundingBound = points * 100_000_000
    }

    /// `price · multiplier`, rounded to nearest.
    static func scaled(_ price: Int64, _ multiplier: Int64) -> Int64 {
        Int64(quotient(Int128(price) * Int128(multiplier), by: 1_000_000, .nearest))
    }
}

/// What an asset counts as collateral (PROTOCOL 3.4).
public struct CollateralFigures: Sendable {
    public let asset: Asset
    public let weight: String
    /// Base and penalty of the inverse square root haircut; `nil` for the identity.
    public let curve: MultiplierBand?

    /// USDC, USDT as recorded; the others are assumed: the exchange publishes theirs at `/collateral`.
    public static let all: [CollateralFigures] = [
        CollateralFigures(
            asset: Asset("BTC"), weight: "1", curve: MultiplierBand("0.9", "0.0001")),
        CollateralFigures(
            asset: Asset("ETH"), weight: "1", curve: MultiplierBand("0.9", "0.0001")),
        CollateralFigures(
            asset: Asset("JUP"), weight: "1", curve: MultiplierBand("0.5", "0.0005")),
        CollateralFigures(
            asset: Asset("SOL"), weight: "1", curve: MultiplierBand("0.9", "0.0001")),
        CollateralFigures(
            asset: Asset("SUI"), weight: "1", curve: MultiplierBand("0.8", "0.0003")),
        CollateralFigures(asset: Asset("USDC"), weight: "1", curve: nil),
        CollateralFigures(asset: Asset("USDT"), weight: "0.95", curve: nil),
    ]

    /// The weight of a holding worth `notional`, counted in 10⁻¹², rounded down:
    /// `weight · min(base, 1.1 / (1 + penalty · √notional))`.
    public func weight(of notional: Money) -> Int64 {
        let one: Int64 = 1_000_000_000_000
        let plain = MarketFigures.fraction(weight, places: 12) ?? 0
        guard let curve, let base = MarketFigures.fraction(curve.low, places: 12),
            let penalty = MarketFigures.fraction(curve.high, places: 12)
        else { return plain }
        // √ of 10⁻¹² counts is in 10⁻⁶.
        let root = Int128(squareRoot(UInt128(max(notional.raw, 0))))
        let divisor = Int128(one) + Int128(penalty) * root / 1_000_000
        let curved = Int128(11) * Int128(one) / 10 * Int128(one) / divisor
        let least = Swift.min(Int128(base), curved)
        return Int64(Int128(plain) * least / Int128(one))
    }
}

/// The whole square root, rounded down.
func squareRoot(_ value: UInt128) -> UInt128 {
    guard value > 0 else { return 0 }
    var estimate = UInt128(1) << UInt128((129 - value.leadingZeroBitCount) / 2)
    while true {
        let next = (estimate + value / estimate) / 2
        if next >= estimate { return estimate }
        estimate = next
    }
}
