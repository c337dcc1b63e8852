import Core
import Foundation
import Journal
import LuaBridge
import Testing

@testable import Host

@Suite struct `A rehearsal beside the running version` {
    private static let source = """
        local S = { api = 1, name = "sample", replaces = { "converged", "take_profit" } }
        function S.score(o, p)
          if o.gross_pct < 0.3 then return nil, "narrow" end
          return 0.8, o.size_usd
        end
        function S.choose(o, p)
          return "maker", { rest = "perp", peg = "touch", timeout_s = 15, fallback = "taker" }
        end
        function S.exit(pos, o, p)
          if o.exit_pct <= 0.25 then return "done", "taker" end
          return nil
        end
        return S
        """

    /// - Parameter changes: what stands in the new version instead.
    private func rehearsal(_ changes: [String: String]) throws -> Rehearsal {
        let source = Self.source
        var changed = source
        for (old, new) in changes {
            try #require(changed.contains(old))
            changed = changed.replacing(old, with: new)
        }
        func package(_ text: String) -> ScriptPackage {
            ScriptPackage(name: "sample", source: Array(text.utf8), library: [])
        }
        let running = StoredScript(try Sample.maker.make(package(source)))
        let market = GeneratedMarket(seconds: 90)
        let plan = PaperPlan(
            instruments: market.catalogue.instruments, pairs: market.pairs, limits: GeneratedMarket.limits)
        let bench = try PaperBench(
            package(changed), running: running, Sample.maker, plan, from: market.picture, tape: market)
        return try Rehearsal(bench, pairs: market.pairs.count, exitsRehearsed: true)
    }

    @Test(arguments: [
        ("0.8, o", "0.7, o", AnswerDiff.Kind.confidence), ("0.8, o", "0.08, o", .confidence),
        ("o.size_usd", "o.size_usd / 4", .size), ("o.size_usd", "o.size_usd * 4", .size),
        ("< 0.3", "< 0.78", .wish), ("< 0.3", "< -9", .wish),
        ("\"touch\"", "\"edge\"", .style), ("timeout_s = 15", "timeout_s = 16", .style),
        ("\"taker\" }", "\"cancel\" }", .style), ("0.25", "0.35", .exit), ("\"done\"", "\"enough\"", .exit),
    ])
    func `names what differs, also where it comes to the same orders`(
        old: String, new: String, kind: AnswerDiff.Kind
    ) throws {
        let rehearsal = try rehearsal([old: new])
        #expect((rehearsal.running?.entries ?? 0) > 0 && (rehearsal.running?.exits ?? 0) > 0)
        let found = try #require(rehearsal.answers.first { $0.kind == kind })
        #expect(rehearsal.answers.map(\.kind) == [kind] && found.count > 0)
        #expect(rehearsal.lines.contains { $0.hasPrefix("  ~ \(kind.rawValue) of \(found.count) answer") })
        #expect(!rehearsal.lines.contains("no decision differs"))
    }

    @Test(arguments: [
        ("return nil, \"narrow\"", "return nil, \"too narrow\""), ("return nil\n", "do return nil end\n"),
    ])
    func `finds nothing where no decision could`(old: String, new: String) throws {
        let rehearsal = try rehearsal([old: new])
        #expect(rehearsal.answers == [] && rehearsal.differences == [])
        #expect(rehearsal.lines.contains("no decision differs"))
    }

    @Test func `shows an entry of another size with both sizes`() throws {
        let rehearsal = try rehearsal(["o.size_usd": "o.size_usd / 4"])
        let first = try #require(rehearsal.differences.first)
        let (before, entry) = (try #require(first.before), try #require(first.decision.entry))
        #expect(first.sign == .changed && before.style == entry.style)
        #expect(before.usd > entry.usd && entry.usd > .zero)
        #expect(first.text.contains("\(LiveTable.money(before.usd)) → \(LiveTable.money(entry.usd)) USD"))
    }

    /// The new version never gets there by itself.
    @Test func `reports a fault where only the running version goes, and does not refuse for it`() throws {
        let rehearsal = try rehearsal(
            ["0.8, o.size_usd": "nil", "if o.exit_pct": "error(\"nowhere\") if o.exit_pct"])
        #expect(rehearsal.new.faults == 0 && rehearsal.new.entries == 0)
        #expect(rehearsal.answers.map(\.kind) == [.wish, .fault])
        #expect(rehearsal.answers.last?.count == 1)
        #expect(rehearsal.answers.last?.after.contains("nowhere") == true)
    }
}
