import CWebSockets
import Synchronization

/// WebSocket clients, all on one thread that owns every socket. Streams reconnect by themselves.
public final class WebSocketService: Sendable {
    private let inbox: WebSocketInbox
    private let thread: ServiceThread

    /// `resolver` is called on a thread of its own for each pending name; it may block as long as it likes.
    public init(
        patience: WebSocketPatience = WebSocketPatience(),
        resolver: @escaping @Sendable (String) -> [String]? = Resolver.system
    ) {
        ignoreBrokenPipes()
        let inbox = WebSocketInbox()
        self.inbox = inbox
        let core = WebSocketCore(inbox, patience, resolver)
        thread = ServiceThread { core.run() }
    }

    deinit { stop() }

    /// Starts a stream. `handler` is kept until the stream is closed or the service stopped.
    public func open(_ endpoint: WebSocketEndpoint, handler: any WebSocketHandler) -> WebSocketHandle {
        let id = inbox.nextID()
        inbox.post(.open(id, endpoint, handler))
        return WebSocketHandle(id, inbox)
    }

    /// Closes every stream, ends the thread and waits for it. From a handler it does all but the waiting.
    public func stop() {
        inbox.post(.stop)
        thread.join()
    }
}

/// What other threads ask of the service thread.
enum WebSocketOrder: Sendable {
    case open(UInt64, WebSocketEndpoint, any WebSocketHandler)
    case send(UInt64, [UInt8])
    case reconnect(UInt64)
    case close(UInt64)
    case resolved(String, [String]?)
    case stop
}

/// The way from other threads to the service thread.
final class WebSocketInbox: Sendable {
    private struct Content: @unchecked Sendable {
        var orders: [WebSocketOrder] = []
        var lastID: UInt64 = 0
        var isClosed = false
        var host: UnsafeMutablePointer<wire_host>?
    }
    private let content = Mutex(Content())

    func nextID() -> UInt64 {
        content.withLock {
            $0.lastID += 1
            return $0.lastID
        }
    }

    func post(_ order: WebSocketOrder) {
        content.withLock { content in
            guard !content.isClosed else { return }
            content.orders.append(order)
            if let host = content.host { wire_host_wake(host) }
        }
    }

    func attach(_ host: UnsafeMutablePointer<wire_host>) {
        let shared = UncheckedPointer(host)
        content.withLock { $0.host = shared.pointer }
    }

    /// From here on nothing is taken and nobody is woken.
    func shut() {
        content.withLock { content in
            content.isClosed = true
            content.orders = []
            content.host = nil
        }
    }

    func take() -> [WebSocketOrder] {
        content.withLock { content in
            defer { content.orders = [] }
            return content.orders
        }
    }
}

/// What belongs to the service thread.
final class WebSocketCore: @unchecked Sendable {
    private let inbox: WebSocketInbox
    let patience: WebSocketPatience
    private let resolver: @Sendable (String) -> [String]?
    private(set) var host: UnsafeMutablePointer<wire_host>?
    private var timer: UnsafeMutablePointer<wire_timer>?
    private var streams: [UInt64: WebSocketStream] = [:]
    /// The stream behind each living socket, by the socket's tag.
    private var links: [UInt64: WebSocketStream] = [:]
    private var lastTag: UInt64 = 0
    private var pendingNames: Set<String> = []
    private var vhosts: [String: OpaquePointer] = [:]
    private var isStopping = false

    init(
        _ inbox: WebSocketInbox, _ patience: WebSocketPatience,
        _ resolver: @escaping @Sendable (String) -> [String]?
    ) {
        (self.inbox, self.patience, self.resolver) = (inbox, patience, resolver)
    }

    /// The body of the service thread.
    func run() {
        let user = Unmanaged.passUnretained(self).toOpaque()
        let frameBytes = 1 << WebSocketStream.frameBits
        let made = contextLock.withLock { _ in
            UncheckedPointer(wire_host_create(clientCallback, user, 1 << 18, frameBytes, 1024))
        }.pointer
        guard let host = made else { preconditionFailure("no memory or files for libwebsockets") }
        self.host = host
        let timer = wire_timer_create(clientTimerFired, user)
        self.timer = timer
        inbox.attach(host)
        takeOrders()
        // Being woken ends a turn of the loop; orders are taken here, not in a callback of the library,
        // which calls nobody back as long as there is no vhost.
        while !isStopping, wire_host_serve(host) >= 0 { takeOrders() }
        isStopping = true
        inbox.shut()
        for stream in streams.values { stream.end() }
        (streams, links) = ([:], [:])
        if let timer { wire_timer_free(timer) }
        self.timer = nil
        contextLock.withLock { _ in wire_host_free(host) }
        self.host = nil
    }

    private func takeOrders() {
        let orders = inbox.take()
        guard !orders.isEmpty else { return }
        for order in orders where !isStopping {
            switch order {
            case .open(let id, let endpoint, let handler):
                let stream = WebSocketStream(endpoint, handler, self)
                streams[id] = stream
                stream.start()
            case .send(let id, let bytes): streams[id]?.send(bytes)
            case .reconnect(let id): streams[id]?.reconnect()
            case .close(let id): streams.removeValue(forKey: id)?.end()
            case .resolved(let name, let addresses):
                pendingNames.remove(name)
                for stream in streams.values { stream.resolved(name, addresses) }
            case .stop: isStopping = true
            }
        }
        schedule()
    }

    fileprivate func timerFired() {
        let now = MonotonicClock.microseconds()
        for stream in streams.values { stream.tick(now) }
        schedule()
    }

    private func schedule() {
        guard let host, let timer, let due = streams.values.compactMap(\.due).min() else { return }
        wire_timer_set(host, timer, max(due - MonotonicClock.microseconds(), 1))
    }

    /// Has the name resolved on a thread of its own, unless one is at it already.
    func resolve(_ name: String) {
        guard pendingNames.insert(name).inserted else { return }
        let (inbox, resolver) = (inbox, resolver)
        ServiceThread { inbox.post(.resolved(name, resolver(name))) }.detach()
    }

    /// Starts a connection for the stream. Nil: it failed at once.
    func connect(_ stream: WebSocketStream, to address: String) -> (tag: UInt64, wsi: OpaquePointer)? {
        let endpoint = stream.endpoint
        guard let host, let vhost = vhost(endpoint.caFile) else { return nil }
        lastTag += 1
        let tag = lastTag
        links[tag] = stream
        let wsi = wire_connect(
            host, vhost, address, Int32(endpoint.port), endpoint.isSecure ? 1 : 0, endpoint.target,
            endpoint.hostHeader, UnsafeMutableRawPointer(bitPattern: UInt(tag)))
        guard let wsi, links[tag] != nil else {
            links[tag] = nil
            return nil
        }
        return (tag, wsi)
    }

    /// The socket lives no longer for its stream: what it still says is not heard.
    func forget(_ tag: UInt64, _ wsi: OpaquePointer) {
        if links.removeValue(forKey: tag) != nil { wire_kill(wsi) }
    }

    private func vhost(_ caFile: String?) -> OpaquePointer? {
        let key = caFile ?? ""
        if let vhost = vhosts[key] { return vhost }
        guard let host else { return nil }
        let made = contextLock.withLock { _ in
            UncheckedPointer(wire_host_trust(host, "trust-\(vhosts.count)", caFile))
        }.pointer
        vhosts[key] = made
        return made
    }

    fileprivate func handle(
        _ wsi: OpaquePointer, _ reason: lws_callback_reasons, _ bytes: UnsafeRawBufferPointer
    ) -> Int32 {
        let tag = UInt64(wire_tag(wsi))
        guard let stream = links[tag] else {
            // A forgotten socket is on its way out.
            return reason == LWS_CALLBACK_CLIENT_ESTABLISHED || reason == LWS_CALLBACK_CLIENT_RECEIVE ? -1 : 0
        }
        // Hearing something only moves what is due away: a timer that comes too early finds nothing to do.
        defer { if reason != LWS_CALLBACK_CLIENT_RECEIVE || links[tag] == nil { schedule() } }
        switch reason {
        case LWS_CALLBACK_CLIENT_ESTABLISHED: stream.established(wsi)
        case LWS_CALLBACK_CLIENT_RECEIVE: return stream.received(wsi, bytes)
        case LWS_CALLBACK_CLIENT_RECEIVE_PONG: stream.heard()
        case LWS_CALLBACK_CLIENT_WRITEABLE: return stream.write(wsi)
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: stream.heardGoodbye(bytes)
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
            links[tag] = nil
            stream.lost(.unreachable(String(decoding: bytes, as: UTF8.self)))
        case LWS_CALLBACK_CLIENT_CLOSED:
            links[tag] = nil
            stream.lost(nil)
        default: break
        }
        return 0
    }
}

private func clientCallback(
    _ wsi: OpaquePointer?, _ reason: lws_callback_reasons, _ user: UnsafeMutableRawPointer?,
    _ input: UnsafeMutableRawPointer?, _ count: Int
) -> Int32 {
    switch reason {
    case LWS_CALLBACK_CLIENT_ESTABLISHED, LWS_CALLBACK_CLIENT_RECEIVE, LWS_CALLBACK_CLIENT_RECEIVE_PONG,
        LWS_CALLBACK_CLIENT_WRITEABLE, LWS_CALLBACK_WS_PEER_INITIATED_CLOSE,
        LWS_CALLBACK_CLIENT_CONNECTION_ERROR, LWS_CALLBACK_CLIENT_CLOSED:
        guard let wsi, let context = wire_user(wsi) else { return 0 }
        let core = Unmanaged<WebSocketCore>.fromOpaque(context).takeUnretainedValue()
        return core.handle(wsi, reason, UnsafeRawBufferPointer(start: input, count: input == nil ? 0 : count))
    default: return 0
    }
}

private func clientTimerFired(_ owner: UnsafeMutableRawPointer?) {
    guard let owner else { return }
    Unmanaged<WebSocketCore>.fromOpaque(owner).takeUnretainedValue().timerFired()
}
