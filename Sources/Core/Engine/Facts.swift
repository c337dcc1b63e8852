/// How an execution found its owner.
public enum Attribution: String, Sendable {
    /// By our client order id, or by the venue's id of an order of ours.
    case clientID = "client id", venueOrderID = "order id"
    /// A stranger's execution that took from a leg of ours.
    case taken
    /// Nobody's here: the house has it.
    case house
}

/// An execution as it was booked. One that is shared by several owners is told once for each, with its part.
public struct BookedFill: Sendable, Equatable {
    public let fill: Fill
    public let symbol: String
    /// The strategy's name, or `house`.
    public let owner: String
    /// The base of the market.
    public let pair: String
    public let leg: Leg
    /// Our order; `nil` when none of ours was executed.
    public let order: ClientOrderID?
    /// Why the venue made it, in its words; `nil` where it did not say.
    public let origin: String?
    public let attribution: Attribution
}

/// An order of ours as it stands.
public struct OrderStanding: Sendable, Equatable {
    public let order: Order
    public let symbol: String
    public let owner: String, pair: String
    public let leg: Leg
    public let purpose: OrderPurpose
    public let sentAt: Timestamp
    /// `nil` before the venue named it.
    public let venueOrderID: VenueOrderID?
    public let state: OrderState
    /// When its last word came; `nil` before.
    public let endedAt: Timestamp?
    /// Sum of the executions that were booked.
    public let executed: Quantity
    /// Why it was refused or expired, in the venue's words; `nil` where there is none.
    public let reason: String?
}

/// A strategy's share of a settlement: funding, or interest. Of interest the pair is the asset, and the
/// symbol says what it was paid for.
public struct Settlement: Sendable, Equatable {
    public let cause: PostingCause
    /// The strategy's name, or `house`.
    public let owner: String
    public let pair: String, symbol: String
    /// The end of the interval that was settled.
    public let intervalEnd: Timestamp
    /// Positive was received.
    public let amount: Money
    public let asset: Asset
}

/// One pair from the first fill of the entry to the last fill of the exit.
public struct Round: Sendable, Equatable {
    public let owner: String, pair: String
    public let direction: Direction
    public let style: Style
    /// Of the script that opened it.
    public let version: String
    public let opened: Timestamp, closed: Timestamp
    public let reason: String
    /// Entries that came to a hedged pair; zero when the only one was taken back.
    public let entries: Int
    /// As of the last entry; zero without one.
    public let entryGross: Percent
    /// What is left as dust is in it at mid.
    public let profit: ProfitAndLoss
    public let tally: RoundTally

    public var net: Money { profit.total }
    /// Whole seconds from the first fill to the last.
    public var seconds: Int64 { (closed - opened).microseconds / 1_000_000 }
}

/// What changed hands in a round, and how long it stood open on one side.
public struct RoundTally: Sendable, Equatable {
    /// One way of one leg.
    public struct Flow: Sendable, Equatable {
        /// Executed, before any fee.
        public fileprivate(set) var quantity = Quantity.zero
        public fileprivate(set) var notional = Notional.zero
        public init() {}
        public init(_ quantity: Quantity, _ notional: Notional) {
            (self.quantity, self.notional) = (quantity, notional)
        }
        /// The average, rounded to 10⁻⁸; `nil` when nothing changed hands.
        public var price: Price? {
            guard quantity > .zero else { return nil }
            return Price(
                raw: Int64(clamping: quotient(notional.raw, by: Int128(quantity.raw), .nearest)))
        }
    }

    public private(set) var spotBought = Flow(), spotSold = Flow()
    public private(set) var perpBought = Flow(), perpSold = Flow()
    /// How long the legs differed by a tradable quantity.
    public private(set) var unhedgedTime = TimeSpan.zero
    /// Notional times time of what was not hedged: 10⁻¹² USD × microseconds.
    public private(set) var unhedgedMoneyTime: Int128 = 0

    public init() {}
    /// As a checkpoint has it.
    public init(
        spotBought: Flow, spotSold: Flow, perpBought: Flow, perpSold: Flow, unhedgedTime: TimeSpan,
        unhedgedMoneyTime: Int128
    ) {
        (self.spotBought, self.spotSold) = (spotBought, spotSold)
        (self.perpBought, self.perpSold) = (perpBought, perpSold)
        (self.unhedgedTime, self.unhedgedMoneyTime) = (unhedgedTime, unhedgedMoneyTime)
    }

    /// - Parameter moved: signed, bought is positive.
    mutating func add(_ leg: Leg, _ moved: Quantity, at price: Price) {
        guard moved != .zero else { return }
        switch (leg, moved > .zero) {
        case (.spot, true): Self.add(&spotBought, moved, price)
        case (.spot, false): Self.add(&spotSold, -moved, price)
        case (.perp, true): Self.add(&perpBought, moved, price)
        case (.perp, false): Self.add(&perpSold, -moved, price)
        }
    }

    private static func add(_ flow: inout Flow, _ quantity: Quantity, _ price: Price) {
        flow.quantity += quantity
        flow.notional += price * quantity
    }

    mutating func stayUnhedged(_ moneyTime: Int128, for passed: TimeSpan) {
        unhedgedMoneyTime += moneyTime
        unhedgedTime = unhedgedTime + passed
    }
}

extension Round {
    /// What was taken on in a leg; what was given back is `left`.
    public func entered(_ leg: Leg) -> RoundTally.Flow {
        // A carry buys spot and sells perp.
        let bought = (leg == .spot) == (direction == .carry)
        return leg == .spot
            ? (bought ? tally.spotBought : tally.spotSold) : (bought ? tally.perpBought : tally.perpSold)
    }

    public func left(_ leg: Leg) -> RoundTally.Flow {
        let bought = (leg == .spot) != (direction == .carry)
        return leg == .spot
            ? (bought ? tally.spotBought : tally.spotSold) : (bought ? tally.perpBought : tally.perpSold)
    }
}

/// Facts are told where they arise, each in one call.
extension Engine {
    /// An execution of an order of ours.
    func tell(_ fill: Fill, _ origin: String?, by record: OrderRecord) {
        let isNamed = fill.clientOrderID == record.order.id
        tell(
            fill, origin, holdings[record.holding].owner, record.order.id,
            isNamed ? .clientID : .venueOrderID)
        // It came after the venue's last word on the order.
        if record.state.isOver, let place = orderPlaces[record.order.id] { tell(order: place) }
    }

    /// An execution that is not ours by name; `place` is the holding it took from.
    func tell(_ fill: Fill, _ origin: String?, takenFrom place: Int?) {
        tell(
            fill, origin, place.map { holdings[$0].owner } ?? Account.house, nil,
            place == nil ? .house : .taken)
    }

    private func tell(
        _ fill: Fill, _ origin: String?, _ owner: String, _ order: ClientOrderID?,
        _ attribution: Attribution
    ) {
        let instrument = instruments[fill.instrument.index]
        note(
            .filled(
                BookedFill(
                    fill: fill, symbol: instrument.symbol, owner: owner, pair: instrument.base.symbol,
                    leg: instrument.kind == .spot ? .spot : .perp, order: order, origin: origin,
                    attribution: attribution)))
    }

    /// An order of ours: when it is sent, when it is over, and when an execution comes after that.
    func tell(order place: Int) {
        let record = orders[place]
        let refusal = record.refusal.map { $0.message.isEmpty ? $0.code : "\($0.code): \($0.message)" }
        note(
            .order(
                OrderStanding(
                    order: record.order, symbol: instruments[record.order.instrument.index].symbol,
                    owner: holdings[record.holding].owner, pair: pair(of: record.holding).base.symbol,
                    leg: record.leg, purpose: record.purpose, sentAt: record.sentAt,
                    venueOrderID: record.venueOrderID, state: record.state, endedAt: record.overAt,
                    executed: record.filled, reason: refusal ?? record.expiryReason)))
    }

    func tell(_ payment: FundingPayment, _ part: Money, _ owner: String) {
        let instrument = instruments[payment.instrument.index]
        note(
            .settled(
                Settlement(
                    cause: .funding, owner: owner, pair: instrument.base.symbol, symbol: instrument.symbol,
                    intervalEnd: payment.intervalEnd, amount: part, asset: .usdc)))
    }

    func tell(_ payment: InterestPayment, _ part: Money, _ owner: String) {
        note(
            .settled(
                Settlement(
                    cause: .interest, owner: owner, pair: payment.asset.symbol, symbol: payment.symbol,
                    intervalEnd: payment.at, amount: part, asset: payment.asset)))
    }

    /// Everything this turn posted.
    func tellPostings() {
        guard !ledger.fresh.isEmpty else { return }
        note(.posted(ledger.takeFresh()))
    }

    func round(_ holding: Holding, _ reason: String, _ profit: ProfitAndLoss) -> Round {
        Round(
            owner: holding.owner, pair: pairs[holding.pair.index].base.symbol,
            direction: holding.direction, style: holding.style, version: holding.version,
            opened: holding.openedAt ?? now, closed: now, reason: reason, entries: holding.entriesMade,
            entryGross: holding.entriesMade > 0 ? holding.entryGross : .zero, profit: profit,
            tally: holding.tally)
    }
}

extension FundingPayment {
    /// Names the settlement of a market; shares of it have the same name and different owners.
    func reference(_ symbol: String) -> String { "\(symbol)/\(intervalEnd.milliseconds)" }
}
