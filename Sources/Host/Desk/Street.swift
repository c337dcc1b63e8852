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
    private let frames: FrameReader
    private let replies: ReplyReader
    /// By instrument; only those of a pair are followed.
    private var feeds: [DepthFeed?]
    private var depthRequests = Lookup<RequestID, InstrumentID>()
    private var asked = Lookup<RequestID, Request>()
    private var retries: [(at: Timestamp, instrument: InstrumentID)] = []
    /// Frames that could not be believed, and what was said of the last one.
    private(set) var faults = 0
    private(set) var lastFault = ""
    /// Makes a stored script run; set by whoever knows the configuration.
    var compile: (StoredScript) throws(ScriptReport) -> Script = { stored throws(ScriptReport) in
        throw ScriptReport(place: stored.name + ".lua", message: "this run takes no new versions")
    }

    package init(catalogue: Catalogue, pairs: [Pair], limits: RiskLimits, strategies: [any Strategy]) {
        self.catalogue = catalogue
        engine = Engine(instruments: catalogue.instruments, pairs: pairs, limits: limits)
        frames = FrameReader(catalogue)
        replies = ReplyReader(catalogue)
        feeds = Array(repeating: nil, count: catalogue.instruments.count)
        for pair in pairs {
            feeds[pair.spot.id.index] = DepthFeed()
            feeds[pair.perp.id.index] = DepthFeed()
        }
        for strategy in strategies { engine.add(strategy) }
    }

    /// What one turn asks of the outside world, and whether the connection that brought the input must be
    /// dropped.
    package struct Outcome {
        package var commands: [Command] = []
        var dropsConnection: ConnectionID?
        /// Why a new version did not take over.
        var report: ScriptReport?
    }

    /// - Parameter loaded: the script of a swap, when the loader made it already.
    package func turn(_ input: Input, now: Timestamp, loaded: Script? = nil) -> Outcome {
        var outcome = Outcome()
        var events: [Event] = []
        switch input {
        case .frame(let connection, let bytes):
            do {
                events = [.alive(connection)]
                events += try read(connection, bytes)
            } catch {
                events = hostile(error, connection)
                outcome.dropsConnection = connection
            }
        case .connection(let connection, let change): events = changed(connection, change)
        case .reply(let id, let raw): events = answered(id, raw, now)
        case .timer: events = [.timer]
        case .order(let order): engine.obey(order, now: now)
        case .dropped(let symbols): events = symbols.flatMap(droppedBook)
        case .swap(let stored, let terms, let inShadow):
            do throws(ScriptReport) { try swap(stored, terms, inShadow, loaded) } catch {
                outcome.report = error
            }
        }
        askDepthAgain(now)
        engine.turn(events, now: now)
        outcome.commands = engine.takeCommands()
        for command in outcome.commands { asked[command.id] = command.request }
        return outcome
    }

    /// Puts a new version in the place of the running one, with its state; a failure leaves the old one. A
    /// script that is new here joins.
    private func swap(
        _ stored: StoredScript, _ terms: ProbationTerms, _ inShadow: Bool, _ loaded: Script?
    ) throws(ScriptReport) {
        let script = if let loaded { loaded } else { try compile(stored) }
        guard let slot = engine.slots.first(where: { $0.name == stored.name }) else {
            engine.join(script, inShadow: inShadow, terms)
            return
        }
        if let old = slot.strategy as? Script { try script.takeOver(from: old) }
        engine.replace(script, terms)
    }

    // MARK: Frames

    private func read(_ connection: ConnectionID, _ bytes: [UInt8]) throws(FrameFault) -> [Event] {
        switch try frames.read(bytes) {
        case .depth(let frame):
            guard feeds[frame.instrument.index] != nil else { return [] }
            return perform(feeds[frame.instrument.index]!.frame(frame), frame.instrument)
        case .trade(let id, let trade): return [.trade(id, trade)]
        case .mark(let id, let update): return [.mark(id, update)]
        case .order(let update): return connection == .privateStream ? [.order(update)] : []
        case .position(let update): return connection == .privateStream ? [.position(update)] : []
        case .balance(let update): return connection == .privateStream ? [.balance(update)] : []
        case .error(let code, let message):
            lastFault = "the venue refused a subscription: \(code) \(message)"
            faults += 1
            return []
        case .bookTicker, .ignored: return []
        }
    }

    /// Bytes that cannot be believed: nothing of them is used, and every book of that connection starts over.
    private func hostile(_ fault: FrameFault, _ connection: ConnectionID) -> [Event] {
        faults += 1
        lastFault = "\(fault)"
        guard connection == .publicStream else { return [] }
        return feeds.indices.flatMap { lose($0, "a frame that cannot be believed") }
    }

    private func droppedBook(_ symbol: String) -> [Event] {
        guard let id = catalogue.id(symbol) else { return [] }
        return lose(id.index, "the mailbox was full")
    }

    private func lose(_ place: Int, _ reason: String) -> [Event] {
        guard feeds[place] != nil else { return [] }
        return perform(feeds[place]!.lose(reason, stopped: false), InstrumentID(place))
    }

    private func changed(_ connection: ConnectionID, _ change: ConnectionChange) -> [Event] {
        var events: [Event] = [.connection(connection, change)]
        guard connection == .publicStream else { return events }
        for place in feeds.indices where feeds[place] != nil {
            let actions =
                change == .up ? feeds[place]!.begin() : feeds[place]!.lose("connection lost", stopped: true)
            events += perform(actions, InstrumentID(place))
        }
        return events
    }

    private func perform(_ actions: [DepthFeed.Action], _ instrument: InstrumentID) -> [Event] {
        actions.compactMap { action in
            switch action {
            case .apply(let change): return .book(instrument, change)
            case .requestSnapshot:
                depthRequests[engine.ask(.depth(instrument))] = instrument
                return nil
            }
        }
    }

    // MARK: Answers

    private func answered(_ id: RequestID, _ raw: RawReply, _ now: Timestamp) -> [Event] {
        guard let request = asked.remove(id) else { return [] }
        let reply: Reply =
            switch raw {
            case .answered(let status, let type, let body):
                replies.read(request, status: status, contentType: type, body: body)
            case .notSent(let why): .notSent(why)
            case .unknown(let why): .unknown(why)
            }
        guard let instrument = depthRequests.remove(id) else { return [.reply(id, reply)] }
        engine.forget(id)
        guard case .depth(let bids, let asks, let sequence) = reply else {
            // A venue that answers nonsense is asked again, but not at once.
            retries.append((now + .milliseconds(500), instrument))
            return []
        }
        engine.countResync()
        return perform(
            feeds[instrument.index]!.snapshot(bids: bids, asks: asks, sequence: sequence), instrument)
    }

    private func askDepthAgain(_ now: Timestamp) {
        while let place = retries.firstIndex(where: { $0.at <= now }) {
            let instrument = retries.remove(at: place).instrument
            for action in feeds[instrument.index]!.failed() where action == .requestSnapshot {
                depthRequests[engine.ask(.depth(instrument))] = instrument
            }
        }
    }
}
