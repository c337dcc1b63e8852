/// The methods the server understands; the raw value is the wire's word.
public enum HTTPMethod: String, Sendable {
    case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE", options = "OPTIONS"
}

/// One whole request as received.
public struct HTTPRequest: Sendable {
    public let method: HTTPMethod
    /// From the first `/` up to `?`, undecoded.
    public let path: String
    /// The raw text after `?`, undecoded; empty when there is none.
    public let query: String
    /// Names in lower case, values without surrounding blanks, in the order received.
    public let headers: [(name: String, value: String)]
    /// At most 1 MiB.
    public let body: [UInt8]

    /// The first header of that name, whatever its case; nil when absent.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name == wanted }?.value
    }
}

/// The head of a request: everything before the body.
struct RequestHead {
    var method: HTTPMethod
    var path: String
    var query: String
    var headers: [(name: String, value: String)]
    var bodyBytes: Int
    var keepsAlive: Bool
    var expectsContinue: Bool

    /// Why a head is refused: the status to answer before the connection is closed.
    struct Refusal: Error { let status: Int }

    static let headBytesMax = 32 * 1024
    static let bodyBytesMax = 1 << 20

    /// Parses the bytes before the empty line. `bytes` excludes the final CRLF CRLF.
    init(parsing bytes: ArraySlice<UInt8>) throws(Refusal) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Refusal(status: 400) }
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[1].utf8.first == UInt8(ascii: "/") else { throw Refusal(status: 400) }
        guard words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else { throw Refusal(status: 505) }
        guard let method = HTTPMethod(rawValue: String(words[0])) else { throw Refusal(status: 501) }
        self.method = method
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(target[0])
        query = target.count > 1 ? String(target[1]) : ""
        headers = []
        for line in lines { headers.append(try RequestHead.header(line)) }
        bodyBytes = 0
        keepsAlive = words[2] == "HTTP/1.1"
        expectsContinue = false
        try readFraming()
    }

    private static func header(_ line: Substring) throws(Refusal) -> (name: String, value: String) {
        // A blank before the colon or at the line's start is how requests are smuggled past another parser.
        guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon != line.startIndex,
            line[..<colon].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw Refusal(status: 400) }
        let value = line[line.index(after: colon)...]
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw Refusal(status: 400)
        }
        return (line[..<colon].lowercased(), trimmed(value))
    }

    private mutating func readFraming() throws(Refusal) {
        var length: Int?
        for (name, value) in headers {
            switch name {
            case "content-length":
                guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(value),
                    length == nil || length == count
                else { throw Refusal(status: 400) }
                length = count
            case "transfer-encoding": throw Refusal(status: 411)
            case "expect": expectsContinue = value.lowercased() == "100-continue"
            case "connection":
                let options = value.lowercased().split(separator: ",").map { trimmed($0[...]) }
                if options.contains("close") { keepsAlive = false }
                if options.contains("keep-alive") { keepsAlive = true }
            default: break
            }
        }
        bodyBytes = length ?? 0
        if bodyBytes > RequestHead.bodyBytesMax { throw Refusal(status: 413) }
    }

    func value(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The client's key when this head asks for a WebSocket, else nil.
    var webSocketKey: String? {
        guard method == .get, value("upgrade")?.lowercased() == "websocket",
            value("connection")?.lowercased().contains("upgrade") == true,
            value("sec-websocket-version") == "13", let key = value("sec-websocket-key"), key.utf8.count == 24
        else { return nil }
        return key
    }
}

private func trimmed(_ text: Substring) -> String {
    var rest = text
    while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
    while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest.removeLast() }
    return String(rest)
}
