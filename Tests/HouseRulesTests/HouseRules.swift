import Foundation

/// One source file as the rules see it.
struct SourceFile {
    /// `Core/Engine/Engine.swift`: from the room on.
    let path: String
    let lines: [String]
    var room: String { String(path.prefix { $0 != "/" }) }
    var name: String { String(path.split(separator: "/").last ?? "") }

    init(path: String, text: String) {
        self.path = path
        lines = text.components(separatedBy: "\n")
    }

    /// Lines without comments and without what stands in quotes.
    var code: [(number: Int, text: String)] {
        lines.enumerated().compactMap { number, line in
            let bare = line.trimmingCharacters(in: .whitespaces)
            if bare.hasPrefix("//") { return nil }
            return (number + 1, Self.withoutQuotes(line))
        }
    }

    private static func withoutQuotes(_ line: String) -> String {
        var text = "", isQuoted = false, before: Character = " "
        for character in line {
            if character == "\"", before != "\\" {
                isQuoted.toggle()
            } else if !isQuoted {
                if character == "/", before == "/" { return String(text.dropLast()) }
                text.append(character)
            }
            before = character
        }
        return text
    }
}

/// The rules of the house that a machine can check: each gives the lines that break it.
enum HouseRules {
    /// What each room may import beside the standard library and the C library.
    static let imports: [String: [String]] = [
        "Core": ["DequeModule", "HeapModule", "OrderedCollections"], "Exchange": ["Core", "CSimdjson"],
        "LuaBridge": ["Core", "CLuaBox"], "Journal": ["Core", "Exchange", "CZlib"],
        "Simulator": ["Core", "Exchange"],
        "Market": ["Core", "Exchange", "CZlib"], "Wire": ["CCurl", "CWebSockets"],
        "Gateway": ["Core", "Exchange", "Wire", "CSodium"],
        "Venue": ["Core", "Simulator", "Exchange", "Market", "Wire", "CSodium"],
        "Records": ["Core", "Journal", "GRDB"], "Console": ["Core", "Exchange", "Wire", "Records"],
    ]
    static let system = ["Glibc", "Synchronization"]
    /// Rooms in which nothing may differ from run to run.
    static let repeatable = ["Core", "Exchange", "Simulator"]
    /// Files of views, statistics and generated markets: nowhere else is there a binary fraction in a
    /// repeatable room.
    static let binaryFractions = [
        "Core/Figures/Statistics.swift", "Core/Figures/Opportunity+View.swift",
        "Core/Figures/PositionFigures+View.swift", "Core/View.swift", "Core/Strategy.swift",
        "Simulator/CrowdPair.swift", "Simulator/SeededGenerator.swift", "Simulator/CrowdGenerator.swift",
    ]

    static func strangeImports(_ file: SourceFile) -> [String] {
        guard let allowed = imports[file.room] else { return [] }
        return found(file) { line in
            let statement = /\s*(?:@testable |public )?import (?:struct |func )?(\w+).*/
            guard line.contains("import"), let match = line.wholeMatch(of: statement) else { return false }
            let name = String(match.1)
            // The pure rooms have no system either.
            let isSystem = system.contains(name) && !(repeatable.contains(file.room))
            return !allowed.contains(name) && !isSystem
        }
    }

    static func unrepeatable(_ file: SourceFile) -> [String] {
        guard repeatable.contains(file.room) else { return [] }
        return found(file) { line in
            line.contains(/\bDate\b|\.random\b|\basync\b|\bawait\b|\bContinuousClock\b/)
                || line.contains(/^(public |internal |fileprivate |private )?(nonisolated\(unsafe\) )?var\b/)
        }
    }

    static func unordered(_ file: SourceFile) -> [String] {
        guard repeatable.contains(file.room), file.name != "Lookup.swift" else { return [] }
        return found(file) { $0.contains(/\bDictionary\b|\bSet\b|\[:\]|\[[A-Z]\w*: [A-Z]\w*\??\]/) }
    }

    static func binary(_ file: SourceFile) -> [String] {
        guard repeatable.contains(file.room), !binaryFractions.contains(file.path) else { return [] }
        return found(file) { $0.contains(/\b(Double|Float)\b/) }
    }

    /// The simulated exchange counts for itself: agreement of two computations is the point.
    static func borrowedMoney(_ file: SourceFile) -> [String] {
        guard file.room == "Simulator" else { return [] }
        return found(file) { $0.contains(/\b(Ledger|RiskGate|RiskLimits|Figures|ProfitAndLoss|Engine)\b/) }
    }

    static func long(_ file: SourceFile) -> [String] {
        file.lines.count > 501 ? ["\(file.path): \(file.lines.count) lines"] : []
    }

    static func wide(_ file: SourceFile) -> [String] {
        file.lines.enumerated().filter { $0.element.count > 110 && !isOneText($0.element) }
            .map { "\(file.path):\($0.offset + 1): \($0.element.count) columns" }
    }

    /// A line that is one piece of text cannot be broken.
    private static func isOneText(_ line: String) -> Bool {
        line.trimmingCharacters(in: .whitespaces).contains(/^[^"]{0,40}".*"[,)+ ]*$/)
    }

    static func unfinished(_ file: SourceFile) -> [String] {
        file.lines.enumerated().filter { $0.element.contains("FIX" + "ME") }
            .map { "\(file.path):\($0.offset + 1): unfinished" }
    }

    static func tallFunctions(_ file: SourceFile) -> [String] {
        var broken: [String] = []
        for (index, line) in file.lines.enumerated() where !line.hasSuffix("}") {
            guard let match = line.firstMatch(of: /^(\s*)(?:@\w+ )*(?:[a-z]+(?:\(set\))? )*(?:func|init)\b.*/)
            else { continue }
            let indent = String(match.1)
            guard
                let end = file.lines[(index + 1)...].firstIndex(where: { $0 == indent + "}" }),
                end - index + 1 > 70
            else { continue }
            broken.append("\(file.path):\(index + 1): \(end - index + 1) lines")
        }
        return broken
    }

    private static func found(_ file: SourceFile, _ breaks: (String) -> Bool) -> [String] {
        file.code.filter { breaks($0.text) }.map {
            "\(file.path):\($0.number): \($0.text.trimmingCharacters(in: .whitespaces))"
        }
    }
}
