extension Engine {
    /// Takes up what an earlier run left. What happened since is read from the exchange before anything new
    /// is risked: the fills first, then orders, positions and balances.
    ///
    /// Orders whose end was not on record are in doubt until the exchange has said what became of them; what
    /// was being done is not gone on with: from what is held then follows whether a leg has to be brought
    /// back.
    /// - Precondition: before the first turn, with every strategy added that shall trade.
    /// - Returns: what could not be taken up, for people: pairs that are not traded any more.
    public func restore(_ checkpoint: Checkpoint) -> [String] {
        precondition(lastTurn == nil, "a checkpoint is taken up before the first turn")
        var lost: [String] = []
        restored = checkpoint
        now = max(now, checkpoint.at)
        openedAt = checkpoint.openedAt
        state = checkpoint.state == .shadow ? .hold : checkpoint.state
        (flattening, flattenAsked) = (checkpoint.isFlattening, checkpoint.isFlattening)
        (day, entriesToday, feesToday) = (checkpoint.day, checkpoint.entriesToday, checkpoint.feesToday)
        ids.reserved(from: checkpoint.firstBlock, to: checkpoint.lastBlock)
        ledger = Ledger(rows: checkpoint.ledger)
        // A guardian has no strategies: it keeps what they were for the host.
        let all = ids.isGuardian ? checkpoint.scripts.map { ($0.name, $0.version) } : []
        for (name, version) in all where slot(named: name) == nil {
            add(AbsentStrategy(name: name, version: version))
        }
        for owner in owners(of: checkpoint) where slot(named: owner) == nil {
            add(AbsentStrategy(name: owner))
        }
        for kept in checkpoint.scripts { restore(kept) }
        for kept in checkpoint.markets {
            guard let pair = pair(named: kept.base) else { continue }
            pairMarkets[pair.id.index].losingRounds = kept.losingRounds
            pairMarkets[pair.id.index].heldDay = kept.heldDay
            pairMarkets[pair.id.index].hedgeRetries = kept.hedgeRetries
        }
        for kept in checkpoint.found {
            guard let id = instrument(named: kept.symbol) else { continue }
            found[id.index] = kept.quantity
            netContracts[id.index] += kept.quantity
        }
        for symbol in checkpoint.foreign {
            if let id = instrument(named: symbol) { foreign[id.index] = true }
        }
        for kept in checkpoint.holdings where !restore(kept) {
            if kept.holding.isFlat, kept.holding.openedAt == nil { continue }
            lost.append("\(kept.holding.owner) \(kept.base): \(kept.holding.perp) contracts")
        }
        for kept in checkpoint.orders {
            if pair(named: kept.base) == nil, kept.end == nil {
                lost.append("order \(kept.id) of \(kept.base)")
            }
            restore(kept)
        }
        for kept in checkpoint.foreignFills {
            guard let id = instrument(named: kept.symbol) else { continue }
            foreignFills.append(
                ForeignMark(
                    instrument: id, tradeID: kept.tradeID, order: VenueOrderID(kept.order), at: checkpoint.at)
            )
        }
        for kept in checkpoint.settled {
            if let id = instrument(named: kept.symbol) {
                settledBefore[id.index] = kept.until
            } else {
                interestBefore.append((Asset(kept.symbol), kept.until))
            }
        }
        outside.restore(checkpoint)
        contractsAtHour = holdings.map(\.perp)
        hour = checkpoint.at.microseconds / Self.hourMicroseconds
        isChanged = false
        return lost
    }

    /// The last block of client order ids that was ever reserved here; zero for none.
    public var lastBlock: UInt32 { ids.last }

    /// This engine takes the place of a host that is silent.
    /// - Precondition: before the first turn.
    public func standsIn() { ids.isGuardian = true }

    /// Puts a version that still has positions beside the running one.
    /// - Precondition: after `restore`, before the first turn.
    public func bringBack(_ strategy: any Strategy) {
        guard let place = slot(named: strategy.contract.name) else { return }
        slots[place].earlier.append(EarlierVersion(strategy))
    }

    /// Versions that opened what is held and that no strategy on the desk is: name and version.
    public var versionsMissing: [(name: String, version: String)] {
        var missing: [(String, String)] = []
        for holding in holdings where !holding.isFlat || holding.openedAt != nil {
            let slot = slots[holding.slot]
            let known = [slot.strategy.contract.version] + slot.earlier.map(\.version)
            if known.contains(holding.version) { continue }
            if !missing.contains(where: { $0 == (slot.name, holding.version) }) {
                missing.append((slot.name, holding.version))
            }
        }
        return missing
    }

    private func owners(of checkpoint: Checkpoint) -> [String] {
        var names: [String] = []
        let all = checkpoint.holdings.map(\.holding.owner) + checkpoint.orders.map(\.owner)
        for name in all where !names.contains(name) { names.append(name) }
        return names.sorted()
    }

    func pair(named base: String) -> Pair? { pairs.first { $0.base.symbol == base } }
    private func instrument(named symbol: String) -> InstrumentID? {
        instruments.first { $0.symbol == symbol }?.id
    }

    private func restore(_ kept: Checkpoint.Script) {
        guard let place = slot(named: kept.name) else { return }
        (slots[place].profit, slots[place].dayStart) = (kept.profit, kept.dayStart)
        (slots[place].entries, slots[place].exits) = (kept.entries, kept.exits)
        (slots[place].rounds, slots[place].takes) = (kept.rounds, kept.takes)
        venueWatch.takes.orders += kept.takes.orders
        venueWatch.takes.fills += kept.takes.fills
        // Whether a version may trade at all is the loader's to say.
        if ids.isGuardian || kept.state != .shadow, slots[place].tradingState != .shadow {
            slots[place].tradingState = kept.state
        }
        // Another version is another chance.
        if let message = kept.stopped, kept.version == slots[place].strategy.contract.version {
            slots[place].stopped = StrategyFault(kind: .contract, place: nil, message: message)
        }
    }

    private func restore(_ kept: Checkpoint.Held) -> Bool {
        guard let pair = pair(named: kept.base), let slot = slot(named: kept.holding.owner) else {
            return false
        }
        let place = place(slot, pair.id)
        var holding = Holding(pair: pair.id, owner: kept.holding.owner, slot: slot)
        holding.copyPosition(of: kept.holding)
        (holding.cooldownUntil, holding.extensions) = (kept.holding.cooldownUntil, kept.holding.extensions)
        let isOver = kept.holding.isFlat && kept.holding.state == .idle
        holding.state = kept.holding.state == .adopted ? .adopted : isOver ? .idle : .open
        holdings[place] = holding
        netContracts[pair.perp.id.index] += holding.perp
        return true
    }

    private func restore(_ kept: Checkpoint.Ordered) {
        guard let pair = pair(named: kept.base), let slot = slot(named: kept.owner) else { return }
        let instrument = kept.leg == .spot ? pair.spot : pair.perp
        let order = Order(
            id: kept.id, instrument: instrument.id, side: kept.side, price: kept.price,
            quantity: kept.quantity, timeInForce: kept.timeInForce, selfTrade: .rejectTaker)
        var record = OrderRecord(
            order: order, purpose: kept.purpose, leg: kept.leg, holding: place(slot, pair.id),
            decisionMid: kept.decisionMid, sentMid: kept.sentMid, sentAt: kept.sentAt)
        (record.filled, record.told, record.tradeIDs) = (kept.filled, kept.told, kept.tradeIDs)
        record.venueOrderID = kept.venueOrderID
        record.state = kept.end.map { .closed($0) } ?? .unknown
        if kept.end != nil { record.overAt = kept.sentAt }
        orderPlaces[kept.id] = orders.count
        if let id = kept.venueOrderID { venueOrderPlaces[id] = orders.count }
        if !record.isSettled { liveOrders.append(orders.count) }
        orders.append(record)
    }

    /// From when on the history of executions has to be read: some of them may have come while nobody
    /// listened.
    func fillsSince(_ checkpoint: Checkpoint) -> Timestamp {
        let oldest = liveOrders.map { orders[$0].sentAt }.min() ?? checkpoint.at
        return min(oldest, checkpoint.at) - .seconds(60)
    }
}

/// Stands for a strategy whose file is gone and which still has positions: they go by the host's exit rules.
final class AbsentStrategy: Strategy {
    let contract: StrategyContract
    init(name: String, version: String = "") { contract = StrategyContract(name: name, version: version) }
    func score(_ o: MarketView) -> ScoreAnswer { .pass(nil) }
    func choose(_ o: MarketView) -> ChoiceAnswer { .taker }
    func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer { .hold }
}
