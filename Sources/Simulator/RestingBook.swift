import Core

/// One place in a queue: an order of an account, or what the crowd shows there.
struct QueueEntry: Sendable {
    /// The order's place in the venue's list; `nil` for the crowd.
    let order: Int?
    var quantity: Int64
}

/// One price and those who wait there, first come first.
struct RestingLevel: Sendable {
    let price: Int64
    var queue: [QueueEntry]
    var total: Int64 { queue.reduce(0) { $0 + $1.quantity } }
    var crowd: Int64 { queue.reduce(0) { $0 + ($1.order == nil ? $1.quantity : 0) } }
}

/// One market's resting orders by price and time. Both sides are kept with the best level last.
struct RestingBook: Sendable {
    private(set) var bids: [RestingLevel] = []
    private(set) var asks: [RestingLevel] = []
    /// The number of the last change told.
    private(set) var sequence: Int64
    private var touched: [Touched] = []

    private struct Touched { let side: Side, price: Int64, before: Int64 }

    init(sequence: Int64) { self.sequence = sequence }

    func side(_ side: Side) -> [RestingLevel] { side == .buy ? bids : asks }
    func best(_ side: Side) -> RestingLevel? { side == .buy ? bids.last : asks.last }
    func bestPrice(_ side: Side) -> Int64? { best(side)?.price }

    /// The whole side for others to see, best level last.
    func levels(_ wanted: Side) -> [Level] {
        side(wanted).map { Level(price: Price(raw: $0.price), quantity: Quantity(raw: $0.total)) }
    }

    func level(_ wanted: Side, at price: Int64) -> RestingLevel? {
        let levels = side(wanted), (index, found) = place(wanted, price)
        return found ? levels[index] : nil
    }

    /// Joins the queue at the end.
    mutating func add(_ order: Int, _ wanted: Side, at price: Int64, quantity: Int64) {
        edit(wanted, price) { $0.append(QueueEntry(order: order, quantity: quantity)) }
    }

    /// Leaves the queue, or keeps its place with a smaller quantity.
    mutating func set(_ order: Int, _ wanted: Side, at price: Int64, quantity: Int64) {
        edit(wanted, price) { queue in
            guard let index = queue.firstIndex(where: { $0.order == order }) else { return }
            if quantity > 0 { queue[index].quantity = quantity } else { queue.remove(at: index) }
        }
    }

    /// Takes from the front of the best level.
    mutating func takeFront(_ wanted: Side, at price: Int64, quantity: Int64) {
        edit(wanted, price) { queue in
            queue[0].quantity -= quantity
            if queue[0].quantity <= 0 { queue.removeFirst() }
        }
    }

    /// What the crowd shows at this price from now on: more joins behind,
    /// less goes away pro rata before and behind.
    mutating func setCrowd(_ wanted: Side, at price: Int64, quantity: Int64) {
        let shown = level(wanted, at: price)?.crowd ?? 0
        guard shown != quantity else { return }
        edit(wanted, price) { queue in
            if quantity > shown {
                if let last = queue.last, last.order == nil {
                    queue[queue.count - 1].quantity = last.quantity + quantity - shown
                } else {
                    queue.append(QueueEntry(order: nil, quantity: quantity - shown))
                }
                return
            }
            var left = quantity, of = shown
            for index in queue.indices where queue[index].order == nil {
                let old = queue[index].quantity
                let part = of > 0 ? Int64(quotient(Int128(old) * Int128(left), by: Int128(of), .up)) : 0
                queue[index].quantity = part
                (left, of) = (left - part, of - old)
            }
            queue.removeAll { $0.order == nil && $0.quantity <= 0 }
        }
    }

    /// What changed since the last call, as absolute levels; `nil` when nothing did. Counts the sequence on
    /// by one.
    mutating func change() -> (bids: [Level], asks: [Level], sequence: Int64)? {
        var bids: [Level] = [], asks: [Level] = []
        for one in touched {
            let now = level(one.side, at: one.price)?.total ?? 0
            guard now != one.before else { continue }
            let changed = Level(price: Price(raw: one.price), quantity: Quantity(raw: now))
            if one.side == .buy { bids.append(changed) } else { asks.append(changed) }
        }
        touched.removeAll(keepingCapacity: true)
        guard !bids.isEmpty || !asks.isEmpty else { return nil }
        sequence += 1
        return (
            bids.sorted { $0.price < $1.price }, asks.sorted { $0.price < $1.price }, sequence
        )
    }

    /// Where the price is, or belongs, on this side.
    private func place(_ wanted: Side, _ price: Int64) -> (index: Int, found: Bool) {
        let levels = side(wanted)
        var low = 0, high = levels.count
        while low < high {
            let middle = (low + high) / 2
            let worse = wanted == .buy ? levels[middle].price < price : levels[middle].price > price
            if worse { low = middle + 1 } else { high = middle }
        }
        return (low, low < levels.count && levels[low].price == price)
    }

    private mutating func edit(_ wanted: Side, _ price: Int64, _ body: (inout [QueueEntry]) -> Void) {
        let (index, found) = place(wanted, price)
        let before = found ? side(wanted)[index].total : 0
        if !touched.contains(where: { $0.price == price && $0.side == wanted }) {
            touched.append(Touched(side: wanted, price: price, before: before))
        }
        if wanted == .buy {
            RestingBook.edit(&bids, index, found, price, body)
        } else {
            RestingBook.edit(&asks, index, found, price, body)
        }
    }

    private static func edit(
        _ levels: inout [RestingLevel], _ index: Int, _ found: Bool, _ price: Int64,
        _ body: (inout [QueueEntry]) -> Void
    ) {
        if !found { levels.insert(RestingLevel(price: price, queue: []), at: index) }
        body(&levels[index].queue)
        if levels[index].queue.isEmpty { levels.remove(at: index) }
    }
}
