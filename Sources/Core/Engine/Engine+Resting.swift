extension Engine {
    /// Each post costs two requests: after so many a decision's further ones come more slowly.
    static let quickPostsMax = 40
    static let repostPause = TimeSpan.milliseconds(250), slowRepostPause = TimeSpan.seconds(2)
    /// Hedges that may fall short while a post goes on resting.
    static let hedgeFailuresMax = 3
    /// At most so many hedges of one post in flight (E7).
    static let hedgesInFlightMax = 3

    /// Sends the first resting orders of an approved intent.
    func post(_ place: Int, _ approved: Approved) -> Bool {
        let intent = approved.intent
        guard let plan = intent.resting else { return false }
        let carry = intent.direction == .carry
        var drafts: [Draft] = []
        if plan.rest != .perp {
            drafts.append(
                postDraft(
                    approved.passage, .spot, carry ? .buy : .sell, intent.spotPrice, intent.spotQuantity,
                    intent.direction))
        }
        if plan.rest != .spot {
            drafts.append(
                postDraft(
                    approved.passage, .perp, carry ? .sell : .buy, intent.perpPrice, intent.quantity,
                    intent.direction))
        }
        move(place, .post)
        holdings[place].operation?.lastPost = now
        holdings[place].operation?.posts = 1
        return send(
            drafts, for: place, .post,
            decision: (holdings[place].operation!.spotMid, holdings[place].operation!.perpMid))
    }

    private func postDraft(
        _ passage: Passage, _ leg: Leg, _ side: Side, _ price: Price, _ quantity: Quantity, _ d: Direction
    ) -> Draft {
        Draft(
            passage: passage, leg: leg, side: side, price: price, quantity: quantity,
            timeInForce: .goodTillCancelled,
            postOnly: true,
            selfTrade: .rejectTaker, opensBorrow: d == .reverse && side == .sell && limits.allowBorrow,
            redeems: lends)
    }

    /// One step of a resting entry or exit: hedge what filled, pull what no longer earns, post anew, end in
    /// time.
    func advanceResting(_ place: Int, _ live: [Int]) {
        hedgeByTotals(place, live)
        let posts = live.filter { orders[$0].purpose == .post || orders[$0].purpose == .exitPost }
        guard let operation = holdings[place].operation else { return }
        let expired = operation.deadline.map { now >= $0 } ?? true
        // Nothing may rest that nobody would hear of, and no exit may be left behind at the end.
        let isDeaf = !connectionUp[ConnectionID.privateStream.rawValue]
        let stops =
            stopping || flattening || isDeaf
            || (operation.kind == .entry ? !mayRest(place) : state == .halted)
            || hedgeFailures(place) >= Self.hedgeFailuresMax
        let anyFilled = posts.count == 2 && posts.contains { orders[$0].filled > .zero }
        if expired || stops || anyFilled {
            holdings[place].operation?.restingOver = true
            if stops { holdings[place].operation?.pulled = true }
            return finishPosts(posts)
        }
        if posts.isEmpty { return postAgain(place, live, operation) }
        guard operation.kind == .entry else { return followTouch(place, posts[0], operation) }
        if operation.resting?.rest == .both {
            // Either may fill at any moment: both go when together they would no longer earn.
            guard let now = remeasure(place, operation), isTradable(place, now), now.net(.restBoth) >= .zero
            else {
                holdings[place].operation?.pulled = true
                holdings[place].operation?.restingOver = true
                return finishPosts(posts)
            }
        } else {
            reconsider(place, posts[0], operation)
        }
    }

    /// An entry rests only while its script may enter, the version that posted it is in service and what
    /// fills can be put on record.
    private func mayRest(_ place: Int) -> Bool {
        let slot = slots[holdings[place].slot]
        let failed = slot.earlier.contains { $0.version == holdings[place].version && $0.stopped != nil }
        return state.allowsEntries && recordsFault == nil && slot.allowsEntries && !failed && isReconciled
            && !isHeld(pair(of: place))
    }

    /// Hedges of the running operation that did not fill whole.
    func hedgeFailures(_ place: Int) -> Int {
        ordersSent(for: place).count {
            orders[$0].purpose == .hedge && orders[$0].isSettled && !orders[$0].neverLeft
                && orders[$0].filled < orders[$0].order.quantity
        }
    }

    /// The market's own gates, which a post must pass as long as it rests.
    private func isTradable(_ place: Int, _ o: Opportunity) -> Bool {
        let persist = watches[watch(place, o.direction)].persistence.span(at: now)
        return marketGate(pair(of: place), o, notional(of: o), persist) == nil
    }

    /// Cancels what still rests; the final word is awaited before anything else.
    func finishPosts(_ live: [Int]) {
        for place in live where orders[place].purpose == .post || orders[place].purpose == .exitPost {
            if orders[place].state == .working || orders[place].state == .sent { cancel(place) }
        }
    }

    /// E6: net at the posted price with the hedge walked now. Below zero it goes at once; off its bound it is
    /// moved.
    private func reconsider(_ place: Int, _ post: Int, _ operation: Operation) {
        let record = orders[post]
        guard record.state == .working, let plan = operation.resting else { return }
        guard let now = remeasure(place, operation), isTradable(place, now) else { return cancel(post) }
        let net = Execution.netAtPost(record.leg, now, price: record.order.price)
        if net < .zero {
            holdings[place].operation?.pulled = true
            holdings[place].operation?.restingOver = true
            return cancel(post)
        }
        let pair = pair(of: place)
        let instrument = record.leg == .spot ? pair.spot : pair.perp
        guard let last = operation.lastPost, self.now - last >= Self.repostPause else { return }
        guard let wanted = postPrice(record.leg, now, plan, pair) else { return }
        if isOff(wanted, record.order.price, instrument) { cancel(post) }
    }

    private func remeasure(_ place: Int, _ operation: Operation) -> Opportunity? {
        let pair = pair(of: place)
        let left = restingLeft(place, operation)
        guard left >= pair.leastQuantity, let terms = terms(contract(place), pair) else { return nil }
        return Opportunity.measure(
            pair: pair, direction: holdings[place].direction, spot: book(pair.spot), perp: book(pair.perp),
            quantity: left, terms: terms)
    }

    private func restingLeft(_ place: Int, _ operation: Operation) -> Quantity {
        let pair = pair(of: place)
        let holding = holdings[place]
        let done = max(holding.perp.magnitude, holding.coinQuantity.magnitude.onLot(pair.commonLot, .nearest))
        return operation.goal - (done - operation.before)
    }

    /// The post is gone (filled, moved, refused as it would have taken): post what is left, within bounds.
    private func postAgain(_ place: Int, _ live: [Int], _ operation: Operation) {
        guard live.isEmpty else { return }
        let pair = pair(of: place)
        guard let plan = operation.resting else { return endResting(place) }
        if operation.kind == .exit { return postExitAgain(place, operation, plan) }
        let left = restingLeft(place, operation).onLot(pair.commonLot, .down)
        if left < pair.leastQuantity { return endResting(place) }
        if let last = operation.lastPost, now - last < pause(operation) { return }
        guard plan.rest != .both, let o = remeasure(place, operation), isTradable(place, o),
            o.net(plan.style) >= limits.netEdgeMin
        else { return endResting(place) }
        let leg: Leg = plan.rest == .spot ? .spot : .perp
        guard let price = postPrice(leg, o, plan, pair) else { return endResting(place) }
        let carry = holdings[place].direction == .carry
        let side: Side = (leg == .spot) == carry ? .buy : .sell
        let quantity = leg == .perp ? left : tradable(place, .spot, side, left)
        guard quantity > .zero else { return }
        let approved: Approved
        switch reviewAgain(place, o, plan) {
        case .approved(let found): approved = found
        case .denied(let denial) where Self.passesSoon(denial.reason): return
        case .denied: return endResting(place)
        }
        holdings[place].operation?.lastPost = now
        holdings[place].operation?.posts += 1
        move(place, .post)
        let draft = postDraft(approved.passage, leg, side, price, quantity, holdings[place].direction)
        send([draft], for: place, .post, decision: (operation.spotMid, operation.perpMid))
    }

    private func pause(_ operation: Operation) -> TimeSpan {
        operation.posts < Self.quickPostsMax ? Self.repostPause : Self.slowRepostPause
    }

    private func endResting(_ place: Int) {
        holdings[place].operation?.restingOver = true
        if live(place).isEmpty { advance(place) }
    }

    /// E7, E10: hedges what a post filled, by totals and not by fills; both resting, only after the other is
    /// surely gone.
    func hedgeByTotals(_ place: Int, _ live: [Int]) {
        let posts = live.filter { orders[$0].purpose == .post || orders[$0].purpose == .exitPost }
        let hedges = live.filter { orders[$0].purpose == .hedge || orders[$0].purpose == .exit }
        let pair = pair(of: place)
        guard let operation = holdings[place].operation, hedges.count < Self.hedgesInFlightMax else { return }
        let imbalance = holdings[place].imbalance
        guard imbalance.magnitude >= pair.leastQuantity else { return }
        guard let rest = operation.resting?.rest else { return }
        if rest == .both, !posts.isEmpty { return finishPosts(posts) }
        let follower: Leg =
            switch rest {
            case .spot: .perp
            case .perp: .spot
            case .both:
                holdings[place].coinQuantity.magnitude < holdings[place].perp.magnitude ? .spot : .perp
            }
        if let at = operation.nextTryAt, now < at { return }
        if let until = operation.refusedUntil, now < until { return }
        let inFlight = hedges.reduce(Quantity.zero) { $0 + orders[$1].open }
        // A hedge that fell short is tried further out; after the third the post goes and repair begins.
        let attempt = min(hedgeFailures(place), 2)
        guard let draft = reducingDraft(place, follower, attempt: attempt, inFlight: inFlight),
            draft.quantity >= pair.leastQuantity
        else { return }
        let purpose: OrderPurpose = operation.kind == .exit ? .exit : .hedge
        if purpose == .hedge { countMissedHedges(place) }
        send([draft], for: place, purpose, decision: (operation.spotMid, operation.perpMid))
    }

    // MARK: Resting exits

    /// Posts one leg of an exit at its own touch; the other follows what fills.
    func postExit(_ place: Int, _ operation: Operation, _ plan: RestingPlan) -> Bool {
        let pair = pair(of: place)
        let holding = holdings[place]
        let leg: Leg = plan.rest == .spot ? .spot : .perp
        let instrument = leg == .spot ? pair.spot : pair.perp
        let held = leg == .spot ? holding.coinQuantity : holding.perp
        let side: Side = held > .zero ? .sell : .buy
        guard let top = book(instrument).top, !top.isCrossed else { return false }
        var quantity =
            leg == .perp
            ? held.magnitude : Execution.exitSpotQuantity(coins: held.magnitude, lot: instrument.lotSize)
        if leg == .spot, side == .buy { quantity = tradable(place, .spot, .buy, held.magnitude) }
        guard quantity >= instrument.minQuantity, let passage = passage(place, leg, side, quantity) else {
            return false
        }
        var draft = postDraft(
            passage, leg, side, side == .sell ? top.ask.price : top.bid.price, quantity, holding.direction)
        draft.selfTrade = .rejectMaker
        draft.closesBorrow = leg == .spot && side == .buy && mayOwe(pair)
        // Contracts that go meanwhile, as by a liquidation, must not be opened anew by what still rests.
        if leg == .perp { draft.reduceOnly = reducesNet(instrument, side, quantity) }
        holdings[place].operation?.lastPost = now
        holdings[place].operation?.posts += 1
        return send([draft], for: place, .exitPost, decision: (operation.spotMid, operation.perpMid))
    }

    /// Off its touch by more than E6 allows an exit is taken off and posted anew where the market is now.
    private func followTouch(_ place: Int, _ post: Int, _ operation: Operation) {
        let record = orders[post]
        let instrument = instrument(record.leg, of: place)
        guard record.state == .working, let last = operation.lastPost, now - last >= Self.repostPause,
            let top = book(instrument).top, !top.isCrossed
        else { return }
        let wanted = record.order.side == .sell ? top.ask.price : top.bid.price
        if isOff(wanted, record.order.price, instrument) { cancel(post) }
    }

    /// E6: by more than a tick and 0.02 %.
    private func isOff(_ wanted: Price, _ posted: Price, _ instrument: Instrument) -> Bool {
        let band = max(instrument.tickSize.raw, Int64(quotient(Int128(wanted.raw), by: 5_000, .down)))
        return abs(wanted.raw - posted.raw) > band
    }

    private func postExitAgain(_ place: Int, _ operation: Operation, _ plan: RestingPlan) {
        if let last = operation.lastPost, now - last < pause(operation) { return }
        if holdings[place].isFlat || !postExit(place, operation, plan) { endResting(place) }
    }
}
