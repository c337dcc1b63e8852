import Core
import Exchange
import Simulator
import Synchronization
import Wire

/// Answers a request; `nil` where the engine answers later.
struct RestReply {
    var status = 200
    var type = "application/json; charset=utf-8"
    var headers: [(String, String)] = []
    var body: [UInt8] = []

    static func text(_ text: String) -> RestReply {
        RestReply(type: "text/plain; charset=utf-8", body: Array(text.utf8))
    }
    static func json(_ write: (inout JSONText) -> Void) -> RestReply {
        var json = JSONText(capacity: 1024)
        write(&json)
        return RestReply(body: json.bytes)
    }
    init(_ refusal: WireRefusal) {
        (status, type, body) = (refusal.status, refusal.contentType, refusal.body)
    }
    init(
        status: Int = 200, type: String = "application/json; charset=utf-8", headers: [(String, String)] = [],
        body: [UInt8] = []
    ) {
        (self.status, self.type, self.headers, self.body) = (status, type, headers, body)
    }
}

/// The venue's one owner. Everything but `shared` belongs to the server's service thread.
final class VenueDesk: HTTPServerHandler, @unchecked Sendable {
    let clock: VenueClock
    let catalogue: Catalogue
    let reader: OrderPayloadReader
    let shared = Mutex(VenueShared())
    let keepsStamps: Bool
    let requestsPerMinute: Int?
    var venue: SimulatedVenue
    var streams: VenueStreams
    var keys: [String: (account: AccountID, bytes: [UInt8])] = [:]
    /// The venue's time of this turn.
    var now: Timestamp
    /// How far the clock that others see is moved.
    private(set) var clockShift = TimeSpan.zero
    private(set) var firstAccount: AccountID?
    private var waiting: [Int64: Waiter] = [:]
    private var lastTicket: Int64 = 0
    /// When the request that is being answered came, monotonic microseconds; only kept for stamps.
    private var requestCame: Int64 = 0
    private let doorman: (@Sendable ([IncomingOrder]) -> OrderFate)?
    /// The clock that only goes forward, when `clock` began: a step of the wall clock is no time that passes.
    private let startMonotonic = MonotonicClock.microseconds()

    /// A request that waits for the engine. `refused` are orders of a batch that never went there, by place.
    private struct Waiter {
        let request: RequestToken
        let isBatch: Bool
        let refused: [(place: Int, refusal: Refusal)]
    }
    private var requests: [AccountID: (minute: Int64, count: Int)] = [:]
    private var pings: [ConnectionToken: Int64] = [:]
    /// What is left of a recording; `nil` when it has ended or there is none.
    private var recording: CrowdFeed?
    private var recordingBegins: Timestamp?
    var wire: WireFaults

    init(_ configuration: VenueConfiguration) throws(VenueFault) {
        let wall = WallClock.microseconds()
        let start = configuration.start ?? Timestamp(microseconds: wall)
        clock = VenueClock(start: start, startWall: wall, speed: configuration.speed)
        now = start
        (keepsStamps, requestsPerMinute) = (configuration.keepsStamps, configuration.requestsPerMinute)
        doorman = configuration.doorman
        venue = SimulatedVenue(
            start: start, crowd: VenueDesk.crowd(configuration, start), rules: configuration.rules,
            seed: configuration.seed, faults: configuration.faults)
        wire = WireFaults(start: start)
        catalogue = Catalogue(venue.instruments)
        reader = OrderPayloadReader(catalogue)
        streams = VenueStreams(venue)
        for setting in configuration.accounts {
            guard let bytes = SignatureCheck.bytes(setting.key, count: 32) else {
                throw VenueFault("account key \(setting.key): not 32 bytes in base64")
            }
            let account = venue.open(key: setting.key, deposits: setting.balances, rates: setting.rates)
            keys[setting.key] = (account, bytes)
            firstAccount = firstAccount ?? account
        }
        if case .recorded(let source) = configuration.market { recording = source }
        feed()
        venue.advance(to: start)
        venue.openMarkets()
        _ = venue.drainEvents()
    }

    private static func crowd(_ configuration: VenueConfiguration, _ start: Timestamp) -> CrowdSource {
        switch configuration.market {
        case .generated(let dislocations, let only):
            return .generated(
                CrowdGenerator(seed: configuration.seed, start: start, dislocations: dislocations, only: only)
            )
        case .recorded: return .recorded(RecordedCrowd())
        }
    }

    /// Keeps a recording some seconds ahead of the clock.
    private func feed() {
        guard let source = recording else { return }
        let ahead = now + TimeSpan(microseconds: Int64(5_000_000 * max(1, clock.speed)))
        while recording != nil, venue.recordedUntil.map({ $0 < ahead }) ?? true {
            let rows = source.next(2_000)
            if recordingBegins == nil { recordingBegins = rows.first?.at }
            guard let begin = recordingBegins, !rows.isEmpty else {
                recording = nil
                return
            }
            venue.feed(
                rows.map {
                    CrowdRow(
                        at: clock.start + ($0.at - begin), instrument: $0.instrument, bids: $0.bids,
                        asks: $0.asks)
                })
        }
    }

    // MARK: Turns

    func started(_ io: ServerIO) { io.schedule(afterMicroseconds: 1_000) }

    func wake(_ io: ServerIO) {
        pass(io)
        ping(io)
        plan(io)
    }

    /// Does what other threads asked for.
    private func obey(_ io: ServerIO) {
        let asked = shared.withLock { shared in
            let hooks = shared.hooks
            shared.hooks = []
            return hooks
        }
        for hook in asked {
            switch hook {
            case .misCharge(let amount): venue.misChargeNextFee(by: amount)
            case .dropStreams: closeStreams(io)
            case .goAway(let span): leave(for: span, io)
            case .remember(let count, let symbol, let from, let to): remember(count, symbol, from, to)
            case .shiftClock(let span): clockShift = clockShift + span
            case .transfer(let transfer): play(transfer)
            case .endTransfers(let well): endTransfers(well: well)
            }
        }
    }

    func closeStreams(_ io: ServerIO) { for connection in pings.keys { io.close(connection) } }

    private func remember(_ count: Int, _ symbol: String, _ from: Timestamp, _ to: Timestamp) {
        guard let id = venue.market(symbol), let first = firstAccount else { return }
        let span = (to - from).microseconds
        let fills = (0..<Int64(count)).map { number in
            let fill = Fill(
                instrument: id, side: number % 2 == 0 ? .buy : .sell, price: Price(raw: 100_000_000),
                quantity: Quantity(raw: 100_000_000), fee: Money(raw: 1), feeAsset: .usdc,
                tradeID: Self.rememberedFrom + number,
                venueOrderID: VenueOrderID(String(Self.rememberedFrom + number)), clientOrderID: nil,
                liquidity: .taker,
                venueTime: from + TimeSpan(microseconds: span * number / Int64(max(1, count))))
            return VenueFill(fill: fill, order: Self.rememberedFrom + number, clientID: nil)
        }
        venue.remember(fills, of: first)
    }
    /// Trade and order ids that no match gives.
    private static let rememberedFrom: Int64 = 1 << 50

    /// Lets the venue's time pass up to now and tells what happened.
    private func pass(_ io: ServerIO) {
        obey(io)
        now = max(now, clock.now(wall: clock.startWall + MonotonicClock.microseconds() - startMonotonic))
        feed()
        venue.advance(to: now)
        deliver(io)
        streams.pass(venue, now) { connection, frame in io.send(connection, frame) }
        passFaults(io)
        if recording == nil && venue.isMarketOver { shared.withLock { $0.isMarketOver = true } }
    }

    private func plan(_ io: ServerIO) {
        tellFaults()
        var due = min(venue.nextDue, streams.nextDue ?? venue.nextDue)
        if let late = wire.late.first?.due { due = min(due, late) }
        io.schedule(afterMicroseconds: max(1_000, min(clock.wait(until: due, from: now), 50_000)))
    }

    /// Tells everything the venue has told, in its order.
    private func deliver(_ io: ServerIO) {
        for event in venue.drainEvents() {
            if case .answer(let ticket, let outcomes) = event {
                answer(ticket, outcomes, io)
                continue
            }
            if holdsBack(event) { continue }
            streams.tell(event, venue, now) { connection, frame in io.send(connection, frame) }
            guard keepsStamps, case .depth(let id, _, _, let sequence, _) = event else { continue }
            let at = MonotonicClock.microseconds()
            shared.withLock { shared in
                if shared.stamps.frames.count < 1_000_000 {
                    shared.stamps.frames.append((streams.symbol(id), sequence, at))
                }
            }
        }
    }

    private func answer(_ ticket: Int64, _ outcomes: [OrderOutcome], _ io: ServerIO) {
        guard let waiter = waiting.removeValue(forKey: ticket) else { return }
        if losesAnswer(outcomes, waiter.request) {
            return leaveUnanswered(waiter.request, .timeoutExecuted, io)
        }
        let reply: RestReply
        if waiter.isBatch {
            var all = outcomes
            for one in waiter.refused { all.insert(.refused(one.refusal), at: one.place) }
            reply = .json { json in
                json.array { rows in for outcome in all { OrderRow.write(outcome, venue, to: &rows) } }
            }
        } else if case .refused(let refusal) = outcomes[0] {
            reply = RestReply(WireRefusal(refusal))
        } else {
            reply = OrderRow.reply(outcomes[0], venue)
        }
        respond(waiter.request, reply, io)
    }

    func respond(_ id: RequestToken, _ reply: RestReply, _ io: ServerIO) {
        if isAway { return io.drop(id) }
        var reply = reply
        if let place = wire.hushed.firstIndex(of: id) {
            wire.hushed.remove(at: place)
            reply = RestReply(Self.unavailable)
        }
        var headers = reply.headers
        if !reply.body.isEmpty { headers.append(("Content-Type", reply.type)) }
        io.respond(id, status: reply.status, headers: headers, body: reply.body)
    }

    // MARK: Requests

    func request(_ request: HTTPRequest, _ id: RequestToken, _ io: ServerIO) {
        if keepsStamps { requestCame = MonotonicClock.microseconds() }
        pass(io)
        if isAway {
            io.drop(id)
            return plan(io)
        }
        let fate = fate(of: request)
        switch fate {
        case .lost: leaveUnanswered(id, .timeoutLost, io)
        case .unavailable: respond(id, RestReply(Self.unavailable), io)
        case .served, .servedUnavailable:
            if case .servedUnavailable = fate { wire.hushed.append(id) }
            serve(request, id, io)
        }
        turnAway(io)
        deliver(io)
        plan(io)
    }

    private func serve(_ request: HTTPRequest, _ id: RequestToken, _ io: ServerIO) {
        do {
            if let reply = try route(request, id) { respond(id, reply, io) }
        } catch {
            respond(id, RestReply(error), io)
        }
    }

    /// Hands orders to the engine; the answer follows with its ticket.
    func submit(
        _ sent: [Result<IncomingOrder, WireRefusal>], _ account: AccountID, _ id: RequestToken, isBatch: Bool
    ) {
        lastTicket += 1
        var orders: [IncomingOrder] = [], refused: [(place: Int, refusal: Refusal)] = []
        for (place, one) in sent.enumerated() {
            switch one {
            case .success(let order): orders.append(order)
            case .failure(let no):
                refused.append(
                    (place, Refusal(status: no.status, code: no.code ?? "INVALID_ORDER", message: no.message))
                )
            }
        }
        waiting[lastTicket] = Waiter(request: id, isBatch: isBatch, refused: refused)
        if keepsStamps {
            let at = requestCame
            shared.withLock { shared in
                for order in orders {
                    if let client = order.clientID { shared.stamps.orders.append((client, at)) }
                }
            }
        }
        switch doorman?(orders) ?? .served {
        case .served: return venue.placeBatch(orders, from: account, ticket: lastTicket, now: now)
        case .lost: wire.turnedAway = id
        case .away(let span): (wire.turnedAway, wire.awayNext) = (id, span)
        }
        waiting[lastTicket] = nil
    }

    func stampCancel() {
        guard keepsStamps else { return }
        let at = requestCame
        shared.withLock { $0.stamps.cancels.append(at) }
    }

    func countRequest(_ account: AccountID) throws(WireRefusal) {
        guard let most = requestsPerMinute else { return }
        let minute = now.microseconds / 60_000_000
        let known = requests[account] ?? (minute, 0)
        let count = known.minute == minute ? known.count + 1 : 1
        requests[account] = (minute, count)
        if count > most { throw .tooManyRequests }
    }

    // MARK: WebSockets

    func opened(_ c: ConnectionToken, path: String, _ io: ServerIO) {
        if isAway { io.close(c) }
        pings[c] = MonotonicClock.microseconds() + 20_000_000
    }

    func closed(_ c: ConnectionToken, _ io: ServerIO) {
        pings[c] = nil
        streams.leave(c)
    }

    /// A protocol ping every minute of wall time.
    private func ping(_ io: ServerIO) {
        let wall = MonotonicClock.microseconds()
        for (connection, due) in pings where due <= wall {
            io.ping(connection)
            pings[connection] = wall + 60_000_000
        }
    }

    func message(_ c: ConnectionToken, _ bytes: [UInt8], _ io: ServerIO) {
        pass(io)
        if let fault = control(c, bytes, io) { io.send(c, ControlText.error(fault)) }
        plan(io)
    }

    private func control(_ c: ConnectionToken, _ bytes: [UInt8], _ io: ServerIO) -> StreamFault? {
        guard let message = ControlText.read(bytes) else { return .parse }
        var names: [StreamName] = []
        for text in message.streams {
            do { names.append(try StreamName(text)) } catch { return error }
        }
        if message.method == .unsubscribe {
            for text in message.streams { streams.unsubscribe(c, text) }
            return nil
        }
        var account: AccountID?
        if names.contains(where: \.isPrivate) {
            guard let proof = message.signature, let owner = subscriber(proof) else { return .signature }
            account = owner
        }
        for (name, text) in zip(names, message.streams) {
            let isNew = streams.subscribe(c, name, text, account)
            guard isNew, case .positionUpdate(let symbol) = name, let account else { continue }
            for position in venue.positions(of: account) {
                guard symbol == nil || symbol == streams.symbol(position.instrument) else { continue }
                io.send(c, streams.frames.position(nil, position, at: now, now: now, stream: text))
            }
        }
        return nil
    }

    private func subscriber(_ proof: StreamSignature) -> AccountID? {
        guard let owner = keys[proof.key], let stamp = Int64(proof.timestamp),
            let window = Int64(proof.window),
            refusal(ofStamp: stamp, window: window) == nil,
            SignatureCheck.isValid(
                signature: proof.signature, of: SigningText.subscribe(timestamp: stamp, window: window),
                key: owner.bytes)
        else { return nil }
        return owner.account
    }

    // MARK: Signatures

    /// Whose request this is.
    func authorise(_ request: HTTPRequest) throws(WireRefusal) -> AccountID {
        guard let key = request.header("X-API-Key"), let signature = request.header("X-Signature"),
            let owner = keys[key]
        else { throw .badKey }
        guard let stamp = request.header("X-Timestamp").flatMap({ Int64($0) }) else {
            throw .client("Invalid timestamp")
        }
        let window = request.header("X-Window").map { Int64($0) } ?? SigningText.windowDefault
        guard let window, window > 0, window <= SigningText.windowMax else { throw .client("Invalid window") }
        if let refusal = refusal(ofStamp: stamp, window: window) { throw refusal }
        let text = try SigningText.fromWire(
            method: request.method.rawValue, path: request.path, query: request.query, body: request.body,
            timestamp: stamp, window: window)
        guard let text, SignatureCheck.isValid(signature: signature, of: text, key: owner.bytes) else {
            throw .badSignature
        }
        try countRequest(owner.account)
        return owner.account
    }

    /// A stamp is good when either clock, the venue's or the wall's, finds it so.
    private func refusal(ofStamp stamp: Int64, window: Int64) -> WireRefusal? {
        guard (0...9_000_000_000_000_000).contains(stamp), (1...SigningText.windowMax).contains(window) else {
            return .timestampFarOff
        }
        let clocks = [now.milliseconds, WallClock.microseconds() / 1_000].map {
            $0 + clockShift.milliseconds
        }
        let near = clocks.filter { abs($0 - stamp) <= 600_000 }
        if near.isEmpty { return .timestampFarOff }
        return near.contains { $0 <= stamp + window } ? nil : .expired
    }
}

extension WireRefusal {
    init(_ refusal: Refusal) {
        self.init(status: refusal.status, code: refusal.code, message: refusal.message)
    }
}
