import Core
import Foundation
import LuaBridge
import Testing

@testable import Host

/// Mutated strategies against a host that takes new versions by itself.
///
/// `NEAP_CORPUS=500` runs that many; without it a slice of them runs, on shorter stretches.
/// `NEAP_CORPUS_SEED` draws other ones.
@Suite struct `The corpus of mutated strategies` {
    private static let environment = ProcessInfo.processInfo.environment
    private static let size = environment["NEAP_CORPUS"].flatMap(Int.init)
    private static let seed = environment["NEAP_CORPUS_SEED"].flatMap(UInt64.init) ?? 20261125

    @Test(.timeLimit(.minutes(60)))
    func `passes no faulty one to an order, and holds every limit whatever a sound one wishes`() async throws
    {
        let size = Self.size ?? 36
        let stage = try Stage(
            rehearsalSeconds: Self.size == nil ? 20 : 600, liveSeconds: Self.size == nil ? 40 : 600)
        let corpus = Corpus(seed: Self.seed, size: size, sources: try Stage.sources())
        print("seed \(corpus.seed), \(corpus.mutants.count) mutants")
        let table = CorpusTable(results: try await Self.play(corpus.mutants, stage))
        for line in table.lines { print(line) }
        if !table.misses.isEmpty { print("\nto be looked at:") }
        for miss in table.misses { print("  " + miss) }

        #expect(table.results.count == corpus.mutants.count && corpus.mutants.count >= size - 2)
        #expect(table.traded.isEmpty, "seed \(corpus.seed)")
        #expect(table.refused.count * 100 >= table.reachable.count * 99, "seed \(corpus.seed)")
        #expect(table.lineless.isEmpty, "seed \(corpus.seed)")
        #expect(table.overLimit.isEmpty, "seed \(corpus.seed)")
        #expect(table.shown.count == table.decided.count, "seed \(corpus.seed)")
        #expect(table.all(.equivalent).allSatisfy { $0.end == .same }, "seed \(corpus.seed)")
        #expect((table.all(.equivalent) + table.idle).allSatisfy { $0.outcome.differences == 0 })
        // A slice may draw few that its short stretch can tell apart.
        #expect(table.decided.count >= (Self.size == nil ? 1 : size / 5), "seed \(corpus.seed)")
    }

    /// Two at a time; the order of the results is that of the mutants.
    private static func play(_ mutants: [Mutant], _ stage: Stage) async throws -> [Result] {
        let folders = try TrialFolders(stage)
        return await withTaskGroup(of: [(Int, Result)].self) { group in
            for lane in 0..<2 {
                group.addTask {
                    stride(from: lane, to: mutants.count, by: 2).map { place in
                        (place, folders.result(of: mutants[place], stage))
                    }
                }
            }
            var results: [(Int, Result)] = []
            for await part in group { results += part }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    @Test func `counts a fault that comes after an order, and a limit that was passed`() throws {
        let stage = try Stage(rehearsalSeconds: 5, liveSeconds: 95)
        let original = try #require(stage.running.first { $0.name == "spot_perp_arb" })
        let text = LuaText(original.source)
        // Later than the dry run and the rehearsal, earlier than the unusual markets.
        let since = GeneratedMarket.start.milliseconds + 45_000
        let place = try #require(text.statements.first { text.tokens[$0].function == "S.score" })
        let late = text.inserting(
            before: place,
            "if o.now_ms > \(since) and o.now_ms < \(since + 50_000) then error(\"late\") end ")
        let mutant = Mutant(
            kind: .faulty, operation: "late", name: original.name, line: text.tokens[place].line,
            source: late.applied(to: original.source))
        var tight = stage.limits
        tight.positionSizeMax = Money(1)
        let result = try TrialFolders(stage).result(of: mutant, stage, held: tight)
        #expect(result.end == .reached && result.outcome.entriesBeforeFault > 0, "\(result.text)")
        #expect(result.outcome.rolledBack == "a fault" || result.outcome.isProven)
        #expect(result.outcome.broken.contains { $0.hasPrefix("a position of") })
        let table = CorpusTable(results: [result])
        #expect(table.traded.count == 1 && table.overLimit.count == 1 && table.misses.count >= 1)
    }

    @Test func `is the same for the same seed, and another for another`() throws {
        let sources = try Stage.sources()
        let one = Corpus(seed: 1, size: 100, sources: sources).mutants.map(\.source)
        #expect(one == Corpus(seed: 1, size: 100, sources: sources).mutants.map(\.source))
        #expect(one != Corpus(seed: 2, size: 100, sources: sources).mutants.map(\.source))
        #expect(Set(one).count == one.count)
    }
}

/// A folder for each shipped strategy, as a loader watches it; removed in the end.
final class TrialFolders: Sendable {
    private let path: String
    private let questions: [String: Questions]

    init(_ stage: Stage) throws {
        path = FileManager.default.temporaryDirectory.path + "/neap-corpus-\(UUID().uuidString.prefix(8))"
        var questions: [String: Questions] = [:]
        for running in stage.running {
            questions[running.name] = try Questions(stage, running)
            let folder = "\(path)/\(running.name)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(running.source).write(to: URL(filePath: "\(folder)/\(running.name).lua"))
        }
        self.questions = questions
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func result(of mutant: Mutant, _ stage: Stage, held limits: RiskLimits? = nil) -> Result {
        let running = stage.running.first { $0.name == mutant.name }!
        let trial = Trial(
            stage: stage, running: running, folder: "\(path)/\(mutant.name)",
            questions: mutant.kind == .faulty ? nil : questions[mutant.name], limits: limits)
        return Result(
            kind: mutant.kind, operation: mutant.operation, place: mutant.place, line: mutant.line,
            outcome: trial.run(mutant))
    }
}
