import Core
import Testing

@Suite struct `A pair's life` {
    @Test func `opens by two takers and closes when it has converged`() {
        let bench = EngineBench()
        bench.openPair()
        #expect(bench.holding.state == .open)
        #expect(bench.holding.perp == quantity("-0.99"))
        #expect(bench.engine.counters.entries == 1)
        bench.quote(perp: ("149.90", "149.92"))
        #expect(bench.holding.state == .exiting)
        bench.executeAll()
        #expect(bench.holding.state == .idle)
        #expect(bench.engine.counters.rounds == 1)
        for (asset, sum) in bench.engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
    }

    @Test func `a spread that has lasted long enough is taken although no level changes any more`() {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        #expect(bench.orders.isEmpty)
        bench.pass(200)
        #expect(bench.orders.isEmpty, "250 ms are asked for")
        bench.pass(50)
        #expect(bench.orders.count == 2)
    }

    @Test func `an execution that comes after the pair was given up is brought back`() throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        // The venue's word says cancelled with nothing executed; the execution itself comes late.
        bench.quote(perp: ("149.90", "149.92"))
        bench.turn([.order(bench.update(post, .cancelled))])
        bench.pass(100)
        #expect(bench.holding.state == .idle)
        let late = bench.fill(post, quantity("0.98"))
        bench.turn([.order(bench.update(post, .cancelled, executed: "0.98", fill: late))])
        let repair = try #require(bench.take(bench.spot))
        #expect(repair.side == .sell)
        // 0.98 less the fee in base is 0.97902 coins; what is no whole lot stays as dust.
        #expect(repair.quantity == quantity("0.97"))
        bench.execute(repair)
        #expect(bench.holding.state == .idle)
        #expect(bench.engine.isQuiet)
    }

    @Test func `nothing rests and nothing is entered while the private stream is away`() throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        bench.turn([.connection(.privateStream, .down(reason: "test"))])
        bench.pass(50)
        #expect(bench.cancels == [post.id])
        bench.answer { if case .cancel = $0 { .order(bench.update(post, .cancelled)) } else { nil } }
        bench.pass(2000)
        bench.script.wishes = 150
        bench.quote(quantity: "503")
        bench.pass(1500)
        #expect(bench.orders.isEmpty)
        #expect(bench.engine.counters.reasons[.notReady] > 0)
    }

    @Test func `a liquidated short lets its coins follow and opens nothing`() throws {
        let bench = EngineBench()
        bench.openPair()
        bench.stranger(bench.perp, .buy, "151.02", "0.99")
        #expect(bench.holding.perp == .zero)
        let sale = try #require(bench.take(bench.spot))
        #expect(sale.side == .sell)
        #expect(bench.take(bench.perp) == nil)
        bench.execute(sale)
        #expect(bench.holding.state == .idle)
        #expect(bench.engine.ledger.sums.allSatisfy { $0.1 == .zero })
        bench.script.wishes = 150
        bench.quote(quantity: "504")
        bench.pass(1500)
        #expect(bench.orders.isEmpty, "entries wait for a person where a stranger traded")
    }

    @Test(arguments: [("0.40", "0.58"), ("0.99", nil)] as [(String, String?)])
    func `coins that a stranger sold are missed only as far as they were the pair's`(
        sold: String, bought: String?
    ) throws {
        // The account owns 0.57 coins of its own beside the 0.98 of the pair.
        let bench = EngineBench(coins: "0.57")
        bench.openPair()
        bench.stranger(bench.spot, .sell, "149.99", sold)
        guard sold == "0.99" else {
            #expect(bench.orders.isEmpty, "\(bought ?? "")")
            return
        }
        let cover = try #require(bench.take(bench.perp))
        #expect(cover.side == .buy)
        #expect(cover.reduceOnly == true)
        #expect(cover.quantity <= quantity("0.44") && cover.quantity >= quantity("0.42"), "\(cover.quantity)")
    }

    @Test func `a position the venue has and we do not stops entries after two looks`() {
        let bench = EngineBench()
        for look in 1...2 {
            bench.pass(10_000, step: 500)
            bench.answer {
                if case .positions = $0 {
                    .positions([
                        PositionUpdate(
                            instrument: bench.perp, net: quantity("-2"), entryPrice: nil, realised: nil,
                            unrealised: nil)
                    ])
                } else {
                    nil
                }
            }
            #expect(bench.alerts.contains { $0.contains("the venue has -2") } == (look == 2))
        }
    }

    @Test(arguments: [("151.00", false), ("151.03", false), ("151.04", true), ("150.60", true)])
    func `a resting exit follows its touch beyond a fiftieth of a percent, and closes only`(
        touch: String, moves: Bool
    ) throws {
        let bench = EngineBench()
        bench.openPair()
        bench.script.leaves = .exit(
            reason: "test", resting: RestingPlan(rest: .perp, timeout: .seconds(3600)))
        // The script is asked each second.
        bench.pass(1_100)
        let post = try #require(bench.take(bench.perp))
        #expect(post.price == price("151.00") && post.reduceOnly == true)
        bench.turn([.order(bench.update(post, .new))])
        bench.pass(250)
        bench.quote(perp: (touch, "151.10"))
        #expect(bench.cancels == (moves ? [post.id] : []))
        guard moves else { return }
        bench.turn([.order(bench.update(post, .cancelled))])
        bench.pass(250)
        let next = try #require(bench.take(bench.perp))
        #expect(next.postOnly && next.price == price(touch))
    }

    @Test func `a resting exit is taken off at a stop and the pair is closed by takers`() throws {
        let bench = EngineBench()
        bench.openPair()
        bench.script.leaves = .exit(
            reason: "test", resting: RestingPlan(rest: .perp, timeout: .seconds(3600)))
        bench.quote(perp: ("150.80", "150.82"))
        let post = try #require(bench.take(bench.perp))
        #expect(post.postOnly)
        bench.turn([.order(bench.update(post, .new))])
        bench.obey(.stop(flatten: false))
        #expect(bench.cancels == [post.id])
        bench.turn([.order(bench.update(post, .cancelled))])
        bench.executeAll()
        #expect(bench.holding.isFlat)
        bench.answerAccount()
        bench.pass(50)
        #expect(bench.engine.isQuiet)
    }

    @Test(arguments: [false, true])
    func `a stop begins no exit that only pays: the pair stays hedged, and nothing is on its way at the end`(
        flattens: Bool
    ) {
        let bench = EngineBench()
        bench.openPair()
        bench.obey(.stop(flatten: flattens))
        // Converged, and the script wants out as well.
        bench.script.leaves = .exit(reason: "test", resting: nil)
        bench.quote(perp: ("149.90", "149.92"))
        bench.pass(2_000)
        #expect(bench.orders.isEmpty != flattens)
        bench.executeAll()
        bench.answerAccount()
        bench.answerAccount()
        bench.pass(50)
        #expect(bench.holding.isFlat == flattens && bench.engine.isQuiet)
    }

    @Test func `an entry that a limit made so small that dust covers it is not ordered`() {
        var limits = RiskLimits()
        limits.totalExposureMax = money("4.5172")
        let bench = EngineBench(limits: limits)
        bench.script.wishes = 3.02
        bench.quote(quantity: "501")
        bench.pass(1100)
        bench.executeAll()
        bench.script.wishes = nil
        bench.script.leaves = .exit(reason: "test", resting: nil)
        bench.quote(perp: ("150.80", "150.82"))
        bench.executeAll()
        // 0.01998 coins came, 0.01 were sold: 0.00998 stay, worth 1.497.
        #expect(bench.holding.isFlat && bench.holding.coins == money("0.00998"))
        bench.quote(perp: ("150.00", "150.02"))
        bench.pass(301_000, step: 500)
        bench.script.leaves = .hold
        // 0.02 contracts fit at the bid, not at the price of the post; 0.01 need no coins at all.
        bench.script.wishes = 3.02
        bench.script.plan = RestingPlan(rest: .perp)
        bench.quote()
        #expect(
            bench.orders.map(\.quantity) == [],
            "\(bench.engine.counters.reasons.rows) \(bench.engine.counters.denials.rows)")
    }

    @Test func `a new version that no longer wants a pair still leaves it by the host's rules`() {
        let bench = EngineBench()
        bench.openPair()
        bench.engine.replace(PuppetStrategy { $0.pairs = ["BTC"] })
        bench.quote(perp: ("149.90", "149.92"))
        #expect(bench.holding.state == .exiting)
    }

    @Test func `a stopped script replaces no exit`() {
        let script = PuppetStrategy { $0.replaces = EconomicExit.allCases }
        let bench = EngineBench(script: script)
        bench.openPair()
        bench.quote(perp: ("149.90", "149.92"))
        #expect(bench.holding.state == .open, "the script answers for itself")
        script.leaves = .fault(StrategyFault(kind: .steps, place: nil, message: "ran away"))
        bench.quote(perp: ("149.89", "149.91"))
        bench.quote(perp: ("149.90", "149.92"))
        #expect(bench.holding.state == .exiting)
    }

    @Test func `two settlements at which staying costs more than leaving end it`() {
        let bench = EngineBench()
        bench.openPair()
        // Leaving now is paid for by the deviation that is left: 150.30 against 150.00.
        bench.quote(perp: ("150.29", "150.31"))
        for settlement in 0..<3 {
            bench.fund(rate: "-0.0009", next: Int64(1800 + 3600 * settlement))
            bench.pass(2000, step: 1000)
            #expect((bench.holding.state == .exiting) == (settlement == 2), "\(settlement)")
        }
    }

    @Test func `flattening lifts no latch`() {
        let bench = EngineBench()
        bench.openPair()
        bench.obey(.halt)
        bench.obey(.flatten)
        bench.executeAll()
        bench.pass(100)
        #expect(bench.holding.isFlat)
        #expect(bench.engine.state == .halted)
        bench.obey(.resume)
        #expect(bench.engine.state == .halted)
        bench.obey(.rearm)
        #expect(bench.engine.state == .active)
    }

    @Test(arguments: [(4_900, false), (5_100, true)] as [(Int64, Bool)])
    func `a leg that stays open for longer than MAX_UNHEDGED_SECONDS stops entries until a person re-arms`(
        milliseconds: Int64, latches: Bool
    ) throws {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(1100)
        let (spot, perp) = (try #require(bench.take(bench.spot)), try #require(bench.take(bench.perp)))
        bench.script.wishes = nil
        bench.execute(spot)
        bench.turn([.order(bench.update(perp, .new))])
        bench.pass(milliseconds, step: 100)
        #expect(bench.engine.state == (latches ? .reduceOnly : .active))
    }

    @Test func `who refuses twice is not asked again without a pause`() throws {
        let bench = EngineBench()
        bench.openPair()
        bench.obey(.flatten)
        var times: [Int64] = []
        let refusal = Refusal(status: 400, code: "INVALID_ORDER", message: "")
        for _ in 0..<400 where times.count < 5 {
            if !bench.orders.isEmpty { times.append((bench.now - EngineBench.start).milliseconds) }
            bench.answer {
                switch $0 {
                case .submit: .refused(refusal)
                case .submitBatch(let orders): .batch(orders.map { _ in .refused(refusal) })
                default: nil
                }
            }
            bench.pass(10, step: 10)
        }
        let pauses = zip(times, times.dropFirst()).map { $1 - $0 }
        // Both legs of the first try were refused, so there is a pause from the second try on.
        #expect(pauses == [100, 400, 800, 800], "\(pauses)")
    }

    @Test func `without client order ids for the whole batch nothing is sent and the pair stays idle`() {
        let bench = EngineBench(blocks: 0)
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(300)
        #expect(bench.orders.isEmpty)
        #expect(bench.holding.state == .idle)
        bench.engine.obey(.idBlock(9), now: bench.now)
        bench.quote(quantity: "502")
        #expect(bench.orders.count == 2)
    }
}

@Suite struct `What the streams do not tell` {
    @Test(arguments: [(4_900, 0), (5_100, 1)] as [(Int64, Int)])
    func `marks are asked for when their stream has been silent for five seconds`(
        silence: Int64, asked: Int
    ) {
        let bench = EngineBench()
        let before = bench.commands.filter { $0.request == .markPrices }.count
        bench.silenceMarks()
        bench.pass(silence, step: 100)
        #expect(bench.commands.filter { $0.request == .markPrices }.count == before + asked)
    }

    @Test func `balances are read a second after an execution`() {
        let bench = EngineBench()
        bench.openPair()
        let before = bench.commands.filter { $0.request == .capital }.count
        bench.pass(1_000)
        #expect(bench.commands.filter { $0.request == .capital }.count == before + 1)
    }
}

@Suite struct `A start with contracts that were there` {
    @Test(arguments: [("-2", "150.5", "0.5"), ("1", "150.5", "-0.25")])
    func `opens the ledger at the venue's mark and counts them against every limit`(
        net: String, mark: String, unrealised: String
    ) {
        let bench = EngineBench(isReady: false)
        bench.answer {
            if case .positions = $0 {
                .positions([
                    PositionUpdate(
                        instrument: bench.perp, net: quantity(net), entryPrice: nil, realised: nil,
                        unrealised: money(unrealised), mark: money(mark))
                ])
            } else {
                nil
            }
        }
        bench.answerAccount()
        bench.quote()
        let worth = Money(raw: money(mark).raw * Int128(quantity(net).raw) / 100_000_000)
        #expect(bench.engine.ledger.venueBalance(.usdc) == Money(1000) - worth + money(unrealised))
        #expect(bench.engine.ledger.venueBalance(Asset("SOL_USDC_PERP")) == money(net))
        #expect(bench.engine.exposure(of: nil).oneSided == money(net).magnitude * 151.01)
        for (asset, sum) in bench.engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
    }
}

extension Money {
    /// A quantity of coins at a price of two decimals.
    fileprivate static func * (coins: Money, price: Double) -> Money {
        Money(raw: coins.raw * Int128((price * 100).rounded()) / 100)
    }
}
