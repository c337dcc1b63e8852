import Foundation
import Synchronization
import Testing

@testable import Wire

private let quick = Backoff(firstMilliseconds: 20, lastMilliseconds: 100, jitter: { 0.5 })

private func endpoint(_ port: Int, _ path: String = "/", host: String = "127.0.0.1", caFile: String? = nil)
    throws -> WebSocketEndpoint
{
    let scheme = caFile == nil ? "ws" : "wss"
    let url = "\(scheme)://\(host):\(port)\(path)"
    return try #require(WebSocketEndpoint(url: url, caFile: caFile, backoff: quick))
}

@Suite struct `WebSocket service` {
    @Test func `says and hears messages of every size`() throws {
        let handler = EchoHandler()
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: handler)
        let service = WebSocketService()
        defer {
            service.stop()
            server.stop()
        }
        let log = StreamLog(greeting: ["subscribe"])
        let handle = service.open(try endpoint(server.port, "/stream?a=b"), handler: log)
        #expect(log.frames.first()?.first == Array("subscribe".utf8))
        #expect(handler.openings.all == ["/stream?a=b"])
        let sizes = [1, 125, 126, 65_535, 65_536, 600 * 1024, 1 << 20]
        for size in sizes { handle.send((0..<size).map { UInt8(97 + $0 % 26) }) }
        let frames = log.frames.first(1 + sizes.count)
        #expect(frames?.dropFirst().map(\.count) == sizes)
        #expect(frames?.last?.enumerated().allSatisfy { $1 == UInt8(97 + $0 % 26) } == true)
        handle.close()
        #expect(log.closures.first() == [.requested])
        #expect(handler.closings.first() != nil)
    }

    @Test func `comes back after the server closed and subscribes anew`() throws {
        let handler = EchoHandler()
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: handler)
        let service = WebSocketService()
        defer {
            service.stop()
            server.stop()
        }
        let log = StreamLog(greeting: ["one", "two"])
        let handle = service.open(try endpoint(server.port), handler: log)
        #expect(log.frames.first(2) != nil)
        handler.closesAll.withLock { $0 = true }
        server.wake()
        #expect(log.closures.first() == [.byServer(code: 1000)])
        let texts = log.frames.first(4)?.map { String(decoding: $0, as: UTF8.self) }
        #expect(texts == ["one", "two", "one", "two"])
        handler.closesAll.withLock { $0 = false }
        handle.reconnect()
        #expect(log.closures.first(2)?.last == .requested)
        #expect(log.frames.first(6) != nil)
    }

    @Test func `is not disturbed by a resolver that hangs for another stream`() throws {
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: EchoHandler())
        let release = DispatchSemaphore(value: 0)
        let asked = Collector<String>()
        let service = WebSocketService(resolver: { name in
            asked.add(name)
            if name == "hangs.test" { release.wait() }
            return name == "lives.test" ? ["127.0.0.1"] : nil
        })
        defer {
            service.stop()
            server.stop()
        }
        let (stuck, lost, live) = (StreamLog(), StreamLog(), StreamLog(greeting: ["x"]))
        _ = service.open(try endpoint(server.port, host: "hangs.test"), handler: stuck)
        #expect(asked.first() != nil)
        let handle = service.open(try endpoint(server.port, host: "lives.test"), handler: live)
        _ = service.open(try endpoint(server.port, host: "dead.test"), handler: lost)
        #expect(live.frames.first() != nil)
        handle.send([65])
        #expect(live.frames.first(2) != nil)
        #expect(lost.closures.first(2)?.first == .unresolved)
        #expect(stuck.closures.all.isEmpty)
        release.signal()
        #expect(stuck.closures.first()?.first == .unresolved)
        release.signal()
        release.signal()
    }

    @Test func `does not wait for a hanging resolver when it is stopped`() throws {
        let release = DispatchSemaphore(value: 0)
        let asked = Collector<String>()
        let service = WebSocketService(resolver: { name in
            asked.add(name)
            release.wait()
            return nil
        })
        let log = StreamLog()
        _ = service.open(try endpoint(1, host: "hangs.test"), handler: log)
        #expect(asked.first() != nil)
        service.stop()
        service.stop()
        #expect(log.closures.all == [.requested])
        release.signal()
    }

    @Test func `trusts the right authority and nobody else`() throws {
        guard let certificates = Certificates.make() else { return }
        let good = try HTTPServer(
            listen: .tcp(host: "127.0.0.1", port: 0), tls: certificates.files, handler: EchoHandler())
        let wrong = try HTTPServer(
            listen: .tcp(host: "127.0.0.1", port: 0), tls: certificates.wrongHost, handler: EchoHandler())
        let service = WebSocketService(resolver: { _ in ["127.0.0.1"] })
        defer {
            service.stop()
            good.stop()
            wrong.stop()
        }
        let right = StreamLog(greeting: ["x"])
        let (stranger, wrongHost, system) = (StreamLog(), StreamLog(), StreamLog())
        let ca = certificates.files.certificate
        let otherCA = certificates.wrongHost.certificate
        let handle = service.open(try endpoint(good.port, host: "localhost", caFile: ca), handler: right)
        _ = service.open(try endpoint(good.port, host: "localhost", caFile: otherCA), handler: stranger)
        _ = service.open(try endpoint(wrong.port, host: "localhost", caFile: otherCA), handler: wrongHost)
        let url = "wss://localhost:\(good.port)/"
        _ = service.open(try #require(WebSocketEndpoint(url: url, backoff: quick)), handler: system)
        #expect(right.frames.first() != nil)
        handle.send([UInt8](repeating: 67, count: 600 * 1024))
        #expect(right.frames.first(2)?.last?.count == 600 * 1024)
        for refused in [stranger, wrongHost, system] {
            guard case .unreachable = refused.closures.first()?.first else {
                Issue.record("not refused: \(refused.closures.all)")
                continue
            }
            #expect(refused.openings.all.isEmpty)
        }
    }

    @Test func `drops a message that is too long and a server that refuses`() throws {
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: EchoHandler())
        let service = WebSocketService()
        defer {
            service.stop()
            server.stop()
        }
        let (huge, forbidden) = (StreamLog(), StreamLog())
        _ = service.open(try endpoint(server.port, "/huge"), handler: huge)
        _ = service.open(try endpoint(server.port, "/forbidden"), handler: forbidden)
        #expect(huge.closures.first(2)?.first == .oversized)
        #expect(huge.frames.all.isEmpty)
        guard case .unreachable = forbidden.closures.first()?.first else { return #expect(Bool(false)) }
    }

    @Test func `pings a silent server, lives on its pongs and drops one that is dead`() throws {
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: EchoHandler())
        let held = Mutex<[Int32]>([])
        let dead = try RawServer { peer in
            guard let request = RawServer.readRequest(peer),
                let key = request.components(separatedBy: "Sec-WebSocket-Key: ").last?.prefix(24)
            else { return }
            let answer = String(decoding: HTTPAnswer.switching(key: String(key)), as: UTF8.self)
            RawServer.say(peer, answer)
            held.withLock { $0.append(peer) }
        }
        let patience = WebSocketPatience(pingMilliseconds: 60, dropMilliseconds: 240)
        let service = WebSocketService(patience: patience)
        let (quiet, gone) = (StreamLog(), StreamLog())
        let alive = service.open(try endpoint(server.port), handler: quiet)
        #expect(quiet.openings.first() != nil)
        _ = service.open(try endpoint(dead.port), handler: gone)
        #expect(gone.closures.first(2)?.first == .silent)
        #expect(quiet.closures.all.isEmpty)
        alive.send([65])
        #expect(quiet.frames.first() != nil)
        service.stop()
        server.stop()
        dead.stop()
        held.withLock { for peer in $0 { close(peer) } }
    }

    @Test func `is refused where nobody listens, and tries again and again`() throws {
        let nobody = try RawServer { close($0) }
        nobody.stop()
        let service = WebSocketService()
        defer { service.stop() }
        let log = StreamLog()
        _ = service.open(try endpoint(nobody.port), handler: log)
        let closures = log.closures.first(3)
        #expect(closures?.allSatisfy { if case .unreachable = $0 { true } else { false } } == true)
    }

    @Test(arguments: [
        ("wss://a.b/c?d", "a.b", 443, "/c?d"), ("ws://a", "a", 80, "/"), ("ws://a:9?x", "a", 9, "/?x"),
    ])
    func `reads its endpoint`(url: String, host: String, port: Int, target: String) {
        let read = WebSocketEndpoint(url: url)
        #expect(read?.host == host && read?.port == port && read?.target == target)
    }

    @Test(arguments: ["http://a", "ws://", "ws://a:0", "ws://a:70000", "ws://a b", "ws://a:1:2", ""])
    func `refuses what is no endpoint`(url: String) {
        #expect(WebSocketEndpoint(url: url) == nil)
    }

    @Test func `waits twice as long each time, up to a limit`() {
        let none = Backoff(jitter: { 0 })
        #expect(
            [0, 1, 2, 8, 9, 60].map { none.waitMicroseconds(failures: $0) }
                == [50_000, 100_000, 200_000, 12_800_000, 15_000_000, 15_000_000])
        let most = Backoff(jitter: { 1 })
        #expect(most.waitMicroseconds(failures: 60) == 30_000_000)
    }
}
