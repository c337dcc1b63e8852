import Core
import Testing

private typealias Touch = (bid: String, ask: String)

extension EngineBench {
    /// Frames of both books in one turn, and what is counted of the one look at the pair that follows.
    ///
    /// Nothing is counted when orders went out. A refused walk is not looked at twice, so the far sides
    /// differ from look to look unless they are given.
    @discardableResult
    fileprivate func look(
        after span: TimeSpan = .zero, spot: Touch? = nil, perp: Touch? = nil, size: String = "500",
        first events: [Event] = [], isAlive: Bool = true, legs: [Leg] = [.spot, .perp]
    ) -> [Reason] {
        let isOdd = engine.counters.evaluations % 2 == 1
        let spot = spot ?? (isOdd ? "149.98" : "149.99", "150.01")
        let perp = perp ?? ("151.00", isOdd ? "151.03" : "151.02")
        var events: [Event] = events
        if isAlive { events.append(.alive(.publicStream)) }
        for leg in legs {
            let (id, touch) = leg == .spot ? (self.spot, spot) : (self.perp, perp)
            events.append(frame(id, [(touch.bid, size)], [(touch.ask, size)]))
        }
        return reasons(of: events, after: span)
    }

    fileprivate func frame(_ id: InstrumentID, _ bids: [(String, String)], _ asks: [(String, String)])
        -> Event
    {
        .book(id, .snapshot(bids: levels(bids), asks: levels(asks), sequence: 1_000_000))
    }

    /// One turn on the engine's own clock: the bench's steps are too coarse for edges.
    fileprivate func reasons(of events: [Event], after span: TimeSpan = .zero) -> [Reason] {
        let before = engine.counters.reasons
        engine.turn(events, now: engine.now + span)
        let after = engine.counters.reasons
        turn([])
        return Reason.allCases.filter { after[$0] > before[$0] }
    }

    fileprivate func index(
        _ index: String, rate text: String = "0.0000125", next: TimeSpan = .seconds(1800)
    ) -> Event {
        .mark(
            perp,
            MarkUpdate(
                mark: price(index), index: price(index), rate: rate(text), nextFunding: engine.now + next))
    }

    /// The perp below spot for as long: a mean basis that expects nothing of the exit.
    fileprivate func calm(_ seconds: Int64 = 20) {
        quote(perp: ("149.84", "149.86"))
        pass(seconds * 1000, step: 1000)
    }

    /// A whole round by takers, after which the pair is idle again.
    fileprivate func round(wins: Bool) {
        calm()
        openPair()
        if wins {
            quote(perp: ("149.90", "149.92"))
        } else {
            script.leaves = .exit(reason: "test", resting: nil)
            quote(perp: ("151.01", "151.03"))
        }
        executeAll()
        script.leaves = .hold
    }
}

/// Answers by a function that the test changes.
private final class FormulaStrategy: Strategy {
    let contract = StrategyContract(name: "puppet", version: "1")
    var answer: (Int) -> ScoreAnswer = { _ in .pass(nil) }
    private(set) var calls = 0
    func score(_ o: MarketView) -> ScoreAnswer {
        calls += 1
        return answer(calls)
    }
    func choose(_ o: MarketView) -> ChoiceAnswer { .taker }
    func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer { .hold }
}

private let edge = TimeSpan(microseconds: 1)
private func - (a: TimeSpan, b: TimeSpan) -> TimeSpan {
    TimeSpan(microseconds: a.microseconds - b.microseconds)
}
private func limits(_ change: (inout RiskLimits) -> Void) -> RiskLimits {
    var limits = RiskLimits()
    change(&limits)
    return limits
}

/// What is counted when the host lets the script be asked and the script passes.
private let asked: [Reason] = [.scriptPassed]

@Suite struct `The gates of the market` {
    @Test(arguments: [Leg.spot, .perp])
    func `want both books in sequence`(leg: Leg) {
        let bench = EngineBench()
        #expect(bench.look() == asked)
        let lost = leg == .spot ? bench.spot : bench.perp
        #expect(bench.reasons(of: [.book(lost, .lost("gap"))]) == [.notSynced])
        #expect(bench.look(legs: [leg.other]) == [.notSynced])
        #expect(bench.look(legs: [leg]) == asked)
    }

    @Test func `want the best bid below the best ask`() {
        let bench = EngineBench()
        #expect(bench.look(spot: ("150.00", "150.01")) == asked)
        #expect(bench.look(spot: ("150.01", "150.01")) == [.crossed])
        #expect(bench.look(perp: ("151.01", "151.02")) == asked)
        #expect(bench.look(perp: ("151.02", "151.02")) == [.crossed])
        #expect(bench.look(perp: ("151.03", "151.02")) == [.crossed])
    }

    @Test(arguments: [Leg.spot, .perp])
    func `want either book proven within the age allowed`(leg: Leg) {
        for (age, expected) in [
            (TimeSpan.milliseconds(2000), asked), (.milliseconds(2000) + edge, [.staleBook]),
        ] {
            let bench = EngineBench()
            bench.look()
            #expect(bench.look(after: age, isAlive: false, legs: [leg]) == expected)
            // Any frame on the connection proves the book that did not change.
            #expect(bench.look(isAlive: true, legs: [leg]) == asked)
        }
    }

    @Test func `take no frame of others for proof after thirty seconds`() {
        let bench = EngineBench()
        bench.look()
        #expect(bench.look(after: .seconds(30), first: [bench.index("150.40")], legs: [.spot]) == asked)
        #expect(bench.look(after: edge, legs: [.spot]) == [.staleBook])
    }

    @Test func `want no leg further from the index than the deviation`() {
        // The perp mid is at 101 % of 150.
        let bench = EngineBench()
        bench.calm()
        func look(_ index: String, after span: TimeSpan = .zero) -> [Reason] {
            bench.look(after: span, perp: ("151.49", "151.51"), first: [bench.index(index)])
        }
        #expect(look("150.00") == [.indexDeviation], "it has not lasted")
        #expect(look("150.00", after: .seconds(1)) == asked)
        #expect(look("149.99999999") == [.indexDeviation])
        #expect(look("150.00") == asked)
    }

    @Test func `want what is half way to the deviation fresh and lasting`() {
        // The perp mid is 0.50 % above 150.00: not more than half of what is allowed.
        let perp: Touch = ("150.74", "150.76")
        let bench = EngineBench()
        bench.calm()
        func look(_ index: String, after span: TimeSpan = .zero, isAlive: Bool = true) -> [Reason] {
            bench.look(
                after: span, perp: perp, first: [bench.index(index)], isAlive: isAlive,
                legs: isAlive ? [.spot, .perp] : [.spot])
        }
        #expect(look("150.00") == asked)
        #expect(look("149.99999999") == [.indexDeviation])
        #expect(look("149.99999999", after: .seconds(1) - edge) == [.indexDeviation])
        #expect(look("149.99999999", after: edge) == asked)
        #expect(look("149.99999999", after: .milliseconds(500) - edge, isAlive: false) == asked)
        #expect(look("149.99999999", after: edge, isAlive: false) == [.indexDeviation])
        #expect(look("150.00", isAlive: false) == asked)
    }

    @Test func `take a leg below the index like one above it`() {
        // Spot 1 % and perp 0.5 % below: the spread is good but must have lasted.
        let bench = EngineBench()
        let spot: Touch = ("148.49", "148.51"), perp: Touch = ("149.24", "149.26")
        bench.calm()
        bench.look(spot: spot, perp: perp, first: [bench.index("150.00")])
        #expect(
            bench.look(after: .seconds(1), spot: ("148.48", "148.52"), perp: perp) == asked)
        #expect(
            bench.look(spot: spot, perp: perp, first: [bench.index("150.00000001")]) == [.indexDeviation])
    }

    @Test func `want an index, and a mark told within ten seconds`() {
        let bench = EngineBench()
        #expect(bench.look(first: [bench.index("150.40")]) == asked)
        #expect(bench.look(after: .seconds(10)) == asked)
        #expect(bench.look(after: edge) == [.noIndex])
        #expect(bench.look(first: [bench.index("150.40")]) == asked)
        #expect(bench.look(first: [bench.index("0")]) == [.noIndex])
        let blind = EngineBench(isReady: false)
        blind.answerAccount()
        #expect(blind.look() == [.noIndex])
    }

    @Test(
        arguments: [
            (.carry, "-0.000000000001", 60_000_000, .fundingGuard), (.carry, "-0.0001", 60_000_001, nil),
            (.carry, "-0.0001", 1, .fundingGuard), (.carry, "-0.0001", 0, nil), (.carry, "-0.0001", -1, nil),
            (.carry, "0.0001", 60_000_000, nil), (.carry, "0", 60_000_000, nil),
            (.reverse, "0.000000000001", 60_000_000, .fundingGuard), (.reverse, "0.0001", 60_000_001, nil),
            (.reverse, "-0.0001", 60_000_000, nil), (.reverse, "0", 60_000_000, nil),
        ] as [(Direction, String, Int64, Reason?)])
    func `open nothing just before a settlement that costs`(
        direction: Direction, rate: String, microseconds: Int64, reason: Reason?
    ) {
        let bench = EngineBench(
            limits: limits { $0.inventory = [OwnCoins(asset: Asset("SOL"), quantity: quantity("10"))] },
            script: PuppetStrategy { $0.directions = [direction] })
        let next = TimeSpan(microseconds: microseconds)
        let mark = bench.index("150.40", rate: rate, next: next)
        #expect(bench.look(first: [mark]) == (reason.map { [$0] } ?? asked))
    }

    @Test(
        arguments: [
            ("0", "9", .noRoom), ("0.000000000001", "9", nil), ("0", "150", .noRoom),
            ("0.000000000001", "150", .belowMinimum), ("1.509999999999", "150", .belowMinimum),
            ("1.51", "150", nil),
        ] as [(String, String, Reason?)])
    func `want room for the least quantity`(budget: String, level: String, reason: Reason?) {
        let bench = EngineBench(
            limits: limits { $0.budgets = [Budget(script: "puppet", amount: money(budget))] })
        let cheap: (Touch, Touch) = (("9.00", "9.01"), ("9.01", "9.02"))
        let found =
            level == "9"
            ? bench.look(spot: cheap.0, perp: cheap.1, first: [bench.index("9.01")]) : bench.look()
        #expect(found == (reason.map { [$0] } ?? asked))
    }

    @Test(arguments: [("150.00", nil), ("150.01", .belowMinimum)] as [(String, Reason?)])
    func `want the least quantity of the pair to be had for the size`(bid: String, reason: Reason?) {
        let bench = EngineBench(pair: solPair(minimum: "1"))
        #expect(
            bench.look(spot: ("149.99", "150.00"), perp: (bid, "150.02")) == (reason.map { [$0] } ?? asked))
    }

    @Test(
        arguments: [("1.50999999", .belowMinimum), ("1.51", .persist), ("0", .belowMinimum)]
            as [(String, Reason)])
    func `want the least quantity to be had for what the script asks`(usd: String, expected: Reason) {
        let bench = EngineBench()
        bench.script.wishes = Double(usd)
        #expect(bench.look() == [expected])
    }

    /// One side at a time holds as little; the legs are placed so that 0.99 are asked for.
    private func thin(_ leg: Leg, _ side: Side, _ size: String) -> [Reason] {
        let bench = EngineBench()
        let at = "150.00", deep = "500"
        let dear: [(String, String)] = [("150.99", deep), ("151.00", deep)]
        let bids = side == .sell ? [(at, size)] : [("149.98", deep)]
        let asks = side == .buy ? [(at, size)] : [("150.02", deep)]
        let (thinLeg, other) = leg == .spot ? (bench.spot, bench.perp) : (bench.perp, bench.spot)
        // The dearer touch of the entry is 151.00 whichever leg is the dear one.
        let deepBook =
            leg == .spot
            ? bench.frame(other, [("151.00", deep)], [("151.01", deep)])
            : bench.frame(other, [dear[0]], [dear[1]])
        return bench.reasons(of: [.alive(.publicStream), bench.frame(thinLeg, bids, asks), deepBook])
    }

    @Test(arguments: [Leg.spot, .perp], [Side.buy, .sell])
    func `want the size within a tenth of a percent on all four sides`(leg: Leg, side: Side) {
        #expect(thin(leg, side, "1") == asked)
        #expect(thin(leg, side, "0.99999999") == [.liquidity])
        #expect(thin(leg, side, "0.99") == [.liquidity], "it can be filled")
        #expect(thin(leg, side, "0.98999999") == [.thinBook])
    }

    @Test(arguments: [(nil, .borrow), ("0.00000001", nil), ("0", .borrow)] as [(String?, Reason?)])
    func `sell no coins short without leave or own coins`(own: String?, reason: Reason?) {
        let coins = own.map { [OwnCoins(asset: Asset("SOL"), quantity: quantity($0))] } ?? []
        let bench = EngineBench(
            limits: limits { $0.inventory = coins }, script: PuppetStrategy { $0.directions = [.reverse] })
        #expect(bench.look() == (reason.map { [$0] } ?? asked))
    }

    @Test func `sell no coins short by leave while no rate is known`() {
        let bench = EngineBench(
            limits: limits { $0.allowBorrow = true }, script: PuppetStrategy { $0.directions = [.reverse] })
        #expect(bench.look() == [.borrow])
    }
}

@Suite struct `The gates around the script` {
    @Test(arguments: [(250, "151.50"), (1000, "151.51")] as [(Int64, String)])
    func `take only what has lasted, and longer what is above one percent`(needed: Int64, bid: String) {
        // Against 150.00 the first is 1.00 % and not more.
        let bench = EngineBench(limits: limits { $0.indexDeviationMax = percent("4") })
        bench.calm()
        bench.script.wishes = 150
        func look(after span: TimeSpan) -> [Reason] {
            let bids = bench.engine.counters.evaluations % 2 == 0 ? "149.99" : "149.98"
            return bench.look(after: span, spot: (bids, "150.00"), perp: (bid, "151.52"))
        }
        #expect(look(after: .zero) == [.persist])
        #expect(look(after: .milliseconds(needed) - edge) == [.persist])
        #expect(bench.orders.isEmpty)
        #expect(look(after: edge) == [])
        #expect(bench.orders.count == 2)
    }

    @Test func `begin to count anew when a spread was away for one frame`() {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.look()
        #expect(bench.look(after: .milliseconds(249), perp: ("149.90", "149.92")) == [.netEdge])
        #expect(bench.look(after: .milliseconds(1)) == [.persist])
    }

    @Test(
        arguments: [
            (0.6, [.persist]), (0.599, [.confidence]), (0.5999, [.confidence]), (0.609, [.persist]),
            (1, [.persist]), (0, [.confidence]),
        ] as [(Double, [Reason])])
    func `hold confidence against the threshold in whole hundredths`(confidence: Double, expected: [Reason]) {
        let bench = EngineBench()
        let script = FormulaStrategy()
        script.answer = { _ in .wish(confidence: confidence, usd: 150) }
        bench.engine.replace(script)
        #expect(bench.look() == expected)
    }

    private func told(_ bench: EngineBench) -> Percent? {
        for case .opportunity(_, _, _, _, _, let net, _) in bench.notes.reversed() { return net }
        return nil
    }

    @Test func `want the least net edge and not a hundred-millionth less`() throws {
        let plain = PuppetStrategy { $0.hasChoose = false }
        plain.wishes = 150
        let probe = EngineBench(script: plain)
        #expect(probe.look() == [.persist])
        let net = try #require(told(probe))
        for (least, expected) in [(net, [Reason.persist]), (Percent(raw: net.raw + 1), [.netEdge])] {
            let bench = EngineBench(limits: limits { $0.netEdgeMin = least }, script: plain)
            #expect(bench.look() == expected)
        }
    }

    @Test func `want the net edge of the style that the script chose`() throws {
        // Resting both legs would be enough: the script is asked how, and says taker.
        let script = PuppetStrategy()
        script.wishes = 150
        let probe = EngineBench(script: script)
        #expect(probe.look() == [.persist])
        let best = try #require(told(probe))
        let bench = EngineBench(limits: limits { $0.netEdgeMin = best }, script: script)
        #expect(bench.look() == [.netEdge])
        #expect(told(bench) == best, "it passed the first gate")
    }

    @Test(arguments: [(true, 30), (false, 300)] as [(Bool, Int64)])
    func `rest a while after a round, longer after a loss`(wins: Bool, cooldown: Int64) {
        let bench = EngineBench()
        bench.round(wins: wins)
        #expect(bench.holding.state == .idle)
        #expect(bench.engine.counters.rounds == 1)
        #expect((bench.engine.profitToday > .zero) == wins)
        let mark = bench.index("150.40")
        #expect(bench.look(after: .seconds(cooldown) - edge, first: [mark]) == [.cooldown])
        #expect(bench.look(after: edge) == asked)
    }

    @Test(arguments: [
        ([false, false], false), ([false, false, false], true), ([false, false, true, false], false),
        ([false, true, false, false, false], true),
    ])
    func `hold a pair until midnight after losing rounds running`(rounds: [Bool], holds: Bool) {
        let bench = EngineBench(
            limits: limits { ($0.cooldown, $0.lossCooldown, $0.dailyLossMax) = (.zero, .zero, Money(1000)) })
        for wins in rounds { bench.round(wins: wins) }
        #expect(bench.engine.counters.rounds == rounds.count)
        let expected = holds ? [.losingRounds] : asked
        #expect(bench.look() == expected)
        let midnight = Timestamp(microseconds: (EngineBench.start.day + 1) * 86_400_000_000)
        let left = midnight - bench.engine.now
        #expect(bench.look(after: left - edge, first: [bench.index("150.40")]) == expected)
        #expect(bench.look(after: edge) == asked)
    }

    @Test(arguments: [0, 1])
    func `add to a held pair as often as the script declared, in its direction only`(adds: Int) {
        let script = PuppetStrategy {
            $0.adds = adds
            $0.directions = [.carry, .reverse]
            $0.replaces = EconomicExit.allCases
        }
        let own = [OwnCoins(asset: Asset("SOL"), quantity: quantity("10"))]
        let bench = EngineBench(
            limits: limits { ($0.inventory, $0.positionSize) = (own, Money(90)) }, script: script)
        for made in 1...(adds + 1) {
            bench.calm()
            bench.openPair()
            #expect(bench.holding.entriesMade == made)
            bench.calm()
            // The reverse is always held; the carry once all additions were made.
            #expect(bench.look() == (made > adds ? [.held] : [.held, .scriptPassed]))
        }
    }

    @Test func `open nothing on hold or halted, and go on by the order that belongs to it`() {
        let bench = EngineBench()
        bench.look()
        for (order, expected) in [
            (.hold, [.notActive]), (.rearm, [.notActive]), (.resume, asked), (.halt, [.notActive]),
            (.resume, [.notActive]), (.hold, [.notActive]), (.rearm, asked), (.flatten, [.notActive]),
        ] as [(Engine.Instruction, [Reason])] {
            bench.engine.obey(order, now: bench.engine.now)
            #expect(bench.look() == expected, "\(order)")
        }
    }

    @Test func `open nothing after the daily loss until a person arms it again, whatever the day`() {
        // A losing round costs a little more than a dollar.
        let bench = EngineBench(limits: limits { ($0.dailyLossMax, $0.lossCooldown) = (Money(2), .zero) })
        bench.round(wins: false)
        #expect(bench.look() == asked)
        bench.round(wins: false)
        #expect(bench.engine.counters.rounds == 2)
        #expect(bench.engine.state == .reduceOnly)
        #expect(bench.look() == [.notActive])
        bench.engine.obey(.resume, now: bench.engine.now)
        #expect(bench.look(after: .seconds(86_400), first: [bench.index("150.40")]) == [.notActive])
        bench.engine.obey(.rearm, now: bench.engine.now)
        #expect(bench.look() == asked)
    }

    @Test func `count as a gap only what was missed of a stream, not a snapshot that came too early`() {
        let bench = EngineBench()
        bench.turn([.book(bench.spot, .lost("update 9 follows 7"))])
        #expect(bench.engine.counters.gaps == 0)
        bench.quote()
        bench.turn([.book(bench.spot, .delta(bids: [], asks: [], sequence: 100))])
        bench.turn([.book(bench.spot, .lost("update 102 follows 100"))])
        #expect(bench.engine.counters.gaps == 1)
    }

    @Test func `let a script whose file is gone open nothing`() {
        let bench = EngineBench()
        bench.engine.obey(.missing("puppet", true), now: bench.engine.now)
        #expect(bench.look() == [], "it is not even looked at")
        #expect(bench.script.scores == 0 && bench.orders.isEmpty)
        bench.engine.obey(.missing("puppet", false), now: bench.engine.now)
        #expect(bench.look() == asked)
    }

    /// Looks until the script was called so often; which calls fault is said by number.
    private func calls(_ count: Int, faults: [Int], kind: StrategyFault.Kind = .runtime) -> EngineBench {
        let bench = EngineBench(), script = FormulaStrategy()
        script.answer = {
            faults.contains($0) ? .fault(StrategyFault(kind: kind, place: nil, message: "test")) : .pass(nil)
        }
        bench.engine.replace(script)
        for call in 1...count {
            let found = bench.look()
            let isStopped = found == [.scriptStopped]
            if !isStopped { #expect(found == (faults.contains(call) ? [.scriptFault] : asked)) }
        }
        return bench
    }

    @Test(arguments: [StrategyFault.Kind.steps, .memory, .wallClock])
    func `stop a script at its first fatal fault, until a new version comes`(kind: StrategyFault.Kind) {
        let bench = calls(1, faults: [1], kind: kind)
        #expect(bench.look() == [.scriptStopped])
        bench.obey(.rearm)
        #expect(bench.look() == [.scriptStopped])
        bench.engine.replace(PuppetStrategy())
        #expect(bench.look() == asked)
    }

    @Test(arguments: [
        ([1, 2, 3, 4], 4, false), ([1, 2, 3, 4, 5], 5, true), ([1, 2, 3, 4, 100], 100, true),
        ([1, 2, 3, 4, 101], 101, false), ([1, 2, 3, 4, 101, 102, 103], 103, false),
        ([7, 30, 60, 90, 106], 106, true),
    ])
    func `stop a script at five faults among a hundred calls`(faults: [Int], count: Int, stops: Bool) {
        let bench = calls(count, faults: faults)
        #expect(bench.engine.slots[0].faults == faults.count)
        #expect(bench.look() == (stops ? [.scriptStopped] : asked))
        #expect(bench.engine.slots[0].calls == (stops ? count : count + 1))
    }
}
