import Core

/// Anything that starts a turn.
public enum Input: Sendable, Equatable {
    case frame(ConnectionID, [UInt8])
    case connection(ConnectionID, ConnectionChange)
    case reply(RequestID, RawReply)
    case timer
    case order(Engine.Instruction)
    /// Public frames of these markets did not fit the mailbox: their books are out of sync.
    case dropped([String])
    /// A new version of a strategy takes the place of the running one; a strategy that is new here joins, in
    /// the shadow or to trade at once.
    case swap(StoredScript, ProbationTerms, inShadow: Bool)
}

/// A REST answer before it is understood.
public enum RawReply: Sendable, Equatable {
    case answered(status: Int, contentType: String, body: [UInt8])
    /// Surely never reached the venue.
    case notSent(String)
    /// May have been executed.
    case unknown(String)
}

/// A strategy as the journal keeps it: enough to make it again.
public struct StoredScript: Sendable, Equatable {
    public var name: String
    /// Hash of source and includes, hexadecimal.
    public var version: String
    public var source: [UInt8]
    /// The includes it uses, by name.
    public var library: [(name: String, source: [UInt8])]
    /// Its `state` in LuaBridge's own bytes; empty when it keeps none.
    public var state: [UInt8]
    /// The variables its parameters took from file or environment.
    public var bound: [SegmentHeader.Setting]

    public init(
        name: String, version: String, source: [UInt8], library: [(name: String, source: [UInt8])],
        state: [UInt8] = [], bound: [SegmentHeader.Setting] = []
    ) {
        (self.name, self.version, self.source) = (name, version, source)
        (self.library, self.state, self.bound) = (library, state, bound)
    }

    public static func == (a: StoredScript, b: StoredScript) -> Bool {
        a.name == b.name && a.version == b.version && a.bound == b.bound && a.source == b.source
            && a.state == b.state
            && a.library.elementsEqual(b.library) { $0.name == $1.name && $0.source == $1.source }
    }
}
