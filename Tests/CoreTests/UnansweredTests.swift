import Testing

@testable import Core

@Suite struct `An exchange that has no answer to anything at a start` {
    @Test func `is asked no oftener with time, and each kind of question is told of once a minute`() {
        let bench = EngineBench(isReady: false)
        var asked: [Int] = []
        for _ in 0..<3 {
            var count = 0
            for _ in 0..<60 {
                bench.pass(1_000)
                count += bench.commands.count
                bench.answer { _ in .unknown("502") }
            }
            asked.append(count)
        }
        #expect(asked[0] > 0 && asked[2] <= asked[0], "\(asked) questions a minute")
        let told = bench.alerts.filter { $0.hasPrefix("no answer to") }
        let kinds = Set(told.map { $0.prefix { $0 != ":" } })
        #expect(kinds.count >= 4 && told.count <= 4 * kinds.count, "\(told.count) of \(kinds.count) kinds")
    }
}
