import Core
import Exchange
import Foundation
import Host
import Journal
import LuaBridge

/// The inputs of a real run of the demo on which one strategy looked and never traded, in memory: any number of
/// strategies that do not trade either can be shown the same turns.
struct DeskRecording {
    let inputs: [(input: Input, now: Timestamp)]
    let catalogue: Catalogue
    let pairs: [Pair]

    /// Reads eight fields and a parameter, keeps twenty keys, wishes nothing.
    static func quiet(_ name: String, more: String = "") -> [UInt8] {
        let keys = (1...20).map { "k\($0) = \($0)" }.joined(separator: ", ")
        return Array(
            """
            local S = {
              api = 1, name = "\(name)", directions = { "carry", "reverse" },
              params = { least = { 50, unit = "%", doc = "Never reached." } }, state = { \(keys) },
            }
            function S.score(o, p)
              local edge = o.net_taker_pct + o.funding_exp_pct - o.borrow_exp_pct
              local room = math.min(o.depth_spot_usd, o.depth_perp_usd, o.size_usd)
              S.state.k1 = o.gross_pct
              if o.liquidity > 0 and edge < p.least then return nil, "small" end
              return 0.9, room
            end
            \(more)
            return S

            """.utf8)
    }

    static func script(_ name: String, more: String = "") throws -> Script {
        try ReloadBench.maker.make(ScriptPackage(name: name, source: quiet(name, more: more), library: []))
    }

    init(neap: String, scratch: String, seconds: Int) throws {
        let folder = scratch + "/quiet"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(Self.quiet("quiet")).write(to: URL(fileURLWithPath: folder + "/quiet.lua"))
        let data = scratch + "/quiet-data"
        let process = try launch(
            neap,
            [
                "run", "--mode", "demo", "--seed", "7", "--speed", "10", "--for", String(seconds),
                "--console",
                "off", "--data", data, "--strategies", folder,
            ], log: scratch + "/quiet.log")
        process.waitUntilExit()
        guard process.terminationStatus == 0,
            let run = try FileManager.default.contentsOfDirectory(atPath: data + "/demo").first
        else { throw BenchFault(description: "the demo failed: \(scratch)/quiet.log") }
        var reader = try JournalReader(path: "\(data)/demo/\(run)")
        var inputs: [(Input, Timestamp)] = []
        var catalogue: Catalogue?
        var bases: [String] = []
        while let entry = try reader.next() {
            switch entry.record {
            case .segment(let header):
                catalogue = try catalogue ?? Catalogue(marketsBody: header.markets)
                bases = header.bases
            case .input(let input, let now): inputs.append((input, now))
            default: continue
            }
        }
        guard let catalogue else { throw BenchFault(description: "the journal is empty") }
        (self.inputs, self.catalogue, pairs) = (inputs, catalogue, catalogue.pairs(bases).pairs)
    }

    func street(_ scripts: [Script]) -> Street {
        Street(catalogue: catalogue, pairs: pairs, limits: RiskLimits(), strategies: scripts)
    }
}

extension Street {
    /// How often scripts were called.
    var calls: Int { engine.slots.reduce(0) { $0 + $1.calls } }
}
