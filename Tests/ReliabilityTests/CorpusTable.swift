import Core
import Foundation
import LuaBridge

/// A mutant with what became of it.
struct Result: Sendable {
    enum End: String, CaseIterable {
        case refused = "refused before active"
        case reached = "fault after active"
        case unreached = "changed line never ran"
        case same = "the same answers"
        case silent = "other answers, empty difference"
        case rolledBack = "active, rolled back"
        case active = "active, not rolled back"
    }

    let kind: MutantKind
    let operation: String, place: String
    let line: Int
    let outcome: Outcome

    var end: End {
        if !outcome.isActive { return .refused }
        if outcome.fault != nil { return .reached }
        // A faulty operator faults wherever it runs: without a fault it did not run.
        if kind == .faulty { return .unreached }
        if outcome.answersAlike == true { return .same }
        if outcome.differences == 0 { return .silent }
        return outcome.rolledBack == nil ? .active : .rolledBack
    }

    var text: String {
        var words = "\(place) \(kind.rawValue), \(operation): \(end.rawValue)"
        if let report = outcome.report { words += "; \(report)" }
        if let fault = outcome.fault {
            words += "; \(outcome.entriesBeforeFault) entries, then \(fault.place ?? "") \(fault.message)"
        }
        if let reason = outcome.rolledBack { words += "; rolled back: \(reason)" }
        if !outcome.broken.isEmpty { words += "; \(outcome.broken)" }
        return words
    }
}

/// The figures of a run of the corpus.
struct CorpusTable {
    let results: [Result]

    func all(_ kind: MutantKind, _ ends: Result.End...) -> [Result] {
        results.filter { $0.kind == kind && (ends.isEmpty || ends.contains($0.end)) }
    }

    /// Faulty mutants whose changed line ran somewhere.
    var reachable: [Result] { all(.faulty).filter { $0.end != .unreached } }
    var refused: [Result] { all(.faulty, .refused) }
    /// Faulty ones that had sent an order by the time of their fault.
    var traded: [Result] { all(.faulty, .reached).filter { $0.outcome.entriesBeforeFault > 0 } }
    /// Faulty ones refused by a report that names no line.
    var lineless: [Result] { refused.filter { $0.outcome.reportedLine == nil } }
    var exactLine: [Result] { refused.filter { $0.outcome.reportedLine == $0.line } }
    /// Sound ones that went on to trade and answered otherwise in the rehearsal.
    var decided: [Result] { all(.wrong, .silent, .active, .rolledBack) }
    /// Of these, with a difference that shows it.
    var shown: [Result] { decided.filter { $0.outcome.differences > 0 } }
    /// Changed in a place that this stretch does not reach, or by an amount that decides nothing on it.
    var idle: [Result] { all(.wrong, .same) }
    var overLimit: [Result] { results.filter { !$0.outcome.broken.isEmpty } }

    static func share(_ part: Int, _ whole: Int) -> String {
        whole == 0
            ? "none" : String(format: "%d of %d (%.1f %%)", part, whole, 100 * Double(part) / Double(whole))
    }

    var lines: [String] {
        var lines = [
            "| class | mutants | " + Result.End.allCases.map(\.rawValue).joined(separator: " | ") + " |",
            "| --- | ---: |" + Result.End.allCases.map { _ in " ---: |" }.joined(),
        ]
        func row(_ name: String, _ results: [Result]) {
            let counts = Result.End.allCases.map { end in "\(results.count { $0.end == end })" }
            lines.append("| \(name) | \(results.count) | " + counts.joined(separator: " | ") + " |")
        }
        row(MutantKind.faulty.rawValue, all(.faulty))
        row(MutantKind.wrong.rawValue, all(.wrong).filter { $0.end != .same })
        row("changed, equivalent on this stretch", idle)
        row(MutantKind.equivalent.rawValue, all(.equivalent))
        lines += [
            "faulty, refused before active: \(Self.share(refused.count, all(.faulty).count)); of those whose "
                + "changed line ran: \(Self.share(refused.count, reachable.count))",
            "faulty, an order before the fault: \(traded.count)",
            "reports that name a line: \(Self.share(refused.count - lineless.count, refused.count)), "
                + "the changed line itself: \(Self.share(exactLine.count, refused.count))",
            "valid but wrong and active, with a difference that is not empty: "
                + Self.share(shown.count, decided.count) + ", rolled back of these: "
                + Self.share(decided.count { $0.end == .rolledBack }, decided.count),
            "outside a limit: \(overLimit.count)",
        ]
        return lines + ["", "by operator:"] + operators
    }

    private var operators: [String] {
        Corpus.operators.map { way in
            let own = results.filter { $0.kind == way.kind && $0.operation == way.name }
            let ends = Result.End.allCases.compactMap { end in
                let count = own.count { $0.end == end }
                return count > 0 ? "\(count) \(end.rawValue)" : nil
            }
            return "  \(way.kind.rawValue), \(way.name): \(own.count): " + ends.joined(separator: ", ")
        }
    }

    /// Everything that a reader must judge for himself.
    var misses: [String] {
        let odd =
            all(.faulty, .reached, .unreached) + lineless + overLimit
            + all(.equivalent, .refused, .reached, .silent, .rolledBack, .active)
            + all(.wrong, .reached, .silent) + idle
        return odd.map(\.text)
    }
}
