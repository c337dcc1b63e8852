import Core
import Journal
import LuaBridge

/// What the last run in a folder left, read from its journal: where a run goes on from, however that one
/// ended.
struct Recovery {
    /// The folder of the journal it was read from.
    let journal: String
    let checkpoint: Checkpoint
    /// The same as bytes, for the journal of the run that goes on.
    let bytes: [UInt8]
    /// What each script kept, the latest.
    private(set) var states: [ScriptState] = []
    /// Every version whose source the last segment has.
    private(set) var versions: [StoredScript] = []
    /// How the run ended; `nil` when its process was killed.
    let endedBy: String?
    /// Bytes of a last record that was cut short; they are not used.
    let tornBytes: Int

    /// The youngest checkpoint of the journals of a folder.
    /// - Parameter home: has a folder for each run, named by its start.
    /// - Returns: `nil` when no run there ever knew its account.
    /// - Throws: what is damaged, at which record, and what to do.
    static func latest(in home: String) throws(StartFault) -> Recovery? {
        for run in DataFolder.names(in: home).reversed() {
            if let found = try read("\(home)/\(run)") { return found }
        }
        return nil
    }

    /// A halt was asked of a run that never came to know its account, and nobody has re-armed since: no
    /// checkpoint has it, but what was asked is on record.
    /// - Parameter home: as above.
    static func isHaltLeft(in home: String) -> Bool {
        for run in DataFolder.names(in: home).reversed() {
            guard var reader = try? JournalReader(path: "\(home)/\(run)") else { continue }
            var isHalted: Bool?
            while let entry = try? reader.next() {
                guard case .input(.order(let order), _) = entry.record else { continue }
                switch order {
                case .halt, .haltFor: isHalted = true
                case .rearm: isHalted = false
                default: break
                }
            }
            if let isHalted { return isHalted }
        }
        return false
    }

    private static func read(_ folder: String) throws(StartFault) -> Recovery? {
        guard DataFolder.names(in: folder).contains(where: { $0.hasPrefix("000001.neapj") }) else {
            return nil
        }
        do throws(JournalFault) {
            var segment = try JournalReader(path: folder).segmentCount
            while segment > 0 {
                if let found = try read(folder, segment) { return found }
                segment -= 1
            }
            return nil
        } catch {
            throw StartFault(
                """
                the record of the last run cannot be used, and what it left open is not known from it: \
                \(error)
                What now: look at the exchange's own page for open orders and positions. If another version \
                of this program wrote it, that one goes on from it. To go on without, move all of \
                \(folder[..<(folder.lastIndex(of: "/") ?? folder.endIndex)]) aside; what is open at the \
                exchange is then treated as ADOPT_POLICY says.
                """, code: 2)
        }
    }

    /// One segment: its last checkpoint, or the one it began with.
    private static func read(_ folder: String, _ segment: Int) throws(JournalFault) -> Recovery? {
        var reader = try JournalReader(path: folder)
        reader.start(at: segment)
        var kept: [UInt8] = [], states: [ScriptState] = [], versions: [StoredScript] = []
        var endedBy: String?, number = 0
        while let entry = try reader.next() {
            number += 1
            guard entry.isSound else {
                throw JournalFault(
                    "\(folder), segment \(segment), record \(number) (\(entry.place)): its bytes were changed"
                )
            }
            switch entry.record {
            case .segment(let header):
                if !header.restored.isEmpty, kept.isEmpty { kept = header.restored }
                versions = header.scripts + header.earlier
                states = header.scripts.map {
                    ScriptState(name: $0.name, version: $0.version, state: $0.state)
                }
            case .checkpoint(let bytes): kept = bytes
            case .states(let latest): states = latest
            case .input(.swap(let stored, _, _), _): versions.append(stored)
            case .end(let reason): endedBy = reason
            default: break
            }
        }
        guard !kept.isEmpty else { return nil }
        return Recovery(
            journal: folder, checkpoint: try CheckpointBytes.read(kept), bytes: kept, states: states,
            versions: versions, endedBy: endedBy, tornBytes: reader.tornBytes)
    }

    /// The source of a version that the last run had, with what it kept.
    func stored(_ name: String, _ version: String) -> StoredScript? {
        guard var stored = versions.last(where: { $0.name == name && $0.version == version }) else {
            return nil
        }
        if let kept = states.last(where: { $0.name == name && $0.version == version }) {
            stored.state = kept.state
        }
        return stored
    }

    /// Gives a script what its last version kept, through `migrate` where the shape is another.
    /// - Returns: why it begins without, or `nil`.
    func hand(_ script: Script, _ maker: ScriptMaker) -> String? {
        guard let kept = states.last(where: { $0.name == script.package.name }), !kept.state.isEmpty else {
            return nil
        }
        do {
            if kept.version == script.contract.version {
                do throws(StrategyFault) { try script.restore(state: kept.state) } catch {
                    return error.message
                }
                return nil
            }
            guard let stored = stored(kept.name, kept.version) else { return "its source is not on record" }
            try script.takeOver(from: try maker.restore(stored))
            return nil
        } catch { return "\(error)" }
    }
}
