/// What the view shows beside the opportunity itself.
public struct ViewExtras: Sendable {
    public var now: Timestamp
    public var spot: Book, perp: Book
    /// The perp's mark and the index both legs are held against; `nil` leaves the deviations out.
    public var mark: MarkUpdate?
    public var spotAge: TimeSpan, perpAge: TimeSpan
    public var persist: TimeSpan
    public var basis: BasisWindow
    public var volatility: Volatility
    /// Mean of the settled rates; `nil` shows the one the opportunity was measured with.
    public var fundingMean: Percent?
    public var borrowAPR: Percent, lendAPR: Percent
    /// 1.0 is 100 000 000.
    public var liquidity: Percent
    public var size: Money, budget: Money, held: Money
    public var addsLeft: Int
    /// `MIN_NET_EDGE`.
    public var least: Percent

    public init(
        now: Timestamp, spot: Book, perp: Book, mark: MarkUpdate?, spotAge: TimeSpan, perpAge: TimeSpan,
        persist: TimeSpan, basis: BasisWindow, volatility: Volatility, fundingMean: Percent?,
        borrowAPR: Percent,
        lendAPR: Percent, liquidity: Percent, size: Money, budget: Money, held: Money, addsLeft: Int,
        least: Percent
    ) {
        (self.now, self.spot, self.perp, self.mark) = (now, spot, perp, mark)
        (self.spotAge, self.perpAge, self.persist) = (spotAge, perpAge, persist)
        (self.basis, self.volatility, self.fundingMean) = (basis, volatility, fundingMean)
        (self.borrowAPR, self.lendAPR, self.liquidity) = (borrowAPR, lendAPR, liquidity)
        (self.size, self.budget, self.held, self.addsLeft) = (size, budget, held, addsLeft)
        self.least = least
    }
}

extension Opportunity {
    /// The band in which depth is counted: 0.10 % from the touch.
    public static let depthBand = Percent(raw: 10_000_000)

    /// Writes every field of `o`. A side without a level, and deviations without an index, stay absent.
    public func fill(_ view: inout MarketView, _ extras: ViewExtras) {
        fillBooks(&view, extras)
        fillEdges(&view, extras)
        fillMarket(&view, extras)
        view[.sizeUsd] = number(extras.size)
        view[.budgetUsd] = number(extras.budget)
        view[.heldUsd] = number(extras.held)
        view[.addsLeft] = Double(extras.addsLeft)
        view[.nowMs] = Double(extras.now.milliseconds)
    }

    private func fillBooks(_ view: inout MarketView, _ extras: ViewExtras) {
        view[.spotBid] = extras.spot.bestBid.map { number($0.price) }
        view[.spotBidQty] = extras.spot.bestBid.map { number($0.quantity) }
        view[.spotAsk] = extras.spot.bestAsk.map { number($0.price) }
        view[.spotAskQty] = extras.spot.bestAsk.map { number($0.quantity) }
        view[.perpBid] = extras.perp.bestBid.map { number($0.price) }
        view[.perpBidQty] = extras.perp.bestBid.map { number($0.quantity) }
        view[.perpAsk] = extras.perp.bestAsk.map { number($0.price) }
        view[.perpAskQty] = extras.perp.bestAsk.map { number($0.quantity) }
        let spotSide = Execution.entrySide(.spot, direction), perpSide = Execution.entrySide(.perp, direction)
        view[.depthSpotUsd] = number(
            Figures.depth(extras.spot, spotSide, band: Self.depthBand).rounded(.down))
        view[.depthPerpUsd] = number(
            Figures.depth(extras.perp, perpSide, band: Self.depthBand).rounded(.down))
        view[.liquidity] = number(extras.liquidity)
        view[.spotAgeMs] = Double(extras.spotAge.milliseconds)
        view[.perpAgeMs] = Double(extras.perpAge.milliseconds)
        guard let index = extras.mark?.index, index.raw > 0 else { return }
        view[.indexDevSpotPct] = extras.spot.top.map { number(Figures.indexDeviation($0, index: index)) }
        view[.indexDevPerpPct] = extras.perp.top.map { number(Figures.indexDeviation($0, index: index)) }
    }

    private func fillEdges(_ view: inout MarketView, _ extras: ViewExtras) {
        view[.midSpreadPct] = number(midSpread)
        view[.exitPct] = number(exitPct)
        view[.exitLevelPct] = number(exitLevel)
        view[.exitCrossPct] = number(exitCross)
        typealias Row = (gross: MarketField, fees: MarketField, net: MarketField, breakeven: MarketField)
        let rows: [(Style, Row)] = [
            (.taker, (.grossPct, .feesTakerPct, .netTakerPct, .breakevenTakerPct)),
            (.restSpot, (.grossRestSpotPct, .feesRestSpotPct, .netRestSpotPct, .breakevenRestSpotPct)),
            (.restPerp, (.grossRestPerpPct, .feesRestPerpPct, .netRestPerpPct, .breakevenRestPerpPct)),
            (.restBoth, (.grossRestBothPct, .feesRestBothPct, .netRestBothPct, .breakevenRestBothPct)),
        ]
        for (style, row) in rows {
            view[row.gross] = number(gross(style))
            view[row.fees] = number(fees(style))
            view[row.net] = number(net(style))
            view[row.breakeven] = number(breakeven(style, least: extras.least))
        }
        view[.legRiskTakerPct] = number(legRiskTaker)
        view[.legRiskRestPct] = number(legRiskRest)
        view[.persistMs] = Double(extras.persist.milliseconds)
    }

    private func fillMarket(_ view: inout MarketView, _ extras: ViewExtras) {
        view[.fundingExpPct] = number(fundingExpected)
        view[.fundingPctH] = number(fundingCurrent)
        view[.fundingMeanPctH] = number(extras.fundingMean ?? fundingMean)
        view[.nextFundingS] = Double(nextFunding.microseconds) / 1e6
        view[.borrowAprPct] = number(extras.borrowAPR)
        view[.lendAprPct] = number(extras.lendAPR)
        view[.borrowExpPct] = number(borrowExpected)
        view[.basisMeanPct] = number(extras.basis.mean)
        view[.basisSdPct] = number(extras.basis.deviation)
        view[.basisSamples] = Double(extras.basis.count)
        view[.volatilityPctH] = number(extras.volatility.perHour)
    }
}

// `integer / 10⁸` is rounded once by the division, so that 0.30 compares equal to a literal 0.30.

func number(_ value: Percent) -> Double { Double(value.raw) / 1e8 }
func number(_ value: Price) -> Double { Double(value.raw) / 1e8 }
func number(_ value: Quantity) -> Double { Double(value.raw) / 1e8 }
/// Money to nearest 10⁻⁸ first: twelve places would not be exact beyond 9,007 dollars.
func number(_ value: Money) -> Double { Double(quotient(value.raw, by: 10_000, .nearest)) / 1e8 }
