import Core

/// Runs the tests that stand beside a strategy: given an `o`, what does `score` return.
public struct ScriptTestRun: Sendable {
    /// Cases that ran, and what went wrong.
    public private(set) var cases = 0
    public private(set) var reports: [ScriptReport] = []

    private let package: ScriptPackage
    private let file: String
    private let source: [UInt8]
    private let setting: ScriptSetting

    /// - Parameters:
    ///   - source: the bytes of the test file.
    ///   - file: as people know it.
    /// - Throws: `ScriptReport` when the test file itself cannot be read as a list of cases.
    public init(
        _ package: ScriptPackage, tests source: [UInt8], named file: String, _ setting: ScriptSetting
    ) throws(ScriptReport) {
        (self.package, self.file, self.source, self.setting) = (package, file, source, setting)
        let table = try ScriptTestFile.read(source, named: file, setting, library: package.library)
        guard case .table(let entries) = table else {
            throw ScriptReport(place: file, message: "must return a list of cases")
        }
        for (number, entry) in entries.enumerated() {
            guard entry.key == .integer(Int64(number + 1)), case .table(let keys) = entry.value else {
                throw ScriptReport(
                    place: file, message: "case \(number + 1) is \(entry.value.words), no table")
            }
            cases += 1
            let name = keys.first { $0.key == .integer(1) }?.value.asText ?? "case \(number + 1)"
            do throws(StrategyFault) {
                if let wrong = try run(keys) { report(name, wrong) }
            } catch { report(name, error.report) }
        }
    }

    private mutating func report(_ name: String, _ wrong: String) {
        let text = String(decoding: source, as: UTF8.self)
        let line = text.split(separator: "\n", omittingEmptySubsequences: false)
            .firstIndex { $0.contains("\"\(name)\"") }
        reports.append(
            ScriptReport(place: file + (line.map { ":\($0 + 1)" } ?? ""), message: "\"\(name)\": \(wrong)"))
    }

    private static let keys = ["call", "expect", "expect_state", "o", "p", "pos", "state"]

    /// - Returns: what differs; `nil` when the case holds.
    private func run(_ entries: [(key: PlainValue, value: PlainValue)]) throws(StrategyFault) -> String? {
        var named: [String: PlainValue] = [:]
        for entry in entries where entry.key != .integer(1) {
            let key = entry.key.asText ?? entry.key.words
            guard Self.keys.contains(key) else {
                throw .broken("a case has no key \(key)\(Nearest.hint(key, among: Self.keys))")
            }
            named[key] = entry.value
        }
        guard let callback = named["call"]?.asText.flatMap(StrategyCallback.init(rawValue:)),
            [.score, .choose, .exit].contains(callback)
        else { throw .broken("call must be \"score\", \"choose\" or \"exit\"") }
        guard case .table(let expected)? = named["expect"] else {
            throw .broken("expect is missing: the list of what is returned")
        }
        var setting = setting
        if case .table(let parameters)? = named["p"] {
            for entry in parameters { setting.overrides[entry.key.asText ?? ""] = entry.value }
        }
        let script: Script
        do throws(ScriptReport) { script = try Script(package, setting) } catch {
            throw .broken(error.description)
        }
        if let state = named["state"] { try script.restore(state: state.encoded) }
        let view = try market(named["o"] ?? .table([]))
        let position = callback == .exit ? try self.position(named["pos"] ?? .table([]), view) : nil
        let found = try script.raw(callback, view, position)
        if let wrong = Self.difference(found, expected, callback) { return wrong }
        guard let state = named["expect_state"] else { return nil }
        guard var after = PlainValue(encoded: try script.state()) else { return "state cannot be read" }
        if after == .none { after = .table([]) }
        return Self.agree(after, state)
            ? nil : "leaves the state \(after.literal); expected \(state.literal)"
    }

    private func market(_ table: PlainValue) throws(StrategyFault) -> MarketView {
        var view = MarketView(pair: "SOL", direction: .carry)
        view.isStrict = true
        let names = MarketField.allCases.map(\.name)
        for (key, value) in try fields(table, "o") {
            switch key {
            case "pair": view.pair = value.asText ?? ""
            case "direction": view.direction = try direction(value, "o")
            default:
                guard let place = names.firstIndex(of: key) else {
                    throw .broken("o has no field \(key)\(Nearest.hint(key, among: names))")
                }
                guard let number = value.asNumber else {
                    throw .broken("o.\(key) is \(value.words); it must be a number")
                }
                view[MarketField.allCases[place]] = number
            }
        }
        return view
    }

    private func position(_ table: PlainValue, _ o: MarketView) throws(StrategyFault) -> PositionView {
        var view = PositionView(
            pair: o.pair, direction: o.direction, style: .taker, version: "", adopted: false, isStrict: true)
        let names = PositionField.allCases.map(\.name)
        for (key, value) in try fields(table, "pos") {
            switch key {
            case "pair": view.pair = value.asText ?? ""
            case "direction": view.direction = try direction(value, "pos")
            case "style":
                guard let style = value.asText.flatMap(Style.init(rawValue:)) else {
                    throw .broken("pos.style is \(value.words)")
                }
                view.style = style
            case "version": view.version = value.asText ?? ""
            case "adopted": view.adopted = value == .flag(true)
            default:
                guard let place = names.firstIndex(of: key) else {
                    throw .broken("pos has no field \(key)\(Nearest.hint(key, among: names))")
                }
                guard let number = value.asNumber else {
                    throw .broken("pos.\(key) is \(value.words); it must be a number")
                }
                view[PositionField.allCases[place]] = number
            }
        }
        return view
    }

    private func fields(_ table: PlainValue, _ view: String) throws(StrategyFault) -> [(String, PlainValue)] {
        guard case .table(let entries) = table else { throw .broken("\(view) is \(table.words), no table") }
        return entries.map { ($0.key.asText ?? $0.key.words, $0.value) }
    }

    private func direction(_ value: PlainValue, _ view: String) throws(StrategyFault) -> Direction {
        guard let direction = value.asText.flatMap(Direction.init(rawValue:)) else {
            throw .broken("\(view).direction is \(value.words); it must be \"carry\" or \"reverse\"")
        }
        return direction
    }

    // MARK: Comparing

    private static func difference(
        _ found: [PlainValue], _ expected: [(key: PlainValue, value: PlainValue)],
        _ callback: StrategyCallback
    ) -> String? {
        var wanted: [PlainValue] = []
        for entry in expected {
            guard case .integer(let place) = entry.key, (1...16).contains(place) else {
                return "expect must be a list"
            }
            while wanted.count < place { wanted.append(.none) }
            wanted[Int(place) - 1] = entry.value
        }
        let count = max(found.count, wanted.count)
        func at(_ list: [PlainValue], _ place: Int) -> PlainValue { place < list.count ? list[place] : .none }
        guard (0..<count).allSatisfy({ agree(at(found, $0), at(wanted, $0)) }) else {
            return "\(callback.rawValue) returned \(list(found)); expected \(list(wanted))"
        }
        return nil
    }

    private static func list(_ values: [PlainValue]) -> String {
        values.isEmpty ? "nothing" : values.map(\.literal).joined(separator: ", ")
    }

    /// Numbers within 10⁻⁹, whether written as integers or not; tables key by key.
    static func agree(_ a: PlainValue, _ b: PlainValue) -> Bool {
        if let left = a.asNumber, let right = b.asNumber {
            return abs(left - right) <= 1e-9 * max(1, abs(left), abs(right))
        }
        guard case .table(let left) = a, case .table(let right) = b else { return a == b }
        guard left.count == right.count else { return false }
        return left.allSatisfy { entry in
            right.contains { agree($0.key, entry.key) && agree($0.value, entry.value) }
        }
    }
}

extension PlainValue {
    /// As it would stand in a script.
    public var literal: String {
        guard case .table(let entries) = self else { return words }
        var next: Int64 = 1
        let parts = entries.map { entry -> String in
            if entry.key == .integer(next) {
                next += 1
                return entry.value.literal
            }
            if let name = entry.key.asText { return "\(name) = \(entry.value.literal)" }
            return "[\(entry.key.words)] = \(entry.value.literal)"
        }
        return parts.isEmpty ? "{}" : "{ \(parts.joined(separator: ", ")) }"
    }
}
