import Core
import Dispatch
import Journal
import Gateway
import Glibc
import Histogram
import LuaBridge
import Synchronization
import Wire

/// The one owner of the trading state: a thread that takes inputs in order, runs their turns and hands out
/// commands.
final class Desk: @unchecked Sendable {
    // Unchecked: `street` is touched by the desk's thread only, and by others after `stop` has joined it.
    let street: Street
    let mailbox = Mailbox()
    private let clock: RunClock
    private let link = Mutex<VenueLink?>(nil)
    private var thread = pthread_t()
    private let nextBlock: @Sendable () -> UInt32?
    private let hear: @Sendable ([Note], Timestamp) -> Void
    /// Keeps the run; `nil` keeps nothing.
    var journal: DeskJournal?
    /// Looks at the street every `look` microseconds, on the desk's thread.
    var observe: (Street) -> Void = { _ in }
    /// Is given a picture of the street every `pictureEvery` of the run's clock, on the desk's thread; `nil`
    /// takes none.
    var depict: ((StreetPicture) -> Void)?
    var pictureEvery = TimeSpan.seconds(180)
    private var nextPicture = Timestamp(microseconds: 0)
    /// Hears why a new version did not take over, on the desk's thread.
    var complain: (_ name: String, _ version: String, ScriptReport) -> Void = { _, _, _ in }
    /// Frame at the socket to order handed to the REST client, microseconds of wall time.
    private(set) var tickToOrder = Histogram<UInt32>(
        highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
    /// The exchange's word of an execution at the socket to the hedge, repair or exit it asks for handed to
    /// the REST client, microseconds of wall time.
    private(set) var fillToHedge = Histogram<UInt32>(
        highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
    private var haltedByJournal = false
    /// Why the last try to reserve a block of client order ids failed; `nil` when it did not, or when the
    /// desk knows already.
    var whyNoBlock: @Sendable () -> String? = { nil }
    /// Only under it orders may be sent; `nil` where nobody else could send them.
    var lease: Lease?

    /// How often the desk wakes without an input; wall time.
    static let tick: Int64 = 10_000
    static let look: Int64 = 200_000
    /// How often what scripts keep is recorded, if it changed.
    static let keep: Int64 = 5_000_000
    static let stackBytes = 16 << 20

    /// - Parameters:
    ///   - nextBlock: reserves a block of client order ids durably; `nil` when none can be had.
    ///   - hear: what turns have to say, and the moment of the turn, on the desk's thread.
    init(
        street: Street, clock: RunClock, nextBlock: @escaping @Sendable () -> UInt32?,
        hear: @escaping @Sendable ([Note], Timestamp) -> Void
    ) {
        (self.street, self.clock, self.nextBlock, self.hear) = (street, clock, nextBlock, hear)
    }

    /// Starts the thread. The first turn reserves a block of client order ids.
    func start(_ venue: VenueLink) {
        link.withLock { $0 = venue }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        let owner = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(&thread, &attributes, deskThread, owner)
        pthread_attr_destroy(&attributes)
        precondition(code == 0, "the desk's thread starts")
    }

    /// Gives an operator's instruction to the desk.
    func obey(_ instruction: Engine.Instruction) { post(.order(instruction)) }

    func post(_ input: Input, arrived: Int64 = 0, loaded: LoadedScript? = nil) {
        mailbox.post(StampedInput(input: input, now: clock.now, arrived: arrived, loaded: loaded))
    }

    /// Takes no more inputs, finishes those queued and joins the thread.
    func stop() {
        mailbox.close()
        pthread_join(thread, nil)
    }

    fileprivate func work() {
        lease?.renew()
        // Told by who began the run, which enters nothing because of it.
        haltedByJournal = journal?.writer.fault != nil
        journal?.begin(street)
        takePicture()
        reserve()
        var wakeAt = MonotonicClock.microseconds() + Self.tick
        var lookAt = wakeAt, keepAt = wakeAt
        while true {
            let batch = mailbox.take(untilMonotonic: wakeAt)
            for item in batch.items { turn(item.input, item.now, item.arrived, item.loaded) }
            if !batch.dropped.isEmpty { turn(.dropped(batch.dropped), clock.now) }
            // A lost private frame or answer may be a fill: nothing more is opened until a person has looked.
            if batch.overflowed {
                turn(.order(.haltFor("a private message or an answer did not fit the mailbox")), clock.now)
            }
            if batch.closed {
                journal?.recordStates(street)
                return observe(street)
            }
            if MonotonicClock.microseconds() >= keepAt {
                journal?.recordStates(street)
                keepAt = MonotonicClock.microseconds() + Self.keep
            }
            if MonotonicClock.microseconds() >= wakeAt {
                lease?.renew()
                turn(.timer, clock.now)
                wakeAt = MonotonicClock.microseconds() + Self.tick
                journal?.writer.flush()
                keepWarm()
            }
            if MonotonicClock.microseconds() >= lookAt {
                observe(street)
                takePicture()
                lookAt = MonotonicClock.microseconds() + Self.look
            }
        }
    }

    private func turn(
        _ input: Input, _ now: Timestamp, _ arrived: Int64 = 0, _ loaded: LoadedScript? = nil
    ) {
        Self.reach(.inputBefore, input)
        journal?.record(input, now)
        // A halt outlasts a kill in the very next moment, also before there is a checkpoint to have it.
        if case .order = input { journal?.writer.flush() }
        Self.reach(.inputAfter, input)
        let outcome = street.turn(input, now: now, loaded: loaded?.script)
        Self.learn(outcome.commands, street.engine)
        Self.reach(.commandsBefore, outcome.commands)
        journal?.record(outcome.commands, street)
        Self.reach(.commandsAfter, outcome.commands)
        let isUnrecorded = journal?.writer.fault != nil
        let link = link.withLock { $0 }
        var sentOrder = false, sentHedge = false
        for command in outcome.commands {
            let reduces = street.engine.reducesRisk(command.request)
            // What cannot be recorded is not risked.
            if isUnrecorded, command.request.changesState, !reduces {
                post(.reply(command.id, .notSent("the journal cannot be written")))
                continue
            }
            let age = command.request.placesOrders ? clock.wallTime(since: now) : .zero
            if age > Engine.sendLag {
                post(.reply(command.id, .notSent("it was decided too long ago")))
                continue
            }
            let changes = command.request.changesState
            Self.reach(.sendBefore, [command])
            let left = link?.perform(command, reduces: reduces, age: age) { [lease] in
                !changes || lease?.allowsSending() != false
            }
            guard left != false else {
                post(.reply(command.id, .notSent("the lease of this host is over")))
                continue
            }
            Self.reach(.sendAfter, [command])
            sentOrder = sentOrder || command.request.changesState
            sentHedge = sentHedge || (reduces && command.request.placesOrders)
        }
        if sentOrder, arrived > 0 {
            let passed = UInt64(max(0, MonotonicClock.microseconds() - arrived))
            switch input {
            case .frame(.publicStream, _): tickToOrder.record(passed)
            case .frame, .reply: if sentHedge { fillToHedge.record(passed) }
            default: break
            }
        }
        if let connection = outcome.dropsConnection { link?.reconnect(connection) }
        if let report = outcome.report, let refused = outcome.refused {
            complain(refused.name, refused.version, report)
        }
        let notes = street.engine.takeNotes()
        if notes.contains(.needsIDs) { reserveAside() }
        if !notes.isEmpty { hear(notes, street.engine.now) }
        journal?.roll(street)
        if let fault = journal?.writer.fault, !haltedByJournal {
            haltedByJournal = true
            hear([.alert("the journal cannot be written: \(fault)")], now)
            turn(.order(.haltFor("the journal cannot be written")), now)
        }
    }

    /// An order is rare and urgent: by the time one leaves, the code that writes, signs and records it would
    /// have been pushed out of the cache by frames. So an order that goes nowhere is made at each tick;
    /// nothing of it reaches the street, the journal or the wire (docs/performance.md has what it brings).
    private func keepWarm() {
        guard let pair = street.engine.pairs.first else { return }
        let order = Order(
            id: ClientOrderID(raw: 0), instrument: pair.spot.id, side: .buy, price: Price(raw: 100_000_000),
            quantity: Quantity(raw: 100_000_000), timeInForce: .immediateOrCancel, selfTrade: .rejectTaker)
        journal?.rehearse(order)
        link.withLock { $0 }?.rehearse(order)
    }

    private func takePicture() {
        let now = clock.now
        guard let depict, let writer = journal?.writer, writer.fault == nil, now >= nextPicture else {
            return
        }
        nextPicture = now + pictureEvery
        writer.flush()
        depict(street.picture(at: now, writer.position))
    }

    private func reserve() {
        if let order = reservation() { turn(.order(order), clock.now) }
    }

    /// - Returns: what the desk is told of it; `nil` for nothing.
    private func reservation() -> Engine.Instruction? {
        if let block = nextBlock() { return .idBlock(block) }
        return whyNoBlock().map { .noBlock($0) }
    }

    /// A block must be on the disk before its first id leaves, and the disk takes its time: half a block is
    /// left when the next is asked for, so the desk goes on meanwhile.
    private func reserveAside() {
        DispatchQueue.global(qos: .userInitiated).async { [self] in
            if let order = reservation() { post(.order(order)) }
        }
    }
}

/// The desk's thread; owns one reference to the desk.
private func deskThread(_ owner: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let owner else { return nil }
    Unmanaged<Desk>.fromOpaque(owner).takeRetainedValue().work()
    return nil
}

/// Puts what the venue sends into the desk's mailbox. Runs on network threads.
final class DeskEar: VenueListener {
    private let desk: Desk
    init(_ desk: Desk) { self.desk = desk }

    func frame(_ connection: ConnectionID, _ bytes: [UInt8], arrived: Int64) {
        let input = Input.frame(connection, bytes)
        Desk.reach(.receiptBefore, input)
        desk.post(input, arrived: arrived)
        Desk.reach(.receiptAfter, input)
    }

    func connection(_ connection: ConnectionID, _ change: ConnectionChange) {
        desk.post(.connection(connection, change))
    }

    func answer(_ id: RequestID, _ result: RESTResult) {
        let raw: RawReply =
            switch result {
            case .answered(let answer):
                .answered(status: answer.status, contentType: answer.contentType ?? "", body: answer.body)
            case .failed(let failure): .notSent(failure.text)
            case .unknown(let failure): .unknown(failure.text)
            }
        let input = Input.reply(id, raw)
        Desk.reach(.receiptBefore, input)
        desk.post(input, arrived: MonotonicClock.microseconds())
        Desk.reach(.receiptAfter, input)
    }
}
