import Core
import Testing

@testable import LuaBridge

/// Room for thousands of comparisons: the sorting is looked at here, not its limits.
private let patient: ScriptSetting = {
    var patient = setting
    (patient.limits.steps, patient.limits.wall) = (20_000_000, .seconds(60))
    return patient
}()

private func sorting(_ body: String) throws -> Script {
    try script(
        "local S = { api = 1, name = 's' }\nfunction S.score(o, p) \(body) end\nreturn S", setting: patient)
}

@Suite struct `Sorting` {
    /// Two small elements where a median of three looks for its pivot: from there on the sort of the stock
    /// library takes its pivots by clock and time.
    private static let list = """
        local t = {}
        for i = 1, 2000 do t[i] = { key = i * 7919 % 10, place = i } end
        t[1].key, t[1000].key = -2, -1
        """

    @Test func `compares in the same order each time, and equal elements come out in the same order`() throws
    {
        let body = """
            \(Self.list)
            local heard, order = 7, 7
            table.sort(t, function(a, b)
              heard = (heard * 31 + a.place * 3 + b.place) % 1000000007
              return a.key < b.key
            end)
            for _, e in ipairs(t) do order = (order * 31 + e.place) % 1000000007 end
            return order / 1000000007, heard % 1000000000
            """
        let first = try sorting(body)
        let answer = first.score(view())
        #expect(fault(answer) == nil, "\(answer)")
        for _ in 0..<5 {
            #expect(first.score(view()) == answer, "in one state")
            #expect(try sorting(body).score(view()) == answer, "in another")
        }
    }

    @Test func `sorts numbers and texts of every count, up and down, and loses none`() throws {
        let body = """
            local orders = {
              { function(i) return i * 7919 % 31 end, nil, function(a, b) return a <= b end },
              { function(i) return i * 7919 % 31 / 2 end, function(a, b) return a > b end,
                function(a, b) return a >= b end },
              { function(i) return 'k' .. i * 7919 % 31 end, nil, function(a, b) return a <= b end },
            }
            for _, order in ipairs(orders) do
              local make, less, fits = order[1], order[2], order[3]
              for n = 0, 70 do
                local t, count = {}, {}
                for i = 1, n do
                  t[i] = make(i)
                  count[t[i]] = (count[t[i]] or 0) + 1
                end
                table.sort(t, less)
                assert(#t == n)
                for i = 1, n do
                  assert(i == 1 or fits(t[i - 1], t[i]), n)
                  count[t[i]] = count[t[i]] - 1
                end
                for _, left in pairs(count) do assert(left == 0, n) end
              end
            end
            return 0.5, 1
            """
        #expect(try sorting(body).score(view()) == .wish(confidence: 0.5, usd: 1))
    }

    @Test(arguments: [
        "function() return true end", "function() return false end", "function() end",
        "function(a, b) return a ~= b end", "function(a, b) return a <= b end",
        "function() return math.random() < 0.5 end", "function(a, b) t[#t + 1] = 1 return a < b end",
        "function(a, b) t[1] = nil return a < b end",
        "function() for i = 1, #t do t[i] = nil end return true end",
        "function(a, b) if #t > 190 then table.remove(t) end return a < b end",
        "function(a, b) if not inner then inner = true table.sort(t) end return a > b end",
        "function(a, b) calls = (calls or 0) + 1 if calls > 300 then error('enough') end return a < b end",
        "function(a, b) t[b] = t return a < b end",
    ])
    func `by a comparison that contradicts itself ends, and ends alike in every state`(comparison: String)
        throws
    {
        let body = """
            local calls, inner
            local t = {}
            for i = 1, 200 do t[i] = i * 7919 % 101 end
            local went, why = pcall(table.sort, t, \(comparison))
            local sum = went and 1 or #tostring(why)
            for i = 1, 600 do sum = (sum * 31 + (tonumber(t[i]) or 7)) % 1000000000 end
            return 0, sum
            """
        let first = try sorting(body), answer = first.score(view())
        for _ in 0..<3 { #expect(try sorting(body).score(view()) == answer) }
        if let fault = fault(answer) { #expect(fault.kind != .wallClock, "\(fault)") }
        // The state is whole afterwards.
        #expect(
            try scoring("local t = { 2, 1 } table.sort(t) return 0.5, t[1]").score(view())
                == .wish(confidence: 0.5, usd: 1))
    }

    @Test(arguments: [
        ("table.sort({ 1, 'a' })", "attempt to compare"), ("table.sort({ {}, {} })", "attempt to compare"),
        ("table.sort({ 2, 1 }, 5)", "function expected"), ("table.sort(o)", "table expected"),
    ])
    func `of what cannot be compared is an error of the script`(call: String, words: String) throws {
        let found = try #require(fault(try scoring("\(call) return 0, 0").score(view())))
        #expect(found.kind == .runtime && found.message.contains(words), "\(found)")
    }
}
