import Core
import Testing

/// Two scripts on one pair: `giver` holds it, `taker` will want it.
private final class Meeting {
    let bench: EngineBench
    let giver: PuppetStrategy, taker: PuppetStrategy

    init(
        giver name: String = "alpha", taker other: String = "beta", holds usd: Double = 150,
        pair: Pair = solPair(), direction: Direction = .carry,
        limits change: (inout RiskLimits) -> Void = { _ in }
    ) {
        var limits = RiskLimits()
        limits.inventory = [OwnCoins(asset: Asset("SOL"), quantity: quantity("10"))]
        (limits.cooldown, limits.lossCooldown) = (.zero, .zero)
        change(&limits)
        let replaced = EconomicExit.allCases
        giver = PuppetStrategy(name) { ($0.directions, $0.replaces) = ([direction], replaced) }
        taker = PuppetStrategy(other) { ($0.directions, $0.replaces, $0.adds) = ([direction], replaced, 9) }
        bench = EngineBench(
            limits: limits, pair: pair, script: giver, coins: "10", others: [taker], usdc: "5000")
        isCarry = direction == .carry
        flat(60)
        enter(giver, usd)
    }

    private let isCarry: Bool

    /// Nothing to be had, as long as the mean basis forgets.
    func flat(_ seconds: Int64) {
        bench.quote(perp: isCarry ? ("149.80", "149.82") : ("150.18", "150.20"))
        bench.pass(seconds * 1000, step: 1000)
    }

    /// A spread whose far side differs from look to look: the same walk is not shown twice.
    func spread() {
        looks += 1
        let cents = [2, 3, 5, 6, 7][looks % 5]
        bench.quote(perp: isCarry ? ("151.00", "151.0\(cents)") : ("148.9\(8 - cents)", "149.00"))
    }
    private var looks = 0

    func enter(_ script: PuppetStrategy, _ usd: Double) {
        script.wishes = usd
        spread()
        bench.pass(1100)
        bench.executeAll()
        script.wishes = nil
    }

    func leave(_ script: PuppetStrategy) {
        script.leaves = .exit(reason: "test", resting: nil)
        spread()
        bench.executeAll()
        script.leaves = .hold
    }

    /// Both decide in the same turn; what they then send stays unanswered.
    func meet(_ usd: Double) {
        bench.pass(1000)
        giver.leaves = .exit(reason: "test", resting: nil)
        taker.wishes = usd
        let before = bench.notes.count
        // One frame: a second one in another turn would find the exit on its way.
        bench.turn([
            .alive(.publicStream),
            .book(
                bench.perp,
                .snapshot(
                    bids: levels([(isCarry ? "151.00" : "148.94", "500")]),
                    asks: levels([(isCarry ? "151.04" : "149.00", "500")]), sequence: 9_000_000)),
        ])
        giver.leaves = .hold
        taker.wishes = nil
        told = bench.notes.dropFirst(before).compactMap {
            if case .transfer(let from, let to, _, let size) = $0 { "\(from) \(to) \(size)" } else { nil }
        }
    }
    private(set) var told: [String] = []

    var given: Holding { bench.holding(giver.contract.name) }
    var taken: Holding { bench.holding(taker.contract.name) }

    /// Per owner and in all the rows of an asset sum to zero, what the venue holds is what it held, and the
    /// profit by cause is the sub-ledger at mid, to the last digit.
    func check(_ before: Ledger) {
        let ledger = bench.engine.ledger
        for asset in ledger.assets {
            #expect(ledger.venueBalance(asset) == before.venueBalance(asset), "\(asset)")
            for owner in [giver.contract.name, taker.contract.name, Account.house] {
                let sum = ledger.rows.reduce(Money.zero) {
                    $1.account.owner == owner && $1.asset == asset ? $0 + $1.balance : $0
                }
                #expect(sum == .zero, "\(owner) \(asset)")
            }
        }
        for (slot, state) in bench.engine.slots.enumerated() {
            let causes = bench.engine.profitByCause(ofSlot: slot)
            let cash = ledger.balance(Account(state.name, .venue), .usdc)
            #expect(causes.total - causes.residual == cash, "\(state.name)")
            let holding = bench.holding(state.name)
            #expect(ledger.balance(Account(state.name, .venue), Asset("SOL")) == holding.coins)
            let contracts = Money(raw: Int128(holding.perp.raw) * 10_000)
            #expect(ledger.balance(Account(state.name, .venue), Asset("SOL_USDC_PERP")) == contracts)
            #expect(holding.imbalance.magnitude < bench.pair.leastQuantity, "\(state.name)")
        }
    }
}

@Suite struct `An exit that meets an entry` {
    @Test(arguments: [("alpha", "beta"), ("beta", "alpha")], [Direction.carry, .reverse])
    func `is handed over at mid without an order, whoever is asked first`(
        names: (String, String), direction: Direction
    ) {
        let meeting = Meeting(giver: names.0, taker: names.1, direction: direction)
        let (bench, before) = (meeting.bench, meeting.bench.engine.ledger)
        let held = meeting.given
        let counters = bench.engine.counters
        meeting.meet(150)
        #expect(bench.orders.isEmpty)
        #expect(meeting.told == ["\(names.0) \(names.1) \(held.perp.magnitude)"])
        #expect(meeting.given.state == .idle && meeting.given.isFlat)
        #expect(meeting.taken.state == .open)
        #expect(meeting.taken.perp == held.perp)
        #expect(meeting.taken.openedAt == bench.now)
        #expect(meeting.taken.entriesMade == 1)
        meeting.check(before)
        let after = bench.engine.counters
        #expect(after.transfers == 1)
        #expect(after.entries == counters.entries + 1)
        #expect((after.exits, after.rounds) == (counters.exits + 1, counters.rounds + 1))
        #expect(after.ordersSent == counters.ordersSent)
        #expect(bench.engine.profitByCause(ofSlot: bench.holding(names.1).slot).fees == .zero)
        // Spot mid 150.00, perp mid 151.02 or 148.97.
        #expect(meeting.taken.entryGross == percent(direction == .carry ? "0.68" : "0.69141437"))
        bench.pass(5000)
        #expect(bench.orders.isEmpty, "nothing is left to be done")
    }

    @Test func `is handed over in part, and the rest of the exit is ordered`() {
        let meeting = Meeting()
        let (bench, before) = (meeting.bench, meeting.bench.engine.ledger)
        meeting.meet(75)
        #expect(meeting.told == ["alpha beta 0.49"])
        #expect(meeting.taken.state == .open)
        #expect(meeting.taken.coins == money("0.49"), "exactly as many coins as contracts")
        #expect(meeting.given.state == .exiting)
        #expect(meeting.given.perp == quantity("-0.5"))
        meeting.check(before)
        #expect(
            bench.orders.map(\.purposeText) == ["sell 0.49 spot rejectMaker", "buy 0.5 perp rejectMaker"])
        bench.executeAll()
        #expect(meeting.given.state == .idle)
        #expect(bench.engine.counters.rounds == 1)
    }

    @Test func `fills an entry in part, and the rest of it is ordered`() {
        let meeting = Meeting(holds: 75)
        let (bench, before) = (meeting.bench, meeting.bench.engine.ledger)
        meeting.meet(150)
        #expect(meeting.told == ["alpha beta 0.49"])
        #expect(meeting.given.state == .idle)
        #expect(meeting.taken.state == .entering)
        meeting.check(before)
        #expect(bench.orders.map(\.purposeText) == ["buy 0.5 spot rejectTaker", "sell 0.5 perp rejectTaker"])
        bench.executeAll()
        #expect(meeting.taken.state == .open)
        #expect(meeting.taken.perp == quantity("-0.99"))
        #expect(meeting.taken.entriesMade == 1)
        #expect(bench.engine.counters.entries == 2)
    }

    @Test func `keeps what it took over when the rest of the entry is not to be had`() throws {
        let meeting = Meeting(holds: 75)
        let bench = meeting.bench
        meeting.meet(150)
        while let order = bench.orders.first {
            bench.take(order.instrument)
            bench.execute(order, "0")
        }
        #expect(meeting.taken.state == .open)
        #expect(meeting.taken.perp == quantity("-0.49"))
        #expect(bench.engine.counters.entries == 2)
    }

    /// 0.99 are held and the least quantity is 0.20: an entry of 0.86 or of 0.80 would leave too little, and
    /// takes over less; one of 0.19 is none at all, and one of 0.20 could not be sold again after its fee.
    @Test(
        arguments: [
            (130, "0.79", "0.2"), (121, "0.79", "0.2"), (120, "0.79", "0.2"), (32, "0.21", "0.78"),
            (31, nil, "0.99"), (29, nil, "0.99"),
        ] as [(Double, String?, String)])
    func `leaves nothing that cannot be traded`(usd: Double, moved: String?, left: String) {
        let meeting = Meeting(pair: solPair(minimum: "0.2"))
        let before = meeting.bench.engine.ledger
        meeting.meet(usd)
        #expect(meeting.told == (moved.map { ["alpha beta \($0)"] } ?? []))
        #expect(meeting.given.perp.magnitude == quantity(left))
        #expect(meeting.taken.perp.magnitude == quantity(moved ?? "0"))
        #expect(!meeting.taken.state.isBusy, "a rest of the entry that is too small is dropped")
        meeting.check(before)
    }

    @Test func `evens out the dust of who takes over`() {
        let meeting = Meeting()
        let bench = meeting.bench
        meeting.enter(meeting.taker, 120)
        meeting.leave(meeting.taker)
        let dust = meeting.taken.coins
        #expect(meeting.taken.isFlat && dust > .zero)
        meeting.flat(30)
        meeting.spread()
        let before = bench.engine.ledger
        meeting.meet(150)
        #expect(meeting.told == ["alpha beta 0.99"])
        let owned = money("0.98901")
        #expect(meeting.taken.coins == min(money("0.99"), owned + dust))
        #expect(meeting.given.coins + meeting.taken.coins == owned + dust)
        meeting.check(before)
    }

    @Test func `adds to what the other holds already`() {
        let meeting = Meeting(holds: 45)
        meeting.enter(meeting.taker, 60)
        let before = meeting.bench.engine.ledger
        meeting.meet(45)
        #expect(meeting.told == ["alpha beta 0.29"])
        #expect(meeting.taken.entriesMade == 2)
        #expect(meeting.taken.state == .open)
        meeting.check(before)
    }

    @Test(arguments: [RestingLeg.spot, .perp])
    func `is ordered when the entry would rest`(leg: RestingLeg) {
        let meeting = Meeting(limits: { $0.unhedgedMax = Money(400) })
        meeting.taker.plan = RestingPlan(rest: leg)
        meeting.meet(150)
        #expect(meeting.told.isEmpty)
        #expect(meeting.bench.orders.count == 3)
        // What lowers risk is sent first.
        #expect(meeting.bench.orders.prefix(2).allSatisfy { $0.selfTrade == .rejectMaker })
    }

    @Test func `is ordered when the entry is denied`() {
        let meeting = Meeting(limits: { $0.totalExposureMax = Money(150) })
        meeting.meet(150)
        #expect(meeting.told.isEmpty)
        #expect(meeting.given.state == .exiting)
        #expect(meeting.bench.orders.count == 2)
    }

    @Test func `is not met while it flattens`() {
        let meeting = Meeting()
        meeting.taker.wishes = 150
        meeting.bench.obey(.flatten)
        #expect(meeting.bench.engine.counters.transfers == 0)
        #expect(meeting.bench.orders.count == 2)
        meeting.meet(150)
        #expect(meeting.bench.engine.counters.transfers == 0)
    }

    @Test func `hands nothing to an entry that comes when its orders are out`() {
        let meeting = Meeting(limits: { $0.unhedgedMax = Money(400) })
        let bench = meeting.bench
        meeting.giver.leaves = .exit(reason: "test", resting: nil)
        meeting.spread()
        #expect(bench.orders.count == 2)
        meeting.meet(150)
        #expect(meeting.told.isEmpty)
        #expect(bench.orders.count == 4)
    }
}

extension Order {
    fileprivate var purposeText: String {
        "\(side.rawValue) \(quantity) \(instrument.index == 0 ? "spot" : "perp") \(selfTrade)"
    }
}

@Suite struct `Two strategies on one instrument` {
    /// One rests a spot bid, the other sells its coins at once.
    @Test func `an exit that would take a post of ours makes the post give way`() throws {
        let meeting = Meeting()
        let bench = meeting.bench
        meeting.taker.plan = RestingPlan(rest: .spot, timeout: .seconds(60), fallback: .cancel)
        meeting.taker.wishes = 150
        meeting.spread()
        let post = try #require(bench.take(bench.spot))
        bench.turn([.order(bench.update(post, .new))])
        #expect(post.postOnly && post.side == .buy && post.selfTrade == .rejectTaker)
        meeting.taker.wishes = nil
        meeting.giver.leaves = .exit(reason: "test", resting: nil)
        meeting.spread()
        let sale = try #require(bench.take(bench.spot))
        #expect(sale.side == .sell && sale.selfTrade == .rejectMaker)
        // The venue takes the post off for it; nothing of it was executed.
        bench.turn([.order(bench.update(post, .cancelled))])
        bench.execute(sale)
        bench.executeAll()
        #expect(meeting.given.state == .idle)
        #expect(meeting.taken.isFlat)
        #expect(bench.engine.ledger.sums.allSatisfy { $0.sum == .zero })
    }

    /// One rests its coins for sale, the other buys: what is refused is the entry.
    @Test func `an entry that would take a post of ours is refused itself`() throws {
        let meeting = Meeting()
        let bench = meeting.bench
        meeting.giver.leaves = .exit(
            reason: "test", resting: RestingPlan(rest: .spot, timeout: .seconds(600)))
        meeting.spread()
        let post = try #require(bench.take(bench.spot))
        bench.turn([.order(bench.update(post, .new))])
        #expect(post.postOnly && post.side == .sell)
        meeting.taker.wishes = 150
        meeting.spread()
        let buy = try #require(bench.take(bench.spot))
        #expect(buy.side == .buy && buy.selfTrade == .rejectTaker)
        bench.execute(buy, "0")
        if let perp = bench.take(bench.perp) { bench.execute(perp, "0") }
        #expect(meeting.taken.isFlat && meeting.taken.state == .idle)
        #expect(meeting.given.state == .exiting)
    }

    @Test func `every order says how it gives way to our own`() {
        let meeting = Meeting(holds: 75)
        let bench = meeting.bench
        meeting.leave(meeting.giver)
        meeting.flat(30)
        meeting.enter(meeting.taker, 150)
        meeting.leave(meeting.taker)
        for case .placing(_, _, let purpose, let orders) in bench.notes {
            for order in orders {
                #expect(order.selfTrade == (purpose.raisesRisk ? .rejectTaker : .rejectMaker))
            }
        }
    }
}
