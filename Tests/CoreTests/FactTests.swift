import Core
import Testing

extension EngineBench {
    fileprivate var fills: [BookedFill] {
        notes.compactMap { if case .filled(let fill) = $0 { fill } else { nil } }
    }
    fileprivate var standings: [OrderStanding] {
        notes.compactMap { if case .order(let order) = $0 { order } else { nil } }
    }
    fileprivate var settlements: [Settlement] {
        notes.compactMap { if case .settled(let settlement) = $0 { settlement } else { nil } }
    }
    fileprivate var rounds: [Round] {
        notes.compactMap { if case .roundClosed(let round) = $0 { round } else { nil } }
    }
    fileprivate var unwound: [Round] {
        notes.compactMap { if case .unwound(let round) = $0 { round } else { nil } }
    }
    fileprivate var postings: [Posting] {
        notes.flatMap { note -> [Posting] in if case .posted(let postings) = note { postings } else { [] } }
    }

    /// The told postings are those of the ledger, none twice and none left out.
    fileprivate func expectLedgerFromPostings() {
        var told = Ledger()
        for posting in postings { told.post(posting) }
        #expect(told.rows == engine.ledger.rows)
        var keys: [String] = []
        for posting in postings {
            let (from, to) = (posting.from, posting.to)
            for side in [(from, to), (to, from)] {
                keys.append(
                    "\(posting.cause) \(posting.reference) \(side.0.owner) \(side.0.name) \(side.1.name) "
                        + "\(posting.asset)")
            }
        }
        #expect(Set(keys).count == keys.count, "a posting has one key")
        // What has the same name in another turn is taken for the same fact told again.
        let turns = notes.compactMap { note -> Set<String>? in
            guard case .posted(let postings) = note else { return nil }
            return Set(postings.map { "\($0.cause) \($0.reference)" })
        }
        #expect(turns.reduce(0) { $0 + $1.count } == turns.reduce(into: Set()) { $0.formUnion($1) }.count)
    }

    /// Nothing to be had for a minute: what the basis is on average lies far below the spread that follows.
    fileprivate func rest() {
        quote(perp: ("149.80", "149.82"))
        pass(60_000, step: 1000)
    }

    /// Closes what is held where it has converged.
    fileprivate func closePair() {
        quote(perp: ("149.90", "149.92"))
        executeAll()
    }
}

@Suite struct `What an engine tells of money` {
    @Test func `is every execution and order once, and postings that add up to the ledger`() throws {
        let bench = EngineBench()
        bench.openPair()
        bench.closePair()
        #expect(bench.fills.count == bench.engine.counters.fills)
        #expect(bench.fills.map(\.attribution) == Array(repeating: .clientID, count: 4))
        #expect(bench.fills.map(\.owner) == Array(repeating: "puppet", count: 4))
        #expect(Set(bench.fills.map(\.symbol)) == ["SOL_USDC", "SOL_USDC_PERP"])
        #expect(bench.fills.allSatisfy { ($0.leg == .spot) == ($0.symbol == "SOL_USDC") && $0.pair == "SOL" })
        let sent = bench.standings.filter { $0.endedAt == nil }
        let ended = bench.standings.filter { $0.endedAt != nil }
        #expect(sent.count == 4 && sent.allSatisfy { $0.state == .sent && $0.executed == .zero })
        #expect(ended.map(\.state) == Array(repeating: .closed(.filled), count: 4))
        #expect(ended.allSatisfy { $0.executed == $0.order.quantity && $0.venueOrderID != nil })
        #expect(Set(ended.map(\.order.id)) == Set(sent.map(\.order.id)))
        bench.expectLedgerFromPostings()
        // One of 1000 USDC, and three for each fill.
        #expect(bench.postings.count == 1 + 3 * 4)
    }

    @Test func `is an execution once that stream and history both report`() throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        let fill = bench.fill(post, quantity("0.30"))
        for _ in 1...2 {
            bench.turn([.order(bench.update(post, .partiallyFilled, executed: "0.30", fill: fill))])
        }
        #expect(bench.fills.map(\.fill) == [fill])
        bench.expectLedgerFromPostings()
    }

    @Test func `names our order also where the venue named only its own`() throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        let whole = bench.fill(post, quantity("0.30"))
        let nameless = Fill(
            instrument: whole.instrument, side: whole.side, price: whole.price, quantity: whole.quantity,
            fee: whole.fee, feeAsset: whole.feeAsset, tradeID: whole.tradeID,
            venueOrderID: whole.venueOrderID, clientOrderID: nil, liquidity: .maker,
            venueTime: whole.venueTime)
        bench.turn([.order(bench.update(post, .partiallyFilled, executed: "0.30", fill: nameless))])
        #expect(bench.fills.map(\.attribution) == [.venueOrderID])
        #expect(bench.fills.first?.order == post.id)
    }

    @Test func `is a stranger's execution in two parts: what it took from a leg, and the house's`() throws {
        let bench = EngineBench()
        bench.openPair()
        let before = bench.fills.count
        bench.stranger(bench.perp, .buy, "151.02", "1.50")
        let told = Array(bench.fills.dropFirst(before))
        #expect(told.map(\.attribution) == [.taken, .house])
        #expect(told.map(\.owner) == ["puppet", "house"])
        #expect(told.map(\.fill.quantity) == [quantity("0.99"), quantity("0.51")])
        #expect(told.reduce(Money.zero) { $0 + $1.fill.fee } == money("0.1"))
        #expect(told.map(\.origin) == ["LIQUIDATION_AUTOCLOSE", "LIQUIDATION_AUTOCLOSE"])
        #expect(told.allSatisfy { $0.order == nil })
        bench.expectLedgerFromPostings()
    }

    @Test func `is why an order was refused`() throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot, answered: false)
        bench.answer {
            if case .submit = $0 {
                .refused(Refusal(status: 400, code: "INSUFFICIENT_FUNDS", message: "too little"))
            } else {
                nil
            }
        }
        let told = bench.standings.filter { $0.order.id == post.id }
        #expect(told.map(\.state) == [.sent, .rejected])
        #expect(told.map(\.reason) == [nil, "INSUFFICIENT_FUNDS: too little"])
    }

    @Test func `is an order once more when an execution comes after its last word, and then no round`()
        throws
    {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        bench.quote(perp: ("149.90", "149.92"))
        bench.turn([.order(bench.update(post, .cancelled))])
        bench.pass(100)
        let late = bench.fill(post, quantity("0.98"))
        bench.turn([.order(bench.update(post, .cancelled, executed: "0.98", fill: late))])
        let told = bench.standings.filter { $0.order.id == post.id }
        #expect(told.map(\.executed) == [.zero, .zero, quantity("0.98")])
        #expect(told.map(\.state) == [.sent, .closed(.cancelled), .closed(.cancelled)])
        let repair = try #require(bench.take(bench.spot))
        bench.execute(repair)
        #expect(bench.rounds.isEmpty && bench.engine.counters.rounds == 0)
        #expect(bench.unwound.map(\.entries) == [0])
        let costs = try #require(bench.unwound.first)
        #expect(costs.net == bench.engine.profitByCause.total)
        #expect(costs.net < .zero)
        #expect(costs.entered(.spot).quantity == quantity("0.98"))
        #expect(costs.left(.spot).quantity == quantity("0.97"))
        #expect(costs.entered(.perp).price == nil)
    }

    @Test func `is a settlement for each who held, the last one's share what is left of it`() throws {
        let second = PuppetStrategy("second")
        let bench = EngineBench(others: [second], usdc: "5000")
        bench.rest()
        bench.openPair()
        second.wishes = 100
        bench.quote(perp: ("151.00", "151.03"))
        bench.pass(1100)
        bench.executeAll()
        second.wishes = nil
        let holders = bench.engine.holdings.filter { !$0.isFlat }
        #expect(holders.count == 2, "\(bench.engine.counters.reasons.rows)")
        bench.pass(2_703_000, step: 1000)
        let end = Timestamp(milliseconds: 1_790_002_800_000)
        let payment = FundingPayment(
            instrument: bench.perp, amount: money("0.000000000100"), intervalEnd: end)
        var answers = 0
        bench.answer {
            guard case .fundingPayments = $0 else { return nil }
            answers += 1
            return .fundingPayments([payment])
        }
        #expect(answers == 1)
        #expect(bench.settlements.count == holders.count)
        #expect(bench.settlements.reduce(Money.zero) { $0 + $1.amount } == payment.amount)
        #expect(bench.settlements.allSatisfy { $0.intervalEnd == end && $0.symbol == "SOL_USDC_PERP" })
        bench.pass(3_600_000, step: 1000)
        bench.answer { if case .fundingPayments = $0 { .fundingPayments([payment]) } else { nil } }
        #expect(bench.settlements.count == holders.count, "told again it is the same")
        bench.expectLedgerFromPostings()
    }

    @Test func `is a settlement of the house when nobody here held`() throws {
        let bench = EngineBench()
        bench.pass(2_703_000, step: 1000)
        let payment = FundingPayment(
            instrument: bench.perp, amount: money("-0.25"),
            intervalEnd: Timestamp(milliseconds: 1_790_002_800_000))
        bench.answer { if case .fundingPayments = $0 { .fundingPayments([payment]) } else { nil } }
        #expect(bench.settlements.map(\.owner) == ["house"])
        #expect(bench.settlements.map(\.amount) == [money("-0.25")])
        bench.expectLedgerFromPostings()
    }
}

@Suite struct `What comes without an execution` {
    @Test func `is posted each time it comes`() {
        let bench = EngineBench()
        bench.openPair()
        for contracts in ["-0.80", "-0.60"] {
            for _ in 1...3 {
                bench.pass(10_100)
                bench.answerAsRecorded(contracts: contracts)
            }
            bench.executeAll()
            #expect(bench.holding.perp == quantity(contracts))
        }
        #expect(bench.fills.allSatisfy { $0.attribution == .clientID }, "there was none to tell")
        bench.expectLedgerFromPostings()
    }

    @Test func `is posted to who takes a position over, and is what its round began with`() throws {
        var limits = RiskLimits()
        limits.adoptPolicy = .flatten
        let bench = EngineBench(limits: limits, isReady: false)
        bench.quote()
        bench.mark()
        bench.answerAccount(usdc: "1000", coins: "0.80", contracts: "-0.80")
        bench.pass(1100)
        bench.executeAll()
        let round = try #require(bench.rounds.first)
        #expect(round.owner == "adopted")
        #expect(round.entered(.spot).quantity == quantity("0.80"))
        #expect(round.entered(.perp).quantity == quantity("0.80"))
        #expect(round.left(.perp).quantity == quantity("0.80"))
        bench.expectLedgerFromPostings()
    }

    @Test func `goes on after a kill: a round has what changed hands before it`() throws {
        let before = EngineBench()
        before.openPair()
        let after = before.killed()
        after.answerAsRecorded()
        after.quote()
        after.mark()
        after.pass(1000)
        after.answerAsRecorded()
        after.closePair()
        let round = try #require(after.rounds.first)
        #expect(round.entered(.spot).quantity == before.holding.tally.spotBought.quantity)
        #expect(round.entered(.perp).quantity == quantity("0.99"))
        #expect(round.left(.perp).quantity == quantity("0.99"))
        #expect(round.net == after.engine.profitByCause.total)
    }
}

@Suite struct `A round that is told` {
    @Test func `has what changed hands, its causes, and how long a leg stood open`() throws {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(1100)
        let (spot, perp) = (try #require(bench.take(bench.spot)), try #require(bench.take(bench.perp)))
        bench.script.wishes = nil
        bench.execute(spot)
        let open = bench.holding.imbalance
        bench.pass(200)
        bench.execute(perp)
        let opened = try #require(bench.holding.openedAt)
        bench.pass(3000)
        bench.closePair()
        let round = try #require(bench.rounds.first)
        #expect(bench.rounds.count == 1 && bench.unwound.isEmpty)
        #expect((round.owner, round.pair, round.reason) == ("puppet", "SOL", "converged"))
        #expect((round.direction, round.style, round.version) == (.carry, .taker, "0"))
        #expect((round.opened, round.closed, round.entries) == (opened, bench.now, 1))
        #expect(round.seconds == 3)
        #expect(round.entered(.spot).quantity == spot.quantity)
        #expect(round.entered(.spot).price == spot.price)
        #expect(round.entered(.perp).quantity == perp.quantity)
        #expect(round.left(.perp).quantity == perp.quantity)
        #expect(round.profit.total == round.net)
        #expect(round.net == bench.engine.profitByCause.total, "the only round is all there is")
        // 200 ms at the imbalance and the mid of 150, then hedged; at the exit nothing passed between.
        #expect(round.tally.unhedgedTime == .milliseconds(200))
        let notional = (price("150") * open.magnitude).roundedUp()
        #expect(round.tally.unhedgedMoneyTime == notional.raw * 200_000)
    }

    @Test func `is over: what comes later is counted by itself`() throws {
        let bench = EngineBench()
        bench.openPair()
        bench.quote(perp: ("149.90", "149.92"))
        let (sale, cover) = (try #require(bench.take(bench.spot)), try #require(bench.take(bench.perp)))
        bench.execute(cover)
        // The venue's last word on the sale has no execution in it; a second sale follows.
        bench.turn([.order(bench.update(sale, .expired))])
        bench.pass(50)
        bench.executeAll()
        #expect(bench.rounds.count == 1)
        let late = bench.fill(sale, sale.quantity)
        bench.turn([.order(bench.update(sale, .expired, executed: sale.quantity.description, fill: late))])
        bench.pass(50)
        bench.executeAll()
        #expect(bench.holding.state == .idle)
        let later = try #require(bench.unwound.first)
        #expect(later.left(.spot).quantity == sale.quantity)
        #expect(later.net < .zero)
        #expect(
            bench.rounds[0].net + later.net == bench.engine.profitByCause.total,
            "each cent is in one of the two")
    }

    @Test func `of a transfer has what was handed over at mid`() throws {
        let replaced = EconomicExit.allCases
        let giver = PuppetStrategy("alpha") { $0.replaces = replaced }
        let taker = PuppetStrategy("beta") { $0.replaces = replaced }
        var limits = RiskLimits()
        (limits.cooldown, limits.lossCooldown) = (.zero, .zero)
        let bench = EngineBench(limits: limits, script: giver, others: [taker], usdc: "5000")
        bench.rest()
        bench.openPair()
        let held = bench.holding("alpha").perp.magnitude
        bench.pass(1000)
        giver.leaves = .exit(reason: "test", resting: nil)
        taker.wishes = 150
        // One frame: in a second turn the exit would be on its way.
        let (bids, asks) = (levels([("151.00", "502")]), levels([("151.04", "502")]))
        bench.turn([
            .alive(.publicStream),
            .book(bench.perp, .snapshot(bids: bids, asks: asks, sequence: 9_000_000)),
        ])
        #expect(bench.engine.counters.transfers == 1)
        let round = try #require(bench.rounds.first)
        #expect(round.owner == "alpha")
        #expect(round.left(.perp).quantity == held)
        #expect(round.left(.perp).price == price("151.02"))
        #expect(round.left(.spot).price == price("150"))
        #expect(bench.postings.filter { $0.cause == .transfer }.count == 8)
        bench.expectLedgerFromPostings()
    }
}
