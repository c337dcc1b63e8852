import Core
import Logging
import Synchronization
import Testing

@testable import Host

@Suite struct `What turns have to say` {
    /// What was logged.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.add("\(event.message)") }
    }

    /// On probation the engine tells of the fault, and at the end of the turn that it ended the service.
    @Test func `of a fault that stops a script in the same turn is said in one line`() {
        let lines = Lines()
        let text = NoteText(
            logger: Logger(label: "test") { _ in Handler(lines: lines) }, instruments: [])
        let fault = StrategyFault(kind: .runtime, place: "one.lua:3", message: "one.lua:3: boom")
        func note(_ owner: String, stopped: Bool) -> Note {
            .strategyFault(owner: owner, version: "0", fault, stopped: stopped)
        }
        text.log(
            [note("one", stopped: false), note("two", stopped: false), note("one", stopped: true)],
            at: Timestamp(milliseconds: 1_790_000_000_000))
        #expect(lines.all.count == 2 && lines.all[0].contains("two"), "\(lines.all)")
        #expect(lines.all[1].hasSuffix("; stopped"), "\(lines.all)")
    }

    @Test func `of a script that fails at one place again and again is said once a minute, and how often`() {
        let lines = Lines()
        let text = NoteText(
            logger: Logger(label: "test") { _ in Handler(lines: lines) }, instruments: [])
        let start = Timestamp(milliseconds: 1_790_000_000_000)
        func fault(_ line: Int, stopped: Bool = false) -> Note {
            .strategyFault(
                owner: "one", version: "0",
                StrategyFault(kind: .runtime, place: "one.lua:\(line)", message: "nil"), stopped: stopped)
        }
        for second in 0..<60 { text.log([fault(3)], at: start + .seconds(Int64(second))) }
        text.log([fault(4)], at: start + .seconds(59))
        #expect(lines.all.count == 2, "another place is another matter")
        text.log([fault(3)], at: start + .seconds(60))
        #expect(lines.all.count == 3 && lines.all[2].contains("59 times more"), "\(lines.all)")
        text.log([fault(3)], at: start + .seconds(61))
        text.log([fault(3, stopped: true)], at: start + .seconds(62))
        #expect(lines.all.count == 4 && lines.all[3].contains("stopped"), "\(lines.all)")
    }
}
