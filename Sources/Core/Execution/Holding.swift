/// What one strategy has in one pair, and what is being done about it.
///
/// `coins` and `perp` are sums of fills: they are the truth this program acts on. Everything else is why and
/// when.
public struct Holding: Sendable {
    public let pair: PairID
    /// The strategy's name, and its place among the strategies.
    public let owner: String
    public let slot: Int

    public var state = PairState.idle
    public var direction = Direction.carry
    public var style = Style.taker
    /// The version of the script that opened it.
    public var version = ""
    public var adopted = false
    /// Base held for this pair, net of fees taken in base, dust of earlier rounds included; negative when
    /// short.
    public var coins = Money.zero
    /// Spot bought less sold, fees not taken off: the quantity behind `spotCost`.
    public var spotGross = Quantity.zero
    /// Contracts, signed.
    public var perp = Quantity.zero
    /// Signed quote notional of the spot and perp quantities held: what was paid for them (bought positive).
    public var spotCost = Notional.zero, perpCost = Notional.zero
    /// Fees and settlements of the present round, quote; positive fees were paid, positive funding was
    /// received.
    public var spotFees = Money.zero, perpFees = Money.zero, baseFeesInQuote = Money.zero
    public var funding = Money.zero, borrow = Money.zero
    /// As of the entry, for `pos.entry_net_pct`.
    public var entryExitLevel = Percent.zero, entryExitCross = Percent.zero, entryGross = Percent.zero
    /// First fill of the first entry.
    public var openedAt: Timestamp?
    public var entriesMade = 0
    public var operation: Operation?
    /// Since when the legs differ by a tradable quantity; `nil` while hedged.
    public var unhedgedSince: Timestamp?
    public var cooldownUntil: Timestamp?
    /// Net of the round so far by cause.
    public var profit = ProfitAndLoss()
    /// What changed hands in it so far.
    public var tally = RoundTally()
    public var fundingStopStrikes = 0
    /// The settlement that comes next, as the last look at the funding stop had it.
    public var nextSettlement: Timestamp?
    public var toldOfWidening = false
    /// How many times `max_hold_h` was extended by a settlement.
    public var extensions = 0
    /// How many entries of others here went before this strategy's own since its last, and the last of them
    /// by its number in the pair.
    public var passedOver = 0
    var passedAt = 0
    public var lastExitCall: Timestamp?
    public var lastExitWalk: PairWalk?

    public init(pair: PairID, owner: String, slot: Int) {
        (self.pair, self.owner, self.slot) = (pair, owner, slot)
    }

    /// Coins as a quantity, rounded down.
    public var coinQuantity: Quantity { Quantity(raw: Int64(quotient(coins.raw, by: 10_000, .down))) }
    /// Coins plus contracts: what moves with the market.
    public var imbalance: Quantity { coinQuantity + perp }
    public var isFlat: Bool { perp == .zero }
    /// Something is held, dust included, or being done.
    public var isAtWork: Bool {
        coins != .zero || perp != .zero || operation != nil || unhedgedSince != nil
    }
}

/// One thing being done to a pair, from the decision to the last fill.
public struct Operation: Sendable {
    public enum Kind: String, Sendable { case entry, exit, repair }
    public let kind: Kind
    /// Perp quantity, unsigned, to be added (entry) or zero (exit, repair).
    public let goal: Quantity
    public let decidedAt: Timestamp
    /// Mids of both legs at the decision.
    public let spotMid: Price, perpMid: Price
    /// Contracts held when it began, unsigned.
    public var before: Quantity
    /// Takes the rest of a post that filled in part.
    public var followsPost = false
    /// What an exit had left to close when it was last tried.
    public var left: Quantity?
    /// What it may cost at most, reserved until it ends.
    public var reservation: Reservation?
    /// Exposure of the holding when that was reserved, which it comes on top of.
    var heldOneSided = Money.zero, heldGross = Money.zero
    /// The figures it was decided on; `nil` for exits and repairs.
    public var opportunity: Opportunity?
    public var resting: RestingPlan?
    /// When resting ends.
    public var deadline: Timestamp?
    public var lastPost: Timestamp?
    public var posts = 0
    /// The resting phase is over: no new posts, cancel what is left.
    public var restingOver = false
    /// Hedges of a post that did not fill whole, as far as they were counted against the pair.
    var hedgesMissed = 0
    /// It rests only because a market takes nothing else.
    var restsFrozen = false
    /// Ended because the net fell below zero, not by time.
    public var pulled = false
    public var reason = ""
    /// An exit decided in this turn that has sent nothing yet: an entry of another may take it over.
    var waits = false
    /// Tries to make the legs match, and whether the other way was taken once.
    public var tries = 0, turned = false
    public var unwinds = false
    /// How many of its orders were refused, and until when nothing is sent after that.
    var refusals = 0, refusedUntil: Timestamp?
    public var nextTryAt: Timestamp?

    public init(
        kind: Kind, goal: Quantity, decidedAt: Timestamp, spotMid: Price, perpMid: Price, before: Quantity,
        reason: String = ""
    ) {
        (self.kind, self.goal, self.decidedAt, self.before) = (kind, goal, decidedAt, before)
        (self.spotMid, self.perpMid, self.reason) = (spotMid, perpMid, reason)
    }
}

/// Money and limit set aside for an entry's worst case until the entry is over.
public struct Reservation: Sendable, Equatable {
    /// Larger leg and both legs, at limit prices.
    public let oneSided: Money, gross: Money
    /// Quote that the spot buy takes with its fees, initial margin of the perp, and the weight lost on the
    /// coins.
    public let quote: Money, margin: Money
    public init(oneSided: Money, gross: Money, quote: Money, margin: Money) {
        (self.oneSided, self.gross, self.quote, self.margin) = (oneSided, gross, quote, margin)
    }
}
