import Foundation
import Testing

@testable import Host

/// The host as a real process in mode live against an exchange on loopback, ended with SIGKILL at a named
/// place of opening and closing a pair, and started again.
///
/// `NEAP_KILLS=all` runs every case, `taker` or `maker` those of one style; without it ten of them, drawn by
/// `NEAP_KILL_SEED`.
@Suite struct `A host that is killed` {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["NEAP_KILL_SEED"].flatMap(UInt64.init) ?? 20261125

    @Test(.timeLimit(.minutes(40)))
    func `is hedged or flat five seconds after it is back, with no fill lost and no name used twice`()
        async throws
    {
        #if KillPoints
            let cases = Self.cases
            print("seed \(Self.seed), \(cases.count) cases")
            let results = try await inLanes(cases) { try KillTrial($0).run() }
            for line in KillTable(results: results).lines { print(line) }
            for result in results {
                #expect(result.faults.isEmpty, "\(result.setting.name): \(result.faults)")
            }
            let reached = results.count { $0.wasReached }
            #expect(reached * 3 >= results.count * 2, "\(reached) of \(results.count) places were reached")
        #else
            print("skipped: this build has no kill points (trait KillPoints)")
        #endif
    }

    #if KillPoints
        @Test
        func `dies at every place, of orders that arrived and that did not, in every part of a pair's life`()
        {
            for style in KillCase.Style.allCases {
                for phase in KillPoint.Phase.allCases {
                    let own = KillCase.all.filter { $0.style == style && $0.phase == phase }
                    #expect(KillPoint.allCases.allSatisfy { point in own.contains { $0.point == point } })
                    #expect(own.contains { $0.reach == .lost } && own.contains { $0.reach == .reached })
                }
            }
        }

        private static var cases: [KillCase] {
            let wanted = environment["NEAP_KILLS"]
            if wanted == "all" { return KillCase.all }
            if let style = wanted.flatMap(KillCase.Style.init) {
                return KillCase.all.filter { $0.style == style }
            }
            var chance = SystemRandomless(seed: seed)
            return Array(KillCase.all.shuffled(using: &chance).prefix(10))
        }
    #endif

    #if KillPoints
    #endif
}

/// Three at a time, each on a thread of its own: they mostly wait.
/// - Returns: in the order of the cases.
func inLanes<Case: Sendable, Outcome: Sendable>(
    _ cases: [Case], _ play: @escaping @Sendable (Case) throws -> Outcome
) async throws -> [Outcome] {
    try await withThrowingTaskGroup(of: [(Int, Outcome)].self) { group in
        for lane in 0..<3 {
            group.addTask {
                var own: [(Int, Outcome)] = []
                for place in stride(from: lane, to: cases.count, by: 3) {
                    let setting = cases[place]
                    own.append((place, try await aside { try play(setting) }))
                }
                return own
            }
        }
        var results: [(Int, Outcome)] = []
        for try await part in group { results += part }
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
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
