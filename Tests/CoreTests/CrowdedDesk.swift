@testable import Core

/// Wishes and leaves by chance, and writes down when it was called.
final class RandomStrategy: Strategy {
    let contract: StrategyContract
    private var chance: Seeded
    /// Calls of `score` in this turn, as they came: pair and direction.
    private(set) var asked: [String] = []
    private(set) var calls = 0

    init(_ number: Int, seed: UInt64) {
        chance = Seeded(seed &+ UInt64(number) &* 7919)
        var contract = StrategyContract(name: "script\(number / 10)\(number % 10)", version: "0")
        contract.priority = Int(chance.int(-2...2))
        contract.directions = [[.carry], [.carry, .reverse], [.reverse]][Int(chance.int(0...2))]
        contract.adds = Int(chance.int(0...2))
        (contract.hasChoose, contract.hasExit) = (true, true)
        contract.replaces = chance.int(0...1) == 0 ? [] : EconomicExit.allCases
        self.contract = contract
    }

    func newTurn() { asked = [] }

    func score(_ o: MarketView) -> ScoreAnswer {
        calls += 1
        asked.append("\(o.pair) \(o.direction.rawValue)")
        guard chance.int(0...2) > 0 else { return .pass(nil) }
        return .wish(confidence: 0.9, usd: Double(chance.int(10...220)))
    }
    func choose(_ o: MarketView) -> ChoiceAnswer {
        guard chance.int(0...3) == 0 else { return .taker }
        let rest: RestingLeg = [.spot, .perp, .both][Int(chance.int(0...2))]
        let fallback: Fallback = chance.int(0...1) == 0 ? .taker : .cancel
        return .maker(RestingPlan(rest: rest, timeout: .seconds(3), fallback: fallback))
    }
    func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer {
        calls += 1
        guard chance.int(0...5) == 0 else { return .hold }
        let rests = chance.int(0...4) == 0
        return .exit(
            reason: "chance", resting: rests ? RestingPlan(rest: .perp, timeout: .seconds(3)) : nil)
    }
}

/// Many scripts on five pairs, and a venue that fills, fills in part or not at all, and answers late.
final class CrowdedDesk {
    let engine: Engine
    let scripts: [RandomStrategy]
    let pairs: [Pair]
    private(set) var now = Timestamp(milliseconds: 1_790_000_100_000)
    /// What the venue holds of each asset, counted from our fills and nothing else.
    private(set) var truth: [(asset: Asset, amount: Money)] = []
    private var chance: Seeded
    private var waiting: [Command] = []
    private var resting: [(order: Order, executed: Quantity)] = []
    private var mids: [Int64]
    /// By pair: how far the perp stands from spot, in 1/100 %, and for how many more turns.
    private var bases: [(basis: Int64, left: Int64)]
    private var sequence: Int64 = 1, nextTrade: Int64 = 1
    private var nextMark = Timestamp(microseconds: 0)
    private(set) var notes: [Note] = []

    static let start: [(base: String, mid: String, tick: String, spotLot: String, perpLot: String)] = [
        ("BTC", "60000", "0.1", "0.00001", "0.00001"), ("ETH", "3000", "0.01", "0.0001", "0.001"),
        ("JUP", "0.5", "0.0001", "1", "0.1"), ("SOL", "150", "0.01", "0.01", "0.01"),
        ("SUI", "3", "0.0001", "0.1", "1"),
    ]

    init(seed: UInt64, scripts count: Int, limits change: (inout RiskLimits) -> Void) {
        chance = Seeded(seed)
        pairs = Self.start.enumerated().map { Self.pair($0, $1) }
        mids = Self.start.map { price($0.mid).raw }
        bases = Self.start.map { _ in (0, 0) }
        var limits = RiskLimits()
        limits.inventory = Self.start.map {
            OwnCoins(
                asset: Asset($0.base),
                quantity: Quantity(raw: price("3000").raw / price($0.mid).raw * 100_000_000))
        }
        limits.indexDeviationMax = percent("5")
        change(&limits)
        engine = Engine(instruments: pairs.flatMap { [$0.spot, $0.perp] }, pairs: pairs, limits: limits)
        scripts = (0..<count).map { RandomStrategy($0, seed: seed) }
        for script in scripts { engine.add(script) }
        for block in 1...8 { engine.obey(.idBlock(UInt32(block)), now: now) }
        truth = [(.usdc, Money(20_000))]
        truth += limits.inventory.map { ($0.asset, Money(raw: Int128($0.quantity.raw) * 10_000)) }
        truth += pairs.map { (Asset($0.perp.symbol), .zero) }
        turn([.connection(.publicStream, .up), .connection(.privateStream, .up)])
        while !engine.account.isReady { step() }
        for place in pairs.indices { turn([.alive(.publicStream)] + books(place)) }
    }

    private static func pair(
        _ place: Int, _ row: (base: String, mid: String, tick: String, spotLot: String, perpLot: String)
    ) -> Pair {
        func instrument(_ id: Int, _ symbol: String, _ kind: InstrumentKind, _ lot: String) -> Instrument {
            Instrument(
                id: InstrumentID(id), symbol: symbol, kind: kind, base: Asset(row.base), quote: .usdc,
                tickSize: price(row.tick), lotSize: quantity(lot), minQuantity: quantity(lot),
                fundingInterval: kind == .perp ? .seconds(3600) : nil)
        }
        return Pair(
            id: PairID(place), spot: instrument(2 * place, "\(row.base)_USDC", .spot, row.spotLot),
            perp: instrument(2 * place + 1, "\(row.base)_USDC_PERP", .perp, row.perpLot))
    }

    /// One turn: what the venue has to say, and a new book of one pair.
    func step() {
        now = now + .milliseconds(chance.int(20...250))
        var events: [Event] = [.alive(.publicStream)] + answers() + executions()
        let place = Int(chance.int(0...Int64(pairs.count - 1)))
        events += books(place)
        if now >= nextMark {
            nextMark = now + .seconds(1)
            events += pairs.indices.map(mark)
        }
        turn(events + [.timer])
    }

    func obey(_ order: Engine.Instruction) { engine.obey(order, now: now) }

    private func turn(_ events: [Event]) {
        for script in scripts { script.newTurn() }
        engine.turn(events, now: now)
        waiting += engine.takeCommands()
        notes = engine.takeNotes()
    }

    // MARK: The market

    private func books(_ place: Int) -> [Event] {
        let pair = pairs[place]
        let start = price(Self.start[place].mid).raw
        // The mid stays within a percent of where it began.
        let drift = start / 20_000 * chance.int(-10...10)
        if abs(mids[place] + drift - start) <= start / 100 { mids[place] += drift }
        bases[place].left -= 1
        if bases[place].left < 0 {
            let basis = [-5, -5, -2, 0, 80, -80][Int(chance.int(0...5))] + chance.int(-10...10)
            bases[place] = (basis, chance.int(5...40))
        }
        let perp = mids[place] + mids[place] / 10_000 * bases[place].basis
        return [(pair.spot, mids[place]), (pair.perp, perp)].map { instrument, mid in
            sequence += 1
            let tick = instrument.tickSize.raw
            let bid = mid / tick * tick - tick * chance.int(0...1), ask = bid + tick * chance.int(1...2)
            func side(_ price: Int64) -> [Level] {
                let depth = Int128(chance.int(250...2500)) * 10_000_000_000_000_000 / Int128(price)
                let lots = Int64(depth) / instrument.lotSize.raw
                return [
                    Level(price: Price(raw: price), quantity: Quantity(raw: lots * instrument.lotSize.raw))
                ]
            }
            return .book(
                instrument.id, .snapshot(bids: side(bid), asks: side(ask), sequence: sequence))
        }
    }

    private func mark(_ place: Int) -> Event {
        let at = Price(raw: mids[place])
        return .mark(
            pairs[place].perp.id,
            MarkUpdate(
                mark: at, index: at, rate: rate("0.0000125"), nextFunding: now + .seconds(1800)))
    }

    // MARK: The venue

    /// Most requests of the turns before are answered now, some later.
    private func answers() -> [Event] {
        let asked = waiting
        waiting = []
        var events: [Event] = []
        for command in asked {
            guard chance.int(0...4) > 0 else {
                waiting.append(command)
                continue
            }
            switch command.request {
            case .submit(let order): events += place(order)
            case .submitBatch(let orders): for order in orders { events += place(order) }
            case .cancel(_, let id): events.append(.reply(command.id, cancel(id)))
            case .orderState(_, let id):
                let found = resting.first { $0.order.id == id }
                events.append(
                    .reply(command.id, found.map { .order(update($0.order, .new, $0.executed)) } ?? Self.gone)
                )
            default: events.append(.reply(command.id, read(command.request)))
            }
        }
        return events
    }

    private static let gone = Reply.refused(Refusal(status: 404, code: "RESOURCE_NOT_FOUND", message: ""))

    /// Orders that no venue would take.
    private(set) var impossible: [Order] = []

    private func place(_ order: Order) -> [Event] {
        if order.quantity < engine.instruments[order.instrument.index].minQuantity {
            impossible.append(order)
        }
        if order.timeInForce == .goodTillCancelled {
            resting.append((order, .zero))
            return [.order(update(order, .new, .zero))]
        }
        let lot = engine.instruments[order.instrument.index].lotSize
        let part = Quantity(raw: order.quantity.raw / 2).onLot(lot, .down)
        let done = [order.quantity, order.quantity, order.quantity, part, .zero][Int(chance.int(0...4))]
        var events: [Event] = []
        if done > .zero {
            let status: OrderStatus = done == order.quantity ? .filled : .partiallyFilled
            events.append(.order(update(order, status, done, fill(order, done))))
        }
        if done < order.quantity { events.append(.order(update(order, .expired, done))) }
        return events
    }

    /// Some of what rests is taken by others.
    private func executions() -> [Event] {
        var events: [Event] = []
        for place in resting.indices.reversed() where chance.int(0...9) == 0 {
            let (order, executed) = resting[place]
            let lot = engine.instruments[order.instrument.index].lotSize
            let left = order.quantity - executed
            let part = Quantity(raw: left.raw / 2).onLot(lot, .up)
            let done = chance.int(0...1) == 0 ? left : part
            resting[place].executed += done
            let isWhole = done == left
            let status: OrderStatus = isWhole ? .filled : .partiallyFilled
            events.append(.order(update(order, status, executed + done, fill(order, done))))
            if isWhole { resting.remove(at: place) }
        }
        return events
    }

    private func cancel(_ id: ClientOrderID) -> Reply {
        guard let place = resting.firstIndex(where: { $0.order.id == id }) else { return Self.gone }
        let (order, executed) = resting.remove(at: place)
        return .order(update(order, .cancelled, executed))
    }

    private func update(_ order: Order, _ status: OrderStatus, _ executed: Quantity, _ fill: Fill? = nil)
        -> OrderUpdate
    {
        OrderUpdate(
            change: fill != nil ? .fill : status == .new ? .accepted : .expired,
            instrument: order.instrument, venueOrderID: VenueOrderID("v\(order.id)"),
            clientOrderID: order.id, side: order.side, status: status, executed: executed,
            executedQuote: nil, quantity: order.quantity, price: order.price, fill: fill, reason: nil,
            origin: nil, venueTime: now)
    }

    /// Books the execution at the venue and tells of it. A spot buy pays its fee in base.
    private func fill(_ order: Order, _ size: Quantity) -> Fill {
        nextTrade += 1
        let instrument = engine.instruments[order.instrument.index]
        let takesBase = instrument.kind == .spot && order.side == .buy
        let notional = order.price * size
        let paid = notional.rounded(order.side == .buy ? .up : .down)
        let fee = takesBase ? Money(raw: Int128(size.raw) * 10) : Money(raw: paid.raw / 2000)
        let units = Asset(instrument.kind == .spot ? instrument.base.symbol : instrument.symbol)
        move(units, Money(raw: Int128(size.raw) * 10_000 * Int128(order.side.sign)))
        move(.usdc, order.side == .buy ? -paid : paid)
        move(takesBase ? instrument.base : .usdc, -fee)
        return Fill(
            instrument: order.instrument, side: order.side, price: order.price, quantity: size, fee: fee,
            feeAsset: takesBase ? instrument.base : .usdc, tradeID: nextTrade,
            venueOrderID: VenueOrderID("v\(order.id)"), clientOrderID: order.id,
            liquidity: order.postOnly ? .maker : .taker, venueTime: now)
    }

    private func move(_ asset: Asset, _ amount: Money) {
        truth[truth.firstIndex { $0.asset == asset }!].amount += amount
    }

    private func amount(_ asset: Asset) -> Money { truth.first { $0.asset == asset }!.amount }

    private func read(_ request: Request) -> Reply {
        switch request {
        case .account:
            .account(
                AccountFacts(fees: .base, leverageLimit: Money(10), autoLend: false, liquidating: false))
        case .capital:
            .balances(
                ([.usdc] + pairs.map(\.base)).map {
                    BalanceUpdate(asset: $0, available: amount($0), locked: .zero, staked: .zero)
                })
        case .positions:
            .positions(
                pairs.map {
                    let net = Quantity(raw: Int64(amount(Asset($0.perp.symbol)).raw / 10_000))
                    return PositionUpdate(
                        instrument: $0.perp.id, net: net, entryPrice: nil, realised: nil, unrealised: nil)
                })
        case .collateral:
            .collateral(
                CollateralFacts(
                    netEquity: Money(20_000), available: Money(20_000), locked: .zero, marginFraction: nil,
                    weights: pairs.map {
                        AssetWeight(asset: $0.base, weight: fraction("0.9"), lent: .zero)
                    }))
        case .fills: .fills([])
        case .openOrders: .orders(resting.map { update($0.order, .new, $0.executed) })
        case .markPrices: .marks([])
        case .fundingRates: .fundingRates([])
        case .fundingPayments: .fundingPayments([])
        case .interestPayments: .interestPayments([])
        case .outsideTransfers: .outsideTransfers([])
        default: .notSent("not asked for here")
        }
    }
}
