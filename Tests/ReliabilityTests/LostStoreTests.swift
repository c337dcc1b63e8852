#if KillPoints
    import Core
    import Foundation
    import Testing
    import Wire

    @testable import Host

    /// A host that traded, and one in a folder that knows nothing of it: real processes on loopback.
    @Suite struct `A start whose folder was lost` {
        @Test(.timeLimit(.minutes(3)))
        func `begins above every id in the histories, on hold, and trades when a person has looked`()
            async throws
        {
            try await aside {
                let stage = try KillTrial(.taking)
                let first = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.count("Opened SOL") >= 1 })
                try stage.leave()
                #expect(stage.until(seconds: 40) { stage.count("Closed SOL") >= stage.count("Opened SOL") })
                first.stop()
                #expect(first.end(within: 40) == 0)
                try FileManager.default.removeItem(atPath: stage.place("data"))
                // Executed in no part and open no more: nothing but the history of orders has it. More rows
                // than one page are behind it.
                let day = Timestamp(microseconds: WallClock.microseconds()) - .seconds(20 * 3600)
                stage.venue.remember(fills: 1_500, of: "SOL_USDC", from: day, to: day + .seconds(3600))
                #expect(stage.until(seconds: 10) { (stage.witness.fillTotal() ?? 0) >= 1_500 })
                let name = UInt32(7) << 12 | 99
                #expect(stage.witness.misses(ClientOrderID(raw: name)))
                let before = stage.venue.stamps.orders.count
                try stage.enter()
                let second = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("another program trades here") })
                #expect(stage.log.contains("Orders up to id \(name) are on this account"))
                #expect(stage.until(seconds: 40) { stage.log.contains("Ready:") })
                #expect(!stage.until(seconds: 4) { stage.log.contains("Opened SOL") })
                #expect(stage.venue.stamps.orders.count == before, "nothing is sent on hold")
                let resume = try HostProcess(
                    ["resume", "--data", stage.place("data")], [:], log: stage.place("command.log"))
                #expect(resume.end(within: 20) == 0)
                #expect(stage.until(seconds: 40) { stage.log.contains("Opened SOL") })
                try stage.leave()
                #expect(stage.until(seconds: 40) { stage.count("Closed SOL") >= stage.count("Opened SOL") })
                second.stop()
                #expect(second.end(within: 40) == 0)
                let new = stage.venue.stamps.orders.dropFirst(before).map(\.client)
                #expect(!new.isEmpty && new.allSatisfy { $0 >> 12 >= 9 }, "\(new)")
                let all = stage.venue.stamps.orders.map(\.client)
                #expect(Swift.Set(all).count == all.count, "no id twice")
                #expect(stage.log.contains("The ledger and the venue agree"))
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `with a pair open holds what it finds and enters nothing`() async throws {
            try await aside {
                let stage = try KillTrial(.taking)
                try stage.killWithPairOpen()
                if let guardian = ProcessLock.holder(stage.live + "/" + GuardianRun.lockFile) {
                    kill(guardian, SIGKILL)
                }
                let isNaked = stage.witness.isNaked, isOpen = stage.witness.text()
                try FileManager.default.removeItem(atPath: stage.place("data"))
                let before = stage.venue.stamps.orders.count
                let second = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.log.contains("was there before the start; held") })
                #expect(stage.until(seconds: 40) { stage.log.contains("another program trades here") })
                #expect(!stage.until(seconds: 4) { stage.venue.stamps.orders.count > before })
                #expect(stage.witness.isNaked == isNaked && stage.witness.text() == isOpen)
                second.stop()
                #expect(second.end(within: 40) == 0)
            }
        }
    }
#endif
