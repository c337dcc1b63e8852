import Core
import LuaBridge

/// The new version asked exactly what the running one is asked, from the same `state`: another answer is the
/// script's own doing. Decisions alone do not show all of it, for what an answer asks for may come to the
/// same order, or be out of reach on this stretch.
final class AnswerDiff {
    /// What differs between two answers.
    enum Kind: String, CaseIterable, Sendable { case wish, confidence, size, style, exit, fault }

    struct Found: Sendable, Equatable {
        let kind: Kind
        private(set) var count = 1
        /// The first of them.
        let at: Timestamp
        let pair: String, direction: Direction
        let before: String, after: String

        fileprivate mutating func again() { count += 1 }
    }

    /// One of each kind, in the order of `Kind`.
    var found: [Found] { places.compactMap { $0 } }
    private let script: Script
    private var places = [Found?](repeating: nil, count: Kind.allCases.count)
    private var isOver = false

    /// - Parameter script: the new version, in a state of its own that nobody else asks.
    init(_ script: Script) { self.script = script }

    /// - Parameter question: what the running version was asked and what it answered.
    func hear(_ question: WatchedScript.Asked) {
        // After a fault its `state` is halfway, and a runaway costs all its steps each time.
        guard !isOver else { return }
        switch question {
        case .score(let o, let old): compare(old, script.score(o), o)
        case .choose(let o, let old): compare(old, script.choose(o), o)
        case .exit(let position, let o, let old): compare(old, script.exit(position, o), o)
        }
        _ = script.takeLog()
    }

    private func compare(_ old: ScoreAnswer, _ new: ScoreAnswer, _ o: MarketView) {
        if case .fault(let fault) = new { return end(fault, o) }
        if case .wish(let confidence, let usd) = old, case .wish(let other, let otherUSD) = new {
            if confidence != other { note(.confidence, "\(confidence)", "\(other)", o) }
            if usd != otherUSD { note(.size, "\(usd) USD", "\(otherUSD) USD", o) }
        } else if old.wishes != new.wishes {
            note(.wish, old.text, new.text, o)
        }
    }

    private func compare(_ old: ChoiceAnswer, _ new: ChoiceAnswer, _ o: MarketView) {
        if case .fault(let fault) = new { return end(fault, o) }
        // What is said with a pass is for people.
        if case .pass = old, case .pass = new { return }
        if old != new { note(.style, old.text, new.text, o) }
    }

    private func compare(_ old: ExitAnswer, _ new: ExitAnswer, _ o: MarketView) {
        if case .fault(let fault) = new { return end(fault, o) }
        if old != new { note(.exit, old.text, new.text, o) }
    }

    /// Its own trajectory need not come here, so this refuses nothing.
    private func end(_ fault: StrategyFault, _ o: MarketView) {
        isOver = true
        note(.fault, "an answer", fault.message, o)
    }

    private func note(_ kind: Kind, _ before: String, _ after: String, _ o: MarketView) {
        let place = Kind.allCases.firstIndex(of: kind)!
        guard places[place] == nil else { return places[place]!.again() }
        places[place] = Found(
            kind: kind, at: Timestamp(milliseconds: Int64(o[.nowMs] ?? 0)), pair: o.pair,
            direction: o.direction, before: before, after: after)
    }
}

extension AnswerDiff.Found {
    /// `~ confidence of 1204 answers, first 18:02:11.250 SOL carry: 0.8 → 0.08`
    var text: String {
        let stamp = UTCText.full(microseconds: at.microseconds).dropFirst(11).dropLast()
        return "  ~ \(kind.rawValue) of \(count) answer\(count == 1 ? "" : "s"), first \(stamp) \(pair) "
            + "\(direction.rawValue): \(before) → \(after)"
    }
}

extension ScoreAnswer {
    var wishes: Bool { if case .wish = self { true } else { false } }

    fileprivate var text: String {
        switch self {
        case .wish(let confidence, let usd): "\(confidence) for \(usd) USD"
        case .pass, .asleep: "none"
        case .fault(let fault): fault.message
        }
    }
}

extension ChoiceAnswer {
    fileprivate var text: String {
        switch self {
        case .taker: "taker"
        case .maker(let plan): plan.text
        case .pass: "none"
        case .fault(let fault): fault.message
        }
    }
}

extension ExitAnswer {
    fileprivate var text: String {
        switch self {
        case .hold: "hold"
        case .exit(let reason, let plan): "\(reason), \(plan?.text ?? "taker")"
        case .fault(let fault): fault.message
        }
    }
}

extension RestingPlan {
    fileprivate var text: String {
        "\(style.rawValue) at \(peg.rawValue)\(improveTicks == 0 ? "" : " + \(improveTicks)"), "
            + "\(timeout.milliseconds / 1000) s, then \(fallback.rawValue)"
    }
}
