/// Where a stream connects to and how it comes back.
public struct WebSocketEndpoint: Sendable {
    public let isSecure: Bool
    /// A name or a numeric address; TLS checks the certificate against it.
    public let host: String
    public let port: Int
    /// `/path?query`.
    public let target: String
    /// PEM of the authorities to trust; nil trusts the system's.
    public let caFile: String?
    public let backoff: Backoff

    /// Nil when `url` is not `ws://host[:port][/path]` or `wss://…`.
    public init?(url: String, caFile: String? = nil, backoff: Backoff = Backoff()) {
        let secure = url.hasPrefix("wss://")
        guard secure || url.hasPrefix("ws://") else { return nil }
        let rest = url.dropFirst(secure ? 6 : 5)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count)
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, !parts[0].isEmpty, parts[0].utf8.count <= 120,
            url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), path.utf8.count <= 2_000
        else { return nil }
        if parts.count == 2 {
            guard let number = Int(parts[1]), (1...65535).contains(number) else { return nil }
            port = number
        } else {
            port = secure ? 443 : 80
        }
        isSecure = secure
        host = String(parts[0])
        target = path.hasPrefix("/") ? String(path) : "/" + path
        self.caFile = caFile
        self.backoff = backoff
    }

    var hostHeader: String { port == (isSecure ? 443 : 80) ? host : "\(host):\(port)" }
}

/// Why an attempt to connect, or an open stream, ended.
public enum WebSocketClosure: Sendable, Equatable {
    /// The host's name has no address.
    case unresolved
    /// No connection, no trust, or no upgrade; the library's words.
    case unreachable(String)
    /// The server said goodbye; its code, nil when it gave none.
    case byServer(code: Int?)
    /// The connection broke.
    case cut
    /// Nothing came for too long.
    case silent
    /// A message passed 1 MiB, or what waits to be sent 16 MiB.
    case oversized
    /// `reconnect`, `close` or `stop`.
    case requested
}

/// How long a stream may be silent.
public struct WebSocketPatience: Sendable, Equatable {
    /// After this much silence a ping is sent.
    public var pingMilliseconds: Int
    /// After this much silence the connection is dropped.
    public var dropMilliseconds: Int
    public init(pingMilliseconds: Int = 20_000, dropMilliseconds: Int = 45_000) {
        self.pingMilliseconds = pingMilliseconds
        self.dropMilliseconds = dropMilliseconds
    }
}

/// What becomes of a stream's messages. Every method is called on the service's thread.
/// Implement one of the two `frame`s.
public protocol WebSocketHandler: AnyObject, Sendable {
    /// The stream is open, again perhaps. Returns what to send first: the subscriptions.
    func opened() -> [[UInt8]]
    /// A whole message. The bytes are gone after the call. Monotonic clock, at its last fragment.
    func frame(_ bytes: UnsafeRawBufferPointer, receivedMicroseconds: Int64)
    /// The same with bytes that can be kept.
    func frame(_ bytes: [UInt8], receivedMicroseconds: Int64)
    /// An attempt ended, whether it had been open or not. Unless closed by the handle, another follows.
    func closed(reason: WebSocketClosure)
}

extension WebSocketHandler {
    public func frame(_ bytes: UnsafeRawBufferPointer, receivedMicroseconds: Int64) {
        frame(Array(bytes), receivedMicroseconds: receivedMicroseconds)
    }
    public func frame(_ bytes: [UInt8], receivedMicroseconds: Int64) {
        preconditionFailure("a WebSocket handler implements one of the two frame methods")
    }
}

/// One stream of a `WebSocketService`. Usable from any thread; does nothing once closed.
public final class WebSocketHandle: Sendable {
    private let id: UInt64
    private let inbox: WebSocketInbox

    init(_ id: UInt64, _ inbox: WebSocketInbox) { (self.id, self.inbox) = (id, inbox) }

    /// Queues one text message of at most 1 MiB. Thrown away while the stream is not open: what must be
    /// said on each connection belongs into `opened`.
    public func send(_ text: [UInt8]) { inbox.post(.send(id, text)) }

    /// Drops the connection and connects anew at once.
    public func reconnect() { inbox.post(.reconnect(id)) }

    /// Closes for good. `closed(reason: .requested)` is the last the handler hears.
    public func close() { inbox.post(.close(id)) }
}
