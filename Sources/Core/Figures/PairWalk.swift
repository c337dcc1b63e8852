/// The four walks of a pair at one quantity: `Sa`, `Sb`, `Pa`, `Pb` of FORMULAS 1.
public struct PairWalk: Hashable, Sendable {
    public let quantity: Quantity
    /// Taking from spot asks, spot bids, perp asks, perp bids.
    public let spotAsk: Walk, spotBid: Walk, perpAsk: Walk, perpBid: Walk

    public init(quantity: Quantity, spotAsk: Walk, spotBid: Walk, perpAsk: Walk, perpBid: Walk) {
        (self.quantity, self.spotAsk, self.spotBid) = (quantity, spotAsk, spotBid)
        (self.perpAsk, self.perpBid) = (perpAsk, perpBid)
    }

    /// `nil` when any side is empty or worth nothing, or the quantity is not above zero. Sides that cannot
    /// fill the quantity make `isWhole` false.
    public init?(spot: Book, perp: Book, quantity: Quantity) {
        guard let spotAsk = spot.walk(.buy, quantity), let spotBid = spot.walk(.sell, quantity),
            let perpAsk = perp.walk(.buy, quantity), let perpBid = perp.walk(.sell, quantity),
            [spotAsk, spotBid, perpAsk, perpBid].allSatisfy({ $0.notional > .zero })
        else { return nil }
        self.init(quantity: quantity, spotAsk: spotAsk, spotBid: spotBid, perpAsk: perpAsk, perpBid: perpBid)
    }

    public var isWhole: Bool { spotAsk.isWhole && spotBid.isWhole && perpAsk.isWhole && perpBid.isWhole }

    /// For a held pair: what a side cannot fill is priced at its worst level ∓ 0.50 %, an empty side at mark
    /// (perp) or index (spot) ∓ 0.50 %.
    /// - Returns: `nil` when a side is empty and its reference is not known, or the quantity is not above
    ///   zero.
    public static func pessimistic(
        spot: Book, perp: Book, quantity: Quantity, mark: Price?, index: Price?
    ) -> PairWalk? {
        guard let spotAsk = whole(spot, .buy, quantity, index),
            let spotBid = whole(spot, .sell, quantity, index),
            let perpAsk = whole(perp, .buy, quantity, mark), let perpBid = whole(perp, .sell, quantity, mark),
            [spotAsk, spotBid, perpAsk, perpBid].allSatisfy({ $0.notional > .zero })
        else { return nil }
        return PairWalk(
            quantity: quantity, spotAsk: spotAsk, spotBid: spotBid, perpAsk: perpAsk, perpBid: perpBid)
    }

    private static func whole(_ book: Book, _ side: Side, _ quantity: Quantity, _ reference: Price?) -> Walk?
    {
        let walk = book.walk(side, quantity)
        if let walk, walk.isWhole { return walk }
        guard let worst = walk?.worst ?? reference else { return nil }
        // 0.50 % against us: dearer to buy, cheaper to sell.
        let factor: Int128 = side == .buy ? 1005 : 995
        let raw = quotient(Int128(worst.raw) * factor, by: 1000, side == .buy ? .up : .down)
        let price = Price(raw: Int64(raw))
        let missing = walk?.missing ?? quantity
        return Walk(notional: (walk?.notional ?? .zero) + price * missing, worst: price, missing: .zero)
    }
}
