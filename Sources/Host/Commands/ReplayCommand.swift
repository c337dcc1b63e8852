import ArgumentParser
import Core
import Exchange
import Journal
import LuaBridge

/// `neap replay`.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Play a recorded run again, exactly.",
        discussion: """
            Without --verify it says what the run did. With it every command is compared with the \
            recorded one; the first differences are named by turn and field, and the exit code is 1.
            """)

    @Argument(
        help: "The folder of a run, its journal folder, or its first segment; of data/live the last run.")
    var journal: String
    @Flag(help: "Compare with what was recorded.")
    var verify = false
    @Flag(help: "One JSON object on standard output.")
    var json = false

    func run() throws {
        let replay: Replay
        do { replay = try Replay.play(journal) } catch {
            Terminal.complain("neap replay: \(error)")
            throw ExitCode(1)
        }
        json ? Terminal.say(object(replay)) : tell(replay)
        if verify, replay.differenceCount > 0 { throw ExitCode(1) }
    }

    private func tell(_ replay: Replay) {
        let counters = replay.street.engine.counters
        let end = replay.endedBy ?? "nothing: the process was killed"
        Terminal.say(
            "\(replay.turns) turns, \(replay.commands) commands, \(replay.segments) segments; mode "
                + "\(replay.header.mode), ended by \(end)")
        if replay.tornBytes > 0 {
            Terminal.say("The last record is cut short: \(replay.tornBytes) bytes are not used")
        }
        Terminal.say(
            "\(counters.rounds) rounds, \(counters.fills) fills, net "
                + "\(replay.street.engine.profitByCause.total) USD")
        guard verify else { return }
        for difference in replay.differences { Terminal.say(difference.text) }
        if replay.differenceCount > replay.differences.count {
            Terminal.say("and \(replay.differenceCount - replay.differences.count) more")
        }
        Terminal.say(
            replay.differenceCount == 0
                ? "The replay agrees with the record" : "The replay does not agree with the record")
    }

    private func object(_ replay: Replay) -> String {
        var json = JSONText(capacity: 4096)
        json.object { json in
            json.field("turns", Int64(replay.turns))
            json.field("commands", Int64(replay.commands))
            json.field("segments", Int64(replay.segments))
            json.field("ended_by", replay.endedBy)
            json.field("torn_bytes", Int64(replay.tornBytes))
            json.field("rounds", Int64(replay.street.engine.counters.rounds))
            json.field("net_pnl_usd", replay.street.engine.profitByCause.total.description)
            guard verify else { return }
            json.field("agrees", replay.differenceCount == 0)
            json.field("difference_count", Int64(replay.differenceCount))
            json.key("differences")
            json.array { json in
                for difference in replay.differences {
                    json.object { json in
                        json.field("turn", Int64(difference.turn))
                        json.field("place", difference.place)
                        json.field("field", difference.field)
                        json.field("recorded", difference.recorded)
                        json.field("replayed", difference.replayed)
                    }
                }
            }
        }
        return json.string
    }
}
