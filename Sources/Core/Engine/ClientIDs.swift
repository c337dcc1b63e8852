/// Client order ids, handed out in order from blocks that were reserved durably before (FORMULAS E13).
struct ClientIDs: Sendable {
    static let perBlock: UInt32 = 4096
    private var blocks: [UInt32] = []
    private var index: UInt32 = 0
    private var asked = false

    mutating func add(block: UInt32) {
        blocks.append(block)
        asked = false
    }

    /// The next id, or `nil` when no reserved block is left. Id 0 is never used.
    mutating func next() -> ClientOrderID? {
        guard let block = blocks.first else { return nil }
        if block == 0 && index == 0 { index = 1 }
        let id = Execution.clientID(block: block, index: index, guardian: false)
        index += 1
        if index == Self.perBlock {
            blocks.removeFirst()
            index = 0
        }
        return id
    }

    /// True once when the last block is half used.
    mutating func needsBlock() -> Bool {
        guard !asked, blocks.count < 2, blocks.isEmpty || index >= Self.perBlock / 2 else { return false }
        asked = true
        return true
    }
}
