import Core
import Foundation
import Journal
import LuaBridge
import Records
import Wire

@testable import Host

/// A demo run that a test edits and gives orders to, as a person would.
final class Rehearsed: @unchecked Sendable {
    // Unchecked: `standing` is touched under `changed`, the rest by the test's own thread.
    let folder: TemporaryFolder
    let run: HostRun
    private let changed = NSCondition()
    private var standing: Standing?
    private let ended = DispatchSemaphore(value: 0)
    private(set) var code: Int32 = -1

    /// - Parameters:
    ///   - wall: the limit of a call by the wall clock.
    ///   - segmentBytes: after so much a new segment states what the run has become, for a replay to compare.
    init(
        _ files: [String: String], policy: ReloadPolicy, wall: TimeSpan? = nil,
        segmentBytes: Int = 256 << 20, _ change: (inout Configuration) -> Void = { _ in }
    ) throws {
        folder = try TemporaryFolder()
        for (name, text) in files { try folder.write("strategies/\(name).lua", text) }
        var configuration = Configuration()
        configuration.data = folder.path + "/data"
        configuration.console = nil
        configuration.strategies = folder.path + "/strategies"
        (configuration.reloadPolicy, configuration.rehearsalMinutes) = (policy, 1)
        if let wall { configuration.script.wall = wall }
        change(&configuration)
        var plan = RunPlan(configuration: configuration)
        (plan.seed, plan.speed, plan.seconds, plan.isSilent) = (7, 10, 120, true)
        plan.segmentBytes = segmentBytes
        run = try HostRun(plan)
        run.onStanding = { [self] now in
            changed.lock()
            standing = now
            changed.broadcast()
            changed.unlock()
        }
        let thread = Thread { [self] in
            code = (try? run.run()) ?? -2
            ended.signal()
        }
        thread.stackSize = 16 << 20
        thread.start()
    }

    /// Waits until the desk shows this; it says how it stands several times a second.
    func wait(_ what: String, _ holds: (Standing) -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: 90)
        changed.lock()
        defer { changed.unlock() }
        while true {
            if let standing, holds(standing) { return }
            guard changed.wait(until: deadline) else { break }
        }
        throw StartFault("waited in vain: \(what)\n\(log.suffix(3_000))")
    }

    func script(_ name: String, _ holds: @escaping (ScriptStanding) -> Bool) -> (Standing) -> Bool {
        { $0.scripts.contains { $0.name == name && holds($0) } }
    }

    /// How often the log says that.
    func count(_ text: String) -> Int { log.components(separatedBy: text).count - 1 }

    func calls(_ name: String) -> Int {
        changed.lock()
        defer { changed.unlock() }
        return standing?.scripts.first { $0.name == name }?.calls ?? 0
    }

    func write(_ name: String, _ text: String) throws { try folder.write("strategies/\(name).lua", text) }

    /// `neap WORD NAME`.
    func order(_ word: String, _ name: String) throws -> (status: Int, text: String) {
        let answer = try ControlClient(data: run.folder.path).ask(.post, "/\(word)/\(name)")
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    func status() throws -> String {
        String(decoding: try ControlClient(data: run.folder.path).ask(.get, "/status").body, as: UTF8.self)
    }

    func end() {
        guard !isOver else { return }
        isOver = true
        run.end()
        ended.wait()
    }
    private var isOver = false

    var log: String {
        (try? String(contentsOfFile: run.folder.path + "/arbitrage.log", encoding: .utf8)) ?? ""
    }

    var steps: [String] { allSteps.map(\.step) }

    /// Of all versions of the script `one`.
    var allSteps: [(version: String, step: String, detail: String)] {
        let book = try? RecordBook(path: run.folder.path + "/records.sqlite")
        return (try? book?.steps(of: "one")) ?? []
    }

    /// `neap WORD…` as a person would type it.
    func neap(_ words: String...) throws -> (code: Int32, complaint: String, output: String) {
        let process = Process()
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appending(path: "neap")
        process.arguments = words + ["--data", run.folder.path]
        let complaints = Pipe(), output = Pipe()
        (process.standardError, process.standardOutput) = (complaints, output)
        try process.run()
        // A pipe holds more than either of the two is.
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        let text = try complaints.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text, as: UTF8.self),
            String(decoding: said, as: UTF8.self)
        )
    }
}

/// A script that enters from this gross on; `more` stands in front of the decision.
func entering(at least: String, _ more: String = "", name: String = "one") -> String {
    """
    -- Enters at \(least).
    local S = { api = 1, name = "\(name)", state = { calls = 0 } }
    function S.score(o, p)
      S.state.calls = S.state.calls + 1
      \(more)
      if o.gross_pct < \(least) then return nil, "small" end
      return 0.9, o.size_usd
    end
    return S
    """
}

extension Rehearsed {
    /// A moment of the run's clock so many seconds from now, as milliseconds.
    func fuse(seconds: Int64) -> Int64 {
        changed.lock()
        defer { changed.unlock() }
        return (standing?.now.milliseconds ?? 0) + seconds * 1000
    }
}
