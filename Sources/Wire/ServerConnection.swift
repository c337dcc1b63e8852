import CWebSockets

/// One accepted socket: HTTP/1.1 until it is upgraded, then a WebSocket. Lives on the service thread.
final class ServerConnection {
    private enum Phase {
        /// Between requests, or in the middle of a head.
        case head
        case body(RequestHead, start: Int)
        /// The handler has the request.
        case answering(sequence: UInt64, keepsAlive: Bool)
        case webSocket
        /// We said goodbye; the peer's goodbye ends it.
        case leaving
        /// Everything to say is queued; what still comes in is thrown away, so that closing does not
        /// cut off the answer in the peer's buffer.
        case closing
    }

    static let queueBytesMax = 16 << 20

    private let id: UInt64
    private let wsi: OpaquePointer
    private unowned let core: ServerCore
    private var phase = Phase.head
    private var inbox: [UInt8] = []
    private var scanned = 0
    private var outbox = Outbox()
    private var frames = SocketFrameReader()
    private var lastSequence: UInt64 = 0
    private var isWebSocket = false
    private var closesWhenWritten = false

    init(_ id: UInt64, _ wsi: OpaquePointer, _ core: ServerCore) {
        (self.id, self.wsi, self.core) = (id, wsi, core)
        wire_set_deadline(wsi, 30)
    }

    private var token: ConnectionToken { ConnectionToken(connection: id) }

    // MARK: What the loop calls

    /// Bytes came. Returns -1 to have the connection closed.
    func receive(_ bytes: UnsafeRawBufferPointer, _ io: ServerIO) -> Int32 {
        if case .closing = phase { return 0 }
        if case .leaving = phase {
            inbox += bytes
            awaitGoodbye()
            return 0
        }
        if case .head = phase, inbox.isEmpty { wire_set_deadline(wsi, 30) }
        inbox += bytes
        if case .answering = phase {
            // A peer may send its next requests early, but not without bound.
            return inbox.count > RequestHead.bodyBytesMax + RequestHead.headBytesMax ? -1 : 0
        }
        advance(io)
        return 0
    }

    /// The socket takes bytes. Returns -1 to have the connection closed.
    func write(_ io: ServerIO) -> Int32 {
        if outbox.isEmpty {
            if closesWhenWritten { return -1 }
            if case .head = phase, !inbox.isEmpty { advance(io) }
            return 0
        }
        let prefix = Int(wire_prefix_bytes())
        let room = UnsafeMutableRawBufferPointer(rebasing: core.scratch[prefix...])
        let count = outbox.take(into: room)
        guard let start = room.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return -1 }
        if wire_write_raw(wsi, start, count) < 0 { return -1 }
        if !outbox.isEmpty || closesWhenWritten || !inbox.isEmpty { lws_callback_on_writable(wsi) }
        return 0
    }

    /// The socket is closed.
    func gone(_ io: ServerIO) {
        phase = .closing
        if isWebSocket { core.handler.closed(token, io) }
        isWebSocket = false
    }

    // MARK: What the handler asks for

    func respond(_ request: RequestToken, _ status: Int, _ headers: [(String, String)], _ body: [UInt8]) {
        guard case .answering(request.sequence, let keepsAlive) = phase, !core.isStopping else { return }
        queue(HTTPAnswer.bytes(status: status, headers: headers, body: body, keepsAlive: keepsAlive))
        phase = keepsAlive ? .head : .closing
        closesWhenWritten = !keepsAlive
        // The next request, if it is here already, is looked at when this answer has been written.
        wire_set_deadline(wsi, keepsAlive ? 120 : 10)
    }

    func drop(_ request: RequestToken) {
        guard case .answering(request.sequence, _) = phase, !core.isStopping else { return }
        phase = .closing
        wire_kill(wsi)
    }

    func send(opcode: UInt8, _ payload: [UInt8]) {
        guard case .webSocket = phase, !core.isStopping else { return }
        guard outbox.count + payload.count <= ServerConnection.queueBytesMax else {
            phase = .closing
            wire_kill(wsi)
            return
        }
        queue(SocketFrameReader.head(opcode: opcode, count: payload.count))
        queue(payload)
    }

    func close(code: UInt16) {
        guard case .webSocket = phase, !core.isStopping else { return }
        queue(SocketFrameReader.head(opcode: 8, count: 2) + [UInt8(code >> 8), UInt8(code & 0xFF)])
        phase = .leaving
        // The peer answers a close; the deadline is for one that does not.
        wire_set_deadline(wsi, 5)
    }

    // MARK: Requests

    private func advance(_ io: ServerIO) {
        while true {
            switch phase {
            case .head:
                guard let end = headEnd() else {
                    if inbox.count > RequestHead.headBytesMax { refuse(431) }
                    return
                }
                takeHead(end, io)
            case .body(let head, let start):
                guard inbox.count - start >= head.bodyBytes else { return }
                deliver(head, start, io)
            case .webSocket: return takeFrames(io)
            case .answering, .leaving, .closing: return
            }
        }
    }

    /// The index of the empty line's CRLF CRLF; empty lines before a request are skipped (RFC 9112, 2.2).
    private func headEnd() -> Int? {
        var blank = 0
        while scanned == 0, inbox.count - blank >= 2, inbox[blank] == 13, inbox[blank + 1] == 10 {
            blank += 2
        }
        if blank > 0 { inbox.removeFirst(blank) }
        var at = max(scanned, 3)
        while at < inbox.count {
            if inbox[at] == 10, inbox[at - 1] == 13, inbox[at - 2] == 10, inbox[at - 3] == 13 {
                return at - 3
            }
            at += 1
        }
        scanned = inbox.count
        return nil
    }

    private func takeHead(_ end: Int, _ io: ServerIO) {
        scanned = 0
        guard end <= RequestHead.headBytesMax else { return refuse(431) }
        do throws(RequestHead.Refusal) {
            let head = try RequestHead(parsing: inbox[..<end])
            if let key = head.webSocketKey { return upgrade(head, key, end + 4, io) }
            if head.expectsContinue, head.bodyBytes > inbox.count - end - 4 {
                queue(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
            }
            phase = .body(head, start: end + 4)
        } catch {
            refuse(error.status)
        }
    }

    private func deliver(_ head: RequestHead, _ start: Int, _ io: ServerIO) {
        let request = request(head, body: Array(inbox[start..<start + head.bodyBytes]))
        inbox.removeFirst(start + head.bodyBytes)
        lastSequence += 1
        phase = .answering(sequence: lastSequence, keepsAlive: head.keepsAlive)
        wire_set_deadline(wsi, 0)
        core.handler.request(request, RequestToken(connection: id, sequence: lastSequence), io)
    }

    private func request(_ head: RequestHead, body: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            method: head.method, path: head.path, query: head.query, headers: head.headers, body: body)
    }

    /// Answers what is no request we take, and ends the connection: where the next one begins is unknown.
    private func refuse(_ status: Int) {
        queue(HTTPAnswer.bytes(status: status, headers: [], body: [], keepsAlive: false))
        inbox = []
        phase = .closing
        wire_set_deadline(wsi, 3)
    }

    // MARK: WebSocket

    private func upgrade(_ head: RequestHead, _ key: String, _ used: Int, _ io: ServerIO) {
        let asked = request(head, body: [])
        guard core.handler.admits(asked) else { return refuse(403) }
        inbox.removeFirst(used)
        queue(HTTPAnswer.switching(key: key))
        phase = .webSocket
        isWebSocket = true
        wire_set_deadline(wsi, 0)
        core.handler.opened(token, path: head.query.isEmpty ? head.path : head.path + "?" + head.query, io)
    }

    private func takeFrames(_ io: ServerIO) {
        var start = 0
        defer { if start > 0 { inbox.removeFirst(min(start, inbox.count)) } }
        do throws(SocketFrameFault) {
            while case .webSocket = phase, let event = try frames.next(inbox, &start) {
                switch event {
                case .message(let bytes): core.handler.message(token, bytes, io)
                case .ping(let payload): send(opcode: 10, payload)
                case .pong: break
                case .close(let code):
                    close(code: code ?? 1000)
                    closesWhenWritten = true
                }
            }
        } catch {
            close(code: error.code)
            phase = .closing  // where the next frame begins is unknown
            wire_set_deadline(wsi, 2)
        }
    }

    private func awaitGoodbye() {
        var start = 0
        do throws(SocketFrameFault) {
            while let event = try frames.next(inbox, &start) {
                if case .close = event { closesWhenWritten = true }
            }
        } catch {
            closesWhenWritten = true
        }
        inbox.removeFirst(start)
        if closesWhenWritten { lws_callback_on_writable(wsi) }
    }

    private func queue(_ bytes: [UInt8]) {
        outbox.append(bytes)
        lws_callback_on_writable(wsi)
    }
}
