/// One price of a book and the quantity resting there.
public struct Level: Hashable, Sendable {
    public let price: Price
    public let quantity: Quantity
    public init(price: Price, quantity: Quantity) { (self.price, self.quantity) = (price, quantity) }
}

/// Best bid and best ask with their quantities.
public struct TopOfBook: Hashable, Sendable {
    public let bid: Level, ask: Level
    public init(bid: Level, ask: Level) { (self.bid, self.ask) = (bid, ask) }
    public var isCrossed: Bool { bid.price >= ask.price }
    /// Twice the middle between them: exact, unlike the middle itself.
    public var twiceMid: Int64 { bid.price.raw + ask.price.raw }
    /// The middle, rounded to nearest 10⁻⁸.
    public var mid: Price { Price(raw: Int64(quotient(Int128(twiceMid), by: 2, .nearest))) }
}

/// All resting bids and asks of an instrument, by price level, keyed by value.
///
/// Both sides are kept with the **best level last**, so that the changes near the touch, which are nearly
/// all, move the fewest levels.
public struct Book: Sendable {
    /// Ascending by price: the best bid is the last.
    public private(set) var bids: [Level] = []
    /// Descending by price: the best ask is the last.
    public private(set) var asks: [Level] = []
    /// The venue's number of the last update applied; `nil` while the book is out of sync.
    public private(set) var sequence: Int64?

    public init() {}

    public var isSynced: Bool { sequence != nil }
    public var bestBid: Level? { bids.last }
    public var bestAsk: Level? { asks.last }

    /// `nil` when a side is empty or the book is out of sync. It may be crossed: ask.
    public var top: TopOfBook? {
        guard isSynced, let bid = bids.last, let ask = asks.last else { return nil }
        return TopOfBook(bid: bid, ask: ask)
    }

    /// Best bid at or above best ask: the book is wrong or the moment is; not tradable.
    public var isCrossed: Bool { top?.isCrossed ?? false }

    /// Starts anew from a whole book. Levels may come in any order; empty ones are left out.
    public mutating func replace(bids: [Level], asks: [Level], sequence: Int64) {
        self.bids = []
        self.asks = []
        self.bids.reserveCapacity(bids.count)
        self.asks.reserveCapacity(asks.count)
        for level in bids { set(level, .buy) }
        for level in asks { set(level, .sell) }
        self.sequence = sequence
    }

    /// Applies absolute quantities; zero removes the level.
    public mutating func apply(bids: [Level], asks: [Level], sequence: Int64) {
        for level in bids { set(level, .buy) }
        for level in asks { set(level, .sell) }
        self.sequence = sequence
    }

    /// Throws the book away: out of sync until the next snapshot.
    public mutating func invalidate() {
        (bids, asks, sequence) = ([], [], nil)
    }

    /// The levels that taking on this side meets, best **last**: buying meets asks.
    public func opposing(_ side: Side) -> [Level] { side == .buy ? asks : bids }

    private mutating func set(_ level: Level, _ side: Side) {
        if side == .buy {
            Book.set(level, in: &bids) { $0 < $1 }
        } else {
            Book.set(level, in: &asks) { $0 > $1 }
        }
    }

    private static func set(_ level: Level, in levels: inout [Level], worse: (Price, Price) -> Bool) {
        var low = 0, high = levels.count
        if let last = levels.last, worse(last.price, level.price) {
            low = levels.count
        } else {
            while low < high {
                let middle = (low + high) / 2
                if worse(levels[middle].price, level.price) { low = middle + 1 } else { high = middle }
            }
        }
        let found = low < levels.count && levels[low].price == level.price
        switch (found, level.quantity.raw > 0) {
        case (true, true): levels[low] = level
        case (true, false): levels.remove(at: low)
        case (false, true): levels.insert(level, at: low)
        case (false, false): break
        }
    }
}

/// What taking a quantity from one side of a book costs or brings.
public struct Walk: Hashable, Sendable {
    /// The exact quote notional.
    public let notional: Notional
    /// The price of the worst level touched.
    public let worst: Price
    /// What was asked for and is not there; zero when filled whole.
    public let missing: Quantity
    public var isWhole: Bool { missing.raw == 0 }
}

extension Book {
    /// Takes `quantity` from the side that `side` meets, best level first.
    /// - Returns: `nil` when that side is empty.
    public func walk(_ side: Side, _ quantity: Quantity) -> Walk? {
        let levels = side == .buy ? asks : bids
        guard let best = levels.last else { return nil }
        var left = quantity.raw, notional: Int128 = 0, worst = best.price, index = levels.count
        while left > 0, index > 0 {
            index -= 1
            let level = levels[index]
            let taken = min(left, level.quantity.raw)
            notional += Int128(level.price.raw) * Int128(taken)
            worst = level.price
            left -= taken
        }
        return Walk(notional: Notional(raw: notional), worst: worst, missing: Quantity(raw: left))
    }

    /// The quantity that a limit order on `side` at `limit` could take now.
    public func depth(_ side: Side, to limit: Price) -> Quantity {
        var sum: Int64 = 0
        for level in (side == .buy ? asks : bids).reversed() {
            if side == .buy ? level.price > limit : level.price < limit { break }
            let (more, isOver) = sum.addingReportingOverflow(level.quantity.raw)
            // More than can be counted is more than anybody asks for.
            guard !isOver else { return Quantity(raw: .max) }
            sum = more
        }
        return Quantity(raw: sum)
    }
}
