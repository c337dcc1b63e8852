import Glibc

/// Reads a run's records in order, over all its segments.
///
/// A last record that is cut short (the process was killed, the power went) ends the reading and is told;
/// damage anywhere else is told with its place, and reading goes on while records can be made out.
public struct JournalReader {
    /// One record and whether its bytes are those that were written.
    public struct Entry {
        public let record: Record
        /// `segment:offset`, for people.
        public let place: String
        public let isSound: Bool
    }

    private let files: [String]
    private var nextFile = 0
    private var bytes: [UInt8] = []
    private var offset = 0
    private var chain: UInt64 = 0
    private var name = ""
    /// The chain of the first segment read is taken as it stands.
    private var trustsChain = false
    /// Bytes after the last whole record of the last segment.
    public private(set) var tornBytes = 0
    public private(set) var ended = false

    /// - Parameter path: the folder of a run, its `journal` folder, or its first segment.
    /// - Throws: what is missing and where it was looked for.
    public init(path: String) throws(JournalFault) {
        var folder = path
        if path.hasSuffix(".neapj") || path.hasSuffix(".neapj" + SegmentPacker.suffix) {
            guard
                [JournalWriter.name(1), JournalWriter.name(1) + SegmentPacker.suffix].contains(
                    where: path.hasSuffix)
            else {
                throw JournalFault(
                    "\(path): a replay starts at the first segment; give the folder or \(JournalWriter.name(1))"
                )
            }
            folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/")
            if folder.isEmpty { folder = path.hasPrefix("/") ? "/" : "." }
        } else if access(path + "/journal", F_OK) == 0 {
            folder = path + "/journal"
        }
        // Live runs share a folder: the youngest one's journal is meant.
        if Self.segment(1, in: folder) == nil, let last = Self.folders(in: folder).last {
            folder += "/" + last
        }
        var files: [String] = []
        while let file = Self.segment(files.count + 1, in: folder) { files.append(file) }
        guard !files.isEmpty else {
            throw JournalFault("\(folder): no journal here (\(JournalWriter.name(1)) is missing)")
        }
        self.files = files
    }

    /// How many segments the run has.
    public var segmentCount: Int { files.count }

    /// Begins at a segment of the run instead of the first one.
    /// - Parameter segment: counts from 1.
    public mutating func start(at segment: Int) {
        (nextFile, trustsChain) = (segment - 1, segment > 1)
    }

    /// The next record; `nil` at the end.
    /// - Throws: bytes that are no record.
    public mutating func next() throws(JournalFault) -> Entry? {
        if ended { return nil }
        if offset == bytes.count, !(try openNext()) { return nil }
        let place = "\(name):\(offset)"
        let left = bytes.count - offset
        var reader = ByteReader(bytes, from: offset, to: bytes.count)
        guard let count = try? reader.u32(), count <= JournalWriter.recordBytesMax else {
            if left < 4, nextFile == files.count { return torn(left) }
            throw JournalFault("\(place): no record stands here; the file is damaged")
        }
        guard count + 12 <= left else {
            guard nextFile == files.count else {
                throw JournalFault("\(place): a record is cut short before the last segment")
            }
            return torn(left)
        }
        let body = offset + 4
        let expected = bytes.withUnsafeBytes {
            Chain.next(chain, UnsafeRawBufferPointer(rebasing: $0[body..<body + count]))
        }
        var inner = ByteReader(bytes, from: body, to: body + count)
        var tail = ByteReader(bytes, from: body + count, to: body + count + 8)
        guard let stored = try? tail.u64(), let record = try? Record(&inner) else {
            throw JournalFault("\(place): the record cannot be read; its bytes were changed")
        }
        offset = body + count + 8
        // One changed record is one report: the chain goes on from what is written.
        chain = stored
        if case .end = record { ended = true }
        return Entry(record: record, place: place, isSound: stored == expected)
    }

    private mutating func torn(_ left: Int) -> Entry? {
        (tornBytes, ended) = (left, true)
        return nil
    }

    private mutating func openNext() throws(JournalFault) -> Bool {
        guard nextFile < files.count else {
            ended = true
            return false
        }
        let file = files[nextFile]
        nextFile += 1
        bytes = try Self.contents(file)
        name = JournalWriter.name(nextFile)
        var reader = ByteReader(bytes)
        if bytes.count < JournalWriter.magic.count + 8, nextFile == files.count {
            // The process died while it began this file.
            _ = torn(bytes.count)
            return false
        }
        guard bytes.starts(with: JournalWriter.magic) else {
            throw JournalFault("\(file): is no journal of this program's format")
        }
        reader.place = JournalWriter.magic.count
        guard let first = try? reader.u64() else {
            throw JournalFault("\(file): is cut short in its first bytes")
        }
        if nextFile > 1, first != chain, !trustsChain {
            throw JournalFault("\(file): does not follow the segment before it")
        }
        chain = first
        trustsChain = false
        offset = reader.place
        guard offset < bytes.count else { return try openNext() }
        return true
    }

    private static func folders(in folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), segment(1, in: folder + "/" + name) != nil { names.append(name) }
        }
        return names.sorted()
    }

    /// Plain or packed; while it is being packed both may be there, and the plain one is whole.
    private static func segment(_ number: Int, in folder: String) -> String? {
        let plain = folder + "/" + JournalWriter.name(number)
        return [plain, plain + SegmentPacker.suffix].first { access($0, F_OK) == 0 }
    }

    private static func contents(_ path: String) throws(JournalFault) -> [UInt8] {
        if path.hasSuffix(SegmentPacker.suffix) {
            guard let bytes = SegmentPacker.contents(path) else {
                throw JournalFault("\(path): cannot be unpacked; the file is damaged")
            }
            return bytes
        }
        let handle = open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard handle >= 0, fstat(handle, &status) == 0 else {
            throw JournalFault("\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(handle) }
        let size = Int(status.st_size)
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while done < size {
                let got = read(handle, buffer.baseAddress! + done, size - done)
                if got < 0, errno == EINTR { continue }
                if got <= 0 { break }
                done += got
            }
            count = done
        }
        return bytes
    }
}
