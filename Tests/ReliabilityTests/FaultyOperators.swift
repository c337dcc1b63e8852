import Core

typealias Site = (line: Int, change: Change)

extension LuaText {
    /// Sites at every token inside a function that a condition holds for.
    func inFunctions(_ isMeant: (Int) -> Bool, _ change: (Int) -> [Change]) -> [Site] {
        tokens.indices.filter { tokens[$0].function != nil && isMeant($0) }.flatMap { place in
            change(place).map { (tokens[place].line, running(place, $0)) }
        }
    }

    private func running(_ place: Int, _ change: Change) -> Change {
        var change = change
        change.raisesStateVersion = tokens[place].function == "S.migrate"
        return change
    }

    /// Sites at every place where a statement begins.
    func atStatements(_ texts: [String]) -> [Site] {
        statements.flatMap { place in
            texts.map { (tokens[place].line, running(place, inserting(before: place, $0 + " "))) }
        }
    }

    /// Sites at the values that a callback returns.
    func atReturns(_ callback: String, _ change: ([Range<Int>]) -> [(Range<Int>, String)]) -> [Site] {
        tokens.indices.filter { tokens[$0].text == "return" && tokens[$0].function == callback }
            .flatMap { place in
                let values = values(ofReturn: place)
                return values.isEmpty
                    ? []
                    : change(values).map { (tokens[place].line, replacing(span($0.0), $0.1)) }
            }
    }

    func isNil(_ value: Range<Int>) -> Bool { value.count == 1 && self[value.lowerBound] == "nil" }
    func isText(_ value: Range<Int>) -> Bool { value.count == 1 && tokens[value.lowerBound].kind == .text }
}

/// Changes that are faults wherever they run: what survives them all was never run.
enum FaultyOperators {
    static let all: [Operator] = [
        Operator("token left out", .faulty, leaveOut), Operator("token too many", .faulty, putIn),
        Operator("nil operand", .faulty) { operands($0, ["nil"]) },
        Operator("NaN or infinity returned", .faulty, notFinite),
        Operator("wrong type returned", .faulty, wrongType),
        Operator("wrong count returned", .faulty, wrongCount),
        Operator("misspelt field", .faulty, misspeltField),
        Operator("undefined function", .faulty, undefined),
        Operator("endless loop", .faulty) {
            $0.atStatements([
                "while true do end", "repeat until false", "for i = 1, 1e12 do local x = i end",
            ])
        },
        Operator("memory bomb", .faulty) {
            $0.atStatements([
                "do local s = \"bomb\" while true do s = s .. s end end",
                "do local s = string.rep(\"x\", 1 << 30) end",
                "do local t = {} for i = 1, 1e9 do t[i] = { i, {}, {} } end end",
            ])
        },
        Operator("wrong contract", .faulty, contract), Operator("wrong parameter", .faulty, parameter),
        Operator("text divided", .faulty) {
            operands($0, ["(\"half\" / 2)"]) + $0.atStatements(["local q = \"half\" / 2"])
        },
        Operator("endless recursion", .faulty) {
            $0.atStatements(["do local function deep(n) return 1 + deep(n + 1) end deep(0) end"])
        },
        Operator("wrong plan", .faulty, plan), Operator("state that cannot be kept", .faulty, unkept),
    ]

    private static let structure = ["then", "end", "do", "(", ")", "{", "}", "function", "="]

    private static func leaveOut(_ text: LuaText) -> [Site] {
        text.tokens.indices.filter { structure.contains(text[$0]) }.map {
            (text.tokens[$0].line, text.replacing($0, ""))
        }
    }

    private static func putIn(_ text: LuaText) -> [Site] {
        text.tokens.indices.flatMap { place in
            [")", "}", " then ", "@", " = = "].map {
                (text.tokens[place].line, text.inserting(after: place, $0))
            }
        }
    }

    private static let signs = ["<", "<=", ">", ">=", "+", "*", "/", "//", "^", ".."]

    /// Behind an operator that no nil and no text can be given to.
    private static func operands(_ text: LuaText, _ words: [String]) -> [Site] {
        text.inFunctions({ signs.contains(text[$0]) }) { place in
            guard let operand = text.operand(from: place + 1) else { return [] }
            return words.map { text.replacing(text.span(operand), $0) }
        }
    }

    private static func notFinite(_ text: LuaText) -> [Site] {
        text.atReturns("S.score") { values in
            guard values.count == 2, !text.isNil(values[0]) else { return [] }
            return [(values[0], "0 / 0"), (values[0], "1 / 0"), (values[1], "0 / 0"), (values[1], "1 / 0")]
        }
    }

    private static func wrongType(_ text: LuaText) -> [Site] {
        let wishes = text.atReturns("S.score") { values in
            if text.isNil(values[0]) {
                return [(values[0], "true"), (values[0], "\"no\"")]
                    + values.dropFirst().flatMap { [($0, "7"), ($0, "{}")] }
            }
            return values.flatMap { [($0, "\"much\""), ($0, "{}"), ($0, "true")] }
        }
        let choices = text.atReturns("S.choose") { [($0[0], "true"), ($0[0], "1"), ($0[0], "\"tkaer\"")] }
        let exits = text.atReturns("S.exit") { values in
            [(values[0], "7"), (values[0], "{}"), (values[0], "true")]
                + values.dropFirst().prefix(1).map { ($0, "\"tkaer\"") }
        }
        return wishes + choices + exits
    }

    private static func wrongCount(_ text: LuaText) -> [Site] {
        func all(_ values: [Range<Int>]) -> Range<Int> { values[0].lowerBound..<values.last!.upperBound }
        let wishes = text.atReturns("S.score") { values in
            text.isNil(values[0])
                ? [(all(values), "nil, \"why\", 3")]
                : [(all(values), "0.9"), (all(values), "0.9, o.size_usd, true")]
        }
        let choices = text.atReturns("S.choose") {
            [(all($0), "\"maker\""), (all($0), "\"taker\", {}, 1"), (all($0), "\"taker\", {}")]
        }
        let exits = text.atReturns("S.exit") {
            [(all($0), "nil, nil, nil, 1"), (all($0), "\"because\""), (all($0), "\"because\", \"maker\"")]
        }
        return wishes + choices + exits
    }

    /// Two letters exchanged, one left out, one too many.
    static func mistyped(_ word: String) -> [String] {
        guard word.count > 3 else { return [word + "s"] }
        var letters = Array(word)
        let middle = letters.count / 2
        var list = [word + "s", String(letters[..<middle] + letters[(middle + 1)...])]
        if letters[middle] != letters[middle - 1] {
            letters.swapAt(middle, middle - 1)
            list.append(String(letters))
        }
        return list
    }

    private static func misspeltField(_ text: LuaText) -> [Site] {
        let known =
            MarketField.allCases.map(\.name) + PositionField.allCases.map(\.name) + ["pair", "direction"]
        let isField = { (place: Int) in
            text.tokens[place].kind == .name && text[place - 1] == "."
                && ["o", "p", "pos"].contains(text[place - 2]) && text[place - 3] != "."
        }
        return text.inFunctions(isField) { place in
            mistyped(text[place]).filter { !known.contains($0) }.map { text.replacing(place, $0) }
        }
    }

    private static func undefined(_ text: LuaText) -> [Site] {
        let called = text.inFunctions({
            text.tokens[$0].kind == .name && text[$0 + 1] == "(" && text.tokens[$0].function != text[$0]
                && text[$0 - 1] != "function" && text[$0 - 3] != "function"
        }) { place in mistyped(text[place]).prefix(1).map { text.replacing(place, $0) } }
        return called + text.atStatements(["forgotten_helper()"])
    }

    /// Keys of the table itself, by what they may not be.
    private static let wrongValues: [String: [String]] = [
        "api": ["2", "\"1\"", "nil"], "name": ["\"other\"", "7", "nil"], "pairs": ["7", "{ 1 }", "true"],
        "directions": ["{ \"up\" }", "\"carry\"", "7"], "hold_h": ["-1", "\"long\"", "1e9"],
        "max_hold_h": ["-1", "{}", "1e9"], "exit_at": ["\"never\"", "0"], "adds": ["-1", "1.5", "\"2\""],
        "replaces": ["{ \"convergd\" }", "7"], "adopts": ["\"yes\"", "1"],
        "state_version": ["1.5", "\"one\"", "-1"], "params": ["7", "\"none\""],
        "wake": ["{ gross = 1 }", "{ gross_pct = \"least\" }", "7"],
    ]

    private static func contract(_ text: LuaText) -> [Site] {
        let keys = text.tokens.indices.filter {
            text.tokens[$0].braces == 1 && text.tokens[$0].function == nil && text[$0 + 1] == "="
        }
        let misspelt = keys.map { (text.tokens[$0].line, text.replacing($0, mistyped(text[$0])[0])) }
        let wrong = keys.flatMap { key -> [Site] in
            let end = end(ofValue: key + 2, text)
            return (wrongValues[text[key]] ?? []).map {
                (text.tokens[key].line, text.replacing(text.span(key + 2..<end), $0))
            }
        }
        let callbacks = text.tokens.indices.filter {
            text[$0 - 2] == "S" && text[$0 - 1] == "." && text[$0 - 3] == "function"
        }.flatMap { place in
            mistyped(text[place]).prefix(2).map {
                (text.tokens[place].line, text.replacing(place, $0))
            }
        }
        return misspelt + wrong + callbacks
    }

    /// The token behind a value in the contract's table.
    private static func end(ofValue start: Int, _ text: LuaText) -> Int {
        let braces = text.tokens[start].braces
        var at = start
        while at < text.tokens.count {
            if text.tokens[at].braces == braces, text[at] == ",", at > start { return at }
            if text.tokens[at].braces < braces { return at }
            at += 1
        }
        return at
    }

    private static func parameter(_ text: LuaText) -> [Site] {
        let inside = text.tokens.indices.filter {
            text.tokens[$0].braces == 3 && text.tokens[$0].function == nil
        }
        let keys = inside.filter { ["min", "max", "unit", "doc", "env"].contains(text[$0]) }.flatMap { key in
            [(text.tokens[key].line, text.replacing(key, mistyped(text[key])[0]))]
                + (["min", "max"].contains(text[key])
                    ? [(text.tokens[key].line, text.replacing(key + 2, "\"low\""))] : [])
        }
        let defaults = inside.filter { text[$0 - 1] == "{" && text.tokens[$0].kind == .number }.flatMap {
            place in
            ["1e12", "-1e12", "\"much\"", "0 / 0", "nil"].map {
                (text.tokens[place].line, text.replacing(place, $0))
            }
        }
        return keys + defaults
    }

    private static let planValues = [
        "rest": ["\"legs\"", "1", "nil"], "peg": ["\"middle\"", "2"],
        "timeout_s": ["0", "1e9", "\"long\"", "0 / 0"], "fallback": ["\"wait\"", "true"],
    ]

    private static func plan(_ text: LuaText) -> [Site] {
        text.inFunctions({ text[$0 + 1] == "=" && planValues[text[$0]] != nil }) { key in
            let end = end(ofValue: key + 2, text)
            return [text.replacing(key, mistyped(text[key])[0])]
                + (planValues[text[key]] ?? []).map { text.replacing(text.span(key + 2..<end), $0) }
        }
    }

    private static func unkept(_ text: LuaText) -> [Site] {
        let hasState = text.tokens.contains { $0.text == "state" && $0.braces == 1 }
        let initial = text.tokens.indices.filter {
            text[$0] == "{" && text[$0 - 1] == "=" && text[$0 - 2] == "state"
        }.flatMap { place in
            ["hook = function() end, ", "[true] = 1, "].map {
                (text.tokens[place].line, text.inserting(after: place, $0))
            }
        }
        guard hasState else { return initial }
        // What `migrate` writes into `S.state` gives way to what it returns.
        let last = text.tokens.first { $0.function == "S.migrate" }?.line ?? .max
        return initial
            + text.atStatements(["S.state.hook = function() end", "S.state.whole = S.state"]).filter {
                $0.line < last
            }
    }
}
