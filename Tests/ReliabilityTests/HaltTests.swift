#if KillPoints
    import Foundation
    import Testing

    private let halts = ProcessInfo.processInfo.environment["NEAP_HALTS"].flatMap(Int.init)
    /// Through the guardian takes its time, and GuardianTests has it as well.
    private let ways = halts == nil ? [HaltWay.command, .signal, .file] : HaltWay.allCases

    /// Real processes on loopback, each halt with its own, the moments taken by the exchange.
    ///
    /// `NEAP_HALTS=20` halts so often in each way; without it once, the guardian's way left out.
    @Suite(.serialized) struct `A halt` {
        @Test(.timeLimit(.minutes(15)), arguments: ways)
        func `lets nothing more be entered, cancels what rests and leaves every pair hedged or flat`(
            _ way: HaltWay
        ) async throws {
            // Each on an exchange of its own: one whose legs stay apart is soon expected to stay so.
            let results = try await aside {
                try (0..<UInt64(halts ?? 1)).flatMap { try HaltTrial(way, seed: 20261126 + $0).run(1) }
            }
            let row = HaltRow(results: results)
            for line in HaltRow.head + [row.line] { print(line) }
            #expect(results.allSatisfy { $0.resting > 0 && !$0.cancels.isEmpty }, "something rested")
            #expect(results.allSatisfy { $0.calm != nil }, "every pair is hedged or flat, nothing rests")
            // The bounds of the host; of a guardian, that it has come to the same within 15 s.
            let bounds = way == .stuck ? (15_000.0, 15_000.0, 15_000.0) : (50.0, 250.0, 5_000.0)
            #expect(row.entries.median <= bounds.0, "\(row.entries.text)")
            #expect(row.cancels.median <= bounds.1, "\(row.cancels.text)")
            #expect(row.calm.longest <= bounds.2, "\(row.calm.text)")
        }

        @Test(.timeLimit(.minutes(3)))
        func `asked of a desk that stands still holds when the host begins anew`() async throws {
            #expect(try await aside { try HaltTrial(.signal, seed: 1).haltAsleep() } == [])
        }
    }
#endif
