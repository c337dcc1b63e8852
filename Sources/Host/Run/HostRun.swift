import Core
import Exchange
import Gateway
import Glibc
import Histogram
import Journal
import Logging
import LuaBridge
import Records
import Synchronization
import Venue
import Wire

/// One run from start to summary: sets up the rooms, waits, stops in order.
final class HostRun {
    let plan: RunPlan
    let folder: DataFolder
    /// Called with the embedded exchange once it serves.
    var onVenue: (VenueServer) -> Void = { _ in }
    /// Called with everything the desk shows, on its thread.
    var onStanding: (Standing) -> Void = { _ in }
    private let log: LogFile
    let logger: Logger
    private let draws: Bool
    let board = Board()
    private var venue: VenueServer?
    private var isShortOfSpace = false
    private var lookForRoomAt: Int64 = 0
    /// Of a live run; `nil` otherwise.
    private(set) var guardian: GuardianKeeper?
    private let isEnded = Atomic(false)
    private let alerts: AlertHook?

    /// - Throws: why nothing was started.
    init(_ plan: RunPlan) throws(StartFault) {
        self.plan = plan
        draws = isatty(STDOUT_FILENO) == 1 && !plan.isSilent
        folder = try DataFolder(
            data: plan.configuration.data, mode: plan.mode, start: WallClock.microseconds() / 1_000_000)
        log = try LogFile(
            path: folder.path + "/arbitrage.log", speaks: !draws && !plan.isSilent,
            mayLack: folder.fault != nil)
        logger = log.logger
        alerts = AlertHook(plan.configuration.alertWebhook, from: "neap \(plan.mode.rawValue)", logger)
        log.tell(alerts)
        if plan.mode == .live {
            guardian = try GuardianKeeper(
                folder: folder.path, words: plan.guardianWords, mayBeAlone: folder.fault != nil,
                logger: logger)
        }
    }

    /// Ends the run in order, as its time would; from any thread.
    func end() { isEnded.store(true, ordering: .relaxed) }

    // MARK: Start

    /// Everything that exists while a run goes on.
    private struct Rooms {
        let catalogue: Catalogue
        let desk: Desk
        let door: OperatorDoor
        let haltFile: HaltFile
        let link: VenueLink
        let loader: ScriptLoader
        let control: HTTPServer?, console: HTTPServer?
        let keeper: RecordKeeper
        let clock: RunClock
        let started: Int64
    }

    /// Runs until the end.
    /// - Returns: the exit code.
    func run() throws(StartFault) -> Int32 {
        let lock = try lockFolder()
        defer { withExtendedLifetime(lock) {} }
        try AcceptedLimits.begin(plan, folder: folder.path, isUnwritable: folder.fault != nil, logger)
        do throws(StartFault) { return try runLocked() } catch {
            // A start that failed must not keep the guardian away.
            guardian?.lease.abandon()
            throw error
        }
    }

    /// What the last live run here left.
    private func takeRecovery() throws(StartFault) -> Recovery? {
        guard plan.mode == .live else { return nil }
        try guardian?.begin()
        let recovery = try Recovery.latest(in: folder.path + "/journal")
        if let fault = folder.fault, recovery == nil {
            throw StartFault("\(fault). No run here ever knew its account: nothing can be open", code: 2)
        }
        // Something of an earlier run may be open: somebody looks after it even if this start fails.
        if recovery != nil { guardian?.look() }
        return recovery
    }

    private func runLocked() throws(StartFault) -> Int32 {
        let recovery = try takeRecovery()
        let (address, signer, demoClock) = try openVenue()
        defer { venue?.stop() }
        let (catalogue, markets) = try MarketsRead.read(address, logger)
        let clock = if let demoClock { demoClock } else { try liveClock(address, recovery) }
        let selection = catalogue.pairs(wantedBases())
        try tell(selection)
        let postBox = Mutex<Desk?>(nil)
        let keeper = RecordKeeper(
            folder: folder.path, unwritable: folder.fault, beginsAnew: plan.mode == .live, logger: logger)
        let records = keeper.book
        let loader = ScriptLoader(
            loaderSetting(catalogue, selection.pairs, records, clock) { input, loaded in
                postBox.withLock { $0 }?.post(input, loaded: loaded)
            })
        let scripts = try loadScripts(loader)
        let street = Street(
            catalogue: catalogue, pairs: selection.pairs, limits: plan.configuration.limits,
            strategies: scripts)
        street.compile = loader.setting.maker.make
        let left = try takeUp(recovery, street, loader.setting.maker)
        let blocks = IDBlocks(path: folder.path + "/client-ids")
        blocks.passOver(street.engine.lastBlock)
        let text = NoteText(logger: logger, instruments: catalogue.instruments, alerts: alerts)
        let isUnwritable = folder.fault != nil
        let desk = Desk(street: street, clock: clock, nextBlock: { isUnwritable ? nil : blocks.take() }) {
            notes, now in
            text.log(notes, at: now)
            records?.take(notes, at: now)
            loader.hear(notes)
        }
        desk.whyNoBlock = { blocks.fault }
        desk.complain = loader.refused
        desk.observe = watch(scripts.count)
        desk.journal = try openJournal(catalogue, markets, selection.pairs)
        if let left, let journal = desk.journal { (journal.restored, journal.earlier) = left }
        let link = VenueLink(
            address, signer: signer, catalogue: catalogue, pairs: selection.pairs, listener: DeskEar(desk),
            lead: clock.lead)
        if plan.mode == .live {
            do throws(LinkFault) { _ = try link.setClock() } catch { throw StartFault("\(error)") }
            if !isUnwritable, let id = try passOverFound(blocks, link, catalogue, clock) {
                desk.obey(.stranger(id))
            }
        }
        postBox.withLock { $0 = desk }
        let started = MonotonicClock.microseconds()
        depict(desk, loader)
        let door = OperatorDoor(desk)
        door.takeUp(isAsked: isHaltAsked(recovery))
        let control = openControl(door, loader, records, started)
        let console = openConsole(loader, records, started)
        desk.lease = guardian?.lease
        keeper.tell(desk)
        desk.start(link)
        guardian?.look()
        do throws(LinkFault) { try link.open() } catch { throw StartFault("\(error)") }
        loader.start()
        let haltFile = watchHalt(door)
        let names = scripts.isEmpty ? "no strategy yet" : scripts.map(\.package.name).joined(separator: ", ")
        logger.info(
            "Trading \(selection.pairs.map(\.base.symbol).joined(separator: ", ")) in mode \(plan.mode.rawValue) with \(names); folder \(folder.path)"
        )
        let rooms = Rooms(
            catalogue: catalogue, desk: desk, door: door, haltFile: haltFile, link: link, loader: loader,
            control: control, console: console, keeper: keeper, clock: clock, started: started)
        return try finish(rooms, endedBy: wait(rooms))
    }

    private func tell(_ selection: PairSelection) throws(StartFault) {
        for remark in plan.market?.remarks ?? [] { logger.notice("\(remark)") }
        for refusal in selection.refused {
            logger.warning("\(refusal.base) is not traded: \(refusal.reason)")
        }
        guard !selection.pairs.isEmpty else {
            throw StartFault("none of the pairs \(wantedBases().joined(separator: ", ")) can be traded here")
        }
    }

    private func liveClock(_ address: VenueAddress, _ recovery: Recovery?) throws(StartFault) -> RunClock {
        RunClock(venue: try MarketsRead.time(address), after: recovery?.checkpoint.at)
    }

    /// Two hosts on one folder would trade one account twice.
    private func lockFolder() throws(StartFault) -> ProcessLock {
        if let lock = try ProcessLock(path: folder.path + "/lock") { return lock }
        throw StartFault("\(folder.path): another host runs here; stop it or choose another --data")
    }

    /// - Returns: with the clock of the embedded exchange, if there is one.
    private func openVenue() throws(StartFault) -> (VenueAddress, Signer, RunClock?) {
        let configuration = plan.configuration
        do {
            guard plan.mode == .demo else {
                let address = VenueAddress(
                    rest: configuration.restURL, ws: configuration.wsURL, caFile: configuration.caFile)
                let signer = try Signer(
                    secretBase64: configuration.privateKey, apiKey: configuration.apiKey)
                return (address, signer, nil)
            }
            var setting = VenueConfiguration()
            (setting.seed, setting.speed, setting.faults) = (plan.seed, plan.speed, plan.faults)
            setting.requestsPerMinute = nil
            setting.market =
                plan.market.map { .recorded($0.feed) } ?? .generated(dislocations: [], only: [])
            let server = try VenueServer.start(setting)
            venue = server
            onVenue(server)
            let signer = try Signer(
                secretBase64: server.ready.apiSecret ?? "", apiKey: server.ready.apiKey)
            return (
                VenueAddress(rest: server.ready.rest, ws: server.ready.ws), signer,
                RunClock(
                    startedWall: server.clock.startWall, speedThousandths: plan.speedThousandths)
            )
        } catch { throw StartFault("\(error)") }
    }

    private func wantedBases() -> [String] {
        guard let market = plan.market else { return plan.configuration.bases }
        return plan.configuration.bases.filter(market.bases.contains)
    }

    private func loadScripts(_ loader: ScriptLoader) throws(StartFault) -> [Script] {
        let scripts: [Script]
        do throws(ScriptReport) { scripts = try loader.load() } catch { throw StartFault("\(error)") }
        guard !scripts.isEmpty || !loader.atStart.isEmpty else {
            throw StartFault(
                "\(plan.configuration.strategies): no strategy in it can run; the reports above say why")
        }
        let strangers = plan.configuration.unclaimed.filter { !loader.bound.contains($0.name) }
        guard strangers.isEmpty else {
            let known = Variable.all.map(\.name)
            throw StartFault(
                strangers.map {
                    let near = Nearest.hint($0.name, among: known)
                    return "line \($0.line): \($0.name) is no variable and no strategy binds it\(near)"
                }.joined(separator: "\n"), code: 2)
        }
        for (variable, names) in plan.configuration.scriptsNamed {
            for name in names where !loader.names.contains(name) {
                logger.warning(
                    "\(variable) names \(name), and no \(name).lua stands in \(plan.configuration.strategies)\(Nearest.hint(name, among: loader.names))"
                )
            }
        }
        return scripts
    }

    /// What the desk's thread shows now and then.
    private func watch(_ scripts: Int) -> (Street) -> Void {
        let board = board, logger = logger, onStanding = onStanding
        var nextStats = MonotonicClock.microseconds() + 60_000_000
        var tooMany: [String: Int] = [:]
        return { street in
            let standing = Standing(street)
            board.show(standing)
            onStanding(standing)
            for (who, lines, lost) in street.engine.takeScriptLogs() {
                for line in lines {
                    logger.log(level: line.warns ? .warning : .info, "[\(who)] \(line.text)")
                }
                if lost > 0 {
                    if tooMany[who] == nil {
                        logger.warning("[\(who)] logs too much; what is left out is counted")
                    }
                    tooMany[who, default: 0] += lost
                }
            }
            guard MonotonicClock.microseconds() >= nextStats else { return }
            nextStats += 60_000_000
            for (who, lines) in tooMany.sorted(by: { $0.key < $1.key }) {
                logger.warning("[\(who)] \(lines) lines were left out")
            }
            tooMany = [:]
            for script in ScriptStanding.all(street.engine) {
                logger.info(
                    "Strategy stats \(script.name): \(script.calls) calls, \(script.entries) entries, \(script.exits) exits, \(script.profit) USD, \(script.faults) faults"
                )
            }
        }
    }

    // MARK: Wait

    /// How often the lease is looked at, and the table drawn anew.
    private static let lookMilliseconds = 40

    private func wait(_ rooms: Rooms) -> String {
        let table = LiveTable(mode: plan.mode.rawValue)
        var drawn = ""
        if draws { Terminal.put("\u{1B}[?25l\u{1B}[2J") }
        while true {
            let seconds = (MonotonicClock.microseconds() - rooms.started) / 1_000_000
            if let most = plan.seconds, MonotonicClock.microseconds() - rooms.started >= most * 1_000_000 {
                return "time"
            }
            if venue?.isMarketOver == true { return "market" }
            if isEnded.load(ordering: .relaxed) { return "asked" }
            if draws, let standing = board.last {
                let (shadows, ready) = rooms.loader.shared.withLock { ($0.shadows, $0.ready) }
                let text = table.text(
                    standing.naming(ready: ready), shadows: shadows, seconds: seconds, log: log.last,
                    size: LiveTable.size())
                if text != drawn {
                    Terminal.put(text)
                    drawn = text
                }
            }
            watchSpace(rooms)
            rooms.keeper.look()
            if mayBeginWhole(rooms) { return Self.roomAgain }
            if guardian?.lease.isLost == true { return Self.leaseLost }
            guardian?.look()
            if board.last?.state != .halted, HaltFile.isThere(folder.path) { rooms.door.obey(.halt) }
            guard let signal = Signals.wait(milliseconds: Self.lookMilliseconds) else { continue }
            if signal == SIGUSR1 {
                rooms.door.obey(.halt)
                continue
            }
            return Signals.name(signal)
        }
    }

    /// Below this nothing is entered: what cannot be recorded must not happen.
    static let leastFreeBytes: Int64 = 1 << 30

    /// What could not be opened at the start can be now, and nothing is out: a start now is a whole one.
    private func mayBeginWhole(_ rooms: Rooms) -> Bool {
        let now = MonotonicClock.microseconds()
        guard plan.mode == .live, now >= lookForRoomAt, board.last?.isQuiet == true else { return false }
        guard folder.fault != nil || rooms.keeper.book == nil else { return false }
        lookForRoomAt = now + Self.lookForRoomEvery
        // Twice a minute at most: a disk that comes and goes must not keep the host from its work.
        guard now - rooms.started >= Self.roomPatience else { return false }
        return folder.fault != nil ? DataFolder.writeFault(folder.path) == nil : rooms.keeper.canBeOpened
    }

    private func watchSpace(_ rooms: Rooms) {
        let space = folder.freeBytes ?? 0
        defer { isShortOfSpace = space < Self.leastFreeBytes }
        guard space < Self.leastFreeBytes, !isShortOfSpace, folder.fault == nil else { return }
        logger.error(
            "\(folder.path): \(space >> 20) MiB free, 1024 are needed; entries stop until `neap resume`")
        rooms.desk.obey(.hold)
    }

    // MARK: Stop

    /// How long open legs may take to be repaired at the end.
    static let stopSeconds: Int64 = 15

    private func finish(_ rooms: Rooms, endedBy: String) throws(StartFault) -> Int32 {
        if draws { Terminal.put("\u{1B}[?25h\r\n") }
        if endedBy == Self.leaseLost {
            rooms.door.handOn()
            return try beginAgain()
        }
        if endedBy == Self.roomAgain {
            rooms.loader.stop()
            rooms.desk.stop()
            rooms.link.close()
            rooms.desk.journal?.writer.close(endedBy)
            try beginWhole(rooms.door)
        }
        logger.info("Stopping (\(endedBy))")
        rooms.loader.stop()
        rooms.haltFile.stop()
        let ending = settle(rooms)
        rooms.control?.stop()
        rooms.console?.stop()
        // Cut short: nothing more may be sent. In order: the streams' end is no gap to count.
        if ending.isCut { rooms.link.close() }
        rooms.desk.stop()
        rooms.link.close()
        let street = rooms.desk.street
        rooms.desk.journal?.writer.close(endedBy)
        endLease(ending.isQuiet || ending.isCut)
        if let fault = rooms.keeper.book?.finish() {
            logger.error(
                "records.sqlite is not whole: \(fault); `neap rebuild \(folder.path)` makes it anew")
        }
        let differences = ending.answers?.differences(street.engine.ledger, rooms.catalogue.instruments)
        let summary = Summary(
            mode: plan.mode.rawValue,
            seconds: (MonotonicClock.microseconds() - rooms.started) / 1_000_000, endedBy: endedBy,
            faultsPlayed: venue?.faultsPlayed ?? [], differences: differences ?? [],
            matches: differences.map(\.isEmpty),
            tickToOrder: Self.middleAndTail(rooms.desk.tickToOrder),
            fillToHedge: Self.middleAndTail(rooms.desk.fillToHedge))
        let ready = rooms.loader.shared.withLock { $0.ready }
        let text = summary.json(street.engine, ScriptStanding.all(street.engine).naming(ready: ready))
        let isWritten = write(summary: Array((text + "\n").utf8))
        tell(street, differences, ending)
        alerts?.stop()
        return ending.isQuiet && !ending.isCut && isWritten ? 0 : 1
    }

    /// - Returns: whether both are where they belong.
    private func write(summary bytes: [UInt8]) -> Bool {
        var isWritten = true
        for file in [folder.path + "/summary.json"] + (plan.summaryFile.map { [$0] } ?? []) {
            do throws(StartFault) { try replaceFile(file, bytes) } catch {
                logger.error("the summary is not written: \(error)")
                isWritten = false
            }
        }
        return isWritten
    }

    private static func middleAndTail(_ histogram: Histogram<UInt32>) -> (p50: Int64, p99: Int64)? {
        if histogram.totalCount == 0 { return nil }
        return (Int64(histogram.valueAtPercentile(50)), Int64(histogram.valueAtPercentile(99)))
    }

    private struct Ending {
        var isQuiet = false
        /// A second signal came.
        var isCut = false
        var answers: VenueComparison?
    }

    /// Lets the desk repair what is open, then asks the venue what it holds.
    private func settle(_ rooms: Rooms) -> Ending {
        var ending = Ending()
        let deadline = MonotonicClock.microseconds() + Self.stopSeconds * 1_000_000
        // A settlement between our last look and the venue's answers would look like a difference.
        for _ in 1...3 {
            let hour = rooms.clock.now.microseconds / 3_600_000_000
            rooms.desk.obey(.stop(flatten: plan.flattensOnExit))
            let asked = rooms.clock.now
            ending.isQuiet = false
            while MonotonicClock.microseconds() < deadline, !ending.isQuiet {
                if let signal = Signals.wait(milliseconds: 50), signal != SIGUSR1 {
                    ending.isCut = true
                    return ending
                }
                if let last = board.last { ending.isQuiet = last.now > asked && last.isQuiet }
            }
            ending.answers = venueAnswers(rooms)
            if rooms.clock.now.microseconds / 3_600_000_000 == hour { break }
        }
        return ending
    }

    private func venueAnswers(_ rooms: Rooms) -> VenueComparison? {
        let reader = ReplyReader(rooms.catalogue)
        func ask(_ request: Request) -> Reply? {
            for _ in 1...3 {
                guard let answer = try? rooms.link.fetch(request) else { continue }
                let reply = reader.read(
                    request, status: answer.status, contentType: answer.contentType, body: answer.body)
                switch reply {
                case .balances, .positions, .collateral, .borrowLendPositions: return reply
                default: continue
                }
            }
            return nil
        }
        guard case .balances(let balances)? = ask(.capital),
            case .positions(let positions)? = ask(.positions),
            case .collateral(let collateral)? = ask(.collateral),
            case .borrowLendPositions(let lending)? = ask(.borrowLendPositions)
        else { return nil }
        return VenueComparison(
            balances: balances,
            positions: positions.filter { $0.net != .zero }.map {
                VenueComparison.OpenContracts(
                    instrument: $0.instrument, net: $0.net, mark: $0.mark ?? .zero,
                    unrealised: $0.unrealised ?? .zero)
            }, lent: collateral.weights, lending: lending)
    }

    private func tell(_ street: Street, _ differences: [String]?, _ ending: Ending) {
        let engine = street.engine
        for script in ScriptStanding.all(engine) {
            logger.info(
                "Strategy stats \(script.name): \(script.calls) calls, \(script.entries) entries, \(script.exits) exits, \(script.profit) USD, \(script.faults) faults"
            )
        }
        for line in engine.openLines { logger.warning("Left open: \(line)") }
        switch differences {
        case nil: logger.warning("The venue's balances could not be read: the ledger is not compared")
        case []?: logger.info("The ledger and the venue agree")
        case let lines?: for line in lines { logger.error("The ledger and the venue differ: \(line)") }
        }
        if !ending.isQuiet && !ending.isCut {
            logger.error("Open legs could not be repaired in \(Self.stopSeconds) s; look at the venue now")
        }
        let counters = engine.counters
        logger.info(
            "\(counters.rounds) rounds, \(counters.fills) fills, net \(LiveTable.money(engine.profitByCause.total)) USD; summary in \(folder.path)/summary.json"
        )
        if draws { for line in log.last { Terminal.say(line) } }
    }
}
