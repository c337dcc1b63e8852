import Core

/// Finds fields of `o`, `pos` and `p` that do not exist by reading the source: a line that seldom runs is not
/// waited for.
///
/// In a callback the views are known by their place among its parameters, whatever they are called there. A
/// helper's parameter of the usual name counts as the view when some of what is read of it is a field, and
/// then only what is nearly one is a fault. Only plain accesses such as `o.gross_pct` and `o["gross_pct"]`
/// count, outside comments and text; a name that the function makes a variable of its own is left alone.
public enum FieldCheck {
    /// Every such place, in order; `parameters` are the names of `p`.
    public static func reports(on package: ScriptPackage, parameters: [String]) -> [ScriptReport] {
        faults(in: package.source, parameters: parameters).map {
            ScriptReport(place: "\(package.name).lua:\($0.line)", message: $0.message)
        }
    }

    struct Fault: Equatable {
        let line: Int
        let message: String
    }

    static func faults(in source: [UInt8], parameters: [String]) -> [Fault] {
        let words = Words(source).list
        var found: [Fault] = []
        for place in words.indices where words[place].text == "function" {
            guard let function = Function(words, at: place) else { continue }
            for (view, name) in function.views where !isOwn(name, function.body) {
                found += faults(of: name, as: view, in: function, parameters)
            }
        }
        // A function inside another is read with both.
        return found.sorted { ($0.line, $0.message) < ($1.line, $1.message) }
            .reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    private static let market = MarketField.allCases.map(\.name) + ["pair", "direction"]
    private static let position =
        PositionField.allCases.map(\.name) + ["pair", "direction", "style", "version", "adopted"]

    private static func faults(
        of name: String, as view: String, in function: Function, _ parameters: [String]
    ) -> [Fault] {
        let fields = view == "o" ? market : view == "pos" ? position : parameters
        let words = function.body
        let accesses = words.indices.dropLast(2).compactMap { place -> Word? in
            guard words[place].text == name, place == words.startIndex || !joins(words[place - 1].text) else {
                return nil
            }
            if words[place + 1].text == "." { return words[place + 2] }
            guard words[place + 1].text == "[", let key = words[place + 2].quoted,
                place + 3 < words.endIndex, words[place + 3].text == "]"
            else { return nil }
            return Word(text: key, line: words[place + 2].line)
        }
        if !function.isCallback, !accesses.contains(where: { fields.contains($0.text) }) { return [] }
        return accesses.compactMap { field in
            guard !fields.contains(field.text) else { return nil }
            let hint = Nearest.hint(field.text, among: fields)
            if !function.isCallback, hint.isEmpty { return nil }
            let what = view == "p" ? "params has no \(field.text)" : "\(view) has no field \(field.text)"
            return Fault(line: field.line, message: what + hint)
        }
    }

    /// One function of a source: which of its parameters are views, and the words of its body.
    private struct Function {
        var views: [(view: String, name: String)] = []
        let isCallback: Bool
        let body: ArraySlice<Word>

        static let order = ["score": ["o", "p"], "choose": ["o", "p"], "exit": ["pos", "o", "p"]]

        /// - Parameter start: the place of the word `function`.
        init?(_ words: [Word], at start: Int) {
            guard let open = words[start...].firstIndex(where: { $0.text == "(" }), open - start <= 4,
                let close = words[open...].firstIndex(where: { $0.text == ")" })
            else { return nil }
            let names = words[(open + 1)..<close].map(\.text).filter { $0 != "," }
            let assigned = start >= 2 && words[start - 1].text == "=" ? words[start - 2].text : ""
            let called = open - start == 4 ? words[open - 1].text : open - start == 1 ? assigned : ""
            let places = Function.order[called]
            isCallback = places != nil
            for (place, name) in names.enumerated() {
                if let places {
                    if place < places.count { views.append((places[place], name)) }
                } else if ["o", "pos", "p"].contains(name) {
                    views.append((name, name))
                }
            }
            guard !views.isEmpty else { return nil }
            var depth = 1, at = close + 1
            while at < words.count, depth > 0 {
                switch words[at].text {
                case "function", "if", "do", "repeat": depth += 1
                case "end", "until": depth -= 1
                default: break
                }
                at += 1
            }
            body = words[(close + 1)..<at]
        }
    }

    private static func joins(_ text: String) -> Bool { text == "." || text == ":" }

    /// The function has a variable of that name: `local o`, `for o`, an assignment, or an inner parameter.
    private static func isOwn(_ name: String, _ words: ArraySlice<Word>) -> Bool {
        words.indices.contains { place in
            guard words[place].text == name else { return false }
            let before = place > words.startIndex ? words[place - 1].text : ""
            let after = place + 1 < words.endIndex ? words[place + 1].text : ""
            if before == "local" || before == "for" { return true }
            if before == "(" || before == ",", after == "," || after == ")" {
                let open = words[..<place].lastIndex { $0.text == "(" }
                if let open, open - words.startIndex >= 1, words[open - 1].text == "function" { return true }
            }
            // `o = …`, but not the key of a table or the field of something.
            let isKey = before == "{" || before == "," || before == "." || before == ";"
            return after == "=" && !isKey
        }
    }

    struct Word {
        let text: String
        let line: Int

        /// What stands in quotes, if it is nothing but a name.
        var quoted: String? {
            guard text.hasPrefix("\""), text.count > 2 else { return nil }
            return String(text.dropFirst().dropLast())
        }
    }

    /// Names, numbers, single signs and quoted names, without comments; of other quoted text only the quotes.
    struct Words {
        private(set) var list: [Word] = []

        init(_ source: [UInt8]) {
            var line = 1, at = 0
            while at < source.count {
                let byte = source[at]
                if byte == UInt8(ascii: "\n") {
                    line += 1
                    at += 1
                } else if byte == UInt8(ascii: "-"), at + 1 < source.count, source[at + 1] == byte {
                    at =
                        ChainRule.longBracket(source, at + 2, &line)
                        ?? source[at...].firstIndex(of: UInt8(ascii: "\n")) ?? source.count
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                    let start = at + 1
                    at = ChainRule.textEnd(source, at, &line)
                    let inside = source[start..<max(start, min(at, source.count) - 1)]
                    let name =
                        inside.allSatisfy(ChainRule.isWord) ? String(decoding: inside, as: UTF8.self) : ""
                    list.append(Word(text: "\"\(name)\"", line: line))
                } else if let end = ChainRule.longBracket(source, at, &line) {
                    at = end
                } else if ChainRule.isWord(byte) {
                    let start = at
                    while at < source.count, ChainRule.isWord(source[at]) { at += 1 }
                    list.append(Word(text: String(decoding: source[start..<at], as: UTF8.self), line: line))
                } else {
                    if byte == UInt8(ascii: "="), at + 1 < source.count, source[at + 1] == byte {
                        list.append(Word(text: "==", line: line))
                        at += 2
                        continue
                    }
                    if byte > 32 { list.append(Word(text: String(UnicodeScalar(byte)), line: line)) }
                    at += 1
                }
            }
        }
    }
}
