/// The decision logic behind a pair: what the engine asks, and the only thing it may ask.
///
/// Calls are synchronous, have no effects outside the strategy, and never throw: whatever goes wrong inside
/// comes back as a fault. An implementation belongs to the desk.
public protocol Strategy: AnyObject {
    var contract: StrategyContract { get }
    /// Opportunity scoring, for a pair and direction this strategy does not hold (or may add to).
    func score(_ o: MarketView) -> ScoreAnswer
    /// Taker or maker, after `score` and the host's gates said yes. `.taker` when the script has no `choose`.
    func choose(_ o: MarketView) -> ChoiceAnswer
    /// Exit rules for a held pair. `.hold` when the script has no `exit`.
    func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer
}

/// The functions of a strategy that the host calls.
public enum StrategyCallback: String, Sendable { case load, score, choose, exit, migrate }

/// What a strategy declared when it was loaded: name, wishes and bounds, already validated.
public struct StrategyContract: Sendable {
    public var name: String
    /// Hash of the source and what it includes, hexadecimal; the first twelve digits are shown.
    public var version: String
    /// Base assets; `nil` is every configured pair.
    public var pairs: [String]?
    /// Carry first.
    public var directions: [Direction] = [.carry]
    /// Expected hold in hours, 0…2160.
    public var holdHours: Double = 1
    /// Longest hold in hours, 0…2160; `nil` takes the host's default.
    public var maxHoldHours: Double?
    public var exitsAtMean = false
    public var adds = 0
    public var replaces: [EconomicExit] = []
    public var priority = 0
    public var adopts = false
    /// Fields of `o`, each of which must be at or above its threshold, else `score` is not called.
    public var wake: [WakeCondition] = []
    public var hasChoose = false, hasExit = false
    /// The parameters with their values in force, for people to see.
    public var parameters: [StrategyParameter] = []
    public var stateVersion: Int64 = 0

    public init(name: String, version: String) { (self.name, self.version) = (name, version) }
}

public struct WakeCondition: Sendable, Equatable {
    public let field: MarketField
    public let least: Double
    public init(field: MarketField, least: Double) { (self.field, self.least) = (field, least) }
}

/// The host's economic exits, which a script may take over by name (FORMULAS 5).
public enum EconomicExit: String, Sendable, CaseIterable {
    case takeProfit = "take_profit", converged, fundingStop = "funding_stop", wideningStop = "widening_stop"
    case maxHold = "max_hold"
}

public struct StrategyParameter: Sendable, Equatable {
    public enum Value: Sendable, Equatable { case number(Double), flag(Bool), text(String) }
    public enum Origin: String, Sendable { case environment, file = ".env", script, test }
    public let name: String
    public let value: Value
    public let origin: Origin
    /// The script's own default, shown when the environment masks it.
    public let scriptDefault: Value
    /// The variable bound to it, its unit and its one line of documentation; empty where not given.
    public let variable: String, unit: String, meaning: String
    /// The texts it may be; empty where any will do.
    public let choices: [String]
    public init(
        name: String, value: Value, origin: Origin, scriptDefault: Value, variable: String, unit: String,
        meaning: String, choices: [String] = []
    ) {
        (self.name, self.value, self.origin, self.scriptDefault) = (name, value, origin, scriptDefault)
        (self.variable, self.unit, self.meaning, self.choices) = (variable, unit, meaning, choices)
    }

    /// The values it could have and has not, where there are few: the other flag, the other texts.
    public var others: [Value] {
        switch value {
        case .flag(let flag): [.flag(!flag)]
        case .text(let text): choices.filter { $0 != text }.map { .text($0) }
        case .number: []
        }
    }
}

public enum ScoreAnswer: Sendable, Equatable {
    /// Confidence 0…1 and the notional per leg in USD; finite, checked.
    case wish(confidence: Double, usd: Double)
    /// No, and why not if it said so.
    case pass(String?)
    /// `wake` was not reached: the script was not called.
    case asleep
    case fault(StrategyFault)
}

public enum RestingLeg: String, Sendable { case spot, perp, both }
public enum Peg: String, Sendable { case touch, edge }
public enum Fallback: String, Sendable { case taker, cancel }

/// How a maker entry or exit is to be executed.
public struct RestingPlan: Sendable, Equatable {
    public var rest: RestingLeg
    public var peg: Peg
    /// 1…3600 s.
    public var timeout: TimeSpan
    public var fallback: Fallback
    public var improveTicks: Int
    public init(
        rest: RestingLeg = .perp, peg: Peg = .touch, timeout: TimeSpan = .seconds(15),
        fallback: Fallback = .taker,
        improveTicks: Int = 0
    ) {
        (self.rest, self.peg, self.timeout, self.fallback) = (rest, peg, timeout, fallback)
        self.improveTicks = improveTicks
    }
    public var style: Style {
        switch rest {
        case .spot: .restSpot
        case .perp: .restPerp
        case .both: .restBoth
        }
    }
}

public enum ChoiceAnswer: Sendable, Equatable {
    case taker
    case maker(RestingPlan)
    /// The script thought better of it.
    case pass(String?)
    case fault(StrategyFault)
}

public enum ExitAnswer: Sendable, Equatable {
    case hold
    /// The reason for people; `resting` is `nil` for a taker exit.
    case exit(reason: String, resting: RestingPlan?)
    case fault(StrategyFault)
}

/// A script broke its contract or a limit.
public struct StrategyFault: Error, Sendable, Equatable {
    public enum Kind: String, Sendable { case runtime, steps, memory, wallClock, contract }
    public let kind: Kind
    /// `file:line` where it was, if known.
    public let place: String?
    public let message: String
    /// Where the host was in the script, which version of it, and what it had used of its limits; as far as
    /// known, for people.
    public var callback: StrategyCallback?
    public var version: String?
    public var usage: String?
    /// A fatal fault stops the script at once; others count as strikes.
    public var isFatal: Bool { kind == .steps || kind == .memory || kind == .wallClock }
    public init(
        kind: Kind, place: String?, message: String, callback: StrategyCallback? = nil,
        version: String? = nil, usage: String? = nil
    ) {
        (self.kind, self.place, self.message) = (kind, place, message)
        (self.callback, self.version, self.usage) = (callback, version, usage)
    }

    /// `s.lua:4: boom`, or the message alone where no place is known.
    public var placed: String {
        // Lua itself begins the message of an error with its place.
        guard let place, !message.hasPrefix(place) else { return message }
        return "\(place): \(message)"
    }

    /// `version 0123456789ab in score: s.lua:4: boom (1200 of 100000 steps)`, without what is not known.
    public var report: String {
        let who = version.map { "version \($0.prefix(12))" }
        let what = callback.map { "in \($0.rawValue)" }
        let head = [who, what].compactMap(\.self).joined(separator: " ")
        let body = head.isEmpty ? placed : head + ": " + placed
        guard let usage, !isFatal else { return body }
        return body + " (\(usage))"
    }
}
