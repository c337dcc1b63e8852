import Core
import Logging

/// Puts what turns have to say into the log; what is said again and again is said now and then.
final class NoteText: @unchecked Sendable {
    // Unchecked: used on the desk's thread only.
    private let logger: Logger
    private let instruments: [Instrument]
    private let alerts: AlertHook?
    /// When something of that kind was last said of a script's pair, and how often it was not since.
    private var said: [String: (at: Timestamp, left: Int)] = [:]

    /// An opportunity that lasts is found anew at every change of a book, and denied as often.
    static let foundEvery = TimeSpan.seconds(1), deniedEvery = TimeSpan.seconds(10)
    /// A script that fails at one place fails there again.
    static let faultEvery = TimeSpan.seconds(60)

    /// - Parameter alerts: where alerts are sent besides; `nil` for nowhere.
    init(logger: Logger, instruments: [Instrument], alerts: AlertHook? = nil) {
        (self.logger, self.instruments, self.alerts) = (logger, instruments, alerts)
    }

    /// - Parameter now: on the clock of the run.
    func log(_ notes: [Note], at now: Timestamp) {
        for note in notes {
            switch note {
            case .opportunity(let owner, let pair, let direction, let style, _, _, _):
                let key = "\(owner) \(pair) \(direction.rawValue) \(style.rawValue)"
                if isDue(key, Self.foundEvery, now) != nil { log(note) }
            case .denied(let owner, let pair, let denial):
                let key = "\(owner) \(pair) \(denial.reason.rawValue)"
                guard let left = isDue(key, Self.deniedEvery, now) else { continue }
                logger.notice("Denied \(pair): \(denial) (\(owner))\(Self.more(left))")
            // On probation the same fault comes once more when it ended the script's service.
            case .strategyFault(let owner, _, let fault, stopped: false) where notes.stop(owner, fault):
                continue
            case .strategyFault(let owner, _, let fault, let stopped):
                let key = "\(owner) \(fault.place ?? fault.message)"
                let left = isDue(key, Self.faultEvery, now) ?? (stopped ? said[key]?.left : nil)
                guard let left else { continue }
                logger.error("Script \(owner) \(fault.report)\(stopped ? "; stopped" : "")\(Self.more(left))")
            default: log(note)
            }
        }
    }

    private static func more(_ left: Int) -> String {
        left > 0 ? "; \(left) times more since it was last said" : ""
    }

    /// - Returns: how often it was passed over since it was last said; `nil` when it is passed over now.
    private func isDue(_ key: String, _ every: TimeSpan, _ now: Timestamp) -> Int? {
        if let last = said[key], now - last.at < every {
            said[key] = (last.at, last.left + 1)
            return nil
        }
        defer { said[key] = (now, 0) }
        return said[key]?.left ?? 0
    }

    private func log(_ note: Note) {
        switch note {
        case .needsIDs, .entering, .denied, .strategyFault: break
        case .resumed(let pairs, let orders):
            logger.notice("An earlier run is taken up: \(pairs) pairs open, \(orders) orders in doubt")
        case .reconciled: logger.info("Reconciled: what the earlier run left agrees with the exchange")
        // In `records.sqlite`, row by row.
        case .filled, .order, .posted, .settled: break
        case .ready(let pairs): logger.info("Ready: \(pairs) pairs, account read")
        case .opportunity(let owner, let pair, let direction, let style, let gross, let net, let usd):
            logger.info(
                "Found opportunity \(pair) \(direction.rawValue) by \(style.rawValue): gross \(gross) %, net \(net) %, \(usd) USD (\(owner))"
            )
        case .placing(let owner, let pair, let purpose, let orders):
            let texts = orders.map {
                "\($0.side.rawValue) \($0.quantity) \(instruments[$0.instrument.index].symbol) @ \($0.price)"
            }
            let text = texts.joined(separator: ", ")
            logger.info("Placing \(orders.count) orders \(pair) \(purpose.rawValue): \(text) (\(owner))")
        case .rejected(let pair, let purpose, let refusal):
            logger.warning(
                "Rejected \(pair) \(purpose.rawValue): \(refusal.status) \(refusal.code) \(refusal.message)")
        case .roundOpened(let owner, let pair, let quantity, let gross):
            logger.info("Opened \(pair): \(quantity) hedged at \(gross) % (\(owner))")
        case .roundClosed(let round):
            logger.info(
                "Closed \(round.pair): \(round.reason), \(round.net) USD after \(round.seconds) s (\(round.owner))"
            )
        case .unwound(let round):
            logger.notice("Unwound \(round.pair): \(round.net) USD after \(round.seconds) s (\(round.owner))")
        case .exiting(let owner, let pair, let reason): logger.info("Exiting \(pair): \(reason) (\(owner))")
        case .transfer(let giver, let taker, let pair, let quantity):
            logger.info("Transferring \(pair): \(quantity) from \(giver) to \(taker) at mid, no order")
        case .repair(let owner, let pair, let unwinds, let attempt, let imbalance):
            logger.notice(
                "Repairing \(pair): \(imbalance) out of balance, \(unwinds ? "unwinding" : "hedging"), try \(attempt) (\(owner))"
            )
        case .gap(let symbol, let reason): logger.notice("Book of \(symbol) lost: \(reason)")
        case .connection(let id, let up, let reason):
            let name = id == .publicStream ? "Public stream" : "Private stream"
            if up { logger.info("\(name) is up") } else { logger.warning("\(name) is down: \(reason)") }
        case .state(let state, let reason): logger.warning("State \(state.rawValue): \(reason)")
        case .alert(let text):
            logger.error("\(text)")
            alerts?.send(text)
        case .notice(let text): logger.notice("\(text)")
        case .replaced(let owner, let version, let probation, _):
            let until = probation > 0 ? ", on probation for \(probation) entries" : ""
            logger.info("Script \(owner) runs version \(version.prefix(12))\(until)")
        case .joined(let owner, let version, let inShadow, let probation):
            let until = probation > 0 ? ", on probation for \(probation) entries" : ""
            logger.info(
                "Script \(owner) joined with version \(version.prefix(12))\(inShadow ? ", which trades when it is promoted" : until)"
            )
        case .rearmed(let owner, let version):
            logger.warning("Script \(owner): version \(version.prefix(12)) is given another try")
        case .rolledBack(let owner, let from, let to, let reason):
            logger.error(
                "Script \(owner): version \(from.prefix(12)) rolled back to \(to.prefix(12)): \(reason)")
        case .proven(let owner, let version):
            logger.info("Script \(owner): version \(version.prefix(12)) is proven")
        case .scriptState(let owner, let state): logger.warning("Script \(owner) is \(state.rawValue)")
        }
    }
}

extension [Note] {
    /// The script is stopped for that fault in the same turn.
    fileprivate func stop(_ script: String, _ fault: StrategyFault) -> Bool {
        contains { note in
            guard case .strategyFault(script, _, fault, stopped: true) = note else { return false }
            return true
        }
    }
}
