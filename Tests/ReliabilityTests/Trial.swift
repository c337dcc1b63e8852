import Core
import Exchange
import Foundation
import Journal
import LuaBridge
import Synchronization

@testable import Core
@testable import Host

/// What became of one mutant.
struct Outcome: Sendable {
    /// Why it was refused before it was active.
    var report: ScriptReport?
    /// Lines of the difference that its rehearsal showed.
    var differences = 0
    /// It answered every question that the original was asked in the rehearsal as the original did; `nil`
    /// where that was not looked at.
    var answersAlike: Bool?
    /// After it was active: its first fault, and entries it had made by then.
    var fault: StrategyFault?
    var entriesBeforeFault = 0
    var entries = 0
    var rolledBack: String?
    var isProven = false
    var broken: [String] = []

    var isActive: Bool { report == nil }
    /// The line that the report names.
    var reportedLine: Int? {
        guard let parts = report?.place.split(separator: ":"), parts.count == 2 else { return nil }
        return Int(parts[1])
    }
}

/// Puts a mutant through what a saved file goes through on a running host, and then lets it trade.
///
/// The first half is the loader itself with `RELOAD_POLICY=auto`: compile, contract, fields, dry run,
/// rehearsal beside the running version, and the swap it posts. Only the market of the rehearsal does not
/// come from a journal but from a generated stretch, so that every run of the corpus is the same. The
/// second half is a paper desk in the place of the host: the shipped strategy trades, the swap is carried
/// out between two turns as the desk does it, with the terms the rehearsal gave, and the rest of another
/// stretch is played.
struct Trial {
    let stage: Stage
    let running: Running
    /// A folder with the shipped file of that name alone.
    let folder: String
    /// What the shipped strategy was asked in the rehearsal.
    var questions: Questions?
    /// Held against what happens; `nil` for those that the engine has as well.
    var limits: RiskLimits?

    /// When the mutant takes over, after the beginning of the live stretch.
    static let takesOver = TimeSpan.seconds(10)

    /// What the loader said and posted.
    private final class Heard: Sendable {
        private let state = Mutex<(swap: (LoadedScript, ProbationTerms)?, lines: [String])>((nil, []))

        func post(_ input: Input, _ script: LoadedScript?) {
            guard case .swap(_, let terms, _) = input, let script else { return }
            state.withLock { $0.swap = (script, terms) }
        }
        func tell(_ line: String) { state.withLock { $0.lines.append(line) } }

        var swap: (LoadedScript, ProbationTerms)? { state.withLock { $0.swap } }

        /// Of the decision diff as people see it: its lines, and those that it only counts.
        var differences: Int {
            state.withLock { state in
                state.lines.reduce(0) { sum, line in
                    if line.hasPrefix("…") { return sum + (Int(line.split(separator: " ")[1]) ?? 0) }
                    return sum + (["  + ", "  - ", "  ~ "].contains(line.prefix(4)) ? 1 : 0)
                }
            }
        }
    }

    func run(_ mutant: Mutant) -> Outcome {
        var outcome = Outcome()
        let heard = Heard()
        let loader = loader(heard)
        do throws(ScriptReport) {
            _ = try loader.load()
            _ = try loader.take(mutant.package, isAsked: false)
        } catch {
            outcome.report = error
            return outcome
        }
        guard let (script, terms) = heard.swap else {
            outcome.report = ScriptReport(place: mutant.name, message: "nothing was posted")
            return outcome
        }
        outcome.differences = heard.differences
        outcome.answersAlike = try? questions?.areAnsweredAlike(by: mutant)
        trade(script.script, terms, loader, &outcome)
        return outcome
    }

    private func loader(_ heard: Heard) -> ScriptLoader {
        let stretch = stage.rehearsal, end = stretch.inputs.last?.now ?? stretch.picture.now
        var setting = ScriptLoader.Setting(
            folder: ScriptFolder(path: folder), maker: Stage.maker, policy: .auto,
            rehearsal: end - stretch.picture.now, probationEntries: 3, catalogue: stretch.catalogue,
            plan: stage.plan(stretch), records: nil, now: { end }, post: heard.post, report: { _ in },
            tell: heard.tell)
        setting.tape = { _, _, _ throws(JournalFault) in StretchPlayer(stretch) }
        let loader = ScriptLoader(setting)
        let picture = StreetPicture(
            market: stage.picture(stretch, running), books: [], depthRequests: [],
            position: JournalPosition(segment: 1, offset: 0), scripts: [running.stored])
        loader.shared.withLock {
            $0.pictures = [picture]
            $0.journal = "a generated market"
        }
        return loader
    }

    /// The shipped strategy trades, the mutant takes over, and everything is watched to the end.
    private func trade(
        _ script: Script, _ terms: ProbationTerms, _ loader: ScriptLoader, _ outcome: inout Outcome
    ) {
        let stretch = stage.live
        guard let old = try? Stage.maker.restore(running.stored) else { return }
        let desk = PaperDesk(
            WatchedScript(old), stage.plan(stretch), from: stage.picture(stretch, running))
        let version = script.contract.version, mutant = WatchedScript(script)
        var watch = LimitWatch(limits ?? stage.limits), isActive = false, seen = Outcome()
        desk.onTurn = { [unowned engine = desk.engine] _, notes in
            watch.check(engine, notes)
            loader.hear(notes)
            for note in notes {
                switch note {
                case .replaced: isActive = true
                case .entering where isActive: seen.entries += 1
                case .rolledBack(_, let from, _, let reason) where from == version:
                    seen.rolledBack = reason
                    isActive = false
                case .proven(_, version): seen.isProven = true
                case .strategyFault(_, version, let fault, _) where seen.fault == nil:
                    (seen.fault, seen.entriesBeforeFault) = (fault, seen.entries)
                default: break
                }
            }
        }
        let change = stretch.picture.now + Self.takesOver
        var isDone = false
        for (now, events) in stretch.inputs {
            if now >= change, !isDone {
                isDone = true
                do throws(ScriptReport) { try script.takeOver(from: old) } catch {
                    outcome.report = error
                    return
                }
                desk.engine.replace(mutant, terms)
            }
            desk.hear(events, now: now)
        }
        desk.onTurn = nil
        seen.broken = watch.broken
        (seen.differences, seen.report) = (outcome.differences, nil)
        seen.answersAlike = outcome.answersAlike
        outcome = seen
    }
}
