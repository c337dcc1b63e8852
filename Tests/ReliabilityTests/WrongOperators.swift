import Foundation

/// Changes that leave a sound script which decides something else.
enum WrongOperators {
    /// Strategies that never enter have no decision that a change could turn.
    static let idle = ["observer", "panic_exit"]

    static let all: [Operator] = [
        Operator("comparison flipped", .wrong) { text in
            swap(text, ["<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "~=", "~=": "=="])
        },
        Operator("sign flipped", .wrong, signs),
        Operator("threshold × 0.1", .wrong) { thresholds($0, 0.1) },
        Operator("threshold × 10", .wrong) { thresholds($0, 10) },
        Operator("and for or", .wrong) { swap($0, ["and": "or", "or": "and"]) },
        Operator("constant off by one", .wrong, offByOne), Operator("condition negated", .wrong, negated),
        Operator("maker for taker", .wrong, maker),
        Operator("other leg", .wrong) { swap($0, ["\"spot\"": "\"perp\"", "\"perp\"": "\"spot\""]) },
        Operator("other peg or fallback", .wrong) {
            swap($0, ["\"touch\"": "\"edge\"", "\"edge\"": "\"touch\"", "\"cancel\"": "\"taker\""])
        },
        Operator("exit at once or never", .wrong) {
            begin(
                $0, "S.exit",
                ["if true then return \"at once\", \"taker\" end", "if true then return nil end"])
        },
        Operator("enter always or never", .wrong) {
            begin(
                $0, "S.score",
                ["if true then return 1, o.size_usd end", "if true then return nil, \"never\" end"])
        },
        Operator("size wrong", .wrong) { text in
            swap(text, ["size_usd": "budget_usd"])
                + text.inFunctions({ text[$0] == "size_usd" }) {
                    ["size_usd / 4", "size_usd * 1000", "size_usd * 0"].map(changed(text, $0))
                }
        },
    ]

    private static func changed(_ text: LuaText, _ place: Int) -> (String) -> Change {
        { text.replacing(place, $0) }
    }

    private static func swap(_ text: LuaText, _ words: [String: String]) -> [Site] {
        text.inFunctions({ words[text[$0]] != nil }) { [text.replacing($0, words[text[$0]]!)] }
    }

    private static func signs(_ text: LuaText) -> [Site] {
        let binary = swap(text, ["+": "-", "-": "+", "*": "/", "/": "*"])
        let operands = text.inFunctions({ ["<", "<=", ">", ">="].contains(text[$0]) }) { place in
            text.operand(from: place + 1).map { [text.inserting(before: $0.lowerBound, "-")] } ?? []
        }
        return binary + operands
    }

    /// The default of a numeric parameter.
    private static func thresholds(_ text: LuaText, _ factor: Double) -> [Site] {
        text.tokens.indices.filter {
            text.tokens[$0].braces == 3 && text.tokens[$0].function == nil && text[$0 - 1] == "{"
                && text.tokens[$0].kind == .number && Double(text[$0]) != 0
        }.map { place in
            (text.tokens[place].line, text.replacing(place, "\(Double(text[place])! * factor)"))
        }
    }

    private static func offByOne(_ text: LuaText) -> [Site] {
        text.inFunctions({ text.tokens[$0].kind == .number && Int(text[$0]) != nil }) { place in
            [1, -1].map { text.replacing(place, "(\(Int(text[place])! + $0))") }
        }
    }

    private static func negated(_ text: LuaText) -> [Site] {
        text.inFunctions({ text[$0] == "if" }) { place in
            guard let then = text.tokens[place...].firstIndex(where: { $0.text == "then" }) else { return [] }
            let condition = text.span(place + 1..<then)
            return [text.replacing(condition, "not (\(text.text(condition)))")]
        }
    }

    private static func maker(_ text: LuaText) -> [Site] {
        ["S.choose", "S.exit"].flatMap { callback in
            text.atReturns(callback) { values in
                guard let last = values.last, text[last.lowerBound] == "\"taker\"" else { return [] }
                return [(last, "\"maker\", { rest = \"perp\" }"), (last, "\"maker\", { rest = \"spot\" }")]
            }
        }
    }

    /// First of all in a callback.
    private static func begin(_ text: LuaText, _ callback: String, _ texts: [String]) -> [Site] {
        let parts = callback.split(separator: ".").map(String.init)
        guard
            let head = text.tokens.indices.first(where: {
                text[$0] == "function" && text[$0 + 1] == parts[0] && text[$0 + 3] == parts[1]
            }), let close = text.tokens[head...].firstIndex(where: { $0.text == ")" })
        else { return [] }
        return texts.map { (text.tokens[head].line, text.inserting(after: close, " " + $0)) }
    }
}

/// Changes that no decision may depend on.
enum EquivalentOperators {
    static let all: [Operator] = [
        Operator("comment", .equivalent) { text in
            text.statements.map { (text.tokens[$0].line, text.inserting(before: $0, "--[[ why ]] ")) }
        },
        Operator("white space", .equivalent) { text in
            text.tokens.indices.dropFirst().map {
                (text.tokens[$0].line, text.inserting(before: $0, " \t "))
            }
        },
        Operator("local renamed", .equivalent, renamed), Operator("number rewritten", .equivalent, rewritten),
        Operator("sides exchanged", .equivalent, exchanged), Operator("brackets", .equivalent, brackets),
        Operator("empty block", .equivalent) { $0.atStatements(["do end", "local _unused = 1"]) },
        Operator("keys reordered", .equivalent, reordered),
    ]

    private static func renamed(_ text: LuaText) -> [Site] {
        let names = text.tokens.indices.filter {
            text[$0 - 1] == "local" && text.tokens[$0].kind == .name && text[$0] != "S"
        }
        return names.map { place in
            let name = text[place]
            var source = text.bytes
            for at in text.tokens.indices.reversed() where text[at] == name {
                if text[at - 1] == "." || (text.tokens[at].braces > 0 && text[at + 1] == "=") { continue }
                source.replaceSubrange(text.tokens[at].range, with: Array("\(name)_here".utf8))
            }
            return (text.tokens[place].line, text.replacing(all: source))
        }
    }

    private static func rewritten(_ text: LuaText) -> [Site] {
        text.tokens.indices.filter { text.tokens[$0].kind == .number }.map { place in
            let number = text[place]
            return (
                text.tokens[place].line,
                text.replacing(place, number.contains(".") ? number + "00" : "(\(number))")
            )
        }
    }

    private static let mirrored = ["<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "~=": "~="]

    private static func exchanged(_ text: LuaText) -> [Site] {
        text.inFunctions({ mirrored[text[$0]] != nil }) { place in
            guard let right = text.operand(from: place + 1) else { return [] }
            // The left side, read backwards: names joined by dots, or a number.
            var start = place - 1
            while text[start - 1] == "." { start -= 2 }
            guard let left = text.operand(from: start), left.upperBound == place,
                ["if", "elseif", "and", "or", "return", "("].contains(text[start - 1]),
                ["then", "and", "or", "end", ")"].contains(text[right.upperBound])
            else { return [] }
            let words = (text.text(text.span(left)), text.text(text.span(right)))
            return [
                text.replacing(
                    text.span(start..<right.upperBound), "\(words.1) \(mirrored[text[place]]!) \(words.0)")
            ]
        }
    }

    private static func brackets(_ text: LuaText) -> [Site] {
        text.inFunctions({ ["<", "<=", ">", ">=", "+", "*"].contains(text[$0]) }) { place in
            text.operand(from: place + 1).map {
                [text.replacing(text.span($0), "(\(text.text(text.span($0))))")]
            } ?? []
        }
    }

    /// Two keys of the contract on lines of their own change places.
    private static func reordered(_ text: LuaText) -> [Site] {
        let lines = String(decoding: text.bytes, as: UTF8.self).components(separatedBy: "\n")
        let isKey = { (line: String) in
            line.hasPrefix("  ") && !line.hasPrefix("   ") && line.hasSuffix(",") && line.contains(" = ")
                && !line.contains("--")
        }
        return lines.indices.dropLast().filter { isKey(lines[$0]) && isKey(lines[$0 + 1]) }.map { place in
            var lines = lines
            lines.swapAt(place, place + 1)
            return (place + 1, text.replacing(all: Array(lines.joined(separator: "\n").utf8)))
        }
    }
}
