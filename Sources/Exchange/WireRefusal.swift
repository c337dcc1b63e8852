/// A refusal as the venue writes it: JSON with a code, or plain text from its parser and router.
public struct WireRefusal: Error, Sendable, Equatable {
    public let status: Int
    /// `nil` for plain text.
    public let code: String?
    public let message: String
    public init(status: Int = 400, code: String?, message: String) {
        (self.status, self.code, self.message) = (status, code, message)
    }

    public static func text(_ message: String, status: Int = 400) -> WireRefusal {
        WireRefusal(status: status, code: nil, message: message)
    }
    public static func client(_ message: String) -> WireRefusal {
        WireRefusal(code: "INVALID_CLIENT_REQUEST", message: message)
    }

    public var contentType: String {
        code == nil ? "text/plain; charset=utf-8" : "application/json; charset=utf-8"
    }
    public var body: [UInt8] {
        guard let code else { return Array(message.utf8) }
        var json = JSONText()
        json.object {
            $0.field("code", code)
            $0.field("message", message)
        }
        return json.bytes
    }

    public static let quantityTooLong = client("Quantity decimal too long")
    public static let priceTooLong = client("Price decimal too long")
    public static let quantityTooSmall = client("Quantity is below the minimum allowed value")
    public static let priceOutOfBand = WireRefusal(
        code: "INVALID_PRICE", message: "Price is too far from the last active price")
    public static let wouldTake = WireRefusal(
        code: "INVALID_ORDER", message: "Order would immediately match and take")
    public static let invalidOrder = WireRefusal(code: "INVALID_ORDER", message: "Invalid order")
    public static let halfTrigger = client(
        "Must specify both `triggerPrice` and `triggerQuantity` or neither")
    public static let noMarketQuantity = client("Market orders must specify a positive `quantity`")
    public static let expired = client("Request has expired")
    public static let timestampFarOff = client("Invalid timestamp: must be within 10 minutes of current time")
    public static let badSignature = client("Invalid signature")
    public static let badKey = client("Invalid X-Signature header")
    public static let unknownMarket = client("Invalid market symbol")
    public static let unknownMark = client("Symbol not found")
    public static let insufficientFunds = WireRefusal(
        code: "INSUFFICIENT_FUNDS", message: "Insufficient funds")
    public static let insufficientMargin = WireRefusal(
        code: "INSUFFICIENT_MARGIN", message: "Insufficient margin")
    public static let tooManyRequests = WireRefusal(
        status: 429, code: "TOO_MANY_REQUESTS", message: "Too many requests")
    public static let maintenance = WireRefusal(
        status: 503, code: "MAINTENANCE", message: "System under maintenance")
    public static let timeout = WireRefusal(status: 503, code: "TIMEOUT", message: "Request timed out")
    public static let unknownPath = text("not found", status: 404)
    /// 404 for a GET or a closed market; the venue answers the DELETE of a gone order with 400.
    public static func notFound(status: Int) -> WireRefusal {
        WireRefusal(status: status, code: "RESOURCE_NOT_FOUND", message: "Not Found")
    }
    /// The router's words for a query parameter it cannot read.
    public static func parameter(_ name: String, _ type: String, _ why: String) -> WireRefusal {
        text("failed to parse parameter `\(name)`: failed to parse \"\(type)\": \(why)")
    }
    public static let badDepthLimit = parameter("limit", "DepthLimit", "Expect a valid enumeration value.")
    /// The parser's words for a field of a body it cannot read.
    public static func payload(_ type: String, _ why: String, in payload: String) -> WireRefusal {
        text(
            "parse request payload error: failed to parse \"\(type)\": \(why) (occurred while parsing \"\(payload)\")"
        )
    }
}
