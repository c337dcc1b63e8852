/// A pair one of whose markets is not open (FORMULAS 7, `frozen`): no taker order can work there. Where the
/// market takes posts, what must be reduced rests at its own touch; elsewhere it waits, and closing one leg
/// alone is never the way out.
extension Engine {
    /// How old a resting order of a frozen market must be before it follows the touch.
    static let frozenPostAge = TimeSpan.seconds(2)
    /// How long a frozen exit rests before it begins anew.
    static let frozenExitRests = TimeSpan.seconds(3600)

    /// A state nobody could read, or that we do not know, is no reason not to try what reduces risk.
    func canTake(_ instrument: Instrument) -> Bool {
        markets.read(instrument.id.index) { $0.state?.letsTake ?? true }
    }

    func canRest(_ instrument: Instrument) -> Bool {
        markets.read(instrument.id.index) { $0.state?.letsRest ?? true }
    }

    /// Legs of a pair of which something is left and where no taker order can work.
    func blockedLegs(_ place: Int) -> [Leg] {
        let pair = pair(of: place)
        if canTake(pair.spot), canTake(pair.perp) { return [] }
        var blocked: [Leg] = []
        if !canTake(pair.spot), spotToClose(place) >= pair.spot.minQuantity { blocked.append(.spot) }
        if !canTake(pair.perp), holdings.read(place, { $0.perp != .zero }) { blocked.append(.perp) }
        return blocked
    }

    /// A pair with nothing going on is frozen as long as one of its legs is blocked.
    func freezeOrThaw(_ place: Int) {
        let state = holdings.read(place) { $0.state }
        guard state == .frozen || state == .open || state == .adopted else { return }
        let isBlocked = holdings.read(place) { !$0.isFlat } && !blockedLegs(place).isEmpty
        if isBlocked, state != .frozen { move(place, .freeze) }
        if !isBlocked, state == .frozen { move(place, .thaw) }
    }

    /// An exit of a pair with a blocked leg begins only where it must and can: protective, with one leg
    /// blocked that takes posts.
    func mayBeginExit(_ place: Int, isEconomic: Bool) -> Bool {
        let blocked = blockedLegs(place)
        if blocked.isEmpty { return true }
        // Legs that do not match: only one of them has to move.
        if holdings.read(place, { $0.imbalance.magnitude }) >= pair(of: place).leastQuantity { return true }
        return !isEconomic && blocked.count == 1 && canRest(instrument(blocked[0], of: place))
    }

    /// What an exit does while a leg is blocked and the legs match: rests that leg where it can, else waits.
    /// - Returns: `true` when there is nothing else to do now.
    func exitsFrozen(_ place: Int) -> Bool {
        let pair = pair(of: place)
        let blocked = blockedLegs(place)
        guard !blocked.isEmpty, var operation = holdings[place].operation,
            holdings[place].imbalance.magnitude < pair.leastQuantity
        else { return false }
        if blocked.count == 1, canRest(instrument(blocked[0], of: place)), !stopping {
            let plan = RestingPlan(
                rest: blocked[0] == .spot ? .spot : .perp, timeout: Self.frozenExitRests)
            (operation.resting, operation.deadline) = (plan, now + plan.timeout)
            (operation.restingOver, operation.restsFrozen, operation.nextTryAt) = (false, true, nil)
            holdings[place].operation = operation
            if postExit(place, operation, plan) { return true }
            holdings[place].operation?.restingOver = true
        }
        holdings[place].operation?.nextTryAt = now + .milliseconds(250)
        return true
    }

    /// What rests only because its market took nothing else goes when it takes again, or follows the touch.
    func releaseFrozen(_ place: Int, _ live: [Int]) {
        if holdings.read(place, { $0.operation?.restsFrozen == true }), blockedLegs(place).isEmpty {
            holdings[place].operation?.restsFrozen = false
            holdings[place].operation?.restingOver = true
        }
        for order in live where orders[order].order.postOnly && orders[order].state == .working {
            guard [.hedge, .repair, .exit].contains(orders[order].purpose) else { continue }
            let record = orders[order]
            let instrument = instruments[record.order.instrument.index]
            let isOff =
                now - record.sentAt >= Self.frozenPostAge
                && ownTouch(instrument, record.order.side) != record.order.price
            if canTake(instrument) || isOff || stopping { cancel(order) }
        }
    }

    /// Where an order rests on its own side of the book; mark or index where there is none.
    func ownTouch(_ instrument: Instrument, _ side: Side) -> Price? {
        let book = book(instrument)
        if let touch = side == .buy ? book.bestBid : book.bestAsk, book.isSynced, !book.isCrossed {
            return touch.price
        }
        return reference(instrument)?.onTick(instrument.tickSize, side == .buy ? .down : .up)
    }

    func instrument(_ leg: Leg, of place: Int) -> Instrument {
        leg == .spot ? pair(of: place).spot : pair(of: place).perp
    }
}

extension BookState {
    /// A limit order may take here.
    var letsTake: Bool { self != .closed && self != .cancelOnly && self != .postOnly }
    /// A post may rest here.
    var letsRest: Bool { self != .closed && self != .cancelOnly }
}
