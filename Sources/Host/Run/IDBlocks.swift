import Synchronization

/// Blocks of client order ids, each on the disk before its first id leaves (FORMULAS E13).
final class IDBlocks: Sendable {
    private let path: String
    private let next: Mutex<UInt32>
    static let count: UInt32 = 1 << 19

    /// - Parameter path: file with the number of the next block; missing in a new folder.
    init(path: String) throws(StartFault) {
        self.path = path
        let stored = try Self.stored(path)
        isNew = stored == nil
        next = Mutex(stored ?? 1)
    }

    /// Nothing is stored yet: what was used on this account before is not known here.
    let isNew: Bool

    /// Blocks up to this one were used, by the record of the last run.
    func passOver(_ last: UInt32) { next.withLock { $0 = max($0, last + 1) } }

    private static func stored(_ path: String) throws(StartFault) -> UInt32? {
        guard let bytes = try smallFile(path) else { return nil }
        guard let number = UInt32(String(decoding: bytes, as: UTF8.self).trimmed.filter { $0 != "\n" }) else {
            throw StartFault(
                "\(path): does not hold a block number; an order id must never be used twice, so put the "
                    + "file back from a copy, or write a number above every block used")
        }
        return number
    }

    /// `nil` when the disk refuses or all are used up: then nothing can be sent.
    func take() -> UInt32? {
        next.withLock { next in
            // The guardian takes blocks of the same file while the host is silent.
            do throws(StartFault) { next = max(next, try Self.stored(path) ?? 1) } catch { return nil }
            guard next < Self.count else { return nil }
            do throws(StartFault) { try replaceFile(path, Array("\(next + 1)\n".utf8)) } catch { return nil }
            defer { next += 1 }
            return next
        }
    }
}
