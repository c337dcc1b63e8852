import LuaBridge
import Testing

@Suite struct `A misspelt field` {
    private func reports(_ source: String) -> [String] {
        let package = ScriptPackage(name: "s", source: Array(source.utf8), library: [])
        return FieldCheck.reports(on: package, parameters: ["least"]).map(\.description)
    }

    @Test(arguments: [
        (
            "function S.score(o, p)\n return o.gros_pct end",
            "s.lua:2: o has no field gros_pct; did you mean gross_pct?"
        ),
        (
            "function S.score(m, q)\n return m.gros_pct end",
            "s.lua:2: o has no field gros_pct; did you mean gross_pct?"
        ),
        (
            "S.score = function(o, p)\n return p.laest end",
            "s.lua:2: params has no laest; did you mean least?"
        ),
        (
            "function S.exit(a, o, p) if true then\n return a.net_ust end end",
            "s.lua:2: pos has no field net_ust; did you mean net_usd?"
        ),
        (
            "function S.score(o, p)\n return o[\"gros_pct\"] end",
            "s.lua:2: o has no field gros_pct; did you mean gross_pct?"
        ),
        (
            "function S.score(o, p)\n return o.gross_pct, p['laest'] end",
            "s.lua:2: params has no laest; did you mean least?"
        ),
        (
            "local function f(o)\n return o[\"gross_pct\"], o.size_us end",
            "s.lua:2: o has no field size_us; did you mean size_usd?"
        ),
        (
            "local function f(o)\n return o.gross_pct, o.size_us end",
            "s.lua:2: o has no field size_us; did you mean size_usd?"
        ),
    ])
    func `is found in a callback whatever its parameters are called, and in a helper`(
        source: String, report: String
    ) {
        #expect(reports(source) == [report])
    }

    @Test(arguments: [
        "local function dist(p) return p.x * p.y end", "local function sum(o) return o.total end",
        "function S.score(o, p) local o = { x = 1 } return o.x end",
        "function S.score(o, p) return f(function(o) return o.x end) end",
        "function S.score(o, p) return S.state.o.x, t.p.y, o.gross_pct end",
        "function S.score(o, p) return o[\"gross\" .. \"_pct\"], o[\"gross_pct\"], t.o[\"x\"], t[\"x\"] end",
        "function S.score(o, p) local k = \"gros_pct\" return o[k], f(\"o[\", \"x\") end",
        "function S.score(o, p) return o [ \"gross_pct\" ] , o[\"a b\"], o[\"\"], \"end\" end\nlocal t = o.x",
        "function S.score(o, p) -- o.gros_pct\n return \"o.gros_pct\" end",
        "function S.score(o, p) if o.gross_pct > p.least then for i = 1, 2 do x() end end end\nlocal t = o.x",
    ])
    func `is not seen where the name means something else`(source: String) { #expect(reports(source) == []) }
}
