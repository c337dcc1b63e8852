/// Bytes waiting to be written, in order, shared rather than copied.
struct Outbox {
    private var blocks: [[UInt8]] = []
    private var first = 0
    private var offset = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        blocks.append(bytes)
        count += bytes.count
    }

    /// Moves bytes from the front into `room` until it is full or nothing is left; returns how many.
    mutating func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        var taken = 0
        while taken < room.count, first < blocks.count {
            let size = min(room.count - taken, blocks[first].count - offset)
            blocks[first].withUnsafeBytes { block in
                let part = UnsafeRawBufferPointer(rebasing: block[offset..<offset + size])
                UnsafeMutableRawBufferPointer(rebasing: room[taken..<taken + size]).copyMemory(from: part)
            }
            taken += size
            offset += size
            if offset == blocks[first].count {
                blocks[first] = []
                first += 1
                offset = 0
            }
        }
        count -= taken
        if first == blocks.count {
            blocks.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 64, first * 2 > blocks.count {
            blocks.removeFirst(first)
            first = 0
        }
        return taken
    }
}
