import Core
import Exchange
import Gateway
import Logging
import Wire

/// The venue's list of markets, before there is a desk.
enum MarketsRead {
    /// Asks for the list of markets, again when the venue is not there yet.
    static func read(_ address: VenueAddress, _ logger: Logger) throws(StartFault) -> (Catalogue, [UInt8]) {
        let scout = VenueLink(
            address, signer: nil, catalogue: Catalogue([]), pairs: [], listener: NobodyListens())
        defer { scout.close() }
        var last = ""
        for attempt in 1...5 {
            if attempt > 1 {
                logger.warning("\(last); asking again")
                if Signals.wait(milliseconds: 1000) != nil {
                    throw StartFault("stopped before the start: \(last)")
                }
            }
            do {
                let answer = try scout.fetch(.markets)
                guard answer.status == 200 else {
                    last = "\(address.rest)/api/v1/markets answered \(answer.status)"
                    continue
                }
                return (try Catalogue(marketsBody: answer.body), answer.body)
            } catch let fault as LinkFault {
                last = "\(fault)"
            } catch { last = "\(address.rest)/api/v1/markets: \(error)" }
        }
        throw StartFault("\(last); is BACKPACK_REST_URL the exchange's?")
    }
}

private final class NobodyListens: VenueListener {
    func frame(_ connection: ConnectionID, _ bytes: [UInt8], arrived: Int64) {}
    func connection(_ connection: ConnectionID, _ change: ConnectionChange) {}
    func answer(_ id: RequestID, _ result: RESTResult) {}
}
