#if KillPoints
    import Core
    import Foundation
    import Testing
    import Wire

    @testable import Host

    /// Where a guardian dies while it repairs what a dead host left, and who comes after it.
    struct GuardianKill: Sendable {
        enum Successor: String, CaseIterable, Sendable { case host, guardian, both }
        let point: KillPoint, count: Int
        let successor: Successor

        static let all: [GuardianKill] = KillPoint.allCases.flatMap { point in
            (1...(point.isReceipt ? 4 : 2)).flatMap { count in
                Successor.allCases.map { GuardianKill(point: point, count: count, successor: $0) }
            }
        }
        var name: String { "\(point.rawValue):\(count), then \(successor.rawValue)" }
    }

    struct GuardianKillResult: Sendable {
        let setting: GuardianKill
        var wasReached = false, wasNaked = false
        var recovered: Int?
        var faults: [String] = []
    }

    /// One case: a host killed with half a post filled, its guardian killed while it repairs, a successor.
    final class GuardianKillTrial {
        private let setting: GuardianKill
        private var result: GuardianKillResult
        private let stage: KillTrial

        init(_ setting: GuardianKill) throws {
            (self.setting, result) = (setting, GuardianKillResult(setting: setting))
            stage = try KillTrial(.naked)
        }

        func run() throws -> GuardianKillResult {
            let first = try stage.host([
                "NEAP_KILL": KillCase.naked.plan,
                "NEAP_KILL_GUARDIAN": "\(setting.point.rawValue):\(setting.count)",
            ])
            guard first.end(within: 40) == SIGKILL else {
                first.stop()
                _ = first.end(within: 20)
                return fault("the host was not killed")
            }
            guard stage.until(seconds: 40, { stage.guardianLog.contains("takes over") }) else {
                return fault("the guardian did not take over")
            }
            // Killed, or done without having come to that place so often.
            let lock = stage.live + "/" + GuardianRun.lockFile
            _ = stage.until(seconds: 40) {
                !ProcessLock.isHeld(lock) || stage.guardianLog.contains("hedged or flat, no entry rests")
            }
            result.wasReached = stage.until(seconds: 1) { !ProcessLock.isHeld(lock) }
            result.wasNaked = stage.witness.isNaked
            try stage.leave()
            try succeed()
            result.faults += stage.faultsAtTheEnd()
            return result
        }

        private func fault(_ text: String) -> GuardianKillResult {
            result.faults.append(text)
            return result
        }

        private func succeed() throws {
            let began = MonotonicClock.microseconds()
            var guardian: HostProcess?
            if setting.successor != .host { guardian = try stage.guardian() }
            var host: HostProcess?
            if setting.successor != .guardian { host = try stage.host([:], seconds: 120) }
            if stage.until(seconds: KillTrial.promise / 1000, { stage.witness.isCalm() }) {
                result.recovered = Int((MonotonicClock.microseconds() - began) / 1000)
            } else {
                result.faults.append("not hedged or flat in time: \(stage.witness.text())")
            }
            if setting.successor == .guardian, result.wasReached {
                // All may be whole before it is: it waits until what the dead one signed is void.
                let tookOver = stage.until(seconds: 40) {
                    stage.guardianLog.components(separatedBy: "takes over").count == 3
                }
                if !tookOver { result.faults.append("the second guardian did not take over") }
            }
            let last = try host ?? stage.host([:], seconds: 120)
            if !stage.until(seconds: 40, { stage.log.contains("Reconciled") }) {
                result.faults.append("the host did not come back")
            }
            last.stop()
            if last.end(within: 40) != 0 { result.faults.append("the host did not end in order") }
            guard let guardian else { return }
            if guardian.end(within: 40) == nil { result.faults.append("the guardian did not end") }
        }
    }

    @Suite struct `A guardian that is killed` {
        private static let isWhole = ProcessInfo.processInfo.environment["NEAP_KILLS"] != nil

        @Test(.timeLimit(.minutes(40)))
        func `while it repairs is followed by a host, a guardian or both, and all is hedged or flat`()
            async throws
        {
            var cases = GuardianKill.all
            if !Self.isWhole {
                cases = [
                    GuardianKill(point: .commandsAfter, count: 1, successor: .host),
                    GuardianKill(point: .inputAfter, count: 1, successor: .guardian),
                    GuardianKill(point: .sendAfter, count: 1, successor: .both),
                ]
            }
            let results = try await inLanes(cases) { try GuardianKillTrial($0).run() }
            for line in Self.table(results) { print(line) }
            for result in results {
                #expect(result.faults.isEmpty, "\(result.setting.name): \(result.faults)")
            }
            #expect(results.count { $0.wasReached } * 2 >= results.count)
            #expect(results.contains { $0.wasNaked })
        }

        private static func table(_ results: [GuardianKillResult]) -> [String] {
            var lines = [
                "| the guardian dies at | cases | reached | one leg open | slowest back | faults |",
                "| --- | ---: | ---: | ---: | ---: | ---: |",
            ]
            for successor in GuardianKill.Successor.allCases {
                for point in KillPoint.allCases {
                    let own = results.filter {
                        $0.setting.point == point && $0.setting.successor == successor
                    }
                    guard !own.isEmpty else { continue }
                    let slowest = own.compactMap(\.recovered).max().map { "\($0) ms" } ?? "–"
                    lines.append(
                        "| \(point.rawValue), then \(successor.rawValue) | \(own.count) | "
                            + "\(own.count(where: \.wasReached)) | \(own.count(where: \.wasNaked)) | "
                            + "\(slowest) | \(own.count { !$0.faults.isEmpty }) |")
                }
            }
            return lines
        }
    }
#endif
