import Core
import Foundation
import Simulator
import Testing

@Suite(.serialized) struct `A run on an exchange that plays faults` {
    /// A few, or as many as `make reliability` asks for.
    static let seeds: [UInt64] = {
        let asked = ProcessInfo.processInfo.environment["NEAP_FAULT_SEEDS"].flatMap { UInt64($0) }
        return asked.map { Array(1...max(1, $0)) } ?? [2, 5]
    }()
    static let seconds =
        ProcessInfo.processInfo.environment["NEAP_FAULT_SECONDS"].flatMap { Int64($0) } ?? 300
    static func limits() -> RiskLimits {
        var limits = RiskLimits()
        (limits.tradesPerDayMax, limits.losingRoundsMax) = (1_000, 100)
        (limits.dailyLossMax, limits.feesPerDayMax) = (Money(500), Money(500))
        (limits.cooldown, limits.lossCooldown) = (.seconds(1), .seconds(1))
        return limits
    }

    /// What must be true whatever the exchange does.
    private func check(_ trading: Trading, unhedged: TimeSpan) {
        let engine = trading.engine, counters = engine.counters
        print(
            "rounds \(counters.rounds) hedges \(counters.hedges) unwinds \(counters.unwinds)",
            "unhedged \(counters.unhedgedMax) USD, \(counters.unhedgedTimeMax.milliseconds) ms, at the venue",
            "\(trading.truth.longest.milliseconds) ms, over \(trading.truth.overHedges), \(engine.state)",
            trading.venue.faults.played.map { "\($0.name.rawValue) \($0.count)" })
        for alert in trading.alerts { print("   ", alert) }
        #expect(engine.isQuiet)
        #expect(trading.truth.longest <= unhedged)
        #expect(Set(trading.sentIDs).count == trading.sentIDs.count, "a client id was used twice")
        for (asset, sum) in engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
        for (asset, balance) in trading.venue.balances(of: trading.account) {
            #expect(balance.available + balance.locked == engine.ledger.venueBalance(asset), "\(asset)")
        }
        for holding in engine.holdings { #expect(holding.perp == .zero) }
    }

    @Test(arguments: seeds)
    func `of every kind closes rounds, leaves no leg open and agrees with the venue`(seed: UInt64) throws {
        print("seed \(seed)")
        var trading = Trading(seed: seed, limits: Self.limits(), faults: try FaultPlan.read("all"))
        trading.run(seconds: Self.seconds)
        trading.flatten()
        #expect(trading.engine.counters.rounds >= 1)
        check(trading, unhedged: .seconds(15))
    }

    @Test(arguments: FaultName.allCases, seeds.count > 2 ? seeds : [11])
    func `of one kind has its legs together within five seconds and hedges nothing twice`(
        fault: FaultName, seed: UInt64
    ) {
        // Of many seeds at the rate at which one fault is alone; of one, so that each is surely played.
        // Cancels and minutes are rare beside orders.
        let usual = Self.seeds.count > 2 ? FaultPlan.standard : 5 * FaultPlan.standard
        let rate =
            fault == .cancel202 ? FaultPlan.always : fault == .dropPrivate ? FaultPlan.always / 2 : usual
        var trading = Trading(seed: seed, limits: Self.limits(), faults: FaultPlan([(fault, rate)]))
        trading.run(seconds: Self.seconds / 2)
        trading.flatten()
        print(fault, "seed", seed)
        check(trading, unhedged: .seconds(5))
        #expect(trading.truth.overHedges == 0)
        if Self.seeds.count <= 2 { #expect(trading.venue.faults.played.allSatisfy { $0.count > 0 }) }
    }
}
