#if KillPoints
    import Core
    import Foundation
    import Testing
    import Wire

    @testable import Host

    /// Real processes on loopback: who acts when the host, its guardian, both or the exchange are gone.
    @Suite struct `A guardian` {
        /// A host that dies with one leg filled: its first order was answered, the turn of that is lost.
        private static let naked = KillCase(style: .taker, point: .inputAfter, count: 2)

        @Test(.timeLimit(.minutes(3)))
        func `brings a pair of a dead host to hedged or flat, and hands over when it is back`() async throws {
            try await aside {
                let stage = try KillTrial(Self.naked)
                let host = try stage.host(["NEAP_KILL": "input-after:2"])
                #expect(host.end(within: 25) == SIGKILL)
                let died = MonotonicClock.microseconds()
                #expect(stage.until(seconds: 12) { stage.guardianLog.contains("takes over") })
                let took = MonotonicClock.microseconds() - died
                // Not before the lease and the life of a signature are over.
                #expect(took > Lease.span && took < 8_000_000, "\(took) µs")
                #expect(stage.until(seconds: 8) { stage.witness.isCalm() })
                #expect(stage.until(seconds: 5) { stage.guardianOrders > 0 }, "it keeps the host's records")
                try stage.leave()
                let second = try stage.host([:])
                #expect(stage.until(seconds: 10) { stage.log.contains("Reconciled") })
                #expect(stage.guardianLog.contains("The host is back"))
                second.stop()
                #expect(second.end(within: 20) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
                #expect(stage.until(seconds: 5) { !ProcessLock.isHeld(stage.live + "/guardian.lock") })
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `takes over from a host that stands still, which begins anew when it wakes`() async throws {
            try await aside {
                let stage = try KillTrial(KillCase(style: .taker, point: .sendAfter, count: 1))
                let host = try stage.host([:], seconds: 60)
                #expect(stage.until(seconds: 20) { stage.log.contains("Opened SOL") })
                host.signal(SIGSTOP)
                #expect(stage.until(seconds: 12) { stage.guardianLog.contains("takes over") })
                #expect(stage.until(seconds: 8) { stage.witness.isCalm() })
                try stage.leave()
                host.signal(SIGCONT)
                #expect(stage.until(seconds: 10) { stage.log.contains("beginning anew") })
                #expect(stage.until(seconds: 15) { stage.log.contains("Reconciled") })
                host.stop()
                #expect(host.end(within: 20) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `is started again when it is killed, and a host without one is no worse for it`() async throws {
            try await aside {
                let stage = try KillTrial(KillCase(style: .taker, point: .sendAfter, count: 1))
                let host = try stage.host([:], seconds: 60)
                #expect(stage.until(seconds: 20) { stage.log.contains("Opened SOL") })
                let first = try #require(ProcessLock.holder(stage.live + "/guardian.lock"))
                kill(first, SIGKILL)
                #expect(
                    stage.until(seconds: 10) {
                        let next = ProcessLock.holder(stage.live + "/guardian.lock")
                        return next != first && ProcessLock.isHeld(stage.live + "/guardian.lock")
                    })
                // Both at once.
                let second = try #require(ProcessLock.holder(stage.live + "/guardian.lock"))
                kill(second, SIGKILL)
                host.signal(SIGKILL)
                _ = host.end(within: 5)
                try stage.leave()
                let again = try stage.host([:])
                #expect(
                    stage.until(seconds: 6) { stage.log.contains("Reconciled") && stage.witness.isCalm() })
                again.stop()
                #expect(again.end(within: 20) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `of two hosts on one folder the second refuses at once`() async throws {
            try await aside {
                let stage = try KillTrial(KillCase(style: .taker, point: .sendAfter, count: 1))
                let host = try stage.host([:], seconds: 60)
                #expect(stage.until(seconds: 10) { stage.log.contains("Ready") })
                let began = MonotonicClock.microseconds()
                let second = try stage.host([:])
                #expect(second.end(within: 5) == 1)
                #expect(MonotonicClock.microseconds() - began < 2_000_000)
                #expect(stage.output.contains("another host runs here"))
                host.stop()
                #expect(host.end(within: 20) == 0)
            }
        }

        @Test(.timeLimit(.minutes(3)), arguments: ["file", "signal"])
        func `a halt by file or signal stops entries and outlasts the process`(_ way: String) async throws {
            try await aside {
                let stage = try KillTrial(KillCase(style: .taker, point: .sendAfter, count: 1))
                let host = try stage.host([:], seconds: 60)
                #expect(stage.until(seconds: 20) { stage.log.contains("Opened SOL") })
                if way == "file" {
                    try Data().write(to: URL(filePath: stage.live + "/HALT"))
                } else {
                    host.signal(SIGUSR1)
                }
                #expect(stage.until(seconds: 5) { stage.log.contains("State halted") })
                #expect(stage.until(seconds: 5) { stage.witness.isCalm() })
                host.signal(SIGKILL)
                _ = host.end(within: 5)
                try? FileManager.default.removeItem(atPath: stage.live + "/HALT")
                let entries = stage.log.components(separatedBy: "entry: ").count
                let again = try stage.host([:], seconds: 60)
                #expect(stage.until(seconds: 10) { stage.log.contains("Reconciled") })
                _ = stage.until(seconds: 3) { stage.log.components(separatedBy: "entry: ").count > entries }
                #expect(stage.log.components(separatedBy: "entry: ").count == entries, "\(stage.log)")
                again.stop()
                #expect(again.end(within: 20) == 0)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func
            `of two hosts on one account the second enters nothing and cancels nothing of the first`()
            async throws
        {
            try await aside {
                let stage = try KillTrial(KillCase(style: .taker, point: .sendAfter, count: 1))
                let host = try stage.host([:], seconds: 60)
                #expect(stage.until(seconds: 20) { stage.log.contains("Opened SOL") })
                let second = try stage.host([:], seconds: 60, data: "/other")
                #expect(stage.until(seconds: 20) { stage.otherLog.contains("ids begin above") })
                // The second sees the first one's orders; the first sees the second one's if it got so far.
                #expect(stage.until(seconds: 20) { stage.otherLog.contains("another program trades here") })
                second.stop()
                #expect(second.end(within: 20) == 0)
                #expect(!stage.otherLog.contains("it is cancelled"))
                host.stop()
                #expect(host.end(within: 20) == 0)
            }
        }
    }
#endif
