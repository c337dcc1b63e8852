import Testing

@testable import Core

private let asked: [Reason] = [.scriptPassed]

private func limits(_ change: (inout RiskLimits) -> Void) -> RiskLimits {
    var limits = RiskLimits()
    change(&limits)
    return limits
}

@Suite struct `What the venue refused` {
    @Test(arguments: [
        "POSITION_LIMIT", "BORROW_LIMIT", "LEND_LIMIT", "INSUFFICIENT_SUPPLY", "TRADING_PAUSED",
        "MAX_LEVERAGE_REACHED", "INVALID_MARKET", "ORDER_LIMIT", "MAINTENANCE", "ACCOUNT_LIQUIDATING",
    ])
    func `for a limit or a pause of its own is left alone for a minute`(code: String) {
        let bench = EngineBench(limits: limits { ($0.cooldown, $0.lossCooldown) = (.zero, .zero) })
        bench.refuse(code)
        #expect(bench.glance() == [.venuePause])
        #expect(bench.alerts.count { $0.contains(code) } == 1)
        bench.pass(59_999, step: 59_999)
        #expect(bench.glance() == [.venuePause])
        bench.pass(1)
        #expect(bench.glance() != [.venuePause])
    }

    @Test(arguments: ["INVALID_ORDER", "INSUFFICIENT_FUNDS", "INVALID_PRICE", ""])
    func `of another kind keeps nobody away`(code: String) {
        let bench = EngineBench(limits: limits { ($0.cooldown, $0.lossCooldown) = (.zero, .zero) })
        bench.refuse(code)
        #expect(bench.glance() != [.venuePause])
    }

    @Test func `as too many requests keeps all entries away, whatever was asked`() {
        let bench = EngineBench()
        bench.minute()
        bench.say(.refused(Refusal(status: 429, code: "", message: "")), to: \.isLending)
        #expect(bench.glance() == [.venuePause])
        #expect(bench.alerts.count { $0.contains("too many requests") } == 1)
    }

    @Test func `as paused has the market's state asked for at once`() {
        let bench = EngineBench()
        bench.refuse("TRADING_PAUSED")
        for id in [bench.spot, bench.perp] { #expect(bench.asked { $0 == .market(id) } == 1) }
    }
}

@Suite struct `What is done too often` {
    /// Whatever comes is entered, at once and again.
    private let eager = limits {
        ($0.cooldown, $0.lossCooldown, $0.losingRoundsMax) = (.zero, .zero, 1000)
        ($0.netEdgeMin, $0.tradesPerDayMax, $0.unhedgedTimeMax) = (percent("-5"), 1000, .seconds(3600))
    }

    /// Entries that find nobody: the thin leg misses.
    private func miss(_ bench: EngineBench) {
        while let order = bench.orders.first {
            bench.take(order.instrument)
            bench.execute(order, "0")
        }
    }

    @Test func `as the same entry again within a second is denied`() {
        let bench = EngineBench(limits: eager)
        bench.script.wishes = 150
        _ = bench.glance()
        bench.pass(1000)
        #expect(bench.engine.counters.ordersSent == 2)
        miss(bench)
        // It was let in 250 ms after the first look: when the spread had lasted.
        bench.pass(249, step: 249)
        #expect(bench.glance() == [.repetition])
        #expect(bench.engine.counters.denials[.repetition] == 1)
        bench.pass(1)
        #expect(bench.glance() == [])
        #expect(bench.engine.counters.ordersSent == 4)
    }

    @Test func `as an entry that is never filled ends at a hundred orders, until midnight`() {
        let bench = EngineBench(limits: eager)
        bench.script.wishes = 150
        for _ in 0..<80 {
            _ = bench.glance()
            bench.pass(1100, step: 100)
            miss(bench)
        }
        #expect(bench.engine.counters.ordersSent == 100)
        #expect(bench.engine.counters.denials[.entriesPerFill] > 0)
        #expect(bench.engine.slots[0].takes == TakeCount(orders: 100, fills: 0))
        let after = bench.killed()
        #expect(after.engine.slots[0].takes.orders == 100 && after.engine.venueWatch.takes.orders == 100)
        let day = bench.engine.now.day
        bench.pass(86_400_000, step: 60_000)
        #expect(bench.engine.now.day == day + 1)
        #expect(bench.engine.venueWatch.takes.orders < 100)
    }

    @Test func `as a hedge that has to be tried again holds the pair for an hour`() {
        let bench = EngineBench(limits: eager)
        for retry in 1...5 {
            #expect(bench.glance() == asked, "after \(retry - 1)")
            bench.retryOneHedge()
        }
        #expect(bench.glance() == [.hedgeRetries])
        #expect(bench.alerts.count { $0.contains("tried again within an hour") } == 1)
        #expect(
            bench.killed().engine.checkpoint().markets[0].hedgeRetries.count == 5, "a restart forgets none")
        // They began within a few seconds of each other.
        bench.pass(3_580_000, step: 20_000)
        #expect(bench.glance() == [.hedgeRetries])
        bench.pass(40_000, step: 1000)
        #expect(bench.glance() == asked)
    }

    @Test func `as a hedge of a post that missed counts once, however many follow it`() throws {
        let bench = EngineBench(limits: eager)
        let post = try bench.rest(.perp)
        var executed = Quantity.zero
        for (part, missed) in [("0.20", "0"), ("0.20", nil), ("0.20", nil)] as [(String, String?)] {
            executed += quantity(part)
            bench.turn([
                .order(
                    bench.update(
                        post, .partiallyFilled, executed: executed.description,
                        fill: bench.fill(post, quantity(part))))
            ])
            if let missed { bench.execute(try #require(bench.take(bench.spot)), missed) }
            while let hedge = bench.take(bench.spot) { bench.execute(hedge) }
        }
        #expect(bench.engine.pairMarkets[0].hedgeRetries.count == 1)
    }

    @Test func `as a post that moves stays within sixty a minute`() throws {
        let bench = EngineBench(
            limits: limits { ($0.ordersPerSecondMax, $0.indexDeviationMax) = (1000, percent("5")) })
        // A mean of nothing, so that the spread is good for as long as it takes.
        bench.quote(perp: ("149.99", "150.01"))
        for _ in 0..<120 {
            bench.pass(10_000, step: 1000)
            bench.quote(perp: ("149.99", "150.01"))
        }
        let post = try bench.rest(.perp)
        #expect(post.postOnly)
        var sent: [Timestamp] = [bench.engine.now], up = true
        for _ in 0..<400 {
            up.toggle()
            bench.quote(perp: up ? ("151.00", "151.02") : ("151.20", "151.22"))
            bench.pass(250)
            for id in bench.cancels {
                bench.finish(id)
                sent.append(contentsOf: bench.acceptPosts())
            }
            sent.append(contentsOf: bench.acceptPosts())
        }
        let most = sent.map { at in sent.count { $0 >= at && $0 - at < .seconds(60) } }.max() ?? 0
        #expect(most == FixedLimits.postsPerMinuteMax)
    }
}

@Suite struct `A post that is moved` {
    /// A mean of nothing, so that the spread is good for as long as it takes, and a post that rests.
    private func resting(_ limits: RiskLimits) throws -> (EngineBench, Order) {
        let bench = EngineBench(limits: limits)
        bench.quote(perp: ("149.99", "150.01"))
        for _ in 0..<120 {
            bench.pass(10_000, step: 1000)
            bench.quote(perp: ("149.99", "150.01"))
        }
        return (bench, try bench.rest(.perp))
    }

    /// The ask goes to this price; the post follows if it may.
    private func move(_ bench: EngineBench, to ask: String, bid: String) {
        bench.quote(perp: (bid, ask))
        bench.pass(300)
        for id in bench.cancels { bench.finish(id) }
        bench.pass(300)
    }

    @Test(arguments: [("151.02", true), ("151.53", true), ("151.54", false)])
    func `goes through the gate again, at what it would cost now`(ask: String, moves: Bool) throws {
        // 0.99 at 151.53 are 150.0147, at 151.54 150.0246.
        let (bench, post) = try resting(
            limits {
                $0.positionSizeMax = money("150.02")
                $0.indexDeviationMax = percent("5")
            })
        #expect(post.quantity == quantity("0.99"))
        move(bench, to: "151.20", bid: "151.18")
        let second = try #require(bench.orders.first)
        bench.take(second.instrument)
        bench.turn([.order(bench.update(second, .new))])
        move(bench, to: ask, bid: "151.00")
        #expect(bench.orders.count == (moves ? 1 : 0))
        #expect(bench.engine.counters.denials[.maxPositionSize] == (moves ? 0 : 1))
        #expect(bench.holding.state == (moves ? .resting : .idle))
        guard moves, let third = bench.orders.first else { return }
        let spotLimit = bench.engine.holdings[0].operation?.reservation?.oneSided
        #expect(spotLimit.map { $0 >= (third.price * third.quantity).roundedUp() } == true)
    }

    @Test func `is the same trade of the day, and no repetition of itself`() throws {
        let (bench, _) = try resting(
            limits { ($0.tradesPerDayMax, $0.indexDeviationMax) = (1, percent("5")) })
        move(bench, to: "151.20", bid: "151.18")
        #expect(bench.orders.count == 1)
        #expect(bench.engine.counters.denials.total == 0)
    }
}

@Suite struct `Orders of a person` {
    /// Nothing gets around the gate: an order is made of its word, and `flatten` asks for the same word as a
    /// hedge.
    @Test(arguments: [false, true])
    func `close what is held and nothing more, whatever the books are like`(isBlind: Bool) {
        let bench = EngineBench()
        bench.openPair()
        let (coins, contracts) = (bench.holding.coinQuantity, bench.holding.perp)
        if isBlind {
            bench.turn([.book(bench.spot, .lost("test")), .book(bench.perp, .lost("test"))])
        }
        bench.obey(.flatten)
        bench.pass(1100)
        for order in bench.orders {
            let held = order.instrument == bench.spot ? coins : contracts
            #expect(order.quantity <= held.magnitude)
            #expect(order.side == (held > .zero ? .sell : .buy))
        }
        #expect(!bench.orders.isEmpty)
        bench.executeAll()
        bench.pass(1100)
        bench.executeAll()
        #expect(bench.holding.isFlat)
        #expect(bench.engine.counters.denials[.wouldGrow] == 0)
    }

    @Test func `are refused what would grow a position, like everybody's`() {
        let bench = EngineBench()
        bench.openPair()
        for (leg, side) in [(Leg.spot, Side.buy), (.perp, .sell)] {
            #expect(bench.engine.passage(0, leg, side, quantity("0.5")) == nil)
        }
        #expect(bench.engine.passage(0, .spot, .sell, quantity("2")) == nil, "it would turn round")
        #expect(bench.engine.counters.denials[.wouldGrow] == 3)
        #expect(bench.engine.counters.ordersDenied == 3)
        #expect(bench.engine.passage(0, .spot, .sell, quantity("0.98")) != nil)
    }

    @Test(arguments: [Engine.Instruction.resume, .rearm, .hold])
    func `open nothing`(order: Engine.Instruction) {
        let bench = EngineBench()
        bench.script.wishes = nil
        bench.obey(order)
        bench.pass(2000)
        #expect(bench.orders.isEmpty)
    }
}
