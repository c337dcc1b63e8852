import Core
import Foundation
import Journal
import LuaBridge
import Records
import Testing

@testable import Host

/// A restart on the folder of an earlier run, whose records are there.
@Suite struct `A start that finds records` {
    private let old = entering(at: "9"), new = entering(at: "8")

    /// - Parameter before: what the earlier run left of the old and of the new version.
    private func restarted(
        old oldSteps: [VersionStep], new newSteps: [VersionStep], policy: ReloadPolicy = .auto
    ) throws -> LoaderBench {
        let market = EndlessMarket()
        market.end()
        let bench = try LoaderBench(
            ["one": new], policy: policy, tape: { () throws(JournalFault) in market })
        for (text, steps) in [(old, oldSteps), (new, newSteps)] where !steps.isEmpty {
            let version = try bench.version("one", text)
            bench.records.keep(
                "one", VersionFiles(version: version, files: [("", Array(text.utf8))]), summary: "",
                at: Timestamp(milliseconds: 1))
            for step in steps {
                bench.records.step("one", version, step, "for a reason", at: Timestamp(milliseconds: 2))
            }
        }
        return bench
    }

    private func isRunning(_ bench: LoaderBench, _ text: String?) throws {
        let version = try text.map { try bench.version("one", $0) }
        #expect(try bench.loader.load().map(\.contract.version) == [version].compactMap { $0 })
    }

    /// The first one is on record while the others are still looked at.
    @Test func `without any, at a first start, runs all that stands there, however many`() throws {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"]
        let files = names.map { ($0, entering(at: "9", name: $0)) }
        let bench = try LoaderBench(Dictionary(uniqueKeysWithValues: files), policy: .shadow)
        #expect(try bench.loader.load().map(\.package.name) == names)
        #expect(bench.said == [])
    }

    @Test(.timeLimit(.minutes(1)), arguments: [.rolledBack, .stopped, .refused] as [VersionStep])
    func `runs the version before one that ended badly, says so once, and tries that when asked`(
        fate: VersionStep
    ) throws {
        let bench = try restarted(old: [.active, .proven, .replaced], new: [.active, .probation, fate])
        try isRunning(bench, old)
        #expect(bench.said.count == 1)
        let runs = String(try bench.version("one", old).prefix(12))
        let words = [fate.rawValue, "for a reason", runs, "neap reload one"]
        for word in words { #expect(bench.said[0].contains(word), "\(bench.said[0])") }

        bench.loader.start()
        defer { bench.loader.stop() }
        // The same bytes saved again are no other version.
        #expect(bench.loader.shared.withLock { $0.refused["one"] } == [try bench.version("one", new)])
        #expect(bench.swaps.isEmpty)
        #expect(bench.ask(.reload, "one").wait()?.done == true)
        #expect(bench.swaps.map(\.version) == [try bench.version("one", new)])
    }

    @Test(.timeLimit(.minutes(1)), arguments: [[], [.active, .probation]] as [[VersionStep]])
    func `begins it in the shadow where none before it did well, and trades it when promoted`(
        earlier: [VersionStep]
    ) throws {
        let bench = try restarted(old: earlier, new: [.active, .rolledBack])
        try isRunning(bench, nil)
        #expect(bench.said.count == 1 && bench.said[0].contains("begins in the shadow"), "\(bench.said)")
        bench.loader.start()
        defer { bench.loader.stop() }
        #expect(bench.ask(.reload, "two").wait()?.done == false, "a round of its thread")
        #expect(bench.ask(.promote, "one").wait()?.done == true)
        #expect(bench.swaps.map(\.inShadow) == [true, false])
        #expect(bench.swaps.last?.terms.entries == 3, "on probation")
        #expect(bench.reports == [])
    }

    @Test(.timeLimit(.minutes(1)), arguments: [.shadow, .ready] as [VersionStep])
    func `lets a version that waited go on waiting`(fate: VersionStep) throws {
        let bench = try restarted(old: [.active], new: [fate], policy: .shadow)
        try isRunning(bench, old)
        bench.loader.start()
        defer { bench.loader.stop() }
        #expect(bench.ask(.reload, "two").wait()?.done == false, "a round of its thread")
        #expect(bench.swaps.isEmpty)
        #expect(bench.said.last?.contains("neap promote one") == true, "\(bench.said)")
        #expect(bench.ask(.promote, "one").wait()?.done == true)
        #expect(bench.swaps.map(\.version) == [try bench.version("one", new)])
    }

    @Test(
        .timeLimit(.minutes(1)), arguments: [ReloadPolicy.auto, .shadow, .confirm], [true, false])
    func `takes a file that changed meanwhile for a save, where saves wait; a first start takes all`(
        policy: ReloadPolicy, hasRun: Bool
    ) throws {
        let bench = try restarted(old: hasRun ? [.active] : [], new: [], policy: policy)
        let waits = policy != .auto && hasRun
        try isRunning(bench, waits ? old : new)
        #expect(bench.said.count == (waits ? 1 : 0), "\(bench.said)")
        guard waits else { return }
        bench.loader.start()
        defer { bench.loader.stop() }
        #expect(bench.ask(.reload, "two").wait()?.done == false, "a round of its thread")
        #expect(bench.swaps.isEmpty)
        #expect(bench.ask(.promote, "one").wait()?.done == true)
        #expect(bench.swaps.map(\.version) == [try bench.version("one", new)])
    }

    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func `lets one whose probation was cut short begin it anew`(hasEarlier: Bool) throws {
        let bench = try restarted(old: hasEarlier ? [.active] : [], new: [.active, .probation])
        try isRunning(bench, hasEarlier ? old : nil)
        #expect(bench.said.count == 1 && bench.said[0].contains("on probation"), "\(bench.said)")
        bench.loader.start()
        defer { bench.loader.stop() }
        #expect(bench.ask(.reload, "two").wait()?.done == false, "a round of its thread")
        #expect(bench.swaps.map(\.version) == [try bench.version("one", new)])
        #expect(bench.swaps.map(\.inShadow) == [false])
        #expect(bench.swaps.map(\.terms.entries) == [3])
        #expect(bench.reports == [])
    }

    @Test(
        arguments: [
            [], [.active], [.active, .probation, .proven], [.active, .replaced],
        ]
            as [[VersionStep]])
    func `takes a file that is new, or did well, as it is`(steps: [VersionStep]) throws {
        let bench = try restarted(old: [.active], new: steps)
        try isRunning(bench, new)
        #expect(bench.said == [])
    }
}
