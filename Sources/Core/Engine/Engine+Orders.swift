extension Engine {
    /// How long a request that changes something may be accepted after it was signed. Short: a lost order
    /// cannot be given up before, and the other leg stands alone so long.
    public static let requestWindow = TimeSpan.milliseconds(1_500)
    /// How far the venue's clock may be behind what we take it for.
    static let clockDoubt = TimeSpan.milliseconds(500)
    /// How long after the input that decided it an order may be signed; later it does not leave. The moment
    /// from which a lost order is given up is counted from that input, so its window ends there too: it is
    /// signed with what is left of `requestWindow`.
    public static let sendLag = TimeSpan.milliseconds(1_000)
    /// How long an order may stay without a word before it is asked for; its caller may wait much longer.
    static let answerPatience = TimeSpan.seconds(1)
    /// How long the account's word is preferred to a history that does not list an execution.
    static let historyPatience = TimeSpan.seconds(8)
    /// Rows of a page of the history of executions.
    public static let fillsPage = 1000

    /// Sends orders of one holding, as one batch when there are two.
    /// - Returns: `false` when no client order id is left; nothing was sent.
    @discardableResult
    func send(
        _ drafts: [Draft], for holding: Int, _ purpose: OrderPurpose, decision: (spot: Price, perp: Price)
    ) -> Bool {
        var batch: [Order] = []
        // All ids before the first record: half a batch would be waited for and never answered.
        let names = drafts.compactMap { _ in
            ids.next() ?? (purpose.raisesRisk ? nil : ids.nextOfTime(at: now))
        }
        guard names.count == drafts.count else {
            lackIDs(holding, purpose)
            return false
        }
        for (draft, id) in zip(drafts, names) {
            let pair = pair(of: holding)
            let instrument = draft.leg == .spot ? pair.spot : pair.perp
            let order = draft.order(id, instrument.id)
            let record = OrderRecord(
                order: order, purpose: purpose, leg: draft.leg, holding: holding,
                decisionMid: draft.leg == .spot ? decision.spot : decision.perp,
                sentMid: mid(instrument) ?? order.price, sentAt: now)
            orderPlaces[id] = orders.count
            liveOrders.append(orders.count)
            orders.append(record)
            batch.append(order)
        }
        counters.ordersSent += batch.count
        if purpose == .hedge || purpose == .repair { counters.hedges += batch.count }
        if purpose == .entry { countTakes(batch.count, of: holding) }
        if purpose.raisesRisk { sendTimes.append(contentsOf: batch.map { _ in now }) }
        note(
            .placing(
                owner: holdings[holding].owner, pair: pair(of: holding).base.symbol, purpose: purpose,
                orders: batch))
        for place in orders.indices.suffix(batch.count) { tell(order: place) }
        ask(batch.count == 1 ? .submit(batch[0]) : .submitBatch(batch))
        return true
    }

    func cancel(_ place: Int) {
        let record = orders[place]
        guard !record.state.isOver, record.state != .cancelling else { return }
        change(place, .cancelSent)
        orders[place].askedAt = now
        ask(.cancel(record.order.instrument, record.order.id))
    }

    func answered(_ order: Order, _ reply: Reply) {
        guard let place = orderPlaces[order.id] else { return }
        switch reply {
        case .order(let update): apply(update)
        case .refused(let refusal): refused(place, refusal)
        case .notSent:
            change(place, .notSent)
            neverLeft(place)
        default: lost(place)
        }
    }

    /// There is no id for it yet: no try, and the next one when the time has made one.
    private func lackIDs(_ holding: Int, _ purpose: OrderPurpose) {
        guard !purpose.raisesRisk, let operation = holdings[holding].operation else { return }
        holdings[holding].operation?.tries = max(0, operation.tries - 1)
        holdings[holding].operation?.refusedUntil = now + TimeSpan(microseconds: ClientIDs.tick)
    }

    /// What never left was no try: it is repeated after a pause, as often as it takes.
    private func neverLeft(_ place: Int) {
        orders[place].neverLeft = true
        let holding = orders[place].holding
        guard !orders[place].purpose.raisesRisk, let operation = holdings[holding].operation else { return }
        holdings[holding].operation?.tries = max(0, operation.tries - 1)
        holdings[holding].operation?.refusals += 1
        pause(holding, after: operation.refusals)
    }

    /// Nothing of the operation is sent for a tenth of a second, doubled up to eight.
    private func pause(_ holding: Int, after refusals: Int) {
        let span = TimeSpan.milliseconds(100 << Int64(min(refusals, 3)))
        holdings[holding].operation?.refusedUntil = now + span
    }

    func answered(_ batch: [Order], _ reply: Reply) {
        guard case .batch(let answers) = reply, answers.count == batch.count else {
            for order in batch {
                if case .batch = reply {
                    answered(order, .unknown("the batch was answered short"))
                } else {
                    answered(order, reply)
                }
            }
            return
        }
        for (order, answer) in zip(batch, answers) {
            switch answer {
            case .done(let update): answered(order, .order(update))
            case .refused(let refusal): answered(order, .refused(refusal))
            }
        }
    }

    /// The answer to a cancel or to the question whether an order rests.
    func answered(_ id: ClientOrderID, _ question: RequestID, _ request: Request, _ reply: Reply) {
        guard let place = orderPlaces[id] else { return }
        switch reply {
        case .order(let update): apply(update)
        case .acceptedOnly: break  // A 202 is not the final word.
        case .refused(let refusal) where refusal.code == "RESOURCE_NOT_FOUND" || refusal.status == 404:
            if let first = orders[place].restsQuestion, question.raw >= first.raw {
                orders[place].restsNot = true
            }
            // It does not rest, but that is not the word of how it ended.
            if !orders[place].state.isOver, orders[place].state != .sent || request.changesState {
                change(place, .cancelRefused)
            }
        default:
            // A lost cancel leaves the order unknown; a lost question is asked again by `watchOrders`.
            if !orders[place].state.isOver, request.changesState { lost(place) }
        }
    }

    private func refused(_ place: Int, _ refusal: Refusal) {
        orders[place].refusal = refusal
        heed(refusal, place)
        counters.ordersRejected += 1
        pauseAfterRefusal(orders[place])
        note(
            .rejected(
                pair: pair(of: orders[place].holding).base.symbol, purpose: orders[place].purpose, refusal))
        change(place, .refused)
    }

    /// One refusal may be chance; whoever refuses twice is not asked without a pause.
    private func pauseAfterRefusal(_ record: OrderRecord) {
        guard record.purpose != .post, record.purpose != .exitPost,
            let refusals = holdings[record.holding].operation?.refusals
        else { return }
        holdings[record.holding].operation?.refusals = refusals + 1
        guard refusals > 0 else { return }
        pause(record.holding, after: refusals - 1)
    }

    private func lost(_ place: Int) { change(place, .silent) }

    func change(_ place: Int, _ event: OrderEvent) {
        let before = orders[place].state
        do {
            try orders[place].state.apply(event)
        } catch {
            note(
                .alert("order \(orders[place].order.id): \(event) does not belong to \(orders[place].state)"))
        }
        if orders[place].state == .working, before != .working {
            orders[place].restsFrom = RequestID(raw: nextRequest)
        }
        // What was answered in an earlier silence says nothing of this one.
        if orders[place].state == .unknown, before != .unknown { orders[place].forgetEvidence() }
        if orders[place].state.isOver, orders[place].overAt == nil {
            orders[place].overAt = now
            tell(order: place)
        }
    }

    /// What the stream or an answer says of an order; fills in it are booked, repeats do nothing.
    func apply(_ update: OrderUpdate) {
        if let fill = update.fill { apply(fill, origin: update.origin, executed: update.executed) }
        let place = update.clientOrderID.flatMap { orderPlaces[$0] } ?? venueOrderPlaces[update.venueOrderID]
        guard let place, orders[place].order.instrument == update.instrument else { return }
        orders[place].venueOrderID = update.venueOrderID
        venueOrderPlaces[update.venueOrderID] = place
        orders[place].told = max(orders[place].told, update.executed)
        if let reason = update.reason { orders[place].expiryReason = reason }
        if update.status != .unknown { change(place, .told(update.status)) }
        // Given up, and executed all the same: what it is owed is asked for like any other's.
        if !orders[place].isSettled, !liveOrders.contains(place) { liveOrders.append(place) }
    }

    /// Orders that owe us something: an answer, a last word, or executions the venue told of.
    func watchOrders() {
        let isDeaf = !connectionUp[ConnectionID.privateStream.rawValue]
        for place in liveOrders {
            if orders[place].state == .sent, now - orders[place].sentAt >= Self.answerPatience { lost(place) }
            let record = orders[place]
            let last = record.askedAt ?? record.overAt ?? record.sentAt
            if record.state == .unknown {
                probe(place)
            } else if record.filled < record.told, now - last >= .seconds(1) {
                orders[place].askedAt = now
                askForFills(place)
            } else if record.state == .cancelling
                || (record.state == .working && (isDeaf || record.order.timeInForce != .goodTillCancelled)),
                now - last >= .seconds(2)
            {
                // Its last word may have been lost with the stream.
                orders[place].askedAt = now
                ask(.orderState(record.order.instrument, record.order.id))
                askForFills(place)
            }
        }
        liveOrders.removeAll { orders[$0].isSettled }
    }

    /// What the list of open orders does not show has ended, whatever the stream says: an execution that was
    /// not told leaves a leg open. Both are asked for at once; the answers decide.
    func missResting(_ listed: [OrderUpdate], _ question: RequestID) {
        for place in liveOrders {
            let record = orders[place]
            guard record.restsQuietly, let from = record.restsFrom, question >= from,
                !listed.contains(where: {
                    $0.clientOrderID == record.order.id || $0.venueOrderID == record.venueOrderID
                }), record.askedAt.map({ now - $0 >= .seconds(1) }) ?? true
            else { continue }
            orders[place].askedAt = now
            ask(.orderState(record.order.instrument, record.order.id))
            askForFills(place)
        }
    }

    /// Asks for an order whose answer is lost until its end is known. Nothing is concluded before two answers
    /// that were asked for after its request had expired: it does not rest, and its executions are read.
    private func probe(_ place: Int) {
        let record = orders[place]
        if record.restsNot, record.fillsRead {
            guard shown(place) > .zero, now - record.sentAt < Self.historyPatience else {
                return concludeAbsent(place)
            }
            // The account has what the history does not list yet: sent again it would be done twice.
            (orders[place].fillsRead, orders[place].asks) = (false, 1)
        }
        // What the venue has named it has received: only one it never spoke of may still be on its way.
        let isExpired =
            now - record.sentAt > Self.requestWindow + Self.clockDoubt || record.venueOrderID != nil
        if isExpired, !record.askedExpired {
            // What counts begins now, whatever was asked before.
            (orders[place].askedExpired, orders[place].asks) = (true, 0)
        } else if let askedAt = record.askedAt, now - askedAt < Self.pause(after: orders[place]) {
            return
        }
        orders[place].askedAt = now
        orders[place].asks += 1
        let rests = ask(.orderState(record.order.instrument, record.order.id))
        let fills = askForFills(place)
        // Any answer counts from here on: a slow one must not be overtaken by the next question for ever.
        if isExpired, record.restsQuestion == nil {
            (orders[place].restsQuestion, orders[place].fillsQuestion) = (rests, fills)
        }
    }

    /// What the account shows to be executed of an order whose answer is lost and which does not rest:
    /// contracts or coins on its side that no execution we know of explains.
    func shown(_ place: Int) -> Quantity {
        let record = orders[place]
        guard record.state == .unknown, record.restsNot else { return .zero }
        let id = record.order.instrument
        let more: Int128
        if record.leg == .perp {
            let venue = account.positions.first { $0.instrument == id }?.net ?? .zero
            more = Int128(venue.raw - netContracts[id.index].raw)
        } else {
            // What is not known may have been executed.
            guard account.balancesKnown, account.debtsAreKnown else {
                return record.order.quantity - record.filled
            }
            let base = pair(of: record.holding).base
            more = quotient((venueHolds(base) - ledger.venueBalance(base)).raw, by: 10_000, .nearest)
        }
        let onItsSide = more * Int128(record.order.side.sign)
        guard onItsSide >= Int128(pair(of: record.holding).leastQuantity.raw) else { return .zero }
        return min(Quantity(raw: Int64(clamping: onItsSide)), record.order.quantity - record.filled)
    }

    /// Half a second, a quarter once the answers count, doubled up to two: a venue in trouble is not helped
    /// by being asked each turn.
    private static func pause(after record: OrderRecord) -> TimeSpan {
        let first: Int64 = record.askedExpired ? 250 : 500
        return .milliseconds(min(first << Int64(min(max(record.asks - 1, 0), 3)), 2_000))
    }

    @discardableResult
    private func askForFills(_ place: Int) -> RequestID {
        ask(.fills(from: orders[place].sentAt - .seconds(1), offset: 0))
    }

    /// It does not rest: it is over. Executions that the venue told of and the history does not show yet are
    /// still owed; until they have come the order is not settled.
    private func concludeAbsent(_ place: Int) {
        let record = orders[place]
        let executed = max(record.told, record.filled)
        let isWhole = executed == record.order.quantity
        if executed == .zero, record.venueOrderID == nil {
            change(place, .absent)
        } else {
            change(place, .told(isWhole ? .filled : .cancelled))
        }
        orders[place].told = executed
    }

    /// - Parameter listed: rows of the answer, those of unknown markets as well: a full page has another
    ///   behind it.
    func readFills(_ fills: [Fill], listed: Int, _ question: RequestID, _ request: Request) {
        for fill in fills { apply(fill) }
        guard case .fills(let from, let offset) = request else { return }
        readRestoredFills(listed, question, from: from, offset: offset)
        let asking = liveOrders.filter { isAnswered($0, question, from: from, offset: offset) }
        guard listed >= Self.fillsPage else {
            for place in asking { orders[place].fillsRead = true }
            return
        }
        guard !asking.isEmpty else { return }
        let next = ask(.fills(from: from, offset: offset + listed))
        for place in asking { orders[place].fillsPage = next }
    }

    /// Whether a page of the history answers for this order: asked when its request was void, and reaching
    /// back to its sending. A further page does when the ones before it did.
    private func isAnswered(_ place: Int, _ question: RequestID, from: Timestamp, offset: Int) -> Bool {
        let record = orders[place]
        guard offset == 0 else { return record.fillsPage == question }
        guard let first = record.fillsQuestion, from <= record.sentAt - .seconds(1) else { return false }
        return question.raw >= first.raw
    }

    /// After the private stream was away: ask what happened meanwhile; nothing is replayed by the venue.
    func reconcileAll() {
        ask(.openOrders)
        pollAccount()
        let since = liveOrders.map { orders[$0].sentAt }.min() ?? now
        ask(.fills(from: min(since, now - .seconds(60)), offset: 0))
        for place in liveOrders where !orders[place].state.isOver {
            ask(.orderState(orders[place].order.instrument, orders[place].order.id))
        }
    }

    /// Orders of a holding that are not settled.
    func live(_ holding: Int) -> [Int] {
        liveOrders.filter { orders[$0].holding == holding && !orders[$0].isSettled }
    }
}

/// An order before it has an id, let through by the gate.
struct Draft {
    let passage: Passage
    let leg: Leg
    let side: Side
    let price: Price
    let quantity: Quantity
    var timeInForce = TimeInForce.immediateOrCancel
    var postOnly = false
    var reduceOnly: Bool?
    var selfTrade = SelfTradePrevention.rejectTaker
    var opensBorrow = false, closesBorrow = false, redeems = false

    func order(_ id: ClientOrderID, _ instrument: InstrumentID) -> Order {
        Order(
            id: id, instrument: instrument, side: side, price: price, quantity: quantity,
            timeInForce: timeInForce,
            postOnly: postOnly, reduceOnly: leg == .perp ? reduceOnly : nil, selfTrade: selfTrade,
            autoBorrow: leg == .spot ? opensBorrow : nil,
            autoBorrowRepay: leg == .spot && closesBorrow ? true : nil,
            autoLendRedeem: leg == .spot && redeems ? true : nil)
    }
}

extension Engine {
    /// True for requests that may use the reserve of the request budget: cancels, and orders that reduce
    /// risk.
    public func reducesRisk(_ request: Request) -> Bool {
        switch request {
        case .cancel, .cancelAll, .orderState, .fills: true
        case .submit(let order): orderPlaces[order.id].map { !orders[$0].purpose.raisesRisk } ?? false
        case .submitBatch(let batch):
            batch.allSatisfy { order in
                orderPlaces[order.id].map { !orders[$0].purpose.raisesRisk } ?? false
            }
        default: false
        }
    }
}
