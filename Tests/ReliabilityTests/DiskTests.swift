#if KillPoints
    import Core
    import Foundation
    import Testing

    @testable import Host

    /// A file system of its own in a folder: a real full disk, and one that cannot be written.
    private struct OwnDisk {
        let path: String

        init(at path: String) throws {
            self.path = path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Self.run("mount", ["-t", "tmpfs", "-o", "size=2g", "tmpfs", path])
        }

        /// As large as what is in it: nothing more finds room.
        func fill() throws {
            var status = statvfs()
            #expect(statvfs(path, &status) == 0)
            let used = UInt64(status.f_blocks - status.f_bfree) * UInt64(status.f_frsize)
            try Self.run("mount", ["-o", "remount,size=\(used)", path])
        }
        func makeReadOnly() throws { try Self.run("mount", ["-o", "remount,ro", path]) }
        func makeWhole() throws { try Self.run("mount", ["-o", "remount,rw,size=2g", path]) }
        func end() { try? Self.run("umount", ["-l", path]) }

        /// Whether this machine lets the tests have one; says so when not.
        static let isPossible: Bool = {
            let place = FileManager.default.temporaryDirectory.path + "/neap-disk-\(getpid())"
            defer { try? FileManager.default.removeItem(atPath: place) }
            guard geteuid() == 0, let disk = try? OwnDisk(at: place) else {
                print("skipped: no file system can be mounted here")
                return false
            }
            disk.end()
            return true
        }()

        static func run(_ program: String, _ words: [String]) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [program] + words
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw LiveStage.Fault("\(program) \(words): \(process.terminationStatus)")
            }
        }
    }

    extension KillTrial {
        /// A run that was killed with one leg open, and its guardian with it; what rested has filled.
        fileprivate func leaveOneLeg() throws {
            let first = try host(["NEAP_KILL": KillCase.naked.plan])
            #expect(first.end(within: 40) == SIGKILL)
            let lock = live + "/guardian.lock"
            if let guardian = ProcessLock.holder(lock) { kill(guardian, SIGKILL) }
            #expect(until(seconds: 10) { !ProcessLock.isHeld(lock) && !witness.hasOrders })
            #expect(witness.isNaked)
        }

        fileprivate var orders: Int { venue.stamps.orders.count }

        /// Names of orders that no block has.
        fileprivate var namesOfTime: Int {
            venue.stamps.orders.count { ClientIDs.isOfTime(ClientOrderID(raw: UInt32($0.client))) }
        }

        /// Its strategy wishes to enter all the time.
        fileprivate func expectNoEntries(seconds: Int) {
            let before = orders
            _ = until(seconds: seconds) { orders > before }
            #expect(orders == before)
        }

        fileprivate func said(_ text: String) -> Int { output.components(separatedBy: text).count - 1 }
    }

    private func onOwnDisk(
        _ setting: KillCase, _ body: @escaping @Sendable (KillTrial, OwnDisk) throws -> Void
    ) async throws {
        try await aside {
            let stage = try KillTrial(setting)
            let disk = try OwnDisk(at: stage.folder + "/data")
            defer {
                disk.end()
                withExtendedLifetime(stage) {}
            }
            try body(stage, disk)
        }
    }

    /// Real processes on loopback, on disks of their own: who may not mount one does not play these.
    @Suite(.serialized) struct `A start that finds one leg open` {
        @Test(
            .enabled(if: OwnDisk.isPossible), .timeLimit(.minutes(4)), arguments: ["full", "read-only"])
        func `on a disk that takes nothing repairs it, enters nothing, and begins anew when there is room`(
            _ way: String
        ) async throws {
            try await onOwnDisk(.naked) { stage, disk in
                try stage.leaveOneLeg()
                way == "full" ? try disk.fill() : try disk.makeReadOnly()
                let second = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: KillTrial.promise / 1000) { stage.witness.isCalm() })
                #expect(stage.namesOfTime > 0)
                stage.expectNoEntries(seconds: 3)
                #expect(stage.said("nothing of this run can be recorded") == 1)
                #expect(stage.said("Placing") >= 1)
                #expect(second.end(within: 0) == nil, "it goes on running")
                // Killed and started once more it knows of nothing that was done, and does it not again.
                second.signal(SIGKILL)
                #expect(second.end(within: 40) == SIGKILL)
                let orders = stage.orders
                let third = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.said("is taken up") >= 2 })
                stage.expectNoEntries(seconds: 4)
                #expect(stage.orders == orders && stage.witness.isCalm())
                try stage.leave()
                try disk.makeWhole()
                #expect(stage.until(seconds: 40) { stage.said("beginning anew") == 1 })
                stage.expectWhole(at: third)
            }
        }

        @Test(.enabled(if: OwnDisk.isPossible), .timeLimit(.minutes(3)))
        func `and stops entries for it stays halted when it begins anew, though no record tells of it`()
            async throws
        {
            try await onOwnDisk(.naked) { stage, disk in
                try stage.leaveOneLeg()
                try disk.makeReadOnly()
                let second = try stage.host(["MAX_UNHEDGED_SECONDS": "1"], seconds: 120)
                #expect(stage.until(seconds: 40) { stage.witness.isCalm() })
                #expect(stage.until(seconds: 40) { stage.said("State reduce_only") == 1 })
                try disk.makeWhole()
                #expect(stage.until(seconds: 40) { stage.said("beginning anew") == 1 })
                #expect(stage.until(seconds: 40) { stage.log.contains("Reconciled") })
                #expect(stage.until(seconds: 10) { stage.said("State halted") == 1 })
                stage.expectNoEntries(seconds: 3)
                second.stop()
                #expect(second.end(within: 40) == 0)
            }
        }

        @Test(.enabled(if: OwnDisk.isPossible), .timeLimit(.minutes(3)))
        func `and no host has a guardian that repairs it on a full disk`() async throws {
            try await onOwnDisk(.naked) { stage, disk in
                let first = try stage.host(["NEAP_KILL": KillCase.naked.plan])
                #expect(first.end(within: 40) == SIGKILL)
                try disk.fill()
                #expect(stage.until(seconds: 40) { !stage.witness.hasOrders && stage.witness.isCalm() })
                let ofGuardian = stage.venue.stamps.orders.filter { UInt32($0.client) >> 31 == 1 }
                #expect(ofGuardian.count == stage.namesOfTime && !ofGuardian.isEmpty)
                try stage.leave()
                try disk.makeWhole()
                let second = try stage.host([:], seconds: 120)
                stage.expectWhole(at: second)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `and reserves no client order ids repairs it under others, and reserves them when it can`()
            async throws
        {
            try await aside {
                let stage = try KillTrial(.naked)
                try stage.leaveOneLeg()
                // What is written first and then put in the file's place.
                let obstacle = stage.live + "/client-ids.new"
                try FileManager.default.createDirectory(
                    atPath: obstacle, withIntermediateDirectories: false)
                let second = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: KillTrial.promise / 1000) { stage.witness.isCalm() })
                #expect(stage.namesOfTime > 0)
                #expect(stage.until(seconds: 40) { stage.log.contains("Reconciled") })
                stage.expectNoEntries(seconds: 3)
                #expect(stage.said("no client order ids can be reserved") == 1)
                try FileManager.default.removeItem(atPath: obstacle)
                #expect(stage.until(seconds: 40) { stage.said("can be reserved again") == 1 })
                try stage.leave()
                second.stop()
                #expect(second.end(within: 40) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `and no database repairs it, and begins anew when there can be one`() async throws {
            try await aside {
                let stage = try KillTrial(.naked)
                try stage.leaveOneLeg()
                let file = stage.live + "/records.sqlite"
                try FileManager.default.moveItem(atPath: file, toPath: file + ".away")
                try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
                let second = try stage.host([:], seconds: 120)
                #expect(stage.until(seconds: KillTrial.promise / 1000) { stage.witness.isCalm() })
                #expect(stage.until(seconds: 40) { stage.log.contains("Reconciled") })
                stage.expectNoEntries(seconds: 3)
                #expect(stage.said("which it does by itself") == 1)
                try FileManager.default.removeItem(atPath: file)
                try FileManager.default.moveItem(atPath: file + ".away", toPath: file)
                #expect(stage.until(seconds: 40) { stage.said("beginning anew") == 1 })
                #expect(stage.until(seconds: 40) { stage.count("Reconciled") == 2 })
                #expect(stage.said("which it does by itself") == 1, "the second start has its database")
                try stage.leave()
                second.stop()
                #expect(second.end(within: 40) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }

        @Test(.enabled(if: OwnDisk.isPossible), .timeLimit(.minutes(1)))
        func `nowhere, because nothing was ever here, ends with the code of a wrong configuration`()
            async throws
        {
            try await onOwnDisk(.taking) { stage, disk in
                try disk.makeReadOnly()
                let host = try stage.host([:], seconds: 60)
                #expect(host.end(within: 40) == 2)
                #expect(stage.said("choose another folder with --data") == 1, "\(stage.output)")
            }
        }
    }
#endif
