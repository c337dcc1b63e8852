import Core
import Exchange
import Foundation
import Host
import Journal

/// Times single stages on the frames of a real run: its journal is played again, as `neap replay` does.
struct TurnBench {
    let neap: String, scratch: String

    func run() throws {
        let data = scratch + "/turns"
        let process = try launch(
            neap,
            [
                "run", "--mode", "demo", "--seed", "7", "--speed", "10", "--for", "60", "--console", "off",
                "--data", data,
            ], log: scratch + "/turns.log")
        process.waitUntilExit()
        guard process.terminationStatus == 0,
            let run = try FileManager.default.contentsOfDirectory(atPath: data + "/demo").first
        else { throw BenchFault(description: "the demo failed: \(scratch)/turns.log") }
        let journal = "\(data)/demo/\(run)"
        try books(journal)
        try turns(journal)
    }

    /// Bytes of a depth frame to a changed book: the street without a strategy on it.
    private func books(_ journal: String) throws {
        var reader = try JournalReader(path: journal)
        var street: Street?
        var measure = Measure()
        while let entry = try reader.next() {
            if case .segment(let header) = entry.record, street == nil {
                let catalogue = try Catalogue(marketsBody: header.markets)
                street = Street(
                    catalogue: catalogue, pairs: catalogue.pairs(header.bases).pairs, limits: RiskLimits(),
                    strategies: [])
            }
            guard case .input(let input, let now) = entry.record, let street else { continue }
            let before = Measure.now()
            _ = street.turn(input, now: now)
            let after = Measure.now()
            if case .frame(.publicStream, _) = input { measure.add(after - before) }
        }
        print(measure.line("frame to book"))
    }

    /// Whole turns: with a script asked, and with an order as the outcome.
    private func turns(_ journal: String) throws {
        var asked = Measure(), quiet = Measure(), ordering = Measure()
        var calls = 0
        var before: Int64 = 0
        let replay = try Replay.play(journal) { _ in
            before = Measure.now()
        } after: { street, input, commands in
            let time = Measure.now() - before
            let total = street.engine.slots.reduce(0) { $0 + $1.calls }
            defer { calls = total }
            guard case .frame = input else { return }
            if commands.contains(where: \.request.changesState) {
                ordering.add(time)
            } else if total > calls {
                asked.add(time)
            } else {
                quiet.add(time)
            }
        }
        guard replay.turns > 0 else { throw BenchFault(description: "the journal is empty") }
        print(quiet.line("frame to book, strategies on, none asked"))
        print(asked.line("… to opportunity, Lua called"))
        print(ordering.line("… to orders, before signing"))
    }
}
