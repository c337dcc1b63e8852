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
        // They began within a few seconds of each other.
        bench.pass(3_580_000, step: 20_000)
        #expect(bench.glance() == [.hedgeRetries])
        bench.pass(40_000, step: 1000)
        #expect(bench.glance() == asked)
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
