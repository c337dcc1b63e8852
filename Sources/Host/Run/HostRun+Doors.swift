import Console
import Core
import Exchange
import Journal
import Records
import Wire

/// The ways into a run beside the desk: an operator's socket, the console, the database people query.
extension HostRun {
    func openControl(_ desk: Desk, _ shelf: ScriptShelf, _ started: Int64) -> HTTPServer? {
        let board = board, mode = plan.mode.rawValue
        let handler = ControlServer {
            board.last?.json(
                mode: mode, seconds: (MonotonicClock.microseconds() - started) / 1_000_000)
        } order: {
            desk.obey($0)
        } reload: { name in
            switch shelf.reload(name) {
            case .success(let text): .success(text)
            case .failure(let report): .failure(ControlServer.ScriptFault(text: report.description))
            }
        }
        let path = folder.path + "/" + ControlServer.file
        do throws(ServerFault) {
            return try HTTPServer(listen: .unix(path: path), handler: handler)
        } catch {
            logger.warning("\(path): \(error); `neap status` and its like cannot reach this run")
            return nil
        }
    }

    /// The journal of this run; those of runs that are too old go.
    func openJournal(_ catalogue: Catalogue, _ markets: [UInt8], _ pairs: [Pair]) throws(StartFault)
        -> DeskJournal
    {
        let days = plan.configuration.journalDays, now = WallClock.microseconds() / 1_000_000
        for path in folder.removeJournals(olderThanDays: days, now: now) {
            logger.notice("\(path): older than JOURNAL_DAYS=\(days), removed")
        }
        let place = try folder.folder("journal" + (plan.mode == .demo ? "" : "/" + UTCText.compact(now)))
        return DeskJournal(
            JournalWriter(folder: place, segmentBytes: plan.segmentBytes), mode: plan.mode.rawValue,
            settings: plan.settings, markets: markets, instruments: catalogue.instruments,
            bases: pairs.map(\.base.symbol))
    }

    func openRecords() -> RecordBook? {
        do throws(RecordFault) { return try RecordBook(path: folder.path + "/records.sqlite") } catch {
            // A projection: the journal has everything, so trading does not wait for it.
            logger.warning("\(error); rounds and alerts are in the log and the journal only")
            return nil
        }
    }

    func openConsole(_ records: RecordBook?, _ started: Int64) -> HTTPServer? {
        guard let text = plan.configuration.console, let address = ConsoleServer.address(text) else {
            return nil
        }
        let board = board, mode = plan.mode.rawValue
        let handler = ConsoleServer(
            status: {
                board.last?.json(
                    mode: mode, seconds: (MonotonicClock.microseconds() - started) / 1_000_000)
            }, records: records, token: plan.configuration.consoleToken, host: address.host)
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
