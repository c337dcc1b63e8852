import Core

/// Finds fields of `o`, `pos` and `p` that do not exist by reading the source: a line that seldom runs is not
/// waited for.
///
/// Only plain accesses such as `o.gross_pct` count, outside comments and text; a name that the script makes
/// a variable of its own is left alone.
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
        let market = MarketField.allCases.map(\.name) + ["pair", "direction"]
        let position =
            PositionField.allCases.map(\.name) + ["pair", "direction", "style", "version", "adopted"]
        let views = [("o", market), ("pos", position), ("p", parameters)]
        var found: [Fault] = []
        for (view, fields) in views where !isOwn(view, words) {
            for place in words.indices.dropLast(2) where words[place].text == view {
                guard words[place + 1].text == ".", place == 0 || !joins(words[place - 1].text) else {
                    continue
                }
                let field = words[place + 2]
                guard !fields.contains(field.text) else { continue }
                let hint = Nearest.hint(field.text, among: fields)
                let what = view == "p" ? "params has no \(field.text)" : "\(view) has no field \(field.text)"
                found.append(Fault(line: field.line, message: what + hint))
            }
        }
        return found.sorted { $0.line < $1.line }
    }

    private static func joins(_ text: String) -> Bool { text == "." || text == ":" }

    /// The script has a variable of that name: `local o`, `for o`, or an assignment to it.
    private static func isOwn(_ name: String, _ words: [Word]) -> Bool {
        words.indices.contains { place in
            guard words[place].text == name else { return false }
            let before = place > 0 ? words[place - 1].text : ""
            let after = place + 1 < words.count ? words[place + 1].text : ""
            if before == "local" || before == "for" { return true }
            // `o = …`, but not the key of a table or the field of something.
            let isKey = before == "{" || before == "," || before == "." || before == ";"
            return after == "=" && !isKey
        }
    }

    struct Word {
        let text: String
        let line: Int
    }

    /// Names, numbers and single signs, without comments and quoted text.
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
                    at = ChainRule.textEnd(source, at, &line)
                    list.append(Word(text: "\"\"", line: line))
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
