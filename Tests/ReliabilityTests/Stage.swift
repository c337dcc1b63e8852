import Core
import Exchange
import Foundation
import Journal
import LuaBridge

@testable import Core
@testable import Host

/// A stretch of the generated market that is made once and shown to many.
struct Stretch: @unchecked Sendable {
    // Unchecked: values only, and nobody changes them.
    let catalogue: Catalogue
    let pairs: [Pair]
    let picture: MarketPicture
    let inputs: [(now: Timestamp, events: [Event])]

    init(seconds: Int64, seed: UInt64) throws {
        let market = GeneratedMarket(seconds: seconds, seed: seed)
        var inputs: [(now: Timestamp, events: [Event])] = []
        while let next = try market.next() { inputs.append(next) }
        (catalogue, pairs, picture, self.inputs) = (market.catalogue, market.pairs, market.picture, inputs)
    }
}

/// Shows a stretch from its beginning.
final class StretchPlayer: MarketSource {
    private var left: ArraySlice<(now: Timestamp, events: [Event])>
    init(_ stretch: Stretch) { left = stretch.inputs[...] }
    func next() throws(JournalFault) -> (now: Timestamp, events: [Event])? { left.popFirst() }
}

/// A shipped strategy as it runs when somebody saves a mutant of it: its source, its state, and a market in
/// which it has something to decide.
struct Running: Sendable {
    let name: String
    let source: [UInt8]
    let stored: StoredScript
    /// What an earlier time left: settled funding, and an hour of basis.
    let funding: Percent
    let hasBasis: Bool
}

/// Everything that is the same for all mutants.
///
/// A mutant is rehearsed on one stretch and trades on another, each from a seed of its own. The pictures they
/// start from show settled funding and an hour of basis where a strategy decides by these: without, a third
/// of the shipped ones would never wish anything.
struct Stage: Sendable {
    let rehearsal: Stretch, live: Stretch
    let running: [Running]
    let limits = GeneratedMarket.limits

    /// The backstop by the wall clock lies far away: a busy machine must not decide what is a fault.
    static let maker: ScriptMaker = {
        var limits = ScriptLimits()
        (limits.wall, limits.loadWall) = (.seconds(10), .seconds(10))
        return ScriptMaker(limits: limits, bindings: [:])
    }()

    static let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let files = [
        "observer", "spot_perp_arb", "examples/fair_basis", "examples/funding_carry",
        "examples/inventory_swap", "examples/ladder", "examples/maker_first", "examples/panic_exit",
    ]

    /// The shipped strategies by stem.
    static func sources() throws -> [(name: String, source: [UInt8])] {
        try files.map { path in
            let file = URL(filePath: "\(project)/strategies/\(path).lua")
            return (file.deletingPathExtension().lastPathComponent, [UInt8](try Data(contentsOf: file)))
        }
    }

    init(rehearsalSeconds: Int64, liveSeconds: Int64) throws {
        rehearsal = try Stretch(seconds: rehearsalSeconds, seed: 23)
        live = try Stretch(seconds: liveSeconds, seed: 42)
        running = try Self.sources().map { name, source in
            let script = try Self.maker.make(ScriptPackage(name: name, source: source, library: []))
            if name == "fair_basis" { Self.remember(yesterday: script) }
            return Running(
                name: name, source: source, stored: StoredScript(script, state: try script.state()),
                funding: name == "inventory_swap"
                    ? Percent(raw: -2_000_000) : name == "funding_carry" ? Percent(raw: 400_000) : .zero,
                hasBasis: name == "fair_basis")
        }
    }

    /// The means of a day ago, which it compares with.
    private static func remember(yesterday script: Script) {
        for base in ["SOL", "BTC", "ETH", "SUI", "JUP"] {
            for hour in 1...25 {
                var view = MarketView(pair: base, direction: .carry)
                view[.nowMs] = Double(GeneratedMarket.start.milliseconds - Int64(hour) * 3_600_000)
                (view[.basisSamples], view[.basisMeanPct]) = (3600, -0.045)
                _ = script.score(view)
            }
        }
    }

    /// The market as it stands before a stretch, for one strategy.
    func picture(_ stretch: Stretch, _ running: Running) -> MarketPicture {
        let picture = stretch.picture
        var markets = picture.pairMarkets
        for place in markets.indices {
            if running.funding != .zero {
                markets[place].funding.replace([(picture.now - .seconds(3600), running.funding)])
            }
            guard running.hasBasis else { continue }
            for second in stride(from: Int64(3000), to: 0, by: -1) {
                let wave = Int64(second % 7 - 3) * 300_000
                markets[place].basis.sample(
                    Percent(raw: -4_500_000 + wave), at: picture.now - .seconds(second))
            }
        }
        return MarketPicture(
            markets: picture.markets, pairMarkets: markets, connectionAlive: picture.connectionAlive,
            connectionUp: picture.connectionUp, now: picture.now, fees: picture.fees,
            holdings: picture.holdings, equity: picture.equity)
    }

    func plan(_ stretch: Stretch) -> PaperPlan {
        PaperPlan(instruments: stretch.catalogue.instruments, pairs: stretch.pairs, limits: limits)
    }
}
