extension Engine {
    /// How often balances, positions and margin are read beside the streams.
    static let pollEvery = TimeSpan.seconds(10)
    /// How long an answer is waited for at a start before the question is put again.
    static let startPatience = TimeSpan.seconds(2)
    /// How often open orders are read while one of ours rests.
    static let restingPoll = TimeSpan.seconds(2)
    /// How soon after an execution they are read, for venues that tell no balances on the stream.
    static let pollAfterFill = TimeSpan.seconds(1)
    /// How long the stream of marks may be silent before they are asked for.
    static let markSilence = TimeSpan.seconds(5)

    /// The first turn: ask for everything that money decisions need.
    func start() {
        if restored == nil { day = now.day }
        ids.begin(at: now)
        ask(.account)
        askOpenOrders()
        ask(.markPrices)
        for pair in pairs { ask(.fundingRates(pair.perp.id, limit: 72)) }
        ask(.fundingPayments(offset: 0))
        ask(.interestPayments(offset: 0))
        askOutside()
        pollAccount()
        (nextPoll, startAskedAt) = (now + Self.pollEvery, now)
    }

    private func askOpenOrders() {
        ordersAskedAt = now
        ask(.openOrders)
    }

    func pollAccount() {
        ask(.positions)
        ask(.capital)
        ask(.collateral)
    }

    func poll() {
        askAgain()
        if ids.needsBlock(at: now) { note(.needsIDs) }
        askRestoredFills()
        askOutsideAgain()
        while let place = retryAt.firstIndex(where: { $0.at <= now }) {
            ask(retryAt.remove(at: place).request)
        }
        if let next = nextPoll, now >= next {
            nextPoll = now + (isReconciled ? Self.pollEvery : Self.pollAfterFill)
            pollAccount()
            askOpenOrders()
        } else if let last = ordersAskedAt, now - last >= Self.restingPoll,
            liveOrders.contains(where: { orders.read($0) { $0.restsQuietly } })
        {
            askOpenOrders()
        }
        pollVenue()
        pollMarks()
        if nextFundingPoll == nil { nextFundingPoll = nextHour() }
        if let next = nextFundingPoll, now >= next {
            nextFundingPoll = nextHour()
            ask(.account)
            ask(.fundingPayments(offset: 0))
            ask(.interestPayments(offset: 0))
            askOutside()
            for pair in pairs { ask(.fundingRates(pair.perp.id, limit: 72)) }
        }
    }

    private func pollMarks() {
        guard opened, nextMarkPoll.map({ now >= $0 }) ?? true else { return }
        let isSilent = pairs.contains {
            markets[$0.perp.id.index].lastMark.map { now - $0 >= Self.markSilence } ?? true
        }
        guard isSilent else { return }
        nextMarkPoll = now + Self.markSilence
        ask(.markPrices)
    }

    /// Two seconds into the next full hour, when the settlement is on record.
    private func nextHour() -> Timestamp {
        let next = (now.microseconds / Self.hourMicroseconds + 1) * Self.hourMicroseconds
        return Timestamp(microseconds: next + 2_000_000)
    }

    /// A day starts with what everything is worth: without prices the day before goes on.
    func rollDay() {
        guard lastTurn != nil, now.day > day, pricesAreKnown else { return }
        day = now.day
        (entriesToday, feesToday) = (0, .zero)
        forgetTakes()
        forgetWalks()
        for place in slots.indices { slots[place].dayStart = profit(ofSlot: place) }
    }

    /// Who held what when a settlement falls due; it is told of only seconds later.
    func rollHour() {
        let current = now.microseconds / Self.hourMicroseconds
        guard current > hour else { return }
        hour = current
        contractsAtHour = holdings.map(\.perp)
    }
    static let hourMicroseconds: Int64 = 3_600_000_000

    func answered(_ id: RequestID, _ reply: Reply) {
        guard let request = requests.remove(id) else { return }
        if heard(request, reply) { return }
        switch (request, reply) {
        case (.submit(let order), _): answered(order, reply)
        case (.submitBatch(let batch), _): answered(batch, reply)
        case (.cancel(_, let order), _), (.orderState(_, let order), _): answered(order, id, request, reply)
        case (.cancelAll, .orders(let updates)): for update in updates { apply(update) }
        case (.depth(let instrument), .depth(let bids, let asks, let sequence)):
            apply(.snapshot(bids: bids, asks: asks, sequence: sequence), to: instrument)
        case (.account, .account(let facts)): account.facts = facts
        case (.capital, .balances(let balances)): readBalances(balances)
        case (.positions, .positions(let positions)): readPositions(positions)
        case (.collateral, .collateral(let facts)): readCollateral(facts)
        case (.borrowLendPositions, .borrowLendPositions(let rows)): readLending(rows)
        case (.interestPayments, .interestPayments(let payments)): bookInterest(payments)
        case (.outsideTransfers, .outsideTransfers(let rows)): readOutside(rows, id, request)
        case (.openOrders, .orders(let updates)): readOpenOrders(updates, id)
        case (.markPrices, .marks(let rows)): for row in rows { apply(row.update, to: row.instrument) }
        case (.fills, .fills(let fills)): readFills(fills, listed: fills.count, id, request)
        case (.fills, .fillsPage(let fills, let listed)): readFills(fills, listed: listed, id, request)
        case (.fundingPayments, .fundingPayments(let payments)): bookFunding(payments)
        case (.fundingRates(let instrument, _), .fundingRates(let rates)): readRates(rates, instrument)
        default:
            restoredFillsFailed(id)
            failed(request, reply)
        }
        openWhenKnown()
    }

    /// A first start needs everything: the ledger opens with it. What an earlier run left is looked after as
    /// soon as orders, positions and executions are known, whatever else the venue cannot tell; entries wait.
    private func openWhenKnown() {
        guard !opened else { return }
        let isKnown =
            restored == nil
            ? account.isReady : account.ordersKnown && account.positionsKnown && restoredFillsRead
        if isKnown { open() }
    }

    /// At a start a question whose answer does not come is put again before its connection gives up.
    private func askAgain() {
        guard !opened, let asked = startAskedAt, now - asked >= Self.startPatience else { return }
        startAskedAt = now
        if !account.ordersKnown { askOpenOrders() }
        if !account.positionsKnown { ask(.positions) }
        if restored != nil, !restoredFillsRead { (restoredFills, restoredFillsAt) = (nil, nil) }
    }

    /// A read that failed is asked again by the next poll; at the start it is asked again at once, once a
    /// second.
    private func failed(_ request: Request, _ reply: Reply) {
        switch request {
        case .account: again(request, after: .seconds(1))
        case .openOrders where !opened: again(request, after: .seconds(1))
        case .fundingPayments, .interestPayments, .fundingRates: again(request, after: .seconds(5))
        case .outsideTransfers(let kind, _, _): outsideFailed(kind, reply)
        case .positions where !opened, .capital where !opened, .collateral where !opened,
            .borrowLendPositions where !opened:
            again(request, after: .seconds(1))
        default: break
        }
        if !opened { tellUnanswered(request, reply) }
    }

    /// Each kind of question once a minute.
    private func tellUnanswered(_ request: Request, _ reply: Reply) {
        let name = request.plainName
        unanswered.removeAll { now - $0.toldAt >= .seconds(60) }
        guard !unanswered.contains(where: { $0.name == name }) else { return }
        unanswered.append((name, now))
        note(.alert("no answer to \(name): \(reply.plainText)"))
    }

    /// Asks once more later. Once is enough, however many of the same question failed: polls go on asking,
    /// and an exchange in trouble would be asked more with each second.
    func again(_ request: Request, after pause: TimeSpan) {
        guard !retryAt.contains(where: { $0.request == request }) else { return }
        retryAt.append((now + pause, request))
    }

    private func readBalances(_ balances: [BalanceUpdate]) {
        account.balances = balances.sorted { $0.asset < $1.asset }
        account.balancesKnown = true
        if opened { compareBalances() }
    }

    private func readPositions(_ positions: [PositionUpdate]) {
        account.positions = positions.sorted { $0.instrument < $1.instrument }
        account.positionsKnown = true
        if opened { compare(positions) }
    }

    /// The moment everything is known: the ledger's one opening posting, and what is there that nobody here
    /// opened.
    private func open() {
        opened = true
        isChanged = true
        if restored != nil { return reopen() }
        openedAt = now
        let start = "\(now.microseconds)"
        for balance in account.balances {
            let held = balance.total + lent(balance.asset) - account.owed(balance.asset)
            ledger.open(balance.asset, held, reference: start)
        }
        for debt in account.lending ?? [] where debt.net < .zero && account.balance(debt.asset) == nil {
            ledger.open(debt.asset, debt.net, reference: start)
        }
        for position in account.positions where position.net != .zero {
            // The ledger books the price flow of contracts: those that are there came in at the venue's mark.
            let instrument = instruments[position.instrument.index]
            let reference = "\(start)/\(instrument.symbol)"
            ledger.open(.usdc, (position.unrealised ?? .zero) - worth(position), reference: reference)
            found[position.instrument.index] = position.net
            netContracts[position.instrument.index] = position.net
            ledger.open(
                Asset(instrument.symbol), Money(raw: Int128(position.net.raw) * 10_000),
                reference: reference)
            note(
                .alert("\(instrument.symbol): a position of \(position.net) was there before the start; held")
            )
            foreign[position.instrument.index] = true
            if let pair = pairOf[position.instrument.index] { adoptFound(pairs[pair.index], position) }
        }
        for place in slots.indices { slots[place].dayStart = .zero }
        note(.ready(pairs: pairs.count))
    }

    func worth(_ position: PositionUpdate) -> Money {
        let own = markets[position.instrument.index].mark.map { Money(raw: Int128($0.mark.raw) * 10_000) }
        let mark = position.mark ?? own ?? .zero
        return Money(raw: quotient(mark.raw * Int128(position.net.raw), by: 100_000_000, .nearest))
    }

    private func readOpenOrders(_ updates: [OrderUpdate], _ question: RequestID) {
        account.ordersKnown = true
        for update in updates {
            apply(update)
            judgeStranger(update)
        }
        missResting(updates, question)
    }

    private func readRates(_ rates: [SettledRate], _ instrument: InstrumentID) {
        guard let pair = pairOf[instrument.index] else { return }
        let interval = pairs[pair.index].perp.fundingInterval ?? .seconds(3600)
        // The first row is the interval still in progress.
        let settled = rates.filter { $0.intervalEnd <= now }
        pairMarkets[pair.index].funding.replace(
            settled.map { ($0.intervalEnd, Figures.fundingPercentPerHour(rate: $0.rate, interval: interval)) }
        )
    }

    /// Settlements are booked once each, to the holdings that were open, by their share of the contracts.
    private func bookFunding(_ payments: [FundingPayment]) {
        for payment in payments.reversed() {
            if seenFunding.contains(where: {
                $0.instrument == payment.instrument && $0.intervalEnd == payment.intervalEnd
            }) {
                continue
            }
            if let before = settledBefore[payment.instrument.index], payment.intervalEnd <= before {
                continue
            }
            seenFunding.append(payment)
            if seenFunding.count > 4096 { seenFunding.removeFirst(1024) }
            // What was settled before the opening posting is in it already.
            guard opened || restored != nil, let start = openedAt, payment.intervalEnd > start else {
                continue
            }
            share(payment)
        }
    }

    /// Contracts of a holding when the settlement fell due; what is held now when that hour is past knowing.
    private func contracts(_ place: Int, at end: Timestamp) -> Int128 {
        let isKnown = end.microseconds == hour * Self.hourMicroseconds && place < contractsAtHour.count
        return Int128((isKnown ? contractsAtHour[place] : holdings[place].perp).raw)
    }

    private func share(_ payment: FundingPayment) {
        let end = payment.intervalEnd
        let holders = holdings.indices.filter {
            pair(of: $0).perp.id == payment.instrument && contracts($0, at: end) != 0
        }
        let total = holders.reduce(Int128(0)) { $0 + contracts($1, at: end) }
        let reference = payment.reference(instruments[payment.instrument.index].symbol)
        guard total != 0 else {
            ledger.bookFunding(payment.amount, owner: Account.house, reference: reference)
            return tell(payment, payment.amount, Account.house)
        }
        var left = payment.amount
        for (count, place) in holders.enumerated() {
            let part =
                count == holders.count - 1
                ? left : Money(raw: payment.amount.raw * contracts(place, at: end) / total)
            left -= part
            ledger.bookFunding(part, owner: holdings[place].owner, reference: reference)
            tell(payment, part, holdings[place].owner)
            holdings[place].funding += part
            holdings[place].profit.funding += part
            slots[holdings[place].slot].profit.funding += part
        }
    }
}

extension Request {
    /// A word for people.
    var plainName: String {
        switch self {
        case .account: "account"
        case .capital: "capital"
        case .collateral: "collateral"
        case .positions: "positions"
        case .openOrders: "open orders"
        case .markPrices: "mark prices"
        case .fills: "fills"
        case .fundingRates: "funding rates"
        case .fundingPayments: "funding payments"
        case .interestPayments: "interest payments"
        case .borrowLendPositions: "what is borrowed"
        case .outsideTransfers(let kind, _, _): "\(kind.rawValue)s"
        case .depth, .bestLevels: "depth"
        case .markets, .market: "markets"
        case .lendingMarkets: "lending markets"
        case .borrowRoom: "room to borrow"
        case .collateralTerms: "collateral terms"
        case .openInterest: "open interest"
        default: "order"
        }
    }
}

extension Reply {
    var plainText: String {
        switch self {
        case .refused(let refusal): "\(refusal.status) \(refusal.code) \(refusal.message)"
        case .notSent(let why), .unknown(let why): why
        default: "an answer that does not fit"
        }
    }
}
