/// The hard bounds that the host enforces, from the configuration (DESIGN section 5). Nothing a script
/// returns changes them. Amounts are USD per leg unless said, percents are percent, times are the clock of
/// the run.
public struct RiskLimits: Sendable, Equatable {
    public var positionSizeMax = Money(200), positionSize = Money(150)
    /// One-sided (larger leg of each pair) and gross (both legs).
    public var totalExposureMax = Money(400), grossExposureMax = Money(800)
    public var dailyLossMax = Money(30), feesPerDayMax = Money(10)
    public var equityMin = Money(700)
    public var unhedgedMax = Money(200), unhedgedTimeMax = TimeSpan.seconds(5)
    /// Free USDC over perp short notional that must be left after the trade: 20 % is 0.20.
    public var runwayMin = Percent(raw: 20 * Percent.unit)
    public var tradesPerDayMax = 20, ordersPerSecondMax = 10, losingRoundsMax = 3
    public var priceCollar = Percent(raw: 50_000_000), hedgeCollar = Percent(raw: 2 * Percent.unit)
    public var netEdgeMin = Percent(raw: 2_000_000)
    /// In hundredths, 0…100.
    public var confidenceMin = 60
    public var bookAgeMax = TimeSpan.milliseconds(2000), persistMin = TimeSpan.milliseconds(250)
    public var indexDeviationMax = Percent(raw: Percent.unit)
    public var cooldown = TimeSpan.seconds(30), lossCooldown = TimeSpan.seconds(300)
    public var fundingGuard = TimeSpan.seconds(60)
    public var holdMax = TimeSpan.seconds(8 * 3600)
    public var allowBorrow = false
    /// What becomes of positions that nobody here opened.
    public var adoptPolicy = AdoptPolicy.hold
    /// No variable sets it; a test that makes every hedge miss does.
    public var hedgeRetriesMax = FixedLimits.hedgeRetriesMax
    /// Coins the user declares as their own, which a reverse may sell.
    public var inventory: [OwnCoins] = []
    /// One-sided USD by script name; a script without an entry has the total.
    public var budgets: [Budget] = []

    public init() {}

    public func budget(of name: String) -> Money {
        budgets.first { $0.script == name }?.amount ?? totalExposureMax
    }
    public func ownCoins(of base: Asset) -> Quantity {
        inventory.first { $0.asset == base }?.quantity ?? .zero
    }
}

public struct OwnCoins: Sendable, Equatable {
    public let asset: Asset, quantity: Quantity
    public init(asset: Asset, quantity: Quantity) { (self.asset, self.quantity) = (asset, quantity) }
}

public struct Budget: Sendable, Equatable {
    public let script: String, amount: Money
    public init(script: String, amount: Money) { (self.script, self.amount) = (script, amount) }
}
