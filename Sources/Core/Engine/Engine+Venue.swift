/// What the venue says of markets, lending, weights and limits, read again and again, and what becomes of it.
extension Engine {
    /// How often the venue's terms are read; weights' curves once in sixty times.
    static let venuePollEvery = TimeSpan.seconds(60)
    /// How often a market that is not open is asked about by itself: the list of all is cached for minutes.
    static let stateAskEvery = TimeSpan.seconds(5)

    /// Before the first turn: what the catalogue said.
    func beginVenueWatch() {
        for instrument in instruments {
            markets[instrument.id.index].state = instrument.state
            markets[instrument.id.index].bounds = instrument.bounds
        }
        venueWatch.stablecoin = instruments.first { $0.symbol == "USDT_USDC" && $0.kind == .spot }?.id
    }

    func pollVenue() {
        lookAtAccount()
        askForClosedMarkets()
        if let next = venueWatch.nextPoll, now < next { return }
        venueWatch.nextPoll = now + Self.venuePollEvery
        if venueWatch.polls % 60 == 0 { ask(.collateralTerms) }
        // The first turn has asked for the account already, and has just read the markets.
        if venueWatch.polls > 0 {
            ask(.account)
            ask(.markets)
        }
        ask(.lendingMarkets)
        ask(.openInterest)
        if let id = venueWatch.stablecoin { ask(.bestLevels(id)) }
        if limits.allowBorrow { for pair in pairs { ask(.borrowRoom(pair.base)) } }
        venueWatch.polls += 1
    }

    private func askForClosedMarkets() {
        let closed = pairs.flatMap { [$0.spot.id, $0.perp.id] }.filter { markets[$0.index].state != .open }
        guard !closed.isEmpty, venueWatch.nextStateAsk.map({ now >= $0 }) ?? true else { return }
        venueWatch.nextStateAsk = now + Self.stateAskEvery
        for id in closed { ask(.market(id)) }
    }

    // MARK: Answers

    /// Looks at an answer before it is dealt with.
    /// - Returns: `true` when that was all there is to do.
    func heard(_ request: Request, _ reply: Reply) -> Bool {
        if case .refused(let refusal) = reply, refusal.status == 429 { pauseAll("too many requests") }
        let fits = fits(request, reply)
        if let read = VenueRead(request) {
            let before = venueWatch.missed[read.rawValue]
            venueWatch.missed[read.rawValue] = fits ? 0 : before + 1
            if !fits, before == FixedLimits.missedReadsMax { lose(read) }
            if fits, before > FixedLimits.missedReadsMax { forgetWalks() }
        }
        switch (request, reply) {
        case (.account, .account(let facts)): compare(facts)
        case (.collateral, .collateral(let facts)): compare(facts.weights)
        case (.markets, .markets(let listed, _)): read(listed)
        case (.market(let id), .market(let state)): set(state, of: id)
        case (.lendingMarkets, .lendingMarkets(let pools)): read(pools)
        case (.openInterest, .openInterest(let rows)):
            for row in rows { markets[row.instrument.index].openInterest = row.quantity }
        case (.collateralTerms, .collateralTerms(let terms)): venueWatch.collateralTerms = terms
        case (.borrowRoom(let asset), .borrowRoom(let room)):
            venueWatch.borrowRooms.removeAll { $0.asset == asset }
            venueWatch.borrowRooms.append((asset, room))
        case (.bestLevels, .depth(let bids, let asks, _)): readStablecoin(bids, asks)
        default: break
        }
        switch request {
        case .markets, .market, .lendingMarkets, .openInterest, .borrowRoom, .bestLevels: return true
        case .collateralTerms:
            if !fits { again(request, after: .seconds(5)) }
            return true
        default: return false
        }
    }

    private func fits(_ request: Request, _ reply: Reply) -> Bool {
        switch (request, reply) {
        case (.account, .account), (.capital, .balances), (.collateral, .collateral),
            (.positions, .positions), (.markets, .markets), (.lendingMarkets, .lendingMarkets),
            (.openInterest, .openInterest), (.bestLevels, .depth), (.borrowRoom, .borrowRoom),
            (.collateralTerms, .collateralTerms):
            true
        default: false
        }
    }

    /// A figure that could not be read for too long is not known any more.
    private func lose(_ read: VenueRead) {
        switch read {
        case .account, .capital, .collateral, .positions:
            note(.alert("the account could not be read three times running; entries stop until it can"))
        case .markets:
            for pair in pairs { for leg in [pair.spot, pair.perp] { markets[leg.id.index].state = nil } }
            note(.alert("the list of markets could not be read three times running; entries stop"))
        case .lending:
            venueWatch.lending = nil
            for place in pairMarkets.indices {
                (pairMarkets[place].borrowAPR, pairMarkets[place].lendAPR) = (.zero, .zero)
                pairMarkets[place].utilisation = nil
            }
        case .openInterest: for place in markets.indices { markets[place].openInterest = nil }
        case .stablecoin: venueWatch.stablecoinMid = nil
        case .borrowRoom: venueWatch.borrowRooms = []
        }
        forgetWalks()
    }

    // MARK: Markets

    /// A market of ours that is missing, or whose grid is another than the one we count on, is one whose
    /// state we do not know.
    private func read(_ listed: [Instrument]) {
        for pair in pairs { for leg in [pair.spot, pair.perp] { read(leg, listed) } }
        if let id = venueWatch.stablecoin { read(instruments[id.index], listed) }
    }

    private func read(_ ours: Instrument, _ listed: [Instrument]) {
        guard let told = listed.first(where: { $0.symbol == ours.symbol }) else {
            return set(.unknown, of: ours.id)
        }
        markets[ours.id.index].bounds = told.bounds
        let isSame =
            told.tickSize == ours.tickSize && told.lotSize == ours.lotSize
            && told.minQuantity == ours.minQuantity && told.fundingInterval == ours.fundingInterval
        if !isSame, !markets[ours.id.index].hasOtherGrid {
            note(.alert("\(ours.symbol): tick, lot or interval changed; no entries there until a new start"))
        }
        markets[ours.id.index].hasOtherGrid = !isSame
        set(told.state, of: ours.id)
    }

    func set(_ state: BookState, of id: InstrumentID) {
        let state = markets[id.index].hasOtherGrid && state == .open ? .unknown : state
        guard markets[id.index].state != state else { return }
        let before = markets[id.index].state
        markets[id.index].state = state
        guard let pair = pairOf[id.index] else { return }
        let symbol = instruments[id.index].symbol
        let name = state == .unknown ? "in a state we do not know" : state.rawValue
        if state != .open {
            note(.alert("\(symbol) is \(name); no entries there, and what is held waits"))
        } else if before != nil {
            note(.alert("\(symbol) is open again"))
        }
        forgetWalks(of: pair)
    }

    private func readStablecoin(_ bids: [Level], _ asks: [Level]) {
        var book = Book()
        book.replace(bids: bids, asks: asks, sequence: 0)
        venueWatch.stablecoinMid = book.isCrossed ? nil : book.top?.mid
        let isOff = RiskGate.isOffPar(stablecoin)
        if isOff != venueWatch.toldOfStablecoin {
            venueWatch.toldOfStablecoin = isOff
            let shown = venueWatch.stablecoinMid.map { "at \($0)" } ?? "without a price"
            note(.alert("USDT_USDC is \(shown); \(isOff ? "no entries" : "entries go on")"))
            forgetWalks()
        }
    }

    var stablecoin: Stablecoin {
        guard let id = venueWatch.stablecoin else { return .notListed }
        guard markets[id.index].state == .open, let mid = venueWatch.stablecoinMid else { return .unknown }
        return .mid(mid)
    }

    // MARK: Lending

    private func read(_ pools: [LendingMarket]) {
        venueWatch.lending = pools
        for place in pairMarkets.indices {
            let pool = pools.first { $0.asset == pairMarkets[place].pair.base }
            let isOpen = pool?.isOpen ?? false
            pairMarkets[place].borrowAPR = isOpen ? pool?.borrowRate ?? .zero : .zero
            pairMarkets[place].lendAPR = isOpen ? pool?.lendRate ?? .zero : .zero
            let used = pool?.utilisation
            if used != pairMarkets[place].utilisation {
                pairMarkets[place].utilisation = used
                forgetWalks(of: PairID(place))
            }
        }
    }

    // MARK: The account's terms

    /// A fee tier that got worse changes what every pair must earn.
    private func compare(_ facts: AccountFacts) {
        guard let before = account.facts else { return }
        let rates: [(String, Percent, Percent)] = [
            ("spot maker", before.fees.spotMaker, facts.fees.spotMaker),
            ("spot taker", before.fees.spotTaker, facts.fees.spotTaker),
            ("perp maker", before.fees.perpMaker, facts.fees.perpMaker),
            ("perp taker", before.fees.perpTaker, facts.fees.perpTaker),
        ]
        for (name, old, new) in rates where RiskGate.isWorse(cost: old, than: new) {
            note(.alert("the \(name) fee went from \(old) to \(new) %; every pair is looked at anew"))
            counters.termsWorsened += 1
        }
        if facts.fees != before.fees || facts.liquidating != before.liquidating { forgetWalks() }
        if facts.liquidating, !before.liquidating {
            note(.alert("the venue is liquidating this account; entries stop"))
        }
    }

    /// A weight that fell slowly is held against the best since the last alarm.
    private func compare(_ weights: [AssetWeight]) {
        for new in weights {
            guard let place = venueWatch.weights.firstIndex(where: { $0.asset == new.asset }) else {
                venueWatch.weights.append(new)
                continue
            }
            let old = venueWatch.weights[place].weight
            if RiskGate.isWorse(worth: old, than: new.weight) {
                note(
                    .alert(
                        "\(new.asset) counts \(new.weight) as collateral, \(old) before; every pair is looked at anew"
                    ))
                counters.termsWorsened += 1
                forgetWalks()
                venueWatch.weights[place] = new
            } else if new.weight > old {
                venueWatch.weights[place] = new
            }
        }
    }

    /// Once a second: alarms about money that nobody asks for by an entry.
    private func lookAtAccount() {
        guard opened, venueWatch.nextLook.map({ now >= $0 }) ?? true else { return }
        venueWatch.nextLook = now + .seconds(1)
        let isLow = runway.map { $0 < FixedLimits.runwayLow } ?? false
        if isLow != venueWatch.toldOfRunway {
            venueWatch.toldOfRunway = isLow
            let left = runway.map { "\($0)" } ?? "without shorts"
            note(
                .alert(
                    isLow
                        ? "the cash runway is \(left); no entries below \(FixedLimits.runwayLow)"
                        : "the cash runway is \(left) again"))
            if !isLow { forgetWalks() }
        }
        for holding in holdings where !holding.isFlat { watchSpread(holding) }
        for place in pairMarkets.indices { forgetOldRetries(place) }
    }

    private func watchSpread(_ holding: Holding) {
        let pair = pairs[holding.pair.index]
        guard let spot = top(pair.spot), let perp = top(pair.perp), !spot.isCrossed, !perp.isCrossed else {
            return
        }
        let spread = Figures.midSpread(spot: spot, perp: perp)
        let isOdd = abs(spread.raw) > FixedLimits.midSpreadMax.raw
        guard isOdd != pairMarkets[pair.id.index].toldOfSpread else { return }
        pairMarkets[pair.id.index].toldOfSpread = isOdd
        if isOdd { note(.alert("\(pair.base): perp and spot are \(spread) % apart while a pair is held")) }
    }

    // MARK: The venue's no

    /// Codes of refusals that another try of the same would only repeat (PROTOCOL 5).
    private static let pausing = [
        "POSITION_LIMIT", "BORROW_LIMIT", "LEND_LIMIT", "INSUFFICIENT_SUPPLY", "TRADING_PAUSED",
        "MAX_LEVERAGE_REACHED", "INVALID_MARKET", "BORROW_REQUIRES_LEND_REDEEM",
    ]
    private static let pausingAll = [
        "ORDER_LIMIT", "TOO_MANY_REQUESTS", "ACCOUNT_LIQUIDATING", "ACCOUNT_DEACTIVATED", "MAINTENANCE",
    ]

    /// What the venue refused for a limit or a pause of its own is left alone for a while.
    func heed(_ refusal: Refusal, _ order: Int) {
        if refusal.status == 429 || Self.pausingAll.contains(refusal.code) {
            return pauseAll(refusal.code.isEmpty ? "too many requests" : refusal.code)
        }
        guard Self.pausing.contains(refusal.code) else { return }
        let pair = holdings[orders[order].holding].pair
        let until = pairMarkets[pair.index].pausedUntil ?? now
        if until <= now {
            note(.alert("\(pairs[pair.index].base): \(refusal.code); no entries for a minute"))
        }
        pairMarkets[pair.index].pausedUntil = now + FixedLimits.refusalPause
        // It knows before the list of markets does.
        if refusal.code == "TRADING_PAUSED" { ask(.market(orders[order].order.instrument)) }
    }

    private func pauseAll(_ why: String) {
        if venueWatch.pausedUntil.map({ $0 <= now }) ?? true {
            note(.alert("the venue said \(why); no entries for a minute"))
        }
        venueWatch.pausedUntil = now + FixedLimits.refusalPause
    }
}
