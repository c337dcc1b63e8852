#if KillPoints
    import Core
    import Foundation
    import Testing
    import Wire

    @testable import Host

    /// Real processes on loopback: who acts when the host, its guardian, both or the exchange are gone.
    @Suite struct `A guardian` {
        @Test(.timeLimit(.minutes(3)))
        func `brings a pair of a dead host to hedged or flat, and hands over when it is back`() async throws {
            try await aside {
                let stage = try KillTrial(.naked)
                let host = try stage.host(["NEAP_KILL": KillCase.naked.plan])
                #expect(host.end(within: 40) == SIGKILL)
                let died = MonotonicClock.microseconds()
                #expect(stage.until(seconds: 40) { stage.guardianLog.contains("takes over") })
                let took = MonotonicClock.microseconds() - died
                // Not before the lease and the life of a signature are over.
                #expect(took > Lease.span && took < Int64(KillTrial.promise + 3_000) * 1000, "\(took) µs")
                #expect(stage.until(seconds: 40) { stage.witness.isCalm() })
                #expect(stage.until(seconds: 40) { stage.guardianOrders > 0 }, "it keeps the host's records")
                try stage.leave()
                let second = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("Reconciled") })
                #expect(stage.guardianLog.contains("The host is back"))
                second.stop()
                #expect(second.end(within: 40) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
                #expect(stage.until(seconds: 40) { !ProcessLock.isHeld(stage.live + "/guardian.lock") })
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `is there when both were killed and the host that comes back cannot start`() async throws {
            try await aside {
                let stage = try KillTrial(.naked)
                let host = try stage.host(["NEAP_KILL": KillCase.naked.plan])
                #expect(host.end(within: 40) == SIGKILL)
                if let guardian = ProcessLock.holder(stage.live + "/guardian.lock") {
                    kill(guardian, SIGKILL)
                }
                let strategies = stage.folder + "/strategies"
                try FileManager.default.moveItem(atPath: strategies, toPath: strategies + ".away")
                let broken = try stage.host([:])
                #expect(broken.end(within: 40) == 1)
                try FileManager.default.moveItem(atPath: strategies + ".away", toPath: strategies)
                let failed = MonotonicClock.microseconds()
                #expect(stage.until(seconds: 40) { stage.guardianLog.contains("takes over") })
                // Not the eight seconds of a start that goes well.
                #expect(MonotonicClock.microseconds() - failed < 7_000_000)
                #expect(stage.until(seconds: 40) { stage.witness.isCalm() })
                try stage.leave()
                let second = try stage.host([:], seconds: 120)
                stage.expectWhole(at: second)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `takes over from a host that stands still, which begins anew when it wakes`() async throws {
            try await aside {
                let stage = try KillTrial(.taking)
                let host = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("Opened SOL") })
                host.signal(SIGSTOP)
                #expect(stage.until(seconds: 40) { stage.guardianLog.contains("takes over") })
                #expect(stage.until(seconds: 40) { stage.witness.isCalm() })
                try stage.leave()
                host.signal(SIGCONT)
                #expect(stage.until(seconds: 40) { stage.log.contains("beginning anew") })
                stage.expectWhole(at: host)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `is started again when it is killed, and a host without one is no worse for it`() async throws {
            try await aside {
                let stage = try KillTrial(.taking)
                let host = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("Opened SOL") })
                #expect(stage.until(seconds: 40) { ProcessLock.holder(stage.live + "/guardian.lock") != nil })
                let first = try #require(ProcessLock.holder(stage.live + "/guardian.lock"))
                kill(first, SIGKILL)
                #expect(
                    stage.until(seconds: 40) {
                        // The file is held before it names who holds it.
                        guard let next = ProcessLock.holder(stage.live + "/guardian.lock") else {
                            return false
                        }
                        return next != first && ProcessLock.isHeld(stage.live + "/guardian.lock")
                    })
                // Both at once.
                let second = try #require(ProcessLock.holder(stage.live + "/guardian.lock"))
                kill(second, SIGKILL)
                host.signal(SIGKILL)
                _ = host.end(within: 40)
                try stage.leave()
                let again = try stage.host([:], seconds: 120)
                #expect(
                    stage.until(seconds: 40) { stage.log.contains("Reconciled") && stage.witness.isCalm() })
                again.stop()
                #expect(again.end(within: 40) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }

        /// Both would act: the host takes the lease from a dead guardian, and the new one goes on from it.
        @Test(.timeLimit(.minutes(3)))
        func `that is started while a host takes over from a dead one leaves the host alone`() async throws {
            try await aside {
                let stage = try KillTrial(.naked)
                let first = try stage.host([
                    "NEAP_KILL": KillCase.naked.plan, "NEAP_KILL_GUARDIAN": "commands-after:1",
                ])
                #expect(first.end(within: 40) == SIGKILL)
                let lock = stage.live + "/guardian.lock"
                #expect(stage.until(seconds: 40) { stage.guardianLog.contains("takes over") })
                #expect(stage.until(seconds: 40) { !ProcessLock.isHeld(lock) })
                try stage.leave()
                let second = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("gone without handing over") })
                let other = try stage.guardian()
                #expect(other.end(within: 40) == 0)
                #expect(stage.guardianLog.contains("Another guardian watches"))
                #expect(stage.until(seconds: 40) { stage.log.contains("Reconciled") })
                #expect(stage.until(seconds: 40) { stage.witness.isCalm() })
                #expect(stage.guardianLog.components(separatedBy: "takes over").count == 2)
                second.stop()
                #expect(second.end(within: 40) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `of two hosts on one folder the second refuses at once`() async throws {
            try await aside {
                let stage = try KillTrial(.taking)
                let host = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("Ready") })
                let second = try stage.host([:], seconds: 120)
                #expect(second.end(within: 40) == 1)
                #expect(stage.output.contains("another host runs here"))
                host.stop()
                #expect(host.end(within: 40) == 0)
            }
        }

        @Test(.timeLimit(.minutes(3)), arguments: ["file", "signal"])
        func `a halt by file or signal stops entries and outlasts the process`(_ way: String) async throws {
            try await aside {
                let stage = try KillTrial(.taking)
                let host = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("Opened SOL") })
                if way == "file" {
                    try Data().write(to: URL(filePath: stage.live + "/HALT"))
                } else {
                    host.signal(SIGUSR1)
                }
                #expect(stage.until(seconds: 40) { stage.log.contains("State halted") })
                #expect(stage.until(seconds: 40) { stage.witness.isCalm() })
                host.signal(SIGKILL)
                _ = host.end(within: 40)
                try? FileManager.default.removeItem(atPath: stage.live + "/HALT")
                let entries = stage.log.components(separatedBy: "entry: ").count
                let again = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("Reconciled") })
                _ = stage.until(seconds: 3) { stage.log.components(separatedBy: "entry: ").count > entries }
                #expect(stage.log.components(separatedBy: "entry: ").count == entries, "\(stage.log)")
                again.stop()
                #expect(again.end(within: 40) == 0)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func
            `of two hosts on one account the second enters nothing and cancels nothing of the first`()
            async throws
        {
            try await aside {
                let stage = try KillTrial(.taking)
                let host = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("Opened SOL") })
                let second = try stage.host([:], seconds: 60, data: "/other")
                #expect(stage.until(seconds: 40) { stage.otherLog.contains("ids begin above") })
                #expect(stage.until(seconds: 40) { stage.otherLog.contains("another program trades here") })
                #expect(!stage.otherLog.contains("entry: "))
                second.stop()
                #expect(second.end(within: 40) == 0)
                #expect(!stage.otherLog.contains("it is cancelled"))
                host.stop()
                #expect(host.end(within: 40) == 0)
            }
        }
    }
#endif
