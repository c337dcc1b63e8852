import Core
import Testing

@Suite struct `Money and margin` {
    @Test func `C18: funding is paid by longs when the rate is positive`() {
        let short = Figures.fundingPayment(position: -B1.one, mark: price("150.30"), rate: rate("0.0000125"))
        #expect(short == money("0.00187875"))
        #expect(
            Figures.fundingPayment(position: B1.one, mark: price("150.30"), rate: rate("0.0000125"))
                == money("-0.00187875"))
    }

    @Test(arguments: [
        ("0.0002", "0.0000125"), ("-0.0004", "0.0000125"), ("0.0006", "0.0000125"),
        ("-0.00045", "0.00000625"),
        ("0.0010", "0.0000625"), ("-0.0006", "-0.0000125"), ("0.0030", "0.0003125"),
    ])
    func `C19: the rate is flat near zero premium`(premium: String, expected: String) {
        #expect(Figures.fundingRate(premium: rate(premium)) == rate(expected))
    }

    @Test func `the rate stays between floor and cap`() {
        #expect(Figures.fundingRate(premium: rate("0.5"), cap: rate("0.01")) == rate("0.01"))
        #expect(Figures.fundingRate(premium: rate("-0.5"), floor: rate("-0.01")) == rate("-0.01"))
    }

    @Test func `C20: collateral counts less the more there is of it`() {
        func weight(_ usd: String) -> Percent {
            Figures.collateralWeight(
                notional: money(usd).notional, weight: fraction("1"), base: fraction("0.9"),
                penalty: 100_000_000)
        }
        #expect(weight("300") == fraction("0.90000000"))
        #expect(weight("10000000") == fraction("0.83572161"))
    }

    @Test func `C21: a carry entry lowers net equity by weight and fees`() {
        let coins = Execution.coinsAfter(spot: quantity("2"), baseFee: percent("0.10"), dust: .zero)
        #expect(coins == money("1.998"))
        let perpNotional = (price("150.45") * quantity("2")).roundedUp()
        let fee = Money(raw: quotient(perpNotional.raw * 5, by: 10_000, .up))
        let usdc = Money(1000) - (price("150") * quantity("2")).roundedUp() - fee
        #expect(usdc == money("699.84955"))
        #expect(
            usdc + Figures.collateralValue(coins: coins, price: price("150"), weight: fraction("1"))
                == money("999.54955"))
        #expect(
            usdc + Figures.collateralValue(coins: coins, price: price("150"), weight: fraction("0.9"))
                == money("969.57955"))
    }

    @Test func `C22: initial margin obeys curve and leverage, maintenance the curve alone`() {
        let initial = MarginCurve(base: 20_000_000_000, factor: 75_000_000)
        let maintenance = MarginCurve(base: 13_500_000_000, factor: 37_500_000)
        let big = Money(250_000), pair = money("300.90")
        #expect(Figures.marginFraction(initial, leverageLimit: nil, notional: big) == fraction("0.0375"))
        #expect(Figures.marginFraction(initial, leverageLimit: Money(10), notional: big) == fraction("0.10"))
        #expect(Figures.marginFraction(maintenance, leverageLimit: nil, notional: big) == fraction("0.01875"))
        #expect(Figures.marginFraction(maintenance, leverageLimit: nil, notional: pair) == fraction("0.0135"))
        #expect(Figures.marginFraction(nil, leverageLimit: Money(10), notional: big) == fraction("1"))
        let own = Figures.marginFraction(initial, leverageLimit: Money(10), notional: pair)
        let locked = Figures.lockedMargin(notional: pair, fraction: own)
        #expect(locked == money("30.09"))
        #expect(money("969.57955") - locked == money("939.48955"))
        #expect(Figures.marginRatio(netEquity: money("969.57955"), notional: pair) == fraction("3.22226503"))
        #expect(Figures.marginRatio(netEquity: money("969.57955"), notional: .zero) == nil)
    }

    @Test func `C23: the runway, and the largest pair it allows`() {
        #expect(Figures.runway(free: money("699.84955"), shorts: money("300.90")) == fraction("2.32585427"))
        #expect(Figures.runway(free: money("50"), shorts: .zero) == nil)
        for (capital, largest) in [
            (1_000, "832.98625572"), (10_000, "8329.86255726"), (100_000, "83298.62557267"),
        ] {
            let figure = Figures.largestNotional(
                capital: Money(capital), runwayLeast: percent("20"), perpTaker: percent("0.05"))
            #expect(eight(figure, .down) == largest)
        }
    }

    @Test func `C24: liquidation is far away even where the runway is short`() {
        func distance(_ quote: String, _ coins: String, _ shorts: String) -> Percent? {
            Figures.liquidationDistance(
                quote: money(quote), weightedCoins: money(coins), shorts: money(shorts),
                maintenance: fraction("0.0135"))
        }
        let coins = Figures.collateralValue(
            coins: money("1.998"), price: price("150"), weight: fraction("0.9"))
        #expect(coins == money("269.73"))
        #expect(distance("699.84955", "269.73", "300.90") == fraction("27.40444168"))
        let many = Figures.collateralValue(coins: money("6.33"), price: price("150"), weight: fraction("0.9"))
        #expect(distance("50", "\(many)", "949.5") == fraction("8.27453122"))
        let runway = Figures.runway(free: Money(50), shorts: money("949.5"))
        #expect(runway == fraction("0.05265929") && runway! < fraction("0.20"))
        #expect(distance("50", "400", "300") == nil)
    }

    @Test func `C25: exposure of a pair, and what a new entry reserves`() {
        let pair = Figures.exposure(
            coins: money("0.999"), spot: price("150"), contracts: -B1.one, perp: price("150.30"))
        #expect(pair.oneSided == money("150.30"))
        #expect(pair.gross == money("300.15"))
        #expect(pair.unhedged == money("0.15"))
        let mirrored = Figures.exposure(
            coins: money("-0.999"), spot: price("150"), contracts: B1.one, perp: price("150.30"))
        #expect(mirrored == pair)
        #expect((price("87010") * quantity("0.00172")).roundedUp() == money("149.6572"))
    }

    @Test func `C26: an entry is denied when the day could reach its limit`() {
        let profit = Figures.dailyProfit(
            realised: money("-18.20"), fees: .zero, funding: money("0.12"), borrow: .zero,
            unrealised: money("-9.30"),
            unrealisedAtStart: money("1.10"))
        #expect(profit == money("-28.48"))
        #expect(Figures.dailyLoss(profit: profit, afterEntryOf: Money(150)) == money("29.23"))
        #expect(Figures.dailyLoss(profit: money("-29.30"), afterEntryOf: Money(150)) == money("30.05"))
    }

    @Test func `C37: what is naked counts by size and time`() {
        #expect(Figures.dollarSeconds(price("150") * B1.one, for: .milliseconds(180)) == money("27.0"))
    }
}

@Suite struct `A held position` {
    private func figures(
        _ direction: Direction, coins: String, spotCost: String, perpCost: String,
        perpFees: String = "0.07524625",
        walk: PairWalk, funding: String = "0.00187875"
    ) -> PositionFigures {
        PositionFigures(
            direction: direction, coins: money(coins), perpQuantity: B1.one,
            spotCost: money(spotCost).notional,
            perpCost: money(perpCost).notional, spotQuoteFees: .zero, perpFees: money(perpFees),
            baseFeesInQuote: money("0.150026"), funding: money(funding), borrow: .zero,
            entryGross: percent("0.31094610"), entryExitLevel: .zero, entryExitCross: percent("0.02281385"),
            age: .seconds(90), walk: walk, fees: .base)
    }
    private let walk = PairWalk(
        spot: book(bids: [("150.20", "9")], asks: [("150.21", "9")]),
        perp: book(bids: [("150.21", "9")], asks: [("150.22", "9")]), quantity: B1.one)!

    @Test func `C16: net counts every fee once`() {
        let pos = figures(.carry, coins: "0.999", spotCost: "150.026", perpCost: "-150.4925", walk: walk)
        #expect(pos.netUSD == money("-0.00222730"))
        #expect(pos.netPct == percent("-0.00148461"))
        #expect(pos.feesUSD == money("0.22527225"))
        #expect(pos.notional == money("150.026"))
        // 0.31094610 − 0.02281385 − 100·0.22527225/150.026 (up) − 0.15
        #expect(pos.entryNet == percent("-0.01202323"))
    }

    @Test func `C16, mirrored: a reverse owes coins and holds contracts`() {
        // Sold 1 at 150.20, bought back at 150.21 with 0.10 %; bought the perp at 149.90, sold at 150.21 with
        // 0.05 %.
        let pos = figures(
            .reverse, coins: "-1", spotCost: "-150.20", perpCost: "149.90", perpFees: "0.07495", walk: walk,
            funding: "0")
        #expect(
            pos.netUSD == money("0") + money("-0.01") + money("0.31") - money("0.15021") - money("0.075105")
                - money("0.07495"))
    }

    @Test func `dust counts at the walked exit price and a position without cost has no percentage`() {
        let pos = figures(
            .carry, coins: "1.0082", spotCost: "0", perpCost: "0", perpFees: "0", walk: walk, funding: "0")
        #expect(pos.netPct == .zero)
        #expect(pos.entryNet == percent("0.28813225"))
        #expect(
            pos.netUSD == money("151.43164") - money("150.22") - money("0.15143164") - money("0.07511"))
    }

    @Test func `shows every field to a script`() {
        let pos = figures(.carry, coins: "0.999", spotCost: "150.026", perpCost: "-150.4925", walk: walk)
        var view = PositionView(pair: "SOL", direction: .carry, style: .taker, version: "v", adopted: false)
        pos.fill(&view)
        #expect(view[.qty] == 1 && view[.coins] == 0.999 && view[.notionalUsd] == 150.026)
        #expect(view[.netUsd] == -0.0022273 && view[.netPct] == -0.00148461 && view[.feesUsd] == 0.22527225)
        #expect(view[.entryGrossPct] == 0.3109461 && view[.fundingUsd] == 0.00187875 && view[.ageS] == 90)
    }

    @Test func `amounts far beyond our size do not overflow`() {
        let many = quantity("90000000000")
        let deep = book(bids: [("0.0499", "90000000000")], asks: [("0.0501", "90000000000")])
        let pos = PositionFigures(
            direction: .carry, coins: money("90000000000"), perpQuantity: many,
            spotCost: price("0.05") * many,
            perpCost: -(price("0.05") * many), spotQuoteFees: .zero, perpFees: .zero, baseFeesInQuote: .zero,
            funding: .zero, borrow: .zero, entryGross: .zero, entryExitLevel: .zero, entryExitCross: .zero,
            age: .zero,
            walk: PairWalk(spot: deep, perp: deep, quantity: many)!, fees: .base)
        #expect(pos.netUSD < .zero)
    }
}
