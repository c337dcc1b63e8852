import Core
import Exchange
import Synchronization
import Testing
import Venue
import Wire

@testable import Gateway

/// Keeps what comes in and lets a test wait for it.
private final class Ear: VenueListener {
    private let frames = Mutex<[[UInt8]]>([])
    private let answers = Mutex<[(RequestID, RESTResult)]>([])
    let framed = Gate(), answered = Gate(), up = Gate(), privateUp = Gate()

    func frame(_ connection: ConnectionID, _ bytes: [UInt8], arrived: Int64) {
        guard connection == .publicStream else { return }
        frames.withLock { $0.append(bytes) }
        framed.open()
    }
    func connection(_ connection: ConnectionID, _ change: ConnectionChange) {
        if change == .up { connection == .publicStream ? up.open() : privateUp.open() }
    }
    func answer(_ id: RequestID, _ result: RESTResult) {
        answers.withLock { $0.append((id, result)) }
        answered.open()
    }
    var firstFrame: [UInt8]? { frames.withLock { $0.first } }
    var firstAnswer: (RequestID, RESTResult)? { answers.withLock { $0.first } }
}

@Suite struct `The live end` {
    @Test func `reads markets, signs, subscribes and places an order on a real venue over sockets`() throws {
        var configuration = VenueConfiguration()
        configuration.seed = 7
        let server = try VenueServer.start(configuration)
        defer { server.stop() }
        let address = VenueAddress(rest: server.ready.rest, ws: server.ready.ws)
        let signer = try Signer(secretBase64: server.ready.apiSecret ?? "", apiKey: server.ready.apiKey)
        let scout = VenueLink(
            address, signer: nil, catalogue: Catalogue([]), pairs: [], listener: Ear())
        defer { scout.close() }
        let catalogue = try Catalogue(marketsBody: try scout.fetch(.markets).body)
        let pairs = catalogue.pairs(["SOL"]).pairs
        let pair = try #require(pairs.first)

        let ear = Ear()
        let link = VenueLink(address, signer: signer, catalogue: catalogue, pairs: pairs, listener: ear)
        defer { link.close() }
        #expect(abs(try link.setClock()) < 60_000)
        try link.open()
        ear.up.wait()
        ear.privateUp.wait()
        ear.framed.wait()
        let frame = try #require(ear.firstFrame)
        _ = try FrameReader(catalogue).read(frame)

        let order = Order(
            id: ClientOrderID(raw: 4096), instrument: pair.perp.id, side: .buy,
            price: Price(raw: 100 * 100_000_000), quantity: pair.leastQuantity,
            timeInForce: .goodTillCancelled,
            postOnly: true, selfTrade: .rejectTaker)
        let command = Command(id: RequestID(raw: 1), request: .submit(order))
        link.perform(command, reduces: false)
        ear.answered.wait()
        let (id, result) = try #require(ear.firstAnswer)
        #expect(id == command.id)
        guard case .answered(let answer) = result else {
            Issue.record("no answer: \(result)")
            return
        }
        let reply = ReplyReader(catalogue).read(
            command.request, status: answer.status, contentType: answer.contentType, body: answer.body)
        guard case .order(let update) = reply else {
            Issue.record("the order was not taken: \(reply)")
            return
        }
        #expect(update.status == .new)
        #expect(update.clientOrderID == order.id)
    }
}
