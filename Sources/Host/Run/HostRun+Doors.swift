import Console
import Core
import Exchange
import Gateway
import Glibc
import Journal
import LuaBridge
import Records
import Wire

/// The ways into a run beside the desk: an operator's socket, the console, the database people query.
extension HostRun {
    func openControl(
        _ door: OperatorDoor, _ loader: ScriptLoader, _ records: RecordBook?, _ started: Int64
    ) -> HTTPServer? {
        let board = board
        let handler = ControlServer(
            status: status(loader, records, started), holds: { board.last?.holds(after: $0) ?? [] }
        ) {
            door.obey($0)
        } script: { order, name, answer in
            guard let known = ScriptLoader.Order(rawValue: order) else {
                return answer(.failure(ControlServer.ScriptFault(text: "no such request")))
            }
            loader.ask(known, name) { result in
                answer(result.mapError { ControlServer.ScriptFault(text: $0.description) })
            }
        }
        let path = folder.path + "/" + ControlServer.file
        do throws(ServerFault) {
            let server = try HTTPServer(listen: .unix(path: path), handler: handler)
            handler.wakes { server.wake() }
            return server
        } catch {
            let instead = "`kill -USR1 \(getpid())` halts it"
            logger.error("\(path): \(error); `neap halt`, `neap status`… cannot reach this run: \(instead)")
            return nil
        }
    }

    func watchHalt(_ door: OperatorDoor) -> HaltFile {
        HaltFile(folder: folder.path) { [board] in
            if board.last?.state != .halted { door.obey(.halt) }
        }
    }

    /// What the loader of strategies needs of this run.
    func loaderSetting(
        _ catalogue: Catalogue, _ pairs: [Pair], _ records: RecordBook?, _ clock: RunClock,
        post: @escaping @Sendable (Input, LoadedScript?) -> Void
    ) -> ScriptLoader.Setting {
        let configuration = plan.configuration, logger = logger
        let maker = ScriptMaker(
            limits: configuration.script, own: configuration.ownLimits, bindings: configuration.bindings)
        return ScriptLoader.Setting(
            folder: ScriptFolder(path: configuration.strategies, mostKiB: maker.largestSourceKiB),
            maker: maker,
            policy: configuration.reloadPolicy ?? (plan.mode == .live ? .shadow : .auto),
            rehearsal: .seconds(Int64(configuration.rehearsalMinutes) * 60),
            probationEntries: configuration.probationEntries, catalogue: catalogue,
            plan: PaperPlan(
                instruments: catalogue.instruments, pairs: pairs, limits: configuration.limits),
            records: records, now: { clock.now }, post: post,
            report: { logger.error("Script \($0)\($0.consequence)") }, tell: { logger.info("\($0)") })
    }

    /// The desk leaves a picture of the market now and then; the loader rehearses from the one that is old
    /// enough, and from the journal since.
    func depict(_ desk: Desk, _ loader: ScriptLoader) {
        let rehearsal = loader.setting.rehearsal
        guard rehearsal > .zero else { return }
        loader.shared.withLock { $0.journal = desk.journal?.writer.folder }
        desk.pictureEvery = max(TimeSpan(microseconds: rehearsal.microseconds / 5), .seconds(1))
        desk.depict = { picture in
            loader.shared.withLock { shared in
                shared.pictures.append(picture)
                // The second one is old enough as well: the first will not be asked for any more.
                while shared.pictures.count > 1,
                    shared.pictures[1].market.now <= picture.market.now - rehearsal
                {
                    shared.pictures.removeFirst()
                }
            }
        }
    }

    /// Goes on from what the last run in this folder left, however it ended. Scripts get what they kept
    /// first.
    /// - Returns: what the journal of this run has to begin with; `nil` when there was no run.
    func takeUp(_ recovery: Recovery?, _ street: Street, _ maker: ScriptMaker) throws(StartFault) -> (
        restored: [UInt8], earlier: [StoredScript]
    )? {
        guard let recovery else { return nil }
        let end = recovery.endedBy.map { "ended by \($0)" } ?? "its process was killed"
        logger.notice("Going on from \(recovery.journal) (\(end))")
        if recovery.tornBytes > 0 {
            logger.notice("Its last record is cut short: \(recovery.tornBytes) bytes are not used")
        }
        for script in street.engine.slots.compactMap({ $0.strategy as? Script }) {
            guard let why = recovery.hand(script, maker) else { continue }
            logger.warning("\(script.package.name): begins with a new state: \(why)")
        }
        let (lost, back) = street.restore(recovery.checkpoint) { name, version in
            guard let stored = recovery.stored(name, version) else { return nil }
            return try? maker.restore(stored)
        }
        guard lost.isEmpty else {
            throw StartFault(
                "the last run left what cannot be looked after without its pair: \(lost.joined(separator: ", "))\n"
                    + "What now: add the pair to TRADING_PAIRS. If the exchange has no such market any more, look "
                    + "at its own page, and move \(recovery.journal) aside when nothing is open.")
        }
        for (name, version) in street.engine.versionsMissing {
            logger.warning("\(name): version \(version.prefix(12)) is gone; the host exits what it opened")
        }
        return (recovery.bytes, back.map { StoredScript($0, state: (try? $0.state()) ?? []) })
    }

    /// The journal of this run; those of runs that are too old go.
    func openJournal(_ catalogue: Catalogue, _ markets: [UInt8], _ pairs: [Pair]) throws(StartFault)
        -> DeskJournal
    {
        func journal(_ writer: JournalWriter) -> DeskJournal {
            DeskJournal(
                writer, mode: plan.mode.rawValue, settings: plan.settings, markets: markets,
                instruments: catalogue.instruments, bases: pairs.map(\.base.symbol))
        }
        if let fault = folder.fault { return journal(JournalWriter(fault: JournalFault(fault))) }
        let days = plan.configuration.journalDays, now = WallClock.microseconds() / 1_000_000
        for path in folder.removeJournals(olderThanDays: days, now: now) {
            logger.notice("\(path): older than JOURNAL_DAYS=\(days), removed")
        }
        let home = try folder.folder("journal")
        let place =
            plan.mode == .demo ? home : try DataFolder.newFolder(in: home, named: UTCText.compact(now))
        return journal(JournalWriter(folder: place, segmentBytes: plan.segmentBytes))
    }

    /// What `status` and the page show.
    private func status(_ loader: ScriptLoader, _ records: RecordBook?, _ started: Int64)
        -> @Sendable () -> String?
    {
        let board = board, mode = plan.mode.rawValue
        return {
            let (shadows, ready, unfit) = loader.shared.withLock { ($0.shadows, $0.ready, $0.unfitFiles) }
            return board.last?.naming(ready: ready).json(
                mode: mode, seconds: (MonotonicClock.microseconds() - started) / 1_000_000,
                versions: (try? records?.versions(latest: 4)) ?? [], shadows: shadows, unfit: unfit)
        }
    }

    func openConsole(_ loader: ScriptLoader, _ records: RecordBook?, _ started: Int64) -> HTTPServer? {
        guard let text = plan.configuration.console, let address = ConsoleServer.address(text) else {
            return nil
        }
        let handler = ConsoleServer(
            status: status(loader, records, started), records: records,
            token: plan.configuration.consoleToken, host: address.host)
        do throws(ServerFault) {
            let server = try HTTPServer(
                listen: .tcp(host: address.host, port: address.port), handler: handler)
            logger.info("Console on http://\(address.host):\(server.port)/")
            return server
        } catch {
            logger.warning("no console on \(text): \(error); --console names another address, or off")
            return nil
        }
    }
}
