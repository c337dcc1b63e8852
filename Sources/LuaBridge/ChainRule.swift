/// Refuses sources whose shape alone costs this Lua more than it may.
///
/// Naming the failing variable of `a.b.b.b…` recurses once per access, which overflows the stack or costs
/// seconds that nothing can interrupt. Compiling a long chain of `or` takes the square of its length:
/// 64 KiB of it took 280 ms, 2000 take 10.
enum ChainRule {
    static let mostBranches = 2000

    private enum Finding {
        case chain(line: Int)
        case branches(line: Int)
    }

    /// - Parameter most: how many field accesses may be chained.
    static func check(_ source: [UInt8], _ file: String, most: Int) throws(ScriptReport) {
        let (line, message) =
            switch scan(source, most) {
            case nil: (0, "")
            case .chain(let line)?:
                (line, "a chain of more than \(most) field accesses (SCRIPT_CHAIN); split it over locals")
            case .branches(let line)?:
                (line, "more than \(mostBranches) and, or and elseif in one file; use tables")
            }
        guard line > 0 else { return }
        throw ScriptReport(place: "\(file):\(line)", message: message)
    }

    /// - Returns: the line of the first chain of more than `most` field accesses, or `nil`.
    static func line(breaking source: [UInt8], most: Int = ScriptLimits().chain) -> Int? {
        if case .chain(let line)? = scan(source, most) { line } else { nil }
    }

    private static let branchWords = ["and", "or", "elseif"].map { Array($0.utf8)[...] }

    private static func scan(_ source: [UInt8], _ most: Int) -> Finding? {
        var branches = 0
        var line = 1
        // An access within brackets is named on the way to the access whose key it is: they add up.
        var depth = 0, base = 0, outer: [(depth: Int, base: Int)] = []
        var at = 0, continues = false
        while at < source.count {
            let byte = source[at]
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                at += 1
                continue
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                at += 1
                continue
            case UInt8(ascii: "-") where peek(source, at + 1) == UInt8(ascii: "-"):
                at = longBracket(source, at + 2, &line) ?? lineEnd(source, at)
                continue
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                at = textEnd(source, at, &line)
            case UInt8(ascii: "["):
                if let end = longBracket(source, at, &line) {
                    at = end
                } else {
                    outer.append((depth + 1, base))
                    (depth, base) = (depth + 1, depth + 1)
                    at += 1
                }
            case UInt8(ascii: "]"):
                if let before = outer.popLast() { (depth, base) = before }
                at += 1
            case UInt8(ascii: ")"): at += 1
            case UInt8(ascii: ".") where peek(source, at + 1) != byte,
                UInt8(ascii: ":") where peek(source, at + 1) != byte:
                depth += 1
                at += 1
                guard depth <= most else { return .chain(line: line) }
                continues = true
                continue
            case _ where isWord(byte):
                // A word that follows neither dot nor colon begins an expression of its own.
                if !continues { depth = base }
                let start = at
                while at < source.count, isWord(source[at]) { at += 1 }
                if at - start <= 6, branchWords.contains(source[start..<at]) {
                    branches += 1
                    guard branches <= mostBranches else { return .branches(line: line) }
                }
            default:
                depth = base
                while peek(source, at + 1) == byte { at += 1 }
                at += 1
            }
            guard depth <= most else { return .chain(line: line) }
            continues = false
        }
        return nil
    }

    private static func peek(_ source: [UInt8], _ at: Int) -> UInt8? {
        at < source.count ? source[at] : nil
    }

    static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
    }

    private static func lineEnd(_ source: [UInt8], _ at: Int) -> Int {
        source[at...].firstIndex(of: UInt8(ascii: "\n")) ?? source.count
    }

    static func textEnd(_ source: [UInt8], _ start: Int, _ line: inout Int) -> Int {
        var at = start + 1
        while at < source.count, source[at] != source[start] {
            if source[at] == UInt8(ascii: "\n") { line += 1 }
            at += source[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return at + 1
    }

    /// The place after `[==[ … ]==]` when one begins at `start`.
    static func longBracket(_ source: [UInt8], _ start: Int, _ line: inout Int) -> Int? {
        guard peek(source, start) == UInt8(ascii: "[") else { return nil }
        var at = start + 1
        while peek(source, at) == UInt8(ascii: "=") { at += 1 }
        let level = at - start - 1
        guard peek(source, at) == UInt8(ascii: "[") else { return nil }
        at += 1
        while at < source.count {
            if source[at] == UInt8(ascii: "\n") { line += 1 }
            if source[at] == UInt8(ascii: "]") {
                let close = at + 1
                if source.count > close + level,
                    source[close..<(close + level)].allSatisfy({ $0 == UInt8(ascii: "=") }),
                    source[close + level] == UInt8(ascii: "]")
                {
                    return close + level + 1
                }
            }
            at += 1
        }
        return source.count
    }
}
