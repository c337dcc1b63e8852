import Core
import Testing

/// A few lines of a script that is broken, greedy or hostile, and what must come of it.
struct Attack: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// It is answered as if it had not been there, or with `pass`.
        case harmless
        /// The load or the migration is refused.
        case refused
        case fault(StrategyFault.Kind)
    }
    let name: String
    let strikes: StrategyCallback
    let outcomes: [Outcome]
    let source: String
    var testDescription: String { "\(strikes.rawValue): \(name)" }

    init(_ name: String, _ strikes: StrategyCallback = .score, _ outcomes: Outcome..., source: String) {
        (self.name, self.strikes, self.outcomes, self.source) = (name, strikes, outcomes, source)
    }
}

extension Attack.Outcome {
    static let steps = Self.fault(.steps)
    static let memory = Self.fault(.memory)
    /// Not priced in steps: the clock stops it, and the journal says so to a replay.
    static let wallClock = Self.fault(.wallClock)
    static let runtime = Self.fault(.runtime)
    static let contract = Self.fault(.contract)
}

/// The attacks that were tried on this Lua with success elsewhere (LUA.md 4.6), and more of their kind.
extension Attack {
    static let all = endless + greedy + patterns + library + talk + reach + states + answers

    private static let endless = [
        Attack("a loop", .score, .steps, source: "while true do end"),
        Attack("a goto", .score, .steps, source: "::a:: goto a"),
        Attack("a tail call", .choose, .steps, source: "local function f() return f() end f()"),
        Attack("a huge for", .exit, .steps, source: "for i = 1, math.maxinteger do end"),
        Attack("a for of fractions", .score, .steps, source: "for i = 0, 1, 1e-300 do end"),
        Attack("a loop while loading", .load, .refused, source: "while true do end"),
        Attack("a loop in migrate", .migrate, .refused, source: "while true do end"),
        Attack(
            "nested pcall that swallows", .score, .steps,
            source: "local function f() while true do pcall(f) end end while true do pcall(pcall, f) end"),
        Attack(
            "pcall that swallows, by recursion", .exit, .steps, .runtime,
            source: "local function f() pcall(f) pcall(f) return f() end pcall(f) while true do end"),
        Attack(
            "xpcall with a looping handler", .score, .steps,
            source: "local function f() while true do end end xpcall(error, f) xpcall(f, f)"),
        Attack(
            "xpcall with itself as handler", .score, .steps, .runtime,
            source: "while true do xpcall(error, xpcall, xpcall, error) end"),
        Attack("errors that are caught", .choose, .steps, source: "while true do pcall(error) end"),
        Attack(
            "errors that are caught while loading", .load, .refused,
            source: "while true do pcall(function() local x = nil + 1 end) end"),
        Attack(
            "unknown fields that are caught", .score, .steps,
            source: "while true do pcall(function() return o.nearly_a_field_of_this_name end) end"),
        Attack(
            "an iterator that never ends", .exit, .steps, source: "for x in function() return 1 end do end"),
        Attack(
            "pairs over what grows", .score, .harmless, .steps,
            source: "local t = { 1 } for k in pairs(t) do t[#t + 1] = 1 end"),
    ]

    private static let greedy = [
        Attack("doubling a text", .score, .memory, source: "local s = 'x' while true do s = s .. s end"),
        Attack(
            "doubling a text, caught", .score, .memory,
            source:
                "local function f() local s = 'x' while true do s = s .. s end end while true do pcall(f) end"
        ),
        Attack(
            "a table that grows", .exit, .memory, .steps,
            source: "local t = {} for i = 1, 1e9 do t[i] = { i } end"),
        Attack(
            "tables just under the cap", .score, .memory, .steps,
            source: """
                local keep = {}
                pcall(function() for i = 1, 25000 do keep[i] = { i } end end)
                while true do local x = { {}, {}, {} } end
                """),
        Attack(
            "texts just under the cap", .score, .memory, .steps,
            source: """
                local keep = {}
                for i = 1, 30 do keep[i] = ('x'):rep(65000) .. i end
                while true do local x = ('y'):rep(60000) .. #keep end
                """),
        Attack(
            "a table that is rebuilt at every key", .score, .wallClock, .steps, .memory,
            source: """
                local t, i = {}, 0
                for n = 1, 8192 do t['k' .. n] = n end
                while true do i = i + 1 t['k' .. i] = nil t['k' .. i + 8192] = i end
                """),
        Attack(
            "closures without number", .choose, .memory, .steps,
            source: "local f while true do local g = f f = function() return g end end"),
        Attack(
            "arguments without number", .score, .wallClock, .memory, .steps, .runtime,
            source: "local function f(...) return f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...) end f()"),
        Attack(
            "a quarter of a million results", .score, .wallClock, .memory, .steps, .runtime, .contract,
            source:
                "local function f(n, ...) if n == 0 then return ... end return f(n - 1, n, ...) end return f(250000)"
        ),
        Attack(
            "a bomb while loading", .load, .refused, source: "bomb = {} for i = 1, 1e9 do bomb[i] = {} end"),
        Attack(
            "a bomb in migrate", .migrate, .refused, source: "local t = {} for i = 1, 1e9 do t[i] = {} end"),
        Attack("string.rep", .score, .runtime, source: "local s = ('x'):rep(1e9)"),
        Attack("string.rep of nothing", .score, .runtime, source: "local s = (''):rep(math.maxinteger)"),
        Attack("string.rep with a separator", .score, .runtime, source: "('x'):rep(60000, ('y'):rep(60000))"),
        Attack("string.rep that wraps around", .score, .runtime, source: "('x'):rep((1 << 62) + 1, 'yyy')"),
        Attack("string.rep again and again", .score, .steps, source: "while true do ('x'):rep(65000) end"),
        Attack(
            "deep recursion", .score, .runtime, .memory, source: "local function f() return 1 + f() end f()"),
        Attack(
            "deep recursion through pcall", .score, .steps, .runtime, .memory, .harmless,
            source: "local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()"),
        Attack(
            "deep recursion through gsub", .exit, .runtime, .memory, .steps,
            source: "local function f(s) return (s:gsub('.', f)) end f('xx')"),
        Attack(
            "deep recursion through sort", .score, .runtime, .steps,
            source: "local function f(a, b) table.sort({ 1, 2, 3 }, f) return a < b end f(1, 2)"),
        Attack(
            "deep recursion through xpcall", .score, .runtime, .steps, .harmless, .memory,
            source: "local function f() return xpcall(error, f) end f()"),
    ]

    private static let patterns = [
        Attack(
            "a match that goes back and back", .score, .steps, .runtime,
            source: "('a'):rep(200):match(('a?'):rep(100) .. ('a'):rep(100) .. 'b')"),
        Attack(
            "a find of stars", .choose, .steps, source: "('a'):rep(60000):find('.*.*.*.*b')"),
        Attack("a find of dashes", .score, .steps, source: "('a'):rep(60000):find('.-.-.-.-b')"),
        Attack(
            "a gmatch of stars", .exit, .steps, source: "for w in ('a'):rep(5000):gmatch('a*a*a*b') do end"),
        Attack(
            "a gsub of stars", .score, .steps, source: "local s = ('a'):rep(5000):gsub('a*a*a*b', '')"),
        Attack(
            "a large set at every byte", .score, .steps,
            source:
                "local set = '[' .. ('%a'):rep(100) .. '1]*' for i = 1, 1e9 do ('1'):rep(60000):find(set) end"
        ),
        Attack(
            "a frontier with a large set", .score, .steps,
            source:
                "local set = '%f[' .. ('%a'):rep(100) .. ']x' for i = 1, 1e9 do ('1'):rep(60000):find(set) end"
        ),
        Attack(
            "balance over and over", .score, .steps,
            source: "('('):rep(30000):find('%b()') ; (('('):rep(30000) .. (')'):rep(30000)):find('%b()x')"),
        Attack(
            "captures that repeat", .score, .steps,
            source: "for i = 1, 1e9 do ('a'):rep(60000):find('(a+)%1%1%1b') end"),
        Attack(
            "a plain find of a needle like its haystack", .score, .steps,
            source: "local h, n = ('a'):rep(60000), ('a'):rep(128) .. 'b' .. ('a'):rep(127) "
                + "while true do h:find(n, 1, true) end"),
        Attack("a long needle", .score, .runtime, source: "('a'):rep(60000):find(('a'):rep(300), 1, true)"),
        Attack("a pattern too deep", .score, .runtime, source: "('a'):rep(300):find(('(a'):rep(40))"),
        Attack("a pattern that ends early", .score, .runtime, source: "('a'):find('[%')"),
        Attack("a capture that is not there", .score, .runtime, source: "('a'):gsub('a', '%9')"),
        Attack(
            "gsub that makes much of little", .score, .runtime, .memory, .steps,
            source: "local s = ('a'):rep(60000):gsub('.*', ('%0'):rep(30000))"),
        Attack(
            "gsub with an empty match", .score, .steps, .harmless,
            source: "for i = 1, 1e9 do ('x'):rep(60000):gsub('', '') end"),
    ]

    private static let library = [
        Attack("bytecode", .load, .refused, source: "assert(load(string.dump(function() end)))"),
        Attack("dump by a method", .score, .runtime, source: "local s = ('x'):dump()"),
        Attack("a format that is too wide", .score, .runtime, source: "('%99999d'):format(1)"),
        Attack("a format that is too long", .score, .runtime, source: "(('%d'):rep(1000)):format(1)"),
        Attack(
            "a format of many large numbers", .score, .steps,
            source: "local f, t = ('%99.99f'):rep(140), {} for i = 1, 140 do t[i] = 1e308 end "
                + "while true do f:format(table.unpack(t)) end"),
        Attack(
            "a format of long texts", .score, .steps, .memory,
            source: "local s, t = ('%s'):rep(200), {} for i = 1, 200 do t[i] = ('x'):rep(60000) end "
                + "s:format(table.unpack(t))"),
        Attack(
            "an address", .score, .harmless,
            source: """
                for _, f in ipairs({ '%p', '\\0%p', '%-20p' }) do assert(not pcall(string.format, f, {})) end
                for _, v in ipairs({ {}, print or pairs, o, string.len, log }) do
                  for _, f in ipairs({ '%s', '%10s', '\\0%s', '%s\\0%s', '%-5s', '%%%s' }) do
                    assert(not f:format(v, v):find('0x'), f)
                  end
                  assert(not tostring(v):find('0x'))
                end
                assert(not select(2, pcall(error, {})) == false)
                """),
        Attack("%q of a table", .score, .harmless, .runtime, source: "('%q'):format({})"),
        Attack(
            "a sort in front of which nothing is less", .score, .runtime, .harmless,
            source: "local t = {} for i = 1, 999 do t[i] = i end table.sort(t, function() return true end)"),
        Attack(
            "a sort of too much", .score, .runtime, .steps,
            source: "local t = {} for i = 1, 20001 do t[i] = 0 end table.sort(t)"),
        Attack(
            "a sort of long texts", .score, .steps,
            source: "local s, t = ('\\0'):rep(65000), {} for i = 1, 500 do t[i] = s end table.sort(t)"),
        Attack("a sort of mixed things", .score, .runtime, source: "table.sort({ 1, 'x', {}, o })"),
        Attack("unpack of too much", .score, .runtime, source: "table.unpack({}, 1, 1e8)"),
        Attack(
            "unpack from end to end", .score, .runtime,
            source: "table.unpack({}, math.mininteger, math.maxinteger)"),
        Attack("concat of too much", .score, .runtime, source: "table.concat({}, '', 1, 1e8)"),
        Attack(
            "concat of long texts", .score, .runtime, .memory, .steps,
            source: "local s, t = ('x'):rep(65000), {} for i = 1, 2000 do t[i] = s end table.concat(t)"),
        Attack(
            "insert in front of much", .score, .steps,
            source: "local t = {} for i = 1, 5000 do t[i] = i end while true do table.insert(t, 1, 0) end"),
        Attack(
            "remove in front of much", .score, .steps,
            source:
                "local t = {} for i = 1, 5000 do t[i] = i end while true do table.insert(t, table.remove(t, 1)) end"
        ),
        Attack(
            "insert over a length that is none", .score, .steps, .runtime, .harmless,
            source: """
                local t = {}
                for i = 0, 62 do t[1 << i] = 1 end
                local n = #t
                table.insert(t, 1, 1)
                """),
        Attack(
            "remove over a length that is none", .score, .steps, .runtime, .harmless,
            source: "local t = {} for i = 0, 62 do t[1 << i] = 1 end table.remove(t, 1)"),
        Attack(
            "comparing long texts", .score, .wallClock, .steps,
            source: "local a = ('\\0'):rep(65000) while true do if a < a or a < a or a < a then end end"),
        Attack(
            "numbers in long texts", .score, .steps,
            source: "local s, t = ('1'):rep(65000), {} for i = 1, 200 do t[i] = s end "
                + "while true do math.max(table.unpack(t)) end"),
        Attack("char of many", .score, .runtime, .steps, source: "string.char(table.unpack({ 1, 2, 256 }))"),
        Attack("a NaN as a key", .score, .runtime, source: "local t = {} t[0/0] = 1"),
        Attack("nil as a key", .score, .runtime, source: "local t = {} t[nil] = 1"),
        Attack(
            "dead keys under next", .score, .steps, .harmless,
            source:
                "local t = {} for i = 1, 8192 do t['k' .. i] = 1 end for i = 1, 8192 do t['k' .. i] = nil end "
                + "while true do next(t) end"),
        Attack(
            "pairs over too much", .score, .runtime,
            source: "local t = {} for i = 1, 5000 do t[i] = i end for k in pairs(t) do end"),
        Attack(
            "pairs over tables as keys", .score, .runtime, source: "for k in pairs({ [{}] = 1 }) do end"),
        Attack("division by zero", .score, .runtime, source: "local x = 1 // 0"),
        Attack(
            "extreme integers everywhere", .score, .harmless,
            source: """
                local odd = { math.mininteger, math.maxinteger, 0, -1, 1/0, -1/0, 0/0, 2^53, -2^63, 1e308 }
                local calls = {}
                for _, name in ipairs({ 'string', 'table', 'math' }) do
                  for key, f in pairs(_G[name]) do
                    if type(f) == 'function' then calls[#calls + 1] = f end
                  end
                end
                for _, f in ipairs({ select, tonumber, tostring, ipairs, next, rawlen, rawequal }) do
                  calls[#calls + 1] = f
                end
                local shift = o.persist_ms
                for place, f in ipairs(calls) do
                  for i = 1 + shift, #odd, 4 do
                    local a, b = odd[i], odd[(i * 5 + place) % #odd + 1]
                    pcall(f, a) pcall(f, a, b) pcall(f, 'text', a, b) pcall(f, { 1, 2, 3 }, a, b)
                    pcall(f, { 1, 2, 3 }, 'x', a, b)
                  end
                end
                """),
    ]

    private static let talk = [
        Attack("an error of 60 kB", .score, .runtime, source: "error(('e'):rep(60000), 0)"),
        Attack(
            "an error of 4 MB", .score, .memory, .runtime,
            source: "local s = ('e'):rep(65000) error(table.concat({ s, s, s, s, s, s, s, s }), 0)"),
        Attack("an error that is a table", .choose, .runtime, source: "error({ code = 1 })"),
        Attack("an error that is nil", .exit, .runtime, source: "error(nil)"),
        Attack("an error that is a view", .score, .runtime, source: "error(o)"),
        Attack("an error that is a function", .load, .refused, source: "error(error)"),
        Attack("an error with a zero byte", .score, .runtime, source: "error('a\\0b')"),
        Attack(
            "an error with escape codes", .score, .runtime,
            source: "error('\\27[2J\\r\\n\\x9b\\u{9b}31m\\127')"),
        Attack("an error that is no text at all", .score, .runtime, source: "error('\\xff\\xfe\\xc2')"),
        Attack("a key with escape codes", .load, .refused, source: "S['\\27[2J\\n\\u{9b}'] = 1"),
        Attack("a value with escape codes", .load, .refused, source: "S.exit_at = '\\27[2J\\n\\u{9b}'"),
        Attack("a reason with escape codes", .exit, .contract, source: "return '\\27[2J\\n', '\\27'"),
        Attack("an error at a level far away", .score, .runtime, source: "error('x', 2147483647)"),
        Attack("a flood of lines", .score, .steps, source: "while true do log.info('x') end"),
        Attack(
            "long lines", .score, .steps, source: "local s = ('x'):rep(65000) while true do log.warn(s) end"),
        Attack(
            "lines with everything in them", .score, .harmless,
            source: "log.info() log.info(nil) log.info({}) log.info(o) log.warn(0/0, 1, 2) "
                + "log.info('\\27[2J\\0\\n\\u{9b}') log.info('\\xff') pcall(log.info, error)"),
    ]

    private static let reach = [
        Attack("writing to o", .score, .runtime, source: "o.size_usd = 1e9"),
        Attack("writing to p", .choose, .runtime, source: "p.x = 1"),
        Attack("writing to pos", .exit, .runtime, source: "pos.qty = 0"),
        Attack(
            "keeping o for later", .exit, .harmless,
            source: "kept = kept or o assert(rawequal(kept, o)) kept = pos"),
        Attack("o while loading", .load, .refused, source: "local x = o.size_usd"),
        Attack("p while loading", .load, .refused, source: "local x = p.x"),
        Attack(
            "wiping the globals", .score, .harmless,
            source: "local all = _G for name in pairs(all) do all[name] = nil end"),
        Attack(
            "other methods of texts", .score, .harmless,
            source:
                "for name in pairs(string) do string[name] = error end string.find = nil string = nil math = nil"
        ),
        Attack(
            "callbacks changed later", .score, .harmless,
            source: "S.score = nil S.exit = 5 S.api = {} S.name = 7"),
        Attack("include at run time", .score, .runtime, source: "include('lib')"),
        Attack("include in migrate", .migrate, .refused, source: "return include('lib')"),
        Attack("include of a folder above", .load, .refused, source: "include('../secret')"),
        Attack("include in a circle", .load, .refused, source: "include('circle')"),
        Attack(
            "include in a circle, caught", .load, .harmless,
            source: "for i = 1, 100 do pcall(include, 'circle') pcall(include, 'broken') end"),
        Attack("include of no text", .load, .refused, source: "include({})"),
        Attack(
            "an environment of its own", .score, .harmless,
            source: "local assert, _ENV = assert, { o = o } x = 1 assert(_ENV.x == 1)"),
    ]

    private static let states = [
        Attack("a state with itself in it", .load, .refused, source: "S.state = {} S.state.s = S.state"),
        Attack("a state with a function", .load, .refused, source: "S.state = { f = function() end }"),
        Attack(
            "a state of 10 MB", .load, .refused,
            source: "S.state = {} for i = 1, 10240 do S.state[i] = ('x'):rep(1000) .. i end"),
        Attack(
            "a state of 70 KB", .load, .refused,
            source: "S.state = {} for i = 1, 70 do S.state[i] = ('x'):rep(1024) end"),
        Attack("a state with a long text", .load, .refused, source: "S.state = { ('x'):rep(1025) }"),
        Attack("a state nine deep", .load, .refused, source: "S.state = {{{{{{{{{1}}}}}}}}}"),
        Attack(
            "a state of 2001 values", .load, .refused,
            source: "S.state = {} for i = 1, 2001 do S.state[i] = i end"),
        Attack("a state with flags as keys", .load, .refused, source: "S.state = { [true] = 1 }"),
        Attack("a state with tables as keys", .load, .refused, source: "S.state = { [{}] = 1 }"),
        Attack("a state with a library in it", .load, .refused, source: "S.state = { string }"),
        Attack("a state that is a number", .load, .refused, source: "S.state = 5"),
        Attack(
            "a state with odd numbers", .load, .harmless,
            source: "S.state = { 0/0, 1/0, -0.0, math.mininteger }"),
        Attack("a state that goes bad later", .score, .harmless, source: "S.state = { S, o, print }"),
        Attack("a state that is no table any more", .score, .harmless, source: "S.state = 'gone'"),
        Attack("migrate to a function", .migrate, .refused, source: "return function() end"),
        Attack("migrate to a circle", .migrate, .refused, source: "state.s = state return state"),
        Attack("migrate to nothing", .migrate, .refused, source: "return nil"),
        Attack("migrate that raises nil", .migrate, .refused, source: "error()"),
    ]

    private static let answers = [
        Attack("NaN", .score, .contract, source: "return 0/0, 1"),
        Attack("infinity", .score, .contract, source: "return 1, 1/0"),
        Attack("less than nothing", .score, .contract, source: "return 0.5, -1"),
        Attack("more than all", .score, .contract, source: "return 0.5, 1e300"),
        Attack("a text that looks like a number", .score, .contract, source: "return '0.5', 1"),
        Attack("six values", .score, .contract, source: "return 1, 2, 3, 4, 5, 6"),
        Attack("a table", .score, .contract, source: "return {}, {}"),
        Attack("a view", .score, .contract, source: "return o, p"),
        Attack("a reason that is none", .score, .contract, source: "return nil, {}"),
        Attack("a word with a zero byte behind it", .choose, .contract, source: "return 'taker\\0'"),
        Attack(
            "a plan with more in it", .choose, .contract,
            source: "return 'maker', { rest = 'spot', leverage = 100 }"),
        Attack(
            "a plan that is huge", .choose, .contract, .runtime,
            source: "local t = { rest = 'spot' } for i = 1, 2500 do t[i] = i end return 'maker', t"),
        Attack(
            "a plan with itself in it", .choose, .contract, .runtime,
            source: "local t = { rest = 'spot' } t.peg = t return 'maker', t"),
        Attack(
            "a plan of NaN", .choose, .contract, source: "return 'maker', { rest = 'spot', timeout_s = 0/0 }"),
        Attack(
            "an exit that leaves a leg", .exit, .contract,
            source: "return 'x', 'maker', { rest = 'spot', fallback = 'cancel' }"),
        Attack("an exit without a style", .exit, .contract, source: "return 'x'"),
        Attack("an exit that is true", .exit, .contract, source: "return true"),
        Attack("varargs of nil", .exit, .contract, source: "return nil, nil, nil, nil"),
    ]
}
