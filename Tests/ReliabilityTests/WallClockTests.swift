#if KillPoints
    import Core
    import Foundation
    import Testing
    import Wire

    @testable import Host

    /// The wall clock of a real process is set forward and back while it trades, and between two runs.
    @Suite struct `A step of the wall clock` {
        @Test(.timeLimit(.minutes(3)), arguments: [-3600, 3600] as [Int64])
        func `in a run changes no timer: pairs are closed at their age, and nothing falls due before`(
            _ step: Int64
        ) async throws {
            try await aside {
                let stage = try KillTrial(.taking)
                let shift = try WallShift(stage)
                let host = try stage.host(shift.environment, seconds: 120)
                #expect(stage.until(seconds: 40) { stage.count("Opened SOL") >= 1 })
                try shift.set(step)
                let closed = stage.count("Closed SOL")
                // Open for a second and a half by the clock that goes on; then the cool-down of a second.
                #expect(stage.until(seconds: 20) { stage.count("Closed SOL") > closed })
                let opened = stage.count("Opened SOL")
                #expect(stage.until(seconds: 30) { stage.count("Opened SOL") > opened })
                try stage.leave()
                #expect(stage.until(seconds: 30) { stage.count("Closed SOL") >= stage.count("Opened SOL") })
                host.stop()
                #expect(host.end(within: 40) == 0)
                for text in [
                    "has been open for more than", "stood still", "guardian takes over", "guardian took over",
                ] {
                    #expect(!(stage.log + stage.guardianLog).contains(text), "\(text)")
                }
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }

        @Test(.timeLimit(.minutes(3)), arguments: [-3600, 3600] as [Int64])
        func `between two runs lets the second repair what the first left open`(_ step: Int64) async throws {
            try await aside {
                let stage = try KillTrial(.naked)
                let shift = try WallShift(stage)
                try shift.set(-step)
                let first = try stage.host(
                    shift.environment.merging(["NEAP_KILL": KillCase.naked.plan]) { $1 })
                #expect(first.end(within: 40) == SIGKILL)
                try shift.set(0)
                try stage.leave()
                let second = try stage.host(shift.environment, seconds: 120)
                #expect(stage.until(seconds: 30) { stage.log.contains("Reconciled") })
                #expect(stage.until(seconds: 30) { stage.witness.isCalm() })
                second.stop()
                #expect(second.end(within: 40) == 0)
                #expect(stage.faultsAtTheEnd().isEmpty)
            }
        }
    }

    /// The file that says by how much the wall clock of a process is off.
    private struct WallShift {
        private let path: String

        init(_ stage: KillTrial) throws {
            path = stage.place("wall-shift")
            try set(0)
        }

        var environment: [String: String] {
            let products = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            return [
                "LD_PRELOAD": products.appending(path: "libWallShift.so").path, "NEAP_WALL_SHIFT": path,
            ]
        }

        /// In its place: the process has the file mapped.
        func set(_ seconds: Int64) throws {
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(atPath: path, contents: Data(count: 8))
            }
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            defer { try? file.close() }
            try file.write(contentsOf: withUnsafeBytes(of: seconds.littleEndian) { Data($0) })
        }
    }
#endif
