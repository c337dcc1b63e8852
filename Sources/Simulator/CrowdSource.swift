import Core

/// Who makes the market: all quotes and trades that are not an account's.
public enum CrowdSource: Sendable {
    /// Empty books.
    case none
    case generated(CrowdGenerator)
    case recorded(RecordedCrowd)

    var nextTime: Timestamp? {
        switch self {
        case .none: nil
        case .generated(let generator): generator.nextTime
        case .recorded(let rows): rows.nextTime
        }
    }

    mutating func step(at now: Timestamp) -> [CrowdAction] {
        switch self {
        case .none: return []
        case .generated(var generator):
            self = .none
            let actions = generator.step(at: now)
            self = .generated(generator)
            return actions
        case .recorded(var rows):
            self = .none
            let actions = rows.step(at: now)
            self = .recorded(rows)
            return actions
        }
    }
}

enum CrowdAction: Sendable {
    case quote(InstrumentID, bids: [Level], asks: [Level])
    case index(InstrumentID, Price)
    /// A taker of the crowd, at most `reach` ticks beyond the touch.
    case trade(InstrumentID, Side, Quantity, reach: Int64)
    case row(CrowdRow)
}

/// A market's whole book at a moment, as a recording has it.
public struct CrowdRow: Sendable {
    public let at: Timestamp
    public let instrument: InstrumentID
    /// Best first.
    public let bids: [Level], asks: [Level]

    /// Levels may come in any order.
    public init(at: Timestamp, instrument: InstrumentID, bids: [Level], asks: [Level]) {
        (self.at, self.instrument) = (at, instrument)
        self.bids = bids.sorted { $0.price > $1.price }
        self.asks = asks.sorted { $0.price < $1.price }
    }

    /// On the market's grid: bids down, asks up, quantities down; what falls on one price is added.
    func fitted(to instrument: Instrument) -> CrowdRow {
        func fit(_ levels: [Level], _ rounding: Rounding) -> [Level] {
            var fitted: [Level] = []
            for level in levels {
                let price = level.price.onTick(instrument.tickSize, rounding)
                let quantity = level.quantity.onLot(instrument.lotSize, .down)
                guard quantity.raw > 0, price.raw > 0 else { continue }
                if let last = fitted.last, last.price == price {
                    fitted[fitted.count - 1] = Level(price: price, quantity: last.quantity + quantity)
                } else {
                    fitted.append(Level(price: price, quantity: quantity))
                }
            }
            return fitted
        }
        return CrowdRow(at: at, instrument: self.instrument, bids: fit(bids, .down), asks: fit(asks, .up))
    }
}

/// A market from a recording: its rows in order of time.
public struct RecordedCrowd: Sendable {
    private var rows: [CrowdRow]
    private var next = 0

    public init(_ rows: [CrowdRow] = []) { self.rows = rows }

    public var nextTime: Timestamp? { next < rows.count ? rows[next].at : nil }

    /// The time of the last row it has; `nil` for none.
    public var lastTime: Timestamp? { rows.last?.at }

    /// Adds rows that are not earlier than what was added before.
    public mutating func feed(_ more: [CrowdRow]) {
        if next > 10_000 {
            rows.removeFirst(next)
            next = 0
        }
        rows += more
    }

    mutating func step(at now: Timestamp) -> [CrowdAction] {
        var actions: [CrowdAction] = []
        while next < rows.count, rows[next].at <= now {
            actions.append(.row(rows[next]))
            next += 1
        }
        return actions
    }
}

extension SimulatedVenue {
    /// Gives a recorded market its next rows; without effect on a generated one.
    public mutating func feed(_ rows: [CrowdRow]) {
        guard case .recorded(var source) = crowd else { return }
        crowd = .none
        source.feed(rows)
        crowd = .recorded(source)
    }

    /// How far the rows of a recorded market reach.
    public var recordedUntil: Timestamp? {
        if case .recorded(let source) = crowd { return source.lastTime }
        return nil
    }

    /// Whether a recorded market has shown all it has; `false` for a generated one.
    public var isMarketOver: Bool {
        if case .recorded(let source) = crowd { return source.nextTime == nil }
        return false
    }
}
