/// A wish that passed the host's gates and waits until every script was asked about the pair.
struct Candidate {
    let place: Int
    /// At the size the script was shown.
    let measured: Opportunity
    /// At the size the script asked for.
    let opportunity: Opportunity
    /// What it asked for, and not more than it was shown.
    let usd: Money
    var plan: RestingPlan?
    /// Refused for what others use of something that all share.
    var isPassedOver = false

    var style: Style { plan?.style ?? .taker }
    /// The net edge of the style the script chose.
    var net: Percent { opportunity.net(style) }
}

/// Who is served first when several scripts wish for the same pair at once.
///
/// All are asked in the order of their names; their wishes are submitted by declared `priority`, the higher
/// first, then by net edge of the chosen style, the larger first, then by name. Each goes through the risk
/// gate by itself, with what was served before it already reserved.
///
/// That alone would let a script of low priority wait for ever for room that others always take. So a script
/// whose wish is refused for what all share, while an entry of another is served or held in that pair, is
/// *passed over*: once by each such entry. Passed over `passedOverMax` times it is overdue and goes before
/// all that are not, whatever the priorities; among overdue ones the longest passed over goes first. Being
/// served sets its count to zero. With n scripts that always wish, each is therefore served after at most
/// `passedOverMax` + n − 1 entries of others.
extension Engine {
    /// How many entries of others go before a script's own until it is its turn.
    static let passedOverMax = 3

    /// Submits what was wished for in this pair, in the order of contention.
    func serve(_ pair: Pair) {
        // Exits that nobody could take over go before what raises risk.
        if exitsWait, candidates.allSatisfy({ $0.plan != nil }) { sendExits(pair) }
        if candidates.count > 1 { candidates.sort(by: goesBefore) }
        var isFirst = true
        for number in candidates.indices {
            let candidate = candidates[number]
            let reason = submit(candidate, pair, isFirst: isFirst)
            conclude(reason, candidate.place, candidate.measured)
            if let reason {
                candidates[number].isPassedOver = Self.isShared(reason)
            } else {
                isFirst = false
                pairMarkets[pair.id.index].entriesServed += 1
                pairMarkets[pair.id.index].lastServed = candidate.place
                holdings[candidate.place].passedOver = 0
            }
        }
        // After all: one may be passed over by a smaller wish behind it.
        for candidate in candidates where candidate.isPassedOver { passOver(candidate.place, pair) }
        candidates.removeAll(keepingCapacity: true)
    }

    private func submit(_ candidate: Candidate, _ pair: Pair, isFirst: Bool) -> Reason? {
        let place = candidate.place
        let slot = holdings[place].slot
        var opportunity = candidate.opportunity
        let direction = opportunity.direction
        if !isFirst {
            // The other direction of this script, or one opposed to it, may be at work by now.
            if holdings[place].state.isBusy { return .busy }
            if let reason = stateGate(slot, place, pair, direction) { return reason }
            let left = room(slot, place, pair)
            if left > .zero, left < candidate.usd,
                let smaller = measure(slots[slot].strategy.contract, pair, direction, left)
            {
                opportunity = smaller
                if opportunity.net(candidate.style) < limits.netEdgeMin { return .netEdge }
            }
        }
        return submit(place, opportunity, candidate.plan, addition: !holdings[place].isFlat)
    }

    private func goesBefore(_ a: Candidate, _ b: Candidate) -> Bool {
        let (waitOfA, waitOfB) = (overdue(a), overdue(b))
        if waitOfA != waitOfB { return waitOfA > waitOfB }
        let (one, other) = (contract(a.place).priority, contract(b.place).priority)
        if one != other { return one > other }
        if a.net != b.net { return a.net > b.net }
        let (left, right) = (holdings[a.place].owner, holdings[b.place].owner)
        if left != right { return left < right }
        return a.opportunity.direction == .carry && b.opportunity.direction != .carry
    }

    /// How often it was passed over; zero while it is not overdue.
    private func overdue(_ candidate: Candidate) -> Int {
        let count = holdings[candidate.place].passedOver
        return count >= Self.passedOverMax ? count : 0
    }

    /// Counts the entry that was served last in the pair, if it is another's and still there, and only once.
    private func passOver(_ place: Int, _ pair: Pair) {
        let market = pairMarkets[pair.id.index]
        guard let other = market.lastServed, other != place,
            holdings[other].state.isBusy || !holdings[other].isFlat,
            holdings[place].passedAt != market.entriesServed
        else { return }
        holdings[place].passedOver += 1
        holdings[place].passedAt = market.entriesServed
    }

    /// Room came free: who was refused for want of it is asked anew, also where no level changes any more, so
    /// that nobody is overlooked when the next is chosen.
    func forgetSharedRefusals() {
        for place in watches.indices where watches[place].lastReason.map(Self.isShared) ?? false {
            watches[place].walk = nil
        }
    }

    /// Refusals for what others use: they would be none if the others had not been served.
    private static func isShared(_ reason: Reason) -> Bool {
        switch reason {
        case .totalExposure, .grossExposure, .unhedged, .ordersPerSecond, .tradesPerDay, .feesPerDay,
            .noBalance, .margin, .runway, .pairOpposed:
            true
        default: false
        }
    }
}
