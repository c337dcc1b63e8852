import Core
import Exchange
import Glibc
import Journal
import LuaBridge

/// Versions of one strategy side by side on paper, shown the same market: the running one, the new one, and
/// the new one once more in a second state, which must come to the same answers.
///
/// A rehearsal runs it to the end of what is recorded; a shadow goes on with what comes.
final class PaperBench {
    let name: String
    let running: PaperDesk?
    let new: PaperDesk
    private(set) var twin: PaperDesk?
    /// What the new version answers where the running one is asked; `nil` where none runs, and in the shadow.
    private(set) var answers: AnswerDiff?
    private let tape: any MarketSource
    private(set) var began: Timestamp
    private(set) var now: Timestamp
    /// Minute by minute: profit of the new version less that of the running one, from the shadow's start on.
    private(set) var differences = PairedDifference()
    private var nextMinute: Timestamp?

    /// - Parameters:
    ///   - beginsAnew: the new version is not handed the state of the running one.
    ///   - standIns: of pairs that the market does not have.
    /// - Throws: why the new version cannot take over the state of the running one, or cannot be made again.
    init(
        _ new: ScriptPackage, running: StoredScript?, beginsAnew: Bool = false, _ maker: ScriptMaker,
        _ plan: PaperPlan, from picture: MarketPicture, tape: any MarketSource, standIns: StandIns = .none
    ) throws(ScriptReport) {
        let maker = maker.patient
        func desk(_ script: Script) -> PaperDesk {
            PaperDesk(WatchedScript(script, standIns: standIns), plan, from: picture)
        }
        let old = try running.map { stored throws(ScriptReport) in try maker.restore(stored) }
        name = new.name
        func another() throws(ScriptReport) -> Script {
            let script = try maker.make(new)
            if let old, !beginsAnew { try script.takeOver(from: old) }
            return script
        }
        let answers = old == nil ? nil : AnswerDiff(try another())
        (self.new, twin) = (desk(try another()), desk(try another()))
        self.running = old.map(desk)
        self.answers = answers
        self.running?.strategy.onAnswer = answers?.hear
        self.tape = tape
        (began, now, ahead) = (picture.now, picture.now, Ahead(now: picture.now))
    }

    /// Shows the desks what there is of the market: at most `most` inputs, none after the first at `until`.
    /// - Returns: how many there were; fewer than `most` is the end for now.
    @discardableResult
    func play(most: Int = .max, until end: Timestamp? = nil) throws(JournalFault) -> Int {
        var count = 0
        while count < most {
            let heard = try take(most - count, end)
            guard !heard.isEmpty else { break }
            count += heard.count
            guard let twin else {
                hear(heard)
                continue
            }
            // The second state is a third of a rehearsal, and nobody but the comparison at its end waits
            // for it; its thread reads on as well, for that is done by the time the two others have heard.
            let work = PaperThread { [self] in
                twin.hear(heard)
                ahead.read(tape, most: Self.stretchMost, until: end)
            }
            if work == nil { twin.hear(heard) }
            hear(heard)
            work?.join()
        }
        return count
    }

    private func hear(_ heard: [Heard]) {
        for (moment, events) in heard {
            now = moment
            running?.hear(events, now: now)
            new.hear(events, now: now)
            measure(now)
        }
    }

    /// Inputs that are read before the desks hear them.
    private static let stretchMost = 4096

    /// What was read and not heard yet.
    private var ahead: Ahead

    /// The next inputs, in order; none when there is nothing for now.
    private func take(_ most: Int, _ end: Timestamp?) throws(JournalFault) -> [Heard] {
        if ahead.heard.isEmpty { ahead.read(tape, most: min(most, Self.stretchMost), until: end) }
        return try ahead.take(most)
    }

    /// From the rehearsal on into the shadow: one state is enough, and the comparison begins.
    func becomeShadow() {
        (twin, answers) = (nil, nil)
        running?.strategy.onAnswer = nil
        (began, nextMinute) = (now, now + .seconds(60))
        base = (new.profit, running?.profit ?? .zero)
        before = (new.engine.slots[0].entries, new.rounds)
    }

    private var base = (new: Money.zero, running: Money.zero)
    private var before = (entries: 0, rounds: 0)

    /// What the new version did since the shadow began.
    var counts: (entries: Int, rounds: Int) {
        (new.engine.slots[0].entries - before.entries, new.rounds - before.rounds)
    }

    /// Profit since the shadow began.
    var profits: (new: Money, running: Money?) {
        (new.profit - base.new, running.map { $0.profit - base.running })
    }

    private func measure(_ now: Timestamp) {
        guard let next = nextMinute, now >= next else { return }
        nextMinute = now + .seconds(60)
        let profits = profits
        differences.add(profits.new - (profits.running ?? .zero))
        for desk in [running, new] { desk?.forgetDecisions(before: now - .seconds(3600)) }
    }
}

/// What one input of the market brought.
typealias Heard = (now: Timestamp, events: [Event])

extension PaperDesk {
    func hear(_ stretch: [Heard]) { for (now, events) in stretch { hear(events, now: now) } }
}

/// Inputs between the tape and the desks.
private struct Ahead {
    private(set) var heard: [Heard] = []
    private var fault: JournalFault?
    /// Of the latest that was read.
    private var now: Timestamp

    init(now: Timestamp) { self.now = now }

    /// A fault is told to whoever comes for what could not be read.
    mutating func read(_ tape: any MarketSource, most: Int, until end: Timestamp?) {
        do throws(JournalFault) {
            while heard.count < most, end.map({ now < $0 }) ?? true, let next = try tape.next() {
                now = max(now, next.now)
                heard.append((now, next.events))
            }
        } catch { fault = error }
    }

    mutating func take(_ most: Int) throws(JournalFault) -> [Heard] {
        if heard.isEmpty, let fault { throw fault }
        guard heard.count > most else {
            defer { heard = [] }
            return heard
        }
        defer { heard.removeFirst(most) }
        return Array(heard.prefix(most))
    }
}

/// Work of one stretch on a thread of its own.
final class PaperThread: @unchecked Sendable {
    // Unchecked: what the work touches is the thread's from `init` to `join`.
    private let work: () -> Void
    private var thread = pthread_t()

    /// The thread takes after its maker: class and priority are those of the loader.
    /// - Returns: `nil` when there is no thread to be had.
    init?(_ work: @escaping () -> Void) {
        self.work = work
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Desk.stackBytes)
        let owner = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, &attributes,
            { owner in
                guard let owner else { return nil }
                Unmanaged<PaperThread>.fromOpaque(owner).takeRetainedValue().work()
                return nil
            }, owner.toOpaque())
        guard code == 0 else {
            owner.release()
            return nil
        }
    }

    func join() { pthread_join(thread, nil) }
}

/// Where a bench has its market from: a journal, or a generator.
protocol MarketSource: AnyObject {
    /// What the next input of the market brought; `nil` when there is nothing more for now.
    func next() throws(JournalFault) -> (now: Timestamp, events: [Event])?
}

extension MarketTape: MarketSource {}

/// Differences of profit over equal spans of one market: what one of two versions earned more in each.
struct PairedDifference: Sendable, Equatable {
    private var last = Money.zero
    private(set) var count = 0
    private var sum = 0.0, squares = 0.0

    init() {}

    /// - Parameter total: the difference since the start; what the last span added to it is the sample.
    mutating func add(_ total: Money) {
        let usd = (total - last).usd
        last = total
        count += 1
        sum += usd
        squares += usd * usd
    }

    /// USD a span.
    var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// Standard error of the mean; `nil` for fewer than two spans.
    var error: Double? {
        guard count > 1 else { return nil }
        let n = Double(count)
        let variance = max(0, (squares - sum * sum / n) / (n - 1))
        return (variance / n).squareRoot()
    }

    /// How many spans it takes until the mean is twice its error, if things go on like this; `nil` when no
    /// difference shows, zero when it means something already.
    var spansToGo: Int? {
        guard let error, mean != 0, count > 1 else { return nil }
        if abs(mean) >= 2 * error { return 0 }
        let needed = Double(count) * (2 * error / abs(mean)) * (2 * error / abs(mean))
        return needed < 1e9 ? max(1, Int(needed.rounded(.up)) - count) : nil
    }
}

extension Money {
    /// For statistics that decide nothing.
    var usd: Double { Double(raw) / 1e12 }
}
