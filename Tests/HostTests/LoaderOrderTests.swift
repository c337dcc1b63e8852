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
        if isKept { loader.hear([.replaced(owner: "two", version: two, probation: 3, keeps: true)]) }
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
