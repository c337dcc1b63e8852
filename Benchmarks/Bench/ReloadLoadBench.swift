import Core
import Foundation
import Host
import Journal
import LuaBridge
import Synchronization

/// Reloads without a pause on a host that is busy: frames come in all the while on one thread, a desk handles
/// and records them, and the loader, asked directly, takes one version after the other over a rehearsal of a
/// second.
final class ReloadLoadBench: @unchecked Sendable {
    // Unchecked: the street belongs to the thread of `run`, the market to the feeder's.
    private let scratch: String
    private let mailbox = Mailbox()
    private let market = FrameMarket()
    private let clock = Mutex(FrameMarket.start)
    private let counts = Mutex((posted: 0, swaps: 0, isOver: false, fault: String?.none))
    private let wanted: Int

    static let name = "quiet"
    /// Frames a second: fifteen times what the market brings at speed 1.
    static let perSecond = 1_500
    /// Small ones: packing a closed segment beside rehearsals takes memory too, and has been done before
    /// anything is measured.
    static let segmentBytes = 16 << 20
    private let warmUp: Int

    init(scratch: String, reloads: Int) {
        (self.scratch, wanted, warmUp) = (scratch + "/load", reloads, max(1, reloads / 10))
    }

    func run() throws {
        // As `neap run` does.
        ProcessMemory.givesBackWhatIsFreed()
        let folder = scratch + "/strategies"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try save(0)
        let loader = ScriptLoader(setting(folder))
        let scripts = try loader.load()
        let recording = try RecordingStreet(
            market, scripts, journal: scratch + "/journal", segmentBytes: Self.segmentBytes)
        // Its statistics reach back an hour: they are full before anything is measured.
        recording.play(market, until: FrameMarket.start + .seconds(3_700))
        clock.withLock { $0 = market.now }
        let before = recording.inputs
        loader.shared.withLock { $0.journal = scratch + "/journal" }
        depict(recording, loader)
        loader.start()
        let feeder = Thread { self.feed() }
        feeder.start()
        let asker = Thread { self.reload(loader) }
        asker.stackSize = 1 << 20
        asker.start()
        let work = try work(recording, loader)
        loader.stop()
        let posted = counts.withLock(\.posted)
        let lost = posted - (recording.inputs - before)
        let slot = recording.street.engine.slots[0]
        recording.writer.close("time")
        if let fault = counts.withLock(\.fault) { throw BenchFault(description: fault) }
        print(
            String(
                format: "  %d reloads in %.0f s, %d took over; %d inputs posted, %d not handled", wanted,
                work.seconds, slot.reloads, posted, lost))
        print(
            "  Lua states open after \(warmUp) reloads \(work.early.states), at the end "
                + "\(work.late.states); resident memory \(work.early.bytes >> 10) kB, "
                + "at the end \(work.late.bytes >> 10) kB"
                + String(
                    format: " (%+.1f %%)", 100 * (Double(work.late.bytes) / Double(work.early.bytes) - 1)))
        print(work.swaps.line("turns that swapped"))
        print(work.turns.line("the other turns"))
    }

    // MARK: The desk

    private struct Sample { var states = 0, bytes = 0 }
    private struct Work {
        var swaps = Measure(), turns = Measure()
        var early = Sample(), late = Sample()
        var seconds = 0.0
    }

    /// Takes what the mailbox has until the last version is in and the feeder has ended.
    private func work(_ recording: RecordingStreet, _ loader: ScriptLoader) throws -> Work {
        var work = Work()
        let began = Measure.now()
        var nextPicture = clock.withLock { $0 } + .seconds(1)
        while true {
            let batch = mailbox.take(untilMonotonic: Measure.now() / 1000 + 10_000)
            if batch.overflowed || !batch.dropped.isEmpty {
                throw BenchFault(description: "the mailbox overflowed: \(batch.dropped)")
            }
            for item in batch.items {
                turn(item, recording, loader, &work)
                clock.withLock { $0 = max($0, item.now) }
            }
            recording.writer.flush()
            if recording.street.engine.now >= nextPicture {
                nextPicture = recording.street.engine.now + .seconds(1)
                depict(recording, loader)
            }
            if batch.closed { break }
        }
        work.seconds = Double(Measure.now() - began) / 1e9
        return work
    }

    private func turn(
        _ item: StampedInput, _ recording: RecordingStreet, _ loader: ScriptLoader, _ work: inout Work
    ) {
        let before = Measure.now()
        let outcome = recording.turn(item.input, item.now, item.loaded?.script)
        let time = Measure.now() - before
        // Nobody has an account here, and a question without an answer would be kept for ever.
        for command in outcome.commands {
            counts.withLock { $0.posted += 1 }
            _ = recording.turn(.reply(command.id, .notSent("there is no exchange")), item.now)
        }
        let notes = recording.street.engine.takeNotes()
        loader.hear(notes)
        if let report = outcome.report { fail("\(report)") }
        guard case .swap = item.input else { return work.turns.add(time) }
        work.swaps.add(time)
        let swaps = counts.withLock {
            $0.swaps += 1
            return $0.swaps
        }
        if swaps == warmUp { work.early = sample() }
        if swaps == wanted { work.late = sample() }
    }

    private func sample() -> Sample { Sample(states: Script.openStates, bytes: residentBytes()) }

    private func depict(_ recording: RecordingStreet, _ loader: ScriptLoader) {
        recording.writer.flush()
        let picture = recording.street.picture(
            at: recording.street.engine.now, recording.writer.position)
        loader.shared.withLock {
            $0.pictures.append(picture)
            // As on a host: from the youngest that is a second old to the last.
            if $0.pictures.count > 3 { $0.pictures.removeFirst() }
        }
    }

    // MARK: The other threads

    private func post(_ input: Input, _ now: Timestamp, _ loaded: LoadedScript? = nil) {
        counts.withLock { $0.posted += 1 }
        mailbox.post(StampedInput(input: input, now: now, loaded: loaded))
    }

    /// The market goes on at a steady pace until the last version is in.
    private func feed() {
        let began = Measure.now()
        var fed = 0
        while !counts.withLock(\.isOver) {
            for input in market.next() {
                // A timer that waits already takes in the next: it is no input that could be lost.
                if case .timer = input { continue }
                post(input, market.now)
                fed += 1
            }
            let due = began + Int64(fed) * 1_000_000_000 / Int64(Self.perSecond)
            let early = due - Measure.now()
            if early > 1_000_000 { usleep(UInt32(early / 1000)) }
        }
        mailbox.close()
    }

    private func reload(_ loader: ScriptLoader) {
        defer { counts.withLock { $0.isOver = true } }
        for number in 1...wanted {
            let watch = SwapWatch()
            do {
                try save(number)
                try watch.wait(posts: false) { loader.ask(.reload, Self.name, watch.hear) }
            } catch { return fail("reload \(number): \(error)") }
            // The desk's word that it took over is what makes the next one a new version.
            while counts.withLock({ $0.swaps < number && $0.fault == nil }) { usleep(200) }
            if counts.withLock({ $0.fault != nil }) { return }
        }
    }

    private func fail(_ why: String) { counts.withLock { $0.fault = $0.fault ?? why } }

    private func save(_ number: Int) throws {
        let source = DeskRecording.quiet(Self.name, more: "-- edit \(number)")
        try Data(source).write(to: URL(fileURLWithPath: "\(scratch)/strategies/\(Self.name).lua"))
    }

    private func setting(_ folder: String) -> ScriptLoader.Setting {
        ScriptLoader.Setting(
            folder: ScriptFolder(path: folder), maker: ReloadBench.maker, policy: .auto,
            rehearsal: .seconds(1), probationEntries: 0, catalogue: market.catalogue,
            plan: PaperPlan(
                instruments: market.catalogue.instruments, pairs: market.pairs, limits: RiskLimits()),
            records: nil, now: { self.clock.withLock { $0 } },
            post: { input, loaded in self.post(input, self.clock.withLock { $0 }, loaded) },
            report: { self.fail("\($0)") }, tell: { _ in })
    }
}
