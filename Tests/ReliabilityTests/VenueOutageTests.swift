#if KillPoints
    import Core
    import Foundation
    import Synchronization
    import Testing
    import Wire

    @testable import Host

    /// The exchange goes away while a leg is open.
    @Suite struct `An exchange that goes away` {
        @Test(.timeLimit(.minutes(3)))
        func `while half a post is filled finds a host that goes on, and has it whole when it is back`()
            async throws
        {
            try await aside {
                let left = Mutex(false)
                let stage = try KillTrial(.naked) { number in
                    // The hedge of the first half.
                    guard number == 1 else { return .served }
                    left.withLock { $0 = true }
                    return .away(.seconds(4))
                }
                let host = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { left.withLock { $0 } })
                #expect(!stage.witness.isCalm())
                try stage.leave()
                #expect(stage.until(seconds: 40) { stage.witness.isCalm() })
                #expect(host.end(within: 0) == nil, "it goes on running")
                host.stop()
                #expect(host.end(within: 40) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `while the host dies with one leg open finds a guardian that repairs when it is back`()
            async throws
        {
            try await aside {
                let stage = try KillTrial(.naked)
                let host = try stage.host(["NEAP_KILL": KillCase.naked.plan])
                #expect(host.end(within: 40) == SIGKILL)
                stage.venue.goAway(for: .seconds(8))
                #expect(stage.until(seconds: 40) { stage.guardianLog.contains("cannot act") })
                #expect(stage.until(seconds: 40) { stage.witness.isCalm() })
                try stage.leave()
                let second = try stage.host([:], seconds: 120)
                stage.expectWhole(at: second)
            }
        }

        /// What begins anew has lost the account: that the ledger cannot agree with it is told, and what was
        /// held is given up as gone.
        @Test(.timeLimit(.minutes(3)))
        func `and begins anew with an empty account leaves no leg open and no host dead`() async throws {
            try await aside {
                let stage = try KillTrial(.taking)
                let host = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("Opened SOL") })
                try stage.leave()
                try stage.restartVenue()
                #expect(stage.until(seconds: 60) { stage.log.contains("followed") && stage.witness.isCalm() })
                #expect(host.end(within: 0) == nil, "it goes on running")
                host.stop()
                #expect(stage.until(seconds: 40) { host.end(within: 0) != nil })
                #expect(stage.witness.isCalm())
                #expect(!stage.output.contains("Fatal error"))
            }
        }
    }
#endif
