import Core
import Testing

@testable import LuaBridge

@Suite struct `What a script logs` {
    private func at(_ seconds: Double, lines: Double = 0) -> MarketView {
        view([.nowMs: seconds * 1000, .sizeUsd: lines])
    }

    private func chatty(_ text: String = "'x'") throws -> Script {
        try scoring("for i = 1, o.size_usd do log.info(\(text)) end return 0, 0")
    }

    @Test func `is twenty lines a call, and the next call has its own twenty`() throws {
        let script = try chatty("i")
        for _ in 0..<3 { _ = script.score(at(0, lines: 21)) }
        let (lines, lost) = script.takeLog()
        #expect(lines.count == 60 && lost == 3)
        #expect(lines[20].text == "1.0" || lines[20].text == "1")
    }

    @Test func `is four kilobytes a call and half a kilobyte a line`() throws {
        let script = try chatty("('x'):rep(600)")
        _ = script.score(at(0, lines: 20))
        let (lines, lost) = script.takeLog()
        #expect(lines.allSatisfy { $0.text.utf8.count == 512 })
        #expect(lines.count == 7 && lost == 13)
    }

    @Test func `is two hundred lines a minute of the script's own time, and the rest is counted`() throws {
        let script = try chatty()
        var (kept, lost) = (0, 0)
        for second in 0..<60 {
            _ = script.score(at(600 + Double(second), lines: 10))
            let taken = script.takeLog()
            (kept, lost) = (kept + taken.lines.count, lost + taken.lost)
        }
        #expect(kept == 200 && lost == 400)
        _ = script.score(at(660, lines: 10))
        #expect(script.takeLog().lines.count == 10)
    }

    @Test func `is kept for a host that never asks, up to a minute's worth`() throws {
        let script = try chatty()
        for minute in 0..<100 { _ = script.score(at(Double(minute) * 60, lines: 20)) }
        let (lines, lost) = script.takeLog()
        #expect(lines.count == 200 && lost == 1800)
        #expect(script.takeLog().lines.isEmpty)
    }

    @Test func `comes through although the call ends in a fault, and while the file loads`() throws {
        let script = try scoring("log.warn('last words') error('x')", head: "log.info('loading')")
        #expect(script.takeLog().lines == [ScriptLine(text: "loading", warns: false)])
        _ = script.score(at(0))
        #expect(script.takeLog().lines == [ScriptLine(text: "last words", warns: true)])
    }
}

@Suite struct `The limits of a script beside its steps` {
    @Test func `refuse its two hundred and first refused allocation`() throws {
        // Each catch starts again from below the cap, as a script does that takes a refusal for an answer.
        let body = """
            local s = ('x'):rep(60000)
            local parts = {}
            for i = 1, 40 do parts[i] = s end
            while true do pcall(table.concat, parts) end
            """
        let found = try #require(fault(try scoring(body).score(view())))
        #expect(found.isFatal && found.kind != .wallClock)
    }

    @Test(
        arguments: [
            ("a or ", "return ", "a"), ("a and ", "return ", "a"), ("a<a or ", "return ", "a"),
            ("elseif a then ", "if a then ", " end"),
        ])
    func `refuse a file whose compilation would take the square of its length`(
        unit: String, head: String, tail: String
    ) throws {
        let long = head + String(repeating: unit, count: 64_000 / unit.utf8.count) + tail
        let report = try #require(throws: ScriptReport.self) { _ = try script(long) }
        #expect(report.message.contains("and, or and elseif"), "\(report)")
        let fair = "local a = nil; local x = " + String(repeating: "a or ", count: 1500) + "a "
        _ = try scoring("return 0, 0", head: fair)
    }

    @Test func `bound the time of a compilation, too`() throws {
        var hasty = setting
        hasty.limits.loadWall = TimeSpan(microseconds: -1)
        let report = try #require(throws: ScriptReport.self) {
            _ = try script("return { api = 1, name = 's', score = function() end }", setting: hasty)
        }
        #expect(report.message.contains("took too long"), "\(report)")
    }
}
