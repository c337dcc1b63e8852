import Core
import Journal
import LuaBridge

/// The desk's end of the journal: what of a turn is written, and when a new segment begins.
final class DeskJournal {
    let writer: JournalWriter
    private let mode: String
    private let settings: [SegmentHeader.Setting]
    private let markets: [UInt8]
    private let instruments: [Instrument]
    private let bases: [String]
    /// What this run goes on from, for its first segment.
    var restored: [UInt8] = [], earlier: [StoredScript] = []
    /// What scripts keep that do not run here: a guardian hands it on.
    var handedOn: [ScriptState] = []
    private var lastStates: [ScriptState] = []
    private var wantsHeader: Bool { writer.segment == 0 }

    init(
        _ writer: JournalWriter, mode: String, settings: [SegmentHeader.Setting], markets: [UInt8],
        instruments: [Instrument], bases: [String]
    ) {
        (self.writer, self.mode, self.settings) = (writer, mode, settings)
        (self.markets, self.instruments, self.bases) = (markets, instruments, bases)
    }

    /// The first segment, before the first turn.
    func begin(_ street: Street) {
        var header = header(street)
        (header.restored, header.earlier) = (restored, earlier)
        writer.begin(header)
        if !handedOn.isEmpty { writer.append(.states(handedOn)) }
    }

    func record(_ input: Input, _ now: Timestamp) { writer.append(.input(input, at: now)) }

    /// The commands of a turn reach the kernel before one of them leaves.
    func record(_ commands: [Command], _ street: Street) {
        for stop in street.takeClockStops() {
            writer.append(.wallClockStop(script: stop.script, version: stop.version, call: stop.call))
        }
        if !commands.isEmpty {
            writer.append(.commands(commands.map { CommandText.fields($0, instruments) }))
        }
        let isChanged = street.engine.takeChange()
        if isChanged { record(street.engine.checkpoint()) }
        // A latch outlasts a kill in the very next moment.
        if isChanged || !commands.isEmpty { writer.flush() }
    }

    private func record(_ checkpoint: Checkpoint) {
        writer.append(.checkpoint(CheckpointBytes.write(checkpoint)))
    }

    /// What the scripts keep, when it changed since the last time: a run that goes on from here has it.
    func recordStates(_ street: Street) {
        let states = street.states
        guard states != lastStates, !states.isEmpty, !wantsHeader else { return }
        lastStates = states
        writer.append(.states(states))
    }

    /// See `Desk.keepWarm`.
    func rehearse(_ order: Order) {
        let command = Command(id: RequestID(raw: 0), request: .submit(order))
        writer.rehearse(.commands([CommandText.fields(command, instruments)]))
    }

    /// Between two turns: a full segment is followed by the next.
    func roll(_ street: Street) {
        guard writer.wantsSegment else { return }
        writer.begin(header(street))
        // Whoever goes on from here reads the last segment only.
        record(street.engine.checkpoint())
    }

    private func header(_ street: Street) -> SegmentHeader {
        SegmentHeader(
            number: 0, mode: mode, settings: settings, markets: markets, bases: bases,
            scripts: street.scripts, standing: DeskJournal.standing(street))
    }

    static func standing(_ street: Street) -> [CommandText.Field] {
        street.engine.standingFields.map { CommandText.Field($0.name, $0.value) }
    }
}

extension Street {
    /// The scripts on the desk as the journal keeps them, with their state of now.
    var scripts: [StoredScript] {
        engine.slots.compactMap { slot in
            guard let script = slot.strategy as? Script else { return nil }
            return StoredScript(script, state: script.isBroken ? [] : (try? script.state()) ?? [])
        }
    }
}

extension StoredScript {
    package init(_ script: Script, state: [UInt8] = []) {
        self.init(
            name: script.package.name, version: script.contract.version, source: script.package.source,
            library: script.package.library.map { ($0.name, $0.bytes) }, state: state,
            bound: Self.bound(script))
    }

    /// Taken from the values in force: what the environment says later does not matter to a replay.
    private static func bound(_ script: Script) -> [SegmentHeader.Setting] {
        script.contract.parameters.filter { $0.origin != .script }.map {
            SegmentHeader.Setting(origin: $0.origin.rawValue, name: $0.variable, value: $0.value.text)
        }
    }

    /// What its parameters were bound to.
    var bindings: [String: BoundValue] {
        bound.reduce(into: [:]) {
            $0[$1.name] = BoundValue(
                text: $1.value, origin: StrategyParameter.Origin(rawValue: $1.origin) ?? .file)
        }
    }

    /// What LuaBridge compiles.
    var package: ScriptPackage {
        ScriptPackage(
            name: name, source: source, library: library.map { ScriptSource(name: $0.name, bytes: $0.source) }
        )
    }
}

extension StrategyParameter.Value {
    /// As it would stand in `.env`.
    var text: String {
        switch self {
        case .number(let number): plainDecimal(number)
        case .flag(let flag): flag ? "true" : "false"
        case .text(let text): text
        }
    }
}

/// Digits without an exponent that read back as the same number.
private func plainDecimal(_ number: Double) -> String {
    let text = number.description
    guard text.contains("e") else { return text.hasSuffix(".0") ? String(text.dropLast(2)) : text }
    // Parameters are written with a plain point: their exponent is small and the digits are few.
    let parts = text.split(separator: "e")
    let sign = parts[0].hasPrefix("-") ? "-" : ""
    let digits = parts[0].drop { $0 == "-" }
    let fraction = digits.split(separator: ".").dropFirst().first.map { $0 == "0" ? "" : String($0) } ?? ""
    let whole = String(digits.prefix { $0 != "." })
    let exponent = Int(parts[1]) ?? 0
    let all = whole + fraction
    let point = whole.count + exponent
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + all }
    if point >= all.count { return sign + all + String(repeating: "0", count: point - all.count) }
    return sign + all.prefix(point) + "." + all.dropFirst(point)
}
