import Core
import Exchange
import Gateway
import Glibc
import Journal
import LuaBridge
import Records
import Synchronization
import Wire

/// The folder of strategies on a running host. A saved file is compiled, checked and rehearsed on a thread
/// beside the desk, and takes over between two turns when it has proved itself; whatever does not leaves the
/// running version in place and is reported once.
package final class ScriptLoader: @unchecked Sendable {
    // Unchecked: everything that is no constant and not under `shared` is touched by the loader's thread
    // only, and by `load` before that thread starts.
    let setting: Setting
    private var seen: [String: [UInt8]] = [:]
    /// Names whose file is not there, since when, and whether that was told.
    private var gone: [String: (since: Int64, isTold: Bool)] = [:]
    var reported: Set<String> = []
    /// Names whose latest version the host could not try.
    var untried: Set<String> = []
    var candidates: [String: Candidate] = [:] {
        didSet {
            let ready = Set(candidates.filter { $0.value.bench == nil }.keys)
            shared.withLock { $0.ready = ready }
        }
    }
    /// What is taken when the thread starts: it waits for a person, whatever the policy says, or not.
    var atStart: [(package: ScriptPackage, way: StartWay)] = []
    /// Strategies whose file stood there at the start, in order.
    private(set) var names: [String] = []
    /// Variables that the files of the start bind, and the versions that run in their place.
    private(set) var bound: Set<String> = []
    /// The sources of the latest versions that went to the desk, by name.
    var packages: [String: [(version: String, package: ScriptPackage)]] = [:]
    private let watch: FolderWatch
    private var thread = pthread_t()
    private var running = false
    package let shared = Mutex(Shared())

    /// What a loader needs of the host.
    package struct Setting: Sendable {
        let folder: ScriptFolder
        let maker: ScriptMaker
        let policy: ReloadPolicy
        let rehearsal: TimeSpan
        let probationEntries: Int
        let catalogue: Catalogue
        let plan: PaperPlan
        let records: RecordBook?
        let now: @Sendable () -> Timestamp
        let post: @Sendable (Input, LoadedScript?) -> Void
        let report: @Sendable (ScriptReport) -> Void
        let tell: @Sendable (String) -> Void
        /// The market since a picture, from the folder of a journal: what a rehearsal and a shadow are shown.
        var tape: @Sendable (Catalogue, String, StreetPicture) throws(JournalFault) -> any MarketSource = {
            catalogue, journal, picture throws(JournalFault) in
            try MarketTape(catalogue, journal: journal, from: picture)
        }

        package init(
            folder: ScriptFolder, maker: ScriptMaker, policy: ReloadPolicy, rehearsal: TimeSpan,
            probationEntries: Int, catalogue: Catalogue, plan: PaperPlan, records: RecordBook?,
            now: @escaping @Sendable () -> Timestamp,
            post: @escaping @Sendable (Input, LoadedScript?) -> Void,
            report: @escaping @Sendable (ScriptReport) -> Void, tell: @escaping @Sendable (String) -> Void
        ) {
            (self.folder, self.maker, self.policy, self.rehearsal) = (folder, maker, policy, rehearsal)
            (self.probationEntries, self.catalogue, self.plan) = (probationEntries, catalogue, plan)
            (self.records, self.now, self.post) = (records, now, post)
            (self.report, self.tell) = (report, tell)
        }
    }

    /// A version that passed and waits for `promote`.
    struct Candidate {
        let package: ScriptPackage
        let version: String
        let terms: ProbationTerms
        /// Decides on paper as long as it waits.
        let bench: PaperBench?
    }

    /// What other threads say and ask.
    package struct Shared {
        var stopping = false
        /// The version on the desk, by script.
        package var versions: [String: String] = [:]
        /// Scripts with a version before the running one on the desk.
        var kept: [String: String] = [:]
        /// Versions that took over in this run, the running one last; what was taken back is not in it.
        var lineage: [String: [String]] = [:]
        /// Versions that are not tried again by themselves.
        var refused: [String: Set<String>] = [:]
        /// What the desk made of the last swap of a script.
        var outcomes: [String: SwapOutcome] = [:]
        /// Scripts for which this thread waits to hear that.
        var awaited: Set<String> = []
        package var pictures: [StreetPicture] = []
        package var journal: String?
        var orders: [(order: Order, name: String, answer: @Sendable (Result<String, ScriptReport>) -> Void)] =
            []
        var shadows: [ShadowStanding] = []
        /// Scripts of which a version waits for `promote` and decides nothing until then.
        var ready: Set<String> = []
        /// Files that were refused: by strategy for what they say, and those that are no source.
        var unfit: [String: UnfitFile] = [:]
        var odd: [UnfitFile] = []
    }

    /// What became of a swap on the desk.
    struct SwapOutcome {
        /// How many swaps of the script the desk has dealt with.
        var number = 0
        var version = ""
        /// Why it did not take over.
        var refusal: ScriptReport?
    }

    /// What an operator asks of the loader.
    package enum Order: String, Sendable, CaseIterable {
        case reload, promote, rollback
        /// Begins with the file's own `state`.
        case reloadFresh = "reload_fresh"
    }

    /// `SCHED_BATCH` of <sched.h>, which the overlay does not show.
    static let batchClass: Int32 = 3
    /// How long a file may be away before that means something: editors rename, `git` removes and writes.
    static let absence: Int64 = 2_000
    /// How often shadows are shown what was recorded since.
    static let shadowEvery: Int64 = 250
    /// How often files are missed while a script is tried.
    static let glanceEvery: Int64 = 500
    private var glancedAt: Int64 = 0
    /// What is being tried, and that its file has been saved again since.
    var trying: String?, isOvertaken = false
    /// A version was in service before this start, which puts its own on record one by one.
    var hasServed = false

    package init(_ setting: Setting) {
        self.setting = setting
        // Watched before it is read: a save in between is seen.
        watch = FolderWatch(setting.folder.path)
    }

    private static func milliseconds() -> Int64 { MonotonicClock.microseconds() / 1000 }

    /// What the desk starts with. Broken files are reported and the others run; a version that ended badly
    /// before does not run again by itself.
    package func load() throws(ScriptReport) -> [Script] {
        let contents = try setting.folder.read()
        hear(of: contents)
        names = contents.names.sorted()
        hasServed = (try? setting.records?.hasServed()) == true
        var scripts: [Script] = []
        for package in contents.packages {
            seen[package.name] = package.fingerprint
            do throws(ScriptReport) {
                let file = try made(package)
                bound.formUnion(file.contract.parameters.map(\.variable))
                for report in misspelt(file) { setting.report(report) }
                guard let script = starting(file) else { continue }
                bound.formUnion(script.contract.parameters.map(\.variable))
                keep(script)
                step(script, .active)
                keep(script.package, script.contract.version)
                shared.withLock {
                    $0.versions[package.name] = script.contract.version
                    $0.lineage[package.name] = [script.contract.version]
                }
                scripts.append(script)
            } catch { complain(error, of: package.name) }
        }
        return scripts
    }

    // MARK: The thread

    /// Starts the loader's thread, of the batch class and nice 5, with the stack a compiler may need.
    package func start() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, Desk.stackBytes)
        running =
            pthread_create(
                &thread, &attributes,
                { owner in
                    guard let owner else { return nil }
                    var parameter = sched_param()
                    sched_setscheduler(0, ScriptLoader.batchClass, &parameter)
                    // Of this thread alone on Linux.
                    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
                    Unmanaged<ScriptLoader>.fromOpaque(owner).takeRetainedValue().work()
                    return nil
                }, Unmanaged.passRetained(self).toOpaque()) == 0
        pthread_attr_destroy(&attributes)
    }

    package func stop() {
        shared.withLock { $0.stopping = true }
        if running {
            watch.wake()
            pthread_join(thread, nil)
            running = false
        }
        for order in shared.withLock({ shared in
            defer { shared.orders = [] }
            return shared.orders
        }) {
            order.answer(.failure(ScriptReport(place: order.name, message: "the host is stopping")))
        }
    }

    /// Asks for something; the answer comes on the loader's thread.
    package func ask(
        _ order: Order, _ name: String,
        _ answer: @escaping @Sendable (Result<String, ScriptReport>) -> Void
    ) {
        // One step back on the desk needs nothing from this thread and waits for nobody.
        if order == .rollback,
            let version = shared.withLock({ $0.isKeptOneStep(name) ? $0.versions[name] : nil })
        {
            setting.post(.order(.script(name, .rollBack)), nil)
            return answer(.success("\(name): version \(version.prefix(12)) is taken back"))
        }
        let isStopping = shared.withLock { shared in
            if !shared.stopping { shared.orders.append((order, name, answer)) }
            return shared.stopping
        }
        guard !isStopping else {
            return answer(.failure(ScriptReport(place: name, message: "the host is stopping")))
        }
        watch.wake()
    }

    /// What turns say of versions; on the desk's thread.
    package func hear(_ notes: [Note]) {
        for note in notes {
            switch note {
            case .joined(let name, let version, _, _): shared.withLock { $0.took(name, version) }
            case .replaced(let name, let version, _, let keeps):
                shared.withLock {
                    $0.took(name, version)
                    $0.kept[name] = keeps
                }
            case .rolledBack(let name, let from, let to, _):
                shared.withLock {
                    $0.versions[name] = to
                    $0.kept[name] = nil
                    $0.stepped(name, back: to)
                    $0.refused[name, default: []].insert(from)
                }
            default: continue
            }
        }
    }

    private func work() {
        takeAtStart()
        while !shared.withLock({ $0.stopping }) {
            let isBusy = candidates.values.contains { $0.bench != nil } || gone.values.contains { !$0.isTold }
            let changed = watch.wait(
                now: Self.milliseconds, most: isBusy ? Self.shadowEvery : FolderWatch.rescan)
            obey()
            if changed || gone.values.contains(where: { !$0.isTold }) { look(isSaved: watch.sawChange) }
            playShadows()
        }
    }

    /// Everything but what would begin another rehearsal: orders, and files that are gone.
    func obeyUrgent() {
        let now = Self.milliseconds()
        if now - glancedAt >= Self.glanceEvery {
            glancedAt = now
            if let contents = try? setting.folder.read() {
                missGone(contents)
                isOvertaken = contents.packages.contains {
                    $0.name == trying && !$0.source.isEmpty
                        && $0.fingerprint != seen[$0.name] ?? $0.fingerprint
                }
            }
        }
        while let order = shared.withLock({ shared in
            let place = shared.orders.firstIndex { $0.order == .promote || $0.order == .rollback }
            return place.map { shared.orders.remove(at: $0) }
        }) {
            do throws(ScriptReport) { order.answer(.success(try carryOut(order.order, order.name))) } catch {
                order.answer(.failure(error))
            }
        }
    }

    private func obey() {
        while let order = shared.withLock({ $0.orders.isEmpty ? nil : $0.orders.removeFirst() }) {
            do throws(ScriptReport) { order.answer(.success(try carryOut(order.order, order.name))) } catch {
                order.answer(.failure(error))
            }
        }
    }

    private func carryOut(_ order: Order, _ name: String) throws(ScriptReport) -> String {
        switch order {
        case .reload, .reloadFresh:
            guard let package = try setting.folder.read().packages.first(where: { $0.name == name }) else {
                throw ScriptReport(
                    place: name + ".lua",
                    message: "no such file in \(setting.folder.path), or it cannot be read")
            }
            seen[name] = package.fingerprint
            return try take(package, isAsked: true, beginsAnew: order == .reloadFresh)
        case .promote: return try promote(name)
        case .rollback: return try rollBack(name)
        }
    }

    // MARK: The folder

    /// Compares the folder with what was seen last and acts on the differences.
    /// - Parameter isSaved: something was saved, and not only time went by.
    private func look(isSaved: Bool) {
        let contents: ScriptFolder.Contents
        do throws(ScriptReport) { contents = try setting.folder.read() } catch {
            if reported.insert(error.description).inserted {
                setting.report(
                    ScriptReport(place: error.place, message: error.message + "; the running versions stay"))
            }
            return
        }
        hear(of: contents)
        // The same bytes saved again are worth another try where it was the host that failed.
        if isSaved {
            for name in untried { seen[name] = nil }
            untried = []
        }
        // An editor may leave an empty file for a moment.
        let packages = contents.packages.filter { !$0.source.isEmpty }
        let present = missGone(contents)
        for name in present.sorted() where gone[name] != nil {
            if gone.removeValue(forKey: name)?.isTold == true {
                setting.tell("\(name).lua is back")
                setting.post(.order(.missing(name, false)), nil)
            }
        }
        for package in packages where seen[package.name] != package.fingerprint {
            let before = seen[package.name] ?? []
            let isOfLibrary = before == package.source || before.starts(with: package.source + [0])
            seen[package.name] = package.fingerprint
            // A change of the library concerns only who includes it.
            if isOfLibrary, isUnconcerned(package) { continue }
            do throws(ScriptReport) {
                let text = try take(package, isAsked: false)
                if !text.isEmpty { setting.tell(text) }
            } catch { complain(error, of: package.name) }
        }
    }

    /// - Returns: the names whose file is there and has something in it.
    @discardableResult
    private func missGone(_ contents: ScriptFolder.Contents) -> Set<String> {
        let empty = Set(contents.packages.filter { $0.source.isEmpty }.map(\.name))
        let present = Set(contents.names).subtracting(empty)
        for name in empty.union(seen.keys).sorted() where !present.contains(name) {
            miss(name, isEmpty: empty.contains(name))
        }
        return present
    }

    private func miss(_ name: String, isEmpty: Bool) {
        let now = Self.milliseconds()
        guard let entry = gone[name] else {
            gone[name] = (now, false)
            return
        }
        guard !entry.isTold, now - entry.since >= Self.absence else { return }
        gone[name] = (entry.since, true)
        // The same bytes back go the whole way again: what waited has not been watched meanwhile.
        if drop(name, "its file was gone") { seen[name] = [] }
        let (runs, isUnfit) = shared.withLock { ($0.versions[name] != nil, $0.unfit[name] != nil) }
        if isEmpty {
            // What never ran was told of when it was found so, at the start or broken before it was emptied.
            guard runs || !isUnfit else { return }
            note(name, .refused, ScriptReport(place: name + ".lua", message: "is empty"))
        }
        let rest = runs ? "no entries, exits go on with the last good version" : "it does not run"
        setting.tell("\(name).lua is \(isEmpty ? "empty" : "gone"): \(rest)")
        setting.post(.order(.missing(name, true)), nil)
    }

    /// Remembers the source of a version that goes to the desk.
    func keep(_ package: ScriptPackage, _ version: String) {
        packages[package.name, default: []].removeAll { $0.version == version }
        packages[package.name, default: []].append((version, package))
        if packages[package.name]!.count > 4 { packages[package.name]!.removeFirst() }
    }

    // MARK: Records

    func keep(_ script: Script) {
        setting.records?.keep(
            script.package.name, script.package.files(version: script.contract.version),
            summary: script.package.summary, at: setting.now())
    }

    func step(_ script: Script, _ step: VersionStep, _ detail: String = "") {
        setting.records?.step(
            script.package.name, script.contract.version, step, detail, at: setting.now())
    }
}

extension ScriptLoader.Shared {
    fileprivate mutating func took(_ name: String, _ version: String) {
        versions[name] = version
        if lineage[name]?.last != version { lineage[name, default: []].append(version) }
        if lineage[name]!.count > Self.lineageMost { lineage[name]!.removeFirst() }
        settle(name, version, nil)
    }

    private static let lineageMost = 16

    /// The version before the running one; `nil` when this run knows none.
    func before(_ name: String) -> String? { lineage[name]?.dropLast().last }

    /// What the desk keeps is the version one step back. It may be further back: a version that is not proven
    /// is nothing that a fault goes back to.
    func isKeptOneStep(_ name: String) -> Bool {
        guard let kept = kept[name] else { return false }
        return before(name) ?? kept == kept
    }

    fileprivate mutating func stepped(_ name: String, back version: String) {
        while let last = lineage[name]?.last, last != version { lineage[name]!.removeLast() }
        if lineage[name]?.isEmpty ?? true { lineage[name] = [version] }
    }

    /// The desk has dealt with a swap.
    mutating func settle(_ name: String, _ version: String, _ refusal: ScriptReport?) {
        let number = (outcomes[name]?.number ?? 0) + 1
        outcomes[name] = ScriptLoader.SwapOutcome(number: number, version: version, refusal: refusal)
    }
}

extension ScriptPackage {
    /// Changes when the source or anything it could include does.
    var fingerprint: [UInt8] {
        library.reduce(source) { $0 + [0] + Array($1.name.utf8) + [0] + $1.bytes }
    }

    /// The author's first comment line, shortened.
    var summary: String {
        let text = String(decoding: source, as: UTF8.self)
        guard let line = text.split(separator: "\n").first(where: { !$0.allSatisfy(\.isWhitespace) }),
            line.hasPrefix("--")
        else { return "" }
        return String(line.drop { $0 == "-" || $0 == " " }.prefix(120))
    }

    /// Of its bytes: what a version is called that did not come to have a contract.
    var hash: String { Digest.sha256(fingerprint) }

    func files(version: String) -> VersionFiles {
        VersionFiles(version: version, files: [("", source)] + library.map { ($0.name, $0.bytes) })
    }
}
