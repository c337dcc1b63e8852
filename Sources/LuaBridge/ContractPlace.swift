/// Finds the line of a script that a fault of its contract is about: such a fault speaks of a value, and a
/// value does not know where it was written.
enum ContractPlace {
    /// The first line, outside comments, that names the key the message begins with; `nil` when none does.
    ///
    /// `unknown key foo…`, `priority is "x"…`, `params.min_spread has…` and `state.best cannot…` lead to
    /// `foo`, `priority`, `min_spread` and `best`; a name in `state` that no line has leads to `state`.
    static func line(of message: String, in source: [UInt8]) -> Int? {
        var words = message.split(separator: " ")[...]
        if words.starts(with: ["unknown", "key"]) { words = words.dropFirst(2) }
        guard let word = words.first else { return nil }
        let path = word.split(separator: ".").map { $0.filter { $0.isLetter || $0.isNumber || $0 == "_" } }
        guard let first = path.first else { return nil }
        let isInner = path.count > 1 && (first == "params" || first == "state")
        let key = isInner ? path[1] : first
        guard !key.isEmpty else { return nil }
        let lines = String(decoding: source, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        let found =
            lines.firstIndex { names(key, code(of: $0)) }
            ?? (first == "state" ? lines.firstIndex { names(first, code(of: $0)) } : nil)
        return found.map { $0 + 1 }
    }

    /// The line that Lua itself wrote at the head of a message: `file.lua:7: …`.
    static func written(in message: String, _ chunk: String) -> Int? {
        guard message.hasPrefix(chunk + ":") else { return nil }
        return Int(message.dropFirst(chunk.utf8.count + 1).prefix { $0.isNumber })
    }

    private static func code(of line: Substring) -> Substring {
        line.firstRange(of: "--").map { line[..<$0.lowerBound] } ?? line
    }

    private static func names(_ key: String, _ line: Substring) -> Bool {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { $0 == key }
    }
}
