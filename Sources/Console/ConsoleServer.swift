import Exchange
import Records
import Wire

/// The console on `CONSOLE`: a page to look at, `GET /status` and `GET /rounds` as JSON. It gives no orders;
/// those go over `control.sock`, which only the host's own user can reach.
public final class ConsoleServer: HTTPServerHandler {
    private let status: @Sendable () -> String?
    private let records: RecordBook?
    private let token: String
    private let names: [String]

    /// - Parameters:
    ///   - status: JSON of what the host does; `nil` while it starts.
    ///   - token: asked for as `?token=` or `Authorization: Bearer`; empty asks for none.
    ///   - host: the address it is served on. A loopback console answers only to loopback names: a page of
    ///     somebody else's, whose name was made to point here, is turned away.
    public init(
        status: @escaping @Sendable () -> String?, records: RecordBook?, token: String, host: String
    ) {
        (self.status, self.records, self.token) = (status, records, token)
        names = Self.isLoopback(host) ? ["127.0.0.1", "localhost", "[::1]"] : []
    }

    /// `host:port` of the configuration; `nil` when it is not of that form.
    public static func address(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
            let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port)
        else { return nil }
        return (String(text[..<colon]).filter { $0 != "[" && $0 != "]" }, port)
    }

    public static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    public func started(_ io: ServerIO) {}
    public func wake(_ io: ServerIO) {}
    public func admits(_ upgrade: HTTPRequest) -> Bool { false }
    public func opened(_ c: ConnectionToken, path: String, _ io: ServerIO) { io.close(c) }
    public func message(_ c: ConnectionToken, _ bytes: [UInt8], _ io: ServerIO) {}
    public func closed(_ c: ConnectionToken, _ io: ServerIO) {}

    public func request(_ request: HTTPRequest, _ id: RequestToken, _ io: ServerIO) {
        func answer(_ status: Int, _ type: String, _ body: String) {
            io.respond(
                id, status: status,
                headers: [
                    ("Content-Type", type), ("Cache-Control", "no-store"),
                    ("X-Content-Type-Options", "nosniff"),
                    ("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"),
                ], body: Array(body.utf8))
        }
        let json = "application/json; charset=utf-8", text = "text/plain; charset=utf-8"
        guard isFromHere(request) else { return answer(403, text, "not by this name") }
        guard request.method == .get else { return answer(405, text, "the console only shows") }
        guard request.path == "/" || isAllowed(request) else {
            return answer(401, text, "CONSOLE_TOKEN is asked for: ?token=…")
        }
        switch request.path {
        case "/": answer(200, "text/html; charset=utf-8", ConsolePage.html)
        case "/status":
            if let body = status() { answer(200, json, body) } else { answer(503, text, "starting") }
        case "/rounds": answer(200, json, rounds())
        default: answer(404, text, "not found")
        }
    }

    private func isFromHere(_ request: HTTPRequest) -> Bool {
        guard !names.isEmpty else { return true }
        guard let host = request.header("host") else { return true }
        return names.contains { host == $0 || host.hasPrefix($0 + ":") }
    }

    private func isAllowed(_ request: HTTPRequest) -> Bool {
        guard !token.isEmpty else { return true }
        let inQuery = request.query.split(separator: "&").first { $0.hasPrefix("token=") }?.dropFirst(6)
        let inHeader = request.header("authorization").flatMap {
            $0.hasPrefix("Bearer ") ? $0.dropFirst(7) : nil
        }
        return [inQuery, inHeader].contains {
            $0.map { Self.equals(Array($0.utf8), Array(token.utf8)) } ?? false
        }
    }

    /// Takes as long wherever the first difference is.
    private static func equals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func rounds() -> String {
        var json = JSONText(capacity: 4096)
        json.array { json in
            for round in (try? records?.rounds(latest: 50)) ?? [] {
                json.object { json in
                    json.field("closed_ms", round.closed.milliseconds)
                    json.field("script", round.script)
                    json.field("pair", round.pair)
                    json.field("reason", round.reason)
                    json.field("net_usd", round.net.description)
                    json.field("seconds", round.seconds)
                }
            }
        }
        return json.string
    }
}
