import Foundation
import LuaBridge
import Testing

@testable import Host

@Suite struct `A check of a strategy that the built-in market does not know` {
    private func check(_ pairs: String, _ body: String = "return nil") throws -> ScriptCheck {
        let folder = try TemporaryFolder()
        try folder.write(
            "one.lua",
            "local S = { api = 1, name = \"one\", pairs = \(pairs) }\nfunction S.score(o) \(body) end\nreturn S"
        )
        return ScriptCheck(folder.path + "/one.lua", seconds: 30)
    }

    @Test func `plays its pairs on the markets there are, and says which`() throws {
        let good = try check("{ \"SOL\", \"DOGE\", \"WIF\" }")
        #expect(good.isGood && (good.rehearsal?.new.calls ?? 0) > 100)
        #expect(good.standIns.list.map(\.pair) == ["DOGE", "WIF"])
        #expect(!good.standIns.list.map(\.market).contains("SOL"))
        #expect(good.lines.contains { $0.contains("DOGE on that of ") }, "\(good.lines)")
        let faulty = try check("{ \"DOGE\" }", "if o.pair == \"DOGE\" then error(\"found\") end")
        #expect(faulty.reports.first?.description.hasPrefix("one.lua:2: found") == true, "\(faulty.reports)")
        #expect(try check("{ \"SOL\" }").standIns.list.isEmpty)
    }

    @Test func `names the pairs that there is no market left for`() throws {
        let many = try check("{ \"A\", \"B\", \"C\", \"D\", \"E\", \"F\", \"G\" }")
        #expect(many.isGood && many.standIns.left == ["F", "G"])
        #expect(many.lines.contains { $0.contains("NOT rehearsed") && $0.hasSuffix("F, G") }, "\(many.lines)")
    }

    @Test func `is not good when nothing of it could be rehearsed, and says when it was never called`() throws
    {
        let none = try check("{ \"USDC\" }")
        #expect(!none.isGood && none.reports.first?.message.contains("none of USDC can be rehearsed") == true)
        #expect(none.lines.first?.hasSuffix("one.lua: \(none.reports[0].message)") == true, "\(none.lines)")
        let asleep = try check("\"*\", wake = { gross_pct = 99 }")
        #expect(asleep.isGood && asleep.lines.contains { $0.contains("NOT called") }, "\(asleep.lines)")
    }

    @Test func `says why a file of lib cannot be included, and which strategy a fault in one concerns`()
        throws
    {
        let folder = try TemporaryFolder()
        let source = "local half = include(\"half\")\n" + entering(at: "9", "half()")
        try folder.write("one.lua", source)
        try folder.write("other.txt", "return function() end")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/lib", withIntermediateDirectories: true)
        symlink(folder.path + "/other.txt", folder.path + "/lib/half.lua")
        let linked = ScriptCheck(folder.path + "/one.lua", seconds: 1)
        #expect(linked.lines.contains { $0.contains("there is no lib/half.lua") }, "\(linked.lines)")
        #expect(linked.lines.contains { $0.contains("lib/half.lua: is a symbolic link") }, "\(linked.lines)")

        unlink(folder.path + "/lib/half.lua")
        try folder.write("lib/half.lua", "return function()\n  error(\"boom\")\nend")
        let faulty = ScriptCheck(folder.path + "/one.lua", seconds: 1)
        #expect(faulty.lines.first?.hasPrefix("lib/half.lua:2: boom") == true, "\(faulty.lines)")
        #expect(faulty.lines.first?.contains("(included by one.lua)") == true, "\(faulty.lines)")
    }
}
