import Core

extension VenueOrder {
    /// As the stream or, without a change, as an answer would say it.
    public func update(_ change: OrderChange? = nil, fill: Fill? = nil, at: Timestamp? = nil) -> OrderUpdate {
        let named: OrderChange =
            switch status {
            case .cancelled: .cancelled
            case .expired: .expired
            default: .accepted
            }
        return OrderUpdate(
            change: change ?? named, instrument: order.instrument, venueOrderID: VenueOrderID(String(id)),
            clientOrderID: order.clientID.map { ClientOrderID(raw: $0) }, side: order.side, status: status,
            executed: executed, executedQuote: executedQuote, quantity: quantity, price: order.price,
            fill: fill,
            reason: expiryReason, origin: change == nil ? nil : "USER", venueTime: at ?? createdAt)
    }
}

extension VenueEvent {
    /// What a program trading for `account` makes of this; `nil` for what is not told it, and for answers.
    /// Instruments keep the venue's ids, which are those of a catalogue of `SimulatedVenue.instruments`.
    public func event(for account: AccountID) -> Event? {
        switch self {
        case .depth(let id, let bids, let asks, let sequence, _):
            return .book(id, .delta(bids: bids, asks: asks, sequence: sequence))
        case .touch, .answer: return nil
        case .trade(let id, let trade, _, _): return .trade(id, trade)
        case .mark(let id, let update, _): return .mark(id, update)
        case .order(let owner, let change, let order, let fill, let at):
            return owner == account ? .order(order.update(change, fill: fill, at: at)) : nil
        case .balance(let owner, let asset, let balance, _):
            return owner == account ? .balance(balance.update(asset)) : nil
        case .position(let owner, _, let position, _):
            return owner == account ? .position(position.update) : nil
        }
    }
}

extension Balance {
    func update(_ asset: Asset) -> BalanceUpdate {
        BalanceUpdate(asset: asset, available: available, locked: locked, staked: .zero)
    }
}

extension PositionState {
    public var update: PositionUpdate {
        PositionUpdate(
            instrument: instrument, net: net, entryPrice: entryPrice, realised: realised,
            unrealised: unrealised)
    }
}

extension OrderOutcome {
    var answer: OrderAnswer {
        switch self {
        case .done(let order): .done(order.update())
        case .refused(let refusal): .refused(refusal)
        }
    }
}

extension SimulatedVenue {
    /// Answers a request of this program without a wire in between.
    /// - Returns: `nil` for orders: their answer comes as `.answer(ticket, …)`; see `reply(to:outcomes:)`.
    public mutating func answer(
        _ request: Request, for account: AccountID, ticket: Int64, now: Timestamp
    ) -> Reply? {
        advance(to: now)
        switch request {
        case .submit(let order):
            place(IncomingOrder(order), from: account, ticket: ticket, now: now)
            return nil
        case .submitBatch(let orders):
            placeBatch(orders.map { IncomingOrder($0) }, from: account, ticket: ticket, now: now)
            return nil
        case .cancel(let id, let client):
            if postponesCancel(id, order: nil, client: client.raw, from: account, now: now) {
                return .acceptedOnly
            }
            return single(cancel(id, order: nil, client: client.raw, from: account, now: now), missing: 400)
        case .cancelAll(let id):
            if postponesCancelAll(id, from: account, now: now) { return .acceptedOnly }
            return .orders(cancelAll(id, from: account, now: now).map { $0.update() })
        case .orderState(let id, let client):
            let found = openOrder(id, order: nil, client: client.raw, of: account)
            return single(found.map { .done($0) } ?? .refused(.missing), missing: 404)
        case .openOrders: return .orders(openOrders(of: account).map { $0.update() })
        case .depth(let id):
            let whole = book(id)
            return .depth(bids: whole.bids, asks: whole.asks, sequence: whole.sequence)
        case .account, .capital, .collateral, .positions: return accountAnswer(request, account)
        case .markPrices:
            return .marks(
                instruments.compactMap { one in
                    one.kind == .perp ? mark(one.id).map { MarkRow(instrument: one.id, update: $0) } : nil
                })
        case .markets:
            let skipped = figures.filter { $0.instrument(InstrumentID(0)) == nil }.map(\.symbol)
            return .markets(instruments, skipped: skipped)
        case .market(let id): return .market(figures[id.index].state)
        case .lendingMarkets, .borrowRoom, .collateralTerms, .openInterest: return termsAnswer(request)
        case .bestLevels(let id):
            let whole = book(id)
            return .depth(
                bids: Array(whole.bids.suffix(5)), asks: Array(whole.asks.suffix(5)), sequence: whole.sequence
            )
        case .serverTime: return .serverTime(clock)
        case .fills, .fundingPayments, .interestPayments, .borrowLendPositions, .outsideTransfers,
            .formerOrders,
            .fundingRates:
            return historyAnswer(request, account)
        }
    }

    private func historyAnswer(_ request: Request, _ account: AccountID) -> Reply? {
        switch request {
        case .fills(let from, let offset):
            let rows = fills(of: account).map(\.fill).filter { $0.venueTime >= from }
            return .fills(Array(rows.dropFirst(offset).prefix(1_000)))
        case .fundingPayments(let offset):
            return .fundingPayments(
                Array(funding(of: account).reversed().map(\.payment).dropFirst(offset).prefix(1_000)))
        case .interestPayments(let offset):
            return .interestPayments(
                Array(interest(of: account).reversed().map(\.payment).dropFirst(offset).prefix(1_000)))
        case .borrowLendPositions:
            return .borrowLendPositions(
                balances(of: account).filter { $0.balance.borrowed > .zero }.map {
                    BorrowLendPosition(asset: $0.asset, net: -$0.balance.borrowed)
                })
        case .outsideTransfers(let kind, let from, let offset):
            let rows = transfers(kind, of: account).reversed().filter { $0.at >= from }
            return .outsideTransfers(Array(rows.dropFirst(offset).prefix(1_000)))
        case .formerOrders(.orders, let offset):
            let rows = orders(of: account).reversed().map {
                FormerOrder(id: $0.order.clientID.map(ClientOrderID.init(raw:)), at: $0.createdAt)
            }
            return .formerOrders(Array(rows.dropFirst(offset).prefix(1_000)))
        case .formerOrders(.fills, let offset):
            let rows = fills(of: account).reversed().map {
                FormerOrder(id: $0.clientID.map(ClientOrderID.init(raw:)), at: $0.fill.venueTime)
            }
            return .formerOrders(Array(rows.dropFirst(offset).prefix(1_000)))
        case .fundingRates(let id, let limit):
            return .fundingRates(Array(settledRates(id).reversed().prefix(limit)))
        default: return nil
        }
    }

    /// The reply that an `.answer` event stands for.
    public static func reply(to request: Request, outcomes: [OrderOutcome]) -> Reply {
        if case .submitBatch = request { return .batch(outcomes.map(\.answer)) }
        switch outcomes.first?.answer {
        case .done(let update): return .order(update)
        case .refused(let refusal): return .refused(refusal)
        case nil: return .unknown("no answer")
        }
    }

    private func single(_ outcome: OrderOutcome, missing status: Int) -> Reply {
        switch outcome {
        case .done(let order): .order(order.update())
        case .refused(let no): .refused(Refusal(status: status, code: no.code, message: no.message))
        }
    }

    private func termsAnswer(_ request: Request) -> Reply {
        switch request {
        case .lendingMarkets:
            return .lendingMarkets(
                CollateralFigures.all.map {
                    LendingMarket(
                        asset: $0.asset, isOpen: rules.lends, borrowRate: rules.borrowRate, lendRate: .zero,
                        utilisation: .zero)
                })
        case .borrowRoom: return .borrowRoom(rules.lends ? SimulatedVenue.borrowRoom : .zero)
        case .collateralTerms: return .collateralTerms(CollateralFigures.all.map(\.terms))
        default:
            return .openInterest(
                instruments.compactMap {
                    $0.kind == .perp
                        ? OpenInterest(instrument: $0.id, quantity: openInterest($0.id)) : nil
                })
        }
    }

    private func accountAnswer(_ request: Request, _ account: AccountID) -> Reply {
        switch request {
        case .account:
            let holder = accounts[account.index]
            return .account(
                AccountFacts(
                    fees: holder.rates, leverageLimit: holder.leverageLimit, autoLend: holder.autoLend,
                    liquidating: false, borrowsToSettle: holder.autoBorrowSettlements,
                    positionMax: SimulatedVenue.positionMax))
        case .capital: return .balances(balances(of: account).map { $0.balance.update($0.asset) })
        case .positions: return .positions(positions(of: account).map(\.update))
        default:
            let margin = margin(of: account)
            // 1.0 is 100 000 000.
            func percent(_ fraction: Int128) -> Percent {
                Percent(
                    raw: Int64(
                        clamping: quotient(fraction, by: Int128(SimulatedVenue.one) / 100_000_000, .down)))
            }
            return .collateral(
                CollateralFacts(
                    netEquity: margin.netEquity, available: margin.available, locked: margin.locked,
                    marginFraction: margin.marginFraction.map(percent),
                    weights: margin.rows.map {
                        AssetWeight(asset: $0.asset, weight: percent(Int128($0.weight)), lent: .zero)
                    }, maintenanceFraction: percent(Int128(margin.mmf)), borrowed: margin.borrowLiability))
        }
    }
}

extension SimulatedVenue {
    /// What an account may borrow of any asset while the venue lends, and the position notional it may have.
    public static let borrowRoom = Quantity(raw: 1_000_000 * 100_000_000), positionMax = Money(10_000_000)
}

extension CollateralFigures {
    /// As an answer states them.
    var terms: CollateralTerms {
        func part(_ text: String, _ places: Int) -> Int64 {
            MarketFigures.fraction(text, places: places) ?? 0
        }
        return CollateralTerms(
            asset: asset, weight: Percent(raw: part(weight, 8)),
            curve: curve.map {
                HaircutCurve(base: Percent(raw: part($0.low, 8)), penalty: part($0.high, 12))
            })
    }
}
