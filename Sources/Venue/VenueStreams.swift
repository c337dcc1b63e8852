import Core
import Exchange
import Simulator
import Wire

/// Who listens to what, and what they are told.
struct VenueStreams {
    private struct Private {
        let connection: ConnectionToken
        let name: StreamName
        let text: String
        let account: AccountID
    }

    /// Changes gathered for one `depth.Nms` stream.
    private struct Window {
        let instrument: InstrumentID
        let length: TimeSpan
        let text: String
        var due: Timestamp
        var first: Int64?
        var last: Int64 = 0
        var at = Timestamp(microseconds: 0)
        var bids: [Price: Quantity] = [:], asks: [Price: Quantity] = [:]
    }

    let frames: VenueFrames
    private var listeners: [String: [ConnectionToken]] = [:]
    private var accounts: [Private] = []
    private var windows: [Window] = []
    /// Streams told once a second: ticker and kline; once a minute: open interest.
    private var timed: [(name: StreamName, text: String, instrument: InstrumentID, count: Int)] = []
    private var nextSecond = Timestamp(microseconds: 0)
    /// Books whose next frame is left out, and how many were since `takeLeftOut`.
    private var leavesOut: [InstrumentID] = []
    private var leftOut = 0
    private let symbols: [String: InstrumentID]

    init(_ venue: SimulatedVenue) {
        frames = VenueFrames(venue)
        var symbols: [String: InstrumentID] = [:]
        for (index, figures) in venue.figures.enumerated() { symbols[figures.symbol] = InstrumentID(index) }
        self.symbols = symbols
    }

    func symbol(_ id: InstrumentID) -> String { frames.grids[id.index].symbol }

    /// - Returns: whether this is new; subscribing twice changes nothing.
    mutating func subscribe(_ c: ConnectionToken, _ name: StreamName, _ text: String, _ account: AccountID?)
        -> Bool
    {
        if name.isPrivate {
            guard let account,
                !accounts.contains(where: { $0.connection == c && $0.text == text && $0.account == account })
            else { return false }
            accounts.append(Private(connection: c, name: name, text: text, account: account))
            return true
        }
        guard !(listeners[text] ?? []).contains(c) else { return false }
        let isFirst = listeners[text] == nil
        listeners[text, default: []].append(c)
        guard isFirst else { return true }
        switch name {
        case .depth(let symbol, let window?):
            guard let id = symbols[symbol] else { break }
            let length = TimeSpan.milliseconds(Int64(window))
            windows.append(
                Window(instrument: id, length: length, text: text, due: Timestamp(microseconds: 0)))
        case .ticker(let symbol), .kline(_, let symbol), .openInterest(let symbol):
            if let id = symbols[symbol] { timed.append((name, text, id, 0)) }
        default: break
        }
        return true
    }

    mutating func unsubscribe(_ c: ConnectionToken, _ text: String) {
        accounts.removeAll { $0.connection == c && $0.text == text }
        listeners[text]?.removeAll { $0 == c }
        if listeners[text]?.isEmpty == true { forget(text) }
    }

    mutating func leave(_ c: ConnectionToken) {
        accounts.removeAll { $0.connection == c }
        for (text, all) in listeners where all.contains(c) { unsubscribe(c, text) }
    }

    /// Connections that hear of an account, each once, the oldest subscription first.
    var privateConnections: [ConnectionToken] {
        accounts.reduce(into: []) { if !$0.contains($1.connection) { $0.append($1.connection) } }
    }

    /// Books whose depth somebody follows, by id.
    var followedBooks: [InstrumentID] {
        frames.grids.indices.map(InstrumentID.init).filter { id in
            listeners["depth.\(symbol(id))"] != nil || windows.contains { $0.instrument == id }
        }
    }

    /// The next frame of this book is lost on the way.
    mutating func leaveOutNext(_ id: InstrumentID) {
        if !leavesOut.contains(id) { leavesOut.append(id) }
    }

    /// How many frames were left out since the last call.
    mutating func takeLeftOut() -> Int {
        defer { leftOut = 0 }
        return leftOut
    }

    /// Whether the frame that would go out now is the one to be lost.
    private mutating func isLeftOut(_ id: InstrumentID, _ text: String) -> Bool {
        guard let at = leavesOut.firstIndex(of: id), listeners[text] != nil else { return false }
        leavesOut.remove(at: at)
        leftOut += 1
        return true
    }

    private mutating func forget(_ text: String) {
        listeners[text] = nil
        windows.removeAll { $0.text == text }
        timed.removeAll { $0.text == text }
    }

    // MARK: Events

    mutating func tell(
        _ event: VenueEvent, _ venue: SimulatedVenue, _ now: Timestamp,
        _ send: (ConnectionToken, [UInt8]) -> Void
    ) {
        switch event {
        case .depth(let id, let bids, let asks, let sequence, let at):
            gather(id, bids, asks, sequence, at)
            let text = "depth.\(symbol(id))"
            if isLeftOut(id, text) { return }
            publish(text, send) {
                frames.depth(
                    id, bids: bids, asks: asks, first: sequence, last: sequence, at: at, now: now, stream: $0)
            }
        case .touch(let id, let bid, let ask, let sequence, let at):
            publish("bookTicker.\(symbol(id))", send) {
                frames.touch(id, bid: bid, ask: ask, sequence: sequence, at: at, now: now, stream: $0)
            }
        case .trade(let id, let trade, let buyer, let seller):
            publish("trade.\(symbol(id))", send) {
                frames.trade(id, trade, buyer: buyer, seller: seller, now: now, stream: $0)
            }
        case .mark(let id, let mark, let at):
            publish("markPrice.\(symbol(id))", send) { frames.mark(id, mark, at: at, now: now, stream: $0) }
        case .order(let account, let change, let order, let fill, let at):
            let quote = order.order.kind == .market ? OrderRow.quote(order, venue) : nil
            for one in accounts where one.account == account {
                guard case .orderUpdate(let wanted) = one.name, matches(wanted, order.order.instrument) else {
                    continue
                }
                let frame = frames.order(
                    change, order, fill, quote: quote, at: at, now: now, stream: one.text)
                send(one.connection, frame)
            }
        case .balance(let account, let asset, let balance, let at):
            for one in accounts where one.account == account && one.name == .balanceUpdate {
                send(one.connection, frames.balance(asset, balance, at: at, now: now, stream: one.text))
            }
        case .position(let account, let change, let position, let at):
            for one in accounts where one.account == account {
                guard case .positionUpdate(let wanted) = one.name, matches(wanted, position.instrument) else {
                    continue
                }
                send(one.connection, frames.position(change, position, at: at, now: now, stream: one.text))
            }
        case .answer: break
        }
    }

    private func matches(_ wanted: String?, _ id: InstrumentID) -> Bool {
        wanted == nil || wanted == symbol(id)
    }

    private func publish(
        _ text: String, _ send: (ConnectionToken, [UInt8]) -> Void, _ frame: (String) -> [UInt8]
    ) {
        guard let all = listeners[text], !all.isEmpty else { return }
        let bytes = frame(text)
        for connection in all { send(connection, bytes) }
    }

    private mutating func gather(
        _ id: InstrumentID, _ bids: [Level], _ asks: [Level], _ sequence: Int64, _ at: Timestamp
    ) {
        for index in windows.indices where windows[index].instrument == id {
            windows[index].first = windows[index].first ?? sequence
            (windows[index].last, windows[index].at) = (sequence, at)
            for level in bids { windows[index].bids[level.price] = level.quantity }
            for level in asks { windows[index].asks[level.price] = level.quantity }
        }
    }

    // MARK: Time

    var nextDue: Timestamp? {
        var due = windows.map(\.due).min()
        if !timed.isEmpty { due = min(due ?? nextSecond, nextSecond) }
        return due
    }

    /// Tells what is told at fixed times.
    mutating func pass(_ venue: SimulatedVenue, _ now: Timestamp, _ send: (ConnectionToken, [UInt8]) -> Void)
    {
        for index in windows.indices where windows[index].due <= now {
            let window = windows[index]
            windows[index].due = now + window.length
            guard let first = window.first else { continue }
            func levels(_ table: [Price: Quantity]) -> [Level] {
                table.map { Level(price: $0.key, quantity: $0.value) }.sorted { $0.price < $1.price }
            }
            if !isLeftOut(window.instrument, window.text) {
                publish(window.text, send) {
                    frames.depth(
                        window.instrument, bids: levels(window.bids), asks: levels(window.asks),
                        first: first, last: window.last, at: window.at, now: now, stream: $0)
                }
            }
            (windows[index].first, windows[index].bids, windows[index].asks) = (nil, [:], [:])
        }
        guard nextSecond <= now else { return }
        nextSecond = Timestamp(microseconds: (now.microseconds / 1_000_000 + 1) * 1_000_000)
        for index in timed.indices { tellTimed(index, venue, now, send) }
    }

    private mutating func tellTimed(
        _ index: Int, _ venue: SimulatedVenue, _ now: Timestamp, _ send: (ConnectionToken, [UInt8]) -> Void
    ) {
        let one = timed[index]
        timed[index].count += 1
        switch one.name {
        case .ticker:
            let summary = venue.summary(one.instrument)
            guard summary.last != nil else { return }
            publish(one.text, send) { frames.ticker(one.instrument, summary, now: now, stream: $0) }
        case .openInterest where one.count % 60 == 0:
            let open = venue.openInterest(one.instrument)
            publish(one.text, send) { frames.openInterest(one.instrument, open, now: now, stream: $0) }
        case .kline(let interval, _):
            guard let length = Candle.lengths[interval] else { return }
            let tape = venue.tape(one.instrument)
            // The candle that a second ago was still open is told once more when it has closed.
            let before = Candle.start(of: now - .seconds(1), length), current = Candle.start(of: now, length)
            for start in before == current ? [current] : [before, current] {
                let candle = Candle(start, length, of: tape)
                guard start != current || candle.summary.trades > 0 else { continue }
                publish(one.text, send) {
                    frames.kline(one.instrument, candle, isClosed: start != current, now: now, stream: $0)
                }
            }
        default: break
        }
    }
}

/// The trades of one stretch of time.
struct Candle {
    let start: Timestamp, end: Timestamp
    private(set) var summary = TradeSummary()

    /// Seconds by the venue's name of the interval; a month counts 30 days.
    static let lengths: [String: Int64] = [
        "1s": 1, "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1_800, "1h": 3_600, "2h": 7_200,
        "4h": 14_400,
        "6h": 21_600, "8h": 28_800, "12h": 43_200, "1d": 86_400, "3d": 259_200, "1w": 604_800,
        "1month": 2_592_000,
    ]

    static func start(of time: Timestamp, _ seconds: Int64) -> Timestamp {
        let length = seconds * 1_000_000
        return Timestamp(microseconds: time.microseconds / length * length)
    }

    /// - Parameter tape: oldest first.
    init(_ start: Timestamp, _ seconds: Int64, of tape: [TapeTrade]) {
        self.start = start
        end = start + .seconds(seconds)
        var low = 0, high = tape.count
        while low < high {
            let middle = (low + high) / 2
            if tape[middle].trade.venueTime < start { low = middle + 1 } else { high = middle }
        }
        while low < tape.count, tape[low].trade.venueTime < end {
            summary.add(tape[low].trade)
            low += 1
        }
    }
}
