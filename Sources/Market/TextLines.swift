import CZlib
import Glibc

/// The lines of a plain or gzip file, one after the other, however large the file is.
final class TextLines {
    static let lineBytesMax = 1 << 20

    private let path: String
    private let file: gzFile
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    private var start = 0, end = 0
    private var isOver = false
    /// Of the last line given out, from 1.
    private(set) var number = 0

    /// - Throws: what the system says of the path.
    init(_ path: String) throws(MarketFault) {
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else { throw MarketFault(path, String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw MarketFault(path, "is not a regular file") }
        guard let file = gzopen(path, "rb") else {
            throw MarketFault(path, String(cString: strerror(errno)))
        }
        self.file = file
        gzbuffer(file, 128 << 10)
    }

    deinit { gzclose(file) }

    /// The next line without its end; `nil` after the last.
    func next() throws(MarketFault) -> ArraySlice<UInt8>? {
        while true {
            if let place = buffer[start..<end].firstIndex(of: 10) {
                var line = buffer[start..<place]
                start = place + 1
                number += 1
                if line.last == 13 { line.removeLast() }
                return line
            }
            if isOver {
                guard start < end else { return nil }
                defer { start = end }
                number += 1
                return buffer[start..<end]
            }
            try fill()
        }
    }

    private func fill() throws(MarketFault) {
        if start > 0 {
            buffer.replaceSubrange(0..<(end - start), with: Array(buffer[start..<end]))
            (start, end) = (0, end - start)
        }
        if end == buffer.count {
            guard buffer.count < Self.lineBytesMax else {
                throw MarketFault(path, line: number + 1, "is longer than 1 MiB")
            }
            buffer += [UInt8](repeating: 0, count: buffer.count)
        }
        let room = buffer.count - end
        let count = buffer.withUnsafeMutableBytes {
            gzread(file, $0.baseAddress! + end, UInt32(room))
        }
        guard count >= 0 else {
            var code: Int32 = 0
            let text = gzerror(file, &code).map { String(cString: $0) } ?? "cannot be read"
            throw MarketFault(path, line: number + 1, text)
        }
        if count < room {
            isOver = gzeof(file) != 0 || count == 0
            var code: Int32 = 0
            _ = gzerror(file, &code)
            // A gzip file that was cut says so only when it is read to its end.
            guard code == Z_OK || code == Z_STREAM_END else {
                throw MarketFault(path, line: number + 1, "the compressed file is cut short or damaged")
            }
        }
        end += Int(count)
    }
}
