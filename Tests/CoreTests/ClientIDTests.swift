import Testing

@testable import Core

/// A whole eighth of a second.
private let begin = Timestamp(milliseconds: 1_790_000_000_000)

private func run(from moment: Timestamp, guardian: Bool = false) -> ClientIDs {
    var ids = ClientIDs()
    ids.isGuardian = guardian
    ids.begin(at: moment)
    return ids
}

extension ClientIDs {
    /// Everything that can be had until then.
    fileprivate mutating func drain(until moment: Timestamp) -> [UInt32] {
        var all: [UInt32] = []
        while let id = nextOfTime(at: moment) { all.append(id.raw) }
        return all
    }
}

@Suite struct `Client ids made of the time` {
    @Test func `begin two seconds and an eighth after the run, and then come eight a second`() {
        var ids = run(from: begin)
        #expect(ids.nextOfTime(at: begin) == nil)
        #expect(ids.nextOfTime(at: begin + TimeSpan(microseconds: 2_124_999)) == nil)
        #expect(ids.nextOfTime(at: begin + TimeSpan(microseconds: 2_125_000)) != nil)
        #expect(ids.nextOfTime(at: begin + TimeSpan(microseconds: 2_125_000)) == nil)
        #expect(ids.drain(until: begin + .milliseconds(3_124)).count == 7)
        #expect(ids.drain(until: begin + .milliseconds(3_125)).count == 1)
    }

    @Test(arguments: [1, 124, 125, 2_125, 2_126, 2_250, 60_000] as [Int64])
    func `of a run lie above all of the run before, which wrote nothing down`(life: Int64) {
        var first = run(from: begin + .milliseconds(60))
        let used = first.drain(until: begin + .milliseconds(60 + life))
        var second = run(from: begin + .milliseconds(60 + life))
        let next = second.drain(until: begin + .milliseconds(60 + life + 4_000))
        #expect(next.count > 10)
        #expect(used.allSatisfy { $0 < next[0] })
        #expect(next == next.sorted() && Set(next).count == next.count)
    }

    @Test func `lie where no block is, and those of a guardian have its bit`() {
        let later = begin + .seconds(3)
        var host = run(from: begin), guardian = run(from: begin, guardian: true)
        let a = host.nextOfTime(at: later)!, b = guardian.nextOfTime(at: later)!
        #expect(a.raw >> 30 == 1 && b.raw >> 30 == 3 && a.raw << 2 == b.raw << 2)
        #expect(ClientIDs.isOfTime(a) && ClientIDs.isOfTime(b))
        for block in [1, ClientIDs.blocksEnd - 1] {
            let last = Execution.clientID(block: block, index: ClientIDs.perBlock - 1, guardian: true)
            #expect(!ClientIDs.isOfTime(last))
        }
    }

    @Test func `go round after four years without leaving their half`() {
        let rounds = begin.microseconds / 125_000 / ClientIDs.ticks
        let end = Timestamp(microseconds: (rounds + 1) * ClientIDs.ticks * 125_000)
        var ids = run(from: end - .seconds(1))
        let all = ids.drain(until: end + .seconds(3))
        #expect(all.count == 16 && Set(all).count == 16)
        #expect(all.allSatisfy { ClientIDs.isOfTime(ClientOrderID(raw: $0)) })
        #expect(all.max() == 1 << 31 - 1 && all.min() == 1 << 30)
    }

    @Test func `are the folder's own as soon as it has had a block`() {
        var ids = run(from: begin)
        let id = ClientOrderID(raw: 1 << 30 | 77)
        #expect(!ids.owns(id))
        ids.reserved(from: 3, to: 5)
        #expect(ids.owns(id))
    }
}

private let full = "no client order ids can be reserved: disk full"

@Suite struct `Without a block of client order ids` {
    /// One leg of an entry filled, then the process was killed; the next one finds no block.
    private func naked(_ script: PuppetStrategy = PuppetStrategy()) -> EngineBench {
        let before = EngineBench()
        before.script.wishes = 150
        before.quote(quantity: "501")
        before.pass(250)
        let spot = before.orders[0], perp = before.orders[1]
        before.execute(spot)
        before.turn([.order(before.update(perp, .expired))])
        let after = EngineBench(
            script: script, blocks: 0, isReady: false, resumes: before.engine.checkpoint())
        after.obey(.noBlock(full))
        after.answerAsRecorded()
        after.quote()
        after.mark()
        return after
    }

    @Test func `a leg that stands alone is brought back all the same, once, and is told of once`() throws {
        let bench = naked()
        bench.pass(1_000)
        #expect(bench.orders.isEmpty, "no earlier run's order may still be on its way")
        bench.resolveInDoubt()
        #expect(bench.orders.count == 1)
        let order = try #require(bench.orders.first)
        #expect(ClientIDs.isOfTime(order.id))
        bench.executeAll()
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
        #expect(bench.alerts.count { $0 == full } == 1)
        #expect(!bench.alerts.contains { $0.contains("stuck") }, "waiting for an id is no try")
        #expect(bench.engine.isQuiet)
    }

    @Test func `nothing is entered, and with a block entries go on by themselves`() {
        let bench = EngineBench(blocks: 0)
        bench.obey(.noBlock(full))
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(300)
        #expect(bench.orders.isEmpty && bench.script.scores == 0)
        #expect(bench.engine.counters.reasons[.noIDs] > 0)
        #expect(bench.alerts == [full])
        bench.obey(.noBlock(full))
        #expect(bench.alerts == [full], "told again it is no news")
        bench.obey(.idBlock(9))
        bench.pass(1_100)
        #expect(bench.orders.count == 2)
        #expect(bench.orders.allSatisfy { !ClientIDs.isOfTime($0.id) })
        #expect(bench.engine.idsFault == nil)
    }

    @Test func `ids that are left are used, for entries too`() {
        let bench = EngineBench()
        bench.obey(.noBlock(full))
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(300)
        #expect(bench.orders.count == 2)
    }
}
