/// A piece of Lua source with its place: enough of a lexer to change a script at a place that means
/// something.
struct LuaToken: Equatable {
    enum Kind { case name, keyword, number, text, sign }
    let kind: Kind
    let text: String
    /// In the bytes of the source.
    let range: Range<Int>
    let line: Int
    /// Braces around it.
    let braces: Int
    /// The function it stands in, by its written name; `nil` on the level of the file.
    let function: String?
}

/// A range of bytes of a source and what stands there instead.
struct Change {
    let range: Range<Int>
    let text: String
    /// `migrate` runs only where `state_version` changes: what is changed in it changes that too.
    var raisesStateVersion = false

    func applied(to source: [UInt8]) -> [UInt8] {
        let changed =
            Array(source[..<range.lowerBound]) + Array(text.utf8) + Array(source[range.upperBound...])
        guard raisesStateVersion else { return changed }
        let text = String(decoding: changed, as: UTF8.self)
        return Array(text.replacing(/state_version = (\d+)/) { "state_version = \($0.1)1" }.utf8)
    }
}

/// A script taken apart, and put together again with a piece exchanged.
struct LuaText {
    let bytes: [UInt8]
    private(set) var tokens: [LuaToken] = []

    private static let keywords: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
        "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
    ]
    private static let longSigns = ["...", "..", "==", "~=", "<=", ">=", "//", "<<", ">>", "::"]

    init(_ source: [UInt8]) {
        bytes = source
        read()
        nameFunctions()
    }

    private mutating func read() {
        var at = 0, line = 1, braces = 0
        func byte(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }
        func isWord(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
        }
        while at < bytes.count {
            let start = at, first = bytes[at]
            var kind = LuaToken.Kind.sign
            if first == 10 { line += 1 }
            if first <= 32 {
                at += 1
                continue
            }
            if first == 45, byte(at + 1) == 45 {
                while at < bytes.count, bytes[at] != 10 { at += 1 }
                continue
            }
            if (48...57).contains(first) {
                kind = .number
                while isWord(byte(at)) || (byte(at) == 46 && byte(at + 1) != 46) { at += 1 }
            } else if isWord(first) {
                while isWord(byte(at)) { at += 1 }
                kind = Self.keywords.contains(text(start..<at)) ? .keyword : .name
            } else if first == 34 || first == 39 {
                kind = .text
                at += 1
                while at < bytes.count, bytes[at] != first { at += bytes[at] == 92 ? 2 : 1 }
                at += 1
            } else {
                let long = Self.longSigns.first { bytes[at...].starts(with: Array($0.utf8)) }
                at += long?.utf8.count ?? 1
            }
            let word = text(start..<at)
            if word == "}" { braces -= 1 }
            tokens.append(
                LuaToken(
                    kind: kind, text: word, range: start..<at, line: line, braces: braces, function: nil))
            if word == "{" { braces += 1 }
        }
    }

    /// Blocks are opened by `function`, `if`, `do` and `repeat`, closed by `end` and `until`.
    private mutating func nameFunctions() {
        var blocks: [String?] = []
        for place in tokens.indices {
            let token = tokens[place]
            let inside = blocks.last { $0 != nil } ?? nil
            tokens[place] = LuaToken(
                kind: token.kind, text: token.text, range: token.range, line: token.line,
                braces: token.braces,
                function: inside)
            guard token.kind == .keyword else { continue }
            switch token.text {
            case "function":
                let name = tokens[(place + 1)...].prefix { $0.text != "(" }.map(\.text).joined()
                blocks.append(name.isEmpty ? "function" : name)
            case "if", "do", "repeat": blocks.append(nil)
            case "end", "until": _ = blocks.popLast()
            default: break
            }
        }
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// Of several tokens running, in bytes.
    func span(_ places: Range<Int>) -> Range<Int> {
        tokens[places.lowerBound].range.lowerBound..<tokens[places.upperBound - 1].range.upperBound
    }

    func replacing(_ range: Range<Int>, _ text: String) -> Change { Change(range: range, text: text) }

    func replacing(_ place: Int, _ text: String) -> Change { replacing(tokens[place].range, text) }

    func inserting(before place: Int, _ text: String) -> Change {
        let at = tokens[place].range.lowerBound
        return replacing(at..<at, text)
    }

    func inserting(after place: Int, _ text: String) -> Change {
        let at = tokens[place].range.upperBound
        return replacing(at..<at, text)
    }

    /// Another source altogether.
    func replacing(all bytes: [UInt8]) -> Change {
        Change(range: self.bytes.indices, text: String(decoding: bytes, as: UTF8.self))
    }

    subscript(place: Int) -> String { tokens.indices.contains(place) ? tokens[place].text : "" }

    /// Where a statement surely begins, inside functions.
    var statements: [Int] {
        tokens.indices.filter {
            tokens[$0].function != nil && tokens[$0].kind == .keyword
                && ["if", "local", "return", "for"].contains(tokens[$0].text)
        }
    }

    /// Tokens of the plain operand that begins there, such as `o.gross_pct` or `0.20`; `nil` when it goes on
    /// with a call or an index.
    func operand(from place: Int) -> Range<Int>? {
        guard tokens.indices.contains(place) else { return nil }
        if tokens[place].kind == .number { return place..<place + 1 }
        guard tokens[place].kind == .name else { return nil }
        var end = place + 1
        while self[end] == ".", tokens.indices.contains(end + 1) { end += 2 }
        return ["(", "[", ":", "{"].contains(self[end]) || tokens[end - 1].kind != .name ? nil : place..<end
    }

    /// The values of a `return`, each as a range of tokens.
    func values(ofReturn place: Int) -> [Range<Int>] {
        var list: [Range<Int>] = [], start = place + 1, at = place + 1, depth = 0
        while at < tokens.count {
            let word = tokens[at].text
            if depth == 0, ["end", "else", "elseif", "until"].contains(word) { break }
            if ["(", "{", "["].contains(word) { depth += 1 }
            if [")", "}", "]"].contains(word) { depth -= 1 }
            if depth == 0, word == "," {
                list.append(start..<at)
                start = at + 1
            }
            at += 1
        }
        if at > start { list.append(start..<at) }
        return list
    }
}
