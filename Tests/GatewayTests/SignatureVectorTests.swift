import Exchange
import Foundation
import Gateway
import Testing

@testable import Venue

@Suite struct `The published signing vectors` {
    private let vectors: [[String: Any]], bad: [[String: Any]]
    private let seed: String, apiKey: String
    private let key: [UInt8]

    init() throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(
            contentsOf: tests.appendingPathComponent("ExchangeTests/Fixtures/signing-vectors.json"))
        let whole = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let pair = try #require(whole["key"] as? [String: Any])
        vectors = try #require(whole["vectors"] as? [[String: Any]])
        bad = try #require(whole["mustReject"] as? [[String: Any]])
        seed = try #require(pair["seedBase64"] as? String)
        apiKey = try #require(pair["publicKeyBase64"] as? String)
        key = try #require(SignatureCheck.bytes(apiKey, count: 32))
    }

    private func text(_ one: [String: Any], _ name: String) throws -> String {
        try #require(one[name] as? String, "\(one["name"] ?? "") has no \(name)")
    }

    @Test func `are signed by the program byte for byte`() throws {
        #expect(vectors.count == 30)
        let signer = try Signer(secretBase64: seed, apiKey: apiKey)
        for one in vectors {
            let signature = signer.sign(try text(one, "signingString"))
            #expect(signature == (try text(one, "signature")), "\(one["name"] ?? "")")
            if let headers = one["headers"] as? [String: String] {
                #expect(headers["X-Signature"] == signature && headers["X-API-Key"] == signer.apiKey)
            }
        }
    }

    @Test func `are accepted by the venue, and no other text or key with them`() throws {
        let other = try #require(SignatureCheck.bytes(seed, count: 32))
        for one in vectors {
            let message = try text(one, "signingString"), signature = try text(one, "signature")
            let name = one["name"] as? String ?? ""
            #expect(SignatureCheck.isValid(signature: signature, of: message, key: key), "\(name)")
            #expect(!SignatureCheck.isValid(signature: signature, of: message + " ", key: key), "\(name)")
            #expect(!SignatureCheck.isValid(signature: signature, of: message, key: other), "\(name)")
            #expect(!SignatureCheck.isValid(signature: signature + "\n", of: message, key: key), "\(name)")
        }
    }

    @Test func `that must be refused are refused`() throws {
        #expect(bad.count == 9)
        for one in bad {
            let name = one["name"] as? String ?? ""
            let expected = try text(one, "expectedSigningString"), signature = try text(one, "signature")
            // What the venue holds the signature against is what it reads from the request itself.
            let instruction = try #require(Instruction(rawValue: try text(one, "instruction")))
            let route = try #require(Self.routes[instruction])
            let batch = one["params"] is [Any]
            let method = route.method
            let rebuilt = try SigningText.fromWire(
                method: method, path: batch ? route.path + "s" : route.path, query: "",
                body: method == "GET" ? [] : try body(one["params"]),
                timestamp: try #require(one["timestamp"] as? Int64),
                window: try #require(one["window"] as? Int64))
            #expect(rebuilt == expected, "\(name)")
            #expect(!SignatureCheck.isValid(signature: signature, of: expected, key: key), "\(name)")
            // Each is a good signature of something else, or none at all.
            let instead = try text(one, "signedInstead")
            let isOfAnother = SignatureCheck.isValid(signature: signature, of: instead, key: key)
            #expect(isOfAnother == (instead != expected), "\(name)")
        }
    }

    @Test(arguments: ["", "=", "A", String(repeating: "A", count: 88), "not base64 at all, but 64 long"])
    func `are not matched by what is no signature`(signature: String) {
        #expect(!SignatureCheck.isValid(signature: signature, of: "", key: key))
    }

    private static let routes: [Instruction: (method: String, path: String)] = [
        .orderExecute: ("POST", "/api/v1/order"), .balanceQuery: ("GET", "/api/v1/capital"),
        .orderCancelAll: ("DELETE", "/api/v1/orders"),
    ]

    private func body(_ parameters: Any?) throws -> [UInt8] {
        Array(try JSONSerialization.data(withJSONObject: try #require(parameters)))
    }
}
