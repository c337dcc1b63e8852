#if KillPoints
    import Core
    import Foundation
    import Venue
    import Wire

    @testable import Host

    /// An exchange in this process, and a folder in which a host in mode live runs as a process of its own.
    final class LiveStage {
        let folder: String
        let venue: VenueServer
        let witness: Witness

        /// - Parameters:
        ///   - settings: lines of `.env` beside keys and addresses.
        ///   - strategies: Lua by file name.
        init(
            _ setting: VenueConfiguration, cash: Int, bases: [String], settings: [String],
            strategies: [(name: String, text: String)]
        ) throws {
            folder =
                FileManager.default.temporaryDirectory.path + "/neap-live-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(
                atPath: folder + "/strategies", withIntermediateDirectories: true)
            let keys = SignatureCheck.makeKeys()
            var setting = setting
            setting.accounts = [AccountSetting(key: keys.key, balances: [(.usdc, Money(cash))])]
            venue = try VenueServer.start(setting)
            witness = try Witness(venue, secret: keys.secret, bases: bases)
            for (name, text) in strategies { try write("strategies/\(name).lua", text) }
            let lines = [
                "BACKPACK_API_KEY=\(keys.key)", "BACKPACK_PRIVATE_KEY=\(keys.secret)",
                "BACKPACK_REST_URL=\(venue.ready.rest)", "BACKPACK_WS_URL=\(venue.ready.ws)",
                "LIVE_CONFIRM=yes", "TRADING_PAIRS=\(bases.joined(separator: ","))", "REHEARSAL_MINUTES=0",
            ]
            try write(".env", (lines + settings).joined(separator: "\n") + "\n")
            chmod(folder + "/.env", 0o600)
        }

        deinit {
            witness.close()
            venue.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var live: String { folder + "/data/live" }
        var log: String { (try? String(contentsOfFile: live + "/arbitrage.log", encoding: .utf8)) ?? "" }
        var guardianLog: String {
            (try? String(contentsOfFile: live + "/guardian.log", encoding: .utf8)) ?? ""
        }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
        }

        func host(seconds: Int = 900) throws -> HostProcess {
            try HostProcess(
                [
                    "run", "--mode", "live", "--env", folder + "/.env", "--strategies",
                    folder + "/strategies", "--data", folder + "/data", "--console", "off", "--for",
                    String(seconds),
                ], [:], log: folder + "/host.log")
        }

        /// An operator's command to the running host, as a person gives it.
        func command(_ word: String) throws -> HostProcess {
            try HostProcess([word, "--data", folder + "/data"], [:], log: folder + "/command.log")
        }

        /// - Returns: whether it came true in time.
        func until(seconds: Int, every milliseconds: Int32 = 20, _ isTrue: () -> Bool) -> Bool {
            let deadline = MonotonicClock.microseconds() + Int64(seconds) * 1_000_000
            while MonotonicClock.microseconds() < deadline {
                if isTrue() { return true }
                pause(milliseconds)
            }
            return isTrue()
        }

        /// Why nothing can be measured.
        struct Fault: Error, CustomStringConvertible {
            let description: String
            init(_ description: String) { self.description = description }
        }
    }

    /// Milliseconds of some runs.
    struct Spans {
        private let sorted: [Double]
        init(_ milliseconds: [Double]) { sorted = milliseconds.sorted() }
        var isEmpty: Bool { sorted.isEmpty }
        /// Of an even number the lower of the two in the middle.
        var median: Double { sorted.isEmpty ? 0 : sorted[(sorted.count - 1) / 2] }
        var longest: Double { sorted.last ?? 0 }
        /// `median, longest`, for a table.
        var text: String { isEmpty ? "–" : "\(Self.text(median)), \(Self.text(longest)) ms" }
        private static func text(_ value: Double) -> String {
            String(format: value < 100 ? "%.1f" : "%.0f", value)
        }
    }
#endif
