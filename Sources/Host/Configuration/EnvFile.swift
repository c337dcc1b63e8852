/// The `.env` file: `NAME=value` lines (DESIGN 5).
///
/// The reader is ours because a library reader silently turned `200   # comment` into its default.
enum EnvFile {
    struct Line: Sendable, Equatable {
        let number: Int
        let name: String, value: String
    }

    /// - Returns: the lines that say something, and what is wrong with the others, all at once.
    static func read(_ bytes: [UInt8]) -> (lines: [Line], faults: [String]) {
        var lines: [Line] = []
        var faults: [String] = []
        guard let whole = String(validating: bytes, as: UTF8.self) else {
            return ([], ["the file is not UTF-8 text"])
        }
        let text = whole.unicodeScalars.first == "\u{FEFF}" ? String(whole.unicodeScalars.dropFirst()) : whole
        let rows = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (place, row) in rows.enumerated() {
            let row = row.trimmed
            if row.isEmpty || row.hasPrefix("#") { continue }
            switch line(row) {
            case .success(let (name, value)):
                if let first = lines.first(where: { $0.name == name }) {
                    faults.append("line \(place + 1): \(name) stands twice, first in line \(first.number)")
                } else {
                    lines.append(Line(number: place + 1, name: name, value: value))
                }
            case .failure(let fault): faults.append("line \(place + 1): \(fault.text)")
            }
        }
        return (lines, faults)
    }

    private struct Fault: Error { let text: String }

    private static func line(_ row: String) -> Result<(String, String), Fault> {
        var rest = row[...]
        if rest.hasPrefix("export ") || rest.hasPrefix("export\t") { rest = rest.dropFirst(7) }
        guard let equals = rest.firstIndex(of: "=") else {
            return .failure(Fault(text: "NAME=value is expected"))
        }
        let name = String(rest[..<equals]).trimmed
        guard isName(name) else {
            return .failure(Fault(text: "\"\(name)\" is not a name: capital letters, digits and _"))
        }
        let value = String(rest[rest.index(after: equals)...]).trimmed
        if let quote = value.first, quote == "\"" || quote == "'" {
            let inner = value.dropFirst()
            guard let end = inner.firstIndex(of: quote) else {
                return .failure(Fault(text: "\(name): the closing \(quote) is missing"))
            }
            let after = String(inner[inner.index(after: end)...]).trimmed
            guard after.isEmpty || after.hasPrefix("#") else {
                return .failure(Fault(text: "\(name): \"\(after)\" stands after the closing \(quote)"))
            }
            return .success((name, String(inner[..<end])))
        }
        return .success((name, withoutComment(value)))
    }

    /// ` #` begins a comment; a `#` inside a word does not.
    private static func withoutComment(_ value: String) -> String {
        var before: Character = " "
        for place in value.indices {
            if value[place] == "#", before == " " || before == "\t" { return String(value[..<place]).trimmed }
            before = value[place]
        }
        return value
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || $0 == 95 }
    }
}

extension String {
    var trimmed: String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        let start = drop(while: blank)
        return String(start.reversed().drop(while: blank).reversed())
    }
}
extension Substring {
    var trimmed: String { String(self).trimmed }
}
