import Core

/// An engine with one pair, a venue that answers by hand, and a strategy that does as it is told; more of
/// them where they meet.
final class EngineBench {
    let engine: Engine
    let script: PuppetStrategy
    let pair: Pair
    private(set) var now: Timestamp
    /// Everything asked for and not yet answered by the test.
    private(set) var commands: [Command] = []
    private(set) var notes: [Note] = []
    /// How often a test looked at the pair, so that no two looks find the same books.
    var looks = 0
    /// The last request with two orders, also when both were taken off the list.
    private(set) var lastBatch = RequestID(raw: 0)
    /// Deposits and withdrawals that the venue lists.
    var outside: [OutsideTransfer] = []
    private var sequence: Int64 = 1
    private var nextTrade: Int64 = 1
    private var lastMark: (update: MarkUpdate, at: Timestamp)?
    static let start = Timestamp(milliseconds: 1_790_000_100_000)

    /// - Parameter isReady: the account is read and the books stand at a gross of 0.66 %.
    init(
        limits: RiskLimits = RiskLimits(), pair: Pair = solPair(), script: PuppetStrategy = PuppetStrategy(),
        coins: String = "0", blocks: UInt32 = 1, isReady: Bool = true, others: [PuppetStrategy] = [],
        usdc: String = "1000", resumes checkpoint: Checkpoint? = nil, later: TimeSpan = .seconds(1),
        isGuardian: Bool = false, beside more: [Instrument] = []
    ) {
        (self.pair, self.script, now) = (pair, script, (checkpoint?.at ?? Self.start) + later)
        if checkpoint == nil { now = Self.start }
        engine = Engine(instruments: [pair.spot, pair.perp] + more, pairs: [pair], limits: limits)
        for script in [script] + others { engine.add(script) }
        if isGuardian { engine.standsIn() }
        engine.standBy()
        if let checkpoint { _ = engine.restore(checkpoint) }
        let used = checkpoint?.lastBlock ?? 0
        for block in 0..<blocks { engine.obey(.idBlock(used + block + 1), now: now) }
        turn([.connection(.publicStream, .up), .connection(.privateStream, .up)])
        guard isReady else { return }
        answerAccount(usdc: usdc, coins: coins)
        quote()
        mark()
    }

    /// The process is killed now; a second later another one goes on from what it recorded.
    func killed(
        _ script: PuppetStrategy = PuppetStrategy(), later: TimeSpan = .seconds(1)
    ) -> EngineBench {
        EngineBench(
            limits: engine.limits, pair: pair, script: script, isReady: false, resumes: engine.checkpoint(),
            later: later)
    }

    var spot: InstrumentID { pair.spot.id }
    var perp: InstrumentID { pair.perp.id }
    var holding: Holding { engine.holdings[0] }
    func holding(_ owner: String) -> Holding { engine.holdings.first { $0.owner == owner }! }
    /// Orders sent and not yet answered, oldest first.
    var orders: [Order] {
        commands.flatMap { command -> [Order] in
            switch command.request {
            case .submit(let order): [order]
            case .submitBatch(let orders): orders
            default: []
            }
        }
    }
    var cancels: [ClientOrderID] {
        commands.compactMap { if case .cancel(_, let id) = $0.request { id } else { nil } }
    }
    var alerts: [String] { notes.compactMap { if case .alert(let text) = $0 { text } else { nil } } }

    func turn(_ events: [Event]) {
        engine.turn(events, now: now)
        let asked = engine.takeCommands()
        for command in asked { if case .submitBatch = command.request { lastBatch = command.id } }
        commands += asked
        notes += engine.takeNotes()
    }

    /// Time goes by in timer turns; every frame of the public stream keeps coming.
    func pass(_ milliseconds: Int64, step: Int64 = 50) {
        var left = milliseconds
        while left > 0 {
            now = now + .milliseconds(min(step, left))
            left -= step
            if let lastMark, now - lastMark.at >= .seconds(1) {
                self.lastMark = (lastMark.update, now)
                turn([.mark(perp, lastMark.update)])
            }
            turn([.alive(.publicStream), .timer])
        }
    }

    func obey(_ order: Engine.Instruction) {
        engine.obey(order, now: now)
        turn([.timer])
    }

    // MARK: The market

    func quote(
        spot spotTouch: (String, String) = ("149.99", "150.01"),
        perp perpTouch: (String, String) = ("151.00", "151.02"), quantity size: String = "500"
    ) {
        for (id, touch) in [(spot, spotTouch), (perp, perpTouch)] {
            sequence += 1
            let (bids, asks) = (levels([(touch.0, size)]), levels([(touch.1, size)]))
            turn([
                .alive(.publicStream),
                .book(id, .snapshot(bids: bids, asks: asks, sequence: sequence)),
            ])
        }
    }

    func mark(_ markPrice: String = "150.50", index: String = "150.40", next seconds: Int64 = 1800) {
        say(
            MarkUpdate(
                mark: price(markPrice), index: price(index), rate: rate("0.0000125"),
                nextFunding: now + .seconds(seconds)))
    }

    /// A mark with a funding rate, the next settlement counted from the start of the bench.
    func fund(rate text: String, next seconds: Int64) {
        say(
            MarkUpdate(
                mark: price("150.30"), index: price("150.20"), rate: rate(text),
                nextFunding: Self.start + .seconds(seconds)))
    }

    /// The mark stream says nothing more.
    func silenceMarks() { lastMark = nil }

    /// Like the venue's stream: said again each second.
    private func say(_ update: MarkUpdate) {
        lastMark = (update, now)
        turn([.mark(perp, update)])
    }

    // MARK: The venue

    /// Answers everything that is asked at the start.
    func answerAccount(
        usdc: String = "1000", coins: String = "0", contracts: String? = nil, fills: [Fill] = [],
        orders: [OrderUpdate] = []
    ) {
        answer { request in
            switch request {
            case .account:
                .account(
                    AccountFacts(fees: .base, leverageLimit: Money(10), autoLend: false, liquidating: false))
            case .openOrders: .orders(orders)
            case .fills: .fills(fills)
            case .capital:
                .balances([
                    BalanceUpdate(asset: .usdc, available: money(usdc), locked: .zero, staked: .zero),
                    BalanceUpdate(asset: Asset("SOL"), available: money(coins), locked: .zero, staked: .zero),
                ])
            case .positions:
                .positions(
                    contracts.map {
                        [
                            PositionUpdate(
                                instrument: perp, net: quantity($0), entryPrice: price("151"),
                                realised: .zero,
                                unrealised: .zero, mark: money("151"))
                        ]
                    } ?? [])
            case .collateral:
                .collateral(
                    CollateralFacts(
                        netEquity: money(usdc), available: money(usdc), locked: .zero, marginFraction: nil,
                        weights: [AssetWeight(asset: Asset("SOL"), weight: fraction("0.9"), lent: .zero)]))
            case .markPrices: .marks([])
            case .fundingRates: .fundingRates([])
            case .fundingPayments: .fundingPayments([])
            case .interestPayments: .interestPayments([])
            case .outsideTransfers(let kind, _, _):
                .outsideTransfers(outside.filter { $0.kind == kind })
            default: nil
            }
        }
    }

    /// Answers as a venue that has what the ledger says, and what else is given.
    func answerAsRecorded(
        coins: String? = nil, contracts: String? = nil, fills: [Fill] = [], orders: [OrderUpdate] = [],
        deposit: String = "0"
    ) {
        // The history first: what it brings belongs to the balances.
        answer { if case .fills = $0 { .fills(fills) } else { nil } }
        let ledger = engine.ledger
        let net = contracts.map { quantity($0) } ?? engine.holdings.reduce(.zero) { $0 + $1.perp }
        let worth = Money(raw: Int128(net.raw) * 151 * 10_000)
        let quote = ledger.venueBalance(.usdc) + worth + money(deposit)
        answerAccount(
            usdc: quote.description, coins: coins ?? ledger.venueBalance(Asset("SOL")).description,
            contracts: net == .zero ? nil : net.description, fills: fills, orders: orders)
    }

    /// Time passes until every order in doubt has been asked for: none rests, and the history is this.
    func resolveInDoubt(fills: [Fill] = []) {
        for _ in 0..<8 where orders.isEmpty {
            pass(500)
            answer { request in
                switch request {
                case .orderState: .refused(Refusal(status: 404, code: "RESOURCE_NOT_FOUND", message: ""))
                case .fills: .fills(fills)
                default: nil
                }
            }
        }
        if orders.isEmpty { pass(100) }
    }

    /// An order that rests on the spot market under this name.
    func resting(_ id: ClientOrderID?) -> OrderUpdate {
        OrderUpdate(
            change: .accepted, instrument: spot, venueOrderID: VenueOrderID("found"), clientOrderID: id,
            side: .buy, status: .new, executed: .zero, executedQuote: nil, quantity: quantity("1"),
            price: price("140"), fill: nil, reason: nil, origin: nil, venueTime: now)
    }

    /// Answers every waiting request for which `reply` has one; the others stay.
    func answer(_ reply: (Request) -> Reply?) {
        let waiting = commands
        commands = []
        var left: [Command] = []
        for command in waiting {
            if let reply = reply(command.request) {
                turn([.reply(command.id, reply)])
            } else {
                left.append(command)
            }
        }
        commands = left + commands
    }

    /// What the venue says of an order of ours.
    func update(
        _ order: Order, _ status: OrderStatus, executed: String = "0", fill: Fill? = nil
    ) -> OrderUpdate {
        OrderUpdate(
            change: fill != nil ? .fill : status == .new ? .accepted : .expired,
            instrument: order.instrument, venueOrderID: VenueOrderID("v\(order.id)"),
            clientOrderID: order.id, side: order.side, status: status, executed: quantity(executed),
            executedQuote: nil, quantity: order.quantity, price: order.price, fill: fill, reason: nil,
            origin: nil, venueTime: now)
    }

    func fill(_ order: Order, _ size: Quantity) -> Fill {
        nextTrade += 1
        let isSpotBuy = order.instrument == spot && order.side == .buy
        let fee =
            isSpotBuy
            ? Money(raw: Int128(size.raw) * 10) : (order.price * size).roundedUp()
        return Fill(
            instrument: order.instrument, side: order.side, price: order.price, quantity: size,
            fee: isSpotBuy ? fee : Money(raw: fee.raw / 1000), feeAsset: isSpotBuy ? Asset("SOL") : .usdc,
            tradeID: nextTrade, venueOrderID: VenueOrderID("v\(order.id)"), clientOrderID: order.id,
            liquidity: order.postOnly ? .maker : .taker, venueTime: now)
    }

    /// Takes an order off the list of those that wait for an answer.
    @discardableResult
    func take(_ instrument: InstrumentID) -> Order? {
        for (place, command) in commands.enumerated() {
            switch command.request {
            case .submit(let order) where order.instrument == instrument:
                commands.remove(at: place)
                return order
            case .submitBatch(let batch):
                guard let order = batch.first(where: { $0.instrument == instrument }) else { continue }
                let rest = batch.filter { $0 != order }
                commands[place] = Command(
                    id: command.id, request: rest.count == 1 ? .submit(rest[0]) : .submitBatch(rest))
                return order
            default: continue
            }
        }
        return nil
    }

    /// The private stream tells of a whole or partial execution, and of the order's end.
    func execute(_ order: Order, _ size: String? = nil, ends: Bool = true) {
        let done = size.map { quantity($0) } ?? order.quantity
        let isWhole = done == order.quantity
        var events: [Event] = []
        if done > .zero {
            let status: OrderStatus = isWhole ? .filled : .partiallyFilled
            events.append(
                .order(update(order, status, executed: done.description, fill: fill(order, done))))
        }
        if ends, !isWhole {
            events.append(.order(update(order, .expired, executed: done.description)))
        }
        for event in events { turn([event]) }
    }

    /// Executes everything that was sent, and what that brings about.
    func executeAll() {
        while let order = orders.first {
            take(order.instrument)
            execute(order)
        }
    }

    /// Opens a whole pair by takers: 0.99 at a notional of 150.
    func openPair() {
        script.wishes = 150
        quote(quantity: "501")
        pass(1100)
        executeAll()
        script.wishes = nil
    }

    /// Has one leg resting at the venue.
    func rest(_ leg: RestingLeg, answered: Bool = true) throws -> Order {
        script.wishes = 150
        script.plan = RestingPlan(rest: leg, timeout: .seconds(60), fallback: .cancel)
        quote(quantity: "501")
        let order = orders[0]
        if answered {
            take(order.instrument)
            turn([.order(update(order, .new))])
        }
        script.wishes = nil
        return order
    }

    /// An execution in the account that no order of ours made.
    func stranger(
        _ instrument: InstrumentID, _ side: Side, _ at: String, _ size: String,
        origin: String? = "LIQUIDATION_AUTOCLOSE"
    ) {
        nextTrade += 1
        let fill = Fill(
            instrument: instrument, side: side, price: price(at), quantity: quantity(size), fee: money("0.1"),
            feeAsset: .usdc, tradeID: nextTrade, venueOrderID: VenueOrderID("stranger\(nextTrade)"),
            clientOrderID: nil, liquidity: .taker, venueTime: now + .milliseconds(1))
        turn([
            .order(
                OrderUpdate(
                    change: .fill, instrument: instrument, venueOrderID: fill.venueOrderID,
                    clientOrderID: nil, side: side, status: .filled, executed: fill.quantity,
                    executedQuote: nil, quantity: fill.quantity, price: fill.price, fill: fill, reason: nil,
                    origin: origin, venueTime: fill.venueTime))
        ])
    }
}

/// Wishes what the test wants.
final class PuppetStrategy: Strategy {
    var contract: StrategyContract
    /// USD to ask for in `score`; `nil` passes.
    var wishes: Double?
    var plan: RestingPlan?
    var leaves: ExitAnswer = .hold
    /// What `score` fails with.
    var breaks: StrategyFault?
    /// Called at each `score`.
    var heard: () -> Void = {}
    var looks: (MarketView) -> Void = { _ in }
    private(set) var scores = 0, exits = 0

    init(_ name: String = "puppet", _ change: (inout StrategyContract) -> Void = { _ in }) {
        var contract = StrategyContract(name: name, version: "0")
        (contract.hasChoose, contract.hasExit) = (true, true)
        change(&contract)
        self.contract = contract
    }

    func score(_ o: MarketView) -> ScoreAnswer {
        scores += 1
        heard()
        looks(o)
        if let breaks { return .fault(breaks) }
        return wishes.map { .wish(confidence: 0.9, usd: $0) } ?? .pass(nil)
    }
    func choose(_ o: MarketView) -> ChoiceAnswer { plan.map { .maker($0) } ?? .taker }
    func exit(_ position: PositionView, _ o: MarketView) -> ExitAnswer {
        exits += 1
        return leaves
    }
}
