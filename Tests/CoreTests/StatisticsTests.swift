import Testing

@testable import Core

@Suite struct `Statistics of a pair` {
    @Test func `mean and deviation are exact over an hour`() {
        var window = BasisWindow()
        #expect(window.count == 0 && window.mean == .zero)
        window.sample(percent("-0.045"), at: seconds(0))
        #expect(window.mean == percent("-0.045") && window.deviation == .zero)
        window.sample(percent("-0.015"), at: seconds(1))
        #expect(window.mean == percent("-0.03") && window.deviation == percent("0.015"))
        window.sample(percent("0.03"), at: seconds(2))
        #expect(window.mean == percent("-0.01") && window.deviation == percent("0.03082207"))
    }

    @Test func `what is an hour old leaves the window`() {
        var window = BasisWindow()
        for second in 0..<9_000 {
            window.sample(second < 5_000 ? percent("1") : percent("0.2"), at: seconds(Int64(second)))
            #expect(window.count == min(second + 1, 3_600))
        }
        #expect(window.mean == percent("0.2") && window.deviation == .zero)
        window.sample(percent("0.5"), at: seconds(20_000))
        #expect(window.count == 1 && window.mean == percent("0.5"))
    }

    @Test func `a broken book does not spoil the sums`() {
        var window = BasisWindow()
        window.sample(Percent(raw: Int64.max), at: seconds(0))
        window.sample(Percent(raw: Int64.min), at: seconds(1))
        #expect(window.mean == .zero && window.deviation == percent("10000"))
    }

    @Test func `volatility of one basis point a second is 0.60 an hour`() {
        var volatility = Volatility()
        #expect(volatility.perHour == Volatility.least)
        for second in 0..<12_000 {
            volatility.sample(
                second % 2 == 0 ? price("100") : price("100.01000050"), at: seconds(Int64(second)))
        }
        #expect(abs(volatility.perHour.raw - percent("0.60").raw) <= 300)
        // A half-life of silence halves the variance.
        for second in 12_000..<12_300 { volatility.sample(price("100.01000050"), at: seconds(Int64(second))) }
        #expect(abs(volatility.perHour.raw - percent("0.42426407").raw) <= 300)
        for second in 12_300..<17_000 { volatility.sample(price("100.01000050"), at: seconds(Int64(second))) }
        #expect(volatility.perHour == Volatility.least)
    }

    @Test func `a gap is spread over its seconds and a long one is forgotten`() {
        var one = Volatility(), two = Volatility()
        one.sample(price("100"), at: seconds(0))
        one.sample(price("101"), at: seconds(4))
        // ln(1.01) over four seconds: 0.995033 / 2 · 60.
        #expect(abs(one.perHour.raw - percent("29.85099256").raw) <= 100)
        two.sample(price("100"), at: seconds(0))
        two.sample(price("150"), at: seconds(61))
        #expect(two.perHour == Volatility.least)
        two.sample(price("150"), at: seconds(61) + .milliseconds(400))
        two.sample(Price(raw: 0), at: seconds(62))
        #expect(two.perHour == Volatility.least)
    }

    @Test func `the decay halves in five minutes`() {
        var kept: Int128 = 1_000_000_000_000
        for _ in 0..<300 { kept = quotient(kept * Volatility.decay, by: 1_000_000_000_000, .nearest) }
        #expect(abs(kept - 500_000_000_000) < 1_000)
    }

    @Test func `persistence starts at the break-even and ends below it`() {
        var persistence = Persistence()
        let need = percent("0.30")
        #expect(persistence.span(at: seconds(5)) == .zero)
        persistence.update(gross: percent("0.30"), breakeven: need, at: seconds(1))
        persistence.update(gross: percent("0.90"), breakeven: need, at: seconds(2))
        #expect(persistence.span(at: seconds(3)) == .seconds(2))
        persistence.update(gross: percent("0.29999999"), breakeven: need, at: seconds(4))
        #expect(persistence.span(at: seconds(5)) == .zero)
        persistence.update(gross: need, breakeven: need, at: seconds(6))
        persistence.reset()
        #expect(persistence.since == nil)
    }

    @Test func `the mean of settled rates looks back 72 hours from the newest`() {
        var history = FundingHistory()
        #expect(history.mean == nil)
        history.replace([
            (seconds(0), percent("9")), (seconds(3600), percent("0.001")),
            (seconds(72 * 3600), percent("0.002")),
        ])
        #expect(history.mean == percent("0.0015"))
        history.replace([])
        #expect(history.mean == nil)
    }

    @Test func `a script's numbers become exact ones`() {
        #expect(
            Statistic.hundredths(0.29) == 29 && Statistic.hundredths(0.7) == 70
                && Statistic.hundredths(0.6999) == 69)
        #expect(
            Statistic.hundredths(.nan) == 0 && Statistic.hundredths(7) == 100 && Statistic.hundredths(-1) == 0
        )
        #expect(Statistic.money(150) == Money(150) && Statistic.money(0.1) == money("0.1"))
        #expect(Statistic.money(.infinity) == .zero && Statistic.money(1e30) == Money(1_000_000_000))
        #expect(Statistic.span(hours: 1.5) == .seconds(5_400) && Statistic.span(hours: .nan) == .zero)
        #expect(Statistic.span(hours: 720) == .seconds(2_592_000) && Statistic.span(hours: -1) == .zero)
    }

    @Test(arguments: [(5.0, 0.0405), (60, 0.07980254)])
    func `C35: taking beats waiting where large spreads are short`(halfLife: Double, expected: Double) {
        let value = Statistic.expectedRestingValue(
            fillRate: 0.25, netRest: 0.162, netTaker: 0.124, deviation: 0.45, timeout: 15, halfLife: halfLife)
        #expect(abs(value - expected) < 0.000_000_005)
        #expect(value < 0.124)
    }

    @Test func `halving is exact at whole numbers`() {
        #expect(Statistic.halved(0) == 1 && Statistic.halved(3) == 0.125 && Statistic.halved(5_000) == 0)
        #expect(abs(Statistic.halved(0.5) - 0.707_106_781_186_547_5) < 1e-15)
    }
}

@Suite struct `The view of an opportunity` {
    private func view(_ direction: Direction = .carry, index: String? = "150") -> MarketView {
        let o = B1.opportunity(direction)
        var basis = BasisWindow(), view = MarketView(pair: "SOL", direction: direction)
        basis.sample(percent("0.01"), at: seconds(0))
        o.fill(
            &view,
            ViewExtras(
                now: Timestamp(milliseconds: 1_700_000_000_123), spot: B1.spot, perp: B1.perp,
                mark: index.map {
                    MarkUpdate(mark: price("150.5"), index: price($0), rate: nil, nextFunding: nil)
                },
                spotAge: .milliseconds(12), perpAge: .milliseconds(30), persist: .milliseconds(400),
                basis: basis,
                volatility: Volatility(), fundingMean: percent("0.002"), borrowAPR: percent("12"),
                lendAPR: percent("3"), liquidity: fraction("2.4"), size: Money(150), budget: Money(400),
                held: .zero,
                addsLeft: 2, least: percent("0.02")))
        return view
    }

    @Test func `has every field`() {
        let view = view()
        for field in MarketField.allCases { #expect(view[field] != nil, "\(field.name)") }
    }

    @Test func `shows rounded integers, so that equal figures compare equal`() {
        let view = view()
        #expect(view[.feesTakerPct] == 0.30 && view[.feesRestPerpPct] == 0.27)
        #expect(view[.grossPct] == 0.31094610 && view[.exitPct] == 0.35672613)
        #expect(view[.netTakerPct] == -0.01610448 && view[.netRestBothPct] == 0.07405719)
        #expect(view[.breakevenRestSpotPct] == 0.32932326 && view[.exitCrossPct] == 0.02281385)
        #expect(view[.spotBid] == 149.98 && view[.spotBidQty] == 0.5 && view[.perpAsk] == 150.51)
        #expect(
            view[.fundingPctH] == 0.00125 && view[.fundingMeanPctH] == 0.002 && view[.nextFundingS] == 600)
        #expect(
            view[.sizeUsd] == 150 && view[.budgetUsd] == 400 && view[.heldUsd] == 0 && view[.addsLeft] == 2)
        #expect(view[.spotAgeMs] == 12 && view[.perpAgeMs] == 30 && view[.persistMs] == 400)
        #expect(view[.nowMs] == 1_700_000_000_123 && view[.liquidity] == 2.4)
        #expect(view[.basisMeanPct] == 0.01 && view[.basisSamples] == 1 && view[.volatilityPctH] == 0.2)
        #expect(view[.indexDevPerpPct] == 0.33666667 && view[.indexDevSpotPct] == 0)
    }

    @Test func `shows the depth of the entry sides of its direction`() {
        // Spot asks 150.02·0.4 + 150.03·2; perp bids 150.50·0.25 + 150.49·5.
        #expect(view()[.depthSpotUsd] == 360.068 && view()[.depthPerpUsd] == 790.075)
        #expect(view(.reverse)[.depthSpotUsd] == 524.9 && view(.reverse)[.depthPerpUsd] == 903.1)
        #expect(view(.reverse)[.borrowExpPct] == 0.00136987)
    }

    @Test func `leaves out what is not known`() {
        let view = view(index: nil)
        #expect(view[.indexDevSpotPct] == nil && view[.indexDevPerpPct] == nil)
        #expect(view[.grossPct] != nil)
    }
}
