import Core

/// A venue that plays beside a real one: it lists the same markets, is shown their books, trades and marks as
/// they come, and fills the orders of its own accounts against them.
extension SimulatedVenue {
    /// Lists these instruments under their ids; those known from the table keep their bands and curves.
    public static func beside(_ instruments: [Instrument], start: Timestamp, seed: UInt64) -> SimulatedVenue {
        SimulatedVenue(
            start: start, crowd: .none, seed: seed, figures: instruments.map(MarketFigures.init(beside:)))
    }

    /// The other venue's whole book of now, best level first. What our orders took stays missing as in a
    /// recording.
    public mutating func show(_ instrument: InstrumentID, bids: [Level], asks: [Level], now: Timestamp) {
        advance(to: now)
        perform(.row(CrowdRow(at: now, instrument: instrument, bids: bids, asks: asks)))
    }

    /// A trade of the other venue: it meets what is displayed first and then our orders behind it.
    public mutating func print(_ trade: PublicTrade, in instrument: InstrumentID, now: Timestamp) {
        advance(to: now)
        _ = crowdTake(instrument, trade.taker, trade.quantity.raw, limit: trade.price.raw)
        tellBook(instrument)
    }

    /// The other venue's mark, index and running rate: positions here are reckoned with them.
    public mutating func tell(_ update: MarkUpdate, of instrument: InstrumentID) {
        let base = markets[instrument.index].figures.base
        markets[instrument.index].told = update
        (markets[instrument.index].mark, markets[instrument.index].index) = (
            update.mark.raw, update.index.raw
        )
        for other in markets.indices where markets[other].figures.base == base {
            markets[other].index = update.index.raw
        }
    }

    /// Money or coins from outside.
    public mutating func deposit(_ amount: Money, of asset: Asset, to account: AccountID) {
        accounts[account.index][asset].available += amount
        accounts[SimulatedVenue.outside.index][asset].available -= amount
    }

    /// Gives an account contracts as if it had opened them at this price, without a fee.
    public mutating func give(
        _ account: AccountID, _ quantity: Quantity, of instrument: InstrumentID, at price: Price
    ) {
        guard quantity != .zero else { return }
        for (owner, signed) in [(account, quantity.raw), (SimulatedVenue.outside, -quantity.raw)] {
            nextPositionID += 1
            var position =
                accounts[owner.index].positions[instrument.index]
                ?? PerpPosition(id: nextPositionID, openedAt: clock)
            position.book(signed, at: price.raw)
            accounts[owner.index].positions[instrument.index] = position.net == 0 ? nil : position
        }
    }
}

extension MarketFigures {
    /// The figures of another venue's instrument. Bands that are not known are wide.
    init(beside instrument: Instrument) {
        let known = MarketFigures.all.first { $0.symbol == instrument.symbol }
        func curve(_ curve: MarginCurve?) -> MultiplierBand? {
            curve.map {
                MultiplierBand(
                    DecimalText.write(Int128($0.base), places: 12),
                    DecimalText.write(Int128($0.factor), places: 12))
            }
        }
        let wide = MultiplierBand("0.25", "4")
        self.init(
            symbol: instrument.symbol, base: instrument.base.symbol, quote: instrument.quote.symbol,
            kind: instrument.kind, tick: instrument.tickSize.description,
            step: instrument.lotSize.description, leastPrice: instrument.tickSize.description,
            mostPrice: nil, limitBand: known?.limitBand ?? wide, impactBand: known?.impactBand ?? wide,
            meanMarkBand: known?.meanMarkBand ?? wide, premiumTolerance: known?.premiumTolerance,
            borrowBand: known?.borrowBand, updateBand: known?.updateBand,
            initialMargin: curve(instrument.initialMargin),
            maintenanceMargin: curve(instrument.maintenanceMargin),
            fundingInterval: instrument.fundingInterval?.milliseconds, fundingBound: known?.fundingBound,
            openInterestLimit: known?.openInterestLimit ?? "0", positionWeight: known?.positionWeight,
            state: instrument.state, created: known?.created ?? "2025-01-21T06:34:54.691858")
    }
}
