import Core
import Testing

@Suite struct `What keeps entries away` {
    @Test func `is nothing on a desk that trades, and not the hold that resume ends`() {
        let bench = EngineBench()
        #expect(bench.engine.whatHolds == [])
        bench.obey(.hold)
        #expect(bench.engine.whatHolds == [])
    }

    @Test(
        arguments: [
            ([.halt], "halted", "`neap rearm`"), ([.records(fault: "no room here")], "no room here", ""),
            ([.script("puppet", .hold)], "puppet", "`neap resume puppet`"),
            ([.script("puppet", .halt)], "puppet", "`neap rearm puppet`"),
            ([.missing("puppet", true)], "puppet", "until it is back"),
        ] as [([Engine.Instruction], String, String)])
    func `is named with what lifts it`(orders: [Engine.Instruction], what: String, remedy: String) throws {
        let bench = EngineBench()
        for order in orders { bench.obey(order) }
        bench.obey(.resume)
        #expect(bench.engine.whatHolds.count == 1)
        let line = try #require(bench.engine.whatHolds.first)
        #expect(line.contains(what) && line.contains(remedy), "\(line)")
    }

    @Test func `is no block of client ids when those reserved are used up, and not before`() {
        let some = EngineBench(), none = EngineBench(blocks: 0)
        for bench in [some, none] { bench.obey(.noBlock("no room here")) }
        #expect(some.engine.whatHolds == [] && none.engine.whatHolds == ["no room here"])
    }

    @Test func `is a stranger on the account, in its market, until somebody has looked`() throws {
        let bench = EngineBench()
        bench.openPair()
        bench.stranger(bench.perp, .buy, "151.00", "0.99", origin: nil)
        bench.executeAll()
        let line = try #require(bench.engine.whatHolds.first)
        #expect(line.hasPrefix("SOL") && line.contains("`neap rearm`"))
        bench.obey(.rearm)
        #expect(bench.engine.whatHolds == [])
    }

    @Test func `is an account that is not read`() {
        #expect(EngineBench(isReady: false).engine.whatHolds.count == 1)
    }

    @Test func `is named when the host halted by itself`() {
        let bench = EngineBench()
        bench.obey(.haltFor("the journal cannot be written"))
        #expect(bench.engine.state == .halted)
        #expect(bench.notes.contains(.state(.halted, reason: "the journal cannot be written")))
    }
}
