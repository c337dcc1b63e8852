import Core

/// Writes one JSON text: commas are its own concern, the order of keys the caller's.
public struct JSONText: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    public var string: String { String(decoding: bytes, as: UTF8.self) }

    public mutating func object(_ body: (inout JSONText) -> Void) { nest("{", "}", body) }
    public mutating func array(_ body: (inout JSONText) -> Void) { nest("[", "]", body) }

    public mutating func text(_ value: String) {
        comma()
        quoted(value)
    }
    public mutating func number(_ value: Int64) {
        comma()
        bytes.append(contentsOf: String(value).utf8)
    }
    public mutating func flag(_ value: Bool) {
        comma()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }
    public mutating func null() {
        comma()
        bytes.append(contentsOf: "null".utf8)
    }
    /// A text known to be valid JSON by itself.
    public mutating func raw(_ value: [UInt8]) {
        comma()
        bytes.append(contentsOf: value)
    }

    public mutating func key(_ name: String) {
        comma()
        quoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }
    /// Text, or `null` for `nil`.
    public mutating func field(_ name: String, _ value: String?) {
        key(name)
        if let value { text(value) } else { null() }
    }
    public mutating func field(_ name: String, _ value: Int64?) {
        key(name)
        if let value { number(value) } else { null() }
    }
    public mutating func field(_ name: String, _ value: Bool?) {
        key(name)
        if let value { flag(value) } else { null() }
    }
    /// `"98.90"`: a decimal as text, with at least `padded` digits after the point.
    public mutating func field(_ name: String, _ value: Price?, padded: Int = 0) {
        key(name)
        if let value { decimal(value.raw, padded: padded) } else { null() }
    }
    public mutating func field(_ name: String, _ value: Quantity?, padded: Int = 0) {
        key(name)
        if let value { decimal(value.raw, padded: padded) } else { null() }
    }
    public mutating func field(_ name: String, _ value: Money?) { field(name, value?.description) }

    /// A count of 10⁻⁸ as decimal text in quotes.
    public mutating func decimal(_ raw: Int64, padded: Int = 0) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        if raw < 0 { bytes.append(UInt8(ascii: "-")) }
        let magnitude = raw.magnitude
        bytes.append(contentsOf: String(magnitude / 100_000_000).utf8)
        var fraction = magnitude % 100_000_000, places = 8
        while places > padded, fraction % 10 == 0 {
            fraction /= 10
            places -= 1
        }
        if places > 0 {
            bytes.append(UInt8(ascii: "."))
            let start = bytes.count
            for _ in 0..<places { bytes.append(0x30) }
            for place in 0..<places {
                bytes[start + places - 1 - place] = 0x30 + UInt8(fraction % 10)
                fraction /= 10
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func nest(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONText) -> Void
    ) {
        comma()
        bytes.append(UInt8(ascii: open))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func quoted(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(JSONText.hex(byte >> 4))
                bytes.append(JSONText.hex(byte & 15))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func hex(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }
}
