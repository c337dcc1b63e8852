import ArgumentParser
import Foundation

/// `neap accept-limits`.
struct AcceptLimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept-limits",
        abstract: "Accept the limits of the configuration for live trading.",
        discussion: """
            A live start with a limit raised since the last one stops. This shows what differs and stores \
            the limits as they are now. What is tighter needs no word: it holds at once.
            """)

    @Option(help: ArgumentHelp("Configuration instead of .env.", valueName: "file"))
    var env: String?
    @Option(help: ArgumentHelp("Data folder of the host.", valueName: "dir"))
    var data: String?

    func run() throws {
        do {
            // Only its limits are asked for: keys and their like are the business of a start.
            let configuration = try RunPlan.configuration(
                file: env, mode: .demo, environment: ProcessInfo.processInfo.environment)
            let folder = try DataFolder(data: data ?? configuration.data, mode: .live, start: 0)
            for line in try Self.accept(LimitTable(configuration.limits), in: folder.path) {
                Terminal.say(line)
            }
        } catch let faults as Configuration.Faults {
            for line in faults.lines { Terminal.complain("neap accept-limits: \(line)") }
            throw ExitCode(2)
        } catch let fault as StartFault {
            Terminal.complain("neap accept-limits: \(fault)")
            throw ExitCode(fault.code)
        }
    }

    /// - Returns: what to tell.
    static func accept(_ table: LimitTable, in folder: String) throws(StartFault) -> [String] {
        let stored = AcceptedLimits(folder: folder)
        var lines: [String] = []
        let accepted: LimitTable?
        do throws(StartFault) { accepted = try stored.read() } catch {
            accepted = nil
            lines.append("\(stored.path) could not be believed; all limits are stored anew")
        }
        if let accepted {
            let differences = table.differences(from: accepted)
            if differences.isEmpty {
                // The same limits may be written otherwise: coins of zero, a budget as large as the total.
                if accepted != table { try stored.store(table) }
                return ["nothing differs: the limits are accepted as they are"]
            }
            lines += differences.map { $0.text + ($0.isRaised ? " (raised)" : " (tighter)") }
        } else {
            lines += table.rows.map { "\($0.name): \($0.text)" }
        }
        try stored.store(table)
        return lines + ["accepted; a live start with these limits goes on"]
    }
}
