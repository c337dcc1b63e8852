import Core
import Foundation
import Journal
import LuaBridge
import Records
import Testing
import Wire

@testable import Host

/// A demo run that a test edits and gives orders to, as a person would.
private final class Rehearsed: @unchecked Sendable {
    // Unchecked: `standing` is touched under `changed`, the rest by the test's own thread.
    let folder: TemporaryFolder
    let run: HostRun
    private let changed = NSCondition()
    private var standing: Standing?
    private let ended = DispatchSemaphore(value: 0)
    private(set) var code: Int32 = -1

    init(_ files: [String: String], policy: ReloadPolicy, wall: TimeSpan? = nil) throws {
        folder = try TemporaryFolder()
        for (name, text) in files { try folder.write("strategies/\(name).lua", text) }
        var configuration = Configuration()
        configuration.data = folder.path + "/data"
        configuration.console = nil
        configuration.strategies = folder.path + "/strategies"
        (configuration.reloadPolicy, configuration.rehearsalMinutes) = (policy, 1)
        if let wall { configuration.script.wall = wall }
        var plan = RunPlan(configuration: configuration)
        (plan.seed, plan.speed, plan.seconds, plan.isSilent) = (7, 10, 120, true)
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

    var steps: [String] {
        let book = try? RecordBook(path: run.folder.path + "/records.sqlite")
        return ((try? book?.steps(of: "one")) ?? []).map { $0.step }
    }
}

/// A script that enters from this gross on; `more` stands in front of the decision.
private func entering(at least: String, _ more: String = "", name: String = "one") -> String {
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

@Suite(.serialized) struct `A strategy on a running host` {
    @Test(.timeLimit(.minutes(3)))
    func `takes over by itself under auto, is taken back at its first fault, and is not tried again`() throws
    {
        let host = try Rehearsed(["one": entering(at: "9")], policy: .auto)
        defer { host.end() }
        try host.wait("calls", host.script("one") { $0.calls > 20 })
        // Faults only once it has been called more often than any rehearsal of now can.
        let faulty = entering(at: "8.5", "if o.now_ms > \(host.fuse(seconds: 30)) then error(\"late\") end")
        try host.write("one", faulty)
        try host.wait("active", host.script("one") { $0.reloads == 1 && $0.probationLeft != nil })
        #expect(host.log.contains("would enter"), "the diff is shown")
        try host.wait("rolled back", host.script("one") { $0.rollbacks == 1 })
        #expect(host.log.contains("one.lua:5: late"))
        try host.write("one", entering(at: "8"))
        try host.wait("the next version", host.script("one") { $0.reloads == 2 })
        try host.write("one", faulty)
        try host.wait("told") { _ in host.log.contains("was refused before") }
        host.end()
        #expect(
            host.steps.filter { ["active", "rolled back"].contains($0) } == [
                "active", "active", "rolled back", "active", "active",
            ])
        #expect(try Replay.play(host.run.folder.path).differences == [])
    }

    @Test(.timeLimit(.minutes(3)))
    func `is taken back by the wall clock, which a replay is told`() throws {
        let host = try Rehearsed(
            ["one": entering(at: "9")], policy: .auto, wall: TimeSpan(microseconds: 300))
        defer { host.end() }
        try host.wait("calls", host.script("one") { $0.calls > 20 })
        let slow = "if o.now_ms > \(host.fuse(seconds: 30)) then for i = 1, 45000 do S.state.i = i end end"
        try host.write("one", entering(at: "8.5", slow))
        try host.wait("rolled back", host.script("one") { $0.rollbacks == 1 })
        #expect(host.log.contains("took too long"))
        host.end()
        #expect(try Replay.play(host.run.folder.path).differences == [])
    }

    @Test(.timeLimit(.minutes(3)))
    func `waits in the shadow until it is promoted, and goes back one step by hand`() throws {
        let host = try Rehearsed(["one": entering(at: "9")], policy: .shadow)
        defer { host.end() }
        try host.wait("calls", host.script("one") { $0.calls > 20 })
        #expect(try host.order("promote", "one").status == 409, "nothing waits")
        #expect(try host.order("rollback", "one").text.contains("no earlier version"))
        try host.write("one", entering(at: "0.1"))
        try host.wait("shadow") { _ in (try? host.status().contains("\"fate\":\"shadow\"")) ?? false }
        try host.wait("a shadow's round") { _ in
            (try? host.status().contains(/"shadow":\[\{[^\]]*"entries":[1-9]/)) ?? false
        }
        try host.wait("the running version alone trades", host.script("one") { $0.entries == 0 })
        #expect(try host.order("promote", "one").status == 200)
        try host.wait("active", host.script("one") { $0.reloads == 1 })
        #expect(try host.order("rollback", "one").status == 200)
        try host.wait("back", host.script("one") { $0.rollbacks == 1 })
        #expect(try host.order("rollback", "one").status == 409, "one step")
        host.end()
        #expect(host.code == 0)
        #expect(try Replay.play(host.run.folder.path).differences == [])
    }

    @Test(.timeLimit(.minutes(3)))
    func `joins, leaves, comes back, and shows what is wrong with its neighbours once`() throws {
        let host = try Rehearsed(["one": entering(at: "9")], policy: .auto)
        defer { host.end() }
        try host.wait("calls", host.script("one") { $0.calls > 20 })
        try host.write("two", entering(at: "9", name: "two"))
        try host.wait("joined", host.script("two") { $0.calls > 0 })
        try FileManager.default.removeItem(atPath: host.folder.path + "/strategies/one.lua")
        try host.wait("gone", host.script("one") { $0.state == "missing" })
        try host.write("one", entering(at: "9"))
        try host.wait("back", host.script("one") { $0.state == "active" })

        let bad: [(String, String)] = [
            ("three", "local S = {"), ("four", entering(at: "nil", name: "four")), ("five", "return 7"),
        ]
        for (name, text) in bad { try host.write(name, text) }
        try host.wait("told") { _ in bad.allSatisfy { host.log.contains("Script \($0.0).lua") } }
        try host.folder.write("strategies/large.lua", String(repeating: "-", count: 10 << 20))
        symlink("/etc/passwd", host.folder.path + "/strategies/link.lua")
        mkdir(host.folder.path + "/strategies/folder.lua", 0o700)
        mkfifo(host.folder.path + "/strategies/pipe.lua", 0o600)
        try Data([0x2D, 0x2D, 0xFF, 0xFE]).write(
            to: URL(filePath: host.folder.path + "/strategies/bytes.lua"))
        try host.wait("told of odd files") { _ in
            ["larger than 64 KiB", "symbolic link", "not a regular file", "not UTF-8"].allSatisfy {
                host.log.contains($0)
            }
        }
        host.end()
        #expect(host.log.components(separatedBy: "symbolic link").count == 2, "once")
        #expect(host.log.components(separatedBy: "Script three.lua").count == 2, "once")
        #expect(try Replay.play(host.run.folder.path).differences == [])
    }
}

extension Rehearsed {
    /// A moment of the run's clock so many seconds from now, as milliseconds.
    fileprivate func fuse(seconds: Int64) -> Int64 {
        changed.lock()
        defer { changed.unlock() }
        return (standing?.now.milliseconds ?? 0) + seconds * 1000
    }
}
