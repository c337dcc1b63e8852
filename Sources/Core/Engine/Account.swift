/// What the venue says of our account, as last heard.
public struct AccountState: Sendable {
    public var facts: AccountFacts?
    public var balances: [BalanceUpdate] = []
    public var collateral: CollateralFacts?
    /// By instrument: signed contracts and profit as the venue states them.
    public var positions: [PositionUpdate] = []
    public var balancesKnown = false, positionsKnown = false, ordersKnown = false
    /// What is lent and borrowed; `nil` before it was read. It is read while something is borrowed.
    public var lending: [BorrowLendPosition]?
    /// When it was last read what is owed, or that nothing is; `nil` before.
    var debtsReadAt: Timestamp?

    public init() {}

    public var fees: FeeRates { facts?.fees ?? .base }
    /// True once everything that money decisions need has been read.
    public var isReady: Bool {
        facts != nil && balancesKnown && positionsKnown && ordersKnown && collateral != nil && debtsAreKnown
    }

    /// What is borrowed stands in no balance: it is asked for where the margin shows that there is something.
    var debtsAreKnown: Bool { collateral.map { $0.borrowed == .zero } == true || lending != nil }

    /// What the account owes of an asset; not negative.
    public func owed(_ asset: Asset) -> Money {
        lending?.first { $0.asset == asset && $0.net < .zero }.map { -$0.net } ?? .zero
    }

    public func balance(_ asset: Asset) -> BalanceUpdate? { balances.first { $0.asset == asset } }

    public mutating func set(_ balance: BalanceUpdate) {
        if let place = balances.firstIndex(where: { $0.asset == balance.asset }) {
            balances[place] = balance
        } else {
            balances.append(balance)
            balances.sort { $0.asset < $1.asset }
        }
    }

    public mutating func set(_ position: PositionUpdate) {
        if let place = positions.firstIndex(where: { $0.instrument == position.instrument }) {
            positions[place] = position
        } else {
            positions.append(position)
            positions.sort { $0.instrument < $1.instrument }
        }
    }

    /// Weight of an asset as collateral, as the account is told; `nil` where the venue did not tell.
    public func toldWeight(_ asset: Asset) -> Percent? {
        collateral?.weights.first { $0.asset == asset }?.weight
    }
}
