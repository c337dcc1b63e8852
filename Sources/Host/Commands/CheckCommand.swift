import ArgumentParser
import Exchange
import Foundation

/// `neap check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Try strategies without a running host.",
        discussion: """
            Compiles each file, holds its table against the contract, looks for fields that do not exist, \
            runs its own tests (tests/NAME_test.lua), puts every callback through a dry run and rehearses it \
            on ten minutes of generated market, within the limits of scripts that .env sets. \
            Exit 1 when anything is wrong with any of them.
            """)
    @Argument(help: ArgumentHelp("Strategies.", valueName: "file"))
    var files: [String]
    @Option(help: ArgumentHelp("Configuration: the limits of scripts. Default: .env", valueName: "path"))
    var env: String?
    @Flag(help: "One JSON object on standard output.")
    var json = false

    func run() throws {
        let configuration = try configuration()
        let checks = files.map {
            ScriptCheck($0, limits: configuration.script, own: configuration.ownLimits)
        }
        if json {
            Terminal.say(Self.json(checks))
        } else {
            for check in checks {
                for line in check.lines { check.isGood ? Terminal.say(line) : Terminal.complain(line) }
            }
        }
        guard checks.allSatisfy(\.isGood) else { throw ExitCode(1) }
    }

    /// The limits of scripts are checked as the host would set them.
    private func configuration() throws -> Configuration {
        do throws(Configuration.Faults) {
            return try RunPlan.configuration(
                file: env, mode: .demo, environment: ProcessInfo.processInfo.environment)
        } catch {
            for line in error.lines { Terminal.complain("neap check: \(line)") }
            throw ExitCode(2)
        }
    }

    private static func json(_ checks: [ScriptCheck]) -> String {
        var json = JSONText()
        json.object { json in
            json.key("files")
            json.array { json in
                for check in checks {
                    json.object { json in
                        json.field("file", check.file)
                        json.field("good", check.isGood)
                        json.field("version", check.version)
                        json.field("tests", Int64(check.tests))
                        if let side = check.rehearsal?.new {
                            json.field("calls", Int64(side.calls))
                            json.field("would_enter", Int64(side.entries))
                            json.field("would_exit", Int64(side.exits))
                            json.field("most_steps", Int64(side.stepsMost))
                        }
                        json.key("not_rehearsed")
                        json.array { json in for pair in check.standIns.left { json.text(pair) } }
                        json.key("faults")
                        json.array { json in
                            for report in check.reports {
                                json.object { json in
                                    json.field("place", report.place)
                                    json.field("message", report.message)
                                }
                            }
                        }
                    }
                }
            }
        }
        return json.string
    }
}
