/// Bytes we cannot believe: which field, what was found, and where, as far as it can be told.
public struct FrameFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// Byte offset of the field in the message; `nil` when the message is not even well-formed.
    public let offset: Int?
    /// The key as the venue writes it; empty for the message as a whole.
    public let field: String
    /// What stands there instead, shortened to 80 bytes.
    public let found: String

    public init(offset: Int? = nil, field: String, found: String) {
        (self.offset, self.field) = (offset, field)
        self.found = found.utf8.count <= 80 ? found : String(found.prefix(60)) + "…"
    }

    public var description: String {
        let place = offset.map { " at byte \($0)" } ?? ""
        return field.isEmpty ? "\(found)\(place)" : "`\(field)`\(place): \(found)"
    }

    /// The same fault with the offset of its field's first appearance in the message.
    func located(in bytes: [UInt8]) -> FrameFault {
        guard offset == nil, !field.isEmpty else { return self }
        let wanted = [UInt8(ascii: "\"")] + Array(field.utf8) + [UInt8(ascii: "\"")]
        guard bytes.count >= wanted.count else { return self }
        for start in 0...(bytes.count - wanted.count)
        where bytes[start] == wanted[0] && bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
            return FrameFault(offset: start, field: field, found: found)
        }
        return self
    }
}
