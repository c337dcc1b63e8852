import Core
import Testing

@testable import LuaBridge

/// What a script is refused with.
func report(_ body: () throws -> Void) throws -> ScriptReport {
    do { try body() } catch let report as ScriptReport { return report }
    throw ScriptReport(place: "nowhere", message: "nothing was reported")
}

@Suite struct `The state of a script` {
    @Test func `is an empty table where none is declared, and nothing of it is handed over`() throws {
        let counts = "S.state.calls = (S.state.calls or 0) + 1 return S.state.calls / 10, 1"
        let source = { (state: String, body: String) in
            "local S = { api = 1, name = 's', \(state) } function S.score(o, p) \(body) end return S"
        }
        let old = try script(source("", counts)), next = try script(source("state = { calls = 7 }", counts))
        #expect(PlainValue(encoded: try old.state()) == PlainValue.none)
        try next.takeOver(from: old)
        #expect(next.score(view()) == .wish(confidence: 0.8, usd: 1), "its own state")
        #expect(old.score(view()) == .wish(confidence: 0.1, usd: 1))
        let last = try script(source("state = { calls = 7 }", counts))
        try last.takeOver(from: old)
        #expect(last.score(view()) == .wish(confidence: 0.2, usd: 1), "what was kept")
        let other = try script(source("", counts))
        try other.restore(state: PlainValue.none.encoded)
        #expect(other.score(view()) == .wish(confidence: 0.1, usd: 1), "restored from none")
    }

    @Test(arguments: ["5", "\"x\"", "true", "function() end"])
    func `is refused with its line when it is no table`(state: String) throws {
        let found = try report {
            _ = try script(
                """
                local S = { api = 1, name = "s",
                  state = \(state) }
                function S.score() end
                return S
                """)
        }
        #expect(found.place == "s.lua:2" && found.message.contains("must be a table"), "\(found)")
    }

    @Test func `must stay one, also by the hand of migrate`() throws {
        let old = try script("return { api = 1, name = 's', score = function() end, state = { a = 1 } }")
        let next = try script(
            """
            local S = { api = 1, name = "s", state_version = 1, state = { a = 1 } }
            function S.score() end
            function S.migrate(state) state.a = 2 end
            return S
            """)
        let found = try report { try next.takeOver(from: old) }
        #expect(
            found.place == "s.lua:3" && found.message.contains("migrate: it must return a table"), "\(found)")
        let spoilt = try script(
            "local S = { api = 1, name = 's' } function S.score() S.state = 5 end return S")
        _ = spoilt.score(view())
        #expect(try report { try spoilt.checkState() }.message.contains("it is a number and must be a table"))
    }
}

@Suite struct `An error in the handler of xpcall` {
    @Test func `is what xpcall returns, and ends nothing`() throws {
        let strategy = try scoring(
            """
            local ok, what = xpcall(function() error("first") end, function(e) error({ e = e }) end)
            if ok == false and type(what) == "table" and what.e:find("first") then return 1, 1 end
            return nil
            """)
        #expect(strategy.score(view()) == .wish(confidence: 1, usd: 1))
    }

    @Test func `does not swallow a limit`() throws {
        let strategy = try scoring(
            "xpcall(function() error('x') end, function() while true do end end) return 1, 1")
        #expect(fault(strategy.score(view()))?.kind == .steps)
    }
}
