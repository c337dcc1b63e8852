import Core
import GRDB

/// A step in the life of a version, and what it last came to.
public enum VersionStep: String, Sendable, CaseIterable {
    /// Its file was read.
    case seen
    /// Its file has been quiet for a moment and was read whole.
    case stable
    case compiled
    /// Its table and its first calls are as the contract says.
    case contract
    case rehearsed
    /// It waits for `promote`, and decides on paper until then, or not.
    case ready, shadow
    case active
    /// Its first entries are small and it is held against its rehearsal.
    case probation
    case proven
    /// Another version took its place.
    case replaced
    case refused
    /// The host could not rehearse it: it is tried again when it is saved or asked for.
    case untried = "not tried"
    case rolledBack = "rolled back"
    case stopped
}

/// One version of a script as people see it.
public struct VersionRow: Sendable, Equatable {
    public let script: String, version: String
    public let seen: Timestamp
    /// The author's first comment line.
    public let summary: String
    public let fate: VersionStep
    public let since: Timestamp
    /// Why, where there is a reason to give.
    public let detail: String
}

/// A version's files, the script's own first under the empty name.
public struct VersionFiles: Sendable, Equatable {
    public let version: String
    public let files: [(name: String, source: [UInt8])]
    public init(version: String, files: [(name: String, source: [UInt8])]) {
        (self.version, self.files) = (version, files)
    }
    public static func == (a: VersionFiles, b: VersionFiles) -> Bool {
        a.version == b.version
            && a.files.elementsEqual(b.files) { $0.name == $1.name && $0.source == $1.source }
    }
}

extension Database {
    /// What a turn did with a version.
    func storeVersion(_ fact: Note, at now: Timestamp) throws {
        switch fact {
        case .replaced(let script, let version, let probation, _):
            // Whatever was in service of the script is no more.
            try put(
                """
                UPDATE versions SET fate = 'replaced', fate_ms = ? WHERE script = ? AND version <> ?
                    AND fate IN ('active', 'probation', 'proven')
                """, [now.milliseconds, script, version])
            try step(script, version, .active, at: now)
            if probation > 0 { try step(script, version, .probation, "\(probation) entries", at: now) }
        case .joined(let script, let version, let inShadow, let probation):
            // Whether it decides on paper meanwhile is the loader's to say.
            try step(script, version, inShadow ? .ready : .active, at: now)
            if probation > 0 { try step(script, version, .probation, "\(probation) entries", at: now) }
        case .rearmed(let script, let version):
            try step(script, version, .active, "re-armed by the operator", at: now)
        case .proven(let script, let version): try step(script, version, .proven, at: now)
        case .rolledBack(let script, let from, let to, let reason):
            try step(script, from, .rolledBack, reason, at: now)
            try step(script, to, .active, "brought back", at: now)
        case .strategyFault(let script, let version, let fault, stopped: true):
            try step(script, version, .stopped, fault.placed, at: now)
        default: break
        }
    }

    fileprivate func step(
        _ script: String, _ version: String, _ step: VersionStep, _ detail: String = "", at now: Timestamp
    ) throws {
        let isOnTheWay = [.seen, .stable, .compiled, .contract, .rehearsed].contains(step)
        try put(
            """
            UPDATE versions SET fate = ?, fate_ms = ? WHERE script = ? AND version = ?
                AND NOT (? AND fate IN ('active', 'probation', 'proven'))
            """, [step.rawValue, now.milliseconds, script, version, isOnTheWay])
        try note(script, version, step, detail, now)
    }

    fileprivate func note(
        _ script: String, _ version: String, _ step: VersionStep, _ detail: String, _ now: Timestamp
    ) throws {
        try put(
            "INSERT INTO version_steps (at_ms, script, version, step, detail) VALUES (?, ?, ?, ?, ?)",
            [now.milliseconds, script, version, step.rawValue, detail])
    }
}

extension RecordBook {
    /// Keeps a version with its files; a version seen before keeps its first time and its fate.
    public func keep(_ script: String, _ files: VersionFiles, summary: String, at now: Timestamp) {
        write(rows: files.files.count + 2, at: now) { database in
            try database.put(
                """
                INSERT INTO versions (script, version, seen_ms, summary, fate, fate_ms)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (script, version) DO NOTHING
                """,
                [
                    script, files.version, now.milliseconds, summary, VersionStep.seen.rawValue,
                    now.milliseconds,
                ])
            for file in files.files {
                try database.put(
                    """
                    INSERT OR IGNORE INTO version_files (version_id, name, source)
                    SELECT id, ?, ? FROM versions WHERE script = ? AND version = ?
                    """,
                    [file.name, String(decoding: file.source, as: UTF8.self), script, files.version])
            }
            try database.note(script, files.version, .seen, "", now)
        }
    }

    /// Puts a step of a version on record; it is the version's fate until the next. What a version in service
    /// goes through once more on the way to beginning anew is not.
    public func step(
        _ script: String, _ version: String, _ step: VersionStep, _ detail: String = "", at now: Timestamp
    ) {
        write(at: now) { try $0.step(script, version, step, detail, at: now) }
    }

    /// The latest versions of every script, the youngest step first.
    public func versions(latest most: Int) throws(RecordFault) -> [VersionRow] {
        try fetch { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT v.*, COALESCE((SELECT detail FROM version_steps s
                        WHERE s.script = v.script AND s.version = v.version
                        ORDER BY s.id DESC LIMIT 1), '') AS detail
                    FROM versions v WHERE v.id IN (
                        SELECT id FROM (SELECT id, ROW_NUMBER() OVER (
                            PARTITION BY script ORDER BY fate_ms DESC, id DESC) AS place FROM versions)
                        WHERE place <= ?)
                    ORDER BY script, fate_ms DESC, id DESC
                    """, arguments: [most]
            ).map { row in
                VersionRow(
                    script: row["script"], version: row["version"],
                    seen: Timestamp(milliseconds: row["seen_ms"]), summary: row["summary"],
                    fate: VersionStep(rawValue: row["fate"]) ?? .seen,
                    since: Timestamp(milliseconds: row["fate_ms"]), detail: row["detail"])
            }
        }
    }

    /// Every step of a script's versions, the oldest first.
    public func steps(of script: String) throws(RecordFault) -> [(
        version: String, step: String, detail: String
    )] {
        try fetch {
            try Row.fetchAll(
                $0, sql: "SELECT * FROM version_steps WHERE script = ? ORDER BY id", arguments: [script]
            ).map { ($0["version"], $0["step"], $0["detail"]) }
        }
    }

    /// What a version of a script last came to, and why; `nil` when it was never seen.
    public func fate(
        of script: String, _ version: String
    ) throws(RecordFault) -> (fate: VersionStep, detail: String)? {
        try fetch { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT v.fate, COALESCE((SELECT detail FROM version_steps s
                        WHERE s.script = v.script AND s.version = v.version
                        ORDER BY s.id DESC LIMIT 1), '') AS detail
                    FROM versions v WHERE v.script = ? AND v.version = ?
                    """, arguments: [script, version])
            return row.map { (VersionStep(rawValue: $0["fate"]) ?? .seen, $0["detail"]) }
        }
    }

    /// Some version of some script was in service in an earlier run.
    public func hasServed() throws(RecordFault) -> Bool {
        try fetch { database in
            try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM version_steps WHERE step = 'active')") ?? false
        }
    }

    /// The version of a script that was last in service before `version` and passed its probation, if it had
    /// one to pass; `nil` when there was none.
    public func version(of script: String, before version: String) throws(RecordFault) -> VersionFiles? {
        try fetch { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT v.id, v.version FROM version_steps s
                    JOIN versions v ON v.script = s.script AND v.version = s.version
                    WHERE s.script = ? AND s.version <> ? AND s.step IN ('active', 'proven')
                        AND v.fate NOT IN ('rolled back', 'refused', 'stopped')
                        AND (s.step = 'proven' OR NOT EXISTS (SELECT 1 FROM version_steps p
                            WHERE p.script = s.script AND p.version = s.version AND p.step = 'probation')
                            OR EXISTS (SELECT 1 FROM version_steps p WHERE p.script = s.script
                                AND p.version = s.version AND p.step = 'proven'))
                    ORDER BY s.id DESC LIMIT 1
                    """, arguments: [script, version])
            guard let row else { return nil }
            let id: Int64 = row["id"]
            let files = try Row.fetchAll(
                database, sql: "SELECT name, source FROM version_files WHERE version_id = ? ORDER BY name",
                arguments: [id]
            ).map { (name: $0["name"] as String, source: Array(($0["source"] as String).utf8)) }
            return VersionFiles(version: row["version"], files: files)
        }
    }
}
