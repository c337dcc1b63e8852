/// What the gate is shown of market, account, venue and our own doings, and the counting behind it.
extension Engine {
    // MARK: Conditions

    func marketCondition(_ pair: Pair) -> MarketCondition {
        var condition = MarketCondition()
        condition.spotState = markets.read(pair.spot.id.index) { $0.state }
        condition.perpState = markets.read(pair.perp.id.index) { $0.state }
        if let spot = top(pair.spot), let perp = top(pair.perp) {
            (condition.spotWidth, condition.perpWidth) = (Figures.width(spot), Figures.width(perp))
            condition.midSpread = Figures.midSpread(spot: spot, perp: perp)
        }
        condition.stablecoin = stablecoin
        condition.lendsFreely = account.facts?.autoLend
        condition.utilisation = pairMarkets.read(pair.id.index) { $0.utilisation }
        return condition
    }

    func accountCondition(_ pair: Pair) -> AccountCondition {
        var condition = AccountCondition()
        condition.missedReads = opened ? venueWatch.missedOfAccount : nil
        condition.isLiquidating = account.facts?.liquidating
        if let until = venueWatch.pausedUntil { condition.pause = max(until - now, .zero) }
        if let until = pairMarkets.read(pair.id.index, { $0.pausedUntil }) {
            condition.pause = max(until - now, condition.pause)
        }
        condition.hedgeRetries = hedgeRetries(of: pair.id)
        condition.hedgeRetriesMax = limits.hedgeRetriesMax
        return condition
    }

    /// The part of the picture that leans on the venue's word and on our own doings.
    func fillControls(_ picture: inout RiskPicture, _ place: Int) {
        let pair = pair(of: place)
        let perp = markets[pair.perp.id.index], spot = markets[pair.spot.id.index]
        picture.market = marketCondition(pair)
        picture.account = accountCondition(pair)
        (picture.spot, picture.perp) = (pair.spot, pair.perp)
        picture.spot?.bounds = spot.bounds
        picture.perp?.bounds = perp.bounds
        picture.openInterest = perp.openInterest
        picture.positionMax = account.facts?.positionMax
        picture.positions = positionNotional
        picture.borrowsToSettle = account.facts?.borrowsToSettle
        picture.weight = weight(of: pair.base)
        picture.coinsAsCollateral = coinsAsCollateral
        let most = picture.shorts.map { $0 + limits.positionSizeMax }
        picture.maintenanceMargin = most.map {
            let curve = Figures.marginFraction(
                pair.perp.maintenanceMargin, leverageLimit: nil, notional: $0)
            return max(curve, account.collateral?.maintenanceFraction ?? .zero)
        }
        picture.sellable = sellable(pair.base, except: nil)
        picture.lastEntry = place < venueWatch.lastEntries.count ? venueWatch.lastEntries[place] : nil
        picture.now = now
        (picture.ownPostsLastMinute, picture.postsLastMinute) = postsLastMinute(place)
        (picture.ownTakes, picture.takes) = (slots[holdings[place].slot].takes, venueWatch.takes)
        picture.requestsLastMinute = venueWatch.requests.count(at: now)
    }

    // MARK: Prices

    /// Everything that is held has a price: without one neither exposure nor profit is known.
    var pricesAreKnown: Bool {
        for place in pairs.indices {
            let id = pairs.read(place) { $0.perp.id }
            if netContracts[id.index] != .zero, mid(pairs[place].perp) == nil { return false }
        }
        return holdings.indices.allSatisfy { place in
            let held = holdings.read(place) { ($0.coins != .zero, $0.perp != .zero) }
            guard held.0 || held.1 else { return true }
            let pair = pair(of: place)
            return (!held.0 || mid(pair.spot) != nil) && (!held.1 || mid(pair.perp) != nil)
        }
    }

    /// Notional of all perp positions at mid, each by its weight, with what entries at work add; `nil`
    /// without a price.
    private var positionNotional: Money? {
        var sum = Money.zero
        for pair in pairs {
            let weight = markets[pair.perp.id.index].bounds.positionWeight ?? Percent(raw: Percent.unit)
            let net = netContracts[pair.perp.id.index]
            if net != .zero {
                guard let mid = mid(pair.perp) else { return nil }
                sum += RiskGate.fraction(weight, of: (mid * net.magnitude).roundedUp())
            }
            for slot in slots.indices {
                let reserved = holdings.read(place(slot, pair.id)) { $0.operation?.reservation }
                if let reserved { sum += RiskGate.fraction(weight, of: reserved.oneSided) }
            }
        }
        return sum
    }

    // MARK: Collateral

    /// What a coin counts as collateral: the less of what the account is told and what the curve says at the
    /// size after one more entry; `nil` when neither is known. 1.0 is 100 000 000.
    func weight(of asset: Asset) -> Percent? {
        let told = account.toldWeight(asset)
        guard let terms = venueWatch.collateralTerms.first(where: { $0.asset == asset }) else { return told }
        let after = terms.weight(of: coinsWorth(asset) + limits.positionSizeMax)
        return told.map { min($0, after) } ?? after
    }

    /// All coins of the account at mid; coins without a price count nothing.
    private func coinsWorth(_ asset: Asset) -> Money {
        guard let pair = pairs.first(where: { $0.base == asset }), let mid = mid(pair.spot),
            let balance = account.balance(asset)
        else { return .zero }
        let total = balance.total + lent(asset)
        return Money(raw: quotient(total.raw * Int128(mid.raw), by: 100_000_000, .down))
    }

    /// What all coins of the account count; a coin without a price or a weight counts nothing. `nil` before
    /// balances were read.
    var coinsAsCollateral: Money? {
        guard account.balancesKnown else { return nil }
        var sum = Money.zero
        for balance in account.balances where balance.asset != .usdc {
            guard let weight = weight(of: balance.asset) else { continue }
            sum += Money(
                raw: quotient(coinsWorth(balance.asset).raw * Int128(weight.raw), by: 100_000_000, .down))
        }
        return sum
    }

    /// The rise of all prices at which the account's shorts are liquidated now, 1.0 is 100 000 000; `nil`
    /// without shorts, when no rise does it, or when something of it is not known.
    public var liquidationRise: Percent? {
        guard let quote = freeQuote, let coins = coinsAsCollateral, shorts > .zero else { return nil }
        let curves = pairs.filter { netContracts[$0.perp.id.index] < .zero }.map {
            Figures.marginFraction($0.perp.maintenanceMargin, leverageLimit: nil, notional: shorts)
        }
        let maintenance = max(curves.max() ?? .zero, account.collateral?.maintenanceFraction ?? .zero)
        return Figures.liquidationDistance(
            quote: quote, weightedCoins: coins, shorts: shorts, maintenance: maintenance)
    }

    /// USDC that was lent by itself and can be had back at once.
    var redeemableQuote: Money {
        guard account.facts?.autoLend == true,
            let pool = venueWatch.lending?.first(where: { $0.asset == .usdc }),
            pool.utilisation < FixedLimits.utilisationMax
        else { return .zero }
        return lent(.usdc)
    }

    // MARK: Coins to sell

    /// Own coins of a base that nobody here has sold yet; of one inventory for all. `except` leaves out what
    /// that holding sold itself.
    func ownCoinsLeft(_ base: Asset, except place: Int?) -> Quantity {
        let own = limits.ownCoins(of: base)
        guard own > .zero else { return .zero }
        let sold = stirring.reduce(Quantity.zero) { sum, other in
            guard other != place, holdings.read(other, { $0.coins < .zero }),
                pairs[holdings[other].pair.index].base == base
            else { return sum }
            return sum + holdings[other].coinQuantity
        }
        return max(own + sold, .zero)
    }

    /// What a reverse may sell: own coins and, where that is allowed and has a rate, what the venue would
    /// lend.
    func sellable(_ base: Asset, except place: Int?) -> Quantity {
        let own = ownCoinsLeft(base, except: place)
        guard limits.allowBorrow, let pair = pairMarkets.first(where: { $0.pair.base == base }),
            pair.borrowAPR > .zero
        else { return own }
        return own + (venueWatch.borrowRooms.first { $0.asset == base }?.room ?? .zero)
    }

    // MARK: The rest of a post

    /// A post that is moved goes through the gate again with what is left of it: prices moved as well. It
    /// takes the place of its own reservation, and is the same trade of the day.
    func reviewAgain(_ place: Int, _ o: Opportunity, _ plan: RestingPlan) -> Verdict {
        guard let operation = holdings[place].operation,
            let intent = intent(place, o, plan, holdings[place].perp != .zero)
        else { return .denied(Denial(.noPostPrice)) }
        holdings[place].operation?.reservation = nil
        var picture = riskPicture(place)
        picture.entriesToday -= 1
        picture.lastEntry = nil
        let verdict = RiskGate(limits).review(intent, picture)
        switch verdict {
        case .approved(let approved):
            holdings[place].operation?.reservation = approved.reservation
            let held = legs(holdings[place])
            holdings[place].operation?.heldOneSided = held.larger
            holdings[place].operation?.heldGross = held.both
        case .denied(let denial):
            holdings[place].operation?.reservation = operation.reservation
            counters.denials[denial.reason] += 1
            counters.ordersDenied += 1
            note(.denied(owner: holdings[place].owner, pair: pair(of: place).base.symbol, denial))
        }
        return verdict
    }

    /// What time alone lifts within a minute: the post waits.
    static func passesSoon(_ reason: Reason) -> Bool {
        [.ordersPerSecond, .postsPerMinute, .requestBudget].contains(reason)
    }

    // MARK: Counting

    /// The entry that was let in last, so that the next one can be held against it.
    func remember(_ intent: Intent) {
        while venueWatch.lastEntries.count < holdings.count { venueWatch.lastEntries.append(nil) }
        venueWatch.lastEntries[intent.holding] = PastEntry(
            at: now, direction: intent.direction, quantity: intent.quantity)
    }

    /// What follows belongs to the same decision.
    func forgetLastEntry(_ place: Int) {
        if place < venueWatch.lastEntries.count { venueWatch.lastEntries[place] = nil }
    }

    /// Posts within a minute, of this holding and of all.
    func postsLastMinute(_ place: Int) -> (own: Int, all: Int) {
        var count = (own: 0, all: 0)
        for record in orders.reversed() {
            if now - record.sentAt >= .seconds(60) { break }
            guard record.purpose == .post else { continue }
            count.all += 1
            if record.holding == place { count.own += 1 }
        }
        return count
    }

    func countTakes(_ count: Int, of place: Int) {
        slots[holdings[place].slot].takes.orders += count
        venueWatch.takes.orders += count
    }

    func countTakeFill(of place: Int) {
        slots[holdings[place].slot].takes.fills += 1
        venueWatch.takes.fills += 1
    }

    func forgetTakes() {
        venueWatch.takes = TakeCount()
        for place in slots.indices { slots[place].takes = TakeCount() }
    }

    /// A hedge did not fill whole and is tried again: too many of those, and nobody here understands the
    /// market.
    func countHedgeRetry(_ place: Int) {
        let pair = holdings[place].pair
        pairMarkets[pair.index].hedgeRetries.append(now)
        if hedgeRetries(of: pair) == limits.hedgeRetriesMax {
            note(
                .alert(
                    "\(pairs[pair.index].base): \(limits.hedgeRetriesMax) hedges were tried again within an hour; on hold until they are an hour old"
                ))
        }
    }

    /// The next hedge of a post is a try anew for each that missed since the last; what fills later is not.
    func countMissedHedges(_ place: Int) {
        let missed = hedgeFailures(place)
        while let counted = holdings[place].operation?.hedgesMissed, counted < missed {
            holdings[place].operation?.hedgesMissed = counted + 1
            countHedgeRetry(place)
        }
    }

    private func hedgeRetries(of pair: PairID) -> Int {
        pairMarkets.read(pair.index) { $0.hedgeRetries.count { now - $0 < FixedLimits.hedgeRetriesWithin } }
    }

    func forgetOldRetries(_ place: Int) {
        guard pairMarkets.read(place, { !$0.hedgeRetries.isEmpty }) else { return }
        pairMarkets[place].hedgeRetries.removeAll { now - $0 >= FixedLimits.hedgeRetriesWithin }
    }
}
