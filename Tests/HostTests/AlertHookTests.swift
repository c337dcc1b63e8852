import Core
import Exchange
import Foundation
import Synchronization
import Testing
import Venue
import Wire

@testable import Host

/// A receiver of alerts on loopback that answers what it is told to.
private final class Receiver: HTTPServerHandler {
    struct Post: Sendable {
        let path: String, type: String, body: [UInt8]
        var fields: [String: String] {
            (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: String]) ?? [:]
        }
    }
    private let posts = Mutex<[Post]>([])
    private let statuses: Mutex<[Int]>
    private let came = NSCondition()

    /// - Parameter statuses: one after the other, then 200; 0 never answers.
    init(_ statuses: [Int] = []) { self.statuses = Mutex(statuses) }

    func started(_ io: ServerIO) {}
    func wake(_ io: ServerIO) {}
    func opened(_ c: ConnectionToken, path: String, _ io: ServerIO) {}
    func message(_ c: ConnectionToken, _ bytes: [UInt8], _ io: ServerIO) {}
    func closed(_ c: ConnectionToken, _ io: ServerIO) {}

    func request(_ request: HTTPRequest, _ id: RequestToken, _ io: ServerIO) {
        let post = Post(
            path: request.path + (request.query.isEmpty ? "" : "?" + request.query),
            type: request.header("Content-Type") ?? "", body: request.body)
        came.lock()
        posts.withLock { $0.append(post) }
        came.broadcast()
        came.unlock()
        let status = statuses.withLock { $0.isEmpty ? 200 : $0.removeFirst() }
        if status > 0 { io.respond(id, status: status, headers: [], body: []) }
    }

    var count: Int { posts.withLock { $0.count } }

    /// - Returns: what has come when so many have, or after ten seconds.
    func first(_ count: Int) -> [Post] {
        let deadline = Date(timeIntervalSinceNow: 10)
        came.lock()
        defer { came.unlock() }
        while posts.withLock({ $0.count }) < count { if !came.wait(until: deadline) { break } }
        return posts.withLock { $0 }
    }
}

@Suite struct `Alerts to a webhook` {
    private struct Stage {
        let receiver: Receiver
        let server: HTTPServer
        let folder: TemporaryFolder
        let log: LogFile
        let hook: AlertHook

        init(_ statuses: [Int] = []) throws {
            receiver = Receiver(statuses)
            server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: receiver)
            folder = try TemporaryFolder()
            log = try LogFile(path: folder.path + "/log", speaks: false)
            hook = try #require(
                AlertHook(
                    "http://127.0.0.1:\(server.port)/services/hunter2?token=hunter2", from: "neap live",
                    log.logger, backoff: Backoff(firstMilliseconds: 10, lastMilliseconds: 20)))
            log.tell(hook)
        }

        func close() {
            hook.stop()
            server.stop()
        }
        var text: String { (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? "" }
    }

    @Test func `arrive as JSON, in order, with what both kinds of receivers show`() throws {
        let stage = try Stage()
        defer { stage.close() }
        stage.hook.send("SOL: \"both\" legs\nopen")
        stage.hook.send("second")
        let posts = stage.receiver.first(2)
        #expect(posts.map { $0.fields["alert"] } == ["SOL: \"both\" legs\nopen", "second"])
        let first = try #require(posts.first)
        #expect(first.path == "/services/hunter2?token=hunter2")
        #expect(first.type.hasPrefix("application/json"))
        #expect(first.fields["text"] == "neap live: SOL: \"both\" legs\nopen")
        #expect(first.fields["content"] == first.fields["text"])
        #expect(first.fields["from"] == "neap live")
        #expect(first.fields["at"]?.hasSuffix("Z") == true)
    }

    @Test func `are what the desk alerts of, and what host and guardian log as one`() throws {
        let stage = try Stage()
        defer { stage.close() }
        let text = NoteText(logger: stage.log.logger, instruments: [], alerts: stage.hook)
        text.log([.ready(pairs: 1), .alert("a leg is open"), .reconciled], at: Timestamp(microseconds: 0))
        stage.log.logger.error("ALERT the guardian died; starting another")
        stage.log.logger.error("no alert")
        stage.hook.send("last")
        let alerts = stage.receiver.first(3).map { $0.fields["alert"] }
        #expect(alerts == ["a leg is open", "the guardian died; starting another", "last"])
    }

    @Test func `are tried again while the receiver is ill, and none comes twice or out of order`() throws {
        let stage = try Stage([503, 429, 500])
        defer { stage.close() }
        for number in 1...3 { stage.hook.send("\(number)") }
        let alerts = stage.receiver.first(6).map { $0.fields["alert"] }
        #expect(alerts == ["1", "1", "1", "1", "2", "3"])
        #expect(!stage.text.contains("hunter2"))
    }

    @Test func `that are refused, or fail too often, are given up with a word that hides the address`() throws
    {
        let stage = try Stage([404] + Array(repeating: 503, count: AlertHook.tries))
        defer { stage.close() }
        for number in 1...3 { stage.hook.send("\(number)") }
        let alerts = stage.receiver.first(AlertHook.tries + 2).map { $0.fields["alert"] }
        #expect(alerts == ["1"] + Array(repeating: "2", count: AlertHook.tries) + ["3"])
        #expect(stage.text.contains("could not be sent to ALERT_WEBHOOK_URL: it answers 404"))
        #expect(stage.text.contains("could not be sent to ALERT_WEBHOOK_URL: it answers 503"))
        #expect(!stage.text.contains("hunter2") && !stage.text.contains("127.0.0.1"))
    }

    @Test func `to one that never answers keep nobody waiting, and those too many are counted`() throws {
        let stage = try Stage([0])
        defer { stage.close() }
        let began = MonotonicClock.microseconds()
        for number in 0..<AlertHook.waitingMost + 7 { stage.hook.send("\(number)") }
        #expect(MonotonicClock.microseconds() - began < 1_000_000)
        #expect(stage.receiver.first(1).count == 1)
        stage.hook.stop(within: 0)
        #expect(MonotonicClock.microseconds() - began < 3_000_000)
        #expect(stage.receiver.count == 1)
        #expect(stage.text.contains("\(AlertHook.waitingMost) alerts could not be sent"))
    }

    @Test(arguments: [
        ("https://hooks.example.com/services/T/B", "https://hooks.example.com", "/services/T/B"),
        ("https://example.com", "https://example.com", "/"),
        ("https://example.com?a=b", "https://example.com", "/?a=b"),
        ("http://127.0.0.1:81/x", "http://127.0.0.1:81", "/x"),
    ])
    func `have an address`(url: String, base: String, target: String) throws {
        let address = try #require(AlertHook.Address(url))
        #expect(address.base == base && address.target == target)
    }

    @Test(arguments: [
        "secret", "http://example.com/x", "https://", "https:///x", "ftp://example.com",
        "https://example.com/a b", "https://example.com/#x",
        "http://127.0.0.1:x@example.com/", "https://user:word@example.com/",
    ])
    func `have none that is no address or tells everybody`(url: String) {
        #expect(AlertHook.Address(url) == nil)
        let (_, faults) = Configuration.read(
            file: EnvFile.read(Array("ALERT_WEBHOOK_URL=\"\(url)\"".utf8)).lines, named: ".env",
            environment: [:])
        #expect(faults.contains { $0.contains("ALERT_WEBHOOK_URL=…: must be") })
        #expect(!faults.joined().contains("=\(url)"))
    }

    @Test func `go nowhere without an address`() throws {
        let folder = try TemporaryFolder()
        let log = try LogFile(path: folder.path + "/log", speaks: false)
        #expect(AlertHook("", from: "neap", log.logger) == nil)
        let (_, faults) = Configuration.read(
            file: EnvFile.read(Array("ALERT_WEBHOOK_URL=".utf8)).lines, named: ".env", environment: [:])
        #expect(faults == [])
    }
}
