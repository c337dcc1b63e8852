/// One request to a REST service.
public struct RESTRequest: Sendable {
    public var method: HTTPMethod
    /// `/path?query` as it goes on the wire; nothing is encoded or normalised.
    public var target: String
    public var headers: [(String, String)]
    public var body: [UInt8]?
    /// Counted from `send`, waiting for a free connection included.
    public var deadlineMilliseconds: Int
    /// True when executing it twice, or without knowing, does harm: it goes on the wire at most once.
    public var stateChanging: Bool

    public init(
        method: HTTPMethod, target: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        deadlineMilliseconds: Int, stateChanging: Bool
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.deadlineMilliseconds = deadlineMilliseconds
        self.stateChanging = stateChanging
    }
}

/// An answer, whatever its status.
public struct RESTAnswer: Sendable, Equatable {
    public var status: Int
    /// Nil when the header is absent.
    public var contentType: String?
    /// The Age header, in seconds: how long a cache has kept the answer. Nil when absent.
    public var ageSeconds: Int?
    /// At most 8 MiB.
    public var body: [UInt8]
    /// Monotonic clock: just before the request's first byte; nil for a transfer that never got there.
    public var sentMicroseconds: Int64?
    /// Monotonic clock: the answer was complete.
    public var receivedMicroseconds: Int64
}

/// Why there is no answer.
public struct RESTFailure: Error, Sendable, Equatable {
    public enum Cause: Sendable, Equatable {
        case badRequest, unresolved, refused, untrusted, deadline, cut, oversized
        /// libcurl wanted to send a state-changing request again and was stopped.
        case wouldRepeat
        /// Too many requests wait, or the client has been stopped.
        case overloaded, stopped
    }
    public var cause: Cause
    /// libcurl's words, for people.
    public var text: String
    /// Monotonic clock: just before the request's first byte; nil when no byte was sent.
    public var sentMicroseconds: Int64?
    /// Monotonic clock: when it was given up.
    public var receivedMicroseconds: Int64

    public init(cause: Cause, text: String, sentMicroseconds: Int64?, receivedMicroseconds: Int64) {
        (self.cause, self.text) = (cause, text)
        (self.sentMicroseconds, self.receivedMicroseconds) = (sentMicroseconds, receivedMicroseconds)
    }
}

/// How a request ended.
public enum RESTResult: Sendable, Equatable {
    case answered(RESTAnswer)
    /// Surely not executed, or read-only.
    case failed(RESTFailure)
    /// State-changing, and it may have been executed: its sending had begun.
    case unknown(RESTFailure)
}
