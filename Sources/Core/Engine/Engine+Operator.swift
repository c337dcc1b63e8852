extension Engine {
    /// What a person asks of a running host.
    public enum Instruction: Sendable, Equatable {
        case hold, resume, halt, rearm, flatten
        /// The run ends: no entries, open legs are repaired, hedged pairs stay.
        case stop(flatten: Bool)
        /// A durably reserved block of client order ids.
        case idBlock(UInt32)
        /// A script's file vanished, or is back.
        case missing(String, Bool)
    }

    /// Carries out an operator's order. Part of a turn: call before the turn's events.
    public func obey(_ order: Instruction, now moment: Timestamp) {
        now = max(now, moment)
        switch order {
        case .hold where state == .active: change(to: .hold, "operator")
        case .resume where state == .hold: change(to: .active, "operator")
        case .rearm:
            for place in slots.indices { slots[place].tradingState = .active }
            forgetWalks()
            if state == .halted || state == .reduceOnly { change(to: .active, "re-armed by the operator") }
        case .halt: change(to: .halted, "operator")
        case .flatten:
            flattening = true
            touchAll()
        case .stop(let flatten):
            stopping = true
            flattening = flattening || flatten
            // Settlements since the last look belong into the last word of the ledger.
            closingRead = ask(.fundingPayments(offset: 0))
            touchAll()
        case .idBlock(let block): ids.add(block: block)
        case .missing(let name, let gone):
            for place in slots.indices where slots[place].name == name { slots[place].missing = gone }
            forgetWalks()
        case .hold, .resume: break
        }
    }

    func change(to new: TradingState, _ reason: String) {
        guard state != new else { return }
        state = new
        forgetWalks()
        note(.state(new, reason: reason))
    }

    /// Everything is looked at anew, also where no level changes.
    func forgetWalks() {
        for place in watches.indices { watches[place].walk = nil }
        touchAll()
    }

    private func touchAll() { for place in touched.indices { touched[place] = true } }

    /// Puts a new version in the place of the running one, between two turns. Positions and counters stay.
    /// - Returns: `false` when no strategy of that name stands on the desk.
    @discardableResult
    public func replace(_ strategy: any Strategy) -> Bool {
        guard let place = slots.firstIndex(where: { $0.name == strategy.contract.name }) else { return false }
        slots[place].strategy = strategy
        slots[place].reloads += 1
        (slots[place].stopped, slots[place].strikes, slots[place].missing) = (nil, [], false)
        for pair in pairs.indices {
            watches[(place * pairs.count + pair) * 2] = Watch()
            watches[(place * pairs.count + pair) * 2 + 1] = Watch()
        }
        note(.replaced(owner: slots[place].name, version: strategy.contract.version))
        return true
    }

    /// Nothing is out and no leg is open: a stop may end.
    public var isQuiet: Bool {
        if flattening, holdings.contains(where: { !$0.isFlat }) { return false }
        if let closingRead, requests[closingRead] != nil { return false }
        return liveOrders.isEmpty
            && holdings.allSatisfy {
                $0.operation == nil && $0.imbalance.magnitude < pairs[$0.pair.index].leastQuantity
            }
    }

    /// Ends a flatten that is done, so that `resume` trades again.
    func finishFlatten() {
        if flattening, !stopping, isQuiet {
            flattening = false
            // A latch stays one: only `rearm` lifts it.
            if state == .active { change(to: .hold, "flattened") }
        }
    }
}
