extension Engine {
    /// Makes an intent exact, puts it through risk and sends its first orders.
    /// - Returns: why not, or `nil` when orders were sent.
    func submit(_ place: Int, _ o: Opportunity, _ plan: RestingPlan?, addition: Bool) -> Reason? {
        let pair = pair(of: place)
        guard slots[holdings[place].slot].failure == nil else { return .scriptStopped }
        var opportunity = o
        for _ in 0..<6 {
            guard let intent = intent(place, opportunity, plan, addition) else { return .noPostPrice }
            // Dust may cover so much of it that nothing is left to buy.
            if intent.spotQuantity < pair.spot.minQuantity { return .belowMinimum }
            switch RiskGate(limits).review(intent, riskPicture(place)) {
            case .approved(let approved):
                countDecision(holdings[place].slot)
                return execute(approved)
            case .denied(let denial):
                // A lot too many is no reason to stand aside: E1 may add one, limits bind the final
                // quantities.
                let smaller = opportunity.quantity - pair.commonLot
                let bySize = [.maxPositionSize, .totalExposure, .grossExposure, .budget, .noBalance, .runway]
                    .contains(denial.reason)
                guard bySize, smaller >= pair.leastQuantity, let terms = terms(contract(place), pair),
                    let next = Opportunity.measure(
                        pair: pair, direction: o.direction, spot: book(pair.spot), perp: book(pair.perp),
                        quantity: smaller, terms: terms)
                else { return deny(place, denial) }
                opportunity = next
                lastDenial = denial
            }
        }
        return deny(place, lastDenial ?? Denial(.maxPositionSize))
    }

    func contract(_ place: Int) -> StrategyContract { slots[holdings[place].slot].strategy.contract }

    private func deny(_ place: Int, _ denial: Denial) -> Reason {
        counters.denials[denial.reason] += 1
        counters.ordersDenied += 1
        countDenial(holdings[place].slot, denial)
        note(.denied(owner: holdings[place].owner, pair: pair(of: place).base.symbol, denial))
        return denial.reason
    }

    func intent(_ place: Int, _ o: Opportunity, _ plan: RestingPlan?, _ addition: Bool) -> Intent? {
        let pair = pair(of: place)
        let carry = o.direction == .carry
        let spot = spotQuantity(place, perp: o.quantity, buys: carry)
        let style = plan?.style ?? .taker
        let net = o.net(style)
        var spotPrice = Execution.entryLimit(
            carry ? .buy : .sell, worst: carry ? o.walk.spotAsk.worst : o.walk.spotBid.worst, net: net,
            tick: pair.spot.tickSize)
        var perpPrice = Execution.entryLimit(
            carry ? .sell : .buy, worst: carry ? o.walk.perpBid.worst : o.walk.perpAsk.worst, net: net,
            tick: pair.perp.tickSize)
        if let plan {
            if plan.rest != .perp {
                guard let price = postPrice(.spot, o, plan, pair) else { return nil }
                spotPrice = price
            }
            if plan.rest != .spot {
                guard let price = postPrice(.perp, o, plan, pair) else { return nil }
                perpPrice = price
            }
        }
        return Intent(
            holding: place, pair: pair.id, direction: o.direction, style: style, quantity: o.quantity,
            spotQuantity: spot, spotPrice: spotPrice, perpPrice: perpPrice, resting: plan, opportunity: o,
            isAddition: addition)
    }

    /// The spot quantity that leaves as many coins as contracts (FORMULAS E1).
    private func spotQuantity(_ place: Int, perp: Quantity, buys: Bool) -> Quantity {
        let pair = pair(of: place)
        let dust = holdings[place].isFlat ? holdings[place].coinQuantity : .zero
        return Execution.spotQuantity(
            perp: perp, dust: buys ? dust : .zero, baseFee: buys ? account.fees.spotTaker : .zero,
            lot: pair.spot.lotSize)
    }

    /// E5: where a leg would rest now; `nil` when its touch does not earn what is needed.
    func postPrice(_ leg: Leg, _ o: Opportunity, _ plan: RestingPlan, _ pair: Pair) -> Price? {
        let instrument = leg == .spot ? pair.spot : pair.perp
        guard let top = book(instrument).top else { return nil }
        let need = o.breakeven(plan.style, least: limits.netEdgeMin)
        let carry = o.direction == .carry
        let hedge =
            leg == .perp
            ? (carry ? o.walk.spotAsk : o.walk.spotBid) : (carry ? o.walk.perpBid : o.walk.perpAsk)
        let bound = Execution.restingBound(
            leg, o.direction, hedgeNotional: hedge.notional, quantity: o.quantity, need: need,
            tick: instrument.tickSize)
        return Execution.restingPrice(
            leg, o.direction, book: top, bound: bound, peg: plan.peg, improveTicks: plan.improveTicks,
            tick: instrument.tickSize)
    }

    /// Sends the first orders of an approved intent: the only door from risk to execution.
    private func execute(_ approved: Approved) -> Reason? {
        let intent = approved.intent
        let place = intent.holding
        let pair = pair(of: place)
        guard let spotMid = mid(pair.spot), let perpMid = mid(pair.perp) else { return .notSynced }
        var operation = Operation(
            kind: .entry, goal: intent.quantity, decidedAt: now, spotMid: spotMid, perpMid: perpMid,
            before: holdings[place].perp.magnitude)
        operation.reservation = approved.reservation
        (operation.heldOneSided, operation.heldGross) = legs(holdings[place])
        operation.opportunity = intent.opportunity
        operation.resting = intent.resting
        if let plan = intent.resting { operation.deadline = now + plan.timeout }
        let o = intent.opportunity
        if holdings[place].isFlat {
            beginRound(place, intent, o)
        }
        holdings[place].operation = operation
        let before = holdings[place].state
        let sent = intent.resting == nil ? enter(approved) : post(place, approved)
        guard sent else {
            (holdings[place].operation, holdings[place].state) = (nil, before)
            return .noIDs
        }
        entriesToday += 1
        remember(intent)
        note(
            .entering(
                owner: holdings[place].owner, pair: pair.base.symbol, direction: intent.direction,
                style: intent.style, gross: o.gross(.taker), net: o.net(intent.style), usd: notional(of: o)))
        return nil
    }

    private func beginRound(_ place: Int, _ intent: Intent, _ o: Opportunity) {
        holdings[place].direction = intent.direction
        holdings[place].style = intent.style
        holdings[place].version = slots[holdings[place].slot].strategy.contract.version
        holdings[place].entryExitLevel = o.exitLevel
        holdings[place].entryExitCross = o.exitCross
        holdings[place].openedAt = nil
        holdings[place].entriesMade = 0
        (holdings[place].profit, holdings[place].tally) = (ProfitAndLoss(), RoundTally())
        (holdings[place].spotFees, holdings[place].perpFees) = (.zero, .zero)
        (holdings[place].baseFeesInQuote, holdings[place].funding, holdings[place].borrow) = (
            .zero, .zero, .zero
        )
        // Dust of earlier rounds comes in at what it is worth now.
        let dust = holdings[place].coinQuantity
        holdings[place].spotCost = mid(pair(of: place).spot).map { $0 * dust } ?? .zero
        // What the dust is worth is no profit of this round: it comes in at its mark and goes out at its
        // mark.
        holdings[place].profit.basis = -residual(holdings[place])
        holdings[place].spotGross = dust
        holdings[place].perpCost = .zero
        (holdings[place].fundingStopStrikes, holdings[place].extensions) = (0, 0)
        (holdings[place].nextSettlement, holdings[place].toldOfWidening) = (nil, false)
    }

    /// E2: both legs at once when both are deep, else the thinner one first.
    func take(_ approved: Approved) -> Bool {
        let intent = approved.intent
        let place = intent.holding
        let pair = pair(of: place)
        let carry = intent.direction == .carry
        let spot = Draft(
            passage: approved.passage, leg: .spot, side: carry ? .buy : .sell, price: intent.spotPrice,
            quantity: intent.spotQuantity,
            opensBorrow: !carry && limits.allowBorrow, redeems: lends)
        let perp = Draft(
            passage: approved.passage, leg: .perp, side: carry ? .sell : .buy, price: intent.perpPrice,
            quantity: intent.quantity)
        let spotDepth = book(pair.spot).depth(spot.side, to: spot.price)
        let perpDepth = book(pair.perp).depth(perp.side, to: perp.price)
        let spotIsThinner = Execution.isThinner(spotDepth, than: perpDepth)
        let deep =
            Execution.isDeep(book(pair.spot), spot.side, limit: spot.price, quantity: spot.quantity)
            && Execution.isDeep(book(pair.perp), perp.side, limit: perp.price, quantity: perp.quantity)
        let ordered = spotIsThinner ? [spot, perp] : [perp, spot]
        move(place, holdings[place].isFlat || holdings[place].state != .open ? .takerEntry : .addition)
        return send(
            deep ? ordered : [ordered[0]], for: place, .entry,
            decision: (holdings[place].operation!.spotMid, holdings[place].operation!.perpMid))
    }

    func move(_ place: Int, _ event: PairEvent) {
        do {
            try holdings[place].state.apply(event)
        } catch {
            note(
                .alert(
                    "\(pair(of: place).base.symbol): \(event.rawValue) does not belong to \(holdings[place].state)"
                ))
        }
    }
}
