/// What the terms of `net` need beside the books.
public struct OpportunityTerms: Sendable {
    public var fees: FeeRates
    /// `MIN_NET_EDGE`.
    public var leastNetEdge: Percent
    public var hold: TimeSpan
    public var nextFunding: TimeSpan, fundingInterval: TimeSpan
    /// Percent per hour: running estimate, and mean of the settled ones.
    public var fundingCurrent: Percent, fundingMean: Percent
    public var exitAtMean: Bool
    public var basisMean: Percent, basisSamples: Int
    public var borrowAPR: Percent
    public var volatilityPerHour: Percent
    /// Measured mean slippage of legs, which replaces the estimate.
    public var legRiskMeasured: (taker: Percent?, rest: Percent?)
    /// Coins that a reverse sells without borrowing.
    public var ownCoins: Quantity

    public init(
        fees: FeeRates, leastNetEdge: Percent, hold: TimeSpan, nextFunding: TimeSpan,
        fundingInterval: TimeSpan,
        fundingCurrent: Percent, fundingMean: Percent, exitAtMean: Bool, basisMean: Percent,
        basisSamples: Int,
        borrowAPR: Percent, volatilityPerHour: Percent,
        legRiskMeasured: (taker: Percent?, rest: Percent?) = (nil, nil), ownCoins: Quantity = .zero
    ) {
        (self.fees, self.leastNetEdge, self.hold) = (fees, leastNetEdge, hold)
        (self.nextFunding, self.fundingInterval) = (nextFunding, fundingInterval)
        (self.fundingCurrent, self.fundingMean) = (fundingCurrent, fundingMean)
        (self.exitAtMean, self.basisMean, self.basisSamples) = (exitAtMean, basisMean, basisSamples)
        (self.borrowAPR, self.volatilityPerHour) = (borrowAPR, volatilityPerHour)
        (self.legRiskMeasured, self.ownCoins) = (legRiskMeasured, ownCoins)
    }

    /// Samples that `exit_at = "mean"` needs before the mean is believed.
    public static let samplesLeast = 1800
    /// 100 ms delay, way and answer; a resting fill is heard of later.
    public static let takerExposure = TimeSpan.milliseconds(150), restingExposure = TimeSpan.milliseconds(300)
}

/// A basis measured at a tradable size, with every term of its net, each already rounded: what is printed
/// adds up.
public struct Opportunity: Sendable {
    public let pair: PairID
    public let direction: Direction
    public let walk: PairWalk
    public let midSpread: Percent
    public let exitPct: Percent, exitLevel: Percent, exitCross: Percent
    public let fundingExpected: Percent, borrowExpected: Percent
    public let legRiskTaker: Percent, legRiskRest: Percent
    /// What the expected funding was made of: percent per hour, running and settled mean; until the next
    /// settlement.
    public let fundingCurrent: Percent, fundingMean: Percent, nextFunding: TimeSpan
    /// Where each leg would rest with `peg = "touch"`: its own side of its own book.
    public let spotPost: Price, perpPost: Price
    private let grosses: [Percent]
    private let fees: [Percent]

    public var quantity: Quantity { walk.quantity }
    public func gross(_ style: Style) -> Percent { grosses[Self.place(style)] }
    public func fees(_ style: Style) -> Percent { fees[Self.place(style)] }
    public func legRisk(_ style: Style) -> Percent { style == .taker ? legRiskTaker : legRiskRest }

    /// What is left of the gross after everything FORMULAS 2 subtracts; the sum of rounded terms.
    public func net(_ style: Style) -> Percent { gross(style) - costs(style) }

    /// The gross at which `net` equals `least`.
    public func breakeven(_ style: Style, least: Percent) -> Percent { least + costs(style) }

    /// Everything between gross and net.
    public func costs(_ style: Style) -> Percent {
        exitLevel + exitCross + fees(style) - fundingExpected + borrowExpected + legRisk(style)
    }

    private static func place(_ style: Style) -> Int {
        switch style {
        case .taker: 0
        case .restSpot: 1
        case .restPerp: 2
        case .restBoth: 3
        }
    }

    /// - Returns: `nil` when a side is empty, or a side cannot fill the quantity.
    public static func measure(
        pair: Pair, direction: Direction, spot: Book, perp: Book, quantity: Quantity, terms: OpportunityTerms
    ) -> Opportunity? {
        guard let walk = PairWalk(spot: spot, perp: perp, quantity: quantity), walk.isWhole,
            let spotTop = spot.top, let perpTop = perp.top
        else { return nil }
        let carry = direction == .carry
        return Opportunity(
            pair: pair.id, direction: direction, walk: walk,
            midSpread: Figures.midSpread(spot: spotTop, perp: perpTop),
            spotPost: carry ? spotTop.bid.price : spotTop.ask.price,
            perpPost: carry ? perpTop.ask.price : perpTop.bid.price, terms: terms)
    }

    /// For a held pair, from a walk that may be pessimistic; rests are priced at the walks' worst levels.
    public static func held(
        pair: Pair, direction: Direction, walk: PairWalk, terms: OpportunityTerms
    ) -> Opportunity {
        let carry = direction == .carry
        let q = Int128(max(1, walk.quantity.raw))
        let spotMid = (walk.spotAsk.notional.raw + walk.spotBid.notional.raw) / (2 * q)
        let perpMid = (walk.perpAsk.notional.raw + walk.perpBid.notional.raw) / (2 * q)
        let spread = spotMid > 0 ? Figures.percent(perpMid - spotMid, of: spotMid, .nearest) : .zero
        return Opportunity(
            pair: pair.id, direction: direction, walk: walk, midSpread: spread,
            spotPost: carry ? walk.spotBid.worst : walk.spotAsk.worst,
            perpPost: carry ? walk.perpAsk.worst : walk.perpBid.worst, terms: terms)
    }

    init(
        pair: PairID, direction: Direction, walk: PairWalk, midSpread: Percent, spotPost: Price,
        perpPost: Price,
        terms: OpportunityTerms
    ) {
        (self.pair, self.direction, self.walk, self.midSpread) = (pair, direction, walk, midSpread)
        (self.spotPost, self.perpPost) = (spotPost, perpPost)
        (fundingCurrent, fundingMean) = (terms.fundingCurrent, terms.fundingMean)
        nextFunding = terms.nextFunding
        exitPct = Figures.exitCost(direction, walk)
        exitCross = Figures.exitCross(walk)
        exitLevel = Self.exitLevel(direction, terms)
        fundingExpected = Figures.fundingExpected(
            direction, hold: terms.hold, nextFunding: terms.nextFunding, interval: terms.fundingInterval,
            current: terms.fundingCurrent, mean: terms.fundingMean)
        borrowExpected =
            direction == .carry
            ? .zero
            : Figures.borrowExpected(
                apr: terms.borrowAPR, hold: terms.hold, quantity: walk.quantity, own: terms.ownCoins)
        let volatility = terms.volatilityPerHour
        legRiskTaker =
            terms.legRiskMeasured.taker
            ?? Figures.legRisk(volatilityPerHour: volatility, exposure: OpportunityTerms.takerExposure)
        legRiskRest =
            terms.legRiskMeasured.rest
            ?? Figures.legRisk(volatilityPerHour: volatility, exposure: OpportunityTerms.restingExposure)
        fees = [.taker, .restSpot, .restPerp, .restBoth].map { Figures.fees($0, terms.fees) }
        grosses =
            [Figures.gross(direction, walk)]
            + [Style.restSpot, .restPerp, .restBoth].map {
                Figures.grossResting($0, direction, walk, spotPost: spotPost, perpPost: perpPost)
            }
    }

    /// The mid basis at which a close is expected: zero, or the mean where the script said so and enough was
    /// seen.
    private static func exitLevel(_ direction: Direction, _ terms: OpportunityTerms) -> Percent {
        let mean = Percent(raw: direction.sign * terms.basisMean.raw)
        if terms.exitAtMean, terms.basisSamples >= OpportunityTerms.samplesLeast { return mean }
        return max(.zero, mean)
    }
}

extension StrategyContract {
    /// Expected hold.
    public var hold: TimeSpan { Statistic.span(hours: holdHours) }
    /// Longest hold; `nil` takes the host's default.
    public var maxHold: TimeSpan? { maxHoldHours.map { Statistic.span(hours: $0) } }
}
