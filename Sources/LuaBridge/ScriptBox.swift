import CLuaBox
import Core

/// What one call of a script may use (DESIGN 3).
public struct ScriptLimits: Sendable, Equatable {
    public var steps: UInt64 = 100_000
    public var memoryKiB = 2048
    /// The backstop beside the steps; not repeatable, so it lies far above what steps allow.
    public var wall = TimeSpan.milliseconds(20)
    /// Lines that may be logged in a minute.
    public var logLines = 200
    /// The largest source a script or an include may have, and how many field accesses may be chained.
    public var sourceKiB = 64, chain = 64
    public var loadSteps: UInt64 = 1_000_000
    /// Of the loading thread's own time; the wall clock beside it is for a machine that has no time at all.
    public var loadCPU = TimeSpan.milliseconds(20)
    public var loadWall = TimeSpan.milliseconds(250)
    public init() {}

    /// What is said of a larger source.
    var tooLarge: String { "is larger than \(sourceKiB) KiB (SCRIPT_SOURCE_KIB)" }
}

/// The owner of one Lua state; the only file that names the C layer's calls.
struct ScriptBox: ~Copyable {
    private let box: OpaquePointer

    /// - Returns: `nil` when the machine has no memory for a state.
    init?(limits: ScriptLimits, seed: UInt64) {
        var bounds = lb_limits(
            memory: limits.memoryKiB << 10, steps: limits.steps, wall_us: limits.wall.microseconds,
            load_steps: limits.loadSteps, load_cpu_us: limits.loadCPU.microseconds,
            load_wall_us: limits.loadWall.microseconds)
        let made = withCStrings(MarketField.allCases.map(\.name)) { market in
            withCStrings(PositionField.allCases.map(\.name)) { position in
                lb_new(
                    &bounds, seed, market.baseAddress, Int32(market.count), position.baseAddress,
                    Int32(position.count))
            }
        }
        guard let made else { return nil }
        box = made
    }

    deinit { lb_close(box) }

    static var openCount: Int { Int(lb_open_count()) }

    /// Compiles and runs the source once; `includes` are what `include` may find.
    /// - Returns: which of the includes were used.
    func load(_ source: [UInt8], chunk: String, includes: [ScriptSource]) throws(StrategyFault) -> [Bool] {
        let status = withCStrings(includes.map(\.name)) { names in
            withBytes(includes.map(\.bytes)[...]) { parts in
                for (place, part) in parts.enumerated() {
                    lb_offer(box, names[place], part.baseAddress, part.count)
                }
                return source.withUnsafeBytes { bytes in
                    lb_load(box, "@" + chunk, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count)
                }
            }
        }
        try check(status)
        return includes.indices.map { lb_included(box, Int32($0)) }
    }

    func has(_ callback: lb_callback) -> Bool { lb_has(box, callback) }
    /// Where a callback begins, `file:line`; `nil` when there is none.
    func begins(_ callback: lb_callback) -> String? {
        var place = [CChar](repeating: 0, count: 128)
        lb_begins(box, callback, &place, place.count)
        let text = String(decoding: place.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? nil : text
    }

    var hasMigrate: Bool { lb_has_migrate(box) }

    func seed(_ seed: UInt64) throws(StrategyFault) { try check(lb_seed(box, seed)) }

    var tableOrder: UInt64 { lb_table_order(box) }

    func setParameters(_ table: PlainValue) throws(StrategyFault) {
        let bytes = table.encoded
        try check(lb_set_parameters(box, bytes, bytes.count))
    }

    /// What the script declared, without its state.
    func contract() throws(StrategyFault) -> PlainValue {
        guard let value = PlainValue(encoded: try encode(LB_CONTRACT)) else {
            throw StrategyFault(kind: .contract, place: nil, message: "the table cannot be read")
        }
        return value
    }

    /// - Throws: what cannot be kept, by the name it has in `state`.
    func state() throws(StrategyFault) -> [UInt8] {
        do throws(StrategyFault) { return try encode(LB_STATE) } catch {
            let key = String(cString: lb_key(box))
            throw StrategyFault(
                kind: error.kind, place: error.place,
                message: "state\(key.isEmpty ? "" : "." + key) cannot be kept: " + error.message,
                usage: error.usage)
        }
    }

    func setState(_ bytes: [UInt8]) throws(StrategyFault) {
        try check(lb_set_state(box, bytes, bytes.count))
    }

    func migrate(from version: Int64) throws(StrategyFault) { try check(lb_migrate(box, version)) }

    /// The table among the last answers.
    /// - Throws: what in it is no plain data, by the name it has there: an answer that does not fit.
    func plan() throws(StrategyFault) -> PlainValue {
        do throws(StrategyFault) { return PlainValue(encoded: try encode(LB_PLAN)) ?? .none } catch {
            guard error.kind == .runtime else { throw error }
            let key = String(cString: lb_key(box))
            throw .broken("plan\(key.isEmpty ? "" : "." + key) cannot be read: " + error.message)
        }
    }

    /// The whole table of a file that is no strategy; a function in it is a fault.
    func file() throws(StrategyFault) -> PlainValue { PlainValue(encoded: try encode(LB_FILE)) ?? .none }

    private func encode(_ part: lb_part) throws(StrategyFault) -> [UInt8] {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        try check(lb_encode(box, part, &bytes, &count))
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    func call(
        _ callback: lb_callback, _ o: MarketView, _ position: PositionView? = nil
    ) throws(StrategyFault) -> lb_answer {
        var answer = lb_answer()
        try check(withViews(o, position) { lb_call(box, callback, $0, $1, &answer) })
        return answer
    }

    /// What a callback returned, value by value, before anything is asked of it.
    func raw(
        _ callback: lb_callback, _ o: MarketView, _ position: PositionView?
    ) throws(StrategyFault) -> [PlainValue] {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        try check(withViews(o, position) { lb_call_raw(box, callback, $0, $1, &bytes, &count) })
        let list = PlainValue(encoded: Array(UnsafeBufferPointer(start: bytes, count: count)))
        guard case .table(let entries) = list else { return [] }
        return entries.map(\.value)
    }

    /// What the script logged since the last call of this.
    func takeLog() -> (lines: [ScriptLine], lost: Int) {
        let count = lb_log_count(box)
        guard count > 0 else { return ([], 0) }
        let lines = (0..<count).map { place in
            var warns = false
            return ScriptLine(text: String(cString: lb_log_line(box, place, &warns)), warns: warns)
        }
        defer { lb_log_clear(box) }
        return (lines, Int(lb_log_lost(box)))
    }

    var steps: UInt64 { lb_steps(box) }
    var memory: Int { lb_memory(box) }

    private func check(_ status: lb_status) throws(StrategyFault) {
        let kind: StrategyFault.Kind
        switch status {
        case LB_OK: return
        case LB_STEPS: kind = .steps
        case LB_MEMORY: kind = .memory
        case LB_CLOCK: kind = .wallClock
        default: kind = .runtime
        }
        let (place, usage) = (String(cString: lb_place(box)), String(cString: lb_usage(box)))
        throw StrategyFault(
            kind: kind, place: place.isEmpty ? nil : place, message: String(cString: lb_message(box)),
            usage: usage.isEmpty ? nil : usage)
    }
}

/// A line a script wrote with `log.info` or `log.warn`.
public struct ScriptLine: Sendable, Equatable {
    public let text: String
    public let warns: Bool
}

/// A file of `strategies/lib/`, by its stem.
public struct ScriptSource: Sendable, Equatable {
    public let name: String
    public let bytes: [UInt8]
    public init(name: String, bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }
}

private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    let all = strings.map { Array($0.utf8CString) }
    return withBytesOf(all[...], []) { parts in
        parts.map { Optional($0) }.withUnsafeBufferPointer(body)
    }
}

private func withBytesOf<Result>(
    _ arrays: ArraySlice<[CChar]>, _ done: [UnsafePointer<CChar>],
    _ body: ([UnsafePointer<CChar>]) -> Result
) -> Result {
    guard let first = arrays.first else { return body(done) }
    return first.withUnsafeBufferPointer {
        withBytesOf(arrays.dropFirst(), done + [$0.baseAddress!], body)
    }
}

private func withBytes<Result>(
    _ arrays: ArraySlice<[UInt8]>, _ done: [UnsafeBufferPointer<CChar>] = [],
    _ body: ([UnsafeBufferPointer<CChar>]) -> Result
) -> Result {
    guard let first = arrays.first else { return body(done) }
    return first.withUnsafeBytes {
        withBytes(arrays.dropFirst(), done + [$0.bindMemory(to: CChar.self)], body)
    }
}

private func withViews<Result>(
    _ o: MarketView, _ position: PositionView?,
    _ body: (UnsafePointer<lb_view>, UnsafePointer<lb_position>?) -> Result
) -> Result {
    withView(o) { view in
        guard let position else { return body(view, nil) }
        return withPosition(position) { body(view, $0) }
    }
}

private func withView<Result>(_ o: MarketView, _ body: (UnsafePointer<lb_view>) -> Result) -> Result {
    o.pair.withCString { pair in
        o.direction.rawValue.withCString { direction in
            o.values.withUnsafeBufferPointer { values in
                o.present.withUnsafeBufferPointer { present in
                    var view = lb_view(
                        pair: pair, direction: direction, values: values.baseAddress,
                        present: present.baseAddress, strict: o.isStrict)
                    return body(&view)
                }
            }
        }
    }
}

private func withPosition<Result>(
    _ position: PositionView, _ body: (UnsafePointer<lb_position>) -> Result
) -> Result {
    withCStrings([
        position.pair, position.direction.rawValue, position.style.rawValue, position.version,
    ]) { text in
        position.values.withUnsafeBufferPointer { values in
            position.present.withUnsafeBufferPointer { present in
                var view = lb_position(
                    pair: text[0], direction: text[1], style: text[2], version: text[3],
                    adopted: position.adopted, values: values.baseAddress,
                    present: position.isStrict ? present.baseAddress : nil)
                return body(&view)
            }
        }
    }
}
