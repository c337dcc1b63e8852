import ArgumentParser
import Exchange
import Foundation
import Wire

/// What every command to a running host takes.
struct ReachOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Data folder of the host.", valueName: "dir"))
    var data: String?
    @Flag(help: "One JSON object on standard output.")
    var json = false

    /// Sends one request and prints the answer.
    func ask(_ method: HTTPMethod, _ target: String, _ show: (String) -> String = { $0 }) throws {
        do {
            let folder = data ?? ProcessInfo.processInfo.environment["DATA_DIR"] ?? "data"
            let answer = try ControlClient(data: folder).ask(method, target)
            let text = String(decoding: answer.body, as: UTF8.self)
            guard answer.status < 300 else {
                Terminal.complain("neap: \(Self.word("error", of: answer.body) ?? text)")
                throw ExitCode(1)
            }
            Terminal.say(json ? text : Self.word("done", of: answer.body) ?? show(text))
        } catch let fault as StartFault {
            Terminal.complain("neap: \(fault)")
            throw ExitCode(1)
        }
    }

    private static func word(_ key: String, of body: [UInt8]) -> String? {
        let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        return object?[key] as? String
    }
}

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What a running host holds and does.")
    @OptionGroup var reach: ReachOptions

    func run() throws {
        try reach.ask(.get, "/status") { text in
            guard
                let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            else { return text }
            return Self.page(object)
        }
    }

    private static func page(_ status: [String: Any]) -> String {
        func text(_ key: String, of object: [String: Any]) -> String {
            (object[key].map { "\($0)" } ?? "–").replacing("<null>", with: "–")
        }
        var lines = [
            "\(text("mode", of: status)), \(text("state", of: status)), \(text("seconds", of: status)) s",
            "equity \(text("equity_usd", of: status)) USD, profit \(text("net_pnl_usd", of: status)) USD, today "
                + "\(text("pnl_today_usd", of: status)) USD",
            "\(text("rounds", of: status)) rounds, \(text("fills", of: status)) fills, "
                + "\(text("orders_sent", of: status)) orders",
        ]
        for pair in status["pairs"] as? [[String: Any]] ?? [] {
            let held = (pair["holdings"] as? [[String: Any]] ?? []).map {
                "\(text("script", of: $0)) \(text("state", of: $0)) \(text("contracts", of: $0)) contracts, net "
                    + "\(text("net_usd", of: $0)) USD"
            }
            lines.append(
                "\(text("pair", of: pair).padding(to: 6)) gross \(text("gross_pct", of: pair)) %  "
                    + held.joined(separator: "; "))
        }
        for script in status["scripts"] as? [[String: Any]] ?? [] {
            lines.append(
                "\(text("name", of: script)) \(text("version", of: script)) \(text("state", of: script)): "
                    + "\(text("calls", of: script)) calls, \(text("faults", of: script)) faults, "
                    + "\(text("net_pnl_usd", of: script)) USD")
        }
        return lines.joined(separator: "\n")
    }
}

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Open nothing; manage what is open.")
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/hold") }
}

struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Allow entries again after hold.")
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/resume") }
}

struct HaltCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halt", abstract: "Stop entries and exits; open legs are still repaired.",
        discussion: "The same as SIGUSR1 to the host, or a file HALT beside its control.sock.")
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/halt") }
}

struct RearmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rearm", abstract: "Clear a halt or a limit's latch.")
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/rearm") }
}

struct FlattenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flatten", abstract: "Close every pair, then hold.")
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/flatten") }
}

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Let the saved file of a strategy take over now.")
    @Argument(help: "The strategy's name: its file without .lua.")
    var name: String
    @OptionGroup var reach: ReachOptions

    func validate() throws {
        guard
            name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45 }
            )
        else { throw ValidationError("\(name): names are small letters, digits, _ and -") }
    }
    func run() throws { try reach.ask(.post, "/reload/\(name)") }
}
