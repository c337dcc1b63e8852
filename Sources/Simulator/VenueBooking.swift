import Core

/// One execution, as both sides see it.
struct Deal {
    let instrument: InstrumentID
    let price: Price, quantity: Quantity
    let tradeID: Int64
}

extension SimulatedVenue {
    /// One side of an execution: its order, its fee, its balances or position, and what is told of them.
    mutating func book(_ deal: Deal, _ side: Side, _ liquidity: Liquidity, account: AccountID, place: Int?) {
        guard let instrument = markets[deal.instrument.index].instrument else { return }
        let isSpot = instrument.kind == .spot
        let notional = (deal.price * deal.quantity).rounded(.nearest)
        let base = Money(raw: Int128(deal.quantity.raw) * 10_000)
        let inBase = isSpot && side == .buy
        let feeAsset = inBase ? instrument.base : .usdc
        let rate = accounts[account.index].rates.rate(instrument.kind, liquidity)
        let fee = SimulatedVenue.fee(rate, of: inBase ? base : notional)
        if let place { advanceOrder(place, deal) }
        if let place { tellFill(deal, side, liquidity, fee, feeAsset, account, place) }
        let charged = fee + takeOvercharge(account)
        accounts[SimulatedVenue.fees.index][feeAsset].available += charged
        guard isSpot else { return bookPerp(deal, side, charged, account, instrument) }
        let given = side == .buy ? (instrument.quote, notional) : (instrument.base, base)
        let taken = side == .buy ? (instrument.base, base) : (instrument.quote, notional)
        if let place, liquidity == .maker {
            accounts[account.index][given.0].locked -= given.1
            orders[place].locked -= given.1
        } else {
            borrow(given.0, for: given.1, account)
            accounts[account.index][given.0].available -= given.1
        }
        accounts[account.index][taken.0].available += taken.1 - charged
        if let place { repay(taken.0, account, always: orders[place].order.autoBorrowRepay) }
        if let place, orders[place].status == .filled { release(place) }
        tellBalance(account, given.0)
        tellBalance(account, taken.0)
    }

    /// `rate · amount`, exact to 10⁻¹², further digits away from zero (PROTOCOL 7.9).
    static func fee(_ rate: Percent, of amount: Money) -> Money {
        // Percent counts 10⁻⁸ of a hundredth.
        let exact = Int128(rate.raw) * amount.raw
        return Money(raw: quotient(exact, by: 10_000_000_000, exact < 0 ? .down : .up))
    }

    private mutating func takeOvercharge(_ account: AccountID) -> Money {
        guard let extra = overcharge, tellable(account) else { return .zero }
        overcharge = nil
        return extra
    }

    private mutating func advanceOrder(_ place: Int, _ deal: Deal) {
        orders[place].executed += deal.quantity
        orders[place].executedQuote += deal.price * deal.quantity
        let isFilled = orders[place].quantity != nil && orders[place].remaining.raw == 0
        orders[place].status = isFilled ? .filled : .partiallyFilled
        if isFilled && orders[place].isResting {
            orders[place].isResting = false
            accounts[orders[place].account.index].openOrders.removeAll { $0 == place }
        }
    }

    private mutating func tellFill(
        _ deal: Deal, _ side: Side, _ liquidity: Liquidity, _ fee: Money, _ asset: Asset,
        _ account: AccountID,
        _ place: Int
    ) {
        let order = orders[place]
        let fill = Fill(
            instrument: deal.instrument, side: side, price: deal.price, quantity: deal.quantity, fee: fee,
            feeAsset: asset, tradeID: deal.tradeID, venueOrderID: VenueOrderID(String(order.id)),
            clientOrderID: order.order.clientID.map { ClientOrderID(raw: $0) }, liquidity: liquidity,
            venueTime: clock)
        accounts[account.index].fills.append(
            VenueFill(fill: fill, order: order.id, clientID: order.order.clientID))
        tell(.fill, place, fill: fill)
    }

    // MARK: Perps

    private mutating func bookPerp(
        _ deal: Deal, _ side: Side, _ fee: Money, _ account: AccountID, _ instrument: Instrument
    ) {
        let index = deal.instrument.index
        accounts[account.index][.usdc].available -= fee
        if fee.raw != 0 && tellable(account) {
            note("TradingFees", -fee, account, accounts[account.index].positions[index]?.id)
        }
        let signed = deal.quantity.raw * side.sign
        let held = accounts[account.index].positions[index]?.net ?? 0
        let closing = held != 0 && (held > 0) != (signed > 0) ? min(abs(held), abs(signed)) * side.sign : 0
        if closing != 0 { move(closing, deal, fee: fee, account) }
        if signed != closing { move(signed - closing, deal, fee: closing == 0 ? fee : .zero, account) }
        tellBalance(account, .usdc)
        trimReduceOnly(account, deal.instrument)
    }

    /// Changes one position by a quantity that does not pass through zero.
    private mutating func move(_ signed: Int64, _ deal: Deal, fee: Money, _ account: AccountID) {
        let index = deal.instrument.index
        var position = accounts[account.index].positions[index]
        let isNew = position == nil
        if isNew {
            nextPositionID += 1
            position = PerpPosition(id: nextPositionID, openedAt: clock)
        }
        guard var position else { return }
        position.book(signed, at: deal.price.raw)
        position.fees += fee
        let isClosed = position.net == 0
        if isClosed {
            let amount = position.realise(mark: 0)
            residue += position.cash
            position.cash = 0
            pay(amount, position, account)
        }
        accounts[account.index].positions[index] = isClosed ? nil : position
        guard tellable(account) else { return }
        let state = state(of: position, deal.instrument, account, closedAt: isClosed ? clock : nil)
        if isClosed { accounts[account.index].closedPositions.append(state) }
        events.append(
            .position(account, isNew ? .opened : isClosed ? .closed : .adjusted, state, at: clock))
    }

    /// Realised profit becomes USDC.
    mutating func pay(_ amount: Money, _ position: PerpPosition, _ account: AccountID) {
        accounts[account.index][.usdc].available += amount
        if amount.raw != 0 && tellable(account) { note("RealizePnl", amount, account, position.id) }
    }

    mutating func note(_ source: String, _ amount: Money, _ account: AccountID, _ position: Int64?) {
        accounts[account.index].settlements.append(
            Settlement(source: source, amount: amount, position: position, at: clock))
    }

    /// What a reduce-only order on this side may still trade.
    func reducible(_ account: AccountID, _ id: InstrumentID, _ side: Side) -> Int64 {
        let net = accounts[account.index].positions[id.index]?.net ?? 0
        return side == .buy ? max(0, -net) : max(0, net)
    }

    /// Resting reduce-only orders never exceed the position: they shrink with it, or go.
    private mutating func trimReduceOnly(_ account: AccountID, _ id: InstrumentID) {
        let places = accounts[account.index].openOrders.filter {
            orders[$0].order.instrument == id && orders[$0].order.reduceOnly == true
        }
        for place in places {
            let order = orders[place], most = reducible(account, id, order.order.side)
            guard order.isResting, order.remaining.raw > most, let price = order.order.price else { continue }
            if most == 0 {
                withdraw(place, .expired, reason: "ReduceOnlyNotReduced")
            } else {
                orders[place].quantity = order.executed + Quantity(raw: most)
                markets[id.index].book.set(place, order.order.side, at: price.raw, quantity: most)
                tell(.modified, place)
            }
        }
    }

    // MARK: Lending

    /// Borrows what is missing to give `amount` away.
    private mutating func borrow(_ asset: Asset, for amount: Money, _ account: AccountID) {
        let missing = amount - accounts[account.index][asset].available
        guard missing > .zero, tellable(account), rules.lends else { return }
        accounts[account.index][asset].available += missing
        accounts[account.index][asset].borrowed += missing
        accounts[SimulatedVenue.pool.index][asset].available -= missing
        accounts[SimulatedVenue.pool.index][asset].borrowed -= missing
    }

    private mutating func repay(_ asset: Asset, _ account: AccountID, always: Bool) {
        let holding = accounts[account.index]
        guard always || holding.autoRepayBorrows else { return }
        let amount = min(holding[asset].borrowed, holding[asset].available)
        guard amount > .zero else { return }
        accounts[account.index][asset].available -= amount
        accounts[account.index][asset].borrowed -= amount
        accounts[SimulatedVenue.pool.index][asset].available += amount
        accounts[SimulatedVenue.pool.index][asset].borrowed += amount
    }

    /// On the hour: what is owed grows by an hour's part of the yearly rate, rounded up.
    mutating func chargeInterest(_ now: Timestamp) {
        for index in accounts.indices where !accounts[index].isHouse {
            for asset in accounts[index].assets where accounts[index][asset].borrowed > .zero {
                let yearly = Int128(rules.borrowRate.raw) * accounts[index][asset].borrowed.raw
                let interest = Money(raw: quotient(yearly, by: 10_000_000_000 * 8_760, .up))
                accounts[index][asset].borrowed += interest
                accounts[SimulatedVenue.pool.index][asset].borrowed -= interest
                // One debt an asset: its name is that of the asset.
                let payment = InterestPayment(
                    asset: asset, kind: .borrow, quantity: interest, position: asset.symbol, at: now)
                accounts[index].interest.append(InterestRecord(payment: payment, rate: rules.borrowRate))
            }
        }
    }
}

extension FeeRates {
    func rate(_ kind: InstrumentKind, _ liquidity: Liquidity) -> Percent {
        switch (kind, liquidity) {
        case (.spot, .maker): spotMaker
        case (.spot, .taker): spotTaker
        case (.perp, .maker): perpMaker
        case (.perp, .taker): perpTaker
        }
    }
}
