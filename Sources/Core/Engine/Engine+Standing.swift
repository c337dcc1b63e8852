/// What a pair looks like now, for people.
public struct PairStanding: Sendable {
    public let base: String
    public let spot: TopOfBook?, perp: TopOfBook?
    /// Perp mid over spot mid; `nil` without both.
    public let midSpread: Percent?
    /// Buy spot at its ask, sell perp at its bid, both at the touch; `nil` without both.
    public let gross: Percent?
    /// The style that would earn most in a carry of `POSITION_SIZE_USD`, its net, and the gross at which it
    /// would earn just enough; `nil` when the books cannot be walked that far.
    public let best: (style: Style, net: Percent, breakeven: Percent)?
    /// Both books are in sequence and fresh.
    public let isFresh: Bool
    public let holdings: [HoldingStanding]
}

/// What one strategy has in a pair now.
public struct HoldingStanding: Sendable {
    public let owner: String, pair: String
    public let state: PairState
    public let direction: Direction
    /// Base held by both legs; contracts are signed.
    public let coins: Money, perp: Quantity
    public let age: TimeSpan
    /// What closing now leaves, everything counted; `nil` without a price.
    public let net: Money?
}

extension Engine {
    /// All pairs in their order.
    public var pairStandings: [PairStanding] {
        pairs.map { pair in
            let spot = book(pair.spot).top, perp = book(pair.perp).top
            let known = spot != nil && perp != nil
            return PairStanding(
                base: pair.base.symbol, spot: spot, perp: perp,
                midSpread: known ? Figures.midSpread(spot: spot!, perp: perp!) : nil,
                gross: known ? touchGross(spot!, perp!) : nil, best: known ? best(pair) : nil,
                isFresh: isFresh(pair.spot) && isFresh(pair.perp),
                holdings: holdings.filter { $0.pair == pair.id && !($0.isFlat && $0.state == .idle) }
                    .map(standing))
        }
    }

    /// Open pairs and legs, one line each: what a stop leaves behind.
    public var openLines: [String] {
        holdings.filter { !$0.isFlat || $0.imbalance.magnitude >= pairs[$0.pair.index].leastQuantity }.map {
            let pair = pairs[$0.pair.index]
            let hedged = $0.imbalance.magnitude < pair.leastQuantity
            return "\($0.owner) \(pair.base.symbol): \($0.coins) \(pair.base.symbol), "
                + "\($0.perp) contracts, \(hedged ? "hedged" : "NOT HEDGED")"
        }
    }

    /// Ledger, latches and fees as named texts: equal in a run and in its replay.
    public var standingFields: [(name: String, value: String)] {
        var fields = [("state", state.rawValue)]
        for slot in slots {
            fields.append(
                ("\(slot.name) state", slot.stopped != nil ? "stopped" : slot.tradingState.rawValue))
            fields.append(("\(slot.name) calls", String(slot.calls)))
        }
        let fees = account.fees
        fields.append(
            ("fees", "\(fees.spotMaker) \(fees.spotTaker) \(fees.perpMaker) \(fees.perpTaker)"))
        for row in ledger.rows {
            fields.append(
                ("\(row.account.owner) \(row.account.name.rawValue) \(row.asset)", "\(row.balance)"))
        }
        return fields
    }

    private func standing(_ holding: Holding) -> HoldingStanding {
        let pair = pairs[holding.pair.index]
        let walk = PairWalk.pessimistic(
            spot: book(pair.spot), perp: book(pair.perp), quantity: holding.perp.magnitude,
            mark: markets[pair.perp.id.index].mark?.mark, index: index(of: pair))
        return HoldingStanding(
            owner: holding.owner, pair: pair.base.symbol, state: holding.state,
            direction: holding.direction, coins: holding.coins, perp: holding.perp,
            age: holding.openedAt.map { now - $0 } ?? .zero,
            net: holding.isFlat ? nil : walk.map { positionFigures(holding, $0).netUSD })
    }

    private func isFresh(_ instrument: Instrument) -> Bool {
        guard book(instrument).isSynced, let age = age(instrument) else { return false }
        return age <= limits.bookAgeMax
    }

    private func best(_ pair: Pair) -> (style: Style, net: Percent, breakeven: Percent)? {
        let contract = StrategyContract(name: "", version: "")
        let size = min(limits.positionSize, limits.positionSizeMax)
        guard let o = measure(contract, pair, .carry, size), o.walk.isWhole else { return nil }
        let style = bestStyle(o, among: Style.allCases)
        return (style, o.net(style), o.breakeven(style, least: limits.netEdgeMin))
    }

    private func touchGross(_ spot: TopOfBook, _ perp: TopOfBook) -> Percent {
        let one = Quantity(raw: 100_000_000)
        return Figures.gross(.carry, long: spot.ask.price * one, short: perp.bid.price * one)
    }
}
