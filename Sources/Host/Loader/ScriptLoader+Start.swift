import Core
import Glibc
import Journal
import LuaBridge
import Records

/// What a start makes of what the records know: a restart must not bring back what was taken out of service.
extension ScriptLoader {
    /// The version that a start takes of a script: the file's own, or, when that one ended badly or was never
    /// let trade, the last one before it that did well.
    /// - Returns: `nil` when there is none: the file's own begins in the shadow.
    func starting(_ file: Script) -> Script? {
        let name = file.package.name, version = file.contract.version
        guard let records = setting.records else { return file }
        guard let known = try? records.fate(of: name, version) else {
            // A first run is a person's decision for all that stands there; what changed since is a save like
            // any other, and where those wait it waits.
            guard setting.policy != .auto, hasServed else { return file }
            return begin(
                file, "\(name): version \(version.prefix(12)) of the file is new since the host last ran",
                waited: true)
        }
        let waited: Bool
        switch known.fate {
        case .active, .proven, .replaced: return file
        case .probation: return unproven(file)
        // What was on its way, or waited for a person, goes through it again.
        case .seen, .stable, .compiled, .contract, .rehearsed, .untried, .ready, .shadow: waited = true
        // What ended badly waits to be asked for.
        case .refused, .rolledBack, .stopped: waited = false
        }
        let why = known.detail.isEmpty || waited ? "" : " (\(known.detail))"
        let was = waited ? "was not in service yet" : "was \(known.fate.rawValue)\(why)"
        let head = "\(name): version \(version.prefix(12)) of the file \(was) when the host ended"
        if !waited {
            shared.withLock { _ = $0.refused[name, default: []].insert(version) }
            show(name, version, before: known)
        }
        return begin(file, head, waited: waited)
    }

    /// With the last version that did well, or in the shadow where there is none.
    private func begin(_ file: Script, _ head: String, waited: Bool) -> Script? {
        let name = file.package.name, version = file.contract.version
        if let earlier = onRecord(name, before: version) {
            setting.tell(
                head + "; version \(earlier.contract.version.prefix(12)) from the records runs"
                    + (waited ? "" : ", and `neap reload \(name)` tries the file's again"))
            if waited { atStart.append((file.package, .tried)) }
            return earlier
        }
        setting.tell(head + " and none before it did well: it begins in the shadow")
        atStart.append((file.package, .waiting))
        return nil
    }

    /// A version whose probation was cut short: it begins that anew, over the version it would be taken back
    /// to, so that a restart proves nothing.
    private func unproven(_ file: Script) -> Script? {
        guard setting.probationEntries > 0 else { return file }
        let name = file.package.name, version = file.contract.version
        let earlier = onRecord(name, before: version)
        setting.tell(
            "\(name): version \(version.prefix(12)) was on probation when the host ended and begins that anew"
                + (earlier.map { ", over version \($0.contract.version.prefix(12))" } ?? ""))
        atStart.append((file.package, .unproven))
        return earlier
    }

    /// The last version of a script before that one that did well, made anew; `nil` when there is none.
    private func onRecord(_ name: String, before version: String) -> Script? {
        guard let files = try? setting.records?.version(of: name, before: version),
            let package = ScriptPackage(name: name, files)
        else { return nil }
        do throws(ScriptReport) { return try setting.maker.make(package) } catch {
            complain(error, of: name)
            return nil
        }
    }

    /// Puts what could not run at once through what a saved file goes through.
    func takeAtStart() {
        guard !atStart.isEmpty else { return }
        // A shadow goes on from the desk's first picture, which is a moment away.
        for _ in 0..<400 where setting.rehearsal > .zero {
            if shared.withLock({ $0.stopping || !$0.pictures.isEmpty }) { break }
            usleep(5_000)
        }
        for (package, way) in atStart {
            do throws(ScriptReport) {
                setting.tell(
                    way == .unproven
                        ? try takeUnproven(package) : try take(package, isAsked: true, waits: way == .waiting)
                )
            } catch { complain(error, of: package.name) }
        }
        atStart = []
    }
}

/// What becomes of a file that does not run at once.
enum StartWay {
    /// As a saved one.
    case tried
    /// It waits for a person, whatever the policy says.
    case waiting
    /// It was let trade before, and goes on proving itself.
    case unproven
}

extension ScriptPackage {
    /// A version as it stands on record; `nil` when its own file is not among the files.
    init?(name: String, _ files: VersionFiles) {
        guard let main = files.files.first(where: { $0.name.isEmpty }) else { return nil }
        self.init(
            name: name, source: main.source,
            library: files.files.filter { !$0.name.isEmpty }.map {
                ScriptSource(name: $0.name, bytes: $0.source)
            })
    }
}
