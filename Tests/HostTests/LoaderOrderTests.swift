import Core
import Foundation
import Journal
import LuaBridge
import Records
import Testing

@testable import Host

@Suite struct `An operator who asks the loader` {
    /// Both ways back: to the version kept on the desk, and to the one on record.
    @Test(.timeLimit(.minutes(2)), arguments: [true, false])
    func `is answered a rollback while another script is rehearsed`(isKept: Bool) throws {
        let market = EndlessMarket()
        let bench = try LoaderBench(
            ["one": entering(at: "9"), "two": entering(at: "9", name: "two")],
            tape: { () throws(JournalFault) in market })
        let earlier = entering(at: "8", name: "two"), before = try bench.version("two", earlier)
        if !isKept {
            bench.records.keep(
                "two", VersionFiles(version: before, files: [("", Array(earlier.utf8))]), summary: "",
                at: Timestamp(milliseconds: 1))
            bench.records.step("two", before, .active, at: Timestamp(milliseconds: 1))
        }
        let loader = bench.loader
        _ = try loader.load()
        let two = try bench.version("two", entering(at: "9", name: "two"))
        if isKept { loader.hear([.replaced(owner: "two", version: two, probation: 3, keeps: before)]) }
        loader.start()
        defer { loader.stop() }
        try bench.folder.write("strategies/one.lua", entering(at: "7"))
        let reload = bench.ask(.reload, "one")
        #expect(market.waitBegun(), "the rehearsal is running")

        let answer = try #require(bench.ask(.rollback, "two").wait(seconds: 20), "no answer came")
        #expect(answer.done && !reload.isGiven, "\(answer)")
        if isKept {
            #expect(bench.posted == [.order(.script("two", .rollBack))])
        } else {
            #expect(bench.swaps.map(\.version) == [before])
        }
        market.end()
        #expect(reload.wait()?.done == true)
        #expect(bench.swaps.last?.name == "one")
    }
}

@Suite struct `While a script is tried for long` {
    /// The market of its rehearsal goes on until the test ends it.
    private func trying() throws -> (LoaderBench, EndlessMarket) {
        let market = EndlessMarket()
        let bench = try LoaderBench(
            ["one": entering(at: "9"), "two": entering(at: "9", name: "two")],
            tape: { () throws(JournalFault) in market })
        _ = try bench.loader.load()
        bench.loader.start()
        try bench.folder.write("strategies/one.lua", entering(at: "8"))
        #expect(market.waitBegun())
        return (bench, market)
    }

    @Test(.timeLimit(.minutes(2)))
    func `the file of another is missed`() throws {
        let (bench, market) = try trying()
        defer {
            market.end()
            bench.loader.stop()
        }
        try FileManager.default.removeItem(atPath: bench.folder.path + "/strategies/two.lua")
        // Each round of the loader is answered, also while it rehearses.
        while !bench.posted.contains(.order(.missing("two", true))) { _ = bench.ask(.promote, "none").wait() }
        #expect(bench.said.contains { $0.hasPrefix("two.lua is gone") })
        #expect(bench.swaps.isEmpty, "the other one is still tried")
    }

    @Test(.timeLimit(.minutes(2)))
    func `a newer save of it takes its place`() throws {
        let (bench, market) = try trying()
        defer { bench.loader.stop() }
        try bench.folder.write("strategies/one.lua", entering(at: "7"))
        #expect(bench.waitReport())
        #expect(bench.reports.contains { $0.contains("a newer save is there") }, "\(bench.reports)")
        market.end()
        #expect(bench.waitSwap())
        #expect(bench.swaps.map(\.version) == [try bench.version("one", entering(at: "7"))])
    }
}

@Suite struct `A version that waits for a person` {
    private let running = entering(at: "9"), waiting = entering(at: "8")

    private func waitingBench() throws -> LoaderBench {
        let market = EndlessMarket()
        market.end()
        let bench = try LoaderBench(
            ["one": running], policy: .shadow, tape: { () throws(JournalFault) in market })
        _ = try bench.loader.load()
        bench.loader.start()
        try bench.folder.write("strategies/one.lua", waiting)
        #expect(bench.ask(.reload, "one").wait()?.done == true)
        return bench
    }

    @Test(.timeLimit(.minutes(2)))
    func `goes on waiting when a broken save comes`() throws {
        let bench = try waitingBench()
        defer { bench.loader.stop() }
        try bench.folder.write("strategies/one.lua", "return {")
        #expect(bench.waitReport())
        #expect(bench.ask(.promote, "one").wait()?.done == true)
        #expect(bench.swaps.map(\.version) == [try bench.version("one", waiting)])
    }

    @Test(.timeLimit(.minutes(2)))
    func `waits again when its file was away and is back`() throws {
        let bench = try waitingBench()
        defer { bench.loader.stop() }
        let path = bench.folder.path + "/strategies/one.lua"
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        while !bench.said.contains(where: { $0.hasPrefix("one.lua is gone") }) {
            _ = bench.ask(.promote, "none").wait()
        }
        #expect(bench.ask(.promote, "one").wait()?.done == false)
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        while bench.ask(.promote, "one").wait()?.done == false {}
        #expect(bench.swaps.map(\.version) == [try bench.version("one", waiting)])
    }

    @Test(.timeLimit(.minutes(2)))
    func `is told apart in the records from the one that waits in its place`() throws {
        let bench = try waitingBench()
        defer { bench.loader.stop() }
        let newer = entering(at: "7")
        try bench.folder.write("strategies/one.lua", newer)
        #expect(bench.ask(.reload, "one").wait()?.done == true)
        #expect(try bench.records.fate(of: "one", bench.version("one", waiting))?.fate == .untried)
        #expect(try bench.records.fate(of: "one", bench.version("one", newer))?.fate == .shadow)
    }
}

@Suite struct `A rollback by hand` {
    @Test(.timeLimit(.minutes(2)))
    func `goes back one step each time, also over versions that were never proven`() throws {
        let market = EndlessMarket()
        market.end()
        let texts = ["9", "8", "7"].map { entering(at: $0) }
        let bench = try LoaderBench(["one": texts[0]], tape: { () throws(JournalFault) in market })
        let versions = try texts.map { try bench.version("one", $0) }
        _ = try bench.loader.load()
        bench.loader.start()
        defer { bench.loader.stop() }
        for text in texts.dropFirst() {
            try bench.folder.write("strategies/one.lua", text)
            #expect(bench.ask(.reload, "one").wait()?.done == true)
        }
        #expect(bench.ask(.rollback, "one").wait()?.done == true)
        #expect(bench.ask(.rollback, "one").wait()?.done == true)
        #expect(bench.swaps.map(\.version) == [versions[1], versions[2], versions[1], versions[0]])
        #expect(bench.ask(.rollback, "one").wait()?.done == false, "nothing is before the first")
    }
}
