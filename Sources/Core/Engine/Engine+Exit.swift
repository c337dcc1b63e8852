extension Engine {
    /// Exit rules of FORMULAS 5 for an open pair, first match wins: protective, economic, the script's own.
    func judgeExit(_ place: Int) {
        let holding = holdings[place]
        let pair = pair(of: place)
        // Orders of an earlier run are in doubt: what they did is not held yet and would be done twice.
        guard live(place).isEmpty else { return }
        if flattening { return exit(place, "flatten", nil) }
        if holding.adopted, limits.adoptPolicy == .flatten { return exit(place, "ADOPT_POLICY", nil) }
        if runwayIsShort, isSmallestEdge(place) {
            lastRunwayExit = now
            return exit(place, Self.runwayReason, nil)
        }
        // A guardian protects; what pays is the host's to judge. A run that ends leaves hedged pairs: what it
        // began now would still be on its way when it is gone.
        guard !ids.isGuardian, !stopping, state.allowsEconomicExits,
            slots[holding.slot].tradingState != .halted
        else {
            return
        }
        // No taker order can work there: what pays waits for the market.
        guard holding.state != .frozen else { return }
        guard
            let walk = PairWalk.pessimistic(
                spot: book(pair.spot), perp: book(pair.perp), quantity: holding.perp.magnitude,
                mark: markets[pair.perp.id.index].mark?.mark, index: index(of: pair)),
            let terms = terms(exitContract(place), pair, of: place)
        else { return }
        let o = Opportunity.held(pair: pair, direction: holding.direction, walk: walk, terms: terms)
        let figures = positionFigures(holding, walk)
        warnOfWidening(place, figures)
        judgeSettlement(place, o)
        // No economic exit just before a settlement that pays us.
        if settlementIsNear(pair), settlementPays(pair, holding.direction) { return }
        // A script that cannot answer replaces nothing.
        let keeper = keeper(place)
        let answers = keeper != .host && exitContract(place).hasExit
        let replaced = answers ? exitContract(place).replaces : []
        if let reason = economicExit(place, o, figures, replaced) {
            return exit(place, reason, nil, isEconomic: true)
        }
        if holding.lastExitWalk == walk, let last = holding.lastExitCall, now - last < .seconds(1) { return }
        holdings[place].lastExitCall = now
        holdings[place].lastExitWalk = walk
        guard answers else { return }
        askExit(place, keeper, o, figures)
    }

    private static let runwayReason = "cash runway"

    /// Cash runway below 0.05 or margin fraction below twice the maintenance fraction: one pair is closed,
    /// then the venue's new figures are awaited.
    private var runwayIsShort: Bool {
        if let last = lastRunwayExit, now - last < Self.pollEvery + .seconds(1) { return false }
        if holdings.contains(where: { $0.operation?.reason == Self.runwayReason }) { return false }
        if let short = runway, short.raw < 5_000_000 { return true }
        guard let facts = account.collateral, let fraction = facts.marginFraction,
            let maintenance = facts.maintenanceFraction
        else { return false }
        return fraction.raw < 2 * maintenance.raw
    }

    /// The next settlement is at most `FUNDING_GUARD_S` away; one that is past says nothing.
    func settlementIsNear(_ pair: Pair) -> Bool {
        guard let next = markets[pair.perp.id.index].mark?.nextFunding else { return false }
        return next > now && next - now <= limits.fundingGuard
    }

    /// Whether the running rate is one that this direction receives, or pays.
    func settlementPays(_ pair: Pair, _ direction: Direction) -> Bool { settlement(pair, direction) > 0 }
    func settlementCosts(_ pair: Pair, _ direction: Direction) -> Bool { settlement(pair, direction) < 0 }

    private func settlement(_ pair: Pair, _ direction: Direction) -> Int64 {
        (markets[pair.perp.id.index].mark?.rate?.raw ?? 0) * (direction == .carry ? 1 : -1)
    }

    /// A fresh pair stands at minus its costs, so widening closes nothing by itself; a person is told once.
    private func warnOfWidening(_ place: Int, _ figures: PositionFigures) {
        guard !holdings[place].toldOfWidening, figures.netPct.raw <= -75_000_000 else { return }
        holdings[place].toldOfWidening = true
        note(
            .alert(
                "\(pair(of: place).base.symbol): \(holdings[place].owner) stands at \(figures.netPct) % after all costs of leaving now"
            ))
    }

    /// Funding stop: counts settlements at which staying costs more than leaving (FORMULAS 5, (7)).
    private func judgeSettlement(_ place: Int, _ o: Opportunity) {
        guard let next = markets[pair(of: place).perp.id.index].mark?.nextFunding else { return }
        defer { holdings[place].nextSettlement = next }
        guard let before = holdings[place].nextSettlement, next > before else { return }
        let future = o.fundingExpected.raw + o.exitPct.raw - o.exitLevel.raw - o.exitCross.raw
        holdings[place].fundingStopStrikes = future < 0 ? holdings[place].fundingStopStrikes + 1 : 0
    }

    /// The economic exits that the host applies unless a script named them in `replaces`.
    private func economicExit(
        _ place: Int, _ o: Opportunity, _ figures: PositionFigures, _ replaced: [EconomicExit]
    ) -> String? {
        let holding = holdings[place]
        if !replaced.contains(.converged), o.exitPct.raw <= 5_000_000, figures.netUSD >= .zero {
            return "converged"
        }
        if !replaced.contains(.fundingStop), holding.fundingStopStrikes >= 2 { return "funding stop" }
        let age = holding.openedAt.map { now - $0 } ?? .zero
        let longest = exitContract(place).maxHold ?? limits.holdMax
        guard !replaced.contains(.maxHold), age >= longest else { return nil }
        let interval = pair(of: place).perp.fundingInterval ?? .seconds(3600)
        let extended = TimeSpan(microseconds: interval.microseconds * Int64(holding.extensions))
        guard age >= longest + extended else { return nil }
        let atMost = TimeSpan(microseconds: 3 * longest.microseconds)
        if figures.netUSD >= .zero || o.fundingExpected <= .zero || age >= atMost { return "max hold" }
        holdings[place].extensions += 1
        return nil
    }

    private func askExit(_ place: Int, _ keeper: Keeper, _ o: Opportunity, _ figures: PositionFigures) {
        let holding = holdings[place]
        let slot = holding.slot
        let pair = pair(of: place)
        var position = PositionView(
            pair: pair.base.symbol, direction: holding.direction, style: holding.style,
            version: holding.version, adopted: holding.adopted || isTakenOver(place))
        figures.fill(&position)
        let view = view(slot, place, o, room(slot, place, pair), .zero)
        let answer: ExitAnswer
        if case .earlier(let found) = keeper {
            answer = slots[slot].earlier[found].strategy.exit(position, view)
        } else {
            slots[slot].calls += 1
            answer = slots[slot].strategy.exit(position, view)
        }
        switch (answer, keeper) {
        case (.hold, _): break
        case (.exit(let reason, let resting), _):
            exit(place, reason, resting, isEconomic: true)
            if keeper == .active { countDecision(slot) }
        case (.fault(let fault), .earlier(let found)): strikeEarlier(slot, found, fault)
        case (.fault(let fault), _): strike(slot, fault)
        }
    }

    func positionFigures(_ holding: Holding, _ walk: PairWalk) -> PositionFigures {
        PositionFigures(
            direction: holding.direction, coins: holding.coins, perpQuantity: holding.perp.magnitude,
            spotCost: holding.spotCost, perpCost: holding.perpCost, spotQuoteFees: holding.spotFees,
            perpFees: holding.perpFees, baseFeesInQuote: holding.baseFeesInQuote, funding: holding.funding,
            borrow: holding.borrow, entryGross: holding.entryGross, entryExitLevel: holding.entryExitLevel,
            entryExitCross: holding.entryExitCross, age: holding.openedAt.map { now - $0 } ?? .zero,
            walk: walk,
            fees: account.fees)
    }

    private func isSmallestEdge(_ place: Int) -> Bool {
        let open = holdings.indices.filter {
            !holdings[$0].isFlat && !holdings[$0].state.isBusy && mayBeginExit($0, isEconomic: false)
        }
        return open.min { holdings[$0].entryGross < holdings[$1].entryGross } == place
    }

    /// Starts closing a pair; an exit always completes. What an economic one takes at once waits until the
    /// end of the evaluation, for an entry of another that it may meet (FORMULAS E15).
    func exit(_ place: Int, _ reason: String, _ plan: RestingPlan?, isEconomic: Bool = false) {
        guard mayBeginExit(place, isEconomic: isEconomic), !isEconomic || plan != nil || mayOpenLeg(place),
            var operation = newOperation(place, .exit, reason)
        else { return }
        if let plan, plan.rest != .both {
            operation.resting = plan
            operation.deadline = now + plan.timeout
        }
        holdings[place].operation = operation
        move(place, .exit)
        note(.exiting(owner: holdings[place].owner, pair: pair(of: place).base.symbol, reason: reason))
        if let plan = operation.resting, postExit(place, operation, plan) { return }
        holdings[place].operation?.restingOver = true
        if isEconomic { return wait(place) }
        settleExit(place)
    }

    /// Sends what is still to be closed: both legs when deep, the thinner first otherwise, by totals.
    func settleExit(_ place: Int) {
        guard let operation = holdings[place].operation else { return }
        let holding = holdings[place]
        let pair = pair(of: place)
        let spotLeft = spotToClose(place)
        if holding.perp == .zero, spotLeft < pair.spot.minQuantity {
            return closeRound(place, operation.reason)
        }
        if exitsFrozen(place) { return }
        // What came closer is progress: only what did not is tried further out.
        let left = holding.perp.magnitude + spotLeft
        let tries = left < (operation.left ?? left) ? 0 : operation.tries
        holdings[place].operation?.left = left
        holdings[place].operation?.tries = tries
        if tries >= 6 {
            move(place, .triesUsedUp)
            holdings[place].operation?.nextTryAt = now + limits.unhedgedTimeMax
            note(
                .alert(
                    "\(pair.base.symbol): the exit of \(holding.owner) found no buyer six times; trying again"
                ))
            return
        }
        if let until = operation.refusedUntil, now < until { return }
        let attempt = min(tries, 2)
        let spotSide: Side = holding.coins > .zero ? .sell : .buy
        let perpSide: Side = holding.perp > .zero ? .sell : .buy
        let spot = reducingDraft(place, .spot, spotSide, spotLeft, attempt: attempt)
        let perp = reducingDraft(place, .perp, perpSide, holding.perp.magnitude, attempt: attempt)
        holdings[place].operation?.tries += 1
        let drafts = exitOrder(place, spot, perp, attempt)
        guard !drafts.isEmpty else {
            holdings[place].operation?.nextTryAt = now + .milliseconds(250)
            return
        }
        holdings[place].operation?.nextTryAt = nil
        send(drafts, for: place, .exit, decision: (operation.spotMid, operation.perpMid))
    }

    /// Carry: all whole lots of the pair's coins. Reverse: what brings the short coins back, its base fee
    /// included.
    func spotToClose(_ place: Int) -> Quantity {
        let holding = holdings[place]
        let lot = pair(of: place).spot.lotSize
        if holding.coins > .zero { return Execution.exitSpotQuantity(coins: holding.coinQuantity, lot: lot) }
        return tradable(place, .spot, .buy, holding.coinQuantity.magnitude)
    }

    private func exitOrder(_ place: Int, _ spot: Draft?, _ perp: Draft?, _ attempt: Int) -> [Draft] {
        let pair = pair(of: place)
        let imbalance = holdings[place].imbalance
        if imbalance.magnitude >= pair.leastQuantity {
            // One leg is ahead: only the other moves, until they match.
            let behind: Leg =
                (holdings[place].coinQuantity.magnitude > holdings[place].perp.magnitude) ? .spot : .perp
            return [reducingDraft(place, behind, attempt: attempt)].compactMap { $0 }
        }
        guard let spot, let perp else { return [spot ?? perp].compactMap { $0 } }
        let (spotBook, perpBook) = (book(pair.spot), book(pair.perp))
        let deep =
            Execution.isDeep(spotBook, spot.side, limit: spot.price, quantity: spot.quantity)
            && Execution.isDeep(perpBook, perp.side, limit: perp.price, quantity: perp.quantity)
        let spotIsThinner = Execution.isThinner(
            spotBook.depth(spot.side, to: spot.price), than: perpBook.depth(perp.side, to: perp.price))
        let ordered = spotIsThinner ? [spot, perp] : [perp, spot]
        return deep ? ordered : [ordered[0]]
    }

    /// The last fill of a round: profit by cause is final but for dust, which stays with the pair at its
    /// mark.
    func closeRound(_ place: Int, _ reason: String) {
        let holding = holdings[place]
        let hadPosition = holding.entriesMade > 0
        holdings[place].operation = nil
        forgetSharedRefusals()
        move(place, .emptied)
        var profit = holding.profit
        profit.residual = residual(holding)
        let net = profit.total
        guard holding.openedAt != nil else {
            // Nothing was executed: no trade of the day, but the next try is not made at once.
            entriesToday = max(0, entriesToday - 1)
            holdings[place].cooldownUntil = now + min(limits.cooldown, .seconds(1))
            return
        }
        let slot = holding.slot
        if hadPosition {
            counters.exits += 1
            counters.rounds += 1
            slots[slot].exits += 1
            slots[slot].rounds += 1
        }
        let round = round(holding, reason, profit)
        note(hadPosition ? .roundClosed(round) : .unwound(round))
        (holdings[place].openedAt, holdings[place].entriesMade) = (nil, 0)
        // What comes after the end, such as a late fill, is told by itself.
        (holdings[place].profit, holdings[place].tally) = (ProfitAndLoss(), RoundTally())
        holdings[place].profit.basis = -profit.residual
        for direction in Direction.allCases { watches[watch(place, direction)].walk = nil }
        let lost = net < .zero
        holdings[place].cooldownUntil = now + (lost ? limits.lossCooldown : limits.cooldown)
        let market = holding.pair.index
        pairMarkets[market].losingRounds = lost ? pairMarkets[market].losingRounds + 1 : 0
        if pairMarkets[market].losingRounds >= limits.losingRoundsMax {
            pairMarkets[market].heldDay = day
            pairMarkets[market].losingRounds = 0
            note(
                .alert(
                    "\(pair(of: place).base.symbol): \(limits.losingRoundsMax) losing rounds running; on hold today"
                ))
        }
    }
}
