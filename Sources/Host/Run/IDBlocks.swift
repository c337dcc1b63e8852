import Core
import Synchronization

/// Blocks of client order ids, each on the disk before its first id leaves (FORMULAS E13).
final class IDBlocks: Sendable {
    private struct State {
        /// The next block, as far as this process knows.
        var next: UInt32 = 1
        /// The record of the last run tells of blocks.
        var isRecorded = false
        var fault: String?
    }
    private let path: String
    private let state = Mutex(State())

    /// - Parameter path: file with the number of the next block; missing in a new folder.
    init(path: String) {
        self.path = path
        do throws(StartFault) {
            let stored = try Self.stored(path)
            isNew = stored == nil
            if let stored { state.withLock { $0.next = stored } }
        } catch { isNew = false }
    }

    /// Nothing is stored yet: what was used on this account before is not known here.
    let isNew: Bool

    /// Blocks up to this one were used, by the record of the last run.
    func passOver(_ last: UInt32) {
        state.withLock { state in
            state.next = max(state.next, min(last, ClientIDs.blocksEnd) + 1)
            state.isRecorded = last > 0
        }
    }

    /// No block is left.
    var isUsedUp: Bool { state.withLock { $0.next >= ClientIDs.blocksEnd } }

    private static func stored(_ path: String) throws(StartFault) -> UInt32? {
        guard let bytes = try smallFile(path) else { return nil }
        guard let number = UInt32(String(decoding: bytes, as: UTF8.self).trimmed.filter { $0 != "\n" }) else {
            throw StartFault(
                "\(path): does not hold a block number; an order id must never be used twice, so put the "
                    + "file back from a copy, or write a number above every block used")
        }
        return number
    }

    /// `nil` when the disk refuses or all are used up: then nothing that raises risk can be sent, and `fault`
    /// says why.
    func take() -> UInt32? {
        state.withLock { state in
            do throws(StartFault) {
                // The guardian takes blocks of the same file while the host is silent.
                let block = max(state.next, try Self.stored(path) ?? 1)
                guard block < ClientIDs.blocksEnd else { throw StartFault("\(path): all blocks are used up") }
                try replaceFile(path, Array("\(block + 1)\n".utf8))
                (state.next, state.fault) = (block + 1, nil)
                return block
            } catch {
                let known = state.isRecorded ? "; \(state.next) is above those on record" : ""
                state.fault =
                    "no client order ids can be reserved: \(error)\(known). Entries are held when the last ones "
                    + "are used up, hedges and exits go on; it is tried each second"
                return nil
            }
        }
    }

    /// Why the last `take` gave none, and what to do; `nil` when it gave one.
    var fault: String? { state.withLock { $0.fault } }
}
