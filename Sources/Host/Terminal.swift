import Glibc

/// The two ways out of the program, unbuffered: the C streams are shared mutable state.
enum Terminal {
    /// One line on standard output.
    static func say(_ line: String) { write(STDOUT_FILENO, line) }
    /// One line on standard error.
    static func complain(_ line: String) { write(STDERR_FILENO, line) }

    /// Text as it is on standard output.
    static func put(_ text: String) { write(STDOUT_FILENO, text, end: "") }

    private static func write(_ descriptor: Int32, _ line: String, end: String = "\n") {
        var bytes = Array((line + end).utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
