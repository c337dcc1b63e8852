import CWebSockets

/// Builds the bytes of answers.
enum HTTPAnswer {
    /// A whole answer with Content-Length. Line breaks in header values become blanks.
    static func bytes(
        status: Int, headers: [(String, String)], body: [UInt8], keepsAlive: Bool
    ) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(reason(status))\r\n"
        for (name, value) in headers { text += "\(oneLine(name)): \(oneLine(value))\r\n" }
        let hasBody = status != 204 && status != 304
        if hasBody { text += "Content-Length: \(body.count)\r\n" }
        text += keepsAlive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n"
        var bytes = Array(text.utf8)
        if hasBody { bytes += body }
        return bytes
    }

    /// The answer that turns a connection into a WebSocket. No extension is agreed to.
    static func switching(key: String) -> [UInt8] {
        let accept = accept(key)
        return Array(
            ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n").utf8)
    }

    /// RFC 6455, 4.2.2.
    static func accept(_ key: String) -> String {
        let seed = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        lws_SHA1(seed, seed.count, &digest)
        var text = [CChar](repeating: 0, count: 32)
        let count = digest.withUnsafeBytes {
            lws_b64_encode_string($0.bindMemory(to: CChar.self).baseAddress, 20, &text, 32)
        }
        return String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 }) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
