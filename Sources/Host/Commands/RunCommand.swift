import ArgumentParser
import Foundation
import Market
import Venue
import Wire

/// `neap run`.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Trade the strategies of a folder.",
        discussion: """
            demo (the default) starts an exchange of its own on loopback and needs nothing. live trades the \
            account of .env and asks for LIVE_CONFIRM=yes. Ctrl-C cancels entries, repairs open legs, keeps \
            hedged pairs and writes the summary; a second one ends at once. Exit 2 is a configuration or a \
            data folder at fault: the same start would end the same.
            """)

    @Option(help: "demo or live; without it TRADING_MODE.")
    var mode: String?
    @Option(help: ArgumentHelp("Configuration instead of .env.", valueName: "file"))
    var env: String?
    @Option(help: ArgumentHelp("Folder of strategies.", valueName: "dir"))
    var strategies: String?
    @Option(help: ArgumentHelp("Folder of everything a run leaves behind.", valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("Where the console listens, or off.", valueName: "host:port"))
    var console: String?
    @Option(name: .customLong("for"), help: ArgumentHelp("End after so long.", valueName: "seconds"))
    var seconds: Int64?
    @Option(help: ArgumentHelp("Write what the run did as JSON.", valueName: "file"))
    var summary: String?
    @Flag(help: "Close every pair at the end.")
    var flattenOnExit = false
    @Option(
        name: .customLong("market"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Demo: play recorded markets instead, CSV or CSV.gz; ends with the data.", valueName: "file"))
    var markets: [String] = []
    @Option(help: "Demo: fixes the generated market.")
    var seed: UInt64?
    @Option(help: "Demo: how many times as fast as the wall its clock runs.")
    var speed: Double?
    @Option(
        name: .customLong("faults"),
        help: ArgumentHelp(
            "Demo: what the exchange does wrong on purpose.", discussion: FaultText.help, valueName: "plan"))
    var faultPlan: String?

    func run() throws {
        Signals.block()
        ProcessMemory.givesBackWhatIsFreed()
        do {
            var plan = RunPlan(configuration: try configuration())
            plan.seconds = seconds
            plan.guardianWords =
                ["--data", plan.configuration.data] + (env.map { ["--env", $0] } ?? [])
            plan.summaryFile = summary
            plan.flattensOnExit = flattenOnExit
            plan.seed = seed ?? 1
            plan.speed = speed ?? 1
            if let faultPlan { plan.faults = try FaultText.read(faultPlan) }
            if plan.mode != .demo, seed != nil || speed != nil || faultPlan != nil || !markets.isEmpty {
                throw Configuration.Faults(
                    lines: ["--seed, --speed, --faults and --market belong to mode demo"])
            }
            if plan.mode == .paper {
                Terminal.complain("neap run --mode paper: not yet")
                throw ExitCode(1)
            }
            if !markets.isEmpty { plan.market = try RecordedMarket.open(markets) }
            let code = try HostRun(plan).run()
            if code != 0 { throw ExitCode(code) }
        } catch let faults as Configuration.Faults {
            for line in faults.lines { Terminal.complain("neap run: \(line)") }
            throw ExitCode(2)
        } catch let fault as MarketFault {
            Terminal.complain("neap run: --market \(fault)")
            throw ExitCode(2)
        } catch let fault as StartFault {
            Terminal.complain("neap run: \(fault)")
            throw ExitCode(fault.code)
        }
    }

    private func configuration() throws -> Configuration {
        var faults: [String] = []
        var chosen: TradingMode?
        if let mode {
            chosen = TradingMode(rawValue: mode)
            if chosen == nil { faults.append("--mode \(mode): demo, paper or live") }
        }
        if let seconds, seconds < 1 || seconds > 31_536_000 {
            faults.append("--for \(seconds): 1 to 31536000 seconds")
        }
        do throws(Configuration.Faults) { _ = try faultPlan.map(FaultText.read) } catch {
            faults += error.lines
        }
        if let speed, !(0.001...1000).contains(speed) { faults.append("--speed \(speed): 0.001 to 1000") }
        var configuration = Configuration()
        do {
            configuration = try RunPlan.configuration(
                file: env, mode: chosen, environment: ProcessInfo.processInfo.environment)
        } catch { faults += error.lines }
        guard faults.isEmpty else { throw Configuration.Faults(lines: faults) }
        if let strategies { configuration.strategies = strategies }
        if let data { configuration.data = data }
        if let console {
            configuration.console = console == "off" ? nil : console
            if let fault = configuration.consoleFault {
                throw Configuration.Faults(lines: ["--console \(fault)"])
            }
        }
        return configuration
    }
}
