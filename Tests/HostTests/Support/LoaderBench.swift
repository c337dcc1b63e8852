import Core
import Dispatch
import Foundation
import Journal
import LuaBridge
import Records
import Synchronization

@testable import Host

/// A loader with a folder and a market, and a desk that takes over whatever it is given.
final class LoaderBench: Sendable {
    let folder: TemporaryFolder
    let records: RecordBook
    private let state = Mutex(State())
    private let swapped = DispatchSemaphore(value: 0), reported = DispatchSemaphore(value: 0)

    private struct State {
        var loader: ScriptLoader?
        var posted: [Input] = []
        var said: [String] = [], reports: [String] = [], consequences: [String] = []
    }

    var loader: ScriptLoader { state.withLock { $0.loader! } }
    /// What went to the desk.
    var posted: [Input] { state.withLock { $0.posted } }
    var said: [String] { state.withLock { $0.said } }
    var reports: [String] { state.withLock { $0.reports } }
    /// What each report means for what runs.
    var consequences: [String] { state.withLock { $0.consequences } }
    /// Names and versions that took over, in order.
    var swaps: [(name: String, version: String, terms: ProbationTerms, inShadow: Bool)] {
        posted.compactMap {
            if case .swap(let script, let terms, let inShadow) = $0 {
                (script.name, script.version, terms, inShadow)
            } else {
                nil
            }
        }
    }

    /// - Parameter tape: the market of a rehearsal; without one there is none.
    init(
        _ files: [String: String], policy: ReloadPolicy = .auto, folder: TemporaryFolder? = nil,
        maker: ScriptMaker = Sample.maker,
        tape: (@Sendable () throws(JournalFault) -> any MarketSource)? = nil
    ) throws {
        self.folder = try folder ?? TemporaryFolder()
        records = try RecordBook(path: self.folder.path + "/records.sqlite")
        for (name, text) in files { try self.folder.write("strategies/\(name).lua", text) }
        try FileManager.default.createDirectory(
            atPath: self.folder.path + "/strategies", withIntermediateDirectories: true)
        let market = GeneratedMarket(seconds: 0)
        let end = market.picture.now + .seconds(3600)
        var setting = ScriptLoader.Setting(
            folder: ScriptFolder(path: self.folder.path + "/strategies"), maker: maker, policy: policy,
            rehearsal: .seconds(60), probationEntries: 3, catalogue: market.catalogue,
            plan: PaperPlan(
                instruments: market.catalogue.instruments, pairs: market.pairs,
                limits: GeneratedMarket.limits),
            records: records, now: { end }, post: { [unowned self] in post($0, $1) },
            report: { [unowned self] report in
                state.withLock {
                    $0.reports.append(report.description)
                    $0.consequences.append(report.consequence)
                }
                reported.signal()
            },
            tell: { [unowned self] line in state.withLock { $0.said.append(line) } })
        if let tape { setting.tape = { _, _, _ throws(JournalFault) in try tape() } }
        let loader = ScriptLoader(setting)
        state.withLock { $0.loader = loader }
        guard tape != nil else { return }
        let picture = StreetPicture(
            market: market.picture, books: [], depthRequests: [],
            position: JournalPosition(segment: 1, offset: 0), scripts: [])
        loader.shared.withLock { ($0.pictures, $0.journal) = ([picture], "a market of the test") }
    }

    private func post(_ input: Input, _ script: LoadedScript?) {
        let loader = state.withLock { state in
            state.posted.append(input)
            return state.loader
        }
        guard case .swap(let script, let terms, let inShadow) = input else { return }
        let isNew = loader?.shared.withLock { $0.versions[script.name] == nil } ?? false
        loader?.hear([
            isNew
                ? .joined(
                    owner: script.name, version: script.version, inShadow: inShadow,
                    probation: inShadow ? 0 : terms.entries)
                : .replaced(
                    owner: script.name, version: script.version, probation: terms.entries, keeps: nil)
        ])
        swapped.signal()
    }

    /// Waits until something is reported.
    func waitReport() -> Bool { reported.wait(timeout: .now() + .seconds(30)) == .success }
    /// Waits until a version goes to the desk.
    func waitSwap() -> Bool { swapped.wait(timeout: .now() + .seconds(30)) == .success }

    /// Asks as an operator would.
    func ask(_ order: ScriptLoader.Order, _ name: String) -> Answer {
        let answer = Answer()
        loader.ask(order, name) { answer.give($0) }
        return answer
    }

    func version(_ name: String, _ text: String) throws -> String {
        try Sample.maker.make(ScriptPackage(name: name, source: Array(text.utf8), library: [])).contract
            .version
    }
}

/// What an operator is told, as late as it may come.
final class Answer: Sendable {
    private let result = Mutex<Result<String, ScriptReport>?>(nil)
    private let given = DispatchSemaphore(value: 0)

    func give(_ answer: Result<String, ScriptReport>) {
        result.withLock { $0 = answer }
        given.signal()
    }

    var isGiven: Bool { result.withLock { $0 != nil } }

    /// - Returns: the answer's text and whether it was done; `nil` when none came.
    func wait(seconds: Int = 60) -> (done: Bool, text: String)? {
        guard given.wait(timeout: .now() + .seconds(seconds)) == .success else { return nil }
        return switch result.withLock({ $0 }) {
        case .success(let text)?: (true, text)
        case .failure(let report)?: (false, report.description)
        case nil: nil
        }
    }
}

/// Something that one thread tells another.
final class AtomicFlag: Sendable {
    private let isSet = Atomic(false)
    var value: Bool { isSet.load(ordering: .acquiring) }
    func set() { isSet.store(true, ordering: .releasing) }
}

/// A market in which nothing happens but time, until it is told to end.
final class EndlessMarket: MarketSource, Sendable {
    private let now: Mutex<Timestamp>
    private let isOver = Atomic(false)
    private let begun = DispatchSemaphore(value: 0)
    private let isBegun = Atomic(false)

    init() { now = Mutex(GeneratedMarket(seconds: 0).picture.now) }

    func next() throws(JournalFault) -> (now: Timestamp, events: [Event])? {
        if !isBegun.exchange(true, ordering: .relaxed) { begun.signal() }
        if isOver.load(ordering: .relaxed) { return nil }
        let now = now.withLock { now in
            now = now + TimeSpan(microseconds: 1)
            return now
        }
        return (now, [.timer])
    }

    /// Waits until somebody looks.
    func waitBegun() -> Bool { begun.wait(timeout: .now() + .seconds(60)) == .success }
    func end() { isOver.store(true, ordering: .relaxed) }
}
