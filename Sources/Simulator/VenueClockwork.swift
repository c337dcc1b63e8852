import Core

extension SimulatedVenue {
    static let hour: Int64 = 3_600_000_000

    /// The next full hour of venue time.
    public var nextFunding: Timestamp {
        Timestamp(microseconds: (clock.microseconds / SimulatedVenue.hour + 1) * SimulatedVenue.hour)
    }

    /// A full second: marks; every tenth a realisation; on the hour funding and interest.
    mutating func passSecond() {
        let now = nextSecond
        nextSecond = now + .seconds(1)
        let isHour = now.microseconds % SimulatedVenue.hour == 0
        for index in markets.indices { tickMarket(InstrumentID(index)) }
        if now >= nextRealisation || isHour {
            while nextRealisation <= now { nextRealisation = nextRealisation + rules.realiseEvery }
            realiseAll()
        }
        if isHour {
            for index in markets.indices where markets[index].figures.kind == .perp { payFunding(index, now) }
            chargeInterest(now)
        }
    }

    /// Gives every market that has a book its first mark now, not at the next full second.
    public mutating func openMarkets() {
        for index in markets.indices where markets[index].mark == nil { tickMarket(InstrumentID(index)) }
    }

    private mutating func tickMarket(_ id: InstrumentID) {
        let isRecorded = markets[id.index].row != nil
        if markets[id.index].index == nil || (isRecorded && markets[id.index].figures.kind == .spot) {
            markets[id.index].index = markets[id.index].mid
        }
        markets[id.index].tick()
        guard let index = markets[id.index].index, markets[id.index].mark != nil else { return }
        if isRecorded, markets[id.index].told == nil, markets[id.index].figures.kind == .perp,
            let mid = markets[id.index].mid
        {
            markets[id.index].mark = mid
        }
        guard markets[id.index].figures.kind == .perp, let mark = markets[id.index].mark else { return }
        let update = MarkUpdate(
            mark: Price(raw: mark), index: Price(raw: index), rate: markets[id.index].fundingEstimate,
            nextFunding: nextFunding)
        events.append(.mark(id, update, at: clock))
    }

    /// Open profit of every position becomes USDC, or is taken from it; the positions stay.
    private mutating func realiseAll() {
        for account in accounts.indices.map(AccountID.init) where tellable(account) {
            for index in markets.indices {
                guard var position = accounts[account.index].positions[index], let mark = markets[index].mark
                else { continue }
                let amount = position.realise(mark: mark)
                guard amount.raw != 0 else { continue }
                accounts[account.index].positions[index] = position
                pay(amount, position, account)
                tellBalance(account, .usdc)
                let told = state(of: position, InstrumentID(index), account, closedAt: nil)
                events.append(.position(account, .adjusted, told, at: clock))
            }
        }
    }

    /// Settles the interval that ends now: longs pay shorts where the rate is positive.
    private mutating func payFunding(_ index: Int, _ now: Timestamp) {
        let rate = markets[index].fundingEstimate
        (markets[index].premiumSum, markets[index].premiumCount) = (0, 0)
        guard let mark = markets[index].mark else { return }
        markets[index].settledRates.append(SettledRate(rate: rate, intervalEnd: now))
        for account in accounts.indices.map(AccountID.init) where tellable(account) {
            guard let position = accounts[account.index].positions[index] else { continue }
            let amount = SimulatedVenue.payment(net: position.net, mark: mark, rate: rate)
            accounts[account.index].positions[index]?.funding += amount
            accounts[account.index][.usdc].available += amount
            accounts[SimulatedVenue.fundingTill.index][.usdc].available -= amount
            let payment = FundingPayment(instrument: InstrumentID(index), amount: amount, intervalEnd: now)
            accounts[account.index].funding.append(FundingRecord(payment: payment, rate: rate))
            note("FundingPayment", amount, account, position.id)
            tellBalance(account, .usdc)
        }
    }

    /// `−net · mark · rate`, rounded down (FORMULAS 6, C18); positive is received.
    static func payment(net: Int64, mark: Int64, rate: FundingRate) -> Money {
        // 10⁻⁸ · 10⁻⁸ · 10⁻¹² against 10⁻¹².
        let exact = -Int128(net) * Int128(mark) * Int128(rate.raw)
        return Money(raw: quotient(exact, by: 10_000_000_000_000_000, .down))
    }

    // MARK: The crowd

    mutating func perform(_ action: CrowdAction) {
        switch action {
        case .quote(let id, let bids, let asks): requote(id, bids: bids, asks: asks)
        case .index(let id, let price): markets[id.index].index = price.raw
        case .trade(let id, let side, let quantity, let reach): crowdTrade(id, side, quantity, reach)
        case .row(let row): show(row)
        }
    }

    /// The crowd's quotes are these from now on. Where they meet resting orders, they trade first.
    private mutating func requote(_ id: InstrumentID, bids: [Level], asks: [Level]) {
        for (side, targets) in [(Side.buy, bids), (.sell, asks)] {
            for level in markets[id.index].book.side(side) where level.crowd > 0 {
                if !targets.contains(where: { $0.price.raw == level.price }) {
                    markets[id.index].book.setCrowd(side, at: level.price, quantity: 0)
                }
            }
        }
        for (side, targets) in [(Side.buy, bids), (.sell, asks)] {
            for target in targets {
                let left = crowdTake(id, side, target.quantity.raw, limit: target.price.raw)
                markets[id.index].book.setCrowd(side, at: target.price.raw, quantity: left)
            }
        }
        tellBook(id)
    }

    /// Someone of the crowd takes, at most `reach` ticks beyond the touch.
    private mutating func crowdTrade(_ id: InstrumentID, _ side: Side, _ quantity: Quantity, _ reach: Int64) {
        guard let touch = markets[id.index].book.bestPrice(side.opposite),
            let tick = markets[id.index].instrument?.tickSize.raw
        else { return }
        _ = crowdTake(id, side, quantity.raw, limit: touch + side.sign * reach * tick)
        tellBook(id)
    }

    /// - Returns: what found no counterpart.
    mutating func crowdTake(_ id: InstrumentID, _ side: Side, _ quantity: Int64, limit: Int64)
        -> Int64
    {
        guard let best = markets[id.index].book.bestPrice(side.opposite),
            side == .buy ? best <= limit : best >= limit
        else { return quantity }
        nextOrderID += 1
        var taker = Taker(
            account: SimulatedVenue.crowdAccount, place: nil, id: nextOrderID, side: side, limit: limit,
            left: quantity, selfTrade: .rejectTaker)
        _ = match(&taker, id)
        return taker.left
    }

    // MARK: Recorded books

    private mutating func show(_ sent: CrowdRow) {
        let index = sent.instrument.index
        guard let instrument = markets[index].instrument else { return }
        let row = sent.fitted(to: instrument)
        markets[index].takings.removeAll { taking in
            let now = (taking.side == .buy ? row.bids : row.asks).first { $0.price.raw == taking.price }
            return now?.quantity.raw != taking.shown
        }
        markets[index].row = row
        requote(
            row.instrument, bids: lessTakings(row.bids, .buy, index),
            asks: lessTakings(row.asks, .sell, index))
        guard markets[index].figures.kind == .spot, let mid = markets[index].mid else { return }
        for other in markets.indices where markets[other].figures.base == markets[index].figures.base {
            markets[other].index = mid
        }
    }

    private func lessTakings(_ levels: [Level], _ side: Side, _ index: Int) -> [Level] {
        levels.map { level in
            let missing = markets[index].takings.reduce(Int64(0)) {
                $1.side == side && $1.price == level.price.raw ? $0 + $1.taken : $0
            }
            return Level(price: level.price, quantity: Quantity(raw: max(0, level.quantity.raw - missing)))
        }
    }

    mutating func noteTaking(_ id: InstrumentID, _ side: Side, _ price: Int64, _ quantity: Int64) {
        guard let row = markets[id.index].row else { return }
        let shown = (side == .buy ? row.bids : row.asks).first { $0.price.raw == price }?.quantity.raw ?? 0
        let until = clock + rules.takingStays
        markets[id.index].takings.append(
            VenueMarket.Taking(side: side, price: price, shown: shown, taken: quantity, until: until))
        restorations.append(until)
    }

    /// A level that has not changed for a while has been filled up by others.
    mutating func restoreTakings(at now: Timestamp) {
        while let first = restorations.first, first <= now { restorations.removeFirst() }
        for index in markets.indices where markets[index].takings.contains(where: { $0.until <= now }) {
            markets[index].takings.removeAll { $0.until <= now }
            guard let row = markets[index].row else { continue }
            requote(
                row.instrument, bids: lessTakings(row.bids, .buy, index),
                asks: lessTakings(row.asks, .sell, index))
        }
    }
}
