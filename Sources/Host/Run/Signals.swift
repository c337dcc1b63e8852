import Glibc

/// The signals that stop a run are taken by one thread that waits for them; they kill nothing by themselves.
enum Signals {
    static let stopping = [SIGINT, SIGTERM, SIGHUP]

    /// Must run before any other thread exists: they inherit the mask.
    static func block() {
        var set = set(stopping + [SIGUSR1])
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A file that may not grow any more is a write that fails, and no end of the process.
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Waits until one comes.
    static func wait() -> Int32 {
        while true {
            if let signal = wait(milliseconds: 60_000) { return signal }
        }
    }

    /// - Returns: `nil` when the time has passed.
    static func wait(milliseconds: Int) -> Int32? {
        var set = set(stopping + [SIGUSR1])
        var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        let signal = sigtimedwait(&set, nil, &time)
        return signal > 0 ? signal : nil
    }

    /// One that ends a run has come and was not taken yet; it stays for whoever waits.
    static var isStopPending: Bool {
        var pending = sigset_t()
        sigpending(&pending)
        return stopping.contains { sigismember(&pending, $0) == 1 }
    }

    static func name(_ signal: Int32) -> String {
        switch signal {
        case SIGINT: "SIGINT"
        case SIGTERM: "SIGTERM"
        case SIGHUP: "SIGHUP"
        default: "signal \(signal)"
        }
    }

    private static func set(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
