/// Client order ids, handed out in order from blocks that were reserved durably before (FORMULAS E13).
///
/// Where none can be reserved, as on a full disk, what reduces risk goes under ids that are made of the time
/// and need nobody's memory: they lie in the half of all ids that no block is ever taken from, and each has
/// an eighth of a second for its own. A run gives out the ids of its own span of time only, each two seconds
/// late: so a run after it begins above them whatever was or was not written down, and sends nothing before
/// what an earlier one may have signed last is void.
public struct ClientIDs: Sendable {
    static let perBlock = ClientOrderID.perBlock
    /// Blocks are reserved below this one; the rest of the numbers belongs to the time.
    public static let blocksEnd: UInt32 = 1 << 18
    /// Eight ids a second last for four years before one comes again.
    static let tick: Int64 = 125_000, ticks: Int64 = 1 << 30
    /// How many ticks late an id is given out.
    static let patience: Int64 = 16
    /// The last tick whose id was given out; at first the one in which the run began.
    private var lastTick: Int64?
    private var blocks: [UInt32] = []
    private var index: UInt32 = 0
    private var askedAt: Timestamp?
    /// Ids of a guardian have a bit that ids of a host have not.
    var isGuardian = false
    /// The first and the last block that were ever reserved here; zero before there is one.
    private(set) var first: UInt32 = 0, last: UInt32 = 0

    mutating func add(block: UInt32) {
        blocks.append(block)
        reserved(from: first == 0 ? block : min(first, block), to: max(last, block))
        askedAt = nil
    }

    /// Tells of blocks that earlier runs used up.
    mutating func reserved(from first: UInt32, to last: UInt32) { (self.first, self.last) = (first, last) }

    /// The id lies in a block that was reserved here; of the host or of its guardian. One made of the time
    /// counts as ours once there was a block.
    func owns(_ id: ClientOrderID) -> Bool {
        first > 0 && (Self.isOfTime(id) || (id.block >= first && id.block <= last))
    }

    /// Made of the time, by whichever host: it says nothing of blocks.
    public static func isOfTime(_ id: ClientOrderID) -> Bool { id.block >= blocksEnd }

    /// There are reserved ids left.
    var hasReserved: Bool { !blocks.isEmpty }

    /// There is an id for what reduces risk.
    func hasNext(at now: Timestamp) -> Bool { hasReserved || isTime(at: now) }

    private func isTime(at now: Timestamp) -> Bool {
        lastTick.map { $0 + 1 + Self.patience <= now.microseconds / Self.tick } ?? false
    }

    /// The run begins: what was made of the time before belongs to earlier ones.
    mutating func begin(at now: Timestamp) { lastTick = now.microseconds / Self.tick }

    /// An id made of the time, or `nil` when it is too early for the next. For what reduces risk only.
    mutating func nextOfTime(at now: Timestamp) -> ClientOrderID? {
        guard let lastTick, isTime(at: now) else { return nil }
        self.lastTick = lastTick + 1
        let number = UInt32(Self.ticks + (lastTick + 1) % Self.ticks)
        return ClientOrderID(raw: isGuardian ? number | 1 << 31 : number)
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

    /// True when the last block is half used; once a second until there is another.
    mutating func needsBlock(at now: Timestamp) -> Bool {
        guard askedAt.map({ now - $0 >= .seconds(1) }) ?? true, blocks.count < 2,
            blocks.isEmpty || index >= Self.perBlock / 2
        else { return false }
        askedAt = now
        return true
    }
}
