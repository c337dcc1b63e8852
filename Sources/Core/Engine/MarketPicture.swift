/// Everything an engine has learnt of the markets and of the account's terms: enough for another engine to go
/// on from there on paper.
public struct MarketPicture: Sendable {
    let markets: [InstrumentMarket]
    let pairMarkets: [PairMarket]
    let connectionAlive: [Timestamp?], connectionUp: [Bool]
    /// When it was taken.
    public let now: Timestamp
    /// The account's own rates.
    public let fees: FeeRates
    /// What is held, by strategy and pair.
    public let holdings: [Holding]
    /// Of the account, USD; zero before it was read.
    public let equity: Money
}

extension Engine {
    /// Copies share their storage until either side changes.
    public func picture(at moment: Timestamp) -> MarketPicture {
        MarketPicture(
            markets: markets, pairMarkets: pairMarkets, connectionAlive: connectionAlive,
            connectionUp: connectionUp, now: max(now, moment), fees: account.fees, holdings: holdings,
            equity: equity)
    }

    /// Goes on from what another engine of the same instruments and pairs knew of the markets.
    /// - Precondition: before the first turn.
    public func begin(with picture: MarketPicture) {
        precondition(lastTurn == nil, "a picture stands before the first turn")
        markets = picture.markets
        for place in pairMarkets.indices {
            let known = picture.pairMarkets[place]
            pairMarkets[place].basis = known.basis
            pairMarkets[place].volatility = known.volatility
            pairMarkets[place].funding = known.funding
            (pairMarkets[place].borrowAPR, pairMarkets[place].lendAPR) = (known.borrowAPR, known.lendAPR)
            pairMarkets[place].utilisation = known.utilisation
            pairMarkets[place].legRiskTaker = known.legRiskTaker
            pairMarkets[place].legRiskRest = known.legRiskRest
        }
        (connectionAlive, connectionUp) = (picture.connectionAlive, picture.connectionUp)
        now = picture.now
    }

    /// No order of ours is out.
    public var hasNoOrders: Bool { liveOrders.isEmpty }

    /// The best levels of a book, best first.
    public func levels(of instrument: InstrumentID, most: Int) -> (bids: [Level], asks: [Level]) {
        let book = markets[instrument.index].book
        return (book.bids.suffix(most).reversed(), book.asks.suffix(most).reversed())
    }

    /// Takes over a hedged pair that another engine holds, as a copy; the venue this engine trades with must
    /// hold the same. What is at work or not hedged is left out.
    /// - Returns: `true` when it was taken.
    @discardableResult
    public func take(copyOf holding: Holding) -> Bool {
        guard let slot = slot(named: holding.owner) else { return false }
        let place = place(slot, holding.pair)
        guard opened, holdings[place].isFlat, holding.operation == nil, !holding.isFlat,
            holding.imbalance.magnitude < pair(of: place).leastQuantity
        else { return false }
        var copy = Holding(pair: holding.pair, owner: holding.owner, slot: slot)
        copy.copyPosition(of: holding)
        holdings[place] = copy
        netContracts[pair(of: place).perp.id.index] += holding.perp
        return true
    }
}

extension Holding {
    /// What is held and what it cost; nothing that is being done about it.
    mutating func copyPosition(of other: Holding) {
        (state, direction, style, version) = (.open, other.direction, other.style, other.version)
        (coins, spotGross, perp) = (other.coins, other.spotGross, other.perp)
        (spotCost, perpCost) = (other.spotCost, other.perpCost)
        (spotFees, perpFees, baseFeesInQuote) = (other.spotFees, other.perpFees, other.baseFeesInQuote)
        (funding, borrow) = (other.funding, other.borrow)
        (entryExitLevel, entryExitCross) = (other.entryExitLevel, other.entryExitCross)
        (entryGross, openedAt, entriesMade) = (other.entryGross, other.openedAt, other.entriesMade)
        (profit, tally, adopted) = (other.profit, other.tally, other.adopted)
    }
}
