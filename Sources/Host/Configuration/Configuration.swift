import Console
import Core
import LuaBridge

enum TradingMode: String, Sendable, CaseIterable { case demo, paper, live }
/// What becomes of a new version that passed its rehearsal.
package enum ReloadPolicy: String, Sendable, CaseIterable {
    /// It takes over by itself.
    case auto
    /// It waits for `promote`; meanwhile it decides on paper (`shadow`) or not at all (`confirm`).
    case confirm, shadow
}

/// Everything a run is told from outside, checked.
struct Configuration: Sendable {
    var mode = TradingMode.demo
    var bases = ["SOL", "BTC", "ETH", "SUI", "JUP"]
    var strategies = "strategies"
    var data = "data"
    /// `nil` is off.
    var console: String? = "127.0.0.1:8765"
    var apiKey = "", privateKey = ""
    /// The guardian's own key; empty when it uses the host's.
    var guardianKey = (key: "", secret: "")
    var restURL = "https://api.backpack.exchange", wsURL = "wss://ws.backpack.exchange"
    var caFile: String?
    var limits = RiskLimits()
    var script = ScriptLimits()
    var ownLimits = OwnLimits()
    /// `nil` is auto, in live shadow.
    var reloadPolicy: ReloadPolicy?
    var rehearsalMinutes = 15, probationEntries = 3, journalDays = 7
    var liveConfirmed = false
    var consoleToken = "", alertWebhook = ""
    /// What scripts may bind: every name of file and environment that is no secret of ours; of the
    /// environment's other names no free text.
    var bindings: [String: BoundValue] = [:]
    /// Names of the file that no table knows: they must be bound by a script.
    var unclaimed: [(line: Int, name: String)] = []

    /// All faults of a configuration, found at once.
    struct Faults: Error, CustomStringConvertible {
        let lines: [String]
        var description: String { lines.joined(separator: "\n") }
    }

    /// - Parameters:
    ///   - file: the lines of `.env`, with the name people know it by.
    ///   - environment: of the process; it comes before the file.
    static func read(
        file: [EnvFile.Line], named fileName: String, environment: [String: String]
    ) -> (configuration: Configuration, faults: [String]) {
        var configuration = Configuration()
        var faults: [String] = []
        let secrets = Variable.all.filter(\.isSecret).map(\.name)
        var values: [String: BoundValue] = [:]
        for line in file { values[line.name] = BoundValue(text: line.value, origin: .file) }
        for name in environment.keys.sorted() where EnvFile.isName(name) {
            values[name] = BoundValue(text: environment[name] ?? "", origin: .environment)
        }
        for variable in Variable.all {
            guard let bound = values[variable.name] else { continue }
            if let fault = variable.set(&configuration, bound.text) {
                let shown = variable.isSecret ? "…" : bound.text
                let place = bound.origin == .environment ? "environment" : fileName
                faults.append("\(place): \(variable.name)=\(shown): \(fault)")
            }
        }
        for name in values.keys.sorted() where name.hasPrefix(Variable.inventoryPrefix) {
            guard let bound = values[name] else { continue }
            let base = String(name.dropFirst(Variable.inventoryPrefix.count))
            if let quantity = Quantity(bound.text), quantity >= .zero, !base.isEmpty {
                configuration.limits.inventory.append(OwnCoins(asset: Asset(base), quantity: quantity))
            } else {
                faults.append("\(name)=\(bound.text): must be a quantity of at least 0, such as 10.5")
            }
        }
        let known = Variable.all.map(\.name)
        func isKnown(_ name: String) -> Bool {
            known.contains(name) || name.hasPrefix(Variable.inventoryPrefix)
        }
        for line in file where !isKnown(line.name) {
            configuration.unclaimed.append((line.number, line.name))
        }
        for name in environment.keys.sorted() where EnvFile.isName(name) && !isKnown(name) {
            guard values[name]?.origin == .environment, name.utf8.count > 6 else { continue }
            if let near = known.first(where: { Nearest.distance($0, name) <= 2 }) {
                faults.append("environment: \(name) is no variable; did you mean \(near)?")
            }
        }
        let inFile = file.map(\.name)
        for (name, bound) in values where !secrets.contains(name) {
            configuration.bindings[name] = BoundValue(
                text: bound.text, origin: bound.origin, isForeign: !isKnown(name) && !inFile.contains(name))
        }
        return (configuration, faults + configuration.contradictions)
    }

    /// What each value allows and all together do not.
    private var contradictions: [String] {
        var list: [String] = []
        for (name, url, plain) in [
            ("BACKPACK_REST_URL", restURL, "http:"), ("BACKPACK_WS_URL", wsURL, "ws:"),
        ]
        where url.hasPrefix(plain) && !Self.isLoopback(url) {
            list.append("\(name)=\(url): \(plain)// reaches this machine only; use \(plain.dropLast())s://")
        }
        if let consoleFault { list.append("CONSOLE=\(consoleFault)") }
        return list
    }

    /// What is wrong with the console's address, as `value: why`.
    var consoleFault: String? {
        guard let console else { return nil }
        guard let address = ConsoleServer.address(console) else {
            return "\(console): must be host:port, such as 127.0.0.1:8765, or off"
        }
        guard ConsoleServer.isLoopback(address.host) || !consoleToken.isEmpty else {
            return "\(console): others can reach it; set CONSOLE_TOKEN first"
        }
        return nil
    }

    /// Variables that name single scripts, and whom they name.
    var scriptsNamed: [(variable: String, names: [String])] {
        [
            ("SCRIPT_BUDGETS", limits.budgets.map(\.script)), ("SCRIPT_STEPS", ownLimits.steps.keys.sorted()),
            ("SCRIPT_MEMORY_KIB", ownLimits.memoryKiB.keys.sorted()),
            ("SCRIPT_WALL_MS", ownLimits.wallMilliseconds.keys.sorted()),
            ("SCRIPT_LOG_LINES", ownLimits.logLines.keys.sorted()),
            ("SCRIPT_SOURCE_KIB", ownLimits.sourceKiB.keys.sorted()),
            ("SCRIPT_CHAIN", ownLimits.chain.keys.sorted()),
        ]
    }

    var isLoopback: Bool { Configuration.isLoopback(restURL) && Configuration.isLoopback(wsURL) }

    static func isLoopback(_ url: String) -> Bool {
        let host = url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" }
        let name = host.hasPrefix("[") ? host.dropFirst().prefix { $0 != "]" } : host.prefix { $0 != ":" }
        return name == "localhost" || name == "127.0.0.1" || name == "::1"
    }
}
