import Core
import Testing

@testable import LuaBridge

private let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/strategies"

private func shipped(_ name: String, _ bindings: [String: String] = [:]) throws -> Script {
    let all = try ScriptFolder(path: folder).read()
    #expect(all.reports.isEmpty)
    let package = try #require(all.packages.first { $0.name == name })
    var setting = setting
    setting.bindings = bindings.mapValues { BoundValue(text: $0, origin: .environment) }
    return try Script(package, setting)
}

@Suite("The strategies that come with the host")
struct ShippedStrategyTests {
    @Test("C17: the documented confidence from depth and spread")
    func confidence() throws {
        let strategy = try shipped(
            "spot_perp_arb", ["MIN_SPREAD_THRESHOLD": "-1", "MIN_EXECUTION_THRESHOLD": "-1"])
        for (liquidity, gross, confidence) in [
            (1, 0.20, 0.80), (1, 1.01, 0.60), (3, 1.5, 0.70), (12, 0.17, 0.90), (2.9999, 0.14, 0.60),
            (10, 0.20, 1.00),
        ] {
            let answer = strategy.score(view([.liquidity: liquidity, .grossPct: gross, .sizeUsd: 150]))
            #expect(answer == .wish(confidence: confidence, usd: 150))
        }
    }

    @Test("below the execution threshold it passes, below the spread threshold it is not asked")
    func thresholds() throws {
        let strategy = try shipped("spot_perp_arb")
        #expect(strategy.score(view([.liquidity: 3, .grossPct: 0.19])) == .pass("below_execution_threshold"))
        #expect(strategy.score(view([.liquidity: 3, .grossPct: 0.1499])) == .asleep)
    }

    @Test("at and above the large spread it rests the leg that leaves more, below it takes")
    func always() throws {
        let strategy = try shipped("spot_perp_arb")
        #expect(strategy.choose(view([.grossPct: 0.39999999])) == .taker)
        let large = view([.grossPct: 0.40, .netRestSpotPct: 0.2, .netRestPerpPct: 0.1])
        #expect(strategy.choose(large) == .maker(RestingPlan(rest: .spot, timeout: .seconds(15))))
        #expect(
            try shipped("spot_perp_arb", ["USE_MAKER_FOR_LARGE_SPREADS": "false"]).choose(large) == .taker)
        #expect(try shipped("spot_perp_arb", ["LARGE_SPREAD_THRESHOLD": "0.5"]).choose(large) == .taker)
    }

    @Test("C35: by the expected-value rule a short-lived spread is taken", arguments: [5.0, 60.0])
    func expected(halfLife: Double) throws {
        let all = try ScriptFolder(path: folder).read().packages
        let package = try #require(all.first { $0.name == "spot_perp_arb" })
        let source = String(decoding: package.source, as: UTF8.self)
            .replacing("{ \"always\", choices", with: "{ \"expected\", choices")
            .replacing("{ 5, min = 0.1", with: "{ \(halfLife), min = 0.1")
        let strategy = try Script(
            ScriptPackage(name: package.name, source: Array(source.utf8), library: []), setting)
        var fields: [MarketField: Double] = [
            .grossPct: 0.6, .netRestPerpPct: 0.162, .netRestSpotPct: 0, .netTakerPct: 0.124,
            .midSpreadPct: 0.45,
        ]
        #expect(strategy.choose(view(fields)) == .taker)
        fields[.netRestPerpPct] = 0.124 * 5
        guard case .maker = strategy.choose(view(fields)) else {
            Issue.record("a rest worth five times the taker entry must be posted")
            return
        }
    }

    @Test("the observer looks at everything and wants nothing")
    func observer() throws {
        let observer = try shipped("observer")
        #expect(observer.score(view([.nowMs: 1_000_000])) == .pass("observes"))
        #expect(observer.score(view([.nowMs: 1_061_000])) == .pass("observes"))
        #expect(
            observer.takeLog().lines.map(\.text) == [
                "break-even map, % SOL carry: taker 0.0000 of 0.0000 (net 0.0000), "
                    + "rest spot 0.0000 of 0.0000 (net 0.0000), rest perp 0.0000 of 0.0000 (net 0.0000), "
                    + "rest both 0.0000 of 0.0000 (net 0.0000)"
            ])
    }

    @Test("the observer draws the break-even map: of each style the spread, what it needs, and what is left")
    func map() throws {
        let observer = try shipped("observer")
        let far: [MarketField: Double] = [
            .nowMs: 1_000_000, .grossPct: 0.1, .breakevenTakerPct: 0.35, .netTakerPct: -0.23,
            .grossRestBothPct: 0.2, .breakevenRestBothPct: 0.25, .netRestBothPct: -0.03,
        ]
        _ = observer.score(view(far))
        // Nearer for takers, farther for posts: each style has its own best moment.
        var near = far
        (near[.nowMs], near[.grossPct], near[.netTakerPct]) = (1_060_000, 0.3, -0.03)
        (near[.grossRestBothPct], near[.netRestBothPct]) = (0.1, -0.13)
        _ = observer.score(view(near))
        let line = try #require(observer.takeLog().lines.first?.text)
        #expect(line.contains("taker 0.3000 of 0.3500 (net -0.0300)"), "\(line)")
        #expect(line.contains("rest both 0.2000 of 0.2500 (net -0.0300)"), "\(line)")
    }

    @Test("the default strategy stays a page that a person can read")
    func size() throws {
        let package = try #require(
            try ScriptFolder(path: folder).read().packages.first { $0.name == "spot_perp_arb" })
        #expect(package.source.count { $0 == 10 } <= 150)
    }
}
