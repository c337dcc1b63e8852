import Core
import Simulator
import Testing

@Suite struct `A run on the simulated exchange` {
    @Test(arguments: [1, 2, 3, 7] as [UInt64])
    func `closes rounds, leaves no leg open, and its ledger equals the venue`(seed: UInt64) {
        print("seed \(seed)")
        var trading = Trading(seed: seed)
        trading.run(seconds: 150)
        trading.flatten()
        let engine = trading.engine
        let counters = engine.counters
        print(
            "rounds \(counters.rounds) maker \(counters.makerEntries) hedges \(counters.hedges) unwinds",
            "\(counters.unwinds) net \(engine.profitByCause.total) unhedged \(counters.unhedgedTimeMax.milliseconds) ms",
            counters.reasons.rows.map { "\($0.reason.rawValue)=\($0.count)" },
            counters.denials.rows.map(\.reason))
        #expect(counters.rounds >= 1)
        #expect(engine.isQuiet)
        #expect(counters.unhedgedTimeMax < .seconds(1))
        for (asset, sum) in engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
        for (asset, balance) in trading.venue.balances(of: trading.account) {
            let ours = engine.ledger.venueBalance(asset)
            #expect(balance.available + balance.locked == ours, "\(asset)")
        }
        for holding in engine.holdings { #expect(holding.perp == .zero) }
    }

    @Test func `sees it when the venue charges one fee wrong`() {
        var trading = Trading(seed: 7)
        trading.venue.misChargeNextFee(by: Money("0.001")!)
        trading.run(seconds: 60)
        trading.flatten()
        #expect(trading.engine.counters.fills > 0)
        let differs = trading.venue.balances(of: trading.account).contains { asset, balance in
            balance.available + balance.locked != trading.engine.ledger.venueBalance(asset)
        }
        #expect(differs)
    }

    @Test func `gives the same commands twice`() {
        func commands() -> [String] {
            var trading = Trading(seed: 3)
            trading.run(seconds: 40)
            return trading.commands
        }
        let (first, second) = (commands(), commands())
        #expect(first.count > 10)
        #expect(first == second)
    }
}
