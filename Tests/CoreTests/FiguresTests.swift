import Core
import Testing

@Suite struct `Figures of one direction` {
    @Test func `C1, C2: what entering earns and closing costs`() {
        #expect(Figures.gross(.carry, B1.walk) == percent("0.31094610"))
        #expect(Figures.exitCost(.carry, B1.walk) == percent("0.35672613"))
        #expect(Figures.midSpread(spot: B1.spot.top!, perp: B1.perp.top!) == percent("0.33666667"))
        #expect(B1.perp.top!.mid == price("150.505"))
    }

    @Test func `C3: half of each walked width is paid once more`() {
        #expect(Figures.exitCross(B1.walk) == percent("0.02281385"))
    }

    @Test func `C4: a resting leg earns its own touch`() {
        let o = B1.opportunity()
        #expect(o.gross(.restPerp) == percent("0.32261074"))
        #expect(o.gross(.restSpot) == percent("0.34171222"))
        #expect(o.gross(.restBoth) == percent("0.35338045"))
    }

    @Test func `C5: reverse sells spot and buys the perp`() {
        let perp = book(bids: [("149.50", "3")], asks: [("149.52", "3")])
        let walk = PairWalk(spot: B1.spot, perp: perp, quantity: B1.one)!
        #expect(Figures.gross(.reverse, walk) == percent("0.30430711"))
        #expect(Figures.exitCost(.reverse, walk) == percent("0.35183947"))
    }

    @Test(arguments: [
        ("0.08", "0.10", ["0.30", "0.28", "0.27", "0.25"]),
        ("0.07", "0.09", ["0.28", "0.26", "0.25", "0.23"]),
    ])
    func `C6: fees are entry of the style and exit by takers`(
        maker: String, taker: String, expected: [String]
    ) {
        let rates = FeeRates(
            spotMaker: percent(maker), spotTaker: percent(taker), perpMaker: percent("0.02"),
            perpTaker: percent("0.05"))
        let styles: [Style] = [.taker, .restSpot, .restPerp, .restBoth]
        #expect(styles.map { Figures.fees($0, rates) } == expected.map(percent))
    }

    @Test func `C7: a gross of 0.31 is refused after everything`() {
        let o = B1.opportunity()
        #expect(o.exitLevel == .zero && o.fundingExpected == percent("0.00125"))
        #expect(o.legRiskTaker == percent("0.00548673"))
        #expect(o.net(.taker) == percent("-0.01610448"))
        #expect(o.net(.taker) < percent("0.02"))
    }

    @Test func `C8: resting earns more, and the mean moves the level`() {
        let o = B1.opportunity()
        #expect(o.legRiskRest == percent("0.00775941"))
        #expect(o.net(.restPerp) == percent("0.02328748"))
        #expect(o.net(.restSpot) == percent("0.03238896"))
        #expect(o.net(.restBoth) == percent("0.07405719"))
        #expect(B1.opportunity(mean: "0.03").net(.taker) == percent("-0.04610448"))
        #expect(B1.opportunity(mean: "-0.045", exitAtMean: true).net(.taker) == percent("0.02889552"))
    }

    @Test func `C8: the mean is believed from 1,800 samples on`() {
        #expect(B1.opportunity(mean: "-0.045", exitAtMean: true, samples: 1_799).exitLevel == .zero)
        #expect(
            B1.opportunity(mean: "-0.045", exitAtMean: true, samples: 1_800).exitLevel == percent("-0.045"))
        #expect(B1.opportunity(mean: "-0.045").exitLevel == .zero)
        #expect(B1.opportunity(.reverse, mean: "-0.045").exitLevel == percent("0.045"))
    }

    @Test func `C13: the break-even is the gross at which the net is the least edge`() {
        let o = B1.opportunity(), least = percent("0.02")
        #expect(o.breakeven(.taker, least: least) == percent("0.34705058"))
        #expect(o.breakeven(.restPerp, least: least) == percent("0.31932326"))
        #expect(o.breakeven(.restSpot, least: least) == percent("0.32932326"))
    }

    @Test func `nets are sums of their rounded terms for both directions`() {
        for direction in Direction.allCases {
            let o = B1.opportunity(direction, mean: "0.01")
            for style in Style.allCases {
                let sum =
                    o.gross(style) - o.exitLevel - o.exitCross - o.fees(style) + o.fundingExpected
                    - o.borrowExpected
                    - o.legRisk(style)
                #expect(o.net(style) == sum)
                #expect(
                    o.breakeven(style, least: percent("0.02")) - o.gross(style) == percent("0.02")
                        - o.net(style))
            }
        }
        #expect(B1.opportunity().borrowExpected == .zero)
        #expect(B1.opportunity(.reverse).borrowExpected > .zero)
    }

    @Test func `measured leg risk replaces the estimate`() {
        var terms = B1.terms()
        terms.legRiskMeasured = (percent("0.001"), percent("-0.002"))
        let o = Opportunity.measure(
            pair: solPair(), direction: .carry, spot: B1.spot, perp: B1.perp, quantity: B1.one, terms: terms)!
        #expect(o.legRisk(.taker) == percent("0.001") && o.legRisk(.restBoth) == percent("-0.002"))
    }

    @Test func `a thin or empty side is no opportunity`() {
        let terms = B1.terms()
        func measured(_ spot: Book, _ q: String) -> Opportunity? {
            Opportunity.measure(
                pair: solPair(), direction: .carry, spot: spot, perp: B1.perp, quantity: quantity(q),
                terms: terms)
        }
        #expect(measured(B1.spot, "2.40") != nil)
        #expect(measured(B1.spot, "2.41") == nil)
        #expect(measured(book(bids: [], asks: [("150", "5")]), "1") == nil)
    }

    @Test func `reverse is carry with the books exchanged`() {
        let seed: UInt64 = 77
        print("seed \(seed)")
        var chance = Seeded(seed)
        for _ in 0..<300 {
            let (a, b) = (randomBook(&chance), randomBook(&chance))
            let q = Quantity(raw: chance.int(1...400) * 1_000_000)
            guard let one = PairWalk(spot: a, perp: b, quantity: q),
                let two = PairWalk(spot: b, perp: a, quantity: q)
            else { continue }
            #expect(Figures.gross(.reverse, one) == Figures.gross(.carry, two))
            #expect(Figures.exitCost(.reverse, one) == Figures.exitCost(.carry, two))
            #expect(Figures.exitCross(one) == Figures.exitCross(two))
            let (s, p) = (a.top!.ask.price, b.top!.bid.price)
            for (style, mirrored) in [
                (Style.restSpot, Style.restPerp), (.restPerp, .restSpot), (.restBoth, .restBoth),
            ] {
                #expect(
                    Figures.grossResting(style, .reverse, one, spotPost: s, perpPost: p)
                        == Figures.grossResting(mirrored, .carry, two, spotPost: p, perpPost: s))
            }
        }
    }

    @Test func `figures of both directions add up to the width`() {
        // Entering and closing at once costs the walked widths: gross is never above what closing costs.
        let seed: UInt64 = 78
        print("seed \(seed)")
        var chance = Seeded(seed)
        for _ in 0..<300 {
            let walk = PairWalk(
                spot: randomBook(&chance), perp: randomBook(&chance), quantity: quantity("0.5"))!
            for direction in Direction.allCases {
                #expect(Figures.gross(direction, walk) <= Figures.exitCost(direction, walk))
            }
            #expect(Figures.exitCross(walk) >= .zero)
        }
    }

    private func randomBook(_ chance: inout Seeded) -> Book {
        let bid = chance.int(14_000...16_000), width = chance.int(1...50)
        func level(_ cents: Int64) -> Level {
            Level(
                price: Price(raw: cents * 1_000_000),
                quantity: Quantity(raw: chance.int(50...500) * 1_000_000))
        }
        var some = Book()
        some.replace(
            bids: [level(bid), level(bid - 3)], asks: [level(bid + width), level(bid + width + 7)],
            sequence: 1)
        return some
    }

    @Test func `exit crossing rounds its exact sum once, however awkward the fractions`() {
        // Quantities and prices with eight odd decimals: the denominators have no common factor to cancel.
        let spot = book(bids: [("149.98765431", "7.00000003")], asks: [("150.02345679", "7.00000001")])
        let perp = book(bids: [("150.41234567", "7.00000009")], asks: [("150.51234569", "7.00000007")])
        let walk = PairWalk(spot: spot, perp: perp, quantity: quantity("6.99999989"))!
        // 100·(0.03580248/300.0111111 + 0.10000002/300.92469136) = 0.0451646302195…
        #expect(Figures.exitCross(walk) == percent("0.04516464"))
    }
}

@Suite struct `Terms of an opportunity` {
    @Test func `C9: neither leg costs more than asked`() {
        func asked(_ usd: Money, _ pair: Pair) -> Quantity? {
            Figures.entryQuantity(
                usd: usd, spotTouch: price("150.02"), perpTouch: price("150.50"), pair: pair)
        }
        #expect(asked(Money(150), solPair()) == quantity("0.99"))
        #expect(asked(money("1.505"), solPair()) == quantity("0.01"))
        #expect(asked(money("1.504999"), solPair()) == nil)
        #expect(asked(.zero, solPair()) == nil)
        #expect(asked(Money(150), solPair(minimum: "1")) == nil)
        #expect(asked(Money(150), solPair(lot: "0.02")) == quantity("0.98"))
    }

    @Test(arguments: [
        (Direction.carry, "0.00125", "0.00125", 3600, 600, 3600, "0.00125"),
        (.carry, "0.00125", "0.00125", 360, 600, 3600, "0"),
        (.carry, "0.004", "0.00125", 28_800, 600, 3600, "0.01275"),
        (.carry, "-0.002", "0.00125", 28_800, 600, 3600, "-0.016"),
        (.carry, "0.02", "0.01", 86_400, 3600, 28_800, "0.32"),
        (.reverse, "0.004", "0.00125", 28_800, 600, 3600, "-0.032"),
        (.reverse, "-0.004", "-0.00125", 28_800, 600, 3600, "0.01275"),
        (.carry, "0.00125", "0.00125", 600, 600, 3600, "0.00125"),
    ])
    func `C10: expected funding counts settlements`(
        direction: Direction, current: String, mean: String, hold: Int64, next: Int64, interval: Int64,
        expected: String
    ) {
        let figure = Figures.fundingExpected(
            direction, hold: .seconds(hold), nextFunding: .seconds(next), interval: .seconds(interval),
            current: percent(current), mean: percent(mean))
        #expect(figure == percent(expected))
    }

    @Test func `a venue's rate becomes percent per hour`() {
        #expect(
            Figures.fundingPercentPerHour(rate: rate("0.0000125"), interval: .seconds(3600))
                == percent("0.00125"))
        #expect(
            Figures.fundingPercentPerHour(rate: rate("0.0001"), interval: .seconds(28_800))
                == percent("0.00125"))
        #expect(
            Figures.fundingPercentPerHour(rate: rate("-0.00000000001"), interval: .seconds(3600)).raw == -1)
    }

    @Test func `C11: borrowed coins cost every started hour`() {
        let span = TimeSpan.seconds(8 * 3600)
        #expect(Figures.borrowExpected(apr: percent("12"), hold: span) == percent("0.01095891"))
        #expect(Figures.borrowExpected(apr: percent("12"), hold: .seconds(4320)) == percent("0.00273973"))
        let cost = Figures.borrowCost(price("150") * B1.one, apr: percent("12"), hold: span)
        #expect(eight(cost) == "0.01643836")
    }

    @Test func `C12: leg risk grows with the root of time`() {
        let volatility = percent("0.85")
        #expect(
            Figures.legRisk(volatilityPerHour: volatility, exposure: .milliseconds(150))
                == percent("0.00548673"))
        #expect(
            Figures.legRisk(volatilityPerHour: volatility, exposure: .milliseconds(300))
                == percent("0.00775941"))
        #expect(Figures.legRisk(volatilityPerHour: volatility, exposure: .seconds(3600)) == volatility)
        #expect(Figures.legRisk(volatilityPerHour: volatility, exposure: .zero) == .zero)
    }

    @Test func `C14: depth within 0.10 % of the touch, bound included`() {
        let some = book(
            bids: [("149.98", "1")],
            asks: [("150.02", "0.4"), ("150.10", "2"), ("150.17", "5"), ("150.18", "50")])
        let band = percent("0.10")
        #expect(Figures.depth(some, .buy, band: band) == price("1111.058") * B1.one)
        let deep = book(bids: [("149.98", "100")], asks: [("150.02", "100")])
        #expect(
            Figures.liquidity(spot: some, perp: deep, band: band, size: Money(150))
                < Figures.liquidity(spot: deep, perp: deep, band: band, size: Money(150)))
        let asks = book(
            bids: [("150.01", "100")],
            asks: [("150.02", "0.4"), ("150.10", "2"), ("150.17", "5"), ("150.18", "50")])
        #expect(
            Figures.liquidity(spot: asks, perp: deep, band: band, size: Money(150)) == fraction("7.40705333"))
        #expect(Figures.liquidity(spot: asks, perp: deep, band: band, size: .zero) == .zero)
        // The bound itself counts, on both sides.
        let edge = book(
            bids: [("100", "1"), ("99.9", "1"), ("99.89", "1")], asks: [("200", "1"), ("200.2", "1")])
        #expect(Figures.depth(edge, .sell, band: band) == price("199.9") * B1.one)
        #expect(Figures.depth(edge, .buy, band: band) == price("400.2") * B1.one)
        #expect(Figures.depth(Book(), .buy, band: band) == .zero)
    }

    @Test(arguments: [
        (12_000, 300, 300), (31_000, 300, 31_000), (30_000, 300, 300), (100, 300, 100),
        (12_000, -1, 12_000),
    ])
    func `C15: a quiet book is not a stale one`(own: Int64, connection: Int64, expected: Int64) {
        let now = Timestamp(milliseconds: 1_000_000)
        let alive = connection < 0 ? nil : now - .milliseconds(connection)
        #expect(
            Figures.bookAge(now: now, ownFrame: now - .milliseconds(own), connection: alive)
                == .milliseconds(expected))
    }

    @Test(
        arguments: [
            ("0.999", "0.5", nil), ("1", "0.20", 80), ("1", "1.01", 60), ("3", "1.5", 70), ("12", "0.17", 90),
            ("2.9999", "0.14", 60), ("10", "0.20", 100), ("1", "1.00", 80), ("1", "0.15", 70),
            ("1", "0.19999999", 70),
        ] as [(String, String, Int?)])
    func `C17: documented confidence in hundredths`(liquidity: String, gross: String, expected: Int?) {
        #expect(Figures.confidence(liquidity: fraction(liquidity), gross: percent(gross)) == expected)
    }

    @Test func `an index deviation is signed and per leg`() {
        #expect(Figures.indexDeviation(B1.spot.top!, index: price("150")) == .zero)
        #expect(Figures.indexDeviation(B1.perp.top!, index: price("150")) == percent("0.33666667"))
        #expect(Figures.indexDeviation(B1.spot.top!, index: price("160")) == percent("-6.25"))
    }

    @Test func `entry gross compares both legs at the same quantity`() {
        let bought = price("150.026") * B1.one, sold = price("150.4925") * B1.one
        func gross(_ direction: Direction, _ spot: Quantity, _ perp: Quantity) -> Percent? {
            Figures.entryGross(
                direction, spotCost: bought, spotQuantity: spot, perpCost: -sold, perpQuantity: -perp)
        }
        #expect(gross(.carry, B1.one, B1.one) == percent("0.31094610"))
        #expect(gross(.carry, B1.one, .zero) == nil)
        let double = Figures.entryGross(
            .carry, spotCost: price("150.026") * quantity("2"), spotQuantity: quantity("2"), perpCost: sold,
            perpQuantity: B1.one)
        #expect(double == percent("0.31094610"))
        #expect(gross(.reverse, B1.one, B1.one)! < .zero)
    }
}
