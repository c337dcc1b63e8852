import Core
import Foundation
import Host
import Journal
import LuaBridge
import Synchronization

/// A saved file to the posted swap, with fifteen minutes of five pairs to rehearse: the loader of a host, on
/// its own thread, asked as `neap reload` asks it.
struct ReloadBench {
    let scratch: String
    static let minutes: Int64 = 15, runs = 5
    static let maker = ScriptMaker(limits: ScriptLimits(), bindings: [:])

    func run(_ source: [UInt8], name: String) throws {
        let folder = scratch + "/strategies"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = URL(fileURLWithPath: "\(folder)/\(name).lua")
        try Data(source).write(to: file)
        let market = FrameMarket()
        let running = try Self.maker.make(ScriptPackage(name: name, source: source, library: []))
        let recording = try RecordingStreet(market, [running], journal: scratch + "/journal")
        // A host that has been running for longer: its books are whole when the stretch begins.
        recording.play(market, until: FrameMarket.start + .seconds(10))
        let picture = recording.street.picture(at: market.now, recording.writer.position)
        let before = (recording.inputs, recording.frames)
        recording.play(market, until: market.now + .seconds(Self.minutes * 60))
        let frames = recording.frames - before.1
        print("  \(recording.inputs - before.0) inputs recorded, \(frames) of them frames")
        let watch = SwapWatch()
        let loader = ScriptLoader(
            setting(market, folder: folder, rehearsal: .seconds(Self.minutes * 60), watch))
        _ = try loader.load()
        loader.shared.withLock { ($0.pictures, $0.journal) = ([picture], scratch + "/journal") }
        loader.start()
        defer { loader.stop() }
        // The thread has looked at the folder once before anything is saved.
        for _ in 0..<2 { try? watch.wait { loader.ask(.reload, "nothing", watch.hear) } }
        var all: [Double] = []
        for run in 1...Self.runs {
            let edited = source + Array("\n-- edit \(run)\n".utf8)
            try Data(edited).write(to: file)
            let began = Measure.now()
            // The word comes well before the folder has been quiet for long enough to be looked at.
            try watch.wait { loader.ask(.reload, name, watch.hear) }
            let total = Self.milliseconds(began, watch.posted)
            let package = ScriptPackage(name: name, source: edited, library: [])
            let compile = try Self.time { _ = try Self.maker.make(package) }
            let dry = try Self.time {
                _ = try DryRun.check(package, Self.maker, state: StoredScript(running))
            }
            all.append(total)
            let rehearsal = total - compile - dry
            print(
                String(
                    format: "  run %d: %.0f ms; compile %.1f, dry run %.0f, rehearsal %.0f (%.0f frames/s)",
                    run, total, compile, dry, rehearsal, Double(frames) / rehearsal * 1000))
        }
        print(
            String(
                format: "  save (after the debounce) to swap, median: %.2f s", CallBench.median(all) / 1000))
    }

    private func setting(
        _ market: FrameMarket, folder: String, rehearsal: TimeSpan, _ watch: SwapWatch
    ) -> ScriptLoader.Setting {
        let now = market.now
        return ScriptLoader.Setting(
            folder: ScriptFolder(path: folder), maker: Self.maker, policy: .auto, rehearsal: rehearsal,
            probationEntries: 3, catalogue: market.catalogue,
            plan: PaperPlan(
                instruments: market.catalogue.instruments, pairs: market.pairs, limits: RiskLimits()),
            records: nil, now: { now }, post: { _, _ in watch.post() },
            report: { print("  \($0)") }, tell: { watch.tell($0) })
    }

    static func time(_ work: () throws -> Void) rethrows -> Double {
        let before = Measure.now()
        try work()
        return milliseconds(before, Measure.now())
    }

    static func milliseconds(_ from: Int64, _ to: Int64) -> Double { Double(to - from) / 1_000_000 }
}

/// Waits for a swap that another thread posts.
final class SwapWatch: Sendable {
    private let state = Mutex(
        (posted: Int64(0), answer: Result<String, ScriptReport>?.none, said: [String]()))
    var posted: Int64 { state.withLock(\.posted) }
    /// What the loader told last.
    var said: [String] { state.withLock(\.said) }

    func post() { state.withLock { $0.posted = Measure.now() } }
    func tell(_ line: String) { state.withLock { $0.said.append(line) } }
    func hear(_ answer: Result<String, ScriptReport>) { state.withLock { $0.answer = answer } }

    /// - Parameter posts: that a swap was posted is to be seen here as well.
    /// - Throws: why the version was refused.
    func wait(posts: Bool = true, _ ask: () -> Void) throws {
        state.withLock { $0 = (0, nil, []) }
        ask()
        while true {
            if let answer = state.withLock(\.answer) {
                _ = try answer.get()
                if posts, posted == 0 {
                    throw BenchFault(description: "no swap was posted: \(try answer.get())")
                }
                return
            }
            usleep(200)
        }
    }
}
