import Core
import Foundation
import Host
import LuaBridge

/// Scripts that do not come back, in every place where one can loop: how long until each is stopped, and what a
/// turn is held up by.
struct RunawayBench {
    let recording: DeskRecording

    private static let bodies: [(name: String, source: String)] = [
        ("a loop", "while true do end"), ("a goto", "::again:: goto again"),
        ("a tail call", "local function f() return f() end f()"),
        ("caught errors", "while true do pcall(error) end"),
        (
            "pcall that swallows",
            "local function f() while true do pcall(f) end end while true do pcall(pcall, f) end"
        ),
        ("a library call", "while true do local s = string.rep('x', 60000) end"),
        ("a pattern", "string.find(string.rep('a', 3000), string.rep('a?', 3000) .. string.rep('a', 3000))"),
        ("gsub", "while true do string.gsub(string.rep('a', 10000), '.', '%0') end"),
        (
            "sort",
            "local t = {} for i = 1, 1000 do t[i] = i * 7919 % 1000 end "
                + "while true do table.sort(t, function(a, b) return a > b end) end"
        ),
        (
            "comparing",
            "local a = string.rep('x', 60000) local b = a .. 'y' while true do local c = a < b end"
        ),
    ]
    /// Single instructions that take long and whose cost nothing that a run repeats tells: what ends these is
    /// the clock, or steps late.
    private static let dear: [(name: String, source: String)] = [
        (
            "floats joined into text",
            "local x = 0.1 while true do x = x + 1.1 local s = x .. '' s = x .. 'a' end"
        ),
        (
            "remainders of floats far apart",
            "local x, y = 1e308, 3e-308 while true do local z = x % y z = x % y end"
        ),
        (
            "comparing zero bytes",
            "local a = string.rep('\\0', 60000) while true do if a < a or a < a or a < a then end end"
        ),
    ]
    /// Each body in each of these: fifty runaways.
    private static let callbacks: [StrategyCallback] = [.load, .score, .choose, .exit, .migrate]

    private static func script(_ callback: StrategyCallback, _ body: String, name: String = "runaway") throws
        -> Script
    {
        func part(_ here: StrategyCallback, _ usual: String) -> String { callback == here ? body : usual }
        let source = """
            local S = { api = 1, name = "\(name)", state = { n = 1 }, state_version = 2 }
            function S.score(o, p) \(part(.score, "return nil")) end
            function S.choose(o, p) \(part(.choose, "return \"taker\"")) end
            function S.exit(pos, o, p) \(part(.exit, "return nil")) end
            function S.migrate(state, from) \(part(.migrate, "return state")) end
            do \(part(.load, "")) end
            return S
            """
        return try ReloadBench.maker.make(
            ScriptPackage(name: name, source: Array(source.utf8), library: []))
    }

    func run() throws {
        var all: [Double] = []
        var onDesk = (time: 0.0, name: "")
        for callback in Self.callbacks {
            var times: [Double] = []
            for body in Self.bodies {
                let time = try Self.stop(callback, body.source)
                times.append(time)
                if callback != .load, time > onDesk.time { onDesk = (time, body.name) }
            }
            all += times
            let worst = times.indices.max { times[$0] < times[$1] }!
            print(
                String(
                    format: "  %@: median %.2f ms, worst %.2f ms (%@)",
                    callback.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0),
                    CallBench.median(times), times[worst], Self.bodies[worst].name))
        }
        print(
            String(
                format: "  %d runaways from call to stopped: median %.2f ms, worst %.2f ms", all.count,
                CallBench.median(all), all.max()!))
        print(
            String(
                format: "  longest call of those on the desk (all but load): %.2f ms (%@)", onDesk.time,
                onDesk.name))
        try turns()
        for body in Self.dear {
            let times = try (0..<5).map { _ in try Self.stop(.score, body.source) }
            print(
                String(
                    format: "  %@, of five: median %.2f ms, worst %.2f ms", body.name,
                    CallBench.median(times),
                    times.max()!))
        }
    }

    /// Milliseconds until it is stopped.
    private static func stop(_ callback: StrategyCallback, _ body: String) throws -> Double {
        if callback == .load {
            return try ReloadBench.time {
                do { _ = try Self.script(.load, body) } catch is ScriptReport { return }
                throw BenchFault(description: "a runaway was loaded: \(body)")
            }
        }
        let script = try Self.script(callback, body), view = CallBench.view
        let older = try DeskRecording.script("runaway")
        let position = PositionView(
            pair: "SOL", direction: .carry, style: .taker, version: "", adopted: false)
        var stopped = false
        let time = ReloadBench.time {
            switch callback {
            case .choose: if case .fault = script.choose(view) { stopped = true }
            case .exit: if case .fault = script.exit(position, view) { stopped = true }
            case .migrate: do { try script.takeOver(from: older) } catch { stopped = true }
            default: if case .fault = script.score(view) { stopped = true }
            }
        }
        guard stopped else { throw BenchFault(description: "\(callback.rawValue) was not stopped: \(body)") }
        return time
    }

    /// A runaway beside a neighbour on a street of its own, five times each body: the turn in which it is
    /// stopped, from the frame to the neighbour's answer and the end.
    private func turns() throws {
        var longest = (time: 0.0, name: ""), plain = 0.0, all: [Double] = []
        for (place, body) in Self.bodies.enumerated() {
            for round in 1...5 {
                let wait = "n = (n or 0) + 1 if n < \(round * 7 + place) then return nil end "
                let runaway = try Self.script(.score, wait + body.source)
                let street = recording.street([try DeskRecording.script("neighbour"), runaway])
                for (input, now) in recording.inputs {
                    let time = ReloadBench.time { _ = street.turn(input, now: now) }
                    guard street.engine.slots.contains(where: { $0.stopped != nil }) else {
                        plain = max(plain, time)
                        continue
                    }
                    all.append(time)
                    if time > longest.time { longest = (time, body.name) }
                    break
                }
            }
        }
        guard all.count == Self.bodies.count * 5 else {
            throw BenchFault(description: "\(all.count) of the runaways on a street were stopped")
        }
        print(
            String(
                format: "  turns in which one of %d was stopped: median %.2f ms, longest %.2f ms (%@); "
                    + "longest turn before: %.2f ms", all.count, CallBench.median(all), longest.time,
                longest.name, plain))
    }
}
