/// What a handler may do. Only usable on the service thread; nothing here calls the handler back.
public final class ServerIO {
    private unowned let core: ServerCore

    init(_ core: ServerCore) { self.core = core }

    /// Answers a request, now or later. Ignored when the peer has gone or the request is already answered.
    /// Content-Length and Connection are added; 204 and 304 carry no body.
    public func respond(_ id: RequestToken, status: Int, headers: [(String, String)], body: [UInt8]) {
        core.connections[id.connection]?.respond(id, status, headers, body)
    }

    /// Closes the request's connection without a byte.
    public func drop(_ id: RequestToken) { core.connections[id.connection]?.drop(id) }

    /// Queues one text message. When more than 16 MiB wait, the WebSocket is closed instead.
    public func send(_ c: ConnectionToken, _ text: [UInt8]) {
        core.connections[c.connection]?.send(opcode: 1, text)
    }

    /// Queues a ping.
    public func ping(_ c: ConnectionToken) { core.connections[c.connection]?.send(opcode: 9, []) }

    /// Says goodbye (code 1000) behind what is queued and closes, after 5 s at the latest.
    public func close(_ c: ConnectionToken) { core.connections[c.connection]?.close(code: 1000) }

    /// Has `wake` called after that time. One call is pending at most; the earliest asked for wins.
    public func schedule(afterMicroseconds: Int64) { core.schedule(afterMicroseconds: afterMicroseconds) }
}
