#if KillPoints
    import Core
    import Foundation
    import Testing
    import Wire

    @testable import Host

    /// Where a second run dies while it repairs what the first one left.
    struct RepairKill: Sendable {
        let point: KillPoint, count: Int

        static let all: [RepairKill] = KillPoint.allCases.flatMap { point in
            (1...(point.isReceipt ? 4 : 2)).map { RepairKill(point: point, count: $0) }
        }
        var plan: String { "\(point.rawValue):\(count)" }
    }

    struct RepairKillResult: Sendable {
        let setting: RepairKill
        var wasReached = false, wasNaked = false
        var recovered: Int?
        var faults: [String] = []
    }

    @Suite struct `A host that is killed again` {
        private static let isWhole = ProcessInfo.processInfo.environment["NEAP_KILLS"] != nil

        @Test(.timeLimit(.minutes(40)))
        func `while it repairs is hedged or flat when the third is back`() async throws {
            let cases =
                Self.isWhole
                ? RepairKill.all
                : [
                    RepairKill(point: .commandsBefore, count: 1), RepairKill(point: .sendAfter, count: 1),
                    RepairKill(point: .inputAfter, count: 2),
                ]
            let results = try await inLanes(cases, Self.play)
            for line in Self.table(results) { print(line) }
            for result in results {
                #expect(result.faults.isEmpty, "\(result.setting.plan): \(result.faults)")
            }
            #expect(results.count { $0.wasReached } * 2 >= results.count)
            #expect(results.contains { $0.wasNaked })
        }

        private static func play(_ setting: RepairKill) throws -> RepairKillResult {
            var result = RepairKillResult(setting: setting)
            let stage = try KillTrial(.naked)
            let first = try stage.host(["NEAP_KILL": KillCase.naked.plan])
            guard first.end(within: 40) == SIGKILL else {
                result.faults.append("the first was not killed")
                return result
            }
            try stage.leave()
            let second = try stage.host(["NEAP_KILL": setting.plan], seconds: 120)
            // Killed, or done without having come to that place so often.
            _ = stage.until(seconds: 40) {
                second.end(within: 0) != nil || (stage.log.contains("Reconciled") && stage.witness.isCalm())
            }
            result.wasReached = second.end(within: 0) == SIGKILL
            if !result.wasReached {
                second.stop()
                _ = second.end(within: 40)
            }
            result.wasNaked = stage.witness.isNaked
            let began = MonotonicClock.microseconds()
            let resumed = stage.count("Reconciled")
            let third = try stage.host([:], seconds: 120)
            if stage.until(seconds: KillTrial.promise / 1000, { stage.witness.isCalm() }) {
                result.recovered = Int((MonotonicClock.microseconds() - began) / 1000)
            } else {
                result.faults.append("not hedged or flat in time: \(stage.witness.text())")
            }
            if !stage.until(seconds: 40, { stage.count("Reconciled") > resumed }) {
                result.faults.append("the third did not come back")
            }
            third.stop()
            if third.end(within: 40) != 0 { result.faults.append("the third did not end in order") }
            result.faults += stage.faultsAtTheEnd()
            return result
        }

        private static func table(_ results: [RepairKillResult]) -> [String] {
            var lines = [
                "| the second run dies at | cases | reached | one leg open | slowest back | faults |",
                "| --- | ---: | ---: | ---: | ---: | ---: |",
            ]
            for point in KillPoint.allCases {
                let own = results.filter { $0.setting.point == point }
                guard !own.isEmpty else { continue }
                let slowest = own.compactMap(\.recovered).max().map { "\($0) ms" } ?? "–"
                lines.append(
                    "| \(point.rawValue) | \(own.count) | \(own.count { $0.wasReached }) | "
                        + "\(own.count { $0.wasNaked }) | \(slowest) | "
                        + "\(own.count { !$0.faults.isEmpty }) |")
            }
            return lines
        }
    }
#endif
