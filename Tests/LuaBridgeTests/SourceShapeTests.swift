import Core
import Foundation
import Testing

@testable import LuaBridge

@Suite struct `The shape of a source` {
    @Test func `is bounded as its limits say, line by line of a chain and byte by byte of a file`() throws {
        func source(accesses: Int) -> String {
            "return { api = 1, name = 's', score = function(a) if a.pair == 'no' then return a"
                + String(repeating: ".b", count: accesses) + " end end }"
        }
        var setting = setting
        _ = try script(source(accesses: 64), setting: setting)
        var found = try report { _ = try script(source(accesses: 65), setting: setting) }
        #expect(
            found.place == "s.lua:1" && found.message.contains("more than 64 field accesses (SCRIPT_CHAIN)"))
        setting.limits.chain = 65
        _ = try script(source(accesses: 65), setting: setting)
        found = try report { _ = try script(source(accesses: 66), setting: setting) }
        #expect(found.message.contains("more than 65"))

        func text(bytes: Int, _ head: String = "return { api = 1, name = 's', score = function() end } --")
            -> String
        {
            head + String(repeating: "x", count: bytes - head.utf8.count)
        }
        setting.limits.sourceKiB = 1
        _ = try script(text(bytes: 1024), setting: setting)
        found = try report { _ = try script(text(bytes: 1025), setting: setting) }
        #expect(found.description == "s.lua: is larger than 1 KiB (SCRIPT_SOURCE_KIB)")
        let includes = "\nlocal big = include('big') return { api = 1, name = 's', score = function() end }"
        _ = try script(includes, library: ["big": text(bytes: 1024, "return 1 --")], setting: setting)
        let large = ["big": text(bytes: 1025, "return 1 --")]
        found = try report { _ = try script(includes, library: large, setting: setting) }
        #expect(found.description == "s.lua:2: include: lib/big.lua is larger than 1 KiB (SCRIPT_SOURCE_KIB)")
        // What another strategy may include is not this one's concern.
        _ = try script(text(bytes: 100), library: large, setting: setting)
    }

    @Test func `of the largest and longest that may be set neither takes long nor overflows a small stack`()
        throws
    {
        var setting = setting
        (setting.limits.chain, setting.limits.sourceKiB) = (512, 256)
        let chain = "o.pair" + String(repeating: ".b", count: 511)
        let head = "return { api = 1, name = 's', score = function(o) return \(chain) end } --"
        let source = head + String(repeating: "x", count: (256 << 10) - head.utf8.count)
        // Handed to the one thread that calls it.
        nonisolated(unsafe) let strategy = try script(source, setting: setting)
        let ended = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var answer: ScoreAnswer?
        let thread = Thread {
            answer = strategy.score(view())
            ended.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        ended.wait()
        #expect(answer.flatMap(fault)?.message.contains("attempt to index a nil value (field 'b')") == true)
    }
}
