import Core
import Foundation
import Journal
import LuaBridge
import Testing

@testable import Host

/// A strategy of the repository, or one written here.
enum Sample {
    static let strategies = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "strategies").path

    static func shipped(_ path: String) throws -> ScriptPackage {
        let file = URL(filePath: strategies + "/" + path)
        return ScriptPackage(
            name: file.deletingPathExtension().lastPathComponent, source: [UInt8](try Data(contentsOf: file)),
            library: [])
    }

    /// A script with this body of `score`; further lines stand before `return S`.
    static func script(_ score: String, more: String = "", head: String = "") -> ScriptPackage {
        ScriptPackage(
            name: "sample",
            source: Array(
                """
                local S = { api = 1, name = "sample", \(head) }
                function S.score(o, p) \(score) end
                \(more)
                return S
                """.utf8), library: [])
    }

    static let maker = ScriptMaker(limits: ScriptLimits(), bindings: [:])

    static func report(_ package: ScriptPackage) -> String? {
        do throws(ScriptReport) {
            _ = try DryRun.check(package, maker, state: nil)
            return nil
        } catch { return error.description }
    }
}

@Suite struct `A dry run` {
    @Test(arguments: [
        "spot_perp_arb.lua", "observer.lua", "examples/funding_carry.lua", "examples/maker_first.lua",
        "examples/fair_basis.lua", "examples/ladder.lua", "examples/panic_exit.lua",
    ])
    func `passes what is shipped, exits included`(path: String) throws {
        let package = try Sample.shipped(path)
        #expect(try DryRun.check(package, Sample.maker, state: nil), "exit was asked")
    }

    @Test(arguments: ["loop", "bomb", "nan", "typo", "syntax", "liar"])
    func `refuses every broken example and names the line`(name: String) throws {
        let report = try #require(Sample.report(try Sample.shipped("examples/broken/\(name).lua")))
        #expect(report.contains("\(name).lua:"), "\(report)")
    }

    @Test func `reaches choose and exit although the script wishes nothing`() {
        let choose = Sample.script(
            "return nil", more: "function S.choose(o, p) return \"tkaer\" end")
        #expect(Sample.report(choose)?.contains("choose must return") == true)
        let exit = Sample.script(
            "return nil", more: "function S.exit(pos, o, p) local t = nil; return t.x end")
        #expect(Sample.report(exit)?.contains("sample.lua:3") == true)
    }

    @Test func `refuses answers that hang on addresses`() {
        // The sum over a hash is in order here, so only what the world itself leaks could differ.
        let honest = Sample.script(
            "local s = 0 for k, v in pairs({a=1,b=2,c=3}) do s = s + v end return nil, s .. \"\"")
        #expect(Sample.report(honest) == nil)
    }
}
