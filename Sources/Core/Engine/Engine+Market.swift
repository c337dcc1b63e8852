extension Engine {
    /// How far apart the samples of basis and volatility are.
    static let sampleEvery = TimeSpan.seconds(1)

    func apply(_ change: BookChange, to id: InstrumentID) {
        let place = id.index
        switch change {
        case .snapshot(let bids, let asks, let sequence):
            markets[place].book.replace(bids: bids, asks: asks, sequence: sequence)
            markets[place].lastFrame = now
            markets[place].isChained = false
        case .delta(let bids, let asks, let sequence):
            markets[place].book.apply(bids: bids, asks: asks, sequence: sequence)
            markets[place].lastFrame = now
            markets[place].isChained = true
        case .lost(let reason):
            if markets[place].book.isSynced {
                // A snapshot from before the stream began is asked for again; nothing was missed.
                if markets[place].isChained { counters.gaps += 1 }
                note(.gap(symbol: instruments[place].symbol, reason: reason))
            }
            markets[place].book.invalidate()
        }
        if let pair = pairOf[place] { touched[pair.index] = true }
    }

    func apply(_ update: MarkUpdate, to id: InstrumentID) {
        var update = update
        if update.rate == nil, let before = markets[id.index].mark {
            update = MarkUpdate(
                mark: update.mark, index: update.index, rate: before.rate, nextFunding: before.nextFunding)
        }
        markets[id.index].mark = update
        markets[id.index].lastMark = now
    }

    func changed(_ connection: ConnectionID, _ change: ConnectionChange) {
        switch change {
        case .up:
            connectionUp[connection.rawValue] = true
            note(.connection(connection, up: true, reason: ""))
            if connection == .privateStream, opened { reconcileAll() }
        case .down(let reason):
            connectionUp[connection.rawValue] = false
            connectionAlive[connection.rawValue] = nil
            note(.connection(connection, up: false, reason: reason))
        }
    }

    /// Once a second: basis and volatility of every pair whose books have a price.
    func sample() {
        guard let next = nextSample else {
            nextSample = now + Self.sampleEvery
            return
        }
        guard now >= next else { return }
        nextSample = next + Self.sampleEvery
        if now >= next + Self.sampleEvery { nextSample = now + Self.sampleEvery }
        for place in pairMarkets.indices {
            let pair = pairMarkets[place].pair
            guard let spot = book(pair.spot).top, let perp = book(pair.perp).top, !spot.isCrossed,
                !perp.isCrossed
            else { continue }
            pairMarkets[place].basis.sample(Figures.midSpread(spot: spot, perp: perp), at: now)
            pairMarkets[place].volatility.sample(spot.mid, at: now)
        }
    }

    /// The index of a pair: the perp's reference, which both legs are held against.
    func index(of pair: Pair) -> Price? { markets.read(pair.perp.id.index) { $0.mark?.index } }

    /// A leg's own mid; mark (perp) or index (spot) where its book has none.
    func mid(_ instrument: Instrument) -> Price? {
        if let top = top(instrument), !top.isCrossed { return top.mid }
        switch instrument.kind {
        case .perp: return markets.read(instrument.id.index) { $0.mark?.mark }
        case .spot: return pairOf[instrument.id.index].flatMap { index(of: pairs[$0.index]) }
        }
    }

    /// The price a blind hedge may lean on: the perp's mark, the spot's index.
    func reference(_ instrument: Instrument) -> Price? {
        switch instrument.kind {
        case .perp: markets[instrument.id.index].mark?.mark
        case .spot: pairOf[instrument.id.index].flatMap { index(of: pairs[$0.index]) }
        }
    }

    func age(_ instrument: Instrument) -> TimeSpan? {
        guard let own = markets.read(instrument.id.index, { $0.lastFrame }) else { return nil }
        let alive = connectionUp[ConnectionID.publicStream.rawValue] ? connectionAlive[0] : nil
        return Figures.bookAge(now: now, ownFrame: own, connection: alive)
    }

    /// Held pairs are looked at each second even when nothing moves.
    /// And pairs whose last refusal time alone may turn.
    func touchHeldPairs() {
        for place in watches.indices {
            guard let lookAt = watches[place].lookAt, now >= lookAt else { continue }
            watches[place].lookAt = nil
            touched[place / 2 % pairs.count] = true
        }
        for holding in holdings where !holding.isFlat && !holding.state.isBusy {
            if let last = holding.lastExitCall, now - last < .seconds(1) { continue }
            touched[holding.pair.index] = true
        }
    }

    /// - Parameter place: a holding whose own sale of coins is not to be counted against it.
    func terms(_ contract: StrategyContract, _ pair: Pair, of place: Int? = nil) -> OpportunityTerms? {
        let market = pairMarkets[pair.id.index]
        guard let mark = markets.read(pair.perp.id.index, { $0.mark }) else { return nil }
        let interval = pair.perp.fundingInterval ?? .seconds(3600)
        let current = mark.rate.map { Figures.fundingPercentPerHour(rate: $0, interval: interval) } ?? .zero
        let next = mark.nextFunding.map { $0 - now } ?? interval
        return OpportunityTerms(
            fees: account.fees, leastNetEdge: limits.netEdgeMin, hold: contract.hold,
            nextFunding: max(next, TimeSpan(microseconds: 1)), fundingInterval: interval,
            fundingCurrent: current,
            fundingMean: market.funding.mean ?? current, exitAtMean: contract.exitsAtMean,
            basisMean: market.basis.mean, basisSamples: market.basis.count, borrowAPR: market.borrowAPR,
            volatilityPerHour: market.volatility.perHour,
            legRiskMeasured: (market.legRiskTaker.mean, market.legRiskRest.mean),
            ownCoins: ownCoinsLeft(pair.base, except: place))
    }
}

extension Engine {
    /// The answer to this request is dealt with elsewhere.
    public func forget(_ id: RequestID) { requests.remove(id) }

    /// A book was started anew from a snapshot.
    public func countResync() { counters.resyncs += 1 }
}
