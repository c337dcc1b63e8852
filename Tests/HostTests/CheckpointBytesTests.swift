import Core
import Journal
import Testing

@Suite struct `A checkpoint as bytes` {
    private var checkpoint: Checkpoint {
        var kept = Engine(instruments: [], pairs: [], limits: RiskLimits()).checkpoint()
        kept.markets = [
            Checkpoint.Market(
                base: "SOL", losingRounds: 2, heldDay: 20_700,
                hedgeRetries: [Timestamp(microseconds: 1), Timestamp(microseconds: 2)]),
            Checkpoint.Market(base: "BTC", losingRounds: 0, heldDay: nil),
        ]
        kept.scripts = [
            Checkpoint.Script(
                name: "a", version: "1", state: .reduceOnly, stopped: nil, profit: ProfitAndLoss(),
                dayStart: Money(-3), entries: 4, exits: 3, rounds: 3, takes: TakeCount(orders: 17, fills: 5))
        ]
        kept.transfers = [
            Checkpoint.Transferred(
                kind: .deposit, id: 7, asset: "USDC", booked: Money(50), fee: .zero,
                at: Timestamp(milliseconds: 1_790_000_000_000), isOver: true),
            Checkpoint.Transferred(
                kind: .withdrawal, id: .max, asset: "SOL", booked: nil, fee: Money(1),
                at: Timestamp(microseconds: 0), isOver: false),
        ]
        kept.followed = [Checkpoint.Settled(symbol: "USDC", until: Timestamp(microseconds: 5))]
        return kept
    }

    @Test func `brings every count and latch back`() throws {
        #expect(try CheckpointBytes.read(CheckpointBytes.write(checkpoint)) == checkpoint)
    }

    @Test func `cut anywhere, or longer, is refused`() {
        let bytes = CheckpointBytes.write(checkpoint)
        for length in 0..<bytes.count {
            #expect(throws: JournalFault.self) { try CheckpointBytes.read(Array(bytes.prefix(length))) }
        }
        #expect(throws: JournalFault.self) { try CheckpointBytes.read(bytes + [0]) }
    }
}
