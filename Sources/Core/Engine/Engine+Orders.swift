extension Engine {
    /// How long a request stays valid at the venue; after it a silent order that left no trace is dead.
    static let requestWindow = TimeSpan.seconds(5)

    /// Sends orders of one holding, as one batch when there are two.
    /// - Returns: `false` when no client order id is left; nothing was sent.
    @discardableResult
    func send(
        _ drafts: [Draft], for holding: Int, _ purpose: OrderPurpose, decision: (spot: Price, perp: Price)
    ) -> Bool {
        var batch: [Order] = []
        for draft in drafts {
            guard let id = ids.next() else {
                note(.alert("no reserved client order ids are left; nothing is sent"))
                return false
            }
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
        if purpose.raisesRisk { sendTimes.append(contentsOf: batch.map { _ in now }) }
        let texts = batch.map {
            "\($0.side.rawValue) \($0.quantity) \(instruments[$0.instrument.index].symbol) @ \($0.price)"
        }
        note(
            .placing(
                owner: holdings[holding].owner, pair: pair(of: holding).base.symbol, purpose: purpose,
                orders: batch.count, text: texts.joined(separator: ", ")))
        ask(batch.count == 1 ? .submit(batch[0]) : .submitBatch(batch))
        return true
    }

    func cancel(_ place: Int) {
        let record = orders[place]
        guard !record.state.isOver, record.state != .cancelling else { return }
        change(place, .cancelSent)
        ask(.cancel(record.order.instrument, record.order.id))
    }

    func answered(_ order: Order, _ reply: Reply) {
        guard let place = orderPlaces[order.id] else { return }
        switch reply {
        case .order(let update): apply(update)
        case .refused(let refusal): refused(place, refusal)
        case .notSent: change(place, .notSent)
        default: lost(place)
        }
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
    func answered(_ id: ClientOrderID, _ request: Request, _ reply: Reply) {
        guard let place = orderPlaces[id] else { return }
        switch reply {
        case .order(let update): apply(update)
        case .acceptedOnly: break  // A 202 is not the final word.
        case .refused(let refusal) where refusal.code == "RESOURCE_NOT_FOUND" || refusal.status == 404:
            if !orders[place].state.isOver {
                if request.changesState { change(place, .cancelRefused) }
                askForTrace(place)
            }
        default:
            if !orders[place].state.isOver { lost(place) }
        }
    }

    private func refused(_ place: Int, _ refusal: Refusal) {
        orders[place].refusal = refusal
        counters.ordersRejected += 1
        note(
            .rejected(
                pair: pair(of: orders[place].holding).base.symbol, purpose: orders[place].purpose, refusal))
        change(place, .refused)
    }

    private func lost(_ place: Int) {
        change(place, .silent)
        ask(.orderState(orders[place].order.instrument, orders[place].order.id))
        orders[place].askedAt = now
    }

    private func askForTrace(_ place: Int) {
        orders[place].askedAt = now
        ask(.fills(from: orders[place].sentAt - .seconds(1), offset: 0))
    }

    func change(_ place: Int, _ event: OrderEvent) {
        do {
            try orders[place].state.apply(event)
        } catch {
            note(
                .alert("order \(orders[place].order.id): \(event) does not belong to \(orders[place].state)"))
        }
        if orders[place].state.isOver, orders[place].overAt == nil { orders[place].overAt = now }
    }

    /// What the stream or an answer says of an order; fills in it are booked, repeats do nothing.
    func apply(_ update: OrderUpdate) {
        if let fill = update.fill { apply(fill) }
        let place = update.clientOrderID.flatMap { orderPlaces[$0] } ?? venueOrderPlaces[update.venueOrderID]
        guard let place, orders[place].order.instrument == update.instrument else { return }
        orders[place].venueOrderID = update.venueOrderID
        venueOrderPlaces[update.venueOrderID] = place
        orders[place].told = max(orders[place].told, update.executed)
        if let reason = update.reason { orders[place].expiryReason = reason }
        if update.status != .unknown { change(place, .told(update.status)) }
    }

    /// Orders that owe us something: an answer, a last word, or executions the venue told of.
    func watchOrders() {
        for place in liveOrders {
            let record = orders[place]
            let last = record.askedAt ?? record.overAt ?? record.sentAt
            if record.state == .unknown, now - last >= .milliseconds(500) {
                if now - record.sentAt > Self.requestWindow + .seconds(1), record.askedAt != nil {
                    concludeAbsent(place)
                } else {
                    orders[place].askedAt = now
                    ask(.orderState(record.order.instrument, record.order.id))
                    ask(.fills(from: record.sentAt - .seconds(1), offset: 0))
                }
            } else if record.state.isOver, record.filled < record.told, now - last >= .seconds(1) {
                askForTrace(place)
            } else if record.state == .cancelling, now - last >= .seconds(2) {
                orders[place].askedAt = now
                ask(.orderState(record.order.instrument, record.order.id))
            }
        }
        liveOrders.removeAll { orders[$0].isSettled }
    }

    /// The window is over, the order does not rest, and its fills have been read: it is over.
    private func concludeAbsent(_ place: Int) {
        orders[place].told = max(orders[place].told, orders[place].filled)
        if orders[place].filled == .zero {
            change(place, .absent)
        } else {
            let whole = orders[place].filled == orders[place].order.quantity
            change(place, .told(whole ? .filled : .expired))
        }
    }

    func readFills(_ fills: [Fill], _ request: Request) {
        for fill in fills { apply(fill) }
        if fills.count >= 1000, case .fills(let from, let offset) = request {
            ask(.fills(from: from, offset: offset + fills.count))
        }
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

/// An order before it has an id.
struct Draft {
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
