/// Profit split by cause (FORMULAS 6): every part has its sign, so that the parts add up to the ledger's
/// profit.
public struct ProfitAndLoss: Hashable, Sendable {
    /// What the mids at the decisions promised.
    public var basis = Money.zero
    /// Paid for crossing from the mid to the fill; negative is a cost.
    public var crossing = Money.zero
    /// How the mid moved between the decision and the sending of an order.
    public var legRisk = Money.zero
    /// Negative: paid.
    public var fees = Money.zero
    /// Positive: received.
    public var funding = Money.zero, borrow = Money.zero
    /// What is left in coins and contracts, at mid.
    public var residual = Money.zero

    public init() {}

    /// The ledger's profit.
    public var total: Money { basis + crossing + legRisk + fees + funding + borrow + residual }

    /// Adds cause by cause.
    public mutating func add(_ other: ProfitAndLoss) {
        basis += other.basis
        crossing += other.crossing
        legRisk += other.legRisk
        fees += other.fees
        funding += other.funding
        borrow += other.borrow
        residual += other.residual
    }
}

/// One fill of a round with the mids it is judged by.
public struct JudgedFill: Hashable, Sendable {
    public let leg: Leg
    public let side: Side
    /// Executed, before any fee; above zero.
    public let quantity: Quantity
    public let price: Price
    /// The leg's mid when the trade was decided, and when this order was sent.
    public let decisionMid: Price, sentMid: Price
    /// Positive: paid. A fee is taken either in quote or in base.
    public let quoteFee: Money, baseFee: Money

    public init(
        leg: Leg, side: Side, quantity: Quantity, price: Price, decisionMid: Price, sentMid: Price,
        quoteFee: Money = .zero, baseFee: Money = .zero
    ) {
        (self.leg, self.side, self.quantity, self.price) = (leg, side, quantity, price)
        (self.decisionMid, self.sentMid) = (decisionMid, sentMid)
        (self.quoteFee, self.baseFee) = (quoteFee, baseFee)
    }
}

/// Adds up the fills of a round into profit by cause.
///
/// Causes are summed exactly, in 10⁻²⁰ of the quote currency, and rounded once at the end. The cash is what
/// the ledger books: each notional rounded to 10⁻¹² against us. What those roundings leave over goes to
/// `crossing`, so that the total is the ledger's cash plus what is left at mid, to the last digit.
public struct RoundProfit: Sendable {
    /// Quote received less quote paid, fees in quote included.
    public private(set) var cash = Money.zero
    /// Coins left, base fees taken off, and contracts left, signed.
    public private(set) var coins = Money.zero, contracts = Money.zero
    public private(set) var funding = Money.zero, borrow = Money.zero
    /// Exact sums, 10⁻²⁰.
    private var basis: Int128 = 0, crossing: Int128 = 0, legRisk: Int128 = 0, fees: Int128 = 0

    public init() {}

    /// Takes one fill into all sums; the order of fills does not matter.
    public mutating func add(_ fill: JudgedFill) {
        // 10⁻¹² of base times 10⁻⁸ of price.
        let net = Int128(fill.side.sign) * Int128(fill.quantity.raw) * 10_000 - fill.baseFee.raw
        let decision = Int128(fill.decisionMid.raw), sent = Int128(fill.sentMid.raw),
            price = Int128(fill.price.raw)
        basis -= net * decision
        legRisk -= net * (sent - decision)
        crossing -= net * (price - sent)
        fees -= fill.baseFee.raw * price + fill.quoteFee.raw * 100_000_000
        let notional = fill.price * fill.quantity
        cash += fill.side == .buy ? -notional.rounded(.up) : notional.rounded(.down)
        cash -= fill.quoteFee
        if fill.leg == .spot { coins += Money(raw: net) } else { contracts += Money(raw: net) }
    }

    /// Positive was received.
    public mutating func addFunding(_ amount: Money) { funding += amount }
    /// Positive was received.
    public mutating func addBorrow(_ amount: Money) { borrow += amount }

    /// The split with what is left valued at the given mids, rounded down.
    public func causes(spotMid: Price, perpMid: Price) -> ProfitAndLoss {
        var result = ProfitAndLoss()
        result.basis = Self.money(basis, .nearest)
        result.legRisk = Self.money(legRisk, .nearest)
        result.fees = Self.money(fees, .nearest)
        result.crossing = cash - result.basis - result.legRisk - result.fees
        (result.funding, result.borrow) = (funding, borrow)
        result.residual = Self.money(
            coins.raw * Int128(spotMid.raw) + contracts.raw * Int128(perpMid.raw), .down)
        return result
    }

    /// How far `crossing` lies from its exact sum: what the roundings left over, below 10⁻¹² a fill and two
    /// more.
    public var roundingLeft: Money {
        causes(spotMid: Price(raw: 0), perpMid: Price(raw: 0)).crossing - Self.money(crossing, .nearest)
    }

    private static func money(_ exact: Int128, _ rounding: Rounding) -> Money {
        Money(raw: quotient(exact, by: 100_000_000, rounding))
    }
}
