import Core
import Simulator

/// Markets of the generated stretch that stand in for pairs it does not have: a strategy is asked under its
/// own pair's name what happens on the market of another.
struct StandIns: Sendable {
    /// Each market is one of those that the strategy does not ask for.
    let list: [(pair: String, market: String)]
    /// Pairs that there is no market left for.
    let left: [String]

    /// Every pair is what it is called.
    static let none = StandIns(nil)

    /// - Parameter pairs: of a strategy; `nil` for whatever there is.
    init(_ pairs: [String]?) {
        let markets = CrowdGenerator.bases, pairs = pairs ?? []
        // What prices are counted in is no pair.
        let others = pairs.filter { !markets.contains($0) && $0 != Asset.usdc.symbol }
        list = zip(others, markets.filter { !pairs.contains($0) }).map { (pair: $0, market: $1) }
        let played = markets + list.map(\.pair)
        left = pairs.filter { !played.contains($0) }
    }

    /// The contract as the market sees it.
    func contract(_ own: StrategyContract) -> StrategyContract {
        var contract = own
        contract.pairs = own.pairs?.map { pair in list.first { $0.pair == pair }?.market ?? pair }
        return contract
    }

    /// What the strategy calls a market.
    func pair(on market: String) -> String { list.first { $0.market == market }?.pair ?? market }

    func named(_ o: MarketView) -> MarketView {
        guard !list.isEmpty else { return o }
        var view = o
        view.pair = pair(on: o.pair)
        return view
    }

    func named(_ position: PositionView) -> PositionView {
        guard !list.isEmpty else { return position }
        var view = position
        view.pair = pair(on: position.pair)
        return view
    }
}
