import CCurl
import Glibc
import Synchronization

/// Sends requests to one service over kept-alive HTTP/1.1 connections, at most 16, all on its own thread.
///
/// TLS is always verified. A state-changing request goes on the wire at most once; a read-only one whose
/// kept connection died may be sent again by libcurl.
public final class RESTClient: Sendable {
    private let core: RESTCore
    private let thread: ServiceThread

    /// - Parameters:
    ///   - baseURL: `https://host` or `http://host:port`, without a path or a final slash.
    ///   - caFile: PEM of the authorities to trust; nil trusts the system's.
    ///   - unixSocketPath: connects to this socket whatever the URL's host is.
    public init(baseURL: String, caFile: String?, unixSocketPath: String? = nil) {
        ignoreBrokenPipes()
        precondition(curlIsReady, "libcurl cannot be initialised")
        let host = baseURL.drop { $0 != "/" }.dropFirst(2).prefix { $0 != ":" && $0 != "/" }
        let isLocal = unixSocketPath != nil || ["localhost", "127.0.0.1", "[", "[::1]"].contains(host)
        let core = RESTCore(
            RESTTransfer.Origin(
                baseURL: baseURL, caFile: caFile, unixSocketPath: unixSocketPath, isLocal: isLocal))
        self.core = core
        thread = ServiceThread { core.run() }
    }

    deinit { stop() }

    /// Sends from any thread. `completion` is called once: on the client's thread, or at once on the
    /// caller's when more than 1024 requests wait or the client is stopped.
    public func send(_ request: RESTRequest, completion: @escaping @Sendable (RESTResult) -> Void) {
        core.send(RESTTransfer(request, completion))
    }

    /// Opens up to `count` connections ahead of need, by reading `target`. The answers are thrown away.
    public func warm(count: Int, target: String = "/") {
        for _ in 0..<max(0, min(count, RESTCore.connectionsMax)) {
            send(
                RESTRequest(method: .get, target: target, deadlineMilliseconds: 5_000, stateChanging: false),
                completion: { _ in })
        }
    }

    /// Ends what is pending (unknown if a state-changing request was sent, else failed) and joins the thread.
    /// From a completion it does all but the waiting.
    public func stop() {
        core.requestStop()
        thread.join()
    }
}

private let curlIsReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

/// What belongs to the client's thread, and the queue that leads there.
final class RESTCore: @unchecked Sendable {
    static let connectionsMax = 16
    static let waitingMax = 1024

    private struct Queue: @unchecked Sendable {
        var waiting: [RESTTransfer] = []
        var isStopped = false
        /// Nil once it is about to be freed: nobody may wake it then.
        var multi: UnsafeMutableRawPointer?
    }

    private let origin: RESTTransfer.Origin
    private let multi: UnsafeMutableRawPointer
    private let queue: Mutex<Queue>
    private var active: [UnsafeMutableRawPointer: RESTTransfer] = [:]
    private var waiting: [RESTTransfer] = []
    private var idle: [UnsafeMutableRawPointer] = []

    init(_ origin: RESTTransfer.Origin) {
        guard let multi = curl_multi_init() else { preconditionFailure("no memory for libcurl") }
        self.origin = origin
        self.multi = multi
        let shared = UncheckedPointer(multi)
        queue = Mutex(Queue(multi: shared.pointer))
        wire_multi_set_number(multi, CURLMOPT_MAXCONNECTS, RESTCore.connectionsMax)
        wire_multi_set_number(multi, CURLMOPT_PIPELINING, 0)
    }

    func send(_ transfer: RESTTransfer) {
        let refusal: RESTFailure.Cause? = queue.withLock { queue in
            if queue.isStopped { return .stopped }
            if queue.waiting.count >= RESTCore.waitingMax { return .overloaded }
            queue.waiting.append(transfer)
            if let multi = queue.multi { curl_multi_wakeup(multi) }
            return nil
        }
        if let refusal { transfer.fail(refusal, "not sent") }
    }

    func requestStop() {
        queue.withLock { queue in
            queue.isStopped = true
            if let multi = queue.multi { curl_multi_wakeup(multi) }
        }
    }

    /// The body of the client's thread.
    func run() {
        while takeQueue() {
            startWaiting()
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            let finished = finishDone()
            // What has just ended makes room, and what waits may have its deadline passed.
            if finished, !waiting.isEmpty { continue }
            curl_multi_poll(multi, nil, 0, pollMilliseconds(), nil)
        }
        queue.withLock { $0.multi = nil }
        for (easy, transfer) in active {
            curl_multi_remove_handle(multi, easy)
            curl_easy_cleanup(easy)
            transfer.fail(.stopped, "the client was stopped")
        }
        for easy in idle { curl_easy_cleanup(easy) }
        for transfer in waiting { transfer.fail(.stopped, "the client was stopped") }
        curl_multi_cleanup(multi)
        (active, idle, waiting) = ([:], [], [])
    }

    private func takeQueue() -> Bool {
        queue.withLock { queue in
            waiting += queue.waiting
            queue.waiting = []
            return !queue.isStopped
        }
    }

    private func startWaiting() {
        let now = MonotonicClock.microseconds()
        var left: [RESTTransfer] = []
        for transfer in waiting {
            if transfer.deadline <= now {
                transfer.fail(.deadline, "no connection was free in time")
            } else if active.count < RESTCore.connectionsMax {
                start(transfer, now)
            } else {
                left.append(transfer)
            }
        }
        waiting = left
    }

    private func start(_ transfer: RESTTransfer, _ now: Int64) {
        guard let easy = idle.popLast() ?? curl_easy_init() else {
            return transfer.fail(.overloaded, "no memory for libcurl")
        }
        guard transfer.prepare(easy, origin, now: now), curl_multi_add_handle(multi, easy) == CURLM_OK else {
            curl_easy_cleanup(easy)
            return transfer.fail(.badRequest, "libcurl refuses the request")
        }
        active[easy] = transfer
    }

    private func finishDone() -> Bool {
        var result = CURLE_OK
        var any = false
        while let easy = wire_next_finished(multi, &result) {
            any = true
            var status = 0
            wire_response_code(easy, &status)
            curl_multi_remove_handle(multi, easy)
            let transfer = active.removeValue(forKey: easy)
            curl_easy_reset(easy)
            idle.append(easy)
            transfer?.finish(result, status: status)
        }
        return any
    }

    private func pollMilliseconds() -> Int32 {
        guard let next = waiting.map(\.deadline).min() else { return 60_000 }
        return Int32(min(max((next - MonotonicClock.microseconds()) / 1_000 + 1, 1), 60_000))
    }
}
