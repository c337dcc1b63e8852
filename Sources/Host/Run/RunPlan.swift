import Core
import Glibc
import Journal
import LuaBridge
import Simulator
import Venue

/// What a run was asked to do, with the configuration it was given, all of it checked.
struct RunPlan: Sendable {
    var configuration: Configuration
    var seconds: Int64?
    var summaryFile: String?
    var flattensOnExit = false
    var seed: UInt64 = 1
    var speed = 1.0
    var market: RecordedMarket?
    /// What the embedded exchange does wrong on purpose.
    var faults = FaultPlan.none
    /// Neither table nor log on the terminal.
    var isSilent = false
    /// Behind `neap guardian`, for the guardian of this run.
    var guardianWords: [String] = []
    /// A segment of the journal that has grown to this is closed.
    var segmentBytes = JournalWriter.segmentBytes

    var mode: TradingMode { configuration.mode }
    var speedThousandths: Int64 { Int64((speed * 1000).rounded()) }

    /// Variables in force, without secrets, as the journal keeps them.
    var settings: [SegmentHeader.Setting] {
        Variable.all.filter { !$0.isSecret && !$0.isScripts }.map { variable in
            guard let bound = configuration.bindings[variable.name] else {
                return SegmentHeader.Setting(
                    origin: "default", name: variable.name, value: variable.standard)
            }
            return SegmentHeader.Setting(
                origin: bound.origin.rawValue, name: variable.name, value: bound.text)
        }
            + configuration.bindings.keys.sorted().filter { $0.hasPrefix(Variable.inventoryPrefix) }.map {
                SegmentHeader.Setting(
                    origin: "file", name: $0, value: configuration.bindings[$0]?.text ?? "")
            } + [limitsHash]
    }

    /// The hash of the whole table of limits stands beside what it was made from.
    static let limitsHashName = "LIMITS_SHA256"
    private var limitsHash: SegmentHeader.Setting {
        SegmentHeader.Setting(
            origin: "limits", name: Self.limitsHashName, value: LimitTable(configuration.limits).hash)
    }

    /// Reads `.env` and the environment.
    /// - Parameter file: named by a person; `nil` is `.env`, which may be missing.
    /// - Throws: all faults of the configuration at once.
    static func configuration(
        file: String?, mode: TradingMode?, environment: [String: String]
    ) throws(Configuration.Faults) -> Configuration {
        let path = file ?? ".env"
        var faults: [String] = []
        var lines: [EnvFile.Line] = []
        do throws(StartFault) {
            if let bytes = try smallFile(path) {
                let read = EnvFile.read(bytes)
                lines = read.lines
                faults += read.faults.map { "\(path): \($0)" }
            } else if file != nil {
                faults.append("--env \(path): there is no such file")
            }
        } catch { faults.append(error.description) }
        var (configuration, found) = Configuration.read(
            file: lines, named: path, environment: environment)
        faults += found
        if let mode { configuration.mode = mode }
        if configuration.mode == .live { faults += liveFaults(configuration, path, lines) }
        guard faults.isEmpty else {
            throw Configuration.Faults(lines: faults + strangers(configuration, path))
        }
        return configuration
    }

    /// Names that neither the host nor, as far as their text tells, a strategy knows: whoever mends the other
    /// faults should hear of them in the same breath. Without other faults the strategies are asked.
    private static func strangers(_ configuration: Configuration, _ path: String) -> [String] {
        let maker = ScriptMaker(limits: configuration.script, own: configuration.ownLimits, bindings: [:])
        let folder = ScriptFolder(path: configuration.strategies, mostKiB: maker.largestSourceKiB)
        let sources = (try? folder.read().packages) ?? []
        let texts = sources.map { String(decoding: $0.source, as: UTF8.self) }
        return configuration.unclaimed.filter { line in
            !texts.contains { $0.contains("\"\(line.name)\"") || $0.contains("'\(line.name)'") }
        }.map {
            "\(path): line \($0.line): \($0.name) is no variable and no strategy binds it"
                + Nearest.hint($0.name, among: Variable.all.map(\.name))
        }
    }

    private static func liveFaults(
        _ configuration: Configuration, _ path: String, _ lines: [EnvFile.Line]
    ) -> [String] {
        var faults: [String] = []
        if configuration.apiKey.isEmpty { faults.append("BACKPACK_API_KEY: live needs the public key") }
        if configuration.privateKey.isEmpty {
            faults.append("BACKPACK_PRIVATE_KEY: live needs the private key")
        }
        if !configuration.liveConfirmed {
            faults.append("LIVE_CONFIRM: live trades real money; LIVE_CONFIRM=yes says that you mean it")
        }
        var status = stat()
        if lines.contains(where: { $0.name == "BACKPACK_PRIVATE_KEY" }), stat(path, &status) == 0,
            status.st_mode & 0o077 != 0
        {
            faults.append("\(path): others can read the keys in it; chmod 600 \(path)")
        }
        return faults
    }
}
