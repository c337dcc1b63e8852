import Core
import Testing

@testable import LuaBridge

/// Everything a script can reach, by its path; a new name of a library or of ours must be put here by hand.
private let golden = """
    _G assert error include ipairs log log.info log.warn math math.abs math.acos math.asin math.atan math.ceil
    math.cos math.deg math.exp math.floor math.fmod math.huge=number math.log math.max math.maxinteger=number
    math.min math.mininteger=number math.modf math.pi=number math.rad math.random math.sin math.sqrt math.tan
    math.tointeger math.type math.ult next pairs pcall rawequal rawlen select string string.byte string.char
    string.find string.format string.gmatch string.gsub string.len string.lower string.match string.rep
    string.reverse string.sub string.upper table table.concat table.insert table.pack table.remove table.sort
    table.unpack tonumber tostring type xpcall
    """

@Suite struct `All that a script can reach` {
    /// Walks tables to the end; functions stand bare, `_G` and what was seen before are not walked twice.
    private static let walker = """
        local seen, list = { [1] = _G, [2] = S }, {}
        local function known(t) for _, s in ipairs(seen) do if rawequal(s, t) then return true end end end
        local function walk(t, path)
          for key, value in pairs(t) do
            local kind, name = type(value), path .. key
            list[#list + 1] = (kind == 'function' or kind == 'table') and name or name .. '=' .. kind
            if kind == 'table' and not known(value) then seen[#seen + 1] = value walk(value, name .. '.') end
          end
        end
        walk(_G, '')
        S.state.all = {}
        for place, name in ipairs(list) do S.state.all[place] = name end
        """

    private func texts(_ value: PlainValue?) -> [String] {
        guard case .table(let entries)? = value else { return [] }
        return entries.compactMap(\.value.asText)
    }

    @Test func `is the golden list, walked from the globals to the end`() throws {
        let script = try scoring(Self.walker + "\nreturn 0, 0", keys: "state = {}")
        #expect(script.score(view()) == .wish(confidence: 0, usd: 0))
        guard case .table(let entries)? = PlainValue(encoded: try script.state()) else {
            Issue.record("no list")
            return
        }
        #expect(texts(entries.first?.value) == golden.split { $0 == " " || $0 == "\n" }.map(String.init))
    }

    @Test func `is the same while the file loads`() throws {
        let script = try script(
            "local S = { api = 1, name = 's', state = {} } \(Self.walker) S.score = function() end return S")
        guard case .table(let entries)? = PlainValue(encoded: try script.state()) else {
            Issue.record("no list")
            return
        }
        #expect(texts(entries.first?.value) == golden.split { $0 == " " || $0 == "\n" }.map(String.init))
    }

    @Test func `has no more behind a text than the table string`() throws {
        let body = """
            for _, name in ipairs({ 'dump', 'pack', 'unpack', 'packsize', '__index', '__add', '__gc' }) do
              assert(('x')[name] == nil, name)
            end
            for name in pairs(string) do assert(rawequal(('x')[name], string[name]), name) end
            -- Methods are looked up in this very table, so that its golden list is the whole truth.
            string.probe = 7
            assert(('x').probe == 7 and (''):rep(2).probe == 7)
            string.probe = nil
            for _, odd in ipairs({ 1, 1.5, true, print, pairs, function() end }) do
              assert(not pcall(function() return odd.x end) and not pcall(function() odd.x = 1 end))
            end
            assert(not pcall(function() return ('x').y.z end) and not pcall(function() ('x').y = 1 end))
            assert(not pcall(function() return '1' + 1 end) and not pcall(function() return -'1' end))
            return 0, 0
            """
        let script = try scoring(body)
        #expect(script.score(view()) == .wish(confidence: 0, usd: 0))
    }

    @Test func `shows of o, pos and p numbers, texts and flags, and nothing else`() throws {
        let names = MarketField.allCases.map(\.name) + ["pair", "direction"]
        let position =
            PositionField.allCases.map(\.name) + ["pair", "direction", "style", "version", "adopted"]
        func list(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
        let source = """
            local function plain(view, names)
              for _, name in ipairs(names) do
                local kind = type(view[name])
                assert(kind == 'number' or kind == 'string' or kind == 'boolean', name)
              end
              assert(type(view) == 'userdata' and tostring(view) == 'userdata')
              for _, name in ipairs({ '__index', '__newindex', '__metatable', '__name', '', 'x\\0' }) do
                assert(not pcall(function() return view[name] end), name)
                assert(not pcall(function() view[name] = 1 end), name)
              end
              for _, key in ipairs({ 1, 0/0, true, {}, print or 2 }) do
                assert(not pcall(function() return view[key] end))
              end
              for _, use in ipairs({
                function() return #view end, function() return view() end, function() return view + 1 end,
                function() return view .. '' end, function() return view < view end,
                function() return -view end,
                function() return pairs(view) end, function() return next(view) end,
                function() return rawlen(view) end, function() return ipairs(view) end,
                function() return table.unpack(view) end, function() return table.concat(view) end,
                function() return view & 1 end, function() for _ in view do end end,
              }) do assert(not pcall(use)) end
            end
            return { api = 1, name = 's', params = { n = { 1 }, t = { 'x' }, f = { true } },
              score = function() end,
              exit = function(pos, o, p)
                plain(o, { \(list(names)) }) plain(pos, { \(list(position)) }) plain(p, { 'n', 't', 'f' })
              end }
            """
        #expect(try script(source).exit(LuaBridgeTests.position(), view()) == .hold)
    }

    @Test(
        arguments: [
            "getmetatable", "setmetatable", "rawget", "rawset", "coroutine", "load", "loadstring", "loadfile",
            "dofile", "require", "package", "module", "os", "io", "debug", "utf8", "collectgarbage", "print",
            "warn", "_VERSION", "_ENV._LOADED", "string.dump", "string.pack", "string.unpack",
            "string.packsize", "table.move", "table.clone", "math.randomseed", "math.pow", "bit32",
            "getfenv", "setfenv", "newproxy",
        ])
    func `has no such name`(name: String) throws {
        #expect(
            try scoring("assert(\(name) == nil) return 0, 0").score(view()) == .wish(confidence: 0, usd: 0))
    }
}

/// Three defects of memory safety and one of the stack that exactly this Lua has (LUA.md 3).
@Suite struct `A defect of this Lua` {
    /// The attack strikes where `size_usd` is 1; every other call must be answered as if nothing had been.
    private func survives(_ attack: String, says: String) throws {
        let script = try scoring("if o.size_usd == 1 then \(attack) end return 0.5, 1")
        for _ in 0..<20 {
            let found = try #require(fault(script.score(view([.sizeUsd: 1]))))
            #expect(found.kind == .runtime && found.message.contains(says), "\(found)")
            #expect(script.score(view()) == .wish(confidence: 0.5, usd: 1))
        }
    }

    @Test func `in concatenation over a metamethod cannot be reached`() throws {
        try survives(
            """
            local function deep(n) if n == 0 then return 'R' end return deep(n - 1) .. '' end
            local t = setmetatable({}, { __concat = function(a, b) return deep(150) end })
            local x = 'a' .. ('b' .. ('c' .. t)) .. ('d'):rep(200)
            """, says: "setmetatable")
    }

    @Test func `in a weak metatable under an emergency collection cannot be reached`() throws {
        try survives(
            """
            local t = setmetatable({}, setmetatable({ __newindex = {} }, { __mode = 'v' }))
            for i = 1, 1e6 do t[i] = ('x'):rep(100) .. i end
            """, says: "setmetatable")
    }

    @Test func `in nested closing of coroutines cannot be reached`() throws {
        try survives(
            """
            local co
            for i = 1, 5000 do
              local inner = co
              co = coroutine.create(function() local x <close> = inner coroutine.yield() end)
              coroutine.resume(co)
            end
            coroutine.close(co)
            """, says: "coroutine")
    }

    @Test func `in closing a variable needs a metatable, and there is none to be had`() throws {
        try survives("local x <close> = {}", says: "non-closable")
        try survives("local x <close> = o", says: "non-closable")
        try survives("local x <close> = 'text'", says: "non-closable")
    }

    @Test func `in naming a long chain of accesses is refused, and the longest allowed is harmless`() throws {
        let long = "local a = {} return a" + String(repeating: ".b", count: 30_000)
        let report = try #require(throws: ScriptReport.self) { _ = try scoring(long) }
        #expect(report.place == "s.lua:3" && report.message.contains("chain"))
        for link in ["[b.c]", "['b']", ".b", "[(b)]", " . b", ".--[[ ]]b", "[ [=[b]=] ]"] {
            let chain = "local a, b = {}, {} return (a" + String(repeating: link, count: 2000) + ")"
            #expect(throws: ScriptReport.self, "\(link)") { _ = try scoring(chain) }
        }
        try survives("local a = {} return a" + String(repeating: ".b", count: 64), says: "attempt to index")
    }

    @Test func `in bytecode cannot be reached: what is not text is refused`() throws {
        for source in ["\u{1B}Lua", "\u{1B}LuaT\0\u{19}", "\u{1B}"] {
            let report = try #require(throws: ScriptReport.self) { _ = try script(source) }
            #expect(report.message.contains("binary chunk"), "\(report)")
        }
    }
}
