import Testing
import Wire

@testable import Console

private final class Once: Sendable {
    private let gate = AsyncStream<RESTResult>.makeStream()
    func put(_ result: RESTResult) { gate.continuation.yield(result) }
    func get() async -> RESTResult? { await gate.stream.first { _ in true } }
}

private func ask(
    _ port: Int, _ target: String, method: HTTPMethod = .get, headers: [(String, String)] = []
) async -> (status: Int, body: String)? {
    let client = RESTClient(baseURL: "http://127.0.0.1:\(port)", caFile: nil)
    defer { client.stop() }
    let once = Once()
    client.send(
        RESTRequest(
            method: method, target: target, headers: headers, body: method == .post ? [] : nil,
            deadlineMilliseconds: 5_000, stateChanging: false)
    ) { once.put($0) }
    guard case .answered(let answer)? = await once.get() else { return nil }
    return (answer.status, String(decoding: answer.body, as: UTF8.self))
}

private func serve(token: String = "") throws -> HTTPServer {
    let console = ConsoleServer(
        status: { #"{"state":"active"}"# }, records: nil, token: token, host: "127.0.0.1")
    return try HTTPServer(listen: .tcp(host: "127.0.0.1", port: 0), handler: console)
}

@Suite struct `The console` {
    @Test func `shows a page and what the host does, and takes no orders`() async throws {
        let server = try serve()
        defer { server.stop() }
        #expect(await ask(server.port, "/")?.body.contains("<title>neap</title>") == true)
        #expect(await ask(server.port, "/status")?.body == #"{"state":"active"}"#)
        #expect(await ask(server.port, "/rounds")?.body == "[]")
        #expect(await ask(server.port, "/halt", method: .post)?.status == 405)
        #expect(await ask(server.port, "/nothing")?.status == 404)
    }

    @Test(
        arguments: [
            ("/status", nil, 401), ("/status?token=wrong", nil, 401), ("/status?token=secre", nil, 401),
            ("/status?token=secret", nil, 200), ("/status", "Bearer secret", 200),
            ("/status", "Bearer x", 401),
            ("/", nil, 200),
        ] as [(String, String?, Int)])
    func `asks for its token`(target: String, header: String?, status: Int) async throws {
        let server = try serve(token: "secret")
        defer { server.stop() }
        let headers = header.map { [("Authorization", $0)] } ?? []
        #expect(await ask(server.port, target, headers: headers)?.status == status)
    }

    @Test func `answers on loopback only to loopback's names`() async throws {
        let server = try serve()
        defer { server.stop() }
        #expect(await ask(server.port, "/status", headers: [("Host", "evil.test")])?.status == 403)
        #expect(await ask(server.port, "/status", headers: [("Host", "localhost:1")])?.status == 200)
    }

    @Test(arguments: [
        ("127.0.0.1:8765", "127.0.0.1", 8765), ("[::1]:0", "::1", 0), ("localhost:65535", "localhost", 65535),
    ])
    func `reads host and port`(text: String, host: String, port: Int) throws {
        let address = try #require(ConsoleServer.address(text))
        #expect(address.host == host && address.port == port)
    }

    @Test(arguments: ["", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "a:b"])
    func `refuses what is no address`(text: String) { #expect(ConsoleServer.address(text) == nil) }
}
