import Core
import Exchange
import Foundation
import Synchronization
import Testing
import Venue

@testable import Gateway
@testable import Wire

/// Keeps what comes in and lets a test wait for it.
private final class Ear: VenueListener {
    private let frames = Mutex<[[UInt8]]>([])
    private let answers = Mutex<[(RequestID, RESTResult)]>([])
    private let came = NSCondition()
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
        came.lock()
        answers.withLock { $0.append((id, result)) }
        came.broadcast()
        came.unlock()
        answered.open()
    }
    /// - Returns: `nil` after ten seconds without one.
    func answer(to id: RequestID) -> RESTResult? {
        let deadline = Date(timeIntervalSinceNow: 10)
        came.lock()
        defer { came.unlock() }
        while true {
            if let found = answers.withLock({ $0.first { $0.0 == id } }) { return found.1 }
            if !came.wait(until: deadline) { return nil }
        }
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

@Suite struct `The venue's clock` {
    private struct Stage {
        let server: VenueServer
        let link: VenueLink
        let ear = Ear()
        let catalogue: Catalogue
        let pair: Pair

        init(clockEvery: Int64 = VenueClockOffset.every) throws {
            var configuration = VenueConfiguration()
            configuration.seed = 7
            server = try VenueServer.start(configuration)
            let address = VenueAddress(rest: server.ready.rest, ws: server.ready.ws)
            let signer = try Signer(
                secretBase64: server.ready.apiSecret ?? "", apiKey: server.ready.apiKey)
            let scout = VenueLink(
                address, signer: nil, catalogue: Catalogue([]), pairs: [], listener: Ear())
            defer { scout.close() }
            catalogue = try Catalogue(marketsBody: try scout.fetch(.markets).body)
            let pairs = catalogue.pairs(["SOL"]).pairs
            pair = try #require(pairs.first)
            link = VenueLink(
                address, signer: signer, catalogue: catalogue, pairs: pairs, listener: ear,
                clockEvery: clockEvery)
            _ = try link.setClock()
        }

        func close() {
            link.close()
            server.stop()
        }

        /// Sends an order and waits for its answer.
        func order(_ number: UInt32, age: TimeSpan = .zero) throws -> Reply {
            let order = Order(
                id: ClientOrderID(raw: 4096 + number), instrument: pair.perp.id, side: .buy,
                price: Price(raw: 100 * 100_000_000), quantity: pair.leastQuantity,
                timeInForce: .goodTillCancelled, postOnly: true, selfTrade: .rejectTaker)
            let command = Command(id: RequestID(raw: Int64(number)), request: .submit(order))
            link.perform(command, reduces: false, age: age)
            let result = try #require(ear.answer(to: command.id))
            guard case .answered(let answer) = result else { throw NoAnswer(result: result) }
            return ReplyReader(catalogue).read(
                command.request, status: answer.status, contentType: answer.contentType, body: answer.body)
        }
        struct NoAnswer: Error { let result: RESTResult }
    }

    /// What was decided a while ago ends with what was decided at once.
    @Test func `that is 800 ms further takes a fresh order, and none that is a second old`() throws {
        let stage = try Stage()
        defer { stage.close() }
        stage.server.shiftClock(by: .milliseconds(800))
        // The venue has taken the shift up once it refuses.
        for number in (1...50 as ClosedRange<UInt32>) {
            guard case .order = try stage.order(2 * number) else {
                Issue.record("a fresh order was not taken")
                return
            }
            guard case .refused(let refusal) = try stage.order(2 * number + 1, age: .seconds(1)) else {
                continue
            }
            #expect(refusal.message == "Request has expired")
            return
        }
        Issue.record("an old order was taken each time")
    }

    @Test func `that ran ahead is read again after one refused order, and the next is taken`() throws {
        let stage = try Stage()
        defer { stage.close() }
        stage.server.shiftClock(by: .seconds(30))
        let before = stage.link.clockOffset
        // The venue has taken the shift up once it refuses.
        var number: UInt32 = 0
        var refused: Refusal?
        while refused == nil, number < 50 {
            number += 1
            if case .refused(let refusal) = try stage.order(number) { refused = refusal }
        }
        #expect(refused?.message == "Request has expired")
        let deadline = MonotonicClock.microseconds() + 5_000_000
        var isTaken = false
        while !isTaken, MonotonicClock.microseconds() < deadline {
            number += 1
            if case .order = try stage.order(number) { isTaken = true }
        }
        #expect(isTaken)
        #expect(abs(stage.link.clockOffset - before - 30_000) < 1_000)
    }

    @Test func `is read again as time passes, also where nothing was refused`() throws {
        let stage = try Stage(clockEvery: 0)
        defer { stage.close() }
        let before = stage.link.clockOffset
        stage.server.shiftClock(by: .seconds(-20))
        let deadline = MonotonicClock.microseconds() + 5_000_000
        var number: UInt32 = 0
        while abs(stage.link.clockOffset - before + 20_000) > 1_000, MonotonicClock.microseconds() < deadline
        {
            number += 1
            _ = try stage.order(number)
        }
        #expect(abs(stage.link.clockOffset - before + 20_000) < 1_000)
    }

    @Test(arguments: [
        (400, #"{"code":"INVALID_CLIENT_REQUEST","message":"Request has expired"}"#, true),
        (
            400,
            #"{"code":"INVALID_CLIENT_REQUEST","message":"Invalid timestamp: must be within 10 minutes"}"#,
            true
        ),
        (400, #"{"code":"INVALID_ORDER","message":"Order would immediately match and take"}"#, false),
        (200, #"{"timestamp":1764120000000}"#, false), (503, "timestamp", false),
    ])
    func `is blamed by the words of a refusal alone`(status: Int, body: String, isBlamed: Bool) {
        let answer = RESTAnswer(
            status: status, contentType: nil, ageSeconds: nil, body: Array(body.utf8), sentMicroseconds: nil,
            receivedMicroseconds: 0)
        #expect(VenueClockOffset.isBlamed(answer) == isBlamed)
    }

    @Test func `moves only by what is surely wrong, and is asked for once at a time`() throws {
        let clock = VenueClockOffset()
        func reading(_ milliseconds: Int64, trip: Int64) -> VenueClockOffset.Reading? {
            let answer = RESTAnswer(
                status: 200, contentType: nil, ageSeconds: nil, body: Array(String(milliseconds).utf8),
                sentMicroseconds: nil, receivedMicroseconds: 0)
            return VenueClockOffset.Reading(answer, before: -trip * 500, after: trip * 500)
        }
        clock.set(try #require(reading(100, trip: 10)))
        // An answer that took 400 ms may be 201 ms off.
        clock.end(reading(300, trip: 400))
        #expect(clock.milliseconds == 100)
        clock.end(reading(302, trip: 400))
        #expect(clock.milliseconds == 302)
        clock.end(nil)
        #expect(clock.milliseconds == 302)
        let now = MonotonicClock.microseconds()
        #expect(!clock.begin(isBlamed: false, now))
        #expect(clock.begin(isBlamed: true, now))
        #expect(!clock.begin(isBlamed: true, now + 2_000_000), "one is under way")
        clock.end(nil)
        #expect(!clock.begin(isBlamed: true, now + 999_999))
        #expect(clock.begin(isBlamed: true, now + 1_000_000))
        clock.end(nil)
        #expect(!clock.begin(isBlamed: false, now + 1_000_000 + VenueClockOffset.every - 1))
        #expect(clock.begin(isBlamed: false, now + 1_000_000 + VenueClockOffset.every))
    }
}
