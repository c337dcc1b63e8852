import Core
import Gateway
import LuaBridge
import LuaFloor
import Foundation

/// What a call of a small script costs with all its guards, against the same file called from C with a count
/// hook and nothing else; and what it costs when `wake` spares the call.
struct CallBench {
    static let calls = 100_000, rounds = 9

    /// Eight fields are read, two of them behind a function of the library.
    static let source = """
        local S = { api = 1, name = "small" }
        function S.score(o, p)
          if o.gross_pct < 0.15 then return nil, "small" end
          local edge = o.net_taker_pct + o.funding_exp_pct - o.borrow_exp_pct
          local size = o.size_usd
          if math.min(o.depth_spot_usd, o.depth_perp_usd) < size or o.liquidity < 1 then return nil, "thin" end
          return edge > 0 and 0.9 or 0.7, size
        end
        return S
        """
    static let asleep = source.replacing(
        "name = \"small\"", with: "name = \"small\", wake = { gross_pct = 2.0 }")

    static func script(_ source: String, name: String = "small") throws -> Script {
        try Script(
            ScriptPackage(name: name, source: Array(source.utf8), library: []),
            ScriptSetting(digest: Digest.sha256))
    }

    static let view: MarketView = {
        var o = MarketView(pair: "SOL", direction: .carry)
        for field in MarketField.allCases { o[field] = 1 }
        (o[.grossPct], o[.netTakerPct], o[.sizeUsd]) = (0.42, 0.11, 150)
        (o[.depthSpotUsd], o[.depthPerpUsd], o[.liquidity]) = (4_000, 9_000, 12)
        return o
    }()

    func run() throws {
        let script = try Self.script(Self.source), sleeper = try Self.script(Self.asleep)
        let userdata = try LuaFloorCall(Self.source, LF_USERDATA)
        let table = try LuaFloorCall(Self.source, LF_TABLE)
        var times: [[Double]] = [[], [], [], []]
        for _ in 0..<Self.rounds {
            times[0].append(Self.time { if case .wish = script.score(Self.view) { true } else { false } })
            times[1].append(Self.time { userdata.score(Self.view) })
            times[2].append(Self.time { table.score(Self.view) })
            times[3].append(Self.time { if case .asleep = sleeper.score(Self.view) { true } else { false } })
        }
        let medians = times.map(Self.median)
        print("  guarded call of `score`, 8 fields read      \(Self.ns(medians[0]))")
        print("  plain C and Lua, count hook, userdata       \(Self.ns(medians[1]))")
        print("  plain C and Lua, count hook, filled table   \(Self.ns(medians[2]))")
        print("  guards over plain C and Lua (userdata)      \(Self.ns(medians[0] - medians[1]))")
        print("  `wake` not reached                          \(Self.ns(medians[3]))")
    }

    /// For an instruction counter: `calls` of one kind and nothing else.
    func runOne(_ kind: String, calls: Int) throws {
        let script = try Self.script(kind == "asleep" ? Self.asleep : Self.source)
        let floor = try LuaFloorCall(Self.source, kind == "table" ? LF_TABLE : LF_USERDATA)
        for _ in 0..<calls {
            switch kind {
            case "guarded", "asleep": _ = script.score(Self.view)
            default: _ = floor.score(Self.view)
            }
        }
    }

    /// Nanoseconds of one call.
    private static func time(_ call: () -> Bool) -> Double {
        var good = 0
        let before = Measure.now()
        for _ in 0..<calls where call() { good += 1 }
        let after = Measure.now()
        precondition(good == calls, "every call answers")
        return Double(after - before) / Double(calls)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    private static func ns(_ value: Double) -> String { "\(Int(value.rounded())) ns" }
}

/// The C floor over a view of the host.
final class LuaFloorCall {
    private let floor: OpaquePointer
    private let names: [UnsafeMutablePointer<CChar>?]

    /// - Throws: when the file does not load.
    init(_ source: String, _ view: lf_view) throws {
        // A plain host fills in what the script reads.
        let read = MarketField.allCases.filter { source.contains("o.\($0.name)") }
        let shown = view == LF_TABLE ? read : MarketField.allCases
        names = shown.map { strdup($0.name) }
        places = shown.map(\.rawValue)
        let fields = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: names.count)
        for (place, name) in names.enumerated() { fields[place] = UnsafePointer(name) }
        guard let made = lf_new(source, fields, Int32(names.count), view, 50) else {
            throw BenchFault(description: "the floor does not load the script")
        }
        floor = made
        self.fields = fields
        values = Array(repeating: 0, count: names.count)
        present = Array(repeating: true, count: names.count)
    }
    private let fields: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let places: [Int]
    private var values: [Double]
    private var present: [Bool]

    deinit {
        lf_close(floor)
        for name in names { free(name) }
        fields.deallocate()
    }

    func score(_ o: MarketView) -> Bool {
        var confidence = 0.0, usd = 0.0
        if places.count == o.values.count {
            return lf_score(floor, o.values, o.present, &confidence, &usd)
        }
        for (place, field) in places.enumerated() { values[place] = o.values[field] }
        return lf_score(floor, values, present, &confidence, &usd)
    }
}
