/// Where a resting order stands in the queue of its price level, as far as public data tells (FORMULAS 10).
///
/// It joins behind what is displayed. Trades at the price eat what is ahead first; displayed quantity that
/// shrinks without trades is taken away pro rata from ahead and behind; a trade through the price fills the
/// rest. All displayed quantities are those of others: the own order is not in them.
public struct QueueEstimate: Hashable, Sendable {
    /// Others' quantity that is filled before ours.
    public private(set) var ahead: Quantity
    /// What of the own order is not filled yet.
    public private(set) var left: Quantity
    /// Others' quantity at the level, ahead and behind.
    private var displayed: Quantity
    /// Traded since the last displayed quantity: it explains that much of the next shrinkage.
    private var traded = Quantity.zero

    /// - Parameters: `displayed` is others' quantity at the level when the order of `own` joined it.
    public init(displayed: Quantity, own: Quantity) {
        (ahead, left, self.displayed) = (displayed, own, displayed)
    }

    /// A trade at the price.
    /// - Returns: how much of it filled the own order.
    public mutating func trade(_ quantity: Quantity) -> Quantity {
        let before = min(ahead, quantity)
        ahead -= before
        let filled = min(left, quantity - before)
        left -= filled
        traded += quantity - filled
        return filled
    }

    /// A trade beyond the price: nothing was left at it.
    /// - Returns: what that fills.
    public mutating func tradeThrough() -> Quantity {
        defer { (ahead, left) = (.zero, .zero) }
        return left
    }

    /// The level shows this much of others now.
    public mutating func display(_ quantity: Quantity) {
        let explained = max(displayed - traded, .zero)
        if explained > .zero, quantity < explained {
            // The part of what is ahead that stays, rounded up: the queue is never shorter than it may be.
            let stays = quotient(Int128(ahead.raw) * Int128(quantity.raw), by: Int128(explained.raw), .up)
            ahead = Quantity(raw: Int64(stays))
        }
        ahead = min(ahead, quantity)
        (displayed, traded) = (quantity, .zero)
    }
}
