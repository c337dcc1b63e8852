import Glibc
import Synchronization
import Wire

/// Who may send orders for a folder: the host or its guardian, never both.
///
/// One word of a file that both processes map: the moment until which the host may send, on the clock that
/// only goes forward. The host moves it on as long as its desk turns; the guardian may take it only when it
/// is over by more than a signature lives. Both change it by comparing what they read, so one of them wins. A
/// host that wakes up in the middle of a send has signed before the end of its lease, and the exchange
/// refuses what it signed by the time the guardian acts.
final class Lease: @unchecked Sendable {
    // Unchecked: the words are atomic; the rest is set once.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private static let bytes = 4096

    /// How long the host may send after its desk last turned; µs.
    static let span: Int64 = 2_000_000
    /// What a host has from its start to the first turn.
    static let startSpan: Int64 = 8_000_000
    /// Beyond the end of a lease and the life of a signature, before the guardian acts.
    static let margin: Int64 = 250_000

    private static let guardianHolds = UInt64.max, ended = UInt64.max - 1

    /// - Parameter path: made when it is missing.
    init(path: String) throws(StartFault) {
        let handle = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // A full disk must tell now: the first word written to a page without room would end the process.
        let code = handle < 0 ? errno : posix_fallocate(handle, 0, off_t(Self.bytes))
        guard code == 0, let place = Self.map(handle) else {
            let code = code == 0 ? errno : code
            if handle >= 0 { close(handle) }
            throw StartFault("\(path): \(String(cString: strerror(code)))")
        }
        close(handle)
        words = place
    }

    /// A lease that no other process can see: for a host that makes sure that there is no guardian.
    init() throws(StartFault) {
        guard let place = Self.map(-1) else {
            throw StartFault("no memory for the lease: \(String(cString: strerror(errno)))")
        }
        words = place
    }

    private static func map(_ handle: Int32) -> UnsafeMutablePointer<Atomic<UInt64>>? {
        let way = handle < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED
        let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, way, handle, 0)
        return place == MAP_FAILED ? nil : place?.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    deinit { munmap(UnsafeMutableRawPointer(words), Self.bytes) }

    private var word: UInt64 { words.pointee.load(ordering: .sequentiallyConsistent) }
    private func swap(_ old: UInt64, _ new: UInt64) -> Bool {
        words.pointee.compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent)
            .exchanged
    }

    // MARK: The host

    /// Until when this process may send.
    private let until = Atomic<UInt64>(0)

    /// Takes the lease for a start that may last a while.
    /// - Returns: `false` while the guardian has it.
    func begin(_ now: Int64 = MonotonicClock.microseconds()) -> Bool {
        while true {
            let old = word
            if old == Self.guardianHolds { return false }
            if swap(old, UInt64(now + Self.startSpan)) { return true }
        }
    }

    /// Moves the end on; called whenever the desk turns.
    /// - Returns: `false` when the guardian has taken over: nothing may be sent any more.
    @discardableResult
    func renew(_ now: Int64 = MonotonicClock.microseconds()) -> Bool {
        let new = UInt64(now + Self.span)
        while true {
            let old = word
            if old == Self.guardianHolds { return false }
            if swap(old, new) {
                until.store(new, ordering: .relaxed)
                return true
            }
        }
    }

    /// A state-changing request may leave now.
    func allowsSending(_ now: Int64 = MonotonicClock.microseconds()) -> Bool {
        UInt64(now) < until.load(ordering: .relaxed) && word != Self.guardianHolds
    }

    var isLost: Bool { word == Self.guardianHolds }

    /// The host stops in order: no guardian is needed.
    func end() {
        while true {
            let old = word
            if old == Self.guardianHolds || swap(old, Self.ended) { return }
        }
    }

    /// The host could not start: the guardian need not wait for the end of what it was given.
    func abandon(_ now: Int64 = MonotonicClock.microseconds()) {
        while true {
            let old = word
            if old >= Self.ended || old <= UInt64(now) || swap(old, UInt64(now)) { return }
        }
    }

    /// Asks the guardian to hand over.
    func ask() { words[1].store(1, ordering: .sequentiallyConsistent) }

    /// The guardian is gone without handing over.
    func force() { words.pointee.store(0, ordering: .sequentiallyConsistent) }

    // MARK: The guardian

    enum Sight: Equatable { case held, over, ended }

    /// - Parameter window: how long a signature lives at the exchange, µs.
    func sight(window: Int64, _ now: Int64 = MonotonicClock.microseconds()) -> Sight {
        let word = word
        if word == Self.ended { return .ended }
        return now > Int64(clamping: word) &+ window &+ Self.margin ? .over : .held
    }

    /// Takes the lease if it is over.
    func take(window: Int64, _ now: Int64 = MonotonicClock.microseconds()) -> Bool {
        let old = word
        guard old < Self.ended, now > Int64(old) + window + Self.margin else { return false }
        words[1].store(0, ordering: .sequentiallyConsistent)
        return swap(old, Self.guardianHolds)
    }

    /// The host is back and waits.
    var isWanted: Bool { words[1].load(ordering: .sequentiallyConsistent) == 1 }

    /// Gives it to the host, who has as long as for any start. What the guardian has no more it does not
    /// give.
    func handOver(_ now: Int64 = MonotonicClock.microseconds()) {
        words[1].store(0, ordering: .sequentiallyConsistent)
        _ = swap(Self.guardianHolds, UInt64(now + Self.startSpan))
    }
}

/// A file that one process at a time holds, with the process's number in it.
final class ProcessLock {
    private let handle: Int32

    /// Where nothing can be written it is held all the same, with whatever number stands in it.
    /// - Returns: `nil` when another process holds it.
    init?(path: String) throws(StartFault) {
        let wanted = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        handle = wanted >= 0 ? wanted : open(path, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { throw StartFault("\(path): \(String(cString: strerror(errno)))") }
        guard flock(handle, LOCK_EX | LOCK_NB) == 0 else {
            close(handle)
            return nil
        }
        // Over what is there, and cut off behind it: on a full disk there is no room for it anew.
        let text = Array("\(getpid())\n".utf8)
        if pwrite(handle, text, text.count, 0) == text.count { ftruncate(handle, off_t(text.count)) }
    }

    deinit { close(handle) }

    /// Whether a process holds it.
    static func isHeld(_ path: String) -> Bool {
        let handle = open(path, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { return false }
        defer { close(handle) }
        return flock(handle, LOCK_EX | LOCK_NB) != 0
    }

    /// The process that holds it, as it wrote itself.
    static func holder(_ path: String) -> pid_t? {
        guard let bytes = try? smallFile(path, most: 64) else { return nil }
        return pid_t(String(decoding: bytes, as: UTF8.self).trimmed.filter { $0 != "\n" })
    }
}
