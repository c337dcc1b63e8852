import Core
import Testing

@testable import LuaBridge

@Suite struct `What is reported of a script` {
    /// Collecting a full state takes longer than a call may: what refuses the memory is what sees the clock.
    @Test func `names the line of a call that the clock ended within an allocation`() throws {
        var setting = setting
        setting.limits.wall = .milliseconds(1)
        setting.limits.steps = 1_000_000_000
        (setting.limits.loadCPU, setting.limits.loadWall) = (.seconds(10), .seconds(10))
        var places: [String?] = []
        for turns in stride(from: 0, through: 600_000, by: 10_000) {
            let source = """
                local kept, more = {}, {}
                for i = 1, 20000 do kept[i] = { i } end
                local S = { api = 1, name = "s" }
                function S.score(o, p)
                  for i = 1, \(turns) do local x = i end
                  for i = 1, 10 do more[i] = string.rep("x", 60000) end
                  return 1, 1
                end
                return S
                """
            let found = fault(try script(source, setting: setting).score(view()))
            if let found, found.kind == .wallClock { places.append(found.place) }
        }
        #expect(places.allSatisfy { $0 != nil }, "\(places)")
        #expect(places.contains("s.lua:6"), "the allocator saw none of them: \(places)")
    }

    @Test(arguments: [
        ("peg = function() end", "plan.peg cannot be read: only nil"),
        ("peg = { { 1, { function() end } } }", "plan.peg cannot be read: only nil"),
        ("peg = string.rep('x', 1025)", "plan.peg cannot be read: text of more than 1024 bytes"),
        ("[true] = 1", "plan cannot be read: a boolean as a key"),
    ])
    func `names the field of a plan that is no plain data, and the line of the callback`(
        field: String, words: String
    ) throws {
        let strategy = try script(
            """
            local S = { api = 1, name = "s", score = function() end }
            function S.choose(o, p) return "maker", { rest = "spot", \(field) } end
            function S.exit(pos, o, p)
              local plan = { rest = "spot" }
              plan.inner = plan
              return "done", "maker", plan
            end
            return S
            """)
        guard case .fault(let choosing) = strategy.choose(view()),
            case .fault(let leaving) = strategy.exit(position(), view())
        else { Issue.record("no fault"); return }
        #expect(choosing.kind == .contract && choosing.place == "s.lua:2", "\(choosing)")
        #expect(choosing.message.hasPrefix(words), "\(choosing)")
        #expect(
            leaving.place == "s.lua:3" && leaving.message.hasPrefix("plan.inner cannot be read: "),
            "\(leaving)")
    }

    @Test func `names the strategy where the place is a file that several include`() {
        let inside = ScriptReport(place: "lib/half.lua:3", message: "boom")
        #expect(inside.naming("one").description == "lib/half.lua:3: boom (included by one.lua)")
        let own = ScriptReport(place: "one.lua:3", message: "boom", isHosts: true)
        #expect(own.naming("one") == own)
    }
}
