/// Bytes that are no WebSocket message a client may send: the close code to answer with (RFC 6455, 7.4).
struct SocketFrameFault: Error, Equatable { let code: UInt16 }

/// Cuts the bytes of a client into messages (RFC 6455, server side, no extensions).
struct SocketFrameReader {
    enum Event: Equatable {
        case message([UInt8]), ping([UInt8]), pong
        /// The close code, nil when none was given.
        case close(UInt16?)
    }

    static let messageBytesMax = 1 << 20

    private var message: [UInt8] = []
    private var isInMessage = false

    /// Takes the next event off `bytes` from `start` on, which is moved behind it. Nil: more bytes are
    /// needed.
    mutating func next(_ bytes: [UInt8], _ start: inout Int) throws(SocketFrameFault) -> Event? {
        while let frame = try SocketFrameReader.frame(bytes, &start, held: message.count) {
            switch (frame.opcode, isInMessage) {
            case (0, true): break
            case (1, false), (2, false): isInMessage = true
            case (8, _):
                let payload = frame.payload
                return .close(payload.count < 2 ? nil : UInt16(payload[0]) << 8 | UInt16(payload[1]))
            case (9, _): return .ping(frame.payload)
            case (10, _): return .pong
            default: throw SocketFrameFault(code: 1002)
            }
            message = message.isEmpty ? frame.payload : message + frame.payload
            if frame.isFinal {
                defer { (message, isInMessage) = ([], false) }
                return .message(message)
            }
        }
        return nil
    }

    private struct Frame { var opcode: UInt8, isFinal: Bool, payload: [UInt8] }

    private static func frame(
        _ bytes: [UInt8], _ start: inout Int, held: Int
    ) throws(SocketFrameFault) -> Frame? {
        var at = start
        guard bytes.count - at >= 2 else { return nil }
        let (first, second) = (bytes[at], bytes[at + 1])
        let opcode = first & 0x0F
        let isFinal = first & 0x80 != 0
        // No extension was agreed to, and a client's frame is always masked.
        guard first & 0x70 == 0, second & 0x80 != 0 else { throw SocketFrameFault(code: 1002) }
        var count = Int(second & 0x7F)
        if opcode >= 8, count > 125 || !isFinal { throw SocketFrameFault(code: 1002) }
        at += 2
        let lengthBytes = count == 126 ? 2 : count == 127 ? 8 : 0
        guard bytes.count - at >= lengthBytes + 4 else { return nil }
        if lengthBytes > 0 {
            var wide: UInt64 = 0
            for _ in 0..<lengthBytes {
                wide = wide << 8 | UInt64(bytes[at])
                at += 1
            }
            guard wide <= UInt64(messageBytesMax) else { throw SocketFrameFault(code: 1009) }
            count = Int(wide)
        }
        if opcode < 8, held + count > messageBytesMax { throw SocketFrameFault(code: 1009) }
        guard bytes.count - at >= count + 4 else { return nil }
        let mask = Array(bytes[at..<at + 4])
        at += 4
        let payload = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            for index in 0..<count { room[index] = bytes[at + index] ^ mask[index & 3] }
            filled = count
        }
        start = at + count
        return Frame(opcode: opcode, isFinal: isFinal, payload: payload)
    }

    /// The head of an unmasked final frame, as a server sends it.
    static func head(opcode: UInt8, count: Int) -> [UInt8] {
        var head: [UInt8] = [0x80 | opcode]
        switch count {
        case ..<126: head.append(UInt8(count))
        case ..<65536: head += [126, UInt8(count >> 8), UInt8(count & 0xFF)]
        default:
            head.append(127)
            for shift in stride(from: 56, through: 0, by: -8) { head.append(UInt8(count >> shift & 0xFF)) }
        }
        return head
    }
}
