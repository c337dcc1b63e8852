import Core

/// A payment or a realisation, as `history/settlement` lists it.
public struct Settlement: Sendable, Equatable {
    public let source: String
    /// Positive was received, USDC.
    public let amount: Money
    public let position: Int64?
    public let at: Timestamp
}

/// A funding payment with the rate it was made at.
public struct FundingRecord: Sendable, Equatable {
    public let payment: FundingPayment
    public let rate: FundingRate
}

/// Interest on what is borrowed, with the yearly rate it was charged at, percent.
public struct InterestRecord: Sendable, Equatable {
    public let payment: InterestPayment
    public let rate: Percent
}

/// One perp position inside the venue. Its profit is cash that has not been paid yet.
struct PerpPosition: Sendable {
    let id: Int64
    let openedAt: Timestamp
    var net: Int64 = 0
    /// What the present quantity cost at its average entry: positive, 10⁻¹⁶.
    var entryNotional: Int128 = 0
    /// Received less paid for everything bought and sold, less what was realised: 10⁻¹⁶.
    var cash: Int128 = 0
    var realised = Money.zero, funding = Money.zero, fees = Money.zero
    var closedVolume: Int128 = 0

    /// Books one execution that does not pass through zero.
    mutating func book(_ signed: Int64, at price: Int64) {
        let notional = Int128(price) * Int128(abs(signed))
        if net == 0 || (net > 0) == (signed > 0) {
            entryNotional += notional
        } else {
            entryNotional -= quotient(
                entryNotional * Int128(abs(signed)), by: Int128(abs(net)), .nearest)
            closedVolume += notional
        }
        cash += signed > 0 ? -notional : notional
        net += signed
    }

    /// Profit not yet paid at this mark: 10⁻¹⁶, exact.
    func open(mark: Int64) -> Int128 { Int128(net) * Int128(mark) + cash }

    /// Turns open profit into money: what to pay out; the rest below 10⁻¹² stays.
    mutating func realise(mark: Int64) -> Money {
        let amount = Money(raw: quotient(open(mark: mark), by: 10_000, .down))
        cash -= amount.raw * 10_000
        realised += amount
        return amount
    }

    var entryPrice: Int64 {
        net == 0 ? 0 : Int64(quotient(entryNotional, by: Int128(abs(net)), .nearest))
    }

    /// The price at which closing leaves nothing won and nothing lost, fees and funding counted.
    var breakEvenPrice: Int64 {
        guard net != 0 else { return 0 }
        let lost = (fees.raw - realised.raw - funding.raw) * 10_000 - cash
        return Int64(quotient(net > 0 ? lost : -lost, by: Int128(abs(net)), .nearest))
    }
}

/// Everything the venue keeps of one account.
struct VenueAccount: Sendable {
    let id: AccountID
    let key: String
    /// The crowd, the fee till and the like: no margin, no history, no events.
    let isHouse: Bool
    var rates: FeeRates
    var leverageLimit = Money(10)
    var autoLend = false, autoBorrowSettlements = true, autoRepayBorrows = true
    private var balances = Lookup<Asset, Balance>()
    /// By instrument.
    var positions: [PerpPosition?]
    var openOrders: [Int] = []
    var orders: [Int] = []
    var fills: [VenueFill] = []
    var funding: [FundingRecord] = []
    var interest: [InterestRecord] = []
    var transfers: [OutsideTransfer] = []
    var settlements: [Settlement] = []
    var closedPositions: [PositionState] = []

    init(id: AccountID, key: String, isHouse: Bool, rates: FeeRates, markets: Int) {
        (self.id, self.key, self.isHouse, self.rates) = (id, key, isHouse, rates)
        positions = Array(repeating: nil, count: markets)
    }

    /// Every asset ever held, by name.
    var assets: [Asset] { balances.sortedKeys }

    subscript(asset: Asset) -> Balance {
        get { balances[asset] ?? Balance() }
        set { balances[asset] = newValue }
    }
}
