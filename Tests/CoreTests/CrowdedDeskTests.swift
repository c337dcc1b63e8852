import Testing

@testable import Core

/// What must hold after each turn, whatever the scripts wish and the venue does.
private struct Invariants {
    let desk: CrowdedDesk
    private(set) var broken: [String] = []
    private var sent: [Timestamp] = []
    private(set) var transfers = 0

    init(_ desk: CrowdedDesk) { self.desk = desk }

    private mutating func fail(_ text: String) {
        if broken.count < 10 { broken.append("\(desk.now.microseconds): \(text)") }
    }

    mutating func check() {
        ledgers()
        limits()
        directions()
        calls()
        if let order = desk.impossible.last { fail("\(order) is less than the least quantity") }
    }

    private mutating func ledgers() {
        let ledger = desk.engine.ledger
        var held: [Asset: Money] = [:], sums: [Asset: Money] = [:]
        // Rows stand by owner: each owner's add up to zero in each asset, and so do all.
        for (place, row) in ledger.rows.enumerated() {
            sums[row.asset, default: .zero] += row.balance
            if row.account.name == .venue { held[row.asset, default: .zero] += row.balance }
            let next = place + 1 < ledger.rows.count ? ledger.rows[place + 1].account.owner : ""
            guard next != row.account.owner else { continue }
            for (asset, sum) in sums where sum != .zero {
                fail("\(row.account.owner) \(asset) sums to \(sum)")
            }
            sums = [:]
        }
        for (asset, amount) in desk.truth where held[asset, default: .zero] != amount {
            fail("\(asset) is \(held[asset, default: .zero]), the venue has \(amount)")
        }
        for holding in desk.engine.holdings {
            let pair = desk.pairs[holding.pair.index]
            let venue = Account(holding.owner, .venue)
            if ledger.balance(venue, pair.base) != holding.coins {
                fail("\(holding.owner) \(pair.base) coins")
            }
            let contracts = Money(raw: Int128(holding.perp.raw) * 10_000)
            if ledger.balance(venue, Asset(pair.perp.symbol)) != contracts {
                fail("\(holding.owner) \(pair.base) contracts")
            }
        }
        for (place, slot) in desk.engine.slots.enumerated() {
            let causes = desk.engine.profitByCause(ofSlot: place)
            if causes.total - causes.residual != ledger.balance(Account(slot.name, .venue), .usdc) {
                fail("\(slot.name): causes are not the cash")
            }
        }
    }

    /// Of a venue that often fills nothing.
    private static let expected = ["is stuck with", "found no buyer", "stands at"]

    /// Limits bind when an entry is sent; by what moves at mid afterwards nothing is forced.
    private mutating func limits() {
        let engine = desk.engine, limits = engine.limits
        var moved = 0
        for note in desk.notes {
            switch note {
            case .placing(_, _, let purpose, let orders) where purpose.raisesRisk:
                sent += orders.map { _ in desk.now }
            case .transfer(let giver, let taker, _, _):
                moved += 1
                if giver == taker { fail("\(giver) met itself") }
            case .alert(let text) where !Self.expected.contains(where: text.contains): fail(text)
            case .rejected, .strategyFault: fail("\(note)")
            default: break
            }
        }
        transfers += moved
        sent.removeAll { desk.now - $0 >= .seconds(1) }
        if sent.count > limits.ordersPerSecondMax { fail("\(sent.count) orders in a second") }
        let all = engine.exposure(of: nil)
        func exceeds(_ amount: Money, _ limit: Money, exact: Bool) -> Bool {
            amount.raw * 100 > limit.raw * (exact ? 100 : 102)
        }
        // What the gate approved in this turn is inside to the unit; a post that is only moved asks no gate.
        func isNew(_ holding: Holding) -> Bool {
            holding.operation.map { $0.kind == .entry && $0.decidedAt == desk.now } ?? false
        }
        let exact = moved == 0 && engine.holdings.contains(where: isNew)
        if exceeds(all.oneSided, limits.totalExposureMax, exact: exact) { fail("one-sided \(all.oneSided)") }
        if exceeds(all.gross, limits.grossExposureMax, exact: exact) { fail("gross \(all.gross)") }
        for (place, slot) in engine.slots.enumerated() {
            let own = engine.exposure(of: place).oneSided
            let entersNow = exact && engine.holdings.contains { $0.slot == place && isNew($0) }
            if exceeds(own, limits.budget(of: slot.name), exact: entersNow) {
                fail("\(slot.name) has \(own) of its budget")
            }
        }
        for holding in engine.holdings.indices
        where engine.held(holding).raw * 100 > limits.positionSizeMax.raw * 102 {
            fail("\(engine.holdings[holding].owner) holds \(engine.held(holding))")
        }
    }

    private mutating func directions() {
        for pair in desk.pairs {
            let held = desk.engine.holdings.filter { $0.pair == pair.id && (!$0.isFlat || $0.state.isBusy) }
            if held.contains(where: { $0.direction != held[0].direction }) {
                fail("\(pair.base) is held both ways by \(held.map(\.owner))")
            }
            // Coarse lots may leave less than can be traded on the other side.
            if held.contains(where: {
                $0.perp.magnitude >= pair.leastQuantity && ($0.perp < .zero) != ($0.direction == .carry)
            }) {
                fail("\(pair.base): contracts against the direction")
            }
        }
        if desk.engine.holdings.contains(where: { $0.operation?.waits == true }) || desk.engine.exitsWait {
            fail("an exit still waits after its turn")
        }
        if !desk.engine.candidates.isEmpty { fail("a wish still waits after its turn") }
    }

    private mutating func calls() {
        for (place, script) in desk.scripts.enumerated() {
            let asked = script.asked.sorted()
            for (one, next) in zip(asked, asked.dropFirst()) where one == next {
                fail("\(script.contract.name) was asked twice about \(one)")
            }
            let counted = desk.engine.slots[place].calls
            if counted != script.calls {
                fail("\(script.contract.name): \(counted) of \(script.calls) calls")
            }
        }
    }
}

@Suite struct `Twenty scripts on five pairs` {
    @Test(arguments: [1, 2, 15] as [UInt64])
    func `keep every ledger, limit and direction in each turn, and end flat`(seed: UInt64) {
        print("seed \(seed)")
        let desk = CrowdedDesk(seed: seed, scripts: 20) {
            // Room for a few: they contend in every turn.
            ($0.totalExposureMax, $0.grossExposureMax, $0.positionSize) = (
                Money(1500), Money(2900), Money(150)
            )
            $0.budgets = [
                Budget(script: "script03", amount: Money(60)), Budget(script: "script11", amount: Money(200)),
            ]
            ($0.tradesPerDayMax, $0.feesPerDayMax, $0.dailyLossMax) = (100_000, Money(5000), Money(5000))
            ($0.cooldown, $0.lossCooldown) = (.seconds(2), .seconds(2))
            ($0.losingRoundsMax, $0.ordersPerSecondMax, $0.hedgeRetriesMax) = (100_000, 12, 100_000)
            ($0.unhedgedMax, $0.unhedgedTimeMax) = (Money(800), .seconds(5))
        }
        var invariants = Invariants(desk)
        for _ in 0..<600 {
            desk.step()
            invariants.check()
            // A leg that the venue would not take for long latches: a person goes on.
            if desk.engine.state == .reduceOnly { desk.obey(.rearm) }
        }
        let counters = desk.engine.counters
        print(
            "entries \(counters.entries) rounds \(counters.rounds) transfers \(counters.transfers)",
            "maker \(counters.makerEntries) hedges \(counters.hedges) unwinds \(counters.unwinds)",
            counters.denials.rows.map { "\($0.reason.rawValue)=\($0.count)" },
            "opposed \(counters.reasons[.pairOpposed])")
        #expect(invariants.broken.isEmpty, "seed \(seed): \(invariants.broken.joined(separator: "\n"))")
        #expect(counters.transfers > 0 && counters.transfers == invariants.transfers)
        #expect(counters.rounds > 20)
        let atLimits = counters.denials[.totalExposure] + counters.denials[.grossExposure]
        #expect(atLimits + counters.reasons[.noRoom] > 0)
        #expect(counters.reasons[.pairOpposed] > 0)
        desk.obey(.stop(flatten: true))
        for _ in 0..<1000 where !desk.engine.isQuiet {
            desk.step()
            invariants.check()
        }
        #expect(desk.engine.isQuiet)
        #expect(desk.engine.holdings.allSatisfy { $0.isFlat })
        #expect(invariants.broken.isEmpty, "seed \(seed): \(invariants.broken.joined(separator: "\n"))")
    }
}
