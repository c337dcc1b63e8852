import Core
import Exchange
import Synchronization
import Wire

/// Where the venue is and who we are there.
public struct VenueAddress: Sendable {
    public var rest: String, ws: String
    /// PEM of the authorities to trust; `nil` trusts the system's.
    public var caFile: String?
    public init(rest: String, ws: String, caFile: String? = nil) {
        (self.rest, self.ws, self.caFile) = (rest, ws, caFile)
    }
}

/// What comes in from the venue. Called on network threads; must not block.
public protocol VenueListener: AnyObject, Sendable {
    func frame(_ connection: ConnectionID, _ bytes: [UInt8], arrived: Int64)
    func connection(_ connection: ConnectionID, _ change: ConnectionChange)
    func answer(_ id: RequestID, _ result: RESTResult)
}

/// The live end: two streams and the REST calls of one account, with signatures, request budget and clock
/// offset.
public final class VenueLink: Sendable {
    private let rest: RESTClient
    private let streams: WebSocketService
    private let signer: Signer?
    private let text: RequestText
    private let listener: any VenueListener
    private let handles = Mutex<[WebSocketHandle]>([])
    private let budget = Mutex(RateBudget())
    private let clock: VenueClockOffset
    private let pairs: [Pair]
    private let address: VenueAddress
    private let lead: TimeSpan

    /// How long a signed read may live, and how long an answer is awaited; milliseconds of wall time. What
    /// changes something lives `Engine.requestWindow`.
    public static let windowMilliseconds: Int64 = 5000
    public static let deadlineMilliseconds = 6000

    /// - Parameters:
    ///   - lead: how far the moments in requests are ahead of the venue's clock.
    ///   - clockEvery: how often the venue's clock is read while requests leave; µs.
    public init(
        _ address: VenueAddress, signer: Signer?, catalogue: Catalogue, pairs: [Pair],
        listener: any VenueListener, lead: TimeSpan = .zero, clockEvery: Int64 = VenueClockOffset.every
    ) {
        (self.address, self.signer, self.pairs, self.listener) = (address, signer, pairs, listener)
        self.lead = lead
        clock = VenueClockOffset(every: clockEvery)
        text = RequestText(catalogue)
        rest = RESTClient(baseURL: address.rest, caFile: address.caFile)
        streams = WebSocketService()
    }

    /// Opens the streams. Frames and connection changes begin to come.
    public func open() throws(LinkFault) {
        guard let endpoint = WebSocketEndpoint(url: address.ws, caFile: address.caFile) else {
            throw .badURL(address.ws)
        }
        rest.warm(count: 2, target: "/api/v1/time")
        let publicStream = streams.open(
            endpoint,
            handler: StreamEar(.publicStream, listener) { [pairs] in
                [ControlText(.subscribe, Self.publicStreams(pairs)).bytes]
            })
        var opened = [publicStream]
        if signer != nil {
            opened.append(
                streams.open(
                    endpoint,
                    handler: StreamEar(.privateStream, listener) { [weak self] in
                        self?.privateSubscription() ?? []
                    }))
        }
        handles.withLock { $0 = opened }
    }

    static func publicStreams(_ pairs: [Pair]) -> [String] {
        pairs.flatMap { pair in
            [pair.spot.symbol, pair.perp.symbol].map { StreamName.depth(symbol: $0, window: nil).text }
                + [StreamName.markPrice(symbol: pair.perp.symbol).text]
                // What a resting order on paper would have met.
                + [pair.spot, pair.perp].map { StreamName.trade(symbol: $0.symbol).text }
        }
    }

    private func privateSubscription() -> [[UInt8]] {
        guard let signer else { return [] }
        let stamp = nowMilliseconds
        let signed = signer.sign(SigningText.subscribe(timestamp: stamp, window: Self.windowMilliseconds))
        let proof = StreamSignature(
            key: signer.apiKey, signature: signed, timestamp: String(stamp),
            window: String(Self.windowMilliseconds))
        let names = [StreamName.orderUpdate(symbol: nil), .positionUpdate(symbol: nil), .balanceUpdate].map(
            \.text)
        return [ControlText(.subscribe, names, signature: proof).bytes]
    }

    /// Sends what a turn asked for. The answer comes to the listener, on the REST thread.
    /// - Parameters:
    ///   - reduces: may use the reserve of the request budget.
    ///   - age: since the input that decided it: what places orders may be accepted so much shorter.
    ///   - mayLeave: asked when the request is signed, before it leaves: a process that stood still in
    ///   between must not send what it signs only then.
    /// - Returns: `false` when it may not leave; there is no answer then.
    @discardableResult
    public func perform(
        _ command: Command, reduces: Bool, age: TimeSpan = .zero, mayLeave: () -> Bool = { true }
    ) -> Bool {
        let second = MonotonicClock.microseconds() / 1_000_000
        guard budget.withLock({ $0.take(atSecond: second, reduces: reduces) }) else {
            listener.answer(command.id, .failed(Self.overBudget))
            return true
        }
        let call = text.call(command.request.inVenueTime(lead))
        let id = command.id, listener = listener
        let signed = request(call, stateChanging: command.request.changesState, age: age)
        guard mayLeave() else { return false }
        rest.send(signed) { [weak self] result in
            if case .answered(let answer) = result, VenueClockOffset.isBlamed(answer) {
                self?.readClock(isBlamed: true)
            }
            listener.answer(id, result)
        }
        readClock(isBlamed: false)
        return true
    }

    /// Reads the venue's clock again when that is due, beside everything else. Only stamps of requests depend
    /// on it: the clock of the run does not move.
    private func readClock(isBlamed: Bool) {
        guard clock.begin(isBlamed: isBlamed) else { return }
        let call = text.call(.serverTime)
        let before = clock.steadyMicroseconds
        rest.send(request(call, stateChanging: false)) { [clock] result in
            guard case .answered(let answer) = result else { return clock.end(nil) }
            clock.end(VenueClockOffset.Reading(answer, before: before, after: clock.steadyMicroseconds))
        }
    }

    /// Venue time less ours as it is known now, milliseconds.
    public var clockOffset: Int64 { clock.milliseconds }

    /// Makes and signs a request for an order, and drops it. Keeps what that takes in the processor's cache.
    /// - Returns: how many headers it had.
    @discardableResult
    public func rehearse(_ order: Order) -> Int {
        request(text.call(.submit(order)), stateChanging: true).headers.count
    }

    private func request(_ call: HTTPCall, stateChanging: Bool, age: TimeSpan = .zero) -> RESTRequest {
        var headers = [("Accept", "application/json")]
        if call.body != nil { headers.append(("Content-Type", "application/json; charset=utf-8")) }
        let stamp = nowMilliseconds
        let window =
            stateChanging
            ? max(1, Engine.requestWindow.milliseconds - age.milliseconds) : Self.windowMilliseconds
        if let signer, let text = call.signingText(timestamp: stamp, window: window) {
            headers += [
                ("X-API-Key", signer.apiKey), ("X-Signature", signer.sign(text)),
                ("X-Timestamp", String(stamp)),
                ("X-Window", String(window)),
            ]
        }
        return RESTRequest(
            method: HTTPMethod(rawValue: call.method.rawValue) ?? .get, target: call.path, headers: headers,
            body: call.body.map { Array($0.utf8) }, deadlineMilliseconds: Self.deadlineMilliseconds,
            stateChanging: stateChanging)
    }

    /// One read outside a turn, waited for: used before the desk runs.
    /// - Throws: what is wrong and what to do.
    public func fetch(_ request: Request) throws(LinkFault) -> RESTAnswer {
        let call = text.call(request.inVenueTime(lead))
        let waiter = Waiter()
        rest.send(self.request(call, stateChanging: false)) { waiter.finish($0) }
        switch waiter.wait() {
        case .answered(let answer): return answer
        case .failed(let failure), .unknown(let failure):
            throw .unreachable("\(address.rest)\(call.path): \(failure.text)")
        }
    }

    /// Sets the clock offset from the venue's own time; half the round trip is taken off.
    public func setClock() throws(LinkFault) -> Int64 {
        // An exchange in trouble answers the next question.
        for _ in 1...5 {
            let before = clock.steadyMicroseconds
            let answer = try fetch(.serverTime)
            guard answer.status < 500 else { continue }
            let reading = VenueClockOffset.Reading(answer, before: before, after: clock.steadyMicroseconds)
            guard let reading else { break }
            clock.set(reading)
            return reading.difference
        }
        throw .unreachable("\(address.rest) does not tell its time; is it the exchange?")
    }

    /// Venue time, by the clock that only goes forward: a step of the wall clock voids no signature.
    private var nowMilliseconds: Int64 { clock.steadyMicroseconds / 1000 + clock.milliseconds }

    /// The venue's clock, when `setClock` has asked for it.
    public var now: Timestamp { Timestamp(milliseconds: nowMilliseconds) }

    /// Drops a stream whose frames cannot be believed and connects anew.
    public func reconnect(_ connection: ConnectionID) {
        let handle = handles.withLock { $0.count > connection.rawValue ? $0[connection.rawValue] : nil }
        handle?.reconnect()
    }

    /// Closes everything and waits for the threads. Requests under way end as `unknown` or `failed`.
    public func close() {
        streams.stop()
        rest.stop()
    }

    private static let overBudget = RESTFailure(
        cause: .overloaded, text: "the request budget of the minute is used up", sentMicroseconds: nil,
        receivedMicroseconds: 0)
}

extension Request {
    /// The same question by the venue's clock: asked for by one that is ahead of it, executions of before
    /// would be missing, and an order would count as lost that was executed.
    func inVenueTime(_ lead: TimeSpan) -> Request {
        guard case .fills(let from, let offset) = self else { return self }
        return .fills(from: from - lead, offset: offset)
    }
}

/// Why the venue cannot be used.
public enum LinkFault: Error, Sendable, CustomStringConvertible {
    case badURL(String), unreachable(String)
    public var description: String {
        switch self {
        case .badURL(let url): "\(url) is not a ws:// or wss:// address"
        case .unreachable(let why): why
        }
    }
}

/// Hands one stream's messages on. Its methods run on the stream service's thread.
final class StreamEar: WebSocketHandler {
    private let connection: ConnectionID
    private let listener: any VenueListener
    private let subscription: @Sendable () -> [[UInt8]]

    init(
        _ connection: ConnectionID, _ listener: any VenueListener,
        _ subscription: @escaping @Sendable () -> [[UInt8]]
    ) {
        (self.connection, self.listener, self.subscription) = (connection, listener, subscription)
    }

    func opened() -> [[UInt8]] {
        listener.connection(connection, .up)
        return subscription()
    }

    func frame(_ bytes: UnsafeRawBufferPointer, receivedMicroseconds: Int64) {
        listener.frame(connection, Array(bytes), arrived: receivedMicroseconds)
    }

    func closed(reason: WebSocketClosure) { listener.connection(connection, .down(reason: "\(reason)")) }
}

/// Waits for one answer.
private final class Waiter: Sendable {
    private let result = Mutex<RESTResult?>(nil)
    private let gate = Gate()

    func finish(_ value: RESTResult) {
        result.withLock { $0 = value }
        gate.open()
    }

    func wait() -> RESTResult {
        gate.wait()
        return result.withLock { $0 }!
    }
}
