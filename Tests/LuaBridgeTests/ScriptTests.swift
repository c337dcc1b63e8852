import Core
import Testing

@testable import LuaBridge

/// A digest that is good enough to tell sources apart in a test.
let setting = ScriptSetting { bytes in "\(bytes.reduce(UInt64(7)) { ($0 &* 31) &+ UInt64($1) })" }

func script(
    _ source: String, name: String = "s", library: [String: String] = [:], setting: ScriptSetting = setting
) throws -> Script {
    let parts = library.keys.sorted().map { ScriptSource(name: $0, bytes: Array(library[$0]!.utf8)) }
    return try Script(ScriptPackage(name: name, source: Array(source.utf8), library: parts), setting)
}

/// A script whose `score` has this body.
func scoring(_ body: String, head: String = "", keys: String = "") throws -> Script {
    try script(
        "\(head)\nlocal S = { api = 1, name = 's', \(keys) }\nfunction S.score(o, p) \(body) end\nreturn S")
}

func view(_ fields: [MarketField: Double] = [:]) -> MarketView {
    var view = MarketView(pair: "SOL", direction: .carry)
    for field in MarketField.allCases { view[field] = 0 }
    for (field, value) in fields { view[field] = value }
    return view
}

func position() -> PositionView {
    PositionView(pair: "SOL", direction: .carry, style: .restPerp, version: "v1", adopted: false)
}

func fault(_ answer: ScoreAnswer) -> StrategyFault? {
    if case .fault(let fault) = answer { fault } else { nil }
}

@Suite("A script's answers")
struct AnswerTests {
    @Test(
        "a confidence and USD are a wish",
        arguments: [("0.7, 150", 0.7, 150.0), ("0, 0", 0, 0), ("1, 3", 1, 3)])
    func wish(body: String, confidence: Double, usd: Double) throws {
        #expect(try scoring("return \(body)").score(view()) == .wish(confidence: confidence, usd: usd))
    }

    @Test("nil is a refusal, with its reason if it gave one")
    func pass() throws {
        #expect(try scoring("return nil, 'thin'").score(view()) == .pass("thin"))
        #expect(try scoring("return").score(view()) == .pass(nil))
    }

    @Test(
        "NaN, infinities, wrong types, ranges and counts are faults of the contract",
        arguments: [
            "return 0/0, 150", "return 1/0, 150", "return 0.7, 0/0", "return 0.7, 1/0", "return '0.7', 150",
            "return 0.7", "return 0.7, 150, 1", "return true, 1", "return {}, 1", "return 1.01, 150",
            "return -0.1, 150", "return 0.7, -1", "return nil, 5",
        ])
    func wrong(body: String) throws {
        let found = try #require(fault(try scoring(body).score(view())))
        #expect(found.kind == .contract)
    }

    @Test("an error names file and line")
    func runtime() throws {
        let found = try #require(fault(try scoring("\n error('boom')").score(view())))
        #expect(found.kind == .runtime && found.place == "s.lua:4" && found.message.contains("boom"))
    }

    @Test("a field that does not exist is an error that names it and the nearest")
    func field() throws {
        let found = try #require(fault(try scoring("return o.gros_pct, 1").score(view())))
        #expect(found.message.contains("gros_pct") && found.message.contains("gross_pct"))
    }

    @Test("the views can be read, not written, and die with the call")
    func readOnly() throws {
        #expect(fault(try scoring("o.gross_pct = 5").score(view()))?.message.contains("read-only") == true)
        #expect(fault(try scoring("p.x = 5").score(view()))?.message.contains("read-only") == true)
        let keeper = try scoring("if kept then return 0.5, 1 end kept = o return 0.5, o.size_usd")
        #expect(keeper.score(view([.sizeUsd: 9])) == .wish(confidence: 0.5, usd: 9))
        let exit = try script(
            "local kept; return { api = 1, name = 's', score = function(o) return kept.qty, 1 end, "
                + "exit = function(pos, o, p) kept = pos end }")
        #expect(exit.exit(position(), view()) == .hold)
        #expect(fault(exit.score(view()))?.message.contains("valid only during the call") == true)
    }

    @Test("choose and exit return what the contract names, and nothing else")
    func plans() throws {
        func choosing(_ body: String) throws -> ChoiceAnswer {
            try script(
                "return { api = 1, name = 's', score = function() end, choose = function(o, p) return \(body) end }"
            ).choose(view())
        }
        func exiting(_ body: String) throws -> ExitAnswer {
            try script(
                "return { api = 1, name = 's', score = function() end, exit = function(pos, o, p) return \(body) end }"
            ).exit(position(), view())
        }
        #expect(try choosing("'taker'") == .taker)
        #expect(try choosing("nil, 'later'") == .pass("later"))
        #expect(
            try choosing(
                "'maker', { rest = 'spot', peg = 'edge', timeout_s = 3600, fallback = 'cancel', improve_ticks = 2 }"
            )
                == .maker(
                    RestingPlan(
                        rest: .spot, peg: .edge, timeout: .seconds(3600), fallback: .cancel, improveTicks: 2))
        )
        #expect(try exiting("nil") == .hold)
        #expect(try exiting("'done', 'taker'") == .exit(reason: "done", resting: nil))
        #expect(
            try exiting("'done', 'maker', { rest = 'perp' }") == .exit(reason: "done", resting: RestingPlan())
        )
        for body in [
            "'maker'", "'both'", "5", "'maker', {}", "'maker', { rest = 'x' }",
            "'maker', { rest = 'spot', pegg = 'touch' }",
            "'maker', { rest = 'spot', timeout_s = 0.5 }", "'maker', { rest = 'spot', timeout_s = 3601 }",
            "'maker', { rest = 'spot', fallback = 'market' }", "'taker', {}",
        ] {
            guard case .fault(let found) = try choosing(body) else { Issue.record("took \(body)"); continue }
            #expect(found.kind == .contract)
        }
        for body in [
            "'done'", "'done', 'maker'", "5, 'taker'", "'', 'taker'", "'d', 'maker', { rest = 'both' }",
            "'d', 'maker', { rest = 'spot', fallback = 'cancel' }", "'d', 'taker', 1, 2",
        ] {
            guard case .fault(let found) = try exiting(body) else { Issue.record("took \(body)"); continue }
            #expect(found.kind == .contract)
        }
    }

    @Test("wake keeps score asleep below its threshold, which may be a parameter")
    func wake() throws {
        let sleeper = try scoring(
            "return 0.7, 1",
            keys: "wake = { gross_pct = 'least', liquidity = 2 }, params = { least = { 0.3 } }")
        #expect(sleeper.score(view([.grossPct: 0.29999999, .liquidity: 2])) == .asleep)
        #expect(sleeper.score(view([.grossPct: 0.3, .liquidity: 1.9])) == .asleep)
        #expect(sleeper.score(view([.grossPct: 0.3, .liquidity: 2])) == .wish(confidence: 0.7, usd: 1))
    }
}

@Suite("A script's contract")
struct ContractTests {
    @Test(
        "what does not fit is refused with its name",
        arguments: [
            ("api = 2, name = 's'", "api"), ("api = 1, name = 'other'", "name"), ("name = 's'", "api"),
            ("api = 1, name = 's', pars = {}", "did you mean"), ("api = 1, name = 's', pairs = {}", "pairs"),
            ("api = 1, name = 's', pairs = { 'sol' }", "sol"),
            ("api = 1, name = 's', hold_h = 2161", "0…2160"),
            ("api = 1, name = 's', hold_h = '1'", "hold_h"), ("api = 1, name = 's', adds = 1.5", "adds"),
            ("api = 1, name = 's', exit_at = 'top'", "exit_at"),
            ("api = 1, name = 's', directions = { 'up' }", "carry"),
            ("api = 1, name = 's', replaces = { 'kill' }", "protective"),
            ("api = 1, name = 's', wake = { gros_pct = 1 }", "gross_pct"),
            ("api = 1, name = 's', wake = { gross_pct = 'none' }", "parameter"),
            ("api = 1, name = 's', params = { a = 1 }", "default"),
            ("api = 1, name = 's', params = { a = { 5, max = 4 } }", "4"),
            ("api = 1, name = 's', params = { a = { 5, maxx = 9 } }", "maxx"),
            ("api = 1, name = 's', params = { a = { 'x', choices = { 'y' } } }", "one of"),
            ("api = 1, name = 's', state = { f = function() end }", "state"),
        ])
    func refused(keys: String, names: String) throws {
        let report = try #require(throws: ScriptReport.self) {
            _ = try script("local S = { \(keys) } function S.score() end return S")
        }
        #expect(report.message.contains(names), "\(report)")
    }

    @Test("a missing score, a syntax error and an error at load are reported with file and line")
    func broken() throws {
        #expect(throws: ScriptReport.self) { _ = try script("return { api = 1, name = 's' }") }
        let syntax = try #require(throws: ScriptReport.self) { _ = try script("local S = {\n\nreturn S") }
        #expect(syntax.description.contains("s.lua:3"), "\(syntax)")
        let early = try #require(throws: ScriptReport.self) { _ = try script("\nlocal x = nil + 1") }
        #expect(early.place == "s.lua:2")
        #expect(throws: ScriptReport.self) { _ = try script("return 5") }
        #expect(throws: ScriptReport.self) { _ = try script("\u{1B}Lua") }
    }

    @Test("the environment comes before the file, the file before the script, and all are validated")
    func parameters() throws {
        let source =
            "return { api = 1, name = 's', score = function(o, p) return p.x, p.on and 1 or 2 end, "
            + "params = { x = { 0.5, min = 0, max = 1, env = 'X' }, on = { true, env = 'ON' } } }"
        #expect(try script(source).score(view()) == .wish(confidence: 0.5, usd: 1))
        var bound = setting
        bound.bindings = [
            "X": BoundValue(text: "0.25", origin: .environment),
            "ON": BoundValue(text: "false", origin: .file),
        ]
        let masked = try script(source, setting: bound)
        #expect(masked.score(view()) == .wish(confidence: 0.25, usd: 2))
        #expect(masked.contract.parameters.map(\.origin) == [.file, .environment])
        for text in ["1.1", "abc", ".5", "5.", "1e-1", "", "0x1"] {
            bound.bindings["X"] = BoundValue(text: text, origin: .file)
            let report = try #require(throws: ScriptReport.self) { _ = try script(source, setting: bound) }
            #expect(report.message.contains("X=\(text)"), "\(report)")
        }
    }

    @Test("include finds a library once, its source is part of the version, and a missing one is named")
    func include() throws {
        let source =
            "local a, b = include('lib'), include('lib'); return { api = 1, name = 's', "
            + "score = function() return rawequal(a, b) and a.half or 0, 1 end }"
        let one = try script(source, library: ["lib": "return { half = 0.5 }", "unused": "syntax error"])
        #expect(one.score(view()) == .wish(confidence: 0.5, usd: 1))
        #expect(one.package.library.map(\.name) == ["lib"])
        let two = try script(source, library: ["lib": "return { half = 0.25 }"])
        #expect(one.contract.version != two.contract.version)
        let report = try #require(throws: ScriptReport.self) { _ = try script(source) }
        #expect(report.message.contains("lib/lib.lua"))
        #expect(throws: ScriptReport.self) {
            _ = try script("include('a')", library: ["a": "return include('a')"])
        }
        #expect(fault(try scoring("return include('x')").score(view())) != nil)
    }

    @Test("state goes over to the next version, through migrate when its version changed")
    func state() throws {
        func version(_ number: Int, _ extra: String = "") throws -> Script {
            try script(
                "local S = { api = 1, name = 's', state = { n = 0 }, state_version = \(number) } "
                    + "function S.score() S.state.n = S.state.n + 1 return 0.5, S.state.n end \(extra) return S"
            )
        }
        let first = try version(1)
        _ = first.score(view())
        _ = first.score(view())
        let same = try version(1, "--[[ edited ]]")
        try same.takeOver(from: first)
        #expect(same.score(view()) == .wish(confidence: 0.5, usd: 3))
        let refused = try version(2)
        #expect(throws: ScriptReport.self) { try refused.takeOver(from: same) }
        let migrated = try version(2, "function S.migrate(old, from) return { n = old.n * 100 + from } end")
        try migrated.takeOver(from: same)
        #expect(migrated.score(view()) == .wish(confidence: 0.5, usd: 302))
        let failing = try version(3, "function S.migrate() error('no way') end")
        let report = try #require(throws: ScriptReport.self) { try failing.takeOver(from: migrated) }
        #expect(report.message.contains("no way"))
        #expect(migrated.score(view()) == .wish(confidence: 0.5, usd: 303))
        let bytes = try migrated.state()
        let again = try version(2)
        try again.restore(state: bytes)
        #expect(try again.state() == bytes)
    }

    @Test("plain values survive their bytes")
    func codec() {
        let value = PlainValue.table([
            (.integer(1), .number(0.5)), (.integer(2), .none), (.text("a"), .flag(true)),
            (.text("b"), .table([(.text("ü"), .text("line\nline"))])),
        ])
        #expect(PlainValue(encoded: value.encoded) == value)
        #expect(PlainValue(encoded: value.encoded.dropLast()) == nil)
        #expect(PlainValue(encoded: value.encoded + [0]) == nil)
    }
}

@Suite("Limits and the world of a script")
struct LimitTests {
    @Test(
        "what never ends is stopped, protected calls or not",
        arguments: [
            "while true do end", "pcall(function() while true do end end) return 0.5, 1",
            "while true do pcall(error) end", "local function f() return f() end return f()",
            "repeat until pcall(string.rep)",
            "xpcall(function() while true do end end, function() while true do end end)",
            "local t = {} while true do table.insert(t, 1, 1) end", "while true do select('#', 1) end",
            "return (('a'):rep(200)):find(('a?'):rep(100) .. ('a'):rep(200))",
            "for i = 1, 1e9 do local s = ('x'):rep(60000):upper() end",
            "goto a ::a:: goto a",
        ])
    func endless(body: String) throws {
        let looping = try scoring(body)
        let found = try #require(fault(looping.score(view())))
        #expect(found.isFatal || found.kind == .runtime, "\(found)")
        #expect(found.kind != .contract)
        #expect(found.kind != .wallClock, "steps must bite before the clock: \(found)")
    }

    @Test(
        "what grows is stopped at the cap",
        arguments: [
            "local t = {} for i = 1, 1e9 do t[i] = { i } end", "local s = 'x' while true do s = s .. s end",
            "pcall(function() local s = 'x' while true do s = s .. s end end) return 0.5, 1",
        ])
    func grows(body: String) throws {
        let found = try #require(fault(try scoring(body).score(view())))
        #expect(found.kind == .memory || found.kind == .steps, "\(found)")
    }

    @Test("recursion without end is an error of the script, and the next call works")
    func deep() throws {
        let diving = try scoring(
            "if o.size_usd == 1 then local function f() return 1 + f() end f() end return 0.5, 2")
        #expect(fault(diving.score(view([.sizeUsd: 1]))) != nil)
        #expect(diving.score(view()) == .wish(confidence: 0.5, usd: 2))
    }

    @Test("the world holds exactly what the contract names", arguments: [true, false])
    func world(math: Bool) throws {
        let lister = try scoring(
            """
            local names = {}
            for key, value in pairs(_G) do
              if type(value) == 'table' and key ~= '_G' then
                for inner in pairs(value) do
                  if (key == 'math') == \(math) then names[#names + 1] = key .. '.' .. inner end
                end
              elseif not \(math) then names[#names + 1] = key end
            end
            error(table.concat(names, ' '), 0)
            """)
        let found = try #require(fault(lister.score(view())))
        let numbers =
            "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad "
            + "random sin sqrt tan tointeger type ult"
        let rest =
            "_G assert error include ipairs log.info log.warn next pairs pcall rawequal rawlen select string.byte "
            + "string.char string.find string.format string.gmatch string.gsub string.len string.lower string.match "
            + "string.rep string.reverse string.sub string.upper table.concat table.insert table.pack table.remove "
            + "table.sort table.unpack tonumber tostring type xpcall"
        #expect(
            found.message
                == (math ? numbers.split(separator: " ").map { "math.\($0)" }.joined(separator: " ") : rest))
    }

    @Test(
        "doors that other hosts left open are shut",
        arguments: [
            "return ('x'):dump()", "return string.dump(S.score)", "load('return 1')()",
            "return getmetatable('').x",
            "setmetatable({}, {})", "return coroutine.wrap", "os.exit()", "io.write('x')", "debug.sethook()",
            "require('os')", "dofile('x')", "collectgarbage()", "return ('%p'):format({})",
            "rawset(o, 'x', 1)",
        ])
    func doors(body: String) throws {
        let found = try #require(fault(try scoring(body).score(view())))
        #expect(found.kind == .runtime)
    }

    @Test("pairs and next go in order, and tables print without addresses")
    func order() throws {
        let ordered = try scoring(
            "local s = '' for k, v in pairs({ b = 1, a = 2, [3] = 1, [1] = 1, c = 3 }) do s = s .. k end error(s, 0)"
        )
        #expect(fault(ordered.score(view()))?.message == "13abc")
        #expect(
            fault(try scoring("error(tostring({}) .. next({ b = 1, a = 1 }), 0)").score(view()))?.message
                == "tablea")
    }

    @Test("the same script with the same calls logs and answers the same")
    func repeats() throws {
        let source = "log.info(math.random(1, 1000000)) return math.random(), 1"
        let (one, two) = (try scoring(source), try scoring(source))
        for _ in 0..<20 { #expect(one.score(view()) == two.score(view())) }
        #expect(one.takeLog().lines == two.takeLog().lines)
        #expect(one.takeLog().lines.isEmpty)
    }

    @Test("matching agrees with what Lua's manual promises")
    func matching() throws {
        let checks = """
            assert(("hello world"):find("o w") == 5) assert(("a.b"):find(".", 1, true) == 2)
            assert(("key = value"):match("^(%w+)%s*=%s*(%w+)$") == "key")
            assert(("abc"):gsub("%w", "%0%0") == "aabbcc") assert(("abc"):gsub("b", { b = "x" }) == "axc")
            assert(("THE (quick) fox"):find("%((%a+)%)") == 5) assert(("f(a(b)c)d"):match("%b()") == "(a(b)c)")
            local n = 0 for w in ("one two three"):gmatch("%a+") do n = n + #w end assert(n == 11)
            assert(("x"):rep(3, ",") == "x,x,x") assert(("THE END"):lower() == "the end")
            assert(("abc"):gsub("", "-") == "-a-b-c-") assert(("  trim "):match("^%s*(.-)%s*$") == "trim")
            assert(("2026-11"):match("(%d+)-(%d+)") == "2026") assert(("THE"):find("%f[%a]%a+") == 1)
            return 1, 1
            """
        #expect(try scoring(checks).score(view()) == .wish(confidence: 1, usd: 1))
    }

    @Test("a chain of field accesses that Lua cannot report on is refused with its line")
    func chains() throws {
        let chain = "a" + String(repeating: ".b", count: 65)
        #expect(ChainRule.line(breaking: Array("x = 1\ny = \(chain)".utf8)) == 2)
        #expect(ChainRule.line(breaking: Array("-- \(chain)\nlocal s = '\(chain)'".utf8)) == nil)
        #expect(throws: ScriptReport.self) { _ = try scoring("return \(chain)") }
    }

    @Test("accesses within brackets count with those around them, for they are named together")
    func nestedChains() {
        let half = "a" + String(repeating: ".b", count: 31)
        #expect(ChainRule.line(breaking: Array("return \(half)[\(half)]".utf8)) == nil)
        #expect(ChainRule.line(breaking: Array("return \(half)[\(half).c.d]".utf8)) == 1)
        #expect(ChainRule.line(breaking: Array("return \(half)[1]\(half.dropFirst()).c.d".utf8)) == 1)
        let nested = (0..<150).reduce("k") { inner, _ in "x[\(inner)].b" }
        #expect(ChainRule.line(breaking: Array("return \(nested)".utf8)) == 1)
    }

    @Test(
        "what only looks like a chain is none",
        arguments: [
            String(repeating: "'a' .. o.pair .. ", count: 70) + "''",
            (0..<70).map { _ in "o.gross_pct" }.joined(separator: " and "),
            "function() " + String(repeating: "log.info 'x' ", count: 70) + " end",
            "{ " + String(repeating: "a.b, ", count: 70) + "}", String(repeating: "-1.5 ", count: 70),
            String(repeating: "f(a.b):c(d.e) + ", count: 70) + "1",
        ])
    func noChains(source: String) {
        #expect(ChainRule.line(breaking: Array("return \(source)".utf8)) == nil)
    }
}

@Suite struct `A fault of a script` {
    @Test(arguments: [
        ("error('boom')", "version 12 in score: s.lua:3: boom (# of 100000 steps)"),
        (
            "return 2, 1",
            "version 12 in score: s.lua:3: score returned a confidence of 2.0; it must be 0…1 (# of 100000 steps)"
        ),
        ("while true do end", "version 12 in score: s.lua:3: used up its steps: # of 100000 steps"),
        (
            "local t = {} while true do t[#t + 1] = { \(String(repeating: "nil, ", count: 50)) } end",
            "version 12 in score: s.lua:3: needs more memory: # KiB of 2048 KiB"
        ),
        (
            "local s = 'x' while true do s = s .. s end",
            "version 12 in score: s.lua:3: needs more memory: # KiB of 65 KiB in one text"
        ),
    ])
    func `says version, callback, place, limit and usage in one line`(body: String, line: String) throws {
        var found = try #require(fault(try scoring(body).score(view())))
        #expect(found.version?.isEmpty == false && found.usage?.isEmpty == false)
        found.version = "12"
        #expect(found.report.replacing(/\d+ (?=(KiB )?of)/, with: "# ") == line)
    }

    @Test func `names the callback it was in`() throws {
        let all = try script(
            "local function f() error('x') end return { api = 1, name = 's', score = f, choose = f, exit = f }"
        )
        guard case .fault(let choosing) = all.choose(view()),
            case .fault(let leaving) = all.exit(position(), view())
        else { Issue.record("no fault"); return }
        #expect(
            [choosing.callback, leaving.callback, fault(all.score(view()))?.callback] == [
                .choose, .exit, .score,
            ])
    }

    @Test func `that is not fully known says what is known`() {
        #expect(StrategyFault(kind: .runtime, place: "a:1", message: "a:1: x").report == "a:1: x")
        #expect(StrategyFault(kind: .runtime, place: "a:1", message: "x").report == "a:1: x")
        #expect(
            StrategyFault(kind: .runtime, place: nil, message: "x", callback: .exit).report == "in exit: x")
    }
}

@Suite struct `A fault of the contract` {
    @Test(
        arguments: [
            ("unknown key foo; did you mean…", 4), ("priority is \"x\"; it must be…", 3),
            ("params.min_spread has the default 9", 2), ("name is missing", nil), ("", nil),
        ] as [(String, Int?)])
    func `is placed at the line that names its key, comments left out`(message: String, line: Int?) {
        let source = """
            -- foo, priority
            local p = { min_spread = { 9 } }
            local S = { priority = 1,
              foo = 2 }
            """
        #expect(ContractPlace.line(of: message, in: Array(source.utf8)) == line)
    }
}
