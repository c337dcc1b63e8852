import Core
import Testing

/// Sizes far above what is tested, so that only budgets and the total bind.
private func wide(_ budgets: [(String, String)], total: String = "100000") -> RiskLimits {
    var limits = RiskLimits()
    (limits.positionSize, limits.positionSizeMax, limits.unhedgedMax) = (
        Money(50_000), Money(50_000), Money(50_000)
    )
    (limits.totalExposureMax, limits.grossExposureMax) = (money(total), Money(1_000_000))
    (limits.feesPerDayMax, limits.dailyLossMax) = (Money(10_000), Money(10_000))
    // The spot is the dearer touch: what is asked is a floor of the budget and E1 adds a lot to it.
    limits.netEdgeMin = percent("-5")
    limits.budgets = budgets.map { Budget(script: $0.0, amount: money($0.1)) }
    return limits
}

private func bench(_ limits: RiskLimits, _ names: [String]) -> EngineBench {
    let scripts = names.map { PuppetStrategy($0) }
    let bench = EngineBench(
        limits: limits, script: scripts[0], others: Array(scripts.dropFirst()), usdc: "90000")
    bench.quote(perp: ("149.80", "149.82"))
    bench.pass(2000)
    for script in scripts { script.wishes = 40_000 }
    bench.quote(perp: ("149.90", "149.92"), quantity: "5000")
    bench.pass(1100)
    return bench
}

@Suite struct `Budgets of scripts` {
    // 10.00 contracts need 10.01 coins at 150.01: 1501.6001, E1's lot included.
    @Test(
        arguments: [("1501.6001", "10"), ("1501.600099999999", "9.99"), ("1501.600100000001", "10")])
    func `bind what is ordered, to the unit`(budget: String, contracts: String) throws {
        let bench = bench(wide([("alpha", budget)]), ["alpha"])
        let perp = try #require(bench.orders.first { $0.instrument == bench.perp })
        #expect(perp.quantity == quantity(contracts))
        let spot = try #require(bench.orders.first { $0.instrument == bench.spot })
        #expect((spot.price * spot.quantity).roundedUp() <= money(budget))
    }

    @Test func `count what a script holds already`() {
        let bench = bench(wide([("alpha", "1501.6001")]), ["alpha"])
        bench.executeAll()
        #expect(bench.holding("alpha").perp == quantity("-10"))
        bench.script.contract.adds = 5
        // 9.99999 coins at a mid of 150.00 leave 1.6016: one lot more, and then none.
        bench.quote(perp: ("149.91", "149.92"), quantity: "5000")
        bench.pass(1100)
        #expect(bench.orders.map(\.quantity) == [quantity("0.01"), quantity("0.01")])
        bench.executeAll()
        bench.quote(perp: ("149.91", "149.93"), quantity: "5000")
        bench.pass(1100)
        #expect(bench.orders.isEmpty)
        #expect(bench.engine.exposure(of: 0).oneSided <= money("1501.6001"))
    }

    @Test func `are each script's own, and who has none may use the total`() {
        let bench = bench(
            wide([("alpha", "300"), ("beta", "750")], total: "3000"), ["alpha", "beta", "gamma"])
        bench.executeAll()
        #expect(bench.holding("alpha").perp == quantity("-1.99"))
        #expect(bench.holding("beta").perp == quantity("-4.99"))
        // 3000 less 298.52 and 749.05 at limit prices, a lot of E1 less.
        let rest = bench.holding("gamma").perp.magnitude
        #expect(rest >= quantity("12.9") && rest <= quantity("13.02"), "\(rest)")
        for (slot, most) in ["300", "750", "3000"].enumerated() {
            #expect(bench.engine.exposure(of: slot).oneSided <= money(most))
        }
        #expect(bench.engine.exposure(of: nil).oneSided <= Money(3000))
    }

    @Test func `do not widen the total, which binds although each has room`() {
        let bench = bench(wide([("alpha", "1000"), ("beta", "1000")], total: "1500"), ["alpha", "beta"])
        bench.executeAll()
        #expect(bench.holding("alpha").perp == quantity("-6.65"))
        let rest = bench.holding("beta").perp.magnitude
        #expect(rest > quantity("3.3") && rest < quantity("3.34"), "500 of its 1000: \(rest)")
        #expect(bench.engine.exposure(of: nil).oneSided <= Money(1500))
        #expect(bench.engine.exposure(of: 1).oneSided < Money(501))
    }

    @Test func `leave out a script whose budget is zero, and nobody else`() {
        let bench = bench(wide([("alpha", "0")]), ["alpha", "beta"])
        bench.executeAll()
        #expect(bench.holding("alpha").isFlat)
        #expect(!bench.holding("beta").isFlat)
        #expect(bench.engine.counters.reasons[.noRoom] > 0)
    }
}

@Suite struct `What an entry at work counts against the limits` {
    /// 0.49 of a post were filled and hedged; the rest of 0.50 is being taken.
    @Test func `is the filled part of a post and its rest together`() throws {
        let bench = EngineBench(usdc: "5000")
        bench.quote(perp: ("149.80", "149.82"))
        bench.pass(60_000, step: 1000)
        bench.script.wishes = 150
        bench.script.plan = RestingPlan(rest: .spot, timeout: .seconds(1), fallback: .taker)
        bench.quote()
        let post = try #require(bench.take(bench.spot))
        bench.turn([.order(bench.update(post, .new))])
        bench.execute(post, "0.49", ends: false)
        bench.execute(try #require(bench.take(bench.perp)))
        bench.pass(1100)
        #expect(bench.cancels == [post.id])
        bench.turn([.order(bench.update(post, .cancelled, executed: "0.49"))])
        let rest = bench.orders.filter { $0.timeInForce == .immediateOrCancel }
        #expect(rest.count == 2 && rest.allSatisfy { $0.quantity == quantity("0.5") }, "\(rest)")
        let whole = bench.engine.exposure(of: nil)
        #expect(whole.oneSided > money("148") && whole.oneSided < money("151"), "\(whole.oneSided)")
        #expect(whole.gross > money("297"))
    }

    @Test func `is counted once while an addition fills`() throws {
        let script = PuppetStrategy { ($0.adds, $0.replaces) = (1, EconomicExit.allCases) }
        var limits = RiskLimits()
        limits.positionSize = Money(90)
        let bench = EngineBench(limits: limits, script: script, usdc: "5000")
        bench.quote(perp: ("149.80", "149.82"))
        bench.pass(60_000, step: 1000)
        bench.openPair()
        script.wishes = 90
        bench.quote(perp: ("151.00", "151.03"))
        bench.pass(1100)
        let reserved = bench.engine.exposure(of: nil).oneSided
        bench.execute(try #require(bench.take(bench.spot)))
        bench.execute(try #require(bench.take(bench.perp)), "0.5", ends: false)
        #expect(bench.holding.state == .adding)
        #expect(bench.engine.exposure(of: nil).oneSided == reserved)
    }
}
