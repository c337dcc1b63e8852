import Testing

@testable import Core

extension EngineBench {
    /// What the venue says of one market.
    fileprivate func become(_ state: BookState, _ leg: Leg = .perp) {
        engine.set(state, of: leg == .spot ? spot : perp)
        pass(50)
    }

    fileprivate func accept(_ order: Order) {
        take(order.instrument)
        turn([.order(update(order, .new))])
    }

    /// Answers cancels that wait, as done.
    fileprivate func finishCancels() { for id in cancels { finish(id) } }

    /// A pair is held and has converged: the host's own exit would take it.
    fileprivate static func converged() -> EngineBench {
        let bench = EngineBench()
        bench.openPair()
        return bench
    }

    fileprivate func converge() { quote(perp: ("149.90", "149.92")) }
}

@Suite struct `A pair with a market that is not open` {
    @Test(arguments: [Leg.spot, .perp], [BookState.closed, .cancelOnly, .postOnly])
    func `is frozen, leaves nothing for a profit, and goes on when it opens`(leg: Leg, state: BookState) {
        let bench = EngineBench.converged()
        #expect(bench.holding.state == .open)
        bench.become(state, leg)
        #expect(bench.holding.state == .frozen)
        let exits = bench.script.exits
        bench.converge()
        bench.pass(3000)
        #expect(bench.orders.isEmpty)
        #expect(bench.script.exits == exits, "no script is asked what cannot be done")
        bench.become(.open, leg)
        #expect(bench.holding.state == .exiting || bench.holding.state == .open)
        bench.pass(1000)
        bench.executeAll()
        #expect(bench.holding.isFlat)
        #expect(bench.alerts.count { $0.contains("belong") } == 0, "\(bench.alerts)")
    }

    @Test(arguments: [BookState.limitOnly, .unknown])
    func `of which limit orders may work is left by them`(state: BookState) {
        let bench = EngineBench.converged()
        bench.become(state)
        #expect(bench.holding.state == .open)
        bench.converge()
        #expect(bench.orders.count == 2)
        #expect(bench.orders.allSatisfy { $0.timeInForce == .immediateOrCancel })
    }

    @Test(arguments: [Leg.spot, .perp], [BookState.closed, .cancelOnly])
    func `is not flattened by one leg alone`(leg: Leg, state: BookState) {
        let bench = EngineBench.converged()
        bench.become(state, leg)
        bench.obey(.flatten)
        bench.pass(5000)
        #expect(bench.orders.isEmpty)
        #expect(!bench.engine.isQuiet)
        bench.become(.open, leg)
        bench.pass(1500)
        bench.executeAll()
        #expect(bench.holding.isFlat && bench.engine.isQuiet)
    }

    @Test(arguments: [Leg.spot, .perp])
    func `that takes posts is flattened by a post, and the other leg follows what fills`(leg: Leg) throws {
        let bench = EngineBench.converged()
        bench.become(.postOnly, leg)
        bench.obey(.flatten)
        bench.pass(1500)
        let post = try #require(bench.orders.first)
        #expect(bench.orders.count == 1)
        #expect(post.instrument == (leg == .spot ? bench.spot : bench.perp))
        #expect(post.postOnly && post.timeInForce == .goodTillCancelled)
        #expect(post.side == (leg == .spot ? .sell : .buy))
        bench.accept(post)
        bench.execute(post, "0.40", ends: false)
        let hedge = try #require(bench.orders.first)
        #expect(hedge.instrument != post.instrument && hedge.quantity == quantity("0.4"))
        #expect(!hedge.postOnly)
        bench.executeAll()
        bench.turn([
            .order(
                bench.update(
                    post, .filled, executed: post.quantity.description,
                    fill: bench.fill(post, post.quantity - quantity("0.4"))))
        ])
        bench.executeAll()
        #expect(bench.holding.isFlat)
        #expect(bench.engine.isQuiet)
    }

    @Test func `goes on by takers when the market opens while its post rests`() throws {
        let bench = EngineBench.converged()
        bench.become(.postOnly)
        bench.obey(.flatten)
        bench.pass(1500)
        bench.accept(try #require(bench.orders.first))
        bench.become(.open)
        #expect(bench.cancels.count == 1)
        bench.finishCancels()
        #expect(bench.orders.count == 2)
        #expect(bench.orders.allSatisfy { !$0.postOnly })
        bench.executeAll()
        #expect(bench.holding.isFlat && bench.engine.isQuiet)
    }

    @Test func `with both markets taking posts only waits`() {
        let bench = EngineBench.converged()
        bench.become(.postOnly, .spot)
        bench.become(.postOnly, .perp)
        bench.obey(.flatten)
        bench.pass(5000)
        #expect(bench.orders.isEmpty)
    }

    // MARK: One leg short

    /// Both legs were sent; one filled and the other missed, and its market is no longer open.
    private func naked(_ missed: Leg, _ state: BookState) -> EngineBench {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(1100)
        bench.script.wishes = nil
        bench.engine.set(state, of: missed == .spot ? bench.spot : bench.perp)
        let ids = [bench.spot, bench.perp]
        for id in missed == .spot ? ids.reversed() : ids {
            guard let order = bench.take(id) else { continue }
            bench.execute(order, (id == bench.spot) == (missed == .spot) ? "0" : nil)
        }
        return bench
    }

    @Test(arguments: [Leg.spot, .perp], [BookState.closed, .cancelOnly, .postOnly])
    func `has the leg that filled taken back when the other cannot be taken`(missed: Leg, state: BookState) {
        let bench = naked(missed, state)
        let order = bench.orders.first
        #expect(bench.orders.count == 1)
        #expect(order?.instrument == (missed == .spot ? bench.perp : bench.spot))
        #expect(order?.timeInForce == .immediateOrCancel)
        bench.executeAll()
        #expect(bench.holding.isFlat)
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
    }

    @Test func `has a leg posted when nothing else works, moved with the touch, and taken when it opens`()
        throws
    {
        let bench = naked(.perp, .postOnly)
        // The way back closes as well: the spot order misses.
        bench.engine.set(.closed, of: bench.spot)
        bench.execute(try #require(bench.take(bench.spot)), "0")
        bench.pass(500)
        let post = try #require(bench.take(bench.perp))
        #expect(post.postOnly && post.side == .sell && post.price == price("151.02"))
        bench.turn([.order(bench.update(post, .new))])
        bench.pass(1900)
        #expect(bench.cancels.isEmpty)
        bench.quote(perp: ("150.90", "150.92"))
        bench.pass(200)
        #expect(bench.cancels == [post.id])
        bench.finishCancels()
        bench.pass(300)
        let second = try #require(bench.take(bench.perp))
        #expect(second.postOnly && second.price == price("150.92"))
        bench.turn([.order(bench.update(second, .new))])
        bench.become(.open)
        #expect(bench.cancels == [second.id])
        bench.finishCancels()
        bench.pass(300)
        let taker = try #require(bench.take(bench.perp))
        #expect(!taker.postOnly && taker.side == .sell)
        bench.execute(taker)
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
    }

    @Test func `leaves no post behind at the end of a run`() throws {
        let bench = naked(.perp, .postOnly)
        bench.engine.set(.closed, of: bench.spot)
        bench.execute(try #require(bench.take(bench.spot)), "0")
        bench.pass(500)
        let post = try #require(bench.take(bench.perp))
        bench.turn([.order(bench.update(post, .new))])
        bench.obey(.stop(flatten: false))
        #expect(bench.cancels == [post.id])
        bench.finishCancels()
        bench.pass(2000)
        #expect(bench.orders.isEmpty, "nothing rests that nobody would look after")
    }
}
