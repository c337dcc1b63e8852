import Core
import Exchange
import Simulator
import Wire

/// What the wire's faults remember. The draws themselves are the venue's.
struct WireFaults {
    /// Requests that are carried out and then answered 503.
    var hushed: [RequestToken] = []
    /// Fills that are told later, the next first.
    var late: [(due: Timestamp, event: VenueEvent)] = []
    /// Fills that the history does not list yet.
    var unlisted: [Unlisted] = []
    /// The last second of which books were drawn, and the next moment at which connections are.
    var gapSecond: Int64 = 0
    var nextDrop: Timestamp
    /// What others were last told of all counts.
    var toldTotal = -1

    struct Unlisted {
        let until: Timestamp
        let account: AccountID, instrument: InstrumentID
        let tradeID: Int64, order: VenueOrderID
    }

    init(start: Timestamp) { nextDrop = start + VenueDesk.dropEvery }
}

/// What becomes of a request before anybody looks at it.
enum RequestFate { case served, lost, unavailable, servedUnavailable }

extension VenueDesk {
    /// How long a private connection lives between two draws.
    static let dropEvery = TimeSpan.seconds(10)

    // MARK: Requests

    func fate(of request: HTTPRequest) -> RequestFate {
        if venue.faults.plays(.error503) {
            let isDone = request.method != .get && venue.faults.choose(.error503, 0...1) == 1
            return isDone ? .servedUnavailable : .unavailable
        }
        let bringsOrders =
            request.method == .post && ["/api/v1/order", "/api/v1/orders"].contains(request.path)
        return bringsOrders && venue.faults.plays(.timeoutLost) ? .lost : .served
    }

    static let unavailable = WireRefusal(
        status: 503, code: "MAINTENANCE", message: "The exchange is under maintenance")

    /// Leaves a request without an answer: the connection is closed, or stays open and silent until the
    /// caller has had enough.
    func leaveUnanswered(_ id: RequestToken, _ fault: FaultName, _ io: ServerIO) {
        if venue.faults.choose(fault, 0...1) == 0 { io.drop(id) }
    }

    /// Whether what was carried out goes unanswered.
    func losesAnswer(_ outcomes: [OrderOutcome], _ id: RequestToken) -> Bool {
        let isExecuted = outcomes.contains { if case .done = $0 { true } else { false } }
        return isExecuted && !wire.hushed.contains(id) && venue.faults.plays(.timeoutExecuted)
    }

    // MARK: Streams

    /// Holds back a fill's message, as the plan has it.
    /// - Returns: whether it is told later.
    func holdsBack(_ event: VenueEvent) -> Bool {
        guard case .order(let account, .fill, let order, let fill?, _) = event,
            venue.faults.plays(.lateFill)
        else { return false }
        let due = now + .milliseconds(venue.faults.choose(.lateFill, 1_000...4_000))
        if venue.faults.choose(.lateFill, 0...1) == 1 {
            wire.unlisted.append(
                WireFaults.Unlisted(
                    until: due, account: account, instrument: order.order.instrument, tradeID: fill.tradeID,
                    order: fill.venueOrderID))
        }
        let at = wire.late.firstIndex { $0.due > due } ?? wire.late.count
        wire.late.insert((due, event), at: at)
        return true
    }

    /// Whether the history shows this fill already.
    func isListed(_ fill: Fill, of account: AccountID) -> Bool {
        !wire.unlisted.contains {
            $0.until > now && $0.account == account && $0.instrument == fill.instrument
                && $0.tradeID == fill.tradeID && $0.order == fill.venueOrderID
        }
    }

    /// Lets time pass for the wire: late fills are told, frames lost, connections dropped.
    func passFaults(_ io: ServerIO) {
        guard !venue.faults.plan.names.isEmpty else { return }
        while let first = wire.late.first, first.due <= now {
            wire.late.removeFirst()
            streams.tell(first.event, venue, now) { connection, frame in io.send(connection, frame) }
        }
        wire.unlisted.removeAll { $0.until <= now }
        let second = now.microseconds / 1_000_000
        if second > wire.gapSecond {
            // A desk that was held up for longer has nobody to lose a frame for every second of it.
            wire.gapSecond = second
            for id in streams.followedBooks where venue.faults.hits(.gap) { streams.leaveOutNext(id) }
        }
        while wire.nextDrop <= now {
            wire.nextDrop = wire.nextDrop + Self.dropEvery
            for connection in streams.privateConnections where venue.faults.plays(.dropPrivate) {
                io.close(connection)
                streams.leave(connection)
            }
        }
    }

    /// Lets other threads see what was played.
    func tellFaults() {
        guard !venue.faults.plan.names.isEmpty else { return }
        for _ in 0..<streams.takeLeftOut() { venue.faults.count(.gap) }
        let played = venue.faults.played
        let total = played.reduce(0) { $0 + $1.count }
        guard total != wire.toldTotal else { return }
        wire.toldTotal = total
        shared.withLock { $0.faultsPlayed = played }
    }
}
