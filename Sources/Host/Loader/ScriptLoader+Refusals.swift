import Core
import LuaBridge
import Records

/// A file of the folder that did not come into service, and why: shown until it is mended or deleted.
struct UnfitFile: Sendable, Equatable {
    /// Its name within the folder.
    let file: String
    /// Of the host's own making when the file was only not tried.
    let report: ScriptReport
    let since: Timestamp
}

/// Every no to a file: told once, put on record, and shown as long as it stands.
extension ScriptLoader {
    /// Makes a script of a file.
    /// - Throws: why not, which is on record then.
    func made(_ package: ScriptPackage) throws(ScriptReport) -> Script {
        do throws(ScriptReport) { return try setting.maker.make(package) } catch {
            show(package.name, error)
            if error.isHosts {
                untried.insert(package.name)
                note(package.name, .untried, error)
            } else {
                refuse(package, error)
            }
            throw error
        }
    }

    /// A source that does not compile has no contract; its hash is that of the bytes all the same.
    private func refuse(_ package: ScriptPackage, _ report: ScriptReport) {
        // What the configuration binds is no fault of the file: with another value it is a version like any.
        guard (try? setting.maker.unbound.make(package)) == nil else {
            return note(package.name, .refused, report)
        }
        // Where a file of the library is at fault, that belongs to the version as well.
        let inner = package.library.filter { report.place.hasPrefix("lib/\($0.name).lua") }
        let tried = ScriptPackage(name: package.name, source: package.source, library: inner)
        let version = tried.hash
        let files = tried.files(version: version)
        setting.records?.keep(package.name, files, summary: package.summary, at: setting.now())
        setting.records?.step(package.name, version, .refused, report.description, at: setting.now())
    }

    /// With what its library is now the file is what it was: the version that runs, that waits or that was
    /// refused, or the same fault.
    func isUnconcerned(_ package: ScriptPackage) -> Bool {
        let name = package.name
        let (current, refused, unfit) = shared.withLock {
            ($0.versions[name], $0.refused[name] ?? [], $0.unfit[name]?.report)
        }
        do throws(ScriptReport) {
            let version = try setting.maker.make(package).contract.version
            if let candidate = candidates[name] { return candidate.version == version }
            return version == current && unfit == nil || refused.contains(version) && unfit != nil
        } catch { return unfit == error }
    }

    /// A step of a file that came to no version.
    func note(_ name: String, _ step: VersionStep, _ report: ScriptReport) {
        setting.records?.step(name, "", step, report.description, at: setting.now())
    }

    /// A version that does not come into service.
    func refuse(_ script: Script, _ report: ScriptReport) {
        let name = script.package.name
        // What waits stays: a person may promote it as long as nothing better came.
        if candidates[name]?.version == script.contract.version { candidates[name] = nil }
        shared.withLock { _ = $0.refused[name, default: []].insert(script.contract.version) }
        show(name, report)
        step(script, .refused, report.description)
    }

    /// It is tried when it is saved again or asked for, and needs no other text for that.
    func put(off script: Script, _ report: ScriptReport) {
        untried.insert(script.package.name)
        show(script.package.name, report)
        step(script, .untried, report.description)
    }

    /// The desk could not take a version over; on the desk's thread.
    func refused(_ name: String, _ version: String, _ report: ScriptReport) {
        let isAwaited = shared.withLock { shared in
            shared.refused[name, default: []].insert(version)
            shared.settle(name, version, report)
            return shared.awaited.contains(name)
        }
        setting.records?.step(name, version, .refused, report.description, at: setting.now())
        guard !isAwaited else { return }
        show(name, report)
        complain(report, of: name)
    }

    /// Tells people, and what it means for what runs.
    /// - Parameter name: of the strategy; `nil` for a file that several include.
    func complain(_ report: ScriptReport, of name: String?) {
        var told = name.map(report.naming) ?? report
        if let name {
            let runs = shared.withLock { $0.versions[name] != nil }
            told.consequence = runs ? "; what runs stays" : "; it does not run"
        }
        setting.report(told)
    }

    // MARK: What is shown

    /// The file of that strategy stands refused.
    func show(_ name: String, _ report: ScriptReport) {
        let now = setting.now()
        shared.withLock { shared in
            guard shared.unfit[name]?.report != report else { return }
            shared.unfit[name] = UnfitFile(file: name + ".lua", report: report, since: now)
        }
    }

    /// The file of that strategy came into service, or waits for a person to say so.
    func mended(_ name: String) { shared.withLock { $0.unfit[name] = nil } }

    /// The file holds a version that an earlier trial, or an earlier run, did not let stay.
    func show(_ name: String, _ version: String, before: (fate: VersionStep, detail: String)?) {
        let why = before.map { $0.detail.isEmpty ? "" : ": \($0.detail)" } ?? ""
        let fate = before?.fate ?? .refused
        show(
            name,
            ScriptReport(
                place: name + ".lua",
                message: "version \(version.prefix(12)) was \(fate.rawValue) before\(why); "
                    + "`neap reload \(name)` tries it again"))
    }

    /// Takes note of files that cannot be read as a source at all; each is told, and put on record, once.
    func hear(of contents: ScriptFolder.Contents) {
        let now = setting.now(), home = setting.folder.path + "/"
        var odd = contents.reports.map { report in
            UnfitFile(
                file: report.place.hasPrefix(home)
                    ? String(report.place.dropFirst(home.count)) : report.place,
                report: report, since: now)
        }
        // An editor may leave an empty file for a moment: it is shown, and nothing is said.
        for package in contents.packages where package.source.isEmpty {
            let report = ScriptReport(place: package.name + ".lua", message: "is empty")
            odd.append(UnfitFile(file: package.name + ".lua", report: report, since: now))
        }
        shared.withLock { shared in
            shared.odd = odd.map { file in
                shared.odd.first { $0.file == file.file && $0.report == file.report } ?? file
            }
            shared.unfit = shared.unfit.filter { contents.names.contains($0.key) }
        }
        // What is mended may be told again when it breaks again.
        reported.formIntersection(contents.reports.map(\.description))
        for file in odd where contents.reports.contains(file.report) {
            guard reported.insert(file.report.description).inserted else { continue }
            let name = String(file.file.dropLast(4))
            note(name, .refused, file.report)
            complain(file.report, of: name.contains("/") ? nil : name)
        }
    }
}

extension ScriptLoader.Shared {
    /// Every file that stands refused, by name.
    var unfitFiles: [UnfitFile] {
        let others = unfit.values.filter { file in !odd.contains { $0.file == file.file } }
        return (odd + others).sorted { $0.file < $1.file }
    }
}
