import Core
import Exchange
import Journal
import LuaBridge

/// Plays a journal through the same street and compares what it asks for with what was recorded.
package struct Replay {
    /// One place where replay and record are not the same.
    struct Difference: Sendable, Equatable {
        /// Turns count from 1; 0 is before the first.
        let turn: Int
        let place: String
        let field: String
        let recorded: String, replayed: String

        var text: String {
            "turn \(turn) (\(place)): \(field): recorded \(recorded), replayed \(replayed)"
        }
    }

    package private(set) var turns = 0
    private(set) var commands = 0, segments = 0, records = 0
    /// The first record whose bytes are not those that were written, counted from 1 over all segments.
    private(set) var damage: (record: Int, text: String)?
    /// The first ones in full, and how many there are.
    private(set) var differences: [Difference] = []
    private(set) var differenceCount = 0
    private(set) var endedBy: String?
    private(set) var tornBytes = 0
    private(set) var street: Street!
    private(set) var header: SegmentHeader!
    static let shown = 20

    /// Commands of the turn before, not yet compared.
    private var pending: [[CommandText.Field]] = []
    private var place = ""
    private var unreadable: String?

    /// Called before and after each turn, for who wants to time them.
    private var before: (Input) -> Void = { _ in }
    private var after: (Street, Input, [Command]) -> Void = { _, _, _ in }
    /// Hears what each turn had to say.
    private var hear: (Street, [Note]) throws -> Void = { _, _ in }

    /// - Throws: what cannot be read, and what `hear` throws.
    package static func play(
        _ path: String, before: @escaping (Input) -> Void = { _ in },
        after: @escaping (Street, Input, [Command]) -> Void = { _, _, _ in },
        hear: @escaping (Street, [Note]) throws -> Void = { _, _ in }
    ) throws -> Replay {
        var replay = Replay()
        (replay.before, replay.after, replay.hear) = (before, after, hear)
        var reader = try JournalReader(path: path)
        var next = try reader.next()
        replay.count(next)
        while let entry = next {
            next = replay.read(&reader)
            if !entry.isSound {
                replay.differ(
                    replay.turns + (entry.record.isInput ? 1 : 0), entry.place, entry.record.kind,
                    "bytes whose hash is another", "–")
            }
            // What the clock ended stands behind the input that began it.
            while case .wallClockStop(let name, let version, let call)? = next?.record {
                replay.street?.repeatClockStop(name, version, atCall: call)
                next = replay.read(&reader)
            }
            do { try replay.take(entry) } catch {
                // What was changed may make no sense at all.
                guard let damage = replay.damage else { throw error }
                throw JournalFault("record \(damage.record) is damaged: \(damage.text)")
            }
        }
        if let place = replay.unreadable { replay.differ(replay.turns, place, "record", "unreadable", "–") }
        replay.tornBytes = reader.tornBytes
        // A killed process may have recorded an input whose commands never left.
        if replay.endedBy != nil { replay.expectNothingPending() }
        guard replay.street != nil else { throw JournalFault("\(path): holds no run") }
        return replay
    }

    /// What cannot be read ends the reading; it is a difference like any other.
    private mutating func read(_ reader: inout JournalReader) -> JournalReader.Entry? {
        do throws(JournalFault) {
            let entry = try reader.next()
            count(entry)
            return entry
        } catch {
            unreadable = error.description
            damage = damage ?? (records + 1, error.description)
            return nil
        }
    }

    private mutating func count(_ entry: JournalReader.Entry?) {
        guard let entry else { return }
        records += 1
        if !entry.isSound { damage = damage ?? (records, "\(entry.place): its bytes were changed") }
    }

    private mutating func take(_ entry: JournalReader.Entry) throws {
        switch entry.record {
        case .segment(let header):
            segments += 1
            if street == nil { try begin(header) } else { compare(header, entry.place) }
        case .input(let input, let now):
            expectNothingPending()
            turns += 1
            place = entry.place
            before(input)
            let outcome = street.turn(input, now: now)
            after(street, input, outcome.commands)
            try hear(street, street.engine.takeNotes())
            pending = outcome.commands.map { CommandText.fields($0, street.catalogue.instruments) }
        case .commands(let recorded):
            compare(recorded, entry.place)
            pending = []
        case .checkpoint(let bytes): compare(bytes, entry.place)
        case .states(let states): compare(states, entry.place)
        case .wallClockStop: break
        case .end(let reason): endedBy = reason
        }
    }

    // MARK: Set up

    private mutating func begin(_ header: SegmentHeader) throws {
        self.header = header
        let settings = header.settings.filter { $0.name != RunPlan.limitsHashName }
        let lines = settings.enumerated().map {
            EnvFile.Line(number: $0 + 1, name: $1.name, value: $1.value)
        }
        // An empty standard is a variable that was not given.
        let (configuration, faults) = Configuration.read(
            file: lines.filter { !$0.value.isEmpty }, named: "journal", environment: [:])
        guard faults.isEmpty else { throw JournalFault(faults.joined(separator: "\n")) }
        let maker = ScriptMaker(
            limits: configuration.script, own: configuration.ownLimits, bindings: [:])
        let catalogue = try Catalogue(marketsBody: header.markets)
        var scripts: [Script] = []
        for stored in header.scripts {
            let script = try maker.make(stored)
            if !stored.state.isEmpty {
                do throws(StrategyFault) { try script.restore(state: stored.state) } catch {
                    throw JournalFault(
                        "\(stored.name): its stored state cannot be restored: \(error.message)")
                }
            }
            if script.contract.version != stored.version {
                differ(
                    0, "segment 1", "\(stored.name).version", stored.version, script.contract.version)
            }
            scripts.append(script)
        }
        let street = Street(
            catalogue: catalogue, pairs: catalogue.pairs(header.bases).pairs, limits: configuration.limits,
            strategies: scripts, isGuardian: header.mode == SegmentHeader.guardianMode)
        street.compile = maker.make
        if !header.restored.isEmpty {
            let earlier = header.earlier
            _ = street.restore(try CheckpointBytes.read(header.restored)) { name, version in
                earlier.first { $0.name == name && $0.version == version }.flatMap { try? maker.restore($0) }
            }
        }
        self.street = street
    }

    // MARK: Compare

    private mutating func expectNothingPending() {
        guard !pending.isEmpty else { return }
        differ(turns, place, "commands", "none", "\(pending.count)")
        pending = []
    }

    private mutating func compare(_ recorded: [[CommandText.Field]], _ place: String) {
        commands += recorded.count
        guard recorded.count == pending.count else {
            return differ(turns, place, "commands", "\(recorded.count)", "\(pending.count)")
        }
        for (number, pair) in zip(recorded, pending).enumerated() {
            compare(pair.0, pair.1, place, "command \(number + 1)")
        }
    }

    /// A later segment states what the run had become; a replay must have become the same.
    private mutating func compare(_ header: SegmentHeader, _ place: String) {
        compare(header.standing, DeskJournal.standing(street), place, "standing")
        for (stored, now) in zip(header.scripts, street.scripts) where stored != now {
            let field = stored.state != now.state ? "state" : "source"
            differ(turns, place, "\(stored.name).\(field)", "another", "another")
        }
    }

    /// What a run would have gone on from: the replay must have become the same.
    private mutating func compare(_ bytes: [UInt8], _ place: String) {
        let now = street.engine.checkpoint()
        guard bytes != CheckpointBytes.write(now) else { return }
        guard let recorded = try? CheckpointBytes.read(bytes) else {
            return differ(turns, place, "checkpoint", "unreadable", "–")
        }
        let a = Mirror(reflecting: recorded).children, b = Mirror(reflecting: now).children
        for (kept, played) in zip(a, b) where "\(kept.value)" != "\(played.value)" {
            let name = kept.label ?? "?"
            return differ(turns, place, "checkpoint.\(name)", "\(kept.value)", "\(played.value)")
        }
        differ(turns, place, "checkpoint", "another", "another")
    }

    private mutating func compare(_ states: [ScriptState], _ place: String) {
        // A guardian hands on what it does not run.
        if header.mode == SegmentHeader.guardianMode { return }
        for (kept, played) in zip(states, street.states) where kept != played {
            differ(
                turns, place, "\(kept.name).state", "\(kept.state.count) bytes", "\(played.state.count) bytes"
            )
        }
    }

    private mutating func compare(
        _ recorded: [CommandText.Field], _ replayed: [CommandText.Field], _ place: String, _ what: String
    ) {
        for index in 0..<max(recorded.count, replayed.count) {
            let a = index < recorded.count ? recorded[index] : nil
            let b = index < replayed.count ? replayed[index] : nil
            guard a != b else { continue }
            return differ(
                turns, place, "\(what).\(b?.name ?? a?.name ?? "?")",
                a.map { $0.name == b?.name ? $0.value : "\($0.name)=\($0.value)" } ?? "nothing",
                b?.value ?? "nothing")
        }
    }

    private mutating func differ(
        _ turn: Int, _ place: String, _ field: String, _ recorded: String, _ replayed: String
    ) {
        differenceCount += 1
        guard differences.count < Self.shown else { return }
        differences.append(
            Difference(turn: turn, place: place, field: field, recorded: recorded, replayed: replayed))
    }
}

extension Record {
    var isInput: Bool {
        if case .input = self { return true }
        return false
    }

    /// A word for people.
    var kind: String {
        switch self {
        case .segment: "segment header"
        case .input(let input, _):
            switch input {
            case .frame: "input.frame"
            case .connection: "input.connection"
            case .reply: "input.reply"
            case .timer: "input.timer"
            case .order: "input.order"
            case .dropped: "input.dropped"
            case .swap: "input.swap"
            }
        case .commands: "commands"
        case .checkpoint: "checkpoint"
        case .states: "states"
        case .wallClockStop: "wall-clock stop"
        case .end: "end"
        }
    }
}
