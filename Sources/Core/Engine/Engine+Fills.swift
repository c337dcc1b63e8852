extension Engine {
    /// Books one execution: holding, ledger, causes of profit, counters. A trade id counts once per order.
    ///
    /// What the venue says is followed even where it contradicts itself; entries stop there until a person
    /// has looked.
    /// - Parameters:
    ///   - told: why it was made, as the stream says.
    ///   - executed: what the order's own message says of its executions, this one included.
    func apply(_ fill: Fill, origin told: String? = nil, executed: Quantity = .zero) {
        guard fill.quantity > .zero, fill.price.raw > 0 else {
            return hold(
                fill.instrument, "execution \(fill.tradeID) of \(fill.quantity) at \(fill.price) is none")
        }
        let origin = told ?? fill.origin
        let place = fill.clientOrderID.flatMap { orderPlaces[$0] } ?? venueOrderPlaces[fill.venueOrderID]
        guard let place, orders[place].order.instrument == fill.instrument else {
            return applyForeign(fill, origin)
        }
        guard !orders[place].tradeIDs.contains(fill.tradeID) else { return }
        orders[place].tradeIDs.append(fill.tradeID)
        let wasClosed = if case .closed = orders[place].state { true } else { false }
        orders[place].filled += fill.quantity
        orders[place].venueOrderID = fill.venueOrderID
        venueOrderPlaces[fill.venueOrderID] = place
        if orders[place].filled < orders[place].order.quantity { counters.partialFills += 1 }
        counters.fills += 1
        if orders[place].purpose == .entry { countTakeFill(of: orders[place].holding) }
        netContracts[fill.instrument.index] += Quantity(raw: fill.quantity.raw * fill.side.sign)
        let record = orders[place]
        if record.order.autoBorrow == true { borrowSales[fill.instrument.index] = now }
        ledger.book(fill, of: instruments[fill.instrument.index], owner: holdings[record.holding].owner)
        tell(fill, origin, by: record)
        bookCauses(fill, record)
        addToHolding(fill, record)
        trackUnhedged()
        nextPoll = min(nextPoll ?? now + Self.pollAfterFill, now + Self.pollAfterFill)
        if record.filled > record.order.quantity {
            hold(fill.instrument, "order \(record.order.id) was executed beyond its quantity")
        } else if wasClosed, record.filled > max(record.told, executed) {
            hold(fill.instrument, "order \(record.order.id) was executed after its last word")
        }
        // Whole: nothing more can come of it, whatever answer is still missing.
        if orders[place].filled >= orders[place].order.quantity, !orders[place].state.isOver {
            change(place, .told(.filled))
        }
        // What an earlier run posted has no operation behind it any more.
        guard holdings[record.holding].operation?.resting != nil else { return }
        if record.purpose == .post || record.purpose == .exitPost { move(record.holding, .fillOfPost) }
    }

    private func hold(_ instrument: InstrumentID, _ why: String) {
        guard !foreign[instrument.index] else { return }
        foreign[instrument.index] = true
        isChanged = true
        note(.alert("\(instruments[instrument.index].symbol): \(why); entries stop there"))
    }

    /// An execution that is not ours by name: another program, a person, or the venue itself.
    private func applyForeign(_ fill: Fill, _ origin: String?) {
        guard opened || restored != nil, let openedAt, fill.venueTime > openedAt else { return }
        if isOurs(settled: fill) { return }
        if foreignFills.contains(where: { $0.isSame(as: fill) }) { return }
        foreignFills.append(
            ForeignMark(
                instrument: fill.instrument, tradeID: fill.tradeID, order: fill.venueOrderID,
                at: fill.venueTime))
        netContracts[fill.instrument.index] += Quantity(raw: fill.quantity.raw * fill.side.sign)
        foreign[fill.instrument.index] = true
        let symbol = instruments[fill.instrument.index].symbol
        let cause = FillOrigin(origin)
        judgeStranger(fill, cause)
        var left = fill
        if let place = ownHolding(of: fill) { return book(ours: fill, origin, for: place) }
        for place in holdings.indices where left.quantity > .zero {
            guard let lost = takenFrom(place, by: left) else { continue }
            let part = left.split(lost)
            left = part.rest
            note(
                .alert(
                    "\(symbol): \(cause.rawValue) took \(lost) of the leg of \(holdings[place].owner); the other leg follows"
                ))
            book(foreign: part.first, for: place)
            tell(part.first, origin, takenFrom: place)
        }
        if left.quantity > .zero {
            ledger.book(left, of: instruments[fill.instrument.index], owner: Account.house)
            tell(left, origin, takenFrom: nil)
        }
    }

    /// The holding that an execution of ours without a record was for: the one it brings closer to hedged.
    private func ownHolding(of fill: Fill) -> Int? {
        guard let id = fill.clientOrderID, ids.owns(id),
            let pair = pairOf[fill.instrument.index]
        else { return nil }
        let signed = Quantity(raw: fill.quantity.raw * fill.side.sign)
        return holdings.indices.first {
            let imbalance = holdings[$0].imbalance
            return holdings[$0].pair == pair && imbalance.magnitude >= pairs[pair.index].leastQuantity
                && (imbalance + signed).magnitude < imbalance.magnitude
        }
    }

    private func book(ours fill: Fill, _ origin: String?, for place: Int) {
        tell(fill, origin, takenFrom: place)
        book(foreign: fill, for: place)
    }

    /// How much of a leg of ours a stranger's execution took: a liquidation, a conversion, a trade by hand
    /// (FORMULAS 5, (2)). Coins are only missed when the account has fewer than the ledger gives to pairs.
    func takenFrom(_ place: Int, by fill: Fill) -> Quantity? {
        let pair = pair(of: place)
        let holding = holdings[place]
        var lost = Quantity.zero
        if fill.instrument == pair.perp.id, holding.perp.raw.signum() == -Int64(fill.side.sign) {
            lost = min(holding.perp.magnitude, fill.quantity)
        } else if fill.instrument == pair.spot.id, fill.side == .sell, holding.coins > .zero {
            let given = holdings.reduce(Money.zero) {
                $1.pair == pair.id && $1.coins > .zero ? $0 + $1.coins : $0
            }
            let sold = Money(raw: Int128(fill.quantity.raw) * 10_000)
            let missing = given - (ledger.venueBalance(pair.base) - sold)
            guard missing > .zero else { return nil }
            let most = Quantity(raw: Int64(clamping: quotient(missing.raw, by: 10_000, .up)))
            lost = min(min(holding.coinQuantity, fill.quantity), most)
        }
        return lost > .zero ? lost : nil
    }

    func book(foreign fill: Fill, for place: Int) {
        let instrument = instruments[fill.instrument.index]
        let order = Order(
            id: ClientOrderID(raw: 0), instrument: fill.instrument, side: fill.side, price: fill.price,
            quantity: fill.quantity, timeInForce: .immediateOrCancel, selfTrade: .rejectTaker)
        let here = mid(instrument) ?? fill.price
        let record = OrderRecord(
            order: order, purpose: .repair, leg: instrument.kind == .spot ? .spot : .perp, holding: place,
            decisionMid: here, sentMid: here, sentAt: now)
        ledger.book(fill, of: instrument, owner: holdings[place].owner)
        bookCauses(fill, record)
        addToHolding(fill, record)
        trackUnhedged()
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
        holdings[place].tally.add(record.leg, signed, at: fill.price)
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
        measureLegRisk(fill, record)
        let quoteFee = inBase == .zero ? fill.fee : .zero
        causes.crossing = cash - quoteFee - causes.basis - causes.legRisk - causes.fees
        holdings[record.holding].profit.add(causes)
        slots[holdings[record.holding].slot].profit.add(causes)
    }

    /// Entries and their hedges: how far the leg moved against us between decision and order.
    private func measureLegRisk(_ fill: Fill, _ record: OrderRecord) {
        guard record.purpose == .entry || record.purpose == .hedge, record.decisionMid.raw > 0 else { return }
        let moved = Int128(record.sentMid.raw - record.decisionMid.raw) * Int128(fill.side.sign)
        let cost = Percent(
            raw: Int64(
                clamping: quotient(moved * 10_000_000_000, by: Int128(record.decisionMid.raw), .up)))
        let market = holdings[record.holding].pair.index
        let rests = holdings[record.holding].operation?.resting != nil
        rests ? pairMarkets[market].legRiskRest.add(cost) : pairMarkets[market].legRiskTaker.add(cost)
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
        sum.residual = places(ofSlot: place).reduce(.zero) { sum, place in
            // Most hold nothing: this runs several times in every turn.
            let isEmpty = holdings.read(place) { $0.coins == .zero && $0.perp == .zero }
            return isEmpty ? sum : sum + residual(holdings[place])
        }
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
        return sum - (account.collateral?.borrowed ?? .zero)
    }

    func lent(_ asset: Asset) -> Money {
        account.collateral?.weights.first { $0.asset == asset }?.lent ?? .zero
    }

    /// Daily loss, of a strategy and of all, and a leg open for too long: each latches until a person
    /// re-arms.
    func checkLatches() {
        guard opened else { return }
        for place in slots.indices where slots[place].tradingState == .active {
            let own = profit(ofSlot: place) - slots[place].dayStart
            guard -own >= limits.dailyLossMax, pricesAreKnown else { continue }
            slots[place].tradingState = .reduceOnly
            isChanged = true
            note(
                .alert(
                    "\(slots[place].name): daily loss \(-own) reached \(limits.dailyLossMax); entries stop"
                ))
        }
        guard state == .active || state == .hold else { return }
        let naked = holdings.indices.contains {
            (holdings.read($0) { $0.unhedgedSince }.map { now - $0 } ?? .zero) > limits.unhedgedTimeMax
        }
        if naked {
            let most = limits.unhedgedTimeMax.milliseconds
            return change(to: .reduceOnly, "a leg has been open for more than \(most) ms")
        }
        let today = profitToday
        if -today >= limits.dailyLossMax, pricesAreKnown {
            change(to: .reduceOnly, "daily loss \(-today) reached \(limits.dailyLossMax)")
        }
    }

    // MARK: What is not hedged

    /// Adds the time since the last turn to every leg that stood open.
    func measureUnhedged() {
        guard let last = lastTurn else { return }
        let passed = now - last
        for place in holdings.indices {
            guard let since = holdings.read(place, { $0.unhedgedSince }) else { continue }
            counters.unhedgedTimeMax = max(counters.unhedgedTimeMax, now - since)
            let moneyTime = unhedged(place).raw * Int128(passed.microseconds)
            counters.unhedgedMoneyTime += moneyTime
            holdings[place].tally.stayUnhedged(moneyTime, for: passed)
        }
    }

    /// Marks which holdings are open on one side now. Less than the least tradable quantity cannot be hedged.
    func trackUnhedged() {
        var total = Money.zero
        for place in holdings.indices where holdings.read(place, { $0.isAtWork }) {
            let holding = holdings[place]
            if openLeg(place).magnitude >= pairs[holding.pair.index].leastQuantity {
                if holding.unhedgedSince == nil { holdings[place].unhedgedSince = now }
                total += unhedged(place)
            } else if let since = holding.unhedgedSince {
                counters.unhedgedTimeMax = max(counters.unhedgedTimeMax, now - since)
                holdings[place].unhedgedSince = nil
            }
        }
        counters.unhedgedMax = max(counters.unhedgedMax, total)
    }

    /// |coins + contracts| at the spot mid.
    func unhedged(_ place: Int) -> Money {
        guard let mid = mid(pair(of: place).spot) else { return .zero }
        return (mid * openLeg(place).magnitude).roundedUp()
    }

    /// Coins plus contracts, with executions that the venue has told of and whose price and fee are still to
    /// come: they are held.
    func openLeg(_ place: Int) -> Quantity {
        var sum = holdings.read(place) { $0.imbalance }
        for order in liveOrders where orders[order].holding == place {
            let record = orders[order]
            let owed = max(record.told - record.filled, shown(order))
            guard owed > .zero else { continue }
            let isSpotBuy = record.leg == .spot && record.order.side == .buy
            let fee = isSpotBuy ? account.fees.spotTaker.raw : 0
            let held = quotient(
                Int128(owed.raw) * Int128(10_000_000_000 - fee), by: 10_000_000_000, .down)
            sum += Quantity(raw: Int64(held) * record.order.side.sign)
        }
        return sum
    }
}
