import Testing

@testable import Gateway

@Suite struct `The signer` {
    /// The documentation's own example: PROTOCOL 2.4, `ws-subscribe-doc-example`.
    static let seed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    static let key = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="

    @Test func `signs the documented subscription byte for byte`() throws {
        let signer = try Signer(secretBase64: Self.seed, apiKey: Self.key)
        let signature = signer.sign("instruction=subscribe&timestamp=1614550000000&window=5000")
        #expect(
            signature
                == "Uf+mBpqN/y/EzT77rzrj7ga4mdvZmzq4XW+Lh+9B0K0wLMFJrInMKcACIpSpVaPNzrFEpPhINxEP2rNI3E92CA==")
        #expect(signer.apiKey == Self.key)
    }

    @Test func `refuses keys that do not belong together, other lengths and what is no base64`() {
        #expect(throws: Signer.Fault.keysDoNotMatch) {
            try Signer(secretBase64: Self.seed, apiKey: Self.seed)
        }
        #expect(throws: Signer.Fault.wrongLength(3)) { try Signer(secretBase64: "AAEC") }
        #expect(throws: Signer.Fault.notBase64) { try Signer(secretBase64: "not base64!") }
    }

    @Test func `makes keys that fit each other`() throws {
        let made = Signer.makeKey()
        #expect(try Signer(secretBase64: made.apiSecret).apiKey == made.apiKey)
        #expect(Base64.decode(made.apiKey)?.count == 32)
    }

    @Test func `hashes as SHA-256 does`() {
        #expect(
            Digest.sha256(Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}

@Suite struct `The request budget` {
    @Test func `keeps a reserve for what reduces risk and never passes the minute`() {
        var budget = RateBudget(perMinute: 5, reserved: 2)
        for _ in 0..<3 {
            let taken = budget.take(atSecond: 10, reduces: false)
            #expect(taken)
        }
        let fourth = budget.take(atSecond: 10, reduces: false)
        let reserve = [0, 1].map { _ in budget.take(atSecond: 11, reduces: true) }
        let beyond = budget.take(atSecond: 69, reduces: true)
        #expect(!fourth)
        #expect(reserve == [true, true])
        #expect(!beyond)
    }

    @Test func `gives a second's requests back when they are a minute old`() {
        var budget = RateBudget(perMinute: 2, reserved: 0)
        let first = [10, 10, 69, 70, 70, 70].map { budget.take(atSecond: $0, reduces: true) }
        #expect(first == [true, true, false, true, true, false])
    }
}
