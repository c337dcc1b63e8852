import CZlib
import Glibc
import Synchronization

/// Compresses closed segments beside the desk: `000001.neapj` becomes `000001.neapj.gz`.
///
/// The packed file is written under another name, synced and renamed before the plain one goes: whenever the
/// process ends, one whole file is there.
final class SegmentPacker: @unchecked Sendable {
    // Unchecked: `threads` belongs to the journal's writer alone.
    private var threads: [(thread: pthread_t, work: Packing)] = []
    static let suffix = ".gz"
    private static let chunk = 256 << 10

    /// Starts on a closed segment and returns at once.
    func pack(_ path: String) {
        // One that has ended keeps its stack until it is joined.
        threads.removeAll { thread, work in
            guard work.isOver.load(ordering: .acquiring) else { return false }
            pthread_join(thread, nil)
            return true
        }
        var thread = pthread_t()
        let work = Packing(path)
        let owner = Unmanaged.passRetained(work)
        let code = pthread_create(&thread, nil, packSegment, owner.toOpaque())
        // Without a thread the segment stays as it is, which a reader takes as well.
        guard code == 0 else { return owner.release() }
        threads.append((thread, work))
    }

    /// Waits for what is under way.
    func finish() {
        for (thread, _) in threads { pthread_join(thread, nil) }
        threads = []
    }

    fileprivate static func pack(_ path: String) {
        let input = open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { return }
        defer { close(input) }
        let partial = path + ".part"
        let output = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { return }
        defer { close(output) }
        guard write(input, to: output), fsync(output) == 0, rename(partial, path + suffix) == 0 else {
            unlink(partial)
            return
        }
        unlink(path)
    }

    private static func write(_ input: Int32, to output: Int32) -> Bool {
        let copy = dup(output)
        // Level 1: a journal shrinks to a fifth at it, and the desk shares the processor.
        guard copy >= 0, let stream = gzdopen(copy, "wb1") else { return false }
        var buffer = [UInt8](repeating: 0, count: chunk)
        var isWhole = false
        while true {
            let count = read(input, &buffer, chunk)
            if count < 0, errno == EINTR { continue }
            if count <= 0 {
                isWhole = count == 0
                break
            }
            guard gzwrite(stream, buffer, UInt32(count)) == Int32(count) else { break }
        }
        return gzclose(stream) == Z_OK && isWhole
    }

    /// The bytes of a packed segment; `nil` when it is damaged.
    static func contents(_ path: String) -> [UInt8]? {
        guard let stream = gzopen(path, "rb") else { return nil }
        defer { gzclose(stream) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: chunk)
        while true {
            let count = gzread(stream, &buffer, UInt32(chunk))
            if count < 0 { return nil }
            if count == 0 { return bytes }
            bytes += buffer[..<Int(count)]
        }
    }
}

private final class Packing: Sendable {
    let path: String
    /// Nothing but the thread's own end is to come.
    let isOver = Atomic(false)
    init(_ path: String) { self.path = path }
}

/// The body of a packing thread: of the batch class, so that it never takes a processor from the desk.
private func packSegment(_ owner: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let owner else { return nil }
    let work = Unmanaged<Packing>.fromOpaque(owner).takeRetainedValue()
    var every = sigset_t()
    sigfillset(&every)
    pthread_sigmask(SIG_BLOCK, &every, nil)
    // `SCHED_BATCH` of <sched.h>, which the overlay does not show.
    let batchClass: Int32 = 3
    var parameter = sched_param()
    sched_setscheduler(0, batchClass, &parameter)
    SegmentPacker.pack(work.path)
    work.isOver.store(true, ordering: .releasing)
    return nil
}
