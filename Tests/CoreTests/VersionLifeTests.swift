import Testing

@testable import Core

/// What becomes of a version on the desk: probation, proof, the way back, and who exits what.
@Suite struct `The host should, with a new version,` {
    private func version(_ text: String, _ change: (inout StrategyContract) -> Void = { _ in })
        -> PuppetStrategy
    {
        PuppetStrategy {
            $0.version = text
            change(&$0)
        }
    }

    /// A market that the script has not seen yet.
    private func show(_ bench: EngineBench, _ number: Int) {
        bench.quote(perp: ("151.0\(number)", "151.\(10 + number)"))
    }

    /// A minute without an opportunity: its mean is what a spread is measured against.
    private func warmUp(_ bench: EngineBench) {
        bench.quote(perp: ("149.80", "149.82"))
        bench.pass(60_000, step: 1000)
    }

    private let fault = StrategyFault(kind: .runtime, place: "puppet.lua:7", message: "test")

    private func rolledBack(_ bench: EngineBench) -> [String] {
        bench.notes.compactMap {
            if case .rolledBack(_, let from, let to, let reason) = $0 {
                "\(from) to \(to): \(reason)"
            } else {
                nil
            }
        }
    }

    @Test func `enter a quarter of the size until its entries are made`() {
        let bench = EngineBench(), new = version("1")
        bench.engine.replace(new, ProbationTerms(entries: 1))
        #expect(bench.engine.slots[0].probation?.left == 1)
        new.wishes = 150
        show(bench, 0)
        bench.pass(1100)
        // 150 / 4 = 37.50 at 151.00: 0.24 in lots of 0.01.
        #expect(bench.orders.map(\.quantity).max() == quantity("0.24"))
        bench.executeAll()
        new.wishes = nil
        #expect(bench.engine.slots[0].probation == nil)
        #expect(bench.notes.contains(.proven(owner: "puppet", version: "1")))
    }

    /// A quarter of 150 USD is 37.50; a contract costs up to 151.02.
    @Test(arguments: [("0.23", "0.24", false), ("0.24", "0.25", true), ("0.49", "0.5", true)])
    func `enter the least quantity where a quarter of the size buys none, and say so once`(
        least: String, entered: String, isTold: Bool
    ) {
        let bench = EngineBench(pair: solPair(minimum: least)), new = version("1")
        bench.engine.replace(new, ProbationTerms(entries: 1))
        new.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(1100)
        #expect(bench.holding.direction == .carry)
        #expect(bench.orders.first { $0.instrument == bench.perp }?.quantity == quantity(entered))
        bench.executeAll()
        #expect(bench.engine.slots[0].probation == nil, "it can be proven")
        #expect(bench.alerts.count == (isTold ? 1 : 0), "\(bench.alerts)")
    }

    @Test func `enter nothing on probation where the whole size buys nothing either`() {
        let bench = EngineBench(pair: solPair(minimum: "1")), new = version("1")
        bench.engine.replace(new, ProbationTerms(entries: 1))
        new.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(1100)
        #expect(bench.orders.isEmpty && bench.alerts.isEmpty)
    }

    @Test(
        arguments: [
            (nil, "37.5"), (["BTC"], "77.0202"), (["SOL"], "37.5"),
        ] as [([String]?, String)])
    func `leave out a pair that is too large where another is not`(pairs: [String]?, size: String) {
        let large = solPair(minimum: "0.5", base: "BTC", first: 0, id: 0), small = solPair(first: 2, id: 1)
        let instruments = [large.spot, large.perp, small.spot, small.perp]
        let engine = Engine(instruments: instruments, pairs: [large, small], limits: RiskLimits())
        engine.add(version("0"))
        engine.replace(version("1") { $0.pairs = pairs }, ProbationTerms(entries: 1))
        let books: [Event] = instruments.map {
            let touch = $0.kind == .spot ? ("149.99", "150.01") : ("151.00", "151.02")
            return .book(
                $0.id,
                .snapshot(bids: levels([(touch.0, "500")]), asks: levels([(touch.1, "500")]), sequence: 1))
        }
        // Without prices nobody knows that none can be entered.
        #expect(engine.probationSize(0, large, within: Money(150)) == money("37.5"))
        engine.turn(books, now: EngineBench.start)
        #expect(engine.probationSize(0, large, within: Money(150)) == money(size))
        #expect(engine.probationSize(0, large, within: Money(20)) == Money(20))
    }

    @Test func `bring the kept version back at the first fault, with the script it was`() {
        let bench = EngineBench(), new = version("1")
        new.breaks = fault
        bench.engine.replace(new, ProbationTerms(entries: 3))
        show(bench, 0)
        #expect(rolledBack(bench) == ["1 to 0: puppet.lua:7: test"])
        #expect(bench.engine.slots[0].strategy === bench.script)
        #expect(bench.engine.slots[0].stopped == nil, "the kept version is in service")
        bench.script.wishes = 150
        show(bench, 1)
        bench.pass(1100)
        #expect(!bench.orders.isEmpty)
    }

    @Test func `forgive one fault when it is proven`() {
        let bench = EngineBench(), new = version("1")
        bench.engine.replace(new)
        bench.openPair()
        new.leaves = .fault(fault)
        new.wishes = 150
        show(bench, 0)
        #expect(rolledBack(bench).isEmpty)
    }

    @Test(arguments: [(2, false), (3, true)])
    func `take back a version that is denied three times for one reason`(times: Int, isBack: Bool) {
        var limits = RiskLimits()
        limits.priceCollar = Percent(raw: 0)
        let bench = EngineBench(limits: limits), new = version("1")
        bench.engine.replace(new, ProbationTerms(entries: 3))
        show(bench, 0)
        new.plan = RestingPlan(rest: .perp)
        for look in 0..<times {
            new.wishes = 150
            show(bench, look + 1)
            new.wishes = nil
        }
        #expect(bench.engine.counters.denials[.priceCollar] == times)
        #expect(rolledBack(bench) == (isBack ? ["1 to 0: 3 denials price_collar"] : []))
    }

    @Test func `not hold against a version what the day forbids everybody`() {
        var limits = RiskLimits()
        limits.tradesPerDayMax = 0
        let bench = EngineBench(limits: limits), new = version("1")
        bench.engine.replace(new, ProbationTerms(entries: 3))
        show(bench, 0)
        new.plan = RestingPlan(rest: .perp)
        new.wishes = 150
        for look in 0..<5 { show(bench, look + 1) }
        #expect(bench.engine.counters.denials[.tradesPerDay] == 5)
        #expect(rolledBack(bench).isEmpty)
    }

    @Test(
        arguments: [
            .maxPositionSize, .totalExposure, .grossExposure, .budget, .runway, .margin, .hedgeCollar,
        ] as [Reason])
    func `not hold against a version that the host's own size just misses a limit`(reason: Reason) {
        let bench = EngineBench(), isItsOwn = reason == .margin || reason == .hedgeCollar
        bench.engine.replace(version("1"), ProbationTerms(entries: 3))
        for _ in 0..<5 {
            bench.engine.countDenial(0, Denial(reason))
        }
        #expect(bench.engine.slots[0].decisions == (isItsOwn ? 5 : 0))
        show(bench, 0)
        #expect(rolledBack(bench) == (isItsOwn ? ["1 to 0: 3 denials \(reason.rawValue)"] : []))
    }

    @Test(arguments: [(6, false), (7, true)])
    func `take back a version that decides far more often than it was rehearsed`(
        decisions: Int, isBack: Bool
    ) throws {
        let bench = EngineBench(), new = version("1")
        // None was rehearsed, one entry is on probation: 2 · 1 + 4 are let pass.
        bench.engine.replace(
            new, ProbationTerms(entries: 1, rehearsedDecisions: 0, rehearsedFor: .seconds(900)))
        new.plan = RestingPlan(rest: .perp, timeout: .seconds(60), fallback: .cancel)
        for look in 1...decisions {
            new.wishes = 150
            show(bench, look)
            let post = try #require(bench.take(bench.perp))
            bench.turn([.order(bench.update(post, .new))])
            new.wishes = nil
            bench.quote(perp: ("149.90", "149.92"))
            bench.turn([.order(bench.update(post, .cancelled))])
            bench.pass(2500)
        }
        #expect(bench.engine.slots[0].decisions == decisions)
        #expect(rolledBack(bench).isEmpty == !isBack)
    }

    @Test func `stop a newcomer that fails when there is nothing to go back to`() {
        let bench = EngineBench(), new = version("1") { $0.name = "newcomer" }
        new.breaks = fault
        #expect(bench.engine.join(new, inShadow: false, ProbationTerms(entries: 3)))
        show(bench, 0)
        #expect(bench.engine.slots[1].stopped == fault)
        #expect(
            bench.notes.contains(.strategyFault(owner: "newcomer", version: "1", fault, stopped: true)),
            "a restart must know of it")
        #expect(!bench.engine.join(new, inShadow: false, ProbationTerms()), "it is there already")
    }

    @Test func `let a newcomer trade, and ask in the order of the names`() {
        let bench = EngineBench(), new = version("1") { $0.name = "a_newcomer" }
        #expect(bench.engine.join(new, inShadow: false, ProbationTerms()))
        #expect(bench.engine.slotOrder.map { bench.engine.slots[$0].name } == ["a_newcomer", "puppet"])
        new.wishes = 150
        show(bench, 0)
        bench.pass(1100)
        bench.executeAll()
        #expect(bench.engine.slots[1].entries == 1)
        #expect(bench.engine.ledger.balance(Account("a_newcomer", .venue), Asset("SOL")) > .zero)
    }

    @Test func `leave a newcomer in the shadow alone until it is promoted`() {
        let bench = EngineBench(), new = version("1") { $0.name = "newcomer" }
        bench.engine.join(new, inShadow: true, ProbationTerms())
        new.wishes = 150
        show(bench, 0)
        bench.pass(500)
        #expect(new.scores == 0 && bench.orders.isEmpty)
        bench.obey(.script("newcomer", .resume))
        bench.obey(.script("newcomer", .rearm))
        #expect(bench.engine.slots[1].tradingState == .shadow, "only a promotion ends it")
        bench.engine.replace(new, ProbationTerms(entries: 3))
        show(bench, 1)
        bench.pass(1100)
        #expect(!bench.orders.isEmpty)
    }

    @Test func `let the version that opened a pair exit it`() {
        let bench = EngineBench(), new = version("1")
        bench.openPair()
        bench.engine.replace(new)
        bench.quote(perp: ("150.80", "150.82"))
        #expect(new.exits == 0 && bench.script.exits > 0)
        bench.script.leaves = .exit(reason: "mine", resting: nil)
        bench.quote(perp: ("150.81", "150.83"))
        #expect(bench.holding.state == .exiting)
        bench.executeAll()
        #expect(bench.engine.slots[0].earlier.isEmpty, "with its last position it is forgotten")
    }

    @Test(arguments: [(true, true), (true, false), (false, true)])
    func `hand a pair over only to a version that adopts and whose exits were rehearsed`(
        adopts: Bool, rehearsed: Bool
    ) {
        let bench = EngineBench(), new = version("1") { $0.adopts = adopts }
        bench.openPair()
        bench.engine.replace(new, ProbationTerms(exitsRehearsed: rehearsed))
        let before = bench.script.exits
        bench.quote(perp: ("150.80", "150.82"))
        #expect((new.exits > 0) == (adopts && rehearsed))
        #expect((bench.script.exits > before) == !(adopts && rehearsed))
    }

    @Test func `give the positions of an earlier version that runs away to the host`() {
        let script = PuppetStrategy { $0.replaces = EconomicExit.allCases }
        let bench = EngineBench(script: script), new = version("1")
        bench.openPair()
        bench.engine.replace(new)
        script.leaves = .fault(StrategyFault(kind: .steps, place: nil, message: "ran away"))
        bench.quote(perp: ("149.89", "149.91"))
        bench.quote(perp: ("149.90", "149.92"))
        #expect(bench.holding.state == .exiting, "converged, by the host's rule")
        #expect(bench.engine.slots[0].stopped == nil, "the active version has done nothing")
    }

    @Test func `go back one step by hand, at any time, and only one`() {
        let bench = EngineBench(), new = version("1")
        bench.engine.replace(new)
        bench.obey(.script("puppet", .rollBack))
        #expect(rolledBack(bench) == ["1 to 0: by the operator"])
        bench.obey(.script("puppet", .rollBack))
        #expect(rolledBack(bench).count == 1)
        #expect(bench.engine.slots[0].strategy === bench.script)
    }

    @Test func `go back to the version that is proven, past one that is not`() {
        let bench = EngineBench()
        bench.engine.replace(version("1"), ProbationTerms(entries: 3))
        bench.engine.replace(version("2"), ProbationTerms(entries: 3))
        bench.obey(.script("puppet", .rollBack))
        #expect(rolledBack(bench) == ["2 to 0: by the operator"])
    }

    @Test func `go back past a version that was stopped, where one in service is kept`() {
        let bench = EngineBench(), stopped = version("1")
        bench.engine.replace(stopped)
        stopped.breaks = StrategyFault(kind: .steps, place: nil, message: "ran away")
        show(bench, 0)
        #expect(bench.engine.slots[0].stopped != nil)
        bench.engine.replace(version("2"), ProbationTerms(entries: 3))
        bench.obey(.script("puppet", .rollBack))
        #expect(rolledBack(bench) == ["2 to 0: by the operator"])
    }

    @Test func `go back to one that is not proven rather than to one that was stopped`() {
        let bench = EngineBench()
        bench.script.breaks = StrategyFault(kind: .steps, place: nil, message: "ran away")
        show(bench, 0)
        #expect(bench.engine.slots[0].stopped != nil)
        bench.engine.replace(version("1"), ProbationTerms(entries: 3))
        bench.engine.replace(version("2"), ProbationTerms(entries: 3))
        bench.obey(.script("puppet", .rollBack))
        #expect(rolledBack(bench) == ["2 to 1: by the operator"])
    }

    @Test func `go back to the version before once that is proven`() {
        let bench = EngineBench(), proven = version("1"), new = version("2")
        bench.engine.replace(proven, ProbationTerms(entries: 1))
        proven.wishes = 150
        show(bench, 0)
        bench.pass(1100)
        bench.executeAll()
        proven.wishes = nil
        #expect(bench.engine.slots[0].probation == nil)
        bench.engine.replace(new, ProbationTerms(entries: 3))
        bench.obey(.script("puppet", .rollBack))
        #expect(rolledBack(bench) == ["2 to 1: by the operator"])
        #expect(bench.engine.slots[0].strategy === proven)
    }

    @Test func `have nothing to go back to after a promotion from the shadow`() {
        let bench = EngineBench(), seen = version("1") { $0.name = "newcomer" }
        let promoted = version("2") { $0.name = "newcomer" }
        bench.engine.join(seen, inShadow: true, ProbationTerms(entries: 3))
        bench.engine.replace(promoted, ProbationTerms(entries: 3))
        #expect(bench.engine.slots[1].kept == nil, "what only stood in the shadow never traded")
        bench.obey(.script("newcomer", .rollBack))
        #expect(rolledBack(bench).isEmpty && bench.engine.slots[1].strategy === promoted)
        promoted.breaks = fault
        show(bench, 0)
        #expect(rolledBack(bench).isEmpty)
        #expect(
            bench.engine.slots[1].stopped == fault, "its positions are the host's, not an older version's")
    }

    @Test func `keep entries stopped while the file is missing, whatever version is brought back or taken`() {
        let bench = EngineBench(), new = version("1"), another = version("2")
        warmUp(bench)
        bench.engine.replace(new)
        bench.obey(.missing("puppet", true))
        for script in [bench.script, new, another] { script.wishes = 150 }
        bench.obey(.script("puppet", .rollBack))
        #expect(rolledBack(bench).count == 1)
        bench.quote(quantity: "501")
        bench.pass(1100)
        #expect(bench.orders.isEmpty && bench.engine.slots[0].missing)
        // From the records, where nothing is kept on the desk.
        bench.engine.replace(another)
        bench.quote(quantity: "502")
        bench.pass(1100)
        #expect(bench.orders.isEmpty && bench.engine.slots[0].missing)
        bench.obey(.missing("puppet", false))
        bench.quote(quantity: "503")
        bench.pass(1100)
        #expect(!bench.orders.isEmpty, "the file is back")
    }

    @Test func `measure nothing for a strategy whose file is gone and that holds nothing`() {
        let bench = EngineBench()
        warmUp(bench)
        bench.script.wishes = 150
        bench.quote(quantity: "500")
        #expect(bench.orders.isEmpty, "it has to last first")
        bench.obey(.missing("puppet", true))
        let looks = bench.engine.counters.evaluations, scores = bench.script.scores
        for number in 1...5 { bench.quote(quantity: "50\(number)") }
        bench.pass(1100)
        #expect(bench.engine.counters.evaluations == looks && bench.script.scores == scores)
        // How long the spread has lasted is counted from here.
        bench.obey(.missing("puppet", false))
        #expect(bench.script.scores > scores && bench.orders.isEmpty)
        bench.pass(1100)
        #expect(!bench.orders.isEmpty)
    }

    @Test func `let a strategy whose file is gone exit what it holds`() {
        let bench = EngineBench()
        bench.openPair()
        bench.obey(.missing("puppet", true))
        bench.script.leaves = .exit(reason: "mine", resting: nil)
        bench.quote(perp: ("150.80", "150.82"))
        #expect(bench.holding.state == .exiting)
    }

    @Test(arguments: [(false, true), (true, false)])
    func `leave what a post did not fill when another version took over meanwhile`(
        swaps: Bool, takesRest: Bool
    ) throws {
        let bench = EngineBench()
        warmUp(bench)
        bench.script.wishes = 150
        bench.script.plan = RestingPlan(rest: .perp, timeout: .seconds(2), fallback: .taker)
        bench.quote(quantity: "501")
        let post = try #require(bench.take(bench.perp))
        bench.turn([.order(bench.update(post, .new))])
        bench.script.wishes = nil
        bench.execute(post, "0.40", ends: false)
        bench.executeAll()
        if swaps { bench.engine.replace(version("1")) }
        bench.pass(1500)
        bench.quote(quantity: "502")
        bench.pass(600)
        #expect(bench.cancels == [post.id], "its time is over")
        bench.turn([.order(bench.update(post, .cancelled, executed: "0.40"))])
        #expect(bench.orders.isEmpty != takesRest)
        bench.executeAll()
        #expect(bench.holding.perp == (takesRest ? -post.quantity : quantity("-0.40")))
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
        #expect(bench.engine.counters.fallbacks == (takesRest ? 1 : 0))
    }

    @Test func `cancel what a version that was taken back left resting`() throws {
        let bench = EngineBench(), new = version("1")
        bench.engine.replace(new)
        new.wishes = 150
        new.plan = RestingPlan(rest: .perp, timeout: .seconds(60), fallback: .cancel)
        show(bench, 0)
        let post = try #require(bench.take(bench.perp))
        bench.turn([.order(bench.update(post, .new))])
        new.wishes = nil
        bench.obey(.script("puppet", .rollBack))
        #expect(bench.cancels == [post.id])
    }

    @Test func `say that a stopped version is given another try, and only then`() {
        let bench = EngineBench()
        func told() -> Int { bench.notes.count { $0 == .rearmed(owner: "puppet", version: "0") } }
        bench.obey(.script("puppet", .rearm))
        #expect(told() == 0)
        bench.script.breaks = StrategyFault(kind: .steps, place: nil, message: "ran away")
        show(bench, 0)
        bench.script.breaks = nil
        bench.obey(.script("puppet", .rearm))
        #expect(told() == 1 && bench.engine.slots[0].stopped == nil)
    }

    @Test func `hold, halt and arm one script without touching the other`() {
        let bench = EngineBench(), other = version("1") { $0.name = "zz_other" }
        bench.engine.join(other, inShadow: false, ProbationTerms())
        bench.obey(.script("puppet", .hold))
        #expect(bench.engine.slots.map(\.tradingState) == [.hold, .active])
        bench.obey(.script("puppet", .resume))
        bench.obey(.script("puppet", .halt))
        #expect(bench.engine.slots.map(\.tradingState) == [.halted, .active])
        bench.obey(.script("puppet", .rearm))
        #expect(bench.engine.slots.map(\.tradingState) == [.active, .active])
        #expect(bench.engine.state == .active)
    }

    @Test func `keep a daily loss latched across a new version`() {
        let bench = EngineBench()
        bench.openPair()
        bench.quote(perp: ("190.00", "190.02"))
        #expect(bench.engine.slots[0].tradingState == .reduceOnly)
        bench.engine.replace(version("1"), ProbationTerms(entries: 3))
        #expect(bench.engine.slots[0].tradingState == .reduceOnly)
    }
}
