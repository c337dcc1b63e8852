import Core
import Exchange

/// Turns what the public stream brings into events: every book followed in step, and a list of the books that
/// have to be asked for whole.
struct BookFeeds {
    private let catalogue: Catalogue
    private let frames: FrameReader
    /// By instrument; only those of a pair are followed.
    private var feeds: [DepthFeed?]
    /// Books to be asked for since `takeWanted`, in order.
    private var wanted: [InstrumentID] = []
    /// Frames that could not be believed, and what was said of the last one.
    private(set) var faults = 0
    private(set) var lastFault = ""

    init(_ catalogue: Catalogue, _ pairs: [Pair]) {
        (self.catalogue, frames) = (catalogue, FrameReader(catalogue))
        feeds = Array(repeating: nil, count: catalogue.instruments.count)
        for pair in pairs {
            feeds[pair.spot.id.index] = DepthFeed()
            feeds[pair.perp.id.index] = DepthFeed()
        }
    }

    private var isRefused = false

    /// How far every book is, for another follower to go on from.
    var progress: [DepthFeed?] { feeds }

    /// Goes on from another one's books with a parser of its own.
    init(_ catalogue: Catalogue, continuing progress: [DepthFeed?]) {
        (self.catalogue, frames, feeds) = (catalogue, FrameReader(catalogue), progress)
    }

    /// The private stream was refused since the last look.
    mutating func takeRefused() -> Bool {
        defer { isRefused = false }
        return isRefused
    }

    mutating func takeWanted() -> [InstrumentID] {
        if wanted.isEmpty { return [] }
        defer { wanted = [] }
        return wanted
    }

    mutating func read(_ connection: ConnectionID, _ bytes: [UInt8]) throws(FrameFault) -> [Event] {
        switch try frames.read(bytes) {
        case .depth(let frame):
            guard feeds[frame.instrument.index] != nil else { return [] }
            return perform(feeds[frame.instrument.index]!.frame(frame), frame.instrument)
        case .trade(let id, let trade): return [.trade(id, trade)]
        case .mark(let id, let update): return [.mark(id, update)]
        case .order(let update): return connection == .privateStream ? [.order(update)] : []
        case .position(let update): return connection == .privateStream ? [.position(update)] : []
        case .balance(let update): return connection == .privateStream ? [.balance(update)] : []
        case .error(let code, let message):
            lastFault = "the venue refused a subscription: \(code) \(message)"
            faults += 1
            guard connection == .privateStream else { return [] }
            // Without it nobody hears of a fill: as good as no stream at all.
            isRefused = true
            return [.connection(connection, .down(reason: lastFault))]
        case .bookTicker, .ignored: return []
        }
    }

    /// Bytes that cannot be believed: nothing of them is used, and every book of that connection starts over.
    mutating func hostile(_ fault: FrameFault, _ connection: ConnectionID) -> [Event] {
        faults += 1
        lastFault = "\(fault)"
        guard connection == .publicStream else { return [] }
        return feeds.indices.flatMap { lose($0, "a frame that cannot be believed") }
    }

    mutating func dropped(_ symbol: String) -> [Event] {
        guard let id = catalogue.id(symbol) else { return [] }
        return lose(id.index, "the mailbox was full")
    }

    mutating func changed(_ connection: ConnectionID, _ change: ConnectionChange) -> [Event] {
        var events: [Event] = [.connection(connection, change)]
        guard connection == .publicStream else { return events }
        for place in feeds.indices where feeds[place] != nil {
            let actions =
                change == .up ? feeds[place]!.begin() : feeds[place]!.lose("connection lost", stopped: true)
            events += perform(actions, InstrumentID(place))
        }
        return events
    }

    mutating func snapshot(_ id: InstrumentID, bids: [Level], asks: [Level], sequence: Int64) -> [Event] {
        perform(feeds[id.index]!.snapshot(bids: bids, asks: asks, sequence: sequence), id)
    }

    /// A snapshot did not come: it is wanted again if the book still waits.
    mutating func failed(_ id: InstrumentID) { _ = perform(feeds[id.index]!.failed(), id) }

    private mutating func lose(_ place: Int, _ reason: String) -> [Event] {
        guard feeds[place] != nil else { return [] }
        return perform(feeds[place]!.lose(reason, stopped: false), InstrumentID(place))
    }

    private mutating func perform(_ actions: [DepthFeed.Action], _ instrument: InstrumentID) -> [Event] {
        actions.compactMap { action in
            switch action {
            case .apply(let change): return .book(instrument, change)
            case .requestSnapshot:
                wanted.append(instrument)
                return nil
            }
        }
    }
}
