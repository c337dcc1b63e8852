import Core
import Foundation
import Testing

@testable import Records

@Suite struct `The database people query` {
    private func path() -> String {
        FileManager.default.temporaryDirectory.path + "/neap-records-\(UUID().uuidString.prefix(8)).sqlite"
    }

    @Test func `keeps rounds and alerts in order, to the last digit, over a restart`() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let now = Timestamp(milliseconds: 1_790_000_000_123)
        do {
            let book = try RecordBook(path: path)
            for (count, net) in ["0.000000000001", "-123456789.123456789012"].enumerated() {
                book.take(
                    [
                        .needsIDs, .alert("number \(count)"),
                        .roundClosed(
                            owner: "s'; DROP TABLE rounds", pair: "SOL", reason: "converged",
                            net: try #require(Money(net)), seconds: 7),
                    ], at: now)
            }
            #expect(book.finish() == nil)
        }
        let book = try RecordBook(path: path)
        let rounds = try book.rounds(latest: 10)
        #expect(rounds.map(\.net.description) == ["-123456789.123456789012", "0.000000000001"])
        #expect(rounds.first?.closed == now)
        #expect(rounds.first?.script == "s'; DROP TABLE rounds")
        #expect(try book.rounds(latest: 1).count == 1)
        #expect(try book.alerts(latest: 10) == ["number 1", "number 0"])
    }

    @Test func `says which file it cannot use`() {
        let error = #expect(throws: RecordFault.self) { try RecordBook(path: "/nowhere/at/all.sqlite") }
        #expect(error?.description.contains("/nowhere/at/all.sqlite") == true)
    }
}
