import Core

/// Anything that starts a turn.
enum Input: Sendable {
    case frame(ConnectionID, [UInt8])
    case connection(ConnectionID, ConnectionChange)
    case reply(RequestID, RawReply)
    case timer
    case order(Engine.Instruction)
    /// Public frames of these markets did not fit the mailbox: their books are out of sync.
    case dropped([String])
}

/// A REST answer before it is understood.
enum RawReply: Sendable, Equatable {
    case answered(status: Int, contentType: String, body: [UInt8])
    /// Surely never reached the venue.
    case notSent(String)
    /// May have been executed.
    case unknown(String)
}

/// An input with the moment it arrived, by the clock of the run, and for public frames the monotonic stamp of
/// arrival.
struct StampedInput: Sendable {
    let input: Input
    let now: Timestamp
    var arrived: Int64 = 0
}
