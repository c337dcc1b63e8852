extension Engine {
    /// The most notional per leg that a strategy could ask for in a pair now (FORMULAS 2, `size_usd`).
    func room(_ slot: Int, _ place: Int, _ pair: Pair) -> Money {
        let (oneSided, gross) = exposure(of: nil)
        let (own, _) = exposure(of: slot)
        var size = min(limits.positionSize, limits.positionSizeMax)
        size = min(size, limits.positionSizeMax - held(place))
        size = min(size, limits.totalExposureMax - oneSided)
        size = min(size, Money(raw: (limits.grossExposureMax - gross).raw / 2))
        size = min(size, limits.budget(of: slots[slot].name) - own)
        if let runway = runwayRoom() { size = min(size, runway) }
        // The first entries of a new version are small.
        if slots[slot].probation != nil { size = probationSize(slot, pair, within: size) }
        return max(size, .zero)
    }

    /// What an entry on probation may ask for: a quarter of the size. Where that is below the least quantity
    /// of every pair that the strategy trades, so that no probation would ever end, the least of this pair.
    func probationSize(_ slot: Int, _ pair: Pair, within size: Money) -> Money {
        let quarter = Money(raw: limits.positionSize.raw / 4)
        for other in pairs where covers(slots[slot].strategy.contract, other) {
            // Without a price nobody knows.
            guard let least = leastSize(other), least > quarter else { return min(size, quarter) }
        }
        guard let least = leastSize(pair), least <= size else { return min(size, quarter) }
        if slots[slot].probation?.toldOfLeast == false {
            slots[slot].probation?.toldOfLeast = true
            note(
                .alert(
                    "Script \(slots[slot].name): a quarter of POSITION_SIZE_USD is \(quarter) USD, below the "
                        + "least quantity of every pair it trades; on probation it enters the least quantity")
            )
        }
        return least
    }

    /// What the least quantity of a pair costs at the dearer touch; `nil` without a price.
    private func leastSize(_ pair: Pair) -> Money? {
        guard let spot = top(pair.spot), let perp = top(pair.perp) else { return nil }
        // A lot more than the least: what the fee in base leaves of it must be sold again.
        let least = pair.leastQuantity + pair.commonLot
        return (max(spot.ask.price, perp.ask.price) * least).roundedUp()
    }

    /// Notional per leg that a holding has: the larger leg at own mids.
    func held(_ place: Int) -> Money { legs(holdings[place]).larger }

    /// One-sided and gross exposure at own mids, entries at work in full; of one strategy, or of all.
    public func exposure(of slot: Int?) -> (oneSided: Money, gross: Money) {
        var sum = (oneSided: Money.zero, gross: Money.zero)
        if slot == nil {
            // What was there before the start is taken for half of a pair: its coins are not told apart.
            for place in pairs.indices where found[pairs.read(place) { $0.perp.id.index }] != .zero {
                let pair = pairs[place]
                let worth =
                    mid(pair.perp).map { ($0 * found[pair.perp.id.index].magnitude).roundedUp() } ?? .zero
                sum.oneSided += worth
                sum.gross += worth + worth
            }
        }
        for place in stirring where slot == nil || holdings.read(place, { $0.slot }) == slot {
            let holding = holdings[place]
            let legs = legs(holding)
            guard let operation = holding.operation, let reserved = operation.reservation else {
                sum.oneSided += legs.larger
                sum.gross += legs.both
                continue
            }
            // What already filled of an entry stands in both: until it ends all of it counts, on top of what
            // was held when it was approved, such as the part of a post whose rest is taken.
            sum.oneSided += max(operation.heldOneSided + reserved.oneSided, legs.larger)
            sum.gross += max(operation.heldGross + reserved.gross, legs.both)
        }
        return sum
    }

    /// Set aside by entries at work: quote that their spot buys take, margin, and shorts they add.
    private var reserved: (quote: Money, margin: Money, shorts: Money) {
        var sum = (quote: Money.zero, margin: Money.zero, shorts: Money.zero)
        for place in stirring {
            guard let reservation = holdings.read(place, { $0.operation?.reservation }) else { continue }
            sum.quote += reservation.quote
            sum.margin += reservation.margin
            if holdings[place].direction == .carry { sum.shorts += reservation.oneSided }
        }
        return sum
    }

    /// What of a holding may stand open at any moment: the leg that does, or all of what is at work. Of an
    /// entry one leg may fill whole before anything of the other, of a post too, as several may be filled by
    /// one move before a hedge has arrived; and so may one leg of an exit that takes.
    private func mayStandOpen(_ place: Int) -> Money {
        let open = holdings.read(place, { $0.unhedgedSince }) == nil ? .zero : unhedged(place)
        guard let operation = holdings.read(place, { $0.operation }) else { return open }
        if let reserved = operation.reservation { return max(open, reserved.oneSided) }
        let takes = operation.kind == .exit && (operation.resting == nil || operation.restingOver)
        return takes && !live(place).isEmpty ? max(open, held(place)) : open
    }

    /// An exit that only pays waits while another leg stands open, or is about to, and its own beside it
    /// would be more than the limit. What rests and has not filled keeps no exit waiting, and neither does a
    /// leg that nobody gets rid of.
    func mayOpenLeg(_ place: Int) -> Bool {
        let others = stirring.reduce(Money.zero) { sum, other in
            if other == place { return sum }
            let holding = holdings[other]
            guard let since = holding.unhedgedSince else {
                return holding.operation?.resting == nil ? sum + mayStandOpen(other) : sum
            }
            return now - since <= limits.unhedgedTimeMax ? sum + mayStandOpen(other) : sum
        }
        return others == .zero || others + held(place) <= limits.unhedgedMax
    }

    func legs(_ holding: Holding) -> (larger: Money, both: Money) {
        if holding.coins == .zero && holding.perp == .zero { return (.zero, .zero) }
        let pair = pairs[holding.pair.index]
        let spot = mid(pair.spot).map { ($0 * holding.coinQuantity.magnitude).roundedUp() } ?? .zero
        let perp = mid(pair.perp).map { ($0 * holding.perp.magnitude).roundedUp() } ?? .zero
        return (max(spot, perp), spot + perp)
    }

    /// Notional of all perp shorts at mid.
    var shorts: Money {
        var sum = Money.zero
        for place in pairs.indices {
            let net = netContracts[pairs.read(place) { $0.perp.id.index }]
            if net < .zero, let mid = mid(pairs[place].perp) { sum += (mid * net.magnitude).roundedUp() }
        }
        return sum
    }

    /// Free USDC: what a rally can take before the venue borrows or sells.
    var freeQuote: Money? {
        guard account.balancesKnown else { return nil }
        return (account.balance(.usdc)?.available ?? .zero) + redeemableQuote
    }

    /// Free USDC over the notional of perp shorts; `nil` without shorts. 1.0 is 100 000 000.
    public var runway: Percent? {
        guard let free = freeQuote, shorts > .zero else { return nil }
        return Percent(raw: Int64(clamping: quotient(free.raw * 100_000_000, by: shorts.raw, .down)))
    }

    /// The largest pair notional that leaves the cash runway: (free − least·shorts) / (1 + least + fees).
    private func runwayRoom() -> Money? {
        guard let free = freeQuote else { return nil }
        let least = Percent(raw: limits.runwayMin.raw / 100)
        let reserved = reserved
        let left = free - reserved.quote - RiskGate.fraction(least, of: shorts + reserved.shorts)
        let fees = account.fees.spotTaker.raw + account.fees.perpTaker.raw
        let divisor = 10_000_000_000 + Int128(limits.runwayMin.raw) + Int128(fees)
        return Money(raw: quotient(left.raw * 10_000_000_000, by: divisor, .down))
    }

    /// Everything the risk gate looks at for one holding.
    func riskPicture(_ place: Int) -> RiskPicture {
        let holding = holdings[place]
        let pair = pair(of: place)
        var picture = RiskPicture()
        picture.tradingState =
            slots[holding.slot].tradingState == .active ? state : slots[holding.slot].tradingState
        picture.stopping = stopping || flattening
        picture.isRecorded = recordsFault == nil
        picture.budget = limits.budget(of: holding.owner)
        var unhedged = Money.zero
        for other in stirring {
            unhedged += mayStandOpen(other)
            guard let since = holdings.read(other, { $0.unhedgedSince }) else { continue }
            picture.unhedgedFor = max(picture.unhedgedFor, now - since)
        }
        let reserved = reserved
        if pricesAreKnown {
            let (oneSided, gross) = exposure(of: nil)
            (picture.oneSided, picture.gross, picture.unhedged) = (oneSided, gross, unhedged)
            picture.ownOneSided = exposure(of: holding.slot).oneSided
            picture.heldInPair = held(place)
            picture.profitToday = profitToday
            picture.ownProfitToday = profit(ofSlot: holding.slot) - slots[holding.slot].dayStart
            picture.shorts = shorts + reserved.shorts
        }
        picture.feesToday = feesToday
        picture.entriesToday = entriesToday
        sendTimes.removeAll { now - $0 >= .seconds(1) }
        picture.sentLastSecond = sendTimes.count
        picture.equity = account.balancesKnown ? equity : nil
        picture.freeQuote = freeQuote.map { $0 - reserved.quote }
        picture.netEquityAvailable = account.collateral.map { $0.available - reserved.margin }
        (picture.spotMid, picture.perpMid, picture.index) = (mid(pair.spot), mid(pair.perp), index(of: pair))
        picture.initialMargin = picture.shorts.map {
            Figures.marginFraction(
                pair.perp.initialMargin, leverageLimit: account.facts?.leverageLimit, notional: $0)
        }
        picture.fees = account.fees
        fillControls(&picture, place)
        return picture
    }

    /// The view of an opportunity for one strategy, as `o`.
    func view(_ slot: Int, _ place: Int, _ o: Opportunity, _ size: Money, _ persist: TimeSpan) -> MarketView {
        let pair = pair(of: place)
        let market = pairMarkets[pair.id.index]
        var view = MarketView(pair: pair.base.symbol, direction: o.direction)
        let contract = slots[slot].strategy.contract
        let extra = ViewExtras(
            now: now, spot: book(pair.spot), perp: book(pair.perp), mark: markets[pair.perp.id.index].mark,
            spotAge: age(pair.spot) ?? .seconds(3600), perpAge: age(pair.perp) ?? .seconds(3600),
            persist: persist,
            basis: market.basis, volatility: market.volatility, fundingMean: market.funding.mean,
            borrowAPR: market.borrowAPR, lendAPR: market.lendAPR, liquidity: liquidity(o, size), size: size,
            budget: limits.budget(of: slots[slot].name), held: held(place),
            addsLeft: max(0, contract.adds + 1 - max(1, holdings[place].entriesMade)),
            least: limits.netEdgeMin)
        o.fill(&view, extra)
        return view
    }
}
