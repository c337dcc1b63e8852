import Foundation
import Testing

@testable import Wire

private func started(_ listen: Listen = .tcp(host: "127.0.0.1", port: 0)) throws
    -> (HTTPServer, EchoHandler)
{
    let handler = EchoHandler()
    return (try HTTPServer(listen: listen, handler: handler), handler)
}

@Suite struct `HTTP server` {
    @Test(arguments: [HTTPMethod.get, .post, .put, .patch, .delete, .options])
    func `takes every method with a body and answers on one kept connection`(method: HTTPMethod) throws {
        let (server, handler) = try started()
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        for round in 0..<3 {
            let body = #"{"round":\#(round)}"#
            let bytes = method == .get ? nil : Array(body.utf8)
            let result = client.answer(method, "/a%20b/../c?x=1&y=%20", body: bytes)
            let sent = method == .get ? "" : body
            #expect(result?.body == "\(method.rawValue) /a%20b/../c?x=1&y=%20 key|\(sent)")
        }
        #expect(Set(handler.connections.all).count == 1)
    }

    @Test func `answers later, in whatever order, and ignores answers to peers that have gone`() throws {
        let (server, handler) = try started()
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        #expect(client.answer(.get, "/later?gone", milliseconds: 100)?.failure == .deadline)
        let results = Collector<RESTResult>()
        for index in 0..<3 {
            client.send(
                RESTRequest(
                    method: .get, target: "/later?\(index)", deadlineMilliseconds: 8_000,
                    stateChanging: false)
            ) { results.add($0) }
        }
        #expect(handler.waiting.first(4) != nil)
        #expect(results.all.isEmpty)
        handler.answersHeld.withLock { $0 = true }
        server.wake()
        #expect(results.first(3)?.map(\.body) == ["held", "held", "held"])
    }

    @Test(arguments: [(1 << 20, 200), (1 << 20 + 1, 413)])
    func `takes a body of 1 MiB and not a byte more`(count: Int, status: Int) throws {
        let (server, _) = try started()
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        #expect(client.answer(.post, "/", body: [UInt8](repeating: 65, count: count))?.status == status)
    }

    @Test func `serves pipelined requests one after the other, whole bodies and all`() throws {
        let (server, _) = try started()
        defer { server.stop() }
        let peer = try connected(server.port)
        defer { close(peer) }
        RawServer.say(
            peer,
            "POST /1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
                + "DELETE /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\ndef"
                + "GET /3 HTTP/1.1\r\nConnection: close\r\n\r\n")
        let text = readAll(peer)
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
        #expect(text.contains("POST /1? -|abc") && text.contains("DELETE /2? -|def"))
        #expect(text.hasSuffix("GET /3? -|"))
    }

    @Test(arguments: [
        ("NONSENSE\r\n\r\n", 400), ("HEAD / HTTP/1.1\r\n\r\n", 501), ("GET / HTTP/3.0\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\nA : b\r\n\r\n", 400), ("GET / HTTP/1.1\r\n folded: b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        ("GET /\(String(repeating: "a", count: 40_000))", 431),
    ])
    func `refuses what is no request and closes`(text: String, status: Int) throws {
        let (server, _) = try started()
        defer { server.stop() }
        let peer = try connected(server.port)
        defer { close(peer) }
        RawServer.say(peer, text)
        var room = [UInt8](repeating: 0, count: 64)
        let count = read(peer, &room, room.count)
        #expect(String(decoding: room.prefix(max(count, 0)), as: UTF8.self).hasPrefix("HTTP/1.1 \(status) "))
    }

    @Test func `drops a request without a byte`() throws {
        let (server, _) = try started()
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        #expect(client.answer(.post, "/drop", body: [1])?.unknown == .cut)
        #expect(client.answer(.get, "/drop")?.failure == .cut)
    }

    @Test func `wakes at the earliest time asked for`() throws {
        let (server, handler) = try started()
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        let before = MonotonicClock.microseconds()
        #expect(client.answer(.get, "/schedule")?.status == 204)
        let wakes = handler.wakes.wait { $0.contains { $0 - before >= 20_000 } }
        #expect(wakes != nil)
    }

    @Test func `writes headers on one line each and reads Age and Content-Type`() throws {
        let (server, _) = try started()
        defer { server.stop() }
        let client = RESTClient(baseURL: "http://127.0.0.1:\(server.port)", caFile: nil)
        defer { client.stop() }
        guard case .answered(let answer) = client.answer(.get, "/age") else { return #expect(Bool(false)) }
        #expect(answer.ageSeconds == 7)
        #expect(answer.contentType == "a/b  X: y")
        #expect(answer.sentMicroseconds.map { $0 <= answer.receivedMicroseconds } == true)
    }

    @Test func `serves a unix socket that only its owner may open`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("wire-\(getpid()).s").path
        let (server, _) = try started(.unix(path: path))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(throws: ServerFault.self) { _ = try started(.unix(path: path)) }
        let client = RESTClient(baseURL: "http://localhost", caFile: nil, unixSocketPath: path)
        defer { client.stop() }
        #expect(client.answer(.put, "/u", body: [97])?.body == "PUT /u? key|a")
        server.stop()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `refuses a taken port and a missing certificate, and stops twice`() throws {
        let (server, _) = try started()
        #expect(server.port > 0)
        #expect(throws: ServerFault.self) { _ = try started(.tcp(host: "127.0.0.1", port: server.port)) }
        #expect(throws: ServerFault.badCertificate("/nowhere")) {
            _ = try HTTPServer(
                listen: .tcp(host: "127.0.0.1", port: 0),
                tls: TLSFiles(certificate: "/nowhere", key: "/nowhere"), handler: EchoHandler())
        }
        server.stop()
        server.stop()
        server.wake()
    }

    private func connected(_ port: Int) throws -> Int32 {
        let peer = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(peer, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        return peer
    }

    private func readAll(_ peer: Int32) -> String {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65536)
        while case let count = read(peer, &room, room.count), count > 0 { bytes += room[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite struct `Frames of a client` {
    private func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var head = SocketFrameReader.head(opcode: 0, count: payload.count)
        head[0] = first
        head[1] |= 0x80
        let mask: [UInt8] = [1, 2, 3, 4]
        return head + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536])
    func `come out whole however they are cut`(count: Int) throws {
        let payload = (0..<count).map { UInt8($0 % 251) }
        let bytes = frame(0x01, payload) + frame(0x89, [7]) + frame(0x80, [9])
        for step in [1, 7, 4096, bytes.count] where step > 6 || count < 200 {
            var reader = SocketFrameReader()
            var (inbox, start, events) = ([UInt8](), 0, [SocketFrameReader.Event]())
            for at in stride(from: 0, to: bytes.count, by: step) {
                inbox += bytes[at..<min(at + step, bytes.count)]
                while let event = try reader.next(inbox, &start) { events.append(event) }
            }
            #expect(events == [.ping([7]), .message(payload + [9])])
        }
    }

    @Test(
        arguments: [
            ([0x81, 0x00], 1002), ([0xC1, 0x80], 1002), ([0x83, 0x80, 0, 0, 0, 0], 1002),
            ([0x80, 0x80, 0, 0, 0, 0], 1002), ([0x09, 0x80, 0, 0, 0, 0], 1002), ([0x89, 0xFE, 0, 126], 1002),
            ([0x81, 0xFF, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 0, 0, 0], 1009),
            ([0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], 1009),
        ] as [([UInt8], UInt16)])
    func `are refused when foreign or too long`(bytes: [UInt8], code: UInt16) {
        var reader = SocketFrameReader()
        var start = 0
        #expect(throws: SocketFrameFault(code: code)) { _ = try reader.next(bytes, &start) }
    }
}
