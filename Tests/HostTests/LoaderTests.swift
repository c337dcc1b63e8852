import Core
import Foundation
import Journal
import LuaBridge
import Records
import Testing
import Wire

@testable import Host

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
        // On a busy machine the fuse has burnt by then: what was taken back at a fault was on probation.
        try host.wait(
            "active", host.script("one") { $0.reloads == 1 && ($0.probationLeft != nil || $0.rollbacks == 1) }
        )
        #expect(host.log.contains("on probation for 3 entries"))
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
        // A library file that nobody includes: the shadow goes on. What comes after it in the folder is told
        // of then.
        try host.folder.write("strategies/lib/unrelated.lua", "return 1")
        try host.write("zed", "return {")
        try host.wait("looked") { _ in host.log.contains("zed.lua") }
        #expect(host.log.components(separatedBy: "decides in the shadow").count == 2, "once")
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
        try host.folder.write("strategies/lib/unrelated.lua", "return 1")
        try host.write("void", "")
        try host.wait("told of what is empty") { _ in host.log.contains("void.lua is empty: it does not run")
        }
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

    @Test(.timeLimit(.minutes(3)))
    func `that the clock ended halfway begins anew when it is armed again, and hands nothing on`() throws {
        // Far below its steps and far above the clock.
        let slow = "for i = 1, 20000 do S.state.i = i end"
        let host = try Rehearsed(
            ["one": entering(at: "9", "if S.state.calls == 40 then \(slow) end \(Self.tells)")],
            policy: .auto,
            wall: TimeSpan(microseconds: 100), segmentBytes: 128 << 10)
        defer { host.end() }
        try host.wait("stopped by the clock", host.script("one") { $0.state == "stopped" && $0.faults == 1 })
        #expect(host.log.contains("took too long"))
        #expect(try host.neap("rearm", "one").code == 0)
        // From its own beginning to its fortieth call once more.
        try host.wait("stopped again", host.script("one") { $0.state == "stopped" && $0.faults == 2 })
        try host.wait("it began anew") { _ in host.count("begins with 1") == 2 }

        try host.write("one", entering(at: "8", "\(Self.tells) -- next"))
        try host.wait("active", host.script("one") { $0.reloads == 1 && $0.calls > 80 })
        try host.wait("its own state") { _ in host.count("begins with 1") == 3 }

        // Ended by the clock in its first call, which is in the turn of the swap itself; slow in one call of
        // ten, so that a dry run finds it quick on average.
        let rarely = "if o.pair == \"SOL\" and o.direction == \"carry\" then \(slow) end"
        try host.write("one", entering(at: "7", rarely))
        try host.wait("rolled back", host.script("one") { $0.rollbacks == 1 })
        let calls = host.calls("one")
        try host.wait("a further segment", host.script("one") { $0.calls > calls + 500 })
        host.end()
        let replay = try Replay.play(host.run.folder.path)
        #expect(replay.segments >= 3)
        #expect(replay.differences == [])
    }

    private static let tells = """
        if not told then told = true log.info("begins with " .. S.state.calls) end
        """

    @Test(.timeLimit(.minutes(3)))
    func `whose desk refuses the new version says why to who asked, and keeps it on record`() throws {
        let host = try Rehearsed(["one": entering(at: "9")], policy: .auto)
        defer { host.end() }
        try host.wait("calls", host.script("one") { $0.calls > 20 })
        // The rehearsal begins from the state of a moment ago, which would have done.
        let next = entering(at: "8").replacing("api = 1", with: "api = 1, state_version = 2")
            .replacing(
                "return S",
                with:
                    "function S.migrate(s) if s.calls > 5 then error(\"too many\") end return s end return S")
        try host.write("one", next)
        try host.wait("refused") { _ in host.log.contains("too many") }
        try host.wait("the old one goes on", host.script("one") { $0.reloads == 0 && $0.state == "active" })
        #expect(host.count("too many") == 1, "one report")
        let steps = host.allSteps
        #expect(steps.suffix(2).map(\.step) == ["rehearsed", "refused"])
        #expect(
            steps.last?.detail.contains("one.lua:9: migrate: too many") == true, "\(steps.last?.detail ?? "")"
        )

        let answer = try host.neap("reload", "one")
        #expect(answer.code == 1 && answer.complaint.contains("too many"), "\(answer)")
        host.end()
        #expect(try Replay.play(host.run.folder.path).differences == [])
    }

    @Test(.timeLimit(.minutes(3)))
    func `whose state cannot be handed over stays until a person begins anew`() throws {
        let spoiled = "if S.state.calls == 30 then S.state.hook = function() end end"
        let host = try Rehearsed(
            ["one": entering(at: "9", spoiled)], policy: .auto, segmentBytes: 128 << 10)
        defer { host.end() }
        try host.wait("spoiled", host.script("one") { $0.calls > 40 })
        try host.write("one", entering(at: "8", Self.tells))
        try host.wait("refused") { _ in host.log.contains("`neap reload one --fresh` begins with") }
        #expect(host.log.contains("state.hook cannot be kept"))
        let plain = try host.neap("reload", "one")
        #expect(plain.code == 1 && plain.complaint.contains("--fresh"), "\(plain)")
        try host.wait("the old one goes on", host.script("one") { $0.reloads == 0 && $0.state == "active" })

        let fresh = try host.neap("reload", "one", "--fresh")
        #expect(fresh.code == 0, "\(fresh)")
        try host.wait("active", host.script("one") { $0.reloads == 1 })
        try host.wait("with its own state") { _ in host.count("begins with 1") == 1 }

        // The running version once more: nothing of what it kept is left, and it is no other version.
        let version = host.allSteps.last?.version
        #expect(try host.neap("reload", "one", "--fresh").code == 0)
        try host.wait("active again", host.script("one") { $0.reloads == 2 })
        try host.wait("with its own state") { _ in host.count("begins with 1") == 2 }
        let calls = host.calls("one")
        try host.wait("a further segment", host.script("one") { $0.calls > calls + 300 })
        #expect(host.allSteps.last?.version == version)
        host.end()
        let replay = try Replay.play(host.run.folder.path)
        #expect(replay.segments >= 3 && replay.differences == [])
    }
}
