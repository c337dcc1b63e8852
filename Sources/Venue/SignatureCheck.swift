import CSodium

/// Ed25519 with base64 keys, as the venue's clients use it.
public enum SignatureCheck {
    /// The bytes of a base64 text; `nil` when it is none or has another length.
    static func bytes(_ text: String, count: Int) -> [UInt8]? {
        var out = [UInt8](repeating: 0, count: count + 3)
        var length = 0
        let code = text.withCString { source in
            sodium_base642bin(
                &out, out.count, source, text.utf8.count, nil, &length, nil, sodium_base64_VARIANT_ORIGINAL)
        }
        guard code == 0, length == count else { return nil }
        return Array(out[0..<count])
    }

    static func text(_ bytes: [UInt8]) -> String {
        let length = sodium_base64_encoded_len(bytes.count, sodium_base64_VARIANT_ORIGINAL)
        var out = [CChar](repeating: 0, count: length)
        _ = sodium_bin2base64(&out, length, bytes, bytes.count, sodium_base64_VARIANT_ORIGINAL)
        return String(decoding: out.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func isValid(signature: String, of message: String, key: [UInt8]) -> Bool {
        guard let signature = bytes(signature, count: 64) else { return false }
        let message = Array(message.utf8)
        return crypto_sign_verify_detached(signature, message, UInt64(message.count), key) == 0
    }

    /// A new pair of keys: the 32-byte seed and the public key, base64.
    public static func makeKeys() -> (secret: String, key: String) {
        precondition(sodium_init() >= 0, "libsodium can be used")
        var seed = [UInt8](repeating: 0, count: 32)
        randombytes_buf(&seed, 32)
        return (text(seed), publicKey(seed))
    }

    /// Signs as a client does; `nil` when the secret is not 32 bytes in base64.
    public static func sign(_ message: String, secret: String) -> String? {
        guard let seed = bytes(secret, count: 32) else { return nil }
        var open = [UInt8](repeating: 0, count: 32), hidden = [UInt8](repeating: 0, count: 64)
        crypto_sign_seed_keypair(&open, &hidden, seed)
        var signature = [UInt8](repeating: 0, count: 64)
        let message = Array(message.utf8)
        crypto_sign_detached(&signature, nil, message, UInt64(message.count), hidden)
        return text(signature)
    }

    private static func publicKey(_ seed: [UInt8]) -> String {
        var open = [UInt8](repeating: 0, count: 32), hidden = [UInt8](repeating: 0, count: 64)
        crypto_sign_seed_keypair(&open, &hidden, seed)
        return text(open)
    }
}
