import Core

/// An account's margin (PROTOCOL 8.4). Money in USDC; fractions in 10⁻¹².
public struct MarginState: Sendable, Equatable {
    public var assetsValue = Money.zero, borrowLiability = Money.zero, unrealised = Money.zero
    public var netEquity = Money.zero, locked = Money.zero, exposure = Money.zero
    public var available: Money { netEquity - locked }
    public var imf: Int64 = SimulatedVenue.one, mmf: Int64 = 7_000_000_000
    /// netEquity / exposure; `nil` with no exposure.
    public var marginFraction: Int128?
    public var rows: [CollateralRow] = []
}

/// One asset as collateral.
public struct CollateralRow: Sendable, Equatable {
    public let asset: Asset
    public let price: Price
    public let total: Money, available: Money, locked: Money, notional: Money, value: Money
    /// 10⁻¹².
    public let weight: Int64
}

extension SimulatedVenue {
    static let one: Int64 = 1_000_000_000_000

    /// USD for one unit; `nil` where no market has a price.
    func price(of asset: Asset) -> Int64? {
        if asset == .usdc { return 100_000_000 }
        for market in markets where market.figures.base == asset.symbol {
            if let price = market.index ?? market.mid { return price }
        }
        return nil
    }

    /// USD for one unit of an asset; `nil` where no market has a price.
    public func assetPrice(_ asset: Asset) -> Price? { price(of: asset).map(Price.init(raw:)) }

    /// Where the margin fraction meets the maintenance fraction when only
    /// this market moves; 0 where it never does.
    ///
    /// The spot of the same base is held still: an estimate, as the venue's own is.
    public func liquidationPrice(_ position: PositionState, _ account: AccountID) -> Price {
        let state = margin(of: account)
        guard position.net.raw != 0, state.exposure > .zero else { return Price(raw: 0) }
        // Equity moves by net · d, the maintenance margin of this market along with its notional.
        let one = Int128(SimulatedVenue.one), fraction = Int128(state.mmf)
        let size = Int128(position.net.magnitude.raw), own = size * Int128(position.mark.raw)
        let others = quotient((state.exposure.notional.raw - own) * fraction, by: one, .up)
        let spare = state.netEquity.notional.raw - others
        let isLong = position.net.raw > 0
        let price = quotient(
            (isLong ? own - spare : own + spare) * one,
            by: size * (isLong ? one - fraction : one + fraction), .nearest)
        return Price(raw: Int64(clamping: max(0, price)))
    }

    /// The account's margin now.
    public func margin(of account: AccountID) -> MarginState { margin(of: account, adding: nil) }

    func margin(of account: AccountID, adding order: IncomingOrder?) -> MarginState {
        let holder = accounts[account.index]
        var state = MarginState()
        for asset in holder.assets {
            let held = holder[asset], price = price(of: asset) ?? 0
            func value(_ amount: Money) -> Money {
                Money(raw: quotient(amount.raw * Int128(price), by: 100_000_000, .down))
            }
            let notional = value(held.total)
            let figures = CollateralFigures.all.first { $0.asset == asset }
            let weight = notional > .zero ? figures?.weight(of: notional) ?? 0 : SimulatedVenue.one
            let counted = Money(
                raw: quotient(notional.raw * Int128(weight), by: Int128(SimulatedVenue.one), .down))
            state.assetsValue += counted
            state.borrowLiability += value(held.borrowed)
            state.rows.append(
                CollateralRow(
                    asset: asset, price: Price(raw: price), total: held.total, available: held.available,
                    locked: held.locked, notional: notional, value: counted, weight: weight))
        }
        addPositions(holder, order, &state)
        state.netEquity = state.assetsValue + state.unrealised - state.borrowLiability
        if state.exposure > .zero {
            state.marginFraction = quotient(
                state.netEquity.raw * Int128(SimulatedVenue.one), by: state.exposure.raw, .down)
        }
        return state
    }

    private func addPositions(_ holder: VenueAccount, _ extra: IncomingOrder?, _ state: inout MarginState) {
        let one = Int128(SimulatedVenue.one)
        var initial: Int128 = 0, maintenance: Int128 = 0
        for (index, market) in markets.enumerated() where market.figures.kind == .perp {
            guard let mark = market.mark, let instrument = market.instrument else { continue }
            if let position = holder.positions[index] {
                state.unrealised += Money(raw: quotient(position.open(mark: mark), by: 10_000, .down))
            }
            let worst = worstQuantity(holder, InstrumentID(index), extra)
            guard worst > 0 else { continue }
            let notional = Notional(raw: Int128(worst) * Int128(mark)).roundedUp()
            state.exposure += notional
            let (imf, mmf) = fractions(instrument, notional, holder.leverageLimit)
            initial += notional.raw * Int128(imf)
            maintenance += notional.raw * Int128(mmf)
        }
        guard state.exposure > .zero else { return }
        state.imf = max(Int64(quotient(initial, by: state.exposure.raw, .up)), floor(holder.leverageLimit))
        state.mmf = Int64(quotient(maintenance, by: state.exposure.raw, .up))
        state.locked = Money(raw: quotient(state.exposure.raw * Int128(state.imf), by: one, .up))
    }

    /// 1 / leverage limit, 10⁻¹².
    private func floor(_ leverage: Money) -> Int64 {
        guard leverage > .zero else { return SimulatedVenue.one }
        let one = Int128(SimulatedVenue.one)
        return Int64(quotient(one * one, by: leverage.raw, .up))
    }

    /// Initial and maintenance fraction of one position: `max(base, factor · √notional)`.
    func fractions(_ instrument: Instrument, _ notional: Money, _ leverage: Money) -> (imf: Int64, mmf: Int64)
    {
        let root = Int128(squareRoot(UInt128(max(notional.raw, 0))))
        func curve(_ curve: MarginCurve?) -> Int64 {
            guard let curve else { return 0 }
            return max(curve.base, Int64(quotient(Int128(curve.factor) * root, by: 1_000_000, .up)))
        }
        return (
            max(curve(instrument.initialMargin), floor(leverage)), curve(instrument.maintenanceMargin)
        )
    }

    /// The position, or what it becomes when every order that can raise it fills; never negative.
    func worstQuantity(_ holder: VenueAccount, _ id: InstrumentID, _ extra: IncomingOrder?) -> Int64 {
        let net = holder.positions[id.index]?.net ?? 0
        var buys: Int64 = 0, sells: Int64 = 0
        func add(_ side: Side, _ quantity: Int64) {
            if side == .buy { buys += quantity } else { sells += quantity }
        }
        for place in holder.openOrders where orders[place].order.instrument == id {
            if orders[place].order.reduceOnly != true {
                add(orders[place].order.side, orders[place].remaining.raw)
            }
        }
        if let extra, extra.instrument == id {
            let market = markets[id.index]
            let byQuote = extra.quoteQuantity.map {
                Int64(quotient($0.raw * 10_000, by: Int128(max(market.mark ?? 1, 1)), .up))
            }
            add(extra.side, extra.quantity?.raw ?? byQuote ?? 0)
        }
        return max(abs(net), abs(net + buys), abs(net - sells))
    }

    /// Whether the account can carry this perp order; orders that raise nothing always pass.
    func hasMargin(for order: IncomingOrder, _ account: AccountID) -> Bool {
        let holder = accounts[account.index], id = order.instrument
        if worstQuantity(holder, id, order) <= worstQuantity(holder, id, nil) { return true }
        let after = margin(of: account, adding: order)
        return after.available >= .zero
    }

    func state(
        of position: PerpPosition, _ id: InstrumentID, _ account: AccountID, closedAt: Timestamp?
    ) -> PositionState {
        let market = markets[id.index], mark = market.mark ?? position.entryPrice
        let holder = accounts[account.index]
        let worst = closedAt == nil ? worstQuantity(holder, id, nil) : 0
        let notional = Notional(raw: Int128(worst) * Int128(mark)).rounded(.nearest)
        let pair = market.instrument.map { fractions($0, notional, holder.leverageLimit) } ?? (0, 0)
        let cost = quotient(position.entryNotional, by: 10_000, .nearest)
        return PositionState(
            id: position.id, instrument: id, net: Quantity(raw: position.net),
            entryPrice: Price(raw: position.entryPrice), breakEvenPrice: Price(raw: position.breakEvenPrice),
            mark: Price(raw: mark), realised: position.realised,
            unrealised: Money(raw: quotient(position.open(mark: mark), by: 10_000, .down)),
            funding: position.funding, fees: position.fees,
            netCost: Money(raw: position.net < 0 ? -cost : cost), exposure: Quantity(raw: worst),
            exposureNotional: notional, imf: pair.0, mmf: pair.1, openedAt: position.openedAt,
            closedAt: closedAt, closedVolume: Notional(raw: position.closedVolume).rounded(.nearest))
    }
}
