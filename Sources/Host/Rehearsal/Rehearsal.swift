import Core
import Exchange
import Journal
import LuaBridge

/// What a rehearsal of a new version found: the same market through the running and the new one, and where
/// their decisions and their answers differ.
struct Rehearsal: Sendable {
    /// What one version did.
    struct Side: Sendable, Equatable {
        let version: String
        let evaluations: Int, calls: Int, entries: Int, exits: Int, rounds: Int, faults: Int, decisions: Int
        let stepsMost: UInt64
        let profit: Money

        /// Steps are counted by the hundred: a call that needs fewer shows none.
        var stepsText: String { stepsMost < 100 ? "under 100" : String(stepsMost) }
    }

    enum Sign: String, Sendable { case only = "+", gone = "-", changed = "~" }
    struct Difference: Sendable, Equatable {
        let sign: Sign
        let decision: PaperDesk.Decision
        /// What the running version entered where only style or size changed.
        let before: PaperDesk.Decision.Entry?
    }

    let name: String
    let running: Side?
    let new: Side
    let span: TimeSpan
    let pairs: Int
    let differences: [Difference]
    /// Where the new version answers otherwise what the running one was asked, also without consequence.
    let answers: [AnswerDiff.Found]
    let exitsRehearsed: Bool

    /// Decisions of both versions within this are the same one.
    static let together = TimeSpan.seconds(1)

    /// Inputs between two looks at whether to go on.
    private static let step = 4096

    /// Runs the bench to the end of what there is, or to that moment: a market that goes on would keep a slow
    /// machine busy for ever.
    /// - Throws: why the new version is refused.
    init(
        _ bench: PaperBench, until end: Timestamp? = nil, pairs: Int, exitsRehearsed: Bool,
        isCancelled: () -> Bool = { false }, isLongEnough: () -> Bool = { false }
    ) throws(ScriptReport) {
        do throws(JournalFault) {
            while try bench.play(most: Self.step, until: end) == Self.step, bench.new.strategy.faults == 0 {
                if isCancelled() { throw JournalFault("the host is stopping") }
                if isLongEnough() { break }
            }
        } catch {
            throw ScriptReport(
                place: bench.name + ".lua", message: "cannot be rehearsed: \(error)", isHosts: true)
        }
        if let fault = bench.new.strategy.firstFault {
            throw ScriptReport(
                place: fault.place ?? bench.name + ".lua",
                message: "\(fault.message) (in the rehearsal, after \(bench.new.strategy.calls) calls)")
        }
        try bench.new.strategy.script.checkState()
        if let twin = bench.twin, twin.strategy.answers != bench.new.strategy.answers {
            throw ScriptReport(
                place: bench.name + ".lua",
                message: Self.isNotRepeatable)
        }
        name = bench.name
        running = bench.running.map(Side.init)
        new = Side(bench.new)
        span = bench.now - bench.began
        self.pairs = pairs
        self.exitsRehearsed = exitsRehearsed || bench.new.strategy.exitCalls > 0
        differences = Rehearsal.compare(bench.running?.decisions ?? [], bench.new.decisions)
        answers = bench.answers?.found ?? []
    }

    static let isNotRepeatable =
        "gave two states different answers to the same market: something in it depends on the order or the "
        + "address of a table, so that no run could be repeated"

    /// What the version is held against on probation.
    func terms(entries: Int) -> ProbationTerms {
        ProbationTerms(
            entries: entries, rehearsedDecisions: new.decisions, rehearsedFor: span,
            exitsRehearsed: exitsRehearsed)
    }

    // MARK: The diff

    private static func compare(
        _ old: [PaperDesk.Decision], _ new: [PaperDesk.Decision]
    ) -> [Difference] {
        var isMatched = Array(repeating: false, count: old.count)
        var found: [Difference] = []
        for decision in new {
            guard let place = old.indices.first(where: { !isMatched[$0] && old[$0].isSame(as: decision) })
            else {
                found.append(Difference(sign: .only, decision: decision, before: nil))
                continue
            }
            isMatched[place] = true
            guard let before = old[place].entry, let entry = decision.entry else { continue }
            if before.style != entry.style || isOtherSize(before.usd, entry.usd) {
                found.append(Difference(sign: .changed, decision: decision, before: before))
            }
        }
        for place in old.indices where !isMatched[place] {
            found.append(Difference(sign: .gone, decision: old[place], before: nil))
        }
        return found.sorted { $0.decision.at < $1.decision.at }
    }

    /// By more than a hundredth: what is asked for is cut to whole lots.
    private static func isOtherSize(_ old: Money, _ new: Money) -> Bool {
        (new.raw - old.raw).magnitude * 100 > max(old.raw, new.raw).magnitude
    }

    /// For people, a line each.
    var lines: [String] {
        let seconds = span.milliseconds / 1000
        var lines = [
            "\(name): \(running.map { $0.version.prefix(12) + " against " } ?? "")\(new.version.prefix(12)), "
                + "\(seconds / 60) min \(seconds % 60) s of market, \(pairs) pairs"
        ]
        if let running {
            lines.append("                running        new")
            lines += [
                ("evaluations", running.evaluations, new.evaluations), ("calls", running.calls, new.calls),
                ("would enter", running.entries, new.entries), ("would exit", running.exits, new.exits),
                ("faults", running.faults, new.faults),
            ].map { Self.row($0, String($1), String($2)) }
            lines.append(Self.row("most steps", running.stepsText, new.stepsText))
            lines.append(Self.row("paper USD", LiveTable.money(running.profit), LiveTable.money(new.profit)))
        } else {
            lines += [
                ("evaluations", new.evaluations), ("calls", new.calls), ("would enter", new.entries),
                ("would exit", new.exits),
            ].map { Self.row($0, "", String($1)) }
            lines.append(Self.row("most steps", "", new.stepsText))
            lines.append(Self.row("paper USD", "", LiveTable.money(new.profit)))
        }
        lines += answers.map(\.text)
        if running != nil, differences.isEmpty {
            lines.append(answers.isEmpty ? "no decision differs" : "no entry and no exit differs")
        }
        lines += differences.prefix(Self.shown).map(\.text)
        if differences.count > Self.shown { lines.append("… \(differences.count - Self.shown) more") }
        return lines
    }

    static let shown = 12

    private static func row(_ name: String, _ old: String, _ new: String) -> String {
        "  " + name.padding(to: 12) + old.padding(left: 9) + new.padding(left: 11)
    }
}

extension Rehearsal.Side {
    init(_ desk: PaperDesk) {
        let slot = desk.engine.slots[0]
        self.init(
            version: desk.strategy.contract.version, evaluations: desk.engine.counters.evaluations,
            calls: desk.strategy.calls, entries: desk.decisions.count { $0.entry != nil },
            exits: desk.decisions.count { $0.entry == nil }, rounds: desk.rounds,
            faults: desk.strategy.faults, decisions: slot.decisions, stepsMost: desk.strategy.stepsMost,
            profit: desk.profit)
    }
}

extension PaperDesk.Decision {
    /// The same thing wanted at about the same time, whatever the style.
    func isSame(as other: PaperDesk.Decision) -> Bool {
        let apart = at < other.at ? other.at - at : at - other.at
        return pair == other.pair && apart <= Rehearsal.together && reason == other.reason
            && entry?.direction == other.entry?.direction
    }
}

extension Rehearsal.Difference {
    /// `+ 18:02:11.250 SOL carry taker at 0.41 %, net 0.12 %, 150.00 USD`
    var text: String {
        let stamp = UTCText.full(microseconds: decision.at.microseconds).dropFirst(11).dropLast()
        let head = "  \(sign.rawValue) \(stamp) \(decision.pair) "
        guard let entry = decision.entry else { return head + "exit: \(decision.reason)" }
        let was = before.flatMap { $0.style == entry.style ? nil : "\($0.style.rawValue) → " } ?? ""
        let (usd, wasUSD) = (LiveTable.money(entry.usd), before.map { LiveTable.money($0.usd) })
        return head + "\(entry.direction.rawValue) \(was)\(entry.style.rawValue) at \(entry.gross) %, "
            + "net \(entry.net) %, \(wasUSD.flatMap { $0 == usd ? nil : "\($0) → " } ?? "")\(usd) USD"
    }
}
