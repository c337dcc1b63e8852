import Core
import Logging

/// Puts what turns have to say into the log.
struct NoteText: Sendable {
    let logger: Logger
    let instruments: [Instrument]

    func log(_ notes: [Note]) { for note in notes { log(note) } }

    private func log(_ note: Note) {
        switch note {
        case .needsIDs, .entering: break
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
        case .denied(let owner, let pair, let denial): logger.notice("Denied \(pair): \(denial) (\(owner))")
        case .rejected(let pair, let purpose, let refusal):
            logger.warning(
                "Rejected \(pair) \(purpose.rawValue): \(refusal.status) \(refusal.code) \(refusal.message)")
        case .roundOpened(let owner, let pair, let quantity, let gross):
            logger.info("Opened \(pair): \(quantity) hedged at \(gross) % (\(owner))")
        case .roundClosed(let owner, let pair, let reason, let net, let seconds):
            logger.info("Closed \(pair): \(reason), \(net) USD after \(seconds) s (\(owner))")
        case .exiting(let owner, let pair, let reason): logger.info("Exiting \(pair): \(reason) (\(owner))")
        case .transfer(let giver, let taker, let pair, let quantity):
            logger.info("Transferring \(pair): \(quantity) from \(giver) to \(taker) at mid, no order")
        case .repair(let owner, let pair, let unwinds, let attempt, let imbalance):
            logger.notice(
                "Repairing \(pair): \(imbalance) out of balance, \(unwinds ? "unwinding" : "hedging"), try \(attempt) (\(owner))"
            )
        case .strategyFault(let owner, _, let fault, let stopped):
            logger.error("Script \(owner) \(fault.report)\(stopped ? "; stopped" : "")")
        case .gap(let symbol, let reason): logger.notice("Book of \(symbol) lost: \(reason)")
        case .connection(let id, let up, let reason):
            let name = id == .publicStream ? "Public stream" : "Private stream"
            if up { logger.info("\(name) is up") } else { logger.warning("\(name) is down: \(reason)") }
        case .state(let state, let reason): logger.warning("State \(state.rawValue): \(reason)")
        case .alert(let text): logger.error("\(text)")
        case .replaced(let owner, let version):
            logger.info("Script \(owner) runs version \(version.prefix(12))")
        case .joined(let owner, let version, let inShadow):
            logger.info(
                "Script \(owner) joined with version \(version.prefix(12))\(inShadow ? ", in the shadow" : "")"
            )
        case .rolledBack(let owner, let from, let to, let reason):
            logger.error(
                "Script \(owner): version \(from.prefix(12)) rolled back to \(to.prefix(12)): \(reason)")
        case .proven(let owner, let version):
            logger.info("Script \(owner): version \(version.prefix(12)) is proven")
        case .scriptState(let owner, let state): logger.warning("Script \(owner) is \(state.rawValue)")
        }
    }
}
