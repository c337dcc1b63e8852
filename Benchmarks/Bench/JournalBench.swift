import Core
import Exchange
import Foundation
import Host
import Journal
import Simulator
import Synchronization

/// What the desk does for its journal: inputs gather in memory, every 10 ms they are given to the kernel, and
/// the commands of a turn with the checkpoint behind them before one of them leaves. Once on a quiet disk,
/// once while another thread writes and syncs a large file in the same folder.
struct JournalBench {
    let scratch: String
    static let seconds = 10

    func run() throws {
        for isBusy in [false, true] {
            print(isBusy ? " while another thread writes and syncs beside it:" : " on a quiet disk:")
            for holdings in [1, 5, 20] {
                let folder = scratch + "/journal-\(isBusy)-\(holdings)"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                let load = isBusy ? DiskLoad(folder + "/load") : nil
                try measure(holdings, folder)
                load?.stop()
                try FileManager.default.removeItem(atPath: folder)
            }
        }
    }

    private func measure(_ holdings: Int, _ folder: String) throws {
        let desk = BenchDesk(holdings)
        // Small segments, so that several follow each other.
        let writer = JournalWriter(folder: folder, segmentBytes: 4 << 20)
        let header = SegmentHeader(
            number: 0, mode: "live", settings: [], markets: [UInt8](repeating: 32, count: 40_000), bases: [],
            scripts: [], standing: [])
        writer.begin(header)
        var inputs = Measure(), ticks = Measure(), commands = Measure(), segments = Measure()
        let frame = Input.frame(.publicStream, desk.frame)
        for turn in 0..<Self.seconds * 1000 {
            // The desk sleeps between two frames, and what it runs leaves the cache.
            usleep(1000)
            let start = Measure.now()
            writer.append(.input(frame, at: Timestamp(microseconds: Int64(turn))))
            inputs.add(Measure.now() - start)
            if turn % 10 == 9 {
                let start = Measure.now()
                writer.flush()
                ticks.add(Measure.now() - start)
            }
            if turn % 20 == 14 {
                let start = Measure.now()
                writer.append(.commands(desk.commands))
                writer.append(.checkpoint(CheckpointBytes.write(desk.engine.checkpoint())))
                writer.flush()
                commands.add(Measure.now() - start)
            }
            if writer.wantsSegment {
                let start = Measure.now()
                writer.begin(header)
                segments.add(Measure.now() - start)
            }
        }
        writer.close("time")
        if let fault = writer.fault { throw BenchFault(description: "\(fault)") }
        let bytes = CheckpointBytes.write(desk.engine.checkpoint()).count
        if holdings == 1 {
            print(line(inputs, "a frame's record, in memory"))
            print(line(ticks, "ten frames to the kernel, each 10 ms"))
        }
        print(line(commands, "two orders and a checkpoint of \(holdings) open pairs (\(bytes) B)"))
        if holdings == 20 { print(line(segments, "the next segment begun")) }
    }

    private func line(_ measure: Measure, _ name: String) -> String {
        measure.line(name) + String(format: ", longest %.0f µs", measure.longest)
    }
}

/// An engine that holds so many pairs and remembers as many orders as a checkpoint keeps.
private struct BenchDesk {
    let engine: Engine
    let commands: [[CommandText.Field]]
    let frame: [UInt8]

    init(_ holdings: Int) {
        let instruments = MarketFigures.all.enumerated().compactMap { $1.instrument(InstrumentID($0)) }
        let catalogue = Catalogue(instruments)
        let bases = ["SOL", "BTC", "ETH", "SUI", "JUP"]
        let pairs = catalogue.pairs(bases).pairs
        let now = Timestamp(microseconds: 1_764_120_000_000_000)
        var kept = Engine(instruments: instruments, pairs: pairs, limits: RiskLimits()).checkpoint()
        (kept.at, kept.openedAt) = (now, now)
        for number in 0..<holdings {
            let pair = pairs[number % pairs.count], owner = "strategy_\(number / pairs.count)"
            var holding = Holding(pair: pair.id, owner: owner, slot: number / pairs.count)
            (holding.state, holding.openedAt, holding.entriesMade) = (.open, now, 1)
            holding.version = String(repeating: "a", count: 64)
            holding.perp = Quantity(raw: -101_000_000)
            (holding.coins, holding.spotGross) = (Money(raw: 1_010_000_000_000), Quantity(raw: 101_000_000))
            kept.holdings.append(Checkpoint.Held(base: pair.base.symbol, holding: holding))
            for name in AccountName.allCases {
                for asset in number % pairs.count == 0 ? [pair.base, Asset.usdc] : [pair.base] {
                    kept.ledger.append(
                        Ledger.Row(account: Account(owner, name), asset: asset, balance: Money(number + 1)))
                }
            }
        }
        kept.orders = (0..<64).map { number in
            let pair = pairs[number % pairs.count]
            return Checkpoint.Ordered(
                base: pair.base.symbol, owner: "strategy_0", leg: number % 2 == 0 ? .spot : .perp,
                purpose: .entry, id: ClientOrderID(raw: UInt32(4096 + number)), side: .buy,
                price: Price(raw: 14_820_000_000), quantity: Quantity(raw: 101_000_000),
                timeInForce: .immediateOrCancel, decisionMid: Price(raw: 14_820_000_000),
                sentMid: Price(raw: 14_820_000_000), sentAt: now, end: .filled,
                venueOrderID: VenueOrderID("115\(10_000_000 + number)"), filled: Quantity(raw: 101_000_000),
                told: Quantity(raw: 101_000_000), tradeIDs: [Int64(700_000 + number)])
        }
        engine = Engine(instruments: instruments, pairs: pairs, limits: RiskLimits())
        _ = engine.restore(kept)
        let order = Order(
            id: ClientOrderID(raw: 5000), instrument: pairs[0].spot.id, side: .buy,
            price: Price(raw: 14_820_000_000), quantity: Quantity(raw: 101_000_000),
            timeInForce: .immediateOrCancel, selfTrade: .rejectTaker)
        let command = Command(id: RequestID(raw: 1), request: .submitBatch([order, order]))
        commands = [CommandText.fields(command, instruments)]
        frame = Array(
            (#"{"data":{"E":1764120000000000,"T":1764120000000000,"U":1234567,"a":["#
                + Array(repeating: #"["148.20","12.34"]"#, count: 6).joined(separator: ",") + #"],"b":["#
                + Array(repeating: #"["148.18","5.60"]"#, count: 6).joined(separator: ",")
                + #"],"e":"depth","s":"SOL_USDC","u":1234568},"stream":"depth.SOL_USDC"}"#).utf8)
    }
}

/// Writes a file over and over and syncs it, as fast as the disk takes it.
private final class DiskLoad: @unchecked Sendable {
    // Unchecked: a semaphore is made for several threads.
    private let isStopped = Atomic(false)
    private let done = DispatchSemaphore(value: 0)
    private static let fileBytes = 512 << 20, chunk = 4 << 20, syncEvery = 64 << 20

    init(_ path: String) {
        let thread = Thread { [self] in
            let block = [UInt8](repeating: 7, count: Self.chunk)
            let handle = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            var written = 0
            while handle >= 0, !isStopped.load(ordering: .relaxed) {
                if written % Self.fileBytes == 0 { ftruncate(handle, 0) }
                let place = off_t(written % Self.fileBytes)
                guard pwrite(handle, block, block.count, place) == block.count else { break }
                written += block.count
                if written % Self.syncEvery == 0 { fsync(handle) }
            }
            close(handle)
            done.signal()
        }
        thread.start()
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        done.wait()
    }
}
