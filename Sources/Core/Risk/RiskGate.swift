/// What a script wishes to do, made exact: quantities and limit prices are final.
public struct Intent: Sendable {
    public let holding: Int
    public let pair: PairID
    public let direction: Direction
    public let style: Style
    /// Perp quantity and the spot quantity that goes with it.
    public let quantity: Quantity, spotQuantity: Quantity
    /// Limit or post prices of both legs.
    public let spotPrice: Price, perpPrice: Price
    public let resting: RestingPlan?
    public let opportunity: Opportunity
    /// An addition to what is held, or the rest of a post that ran out of time.
    public let isAddition: Bool

    /// A part of it, inside the same approval: smaller on both legs, at the same prices.
    func part(_ quantity: Quantity, spot: Quantity) -> Intent {
        precondition(quantity <= self.quantity, "a part is not larger than the whole")
        return Intent(
            holding: holding, pair: pair, direction: direction, style: style, quantity: quantity,
            spotQuantity: min(spot, spotQuantity), spotPrice: spotPrice, perpPrice: perpPrice,
            resting: resting, opportunity: opportunity, isAddition: isAddition)
    }
}

public enum Verdict: Sendable { case approved(Approved), denied(Denial) }

/// An intent inside every limit with its worst case reserved. Only `RiskGate` can make one.
public struct Approved: Sendable {
    public let intent: Intent
    public let reservation: Reservation
    let passage: Passage
    fileprivate init(_ intent: Intent, _ reservation: Reservation) {
        (self.intent, self.reservation, passage) = (intent, reservation, Passage())
    }

    /// A part of it, inside the same approval.
    func part(_ quantity: Quantity, spot: Quantity) -> Approved {
        Approved(intent.part(quantity, spot: spot), reservation)
    }
}

/// The gate's word for an order: only it can make one, and an order without is not made, whoever asks for it.
struct Passage: Sendable { fileprivate init() {} }

/// The gate's answer to an order that is to reduce risk.
enum ReducingVerdict { case approved(Passage), denied(Denial) }

/// The host's last word before an order: every limit that binds an entry, in one place. Fails closed.
public struct RiskGate: Sendable {
    public let limits: RiskLimits
    public init(_ limits: RiskLimits) { self.limits = limits }

    /// Reviews an intent that raises risk.
    public func review(_ intent: Intent, _ picture: RiskPicture) -> Verdict {
        let reservation = worstCase(intent, picture)
        let early =
            stateDenial(picture) ?? Self.denial(picture.account) ?? Self.denial(picture.market)
            ?? gridDenial(intent, picture) ?? collarDenial(intent, picture)
        let denial =
            early ?? exposureDenial(intent, reservation, picture) ?? lossDenial(reservation, picture)
            ?? rateDenial(intent, picture) ?? churnDenial(intent, picture)
            ?? moneyDenial(intent, reservation, picture) ?? venueDenial(intent, picture)
        if let denial { return .denied(denial) }
        return .approved(Approved(intent, reservation))
    }

    /// Reviews an order that is to reduce risk: it is checked for size and never denied for a bad book. It
    /// must bring its own leg toward zero, or the two legs together, and pass neither by more than a lot.
    static func reviewReducing(
        _ leg: Leg, _ side: Side, _ quantity: Quantity, coins: Quantity, contracts: Quantity,
        tolerance: Quantity
    ) -> ReducingVerdict {
        let signed = Quantity(raw: quantity.raw * side.sign)
        let own = leg == .spot ? coins : contracts
        let left = own + signed
        let closes =
            own.raw.signum() == -signed.raw.signum()
            && (left.raw.signum() != signed.raw.signum() || left.magnitude <= tolerance)
        let before = coins + contracts, after = before + signed
        let matches =
            after.magnitude <= before.magnitude
            && (after.raw.signum() * before.raw.signum() >= 0 || after.magnitude <= tolerance)
        if closes || matches { return .approved(Passage()) }
        return .denied(
            Denial(
                .wouldGrow, asked: "\(side.rawValue) \(quantity) on \(leg)",
                allowed: "coins \(coins), contracts \(contracts)"))
    }

    /// Limit price × quantity on both legs, fees, the weight lost on the coins, the initial margin. A weight
    /// that is not known loses everything, a margin that is not known asks for everything.
    func worstCase(_ intent: Intent, _ picture: RiskPicture) -> Reservation {
        let spot = (intent.spotPrice * intent.spotQuantity).roundedUp()
        let perp = (intent.perpPrice * intent.quantity).roundedUp()
        let spotFee = RiskGate.share(picture.fees.spotTaker, of: spot)
        let perpFee = RiskGate.share(picture.fees.perpTaker, of: perp)
        let quote = intent.direction == .carry ? spot + spotFee + perpFee : perpFee
        let kept = picture.weight?.raw ?? 0
        let lostWeight = RiskGate.fraction(Percent(raw: Percent.unit - kept), of: spot)
        let initial = picture.initialMargin ?? Percent(raw: Percent.unit)
        let margin = RiskGate.fraction(initial, of: perp) + lostWeight + spotFee + perpFee
        return Reservation(oneSided: max(spot, perp), gross: spot + perp, quote: quote, margin: margin)
    }

    private func stateDenial(_ picture: RiskPicture) -> Denial? {
        if picture.stopping || !picture.tradingState.allowsEntries {
            return Denial(
                .notActive, asked: "entry",
                allowed: picture.stopping ? "stopping" : picture.tradingState.rawValue)
        }
        if picture.unhedgedFor > limits.unhedgedTimeMax {
            return Denial(
                .unhedgedTime, asked: "\(picture.unhedgedFor.milliseconds) ms",
                allowed: "\(limits.unhedgedTimeMax.milliseconds) ms")
        }
        return nil
    }

    /// Binds on the losing side only: a sell above the market and a buy below it need no collar.
    private func collarDenial(_ intent: Intent, _ picture: RiskPicture) -> Denial? {
        let buysSpot = intent.direction == .carry
        for (price, mid, buys) in [
            (intent.spotPrice, picture.spotMid, buysSpot), (intent.perpPrice, picture.perpMid, !buysSpot),
        ] {
            guard let mid, let index = picture.index else {
                return Denial(.priceCollar, asked: "\(price)", allowed: "a known mid and index")
            }
            let indexCollar = Percent(raw: limits.priceCollar.raw * FixedLimits.indexCollarTimes)
            for (reference, collar) in [(mid, limits.priceCollar), (index, indexCollar)] {
                let bound = RiskGate.shifted(reference, by: buys ? collar : -collar)
                if buys ? price > bound : price < bound {
                    return Denial(.priceCollar, asked: "\(price)", allowed: "\(bound)")
                }
            }
        }
        return nil
    }

    private func exposureDenial(_ intent: Intent, _ new: Reservation, _ picture: RiskPicture) -> Denial? {
        let checks: [(Reason, Money?, Money, Money)] = [
            (.maxPositionSize, picture.heldInPair, new.oneSided, limits.positionSizeMax),
            (.totalExposure, picture.oneSided, new.oneSided, limits.totalExposureMax),
            (.grossExposure, picture.gross, new.gross, limits.grossExposureMax),
            (.budget, picture.ownOneSided, new.oneSided, picture.budget),
            (.unhedged, picture.unhedged, new.oneSided, limits.unhedgedMax),
        ]
        for (reason, there, added, allowed) in checks {
            guard let there else {
                return Denial(reason, asked: "exposure without a price", allowed: "\(allowed)")
            }
            if there + added > allowed {
                return Denial(reason, asked: "\(there + added)", allowed: "\(allowed)")
            }
        }
        return nil
    }

    /// An entry may not be what takes the day to its limit: half a percent of it is counted as lost
    /// beforehand.
    private func lossDenial(_ new: Reservation, _ picture: RiskPicture) -> Denial? {
        let margin = RiskGate.share(Percent(raw: 50_000_000), of: new.oneSided)
        guard let profit = picture.profitToday, let own = picture.ownProfitToday else {
            return Denial(.dailyLoss, asked: "a profit without a price", allowed: "\(limits.dailyLossMax)")
        }
        let loss = max(-profit, -own) + margin
        if loss >= limits.dailyLossMax {
            return Denial(.dailyLoss, asked: "\(loss)", allowed: "\(limits.dailyLossMax)")
        }
        let rates = picture.fees
        let round = Percent(raw: 2 * (rates.spotTaker.raw + rates.perpTaker.raw))
        let fees = picture.feesToday + RiskGate.share(round, of: new.oneSided)
        if fees > limits.feesPerDayMax {
            return Denial(.feesPerDay, asked: "\(fees)", allowed: "\(limits.feesPerDayMax)")
        }
        return nil
    }

    private func rateDenial(_ intent: Intent, _ picture: RiskPicture) -> Denial? {
        if picture.entriesToday + 1 > limits.tradesPerDayMax {
            return Denial(
                .tradesPerDay, asked: "\(picture.entriesToday + 1)", allowed: "\(limits.tradesPerDayMax)")
        }
        let orders = intent.resting?.rest == .both || intent.resting == nil ? 2 : 1
        if picture.sentLastSecond + orders > limits.ordersPerSecondMax {
            return Denial(
                .ordersPerSecond, asked: "\(picture.sentLastSecond + orders)",
                allowed: "\(limits.ordersPerSecondMax)")
        }
        return nil
    }

    private func moneyDenial(_ intent: Intent, _ new: Reservation, _ picture: RiskPicture) -> Denial? {
        guard let equity = picture.equity, let free = picture.freeQuote, let room = picture.netEquityAvailable
        else {
            return Denial(.noBalance, asked: "an entry", allowed: "a known balance")
        }
        if equity < limits.equityMin {
            return Denial(.equity, asked: "\(equity)", allowed: "\(limits.equityMin)")
        }
        if free < new.quote { return Denial(.noBalance, asked: "\(new.quote)", allowed: "\(free)") }
        guard picture.weight != nil, picture.initialMargin != nil else {
            return Denial(.margin, asked: "an entry", allowed: "a known weight and margin fraction")
        }
        if room < new.margin { return Denial(.margin, asked: "\(new.margin)", allowed: "\(room)") }
        if intent.direction == .reverse {
            guard let sellable = picture.sellable, sellable >= intent.spotQuantity else {
                return Denial(
                    .borrow, asked: "\(intent.spotQuantity)",
                    allowed: picture.sellable.map { "\($0)" } ?? "coins that are known")
            }
        }
        return runwayDenial(intent, left: free - new.quote, free: free, picture)
    }

    /// `percent` of an amount, rounded up: a cost.
    static func share(_ percent: Percent, of amount: Money) -> Money {
        Money(raw: quotient(amount.raw * Int128(percent.raw), by: 10_000_000_000, .up))
    }

    /// A fraction (1.0 is 100 000 000) of an amount, rounded up.
    static func fraction(_ part: Percent, of amount: Money) -> Money {
        Money(raw: quotient(amount.raw * Int128(part.raw), by: 100_000_000, .up))
    }

    /// A price moved by a percentage, rounded toward the price itself: a collar is never wider than named.
    static func shifted(_ price: Price, by percent: Percent) -> Price {
        let factor = Int128(10_000_000_000) + Int128(percent.raw)
        let raw = quotient(Int128(price.raw) * factor, by: 10_000_000_000, percent.raw >= 0 ? .down : .up)
        return Price(raw: Int64(raw))
    }

    /// A reducing order may leave the band of its ladder but never `HEDGE_COLLAR` from whatever price is
    /// known.
    /// - Returns: the price brought inside; `price` itself when no reference is known.
    public func collared(_ price: Price, _ side: Side, reference: Price?, tick: Price) -> Price {
        guard let reference else { return price }
        let collar = side == .buy ? limits.hedgeCollar : -limits.hedgeCollar
        let bound = RiskGate.shifted(reference, by: collar).onTick(tick, side == .buy ? .down : .up)
        return side == .buy ? min(price, bound) : max(price, bound)
    }
}
