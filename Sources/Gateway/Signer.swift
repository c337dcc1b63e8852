import CSodium

/// Signs with the account's Ed25519 key. The secret lives in locked memory that is wiped when the signer
/// goes, and has no description.
public final class Signer: @unchecked Sendable {
    // Unchecked: the two buffers are written once in `init` and only read afterwards.
    private let secret: UnsafeMutablePointer<UInt8>
    /// The API key: the public key, standard base64.
    public let apiKey: String

    public enum Fault: Error, Equatable, Sendable, CustomStringConvertible {
        case unavailable, notBase64, wrongLength(Int), keysDoNotMatch
        public var description: String {
            switch self {
            case .unavailable: "the cryptographic library could not be started"
            case .notBase64: "the private key is not base64"
            case .wrongLength(let count): "the private key has \(count) bytes and must have 32 (or 64)"
            case .keysDoNotMatch: "BACKPACK_API_KEY is not the public key of BACKPACK_PRIVATE_KEY"
            }
        }
    }

    private static let secretBytes = 64

    /// - Parameters:
    ///   - secretBase64: 32-byte seed, or 64 bytes of which the first 32 are the seed (PROTOCOL 2.1).
    ///   - apiKey: checked against the seed when given.
    public init(secretBase64: String, apiKey expected: String? = nil) throws(Fault) {
        guard sodium_init() >= 0 else { throw .unavailable }
        guard var seed = Base64.decode(secretBase64) else { throw .notBase64 }
        defer { sodium_memzero(&seed, seed.count) }
        guard seed.count == 32 || seed.count == 64 else { throw .wrongLength(seed.count) }
        guard let memory = sodium_malloc(Self.secretBytes) else { throw .unavailable }
        let bytes = memory.assumingMemoryBound(to: UInt8.self)
        var publicKey = [UInt8](repeating: 0, count: 32)
        crypto_sign_seed_keypair(&publicKey, bytes, seed)
        let key = Base64.encode(publicKey)
        if let expected, expected != key {
            sodium_free(memory)
            throw .keysDoNotMatch
        }
        sodium_mprotect_readonly(memory)
        (secret, apiKey) = (bytes, key)
    }

    deinit {
        sodium_mprotect_readwrite(secret)
        sodium_free(secret)
    }

    /// The signature of a text, standard base64.
    public func sign(_ text: String) -> String {
        var signature = [UInt8](repeating: 0, count: 64)
        var text = text
        let code = text.withUTF8 {
            crypto_sign_detached(&signature, nil, $0.baseAddress, UInt64($0.count), secret)
        }
        precondition(code == 0, "signing does not fail")
        return Base64.encode(signature)
    }

    /// A key pair nobody had before: secret seed and public key, base64.
    public static func makeKey() -> (apiKey: String, apiSecret: String) {
        precondition(sodium_init() >= 0, "the cryptographic library starts")
        var seed = [UInt8](repeating: 0, count: 32), publicKey = [UInt8](repeating: 0, count: 32)
        var pair = [UInt8](repeating: 0, count: 64)
        randombytes_buf(&seed, seed.count)
        crypto_sign_seed_keypair(&publicKey, &pair, seed)
        return (Base64.encode(publicKey), Base64.encode(seed))
    }
}

/// Standard base64 with padding, by libsodium.
public enum Base64 {
    /// `nil` when the text is not standard base64 with padding.
    public static func decode(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: text.utf8.count + 1), count = 0
        let code = sodium_base642bin(
            &bytes, bytes.count, text, text.utf8.count, nil, &count, nil, sodium_base64_VARIANT_ORIGINAL)
        return code == 0 ? Array(bytes.prefix(count)) : nil
    }

    public static func encode(_ bytes: [UInt8]) -> String {
        let size = sodium_base64_encoded_len(bytes.count, sodium_base64_VARIANT_ORIGINAL)
        var text = [CChar](repeating: 0, count: size)
        sodium_bin2base64(&text, size, bytes, bytes.count, sodium_base64_VARIANT_ORIGINAL)
        return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// SHA-256, hexadecimal: the version of a script.
public enum Digest {
    public static func sha256(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256(&digest, bytes, UInt64(bytes.count))
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
