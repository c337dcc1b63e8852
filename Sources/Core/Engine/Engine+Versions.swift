/// Versions of a strategy on the desk: taken in, watched, proven, taken back. Positions and counters belong
/// to the slot and stay whatever happens here.
extension Engine {
    /// Puts a new version in the place of the running one, between two turns; the old one is kept whole.
    /// - Returns: `false` when no strategy of that name stands on the desk.
    @discardableResult
    public func replace(_ strategy: any Strategy, _ terms: ProbationTerms = ProbationTerms()) -> Bool {
        guard let place = slot(named: strategy.contract.name) else { return false }
        let old = EarlierVersion(slots[place].strategy, stopped: slots[place].stopped)
        let isPromotion = slots[place].tradingState == .shadow
        // The same version begun anew looks after what it opened.
        if old.version != strategy.contract.version { retire(place, old) }
        if isPromotion {
            // It never traded: there is nothing to go back to.
            slots[place].kept = nil
        } else if old.version != strategy.contract.version {
            // A version that is not proven, or was stopped, is nothing to go back to either, as long as there
            // is a better one.
            let isPoor = slots[place].probation != nil || old.stopped != nil
            let hasBetter = slots[place].kept.map { $0.stopped == nil } ?? false
            if !(isPoor && hasBetter) { slots[place].kept = old }
        }
        install(strategy, place)
        slots[place].adoptsEarlier = strategy.contract.adopts && terms.exitsRehearsed
        slots[place].probation = terms.entries > 0 ? Probation(terms, began: now) : nil
        // A version that waited in the shadow for its first promotion trades from now on.
        if isPromotion { slots[place].tradingState = .active }
        slots[place].reloads += 1
        note(
            .replaced(
                owner: slots[place].name, version: strategy.contract.version, probation: terms.entries,
                keeps: slots[place].kept?.version))
        return true
    }

    /// The same version once more, from its beginning.
    public func renew(_ strategy: any Strategy) {
        guard let place = slot(named: strategy.contract.name),
            slots[place].strategy.contract.version == strategy.contract.version
        else { return }
        let stopped = slots[place].stopped
        install(strategy, place)
        slots[place].stopped = stopped
    }

    /// Takes in a strategy that was not on the desk; in the shadow it decides nothing here until promoted.
    /// - Returns: `false` when one of that name is there already.
    @discardableResult
    public func join(_ strategy: any Strategy, inShadow: Bool, _ terms: ProbationTerms) -> Bool {
        guard slot(named: strategy.contract.name) == nil else { return false }
        let place = slots.count
        var slot = StrategySlot(strategy: strategy)
        slot.tradingState = inShadow ? .shadow : .active
        if !inShadow, terms.entries > 0 { slot.probation = Probation(terms, began: now) }
        slots.append(slot)
        // Orders and holdings name a slot by its place, so a newcomer stands last and is asked by name.
        holdings += pairs.map { Holding(pair: $0.id, owner: slot.name, slot: place) }
        contractsAtHour += pairs.map { _ in Quantity.zero }
        watches += Array(repeating: Watch(), count: pairs.count * 2)
        orderSlots()
        note(
            .joined(
                owner: slot.name, version: strategy.contract.version, inShadow: inShadow,
                probation: slot.probation?.left ?? 0))
        forgetWalks()
        return true
    }

    /// Brings the kept version back, with the `state` it had when it was replaced.
    /// - Returns: `false` when none is kept.
    @discardableResult
    func rollBack(_ place: Int, _ reason: String, fault: StrategyFault?) -> Bool {
        guard let kept = slots[place].kept else { return false }
        let failed = EarlierVersion(slots[place].strategy, stopped: fault ?? slots[place].stopped)
        retire(place, failed)
        slots[place].kept = nil
        slots[place].earlier.removeAll { $0.version == kept.version }
        install(kept.strategy, place)
        slots[place].stopped = kept.stopped
        (slots[place].probation, slots[place].adoptsEarlier) = (nil, false)
        slots[place].rollbacks += 1
        pullPosts(place, failed.version)
        note(
            .rolledBack(
                owner: slots[place].name, from: failed.version, to: kept.version, reason: reason))
        return true
    }

    /// What a version that was taken back left resting is cancelled; what filled of it is kept.
    private func pullPosts(_ slot: Int, _ version: String) {
        for place in holdings.indices where holdings[place].slot == slot && holdings[place].version == version
        {
            guard holdings[place].operation?.kind == .entry, holdings[place].operation?.resting != nil else {
                continue
            }
            holdings[place].operation?.restingOver = true
            holdings[place].operation?.pulled = true
        }
    }

    func slot(named name: String) -> Int? { slots.firstIndex { $0.name == name } }

    /// Slots are asked in the order of their names.
    func orderSlots() { slotOrder = slots.indices.sorted { slots[$0].name < slots[$1].name } }

    private func install(_ strategy: any Strategy, _ place: Int) {
        slots[place].strategy = strategy
        (slots[place].stopped, slots[place].strikes) = (nil, [])
        forgetWatches(place)
        for pair in touched.indices { touched[pair] = true }
    }

    func forgetWatches(_ slot: Int) {
        for watch in slot * pairs.count * 2..<(slot + 1) * pairs.count * 2 { watches[watch] = Watch() }
    }

    /// What it opened and still holds is exited by it.
    private func retire(_ place: Int, _ version: EarlierVersion) {
        slots[place].earlier.removeAll { $0.version == version.version }
        if holds(place, version.version) { slots[place].earlier.append(version) }
    }

    private func holds(_ slot: Int, _ version: String) -> Bool {
        // Dust belongs to nobody's exit.
        holdings.contains {
            $0.slot == slot && $0.version == version
                && (!$0.isFlat || $0.operation != nil || $0.openedAt != nil)
        }
    }

    /// Versions whose last position is gone need not be remembered.
    func forgetEarlier() {
        for place in slots.indices where !slots[place].earlier.isEmpty {
            slots[place].earlier.removeAll { !holds(place, $0.version) }
        }
    }

    // MARK: Who looks after a position

    /// Where the version stands that exits a holding.
    enum Keeper: Equatable { case active, earlier(Int), host }

    /// The version that opened it; the active one when it took over; the host when neither is in service.
    func keeper(_ place: Int) -> Keeper {
        let slot = holdings[place].slot
        let isOwn = slots[slot].strategy.contract.version == holdings[place].version
        if isOwn || slots[slot].adoptsEarlier { return slots[slot].stopped == nil ? .active : .host }
        let found = slots[slot].earlier.firstIndex { $0.version == holdings[place].version }
        guard let found, slots[slot].earlier[found].stopped == nil else { return .host }
        return .earlier(found)
    }

    /// The active version exits what another one opened.
    func isTakenOver(_ place: Int) -> Bool {
        let slot = slots[holdings[place].slot]
        return slot.adoptsEarlier && slot.strategy.contract.version != holdings[place].version
    }

    /// The contract under which a holding is exited.
    func exitContract(_ place: Int) -> StrategyContract {
        let slot = holdings[place].slot
        if case .earlier(let found) = keeper(place) { return slots[slot].earlier[found].strategy.contract }
        return slots[slot].strategy.contract
    }

    /// A fault of a version that only exits: fatal ones and the fifth hand its positions to the host.
    func strikeEarlier(_ slot: Int, _ found: Int, _ fault: StrategyFault) {
        slots[slot].faults += 1
        slots[slot].earlier[found].faults += 1
        let stops = fault.isFatal || slots[slot].earlier[found].faults >= 5
        if stops { slots[slot].earlier[found].stopped = fault }
        note(
            .strategyFault(
                owner: slots[slot].name, version: slots[slot].earlier[found].version, fault, stopped: stops))
    }

    // MARK: Probation

    /// A version decided to trade: the rate is held against the rehearsed one.
    func countDecision(_ slot: Int) {
        slots[slot].decisions += 1
        guard slots[slot].probation != nil else { return }
        slots[slot].probation!.decisions += 1
        guard let probation = slots[slot].probation, probation.isTooBusy(at: now) else { return }
        failProbation(
            slot,
            "\(probation.decisions) decisions in \((now - probation.began).milliseconds / 1000) s, "
                + "\(probation.terms.rehearsedDecisions) in "
                + "\(probation.terms.rehearsedFor.milliseconds / 1000) s were rehearsed")
    }

    func countDenial(_ slot: Int, _ denial: Denial) {
        if Probation.ofSize.contains(denial.reason) { return }
        guard !Probation.everybodys.contains(denial.reason) else { return }
        countDecision(slot)
        guard slots[slot].probation != nil else { return }
        slots[slot].probation!.denials[denial.reason] += 1
        if slots[slot].probation!.denials[denial.reason] >= Probation.denialsMost {
            failProbation(slot, "\(Probation.denialsMost) denials \(denial.reason.rawValue)")
        }
    }

    func countProbationEntry(_ slot: Int, version: String) {
        guard slots[slot].probation != nil, slots[slot].strategy.contract.version == version else { return }
        slots[slot].probation!.entries += 1
        guard slots[slot].probation!.left == 0 else { return }
        slots[slot].probation = nil
        note(.proven(owner: slots[slot].name, version: version))
    }

    /// Rolls back at the end of the turn: a script is not taken away while it is being asked.
    func failProbation(_ slot: Int, _ reason: String, fault: StrategyFault? = nil) {
        guard slots[slot].probation != nil, slots[slot].failure == nil else { return }
        slots[slot].failure = (reason, fault)
    }

    func judgeProbations() {
        for place in slots.indices {
            guard let failure = slots[place].failure else { continue }
            slots[place].failure = nil
            guard !rollBack(place, failure.reason, fault: failure.fault) else { continue }
            // Nothing to go back to: its positions are the host's.
            slots[place].probation = nil
            let version = slots[place].strategy.contract.version
            let fault =
                failure.fault
                ?? StrategyFault(kind: .contract, place: nil, message: failure.reason, version: version)
            (slots[place].stopped, isChanged) = (fault, true)
            note(.strategyFault(owner: slots[place].name, version: version, fault, stopped: true))
        }
    }
}
