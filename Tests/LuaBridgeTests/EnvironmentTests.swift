import Core
import Testing

@testable import LuaBridge

@Suite struct `A variable of the environment` {
    private func value(_ default: String, _ text: String, isForeign: Bool, keys: String = "") throws -> String
    {
        var bound = setting
        bound.bindings["X"] = BoundValue(text: text, origin: .environment, isForeign: isForeign)
        let strategy = try script(
            "return { api = 1, name = 's', params = { x = { \(`default`), env = 'X', \(keys) } },\n"
                + "  score = function(o, p) return nil, tostring(p.x) end }", setting: bound)
        guard case .pass(let text?) = strategy.score(view()) else { return "no answer" }
        return text
    }

    @Test func `that only the environment knows can be a number, a flag or a choice`() throws {
        #expect(try value("1", "2.5", isForeign: true) == "2.5")
        #expect(try value("true", "false", isForeign: true) == "false")
        #expect(try value("'a'", "b", isForeign: true, keys: "choices = { 'a', 'b' }") == "b")
        #expect(try value("'a'", "b", isForeign: false) == "b", "what .env names may be any text")
    }

    @Test(arguments: [("1", ""), ("true", ""), ("'a'", "choices = { 'a', 'b' }"), ("'a'", "")])
    func `is read by no script as free text, and no report shows it`(standard: String, keys: String) throws {
        let found = try report { _ = try value(standard, "hunter2", isForeign: true, keys: keys) }
        #expect(found.place == "s.lua:1" && found.message.contains("X"), "\(found)")
        #expect(!found.message.contains("hunter2"), "\(found)")
        #expect(try report { _ = try value("1", "hunter2", isForeign: false) }.message.contains("hunter2"))
    }
}
