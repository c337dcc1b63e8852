/// A spot market and the perp of the same base: what a strategy trades against each other.
public struct Pair: Hashable, Sendable {
    public let id: PairID
    public let base: Asset
    public let spot: Instrument
    public let perp: Instrument
    /// The least common multiple of both lots: a quantity both legs can have.
    public let commonLot: Quantity
    /// The smallest quantity that both legs can trade: `max(both minimums, common lot)`, on the common lot.
    public let leastQuantity: Quantity

    public init(id: PairID, spot: Instrument, perp: Instrument) {
        precondition(
            spot.base == perp.base && spot.kind == .spot && perp.kind == .perp, "a pair has one base")
        (self.id, self.base, self.spot, self.perp) = (id, spot.base, spot, perp)
        let a = spot.lotSize.raw, b = perp.lotSize.raw
        commonLot = Quantity(raw: a / Pair.greatestCommonDivisor(a, b) * b)
        let least = max(spot.minQuantity, perp.minQuantity, commonLot)
        leastQuantity = least.onLot(commonLot, .up)
    }

    private static func greatestCommonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}

/// `carry` is long spot and short perp; `reverse` is short spot and long perp.
public enum Direction: String, Sendable, CaseIterable {
    case carry, reverse
    /// +1 for carry, −1 for reverse (FORMULAS 1).
    public var sign: Int64 { self == .carry ? 1 : -1 }
}

/// How an entry is executed: by takers, or with one or both legs resting first.
public enum Style: String, Sendable, CaseIterable {
    case taker, restSpot = "rest_spot", restPerp = "rest_perp", restBoth = "rest_both"
}

public enum Side: String, Sendable {
    case buy, sell
    public var opposite: Side { self == .buy ? .sell : .buy }
    public var sign: Int64 { self == .buy ? 1 : -1 }
}

/// One of the two legs of a pair.
public enum Leg: String, Sendable {
    case spot, perp
    public var other: Leg { self == .spot ? .perp : .spot }
}
