/// Where an amount can be. What the venue holds for a strategy stands on `venue`; the other side of every
/// movement says why it moved.
public enum AccountName: String, Sendable, CaseIterable, Comparable {
    /// What the venue holds: balances, and contracts of perps under the symbol of the market.
    case venue
    /// The world before the first posting.
    case opening
    /// The counterparties of our fills.
    case trades
    /// What strategies handed to each other inside the host; over all owners it is zero.
    case transfers
    case fees, funding, borrow
    /// Where deposits come from and withdrawals go to.
    case outside
    /// Differences found and accepted by a person.
    case adjustment
    public static func < (a: AccountName, b: AccountName) -> Bool { a.rawValue < b.rawValue }
}

/// A named balance in the ledger: one strategy's, or the house's where no strategy is concerned.
public struct Account: Hashable, Comparable, Sendable {
    /// The strategy's name, or `house`.
    public let owner: String
    public let name: AccountName
    public init(_ owner: String, _ name: AccountName) { (self.owner, self.name) = (owner, name) }
    public static let house = "house"
    public static func < (a: Account, b: Account) -> Bool {
        (a.owner, a.name.rawValue) < (b.owner, b.name.rawValue)
    }
}

/// What a posting is for.
public enum PostingCause: String, Sendable {
    case opening, fill, transfer, funding, interest
    /// What the exchange has and no fact explains.
    case adjustment
}

/// One movement between two accounts. A negative amount moves the other way.
public struct Posting: Hashable, Sendable {
    public let from: Account, to: Account
    public let asset: Asset
    public let amount: Money
    public let cause: PostingCause
    /// Names the fact within its cause. A fact moves an asset between two accounts once: told again it is the
    /// same posting.
    public let reference: String
    public init(
        from: Account, to: Account, asset: Asset, amount: Money, cause: PostingCause, reference: String
    ) {
        (self.from, self.to, self.asset, self.amount) = (from, to, asset, amount)
        (self.cause, self.reference) = (cause, reference)
    }
}

/// All balances that the postings add up to. Double entry: the sum of all accounts of an asset is always
/// zero.
public struct Ledger: Sendable {
    /// One balance, as it is listed.
    public struct Row: Sendable, Equatable {
        public let account: Account
        public let asset: Asset
        public fileprivate(set) var balance: Money
        public init(account: Account, asset: Asset, balance: Money) {
            (self.account, self.asset, self.balance) = (account, asset, balance)
        }
    }

    /// Every balance ever touched, ordered by account and asset.
    public private(set) var rows: [Row] = []
    public private(set) var postings = 0
    /// Postings since they were last taken, in order.
    public private(set) var fresh: [Posting] = []

    public init() {}

    /// Takes up balances that another ledger had.
    public init(rows: [Row]) { self.rows = rows.sorted { ($0.account, $0.asset) < ($1.account, $1.asset) } }

    /// The postings since the last call.
    public mutating func takeFresh() -> [Posting] {
        defer { fresh = [] }
        return fresh
    }

    public mutating func post(_ posting: Posting) {
        guard posting.amount != .zero else { return }
        change(posting.from, posting.asset, -posting.amount)
        change(posting.to, posting.asset, posting.amount)
        postings += 1
        fresh.append(posting)
    }

    public func balance(_ account: Account, _ asset: Asset) -> Money {
        let place = firstPlace(account, asset)
        return matches(place, account, asset) ? rows[place].balance : .zero
    }

    /// What the ledger says the venue holds of an asset, over all owners.
    public func venueBalance(_ asset: Asset) -> Money {
        rows.reduce(.zero) { $1.account.name == .venue && $1.asset == asset ? $0 + $1.balance : $0 }
    }

    /// All assets, by name, with the sum over all accounts: zero for each, or the ledger is broken.
    public var sums: [(asset: Asset, sum: Money)] {
        assets.map { asset in (asset, rows.reduce(.zero) { $1.asset == asset ? $0 + $1.balance : $0 }) }
    }

    /// All assets ever touched, by name.
    public var assets: [Asset] {
        var found: [Asset] = []
        for row in rows where !found.contains(row.asset) { found.append(row.asset) }
        return found.sorted()
    }

    private mutating func change(_ account: Account, _ asset: Asset, _ amount: Money) {
        let place = firstPlace(account, asset)
        if matches(place, account, asset) {
            rows[place].balance += amount
        } else {
            rows.insert(Row(account: account, asset: asset, balance: amount), at: place)
        }
    }

    private func matches(_ place: Int, _ account: Account, _ asset: Asset) -> Bool {
        place < rows.count && rows[place].account == account && rows[place].asset == asset
    }

    private func firstPlace(_ account: Account, _ asset: Asset) -> Int {
        var low = 0, high = rows.count
        while low < high {
            let middle = (low + high) / 2
            let row = rows[middle]
            if row.account < account || (row.account == account && row.asset < asset) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

extension Ledger {
    /// Books one execution for a strategy: what came, what went, and the fee in the asset it was taken in.
    ///
    /// A perp settles in the quote currency: its contracts move under the market's symbol and its price flow
    /// as quote, so that contracts closed leave their profit behind.
    public mutating func book(_ fill: Fill, of instrument: Instrument, owner: String) {
        let venue = Account(owner, .venue), trades = Account(owner, .trades)
        let reference = "\(instrument.symbol)/\(fill.venueOrderID)/\(fill.tradeID)"
        func move(_ asset: Asset, _ amount: Money, from: Account, to: Account) {
            post(
                Posting(from: from, to: to, asset: asset, amount: amount, cause: .fill, reference: reference))
        }
        let units = Asset(instrument.kind == .spot ? instrument.base.symbol : instrument.symbol)
        let signed = Money(raw: Int128(fill.quantity.raw) * 10_000 * Int128(fill.side.sign))
        move(units, signed, from: trades, to: venue)
        let paid = fill.notional.rounded(fill.side == .buy ? .up : .down)
        move(instrument.quote, fill.side == .buy ? -paid : paid, from: trades, to: venue)
        move(fill.feeAsset, fill.fee, from: venue, to: Account(owner, .fees))
    }

    /// Books coins or contracts that one strategy hands to another at a price: what came, what went, nothing
    /// that the venue would see. The amount is rounded once and the same for both.
    /// - Parameters:
    ///   - moved: signed; contracts of a short are negative and are paid for to the taker.
    ///   - reference: names this transfer and no other.
    /// - Returns: what the receiver paid.
    @discardableResult
    public mutating func transfer(
        _ moved: Quantity, at price: Price, of instrument: Instrument, from giver: String, to taker: String,
        reference: String
    ) -> Money {
        let units = Asset(instrument.kind == .spot ? instrument.base.symbol : instrument.symbol)
        let paid = (price * moved).rounded(.nearest)
        hand(units, Money(raw: Int128(moved.raw) * 10_000), from: giver, to: taker, reference)
        hand(instrument.quote, paid, from: taker, to: giver, reference)
        return paid
    }

    /// Over the account `transfers` of both, so that the rows of each owner go on adding up to zero.
    private mutating func hand(
        _ asset: Asset, _ amount: Money, from giver: String, to taker: String, _ reference: String
    ) {
        post(
            Posting(
                from: Account(giver, .venue), to: Account(giver, .transfers), asset: asset, amount: amount,
                cause: .transfer, reference: reference))
        post(
            Posting(
                from: Account(taker, .transfers), to: Account(taker, .venue), asset: asset, amount: amount,
                cause: .transfer, reference: reference))
    }

    /// Books a funding payment; positive was received.
    /// - Parameter reference: names the settlement; one for all owners that share it.
    public mutating func bookFunding(_ amount: Money, owner: String, reference: String) {
        post(
            Posting(
                from: Account(owner, .funding), to: Account(owner, .venue), asset: .usdc, amount: amount,
                cause: .funding, reference: reference))
    }

    /// Books interest, in the asset it was paid in; positive was received.
    /// - Parameter reference: names the payment; one for all owners that share it.
    public mutating func bookInterest(_ amount: Money, _ asset: Asset, owner: String, reference: String) {
        post(
            Posting(
                from: Account(owner, .borrow), to: Account(owner, .venue), asset: asset, amount: amount,
                cause: .interest, reference: reference))
    }

    /// The opening posting of an asset: what the venue held before the first fill.
    /// - Parameter reference: names this opening and no other.
    public mutating func open(_ asset: Asset, _ amount: Money, reference: String) {
        post(
            Posting(
                from: Account(Account.house, .opening), to: Account(Account.house, .venue), asset: asset,
                amount: amount, cause: .opening, reference: reference))
    }
}
