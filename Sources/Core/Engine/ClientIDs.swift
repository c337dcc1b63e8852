/// Client order ids, handed out in order from blocks that were reserved durably before (FORMULAS E13).
struct ClientIDs: Sendable {
    static let perBlock: UInt32 = 4096
    private var blocks: [UInt32] = []
    private var index: UInt32 = 0
    private var asked = false
    /// Ids of a guardian have a bit that ids of a host have not.
    var isGuardian = false
    /// The first and the last block that were ever reserved here; zero before there is one.
    private(set) var first: UInt32 = 0, last: UInt32 = 0

    mutating func add(block: UInt32) {
        blocks.append(block)
        reserved(from: first == 0 ? block : min(first, block), to: max(last, block))
        asked = false
    }

    /// Tells of blocks that earlier runs used up.
    mutating func reserved(from first: UInt32, to last: UInt32) { (self.first, self.last) = (first, last) }

    /// The id lies in a block that was reserved here; of the host or of its guardian.
    func owns(_ id: ClientOrderID) -> Bool {
        let block = (id.raw & 0x7FFF_FFFF) / Self.perBlock
        return first > 0 && block >= first && block <= last
    }

    /// The next id, or `nil` when no reserved block is left. Id 0 is never used.
    mutating func next() -> ClientOrderID? {
        guard let block = blocks.first else { return nil }
        if block == 0 && index == 0 { index = 1 }
        let id = Execution.clientID(block: block, index: index, guardian: isGuardian)
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
