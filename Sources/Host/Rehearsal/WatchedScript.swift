import Core
import LuaBridge
import Wire

/// A script on paper, with a count of everything it was asked and a hash of everything it answered.
final class WatchedScript: Strategy {
    let script: Script
    private(set) var calls = 0, exitCalls = 0
    private(set) var faults = 0
    private(set) var firstFault: StrategyFault?
    /// Most steps of one call.
    private(set) var stepsMost: UInt64 = 0
    /// Processor time of all calls, µs.
    private(set) var spent: Int64 = 0
    /// Over all answers in order: two states of one version must come to the same.
    private(set) var answers: UInt64 = 0

    /// A question with the answer to it.
    enum Asked: Sendable {
        case score(MarketView, ScoreAnswer)
        case choose(MarketView, ChoiceAnswer)
        case exit(PositionView, MarketView, ExitAnswer)
    }

    /// Hears everything the script is asked, in order.
    var onAnswer: ((Asked) -> Void)?

    /// Where every entry is wished: the last picture of each pair and direction, in the order they came.
    private(set) var seen: [MarketView] = []

    /// Every entry is wished, whatever the script says, so that its other callbacks are asked as well.
    private let wishesAlways: Bool
    private let standIns: StandIns
    /// Its pairs are named as the market names them.
    let contract: StrategyContract

    init(_ script: Script, wishesAlways: Bool = false, standIns: StandIns = .none) {
        (self.script, self.wishesAlways, self.standIns) = (script, wishesAlways, standIns)
        contract = standIns.contract(script.contract)
    }

    private func timed<Answer>(_ call: () -> Answer) -> Answer {
        let before = ThreadClock.microseconds()
        defer { spent += ThreadClock.microseconds() - before }
        return call()
    }

    func score(_ o: MarketView) -> ScoreAnswer {
        if wishesAlways { remember(o) }
        let answer = timed { script.score(standIns.named(o)) }
        onAnswer?(.score(o, answer))
        switch answer {
        case .asleep where wishesAlways: mix(0)
        case .asleep: return answer
        case .wish(let confidence, let usd): mix(1, confidence.bitPattern, usd.bitPattern)
        case .pass(let why): mix(2, why ?? "")
        case .fault(let fault): note(fault)
        }
        count()
        if wishesAlways, faults == 0 { return .wish(confidence: 1, usd: o[.sizeUsd] ?? 0) }
        return answer
    }

    func choose(_ o: MarketView) -> ChoiceAnswer {
        let answer = timed { script.choose(standIns.named(o)) }
        onAnswer?(.choose(o, answer))
        switch answer {
        case .taker: mix(3)
        case .maker(let plan): mix(plan)
        case .pass(let why): mix(4, why ?? "")
        case .fault(let fault): note(fault)
        }
        if contract.hasChoose { count() }
        if wishesAlways, case .pass = answer { return .taker }
        return answer
    }

    func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer {
        let answer = timed { script.exit(standIns.named(position), standIns.named(o)) }
        onAnswer?(.exit(position, o, answer))
        switch answer {
        case .hold: mix(5)
        case .exit(let reason, let plan):
            mix(6, reason)
            if let plan { mix(plan) }
        case .fault(let fault): note(fault)
        }
        exitCalls += 1
        count()
        return answer
    }

    private func remember(_ o: MarketView) {
        let place = seen.firstIndex { $0.pair == o.pair && $0.direction == o.direction }
        if let place { seen[place] = o } else { seen.append(o) }
    }

    private func count() {
        calls += 1
        stepsMost = max(stepsMost, script.steps)
        // What it says is kept by the host that trades, not here.
        _ = script.takeLog()
    }

    private func note(_ fault: StrategyFault) {
        faults += 1
        firstFault = firstFault ?? fault
        mix(7, fault.message)
    }

    private func mix(_ plan: RestingPlan) {
        mix(8, plan.rest.rawValue + plan.peg.rawValue + plan.fallback.rawValue)
        mix(9, UInt64(bitPattern: plan.timeout.microseconds), UInt64(plan.improveTicks))
    }

    private func mix(_ tag: UInt64, _ text: String) {
        mix(tag)
        for byte in text.utf8 { mix(UInt64(byte)) }
    }

    private func mix(_ words: UInt64...) {
        for word in words { answers = (answers ^ word) &* 0x0000_0100_0000_01B3 ^ answers >> 29 }
    }
}
