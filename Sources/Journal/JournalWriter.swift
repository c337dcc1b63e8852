import Core
import Glibc

/// Why the journal cannot be kept.
public struct JournalFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Appends records to segments `000001.neapj`, `000002.neapj`… in a folder.
///
/// Records gather in memory until `flush`, which gives them to the kernel: from then on a killed process
/// loses nothing. Syncing to the disk goes on beside, in groups (DESIGN 2, "Durability"). A segment that was
/// followed by another is compressed; the last one stays as it was written.
public final class JournalWriter {
    public static let segmentBytes = 256 << 20
    /// Names the layout: a journal of another one is refused.
    static let magic = Array("NEAPJ003".utf8)
    /// No record is larger; a length beyond it is damage.
    static let recordBytesMax = 32 << 20

    public let folder: String
    private let most: Int
    private let syncer: Syncer
    private let packer = SegmentPacker()
    private var handle: Int32 = -1
    private var pending = ByteWriter()
    private var written = 0
    private var chain: UInt64 = 0
    public private(set) var segment = 0
    /// Set by the first write that fails; nothing is written after it.
    public private(set) var fault: JournalFault?

    /// - Parameters:
    ///   - folder: must exist and hold no segment.
    ///   - segmentBytes: a segment that has grown to it is closed.
    public init(folder: String, segmentBytes: Int = JournalWriter.segmentBytes) {
        (self.folder, most, syncer) = (folder, segmentBytes, Syncer())
    }

    /// A journal where none can be kept: nothing is written, `fault` says why.
    public init(fault: JournalFault) {
        (folder, most, syncer) = ("", Self.segmentBytes, Syncer())
        self.fault = fault
    }

    /// Where the next record will stand, given that everything before it was flushed.
    public var position: JournalPosition {
        JournalPosition(segment: segment, offset: written + pending.bytes.count)
    }

    /// The segment is full, or there is none yet: a header is due.
    public var wantsSegment: Bool { fault == nil && (handle < 0 || written + pending.bytes.count >= most) }

    /// Closes the running segment and begins the next with this header; its number is set here.
    public func begin(_ header: SegmentHeader) {
        guard fault == nil else { return }
        if handle >= 0 {
            flush()
            syncer.close(handle)
            packer.pack(folder + "/" + Self.name(segment))
        }
        segment += 1
        let name = folder + "/" + Self.name(segment)
        handle = open(name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard handle >= 0 else { return fail(name) }
        syncer.watch(handle)
        written = 0
        pending.bytes += Self.magic
        pending.u64(chain)
        var header = header
        header.number = segment
        append(.segment(header))
        flush()
    }

    /// Adds a record to what the next `flush` writes.
    public func append(_ record: Record) {
        guard fault == nil else { return }
        let start = pending.bytes.count
        pending.u32(0)
        record.write(&pending)
        let count = pending.bytes.count - start - 4
        pending.bytes.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt32(count).littleEndian, toByteOffset: start, as: UInt32.self)
            chain = Chain.next(
                chain, UnsafeRawBufferPointer(rebasing: bytes[(start + 4)..<(start + 4 + count)]))
        }
        pending.u64(chain)
    }

    /// Makes a record's bytes and drops them. Keeps what that takes in the processor's cache.
    /// - Returns: how many bytes it had.
    @discardableResult
    public func rehearse(_ record: Record) -> Int {
        var scratch = ByteWriter()
        record.write(&scratch)
        return scratch.bytes.count
    }

    /// Gives everything to the kernel. `fault` tells whether it could.
    public func flush() {
        guard fault == nil, !pending.bytes.isEmpty else { return }
        var done = 0
        pending.bytes.withUnsafeBytes { bytes in
            while done < bytes.count {
                let count = write(handle, bytes.baseAddress! + done, bytes.count - done)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return }
                done += count
            }
        }
        guard done == pending.bytes.count else { return fail(folder + "/" + Self.name(segment)) }
        written += done
        pending.bytes.removeAll(keepingCapacity: true)
        syncer.dirty()
    }

    /// Writes the last record, syncs and closes.
    public func close(_ reason: String) {
        append(.end(reason))
        flush()
        if handle >= 0 { syncer.close(handle) }
        handle = -1
        syncer.stop()
        packer.finish()
    }

    private func fail(_ place: String) {
        fault = JournalFault("\(place): \(String(cString: strerror(errno))); entries stop")
    }

    public static func name(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".neapj"
    }
}

/// Syncs one file to the disk in groups, on a thread of its own.
final class Syncer: @unchecked Sendable {
    // Unchecked: everything below is touched under `mutex` only.
    private var mutex = pthread_mutex_t()
    private var wanted = pthread_cond_t()
    private var thread = pthread_t()
    private var handle: Int32 = -1
    /// Files that are done with: to be synced a last time and closed.
    private var leaving: [Int32] = []
    private var isDirty = false, isStopped = false

    /// Least time between two syncs.
    static let every = timespec(tv_sec: 0, tv_nsec: 5_000_000)

    init() {
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&wanted, nil)
        let code = pthread_create(
            &thread, nil,
            { owner in
                guard let owner else { return nil }
                Unmanaged<Syncer>.fromOpaque(owner).takeRetainedValue().work()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(code == 0, "the syncing thread starts")
    }

    deinit {
        pthread_mutex_destroy(&mutex)
        pthread_cond_destroy(&wanted)
    }

    func watch(_ file: Int32) { locked { handle = file } }
    func dirty() {
        locked {
            isDirty = true
            pthread_cond_signal(&wanted)
        }
    }

    /// Has the file synced a last time and closed, at the latest when `stop` returns. The desk does not wait
    /// for the disk between two segments.
    func close(_ file: Int32) {
        locked {
            leaving.append(file)
            if handle == file { (handle, isDirty) = (-1, false) }
            pthread_cond_signal(&wanted)
        }
    }

    func stop() {
        locked {
            isStopped = true
            pthread_cond_signal(&wanted)
        }
        pthread_join(thread, nil)
    }

    private func work() {
        while true {
            pthread_mutex_lock(&mutex)
            while !isDirty, !isStopped, leaving.isEmpty { pthread_cond_wait(&wanted, &mutex) }
            // A copy of the handle: the desk must not wait for the disk.
            if isDirty, handle >= 0 { leaving.append(dup(handle)) }
            let files = leaving.filter { $0 >= 0 }
            (leaving, isDirty) = ([], false)
            let isLast = isStopped
            pthread_mutex_unlock(&mutex)
            for file in files {
                fdatasync(file)
                Glibc.close(file)
            }
            if isLast { return }
            var pause = Self.every
            nanosleep(&pause, nil)
        }
    }

    private func locked(_ body: () -> Void) {
        pthread_mutex_lock(&mutex)
        body()
        pthread_mutex_unlock(&mutex)
    }
}
