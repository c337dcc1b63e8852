import Core
import Testing

/// What the exchange says and nobody here did.
@Suite struct `What is found` {
    @Test(arguments: [(0, false), (1, true)])
    func `an order of another program puts everything on hold, one of ours is taken back`(
        _ block: UInt32, _ isOurs: Bool
    ) {
        let bench = EngineBench()
        // Blocks 1 is reserved; block 7 is not.
        let id = ClientOrderID(raw: isOurs ? 1 << 12 | 900 : 7 << 12 | 3)
        bench.pass(10_100)
        bench.answerAccount(orders: [bench.resting(id)])
        #expect(bench.engine.state == (isOurs ? .active : .hold))
        #expect(bench.cancels == (isOurs ? [id] : []))
        #expect(bench.alerts.count == 1)
        bench.pass(10_100)
        bench.answerAccount(orders: [bench.resting(id)])
        #expect(bench.alerts.count == 1, "told once")
    }

    @Test func `an order placed by hand is told of and left alone`() {
        let bench = EngineBench()
        bench.pass(10_100)
        bench.answerAccount(orders: [bench.resting(nil)])
        #expect(bench.engine.state == .active)
        #expect(bench.cancels.isEmpty)
        #expect(bench.alerts.count == 1)
    }

    @Test func `contracts that jump without an execution are followed, and the other leg follows`() {
        let bench = EngineBench()
        bench.openPair()
        for look in 1...3 {
            bench.pass(10_100)
            bench.answerAsRecorded(contracts: "-0.40")
            #expect((bench.holding.perp == quantity("-0.40")) == (look == 3), "look \(look)")
        }
        #expect(bench.orders.count == 1 && bench.orders[0].instrument == bench.spot)
        bench.executeAll()
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
        #expect(bench.engine.ledger.venueBalance(Asset(bench.pair.perp.symbol)) == money("-0.40"))
        for (asset, sum) in bench.engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
    }

    @Test func `coins that are gone cost the pair a leg, and the contracts follow`() {
        let bench = EngineBench()
        bench.openPair()
        for _ in 1...4 {
            bench.pass(10_100)
            bench.answerAsRecorded(coins: "0.30")
        }
        #expect(bench.orders.count == 1 && bench.orders[0].instrument == bench.perp)
        bench.executeAll()
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
    }

    @Test(arguments: [AdoptPolicy.hold, .adopt, .flatten])
    func `a position from before the start is held, taken over or closed`(_ policy: AdoptPolicy) {
        var limits = RiskLimits()
        limits.adoptPolicy = policy
        let bench = EngineBench(limits: limits, isReady: false)
        bench.quote()
        bench.mark()
        bench.answerAccount(usdc: "1000", coins: "0.80", contracts: "-0.80")
        bench.pass(1100)
        switch policy {
        case .hold:
            #expect(bench.holding.isFlat)
            #expect(bench.orders.isEmpty)
        case .adopt:
            #expect(bench.holding("adopted").state == .adopted)
            #expect(bench.holding("adopted").perp == quantity("-0.80"))
            #expect(bench.holding("adopted").imbalance == .zero)
            #expect(bench.orders.isEmpty)
        case .flatten:
            bench.executeAll()
            #expect(bench.holding("adopted").isFlat)
            #expect(bench.engine.ledger.venueBalance(Asset(bench.pair.perp.symbol)) == .zero)
        }
        for (asset, sum) in bench.engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
    }

    @Test func `a naked position that is taken over is brought to flat`() {
        var limits = RiskLimits()
        limits.adoptPolicy = .adopt
        let bench = EngineBench(limits: limits, isReady: false)
        bench.quote()
        bench.mark()
        bench.answerAccount(usdc: "1000", coins: "0", contracts: "-0.80")
        bench.pass(100)
        #expect(bench.orders.count == 1)
        #expect(bench.orders[0].instrument == bench.perp && bench.orders[0].side == .buy)
        #expect(bench.orders[0].reduceOnly == true)
        bench.executeAll()
        #expect(bench.holding("adopted").isFlat)
    }
}
