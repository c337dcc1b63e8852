#if KillPoints
    import Foundation
    import Testing

    private let starts = ProcessInfo.processInfo.environment["NEAP_STARTS"].flatMap(Int.init)

    /// Real processes on loopback. `NEAP_STARTS=5` starts so often in every case; without it none is
    /// played.
    @Suite(.serialized) struct `A start with ten pairs open and ten thousand fills` {
        @Test(.enabled(if: starts != nil), .timeLimit(.minutes(15)), arguments: StartCase.allCases)
        func `looks after every pair within five seconds and is reconciled within fifteen`(
            _ setting: StartCase
        ) async throws {
            let results = try await aside {
                try (0..<(starts ?? 1)).map { _ in try StartTrial(setting).run() }
            }
            let row = StartRow(results: results)
            for line in StartRow.head + [row.line] { print(line) }
            for result in results {
                #expect(result.open == 10 && result.fills >= 10_000, "\(result)")
                #expect(result.kept == 8, "two are left as asked, the others are as they were: \(result)")
                #expect(result.takenUp ?? .infinity <= 5_000, "\(result)")
                #expect(result.firstOrder ?? .infinity <= 5_000, "\(result)")
                #expect(result.reconciled ?? .infinity <= 15_000, "\(result)")
            }
        }
    }
#endif
