import Core
import Foundation
import Journal
import LuaBridge
import Testing

@testable import Host

/// A strategy of the repository, or one written here.
enum Sample {
    static let strategies = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "strategies").path

    static func shipped(_ path: String) throws -> ScriptPackage {
        let file = URL(filePath: strategies + "/" + path)
        return ScriptPackage(
            name: file.deletingPathExtension().lastPathComponent, source: [UInt8](try Data(contentsOf: file)),
            library: [])
    }

    /// A script with this body of `score`; further lines stand before `return S`.
    static func script(_ score: String, more: String = "", head: String = "") -> ScriptPackage {
        ScriptPackage(
            name: "sample",
            source: Array(
                """
                local S = { api = 1, name = "sample", \(head) }
                function S.score(o, p) \(score) end
                \(more)
                return S
                """.utf8), library: [])
    }

    static let maker = ScriptMaker(limits: ScriptLimits(), bindings: [:])

    static func report(_ package: ScriptPackage) -> String? {
        do throws(ScriptReport) {
            _ = try DryRun.check(package, maker, state: nil)
            return nil
        } catch { return error.description }
    }
}

@Suite struct `A dry run` {
    @Test(arguments: [
        "spot_perp_arb.lua", "observer.lua", "examples/funding_carry.lua", "examples/maker_first.lua",
        "examples/fair_basis.lua", "examples/ladder.lua", "examples/panic_exit.lua",
    ])
    func `passes what is shipped, exits included`(path: String) throws {
        let package = try Sample.shipped(path)
        #expect(try DryRun.check(package, Sample.maker, state: nil), "exit was asked")
    }

    @Test(arguments: ["loop", "bomb", "nan", "typo", "syntax", "liar"])
    func `refuses every broken example and names the line`(name: String) throws {
        let report = try #require(Sample.report(try Sample.shipped("examples/broken/\(name).lua")))
        #expect(report.contains("\(name).lua:"), "\(report)")
    }

    @Test func `reaches choose and exit although the script wishes nothing`() {
        let choose = Sample.script(
            "return nil", more: "function S.choose(o, p) return \"tkaer\" end")
        #expect(Sample.report(choose)?.contains("choose must return") == true)
        let exit = Sample.script(
            "return nil", more: "function S.exit(pos, o, p) local t = nil; return t.x end")
        #expect(Sample.report(exit)?.contains("sample.lua:3") == true)
    }
}

@Suite struct `A dry run of markets that are seldom` {
    @Test(arguments: [
        "o.funding_mean_pct_h > 0.04 and o.basis_samples > 1800", "o.gross_pct < -0.2", "o.held_usd > 30",
        "o.index_dev_spot_pct < -0.5 and o.liquidity < 1",
    ])
    func `finds the fault behind a condition that no minute of the generated market meets`(condition: String)
    {
        let hidden = Sample.script("if \(condition) then local t = nil; return t.x end return nil")
        #expect(Sample.report(hidden)?.contains("sample.lua:2: ") == true)
    }

    @Test(arguments: [
        (
            "rule = { \"always\", choices = { \"always\", \"seldom\" } }", "p.rule == \"seldom\"",
            "rule = seldom"
        ),
        ("bold = { false }", "p.bold", "bold = true"),
    ])
    func `finds the fault that another setting would bring`(
        parameter: String, condition: String, words: String
    ) throws {
        let script = Sample.script(
            "if \(condition) then return o.gross_pct / nil, 1 end return nil",
            head: "params = { \(parameter) }")
        let report = try #require(Sample.report(script))
        #expect(report.hasPrefix("sample.lua:2: ") && report.contains("with \(words)"), "\(report)")
    }

    @Test func `finds the fault in what reads an empty side of a book`() {
        let exit = Sample.script(
            "return nil",
            more: "function S.exit(pos, o) if o.spot_bid > 1e9 then return \"x\", \"taker\" end end")
        #expect(Sample.report(exit)?.contains("sample.lua:3: ") == true)
    }

    @Test func `finds the fault in what follows a position of a day`() {
        let exit = Sample.script(
            "return nil",
            more: "function S.exit(pos)\nif pos.age_s > 86400 and pos.net_usd < 0 then\nreturn 7 end end")
        #expect(Sample.report(exit)?.contains("exit must return nil") == true)
    }

    @Test(arguments: [
        ("S.state.hook = function() end", "state.hook cannot be kept: only nil"),
        ("S.state.whole = S.state", "state.whole cannot be kept: tables more than 8 deep"),
        ("S.state.list = { [true] = 1 }", "state.list cannot be kept: a boolean as a key"),
    ])
    func `refuses a state that could not be kept, and names the line that names it`(
        line: String, words: String
    ) throws {
        let report = try #require(
            Sample.report(
                Sample.script("\n\n\(line)\nreturn nil", head: "state = { list = {} }")))
        #expect(report.hasPrefix("sample.lua:\(line.contains("list") ? 1 : 4): \(words)"), "\(report)")
    }
}

@Suite struct `A check of a strategy` {
    private func check(_ path: String) -> ScriptCheck {
        ScriptCheck(Sample.strategies + "/" + path, seconds: 30)
    }

    @Test(arguments: [
        "spot_perp_arb", "observer", "examples/funding_carry", "examples/maker_first", "examples/fair_basis",
        "examples/ladder", "examples/inventory_swap", "examples/panic_exit",
    ])
    func `finds nothing wrong with what is shipped, and runs its tests`(path: String) throws {
        let check = check(path + ".lua")
        #expect(check.reports == [])
        #expect(check.tests >= 4)
        #expect(check.lines.first?.hasSuffix(": good") == true)
        let text = try String(contentsOfFile: Sample.strategies + "/" + path + ".lua", encoding: .utf8)
        #expect(text.hasPrefix("-- "), "a header says what to expect")
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 151)
    }

    @Test(arguments: [
        ("loop", 6, "steps"), ("bomb", 7, "memory"), ("nan", 5, "NaN"), ("typo", 6, "gross_pct"),
        ("syntax", 6, "'then' expected"), ("liar", 3, "name is"),
    ])
    func `shows what is wrong with each broken example, where, and the line itself`(
        name: String, line: Int, word: String
    ) throws {
        let check = check("examples/broken/\(name).lua")
        let report = try #require(check.reports.first)
        #expect(report.place == "\(name).lua:\(line)")
        #expect(report.message.contains(word), "\(report)")
        #expect(check.lines.count >= 2 && check.lines[1].contains("| "))
    }

    @Test func `holds a script to the limits that are set for it`() throws {
        var own = OwnLimits()
        own.steps["loop"] = 1_000
        own.steps["other"] = 10
        let path = Sample.strategies + "/examples/broken/loop.lua"
        let tight = ScriptCheck(path, own: own, seconds: 1), usual = ScriptCheck(path, seconds: 1)
        #expect(tight.reports.first?.message.contains("1000 steps") == true, "\(tight.reports)")
        #expect(usual.reports.first?.message.contains("100000 steps") == true, "\(usual.reports)")
    }

    @Test func `says which test failed, what came and what was expected`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "one.lua",
            "local S = { api = 1, name = \"one\" }\nfunction S.score(o) return 0.5, o.size_usd end\nreturn S")
        let test = { (cases: String) in try folder.write("tests/one_test.lua", "return { \(cases) }") }
        func reports() -> [String] {
            ScriptCheck(folder.path + "/one.lua", seconds: 1).reports.map(\.message)
        }

        try test("{ \"asks for all\", call = \"score\", o = { size_usd = 70 }, expect = { 0.5, 70 } }")
        #expect(reports() == [])
        try test("{ \"asks for all\", call = \"score\", o = { size_usd = 70 }, expect = { 0.5, 71 } }")
        #expect(reports() == ["\"asks for all\": score returned 0.5, 70.0; expected 0.5, 71"])
        try test("{ \"reads more\", call = \"score\", o = {}, expect = { 0.5, 70 } }")
        #expect(reports().first?.contains("o.size_usd and does not set it") == true)
        try test("{ \"mistyped\", call = \"score\", o = { size_us = 1 }, expect = {} }")
        #expect(reports().first?.contains("did you mean size_usd?") == true)
        try test("{ \"mistyped\", call = \"score\", expects = {} }")
        #expect(reports().first?.contains("did you mean expect?") == true)
        try test("{ \"none\", call = \"exit\", pos = {}, expect = {} }")
        #expect(reports().first?.contains("exit is missing") == true)
        try test("{ \"twice\", call = \"score\"")
        #expect(reports().count == 1)
    }
}

@Suite struct `The examples of the reference` {
    @Test func `run, pass their own tests, and show every function of the table`() throws {
        for example in ScriptExamples.all {
            let library = example.library.map { ScriptSource(name: $0.name, bytes: Array($0.source.utf8)) }
            let package = ScriptPackage(
                name: example.name, source: Array(example.source.utf8), library: library)
            _ = try DryRun.check(package, Sample.maker, state: nil)
            guard let tests = example.tests else { continue }
            let run = try ScriptTestRun(
                package, tests: Array(tests.utf8), named: "tests/\(example.name)_test.lua",
                Sample.maker.setting(of: example.name))
            #expect(run.reports.isEmpty && run.cases > 1, "\(run.reports)")
        }
        let shown = ScriptExamples.all.map(\.shows).joined()
        for name in ["score", "choose", "exit", "migrate", "include", "log.info", "log.warn"] {
            #expect(shown.contains("`\(name)(") || shown.contains("`\(name)"), "\(name)")
        }
    }
}

@Suite struct `A script that is slow` {
    @Test func `is refused by what a call takes on average, whatever its steps`() throws {
        var limits = Sample.maker.limits
        limits.wall = TimeSpan(microseconds: 100)
        let maker = ScriptMaker(limits: limits, bindings: [:])
        func report(_ body: String) throws -> String? {
            let package = Sample.script(body)
            do throws(ScriptReport) {
                _ = try DryRun.check(package, maker, state: nil)
                return nil
            } catch { return error.message }
        }
        #expect(try report("return nil") == nil)
        let slow = try #require(try report("for i = 1, 30000 do local t = i * i end return nil"))
        #expect(slow.contains("a call on average"), "\(slow)")
    }
}
