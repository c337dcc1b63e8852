import Core
import Foundation
import Testing

@testable import Records

@Suite struct `The versions on record` {
    private let place: Place
    private let now = Timestamp(milliseconds: 1_790_000_000_000)

    init() throws { place = try Place() }

    /// A book in which versions of `s` took these steps, in the order given.
    private func book(_ steps: [(version: String, step: VersionStep)]) throws -> RecordBook {
        let book = try RecordBook(path: place.file)
        for version in Set(steps.map(\.version)).sorted() {
            book.keep(
                "s", VersionFiles(version: version, files: [("", Array("-- \(version)".utf8))]), summary: "",
                at: now)
        }
        for (version, step) in steps { book.step("s", version, step, "because", at: now) }
        return book
    }

    @Test(
        arguments: [
            ([("1", .active), ("2", .active)], "1"),
            ([("1", .active), ("1", .probation), ("1", .proven), ("2", .active)], "1"),
            // On probation and never proven.
            ([("1", .active), ("1", .probation), ("2", .active)], nil),
            ([("0", .active), ("1", .active), ("1", .probation), ("2", .active)], "0"),
            // Proven, replaced, and back on probation: it did well once.
            ([("1", .active), ("1", .proven), ("1", .active), ("1", .probation), ("2", .active)], "1"),
            ([("1", .active), ("1", .rolledBack), ("2", .active)], nil),
            ([("0", .active), ("1", .active), ("1", .stopped), ("2", .active)], "0"),
            ([("1", .shadow), ("2", .active)], nil), ([("1", .refused), ("2", .active)], nil),
            // The later one of two.
            ([("0", .active), ("1", .active), ("0", .active), ("2", .active)], "0"), ([("2", .active)], nil),
        ] as [([(String, VersionStep)], String?)])
    func `give the last one before that did well, with its source`(
        steps: [(String, VersionStep)], before: String?
    ) throws {
        let found = try book(steps.map { ($0.0, $0.1) }).version(of: "s", before: "2")
        #expect(found?.version == before)
        #expect(
            found.map { String(decoding: $0.files[0].source, as: UTF8.self) } == before.map { "-- \($0)" })
    }

    @Test func `keep the fate of a version in service that is rehearsed once more`() throws {
        let book = try book([("1", .active), ("1", .compiled), ("1", .rehearsed)])
        #expect(try book.fate(of: "s", "1")?.fate == .active)
        book.step("s", "1", .rolledBack, at: now)
        book.step("s", "1", .rehearsed, at: now)
        #expect(try book.fate(of: "s", "1")?.fate == .rehearsed)
    }

    @Test func `say in which line a version was stopped`() throws {
        let book = try book([("1", .active)])
        let fault = StrategyFault(kind: .steps, place: "s.lua:4", message: "used up its steps")
        book.take([.strategyFault(owner: "s", version: "1", fault, stopped: true)], at: now)
        #expect(try book.fate(of: "s", "1")?.detail == "s.lua:4: used up its steps")
        let told = StrategyFault(kind: .runtime, place: "s.lua:4", message: "s.lua:4: boom")
        book.take([.strategyFault(owner: "s", version: "1", told, stopped: true)], at: now)
        #expect(try book.fate(of: "s", "1")?.detail == "s.lua:4: boom", "once")
    }

    @Test func `know what a version last came to, and why`() throws {
        let book = try book([("1", .active), ("1", .stopped)])
        #expect(try book.fate(of: "s", "1")?.fate == .stopped)
        #expect(try book.fate(of: "s", "1")?.detail == "because")
        #expect(try book.fate(of: "s", "2") == nil && book.fate(of: "t", "1") == nil)
        book.take([.rearmed(owner: "s", version: "1")], at: now)
        #expect(try book.fate(of: "s", "1")?.fate == .active, "the operator gave it another try")
        book.take([.joined(owner: "s", version: "1", inShadow: false, probation: 3)], at: now)
        #expect(try book.fate(of: "s", "1")?.fate == .probation)
    }
}
