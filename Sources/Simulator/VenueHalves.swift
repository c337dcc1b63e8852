import Core

/// Orders that rest are taken at moments that are known, in two halves: for whoever has to see one half
/// filled, and cannot wait for the market to bring it about.
extension SimulatedVenue {
    struct Half: Sendable { let due: Timestamp, order: Int, isLast: Bool }

    /// An order came to rest: its first half is due.
    mutating func planHalf(of place: Int, isLast: Bool) {
        guard let every = rules.halvesEvery, tellable(orders[place].account) else { return }
        // Each waits for the same time: the list stays in order.
        halves.append(Half(due: clock + every, order: place, isLast: isLast))
    }

    /// Somebody of the crowd takes whatever stands before the order, and half of it or all that is left.
    mutating func takeHalf() {
        let half = halves.removeFirst(), order = orders[half.order]
        let id = order.order.instrument
        guard order.isResting, let price = order.order.price?.raw,
            let instrument = markets[id.index].instrument
        else { return }
        let part = order.remaining.raw / 2 / instrument.lotSize.raw * instrument.lotSize.raw
        let taken = half.isLast || part == 0 ? order.remaining.raw : part
        let side = order.order.side
        _ = crowdTake(
            id, side.opposite, standsBefore(half.order, id, side, price) + taken, limit: price)
        if orders[half.order].isResting { planHalf(of: half.order, isLast: true) }
        tellBook(id)
    }

    private func standsBefore(_ place: Int, _ id: InstrumentID, _ side: Side, _ price: Int64) -> Int64 {
        var sum: Int64 = 0
        for level in markets[id.index].book.side(side) {
            if side == .buy ? level.price > price : level.price < price { sum += level.total }
            guard level.price == price else { continue }
            for entry in level.queue {
                if entry.order == place { break }
                sum += entry.quantity
            }
        }
        return sum
    }
}
