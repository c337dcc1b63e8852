import Core
import Testing

/// A process was killed; another one goes on from what it recorded and from what the exchange says.
@Suite struct `After a kill` {
    @Test func `a hedged pair is looked after at once, and nothing is entered before all agrees`() {
        let before = EngineBench()
        before.openPair()
        let after = before.killed()
        #expect(!after.engine.isReady)
        #expect(after.holding.perp == quantity("-0.99"))
        #expect(after.holding.state == .open)
        after.answerAsRecorded()
        after.quote()
        after.mark()
        after.pass(1000)
        after.answerAsRecorded()
        #expect(after.engine.isReady)
        #expect(after.orders.isEmpty)
        // The exit rules go on: it has converged.
        after.quote(perp: ("149.90", "149.92"))
        after.executeAll()
        #expect(after.holding.state == .idle)
        #expect(after.engine.counters.rounds == 1)
        for (asset, sum) in after.engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
    }

    @Test func `entries wait until contracts and balances agree`() {
        let before = EngineBench()
        before.openPair()
        let script = PuppetStrategy()
        script.wishes = 150
        let after = before.killed(script)
        after.answerAsRecorded(contracts: "-0.50")
        after.quote()
        after.mark()
        after.pass(1100)
        #expect(!after.engine.isReady)
        #expect(script.scores == 0)
    }

    @Test func `a leg that filled unheard is found in the history, and the pair is brought back once`() {
        let before = EngineBench()
        before.script.wishes = 150
        before.quote(quantity: "501")
        before.pass(250)
        let (first, second) = (before.orders[0], before.orders[1])
        let after = before.killed()
        let filled = first.instrument == after.spot ? first : second
        let fill = before.fill(filled, filled.quantity)
        after.answerAsRecorded(fills: [fill])
        after.quote()
        after.mark()
        #expect(after.engine.counters.fills == 1)
        // Whether the other one trades is not known before its request is void.
        #expect(after.orders.isEmpty)
        after.resolveInDoubt(fills: [fill])
        #expect(after.engine.counters.fills == 1, "the history is read several times")
        let repair = after.orders
        #expect(repair.count == 1 && repair[0].side != filled.side && repair[0].instrument == after.spot)
        after.executeAll()
        #expect(after.holding.isFlat)
        #expect(after.holding.imbalance.magnitude < after.pair.leastQuantity)
        #expect(after.engine.isQuiet)
    }

    @Test func `a leg is brought back while the venue cannot tell collateral, balances and account`() {
        let before = EngineBench()
        before.script.wishes = 150
        before.quote(quantity: "501")
        before.pass(250)
        let spot = before.orders[0], perp = before.orders[1]
        before.execute(spot)
        before.turn([.order(before.update(perp, .expired))])
        let script = PuppetStrategy()
        script.wishes = 150
        let after = before.killed(script)
        after.quote()
        after.mark()
        // The first questions are lost; two seconds later they are put again.
        after.pass(2_100)
        after.answer {
            switch $0 {
            case .openOrders: .orders([])
            case .positions: .positions([])
            case .fills: .fills([])
            case .collateral, .capital, .account: .unknown("503")
            default: nil
            }
        }
        after.quote()
        after.pass(50)
        after.resolveInDoubt()
        #expect(after.orders.count == 1)
        after.executeAll()
        #expect(after.holding.imbalance.magnitude < after.pair.leastQuantity)
        after.pass(2_000)
        #expect(script.scores == 0, "nothing is entered by an account that is not known")
    }

    @Test func `an order that never arrived is not sent again, and its pair is free afterwards`() {
        let before = EngineBench()
        before.script.wishes = 150
        before.quote(quantity: "501")
        before.pass(250)
        #expect(before.orders.count == 2)
        let after = before.killed()
        after.answerAsRecorded()
        after.quote()
        after.mark()
        after.pass(500)
        #expect(after.orders.isEmpty)
        after.resolveInDoubt()
        #expect(after.orders.isEmpty)
        #expect(after.holding.state == .idle)
        #expect(after.engine.hasNoOrders)
    }

    @Test func `a post that still rests is cancelled, and what it fills meanwhile is made whole`() throws {
        let before = EngineBench()
        let post = try before.rest(.spot)
        let after = before.killed()
        after.answerAsRecorded(orders: [before.update(post, .new)])
        after.quote()
        after.mark()
        after.pass(100)
        #expect(after.cancels == [post.id])
        let fill = before.fill(post, quantity("0.50"))
        after.turn([.order(before.update(post, .partiallyFilled, executed: "0.50", fill: fill))])
        #expect(after.orders.isEmpty, "the last word of the cancel is awaited")
        after.turn([.order(before.update(post, .cancelled, executed: "0.50"))])
        after.pass(100)
        #expect(after.orders.count == 1)
        after.executeAll()
        #expect(after.holding.imbalance.magnitude < after.pair.leastQuantity)
    }

    @Test func `a round that ended unheard is closed and counted`() {
        let before = EngineBench()
        before.openPair()
        before.quote(perp: ("149.90", "149.92"))
        #expect(before.orders.count == 2)
        let fills = before.orders.map { before.fill($0, $0.quantity) }
        let after = before.killed()
        after.answerAsRecorded(fills: fills)
        after.quote()
        after.mark()
        after.pass(100)
        #expect(after.holding.state == .idle)
        #expect(after.engine.counters.rounds == 1)
        #expect(after.engine.isQuiet)
    }

    @Test func `latches, counts of the day and cool-downs go on`() {
        let before = EngineBench()
        before.openPair()
        before.quote(perp: ("149.90", "149.92"))
        before.executeAll()
        before.obey(.script("puppet", .halt))
        before.obey(.halt)
        let kept = before.engine.checkpoint()
        let after = before.killed()
        #expect(after.engine.state == .halted)
        #expect(after.engine.slots[0].tradingState == .halted)
        #expect(after.engine.checkpoint().entriesToday == 1)
        #expect(after.engine.checkpoint().feesToday == kept.feesToday && kept.feesToday > .zero)
        #expect(after.holding.cooldownUntil == before.holding.cooldownUntil)
        #expect(after.engine.slots[0].profit == before.engine.slots[0].profit)
    }

    @Test func `a day that began while no host ran starts at the first prices, not at none`() {
        let before = EngineBench()
        before.openPair()
        let after = before.killed(later: .seconds(86_400))
        after.answerAsRecorded()
        after.pass(100)
        after.pass(100)
        after.quote()
        after.mark()
        after.pass(100)
        #expect(after.holding.coins > .zero)
        #expect(after.engine.checkpoint().day == after.now.day)
        #expect(after.engine.profitToday == .zero)
        #expect(after.engine.state == .active)
    }

    @Test func `a flatten that a kill cut short goes on`() {
        let before = EngineBench()
        before.openPair()
        before.obey(.flatten)
        let after = before.killed()
        after.answerAsRecorded()
        after.quote()
        after.mark()
        after.pass(500)
        #expect(after.orders.isEmpty, "what the orders of the first flatten did is not known yet")
        after.resolveInDoubt()
        #expect(after.orders.count == 2)
        after.executeAll()
        after.pass(100)
        #expect(after.holding.isFlat)
        #expect(after.engine.state == .hold)
    }

    @Test func `no client order id is used twice`() {
        let before = EngineBench()
        before.openPair()
        let used = before.engine.checkpoint().orders.map(\.id)
        let after = before.killed()
        after.answerAsRecorded()
        after.quote()
        after.mark()
        after.quote(perp: ("149.90", "149.92"))
        let new = after.orders.map(\.id)
        #expect(new.count == 2 && used.count == 2)
        #expect(used.max()! < new.min()!)
    }

    @Test func `positions of a strategy whose file is gone are exited by the host`() {
        let before = EngineBench()
        before.openPair()
        let after = before.killed(PuppetStrategy("other"))
        #expect(after.engine.slots.map(\.name) == ["other", "puppet"])
        after.answerAsRecorded()
        after.quote()
        after.mark()
        after.quote(perp: ("149.90", "149.92"))
        after.executeAll()
        #expect(after.holding("puppet").isFlat)
        #expect(after.engine.counters.rounds == 1)
    }

    @Test func `a full page of executions in markets nobody here knows is not the last`() {
        let before = EngineBench()
        before.openPair()
        let after = before.killed()
        func isNext(_ request: Request) -> Bool {
            if case .fills(_, offset: 1_000) = request { true } else { false }
        }
        after.answer { if case .fills = $0 { .fillsPage([], listed: 999) } else { nil } }
        #expect(after.asked(isNext) == 0)
        let again = before.killed()
        again.answer { if case .fills = $0 { .fillsPage([], listed: 1_000) } else { nil } }
        #expect(again.asked(isNext) == 1)
    }

    @Test func `a guardian repairs and cancels, and judges nothing`() {
        let before = EngineBench()
        before.openPair()
        let guardian = EngineBench(isReady: false, resumes: before.engine.checkpoint(), isGuardian: true)
        guardian.answerAsRecorded()
        guardian.quote()
        guardian.mark()
        guardian.quote(perp: ("149.90", "149.92"))
        #expect(guardian.orders.isEmpty, "a converged pair is the host's to close")
        guardian.stranger(guardian.perp, .buy, "150", "0.50")
        #expect(guardian.orders.count == 1)
        #expect(guardian.orders[0].id.raw >> 31 == 1)
    }

    @Test func `money that came while nobody listened is followed, while we listen it is only told`() {
        let before = EngineBench()
        before.openPair()
        let after = before.killed()
        after.answerAsRecorded(deposit: "50")
        after.quote()
        after.mark()
        for _ in 0..<4 {
            after.pass(1100)
            after.answerAsRecorded(deposit: "50")
        }
        #expect(after.alerts.contains { $0.contains("deposit") && $0.contains("followed") })
        #expect(after.engine.isReady)
        let balance = after.engine.ledger.balance(Account(Account.house, .adjustment), .usdc)
        #expect(balance == money("-50"))
        for _ in 0..<4 {
            after.pass(10_100)
            after.answerAsRecorded(deposit: "7")
        }
        #expect(after.alerts.contains { $0.contains("left as it is") })
        #expect(after.engine.ledger.balance(Account(Account.house, .adjustment), .usdc) == balance)
    }
}
