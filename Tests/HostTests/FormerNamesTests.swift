import Core
import Foundation
import Testing

@testable import Host

private let now = Timestamp(milliseconds: 1_790_000_000_000)

private func names(_ rows: [(id: UInt32?, age: Int64)], open: [UInt32] = []) -> FormerNames {
    var names = FormerNames(recentFrom: now - .seconds(86_400))
    for id in open {
        names.add(FormerOrder(id: ClientOrderID(raw: id), at: now - .seconds(864_000)), isOpen: true)
    }
    for row in rows {
        names.add(FormerOrder(id: row.id.map(ClientOrderID.init(raw:)), at: now - .seconds(row.age)))
    }
    return names
}

@Suite struct `The names of former orders` {
    @Test(
        arguments: [
            (1, 1), (4095, 1), (4096, 2), (7 << 12 | 4095, 8), (8 << 12, 9),
            // A guardian's bit is no part of what counts up.
            (1 << 31 | 7 << 12, 8), (1 << 30 - 1, 1 << 18), (1 << 31 | (1 << 30 - 1), 1 << 18),
        ] as [(UInt32, UInt32)])
    func `keep the block of the highest and the one above it from being used`(id: UInt32, last: UInt32) {
        let found = names([(id, 1_000_000), (0, 0), (nil, 0), (1 << 31, 0)])
        #expect(found.highest == ClientOrderID(raw: id) && found.lastBlock == last)
        #expect(found.recent == nil, "of long ago")
    }

    @Test func `made of the time say nothing of blocks, and all the same that somebody trades here`() {
        let found = names([(1 << 30 | 5, 10), (3 << 12, 864_000)])
        #expect(found.highest == ClientOrderID(raw: 3 << 12))
        #expect(found.recent == ClientOrderID(raw: 1 << 30 | 5))
    }

    @Test func `that are none leave every block`() {
        let found = names([(nil, 0), (0, 0)])
        #expect(found.highest == nil && found.lastBlock == nil && found.recent == nil)
    }

    @Test(arguments: [(86_400, true), (86_401, false)])
    func `of the last day, and of what is open, say that somebody may be trading here`(
        age: Int64, isRecent: Bool
    ) {
        let found = names([(9 << 12, 864_000), (5 << 12, age), (1 << 31 | 6 << 12, 864_000)])
        #expect(found.recent == (isRecent ? ClientOrderID(raw: 5 << 12) : nil))
        #expect(found.highest == ClientOrderID(raw: 9 << 12))
        #expect(names([], open: [3 << 12]).recent == ClientOrderID(raw: 3 << 12))
    }

    @Test(
        arguments: [
            (nil, 1), (1, 2), (4096, 3), (7 << 12 | 9, 9), ((1 << 18 - 3) << 12, 1 << 18 - 1),
            ((1 << 18 - 2) << 12, nil), (1 << 30 - 1, nil), (1 << 30, 1), (0xFFFF_FFFF, 1),
        ] as [(UInt32?, UInt32?)])
    func `are passed over by the blocks that a new folder takes, or none is left`(
        highest: UInt32?, first: UInt32?
    ) throws {
        let folder = try TemporaryFolder()
        let blocks = IDBlocks(path: folder.path + "/client-ids")
        #expect(blocks.isNew)
        if let last = names([(highest, 0)]).lastBlock { blocks.passOver(last) }
        #expect(blocks.isUsedUp == (first == nil))
        #expect(blocks.take() == first)
    }
}
