import Foundation
import Synchronization
import Testing

@testable import Wire

@Suite struct `REST client` {
    private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test func `puts a state-changing request on the wire at most once`() throws {
        let seen = Collector<String>()
        let answer = ok
        let server = try RawServer { peer in
            while let request = RawServer.readRequest(peer) {
                seen.add(String(request.prefix { $0 != " " }) + String(request.suffix(1)))
                if request.hasSuffix("2") { break }
                RawServer.say(peer, answer)
            }
            close(peer)
        }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        #expect(client.answer(.post, "/order", body: Array("1".utf8))?.status == 200)
        #expect(client.answer(.post, "/order", body: Array("2".utf8))?.unknown == .wouldRepeat)
        #expect(client.answer(.post, "/order", body: Array("3".utf8))?.status == 200)
        client.stop()
        server.stop()
        #expect(seen.all == ["POST1", "POST2", "POST3"])
    }

    @Test func `may read again when a kept connection died`() throws {
        let seen = Collector<Int>()
        let answer = ok
        let server = try RawServer { peer in
            while RawServer.readRequest(peer) != nil {
                seen.add(1)
                if seen.all.count == 2 { break }
                RawServer.say(peer, answer)
            }
            close(peer)
        }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        #expect(client.answer(.get, "/1")?.status == 200)
        #expect(client.answer(.get, "/2")?.status == 200)
        client.stop()
        server.stop()
        #expect(seen.all.count == 3)
    }

    @Test func `keeps its deadline when nothing is answered`() throws {
        let handler = EchoHandler()
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: handler)
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        let before = MonotonicClock.microseconds()
        let result = client.answer(.post, "/never", body: [1], milliseconds: 150)
        let took = MonotonicClock.microseconds() - before
        #expect(result?.unknown == .deadline)
        #expect(took >= 140_000 && took < 2_000_000)
        #expect(client.answer(.get, "/never", milliseconds: 50)?.failure == .deadline)
    }

    @Test func `fails surely when nothing could be sent`() throws {
        let server = try RawServer { close($0) }
        server.stop()
        let refused = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { refused.stop() }
        #expect(refused.answer(.post, "/", body: [1])?.failure == .refused)
        #expect(refused.answer(.post, "/\r\nX: y", body: [1])?.failure == .badRequest)
        let nowhere = RESTClient(baseURL: "http://no.such.name.invalid", caFile: nil)
        #expect(nowhere.answer(.post, "/", body: [1])?.failure == .unresolved)
        nowhere.stop()
        nowhere.stop()
        #expect(nowhere.answer(.post, "/", body: [1])?.failure == .stopped)
    }

    @Test func `sends more requests than it has connections`() throws {
        let handler = EchoHandler()
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: handler)
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        let results = Collector<Int>()
        for index in 0..<200 {
            client.send(
                RESTRequest(
                    method: .post, target: "/\(index)", body: [65], deadlineMilliseconds: 9_000,
                    stateChanging: true)
            ) { results.add($0.status ?? 0) }
        }
        #expect(results.first(200)?.allSatisfy { $0 == 200 } == true)
        #expect(Set(handler.connections.all).count <= 16)
    }

    @Test(arguments: [(8 << 20, true), (8 << 20 + 1, false)])
    func `takes an answer of 8 MiB and not a byte more`(count: Int, fits: Bool) throws {
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: EchoHandler())
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        let result = client.answer(.get, "/huge?\(count)")
        #expect(fits ? result?.status == 200 : result?.failure == .oversized)
    }

    @Test func `ends what is pending when it is stopped`() throws {
        let handler = EchoHandler()
        let server = try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: handler)
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        let results = Collector<RESTResult>()
        for changing in [true, false] {
            client.send(
                RESTRequest(
                    method: .post, target: "/never", body: [1], deadlineMilliseconds: 60_000,
                    stateChanging: changing)
            ) { results.add($0) }
        }
        #expect(handler.waiting.first(2) != nil)
        client.stop()
        #expect(results.all.count == 2)
        #expect(results.all.contains { $0.unknown == .stopped })
        #expect(results.all.contains { $0.failure == .stopped })
    }

    @Test func `trusts the right authority and nobody else`() throws {
        guard let certificates = Certificates.make() else { return }
        let good = try HTTPServer(
            listen: .tcp(host: "127.0.0.1", port: 0), tls: certificates.files, handler: EchoHandler())
        let wrong = try HTTPServer(
            listen: .tcp(host: "127.0.0.1", port: 0), tls: certificates.wrongHost, handler: EchoHandler())
        defer {
            good.stop()
            wrong.stop()
        }
        func result(_ port: Int, _ caFile: String?) -> RESTResult? {
            let client = RESTClient(baseURL: "https://localhost:\(port)", caFile: caFile)
            defer { client.stop() }
            return client.answer(.post, "/t", body: [66])
        }
        #expect(result(good.port, certificates.files.certificate)?.body == "POST /t? key|B")
        #expect(result(good.port, nil)?.failure == .untrusted)
        #expect(result(good.port, certificates.wrongHost.certificate)?.failure == .untrusted)
        #expect(result(wrong.port, certificates.wrongHost.certificate)?.failure == .untrusted)
    }
}
