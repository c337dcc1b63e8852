import Foundation
import Testing

@testable import Host

/// The host as a real process in mode live against an exchange on loopback, ended with SIGKILL at a named
/// place of opening and closing a pair, and started again.
///
/// `NEAP_KILLS=all` runs every case; without it ten of them, drawn by `NEAP_KILL_SEED`.
@Suite struct `A host that is killed` {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["NEAP_KILL_SEED"].flatMap(UInt64.init) ?? 20261125

    @Test(.timeLimit(.minutes(40)))
    func `is hedged or flat five seconds after it is back, with no fill lost and no name used twice`()
        async throws
    {
        #if KillPoints
            var cases = KillCase.all
            if Self.environment["NEAP_KILLS"] != "all" {
                var chance = SystemRandomless(seed: Self.seed)
                cases.shuffle(using: &chance)
                cases = Array(cases.prefix(10))
            }
            print("seed \(Self.seed), \(cases.count) cases")
            let results = try await Self.play(cases)
            for line in KillTable(results: results).lines { print(line) }
            for result in results { #expect(result.faults.isEmpty, "\(result.name): \(result.faults)") }
            let reached = results.count { $0.wasReached }
            #expect(reached * 3 >= results.count * 2, "\(reached) of \(results.count) places were reached")
        #else
            print("skipped: this build has no kill points (trait KillPoints)")
        #endif
    }

    #if KillPoints
        /// Three at a time: each is mostly waiting.
        private static func play(_ cases: [KillCase]) async throws -> [KillResult] {
            try await withThrowingTaskGroup(of: [(Int, KillResult)].self) { group in
                for lane in 0..<3 {
                    group.addTask {
                        var own: [(Int, KillResult)] = []
                        for place in stride(from: lane, to: cases.count, by: 3) {
                            let setting = cases[place]
                            own.append((place, try await aside { try KillTrial(setting).run() }))
                        }
                        return own
                    }
                }
                var results: [(Int, KillResult)] = []
                for try await part in group { results += part }
                return results.sorted { $0.0 < $1.0 }.map(\.1)
            }
        }
    #endif
}

/// A generator that is the same for the same seed.
struct SystemRandomless: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

#if KillPoints
    /// How a pair is opened and closed, and where the process dies.
    struct KillCase: Sendable {
        enum Style: String, CaseIterable, Sendable { case taker, maker }
        let style: Style
        let point: KillPoint
        let count: Int

        /// Orders are answered and filled in several messages; commands and sends are few.
        static var all: [KillCase] {
            Style.allCases.flatMap { style in
                KillPoint.allCases.flatMap { point in
                    let most: Int
                    switch point {
                    case .receiptBefore, .receiptAfter, .inputBefore, .inputAfter: most = 6
                    case .commandsBefore, .commandsAfter, .sendAfter: most = 3
                    }
                    return (1...most).map { KillCase(style: style, point: point, count: $0) }
                }
            }
        }

        var name: String { "\(style.rawValue) \(point.rawValue):\(count)" }
    }

    struct KillResult: Sendable {
        let style: KillCase.Style, point: KillPoint
        let name: String
        var wasReached = false
        /// From the second start until every pair was hedged or flat with no order out; milliseconds.
        var recovered: Int?
        /// What was open when the process died, by the exchange.
        var wasNaked = false
        var fills = 0
        var faults: [String] = []
    }

    /// The table of places for docs/reliability.md.
    struct KillTable {
        let results: [KillResult]

        var lines: [String] {
            var lines = [
                "| place | cases | reached | one leg open at the kill | slowest back to hedged or flat | faults |",
                "| --- | ---: | ---: | ---: | ---: | ---: |",
            ]
            for style in KillCase.Style.allCases {
                for point in KillPoint.allCases {
                    let own = results.filter { $0.style == style && $0.point == point }
                    guard !own.isEmpty else { continue }
                    let slowest = own.compactMap(\.recovered).max().map { "\($0) ms" } ?? "–"
                    lines.append(
                        "| \(style.rawValue), \(point.rawValue) | \(own.count) | \(own.count { $0.wasReached }) | "
                            + "\(own.count { $0.wasNaked }) | \(slowest) | "
                            + "\(own.count { !$0.faults.isEmpty }) |")
                }
            }
            return lines
        }
    }
#endif
