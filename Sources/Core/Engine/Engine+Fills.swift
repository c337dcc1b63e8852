extension Engine {
    /// Books one execution: holding, ledger, causes of profit, counters. A trade id counts once per order.
    func apply(_ fill: Fill) {
        let place = fill.clientOrderID.flatMap { orderPlaces[$0] } ?? venueOrderPlaces[fill.venueOrderID]
        guard let place, orders[place].order.instrument == fill.instrument else { return applyForeign(fill) }
        guard !orders[place].tradeIDs.contains(fill.tradeID) else { return }
        orders[place].tradeIDs.append(fill.tradeID)
        orders[place].filled += fill.quantity
        orders[place].venueOrderID = fill.venueOrderID
        venueOrderPlaces[fill.venueOrderID] = place
        if orders[place].filled < orders[place].order.quantity { counters.partialFills += 1 }
        counters.fills += 1
        netContracts[fill.instrument.index] += Quantity(raw: fill.quantity.raw * fill.side.sign)
        let record = orders[place]
        ledger.book(fill, of: instruments[fill.instrument.index], owner: holdings[record.holding].owner)
        bookCauses(fill, record)
        addToHolding(fill, record)
        if record.leg == .spot || record.leg == .perp { trackUnhedged() }
        if record.purpose == .post || record.purpose == .exitPost { move(record.holding, .fillOfPost) }
    }

    /// An execution that is not ours by name: another program, a person, or the venue itself.
    private func applyForeign(_ fill: Fill) {
        guard opened, let openedAt, fill.venueTime > openedAt else { return }
        let mark = (fill.instrument, fill.tradeID, fill.venueOrderID)
        if foreignFills.contains(where: { $0 == mark }) { return }
        foreignFills.append(mark)
        netContracts[fill.instrument.index] += Quantity(raw: fill.quantity.raw * fill.side.sign)
        ledger.book(fill, of: instruments[fill.instrument.index], owner: Account.house)
        foreign[fill.instrument.index] = true
        note(
            .alert(
                "\(instruments[fill.instrument.index].symbol): an execution that is not ours; entries stop there"
            ))
    }

    private func addToHolding(_ fill: Fill, _ record: OrderRecord) {
        let sign = fill.side.sign
        let place = record.holding
        let instrument = instruments[fill.instrument.index]
        let signed = Quantity(raw: fill.quantity.raw * sign)
        if record.leg == .spot {
            holdings[place].coins += Money(raw: Int128(signed.raw) * 10_000)
            if fill.feeAsset == instrument.base {
                holdings[place].coins -= fill.fee
                holdings[place].baseFeesInQuote += feeInQuote(fill, instrument)
            } else {
                holdings[place].spotFees += fill.fee
            }
            holdings[place].spotGross += signed
            holdings[place].spotCost += fill.side == .buy ? fill.notional : -fill.notional
        } else {
            holdings[place].perp += signed
            holdings[place].perpFees += fill.fee
            holdings[place].perpCost += fill.side == .buy ? fill.notional : -fill.notional
        }
        if holdings[place].openedAt == nil { holdings[place].openedAt = now }
        feesToday += feeInQuote(fill, instrument)
    }

    /// A fee in base counts at the price of its own fill.
    func feeInQuote(_ fill: Fill, _ instrument: Instrument) -> Money {
        guard fill.feeAsset == instrument.base else { return fill.fee }
        return Money(raw: quotient(fill.fee.raw * Int128(fill.price.raw), by: 100_000_000, .up))
    }

    /// P&L by cause (FORMULAS 6). Crossing is what remains of the cash flow, so that the sum is exact.
    private func bookCauses(_ fill: Fill, _ record: OrderRecord) {
        let instrument = instruments[fill.instrument.index]
        let inBase = fill.feeAsset == instrument.base ? fill.fee : .zero
        let net = Int128(fill.quantity.raw) * 10_000 * Int128(fill.side.sign) - inBase.raw
        func value(_ price: Int64) -> Money {
            Money(raw: quotient(-net * Int128(price), by: 100_000_000, .nearest))
        }
        let paid = fill.notional.rounded(fill.side == .buy ? .up : .down)
        let cash = fill.side == .buy ? -paid : paid
        var causes = ProfitAndLoss()
        causes.basis = value(record.decisionMid.raw)
        causes.legRisk = value(record.sentMid.raw) - causes.basis
        causes.fees = -feeInQuote(fill, instrument)
        let quoteFee = inBase == .zero ? fill.fee : .zero
        causes.crossing = cash - quoteFee - causes.basis - causes.legRisk - causes.fees
        holdings[record.holding].profit.add(causes)
        slots[holdings[record.holding].slot].profit.add(causes)
    }

    // MARK: Money at mid

    /// What a holding is worth at own mids: coins and contracts; their costs are in the causes.
    func residual(_ holding: Holding) -> Money {
        let pair = pairs[holding.pair.index]
        var worth = Money.zero
        if holding.coins != .zero, let mid = mid(pair.spot) {
            worth += Money(raw: quotient(holding.coins.raw * Int128(mid.raw), by: 100_000_000, .down))
        }
        if holding.perp != .zero, let mid = mid(pair.perp) { worth += (mid * holding.perp).rounded(.down) }
        return worth
    }

    /// Profit of a strategy since the start: every cause, and what is held at mid.
    public func profitByCause(ofSlot place: Int) -> ProfitAndLoss {
        var sum = slots[place].profit
        sum.residual = holdings.reduce(.zero) { $1.slot == place ? $0 + residual($1) : $0 }
        return sum
    }

    func profit(ofSlot place: Int) -> Money { profitByCause(ofSlot: place).total }

    /// Profit of all strategies by cause.
    public var profitByCause: ProfitAndLoss {
        slots.indices.reduce(into: ProfitAndLoss()) { $0.add(profitByCause(ofSlot: $1)) }
    }

    /// Profit of the UTC day, all strategies; negative is a loss.
    public var profitToday: Money {
        slots.indices.reduce(.zero) { $0 + profit(ofSlot: $1) - slots[$1].dayStart }
    }

    /// Σ balances at mid, no haircut, plus unrealised profit of perps (FORMULAS 6). Coins without a price
    /// count nothing.
    public var equity: Money {
        var sum = Money.zero
        for balance in account.balances {
            if balance.asset == .usdc { sum += balance.total + lent(.usdc) }
            guard let pair = pairs.first(where: { $0.base == balance.asset }), let mid = mid(pair.spot) else {
                continue
            }
            let total = balance.total + lent(balance.asset)
            sum += Money(raw: quotient(total.raw * Int128(mid.raw), by: 100_000_000, .down))
        }
        for position in account.positions { sum += position.unrealised ?? .zero }
        return sum
    }

    private func lent(_ asset: Asset) -> Money {
        account.collateral?.weights.first { $0.asset == asset }?.lent ?? .zero
    }

    /// The daily loss limit: reached, it latches until a person re-arms it.
    func checkLatches() {
        guard opened, state == .active || state == .hold else { return }
        let today = profitToday
        if -today >= limits.dailyLossMax {
            change(to: .reduceOnly, "daily loss \(-today) reached \(limits.dailyLossMax)")
        }
    }

    // MARK: What is not hedged

    /// Adds the time since the last turn to every leg that stood open.
    func measureUnhedged() {
        guard let last = lastTurn else { return }
        let passed = now - last
        for place in holdings.indices {
            guard let since = holdings[place].unhedgedSince else { continue }
            counters.unhedgedTimeMax = max(counters.unhedgedTimeMax, now - since)
            counters.unhedgedMoneyTime += unhedged(holdings[place]).raw * Int128(passed.microseconds)
        }
    }

    /// Marks which holdings are open on one side now. Less than the least tradable quantity cannot be hedged.
    func trackUnhedged() {
        var total = Money.zero
        for place in holdings.indices where holdings[place].isAtWork {
            let holding = holdings[place]
            if holding.imbalance.magnitude >= pairs[holding.pair.index].leastQuantity {
                if holding.unhedgedSince == nil { holdings[place].unhedgedSince = now }
                total += unhedged(holding)
            } else if let since = holding.unhedgedSince {
                counters.unhedgedTimeMax = max(counters.unhedgedTimeMax, now - since)
                holdings[place].unhedgedSince = nil
            }
        }
        counters.unhedgedMax = max(counters.unhedgedMax, total)
    }

    /// |coins + contracts| at the spot mid.
    func unhedged(_ holding: Holding) -> Money {
        guard let mid = mid(pairs[holding.pair.index].spot) else { return .zero }
        return (mid * holding.imbalance.magnitude).roundedUp()
    }
}
