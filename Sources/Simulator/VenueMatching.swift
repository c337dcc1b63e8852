import Core

/// The side of a match that moves.
struct Taker {
    let account: AccountID
    /// Its order's place; `nil` for the crowd.
    let place: Int?
    let id: Int64
    let side: Side
    /// The worst price it takes; `nil` for a market order.
    let limit: Int64?
    /// The worst price the bands let it take, and the reason to give there.
    var bound: Int64?
    var boundReason = "PriceImpact"
    var left: Int64
    let selfTrade: SelfTradePrevention
}

extension SimulatedVenue {
    /// An order reaches the engine.
    mutating func arrive(_ place: Int, ticket: Int64, slot: Int) {
        let order = orders[place], id = order.order.instrument
        tell(.accepted, place)
        if let refusal = fundsRefusal(order.order, order.account) {
            expire(place, refusal.code == "INSUFFICIENT_MARGIN" ? "InsufficientMargin" : "InsufficientFunds")
        } else if faults.plays(.instaCancel) {
            return dropAtOnce(place, ticket: ticket, slot: slot)
        } else {
            engage(place)
        }
        tellBook(id)
        settle(ticket, slot, .done(orders[place]))
    }

    private mutating func engage(_ place: Int) {
        let order = orders[place].order, id = order.instrument, account = orders[place].account
        var most = Int64.max
        if order.reduceOnly == true {
            most = reducible(account, id, order.side)
            if most == 0 { return expire(place, "ReduceOnlyNotReduced") }
        }
        let wanted = orders[place].quantity?.raw
        var taker = Taker(
            account: account, place: place, id: orders[place].id, side: order.side,
            limit: order.kind == .limit ? order.price?.raw : nil, left: min(wanted ?? .max, most),
            selfTrade: order.selfTrade)
        setBounds(&taker, id)
        if order.timeInForce == .fillOrKill, fillable(taker, id) < taker.left {
            return expire(place, "FillOrKill")
        }
        var shortfall: String?
        if wanted == nil, let budget = order.quoteQuantity {
            // Known before the first fill: the last one has to say that the order is filled.
            let plan = plan(taker, budget.raw * 10_000, id)
            (taker.left, shortfall) = (min(plan.quantity, most), plan.shortfall)
            if plan.quantity == 0 { return expire(place, shortfall ?? "InvalidQuantity") }
            if shortfall == nil { orders[place].quantity = Quantity(raw: plan.quantity) }
        }
        let part = playedPart(of: taker, order)
        taker.left = part ?? taker.left
        var reason = match(&taker, id) ?? shortfall
        if wanted == nil, shortfall != nil { orders[place].quantity = orders[place].executed }
        guard orders[place].remaining.raw > 0 || shortfall != nil else { return finish(place) }
        if reason == nil && taker.left == 0 && part == nil { reason = "ReduceOnlyNotReduced" }
        if order.kind == .market { return expire(place, reason ?? "InsufficientLiquidity") }
        if order.timeInForce != .goodTillCancelled {
            let told = reason == "InsufficientLiquidity" ? nil : reason
            return expire(place, told ?? "ImmediateOrCancel")
        }
        if let reason, reason != "InsufficientLiquidity" { return expire(place, reason) }
        rest(place)
    }

    /// Every fill set the status; nothing is left to do but to free what rounding held.
    private mutating func finish(_ place: Int) {
        orders[place].status = .filled
        release(place)
    }

    mutating func expire(_ place: Int, _ reason: String) {
        withdraw(place, .expired, reason: reason)
    }

    mutating func rest(_ place: Int) {
        let order = orders[place]
        guard let price = order.order.price else { return }
        orders[place].isResting = true
        accounts[order.account.index].openOrders.append(place)
        markets[order.order.instrument.index].book.add(
            place, order.order.side, at: price.raw, quantity: order.remaining.raw)
        guard let asset = lockedAsset(order) else { return }
        let held =
            order.order.side == .buy
            ? (price * order.remaining).roundedUp() : Money(raw: Int128(order.remaining.raw) * 10_000)
        orders[place].locked = held
        accounts[order.account.index][asset].available -= held
        accounts[order.account.index][asset].locked += held
        tellBalance(order.account, asset)
    }

    /// How far the bands let a taker reach (PROTOCOL 7.3).
    private func setBounds(_ taker: inout Taker, _ id: InstrumentID) {
        let market = markets[id.index], bands = market.bands
        guard let touch = market.book.bestPrice(taker.side.opposite) else { return }
        let buying = taker.side == .buy
        taker.bound = MarketBands.scaled(touch, buying ? bands.impactHigh : bands.impactLow)
        guard let mean = market.meanMark, let bound = taker.bound else { return }
        let outer = MarketBands.scaled(mean, buying ? bands.meanHigh : bands.meanLow)
        if buying ? outer < bound : outer > bound {
            (taker.bound, taker.boundReason) = (outer, "PriceOutOfBounds")
        }
    }

    func fillable(_ taker: Taker, _ id: InstrumentID) -> Int64 {
        var sum: Int64 = 0
        for level in markets[id.index].book.side(taker.side.opposite).reversed() {
            guard crosses(taker, level.price), isInBounds(taker, level.price), sum < taker.left else { break }
            sum += level.total
        }
        return sum
    }

    /// The quantity an order by quote comes to on this book: a buy spends at most that much, a sell gets what
    /// comes closest (PROTOCOL 4.5). With the reason why the book does not hold that much.
    private func plan(_ taker: Taker, _ budget: Int128, _ id: InstrumentID) -> (
        quantity: Int64, shortfall: String?
    ) {
        var sum: Int64 = 0, left = budget
        for level in markets[id.index].book.side(taker.side.opposite).reversed() {
            guard isInBounds(taker, level.price) else { return (sum, taker.boundReason) }
            let notional = Int128(level.total) * Int128(level.price)
            if notional > left {
                let half = taker.side == .sell ? Int128(lot(id)) * Int128(level.price) / 2 : 0
                return (sum + min(level.total, lots(left + half, level.price, id)), nil)
            }
            sum += level.total
            left -= notional
        }
        return left == 0 ? (sum, nil) : (sum, "InsufficientLiquidity")
    }

    private func lot(_ id: InstrumentID) -> Int64 { markets[id.index].instrument?.lotSize.raw ?? 1 }

    private func crosses(_ taker: Taker, _ price: Int64) -> Bool {
        guard let limit = taker.limit else { return true }
        return taker.side == .buy ? price <= limit : price >= limit
    }

    private func isInBounds(_ taker: Taker, _ price: Int64) -> Bool {
        guard let bound = taker.bound else { return true }
        return taker.side == .buy ? price <= bound : price >= bound
    }

    /// Trades until the taker has enough or must stop.
    /// - Returns: why it stopped short, in the venue's word; `nil` when it was filled or met its own limit.
    mutating func match(_ taker: inout Taker, _ id: InstrumentID) -> String? {
        while taker.left > 0 {
            guard let level = markets[id.index].book.best(taker.side.opposite), let front = level.queue.first
            else { return "InsufficientLiquidity" }
            guard crosses(taker, level.price) else { return nil }
            guard isInBounds(taker, level.price) else { return taker.boundReason }
            if let maker = front.order, taker.place != nil, orders[maker].account == taker.account {
                if taker.selfTrade != .rejectTaker {
                    withdraw(maker, .expired, reason: "SelfTradePrevention")
                }
                if taker.selfTrade != .rejectMaker { return "SelfTradePrevention" }
                continue
            }
            var quantity = min(taker.left, front.quantity)
            if taker.place != nil {
                quantity = affordable(taker, id, level.price, quantity)
                if quantity == 0 { return "InsufficientFunds" }
            }
            taker.left -= quantity
            trade(taker, id, maker: front.order, price: level.price, quantity: quantity)
        }
        return nil
    }

    /// Whole lots that this much quote buys, rounded down.
    private func lots(_ budget: Int128, _ price: Int64, _ id: InstrumentID) -> Int64 {
        let most = min(budget / Int128(price), Int128(Int64.max))
        return multiple(Int64(most), of: lot(id), .down)
    }

    private func affordable(_ taker: Taker, _ id: InstrumentID, _ price: Int64, _ quantity: Int64) -> Int64 {
        guard let instrument = markets[id.index].instrument, instrument.kind == .spot else { return quantity }
        let holding = accounts[taker.account.index]
        if let place = taker.place, orders[place].order.autoBorrow && rules.lends { return quantity }
        if taker.side == .buy {
            return min(quantity, lots(holding[instrument.quote].available.raw * 10_000, price, id))
        }
        let have = max(0, holding[instrument.base].available.raw / 10_000)
        return min(quantity, multiple(Int64(min(have, Int128(Int64.max))), of: instrument.lotSize.raw, .down))
    }

    /// One execution: the tape, both orders, both accounts.
    private mutating func trade(
        _ taker: Taker, _ id: InstrumentID, maker: Int?, price: Int64, quantity: Int64
    ) {
        let makerSide = taker.side.opposite
        if maker == nil && taker.place != nil { noteTaking(id, makerSide, price, quantity) }
        markets[id.index].book.takeFront(makerSide, at: price, quantity: quantity)
        nextOrderID += maker == nil ? 1 : 0
        let makerID = maker.map { orders[$0].id } ?? nextOrderID
        markets[id.index].nextTradeID += 1
        let told = PublicTrade(
            price: Price(raw: price), quantity: Quantity(raw: quantity), taker: taker.side,
            tradeID: markets[id.index].nextTradeID, venueTime: clock)
        let (buyer, seller) = taker.side == .buy ? (taker.id, makerID) : (makerID, taker.id)
        markets[id.index].tape.append(TapeTrade(trade: told, buyer: buyer, seller: seller))
        if markets[id.index].tape.count > VenueMarket.tapeMost {
            markets[id.index].tape.removeFirst(VenueMarket.tapeMost / 2)
        }
        markets[id.index].summary.add(told)
        events.append(.trade(id, told, buyer: buyer, seller: seller))
        if maker == nil && taker.place == nil { return }
        let makerAccount = maker.map { orders[$0].account } ?? SimulatedVenue.crowdAccount
        let deal = Deal(instrument: id, price: told.price, quantity: told.quantity, tradeID: told.tradeID)
        book(deal, taker.side, .taker, account: taker.account, place: taker.place)
        book(deal, makerSide, .maker, account: makerAccount, place: maker)
    }
}
