import Foundation
import Testing

private let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

private func files(_ folder: String, _ endings: [String] = [".swift"]) -> [SourceFile] {
    let root = project.appending(path: folder).path
    let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return names.filter { name in endings.contains { name.hasSuffix($0) } }.sorted().compactMap { name in
        (try? String(contentsOfFile: root + "/" + name, encoding: .utf8)).map {
            SourceFile(path: name, text: $0)
        }
    }
}

@Suite struct `The house` {
    private typealias Rule = (SourceFile) -> [String]

    private func holds(_ rule: Rule, in folders: [String] = ["Sources"], bites path: String, _ text: String) {
        let all = folders.flatMap { files($0) }
        #expect(all.count > 20)
        let broken = all.flatMap(rule)
        #expect(broken.isEmpty, "\n\(broken.joined(separator: "\n"))")
        #expect(!rule(SourceFile(path: path, text: text)).isEmpty, "the rule bites")
    }

    @Test func `imports as the plan of the rooms says`() {
        holds(HouseRules.strangeImports, bites: "Core/A.swift", "import Wire")
        holds(HouseRules.strangeImports, bites: "Simulator/A.swift", "import Glibc")
    }

    @Test func `has neither clock nor chance nor waiting nor global state where runs must repeat`() {
        for line in ["let a = Date()", "x.random(in: 1...2)", "func f() async {}", "public var a = 1"] {
            holds(HouseRules.unrepeatable, bites: "Core/A.swift", line)
        }
        #expect(
            HouseRules.unrepeatable(SourceFile(path: "Core/A.swift", text: "    var a = 1 // Date")).isEmpty)
    }

    @Test func `has no unordered collection where runs must repeat`() {
        for line in ["let a: Set<Int> = []", "var a: [String: Int]", "x = [:]"] {
            holds(HouseRules.unordered, bites: "Exchange/A.swift", line)
        }
    }

    @Test func `has binary fractions in views, statistics and generated markets only`() {
        holds(HouseRules.binary, bites: "Core/Risk/A.swift", "let a: Double = 1")
    }

    @Test func `lets the simulated exchange count for itself`() {
        holds(HouseRules.borrowedMoney, bites: "Simulator/A.swift", "let a = Ledger()")
    }

    @Test func `has files of five hundred lines at most`() {
        holds(
            HouseRules.long, in: ["Sources", "Tests"], bites: "Core/A.swift",
            String(repeating: "\n", count: 501))
    }

    @Test func `has C files of five hundred lines at most`() {
        let all = files("Sources", [".c", ".cpp", ".h"]) + files("Benchmarks", [".c"])
        #expect(all.count > 10)
        #expect(all.flatMap(HouseRules.long) == [])
    }

    @Test func `has functions that fit a screen`() {
        holds(
            HouseRules.tallFunctions, bites: "Core/A.swift",
            "func f() {\n" + String(repeating: "    a()\n", count: 70) + "}")
    }

    @Test func `has lines that fit`() {
        holds(
            HouseRules.wide, in: ["Sources", "Tests"], bites: "Core/A.swift",
            "let a = " + String(repeating: "b + ", count: 40))
    }

    @Test func `leaves nothing marked unfinished`() {
        holds(HouseRules.unfinished, in: ["Sources", "Tests"], bites: "Core/A.swift", "// FIX" + "ME: later")
    }
}
