import CLuaBox

/// A value of a script without code: what a script declares, and what it keeps as `state`.
public indirect enum PlainValue: Sendable, Equatable {
    case none
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    /// A function stands here; its code is not visible.
    case function
    /// Keys ascending: numbers, then text.
    case table([(key: PlainValue, value: PlainValue)])

    public static func == (a: PlainValue, b: PlainValue) -> Bool { a.encoded == b.encoded }

    /// The number, be it written as an integer or not.
    public var asNumber: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
    public var asText: String? { if case .text(let text) = self { text } else { nil } }

    /// What a person reads in an error.
    public var words: String {
        switch self {
        case .none: "nil"
        case .flag(let flag): "\(flag)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text): "\"\(text)\""
        case .function: "a function"
        case .table: "a table"
        }
    }

    /// The same bytes the C layer reads.
    public var encoded: [UInt8] {
        switch self {
        case .none: return [UInt8(ascii: "z")]
        case .flag(let flag): return [UInt8(ascii: flag ? "t" : "f")]
        case .integer(let value): return [UInt8(ascii: "i")] + PlainValue.bytes(value)
        case .number(let value):
            return [UInt8(ascii: "d")] + PlainValue.bytes(Int64(bitPattern: value.bitPattern))
        case .text(let text):
            return [UInt8(ascii: "s")] + PlainValue.bytes(UInt32(text.utf8.count)) + Array(text.utf8)
        case .function: return [UInt8(ascii: "F")]
        case .table(let entries):
            return entries.reduce([UInt8(ascii: "{")] + PlainValue.bytes(UInt32(entries.count))) {
                $0 + $1.key.encoded + $1.value.encoded
            }
        }
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// - Returns: `nil` when the bytes are not exactly one value.
    public init?(encoded bytes: [UInt8]) {
        var rest = bytes[...]
        guard let value = PlainValue.read(&rest, depth: 10), rest.isEmpty else { return nil }
        self = value
    }

    private static func read(_ rest: inout ArraySlice<UInt8>, depth: Int) -> PlainValue? {
        guard depth > 0, let tag = rest.popFirst() else { return nil }
        switch tag {
        case UInt8(ascii: "z"): return PlainValue.none
        case UInt8(ascii: "t"): return .flag(true)
        case UInt8(ascii: "f"): return .flag(false)
        case UInt8(ascii: "F"): return .function
        case UInt8(ascii: "i"): return word(&rest, 8).map { .integer(Int64(bitPattern: $0)) }
        case UInt8(ascii: "d"): return word(&rest, 8).map { .number(Double(bitPattern: $0)) }
        case UInt8(ascii: "s"):
            guard let count = word(&rest, 4).map(Int.init), rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return .text(String(decoding: rest.prefix(count), as: UTF8.self))
        case UInt8(ascii: "{"):
            guard let count = word(&rest, 4) else { return nil }
            var entries: [(key: PlainValue, value: PlainValue)] = []
            for _ in 0..<count {
                guard let key = read(&rest, depth: depth - 1), let value = read(&rest, depth: depth - 1)
                else { return nil }
                entries.append((key, value))
            }
            return .table(entries)
        default: return nil
        }
    }

    private static func word(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> UInt64? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
