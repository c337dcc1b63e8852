import Core

/// What the engine of the exchange does wrong when the plan has it so. Faults of the wire are played by
/// whoever serves the venue; they draw from the same `faults`.
extension SimulatedVenue {
    /// A refusal that is none of the order's fault: what the exchange says when it would rather not.
    mutating func playedRefusal(of order: IncomingOrder) -> Refusal? {
        guard faults.plays(.rejectLeg) else { return nil }
        let isPerp = markets[order.instrument.index].figures.kind == .perp
        var words: [Refusal] = [isPerp ? .noMargin : .noFunds, .invalid, .paused]
        if order.kind == .limit { words.append(.tooFar) }
        if order.postOnly { words.append(.wouldTake) }
        return words[Int(faults.choose(.rejectLeg, 0...Int64(words.count - 1)))]
    }

    /// Accepts an order and ends it before anything could trade with it. One that would rest is answered as
    /// resting: its end comes on the stream only.
    mutating func dropAtOnce(_ place: Int, ticket: Int64, slot: Int) {
        let order = orders[place].order
        switch order.timeInForce {
        case .goodTillCancelled where order.kind == .limit:
            rest(place)
            settle(ticket, slot, .done(orders[place]))
            withdraw(place, .cancelled)
        default:
            let reason = order.timeInForce == .fillOrKill ? "FillOrKill" : "ImmediateOrCancel"
            expire(place, order.kind == .market ? "InsufficientLiquidity" : reason)
            settle(ticket, slot, .done(orders[place]))
        }
        tellBook(order.instrument)
    }

    /// How much of what it could take a taker is given: whole lots, at least one, not all.
    /// - Returns: `nil` when it is not cut short.
    mutating func playedPart(of taker: Taker, _ order: IncomingOrder) -> Int64? {
        guard order.timeInForce == .immediateOrCancel || order.kind == .market, order.quantity != nil,
            let lot = markets[order.instrument.index].instrument?.lotSize.raw
        else { return nil }
        let lots = min(fillable(taker, order.instrument), taker.left) / lot
        guard lots >= 2, faults.plays(.partialFills) else { return nil }
        return lot * faults.choose(.partialFills, 1...lots - 1)
    }

    // MARK: Cancels that are done later

    struct PostponedCancel: Sendable { let due: Timestamp, order: Int }

    /// Takes a cancel that is carried out later, as the plan has it; until then the order rests and may fill.
    /// - Returns: whether it was taken so; if not, it is to be carried out now.
    public mutating func postponesCancel(
        _ instrument: InstrumentID, order id: Int64?, client: UInt32?, from account: AccountID, now: Timestamp
    ) -> Bool {
        advance(to: now)
        guard let place = openPlace(instrument, order: id, client: client, of: account),
            faults.plays(.cancel202)
        else { return false }
        postpone(place)
        return true
    }

    /// The same for all of an account's orders in one book.
    public mutating func postponesCancelAll(
        _ instrument: InstrumentID, from account: AccountID, now: Timestamp
    ) -> Bool {
        advance(to: now)
        let places = accounts[account.index].openOrders.filter { orders[$0].order.instrument == instrument }
        guard !places.isEmpty, faults.plays(.cancel202) else { return false }
        for place in places { postpone(place) }
        return true
    }

    private mutating func postpone(_ place: Int) {
        let due = clock + .milliseconds(faults.choose(.cancel202, 200...3_000))
        let at = postponed.firstIndex { $0.due > due } ?? postponed.count
        postponed.insert(PostponedCancel(due: due, order: place), at: at)
    }

    /// The cancel that was put off is carried out, if there is still something to cancel.
    mutating func cancelPostponed() {
        let place = postponed.removeFirst().order
        guard orders[place].isResting else { return }
        withdraw(place, .cancelled)
        tellBook(orders[place].order.instrument)
    }
}
