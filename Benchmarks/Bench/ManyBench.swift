import Core
import Foundation
import Host
import LuaBridge

/// Fifty scripts on the five pairs' ten symbols against one, over the same turns; and what an idle one keeps.
struct ManyBench {
    let recording: DeskRecording
    static let many = 50, idle = 200, rounds = 5

    func run() throws {
        var base: [Double] = [], one: [Double] = [], many: [Double] = []
        for _ in 0..<Self.rounds {
            let empty = try play(0).time
            let (single, all) = (try play(1), try play(Self.many))
            base.append(empty)
            one.append((single.time - empty) / Double(single.calls))
            many.append((all.time - empty) / Double(all.calls))
        }
        print(
            String(
                format: "  a call with its evaluation: one script %.2f µs, %d scripts %.2f µs, ratio %.2f",
                CallBench.median(one), Self.many, CallBench.median(many),
                CallBench.median(many) / CallBench.median(one)))
        print(
            String(
                format: "  (without what %d turns cost when no script is there, %.2f µs each)",
                recording.inputs.count, CallBench.median(base) / Double(recording.inputs.count)))
        try memory()
    }

    /// Microseconds of all turns.
    private func play(_ count: Int) throws -> (time: Double, calls: Int) {
        let street = recording.street(try (0..<count).map { try DeskRecording.script("quiet\($0)") })
        let time = ReloadBench.time {
            for (input, now) in recording.inputs {
                _ = street.turn(input, now: now)
                _ = street.engine.takeNotes()
            }
        }
        if count > 0, street.calls == 0 { throw BenchFault(description: "no script was called") }
        return (time * 1000, street.calls)
    }

    private func memory() throws {
        let source = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "strategies/spot_perp_arb.lua")))
        func make() throws -> Script {
            let script = try ReloadBench.maker.make(
                ScriptPackage(name: "spot_perp_arb", source: source, library: []))
            _ = script.score(CallBench.view)
            return script
        }
        // What the first one brings along is not one script's.
        var scripts = [try make()]
        let before = residentBytes()
        for _ in 0..<Self.idle { scripts.append(try make()) }
        let resident = (residentBytes() - before) / Self.idle
        let held = scripts.reduce(0) { $0 + $1.memory } / scripts.count
        print(
            "  an idle script: \(held >> 10) KiB in its Lua state, \(resident >> 10) KiB of resident memory")
    }
}

/// VmRSS.
func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let words = text.split(separator: " ")
    return words.count > 1 ? (Int(words[1]) ?? 0) * Int(getpagesize()) : 0
}
