import Core
import Simulator

/// Shows a script markets that a minute of the generated one never has: wide and inverted spreads, funding of
/// both signs, a mean of an hour and of yesterday, positions of every age and outcome. Each figure is one
/// that can be; together they are nobody's market, so that what a script decides there says nothing, only
/// that it
/// could.
///
/// A line behind three conditions is thereby run before it is trusted.
struct UnusualMarkets {
    /// Looks, over a clock that goes on by half an hour each in the mean.
    static let looks = 400
    /// Pairs and directions that are taken from what was seen.
    static let most = 2

    private var chance = SeededGenerator(seed: GeneratedMarket.seed, part: 900)
    private var ageSeconds = 0.0
    private let contract: StrategyContract
    private let seen: [MarketView]

    init(_ script: WatchedScript) {
        contract = script.contract
        seen = Array(script.seen.prefix(Self.most))
    }

    /// Stops at the first fault.
    mutating func show(to script: WatchedScript) {
        guard var now = seen.compactMap({ $0[.nowMs] }).max() else { return }
        for look in 0..<Self.looks where script.faults == 0 {
            let step = chance.whole(60_000...3_600_000)
            now += Double(step)
            ageSeconds = chance.chance(50) ? 1 : ageSeconds + Double(step) / 1000
            let view = view(seen[look % seen.count], at: now)
            _ = script.score(view)
            guard script.faults == 0 else { return }
            _ = script.choose(view)
            guard script.faults == 0 else { return }
            _ = script.exit(position(of: view), held(view))
        }
    }

    private mutating func one(_ values: Double...) -> Double {
        values[Int(chance.whole(0...Int64(values.count - 1)))]
    }

    private mutating func view(_ seen: MarketView, at now: Double) -> MarketView {
        var view = seen
        view[.nowMs] = now
        // Every edge moves with the spread.
        let apart = one(-0.5, -0.1, 0.17, 0.3, 0.5, 1.4) - (seen[.grossPct] ?? 0)
        let edges: [MarketField] = [
            .grossPct, .grossRestSpotPct, .grossRestPerpPct, .grossRestBothPct, .netTakerPct,
            .netRestSpotPct, .netRestPerpPct, .netRestBothPct,
        ]
        for field in edges { view[field] = (seen[field] ?? 0) + apart + chance.uniform(-0.02, 0.02) }
        view[.midSpreadPct] = (seen[.midSpreadPct] ?? 0) + (seen.direction == .carry ? apart : -apart)
        view[.exitPct] = one(-0.3, 0.03, 0.3)
        view[.exitLevelPct] = one(-0.045, 0, 0.045)
        let funding = one(-0.05, -0.001, 0.0005, 0.004, 0.05)
        view[.fundingPctH] = one(funding, -0.05, 0.05)
        view[.fundingMeanPctH] = funding
        view[.fundingExpPct] = funding * contract.holdHours
        view[.nextFundingS] = one(5, 45, 600, 3500)
        (view[.borrowAprPct], view[.lendAprPct]) = (one(0, 8, 60), one(0, 4, 30))
        view[.basisSamples] = one(0, 900, 3600, 3600, 3600)
        // A mean mostly stays where it was.
        view[.basisMeanPct] = one(-0.045, -0.045, -0.045, -0.05, -0.04, 0.1)
        view[.basisSdPct] = one(0.004, 0.02, 0.2)
        view[.volatilityPctH] = one(0.2, 1, 6)
        view[.liquidity] = one(0.4, 2, 5, 40)
        (view[.depthSpotUsd], view[.depthPerpUsd]) = (one(50, 900, 40_000), one(300, 9000, 200_000))
        (view[.indexDevSpotPct], view[.indexDevPerpPct]) = (one(-0.9, 0.02, 0.4), one(-0.4, 0.02, 0.9))
        (view[.spotAgeMs], view[.perpAgeMs]) = (one(3, 400, 1900), one(3, 400, 1900))
        view[.persistMs] = one(0, 300, 20_000)
        view[.sizeUsd] = one(5, 37.5, 150)
        let held = chance.whole(0...Int64(contract.adds) + 1)
        (view[.heldUsd], view[.addsLeft]) = (
            Double(held) * 40, Double(Int64(contract.adds) + 1 - max(1, held))
        )
        return view
    }

    /// While a pair is held a side of a book may be empty: its fields are not there.
    private mutating func held(_ view: MarketView) -> MarketView {
        var view = view
        let sides: [[MarketField]] = [
            [.spotBid, .spotBidQty, .indexDevSpotPct], [.spotAsk, .spotAskQty, .indexDevSpotPct],
            [.perpBid, .perpBidQty, .indexDevPerpPct], [.perpAsk, .perpAskQty, .indexDevPerpPct],
        ]
        guard chance.chance(100) else { return view }
        for field in sides[Int(chance.whole(0...3))] { view[field] = nil }
        return view
    }

    private mutating func position(of view: MarketView) -> PositionView {
        let styles = Style.allCases
        var position = PositionView(
            pair: view.pair, direction: view.direction,
            style: styles[Int(chance.whole(0...Int64(styles.count - 1)))], version: contract.version,
            adopted: chance.chance(200))
        let usd = 150.0, price = view[.spotAsk] ?? 1, net = one(-2, -0.1, 0.1, 3)
        (position[.qty], position[.coins]) = (usd / price, usd / price)
        (position[.notionalUsd], position[.feesUsd]) = (usd, 0.25)
        (position[.entryGrossPct], position[.entryNetPct]) = (one(0.1, 0.4, 1), one(-0.1, 0.1, 0.6))
        (position[.netUsd], position[.netPct]) = (net, 100 * net / usd)
        (position[.fundingUsd], position[.borrowUsd]) = (one(-1, 0, 1), one(-0.1, 0))
        position[.ageS] = ageSeconds
        return position
    }
}
