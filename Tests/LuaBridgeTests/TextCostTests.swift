import Core
import Testing

@testable import LuaBridge

/// Work that hides in a single instruction is counted by the data it goes through.
@Suite struct `What long texts cost` {
    /// Steps of a call that loops a thousand times, with texts of so many bytes made while the file loads.
    private func looping(_ bytes: Int, _ body: String) throws -> UInt64 {
        let script = try scoring(
            "for i = 1, 1000 do \(body) end return 0.5, 1",
            head: "local a, b = ('x'):rep(\(bytes)), ('x'):rep(\(bytes - 1)) .. 'y'")
        #expect(script.score(view()) == .wish(confidence: 0.5, usd: 1))
        return script.steps
    }

    @Test(arguments: [(255, 1), (256, 2), (511, 2), (512, 3), (1024, 5)] as [(Int, UInt64)])
    func `make each instruction count once more for each 256 bytes of the longest`(
        bytes: Int, times: UInt64
    ) throws {
        let body = "local c = a < b"
        let (short, long) = (try looping(40, body), try looping(bytes, body))
        // Counted at every fiftieth instruction.
        #expect(short >= 4000 && long + 50 * times >= short * times && long <= (short + 50) * times)
    }

    @Test(arguments: [(40, 0), (41, 10), (43, 10), (44, 11), (200, 50)] as [(Int, UInt64)])
    func `are counted by four bytes when they are made, if Lua makes them each time`(
        bytes: Int, steps: UInt64
    ) throws {
        let made = try looping(bytes - 1, "local c = a .. 'z'")
        // The same instructions, and a text that Lua has already.
        let plain = try looping(20, "local c = a .. 'z'")
        #expect(made >= plain + 1000 * steps - 50 && made <= plain + 1000 * steps + 50)
    }

    /// How often a runaway came round before it was stopped by steps.
    private func rounds(_ bytes: Int, _ body: String) throws -> Double {
        let script = try scoring(
            "if o.size_usd == 2 then return 0.5, n end while true do n = n + 1 \(body) end",
            head: "n = 0 local a = ('x'):rep(\(bytes)) local b = ('x'):rep(\(bytes - 1)) .. 'y' local t = {}")
        #expect(fault(script.score(view()))?.kind == .steps)
        guard case .wish(_, let usd) = script.score(view([.sizeUsd: 2])) else { return -1 }
        return usd
    }

    @Test(
        arguments: [
            ("if a < b then end", 60_000, 150), ("if a == b then end", 60_000, 150),
            ("local c = rawequal(a, b)", 60_000, 150), ("local c = a .. 'z'", 60_000, 8),
            ("local c = t[a .. 'z']", 60_000, 8), ("local c = tonumber(a)", 60_000, 3),
            ("local c = math.max(a)", 60_000, 3), ("local c = a:sub(2)", 60_000, 8),
            ("local c = {}", 40, 6_000), ("local c = tostring(n + 0.1)", 40, 1_500),
            ("local c = math.fmod(1e308, 3e-308)", 40, 600),
        ] as [(String, Int, Double)])
    func `let a runaway come round less often`(body: String, bytes: Int, most: Double) throws {
        let source =
            body.contains("tonumber") || body.contains("max") ? "pcall(function() \(body) end)" : body
        let count = try rounds(bytes, source)
        #expect(count > 0 && count <= most, "\(count)")
        // The same instructions without the data.
        #expect(try rounds(40, "if a < b then end") > 9_000)
    }

    @Test func `are counted alike in every state of a script`() throws {
        let body = """
            local t, s = {}, ''
            for i = 1, 100 do
              t['k' .. i] = { i, tostring(i / 7) }
              s = (s .. 'x' .. i):sub(-300)
            end
            for k, v in pairs(t) do s = (s .. k):sub(-300) end
            return 0.5, 1
            """
        var steps: Set<UInt64> = [], orders: Set<UInt64> = []
        // All at once: a state in the place of one that is gone may get its order of tables.
        for script in try (0..<8).map({ _ in try scoring(body) }) {
            for _ in 0..<20 { #expect(script.score(view()) == .wish(confidence: 0.5, usd: 1)) }
            steps.insert(script.steps)
            orders.insert(script.tableOrder)
        }
        #expect(steps.count == 1 && orders.count > 1, "\(steps)")
    }

    @Test func `of 64 KiB can be made, with the rest of a kibibyte to spare and not a byte more`() throws {
        let head = "local a = ('x'):rep(60000)"
        let most = try scoring("local s = a .. ('x'):rep(66535 - 60000) return 0.5, #s", head: head)
        #expect(most.score(view()) == .wish(confidence: 0.5, usd: 66_535))
        // 25 bytes more are Lua's own.
        let over = try scoring("local s = a .. ('x'):rep(66536 - 60000) return 0.5, #s", head: head)
        #expect(fault(over.score(view()))?.kind == .memory)
    }
}
