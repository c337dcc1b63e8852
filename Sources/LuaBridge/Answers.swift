import CLuaBox
import Core

/// Checks what a callback returned: NaN, infinities, wrong types and wrong counts are faults of the script.
enum Answers {
    static func score(_ answer: lb_answer) throws(StrategyFault) -> ScoreAnswer {
        let values = try list(answer, most: 2, of: "score")
        if isNil(values, 0) { return .pass(try reason(values, "score")) }
        guard values.count == 2, let confidence = number(values[0]), let usd = number(values[1]) else {
            throw .broken(
                "score must return a confidence and USD, or nil and why; it returned \(words(values))")
        }
        guard (0...1).contains(confidence) else {
            throw .broken("score returned a confidence of \(confidence); it must be 0…1")
        }
        guard usd >= 0, usd <= 1e9 else { throw .broken("score returned \(usd) USD; it must be 0…1e9") }
        return .wish(confidence: confidence, usd: usd)
    }

    static func choice(
        _ answer: lb_answer, plan: () throws(StrategyFault) -> PlainValue
    ) throws(StrategyFault) -> ChoiceAnswer {
        let values = try list(answer, most: 2, of: "choose")
        if isNil(values, 0) { return .pass(try reason(values, "choose")) }
        switch text(values[0]) {
        case "taker" where isNil(values, 1): return .taker
        case "maker" where values.count == 2 && values[1].type == LB_TABLE:
            return .maker(try resting(plan(), exits: false))
        default:
            throw .broken(
                "choose must return \"taker\", or \"maker\" and a table, or nil and why; it returned "
                    + words(values))
        }
    }

    static func exit(
        _ answer: lb_answer, plan: () throws(StrategyFault) -> PlainValue
    ) throws(StrategyFault) -> ExitAnswer {
        let values = try list(answer, most: 3, of: "exit")
        if isNil(values, 0), isNil(values, 1), isNil(values, 2) { return .hold }
        if let reason = text(values[0]), !reason.isEmpty, values.count >= 2 {
            switch text(values[1]) {
            case "taker" where isNil(values, 2): return .exit(reason: reason, resting: nil)
            case "maker" where values.count == 3 && values[2].type == LB_TABLE:
                return .exit(reason: reason, resting: try resting(plan(), exits: true))
            default: break
            }
        }
        throw .broken(
            "exit must return nil, or a reason and \"taker\", or a reason, \"maker\" and a table; it returned "
                + words(values))
    }

    private static let planKeys = ["fallback", "improve_ticks", "peg", "rest", "timeout_s"]

    /// The table beside `"maker"`.
    static func resting(_ table: PlainValue, exits: Bool) throws(StrategyFault) -> RestingPlan {
        guard case .table(let entries) = table else { throw .broken("the plan is not a table") }
        var plan = RestingPlan()
        var hasRest = false
        for entry in entries {
            let key = entry.key.asText ?? entry.key.words
            switch key {
            case "rest":
                guard let rest = entry.value.asText.flatMap(RestingLeg.init) else {
                    throw .broken("rest is \(entry.value.words); it must be \"spot\", \"perp\" or \"both\"")
                }
                (plan.rest, hasRest) = (rest, true)
            case "peg":
                guard let peg = entry.value.asText.flatMap(Peg.init) else {
                    throw .broken("peg is \(entry.value.words); it must be \"touch\" or \"edge\"")
                }
                plan.peg = peg
            case "timeout_s":
                guard let seconds = entry.value.asNumber, (1...3600).contains(seconds) else {
                    throw .broken("timeout_s is \(entry.value.words); it must be 1…3600")
                }
                plan.timeout = .milliseconds(Int64(seconds * 1000))
            case "fallback":
                guard let fallback = entry.value.asText.flatMap(Fallback.init) else {
                    throw .broken("fallback is \(entry.value.words); it must be \"taker\" or \"cancel\"")
                }
                guard !exits || fallback == .taker else {
                    throw .broken("an exit that rests falls back to \"taker\": a position is not left behind")
                }
                plan.fallback = fallback
            case "improve_ticks":
                guard let ticks = entry.value.asNumber, (0...100).contains(ticks), ticks == ticks.rounded()
                else { throw .broken("improve_ticks is \(entry.value.words); it must be a whole 0…100") }
                plan.improveTicks = Int(ticks)
            default:
                throw .broken(
                    "the plan has an unknown key \(key)\(Nearest.hint(key, among: planKeys)); it knows "
                        + planKeys.joined(separator: ", "))
            }
        }
        guard hasRest else { throw .broken("the plan lacks rest: \"spot\", \"perp\" or \"both\"") }
        guard !exits || plan.rest != .both else { throw .broken("an exit rests one leg, not both") }
        return plan
    }

    private static func list(
        _ answer: lb_answer, most: Int, of callback: String
    ) throws(StrategyFault) -> [lb_value] {
        guard answer.count <= most else {
            throw .broken("\(callback) returned \(answer.count) values; at most \(most)")
        }
        let all = [answer.value.0, answer.value.1, answer.value.2, answer.value.3]
        return Array(all.prefix(Int(answer.count)))
    }

    private static func isNil(_ values: [lb_value], _ place: Int) -> Bool {
        place >= values.count || values[place].type == LB_NIL
    }

    private static func number(_ value: lb_value) -> Double? {
        value.type == LB_NUMBER && value.number.isFinite ? value.number : nil
    }

    private static func text(_ value: lb_value) -> String? {
        guard value.type == LB_TEXT else { return nil }
        return withUnsafeBytes(of: value.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func reason(_ values: [lb_value], _ callback: String) throws(StrategyFault) -> String? {
        if isNil(values, 1) { return nil }
        guard let reason = text(values[1]) else {
            throw .broken("\(callback) returned nil and \(words([values[1]])); the reason must be text")
        }
        return reason
    }

    private static func words(_ values: [lb_value]) -> String {
        if values.isEmpty { return "nothing" }
        return values.map { value in
            switch value.type {
            case LB_NIL: "nil"
            case LB_FLAG: value.number == 0 ? "false" : "true"
            case LB_NUMBER: value.number.isNaN ? "NaN" : "\(value.number)"
            case LB_TEXT: "\"\(text(value) ?? "")\""
            case LB_TABLE: "a table"
            default: "a function"
            }
        }.joined(separator: ", ")
    }
}

/// Names the nearest known word, for people who mistyped one.
public enum Nearest {
    /// - Returns: `; did you mean x?`, or nothing when no word is within three letters.
    public static func hint(_ word: String, among known: [String]) -> String {
        let best = known.map { (distance(word, $0), $0) }.min { $0 < $1 }
        guard let best, best.0 <= 3, best.0 < word.utf8.count else { return "" }
        return "; did you mean \(best.1)?"
    }

    /// Letters to change, add or leave out to come from one to the other.
    public static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var corner = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let best = min(corner + (left == right ? 0 : 1), row[j] + 1, row[j + 1] + 1)
                (corner, row[j + 1]) = (row[j + 1], best)
            }
        }
        return row[b.count]
    }
}
