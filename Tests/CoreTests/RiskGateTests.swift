import Testing

@testable import Core

/// One unit of both legs at 150: one-sided 150, gross 300, fees 0.225, round of fees 0.45.
private func intent(
    _ direction: Direction = .carry, spot: String = "150", perp: String = "150", quantity size: String = "1",
    resting: RestingPlan? = nil
) -> Intent {
    Intent(
        holding: 0, pair: PairID(0), direction: direction, style: resting?.style ?? .taker,
        quantity: quantity(size), spotQuantity: quantity(size), spotPrice: price(spot),
        perpPrice: price(perp), resting: resting, opportunity: B1.opportunity(direction), isAddition: false)
}

private func calm(_ change: (inout RiskPicture) -> Void = { _ in }) -> RiskPicture { .calm(change) }

private func limits(_ change: (inout RiskLimits) -> Void) -> RiskLimits {
    var limits = RiskLimits()
    change(&limits)
    return limits
}

private func denial(
    _ intent: Intent, _ picture: RiskPicture, _ limits: RiskLimits = RiskLimits()
) -> Denial? {
    if case .denied(let denial) = RiskGate(limits).review(intent, picture) { denial } else { nil }
}

/// Passes in the first picture, and in the second is denied for the reason, with both figures told.
private func edge(
    _ reason: Reason, _ wish: Intent = intent(), limits: RiskLimits = RiskLimits(), passes: RiskPicture,
    fails: RiskPicture, at location: SourceLocation = #_sourceLocation
) {
    let good = denial(wish, passes, limits)
    #expect(good == nil, sourceLocation: location)
    let bad = denial(wish, fails, limits)
    #expect(bad?.reason == reason, sourceLocation: location)
    #expect(bad?.asked.isEmpty == false && bad?.allowed.isEmpty == false, sourceLocation: location)
}

private let step = Money(raw: 1)

@Suite struct `The risk gate` {
    @Test func `reserves limit prices, fees, weight lost and margin`() throws {
        guard case .approved(let approved) = RiskGate(RiskLimits()).review(intent(), calm()) else {
            return #expect(Bool(false), "approved")
        }
        #expect(
            approved.reservation
                == Reservation(
                    oneSided: Money(150), gross: Money(300), quote: money("150.225"),
                    margin: money("30.225")))
        // C25: what an entry at work counts for.
        let small = RiskGate(RiskLimits()).worstCase(
            intent(spot: "87010", perp: "87010", quantity: "0.00172"), calm())
        #expect(small.oneSided == money("149.6572"))
        // The reverse spends no USDC on coins.
        let reverse = RiskGate(RiskLimits()).worstCase(intent(.reverse), calm())
        #expect(reverse.quote == money("0.075"))
    }

    // MARK: Exposure

    @Test func `fills a pair up to the position size`() {
        edge(
            .maxPositionSize, passes: calm { $0.heldInPair = Money(50) },
            fails: calm { $0.heldInPair = Money(50) + step })
    }

    @Test func `fills all pairs up to the total`() {
        edge(
            .totalExposure, passes: calm { $0.oneSided = Money(250) },
            fails: calm { $0.oneSided = Money(250) + step })
    }

    @Test func `counts both legs against the gross limit where it can bind`() {
        edge(
            .grossExposure, limits: limits { $0.grossExposureMax = Money(500) },
            passes: calm { $0.gross = Money(200) }, fails: calm { $0.gross = Money(200) + step })
    }

    @Test func `keeps a strategy within its budget`() {
        edge(
            .budget, passes: calm { $0.ownOneSided = Money(250) },
            fails: calm { $0.ownOneSided = Money(250) + step })
        edge(.budget, passes: calm { $0.budget = Money(150) }, fails: calm { $0.budget = Money(150) - step })
    }

    @Test func `adds no leg to what is not hedged beyond the limit`() {
        edge(
            .unhedged, passes: calm { $0.unhedged = Money(50) },
            fails: calm { $0.unhedged = Money(50) + step })
    }

    @Test func `enters nothing while a leg has been open too long`() {
        edge(
            .unhedgedTime, passes: calm { $0.unhedgedFor = .seconds(5) },
            fails: calm { $0.unhedgedFor = TimeSpan(microseconds: 5_000_001) })
    }

    // MARK: The day

    @Test(
        arguments: [
            ("28.48", nil), ("29.249999999999", nil), ("29.25", .dailyLoss), ("29.30", .dailyLoss),
        ] as [(String, Reason?)])
    func `counts half a percent of a new entry as lost beforehand`(loss: String, reason: Reason?) {
        // The day's loss binds for all strategies and for each alone.
        let total = denial(intent(), calm { $0.profitToday = -money(loss) })
        let own = denial(intent(), calm { $0.ownProfitToday = -money(loss) })
        #expect(total?.reason == reason)
        #expect(own?.reason == reason)
        #expect(total == own)
        #expect(total == nil || total?.allowed == "30" && total?.asked.isEmpty == false)
    }

    @Test func `sets no profit of others against the loss of one`() {
        edge(
            .dailyLoss,
            passes: calm { ($0.profitToday, $0.ownProfitToday) = (Money(90), -money("28.48")) },
            fails: calm { ($0.profitToday, $0.ownProfitToday) = (Money(90), -money("29.25")) })
    }

    @Test func `pays for whole rounds up to the fees of the day`() {
        edge(
            .feesPerDay, passes: calm { $0.feesToday = money("9.55") },
            fails: calm { $0.feesToday = money("9.55") + step })
    }

    @Test func `makes so many trades a day and not one more`() {
        edge(.tradesPerDay, passes: calm { $0.entriesToday = 19 }, fails: calm { $0.entriesToday = 20 })
    }

    @Test(arguments: [(nil, 8), (.both, 8), (.spot, 9), (.perp, 9)] as [(RestingLeg?, Int)])
    func `counts the orders it sends at once against those of the second`(leg: RestingLeg?, sent: Int) {
        edge(
            .ordersPerSecond, intent(resting: leg.map { RestingPlan(rest: $0) }),
            passes: calm { $0.sentLastSecond = sent }, fails: calm { $0.sentLastSecond = sent + 1 })
    }

    // MARK: Money

    @Test func `asks for the least balance before anything is spent`() {
        edge(
            .equity, passes: calm { $0.equity = Money(700) }, fails: calm { $0.equity = Money(700) - step })
    }

    @Test func `spends USDC that is free to the last step`() {
        let open = limits { $0.runwayMin = .zero }
        edge(
            .noBalance, limits: open, passes: calm { $0.freeQuote = money("150.225") },
            fails: calm { $0.freeQuote = money("150.225") - step })
        edge(
            .noBalance, intent(.reverse), limits: open, passes: calm { $0.freeQuote = money("0.075") },
            fails: calm { $0.freeQuote = money("0.075") - step })
    }

    @Test func `locks margin and the weight lost on coins`() {
        edge(
            .margin, passes: calm { $0.netEquityAvailable = money("30.225") },
            fails: calm { $0.netEquityAvailable = money("30.225") - step })
    }

    @Test func `takes what is not known for nothing`() {
        for absent in [
            calm { $0.equity = nil }, calm { $0.freeQuote = nil }, calm { $0.netEquityAvailable = nil },
        ] {
            edge(.noBalance, passes: calm(), fails: absent)
            edge(.noBalance, intent(.reverse), passes: calm(), fails: absent)
        }
        #expect(denial(intent(), RiskPicture()) != nil)
    }

    @Test(arguments: [("0", "180.225"), ("100", "200.225")])
    func `leaves a fifth of all shorts in cash`(shorts: String, free: String) {
        edge(
            .runway,
            passes: calm { ($0.shorts, $0.freeQuote) = (money(shorts), money(free)) },
            fails: calm { ($0.shorts, $0.freeQuote) = (money(shorts), money(free) - step) })
    }

    @Test func `asks no runway of a reverse, which opens no short`() {
        let picture = calm { ($0.shorts, $0.freeQuote) = (Money(1000), Money(100)) }
        #expect(denial(intent(.reverse), picture) == nil)
        #expect(denial(intent(), picture) != nil)
    }

    @Test func `sells only coins that may be sold, and none while nobody knows how many`() {
        edge(
            .borrow, intent(.reverse), passes: calm { $0.sellable = quantity("1") },
            fails: calm { $0.sellable = quantity("0.99999999") })
        edge(.borrow, intent(.reverse), passes: calm(), fails: calm { $0.sellable = nil })
        #expect(denial(intent(), calm { $0.sellable = .zero }) == nil, "a carry sells none")
    }

    // MARK: Prices

    @Test(
        arguments: [
            (.carry, "150.75", "150", true), (.carry, "150.75000001", "150", false),
            (.carry, "150", "149.25", true), (.carry, "150", "149.24999999", false),
            (.reverse, "149.25", "150", true), (.reverse, "149.24999999", "150", false),
            (.reverse, "150", "150.75", true), (.reverse, "150", "150.75000001", false),
            // What sells above the market or buys below it costs nothing to try.
            (.carry, "100", "199", true), (.reverse, "199", "100", true),
        ] as [(Direction, String, String, Bool)])
    func `keeps limit prices within half a percent of the mid on the losing side`(
        direction: Direction, spot: String, perp: String, passes: Bool
    ) {
        let found = denial(intent(direction, spot: spot, perp: perp), calm())
        #expect(found?.reason == (passes ? nil : .priceCollar))
        #expect(passes || found?.asked.isEmpty == false && found?.allowed.isEmpty == false)
    }

    @Test(
        arguments: [
            (.carry, "151.5", "151.5", true), (.carry, "151.50000001", "151.5", false),
            (.carry, "148.5", "148.5", true), (.carry, "148.5", "148.49999999", false),
            (.reverse, "148.5", "148.5", true), (.reverse, "148.49999999", "148.5", false),
            (.reverse, "151.5", "151.5", true), (.reverse, "151.5", "151.50000001", false),
        ] as [(Direction, String, String, Bool)])
    func `keeps limit prices within twice that of the index though the mids went along`(
        direction: Direction, spot: String, perp: String, passes: Bool
    ) {
        let picture = calm { ($0.spotMid, $0.perpMid) = (price(spot), price(perp)) }
        let found = denial(intent(direction, spot: spot, perp: perp), picture)
        #expect(found?.reason == (passes ? nil : .priceCollar))
        #expect(passes || found?.asked.isEmpty == false && found?.allowed.isEmpty == false)
    }

    @Test func `has no collar to hold on to without mids and an index`() {
        for absent in [calm { $0.spotMid = nil }, calm { $0.perpMid = nil }, calm { $0.index = nil }] {
            edge(.priceCollar, passes: calm(), fails: absent)
        }
    }

    @Test(arguments: [TradingState.hold, .reduceOnly, .halted])
    func `opens nothing unless trading is active`(state: TradingState) {
        edge(.notActive, passes: calm(), fails: calm { $0.tradingState = state })
        let stopping = calm { $0.stopping = true }
        edge(.notActive, passes: calm(), fails: stopping)
        #expect(denial(intent(), stopping)?.allowed == "stopping")
    }

    @Test func `opens nothing that could not be put on record`() {
        edge(.notRecorded, passes: calm(), fails: calm { $0.isRecorded = false })
    }
}

@Suite struct `The gate for reducing orders` {
    /// Leg, side, quantity; coins and contracts held; one lot is 0.01.
    typealias Row = (leg: Leg, side: Side, quantity: String, coins: String, contracts: String)

    private func denial(_ row: Row, tolerance: String = "0.01") -> Denial? {
        let verdict = RiskGate.reviewReducing(
            row.leg, row.side, quantity(row.quantity), coins: quantity(row.coins),
            contracts: quantity(row.contracts), tolerance: quantity(tolerance))
        return if case .denied(let denial) = verdict { denial } else { nil }
    }

    @Test(
        arguments: [
            // Closing a leg in part, whole, and by at most a lot too much.
            (.perp, .buy, "0.4", "1", "-1"), (.perp, .buy, "1", "1", "-1"), (.perp, .buy, "1.01", "1", "-1"),
            (.spot, .sell, "1", "1", "-1"), (.spot, .buy, "1.01", "-1", "1"), (.perp, .sell, "1", "-1", "1"),
            // Completing the other leg.
            (.perp, .sell, "1", "1", "0"), (.perp, .sell, "1.01", "1", "0"), (.spot, .buy, "0.01", "0", "-1"),
            (.spot, .buy, "1", "0", "-1"), (.perp, .sell, "0.5", "1", "-0.5"),
            (.perp, .buy, "0.5", "-1", "0.5"),
        ] as [Row])
    func `lets through what closes a leg or completes a pair`(row: Row) {
        let found = denial(row)
        #expect(found == nil, "\(row)")
    }

    @Test(
        arguments: [
            // Growing a hedged pair, a naked leg, or from nothing.
            (.perp, .sell, "0.01", "1", "-1"), (.spot, .buy, "0.01", "1", "-1"),
            (.spot, .buy, "0.01", "1", "0"),
            (.perp, .sell, "0.01", "0", "-1"), (.perp, .buy, "0.01", "0", "0"),
            (.spot, .sell, "0.01", "0", "0"),
            // Completing by more than a lot too much.
            (.perp, .sell, "1.02", "1", "0"), (.spot, .buy, "1.02", "0", "-1"),
            // Turning a leg round: the pair would lean twice as far.
            (.perp, .buy, "2.01", "1", "-1"), (.perp, .buy, "2", "1", "-1"), (.perp, .buy, "1.02", "1", "-1"),
            (.spot, .sell, "2", "1", "-1"), (.perp, .sell, "1.02", "-1", "1"),
            (.spot, .sell, "1.02", "1", "0"),
        ] as [Row])
    func `denies what grows a position or turns it round`(row: Row) {
        let found = denial(row)
        #expect(found?.reason == .wouldGrow, "\(row)")
        #expect(found == nil || found?.asked.isEmpty == false && found?.allowed.isEmpty == false)
    }

    @Test(
        arguments: [
            (.buy, "153", "153"), (.buy, "153.01", "153"), (.sell, "147", "147"), (.sell, "146.99", "147"),
            // A collar between two ticks is not passed either way.
            (.buy, "150.00", "150.00"), (.sell, "160", "160"),
        ] as [(Side, String, String)])
    func `bring a price within two percent of what is known, to the tick`(
        side: Side, asked: String, given: String
    ) {
        let gate = RiskGate(RiskLimits())
        #expect(
            gate.collared(price(asked), side, reference: price("150"), tick: price("0.01")) == price(given))
        #expect(gate.collared(price(asked), side, reference: nil, tick: price("0.01")) == price(asked))
    }

    @Test func `count a price that the collar held back`() {
        var limits = RiskLimits()
        limits.hedgeCollar = percent("0.05")
        let bench = EngineBench(limits: limits)
        bench.openPair()
        bench.obey(.flatten)
        bench.pass(1100)
        // 0.10 % from the touch is beyond 0.05 % of the mid.
        #expect(bench.engine.counters.denials[.hedgeCollar] == 2)
        #expect(bench.orders.count == 2)
    }

    @Test func `holds back what is sent without a book as well`() throws {
        var limits = RiskLimits()
        limits.hedgeCollar = percent("0.5")
        let bench = EngineBench(limits: limits)
        bench.openPair()
        bench.turn([.book(bench.spot, .lost("gap")), .book(bench.perp, .lost("gap"))])
        bench.obey(.flatten)
        // A whole percent from index and mark would be 148.90 and 152; one leg goes after the other.
        for _ in 0..<2 {
            let order = try #require(bench.orders.first)
            #expect(order.price == price(order.instrument == bench.spot ? "149.65" : "151.25"), "\(order)")
            bench.take(order.instrument)
            bench.execute(order)
        }
    }

    @Test func `does not stand in the way of the spot hedge of many contracts`() throws {
        // At 9 dollars the fee of the hedge is more than a lot and a half.
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.script.plan = RestingPlan(rest: .perp, timeout: .seconds(60), fallback: .cancel)
        bench.mark("9.02", index: "9.01")
        bench.quote(spot: ("8.99", "9.00"), perp: ("9.04", "9.05"))
        let post = try #require(bench.take(bench.perp))
        bench.turn([.order(bench.update(post, .new))])
        bench.execute(post)
        let hedge = try #require(bench.take(bench.spot), "\(bench.engine.counters.denials.rows)")
        #expect(hedge.side == .buy)
        #expect(hedge.quantity > post.quantity)
        #expect(bench.engine.counters.denials[.wouldGrow] == 0)
    }
}
