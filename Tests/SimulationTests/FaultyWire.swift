import Core
import Exchange
import Simulator

/// The way between engine and exchange with the faults of a plan, on the virtual clock: what `neap venue`
/// plays on its sockets. All draws are the venue's own.
struct FaultyWire {
    /// How long a request is left without an answer before the caller gives it up.
    static let deadline = TimeSpan.seconds(6)
    /// How long the private stream stays away.
    static let away = TimeSpan.milliseconds(500)

    private var hushed: [Int64] = []
    private var late: [(due: Timestamp, event: VenueEvent)] = []
    private var unlisted: [(until: Timestamp, fill: Fill)] = []
    private var deafUntil: Timestamp
    private var gapSecond: Int64 = 0
    private var nextDrop: Timestamp
    /// Books whose next frame is lost, those that have lost one, and when they are shown whole again.
    private var losing: [InstrumentID] = [], lost: [InstrumentID] = []
    private var resyncs: [(due: Timestamp, id: InstrumentID)] = []

    init(start: Timestamp) { (deafUntil, nextDrop) = (start, start + .seconds(10)) }

    // MARK: Requests

    /// What a request meets before anybody looks at it; `nil`: the exchange.
    mutating func meet(_ command: Command, _ venue: inout SimulatedVenue) -> (Reply, TimeSpan)? {
        let request = command.request
        if venue.faults.plays(.error503) {
            guard request.changesState, venue.faults.choose(.error503, 0...1) == 1 else {
                return (Self.unavailable(request), .zero)
            }
            hushed.append(command.id.raw)
            return nil
        }
        switch request {
        case .submit, .submitBatch:
            return venue.faults.plays(.timeoutLost) ? Self.silence(.timeoutLost, &venue) : nil
        default: return nil
        }
    }

    private static func unavailable(_ request: Request) -> Reply {
        request.changesState
            ? .unknown("HTTP 503 MAINTENANCE")
            : .refused(
                Refusal(status: 503, code: "MAINTENANCE", message: "The exchange is under maintenance"))
    }

    private static func silence(_ fault: FaultName, _ venue: inout SimulatedVenue) -> (Reply, TimeSpan) {
        venue.faults.choose(fault, 0...1) == 0
            ? (.unknown("closed without an answer"), .zero) : (.unknown("no answer in time"), deadline)
    }

    /// An answer that comes at once.
    mutating func answer(_ reply: Reply, to command: Command, at moment: Timestamp) -> Reply {
        if let place = hushed.firstIndex(of: command.id.raw) {
            hushed.remove(at: place)
            return Self.unavailable(command.request)
        }
        guard case .fills(let fills) = reply else { return reply }
        return .fills(fills.filter { fill in !unlisted.contains { $0.until > moment && $0.fill == fill } })
    }

    /// The answer to orders that the engine has matched.
    mutating func answer(
        _ reply: Reply, _ outcomes: [OrderOutcome], to command: Command, _ venue: inout SimulatedVenue
    ) -> (Reply, TimeSpan) {
        if hushed.contains(command.id.raw) { return (answer(reply, to: command, at: venue.clock), .zero) }
        let isExecuted = outcomes.contains { if case .done = $0 { true } else { false } }
        if isExecuted, venue.faults.plays(.timeoutExecuted) { return Self.silence(.timeoutExecuted, &venue) }
        return (reply, .zero)
    }

    // MARK: Streams

    func isDeaf(_ now: Timestamp) -> Bool { now < deafUntil }

    /// Whether a fill is told later.
    mutating func holdsBack(_ event: VenueEvent, _ venue: inout SimulatedVenue, _ now: Timestamp) -> Bool {
        guard case .order(_, .fill, _, let fill?, _) = event, venue.faults.plays(.lateFill) else {
            return false
        }
        let due = now + .milliseconds(venue.faults.choose(.lateFill, 1_000...4_000))
        if venue.faults.choose(.lateFill, 0...1) == 1 { unlisted.append((due, fill)) }
        late.insert((due, event), at: late.firstIndex { $0.due > due } ?? late.count)
        return true
    }

    /// A book's change as it arrives; `nil`: nothing comes.
    mutating func frame(_ event: Event, of id: InstrumentID, _ now: Timestamp) -> Event? {
        if let place = losing.firstIndex(of: id) {
            losing.remove(at: place)
            lost.append(id)
            return nil
        }
        if let place = lost.firstIndex(of: id) {
            lost.remove(at: place)
            resyncs.append((now + .milliseconds(40), id))
            return .book(id, .lost("a frame is missing"))
        }
        return resyncs.contains { $0.id == id } ? nil : event
    }

    /// Books that are shown whole now.
    mutating func takeResyncs(_ now: Timestamp) -> [InstrumentID] {
        let due = resyncs.filter { $0.due <= now }.map(\.id)
        resyncs.removeAll { $0.due <= now }
        return due
    }

    /// Lets time pass.
    /// - Returns: what the streams tell.
    mutating func pass(_ venue: inout SimulatedVenue, _ now: Timestamp) -> [Event] {
        var told: [Event] = []
        while let first = late.first, first.due <= now {
            late.removeFirst()
            guard !isDeaf(now), case .order(let owner, _, _, _, _) = first.event,
                let event = first.event.event(for: owner)
            else { continue }
            told.append(event)
        }
        unlisted.removeAll { $0.until <= now }
        let second = now.microseconds / 1_000_000
        if second > gapSecond {
            gapSecond = second
            for instrument in venue.instruments.prefix(24) where venue.faults.hits(.gap) {
                losing.append(instrument.id)
                venue.faults.count(.gap)
            }
        }
        if deafUntil == now { told.append(.connection(.privateStream, .up)) }
        if nextDrop <= now {
            nextDrop = nextDrop + .seconds(10)
            if venue.faults.plays(.dropPrivate) {
                deafUntil = now + Self.away
                told.append(.connection(.privateStream, .down(reason: "closed by the exchange")))
            }
        }
        return told
    }
}

/// What the exchange itself knows of legs that stand alone, looked at from outside the engine.
struct VenueTruth {
    private let pairs: [Pair]
    private var since: [Timestamp?]
    /// Which leg is the longer one while a leg stands alone.
    private var signs: [Int128]
    private(set) var longest = TimeSpan.zero
    /// How often more was hedged than was open: the same pair, open the other way at the next look.
    private(set) var overHedges = 0

    init(pairs: [Pair]) {
        self.pairs = pairs
        since = Array(repeating: nil, count: pairs.count)
        signs = Array(repeating: 0, count: pairs.count)
    }

    mutating func look(_ venue: SimulatedVenue, _ account: AccountID, _ now: Timestamp) {
        let positions = venue.positions(of: account), balances = venue.balances(of: account)
        for (place, pair) in pairs.enumerated() {
            let coins = balances.first { $0.asset == pair.base }?.balance.total ?? .zero
            let net = positions.first { $0.instrument == pair.perp.id }?.net ?? .zero
            let open = coins.raw / 10_000 + Int128(net.raw)
            let isOpen = open.magnitude >= pair.leastQuantity.raw.magnitude
            let sign = isOpen ? open.signum() : 0
            if sign * signs[place] < 0 { overHedges += 1 }
            signs[place] = sign
            guard isOpen else {
                since[place] = nil
                continue
            }
            if since[place] == nil { since[place] = now }
            longest = max(longest, now - (since[place] ?? now))
        }
    }
}
