import Core
import Foundation
import Journal
import LuaBridge
import Records
import Testing

@testable import Core
@testable import Host

@Suite struct `A saved file` {
    @Test(arguments: ["", "\u{FEFF}"])
    func `may begin with a byte order mark, as its include and its tests may`(mark: String) throws {
        let folder = try TemporaryFolder()
        let source = "local half = include('half')\n" + entering(at: "0.1")
        try folder.write("strategies/one.lua", mark + source)
        try folder.write("strategies/lib/half.lua", mark + "return 0.5")
        try folder.write(
            "strategies/tests/one_test.lua",
            mark
                + "return { { \"small\", call = \"score\", o = { gross_pct = 1, size_usd = 70 }, expect = { 0.9, 70 } } }"
        )
        let contents = try ScriptFolder(path: folder.path + "/strategies").read()
        #expect(contents.reports == [] && contents.packages.map(\.source) == [Array(source.utf8)])
        let check = ScriptCheck(folder.path + "/strategies/one.lua", seconds: 1)
        #expect(check.reports == [] && check.tests == 1)
    }

    /// A journal that cannot be read for a while.
    private final class Tape: Sendable {
        let isGood = AtomicFlag()
        func open() throws(JournalFault) -> any MarketSource {
            guard isGood.value else { throw JournalFault("000001.neapj is gone") }
            let market = EndlessMarket()
            market.end()
            return market
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [false, true])
    func `that the host could not rehearse is tried again, saved or asked for, without another byte`(
        isAsked: Bool
    ) throws {
        let tape = Tape()
        let bench = try LoaderBench(
            ["one": entering(at: "9")], tape: { () throws(JournalFault) in try tape.open() })
        _ = try bench.loader.load()
        bench.loader.start()
        defer { bench.loader.stop() }
        let text = entering(at: "8"), version = try bench.version("one", text)
        try bench.folder.write("strategies/one.lua", text)
        #expect(bench.waitReport())
        #expect(bench.reports == ["one.lua: cannot be rehearsed: 000001.neapj is gone"])
        #expect(bench.loader.shared.withLock { $0.refused["one"] ?? [] } == [])
        #expect(try bench.records.fate(of: "one", version)?.fate == .untried)

        tape.isGood.set()
        if isAsked {
            #expect(bench.ask(.reload, "one").wait()?.done == true)
        } else {
            try bench.folder.write("strategies/one.lua", text)
        }
        #expect(bench.waitSwap(), "\(bench.reports)")
        #expect(bench.swaps.map(\.version) == [version])
    }

    @Test(.timeLimit(.minutes(1)))
    func `whose rehearsal the end of the host cut short is not refused`() throws {
        let market = EndlessMarket()
        let bench = try LoaderBench(
            ["one": entering(at: "9")], tape: { () throws(JournalFault) in market })
        _ = try bench.loader.load()
        bench.loader.start()
        let text = entering(at: "8"), version = try bench.version("one", text)
        try bench.folder.write("strategies/one.lua", text)
        let answer = bench.ask(.reload, "one")
        #expect(market.waitBegun())
        bench.loader.stop()
        #expect(answer.wait()?.text.contains("the host is stopping") == true)
        #expect(try bench.records.fate(of: "one", version)?.fate == .untried)
    }
}

@Suite struct `The log of a host` {
    private func script(_ version: String) throws -> Script {
        let source = entering(at: "9", "log.info(\"\(version)\") log.warn(\"w\") -- \(version)")
        return try Sample.maker.make(ScriptPackage(name: "one", source: Array(source.utf8), library: []))
    }

    @Test func `names the version of a line that is not from the running one`() throws {
        let engine = Engine(instruments: [], pairs: [], limits: RiskLimits())
        let (oldest, old, new) = (try script("oldest"), try script("old"), try script("new"))
        engine.add(old)
        engine.replace(new)
        engine.slots[0].earlier = [EarlierVersion(oldest), EarlierVersion(old)]
        for script in [oldest, old, new] {
            var view = MarketView(pair: "SOL", direction: .carry)
            for field in MarketField.allCases { view[field] = 0 }
            _ = script.score(view)
        }
        let logs = engine.takeScriptLogs()
        func head(_ script: Script) -> String { "one " + script.contract.version.prefix(12) }
        #expect(logs.map(\.who) == ["one", head(old), head(oldest)])
        #expect(logs.map { $0.lines.map(\.text) } == [["new", "w"], ["old", "w"], ["oldest", "w"]])
        #expect(logs[0].lines.map(\.warns) == [false, true])
        #expect(engine.takeScriptLogs().isEmpty, "each line once")
    }
}
