import Core
import Foundation
import GRDB
import Glibc
import Testing

@testable import Host
@testable import Journal
@testable import Records

/// What the log of a run says, and how often.
private func count(_ path: String, _ text: String) throws -> Int {
    try String(contentsOfFile: path + "/arbitrage.log", encoding: .utf8).components(separatedBy: text).count
        - 1
}

/// The run in steps, each of which waits for something of the desk's standing and then does something.
private final class Steps {
    private var steps: [(name: String, holds: (Standing) -> Bool, act: (HostRun, Standing) throws -> Void)] =
        []
    private(set) var done: [String] = []

    func when(
        _ name: String, _ holds: @escaping (Standing) -> Bool,
        _ act: @escaping (HostRun, Standing) throws -> Void = { _, _ in }
    ) { steps.append((name, holds, act)) }

    func look(_ run: HostRun, _ standing: Standing) {
        guard done.count < steps.count, steps[done.count].holds(standing) else { return }
        do { try steps[done.count].act(run, standing) } catch { Issue.record(error) }
        done.append(steps[done.count].name)
        if done.count == steps.count { run.end() }
    }

    var left: [String] { steps.dropFirst(done.count).map(\.name) }
}

/// A connection of somebody else's that holds the database as long as it likes.
private func locked(_ path: String) throws -> DatabaseQueue {
    var configuration = GRDB.Configuration()
    configuration.allowsUnsafeTransactions = true
    configuration.busyMode = .timeout(10)
    let queue = try DatabaseQueue(path: path + "/records.sqlite", configuration: configuration)
    try queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
    return queue
}

private func refusals(_ standing: Standing) -> Int { standing.counters.reasons[.notRecorded] }

@Suite(.serialized) struct `A run whose records cannot be written` {
    /// Nothing differs in a replay, the hold and its end included.
    private func expectRepeats(_ path: String) throws {
        let replay = try Replay.play(path)
        #expect(replay.differenceCount == 0, "\(replay.differences.map(\.text))")
    }

    @Test(.timeLimit(.minutes(3)))
    func `enters nothing while another program locks them, hedges, and goes on by itself with every row`()
        throws
    {
        let place = try TemporaryFolder(), steps = Steps()
        var other: DatabaseQueue?
        var entries = 0, until = Timestamp(microseconds: 0), shown = ""
        steps.when("a leg is filled") {
            $0.counters.fills > 0
        } _: { run, _ in
            other = try locked(run.folder.path)
        }
        steps.when("held") {
            $0.recordsFault != nil
        } _: { run, now in
            (entries, until) = (now.counters.entries, now.now + .seconds(50))
            shown = now.json(mode: "demo", seconds: 0)
        }
        steps.when("nothing is entered") {
            $0.now >= until && refusals($0) > 0 && $0.isQuiet
        } _: { run, now in
            #expect(now.counters.entries == entries)
            #expect(now.recordsFault?.contains("database is locked") == true)
            for word in ["/resume", "/resume/spot_perp_arb"] {
                let answer = try ControlClient(data: run.folder.path).ask(.post, word)
                let text = String(decoding: answer.body, as: UTF8.self)
                #expect(text.contains("Entries are still held") && text.contains("until it can be written"))
            }
            try other?.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        }
        steps.when("entries go on") { $0.recordsFault == nil && $0.counters.entries > entries }
        let run = try demoRun(place, until: { _ in false }, hear: steps.look)
        #expect(steps.left == [])
        #expect(shown.contains("\"records_fault\":\"records.sqlite cannot be written: database is locked"))
        #expect(run.summary["venue_matches"] as? Bool == true)
        #expect(try count(run.path, "Entries are held until it can be written") == 1)
        #expect(try count(run.path, "The records are written again") == 1)
        let file = run.path + "/records.sqlite"
        #expect(try rows(file, .fills).count == run.summary["fills"] as? Int)
        #expect(try rows(file, .orders).count == run.summary["orders_sent"] as? Int)
        #expect(try column(file, .alerts, "text").count { $0[0].contains("Entries are held") } == 1)
        try expectRepeats(run.path)
    }

    @Test(.timeLimit(.minutes(3)))
    func `because they are damaged meanwhile enters nothing until its next start`() throws {
        let place = try TemporaryFolder(), steps = Steps()
        var entries = 0, until = Timestamp(microseconds: 0)
        steps.when("a leg is filled") {
            $0.counters.fills > 0
        } _: { run, _ in
            let path = run.folder.path + "/records.sqlite"
            // All of it is in the file, and in nobody's memory.
            try DatabaseQueue(path: path).writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                try $0.execute(sql: "PRAGMA user_version = 3")
                try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
            let file = try FileHandle(forUpdating: URL(filePath: path))
            let bytes = try file.seekToEnd()
            try file.seek(toOffset: 4096)
            try file.write(contentsOf: Data(repeating: 0x5A, count: Int(bytes) - 4096))
            try file.close()
        }
        steps.when("held") {
            $0.recordsFault?.contains("damaged") == true
        } _: { _, now in
            (entries, until) = (now.counters.entries, now.now + .seconds(50))
        }
        steps.when("nothing is entered") {
            $0.now >= until && refusals($0) > 0 && $0.isQuiet
        } _: { _, now in
            #expect(now.counters.entries == entries)
        }
        let run = try demoRun(place, until: { _ in false }, hear: steps.look)
        #expect(steps.left == [])
        #expect(run.summary["venue_matches"] as? Bool == true)
        #expect(try count(run.path, "Entries are held until this host is started anew") == 1)
        try expectRepeats(run.path)
        _ = try Rebuild(run: RunFolder(run.path, data: "")).make()
        #expect(try rows(run.path + "/records.sqlite", .fills).count == run.summary["fills"] as? Int)
    }

    @Test(.timeLimit(.minutes(3)))
    func `because they were damaged begins new ones with one alert, and trades when those are written`()
        throws
    {
        let place = try TemporaryFolder()
        let run = try demoRun(
            place, until: { $0.fills >= 2 },
            before: { run in
                try? Data(repeating: 9, count: 5000).write(
                    to: URL(filePath: run.folder.path + "/records.sqlite"))
            })
        let file = run.path + "/records.sqlite"
        #expect(run.summary["fills"] as? Int ?? 0 > 0)
        #expect(run.summary["venue_matches"] as? Bool == true)
        #expect(try rows(file, .fills).count == run.summary["fills"] as? Int)
        let alerts = try column(file, .alerts, "text").flatMap { $0 }.filter { $0.contains("damaged") }
        #expect(alerts.count == 1)
        #expect(alerts.first?.contains("neap rebuild \(run.path)") == true)
        #expect(try count(run.path, "was damaged") == 1)
        #expect(try count(run.path, "The records are written again") == 1)
        #expect(DataFolder.names(in: run.path).count { $0.hasPrefix("records.sqlite.damaged-") } == 1)
        try expectRepeats(run.path)
    }

    @Test(.timeLimit(.minutes(3)))
    func `because they cannot be opened enters nothing and says so once`() throws {
        let place = try TemporaryFolder(), steps = Steps()
        var until = Timestamp(microseconds: .max)
        steps.when("held") {
            $0.recordsFault != nil && $0.isReady
        } _: { _, now in
            until = now.now + .seconds(60)
        }
        steps.when("opportunities are refused") { $0.now >= until && refusals($0) > 0 }
        let run = try demoRun(
            place, until: { _ in false }, hear: steps.look,
            before: { run in
                try? FileManager.default.createDirectory(
                    atPath: run.folder.path + "/records.sqlite", withIntermediateDirectories: true)
            })
        #expect(steps.left == [])
        #expect(run.summary["orders_sent"] as? Int == 0 && run.summary["fills"] as? Int == 0)
        let reasons = run.summary["evaluations_by_reason"] as? [String: Int]
        #expect(reasons?["not_recorded"] ?? 0 > 0)
        let log = try String(contentsOfFile: run.path + "/arbitrage.log", encoding: .utf8)
        let lines = log.split(separator: "\n").filter { $0.contains("records.sqlite") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("until this host is started anew") == true)
        #expect(lines.first?.contains("neap rebuild") == true)
        try expectRepeats(run.path)
    }

    /// Every write to a file that this process has open fails from now on as on a full disk.
    private func fill(_ path: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            guard link == path, let place = Int32(name) else { continue }
            let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
            #expect(dup2(full, place) == place)
            close(full)
            return
        }
        throw StartFault("\(path) is not open")
    }

    @Test(.timeLimit(.minutes(3)))
    func `and whose journal meets a full disk with a leg open halts once, hedges it and enters nothing`()
        throws
    {
        let place = try TemporaryFolder(), steps = Steps()
        var entries = 0, until = Timestamp(microseconds: 0)
        steps.when("something is going on") {
            $0.counters.fills > 0 && !$0.isQuiet
        } _: { run, _ in
            try fill(run.folder.path + "/journal/000001.neapj")
        }
        steps.when("halted") {
            $0.state == .halted
        } _: { _, now in
            (entries, until) = (now.counters.entries, now.now + .seconds(50))
        }
        steps.when("hedged or flat") {
            $0.isQuiet && $0.now >= until
        } _: { _, now in
            #expect(now.counters.entries == entries)
        }
        let run = try demoRun(place, until: { _ in false }, hear: steps.look)
        #expect(steps.left == [])
        #expect(run.summary["venue_matches"] as? Bool == true)
        #expect(try count(run.path, "the journal cannot be written: ") == 1)
        #expect(try count(run.path, "No space left on device") == 1)
        #expect(try count(run.path, "State halted: the journal cannot be written") == 1)
        #expect(try count(run.path, "NOT HEDGED") == 0)
    }
}
