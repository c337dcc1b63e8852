extension Engine {
    /// What a person asks of a running host.
    public enum Instruction: Sendable, Equatable {
        case hold, resume, halt, rearm, flatten
        /// The host halts by itself, and why.
        case haltFor(String)
        /// The run ends: no entries, open legs are repaired, hedged pairs stay.
        case stop(flatten: Bool)
        /// A durably reserved block of client order ids.
        case idBlock(UInt32)
        /// No block can be reserved, and why. The host tries again each second.
        case noBlock(String)
        /// The account shows an order or an execution under this id before this folder gave any out.
        case stranger(ClientOrderID)
        /// A script's file vanished, or is back.
        case missing(String, Bool)
        /// The database of records cannot be kept, and why; `nil`: it can again. The host says so at a start
        /// before anything is entered, and with each change.
        case records(fault: String?)
        /// One script only; what it names is the script.
        case script(String, ScriptOrder)
    }

    /// What can be asked of one script.
    public enum ScriptOrder: String, Sendable, CaseIterable {
        case hold, resume, halt, rearm
        case rollBack = "rollback"
    }

    /// Carries out an operator's order. Part of a turn: call before the turn's events.
    public func obey(_ order: Instruction, now moment: Timestamp) {
        now = max(now, moment)
        isChanged = true
        switch order {
        case .hold where state == .active: change(to: .hold, "operator")
        case .resume where state == .hold: change(to: .active, "operator")
        case .rearm:
            forgetStrangers()
            for place in slots.indices
            where slots[place].tradingState == .reduceOnly || slots[place].tradingState == .halted {
                slots[place].tradingState = .active
            }
            forgetWalks()
            if state == .halted || state == .reduceOnly { change(to: .active, "re-armed by the operator") }
        case .halt: change(to: .halted, "operator")
        case .haltFor(let reason): change(to: .halted, reason)
        case .flatten:
            (flattening, flattenAsked) = (true, true)
            touchAll()
        case .stop(let flatten):
            stopping = true
            flattening = flattening || flatten
            // Settlements since the last look belong into the last word of the ledger.
            closingReads = [ask(.fundingPayments(offset: 0)), ask(.interestPayments(offset: 0))]
            closingReads += askOutside()
            touchAll()
        case .idBlock(let block):
            ids.add(block: block)
            guard idsFault != nil else { return }
            idsFault = nil
            forgetWalks()
            note(.notice("Client order ids can be reserved again: entries go on"))
        case .noBlock(let fault): hear(ofIDs: fault)
        case .stranger(let id): if !ids.owns(id) { meetStranger(id) }
        case .missing(let name, let gone):
            guard let place = slot(named: name) else { return }
            slots[place].missing = gone
            // Nobody measured how long a spread lasted meanwhile.
            forgetWatches(place)
            forgetWalks()
        case .records(let fault): hear(ofRecords: fault)
        case .script(let name, let order):
            guard let place = slot(named: name) else { return }
            obey(order, place)
            forgetWalks()
        case .hold, .resume: break
        }
    }

    /// What cannot be recorded is not risked; no person is needed to begin and none to end it.
    private func hear(ofRecords fault: String?) {
        guard fault != recordsFault else { return }
        recordsFault = fault
        forgetWalks()
        note(fault.map(Note.alert) ?? .notice("The records are written again: entries go on"))
    }

    /// An id that is not on the disk could be given out again by a later run. What reduces risk goes on,
    /// under ids made of the time.
    private func hear(ofIDs fault: String) {
        guard fault != idsFault else { return }
        idsFault = fault
        note(.alert(fault))
    }

    private func obey(_ order: ScriptOrder, _ place: Int) {
        let state = slots[place].tradingState
        switch order {
        case .hold where state == .active: slots[place].tradingState = .hold
        case .resume where state == .hold: slots[place].tradingState = .active
        case .halt where state != .shadow: slots[place].tradingState = .halted
        // A stopped version is given another try; a shadow waits for its promotion.
        case .rearm where state != .shadow:
            slots[place].tradingState = state == .hold ? .hold : .active
            if slots[place].stopped != nil {
                note(
                    .rearmed(owner: slots[place].name, version: slots[place].strategy.contract.version))
            }
            (slots[place].stopped, slots[place].strikes) = (nil, [])
        case .rollBack: rollBack(place, "by the operator", fault: nil)
        case .hold, .resume, .halt, .rearm: return
        }
        if order != .rollBack {
            note(.scriptState(owner: slots[place].name, slots[place].tradingState))
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

    /// The same for one pair.
    func forgetWalks(of pair: PairID) {
        for slot in slots.indices {
            let place = place(slot, pair)
            for direction in Direction.allCases { watches[watch(place, direction)].walk = nil }
        }
        touched[pair.index] = true
    }

    private func touchAll() { for place in touched.indices { touched[place] = true } }

    /// Nothing is out and no leg is open: a stop may end.
    public var isQuiet: Bool {
        if flattening, holdings.contains(where: { !$0.isFlat }) { return false }
        if closingReads.contains(where: { requests[$0] != nil }) { return false }
        return liveOrders.isEmpty
            && holdings.allSatisfy {
                $0.operation == nil && $0.imbalance.magnitude < pairs[$0.pair.index].leastQuantity
            }
    }

    /// Ends a flatten that is done, so that `resume` trades again.
    func finishFlatten() {
        if flattening, !stopping, isQuiet {
            (flattening, flattenAsked) = (false, false)
            isChanged = true
            // A latch stays one: only `rearm` lifts it.
            if state == .active { change(to: .hold, "flattened") }
        }
    }
}
