import Testing

@testable import Core

private let asked: [Reason] = [.scriptPassed]

private func limits(_ change: (inout RiskLimits) -> Void) -> RiskLimits {
    var limits = RiskLimits()
    change(&limits)
    return limits
}

private func facts(
    spotTaker: String = "0.10", autoLend: Bool = false, liquidating: Bool = false
) -> Reply {
    .account(
        AccountFacts(
            fees: FeeRates(
                spotMaker: percent("0.08"), spotTaker: percent(spotTaker), perpMaker: percent("0.02"),
                perpTaker: percent("0.05")), leverageLimit: Money(10), autoLend: autoLend,
            liquidating: liquidating, borrowsToSettle: true))
}

private func pool(
    _ base: String = "SOL", isOpen: Bool = true, borrow: String = "12", lend: String = "3",
    used: String = "0.5"
) -> LendingMarket {
    LendingMarket(
        asset: Asset(base), isOpen: isOpen, borrowRate: percent(borrow), lendRate: percent(lend),
        utilisation: fraction(used))
}

private func collateral(_ weight: String, lentQuote: String = "0", lentCoins: String = "0") -> Reply {
    .collateral(
        CollateralFacts(
            netEquity: Money(1000), available: Money(1000), locked: .zero, marginFraction: nil,
            weights: [
                AssetWeight(asset: Asset("SOL"), weight: fraction(weight), lent: money(lentCoins)),
                AssetWeight(asset: .usdc, weight: fraction("1"), lent: money(lentQuote)),
            ]))
}

private let tether = Instrument(
    id: InstrumentID(2), symbol: "USDT_USDC", kind: .spot, base: Asset("USDT"), quote: .usdc,
    tickSize: price("0.0001"), lotSize: quantity("1"), minQuantity: quantity("1"))

@Suite struct `The venue's terms` {
    @Test func `are read at the start and once a minute, for few requests`() {
        let bench = EngineBench(beside: [tether])
        #expect(bench.asked { $0 == .collateralTerms } == 1)
        bench.say(.notSent("test")) { _ in true }
        for minute in 1...10 {
            bench.minute()
            #expect(bench.asked(\.isMarkets) == minute)
            #expect(bench.asked(\.isLending) == minute)
            #expect(bench.asked(\.isBest) == minute)
            #expect(bench.asked { $0 == .openInterest } == minute)
            #expect(bench.asked { if case .borrowRoom = $0 { true } else { false } } == 0, "nobody borrows")
        }
        let borrower = EngineBench(limits: limits { $0.allowBorrow = true })
        #expect(borrower.asked { $0 == .borrowRoom(Asset("SOL")) } == 1)
    }

    private func closed(_ bench: EngineBench, _ leg: Leg, _ state: BookState) -> [Instrument] {
        [bench.pair.spot, bench.pair.perp].map {
            var copy = $0
            if ($0.kind == .spot) == (leg == .spot) { copy.state = state }
            return copy
        }
    }

    @Test(arguments: [Leg.spot, .perp], [BookState.closed, .cancelOnly, .postOnly, .limitOnly, .unknown])
    func `close a pair as soon as either market is not open, and open it again`(leg: Leg, state: BookState) {
        let bench = EngineBench()
        #expect(bench.glance() == asked)
        bench.minute()
        bench.say(.markets(closed(bench, leg, state), skipped: []), to: \.isMarkets)
        #expect(bench.glance() == [.marketState])
        #expect(bench.alerts.count { $0.contains(leg == .spot ? "SOL_USDC is" : "PERP is") } == 1)
        // It is asked about by itself: the list may be minutes old.
        let id = leg == .spot ? bench.spot : bench.perp
        bench.pass(5000, step: 1000)
        bench.say(.market(.open)) { $0 == .market(id) }
        #expect(bench.glance() == asked)
        bench.pass(20_000, step: 1000)
        #expect(bench.asked { if case .market = $0 { true } else { false } } == 0, "only while it is closed")
    }

    @Test func `know no market that is not listed any more`() {
        let bench = EngineBench()
        bench.minute()
        bench.say(.markets([bench.pair.spot], skipped: []), to: \.isMarkets)
        #expect(bench.glance() == [.marketState])
        bench.minute()
        bench.say(.markets([bench.pair.spot, bench.pair.perp], skipped: []), to: \.isMarkets)
        #expect(bench.glance() == asked)
    }

    @Test func `of a market that counts in other steps keep it closed until a new start`() {
        let bench = EngineBench()
        func listed(tick: String) -> Reply {
            let old = bench.pair.perp
            let new = Instrument(
                id: old.id, symbol: old.symbol, kind: .perp, base: old.base, quote: .usdc,
                tickSize: price(tick), lotSize: old.lotSize, minQuantity: old.minQuantity,
                fundingInterval: old.fundingInterval)
            return .markets([bench.pair.spot, new], skipped: [])
        }
        for _ in 1...2 {
            bench.minute()
            bench.say(listed(tick: "0.001"), to: \.isMarkets)
            bench.say(.market(.open)) { $0 == .market(bench.perp) }
            #expect(bench.glance() == [.marketState])
        }
        #expect(bench.alerts.count { $0.contains("tick, lot or interval changed") } == 1)
    }

    @Test func `take bounds along with the list`() {
        let bench = EngineBench(limits: limits { $0.netEdgeMin = percent("-1") })
        bench.script.wishes = 150
        var tight = bench.pair.perp
        tight.bounds.quantityMax = quantity("0.98")
        bench.minute()
        bench.say(.markets([bench.pair.spot, tight], skipped: []), to: \.isMarkets)
        _ = bench.glance()
        bench.pass(1000)
        #expect(bench.glance() == [.aboveMaximum])
        #expect(bench.orders.isEmpty)
    }

    @Test func `that cannot be read do for two times and not for three`() {
        let bench = EngineBench()
        for missed in 1...3 {
            bench.minute()
            bench.say(.unknown("HTTP 200 that cannot be read"), to: \.isMarkets)
            #expect(bench.glance() == (missed < 3 ? asked : [.marketState]))
        }
        #expect(bench.alerts.count { $0.contains("list of markets") } == 1)
        bench.minute()
        bench.say(.markets([bench.pair.spot, bench.pair.perp], skipped: []), to: \.isMarkets)
        #expect(bench.glance() == asked)
    }

    @Test(arguments: [Request.account, .capital, .collateral, .positions])
    func `of the account that cannot be read three times running stop entries until they can`(
        request: Request
    ) {
        let bench = EngineBench()
        let good: Reply =
            switch request {
            case .account: facts()
            case .positions: .positions([])
            case .collateral: collateral("0.9")
            default:
                .balances([
                    BalanceUpdate(asset: .usdc, available: Money(1000), locked: .zero, staked: .zero)
                ])
            }
        for missed in 1...3 {
            bench.sayOnce(.unknown("lost"), to: request)
            #expect(bench.glance() == (missed < 3 ? asked : [.staleAccount]), "\(missed)")
        }
        #expect(bench.alerts.count { $0.contains("account could not be read") } == 1)
        bench.sayOnce(good, to: request)
        #expect(bench.glance() == asked)
        // One after the other: what was read in between begins anew.
        for reply in [Reply.unknown("lost"), .notSent("budget"), good, .unknown("lost"), .unknown("lost")] {
            bench.sayOnce(reply, to: request)
            #expect(bench.glance() == asked)
        }
    }

    // MARK: Lending

    @Test func `of lending are shown to scripts, and nothing of a closed pool`() throws {
        let bench = EngineBench()
        var seen: MarketView?
        bench.script.looks = { seen = $0 }
        func rates(_ pools: [LendingMarket]) -> [Double?] {
            bench.say(.lendingMarkets(pools), to: \.isLending)
            _ = bench.glance()
            bench.minute()
            return [seen?[.borrowAprPct], seen?[.lendAprPct], seen?[.borrowExpPct]]
        }
        #expect(rates([pool(), pool("USDC", borrow: "9")]) == [12, 3, 0], "a carry borrows nothing")
        #expect(rates([pool(isOpen: false)]) == [0, 0, 0])
        #expect(rates([pool("USDC")]) == [0, 0, 0])
    }

    @Test func `of lending charge a reverse for what it borrows and not for what it owns`() throws {
        // 12 % a year for one hour is 0.00136987 %; 0.49 of 0.99 are borrowed.
        for (own, expected) in [("0", 0.00136987), ("0.5", 0.00067802), ("10", 0)] {
            var seen: Double?
            let bench = EngineBench(
                limits: limits {
                    $0.allowBorrow = true
                    $0.inventory = [OwnCoins(asset: Asset("SOL"), quantity: quantity(own))]
                }, script: PuppetStrategy { $0.directions = [.reverse] })
            bench.script.looks = { seen = $0[.borrowExpPct] }
            bench.say(.lendingMarkets([pool()]), to: \.isLending)
            bench.say(.borrowRoom(quantity("5"))) { $0 == .borrowRoom(Asset("SOL")) }
            _ = bench.glance()
            #expect(seen == expected)
        }
    }

    @Test func `of lending keep coins at home that might not come back`() {
        let bench = EngineBench()
        func say(_ used: String, lends: Bool) -> [Reason] {
            bench.minute()
            bench.say(.lendingMarkets([pool(used: used)]), to: \.isLending)
            bench.say(facts(autoLend: lends), to: \.isAccount)
            return bench.glance()
        }
        #expect(say("0.95", lends: false) == asked)
        #expect(say("0.94999999", lends: true) == asked)
        #expect(say("0.95", lends: true) == [.utilisation])
        #expect(say("0.5", lends: true) == asked)
        for missed in 1...3 {
            bench.minute()
            bench.say(.unknown("lost"), to: \.isLending)
            #expect(bench.glance() == (missed < 3 ? asked : [.utilisation]))
        }
    }

    @Test func `of lending count USDC that can be had back as free`() {
        let bench = EngineBench(usdc: "100")
        #expect(bench.engine.freeQuote == Money(100))
        func free(_ used: String, lends: Bool) -> Money? {
            bench.minute()
            bench.say(.lendingMarkets([pool("USDC", used: used)]), to: \.isLending)
            bench.say(facts(autoLend: lends), to: \.isAccount)
            bench.say(collateral("0.9", lentQuote: "900")) { $0 == .collateral }
            return bench.engine.freeQuote
        }
        #expect(free("0.94999999", lends: true) == Money(1000))
        #expect(free("0.95", lends: true) == Money(100))
        #expect(free("0.5", lends: false) == Money(100), "nobody asks for it to be redeemed")
    }

    @Test func `of lending bound what a reverse may sell`() {
        let bench = EngineBench(
            limits: limits {
                $0.allowBorrow = true
                $0.inventory = [OwnCoins(asset: Asset("SOL"), quantity: quantity("0.4"))]
            })
        let sol = Asset("SOL")
        func room(_ text: String, _ pool: LendingMarket) -> Quantity {
            bench.minute()
            bench.say(.lendingMarkets([pool]), to: \.isLending)
            bench.say(.borrowRoom(quantity(text))) { $0 == .borrowRoom(sol) }
            return bench.engine.sellable(sol, except: nil)
        }
        #expect(bench.engine.sellable(sol, except: nil) == quantity("0.4"), "nothing was told yet")
        #expect(room("2.5", pool()) == quantity("2.9"))
        #expect(room("2.5", pool(isOpen: false)) == quantity("0.4"))
        #expect(room("0", pool()) == quantity("0.4"))
    }

    // MARK: Terms of the account

    @Test func `that got worse by more than a tenth are told, and everything is looked at anew`() {
        let bench = EngineBench()
        func say(_ reply: Reply, to request: Request) -> Int {
            bench.minute()
            let before = bench.engine.counters.termsWorsened
            bench.say(reply) { $0 == request }
            return bench.engine.counters.termsWorsened - before
        }
        #expect(say(facts(spotTaker: "0.11"), to: .account) == 0)
        #expect(say(facts(spotTaker: "0.12100001"), to: .account) == 1)
        #expect(say(facts(spotTaker: "0.12100001"), to: .account) == 0, "it is told once")
        #expect(say(facts(spotTaker: "0.10"), to: .account) == 0)
        // Slowly down is down as well: the best since the last alarm is what counts.
        #expect(say(collateral("0.85"), to: .collateral) == 0)
        #expect(say(collateral("0.81"), to: .collateral) == 0)
        #expect(say(collateral("0.80999999"), to: .collateral) == 1)
        #expect(say(collateral("0.80999999"), to: .collateral) == 0)
        #expect(bench.alerts.count { $0.contains("looked at anew") } == 2)
    }

    @Test func `are looked at again when the tier changes, though no level does`() {
        let bench = EngineBench()
        #expect(bench.glance() == asked)
        bench.minute()
        _ = bench.glance()
        let scores = bench.script.scores
        bench.say(facts(spotTaker: "0.09"), to: \.isAccount)
        #expect(bench.script.scores > scores)
    }

    @Test func `of an account that is being liquidated open nothing`() {
        let bench = EngineBench()
        bench.minute()
        bench.say(facts(liquidating: true), to: \.isAccount)
        #expect(bench.glance() == [.liquidating])
        #expect(bench.alerts.count { $0.contains("liquidating this account") } == 1)
        bench.minute()
        bench.say(facts(), to: \.isAccount)
        #expect(bench.glance() == asked)
    }

    @Test func `give a coin the lesser of the weight told and the one of its size`() {
        let bench = EngineBench(coins: "4")
        let sol = Asset("SOL")
        #expect(bench.engine.weight(of: sol) == fraction("0.9"), "as the account is told")
        #expect(bench.engine.weight(of: Asset("JUP")) == nil)
        func say(_ weight: String, _ curve: HaircutCurve?) {
            bench.say(
                .collateralTerms([CollateralTerms(asset: sol, weight: fraction(weight), curve: curve)])
            ) { $0 == .collateralTerms }
        }
        say("0.5", nil)
        #expect(bench.engine.weight(of: sol) == fraction("0.5"))
        // 4 coins at 150 and an entry of 200.
        #expect(bench.engine.coinsAsCollateral == money("300"))
    }

    @Test func `of what nobody told are asked for again`() {
        let bench = EngineBench()
        bench.say(.refused(Refusal(status: 503, code: "", message: ""))) { $0 == .collateralTerms }
        #expect(bench.asked { $0 == .collateralTerms } == 0)
        bench.pass(5000, step: 1000)
        #expect(bench.asked { $0 == .collateralTerms } == 1)
    }

    // MARK: USDC

    @Test func `hold USDC against USDT where that is listed`() {
        let bench = EngineBench(beside: [tether])
        func say(_ bid: String?, _ ask: String?) -> [Reason] {
            bench.minute()
            bench.say(
                .depth(
                    bids: bid.map { levels([("0.5", "9"), ($0, "9")]) } ?? [],
                    asks: ask.map { levels([("1.5", "9"), ($0, "9")]) } ?? [], sequence: 1), to: \.isBest)
            return bench.glance()
        }
        #expect(bench.glance() == [.stablecoin], "nothing was told yet")
        #expect(say("1.0049", "1.0051") == asked)
        #expect(say("1.0049", "1.0052") == [.stablecoin])
        #expect(say("0.9949", "0.9951") == asked)
        #expect(say("0.9948", "0.9951") == [.stablecoin])
        #expect(say(nil, "1.0001") == [.stablecoin])
        #expect(say("1.0002", "1.0001") == [.stablecoin], "crossed")
        #expect(say("0.9999", "1.0001") == asked)
        #expect(bench.alerts.count { $0.contains("USDT_USDC") && $0.contains("no entries") } == 2)
        #expect(bench.alerts.count { $0.contains("USDT_USDC") && $0.contains("go on") } == 2)
        bench.minute()
        bench.say(
            .markets([bench.pair.spot, bench.pair.perp, tether.with(.closed)], skipped: []), to: \.isMarkets)
        #expect(bench.glance() == [.stablecoin], "a market that is closed says nothing")
    }

    // MARK: Cash

    @Test func `tell of a runway below a tenth once, and of its end`() {
        let bench = EngineBench(limits: limits { $0.equityMin = .zero }, usdc: "300")
        bench.openPair()
        #expect(bench.holding.perp == quantity("-0.99"))
        func say(_ usdc: String) {
            bench.turn([
                .balance(
                    BalanceUpdate(asset: .usdc, available: money(usdc), locked: .zero, staked: .zero))
            ])
            bench.pass(2000, step: 1000)
        }
        let shorts = bench.engine.shorts
        let tenth = Money(raw: (shorts.raw + 9) / 10)
        say(tenth.description)
        #expect(bench.alerts.count { $0.contains("cash runway") } == 0)
        say((tenth - Money(raw: 1000)).description)
        say((tenth - Money(raw: 2000)).description)
        #expect(bench.alerts.count { $0.contains("cash runway") } == 1)
        say("300")
        #expect(bench.alerts.count { $0.contains("cash runway") } == 2)
        // 300 of cash against shorts at 149.4999…, all of them asked for as margin: both are shown.
        #expect(bench.engine.liquidationRise.map { $0 > fraction("0.5") && $0 < fraction("0.51") } == true)
        #expect(bench.engine.runway.map { $0 > fraction("2") && $0 < fraction("2.01") } == true)
    }

    @Test func `deny while a position that was found has no price`() {
        let bench = EngineBench(isReady: false)
        bench.say(
            .positions([
                PositionUpdate(
                    instrument: bench.perp, net: quantity("-1"), entryPrice: nil, realised: nil,
                    unrealised: nil)
            ])
        ) { $0 == .positions }
        bench.answerAccount()
        #expect(!bench.engine.pricesAreKnown)
        let picture = bench.engine.riskPicture(0)
        #expect(picture.oneSided == nil && picture.profitToday == nil && picture.shorts == nil)
        bench.mark()
        #expect(bench.engine.pricesAreKnown)
        #expect(bench.engine.riskPicture(0).oneSided == money("150.5"))
    }
}
