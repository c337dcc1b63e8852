import Core

/// A way in which the exchange misbehaves on purpose, by the name people give it.
public enum FaultName: String, CaseIterable, Sendable {
    case rejectLeg = "reject-leg"
    case timeoutExecuted = "timeout-executed"
    case timeoutLost = "timeout-lost"
    case instaCancel = "insta-cancel"
    case partialFills = "partial-fills"
    case cancel202 = "cancel-202"
    case lateFill = "late-fill"
    case gap
    case error503 = "error-503"
    case dropPrivate = "drop-private"

    /// What one draw stands for: a rate of 0.02 means that one in fifty of these is hit.
    public var unit: String {
        switch self {
        case .rejectLeg, .instaCancel: "order"
        case .partialFills: "taking order that could fill two lots or more"
        case .timeoutExecuted, .timeoutLost: "request with orders"
        case .cancel202: "cancel of an open order"
        case .lateFill: "fill"
        case .gap: "book and second"
        case .error503: "REST request"
        case .dropPrivate: "private connection and ten seconds"
        }
    }

    /// What happens, for people.
    public var meaning: String {
        switch self {
        case .rejectLeg: "the order is refused in the exchange's own words"
        case .timeoutExecuted: "it is executed and never answered"
        case .timeoutLost: "it reaches no book and is never answered"
        case .instaCancel: "accepted, and at once expired or cancelled"
        case .partialFills: "only a part of what it could take"
        case .cancel202: "answered 202, done 0.2 to 3 s later"
        case .lateFill: "told 1 to 4 s late, half of them late in the history too"
        case .gap: "one depth frame is left out"
        case .error503: "answered 503; half of those that change something are carried out all the same"
        case .dropPrivate: "the connection is closed"
        }
    }
}

/// Which faults are played and how often: chances for one unit of each, counted in 10⁻⁸.
public struct FaultPlan: Sendable, Equatable {
    /// By place in `FaultName.allCases`; `nil`: not in the plan.
    private var rates: [Int64?] = Array(repeating: nil, count: FaultName.allCases.count)

    /// Certainty, and what a name without a rate means: one in fifty.
    public static let always: Int64 = 100_000_000, standard: Int64 = 2_000_000
    /// No faults.
    public static let none = FaultPlan()

    private init() {}

    /// - Precondition: 0 ≤ rate ≤ `always`.
    public init(_ rates: [(name: FaultName, rate: Int64)]) {
        for (name, rate) in rates {
            precondition((0...FaultPlan.always).contains(rate), "a chance lies between never and always")
            self.rates[name.place] = rate
        }
    }

    /// `nil`: not in the plan.
    public subscript(name: FaultName) -> Int64? { rates[name.place] }

    /// What is in the plan, in the order of the names, those of rate 0 as well.
    public var names: [FaultName] { FaultName.allCases.filter { self[$0] != nil } }

    /// Reads `reject-leg,gap:0.01`: names with commas between, each with a rate of 0 to 1 or the standard
    /// one. `all` stands for every name that is not given by itself.
    /// - Throws: everything that is wrong with it.
    public static func read(_ text: String) throws(FaultPlanFaults) -> FaultPlan {
        var plan = FaultPlan(), rest: Int64?
        var wrong: [FaultPlanFaults.Fault] = []
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(bare)
        for part in parts {
            let halves = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let word = bare(halves.first ?? "")
            let rate = halves.count == 1 ? standard : rate(bare(halves[1]))
            let name = FaultName(rawValue: word)
            if word.isEmpty {
                wrong.append(.nothing)
            } else if name == nil, word != "all" {
                wrong.append(.unknown(word))
            } else if rate == nil {
                wrong.append(.badRate(part))
            } else if let name {
                if plan[name] != nil { wrong.append(.twice(word)) }
                plan.rates[name.place] = rate
            } else {
                if rest != nil { wrong.append(.twice(word)) }
                rest = rate
            }
        }
        guard wrong.isEmpty else { throw FaultPlanFaults(list: wrong) }
        if let rest {
            for place in plan.rates.indices where plan.rates[place] == nil { plan.rates[place] = rest }
        }
        return plan
    }

    private static func bare(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static func rate(_ text: String) -> Int64? {
        DecimalText.parse(text, places: 8).flatMap { (0...Int128(always)).contains($0) ? Int64($0) : nil }
    }
}

/// What is wrong with the text of a plan.
public struct FaultPlanFaults: Error, Sendable, Equatable {
    public enum Fault: Sendable, Equatable {
        /// Nothing stands between two commas.
        case nothing
        case unknown(String)
        /// The part whose rate is no number of 0 to 1 with at most eight decimals.
        case badRate(String)
        case twice(String)
    }
    public let list: [Fault]
}

extension FaultName {
    /// Its place among all names.
    var place: Int { FaultName.allCases.firstIndex(of: self) ?? 0 }
}

/// The faults of one run. Whether the next unit is hit comes from a stream of chance of its own for every
/// name, so that neither the market nor another fault is disturbed.
public struct FaultDraws: Sendable {
    public let plan: FaultPlan
    private var chances: [SeededGenerator]
    private var counts: [Int]

    public init(_ plan: FaultPlan, seed: UInt64) {
        self.plan = plan
        chances = FaultName.allCases.indices.map { SeededGenerator(seed: seed, part: 1_000 + UInt64($0)) }
        counts = Array(repeating: 0, count: chances.count)
    }

    /// Whether the next unit is hit; nothing is counted.
    public mutating func hits(_ name: FaultName) -> Bool {
        guard let rate = plan[name], rate > 0 else { return false }
        return chances[name.place].whole(0...FaultPlan.always - 1) < rate
    }

    /// Whether the next unit is hit, and counts it as played.
    public mutating func plays(_ name: FaultName) -> Bool {
        guard hits(name) else { return false }
        count(name)
        return true
    }

    /// Counts one that was hit and has now had its effect.
    public mutating func count(_ name: FaultName) { counts[name.place] += 1 }

    /// How a fault that is played goes: a whole number in `range`, evenly.
    public mutating func choose(_ name: FaultName, _ range: ClosedRange<Int64>) -> Int64 {
        chances[name.place].whole(range)
    }

    /// How often each fault of the plan was played, zero included.
    public var played: [(name: FaultName, count: Int)] { plan.names.map { ($0, counts[$0.place]) } }
}
