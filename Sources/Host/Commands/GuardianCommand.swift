import ArgumentParser
import Foundation
import Glibc

/// `neap guardian`.
struct GuardianCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guardian", abstract: "Watch a live host, and take its place while it is silent.",
        discussion: """
            `neap run --mode live` starts one by itself. It acts when the host has been silent for 4 to 5 \
            seconds: entries that rest are cancelled, every pair is brought to hedged or flat; hedged pairs \
            stay. It hands over when the host is back and ends when the host ends in order. It writes \
            guardian.log in the host's folder.
            """)

    @Option(help: ArgumentHelp("Configuration instead of .env.", valueName: "file"))
    var env: String?
    @Option(help: ArgumentHelp("The data folder of the host.", valueName: "dir"))
    var data: String?
    @Flag(help: "Write to guardian.log only.")
    var quiet = false

    func run() throws {
        Signals.block()
        // Started by a host: whoever waits for that host's end may wait for what it was given to close.
        if quiet { for handle: Int32 in 3..<4096 { close(handle) } }
        do {
            var configuration = try RunPlan.configuration(
                file: env, mode: .live, environment: ProcessInfo.processInfo.environment)
            if let data { configuration.data = data }
            var plan = RunPlan(configuration: configuration)
            plan.isSilent = quiet
            let code = try GuardianRun(plan).run()
            if code != 0 { throw ExitCode(code) }
        } catch let faults as Configuration.Faults {
            for line in faults.lines { Terminal.complain("neap guardian: \(line)") }
            throw ExitCode(2)
        } catch let fault as StartFault {
            Terminal.complain("neap guardian: \(fault)")
            throw ExitCode(fault.code)
        }
    }
}
