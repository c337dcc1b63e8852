import CZlib
import Glibc

/// A place in a run's journal, between two records.
public struct JournalPosition: Sendable, Equatable {
    /// Counts from 1.
    public let segment: Int
    /// Bytes from the segment's start.
    public let offset: Int
    public init(segment: Int, offset: Int) { (self.segment, self.offset) = (segment, offset) }
}

/// Reads a journal from a place on, also while it is being written: what is there now, and later what came.
///
/// It reads a little at a time and keeps nothing. The chain is not checked: a reader of a finished journal
/// does that.
public final class JournalTail {
    private let folder: String
    private var segment: Int
    private var source: Source?
    private var buffer: [UInt8] = []
    private var place = 0

    private enum Source {
        case plain(Int32)
        case packed(gzFile)
    }

    private static let chunk = 256 << 10

    /// - Throws: when that segment is not there.
    public init(folder: String, from position: JournalPosition) throws(JournalFault) {
        (self.folder, segment) = (folder, position.segment)
        guard let source = Self.open(folder, position.segment, at: position.offset) else {
            throw JournalFault("\(folder)/\(JournalWriter.name(position.segment)): cannot be read")
        }
        self.source = source
    }

    deinit { shut() }

    /// The next whole record; `nil` when there is none yet.
    /// - Throws: bytes that are no record.
    public func next() throws(JournalFault) -> Record? {
        while true {
            if let record = try whole() { return record }
            if fill() { continue }
            guard Self.exists(folder, segment + 1) else { return nil }
            // The writer has left this segment: what it wrote last is there by now.
            if fill() { continue }
            shut()
            segment += 1
            (buffer, place) = ([], 0)
            source = Self.open(folder, segment, at: JournalWriter.magic.count + 8)
            guard source != nil else {
                throw JournalFault("\(folder)/\(JournalWriter.name(segment)): cannot be read")
            }
        }
    }

    private func whole() throws(JournalFault) -> Record? {
        let left = buffer.count - place
        guard left >= 4 else { return nil }
        var reader = ByteReader(buffer, from: place, to: buffer.count)
        guard let count = try? reader.u32(), count <= JournalWriter.recordBytesMax else {
            throw JournalFault("\(JournalWriter.name(segment)): no record stands where one should")
        }
        guard left >= count + 12 else { return nil }
        var inner = ByteReader(buffer, from: place + 4, to: place + 4 + count)
        guard let record = try? Record(&inner) else {
            throw JournalFault("\(JournalWriter.name(segment)): a record cannot be read")
        }
        place += count + 12
        return record
    }

    /// - Returns: whether there was anything more.
    private func fill() -> Bool {
        guard let source else { return false }
        let more = [UInt8](unsafeUninitializedCapacity: Self.chunk) { bytes, count in
            let got =
                switch source {
                case .plain(let file): read(file, bytes.baseAddress!, Self.chunk)
                case .packed(let stream): Int(gzread(stream, bytes.baseAddress!, UInt32(Self.chunk)))
                }
            count = max(0, got)
        }
        guard !more.isEmpty else { return false }
        buffer = place == buffer.count ? more : Array(buffer[place...]) + more
        place = 0
        return true
    }

    private func shut() {
        switch source {
        case .plain(let file): close(file)
        case .packed(let stream): gzclose(stream)
        case nil: break
        }
        source = nil
    }

    private static func exists(_ folder: String, _ segment: Int) -> Bool {
        let plain = folder + "/" + JournalWriter.name(segment)
        return access(plain, F_OK) == 0 || access(plain + SegmentPacker.suffix, F_OK) == 0
    }

    /// The plain file as long as it is there; it stays readable while it is being packed.
    private static func open(_ folder: String, _ segment: Int, at offset: Int) -> Source? {
        let plain = folder + "/" + JournalWriter.name(segment)
        let file = Glibc.open(plain, O_RDONLY | O_CLOEXEC)
        if file >= 0 {
            guard lseek(file, off_t(offset), SEEK_SET) == off_t(offset) else {
                close(file)
                return nil
            }
            return .plain(file)
        }
        guard let stream = gzopen(plain + SegmentPacker.suffix, "rb") else { return nil }
        guard gzseek(stream, off_t(offset), SEEK_SET) == off_t(offset) else {
            gzclose(stream)
            return nil
        }
        return .packed(stream)
    }
}
