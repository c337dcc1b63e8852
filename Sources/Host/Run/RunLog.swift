import Glibc
import Logging
import Synchronization
import Wire

/// `arbitrage.log` and standard error, behind swift-log.
///
/// The file is followed by a new one at 20 MiB; ten are kept: `arbitrage.log`, `.1` … `.9`.
final class LogFile: Sendable {
    static let fileBytes = 20 << 20
    static let files = 10

    private struct State {
        var handle: Int32 = -1
        var bytes = 0
        var last: [String] = []
        var alerts: AlertHook?
    }
    private let path: String
    private let most: Int
    private let state: Mutex<State>
    /// The lines also go to standard error.
    let speaks: Bool

    /// - Parameter mayLack: goes on without the file where it cannot be opened.
    init(
        path: String, speaks: Bool, most: Int = LogFile.fileBytes, mayLack: Bool = false
    ) throws(StartFault) {
        (self.path, self.speaks, self.most) = (path, speaks, most)
        state = Mutex(State())
        let opened = state.withLock { open(&$0) }
        guard opened || mayLack else { throw StartFault("\(path): \(String(cString: strerror(errno)))") }
    }

    deinit { state.withLock { _ = close($0.handle) } }

    /// Lines that begin with this are alerts.
    static let alert = "ALERT "

    /// Sends alerts there as well, from now on.
    func tell(_ alerts: AlertHook?) { state.withLock { $0.alerts = alerts } }

    /// The last lines, for the live table.
    var last: [String] { state.withLock { $0.last } }

    func write(_ level: Logger.Level, _ message: String) {
        let word = level == .warning ? "warn" : level.rawValue
        let line =
            UTCText.full(microseconds: WallClock.microseconds()) + " "
            + word.padding(to: 5) + " " + message
        let bytes = Array((line + "\n").utf8)
        state.withLock { state in
            if state.bytes + bytes.count > most { rotate(&state) }
            _ = bytes.withUnsafeBytes { Glibc.write(state.handle, $0.baseAddress, $0.count) }
            state.bytes += bytes.count
            state.last.append(line)
            if state.last.count > 8 { state.last.removeFirst() }
        }
        if speaks { Terminal.complain(line) }
        guard message.hasPrefix(Self.alert) else { return }
        state.withLock { $0.alerts }?.send(String(message.dropFirst(Self.alert.count)))
    }

    private func open(_ state: inout State) -> Bool {
        state.handle = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        var status = stat()
        guard state.handle >= 0, fstat(state.handle, &status) == 0 else { return false }
        state.bytes = Int(status.st_size)
        return true
    }

    private func rotate(_ state: inout State) {
        close(state.handle)
        for number in stride(from: Self.files - 1, through: 1, by: -1) {
            rename(number == 1 ? path : "\(path).\(number - 1)", "\(path).\(number)")
        }
        _ = open(&state)
    }

    /// A logger that writes here.
    var logger: Logger { Logger(label: "neap") { _ in FileHandler(file: self) } }
}

private struct FileHandler: LogHandler {
    let file: LogFile
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { file.write(event.level, event.message.description) }
}

extension String {
    /// Blanks up to a width; never cut.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
    func padding(left width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
