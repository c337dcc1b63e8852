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
    /// - Parameter seconds: how long it may take.
    func ask(
        _ method: HTTPMethod, _ target: String, seconds: Int = 20, _ show: (String) -> String = { $0 }
    ) throws {
        do {
            let folder = data ?? ProcessInfo.processInfo.environment["DATA_DIR"] ?? "data"
            let answer = try ControlClient(data: folder).ask(method, target, seconds: seconds)
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
            "cash runway \(text("cash_runway", of: status)), liquidation at a rise of "
                + "\(text("liquidation_rise", of: status))",
            "\(text("rounds", of: status)) rounds, \(text("fills", of: status)) fills, "
                + "\(text("orders_sent", of: status)) orders",
        ]
        if let fault = status["records_fault"] as? String { lines.append(fault) }
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
            let left = script["probation_left"] as? Int
            lines.append(
                "\(text("name", of: script)) \(text("version", of: script)) \(text("state", of: script))"
                    + "\(left.map { ", on probation for \($0) entries" } ?? ""): "
                    + "\(text("calls", of: script)) calls, \(text("faults", of: script)) faults, "
                    + "\(text("net_pnl_usd", of: script)) USD")
            for row in script["versions"] as? [[String: Any]] ?? [] {
                lines.append(
                    "  \(text("version", of: row)) \(text("fate", of: row).padding(to: 11)) "
                        + "\(clock(row)) \(text("summary", of: row).prefix(60))")
                let detail = text("detail", of: row).split(separator: "\n").first ?? ""
                if !detail.isEmpty { lines.append("    \(detail)") }
            }
            for row in script["shadow"] as? [[String: Any]] ?? [] {
                lines.append(
                    "  shadow \(text("version", of: row)): \(text("seconds", of: row)) s, "
                        + "\(text("rounds", of: row)) rounds, \(text("net_pnl_usd", of: row)) USD on paper, "
                        + "the running version \(text("running_net_pnl_usd", of: row)); "
                        + text("difference", of: row))
            }
        }
        for file in status["refused_files"] as? [[String: Any]] ?? [] {
            lines.append(
                "\(text("file", of: file)) \(text("fate", of: file)) at \(clock(file)): "
                    + "\(text("place", of: file)): \(text("reason", of: file))")
        }
        return lines.joined(separator: "\n")
    }

    /// Hours, minutes and seconds of `since_ms`.
    private static func clock(_ row: [String: Any]) -> Substring {
        UTCText.full(microseconds: (row["since_ms"] as? Int64 ?? 0) * 1000).dropFirst(11).prefix(8)
    }
}

/// The name of a strategy on the command line.
struct ScriptName: ExpressibleByArgument {
    let text: String
    init?(argument: String) {
        guard !argument.isEmpty,
            argument.utf8.allSatisfy({
                (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45
            })
        else { return nil }
        text = argument
    }
}

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Open nothing; manage what is open.")
    @Argument(help: "One strategy only.") var name: ScriptName?
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/hold" + target(name)) }
}

struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Allow entries again after hold.")
    @Argument(help: "One strategy only.") var name: ScriptName?
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/resume" + target(name)) }
}

struct HaltCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halt", abstract: "Stop entries and exits; open legs are still repaired.",
        discussion: "The same as SIGUSR1 to the host, or a file HALT beside its control.sock.")
    @Argument(help: "One strategy only.") var name: ScriptName?
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/halt" + target(name)) }
}

struct RearmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rearm", abstract: "Clear a halt or a limit's latch; of a strategy, a stop as well.")
    @Argument(help: "One strategy only.") var name: ScriptName?
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/rearm" + target(name)) }
}

private func target(_ name: ScriptName?) -> String { name.map { "/" + $0.text } ?? "" }

struct FlattenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flatten", abstract: "Close every pair, then hold.")
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/flatten") }
}

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Put the saved file of a strategy through its rehearsal now.",
        discussion: "Also a version that was refused or taken back before.")
    @Argument(help: "The strategy's name: its file without .lua.") var name: ScriptName
    @Flag(help: "Begin with the file's own state instead of that of the running version.") var fresh = false
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/reload\(fresh ? "_fresh" : "")/\(name.text)", seconds: 120) }
}

struct PromoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Let the version that waits take over.")
    @Argument(help: "The strategy's name.") var name: ScriptName
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/promote/\(name.text)") }
}

struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Bring the version before the running one back.",
        discussion: "One step. The file is left as it is; its version is not tried again until it changes.")
    @Argument(help: "The strategy's name.") var name: ScriptName
    @OptionGroup var reach: ReachOptions
    func run() throws { try reach.ask(.post, "/rollback/\(name.text)") }
}
