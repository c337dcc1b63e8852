import Synchronization

/// Blocks of client order ids, each on the disk before its first id leaves (FORMULAS E13).
final class IDBlocks: Sendable {
    private let path: String
    private let next: Mutex<UInt32>
    static let count: UInt32 = 1 << 19

    /// - Parameter path: file with the number of the next block; missing in a new folder.
    init(path: String) throws(StartFault) {
        self.path = path
        guard let bytes = try smallFile(path) else {
            next = Mutex(1)
            return
        }
        guard let number = UInt32(String(decoding: bytes, as: UTF8.self).trimmed.filter { $0 != "\n" }) else {
            throw StartFault(
                "\(path): does not hold a block number; an order id must never be used twice, so put the "
                    + "file back from a copy, or write a number above every block used")
        }
        next = Mutex(number)
    }

    /// `nil` when the disk refuses or all are used up: then nothing can be sent.
    func take() -> UInt32? {
        next.withLock { next in
            guard next < Self.count else { return nil }
            do throws(StartFault) { try replaceFile(path, Array("\(next + 1)\n".utf8)) } catch { return nil }
            defer { next += 1 }
            return next
        }
    }
}
