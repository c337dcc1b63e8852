extension Engine {
    /// The next single action of a pair at work, from what is true now: orders out, coins, contracts. Crash,
    /// operator and normal running come through here alike.
    func advance(_ place: Int) {
        guard opened else { return }
        if holdings[place].state == .stuck { return retryStuck(place) }
        let live = live(place)
        if holdings.read(place, { !$0.isFlat || $0.operation != nil }) { releaseFrozen(place, live) }
        guard let operation = holdings[place].operation else { return advanceIdle(place, live) }
        if operation.resting != nil, !operation.restingOver { return advanceResting(place, live) }
        if live.contains(where: { orders[$0].purpose == .post || orders[$0].purpose == .exitPost }) {
            hedgeByTotals(place, live)
            return finishPosts(live)
        }
        guard live.isEmpty else { return }
        if let at = operation.nextTryAt, now < at { return }
        operation.kind == .exit ? settleExit(place) : settleEntry(place)
    }

    /// Nothing is being done: a leg that is missing all the same must be brought back.
    private func advanceIdle(_ place: Int, _ live: [Int]) {
        freezeOrThaw(place)
        let holding = holdings[place]
        // Left by an earlier run: nobody waits for what they might still bring.
        guard live.isEmpty else { return cancelResting(live) }
        if holding.state == .open, holding.isFlat,
            holding.coinQuantity.magnitude < pair(of: place).leastQuantity
        {
            return closeRound(place, "recovered")
        }
        guard holding.imbalance.magnitude >= pair(of: place).leastQuantity,
            let operation = newOperation(place, .repair, "unhedged")
        else { return }
        note(
            .alert(
                "\(pair(of: place).base.symbol): \(holding.owner) has \(holding.imbalance) not hedged; the other leg follows"
            ))
        holdings[place].operation = operation
        move(place, .legLost)
        settleEntry(place)
    }

    func newOperation(_ place: Int, _ kind: Operation.Kind, _ reason: String) -> Operation? {
        let pair = pair(of: place)
        guard let spot = mid(pair.spot), let perp = mid(pair.perp) else { return nil }
        return Operation(
            kind: kind, goal: .zero, decidedAt: now, spotMid: spot, perpMid: perp,
            before: holdings[place].perp.magnitude, reason: reason)
    }

    /// All orders are over: hedged or not decides what comes next.
    private func settleEntry(_ place: Int) {
        let holding = holdings[place]
        guard let operation = holding.operation else { return }
        if holding.imbalance.magnitude < pair(of: place).leastQuantity {
            return restOfPost(place, operation) ? () : finishEntry(place)
        }
        repair(place, operation)
    }

    /// E8: what a post did not fill is a new taker entry, through all gates.
    /// - Returns: `true` when orders were sent for it.
    private func restOfPost(_ place: Int, _ operation: Operation) -> Bool {
        guard operation.kind == .entry, let plan = operation.resting, plan.fallback == .taker,
            !operation.pulled,
            state.allowsEntries, recordsFault == nil, !stopping, !flattening
        else { return false }
        let pair = pair(of: place)
        let filled = holdings[place].perp.magnitude - operation.before
        let rest = (operation.goal - filled).onLot(pair.commonLot, .down)
        let slot = holdings[place].slot
        guard rest >= pair.leastQuantity, let terms = terms(contract(place), pair),
            let o = Opportunity.measure(
                pair: pair, direction: holdings[place].direction, spot: book(pair.spot),
                perp: book(pair.perp),
                quantity: rest, terms: terms),
            slots[slot].allowsEntries,
            // A version that took over meanwhile did not ask for it.
            slots[slot].strategy.contract.version == holdings[place].version,
            connectionUp[ConnectionID.privateStream.rawValue], isReconciled, !isHeld(pair),
            marketGate(pair, o, notional(of: o), watches[watch(place, o.direction)].persistence.span(at: now))
                == nil,
            o.net(.taker) >= limits.netEdgeMin,
            watches[watch(place, o.direction)].persistence.span(at: now) >= persistNeeded(o)
        else { return false }
        // The old reservation gives way to the new one; one decision is one trade of the day.
        let before = holdings[place].operation
        holdings[place].operation = nil
        entriesToday -= 1
        forgetLastEntry(place)
        let hadPosition = !holdings[place].isFlat
        if submit(place, o, nil, addition: hadPosition) == nil {
            counters.fallbacks += 1
            // Still the same entry: what the post filled belongs to it.
            holdings[place].operation?.before = operation.before
            holdings[place].operation?.followsPost = filled > .zero
            return true
        }
        entriesToday += 1
        holdings[place].operation = before
        return false
    }

    func finishEntry(_ place: Int) {
        let holding = holdings[place]
        let operation = holding.operation
        holdings[place].operation = nil
        guard !holding.isFlat else { return closeRound(place, "unwound") }
        // What it reserved is free for others.
        forgetSharedRefusals()
        move(place, .balanced)
        if holding.perp.magnitude > (operation?.before ?? .zero), operation?.kind == .entry {
            holdings[place].entriesMade += 1
            counters.entries += 1
            slots[holding.slot].entries += 1
            countProbationEntry(holding.slot, version: holding.version)
            if operation?.resting != nil || operation?.followsPost == true { counters.makerEntries += 1 }
            holdings[place].entryGross = entryGross(holding)
            note(
                .roundOpened(
                    owner: holding.owner, pair: pair(of: place).base.symbol, quantity: holding.perp.magnitude,
                    entryGross: holdings[place].entryGross))
        }
    }

    /// 100·s·(perp fills − spot fills)/(fills of the long leg), scaled to the same base quantity.
    func entryGross(_ holding: Holding) -> Percent {
        let spot = holding.spotCost.magnitude, perp = holding.perpCost.magnitude
        guard spot > .zero, perp > .zero, holding.coins != .zero, holding.perp != .zero else { return .zero }
        // Both at the price of one unit: cost over quantity, compared crosswise.
        let bought = Int128(holding.spotGross.magnitude.raw), sold = Int128(holding.perp.magnitude.raw)
        guard bought > 0 else { return .zero }
        let spotPrice = quotient(spot.raw, by: bought, .nearest),
            perpPrice = quotient(perp.raw, by: sold, .nearest)
        let carry = holding.direction == .carry
        return Figures.gross(
            holding.direction, long: Notional(raw: carry ? spotPrice : perpPrice),
            short: Notional(raw: carry ? perpPrice : spotPrice))
    }

    // MARK: One leg short (E9)

    /// The pair is short of one leg: complete it or take the other back, whichever costs less.
    private func repair(_ place: Int, _ operation: Operation) {
        if let until = operation.refusedUntil, now < until { return }
        guard ids.hasNext(at: now) else { return }
        var operation = operation
        let first = operation.tries == 0 && operation.kind == .entry && isHedgeOfFirstLeg(place)
        if operation.tries >= 3 {
            guard !operation.turned else { return giveUp(place) }
            operation.turned = true
            operation.unwinds.toggle()
            operation.tries = 2
        } else if !operation.turned, !first {
            operation.unwinds = prefersUnwind(place, operation)
        }
        let attempt = min(operation.tries, 2)
        var draft = reducingDraft(place, legToTrade(place, unwinds: operation.unwinds), attempt: attempt)
        if draft?.postOnly ?? true {
            // That way nothing can be traded now, such as coins that are not ours to sell: the other one.
            let other = reducingDraft(place, legToTrade(place, unwinds: !operation.unwinds), attempt: attempt)
            if let other, draft == nil || !other.postOnly {
                draft = other
                operation.unwinds.toggle()
            }
        }
        guard let draft else {
            operation.nextTryAt = now + .milliseconds(250)
            holdings[place].operation = operation
            return
        }
        if !first {
            move(place, .short)
            if operation.unwinds { counters.unwinds += 1 }
            note(
                .repair(
                    owner: holdings[place].owner, pair: pair(of: place).base.symbol,
                    unwinds: operation.unwinds,
                    attempt: operation.tries + 1, imbalance: holdings[place].imbalance))
        }
        if operation.tries > 0 { countHedgeRetry(place) }
        operation.tries += 1
        operation.nextTryAt = nil
        holdings[place].operation = operation
        send([draft], for: place, first ? .hedge : .repair, decision: (operation.spotMid, operation.perpMid))
    }

    /// Thin leg first: the deep one has not been asked yet, so this is the plan and no repair.
    private func isHedgeOfFirstLeg(_ place: Int) -> Bool {
        let legs = ordersSent(for: place).map { orders[$0].leg }
        return !legs.isEmpty && legs.allSatisfy { $0 == legs[0] }
    }

    /// Every order of the running operation, the last first.
    func ordersSent(for place: Int) -> [Int] {
        guard let since = holdings[place].operation?.decidedAt else { return [] }
        return orders.indices.reversed().prefix { orders[$0].sentAt >= since }
            .filter { orders[$0].holding == place }
    }

    /// The leg whose trade completes the pair is the smaller one; unwinding takes back the larger one.
    private func legToTrade(_ place: Int, unwinds: Bool) -> Leg {
        let holding = holdings[place]
        let smaller: Leg = holding.coinQuantity.magnitude < holding.perp.magnitude ? .spot : .perp
        return unwinds ? smaller.other : smaller
    }

    private func prefersUnwind(_ place: Int, _ operation: Operation) -> Bool {
        if operation.kind == .exit { return false }
        // A leg was lost or came late: the larger one follows at once (FORMULAS 5, (2)).
        if operation.kind == .repair { return true }
        let holding = holdings[place]
        let pair = pair(of: place)
        let missing = holding.imbalance.magnitude
        let shortLeg = legToTrade(place, unwinds: false)
        let longLeg = shortLeg.other
        let (shortInstrument, longInstrument) =
            shortLeg == .spot ? (pair.spot, pair.perp) : (pair.perp, pair.spot)
        // To complete we trade the short leg against the imbalance; to unwind, the long one.
        let side: Side = holding.imbalance > .zero ? .sell : .buy
        guard let toComplete = book(shortInstrument).walk(side, missing), toComplete.isWhole else {
            return true
        }
        guard let toUndo = book(longInstrument).walk(side, missing), toUndo.isWhole,
            let fill = averagePrice(holding, longLeg)
        else { return false }
        let o = operation.opportunity
        let complete = Execution.completeValue(
            holding.direction, filledLeg: longLeg, fill: fill, missing: toComplete.notional,
            quantity: missing,
            exitLevel: o?.exitLevel ?? holding.entryExitLevel,
            exitCross: o?.exitCross ?? holding.entryExitCross,
            fees: account.fees)
        let unwind = Execution.unwindValue(
            filledLeg: longLeg, bought: side == .sell, fill: fill, undo: toUndo.notional, quantity: missing,
            fees: account.fees)
        return unwind > complete
    }

    private func averagePrice(_ holding: Holding, _ leg: Leg) -> Price? {
        let quantity = leg == .spot ? holding.spotGross.magnitude : holding.perp.magnitude
        let cost = leg == .spot ? holding.spotCost.magnitude : holding.perpCost.magnitude
        guard quantity > .zero else { return nil }
        return Price(raw: Int64(clamping: quotient(cost.raw, by: Int128(quantity.raw), .nearest)))
    }

    private func giveUp(_ place: Int) {
        let holding = holdings[place]
        move(place, .triesUsedUp)
        holdings[place].operation?.nextTryAt = now + limits.unhedgedTimeMax
        note(
            .alert(
                "\(pair(of: place).base.symbol): \(holding.owner) is stuck with \(holding.imbalance) not hedged; "
                    + "tried to complete and to unwind; trying again in \(limits.unhedgedTimeMax.milliseconds) ms"
            ))
    }

    /// A leg is never walked away from: after the pause a protective exit begins anew (FORMULAS 5, (4)).
    private func retryStuck(_ place: Int) {
        guard live(place).isEmpty, let at = holdings[place].operation?.nextTryAt, now >= at else { return }
        guard let operation = newOperation(place, .exit, "repair failed") else { return }
        holdings[place].operation = operation
        move(place, .exit)
        note(
            .exiting(owner: holdings[place].owner, pair: pair(of: place).base.symbol, reason: "repair failed")
        )
        settleExit(place)
    }
}
