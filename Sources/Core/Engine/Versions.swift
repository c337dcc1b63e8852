/// A version that no longer enters and still looks after the positions it opened.
public struct EarlierVersion {
    public let strategy: any Strategy
    /// Set by a fault that ended it: its positions are the host's then.
    public internal(set) var stopped: StrategyFault?
    var faults = 0
    public var version: String { strategy.contract.version }
    init(_ strategy: any Strategy, stopped: StrategyFault? = nil) {
        (self.strategy, self.stopped) = (strategy, stopped)
    }
}

/// On what terms a new version takes over, and what it is held against while its first entries are made.
public struct ProbationTerms: Sendable, Equatable {
    /// Entries at a quarter of the size; zero is no probation.
    public var entries: Int
    /// Decisions of its rehearsal and how long that was, on the clock of the run. A rehearsal of no length
    /// says nothing of the rate.
    public var rehearsedDecisions: Int
    public var rehearsedFor: TimeSpan
    /// Its exits were rehearsed without a fault: with `adopts` it takes over what earlier versions opened.
    public var exitsRehearsed: Bool
    /// It begins with its own `state`: that of the running version is not handed over.
    public var beginsAnew: Bool

    public init(
        entries: Int = 0, rehearsedDecisions: Int = 0, rehearsedFor: TimeSpan = .zero,
        exitsRehearsed: Bool = false, beginsAnew: Bool = false
    ) {
        (self.entries, self.rehearsedDecisions) = (entries, rehearsedDecisions)
        (self.rehearsedFor, self.exitsRehearsed) = (rehearsedFor, exitsRehearsed)
        self.beginsAnew = beginsAnew
    }
}

/// How the first entries of a new version go. Whatever ends it badly brings the kept version back.
public struct Probation: Sendable {
    public let terms: ProbationTerms
    let began: Timestamp
    public internal(set) var entries = 0
    var decisions = 0
    var denials = ReasonCounts()
    /// It was told that a quarter of the size buys nothing.
    var toldOfLeast = false

    init(_ terms: ProbationTerms, began: Timestamp) { (self.terms, self.began) = (terms, began) }

    /// Entries still to be made before the version is proven.
    public var left: Int { max(0, terms.entries - entries) }

    /// Denials of one kind that end it. What the day or the account forbids everybody says nothing about a
    /// version: the kept one would be denied as well.
    static let denialsMost = 3
    static let everybodys: [Reason] = [
        .notActive, .tradesPerDay, .feesPerDay, .dailyLoss, .equity, .unhedgedTime,
    ]
    /// Nor does what is left of a limit on size: the host itself cuts every wish to that, and the last few
    /// dollars are lost to the price an order may slip to. Near a limit this is so at every look, and no
    /// decision.
    static let ofSize: [Reason] = [
        .maxPositionSize, .totalExposure, .grossExposure, .budget, .runway, .belowMinimum,
    ]

    /// Three times as many decisions as rehearsed in as much time, a minute at least, and as many again as
    /// the probation itself takes: a quiet rehearsal is no promise of a quiet market.
    func isTooBusy(at now: Timestamp) -> Bool {
        guard terms.rehearsedFor > .zero else { return false }
        let window = Int128(terms.rehearsedFor.microseconds)
        let passed = Int128(max(now - began, Probation.leastSpan).microseconds)
        let slack = Int128(2 * terms.entries + 4)
        return Int128(decisions) * window > 3 * Int128(terms.rehearsedDecisions) * passed + slack * window
    }
    static let leastSpan = TimeSpan.seconds(60)
}
