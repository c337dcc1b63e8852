import Core

extension SimulatedVenue {
    public var figures: [MarketFigures] { markets.map(\.figures) }
    /// Markets this program can count in, in the venue's order; `id` is the place in `figures`.
    public var instruments: [Instrument] { markets.compactMap(\.instrument) }
    public func instrument(_ id: InstrumentID) -> Instrument? { markets[id.index].instrument }
    public func market(_ symbol: String) -> InstrumentID? { symbols[symbol] }
    public func account(key: String) -> AccountID? { keys[key] }
    public func key(of account: AccountID) -> String { accounts[account.index].key }
    public func rates(of account: AccountID) -> FeeRates { accounts[account.index].rates }

    /// A whole book; best level last on both sides.
    public func book(_ id: InstrumentID) -> (bids: [Level], asks: [Level], sequence: Int64) {
        let book = markets[id.index].book
        return (book.levels(.buy), book.levels(.sell), book.sequence)
    }

    /// Oldest first.
    public func tape(_ id: InstrumentID) -> [TapeTrade] { markets[id.index].tape }
    public func summary(_ id: InstrumentID) -> TradeSummary { markets[id.index].summary }

    /// Mark, index and the running funding estimate; `nil` before the first.
    public func mark(_ id: InstrumentID) -> MarkUpdate? {
        guard let mark = markets[id.index].mark, let index = markets[id.index].index else { return nil }
        return MarkUpdate(
            mark: Price(raw: mark), index: Price(raw: index), rate: markets[id.index].fundingEstimate,
            nextFunding: nextFunding)
    }

    /// Oldest first.
    public func settledRates(_ id: InstrumentID) -> [SettledRate] { markets[id.index].settledRates }

    /// Half of all that is held, long and short.
    public func openInterest(_ id: InstrumentID) -> Quantity {
        Quantity(raw: accounts.reduce(Int64(0)) { $0 + abs($1.positions[id.index]?.net ?? 0) } / 2)
    }

    /// Every asset the account ever held.
    public func balances(of account: AccountID) -> [(asset: Asset, balance: Balance)] {
        accounts[account.index].assets.map { ($0, accounts[account.index][$0]) }
    }

    public func positions(of account: AccountID) -> [PositionState] {
        markets.indices.compactMap { index in
            accounts[account.index].positions[index].map {
                state(of: $0, InstrumentID(index), account, closedAt: nil)
            }
        }
    }

    /// Oldest first.
    public func openOrders(of account: AccountID) -> [VenueOrder] {
        accounts[account.index].openOrders.map { orders[$0] }
    }

    /// The order while it rests; by client id the newest.
    public func openOrder(
        _ instrument: InstrumentID, order id: Int64?, client: UInt32?, of account: AccountID
    ) -> VenueOrder? {
        openPlace(instrument, order: id, client: client, of: account).map { orders[$0] }
    }

    /// Every order that reached the venue, oldest first.
    public func orders(of account: AccountID) -> [VenueOrder] {
        accounts[account.index].orders.map { orders[$0] }
    }
    /// Executions of an earlier time, which changed nothing that is held now.
    package mutating func remember(_ fills: [VenueFill], of account: AccountID) {
        accounts[account.index].fills += fills
        accounts[account.index].fills.sort { $0.fill.venueTime < $1.fill.venueTime }
    }

    public func fills(of account: AccountID) -> [VenueFill] { accounts[account.index].fills }
    public func funding(of account: AccountID) -> [FundingRecord] { accounts[account.index].funding }
    public func interest(of account: AccountID) -> [InterestRecord] { accounts[account.index].interest }
    /// Deposits and withdrawals of that kind, oldest first.
    public func transfers(_ kind: OutsideTransfer.Kind, of account: AccountID) -> [OutsideTransfer] {
        accounts[account.index].transfers.filter { $0.kind == kind }
    }
    public func settlements(of account: AccountID) -> [Settlement] { accounts[account.index].settlements }
    /// Closed ones, oldest first.
    public func closedPositions(of account: AccountID) -> [PositionState] {
        accounts[account.index].closedPositions
    }

    public func leverageLimit(of account: AccountID) -> Money { accounts[account.index].leverageLimit }

    /// The account's switches: auto-lend, borrow for settlements, repay borrows.
    public func switches(of account: AccountID) -> (
        autoLend: Bool, borrowSettlements: Bool, repayBorrows: Bool
    ) {
        let holder = accounts[account.index]
        return (holder.autoLend, holder.autoBorrowSettlements, holder.autoRepayBorrows)
    }

    /// Changes settings; `nil` leaves one as it is. Auto-lend is kept and shown but nothing is lent.
    public mutating func update(
        _ account: AccountID, leverageLimit: Money?, autoLend: Bool?, borrowSettlements: Bool?,
        repayBorrows: Bool?
    ) {
        let holder = accounts[account.index]
        accounts[account.index].leverageLimit = leverageLimit ?? holder.leverageLimit
        accounts[account.index].autoLend = autoLend ?? holder.autoLend
        accounts[account.index].autoBorrowSettlements = borrowSettlements ?? holder.autoBorrowSettlements
        accounts[account.index].autoRepayBorrows = repayBorrows ?? holder.autoRepayBorrows
    }

    /// Changes an account's fees: tiers move.
    public mutating func setRates(_ rates: FeeRates, of account: AccountID) {
        accounts[account.index].rates = rates
    }
}
