import Testing

@testable import Core

/// A way in which trading is stopped, and what it must have left for the next run.
private struct Latch: Sendable {
    let name: String
    var limits = RiskLimits()
    var before: @Sendable (EngineBench) -> Void = { _ in }
    let sets: @Sendable (EngineBench) -> Void
    let holds: @Sendable (Engine) -> Bool
}

private func lossOfOne() -> RiskLimits {
    var limits = RiskLimits()
    limits.dailyLossMax = Money(1)
    return limits
}

private func lose(_ bench: EngineBench) { bench.quote(perp: ("155.00", "155.02")) }

private func fail(_ bench: EngineBench, _ kind: StrategyFault.Kind) {
    bench.script.breaks = StrategyFault(kind: kind, place: nil, message: "broken")
    _ = bench.glance()
    bench.pass(1100)
}

private let latches: [Latch] = [
    Latch(name: "halt", sets: { $0.obey(.halt) }, holds: { $0.state == .halted }),
    Latch(name: "hold", sets: { $0.obey(.hold) }, holds: { $0.state == .hold }),
    Latch(
        name: "daily loss", limits: lossOfOne(), before: { $0.openPair() }, sets: lose,
        holds: { $0.state == .reduceOnly }),
    Latch(
        name: "a script's daily loss", limits: lossOfOne(),
        before: {
            $0.openPair()
            $0.obey(.halt)
        }, sets: lose, holds: { $0.slots[0].tradingState == .reduceOnly }),
    Latch(
        name: "a script halted", sets: { $0.obey(.script("puppet", .halt)) },
        holds: { $0.slots[0].tradingState == .halted }),
    Latch(
        name: "a script held", sets: { $0.obey(.script("puppet", .hold)) },
        holds: { $0.slots[0].tradingState == .hold }),
    Latch(
        name: "a script out of service", sets: { fail($0, .memory) }, holds: { $0.slots[0].stopped != nil }),
    Latch(
        name: "a script that failed its probation with nothing to go back to",
        before: { $0.engine.slots[0].probation = Probation(ProbationTerms(entries: 10), began: $0.now) },
        sets: { fail($0, .contract) }, holds: { $0.slots[0].stopped != nil }),
]

@Suite struct `A latch` {
    @Test(arguments: latches.indices)
    func `is on record in the very turn that sets it, and the next run has it`(_ place: Int) {
        let latch = latches[place]
        let bench = EngineBench(limits: latch.limits)
        latch.before(bench)
        bench.pass(100)
        #expect(!latch.holds(bench.engine), "\(latch.name)")
        _ = bench.engine.takeChange()
        latch.sets(bench)
        #expect(latch.holds(bench.engine), "\(latch.name)")
        #expect(bench.engine.takeChange(), "\(latch.name)")
        #expect(latch.holds(bench.killed().engine), "\(latch.name)")
    }

    @Test func `set before the account of an earlier run is read outlasts a kill, and hides no execution`() {
        let before = EngineBench()
        before.openPair()
        let first = before.engine.checkpoint()
        let second = before.killed()
        _ = second.engine.takeChange()
        second.obey(.halt)
        #expect(second.engine.takeChange())
        #expect(second.engine.checkpoint().at == first.at, "the history is read from there on")
        let third = second.killed()
        #expect(third.engine.state == .halted)
        third.answerAsRecorded()
        #expect(third.engine.checkpoint().at > first.at)
    }
}

@Suite struct `An execution that comes once more after a restart` {
    /// A liquidation in pieces; the history shows all of them again.
    @Test(arguments: [64, 65, 300])
    func `is counted once, however many others there were`(_ pieces: Int) {
        let bench = EngineBench()
        bench.openPair()
        var fills: [Fill] = []
        for number in 1...pieces {
            let fill = Fill(
                instrument: bench.perp, side: .buy, price: price("150"), quantity: quantity("0.01"),
                fee: money("0.001"), feeAsset: .usdc, tradeID: Int64(9_000 + number),
                venueOrderID: VenueOrderID("liquidation"), clientOrderID: nil, liquidity: .taker,
                venueTime: bench.now + .milliseconds(Int64(number)))
            fills.append(fill)
        }
        bench.pass(1000)
        bench.answer { if case .fills = $0 { .fills([]) } else { nil } }
        bench.engine.ask(.fills(from: bench.now, offset: 0))
        bench.turn([.timer])
        bench.answer { if case .fills = $0 { .fills(fills) } else { nil } }
        let contracts = Asset(bench.pair.perp.symbol)
        let held = bench.engine.ledger.venueBalance(contracts)
        #expect(held == money("-0.99") + Money(raw: Int128(pieces) * 10_000_000_000))
        let after = bench.killed()
        after.answerAsRecorded(fills: fills)
        #expect(after.engine.ledger.venueBalance(contracts) == held)
    }

    @Test func `and that nobody can ask for any more is not kept`() {
        let bench = EngineBench()
        bench.openPair()
        bench.stranger(bench.perp, .buy, "150", "0.01")
        #expect(bench.engine.checkpoint().foreignFills.count == 1)
        bench.executeAll()
        for _ in 1...80 {
            bench.pass(10_000, step: 1_000)
            bench.executeAll()
            bench.answerAsRecorded()
        }
        #expect(bench.engine.checkpoint().foreignFills.isEmpty)
    }
}

@Suite struct `An execution of ours without a record` {
    /// The power went: the order was sent, and its record did not reach the disk.
    @Test func `goes to the pair that it hedges`() throws {
        let before = EngineBench(others: [PuppetStrategy("zebra")])
        before.script.wishes = 150
        before.quote(quantity: "501")
        before.pass(250)
        let sold = try #require(before.take(before.perp))
        let bought = try #require(before.take(before.spot))
        before.execute(bought)
        var kept = before.engine.checkpoint()
        kept.orders.removeAll { $0.id == sold.id }
        before.pass(50)
        let fill = before.fill(sold, sold.quantity)
        let after = EngineBench(isReady: false, others: [PuppetStrategy("zebra")], resumes: kept)
        #expect(after.holding("puppet").imbalance > after.pair.leastQuantity)
        after.answerAsRecorded(fills: [fill])
        after.quote()
        after.mark()
        after.pass(1100)
        let holding = after.holding("puppet")
        #expect(holding.perp == -sold.quantity)
        #expect(holding.imbalance.magnitude < after.pair.leastQuantity)
        #expect(after.orders.isEmpty, "nothing is left to repair")
        let contracts = Asset(after.pair.perp.symbol)
        let own = after.engine.ledger.balance(Account("puppet", .venue), contracts)
        #expect(own == Money(raw: -Int128(sold.quantity.raw) * 10_000))
        #expect(after.alerts.contains { $0.contains("ours and not on record") })
    }
}
