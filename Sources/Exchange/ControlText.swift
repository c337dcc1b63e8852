/// The four texts that prove a private subscription.
public struct StreamSignature: Sendable, Equatable {
    public let key: String, signature: String
    /// Milliseconds, as text.
    public let timestamp: String, window: String
    public init(key: String, signature: String, timestamp: String, window: String) {
        (self.key, self.signature, self.timestamp, self.window) = (key, signature, timestamp, window)
    }
}

/// `SUBSCRIBE` and `UNSUBSCRIBE`: written by clients, read by the venue (PROTOCOL 6.1).
public struct ControlText: Sendable, Equatable {
    public enum Method: String, Sendable { case subscribe = "SUBSCRIBE", unsubscribe = "UNSUBSCRIBE" }
    public let method: Method
    public let streams: [String]
    public let signature: StreamSignature?
    public init(_ method: Method, _ streams: [String], signature: StreamSignature? = nil) {
        (self.method, self.streams, self.signature) = (method, streams, signature)
    }

    public var bytes: [UInt8] {
        var json = JSONText()
        json.object { frame in
            frame.field("method", method.rawValue)
            frame.key("params")
            frame.array { for stream in streams { $0.text(stream) } }
            if let signature {
                frame.key("signature")
                frame.array {
                    $0.text(signature.key)
                    $0.text(signature.signature)
                    $0.text(signature.timestamp)
                    $0.text(signature.window)
                }
            }
        }
        return json.bytes
    }

    /// The message a client sent; `nil` is the venue's 4002, parse error. A signature that is no list of four
    /// texts is none.
    public static func read(_ bytes: [UInt8]) -> ControlText? {
        var parser = JSONParser()
        let message = try? parser.read(bytes) { root throws(FrameFault) in
            guard let method = Method(rawValue: try root.text("method").string) else {
                return ControlText?.none
            }
            let list = try root.required("params")
            guard list.kind == .array else { return ControlText?.none }
            let streams = list.elements.compactMap { $0.text?.string }
            let parts = root.optional("signature")?.elements.compactMap { $0.text?.string } ?? []
            let proof =
                parts.count == 4
                ? StreamSignature(key: parts[0], signature: parts[1], timestamp: parts[2], window: parts[3])
                : nil
            return ControlText(method, streams, signature: proof)
        }
        return message ?? nil
    }

    /// `{"id":null,"error":{"code":…,"message":…}}`.
    public static func error(_ fault: StreamFault) -> [UInt8] {
        var json = JSONText()
        json.object { frame in
            frame.key("id")
            frame.null()
            frame.key("error")
            frame.object {
                $0.field("code", fault.rawValue)
                $0.field("message", fault.message)
            }
        }
        return json.bytes
    }
}

/// What the venue answers to a control message it refuses.
public enum StreamFault: Int64, Error, Sendable {
    case parse = 4002, signature = 4003, stream = 4006, depthWindow = 4008
    public var message: String {
        switch self {
        case .parse: "Parse error"
        case .signature: "Invalid signature"
        case .stream: "Invalid stream"
        case .depthWindow: "Invalid depth window"
        }
    }
}

/// A stream by name.
public enum StreamName: Sendable, Equatable, Hashable {
    /// `window` in milliseconds: 200, 600, 1000, or `nil` for every change.
    case depth(symbol: String, window: Int?)
    case bookTicker(symbol: String), trade(symbol: String), ticker(symbol: String), markPrice(symbol: String)
    case kline(interval: String, symbol: String), openInterest(symbol: String)
    case liquidation
    /// Private; `nil` symbol is every market.
    case orderUpdate(symbol: String?), positionUpdate(symbol: String?), rfqUpdate(symbol: String?)
    case balanceUpdate

    public var isPrivate: Bool {
        switch self {
        case .orderUpdate, .positionUpdate, .rfqUpdate, .balanceUpdate: true
        default: false
        }
    }

    public var text: String {
        switch self {
        case .depth(let symbol, let window): window.map { "depth.\($0)ms.\(symbol)" } ?? "depth.\(symbol)"
        case .bookTicker(let symbol): "bookTicker.\(symbol)"
        case .trade(let symbol): "trade.\(symbol)"
        case .ticker(let symbol): "ticker.\(symbol)"
        case .markPrice(let symbol): "markPrice.\(symbol)"
        case .kline(let interval, let symbol): "kline.\(interval).\(symbol)"
        case .openInterest(let symbol): "openInterest.\(symbol)"
        case .liquidation: "liquidation"
        case .orderUpdate(let symbol): "account.orderUpdate" + (symbol.map { ".\($0)" } ?? "")
        case .positionUpdate(let symbol): "account.positionUpdate" + (symbol.map { ".\($0)" } ?? "")
        case .rfqUpdate(let symbol): "account.rfqUpdate" + (symbol.map { ".\($0)" } ?? "")
        case .balanceUpdate: "account.balanceUpdate"
        }
    }

    /// Reads a stream's name. Symbols are not checked: an unknown one means silence, not an error.
    public init(_ text: String) throws(StreamFault) {
        let dot = text.firstIndex(of: ".")
        let head = dot.map { String(text[..<$0]) } ?? text
        let rest = dot.map { String(text[text.index(after: $0)...]) } ?? ""
        switch head {
        case "depth":
            guard let next = rest.firstIndex(of: "."), rest[..<next].hasSuffix("ms") else {
                self = .depth(symbol: rest, window: nil)
                return
            }
            guard let window = Int(rest[..<next].dropLast(2)), [200, 600, 1000].contains(window) else {
                throw .depthWindow
            }
            self = .depth(symbol: String(rest[rest.index(after: next)...]), window: window)
        case "bookTicker": self = .bookTicker(symbol: rest)
        case "trade": self = .trade(symbol: rest)
        case "ticker": self = .ticker(symbol: rest)
        case "markPrice": self = .markPrice(symbol: rest)
        case "openInterest": self = .openInterest(symbol: rest)
        case "liquidation": self = .liquidation
        case "kline":
            guard let next = rest.firstIndex(of: ".") else { throw .stream }
            self = .kline(interval: String(rest[..<next]), symbol: String(rest[rest.index(after: next)...]))
        case "account":
            let next = rest.firstIndex(of: ".")
            let symbol = next.map { String(rest[rest.index(after: $0)...]) }
            switch next.map({ String(rest[..<$0]) }) ?? rest {
            case "orderUpdate": self = .orderUpdate(symbol: symbol)
            case "positionUpdate": self = .positionUpdate(symbol: symbol)
            case "rfqUpdate": self = .rfqUpdate(symbol: symbol)
            case "balanceUpdate": self = .balanceUpdate
            default: throw .stream
            }
        default: throw .stream
        }
    }
}
