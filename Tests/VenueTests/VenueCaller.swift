import Core
import Exchange
import Synchronization
import Venue
import Wire

/// A client of a served venue: REST answers and frames to wait for.
final class VenueCaller: Sendable {
    let server: VenueServer
    private let rest: RESTClient
    private let sockets = WebSocketService()

    init(_ configuration: VenueConfiguration = VenueConfiguration()) throws {
        server = try VenueServer.start(configuration)
        rest = RESTClient(baseURL: server.ready.rest, caFile: nil)
    }

    func stop() {
        sockets.stop()
        rest.stop()
        server.stop()
    }

    func call(
        _ method: Wire.HTTPMethod, _ target: String, headers: [(String, String)] = [], body: String? = nil,
        deadline: Int = 10_000
    ) async -> (status: Int, text: String) {
        let request = RESTRequest(
            method: method, target: target, headers: headers, body: body.map { Array($0.utf8) },
            deadlineMilliseconds: deadline, stateChanging: method != .get)
        let result = await withCheckedContinuation { done in rest.send(request) { done.resume(returning: $0) }
        }
        guard case .answered(let answer) = result else { return (0, "\(result)") }
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    /// A signed call as a client of the exchange makes it.
    func signed(
        _ method: Wire.HTTPMethod, _ target: String, body: String? = nil, stamp: Int64? = nil,
        window: Int64 = 5_000, spoil: Bool = false, deadline: Int = 10_000
    ) async throws -> (status: Int, text: String) {
        let stamp = stamp ?? WallClock.microseconds() / 1_000
        let halves = target.split(separator: "?", maxSplits: 1).map(String.init)
        let text = try SigningText.fromWire(
            method: method.rawValue, path: halves[0], query: halves.count > 1 ? halves[1] : "",
            body: body.map { Array($0.utf8) } ?? [], timestamp: stamp, window: window)
        let signature = sign((text ?? "") + (spoil ? "x" : ""))
        let headers = [
            ("X-API-Key", server.ready.apiKey), ("X-Signature", signature), ("X-Timestamp", String(stamp)),
            ("X-Window", String(window)), ("Content-Type", "application/json"),
        ]
        return await call(method, target, headers: headers, body: body, deadline: deadline)
    }

    func sign(_ text: String) -> String {
        SignatureCheck.sign(text, secret: server.ready.apiSecret ?? "") ?? ""
    }

    func proof(stamp: Int64 = WallClock.microseconds() / 1_000) -> StreamSignature {
        let text = SigningText.subscribe(timestamp: stamp, window: 5_000)
        return StreamSignature(
            key: server.ready.apiKey, signature: sign(text), timestamp: String(stamp), window: "5000")
    }

    func listen(_ first: [[UInt8]]) throws -> Listener {
        let listener = Listener(first)
        guard let endpoint = WebSocketEndpoint(url: server.ready.ws) else { throw VenueFault("no endpoint") }
        listener.handle.withLock { $0 = sockets.open(endpoint, handler: listener) }
        return listener
    }
}

/// One WebSocket, its frames in order.
final class Listener: WebSocketHandler {
    private let first: [[UInt8]]
    private let sink: AsyncStream<String>.Continuation
    let handle = Mutex<WebSocketHandle?>(nil)

    init(_ first: [[UInt8]]) {
        self.first = first
        let (stream, sink) = AsyncStream.makeStream(of: String.self)
        self.sink = sink
        self.stream = stream
    }

    let stream: AsyncStream<String>

    func opened() -> [[UInt8]] { first }
    func frame(_ bytes: [UInt8], receivedMicroseconds: Int64) {
        sink.yield(String(decoding: bytes, as: UTF8.self))
    }
    func closed(reason: WebSocketClosure) { sink.yield(Self.end) }
    /// Stands among the frames where the connection ended.
    static let end = "closed"
    func send(_ bytes: [UInt8]) { handle.withLock { $0?.send(bytes) } }

    /// Frames until one satisfies the condition, that one included.
    func frames(until isLast: (String) -> Bool) async -> [String] {
        var taken: [String] = []
        for await frame in stream {
            taken.append(frame)
            if isLast(frame) { break }
        }
        return taken
    }
}
