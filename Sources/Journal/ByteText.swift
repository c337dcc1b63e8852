/// Writes whole numbers (little-endian) and counted bytes one after the other.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u32(_ value: Int) { number(UInt32(value)) }
    mutating func i64(_ value: Int64) { number(value) }
    mutating func u64(_ value: UInt64) { number(value) }
    mutating func block(_ value: [UInt8]) {
        u32(value.count)
        bytes += value
    }
    mutating func text(_ value: String) { block(Array(value.utf8)) }

    mutating func list<Element>(_ list: [Element], _ body: (inout ByteWriter, Element) -> Void) {
        u32(list.count)
        for element in list { body(&self, element) }
    }

    private mutating func number<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}

/// Reads what `ByteWriter` wrote; anything that does not fit is a fault, never a crash.
struct ByteReader {
    struct Short: Error {}
    let bytes: [UInt8]
    var place: Int
    let end: Int

    init(_ bytes: [UInt8]) { self.init(bytes, from: 0, to: bytes.count) }
    init(_ bytes: [UInt8], from place: Int, to end: Int) {
        (self.bytes, self.place, self.end) = (bytes, place, end)
    }

    var isAtEnd: Bool { place == end }

    mutating func u8() throws(Short) -> UInt8 { try number() }
    mutating func u32() throws(Short) -> Int { Int(try number() as UInt32) }
    mutating func i64() throws(Short) -> Int64 { try number() }
    mutating func u64() throws(Short) -> UInt64 { try number() }
    mutating func block() throws(Short) -> [UInt8] {
        let count = try u32()
        guard count <= end - place else { throw Short() }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }
    mutating func text() throws(Short) -> String { String(decoding: try block(), as: UTF8.self) }

    mutating func list<Element>(
        _ body: (inout ByteReader) throws(Short) -> Element
    ) throws(Short) -> [Element] {
        let count = try u32()
        // Every element has a byte at least: a count beyond that is damage, not a wish for memory.
        guard count <= end - place else { throw Short() }
        var list: [Element] = []
        for _ in 0..<count { list.append(try body(&self)) }
        return list
    }

    private mutating func number<Value: FixedWidthInteger>() throws(Short) -> Value {
        let count = MemoryLayout<Value>.size
        guard count <= end - place else { throw Short() }
        var value: Value = 0
        withUnsafeMutableBytes(of: &value) { target in
            bytes.withUnsafeBytes {
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[place..<place + count]))
            }
        }
        place += count
        return Value(littleEndian: value)
    }
}

/// The chained hash over records: it finds a changed byte and says in which record. It is no seal against
/// somebody who writes the chain anew.
enum Chain {
    static func next(_ chain: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = chain ^ 0x9E37_79B9_7F4A_7C15 &* UInt64(truncatingIfNeeded: bytes.count &+ 1)
        var place = 0
        while place + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            hash = fold(hash ^ UInt64(littleEndian: word))
            place += 8
        }
        var tail: UInt64 = 0
        for byte in bytes[place...].reversed() { tail = tail << 8 | UInt64(byte) }
        return fold(hash ^ tail ^ 0xA076_1D64_78BD_642F)
    }

    /// A bijection of 64 bits (the finaliser of MurmurHash3): no changed word is ever lost in it.
    private static func fold(_ value: UInt64) -> UInt64 {
        var x = value
        x ^= x >> 33
        x = x &* 0xFF51_AFD7_ED55_8CCD
        x ^= x >> 29
        return (x &* 0xC4CE_B9FE_1A85_EC53) ^ (x >> 32)
    }
}
