import Core
import Dispatch
import Exchange
import Gateway
import Glibc
import Logging
import Synchronization
import Wire

/// Posts alerts to the address of `ALERT_WEBHOOK_URL`, one after the other, on threads of its own. Whoever
/// sends goes on at once: a receiver that is slow or gone costs alerts and nothing else.
///
/// The body is `{"text", "content", "alert", "from", "at"}`: `text` and `content` hold the same line, because
/// some receivers show the one and some the other. What stands behind the host in the address is a secret and
/// is told to nobody.
final class AlertHook: @unchecked Sendable {
    // Unchecked: queue and semaphore are made for several threads, all else is set once or has its lock.
    private struct Alert: Sendable {
        let text: String
        /// Wall clock, microseconds.
        let at: Int64
    }

    private struct State {
        /// The first one is under way or waits for its next try.
        var waiting: [Alert] = []
        var failures = 0, lost = 0
        var isStopped = false
    }

    /// How many may wait; more are counted and left out.
    static let waitingMost = 100
    /// How often one is tried before it is given up.
    static let tries = 10
    private static let deadlineMilliseconds = 10_000

    private let address: Address
    private let from: String
    private let logger: Logger
    private let client: RESTClient
    private let backoff: Backoff
    private let state = Mutex(State())
    private let retries = DispatchQueue(label: "neap.alerts")
    private let quiet = DispatchSemaphore(value: 0)

    /// Where alerts go: what is reached, and what is asked for there.
    struct Address: Sendable, Equatable {
        let base: String, target: String

        /// - Returns: `nil` for what is no address, or one that sends plain text to another machine.
        init?(_ url: String) {
            guard let scheme = ["https://", "http://"].first(where: url.hasPrefix) else { return nil }
            let rest = url.dropFirst(scheme.count)
            let host = rest.prefix { !"/?#".contains($0) }
            let isWritable = url.utf8.allSatisfy { $0 > 32 && $0 < 127 }
            guard !host.isEmpty, !host.contains("@"), isWritable, !rest.contains("#") else { return nil }
            guard scheme == "https://" || Configuration.isLoopback(scheme + host) else { return nil }
            base = scheme + host
            let path = String(rest.dropFirst(host.count))
            target = path.hasPrefix("/") ? path : "/" + path
        }
    }

    /// - Parameters:
    ///   - url: empty for none.
    ///   - from: who speaks, in front of every line.
    /// - Returns: `nil` when alerts are sent nowhere.
    init?(_ url: String, from: String, _ logger: Logger, backoff: Backoff = AlertHook.patience) {
        guard let address = Address(url) else { return nil }
        (self.address, self.from, self.logger, self.backoff) = (address, from, logger, backoff)
        client = RESTClient(baseURL: address.base, caFile: nil)
    }

    /// Between two tries of the same alert: a second, doubled up to a minute.
    static let patience = Backoff(firstMilliseconds: 1000, lastMilliseconds: 60_000)

    /// Hands an alert over; from any thread.
    func send(_ text: String) {
        let alert = Alert(text: text, at: WallClock.microseconds())
        let isFirst = state.withLock { state in
            if state.isStopped { return false }
            guard state.waiting.count < Self.waitingMost else {
                state.lost += 1
                return false
            }
            state.waiting.append(alert)
            return state.waiting.count == 1
        }
        if isFirst { post() }
    }

    /// Takes no more, waits for what is under way, and gives up the rest.
    /// - Parameter seconds: how long.
    func stop(within seconds: Int = 3) {
        let isQuiet = state.withLock { state in
            state.isStopped = true
            return state.waiting.isEmpty
        }
        if !isQuiet { _ = quiet.wait(timeout: .now() + .seconds(seconds)) }
        let left = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting.count
        }
        if left > 0 { logger.warning("\(left) alerts could not be sent to ALERT_WEBHOOK_URL") }
        client.stop()
    }

    private func post() {
        guard let (alert, lost) = state.withLock({ state in state.waiting.first.map { ($0, state.lost) } })
        else { return }
        let request = RESTRequest(
            method: .post, target: address.target,
            headers: [("Content-Type", "application/json; charset=utf-8")], body: body(alert, lost),
            deadlineMilliseconds: Self.deadlineMilliseconds, stateChanging: false)
        client.send(request) { [self] result in ended(result, lost) }
    }

    private func body(_ alert: Alert, _ lost: Int) -> [UInt8] {
        let more = lost > 0 ? " (\(lost) more were too many to send)" : ""
        let line = "\(from): \(alert.text)\(more)"
        var json = JSONText()
        json.object {
            $0.field("text", line)
            $0.field("content", line)
            $0.field("alert", alert.text)
            $0.field("from", from)
            $0.field("at", UTCText.full(microseconds: alert.at))
        }
        return json.bytes
    }

    /// On the client's thread.
    private func ended(_ result: RESTResult, _ lost: Int) {
        let trouble = Self.trouble(result)
        let next = state.withLock { state -> Next in
            // Given up by a stop.
            guard !state.waiting.isEmpty else { return .nothing }
            if let trouble {
                state.failures += 1
                let isLast = !trouble.mayPass || state.failures >= Self.tries
                if !isLast { return .again(state.failures) }
            } else {
                state.lost -= lost
            }
            state.failures = 0
            state.waiting.removeFirst()
            if state.waiting.isEmpty, state.isStopped { quiet.signal() }
            return state.waiting.isEmpty ? .wait : .another
        }
        if case .again(let failures) = next {
            let pause = Int(backoff.waitMicroseconds(failures: failures - 1))
            retries.asyncAfter(deadline: .now() + .microseconds(pause)) { [weak self] in self?.post() }
            return
        }
        if let trouble, next != .nothing {
            logger.warning("An alert could not be sent to ALERT_WEBHOOK_URL: \(trouble.text)")
        }
        if next == .another { post() }
    }

    private enum Next: Equatable {
        /// What this was about is gone already; the queue is empty; the next one is due; the same again after
        /// so many failures.
        case nothing, wait, another
        case again(Int)
    }

    /// Why an alert did not arrive, without a word of the address, and whether it may arrive later.
    private static func trouble(_ result: RESTResult) -> (text: String, mayPass: Bool)? {
        switch result {
        case .answered(let answer) where (200..<300).contains(answer.status): nil
        case .answered(let answer):
            ("it answers \(answer.status)", answer.status >= 500 || [408, 425, 429].contains(answer.status))
        case .failed(let failure), .unknown(let failure):
            ("\(failure.cause)", failure.cause != .badRequest && failure.cause != .stopped)
        }
    }
}
