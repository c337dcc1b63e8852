import Core
import Glibc
import Wire
import Exchange
import Journal
import LuaBridge
import Records

/// How a shadow stands against the version that trades, both on paper over the same market.
struct ShadowStanding: Sendable {
    let name: String, version: String
    let running: String?
    /// Since it decides in the shadow, on the clock of the run.
    let seconds: Int64
    let entries: Int, rounds: Int
    let profit: Money, runningProfit: Money?
    let difference: PairedDifference
}

/// From a saved file to the desk: every step that a version goes through, each on record.
extension ScriptLoader {
    /// Compiles, checks and rehearses a file and does with it what the policy says.
    /// - Parameters:
    ///   - isAsked: a person asked for it: a version refused before is tried again.
    ///   - waits: it is left to a person, whatever the policy says.
    ///   - beginsAnew: with its own `state`, also when it is the running version.
    /// - Returns: what became of it, for people.
    /// - Throws: why it is refused; the running version stays.
    func take(
        _ package: ScriptPackage, isAsked: Bool, waits: Bool = false, beginsAnew: Bool = false
    ) throws(ScriptReport) -> String {
        let (text, isFit) = try tryOut(package, isAsked: isAsked, waits: waits, beginsAnew: beginsAnew)
        if isFit { mended(package.name) }
        return text
    }

    /// - Returns: `isFit` unless the file was refused before and is not tried again.
    private func tryOut(
        _ package: ScriptPackage, isAsked: Bool, waits: Bool, beginsAnew: Bool
    ) throws(ScriptReport) -> (text: String, isFit: Bool) {
        let script = try made(package)
        let name = package.name, version = script.contract.version
        let (current, isRefused) = shared.withLock {
            ($0.versions[name], $0.refused[name]?.contains(version) ?? false)
        }
        let isRunning = version == current
        guard !isRunning || beginsAnew else {
            drop(name, "the running version was saved again")
            return (isAsked ? "\(name): version \(version.prefix(12)) is the running one" : "", true)
        }
        // It stands on the desk and does not trade.
        guard !isRunning || candidates[name]?.version != version else {
            return ("\(name): version \(version.prefix(12)) waits for `neap promote \(name)`", true)
        }
        guard !isRefused || isAsked else {
            show(name, version, before: (try? setting.records?.fate(of: name, version)) ?? nil)
            let text = "\(name): version \(version.prefix(12)) was refused before; "
            return (text + "`neap reload \(name)` tries it again", false)
        }
        keep(script)
        step(script, .stable)
        step(script, .compiled)
        maskedParameters(script)
        let proof: Proof
        do throws(ScriptReport) { proof = try prove(script, isNew: current == nil, beginsAnew) } catch {
            // What the host could not do is not held against the version.
            if !isRunning { error.isHosts ? put(off: script, error) : refuse(script, error) }
            throw error
        }
        // The running version that begins anew was let trade before.
        guard isRunning || setting.policy == .auto && !waits else {
            return (try wait(script, proof, isNew: current == nil), true)
        }
        candidates[name] = nil
        // A refusal of the desk is put on record where it is heard.
        return (try swap(script.package, script, proof.terms, inShadow: false, isNew: !isRunning), true)
    }

    /// Lets a version that was rehearsed and let trade before begin its probation anew.
    func takeUnproven(_ package: ScriptPackage) throws(ScriptReport) -> String {
        let script = try made(package)
        let exits: Bool
        do throws(ScriptReport) {
            exits = try DryRun.check(
                package, setting.maker, state: nil,
                isCancelled: { [self] in shared.withLock { $0.stopping } })
        } catch {
            // What the host could not do leaves it on probation: the next start lets it begin that anew.
            if !error.isHosts { refuse(script, error) }
            throw error
        }
        let terms = ProbationTerms(entries: setting.probationEntries, exitsRehearsed: exits)
        return try swap(package, script, terms, inShadow: false)
    }

    /// What a version that passed has to show.
    struct Proof {
        let terms: ProbationTerms
        /// Where it was rehearsed, to go on from there in the shadow.
        let bench: PaperBench?
    }

    private func prove(
        _ script: Script, isNew: Bool, _ beginsAnew: Bool
    ) throws(ScriptReport) -> Proof {
        let name = script.package.name, version = script.contract.version
        if let report = misspelt(script).first { throw report }
        let picture = startingPicture()
        let stored = isNew ? nil : runningScript(name, picture)
        // Somebody may need another script's version back while this one is tried.
        let isCancelled = { [self] in
            obeyUrgent()
            return isOvertaken || shared.withLock { $0.stopping }
        }
        (trying, isOvertaken) = (name, false)
        defer { trying = nil }
        do throws(ScriptReport) {
            return try prove(script, stored, beginsAnew, picture, isCancelled)
        } catch {
            guard isOvertaken else { throw error }
            throw ScriptReport(
                place: name + ".lua",
                message: "version \(version.prefix(12)) was tried no further: a newer save is there",
                isHosts: true)
        }
    }

    private func prove(
        _ script: Script, _ stored: StoredScript?, _ beginsAnew: Bool, _ picture: StreetPicture?,
        _ isCancelled: @escaping () -> Bool
    ) throws(ScriptReport) -> Proof {
        let name = script.package.name, version = script.contract.version
        let exits = try DryRun.check(
            script.package, setting.maker, state: beginsAnew ? nil : stored, isCancelled: isCancelled)
        step(script, .contract)
        var terms = ProbationTerms(entries: setting.probationEntries, exitsRehearsed: exits)
        var bench: PaperBench?
        if let picture, setting.rehearsal > .zero,
            let made = try self.bench(script.package, stored, beginsAnew, picture)
        {
            let until = MonotonicClock.microseconds() + Self.longestRehearsal
            let rehearsal = try Rehearsal(
                made, until: setting.now(), pairs: setting.plan.pairs.count, exitsRehearsed: exits,
                isCancelled: isCancelled, isLongEnough: { MonotonicClock.microseconds() >= until })
            terms = rehearsal.terms(entries: setting.probationEntries)
            let lines = rehearsal.lines
            step(script, .rehearsed, lines.joined(separator: "\n"))
            for line in lines { setting.tell(line) }
            bench = made
        } else {
            setting.tell("\(name): nothing is recorded yet, version \(version.prefix(12)) was only run dry")
        }
        terms.beginsAnew = beginsAnew
        return Proof(terms: terms, bench: bench)
    }

    /// A script that uses up its steps in every call is rehearsed on less: others wait behind it.
    static let longestRehearsal: Int64 = 30_000_000

    /// A version that passed waits for a person; a strategy that is new here stands on the desk and decides
    /// nothing there.
    private func wait(_ script: Script, _ proof: Proof, isNew: Bool) throws(ScriptReport) -> String {
        let name = script.package.name
        let inShadow = setting.policy != .confirm && proof.bench != nil
        if inShadow { proof.bench?.becomeShadow() }
        drop(name, "version \(script.contract.version.prefix(12)) waits in its place")
        candidates[name] = Candidate(
            package: script.package, version: script.contract.version, terms: proof.terms,
            bench: inShadow ? proof.bench : nil)
        if isNew { _ = try swap(script.package, script, proof.terms, inShadow: true) }
        step(script, inShadow ? .shadow : .ready)
        return "\(name): version \(script.contract.version.prefix(12)) "
            + (inShadow ? "decides in the shadow" : "is ready") + "; `neap promote \(name)` lets it take over"
    }

    /// Gives a version to the desk and hears what became of it: it is the next thing but a few that it does.
    /// - Parameter isNew: it is what the file holds and does not run yet.
    /// - Throws: why the desk did not take it over.
    private func swap(
        _ package: ScriptPackage, _ script: Script, _ terms: ProbationTerms, inShadow: Bool,
        isNew: Bool = true
    ) throws(ScriptReport) -> String {
        let name = package.name, version = script.contract.version
        keep(package, version)
        let before = shared.withLock { shared in
            // One that was refused before is asked about anew.
            shared.refused[name]?.remove(version)
            shared.awaited.insert(name)
            return shared.outcomes[name]?.number ?? 0
        }
        defer { shared.withLock { _ = $0.awaited.remove(name) } }
        setting.post(.swap(StoredScript(script), terms, inShadow: inShadow), LoadedScript(script))
        for _ in 0..<400 {
            let outcome = shared.withLock { $0.outcomes[name] }
            if let outcome, outcome.number > before, outcome.version == version {
                guard let refusal = outcome.refusal else {
                    return "\(name): version \(version.prefix(12)) takes over"
                }
                if isNew { show(name, refusal) }
                throw refusal
            }
            usleep(5_000)
        }
        return "\(name): version \(version.prefix(12)) is with the desk, which is busy"
    }

    // MARK: What operators ask

    func promote(_ name: String) throws(ScriptReport) -> String {
        guard let candidate = candidates[name] else {
            throw ScriptReport(
                place: name, message: "no version of it waits; `neap status` lists what there is")
        }
        let script = try setting.maker.make(candidate.package)
        guard script.contract.version == candidate.version else {
            throw ScriptReport(place: name, message: "its source is another by now; save it again")
        }
        let text = try swap(candidate.package, script, candidate.terms, inShadow: false)
        candidates[name] = nil
        mended(name)
        return text
    }

    /// One step back: to the version kept on the desk, or after a restart to the one on record.
    func rollBack(_ name: String) throws(ScriptReport) -> String {
        let (current, kept, earlier) = shared.withLock {
            ($0.versions[name], $0.isKeptOneStep(name), $0.before(name))
        }
        guard let current else { throw ScriptReport(place: name, message: "no such strategy runs here") }
        candidates[name] = nil
        if kept {
            setting.post(.order(.script(name, .rollBack)), nil)
            return "\(name): version \(current.prefix(12)) is taken back"
        }
        if let earlier, let package = packages[name]?.last(where: { $0.version == earlier })?.package {
            return try stepBack(to: package, from: current)
        }
        let before: VersionFiles?
        do { before = try setting.records?.version(of: name, before: current) } catch {
            throw ScriptReport(place: name, message: "\(error)")
        }
        guard let before, let package = ScriptPackage(name: name, before) else {
            throw ScriptReport(place: name, message: "no earlier version of it is kept")
        }
        let script = try setting.maker.make(package)
        shared.withLock { _ = $0.refused[name, default: []].insert(current) }
        // What it kept is not on record, and what the running version keeps need not be for it.
        _ = try swap(package, script, ProbationTerms(beginsAnew: true), inShadow: false, isNew: false)
        return "\(name): version \(script.contract.version.prefix(12)), from the records, takes over"
    }

    /// To a version that ran before but was not proven: `state` goes along, and its probation begins anew.
    private func stepBack(to package: ScriptPackage, from current: String) throws(ScriptReport) -> String {
        let name = package.name
        let script = try setting.maker.make(package)
        let lineage = shared.withLock { shared in
            defer { shared.lineage[name]?.removeLast() }
            return shared.lineage[name]
        }
        do throws(ScriptReport) {
            let terms = ProbationTerms(entries: setting.probationEntries)
            let text = try swap(package, script, terms, inShadow: false, isNew: false)
            shared.withLock { _ = $0.refused[name, default: []].insert(current) }
            return text
        } catch {
            shared.withLock { $0.lineage[name] = lineage }
            throw error
        }
    }

    // MARK: Rehearsal and shadow

    /// The youngest picture from before the stretch to rehearse; the oldest one when the run is younger.
    private func startingPicture() -> StreetPicture? {
        let from = setting.now() - setting.rehearsal
        return shared.withLock { shared in
            shared.pictures.last { $0.market.now <= from } ?? shared.pictures.first
        }
    }

    /// The version on the desk, with the state it had in the picture when that is the same version.
    private func runningScript(_ name: String, _ picture: StreetPicture?) -> StoredScript? {
        guard let version = shared.withLock({ $0.versions[name] }) else { return nil }
        if let stored = picture?.scripts.first(where: { $0.name == name }), stored.version == version {
            return stored
        }
        guard let package = packages[name]?.last(where: { $0.version == version })?.package,
            let script = try? setting.maker.make(package),
            script.contract.version == version
        else { return nil }
        return StoredScript(script)
    }

    private func bench(
        _ package: ScriptPackage, _ stored: StoredScript?, _ beginsAnew: Bool, _ picture: StreetPicture
    ) throws(ScriptReport) -> PaperBench? {
        guard let journal = shared.withLock({ $0.journal }) else { return nil }
        let tape: any MarketSource
        do throws(JournalFault) { tape = try setting.tape(setting.catalogue, journal, picture) } catch {
            throw ScriptReport(
                place: package.name + ".lua", message: "cannot be rehearsed: \(error)", isHosts: true)
        }
        return try PaperBench(
            package, running: stored, beginsAnew: beginsAnew, setting.maker, setting.plan,
            from: picture.market, tape: tape)
    }

    /// Shows every shadow what was recorded since, and says how it stands.
    func playShadows() {
        for (name, candidate) in candidates.sorted(by: { $0.key < $1.key }) {
            guard let bench = candidate.bench else { continue }
            let strategy = bench.new.strategy
            do throws(JournalFault) { try bench.play(most: 50_000) } catch {
                candidates[name] = nil
                let report = ScriptReport(
                    place: name + ".lua", message: "its shadow ends: \(error)", isHosts: true)
                put(off: strategy.script, report)
                complain(report, of: name)
                continue
            }
            guard let fault = strategy.firstFault else { continue }
            let report = ScriptReport(
                place: fault.place ?? name + ".lua", message: "\(fault.message) (in the shadow); refused")
            refuse(strategy.script, report)
            complain(report, of: name)
        }
        let standings = candidates.sorted { $0.key < $1.key }.compactMap { $1.bench?.standing }
        shared.withLock { $0.shadows = standings }
    }

    // MARK: Reports

    /// A version that waited waits no more.
    /// - Returns: `false` when none did.
    @discardableResult
    func drop(_ name: String, _ why: String) -> Bool {
        guard let candidate = candidates.removeValue(forKey: name) else { return false }
        setting.records?.step(name, candidate.version, .untried, why, at: setting.now())
        return true
    }

    /// Fields that do not exist, also in lines that no rehearsal reaches.
    func misspelt(_ script: Script) -> [ScriptReport] {
        FieldCheck.reports(on: script.package, parameters: script.contract.parameters.map(\.name))
    }

    private func maskedParameters(_ script: Script) {
        for parameter in script.contract.parameters
        where parameter.origin != .script && parameter.scriptDefault != parameter.value {
            setting.tell(
                "\(script.package.name): \(parameter.name) = \(parameter.scriptDefault.text) is masked by "
                    + "\(parameter.variable)=\(parameter.value.text) (\(parameter.origin.rawValue))")
        }
    }
}

extension PaperBench {
    var standing: ShadowStanding {
        let profits = profits
        return ShadowStanding(
            name: name, version: new.strategy.contract.version,
            running: running?.strategy.contract.version, seconds: (now - began).milliseconds / 1000,
            entries: counts.entries, rounds: counts.rounds, profit: profits.new,
            runningProfit: profits.running, difference: differences)
    }
}
