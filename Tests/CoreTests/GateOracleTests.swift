import Testing

@testable import Core

/// Every control of the gate said a second time, as plainly as possible and all at once: which of them an
/// entry breaks. The gate says the first one it meets; here nothing depends on an order.
private struct Oracle {
    let intent: Intent, picture: RiskPicture, limits: RiskLimits

    private var carry: Bool { intent.direction == .carry }
    private func up(_ price: Price, _ size: Quantity) -> Int128 {
        (Int128(price.raw) * Int128(size.raw) + 9_999) / 10_000
    }
    private func ceil(_ value: Int128, _ divisor: Int128) -> Int128 {
        value >= 0 ? (value + divisor - 1) / divisor : -(-value / divisor)
    }
    private var spot: Int128 { up(intent.spotPrice, intent.spotQuantity) }
    private var perp: Int128 { up(intent.perpPrice, intent.quantity) }
    private var larger: Int128 { max(spot, perp) }
    private func fee(_ rate: Percent, _ of: Int128) -> Int128 { ceil(of * Int128(rate.raw), 10_000_000_000) }
    private var quote: Int128 {
        let perpFee = fee(picture.fees.perpTaker, perp)
        return carry ? spot + fee(picture.fees.spotTaker, spot) + perpFee : perpFee
    }

    /// By reason: whether the entry breaks it.
    var broken: [Reason] {
        var all: [(Reason, Bool)] = [
            (.notActive, picture.stopping || picture.tradingState != .active),
            (.unhedgedTime, picture.unhedgedFor > limits.unhedgedTimeMax),
            (.dailyLoss, breaksDay), (.feesPerDay, breaksFees),
            (.tradesPerDay, picture.entriesToday >= limits.tradesPerDayMax),
            (.ordersPerSecond, picture.sentLastSecond + orders > limits.ordersPerSecondMax),
            (.equity, picture.equity.map { $0 < limits.equityMin } ?? false),
            (.priceCollar, breaksCollar), (.margin, breaksMargin), (.borrow, breaksBorrow),
            (.noBalance, breaksBalance),
        ]
        all += exposures + market + account + churn + venue + cash
        return all.filter(\.1).map(\.0)
    }

    private var orders: Int { intent.resting == nil || intent.resting?.rest == .both ? 2 : 1 }

    private var exposures: [(Reason, Bool)] {
        func over(_ there: Money?, _ new: Int128, _ most: Money) -> Bool {
            there.map { $0.raw + new > most.raw } ?? true
        }
        return [
            (.maxPositionSize, over(picture.heldInPair, larger, limits.positionSizeMax)),
            (.totalExposure, over(picture.oneSided, larger, limits.totalExposureMax)),
            (.grossExposure, over(picture.gross, spot + perp, limits.grossExposureMax)),
            (.budget, over(picture.ownOneSided, larger, picture.budget)),
            (.unhedged, over(picture.unhedged, larger, limits.unhedgedMax)),
        ]
    }

    private var breaksDay: Bool {
        guard let all = picture.profitToday, let own = picture.ownProfitToday else { return true }
        return -min(all.raw, own.raw) + (larger + 199) / 200 >= limits.dailyLossMax.raw
    }
    private var breaksFees: Bool {
        let round = Percent(raw: 2 * (picture.fees.spotTaker.raw + picture.fees.perpTaker.raw))
        return picture.feesToday.raw + fee(round, larger) > limits.feesPerDayMax.raw
    }

    private var breaksCollar: Bool {
        guard let index = picture.index, let spotMid = picture.spotMid, let perpMid = picture.perpMid else {
            return true
        }
        func beyond(_ price: Price, _ reference: Price, _ percent: Percent, buys: Bool) -> Bool {
            let whole = Int128(10_000_000_000), part = Int128(percent.raw)
            let bound = Int128(reference.raw) * (buys ? whole + part : whole - part)
            return buys ? Int128(price.raw) * whole > bound : Int128(price.raw) * whole < bound
        }
        let twice = Percent(raw: 2 * limits.priceCollar.raw)
        return [(intent.spotPrice, spotMid, carry), (intent.perpPrice, perpMid, !carry)].contains {
            beyond($0.0, $0.1, limits.priceCollar, buys: $0.2) || beyond($0.0, index, twice, buys: $0.2)
        }
    }

    private var breaksBalance: Bool {
        guard picture.equity != nil, picture.netEquityAvailable != nil, let free = picture.freeQuote else {
            return true
        }
        return free.raw < quote
    }
    private var breaksMargin: Bool {
        guard let weight = picture.weight, let initial = picture.initialMargin,
            let room = picture.netEquityAvailable
        else { return true }
        let fees = fee(picture.fees.spotTaker, spot) + fee(picture.fees.perpTaker, perp)
        let lost = ceil(spot * Int128(100_000_000 - weight.raw), 100_000_000)
        return room.raw < fees + lost + ceil(perp * Int128(initial.raw), 100_000_000)
    }
    private var breaksBorrow: Bool {
        !carry && (picture.sellable.map { $0 < intent.spotQuantity } ?? true)
    }

    private var market: [(Reason, Bool)] {
        let it = picture.market
        let off: Bool =
            switch it.stablecoin {
            case .notListed: false
            case .unknown: true
            case .mid(let mid): mid.raw < 99_500_000 || mid.raw > 100_500_000
            }
        let wide = [it.spotWidth, it.perpWidth].contains { $0.map { $0.raw > 50_000_000 } ?? true }
        let stuck = it.lendsFreely == true && (it.utilisation.map { $0.raw >= 95_000_000 } ?? true)
        return [
            (.marketState, it.spotState != .open || it.perpState != .open), (.bookWidth, wide),
            (.spreadSanity, it.midSpread.map { abs($0.raw) > 200_000_000 } ?? true), (.stablecoin, off),
            (.utilisation, it.lendsFreely == nil || stuck),
        ]
    }

    private var account: [(Reason, Bool)] {
        [
            (.staleAccount, picture.account.missedReads.map { $0 > 2 } ?? true),
            (.liquidating, picture.account.isLiquidating != false),
            (.venuePause, picture.account.pause > .zero), (.hedgeRetries, picture.account.hedgeRetries >= 5),
        ]
    }

    private var churn: [(Reason, Bool)] {
        let again = picture.lastEntry.map {
            $0.direction == intent.direction && $0.quantity == intent.quantity
                && (picture.now - $0.at).microseconds < 1_000_000
        }
        let posts = intent.resting == nil ? 0 : orders
        let takes = [picture.ownTakes, picture.takes].contains { $0.orders + 2 > 100 * max(1, $0.fills) }
        return [
            (.repetition, again ?? false),
            (
                .postsPerMinute,
                posts > 0
                    && (picture.ownPostsLastMinute + posts > 60 || picture.postsLastMinute + posts > 300)
            ), (.entriesPerFill, posts == 0 && takes),
            (.requestBudget, picture.requestsLastMinute + 4 > 1600),
        ]
    }

    private var venue: [(Reason, Bool)] {
        let legs = [
            (picture.spot, intent.spotQuantity, intent.spotPrice),
            (picture.perp, intent.quantity, intent.perpPrice),
        ]
        let gridless = legs.contains { leg in
            leg.0.map { leg.1.raw % $0.lotSize.raw != 0 || leg.2.raw % $0.tickSize.raw != 0 } ?? true
        }
        let least = legs.contains { leg in leg.0.map { leg.1 < $0.minQuantity || leg.1.raw <= 0 } ?? false }
        let most = legs.contains { leg in leg.0?.bounds.quantityMax.map { leg.1 > $0 } ?? false }
        return [
            (.offGrid, gridless), (.belowMinimum, least || leavesDust), (.aboveMaximum, most),
            (.positionLimit, breaksPositions), (.openInterest, breaksInterest),
        ]
    }
    private var leavesDust: Bool {
        guard let spot = picture.spot, carry, !intent.isAddition else { return false }
        let fee = ceil(
            Int128(intent.spotQuantity.raw) * 10_000 * Int128(picture.fees.spotTaker.raw), 10_000_000_000)
        let coins = Int64((Int128(intent.spotQuantity.raw) * 10_000 - fee) / 10_000)
        let sells = coins / spot.lotSize.raw * spot.lotSize.raw
        return sells < spot.minQuantity.raw || sells <= 0
    }
    private var breaksPositions: Bool {
        guard let most = picture.positionMax, let bounds = picture.perp?.bounds else { return false }
        let weight = Int128(bounds.positionWeight?.raw ?? 100_000_000)
        return picture.positions.map { $0.raw + ceil(perp * weight, 100_000_000) > most.raw } ?? true
    }
    private var breaksInterest: Bool {
        guard let most = picture.perp?.bounds.openInterestMax else { return false }
        return picture.openInterest.map { $0 + intent.quantity > most } ?? true
    }

    private var cash: [(Reason, Bool)] {
        guard let shorts = picture.shorts?.raw else { return [(.runway, true)] }
        guard let free = picture.freeQuote?.raw else { return [] }
        func short(_ left: Int128, _ part: Int128, _ of: Int128) -> Bool { left * 10_000_000_000 < part * of }
        var all: [(Reason, Bool)] = [(.lowRunway, short(free, 1_000_000_000, shorts))]
        guard carry else { return all }
        let after = shorts + perp, left = free - quote
        all += [
            (.runway, short(left, Int128(limits.runwayMin.raw), after)),
            (.sellsForDebts, picture.borrowsToSettle != true && short(left, 5_000_000_000, after)),
        ]
        guard let coins = picture.coinsAsCollateral?.raw, let weight = picture.weight,
            let maintenance = picture.maintenanceMargin
        else { return all + [(.liquidationRise, true)] }
        // At a rise of a fifth equity must still be what maintenance asks: each part of the rise counts in
        // full.
        let bought = Int128(intent.spotPrice.raw) * Int128(intent.spotQuantity.raw) / 10_000
        let worth = coins + bought * Int128(weight.raw) / 100_000_000
        let one = Int128(100_000_000), rise = one + 20_000_000
        let equity = left * one * one + worth * rise * one - after * (rise - one) * one
        let loses = after * (one + Int128(maintenance.raw)) - worth * one > 0
        return all + [(.liquidationRise, loses && equity < after * rise * Int128(maintenance.raw))]
    }
}

/// Pictures that mostly pass, with one to three figures pushed to an edge, a unit past it, or away.
private struct Pusher {
    var chance: Seeded
    var limits = RiskLimits()

    mutating func chance(_ of: Int64) -> Bool { chance.int(1...of) == 1 }
    /// The edge, a unit to either side of it, or a few hundredths more.
    mutating func near(_ edge: Int128) -> Int128 {
        edge + Int128(chance.int(-1...1)) + (chance(4) ? Int128(chance.int(-5...5)) * 10_000_000_000 : 0)
    }
    mutating func money(_ edge: Money) -> Money? { chance(12) ? nil : Money(raw: near(edge.raw)) }

    mutating func intent() -> Intent {
        let size = Quantity(raw: chance.int(1...120) * 1_000_000)
        let rest: RestingPlan? =
            chance(3) ? RestingPlan(rest: [.spot, .perp, .both][Int(chance.int(0...2))]) : nil
        let direction: Direction = chance(3) ? .reverse : .carry
        func price(_ chance: inout Seeded) -> Price {
            Price(raw: 15_000_000_000 + chance.int(-80...80) * 1_000_000)
        }
        return Intent(
            holding: 0, pair: PairID(0), direction: direction, style: .taker, quantity: size,
            spotQuantity: chance(5) ? Quantity(raw: size.raw + chance.int(-1...1) * 1_000_000) : size,
            spotPrice: price(&chance), perpPrice: price(&chance), resting: rest,
            opportunity: B1.opportunity(direction), isAddition: chance(4))
    }

    mutating func picture(for intent: Intent) -> RiskPicture {
        var picture = RiskPicture.calm()
        picture.lastEntry = PastEntry(
            at: picture.now, direction: intent.direction, quantity: intent.quantity + Quantity(raw: 1))
        for _ in 0..<chance.int(0...3) { push(&picture, intent) }
        return picture
    }

    private mutating func push(_ picture: inout RiskPicture, _ intent: Intent) {
        let worst = RiskGate(limits).worstCase(intent, picture)
        switch chance.int(0...9) {
        case 0: pushExposure(&picture, worst)
        case 1: pushDay(&picture, worst)
        case 2: pushMoney(&picture, intent, worst)
        case 3: pushMarket(&picture)
        case 4: pushAccount(&picture)
        case 5: pushChurn(&picture, intent)
        case 6: pushVenue(&picture, intent)
        case 7: pushCash(&picture, intent, worst)
        case 8:
            picture.tradingState = [.active, .hold, .reduceOnly, .halted][Int(chance.int(0...3))]
            picture.stopping = chance(4)
        default:
            picture.spotMid = chance(6) ? nil : Price(raw: 15_000_000_000 + chance.int(-9...9) * 10_000_000)
            picture.index = chance(6) ? nil : Price(raw: 15_000_000_000 + chance.int(-9...9) * 20_000_000)
        }
    }

    private mutating func pushExposure(_ picture: inout RiskPicture, _ new: Reservation) {
        picture.heldInPair = money(limits.positionSizeMax - new.oneSided)
        picture.oneSided = money(limits.totalExposureMax - new.oneSided)
        picture.gross = money(limits.grossExposureMax - new.gross)
        picture.ownOneSided = money(picture.budget - new.oneSided)
        picture.unhedged = money(limits.unhedgedMax - new.oneSided)
        picture.unhedgedFor = TimeSpan(microseconds: 5_000_000 + chance.int(-1...1))
    }

    private mutating func pushDay(_ picture: inout RiskPicture, _ new: Reservation) {
        let edge = Money(raw: (new.oneSided.raw + 199) / 200) - limits.dailyLossMax
        picture.profitToday = money(edge)
        picture.ownProfitToday = money(edge)
        let round = RiskGate.share(percent("0.30"), of: new.oneSided)
        picture.feesToday = Money(raw: near((limits.feesPerDayMax - round).raw))
        (picture.entriesToday, picture.sentLastSecond) = (
            Int(chance.int(18...20)), Int(chance.int(7...10))
        )
    }

    private mutating func pushMoney(_ picture: inout RiskPicture, _ intent: Intent, _ new: Reservation) {
        picture.equity = money(limits.equityMin)
        picture.freeQuote = money(new.quote)
        picture.netEquityAvailable = money(new.margin)
        picture.sellable = chance(9) ? nil : intent.spotQuantity + Quantity(raw: chance.int(-1...1))
        if chance(9) { picture.weight = nil }
        if chance(9) { picture.initialMargin = nil }
    }

    private mutating func pushMarket(_ picture: inout RiskPicture) {
        let states: [BookState?] = [.open, .open, .open, .postOnly, .closed, nil]
        picture.market.spotState = states[Int(chance.int(0...5))]
        picture.market.perpState = states[Int(chance.int(0...5))]
        picture.market.spotWidth = chance(9) ? nil : Percent(raw: Int64(near(50_000_000)))
        picture.market.perpWidth = chance(9) ? nil : Percent(raw: Int64(near(50_000_000)))
        let sign: Int64 = chance(2) ? 1 : -1
        picture.market.midSpread = chance(9) ? nil : Percent(raw: sign * Int64(near(200_000_000)))
        let pars = [99_499_999, 99_500_000, 100_500_000, 100_500_001] as [Int64]
        picture.market.stablecoin =
            chance(9) ? .unknown : chance(3) ? .notListed : .mid(Price(raw: pars[Int(chance.int(0...3))]))
        picture.market.lendsFreely = chance(9) ? nil : chance(2)
        picture.market.utilisation = chance(9) ? nil : Percent(raw: 95_000_000 + chance.int(-1...1))
    }

    private mutating func pushAccount(_ picture: inout RiskPicture) {
        picture.account.missedReads = chance(9) ? nil : Int(chance.int(0...4))
        picture.account.isLiquidating = chance(9) ? nil : chance(9)
        picture.account.pause = TimeSpan(microseconds: chance.int(-1...1))
        picture.account.hedgeRetries = Int(chance.int(3...6))
    }

    private mutating func pushChurn(_ picture: inout RiskPicture, _ intent: Intent) {
        picture.now = Timestamp(microseconds: 5_000_000 + chance.int(-1...1))
        picture.lastEntry = PastEntry(
            at: Timestamp(microseconds: 4_000_000), direction: chance(4) ? .reverse : .carry,
            quantity: chance(3) ? intent.quantity + Quantity(raw: 1) : intent.quantity)
        (picture.ownPostsLastMinute, picture.postsLastMinute) = (
            Int(chance.int(57...61)), Int(chance.int(297...301))
        )
        let fills = Int(chance.int(0...2))
        picture.ownTakes = TakeCount(orders: 100 * max(1, fills) - Int(chance.int(1...3)), fills: fills)
        picture.takes = TakeCount(orders: 500 - Int(chance.int(1...3)), fills: 5)
        picture.requestsLastMinute = Int(chance.int(1594...1598))
    }

    private mutating func pushVenue(_ picture: inout RiskPicture, _ intent: Intent) {
        var bounds = MarketBounds()
        if chance(2) { bounds.quantityMax = intent.quantity + Quantity(raw: chance.int(-1...1) * 1_000_000) }
        if chance(2) { bounds.positionWeight = Percent(raw: 400_000_000) }
        let interest = quantity("1000")
        if chance(2) { bounds.openInterestMax = interest }
        picture.openInterest =
            chance(6) ? nil : interest - intent.quantity + Quantity(raw: chance.int(-1...1))
        let weight = bounds.positionWeight ?? Percent(raw: Percent.unit)
        let new = RiskGate.fraction(weight, of: (intent.perpPrice * intent.quantity).roundedUp())
        picture.positionMax = chance(3) ? nil : Money(5000)
        picture.positions = money(Money(5000) - new)
        let lot = Quantity(raw: chance(2) ? 1_000_000 : 5_000_000)
        func made(_ kind: InstrumentKind, _ bounds: MarketBounds) -> Instrument {
            Instrument(
                id: InstrumentID(kind == .spot ? 0 : 1), symbol: "SOL", kind: kind, base: Asset("SOL"),
                quote: .usdc, tickSize: price("0.02"), lotSize: lot, minQuantity: quantity("0.03"),
                bounds: bounds)
        }
        picture.spot = chance(12) ? nil : made(.spot, bounds)
        picture.perp = chance(12) ? nil : made(.perp, bounds)
    }

    private mutating func pushCash(_ picture: inout RiskPicture, _ intent: Intent, _ new: Reservation) {
        picture.borrowsToSettle = chance(3) ? nil : chance(2)
        let shorts = Money(raw: Int128(chance.int(0...2000)) * 1_000_000_000_000)
        picture.shorts = chance(9) ? nil : shorts
        let after = shorts + (intent.perpPrice * intent.quantity).roundedUp()
        let parts = [fraction("0.1"), limits.runwayMin, fraction("0.5")]
        let part = Percent(raw: chance(2) ? parts[Int(chance.int(0...2))].raw : 20_000_000)
        let needed = RiskGate.fraction(part, of: chance(3) ? shorts : after)
        picture.freeQuote = Money(raw: near((needed + (chance(3) ? .zero : new.quote)).raw))
        picture.coinsAsCollateral = chance(9) ? nil : Money(raw: after.raw * Int128(chance.int(0...12)) / 10)
        picture.maintenanceMargin = chance(9) ? nil : Percent(raw: chance.int(1...150) * 1_000_000)
    }
}

@Suite struct `The gate and a second opinion` {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `agree on what may be entered, and on what for not`(seed: UInt64) {
        var pusher = Pusher(chance: Seeded(seed))
        var approved = 0, denied: [Reason: Int] = [:]
        for number in 0..<25_000 {
            let intent = pusher.intent()
            let picture = pusher.picture(for: intent)
            let broken = Oracle(intent: intent, picture: picture, limits: pusher.limits).broken
            switch RiskGate(pusher.limits).review(intent, picture) {
            case .approved:
                approved += 1
                if !broken.isEmpty { Issue.record("seed \(seed), \(number): approved, though \(broken)") }
            case .denied(let denial):
                denied[denial.reason, default: 0] += 1
                if !broken.contains(denial.reason) {
                    Issue.record("seed \(seed), \(number): \(denial), but broken is only \(broken)")
                }
            }
        }
        // Both answers are common, and no control is left out.
        #expect(approved > 5000, "\(approved)")
        let expected: [Reason] = [
            .notActive, .unhedgedTime, .dailyLoss, .feesPerDay, .tradesPerDay, .ordersPerSecond, .equity,
            .priceCollar, .margin, .borrow, .noBalance, .maxPositionSize, .totalExposure, .grossExposure,
            .budget, .unhedged, .marketState, .bookWidth, .spreadSanity, .stablecoin, .utilisation,
            .staleAccount, .liquidating, .venuePause, .hedgeRetries, .repetition, .postsPerMinute,
            .entriesPerFill, .requestBudget, .offGrid, .belowMinimum, .aboveMaximum, .positionLimit,
            .openInterest, .lowRunway, .runway, .sellsForDebts, .liquidationRise,
        ]
        for reason in expected { #expect(denied[reason] ?? 0 > 0, "seed \(seed): never \(reason.rawValue)") }
    }
}
