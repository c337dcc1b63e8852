import Core

extension Refusal {
    init(_ code: String, _ message: String) { self.init(status: 400, code: code, message: message) }
    static let tooPreciseQuantity = Refusal("INVALID_CLIENT_REQUEST", "Quantity decimal too long")
    static let tooPrecisePrice = Refusal("INVALID_CLIENT_REQUEST", "Price decimal too long")
    static let tooSmall = Refusal("INVALID_CLIENT_REQUEST", "Quantity is below the minimum allowed value")
    static let tooLarge = Refusal("INVALID_QUANTITY", "Quantity is above the maximum allowed value")
    static let noSize = Refusal(
        "INVALID_CLIENT_REQUEST", "Market orders must specify a positive `quantity` or `quoteQuantity`")
    static let tooFar = Refusal("INVALID_PRICE", "Price is too far from the last active price")
    static let wouldTake = Refusal("INVALID_ORDER", "Order would immediately match and take")
    static let invalid = Refusal("INVALID_ORDER", "Invalid order")
    static let noFunds = Refusal("INSUFFICIENT_FUNDS", "Insufficient funds")
    static let noMargin = Refusal("INSUFFICIENT_MARGIN", "Insufficient margin")
    static let noSupply = Refusal("BORROW_LIMIT", "Borrow limit exceeded")
    static let tooMany = Refusal("ORDER_LIMIT", "Too many open orders")
    static let paused = Refusal("TRADING_PAUSED", "Trading is paused")
    static let missing = Refusal("RESOURCE_NOT_FOUND", "Not Found")
}

extension SimulatedVenue {
    /// Takes an order. The answer comes as `.answer(ticket, …)`: at once for a refusal and for post-only,
    /// else when
    /// the engine has matched it.
    public mutating func place(_ order: IncomingOrder, from account: AccountID, ticket: Int64, now: Timestamp)
    {
        placeBatch([order], from: account, ticket: ticket, now: now)
    }

    /// Takes several orders, each for itself; one answer when the last is done.
    public mutating func placeBatch(
        _ batch: [IncomingOrder], from account: AccountID, ticket: Int64, now: Timestamp
    ) {
        advance(to: now)
        tickets[ticket] = Ticket(outcomes: Array(repeating: nil, count: batch.count))
        for (slot, order) in batch.enumerated() {
            if let refusal = refusal(of: order, from: account) ?? playedRefusal(of: order) {
                settle(ticket, slot, .refused(refusal))
                continue
            }
            nextOrderID += 1
            let place = orders.count
            orders.append(VenueOrder(id: nextOrderID, account: account, order: order, createdAt: clock))
            orderPlaces[nextOrderID] = place
            accounts[account.index].orders.append(place)
            if order.postOnly || rules.takerDelay == .zero {
                arrive(place, ticket: ticket, slot: slot)
            } else {
                let due = clock + rules.takerDelay
                pending.append(PendingOrder(due: due, order: place, ticket: ticket, slot: slot))
            }
        }
        if batch.isEmpty { answer(ticket) }
    }

    mutating func settle(_ ticket: Int64, _ slot: Int, _ outcome: OrderOutcome) {
        tickets[ticket]?.outcomes[slot] = outcome
        answer(ticket)
    }

    private mutating func answer(_ ticket: Int64) {
        guard let known = tickets[ticket] else { return }
        let done = known.outcomes.compactMap { $0 }
        guard done.count == known.outcomes.count else { return }
        tickets.remove(ticket)
        events.append(.answer(ticket, done))
    }

    /// The checks before the engine (PROTOCOL 7.1), in the exchange's order.
    func refusal(of order: IncomingOrder, from account: AccountID) -> Refusal? {
        guard markets.indices.contains(order.instrument.index) else { return .invalid }
        let market = markets[order.instrument.index]
        guard let instrument = market.instrument, instrument.state == .open else { return .paused }
        if let wrong = shapeRefusal(order, instrument) ?? sizeRefusal(order, market) { return wrong }
        if let price = order.price, order.kind == .limit, let active = market.activePrice {
            let low = MarketBands.scaled(active, market.bands.limitLow)
            let high = MarketBands.scaled(active, market.bands.limitHigh)
            if price.raw < low || price.raw > high { return .tooFar }
        }
        if order.postOnly, let price = order.price, let best = market.book.bestPrice(order.side.opposite),
            order.side == .buy ? best <= price.raw : best >= price.raw
        {
            return .wouldTake
        }
        if accounts[account.index].openOrders.count >= rules.openOrderLimit { return .tooMany }
        if rules.refusesDuplicates, let id = order.clientID,
            accounts[account.index].openOrders.contains(where: { orders[$0].order.clientID == id })
        {
            return .invalid
        }
        return fundsRefusal(order, account)
    }

    private func shapeRefusal(_ order: IncomingOrder, _ instrument: Instrument) -> Refusal? {
        if order.kind == .limit {
            guard let price = order.price, price.raw > 0, let quantity = order.quantity, quantity.raw > 0
            else {
                return .invalid
            }
            if price.raw % instrument.tickSize.raw != 0 { return .tooPrecisePrice }
            if order.postOnly && order.timeInForce != .goodTillCancelled { return .invalid }
        } else {
            let size = order.quantity?.raw ?? 0, amount = order.quoteQuantity?.raw ?? 0
            if size <= 0 && amount <= 0 { return .noSize }
            if order.postOnly { return .invalid }
        }
        if let quantity = order.quantity {
            if quantity < instrument.minQuantity { return .tooSmall }
            if quantity.raw % instrument.lotSize.raw != 0 { return .tooPreciseQuantity }
        }
        if order.reduceOnly == true && instrument.kind == .spot { return .invalid }
        return nil
    }

    /// Bounds far beyond any market, so that no later figure leaves its
    /// range: 10⁷ a unit, 10⁹ units, 10⁹ USD.
    private func sizeRefusal(_ order: IncomingOrder, _ market: VenueMarket) -> Refusal? {
        if let price = order.price, price.raw > 1_000_000_000_000_000 { return .tooFar }
        let quantity = order.quantity ?? .zero, most = Money(1_000_000_000)
        let price =
            order.price ?? market.mark.map(Price.init(raw:)) ?? market.activePrice.map(Price.init(raw:))
        if quantity.raw > 100_000_000_000_000_000 { return .tooLarge }
        if let price, (price * quantity).roundedUp() > most { return .tooLarge }
        return (order.quoteQuantity ?? .zero) > most ? .tooLarge : nil
    }

    /// Funds on spot, margin on perps; asked at entry and again at arrival.
    func fundsRefusal(_ order: IncomingOrder, _ account: AccountID) -> Refusal? {
        let market = markets[order.instrument.index]
        guard let instrument = market.instrument else { return .paused }
        if instrument.kind == .perp {
            if order.reduceOnly == true { return nil }
            guard market.mark != nil else { return .paused }
            return hasMargin(for: order, account) ? nil : .noMargin
        }
        let holding = accounts[account.index]
        if order.side == .sell {
            let needed = Money(raw: Int128(order.quantity?.raw ?? 0) * 10_000)
            if needed <= holding[instrument.base].available { return nil }
            return order.autoBorrow ? (rules.lends ? nil : .noSupply) : .noFunds
        }
        let needed: Money
        if let price = order.price, let quantity = order.quantity, order.kind == .limit {
            needed = (price * quantity).roundedUp()
        } else if let amount = order.quoteQuantity, order.quantity == nil {
            needed = amount
        } else {
            needed = cost(of: order.quantity ?? .zero, in: market).roundedUp()
        }
        if needed <= holding[instrument.quote].available {
            return spotMarginRefusal(needed, instrument, account)
        }
        return order.autoBorrow ? (rules.lends ? nil : .noSupply) : .noFunds
    }

    private func cost(of quantity: Quantity, in market: VenueMarket) -> Notional {
        var left = quantity.raw, sum: Int128 = 0
        for level in market.book.asks.reversed() where left > 0 {
            let taken = min(left, level.total)
            sum += Int128(taken) * Int128(level.price)
            left -= taken
        }
        return Notional(raw: sum)
    }

    /// Buying coins lowers the collateral by what their weight leaves out.
    private func spotMarginRefusal(_ cost: Money, _ instrument: Instrument, _ account: AccountID) -> Refusal?
    {
        let state = margin(of: account)
        guard state.exposure > .zero else { return nil }
        let weight = CollateralFigures.all.first { $0.asset == instrument.base }?.weight(of: cost) ?? 0
        let kept = quotient(cost.raw * Int128(weight), by: 1_000_000_000_000, .down)
        let lost = Money(raw: cost.raw - kept)
        return lost <= state.available ? nil : .noMargin
    }

    /// Takes an order out of the book. With both ids the venue's own
    /// counts; by client id the newest open one.
    public mutating func cancel(
        _ instrument: InstrumentID, order id: Int64?, client: UInt32?, from account: AccountID, now: Timestamp
    ) -> OrderOutcome {
        advance(to: now)
        guard let place = openPlace(instrument, order: id, client: client, of: account) else {
            return .refused(.missing)
        }
        withdraw(place, .cancelled)
        tellBook(instrument)
        return .done(orders[place])
    }

    /// Takes all of the account's orders out of one book, oldest first.
    public mutating func cancelAll(
        _ instrument: InstrumentID, from account: AccountID, now: Timestamp
    ) -> [VenueOrder] {
        advance(to: now)
        let places = accounts[account.index].openOrders.filter { orders[$0].order.instrument == instrument }
        for place in places { withdraw(place, .cancelled) }
        tellBook(instrument)
        return places.map { orders[$0] }
    }

    func openPlace(_ instrument: InstrumentID, order id: Int64?, client: UInt32?, of account: AccountID)
        -> Int?
    {
        accounts[account.index].openOrders.last {
            let order = orders[$0]
            guard order.order.instrument == instrument else { return false }
            if let id { return order.id == id }
            return client != nil && order.order.clientID == client
        }
    }

    /// Takes a resting order out of the book, frees what it held, and tells.
    mutating func withdraw(_ place: Int, _ status: OrderStatus, reason: String? = nil) {
        let order = orders[place]
        if order.isResting, let price = order.order.price {
            markets[order.order.instrument.index].book.set(
                place, order.order.side, at: price.raw, quantity: 0)
            orders[place].isResting = false
            accounts[order.account.index].openOrders.removeAll { $0 == place }
        }
        orders[place].status = status
        orders[place].expiryReason = reason
        tell(status == .cancelled ? .cancelled : .expired, place)
        release(place)
    }

    /// Frees what an order still holds.
    mutating func release(_ place: Int) {
        let order = orders[place]
        guard order.locked.raw != 0, let asset = lockedAsset(order) else { return }
        orders[place].locked = .zero
        accounts[order.account.index][asset].locked -= order.locked
        accounts[order.account.index][asset].available += order.locked
        tellBalance(order.account, asset)
    }

    /// What a resting spot order gives away: quote for a buy, base for a sale; `nil` on perps.
    func lockedAsset(_ order: VenueOrder) -> Asset? {
        guard let instrument = markets[order.order.instrument.index].instrument, instrument.kind == .spot
        else {
            return nil
        }
        return order.order.side == .buy ? instrument.quote : instrument.base
    }
}
