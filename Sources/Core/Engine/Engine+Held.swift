extension Engine {
    /// What keeps entries away now, beside the `hold` that `resume` ends and what passes within seconds; each
    /// with what lifts it, for people.
    public var whatHolds: [String] {
        var holds: [String] = []
        if stopping { holds.append("the run is ending") }
        if state == .halted || state == .reduceOnly {
            holds.append("the host is \(state.rawValue): `neap rearm` lifts that")
        }
        if flattening, !stopping {
            holds.append("every pair is being closed: `neap resume` again after that")
        }
        if let recordsFault { holds.append(recordsFault) }
        if let idsFault, !ids.hasReserved { holds.append(idsFault) }
        if !isReady || !account.isReady {
            holds.append("the account is not read, or does not agree yet: looked at every second")
        }
        if !connectionUp[ConnectionID.privateStream.rawValue] {
            holds.append("the private stream is down: until it is back")
        }
        holds += slots.compactMap(whatHolds)
        return holds + pairs.compactMap(whatHolds)
    }

    private func whatHolds(_ slot: StrategySlot) -> String? {
        if slot.stopped != nil || slot.failure != nil {
            return "\(slot.name) was stopped: `neap rearm \(slot.name)` lifts that"
        }
        if slot.missing { return "\(slot.name) has no file: until it is back" }
        switch slot.tradingState {
        case .active: return nil
        case .hold: return "\(slot.name) is on hold: `neap resume \(slot.name)` lifts that"
        case .reduceOnly, .halted:
            return "\(slot.name) is \(slot.tradingState.rawValue): `neap rearm \(slot.name)` lifts that"
        case .shadow: return "\(slot.name) is in the shadow: `neap promote \(slot.name)` lifts that"
        }
    }

    private func whatHolds(_ pair: Pair) -> String? {
        let both = [pair.spot.id.index, pair.perp.id.index]
        if both.contains(where: { foreign[$0] }) {
            let isLeft = both.contains { found[$0] != .zero || mismatches[$0] != 0 }
            return "\(pair.base): something happened there that nobody here did: "
                + (isLeft
                    ? "until the exchange agrees, then `neap rearm`" : "`neap rearm` when you have looked")
        }
        guard pairMarkets[pair.id.index].heldDay == day else { return nil }
        return "\(pair.base): too many losing rounds running: until midnight UTC"
    }
}
