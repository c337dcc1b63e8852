import Core
import LuaBridge

@testable import Host

/// Everything that a shipped strategy is asked on the rehearsed stretch, with its answers: what a mutant is
/// held against one by one, beside and without the host's own comparison.
struct Questions: Sendable {
    let asked: [WatchedScript.Asked]

    private let running: Running

    init(_ stage: Stage, _ running: Running) throws(ScriptReport) {
        let stretch = stage.rehearsal
        let script = WatchedScript(try Stage.maker.restore(running.stored))
        var asked: [WatchedScript.Asked] = []
        script.onAnswer = { asked.append($0) }
        let desk = PaperDesk(script, stage.plan(stretch), from: stage.picture(stretch, running))
        for (now, events) in stretch.inputs { desk.hear(events, now: now) }
        (self.asked, self.running) = (asked, running)
    }

    /// Entries that were wished, and exits.
    var wishes: Int { asked.count { if case .score(_, .wish) = $0 { true } else { false } } }
    var exits: Int { asked.count { if case .exit(_, _, .exit) = $0 { true } else { false } } }

    /// Whether the mutant answers every question as the original did: confidence, size, style with its plan,
    /// exits. Then it trades as the original does, since its answers are all that a host has from it. What it
    /// says with a pass is for people.
    func areAnsweredAlike(by mutant: Mutant) throws(ScriptReport) -> Bool {
        let script = try Stage.maker.make(mutant.package)
        try script.takeOver(from: Stage.maker.restore(running.stored))
        for question in asked {
            _ = script.takeLog()
            switch question {
            case .score(let o, let answer):
                guard Self.wish(answer) == Self.wish(script.score(o)) else { return false }
            case .choose(let o, let answer):
                guard Self.plan(answer) == Self.plan(script.choose(o)) else { return false }
            case .exit(let position, let o, let answer):
                guard answer == script.exit(position, o) else { return false }
            }
        }
        return true
    }

    private static func wish(_ answer: ScoreAnswer) -> [Double]? {
        switch answer {
        case .wish(let confidence, let usd): [confidence, usd]
        case .pass, .asleep: []
        case .fault: nil
        }
    }

    private static func plan(_ answer: ChoiceAnswer) -> ChoiceAnswer {
        if case .pass = answer { .pass(nil) } else { answer }
    }
}
