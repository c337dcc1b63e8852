import Core
import Foundation
import Journal
import LuaBridge
import Records
import Testing

@testable import Host

@Suite struct `A file that is refused` {
    private let broken = "local S = {"

    private func shown(_ bench: LoaderBench) -> [String: String] {
        bench.loader.shared.withLock { shared in
            shared.unfitFiles.reduce(into: [:]) { $0[$1.file] = $1.report.description }
        }
    }

    /// Looks again until it holds; the loader's own rounds are what is waited for.
    private func wait(_ bench: LoaderBench, until holds: () -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        while !holds(), Date() < deadline { _ = bench.ask(.promote, "nobody").wait() }
        return holds()
    }

    @Test(.timeLimit(.minutes(2)))
    func `at the start is shown with place and reason, and its step is on record`() throws {
        let bench = try LoaderBench([
            "good": entering(at: "9", name: "good"), "syntax": broken,
            "liar": entering(at: "9", name: "other"),
            "loop": "while true do end", "large": String(repeating: "-", count: (64 << 10) + 1),
            "Odd Name": entering(at: "9"), "empty": "",
        ])
        let folder = bench.folder.path + "/strategies/"
        symlink("/etc/passwd", folder + "link.lua")
        mkdir(folder + "folder.lua", 0o700)
        try Data([0x2D, 0x2D, 0xFF, 0xFE]).write(to: URL(filePath: folder + "bytes.lua"))
        try bench.folder.write("strategies/lib/Half.lua", "return 1")

        #expect(try bench.loader.load().map(\.package.name) == ["good"])
        let reasons = [
            "syntax.lua": "syntax.lua:1: ", "liar.lua": "liar.lua:2: name is \"other\"",
            "loop.lua": "loop.lua:1: used up its steps", "large.lua": "large.lua: is larger than 64 KiB",
            "Odd Name.lua": "Odd Name.lua: names are", "link.lua": "link.lua: is a symbolic link",
            "folder.lua": "folder.lua: is not a regular file", "bytes.lua": "bytes.lua: is not UTF-8",
            "empty.lua": "empty.lua: ", "lib/Half.lua": "lib/Half.lua: names are",
        ]
        let files = shown(bench)
        #expect(files.keys.sorted() == reasons.keys.sorted())
        for (file, words) in reasons {
            #expect(files[file]?.contains(words) == true, "\(file): \(files[file] ?? "")")
            let steps = try bench.records.steps(of: String(file.dropLast(4)))
            #expect(steps.last?.step == "refused" && steps.last?.detail.contains(words) == true, "\(file)")
        }
        // What could be read is kept as every version is; what could not is a step alone.
        let kept = Set(try bench.records.versions(latest: 4).map(\.script))
        #expect(kept == ["good", "syntax", "liar", "loop", "empty"])
        #expect(try bench.records.steps(of: "large").map(\.version) == [""])
        #expect(bench.consequences.count { $0 == "; it does not run" } == 9)
        #expect(bench.consequences.count { $0 == "" } == 1, "a file of lib/ is nobody's alone")
    }

    @Test(.timeLimit(.minutes(2)))
    func `for a file of its library is on record with the text of both, as another version for another text`()
        throws
    {
        let bench = try LoaderBench(["one": "local half = include(\"half\")\n" + entering(at: "9")])
        try bench.folder.write("strategies/lib/half.lua", "return {")
        _ = try bench.loader.load()
        let first = try #require(try bench.records.steps(of: "one").last)
        #expect(first.step == "refused" && first.detail.hasPrefix("lib/half.lua:1: "), "\(first.detail)")
        bench.loader.start()
        defer { bench.loader.stop() }
        try bench.folder.write("strategies/lib/half.lua", "local 1")
        // Of the start, and of this.
        #expect(bench.waitReport() && bench.waitReport())
        let versions = try bench.records.steps(of: "one").filter { $0.step == "refused" }.map(\.version)
        #expect(versions.count == 2 && versions[0] != versions[1] && !versions.contains(""))
    }

    @Test(.timeLimit(.minutes(2)))
    func `is shown until it is mended or deleted, beside the version that runs`() throws {
        let bench = try LoaderBench(["one": entering(at: "9"), "two": broken])
        _ = try bench.loader.load()
        bench.loader.start()
        defer { bench.loader.stop() }
        #expect(shown(bench).keys.sorted() == ["two.lua"])

        try bench.folder.write("strategies/one.lua", broken)
        #expect(bench.waitReport() && bench.waitReport())
        #expect(shown(bench).keys.sorted() == ["one.lua", "two.lua"])
        #expect(bench.consequences == ["; it does not run", "; what runs stays"])

        try bench.folder.write("strategies/two.lua", entering(at: "9", name: "two"))
        #expect(bench.waitSwap())
        #expect(wait(bench) { shown(bench).keys.sorted() == ["one.lua"] })

        // Too large on top of that, and small again with the same fault as before: it stands refused.
        try bench.folder.write("strategies/one.lua", String(repeating: "-", count: 1 << 20))
        #expect(bench.waitReport())
        #expect(shown(bench)["one.lua"]?.contains("larger than") == true)
        try bench.folder.write("strategies/one.lua", broken)
        #expect(wait(bench) { shown(bench)["one.lua"]?.contains("one.lua:1: ") == true }, "\(shown(bench))")

        try FileManager.default.removeItem(atPath: bench.folder.path + "/strategies/one.lua")
        #expect(wait(bench) { shown(bench).isEmpty }, "\(shown(bench))")
    }

    @Test(.timeLimit(.minutes(2)))
    func `before is shown with that reason when its bytes come back`() throws {
        let bench = try LoaderBench(["one": entering(at: "9")])
        _ = try bench.loader.load()
        bench.loader.start()
        defer { bench.loader.stop() }
        let faulty = entering(at: "8", "error(\"late\")")
        try bench.folder.write("strategies/one.lua", faulty)
        #expect(bench.waitReport())
        try bench.folder.write("strategies/one.lua", entering(at: "7"))
        #expect(bench.waitSwap())
        #expect(wait(bench) { shown(bench).isEmpty })
        try bench.folder.write("strategies/one.lua", faulty)
        #expect(
            wait(bench) { shown(bench)["one.lua"]?.contains("was refused before: one.lua:5: late") == true })
        #expect(bench.ask(.reload, "one").wait()?.done == false, "asked for, it is tried")
        #expect(shown(bench)["one.lua"]?.hasPrefix("one.lua:5: late") == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func `for what the configuration binds is not refused when that is mended`() throws {
        let source = """
            local S = { api = 1, name = "one", params = { x = { 1, min = 0, max = 2, env = "LIMIT" } } }
            function S.score(o, p) return nil end
            return S
            """
        let bound = { (text: String) in
            ScriptMaker(
                limits: ScriptLimits(), bindings: ["LIMIT": BoundValue(text: text, origin: .file)])
        }
        let bench = try LoaderBench(["one": source], maker: bound("3"))
        #expect(try bench.loader.load().isEmpty)
        #expect(shown(bench)["one.lua"]?.contains("LIMIT=3") == true)
        let step = try #require(try bench.records.steps(of: "one").last)
        #expect(step.version == "" && step.step == "refused" && step.detail.contains("LIMIT=3"))
        let next = try LoaderBench([:], folder: bench.folder, maker: bound("2"))
        #expect(try next.loader.load().count == 1 && next.said.isEmpty, "\(next.said)")
    }

    @Test(.timeLimit(.minutes(1)))
    func `in the dry run of a start has that step on record`() throws {
        let market = EndlessMarket()
        market.end()
        let faulty = entering(at: "8", "error(\"late\")")
        let bench = try LoaderBench(
            ["one": faulty], tape: { () throws(JournalFault) in market })
        let version = try bench.version("one", faulty)
        bench.records.keep(
            "one", VersionFiles(version: version, files: [("", Array(faulty.utf8))]), summary: "",
            at: Timestamp(milliseconds: 1))
        for step in [VersionStep.active, .probation] {
            bench.records.step("one", version, step, at: Timestamp(milliseconds: 2))
        }
        #expect(try bench.loader.load().isEmpty)
        bench.loader.start()
        defer { bench.loader.stop() }
        #expect(bench.waitReport())
        #expect(wait(bench) { shown(bench)["one.lua"]?.hasPrefix("one.lua:5: late") == true })
        let known = try #require(try bench.records.fate(of: "one", version))
        #expect(known.fate == .refused && known.detail.hasPrefix("one.lua:5: late"), "\(known)")
        #expect(bench.swaps.isEmpty)
    }

    @Test(.timeLimit(.minutes(3)))
    func `is in the status of a run, in words and as JSON`() throws {
        let host = try Rehearsed(["one": entering(at: "9"), "two": broken], policy: .confirm)
        defer { host.end() }
        try host.wait("calls", host.script("one") { $0.calls > 20 })
        #expect(host.log.contains("Script two.lua:1: ") && host.log.contains("; it does not run"))
        let json = try host.status()
        #expect(
            json.contains(
                /"refused_files":\[\{"file":"two.lua","fate":"refused","since_ms":\d+,"place":"two.lua:1"/),
            "\(json)")
        let words = try host.neap("status").output
        #expect(words.contains(#/two\.lua refused at \d\d:\d\d:\d\d: two\.lua:1: /#), "\(words)")

        // Under `confirm` nothing decides in the shadow, and nobody says so.
        try host.write("three", entering(at: "9", name: "three"))
        try host.wait("ready") { _ in
            (try? host.status().contains(/"name":"three","version":"[^"]*","state":"ready"/)) ?? false
        }
        #expect(!host.log.contains("shadow"), "\(host.log.suffix(2000))")
        let book = try RecordBook(path: host.run.folder.path + "/records.sqlite")
        #expect(try book.steps(of: "three").map(\.step).contains("ready"))
        #expect(try !book.steps(of: "three").map(\.step).contains("shadow"))
    }
}
