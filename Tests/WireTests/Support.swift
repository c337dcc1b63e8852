import Foundation
import Synchronization
import Testing

@testable import Wire

/// Values from other threads, waited for with a deadline.
final class Collector<Value: Sendable>: Sendable {
    private let condition = NSCondition()
    private let values = Mutex<[Value]>([])

    func add(_ value: Value) {
        condition.lock()
        values.withLock { $0.append(value) }
        condition.broadcast()
        condition.unlock()
    }

    var all: [Value] { values.withLock { $0 } }

    /// The values once `enough` says so; nil after ten seconds.
    func wait(seconds: Double = 10, until enough: ([Value]) -> Bool) -> [Value]? {
        let end = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while !enough(all) {
            if !condition.wait(until: end) { return enough(all) ? all : nil }
        }
        return all
    }

    func first(_ count: Int = 1) -> [Value]? { wait { $0.count >= count } }
}

/// Answers with what it was asked; `/later` waits for `release`, `/drop` drops, `/age` has headers.
final class EchoHandler: HTTPServerHandler, @unchecked Sendable {
    let connections = Collector<UInt64>()
    let waiting = Collector<String>()
    let openings = Collector<String>()
    let closings = Collector<Bool>()
    let wakes = Collector<Int64>()
    private var held: [RequestToken] = []
    private var open: [ConnectionToken] = []
    let answersHeld = Mutex(false)
    let closesAll = Mutex(false)

    func started(_ io: ServerIO) {}
    func request(_ request: HTTPRequest, _ id: RequestToken, _ io: ServerIO) {
        connections.add(id.connection)
        switch request.path {
        case "/later":
            held.append(id)
            waiting.add(request.query)
        case "/drop": io.drop(id)
        case "/never": waiting.add("never")
        case "/schedule":
            io.schedule(afterMicroseconds: 60_000_000)
            io.schedule(afterMicroseconds: 20_000)
            io.schedule(afterMicroseconds: 50_000_000)
            io.respond(id, status: 204, headers: [], body: [1])
        case "/age":
            io.respond(id, status: 200, headers: [("Age", "7"), ("Content-Type", "a/b\r\nX: y")], body: [])
        case "/huge":
            let count = Int(request.query) ?? 0
            io.respond(id, status: 200, headers: [], body: [UInt8](repeating: 65, count: count))
        default:
            let text =
                "\(request.method.rawValue) \(request.path)?\(request.query) "
                + "\(request.header("X-API-Key") ?? "-")|"
            io.respond(
                id, status: 200, headers: [("Content-Type", "text/plain")],
                body: Array(text.utf8) + request.body)
        }
    }
    func admits(_ upgrade: HTTPRequest) -> Bool { upgrade.path != "/forbidden" }
    func opened(_ c: ConnectionToken, path: String, _ io: ServerIO) {
        open.append(c)
        openings.add(path)
        if path == "/huge" { io.send(c, [UInt8](repeating: 66, count: 1 << 20 + 1)) }
    }
    func message(_ c: ConnectionToken, _ bytes: [UInt8], _ io: ServerIO) { io.send(c, bytes) }
    func closed(_ c: ConnectionToken, _ io: ServerIO) {
        open.removeAll { $0 == c }
        closings.add(true)
    }
    func wake(_ io: ServerIO) {
        wakes.add(MonotonicClock.microseconds())
        if answersHeld.withLock({ $0 }) {
            for id in held.reversed() { io.respond(id, status: 200, headers: [], body: Array("held".utf8)) }
            held = []
        }
        if closesAll.withLock({ $0 }) {
            for c in open { io.close(c) }
            open = []
        }
    }
}

/// What a stream's handler heard.
final class StreamLog: WebSocketHandler, Sendable {
    let openings = Collector<Bool>()
    let frames = Collector<[UInt8]>()
    let closures = Collector<WebSocketClosure>()
    let greeting: [[UInt8]]
    init(greeting: [String] = []) { self.greeting = greeting.map { Array($0.utf8) } }
    func opened() -> [[UInt8]] {
        openings.add(true)
        return greeting
    }
    func frame(_ bytes: [UInt8], receivedMicroseconds: Int64) { frames.add(bytes) }
    func closed(reason: WebSocketClosure) { closures.add(reason) }
}

extension RESTClient {
    /// The result, waited for.
    func answer(_ request: RESTRequest) -> RESTResult? {
        let results = Collector<RESTResult>()
        send(request) { results.add($0) }
        return results.first()?[0]
    }

    func answer(
        _ method: HTTPMethod, _ target: String, body: [UInt8]? = nil, milliseconds: Int = 8_000
    ) -> RESTResult? {
        answer(
            RESTRequest(
                method: method, target: target, headers: [("X-API-Key", "key")], body: body,
                deadlineMilliseconds: milliseconds, stateChanging: method != .get))
    }
}

extension RESTResult {
    var body: String? {
        guard case .answered(let answer) = self else { return nil }
        return String(decoding: answer.body, as: UTF8.self)
    }
    var status: Int? {
        guard case .answered(let answer) = self else { return nil }
        return answer.status
    }
    var failure: RESTFailure.Cause? {
        guard case .failed(let failure) = self else { return nil }
        return failure.cause
    }
    var unknown: RESTFailure.Cause? {
        guard case .unknown(let failure) = self else { return nil }
        return failure.cause
    }
}

/// A listening socket of plain POSIX calls: each accepted connection is handed to `serve` on one thread.
final class RawServer: Sendable {
    let port: Int
    private let listener: Int32
    private let thread: ServiceThread

    init(_ serve: @escaping @Sendable (Int32) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        try #require(bound)
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        thread = ServiceThread {
            while true {
                let peer = accept(listener, nil, nil)
                if peer < 0 { return }
                serve(peer)
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        thread.join()
        close(listener)
    }

    /// Reads one request with its body; nil when the peer closed first.
    static func readRequest(_ peer: Int32) -> String? {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4096)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let head = text.range(of: "\r\n\r\n") {
                let length =
                    text.lowercased().components(separatedBy: "content-length: ").dropFirst().first
                    .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
                if text[head.upperBound...].utf8.count >= length { return text }
            }
            let count = read(peer, &room, room.count)
            if count <= 0 { return nil }
            bytes += room[..<count]
        }
    }

    static func say(_ peer: Int32, _ text: String) { _ = write(peer, text, text.utf8.count) }
}

/// A certificate for `localhost` and an unrelated one, removed with their owner; nil when there is no
/// `openssl` command.
final class Certificates {
    let directory: URL
    var files: TLSFiles { TLSFiles(certificate: path("good.pem"), key: path("good.key")) }
    var wrongHost: TLSFiles { TLSFiles(certificate: path("wrong.pem"), key: path("wrong.key")) }
    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    private init(_ directory: URL) { self.directory = directory }

    deinit { try? FileManager.default.removeItem(at: directory) }

    static func make() -> Certificates? {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("wire-\(UUID())")
        let made = Certificates(directory)
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            for (name, host) in [("good", "localhost"), ("wrong", "elsewhere.test")] {
                let openssl = Process()
                openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                openssl.arguments = [
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes",
                    "-days", "2",
                    "-subj", "/CN=\(host)",
                    "-addext", "subjectAltName=DNS:\(host)",
                    "-keyout", made.path("\(name).key"), "-out", made.path("\(name).pem"),
                ]
                openssl.standardError = FileHandle.nullDevice
                try openssl.run()
                openssl.waitUntilExit()
                guard openssl.terminationStatus == 0 else { throw POSIXError(.ENOENT) }
            }
            return made
        } catch {
            print("skipped: no certificates without the openssl command (\(error))")
            return nil
        }
    }
}
