import Testing

@testable import Core

/// One unit of both legs at 150, as in the tests of the gate.
private func intent(
    _ direction: Direction = .carry, spot: String = "150", perp: String = "150", quantity size: String = "1",
    spotQuantity: String? = nil, resting: RestingPlan? = nil, isAddition: Bool = false
) -> Intent {
    Intent(
        holding: 0, pair: PairID(0), direction: direction, style: resting?.style ?? .taker,
        quantity: quantity(size), spotQuantity: quantity(spotQuantity ?? size), spotPrice: price(spot),
        perpPrice: price(perp), resting: resting, opportunity: B1.opportunity(direction),
        isAddition: isAddition)
}

private func denial(
    _ picture: RiskPicture, _ wish: Intent = intent(), _ limits: RiskLimits = RiskLimits()
) -> Denial? {
    if case .denied(let denial) = RiskGate(limits).review(wish, picture) { denial } else { nil }
}

/// Passes in the first picture and is denied in the second, with what was asked and what is allowed.
private func edge(
    _ reason: Reason, _ wish: Intent = intent(), limits: RiskLimits = RiskLimits(),
    passes: (inout RiskPicture) -> Void, fails: (inout RiskPicture) -> Void,
    at location: SourceLocation = #_sourceLocation
) {
    let good = denial(.calm(passes), wish, limits)
    #expect(good == nil, sourceLocation: location)
    let bad = denial(.calm(fails), wish, limits)
    #expect(bad?.reason == reason, "\(bad?.description ?? "approved")", sourceLocation: location)
    #expect(bad?.asked.isEmpty == false && bad?.allowed.isEmpty == false, sourceLocation: location)
}

private let step = Money(raw: 1)

@Suite struct `The gate and the market` {
    @Test(arguments: [BookState.closed, .cancelOnly, .limitOnly, .postOnly, .unknown, nil])
    func `opens nothing unless both markets are open`(state: BookState?) {
        edge(.marketState, passes: { _ in }, fails: { $0.market.spotState = state })
        edge(.marketState, passes: { _ in }, fails: { $0.market.perpState = state })
    }

    @Test func `takes a book up to half a percent wide`() {
        edge(
            .bookWidth, passes: { $0.market.spotWidth = percent("0.5") },
            fails: { $0.market.spotWidth = percent("0.50000001") })
        edge(
            .bookWidth, passes: { $0.market.perpWidth = percent("0.5") },
            fails: { $0.market.perpWidth = percent("0.50000001") })
        edge(.bookWidth, passes: { _ in }, fails: { $0.market.spotWidth = nil })
        edge(.bookWidth, passes: { _ in }, fails: { $0.market.perpWidth = nil })
    }

    @Test(arguments: [("2", "2.00000001"), ("-2", "-2.00000001")])
    func `believes a spread up to two percent either way`(most: String, more: String) {
        edge(
            .spreadSanity, passes: { $0.market.midSpread = percent(most) },
            fails: { $0.market.midSpread = percent(more) })
        edge(.spreadSanity, passes: { _ in }, fails: { $0.market.midSpread = nil })
    }

    @Test(arguments: [("1.005", "1.00500001"), ("0.995", "0.99499999")])
    func `counts in USDC while it is within half a percent of USDT`(most: String, more: String) {
        edge(
            .stablecoin, passes: { $0.market.stablecoin = .mid(price(most)) },
            fails: { $0.market.stablecoin = .mid(price(more)) })
        edge(
            .stablecoin, passes: { $0.market.stablecoin = .notListed },
            fails: { $0.market.stablecoin = .unknown })
    }

    @Test func `lends no coins that might not come back`() {
        edge(
            .utilisation,
            passes: { ($0.market.lendsFreely, $0.market.utilisation) = (true, fraction("0.94999999")) },
            fails: { ($0.market.lendsFreely, $0.market.utilisation) = (true, fraction("0.95")) })
        edge(
            .utilisation,
            passes: { ($0.market.lendsFreely, $0.market.utilisation) = (false, fraction("1")) },
            fails: { ($0.market.lendsFreely, $0.market.utilisation) = (true, nil) })
        edge(.utilisation, passes: { _ in }, fails: { $0.market.lendsFreely = nil })
    }

    @Test func `as it is made knows nothing and lets nothing through`() {
        #expect(RiskGate.denial(MarketCondition()) != nil)
        #expect(RiskGate.denial(AccountCondition()) != nil)
        #expect(denial(RiskPicture()) != nil)
    }
}

@Suite struct `The gate and the account` {
    @Test func `does without two reads of the account and not without three`() {
        edge(.staleAccount, passes: { $0.account.missedReads = 2 }, fails: { $0.account.missedReads = 3 })
        edge(.staleAccount, passes: { _ in }, fails: { $0.account.missedReads = nil })
    }

    @Test(arguments: [true, nil])
    func `opens nothing while the venue liquidates`(state: Bool?) {
        edge(.liquidating, passes: { _ in }, fails: { $0.account.isLiquidating = state })
    }

    @Test func `waits to the last microsecond after the venue said no`() {
        edge(
            .venuePause, passes: { $0.account.pause = .zero },
            fails: { $0.account.pause = TimeSpan(microseconds: 1) })
    }

    @Test func `holds a pair at five hedges that were tried again within an hour`() {
        edge(.hedgeRetries, passes: { $0.account.hedgeRetries = 4 }, fails: { $0.account.hedgeRetries = 5 })
    }

    @Test func `enters while the cash would pay a rally of ten percent, in both directions`() {
        var limits = RiskLimits()
        limits.runwayMin = .zero
        for direction in Direction.allCases {
            edge(
                .lowRunway, intent(direction), limits: limits,
                passes: {
                    ($0.shorts, $0.freeQuote, $0.coinsAsCollateral) = (Money(5000), Money(500), Money(9000))
                },
                fails: {
                    ($0.shorts, $0.freeQuote) = (Money(5000) + step, Money(500))
                    $0.coinsAsCollateral = Money(9000)
                })
        }
    }

    @Test(arguments: [false, nil])
    func `asks half of all shorts in cash where coins would be sold for debts`(borrows: Bool?) {
        edge(
            .sellsForDebts,
            passes: { ($0.borrowsToSettle, $0.freeQuote) = (borrows, money("225.225")) },
            fails: { ($0.borrowsToSettle, $0.freeQuote) = (borrows, money("225.225") - step) })
        #expect(denial(.calm { $0.freeQuote = money("225.225") - step }) == nil, "it borrows")
        let reverse = denial(
            .calm { ($0.borrowsToSettle, $0.freeQuote) = (borrows, Money(1)) }, intent(.reverse))
        #expect(reverse == nil, "a reverse opens no short")
    }

    @Test func `survives a rise of a fifth after the entry`() {
        var limits = RiskLimits()
        limits.runwayMin = .zero
        func picture(_ coins: String) -> (inout RiskPicture) -> Void {
            return {
                ($0.freeQuote, $0.coinsAsCollateral) = (money("150.225"), money(coins))
                $0.maintenanceMargin = fraction("1.5")
            }
        }
        // C 0, coins 135 + c, Q 150, m 1.5: (135 + c − 225)/(375 − 135 − c) = 0.2 at c = 115.
        edge(.liquidationRise, limits: limits, passes: picture("115"), fails: picture("114.999998"))
        for absent in [
            RiskPicture.calm { $0.coinsAsCollateral = nil }, .calm { $0.maintenanceMargin = nil },
        ] {
            #expect(denial(absent)?.reason == .liquidationRise)
        }
    }

    @Test func `knows no margin without a weight and a fraction`() {
        edge(.margin, passes: { _ in }, fails: { $0.weight = nil })
        edge(.margin, passes: { _ in }, fails: { $0.initialMargin = nil })
    }

    @Test func `knows no exposure, profit or runway while something held has no price`() {
        let absent: [(Reason, (inout RiskPicture) -> Void)] = [
            (.maxPositionSize, { $0.heldInPair = nil }), (.totalExposure, { $0.oneSided = nil }),
            (.grossExposure, { $0.gross = nil }), (.budget, { $0.ownOneSided = nil }),
            (.unhedged, { $0.unhedged = nil }), (.dailyLoss, { $0.profitToday = nil }),
            (.dailyLoss, { $0.ownProfitToday = nil }), (.runway, { $0.shorts = nil }),
        ]
        for (reason, change) in absent { edge(reason, passes: { _ in }, fails: change) }
    }
}

@Suite struct `The gate and the venue's bounds` {
    private func instrument(
        _ kind: InstrumentKind, _ change: (inout MarketBounds) -> Void = { _ in }
    ) -> Instrument {
        var bounds = MarketBounds()
        change(&bounds)
        return Instrument(
            id: InstrumentID(kind == .spot ? 0 : 1), symbol: "SOL", kind: kind, base: Asset("SOL"),
            quote: .usdc,
            tickSize: price("0.01"), lotSize: quantity("0.01"), minQuantity: quantity("0.05"), bounds: bounds)
    }

    private func pair(_ change: (inout MarketBounds) -> Void = { _ in }) -> (inout RiskPicture) -> Void {
        let (spot, perp) = (instrument(.spot, change), instrument(.perp, change))
        return { ($0.spot, $0.perp) = (spot, perp) }
    }

    @Test func `sends whole ticks and lots only, to markets it knows`() {
        for wrong in [
            intent(spot: "150.001"), intent(perp: "149.999"), intent(quantity: "1.001", spotQuantity: "1"),
            intent(spotQuantity: "0.999"),
        ] {
            #expect(denial(.calm(pair()), wrong)?.reason == .offGrid)
        }
        #expect(denial(.calm(pair())) == nil)
        for absent in [RiskPicture.calm { $0.spot = nil }, .calm { $0.perp = nil }] {
            #expect(denial(absent)?.reason == .offGrid)
        }
    }

    @Test func `opens the least quantity of either leg if it can be sold again after the fee`() {
        let dear = RiskPicture.calm(pair())
        #expect(denial(dear, intent(quantity: "0.05", spotQuantity: "0.06")) == nil)
        #expect(denial(dear, intent(quantity: "0.04", spotQuantity: "0.06"))?.reason == .belowMinimum)
        #expect(denial(dear, intent(.reverse, quantity: "0.05")) == nil, "it is bought back")
        #expect(denial(dear, intent(.reverse, quantity: "0.04"))?.reason == .belowMinimum)
        // 0.05 less a tenth of a percent is 0.04995: 0.04 to sell.
        #expect(denial(dear, intent(quantity: "0.05"))?.reason == .belowMinimum)
        #expect(denial(dear, intent(quantity: "0.05", isAddition: true)) == nil, "what is held goes with it")
    }

    @Test func `opens no more at once than the market takes`() {
        let most = pair { $0.quantityMax = quantity("1") }
        #expect(denial(.calm(most)) == nil)
        #expect(denial(.calm(most), intent(quantity: "1.01"))?.reason == .aboveMaximum)
    }

    @Test func `prices within the band of the venue`() {
        // 150.45 and 149.55 around 150; buys spot, sells perp.
        let band = pair { ($0.limitLow, $0.limitHigh) = (fraction("0.997"), fraction("1.003")) }
        #expect(denial(.calm(band), intent(spot: "150.45", perp: "149.55")) == nil)
        #expect(denial(.calm(band), intent(spot: "150.46"))?.reason == .priceBand)
        #expect(denial(.calm(band), intent(perp: "149.54"))?.reason == .priceBand)
    }

    @Test func `opens nothing where a hedge could not reach half a percent`() {
        let wide = pair { ($0.impactLow, $0.impactHigh) = (fraction("0.995"), fraction("1.005")) }
        #expect(denial(.calm(wide)) == nil)
        for narrow in [
            pair { $0.impactHigh = fraction("1.00499999") }, pair { $0.impactLow = fraction("0.99500001") },
        ] {
            #expect(denial(.calm(narrow))?.reason == .priceBand)
        }
    }

    @Test func `keeps the weighted positions within what the account may have`() {
        let four = instrument(.perp) { $0.positionWeight = fraction("4") }
        func picture(_ there: Money?, most: Money?) -> (inout RiskPicture) -> Void {
            return { ($0.perp, $0.positions, $0.positionMax) = (four, there, most) }
        }
        edge(
            .positionLimit, passes: picture(Money(400), most: Money(1000)),
            fails: picture(Money(400) + step, most: Money(1000)))
        edge(
            .positionLimit, passes: picture(nil, most: nil), fails: picture(nil, most: Money(1000)))
    }

    @Test func `leaves everybody's open contracts within the market's limit`() {
        let perp = instrument(.perp) { $0.openInterestMax = quantity("100") }
        edge(
            .openInterest, passes: { ($0.perp, $0.openInterest) = (perp, quantity("99")) },
            fails: { ($0.perp, $0.openInterest) = (perp, quantity("99.00000001")) })
        edge(
            .openInterest, passes: { $0.openInterest = nil },
            fails: { ($0.perp, $0.openInterest) = (perp, nil) })
    }
}

@Suite struct `The gate and what was done before` {
    private func after(
        _ microseconds: Int64, _ direction: Direction = .carry, _ size: String = "1"
    ) -> RiskPicture {
        .calm {
            $0.now = Timestamp(microseconds: microseconds)
            $0.lastEntry = PastEntry(
                at: Timestamp(microseconds: 0), direction: direction, quantity: quantity(size))
        }
    }

    @Test func `lets the same entry of a strategy in once a second`() {
        #expect(denial(after(1_000_000)) == nil)
        let again = denial(after(999_999))
        #expect(again?.reason == .repetition && again?.asked.isEmpty == false)
        #expect(denial(after(0, .reverse)) == nil, "another direction")
        #expect(denial(after(0, .carry, "1.01")) == nil, "another size")
    }

    @Test(arguments: [(RestingLeg.perp, 1), (.spot, 1), (.both, 2)])
    func `posts so often a minute, in a pair and in all`(leg: RestingLeg, posts: Int) {
        let wish = intent(resting: RestingPlan(rest: leg))
        edge(
            .postsPerMinute, wish, passes: { $0.ownPostsLastMinute = 60 - posts },
            fails: { $0.ownPostsLastMinute = 61 - posts })
        edge(
            .postsPerMinute, wish, passes: { $0.postsLastMinute = 300 - posts },
            fails: { $0.postsLastMinute = 301 - posts })
        #expect(denial(.calm { $0.ownPostsLastMinute = 1000 }) == nil, "a taker posts nothing")
    }

    @Test(arguments: [(0, 100), (1, 100), (3, 300)])
    func `takes a hundred times for one fill, of a strategy and of all`(fills: Int, most: Int) {
        edge(
            .entriesPerFill, passes: { $0.ownTakes = TakeCount(orders: most - 2, fills: fills) },
            fails: { $0.ownTakes = TakeCount(orders: most - 1, fills: fills) })
        edge(
            .entriesPerFill, passes: { $0.takes = TakeCount(orders: most - 2, fills: fills) },
            fails: { $0.takes = TakeCount(orders: most - 1, fills: fills) })
        let wish = intent(resting: RestingPlan())
        #expect(denial(.calm { $0.takes = TakeCount(orders: 1000) }, wish) == nil, "a post does not take")
    }

    @Test func `leaves a fifth of the requests of a minute to what reduces risk`() {
        edge(
            .requestBudget, passes: { $0.requestsLastMinute = 1596 }, fails: { $0.requestsLastMinute = 1597 })
    }

    @Test func `counts a minute in seconds that are never too few`() {
        var count = MinuteCount()
        let start = Timestamp(microseconds: 1_790_000_000_900_000)
        count.add(at: start)
        count.add(at: start)
        #expect(count.count(at: start + .seconds(60)) == 2)
        #expect(count.count(at: start + .milliseconds(60_100)) == 0)
    }
}

@Suite struct `Terms that got worse` {
    @Test(
        arguments: [
            ("0.10", "0.11", false), ("0.10", "0.11000001", true), ("0", "0.00000001", true),
            ("-0.010", "-0.009", false), ("-0.010", "-0.00899999", true), ("0.10", "0.05", false),
        ])
    func `are a fee more than a tenth above what it was`(old: String, new: String, isWorse: Bool) {
        #expect(RiskGate.isWorse(cost: percent(old), than: percent(new)) == isWorse)
    }

    @Test(arguments: [("0.9", "0.81", false), ("0.9", "0.80999999", true), ("0.9", "0.95", false)])
    func `are a weight more than a tenth below what it was`(old: String, new: String, isWorse: Bool) {
        #expect(RiskGate.isWorse(worth: fraction(old), than: fraction(new)) == isWorse)
    }
}

@Suite struct `Interest of a reverse` {
    @Test(arguments: [
        ("10", "10", "0"), ("10", "9.99999999", "0.00000001"), ("10", "5", "0.00547946"),
        ("10", "0", "0.01095891"), ("10", "-1", "0.01095891"), ("10", "11", "0"),
    ])
    func `is charged on what own coins do not cover`(size: String, own: String, expected: String) {
        // C11: 12 % a year for eight hours.
        let cost = Figures.borrowExpected(
            apr: percent("12"), hold: .seconds(8 * 3600), quantity: quantity(size), own: quantity(own))
        #expect(cost == percent(expected))
    }

    @Test func `is in the opportunity of a reverse, and in none of a carry`() {
        var terms = B1.terms()
        let whole = Figures.borrowExpected(apr: terms.borrowAPR, hold: terms.hold)
        func cost(_ direction: Direction) -> Percent? {
            Opportunity.measure(
                pair: solPair(), direction: direction, spot: B1.spot, perp: B1.perp, quantity: B1.one,
                terms: terms)?.borrowExpected
        }
        #expect(cost(.reverse) == whole && cost(.carry) == .zero)
        terms.ownCoins = B1.one
        #expect(cost(.reverse) == .zero)
    }
}
