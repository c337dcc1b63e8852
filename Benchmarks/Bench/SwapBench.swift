import Core
import Foundation
import Host
import Journal
import LuaBridge

/// What a swap keeps the desk from doing: the record of it and the turn that hands over a state of twenty keys,
/// between frames of a real run.
struct SwapBench {
    let recording: DeskRecording
    let scratch: String
    static let swaps = 1000

    func run() throws {
        let folder = scratch + "/swap-journal"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let writer = JournalWriter(folder: folder)
        writer.begin(
            SegmentHeader(
                number: 0, mode: "demo", settings: [], markets: [], bases: [], scripts: [], standing: []))
        defer { writer.close("time") }
        let street = recording.street([try DeskRecording.script("quiet")])
        let every = max(1, recording.inputs.count / Self.swaps)
        var pause = Measure(), plain = Measure()
        for (place, (input, now)) in recording.inputs.enumerated() {
            let before = Measure.now()
            writer.append(.input(input, at: now))
            _ = street.turn(input, now: now)
            plain.add(Measure.now() - before)
            _ = street.engine.takeNotes()
            guard place % every == every - 1 else { continue }
            try swap(place, now, street, writer, &pause)
        }
        guard let slot = street.engine.slots.first, slot.reloads == pause.count else {
            throw BenchFault(description: "not every version took over")
        }
        print(pause.line("a swap, state of twenty keys"))
        print("  \(pause.count) swaps, the longest \(Int(pause.percentile(100).rounded())) µs")
        print(plain.line("the turns between"))
    }

    private func swap(
        _ number: Int, _ now: Timestamp, _ street: Street, _ writer: JournalWriter, _ pause: inout Measure
    ) throws {
        let script = try DeskRecording.script("quiet", more: "-- edit \(number)")
        let input = Input.swap(StoredScript(script), ProbationTerms(), inShadow: false)
        let before = Measure.now()
        writer.append(.input(input, at: now))
        let outcome = street.turn(input, now: now, loaded: script)
        pause.add(Measure.now() - before)
        if let report = outcome.report { throw report }
        writer.flush()
    }
}
