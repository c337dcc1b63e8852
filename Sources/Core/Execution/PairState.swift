/// Where one strategy stands in one pair (FORMULAS 7).
public enum PairState: String, Sendable, CaseIterable {
    case idle, entering, resting, hedging, open, adding, exiting, repairing, stuck
    case legLost = "leg_lost", frozen, adopted

    /// Orders are out or must go out: no script is asked.
    public var isBusy: Bool {
        switch self {
        case .idle, .open, .adopted, .frozen: false
        default: true
        }
    }
}

/// What moves a pair from one state to the next.
public enum PairEvent: String, Sendable {
    case takerEntry, post, addition, fillOfPost, short, balanced, emptied, exit, triesUsedUp, legLost, retry
    case freeze, thaw
}

/// An event that does not belong to the state: nothing is changed.
public struct PairFault: Error, Equatable, Sendable {
    public let state: PairState, event: PairEvent
}

extension PairState {
    /// The one table of a pair's life.
    public mutating func apply(_ event: PairEvent) throws(PairFault) {
        switch (self, event) {
        case (.idle, .takerEntry): self = .entering
        case (.idle, .post): self = .resting
        case (.open, .addition), (.adopted, .addition): self = .adding
        case (.resting, .takerEntry), (.hedging, .takerEntry): self = .entering  // The rest of a post, taken.
        case (.resting, .post), (.hedging, .post): self = .resting  // Posted anew.
        case (.repairing, .takerEntry): self = .entering  // The same, after the filled part was made whole.
        case (.open, .post): self = .resting
        case (.resting, .fillOfPost), (.hedging, .fillOfPost): self = .hedging
        // A resting exit that fills is still an exit, and an execution can come after everybody thought the
        // post over: what to do about it follows from the legs, not from the state.
        case (_, .fillOfPost): break
        case (.entering, .short), (.adding, .short), (.resting, .short), (.hedging, .short): self = .repairing
        case (.repairing, .short), (.stuck, .short), (.legLost, .short): self = .repairing
        case (.exiting, .short): break  // An exit always completes; it stays one.
        case (.entering, .balanced), (.adding, .balanced), (.resting, .balanced): self = .open
        case (.hedging, .balanced), (.repairing, .balanced), (.stuck, .balanced), (.open, .balanced):
            self = .open
        case (.legLost, .balanced): self = .open  // An execution matched the legs before a repair was sent.
        case (_, .emptied): self = .idle
        case (.open, .exit), (.adopted, .exit), (.repairing, .exit), (.stuck, .exit): self = .exiting
        case (.legLost, .exit), (.resting, .exit), (.hedging, .exit), (.exiting, .exit): self = .exiting
        case (.repairing, .triesUsedUp), (.exiting, .triesUsedUp): self = .stuck
        case (.stuck, .retry): self = .repairing
        case (.open, .legLost), (.adopted, .legLost), (.frozen, .legLost): self = .legLost
        case (.open, .freeze), (.adopted, .freeze): self = .frozen
        case (.frozen, .thaw): self = .open
        case (.frozen, .exit): self = .exiting
        case (.idle, .legLost): self = .legLost  // An execution came after the pair was closed.
        default: throw PairFault(state: self, event: event)
        }
    }
}
