import Core
import Exchange
import Journal
import LuaBridge

/// The whole way from an input to its commands, the same in every mode: parse, keep books in step, run the
/// engine.
///
/// It reads no clock and touches no socket. The desk feeds it and carries its commands out; a replay feeds it
/// from a journal and compares.
package final class Street {
    package let catalogue: Catalogue
    package let engine: Engine
    private let replies: ReplyReader
    private(set) var books: BookFeeds
    /// Snapshots asked for and not answered.
    private(set) var depthRequests = Lookup<RequestID, InstrumentID>()
    private var asked = Lookup<RequestID, Request>()
    private var retries: [(at: Timestamp, instrument: InstrumentID)] = []
    /// Makes a stored script run; set by whoever knows the configuration.
    var compile: (StoredScript) throws(ScriptReport) -> Script = { stored throws(ScriptReport) in
        throw ScriptReport(place: stored.name + ".lua", message: "this run takes no new versions")
    }

    package init(
        catalogue: Catalogue, pairs: [Pair], limits: RiskLimits, strategies: [any Strategy],
        isGuardian: Bool = false
    ) {
        self.catalogue = catalogue
        engine = Engine(instruments: catalogue.instruments, pairs: pairs, limits: limits)
        if isGuardian { engine.standsIn() }
        replies = ReplyReader(catalogue)
        books = BookFeeds(catalogue, pairs)
        for strategy in strategies {
            engine.add(strategy)
            if let script = strategy as? Script { listen(to: script) }
        }
        engine.standBy()
    }

    /// What the wall clock ended in this turn, which a replay has to be told.
    private var clockStops: [(script: String, version: String, call: Int)] = []
    func takeClockStops() -> [(script: String, version: String, call: Int)] {
        if clockStops.isEmpty { return [] }
        defer { clockStops = [] }
        return clockStops
    }

    private func listen(to script: Script) {
        let name = script.package.name, version = script.contract.version
        for stop in comingStops where stop.script == name && stop.version == version {
            script.stop(atCall: stop.call)
        }
        script.onClockStop = { [unowned self] script, call in
            clockStops.append((script.package.name, script.contract.version, call))
        }
    }

    /// Makes what the wall clock ended in a recorded run, in the turn that comes next, end here as well.
    func repeatClockStop(_ name: String, _ version: String, atCall call: Int) {
        guard call > 0 else { return refusesSwap = true }
        comingStops.append((name, version, call))
        guard let slot = engine.slots.first(where: { $0.name == name }) else { return }
        let versions = [slot.strategy, slot.kept?.strategy].compactMap { $0 } + slot.earlier.map(\.strategy)
        for case let script as Script in versions where script.contract.version == version {
            return script.stop(atCall: call)
        }
    }
    private var refusesSwap = false
    /// Also of what that turn itself makes: a version may be ended in the very turn in which it took over.
    private var comingStops: [(script: String, version: String, call: Int)] = []

    /// What one turn asks of the outside world, and whether the connection that brought the input must be
    /// dropped.
    package struct Outcome {
        package var commands: [Command] = []
        var dropsConnection: ConnectionID?
        /// Why a new version did not take over.
        package var report: ScriptReport?
        /// Which version that was.
        var refused: (name: String, version: String)?
    }

    /// - Parameter loaded: the script of a swap, when the loader made it already.
    package func turn(_ input: Input, now: Timestamp, loaded: Script? = nil) -> Outcome {
        var outcome = Outcome()
        var events: [Event] = []
        switch input {
        case .frame(let connection, let bytes):
            do {
                events = [.alive(connection)]
                events += try books.read(connection, bytes)
            } catch {
                events = books.hostile(error, connection)
                outcome.dropsConnection = connection
            }
        case .connection(let connection, let change): events = books.changed(connection, change)
        case .reply(let id, let raw): events = answered(id, raw, now)
        case .timer: events = [.timer]
        case .order(let order):
            if case .script(let name, .rearm) = order { renew(name) }
            engine.obey(order, now: now)
        case .dropped(let symbols): events = symbols.flatMap { books.dropped($0) }
        case .swap(let stored, let terms, let inShadow):
            do throws(ScriptReport) { try swap(stored, terms, inShadow, loaded) } catch {
                outcome.report = error
                outcome.refused = (stored.name, stored.version)
                clockStops.append((stored.name, stored.version, 0))
            }
        }
        askDepths()
        askDepthAgain(now)
        engine.turn(events, now: now)
        comingStops = []
        outcome.commands = engine.takeCommands()
        for command in outcome.commands { asked[command.id] = command.request }
        return outcome
    }

    /// A version that the clock ended halfway begins anew from its own source.
    private func renew(_ name: String) {
        guard let slot = engine.slots.first(where: { $0.name == name }),
            let old = slot.strategy as? Script, old.isBroken,
            let fresh = try? compile(StoredScript(old))
        else { return }
        listen(to: fresh)
        engine.renew(fresh)
    }

    /// Puts a new version in the place of the running one, with its state; a failure leaves the old one. A
    /// script that is new here joins.
    private func swap(
        _ stored: StoredScript, _ terms: ProbationTerms, _ inShadow: Bool, _ loaded: Script?
    ) throws(ScriptReport) {
        if refusesSwap {
            refusesSwap = false
            throw ScriptReport(place: stored.name + ".lua", message: "refused, as recorded")
        }
        let script = if let loaded { loaded } else { try compile(stored) }
        defer { listen(to: script) }
        guard let slot = engine.slots.first(where: { $0.name == stored.name }) else {
            engine.join(script, inShadow: inShadow, terms)
            return
        }
        if let old = slot.strategy as? Script, !terms.beginsAnew { try script.takeOver(from: old) }
        engine.replace(script, terms)
    }

    /// Takes up what an earlier run left, before the first turn.
    /// - Parameter earlier: makes a version that holds something and that no file has any more; `nil` when
    ///   its source is not known.
    /// - Returns: what could not be taken up, and the versions brought back.
    func restore(
        _ checkpoint: Checkpoint, earlier: (_ name: String, _ version: String) -> Script?
    ) -> (lost: [String], back: [Script]) {
        let lost = engine.restore(checkpoint)
        let back = engine.versionsMissing.compactMap { earlier($0.name, $0.version) }
        for script in back {
            listen(to: script)
            engine.bringBack(script)
        }
        return (lost, back)
    }

    /// What the scripts keep now.
    var states: [ScriptState] {
        scripts.map { ScriptState(name: $0.name, version: $0.version, state: $0.state) }
    }

    /// Where everything stands, for paper to go on from.
    /// - Parameter position: the journal's next record.
    package func picture(at moment: Timestamp, _ position: JournalPosition) -> StreetPicture {
        StreetPicture(
            market: engine.picture(at: moment), books: books.progress,
            depthRequests: depthRequests.sortedKeys.compactMap { id in
                depthRequests[id].map { (id, $0) }
            }, position: position, scripts: scripts)
    }

    // MARK: Answers

    private func answered(_ id: RequestID, _ raw: RawReply, _ now: Timestamp) -> [Event] {
        guard let request = asked.remove(id) else { return [] }
        let reply = replies.read(request, raw)
        guard let instrument = depthRequests.remove(id) else { return [.reply(id, reply)] }
        engine.forget(id)
        guard case .depth(let bids, let asks, let sequence) = reply else {
            // A venue that answers nonsense is asked again, but not at once.
            retries.append((now + .milliseconds(500), instrument))
            return []
        }
        engine.countResync()
        return books.snapshot(instrument, bids: bids, asks: asks, sequence: sequence)
    }

    private func askDepthAgain(_ now: Timestamp) {
        while let place = retries.firstIndex(where: { $0.at <= now }) {
            books.failed(retries.remove(at: place).instrument)
            askDepths()
        }
    }

    private func askDepths() {
        for instrument in books.takeWanted() { depthRequests[engine.ask(.depth(instrument))] = instrument }
    }
}

extension ReplyReader {
    func read(_ request: Request, _ raw: RawReply) -> Reply {
        switch raw {
        case .answered(let status, let type, let body):
            read(request, status: status, contentType: type, body: body)
        case .notSent(let why): .notSent(why)
        case .unknown(let why): .unknown(why)
        }
    }
}
