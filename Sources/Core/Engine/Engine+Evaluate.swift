extension Engine {
    /// Asks every strategy about a pair whose market changed, in the order of their names; what they wish is
    /// submitted after all were asked.
    func evaluate(_ pair: Pair) {
        guard opened else { return }
        for slot in slotOrder {
            let place = place(slot, pair.id)
            let contract = slots[slot].strategy.contract
            if holdings.read(place, { $0.state.isBusy || $0.operation != nil }) {
                followPersistence(slot, place, pair)
                continue
            }
            // Without its file it opens nothing: where it holds nothing, nothing is measured for it.
            if slots[slot].missing, holdings.read(place, { $0.isFlat }) { continue }
            // Whatever a new version wants, what is held is looked after.
            if holdings.read(place, { !$0.isFlat }) { judgeExit(place) }
            if holdings.read(place, { $0.state.isBusy }) || slots[slot].tradingState == .shadow { continue }
            if !covers(contract, pair) { continue }
            for direction in [Direction.carry, .reverse] where contract.directions.contains(direction) {
                score(slot, place, pair, direction)
            }
        }
        if !candidates.isEmpty { serve(pair) }
        if exitsWait { sendExits(pair) }
    }

    /// Place of a holding's watch in one direction.
    func watch(_ place: Int, _ direction: Direction) -> Int { place * 2 + (direction == .carry ? 0 : 1) }

    /// How long the spread has lasted is known without a break: while a post rests it goes on being measured,
    /// otherwise it begins anew.
    private func followPersistence(_ slot: Int, _ place: Int, _ pair: Pair) {
        let direction = holdings[place].direction
        for other in [Direction.carry, .reverse] where other != direction {
            watches[watch(place, other)].persistence.reset()
        }
        guard let operation = holdings[place].operation, operation.kind == .entry, operation.resting != nil,
            let size = operation.opportunity.map({ notional(of: $0) }),
            let measured = measure(slots[slot].strategy.contract, pair, direction, size)
        else { return watches[watch(place, direction)].persistence.reset() }
        watches[watch(place, direction)].persistence.update(
            gross: measured.gross(.taker), breakeven: measured.breakeven(.taker, least: limits.netEdgeMin),
            at: now)
    }

    /// The larger leg of an opportunity at its walked prices.
    func notional(of o: Opportunity) -> Money {
        let carry = o.direction == .carry
        let spot = carry ? o.walk.spotAsk.notional : o.walk.spotBid.notional
        let perp = carry ? o.walk.perpBid.notional : o.walk.perpAsk.notional
        return max(spot, perp).roundedUp()
    }

    func covers(_ contract: StrategyContract, _ pair: Pair) -> Bool {
        contract.pairs?.contains(pair.base.symbol) ?? true
    }

    /// One evaluation: host's gates, the script, the net gate twice, risk (FORMULAS 4).
    private func score(_ slot: Int, _ place: Int, _ pair: Pair, _ direction: Direction) {
        let contract = slots[slot].strategy.contract
        let size = room(slot, place, pair)
        let watchPlace = watch(place, direction)
        guard let measured = measure(contract, pair, direction, size) else {
            let why = blindReason(pair, size)
            watches[watchPlace].persistence.reset()
            watches[watchPlace].walk = nil
            return count(why, watchPlace)
        }
        let breakeven = measured.breakeven(.taker, least: limits.netEdgeMin)
        watches[watchPlace].persistence.update(gross: measured.gross(.taker), breakeven: breakeven, at: now)
        if watches[watchPlace].walk == measured.walk { return }
        watches[watchPlace].walk = measured.walk
        // Nothing speaks against a candidate so far: it is concluded when it was submitted.
        if let reason = consider(
            slot, place, measured, size, watches[watchPlace].persistence.span(at: now))
        {
            conclude(reason, place, measured)
        }
    }

    /// What came of one look: counted, remembered, and looked at again when time alone may turn it.
    /// - Parameter reason: `nil` when orders were sent.
    func conclude(_ reason: Reason?, _ place: Int, _ measured: Opportunity) {
        let watchPlace = watch(place, measured.direction)
        if !isSettled(reason) { watches[watchPlace].walk = nil }
        watches[watchPlace].lookAt = reason.flatMap { lookAgain($0, place, measured, watchPlace) }
        guard let reason else { return counters.evaluations += 1 }
        count(reason, watchPlace)
        remember(measured, contract(place), pair(of: place), reason)
    }

    /// When time alone may turn a refusal, even if no level changes until then.
    private func lookAgain(_ reason: Reason, _ place: Int, _ o: Opportunity, _ watch: Int) -> Timestamp? {
        switch reason {
        case .persist:
            let lasted = watches[watch].persistence.span(at: now).microseconds
            return now + TimeSpan(microseconds: max(persistNeeded(o).microseconds - lasted, 1_000))
        case .cooldown: return holdings[place].cooldownUntil
        case .indexDeviation, .staleBook, .fundingGuard, .ordersPerSecond, .noIDs, .repetition,
            .postsPerMinute, .requestBudget, .venuePause, .hedgeRetries:
            return now + .seconds(1)
        default: return nil
        }
    }

    /// The same walk would bring the same refusal: it was the walk's or the script's, or a limit's.
    private func isSettled(_ reason: Reason?) -> Bool {
        switch reason {
        case .asleep, .scriptPassed, .confidence, .netEdge, .thinBook, .liquidity,
            .belowMinimum, .noPostPrice, .maxPositionSize, .totalExposure, .grossExposure, .budget,
            .dailyLoss, .feesPerDay, .equity, .unhedged, .unhedgedTime, .runway, .tradesPerDay, .priceCollar,
            .noBalance, .margin, .lowRunway, .sellsForDebts, .liquidationRise, .positionLimit, .openInterest,
            .offGrid, .aboveMaximum, .priceBand, .entriesPerFill,
            // Until the state changes, which looks at everything anew.
            .borrow, .held, .pairHeld, .notActive, .notRecorded, .losingRounds:
            true
        default: false
        }
    }

    private func count(_ reason: Reason, _ watch: Int) {
        counters.evaluations += 1
        counters.reasons[reason] += 1
        watches[watch].lastReason = reason
    }

    private func remember(_ o: Opportunity, _ contract: StrategyContract, _ pair: Pair, _ reason: Reason) {
        let style = bestStyle(o, among: styles(contract))
        let net = o.net(style)
        counters.note(
            NearMiss(
                pair: pair.id, direction: o.direction, style: style, net: net,
                missing: max(limits.netEdgeMin - net, .zero), reason: reason))
    }

    /// The opportunity at the size that could be asked for now; `nil` when something of it has no price.
    func measure(
        _ contract: StrategyContract, _ pair: Pair, _ direction: Direction, _ size: Money
    ) -> Opportunity? {
        let spot = book(pair.spot), perp = book(pair.perp)
        guard let terms = terms(contract, pair),
            let quantity = quantity(pair, direction, max(size, Money(1))),
            let top = spot.top, let other = perp.top, !top.isCrossed, !other.isCrossed
        else { return nil }
        return Opportunity.measure(
            pair: pair, direction: direction, spot: spot, perp: perp, quantity: quantity, terms: terms)
    }

    private func quantity(_ pair: Pair, _ direction: Direction, _ usd: Money) -> Quantity? {
        guard let spot = top(pair.spot), let perp = top(pair.perp) else { return nil }
        let carry = direction == .carry
        return Figures.entryQuantity(
            usd: usd, spotTouch: carry ? spot.ask.price : spot.bid.price,
            perpTouch: carry ? perp.bid.price : perp.ask.price, pair: pair)
    }

    private func blindReason(_ pair: Pair, _ size: Money) -> Reason {
        let spot = book(pair.spot), perp = book(pair.perp)
        guard spot.isSynced, perp.isSynced, let top = spot.top, let other = perp.top else {
            return .notSynced
        }
        if top.isCrossed || other.isCrossed { return .crossed }
        if markets[pair.perp.id.index].mark == nil { return .noIndex }
        if size <= .zero { return .noRoom }
        return quantity(pair, .carry, size) == nil ? .belowMinimum : .thinBook
    }

    /// - Returns: why not, or `nil` when it became a candidate.
    private func consider(
        _ slot: Int, _ place: Int, _ measured: Opportunity, _ size: Money, _ persist: TimeSpan
    ) -> Reason? {
        let pair = pairs[holdings[place].pair.index]
        if let reason = hostGate(slot, place, measured, size, persist) { return reason }
        let contract = slots[slot].strategy.contract
        let view = view(slot, place, measured, size, persist)
        guard let wish = wish(slot, view) else { return lastPass }
        var opportunity = measured
        if wish.usd < size {
            guard wish.usd > .zero, let smaller = self.measure(contract, pair, measured.direction, wish.usd)
            else {
                return .belowMinimum
            }
            opportunity = smaller
        }
        if wish.confidence < limits.confidenceMin { return .confidence }
        let best = bestStyle(opportunity, among: styles(contract))
        if opportunity.net(best) < limits.netEdgeMin { return .netEdge }
        if !isBusyElsewhere(place) { counters.opportunities += 1 }
        note(
            .opportunity(
                owner: slots[slot].name, pair: pair.base.symbol, direction: opportunity.direction,
                style: best,
                gross: opportunity.gross(.taker), net: opportunity.net(best), usd: min(wish.usd, size)))
        let candidate = Candidate(
            place: place, measured: measured, opportunity: opportunity, usd: min(wish.usd, size))
        return pursue(slot, candidate, view, persist)
    }

    /// After the first net gate: style, its own net, persistence.
    private func pursue(
        _ slot: Int, _ wished: Candidate, _ view: MarketView, _ persist: TimeSpan
    ) -> Reason? {
        var candidate = wished
        let o = candidate.opportunity
        switch choose(slot, view) {
        case .taker: break
        case .maker(let chosen): candidate.plan = chosen
        case .pass: return .scriptPassed
        case .fault(let fault):
            strike(slot, fault)
            return .scriptFault
        }
        if candidate.net < limits.netEdgeMin { return .netEdge }
        if candidate.plan == nil, persist < persistNeeded(o) { return .persist }
        candidates.append(candidate)
        return nil
    }

    /// How long a spread must have lasted to be taken: more of it is more likely to be wrong.
    func persistNeeded(_ o: Opportunity) -> TimeSpan {
        o.gross(.taker).raw > Percent.unit ? max(.seconds(1), limits.persistMin) : limits.persistMin
    }

    /// Styles a script may use: without `choose` it can only take.
    private func styles(_ contract: StrategyContract) -> [Style] {
        contract.hasChoose ? Style.allCases : [.taker]
    }

    func bestStyle(_ o: Opportunity, among styles: [Style]) -> Style {
        styles.dropFirst().reduce(styles[0]) { o.net($1) > o.net($0) ? $1 : $0 }
    }

    private func isBusyElsewhere(_ place: Int) -> Bool { holdings[place].state.isBusy }

    // MARK: Gates of the host, before the script

    /// The mark stream comes every second: older than this, mark and index are not to be leaned on.
    static let markAgeMax = TimeSpan.seconds(10)

    private func hostGate(
        _ slot: Int, _ place: Int, _ o: Opportunity, _ size: Money, _ persist: TimeSpan
    ) -> Reason? {
        let pair = pairs[holdings[place].pair.index]
        if let reason = stateGate(slot, place, pair, o.direction) { return reason }
        return marketGate(pair, o, size, persist)
    }

    /// What the market itself must be like: for a new entry, for a post as long as it rests, and for what a
    /// post did not fill.
    func marketGate(_ pair: Pair, _ o: Opportunity, _ size: Money, _ persist: TimeSpan) -> Reason? {
        guard book(pair.spot).isSynced, book(pair.perp).isSynced else { return .notSynced }
        if top(pair.spot)?.isCrossed == true || top(pair.perp)?.isCrossed == true { return .crossed }
        guard let spotAge = age(pair.spot), let perpAge = age(pair.perp), spotAge <= limits.bookAgeMax,
            perpAge <= limits.bookAgeMax
        else { return .staleBook }
        if let denial = RiskGate.denial(marketCondition(pair)) { return denial.reason }
        guard let index = index(of: pair), index.raw > 0,
            let told = markets.read(pair.perp.id.index, { $0.lastMark }),
            now - told <= Self.markAgeMax
        else { return .noIndex }
        let deviation = indexDeviation(pair, index)
        if deviation > limits.indexDeviationMax { return .indexDeviation }
        if deviation.raw > limits.indexDeviationMax.raw / 2 {
            let fresh = max(spotAge, perpAge) < .milliseconds(500)
            if !fresh || persist < .seconds(1) { return .indexDeviation }
        }
        if settlementIsNear(pair), settlementCosts(pair, o.direction) { return .fundingGuard }
        if size <= .zero { return .noRoom }
        if !o.walk.isWhole { return .thinBook }
        if liquidity(o, size).raw < Percent.unit { return .liquidity }
        return nil
    }

    /// Something happened in one of its markets that a person has to look at, or the day is lost there.
    func isHeld(_ pair: Pair) -> Bool {
        foreign[pair.spot.id.index] || foreign[pair.perp.id.index]
            || pairMarkets[pair.id.index].heldDay == day
    }

    func stateGate(_ slot: Int, _ place: Int, _ pair: Pair, _ direction: Direction) -> Reason? {
        if !state.allowsEntries || stopping || flattening { return .notActive }
        if recordsFault != nil { return .notRecorded }
        if idsFault != nil, !ids.hasReserved { return .noIDs }
        if slots[slot].stopped != nil || slots[slot].failure != nil { return .scriptStopped }
        if !slots[slot].allowsEntries { return .notActive }
        // Without the private stream nobody would hear of a fill.
        if !connectionUp[ConnectionID.privateStream.rawValue] || !isReconciled || !account.isReady {
            return .notReady
        }
        if let denial = RiskGate.denial(accountCondition(pair)) { return denial.reason }
        if foreign[pair.spot.id.index] || foreign[pair.perp.id.index] { return .pairHeld }
        if pairMarkets[pair.id.index].heldDay == day { return .losingRounds }
        if let until = holdings.read(place, { $0.cooldownUntil }), now < until { return .cooldown }
        if holdings.read(place, { !$0.isFlat }) {
            let adds = slots[slot].strategy.contract.adds
            if holdings.read(place, { $0.direction != direction || $0.entriesMade > adds }) { return .held }
            // A position of another version is not added to.
            if keeper(place) != .active { return .held }
        }
        let opposed = stirring.contains {
            holdings.read($0) {
                $0.pair == pair.id && $0.slot != slot && $0.direction != direction
                    && ($0.state.isBusy || !$0.isFlat)
            }
        }
        if opposed { return .pairOpposed }
        // Borrowing needs a rate: without one the lend market is closed or was not read.
        if direction == .reverse, sellable(pair.base, except: nil) == .zero { return .borrow }
        return nil
    }

    private func indexDeviation(_ pair: Pair, _ index: Price) -> Percent {
        func deviation(_ top: TopOfBook?) -> Percent {
            guard let top else { return Percent(raw: Int64.max) }
            return Percent(raw: abs(Figures.indexDeviation(top, index: index).raw))
        }
        return max(deviation(top(pair.spot)), deviation(top(pair.perp)))
    }

    func liquidity(_ o: Opportunity, _ size: Money) -> Percent {
        let pair = pairs[holdings.isEmpty ? 0 : o.pair.index]
        let band = Percent(raw: 10_000_000)
        let depths = [book(pair.spot), book(pair.perp)].flatMap {
            [Figures.depth($0, .buy, band: band), Figures.depth($0, .sell, band: band)]
        }
        guard let least = depths.min(), size > .zero else { return .zero }
        let ratio = quotient(least.raw * 100_000_000, by: size.notional.raw, .down)
        return Percent(raw: Int64(clamping: ratio))
    }

    // MARK: Asking the script

    private func wish(_ slot: Int, _ view: MarketView) -> (confidence: Int, usd: Money)? {
        slots[slot].calls += 1
        switch slots[slot].strategy.score(view) {
        case .wish(let confidence, let usd):
            return (Statistic.hundredths(confidence), Statistic.money(usd))
        case .asleep:
            slots[slot].calls -= 1
            lastPass = .asleep
        case .pass: lastPass = .scriptPassed
        case .fault(let fault):
            strike(slot, fault)
            lastPass = .scriptFault
        }
        return nil
    }

    private func choose(_ slot: Int, _ view: MarketView) -> ChoiceAnswer {
        guard slots[slot].strategy.contract.hasChoose else { return .taker }
        return slots[slot].strategy.choose(view)
    }

    /// A fatal fault, or five among a hundred calls, takes the script out of service; its positions go to the
    /// host. On probation the first one is enough.
    func strike(_ slot: Int, _ fault: StrategyFault) {
        slots[slot].faults += 1
        let calls = slots[slot].calls
        slots[slot].strikes = slots[slot].strikes.filter { calls - $0 < 100 } + [calls]
        let onProbation = slots[slot].probation != nil
        let stops = onProbation || fault.isFatal || slots[slot].strikes.count >= 5
        if stops && !onProbation { (slots[slot].stopped, isChanged) = (fault, true) }
        note(
            .strategyFault(
                owner: slots[slot].name, version: slots[slot].strategy.contract.version, fault,
                stopped: stops && !onProbation))
        failProbation(slot, fault.placed, fault: fault)
    }
}
