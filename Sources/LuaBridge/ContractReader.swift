import Core

/// Reads and checks the table a script returned (DESIGN 3). Unknown keys are faults: a typing error must not
/// silently become a default.
struct ContractReader {
    let name: String
    let version: String
    let setting: ScriptSetting
    let hasMigrate: Bool
    private(set) var parameters: [StrategyParameter] = []

    init(name: String, version: String, setting: ScriptSetting, hasMigrate: Bool) {
        (self.name, self.version, self.setting) = (name, version, setting)
        self.hasMigrate = hasMigrate
    }

    static let keys = [
        "adds", "adopts", "api", "choose", "directions", "exit", "exit_at", "hold_h", "max_hold_h", "migrate",
        "name", "pairs", "params", "priority", "replaces", "score", "state", "state_version", "wake",
    ]

    /// What `p` is to show.
    var parameterTable: PlainValue {
        .table(
            parameters.map { parameter in
                let value: PlainValue =
                    switch parameter.value {
                    case .number(let number): .number(number)
                    case .flag(let flag): .flag(flag)
                    case .text(let text): .text(text)
                    }
                return (key: .text(parameter.name), value: value)
            })
    }

    mutating func read(_ table: PlainValue) throws(StrategyFault) -> StrategyContract {
        guard case .table(let entries) = table else { throw .broken("the file must return one table") }
        var contract = StrategyContract(name: name, version: version)
        var wake: PlainValue?
        var found: Set<String> = []
        for (key, value) in entries {
            guard let key = key.asText else { throw .broken("unknown key \(key.words)") }
            found.insert(key)
            switch key {
            case "api":
                guard value.asNumber == 1 else {
                    throw .broken("api is \(value.words); this host speaks api = 1")
                }
            case "name":
                guard value.asText == name else {
                    throw .broken("name is \(value.words); it must equal the file's name, \"\(name)\"")
                }
            case "pairs": contract.pairs = try pairs(value)
            case "params": parameters = try parameters(of: value)
            case "wake": wake = value
            case "directions": contract.directions = try directions(value)
            case "hold_h": contract.holdHours = try number(key, value, 0...2160)
            case "max_hold_h": contract.maxHoldHours = try number(key, value, 0...2160)
            case "exit_at":
                guard let level = value.asText, level == "zero" || level == "mean" else {
                    throw .broken("exit_at is \(value.words); it must be \"zero\" or \"mean\"")
                }
                contract.exitsAtMean = level == "mean"
            case "adds": contract.adds = Int(try whole(key, value, 0...100))
            case "priority": contract.priority = Int(try whole(key, value, -1000...1000))
            case "state_version": contract.stateVersion = try whole(key, value, 0...1_000_000)
            case "adopts":
                guard case .flag(let flag) = value else {
                    throw .broken("adopts is \(value.words); it must be true or false")
                }
                contract.adopts = flag
            case "replaces": contract.replaces = try replaces(value)
            case "score", "choose", "exit", "migrate":
                guard value == .function else {
                    throw .broken("\(key) is \(value.words); it must be a function")
                }
            default:
                throw .broken("unknown key \(key)\(Nearest.hint(key, among: Self.keys))")
            }
        }
        for key in ["api", "name", "score"] where !found.contains(key) {
            throw .broken("\(key) is missing")
        }
        for name in setting.overrides.keys.sorted() where !parameters.contains(where: { $0.name == name }) {
            throw .broken(
                "p has no \(name)\(Nearest.hint(name, among: parameters.map(\.name)))")
        }
        contract.parameters = parameters
        if let wake { contract.wake = try conditions(wake) }
        return contract
    }

    private func number(
        _ key: String, _ value: PlainValue, _ range: ClosedRange<Double>
    ) throws(StrategyFault) -> Double {
        guard let number = value.asNumber, range.contains(number) else {
            throw .broken("\(key) is \(value.words); it must be a number \(words(range))")
        }
        return number
    }

    private func whole(
        _ key: String, _ value: PlainValue, _ range: ClosedRange<Double>
    ) throws(StrategyFault) -> Int64 {
        guard let number = value.asNumber, range.contains(number), number == number.rounded() else {
            throw .broken("\(key) is \(value.words); it must be a whole number \(words(range))")
        }
        return Int64(number)
    }

    private func words(_ range: ClosedRange<Double>) -> String {
        "\(Self.words(range.lowerBound))…\(Self.words(range.upperBound))"
    }

    private static func words(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
    }

    private func texts(_ key: String, _ value: PlainValue) throws(StrategyFault) -> [String] {
        guard case .table(let entries) = value else {
            throw .broken("\(key) is \(value.words); it must be a list of text")
        }
        var list: [String] = []
        for (place, entry) in entries.enumerated() {
            guard entry.key == .integer(Int64(place + 1)), let text = entry.value.asText else {
                throw .broken("\(key) must be a list of text")
            }
            guard !list.contains(text) else { throw .broken("\(key) names \"\(text)\" twice") }
            list.append(text)
        }
        return list
    }

    private func pairs(_ value: PlainValue) throws(StrategyFault) -> [String]? {
        if value.asText == "*" { return nil }
        let list = try texts("pairs", value)
        guard !list.isEmpty else {
            throw .broken("pairs is empty; leave it out or write \"*\" for every pair")
        }
        for pair in list {
            guard !pair.isEmpty, pair.utf8.count <= 16,
                pair.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) })
            else { throw .broken("pairs names \"\(pair)\"; it must be a base asset such as \"SOL\"") }
        }
        return list
    }

    private func directions(_ value: PlainValue) throws(StrategyFault) -> [Direction] {
        let list = try texts("directions", value)
        for word in list where Direction(rawValue: word) == nil {
            throw .broken("directions names \"\(word)\"; it knows \"carry\" and \"reverse\"")
        }
        guard !list.isEmpty else { throw .broken("directions is empty") }
        return [Direction.carry, .reverse].filter { list.contains($0.rawValue) }
    }

    private func replaces(_ value: PlainValue) throws(StrategyFault) -> [EconomicExit] {
        let list = try texts("replaces", value)
        let known = EconomicExit.allCases.map(\.rawValue)
        for word in list where !known.contains(word) {
            throw .broken(
                "replaces names \"\(word)\"; it knows \(known.joined(separator: ", ")) "
                    + "(protective exits cannot be switched off)")
        }
        return list.compactMap(EconomicExit.init)
    }

    private func conditions(_ value: PlainValue) throws(StrategyFault) -> [WakeCondition] {
        guard case .table(let entries) = value else { throw .broken("wake must be a table") }
        var list: [WakeCondition] = []
        for (key, value) in entries {
            let word = key.asText ?? key.words
            guard let field = MarketField.allCases.first(where: { $0.name == word }) else {
                throw .broken(
                    "wake names \(word), which is not a field of o"
                        + Nearest.hint(word, among: MarketField.allCases.map(\.name)))
            }
            if let number = value.asNumber, number.isFinite {
                list.append(WakeCondition(field: field, least: number))
            } else if let name = value.asText, let parameter = parameters.first(where: { $0.name == name }),
                case .number(let number) = parameter.value
            {
                list.append(WakeCondition(field: field, least: number))
            } else {
                throw .broken(
                    "wake.\(word) is \(value.words); it must be a number or the name of a numeric parameter")
            }
        }
        return list
    }

    private static let parameterKeys = ["choices", "doc", "env", "max", "min", "unit"]

    private func parameters(of value: PlainValue) throws(StrategyFault) -> [StrategyParameter] {
        guard case .table(let entries) = value else { throw .broken("params must be a table") }
        var list: [StrategyParameter] = []
        for (key, value) in entries {
            guard let name = key.asText, Self.isIdentifier(name) else {
                throw .broken("params names \(key.words); use letters, digits and _")
            }
            list.append(try parameter(name, value))
        }
        return list
    }

    private static func isIdentifier(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 48 && !(48...57).contains(name.utf8.first!)
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
            }
    }

    private func parameter(_ name: String, _ value: PlainValue) throws(StrategyFault) -> StrategyParameter {
        let whole = "params.\(name)"
        guard case .table(let entries) = value else {
            throw .broken("\(whole) is \(value.words); write { default, min = …, max = …, doc = \"…\" }")
        }
        var scriptDefault: StrategyParameter.Value?
        var bounds = (least: -Double.greatestFiniteMagnitude, most: Double.greatestFiniteMagnitude)
        var (variable, unit, meaning) = ("", "", "")
        var choices: [String]?
        for (key, value) in entries {
            if key == .integer(1) {
                switch value {
                case .flag(let flag): scriptDefault = .flag(flag)
                case .text(let text): scriptDefault = .text(text)
                default:
                    guard let number = value.asNumber, number.isFinite else {
                        throw .broken(
                            "\(whole) has the default \(value.words); it must be a number, a flag or text")
                    }
                    scriptDefault = .number(number)
                }
                continue
            }
            let word = key.asText ?? key.words
            switch word {
            case "min": bounds.least = try number("\(whole).min", value, -1e15...1e15)
            case "max": bounds.most = try number("\(whole).max", value, -1e15...1e15)
            case "choices": choices = try texts("\(whole).choices", value)
            case "unit", "doc", "env":
                guard let text = value.asText else { throw .broken("\(whole).\(word) must be text") }
                if word == "unit" {
                    unit = text
                } else if word == "doc" {
                    meaning = text
                } else {
                    variable = text
                }
            default:
                throw .broken(
                    "\(whole) has an unknown key \(word)\(Nearest.hint(word, among: Self.parameterKeys))")
            }
        }
        guard let scriptDefault else {
            throw .broken("\(whole) has no default: it is the first, unnamed value")
        }
        guard bounds.least <= bounds.most else { throw .broken("\(whole): min is above max") }
        if case .number = scriptDefault {
        } else if bounds.least > -1e300 || bounds.most < 1e300 {
            throw .broken("\(whole): min and max belong to a number")
        }
        if let fault = Self.check(scriptDefault, bounds, choices) {
            throw .broken("\(whole) has the default \(Self.words(scriptDefault)); \(fault)")
        }
        let (inForce, origin) = try inForce(name, variable, scriptDefault, isFree: choices == nil) {
            Self.check($0, bounds, choices)
        }
        return StrategyParameter(
            name: name, value: inForce, origin: origin, scriptDefault: scriptDefault, variable: variable,
            unit: unit, meaning: meaning, choices: choices ?? [])
    }

    /// The value of a parameter and where it comes from: a test, what is bound, or the script's default.
    /// - Parameter isFree: any text will do.
    private func inForce(
        _ name: String, _ variable: String, _ scriptDefault: StrategyParameter.Value, isFree: Bool,
        check: (StrategyParameter.Value) -> String?
    ) throws(StrategyFault) -> (StrategyParameter.Value, StrategyParameter.Origin) {
        let whole = "params.\(name)"
        if let override = setting.overrides[name] {
            guard let value = Self.value(override, like: scriptDefault) else {
                throw .broken("\(whole): \(override.words) must be \(Self.kind(scriptDefault))")
            }
            if let fault = check(value) { throw .broken("\(whole): \(override.words); \(fault)") }
            return (value, .test)
        }
        guard !variable.isEmpty, let bound = setting.bindings[variable] else {
            return (scriptDefault, .script)
        }
        let origin = bound.origin == .environment ? "environment" : ".env"
        if bound.isForeign, isFree, case .text = scriptDefault {
            throw .broken(
                "\(whole) binds \(variable), which the environment has and .env has not: "
                    + "free text is read from .env alone; write it there, or give choices")
        }
        let source = "\(variable)=\(bound.isForeign ? "…" : bound.text) (\(origin))"
        guard let value = Self.parse(bound.text, like: scriptDefault) else {
            throw .broken("\(whole): \(source) must be \(Self.kind(scriptDefault))")
        }
        if let fault = check(value) { throw .broken("\(whole): \(source); \(fault)") }
        return (value, bound.origin)
    }

    private static func check(
        _ value: StrategyParameter.Value, _ bounds: (least: Double, most: Double), _ choices: [String]?
    ) -> String? {
        switch value {
        case .number(let number) where number < bounds.least || number > bounds.most:
            let least = bounds.least < -1e300 ? "" : words(bounds.least)
            let most = bounds.most > 1e300 ? "" : words(bounds.most)
            return "it must be \(least)…\(most)"
        case .text(let text) where choices.map { !$0.contains(text) } ?? false:
            return "it must be one of " + (choices ?? []).joined(separator: ", ")
        default: return nil
        }
    }

    private static func words(_ value: StrategyParameter.Value) -> String {
        switch value {
        case .number(let number): words(number)
        case .flag(let flag): "\(flag)"
        case .text(let text): "\"\(text)\""
        }
    }

    private static func kind(_ value: StrategyParameter.Value) -> String {
        switch value {
        case .number: "a number such as 0.15"
        case .flag: "true or false"
        case .text: "text"
        }
    }

    private static func value(
        _ value: PlainValue, like standard: StrategyParameter.Value
    ) -> StrategyParameter.Value? {
        switch (standard, value) {
        case (.text, .text(let text)): .text(text)
        case (.flag, .flag(let flag)): .flag(flag)
        case (.number, _): value.asNumber.flatMap { $0.isFinite ? .number($0) : nil }
        default: nil
        }
    }

    /// Numbers are `-?digits[.digits]`, flags `true` or `false`.
    private static func parse(_ text: String, like value: StrategyParameter.Value) -> StrategyParameter.Value?
    {
        switch value {
        case .text: return .text(text)
        case .flag: return text == "true" ? .flag(true) : text == "false" ? .flag(false) : nil
        case .number:
            let parts = (text.hasPrefix("-") ? text.dropFirst() : text[...])
                .split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count <= 2,
                parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } })
            else { return nil }
            return Double(text).map { .number($0) }
        }
    }
}
