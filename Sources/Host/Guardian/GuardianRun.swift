import Core
import Exchange
import Gateway
import Glibc
import Journal
import Logging
import Records
import Wire

/// The second process: it watches the lease of the host, and while the host is silent it takes its place far
/// enough that no entry rests and no leg stands open. It decides nothing else: hedged pairs stay.
///
/// It goes on from the host's own record as a host would, over the same street; the host, when it is back,
/// goes on from the guardian's.
final class GuardianRun {
    private let plan: RunPlan
    private let folder: String
    private let log: LogFile
    private let logger: Logger
    private let lease: Lease
    private let alerts: AlertHook?

    static let lockFile = "guardian.lock", leaseFile = "lease", logFile = "guardian.log"
    /// How often it looks; µs of its own patience, far below the lease.
    private static let lookMilliseconds = 50

    /// - Throws: when the folder is not there or cannot be used.
    init(_ plan: RunPlan) throws(StartFault) {
        self.plan = plan
        folder = plan.configuration.data + "/" + plan.mode.rawValue
        guard access(folder, F_OK) == 0 else {
            throw StartFault("\(folder): no host ever ran here; the guardian watches a host's folder")
        }
        guard access(folder, W_OK) == 0 else {
            throw StartFault(
                "\(folder): \(String(cString: strerror(errno))). A guardian shares a file with its host; `neap run` "
                    + "looks after what is open on a folder that cannot be written", code: 2)
        }
        log = try LogFile(path: folder + "/" + Self.logFile, speaks: !plan.isSilent, mayLack: true)
        logger = log.logger
        alerts = AlertHook(plan.configuration.alertWebhook, from: "neap guardian", logger)
        log.tell(alerts)
        lease = try Lease(path: folder + "/" + Self.leaseFile)
    }

    /// Watches until the host ends in order or a signal comes.
    /// - Returns: the exit code.
    func run() throws(StartFault) -> Int32 {
        guard let lock = try ProcessLock(path: folder + "/" + Self.lockFile) else {
            logger.notice("Another guardian watches \(folder)")
            return 0
        }
        defer { withExtendedLifetime(lock) {} }
        defer { alerts?.stop() }
        logger.info("Watching the host of \(folder)")
        let window = Engine.requestWindow.microseconds
        if lease.isLost {
            // Another guardian died while it acted: what it signed last must have become void.
            _ = Signals.wait(milliseconds: Int((window + Lease.margin) / 1000))
            if !standIn() { return 0 }
        }
        while true {
            switch lease.sight(window: window) {
            case .ended:
                logger.info("The host ended in order: nothing to watch")
                return 0
            case .over where lease.take(window: window):
                if !standIn() { return 0 }
                continue
            case .over, .held: break
            }
            guard access(folder, F_OK) == 0 else { return 1 }
            if let signal = Signals.wait(milliseconds: Self.lookMilliseconds), signal != SIGUSR1 {
                logger.info("Watching no more (\(Signals.name(signal)))")
                return 0
            }
        }
    }

    /// Takes the host's place until it is back.
    /// - Returns: `false` when a signal ended it.
    private func standIn() -> Bool {
        logger.error("ALERT the host is silent: the guardian takes over")
        var goesOn = true
        while goesOn, isInPlace {
            do throws(StartFault) {
                goesOn = try act()
                break
            } catch {
                logger.error("ALERT the guardian cannot act: \(error); trying again")
                if let signal = Signals.wait(milliseconds: 1000), signal != SIGUSR1 { goesOn = false }
            }
        }
        lease.handOver()
        logger.notice(goesOn ? "The host is back: watching again" : "Stopped: nobody watches the host now")
        return goesOn
    }

    private func act() throws(StartFault) -> Bool {
        let configuration = plan.configuration
        let address = VenueAddress(
            rest: configuration.restURL, ws: configuration.wsURL, caFile: configuration.caFile)
        let own = configuration.guardianKey
        let signer: Signer
        do throws(Signer.Fault) {
            signer = try Signer(
                secretBase64: own.secret.isEmpty ? configuration.privateKey : own.secret,
                apiKey: own.secret.isEmpty ? configuration.apiKey : own.key.isEmpty ? nil : own.key)
        } catch { throw StartFault("\(error)") }
        let (catalogue, markets) = try MarketsRead.read(address, logger)
        let pairs = catalogue.pairs(configuration.bases).pairs
        guard let recovery = try Recovery.latest(in: folder + "/journal") else {
            logger.notice("The host never knew its account: nothing of it can be open")
            return waitForHost()
        }
        let street = Street(
            catalogue: catalogue, pairs: pairs, limits: configuration.limits, strategies: [], isGuardian: true
        )
        for line in street.restore(recovery.checkpoint, earlier: { _, _ in nil }).lost {
            logger.error("ALERT \(line) is not among TRADING_PAIRS and is not looked after")
        }
        let blocks = IDBlocks(path: folder + "/client-ids")
        blocks.passOver(street.engine.lastBlock)
        let text = NoteText(logger: logger, instruments: catalogue.instruments, alerts: alerts)
        let clock = RunClock(venue: try MarketsRead.time(address), after: recovery.checkpoint.at)
        let records = openRecords()
        let desk = Desk(street: street, clock: clock, nextBlock: blocks.take) {
            text.log($0, at: $1)
            records?.take($0, at: $1)
        }
        let board = Board()
        desk.observe = { board.show(Standing($0)) }
        desk.journal = journal(catalogue, markets, pairs, recovery)
        let link = VenueLink(
            address, signer: signer, catalogue: catalogue, pairs: pairs, listener: DeskEar(desk),
            lead: clock.lead)
        do throws(LinkFault) { _ = try link.setClock() } catch { throw StartFault("\(error)") }
        desk.start(link)
        do throws(LinkFault) { try link.open() } catch { throw StartFault("\(error)") }
        desk.obey(.stop(flatten: false))
        let goesOn = waitForHost(desk, board, records)
        desk.stop()
        link.close()
        desk.journal?.writer.close(goesOn ? "host is back" : "signal")
        if let fault = records?.finish() { logger.error("\(RecordBook.file) is not whole: \(fault)") }
        return goesOn
    }

    /// What it does stands in the host's own database; the host may have it open, standing still.
    private func openRecords() -> RecordBook? {
        let logger = logger
        do throws(RecordFault) {
            return try RecordBook(path: folder + "/" + RecordBook.file) {
                if let refusal = $0 { logger.error("\(refusal)") }
            }
        } catch {
            logger.error("\(error); what the guardian does is in its log and the journal only")
            return nil
        }
    }

    private func journal(
        _ catalogue: Catalogue, _ markets: [UInt8], _ pairs: [Pair], _ recovery: Recovery
    ) -> DeskJournal {
        let writer: JournalWriter
        do throws(StartFault) {
            if let fault = DataFolder.writeFault(folder) { throw StartFault(fault) }
            let place = try DataFolder.newFolder(
                in: folder + "/journal", named: UTCText.compact(WallClock.microseconds() / 1_000_000))
            writer = JournalWriter(folder: place, segmentBytes: plan.segmentBytes)
        } catch {
            logger.error("\(error); what the guardian does is not recorded, the exchange's word is gone by")
            writer = JournalWriter(fault: JournalFault(error.description))
        }
        let journal = DeskJournal(
            writer, mode: SegmentHeader.guardianMode,
            settings: plan.settings, markets: markets, instruments: catalogue.instruments,
            bases: pairs.map(\.base.symbol))
        journal.restored = recovery.bytes
        journal.earlier = recovery.versions
        journal.handedOn = recovery.states
        return journal
    }

    /// Nobody wants the lease back, and it is still this guardian's.
    private var isInPlace: Bool { !lease.isWanted && lease.isLost }

    /// - Returns: `false` when a signal ended it, or its folder is gone.
    private func waitForHost(
        _ desk: Desk? = nil, _ board: Board? = nil, _ records: RecordBook? = nil
    ) -> Bool {
        var told = false, tryAt: Int64 = 0
        while isInPlace {
            // Nobody will ever come back for a folder that is gone; what is open is repaired first.
            if access(folder, F_OK) != 0, board?.last?.isQuiet ?? true { return false }
            if HaltFile.isThere(folder), board?.last?.state != .halted { desk?.obey(.halt) }
            if MonotonicClock.microseconds() >= tryAt {
                tryAt = MonotonicClock.microseconds() + RecordKeeper.lookEvery
                records?.tryAgain()
            }
            if let last = board?.last, last.isQuiet != told, last.isReady {
                told = last.isQuiet
                logger.notice(
                    told ? "Every pair is hedged or flat, no entry rests" : "A leg is open again: repairing")
                for line in told ? last.openLines : [] { logger.notice("Open: \(line)") }
            }
            if let signal = Signals.wait(milliseconds: Self.lookMilliseconds), signal != SIGUSR1 {
                return false
            }
        }
        return true
    }
}
