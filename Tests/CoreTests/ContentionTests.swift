import Core
import Testing

/// A pair that nobody enters with less than 15 USD.
private func coarse() -> Pair { solPair(minimum: "0.1") }

/// Room for one pair of 150 and not for two; no pauses after rounds.
private func roomForOne(_ change: (inout RiskLimits) -> Void = { _ in }) -> RiskLimits {
    var limits = RiskLimits()
    limits.totalExposureMax = Money(151)
    (limits.cooldown, limits.lossCooldown, limits.tradesPerDayMax) = (.zero, .zero, 1000)
    (limits.losingRoundsMax, limits.dailyLossMax, limits.feesPerDayMax) = (1000, Money(900), Money(900))
    (limits.equityMin, limits.unhedgedMax) = (.zero, Money(1000))
    change(&limits)
    return limits
}

extension EngineBench {
    /// The owners of the entries and posts since the last look at the notes, in the order of sending.
    fileprivate func entries(after places: Int = 0) -> [String] {
        notes.dropFirst(places).compactMap {
            if case .placing(let owner, _, let purpose, _) = $0, purpose.raisesRisk { owner } else { nil }
        }
    }

    /// The perp below spot for as long: a mean basis that expects nothing of the exit.
    fileprivate func level(_ seconds: Int64 = 60) {
        quote(perp: ("149.80", "149.82"))
        pass(seconds * 1000, step: 1000)
    }

    /// All wish; the spread lasts until somebody is served.
    fileprivate func wish(_ usd: Double = 150, of scripts: [PuppetStrategy]) {
        level()
        for script in scripts { script.wishes = usd }
        quote(quantity: "501")
        pass(1100)
    }

    /// One entry is served, executed and closed at the same wish of all; who it was.
    fileprivate func turnOfContention() -> [String] {
        level(20)
        let before = notes.count
        quote()
        pass(1100)
        executeAll()
        let served = entries(after: before)
        quote(perp: ("149.80", "149.82"))
        executeAll()
        return served
    }
}

@Suite struct `Scripts that wish for the same pair at once` {
    @Test func `are served by priority whatever their names`() {
        let low = PuppetStrategy("alpha"), high = PuppetStrategy("beta") { $0.priority = 1 }
        let bench = EngineBench(
            limits: roomForOne { $0.totalExposureMax = Money(1000) }, script: low, others: [high],
            usdc: "5000")
        bench.wish(of: [low, high])
        #expect(bench.entries() == ["beta", "alpha"])
    }

    @Test func `are served by the net edge of the chosen style at equal priority`() {
        // Resting one leg earns more than taking both.
        let taker = PuppetStrategy("alpha"), maker = PuppetStrategy("beta")
        maker.plan = RestingPlan(rest: .spot, timeout: .seconds(60), fallback: .cancel)
        let bench = EngineBench(
            limits: roomForOne(), pair: coarse(), script: taker, others: [maker], usdc: "5000")
        // Asked in a turn in which the spread has lasted for the taker as well.
        bench.level()
        bench.quote(quantity: "501")
        bench.pass(1000)
        (taker.wishes, maker.wishes) = (150, 150)
        bench.quote(perp: ("151.00", "151.03"))
        #expect(bench.entries() == ["beta"])
        #expect(bench.holding("alpha").state == .idle)
    }

    @Test func `are served by name when priority and edge are the same`() {
        let scripts = ["gamma", "alpha", "beta"].map { PuppetStrategy($0) }
        let bench = EngineBench(
            limits: roomForOne { $0.totalExposureMax = Money(400) }, script: scripts[0],
            others: Array(scripts.dropFirst()), usdc: "5000")
        bench.wish(120, of: scripts)
        #expect(bench.entries() == ["alpha", "beta", "gamma"])
    }

    @Test func `are all asked once and in the order of their names before one is served`() {
        var asked: [String] = []
        let low = PuppetStrategy("alpha"), high = PuppetStrategy("beta") { $0.priority = 1 }
        for script in [low, high] { script.heard = { asked.append(script.contract.name) } }
        let bench = EngineBench(
            limits: roomForOne(), pair: coarse(), script: low, others: [high], usdc: "5000")
        asked = []
        bench.wish(of: [low, high])
        #expect(bench.entries() == ["beta"])
        #expect(asked.suffix(2) == ["alpha", "beta"])
        for turn in stride(from: 0, to: asked.count, by: 2) {
            #expect(Array(asked[turn..<(turn + 2)]) == ["alpha", "beta"])
        }
    }

    @Test(arguments: [("226", true), ("151", false)])
    func `share what is left, and the later one gets less or nothing`(total: String, serves: Bool) {
        let low = PuppetStrategy("alpha"), high = PuppetStrategy("beta") { $0.priority = 1 }
        let bench = EngineBench(
            limits: roomForOne { $0.totalExposureMax = money(total) }, pair: coarse(), script: low,
            others: [high],
            usdc: "5000")
        bench.wish(of: [low, high])
        bench.executeAll()
        #expect(bench.holding("beta").perp == quantity("-0.99"))
        // 77.40 of 226 are left beside 148.60 at limit prices: a wish of 150 is cut to that.
        let got = bench.holding("alpha").perp.magnitude
        #expect(serves ? got > quantity("0.45") && got < quantity("0.52") : got == .zero, "\(got)")
        #expect(bench.engine.exposure(of: nil).oneSided <= money(total))
    }

    @Test func `are denied when opposed to the one that was served in the same turn`() {
        let carry = PuppetStrategy("alpha")
        let reverse = PuppetStrategy("beta") { ($0.directions, $0.exitsAtMean) = ([.reverse], true) }
        var limits = roomForOne { $0.totalExposureMax = Money(1000) }
        limits.inventory = [OwnCoins(asset: Asset("SOL"), quantity: quantity("100"))]
        limits.netEdgeMin = percent("-5")
        let bench = EngineBench(limits: limits, script: carry, others: [reverse], usdc: "5000")
        bench.wish(of: [carry, reverse])
        #expect(bench.entries() == ["alpha"])
        #expect(bench.engine.counters.reasons[.pairOpposed] > 0)
        #expect(bench.holding("beta").isFlat)
        #expect(bench.holding("beta").passedOver == 1)
    }
}

@Suite struct `A script that others go before` {
    @Test(arguments: [2, 3, 4])
    func `has its turn after three entries of others, and no earlier`(scripts count: Int) {
        let scripts = (0..<count).map { number in
            PuppetStrategy("script\(number)") { $0.priority = count - number }
        }
        let bench = EngineBench(
            limits: roomForOne(), pair: coarse(), script: scripts[0], others: Array(scripts.dropFirst()),
            usdc: "5000")
        for script in scripts { script.wishes = 150 }
        let served = (0..<(8 * count)).flatMap { _ in bench.turnOfContention() }
        #expect(served.count == 8 * count)
        #expect(served.prefix(3) == ["script0", "script0", "script0"], "priority decides at first")
        #expect(served[3] == "script1")
        for script in scripts {
            let waits = served.split(separator: script.contract.name, omittingEmptySubsequences: false)
                .map(\.count)
            #expect(waits.allSatisfy { $0 <= 3 + count - 1 }, "\(script.contract.name): \(served)")
        }
    }

    @Test func `is not counted twice for one entry, and not at all when there is room`() {
        let low = PuppetStrategy("alpha"), high = PuppetStrategy("beta") { $0.priority = 1 }
        let bench = EngineBench(
            limits: roomForOne(), pair: coarse(), script: low, others: [high], usdc: "5000")
        bench.wish(of: [low, high])
        bench.executeAll()
        #expect(bench.holding("alpha").passedOver == 1)
        for cents in 13..<20 { bench.quote(perp: ("151.00", "151.\(cents)")) }
        #expect(bench.holding("alpha").passedOver == 1)
        let roomy = EngineBench(
            limits: roomForOne { $0.totalExposureMax = Money(1000) }, script: PuppetStrategy("alpha"),
            others: [high], usdc: "5000")
        roomy.script.wishes = 150
        roomy.wish(of: [high])
        #expect(roomy.entries() == ["beta", "alpha"])
        #expect(roomy.holding("alpha").passedOver == 0)
    }

    @Test func `by orders per second comes a second later, and the entry counts once`() {
        let low = PuppetStrategy("alpha"), high = PuppetStrategy("beta") { $0.priority = 1 }
        var limits = roomForOne { $0.totalExposureMax = Money(1000) }
        limits.ordersPerSecondMax = 3
        let bench = EngineBench(limits: limits, script: low, others: [high], usdc: "5000")
        bench.wish(of: [low, high])
        #expect(bench.entries() == ["beta"] || bench.entries() == ["beta", "alpha"])
        #expect(bench.engine.counters.denials[.ordersPerSecond] > 0)
        bench.pass(1100)
        #expect(bench.entries() == ["beta", "alpha"])
        #expect(bench.holding("alpha").passedOver == 0, "it was served")
    }
}

@Suite struct `Entries that take` {
    @Test(arguments: [("298", false), ("299", true)])
    func `count whole against what may stand open, until they are hedged`(limit: String, both: Bool) throws {
        let scripts = ["alpha", "beta"].map { PuppetStrategy($0) }
        let bench = EngineBench(
            limits: roomForOne {
                ($0.totalExposureMax, $0.unhedgedMax) = (Money(1000), money(limit))
            }, script: scripts[0], others: [scripts[1]], usdc: "5000")
        bench.wish(of: scripts)
        #expect(bench.entries() == (both ? ["alpha", "beta"] : ["alpha"]))
        #expect((bench.engine.counters.denials[.unhedged] > 0) == !both)
        guard !both else { return }
        bench.executeAll()
        bench.wish(of: scripts)
        #expect(bench.entries() == ["alpha", "beta"], "the first is hedged")
    }
}

@Suite struct `Entries that rest` {
    private func bench(_ scripts: [PuppetStrategy], limit: String) -> EngineBench {
        for script in scripts {
            script.plan = RestingPlan(rest: .spot, timeout: .seconds(60), fallback: .cancel)
        }
        return EngineBench(
            limits: roomForOne {
                ($0.totalExposureMax, $0.unhedgedMax) = (Money(1000), money(limit))
            }, script: scripts[0], others: Array(scripts.dropFirst()), usdc: "5000")
    }

    @Test(arguments: [("298", false), ("299", true)])
    func `count whole against what may stand open: two may be filled by one move`(
        limit: String, both: Bool
    ) {
        let scripts = ["alpha", "beta"].map { PuppetStrategy($0) }
        let bench = bench(scripts, limit: limit)
        bench.wish(of: scripts)
        #expect(bench.entries() == (both ? ["alpha", "beta"] : ["alpha"]))
        #expect((bench.engine.counters.denials[.unhedged] > 0) == !both)
    }

    @Test func `count whole too while a part of them has filled, and make room when they are hedged`() throws
    {
        let scripts = ["alpha", "beta"].map { PuppetStrategy($0) }
        let bench = bench(scripts, limit: "200")
        bench.wish(of: scripts)
        let post = try #require(bench.take(bench.spot))
        bench.turn([.order(bench.update(post, .new))])
        bench.execute(post, "0.10", ends: false)
        // 15 USD stand open, and 134 more may follow at any moment.
        bench.quote(quantity: "503")
        bench.pass(300)
        #expect(bench.entries() == ["alpha"])
        bench.executeAll()
        bench.turn([.order(bench.update(post, .cancelled, executed: "0.10"))])
        bench.executeAll()
        bench.pass(1100)
        // The rest of the first is posted anew; then it is the other's turn.
        #expect(bench.entries() == ["alpha", "alpha", "beta"])
    }
}

@Suite struct `An exit beside a leg that stands open` {
    /// One strategy holds the pair; of the entry of the other one leg has filled, and both are worth more.
    private func bench(limit: String) throws -> (EngineBench, PuppetStrategy) {
        let scripts = ["alpha", "beta"].map { PuppetStrategy($0) }
        let bench = EngineBench(
            limits: roomForOne {
                ($0.totalExposureMax, $0.unhedgedMax) = (Money(1000), money(limit))
            }, script: scripts[0], others: [scripts[1]], usdc: "5000")
        bench.wish(of: scripts)
        for script in scripts { script.wishes = nil }
        #expect(bench.entries() == ["alpha", "beta"])
        for instrument in [bench.spot, bench.perp, bench.spot] {
            bench.execute(try #require(bench.take(instrument)))
        }
        // The perp first: between the two books it has not converged.
        bench.quote(perp: ("161.00", "161.02"))
        bench.quote(spot: ("159.99", "160.01"), perp: ("161.00", "161.02"))
        #expect(bench.holding("alpha").state == .open && bench.holding("beta").unhedgedSince != nil)
        return (bench, scripts[0])
    }

    @Test(arguments: [("299", false), ("317", false), ("319", true)])
    func `that only pays waits while the two would be more than the limit`(limit: String, goes: Bool) throws {
        let (bench, alpha) = try bench(limit: limit)
        alpha.leaves = .exit(reason: "asked", resting: nil)
        bench.quote(
            spot: ("159.99", "160.01"), perp: ("161.00", "161.02"), quantity: "505")
        // A script is asked once a second while nothing moves.
        bench.pass(1_100)
        #expect((bench.holding("alpha").state == .exiting) == goes)
        bench.executeAll()
        bench.pass(1_100)
        bench.executeAll()
        #expect(bench.holding("alpha").isFlat, "the other is hedged by now")
    }

    @Test func `that protects does not wait`() throws {
        let (bench, _) = try bench(limit: "299")
        bench.obey(.flatten)
        #expect(bench.holding("alpha").state == .exiting)
    }
}
