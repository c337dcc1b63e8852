import CWebSockets

/// One endpoint that is kept connected. Lives on the service thread.
final class WebSocketStream {
    private enum Phase {
        case idle
        case waiting(until: Int64)
        case resolving
        case connecting(tag: UInt64, wsi: OpaquePointer)
        case open(tag: UInt64, wsi: OpaquePointer, since: Int64)
        case ended
    }

    /// Two to this power bytes bound a fragment as the library hands it over: more than a whole message.
    static let frameBits = 21
    static let messageBytesMax = 1 << 20
    static let queueBytesMax = 16 << 20

    let endpoint: WebSocketEndpoint
    private let handler: any WebSocketHandler
    private unowned let core: WebSocketCore
    private var phase = Phase.idle
    private var failures = 0
    private var addresses: [String] = []
    private var attempts = 0
    private var message: [UInt8] = []
    private var queue: [[UInt8]] = []
    private var queuedBytes = 0
    private var written: UnsafeMutablePointer<UInt8>?
    private var lastHeard: Int64 = 0
    private var pinged: Int64?
    private var wantsPing = false
    private var goodbye: WebSocketClosure?

    init(_ endpoint: WebSocketEndpoint, _ handler: any WebSocketHandler, _ core: WebSocketCore) {
        (self.endpoint, self.handler, self.core) = (endpoint, handler, core)
    }

    deinit { written?.deallocate() }

    /// When `tick` is to be called next; nil: not at all.
    var due: Int64? {
        switch phase {
        case .waiting(let until): until
        case .open:
            lastHeard + 1_000
                * Int64(pinged == nil ? core.patience.pingMilliseconds : core.patience.dropMilliseconds)
        case .idle, .resolving, .connecting, .ended: nil
        }
    }

    // MARK: What the owner asks for

    func start() {
        if Resolver.isNumeric(endpoint.host) {
            addresses = [endpoint.host]
            connect()
        } else {
            phase = .resolving
            core.resolve(endpoint.host)
        }
    }

    func resolved(_ name: String, _ found: [String]?) {
        guard case .resolving = phase, name == endpoint.host else { return }
        guard let found, !found.isEmpty else { return retry(.unresolved) }
        addresses = found
        connect()
    }

    func send(_ text: [UInt8]) {
        guard case .open(_, let wsi, _) = phase else { return }
        guard text.count <= WebSocketStream.messageBytesMax,
            queuedBytes + text.count <= WebSocketStream.queueBytesMax
        else { return retry(.oversized) }
        queue.append(text)
        queuedBytes += text.count
        lws_callback_on_writable(wsi)
    }

    func reconnect() {
        switch phase {
        case .open, .connecting:
            detach()
            handler.closed(reason: .requested)
        case .waiting: break
        case .idle, .resolving, .ended: return
        }
        failures = 0
        start()
    }

    func end() {
        if case .ended = phase { return }
        detach()
        phase = .ended
        handler.closed(reason: .requested)
    }

    func tick(_ now: Int64) {
        switch phase {
        case .waiting(let until): if until <= now { start() }
        case .open(_, let wsi, _):
            let silence = now - lastHeard
            if silence >= Int64(core.patience.dropMilliseconds) * 1_000 {
                retry(.silent)
            } else if silence >= Int64(core.patience.pingMilliseconds) * 1_000, pinged == nil {
                pinged = now
                wantsPing = true
                lws_callback_on_writable(wsi)
            }
        case .idle, .resolving, .connecting, .ended: break
        }
    }

    // MARK: What the socket says

    func established(_ wsi: OpaquePointer) {
        guard case .connecting(let tag, _) = phase else { return }
        wire_widen_deflate(wsi, "\(WebSocketStream.frameBits)")
        phase = .open(tag: tag, wsi: wsi, since: MonotonicClock.microseconds())
        heard()
        for text in handler.opened() { send(text) }
    }

    func heard() {
        lastHeard = MonotonicClock.microseconds()
        pinged = nil
    }

    /// A fragment came. Returns -1 to have the socket closed.
    func received(_ wsi: OpaquePointer, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        heard()
        guard message.count + bytes.count <= WebSocketStream.messageBytesMax else {
            retry(.oversized)
            return -1
        }
        let isLast = lws_is_final_fragment(wsi) != 0 && lws_remaining_packet_payload(wsi) == 0
        if message.isEmpty, isLast {
            handler.frame(bytes, receivedMicroseconds: lastHeard)
            return 0
        }
        message += bytes
        guard isLast else { return 0 }
        let whole = message
        message = []
        whole.withUnsafeBytes { handler.frame($0, receivedMicroseconds: lastHeard) }
        return 0
    }

    func heardGoodbye(_ bytes: UnsafeRawBufferPointer) {
        goodbye = .byServer(code: bytes.count >= 2 ? Int(bytes[0]) << 8 | Int(bytes[1]) : nil)
    }

    /// The socket takes one message. Returns -1 to have it closed.
    func write(_ wsi: OpaquePointer) -> Int32 {
        guard case .open = phase else { return -1 }
        let prefix = Int(wire_prefix_bytes())
        written?.deallocate()
        written = nil
        if wantsPing {
            wantsPing = false
            let room = UnsafeMutablePointer<UInt8>.allocate(capacity: prefix + 4)
            written = room
            if wire_write_ping(wsi, room + prefix) < 0 { return -1 }
        } else if !queue.isEmpty {
            let text = queue.removeFirst()
            queuedBytes -= text.count
            // The compressor may read these bytes until the next call: they stay allocated until then.
            let room = UnsafeMutablePointer<UInt8>.allocate(capacity: prefix + text.count + 8)
            written = room
            (room + prefix).update(from: text, count: text.count)
            if wire_write_text(wsi, room + prefix, text.count) < 0 { return -1 }
        }
        if !queue.isEmpty || wantsPing { lws_callback_on_writable(wsi) }
        return 0
    }

    /// The socket is gone by itself.
    func lost(_ reason: WebSocketClosure?) {
        let said = goodbye
        switch phase {
        case .open, .connecting: retry(reason ?? said ?? .cut)
        case .idle, .waiting, .resolving, .ended: break
        }
    }

    // MARK: Connecting

    private func connect() {
        let address = addresses[attempts % addresses.count]
        attempts += 1
        phase = .idle
        guard let made = core.connect(self, to: address) else { return retry(.unreachable("no connection")) }
        phase = .connecting(tag: made.tag, wsi: made.wsi)
    }

    /// Ends the attempt, tells the handler and waits before the next one.
    private func retry(_ reason: WebSocketClosure) {
        let now = MonotonicClock.microseconds()
        if case .open(_, _, let since) = phase,
            now - since >= Int64(endpoint.backoff.healthyMilliseconds) * 1_000
        {
            failures = 0
        }
        detach()
        phase = .waiting(until: now + endpoint.backoff.waitMicroseconds(failures: failures))
        failures += 1
        handler.closed(reason: reason)
    }

    private func detach() {
        switch phase {
        case .connecting(let tag, let wsi), .open(let tag, let wsi, _): core.forget(tag, wsi)
        case .idle, .waiting, .resolving, .ended: break
        }
        phase = .idle
        (message, queue, queuedBytes, goodbye) = ([], [], 0, nil)
        (pinged, wantsPing) = (nil, false)
    }
}
