import Core
import Foundation
import Synchronization
import Testing
import Venue

@testable import Host
@testable import Records

/// Somebody who moves money of the account while a run goes on: 50 come, 20 are on their way out and leave.
private final class Owner: Sendable {
    private struct State {
        var venue: VenueServer?
        var began: Timestamp?
        var isDone = false, hasEnded = false
    }
    private let state = Mutex(State())

    func knows(_ venue: VenueServer) { state.withLock { $0.venue = venue } }
    var isDone: Bool { state.withLock { $0.isDone } }

    func look(_ standing: Standing) {
        guard standing.isReady, standing.counters.fills > 0 else { return }
        state.withLock { state in
            guard let began = state.began else {
                state.began = standing.now
                state.venue?.transfer(.deposit, Money(50), .usdc)
                state.venue?.transfer(.withdrawal, Money(20), .usdc, confirms: false)
                return
            }
            if standing.now - began > .seconds(45), !state.hasEnded {
                state.hasEnded = true
                state.venue?.endTransfers(well: true)
            }
            state.isDone = standing.now - began > .seconds(80)
        }
    }
}

@Suite(.serialized) struct `A run whose owner deposits and withdraws` {
    @Test(.timeLimit(.minutes(3)))
    func `books both as transfers, agrees with the venue, and is repeated and rebuilt by its journal`() throws
    {
        let place = try TemporaryFolder()
        let owner = Owner()
        let run = try demoRun(
            place, until: { _ in owner.isDone }, hear: { owner.look($1) },
            before: { $0.onVenue = owner.knows })
        #expect(run.summary["venue_matches"] as? Bool == true, "\(run.summary["venue_differences"] ?? "")")
        #expect((run.summary["ledger_sum"] as? [String: String] ?? [:]).values.allSatisfy { $0 == "0" })
        let net = try #require((run.summary["net_pnl_usd"] as? String).flatMap { Money($0) })
        #expect(net.magnitude < Money(15), "no profit: \(net)")

        let file = run.path + "/records.sqlite"
        let all = try column(
            file, .postings, "cause", "owner", "account", "against", "asset", "amount", "reference")
        let moved = all.filter { $0[0] == "transfer" && $0[2] == "outside" }
        #expect(
            moved.map { Array($0[1...5]) } == [
                ["house", "outside", "venue", "USDC", "-50"], ["house", "outside", "venue", "USDC", "20"],
            ])
        #expect(moved.map { $0[6].split(separator: "/").first } == ["deposit", "withdrawal"])
        let replay = try Replay.play(run.path)
        #expect(replay.differences == [])
        let ledger = replay.street.engine.ledger
        #expect(ledger.balance(Account(Account.house, .outside), .usdc) == Money(-30))

        let kept = run.path + "/kept.sqlite"
        try FileManager.default.moveItem(atPath: file, toPath: kept)
        _ = try Rebuild(run: RunFolder(run.path, data: "")).make()
        #expect(try rows(file, .postings) == rows(kept, .postings))
    }
}
