import Testing

@testable import Core

private let full = "records.sqlite cannot be written: database or disk is full"

@Suite struct `While the records cannot be written` {
    @Test func `nothing is entered, no person lifts that, and it ends by itself`() {
        let bench = EngineBench()
        bench.obey(.records(fault: full))
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(300)
        #expect(bench.orders.isEmpty)
        #expect(bench.script.scores == 0, "the script is not even asked")
        #expect(bench.engine.counters.reasons[.notRecorded] > 0)
        for order in [.resume, .rearm, .hold, .resume] as [Engine.Instruction] { bench.obey(order) }
        bench.quote(quantity: "502")
        bench.pass(300)
        #expect(bench.orders.isEmpty)
        #expect(bench.engine.state == .active, "it is no state of the operator's")
        #expect(bench.alerts == [full])

        // Told again it is no news; another reason is.
        bench.obey(.records(fault: full))
        #expect(bench.alerts == [full])
        bench.obey(.records(fault: "damaged"))
        #expect(bench.alerts == [full, "damaged"])

        bench.obey(.records(fault: nil))
        bench.obey(.records(fault: nil))
        bench.pass(300)
        #expect(bench.orders.count == 2, "the spread stands as it stood: nobody has to move a level")
        #expect(bench.notes.count { if case .notice = $0 { true } else { false } } == 1)
    }

    @Test func `a post is taken off, and what of it filled is hedged`() throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        bench.obey(.records(fault: full))
        bench.pass(50)
        #expect(bench.cancels == [post.id])
        let late = bench.fill(post, quantity("0.50"))
        bench.turn([.order(bench.update(post, .cancelled, executed: "0.50", fill: late))])
        let hedge = try #require(bench.take(bench.perp))
        #expect(hedge.side == .sell && hedge.quantity == quantity("0.50"))
        bench.execute(hedge)
        #expect(bench.holding.state == .open)
        // What the post did not fill is no new entry now.
        bench.pass(1000)
        #expect(bench.orders.isEmpty)
    }

    @Test func `a pair is left when it has converged`() {
        let bench = EngineBench()
        bench.openPair()
        bench.obey(.records(fault: full))
        bench.quote(perp: ("149.90", "149.92"))
        #expect(bench.holding.state == .exiting)
        bench.executeAll()
        #expect(bench.holding.state == .idle)
        #expect(bench.engine.counters.rounds == 1)
    }

    @Test func `a leg that is liquidated lets the other one follow`() throws {
        let bench = EngineBench()
        bench.openPair()
        bench.obey(.records(fault: full))
        bench.stranger(bench.perp, .buy, "151.00", "0.99")
        let follow = try #require(bench.take(bench.spot))
        #expect(follow.side == .sell)
    }

    @Test func `the hold is no part of what a run hands on`() {
        let bench = EngineBench()
        bench.obey(.records(fault: full))
        #expect(bench.killed().engine.recordsFault == nil, "the next start finds out for itself")
    }
}
