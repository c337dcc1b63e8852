import CSimdjson

/// A reusable parser of whole JSON documents: well-formed, valid UTF-8, bounded in length and depth, no key
/// twice.
///
/// One thread at a time. Everything it hands out is valid inside the closure of `read` only.
public struct JSONParser: ~Copyable {
    private let handle: OpaquePointer

    /// The most a stream frame may hold.
    public static let frameBytesMax = 1 << 20
    /// The most an answer may hold.
    public static let replyBytesMax = 8 << 20
    public static let depthMax = 16

    public init(bytesMax: Int = JSONParser.frameBytesMax, depthMax: Int = JSONParser.depthMax) {
        guard let handle = csj_create(bytesMax, depthMax) else {
            preconditionFailure("no memory for a parser")
        }
        self.handle = handle
    }

    deinit { csj_destroy(handle) }

    /// Parses `bytes` and hands the root to `body`; nothing of the document outlives it.
    public mutating func read<Result>(
        _ bytes: [UInt8], _ body: (JSONNode) throws(FrameFault) -> Result
    ) throws(FrameFault) -> Result {
        do {
            return try body(root(bytes))
        } catch {
            throw error.located(in: bytes)
        }
    }

    private func root(_ bytes: [UInt8]) throws(FrameFault) -> JSONNode {
        var tape = csj_tape()
        let code = bytes.withUnsafeBufferPointer { csj_parse(handle, $0.baseAddress, $0.count, &tape) }
        guard code == 0, let words = tape.tape, let strings = tape.strings else {
            throw FrameFault(field: "", found: JSONParser.meaning(of: code, count: bytes.count))
        }
        return JSONNode(tape: words, strings: strings, index: 1)
    }

    private static func meaning(of code: Int32, count: Int) -> String {
        switch Int(code) {
        case CSJ_EMPTY: "an empty message"
        case CSJ_TOO_LARGE: "\(count) bytes, too long"
        case CSJ_TOO_DEEP: "nested too deep"
        case CSJ_REPEATED_KEY: "a key that stands twice in one object"
        case CSJ_BAD_UTF8: "bytes that are not UTF-8"
        case CSJ_BAD_NUMBER: "a number that cannot be kept"
        case CSJ_NO_MEMORY: "no memory"
        default: "not JSON"
        }
    }
}

/// One value of a parsed document. Valid only inside the closure it was handed to.
public struct JSONNode {
    public enum Kind: Sendable { case object, array, text, integer, natural, fraction, flag, null }

    private let tape: UnsafePointer<UInt64>
    private let strings: UnsafePointer<UInt8>
    private let index: Int

    init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, index: Int) {
        (self.tape, self.strings, self.index) = (tape, strings, index)
    }

    private var tag: UInt8 { UInt8(truncatingIfNeeded: tape[index] >> 56) }
    private var after: Int {
        switch tag {
        case UInt8(ascii: "{"), UInt8(ascii: "["): Int(tape[index] & 0xFFFF_FFFF)
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
        default: index + 1
        }
    }

    public var kind: Kind {
        switch tag {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .text
        case UInt8(ascii: "l"): .integer
        case UInt8(ascii: "u"): .natural
        case UInt8(ascii: "d"): .fraction
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .flag
        default: .null
        }
    }

    public var isNull: Bool { tag == UInt8(ascii: "n") }
    /// The unescaped text; `nil` when this is no text.
    public var text: JSONBytes? {
        guard tag == UInt8(ascii: "\"") else { return nil }
        let start = strings + Int(tape[index] & 0x00FF_FFFF_FFFF_FFFF)
        let length = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return JSONBytes(base: start + 4, count: Int(length))
    }
    /// The whole number; `nil` when this is none or does not fit.
    public var integer: Int64? {
        switch tag {
        case UInt8(ascii: "l"): Int64(bitPattern: tape[index + 1])
        case UInt8(ascii: "u"): Int64(exactly: tape[index + 1])
        default: nil
        }
    }
    public var natural: UInt64? {
        switch tag {
        case UInt8(ascii: "l"): UInt64(exactly: Int64(bitPattern: tape[index + 1]))
        case UInt8(ascii: "u"): tape[index + 1]
        default: nil
        }
    }
    public var flag: Bool? {
        switch tag {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The elements of an array; none for anything else.
    public var elements: JSONElements {
        tag == UInt8(ascii: "[") ? JSONElements(upcoming: child(index + 1)) : JSONElements(upcoming: nil)
    }
    /// The keys and values of an object in the order they stand; none for anything else.
    public var fields: JSONFields {
        tag == UInt8(ascii: "{") ? JSONFields(upcoming: child(index + 1)) : JSONFields(upcoming: nil)
    }

    /// The value of `key`, also when it is `null`; `nil` when the key is absent or this is no object.
    public subscript(_ key: StaticString) -> JSONNode? {
        guard tag == UInt8(ascii: "{") else { return nil }
        var at = index + 1
        while tape[at] >> 56 != UInt64(UInt8(ascii: "}")) {
            let value = child(at + 1)
            if let name = child(at).text, name == key { return value }
            at = value.after
        }
        return nil
    }

    /// What stands here, for faults.
    public var shown: String {
        switch kind {
        case .object: "an object"
        case .array: "a list"
        case .text: "\"\(text?.string ?? "")\""
        case .integer, .natural: natural.map(String.init) ?? integer.map(String.init) ?? "a number"
        case .fraction: "a bare fraction"
        case .flag: flag == true ? "true" : "false"
        case .null: "null"
        }
    }

    fileprivate func child(_ at: Int) -> JSONNode { JSONNode(tape: tape, strings: strings, index: at) }
    fileprivate var isEnd: Bool { tag == UInt8(ascii: "]") || tag == UInt8(ascii: "}") }
    fileprivate var following: JSONNode { child(after) }
    fileprivate var valueOfKey: JSONNode { child(index + 1) }
}

/// The bytes of one text in a parsed document. Valid only inside the closure of `read`.
public struct JSONBytes {
    let base: UnsafePointer<UInt8>
    public let count: Int

    var buffer: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }
    public var string: String { String(decoding: buffer, as: UTF8.self) }
    /// The only byte of a text of one byte; 0 otherwise.
    public var single: UInt8 { count == 1 ? base[0] : 0 }

    public static func == (text: JSONBytes, other: StaticString) -> Bool {
        guard text.count == other.utf8CodeUnitCount else { return false }
        let start = other.utf8Start
        for i in 0..<text.count where text.base[i] != start[i] { return false }
        return true
    }
    public func starts(with other: StaticString) -> Bool {
        let length = other.utf8CodeUnitCount
        return count >= length && JSONBytes(base: base, count: length) == other
    }
    /// What follows the first `length` bytes.
    func dropping(_ length: Int) -> JSONBytes { JSONBytes(base: base + length, count: count - length) }
}

public struct JSONElements: Sequence, IteratorProtocol {
    fileprivate var upcoming: JSONNode?
    public mutating func next() -> JSONNode? {
        guard let node = upcoming, !node.isEnd else { return nil }
        upcoming = node.following
        return node
    }
}

public struct JSONFields: Sequence, IteratorProtocol {
    fileprivate var upcoming: JSONNode?
    public mutating func next() -> (key: JSONBytes, value: JSONNode)? {
        guard let node = upcoming, let key = node.text else { return nil }
        let value = node.valueOfKey
        upcoming = value.following
        return (key, value)
    }
}
