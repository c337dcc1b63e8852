import Core

/// A market made from a seed: five pairs, quiet near their resting basis, with dislocations added on purpose.
///
/// Every pair is dislocated every 40–80 s of the venue's clock; at least half of these let a carry earn 0.6 %
/// before fees for more than 5 s. The first of each pair comes within 15 s, is of that kind, and is over 30 s
/// after the start.
public struct CrowdGenerator: Sendable {
    private var pairs: [PairMaker] = []
    private(set) var nextTime: Timestamp?

    /// - Parameters:
    ///   - dislocations: further ones on demand: base and seconds after the start.
    ///   - only: bases to quote; empty for all five.
    public init(
        seed: UInt64, start: Timestamp, dislocations: [(base: String, seconds: Int64)] = [],
        only: [String] = []
    ) {
        var order = SeededGenerator(seed: seed, part: 1)
        var slots: [Int64] = [0, 1, 2, 3, 4]
        for index in slots.indices.reversed() { slots.swapAt(index, Int(order.whole(0...Int64(index)))) }
        for (index, style) in PairStyle.all.enumerated() where only.isEmpty || only.contains(style.base) {
            let forced = dislocations.filter { $0.base == style.base }.map { start + .seconds($0.seconds) }
            pairs.append(
                PairMaker(
                    style, seed: SeededGenerator(seed: seed, part: UInt64(index) + 10), start: start,
                    slot: slots[index], forced: forced.sorted()))
        }
        findNext()
    }

    mutating func step(at now: Timestamp) -> [CrowdAction] {
        var actions: [CrowdAction] = []
        for index in pairs.indices where pairs[index].nextTime <= now { pairs[index].step(at: now, &actions) }
        findNext()
        return actions
    }

    private mutating func findNext() {
        nextTime = pairs.first?.nextTime
        for index in pairs.indices {
            if let next = nextTime, pairs[index].nextTime < next { nextTime = pairs[index].nextTime }
        }
    }

    /// The bases that are quoted.
    public static var bases: [String] { PairStyle.all.map(\.base) }
}

/// Keeps one pair's prices.
struct PairMaker: Sendable {
    private let style: PairStyle
    private var chance: SeededGenerator
    private var spot: CrowdLeg, perp: CrowdLeg
    private var fair: Double
    private var noise = 0.0
    private var at: Timestamp
    private var dislocation: Dislocation
    private var isOver = false, isBegun = false
    private var count: Int64 = 1
    private var forced: [Timestamp]

    init(_ style: PairStyle, seed: SeededGenerator, start: Timestamp, slot: Int64, forced: [Timestamp]) {
        (self.style, chance, fair, at, self.forced) = (style, seed, style.price, start, forced)
        spot = CrowdLeg(
            instrument: PairMaker.instrument(style.base, .spot), style: style.spot, nextQuote: start)
        perp = CrowdLeg(
            instrument: PairMaker.instrument(style.base, .perp), style: style.perp, nextQuote: start)
        fair *= 1 + chance.uniform(-0.02, 0.02)
        let first = start + .milliseconds(6_000 + slot * 1_800 + chance.whole(0...900))
        dislocation = Dislocation.carry(at: first, style, holdSeconds: 6...7, decaySeconds: 2...3, &chance)
    }

    private static func instrument(_ base: String, _ kind: InstrumentKind) -> Instrument {
        for (index, figures) in MarketFigures.all.enumerated()
        where figures.base == base && figures.kind == kind {
            if let instrument = figures.instrument(InstrumentID(index)) { return instrument }
        }
        preconditionFailure("every generated pair is in the table")
    }

    /// The next edge of a dislocation: both legs are quoted anew there.
    private var edge: Timestamp {
        let own = isBegun ? dislocation.end : dislocation.start
        return forced.first.map { min($0, own) } ?? own
    }

    var nextTime: Timestamp { min(edge, spot.nextQuote, perp.nextQuote) }

    mutating func step(at now: Timestamp, _ actions: inout [CrowdAction]) {
        drift(to: now)
        if edge <= now { turn(at: now) }
        let apart = dislocation.strength(at: now) * dislocation.size
        let calm = apart == 0 ? 1.0 : 0.3
        let isSpotDue = spot.nextQuote <= now, isPerpDue = perp.nextQuote <= now
        guard isSpotDue || isPerpDue else { return }
        let index = Price(raw: Int64((fair * 1_000_000).rounded()) * 100)
        if isSpotDue {
            let mid = fair * (1 - apart * dislocation.spotShare + 0.3 * calm * noise)
            actions.append(.index(spot.instrument.id, index))
            PairMaker.requote(&spot, mid, now, &chance, &actions)
        }
        if isPerpDue {
            let mid = fair * (1 + PairStyle.restingBasis + apart * (1 - dislocation.spotShare) + calm * noise)
            actions.append(.index(perp.instrument.id, index))
            PairMaker.requote(&perp, mid, now, &chance, &actions)
        }
    }

    private static func requote(
        _ leg: inout CrowdLeg, _ mid: Double, _ now: Timestamp, _ chance: inout SeededGenerator,
        _ actions: inout [CrowdAction]
    ) {
        leg.quote(mid: mid, &chance)
        leg.nextQuote = now + TimeSpan(microseconds: chance.whole(100_000...300_000))
        actions.append(.quote(leg.instrument.id, bids: leg.bids, asks: leg.asks))
        if let trade = leg.trade(mid: mid, &chance) { actions.append(trade) }
    }

    /// Fair price: a random walk. Fast basis: pulled back within about 15 s.
    private mutating func drift(to now: Timestamp) {
        let seconds = Double((now - at).microseconds) / 1_000_000
        at = now
        guard seconds > 0 else { return }
        fair *= SeededGenerator.exponential(style.volatility * seconds.squareRoot() * chance.normal())
        let pull = min(1, seconds / 15)
        noise += -noise * pull + style.noise * (2 * pull).squareRoot() * chance.normal()
    }

    /// A dislocation begins or ends; both legs are quoted within milliseconds.
    private mutating func turn(at now: Timestamp) {
        if let first = forced.first, first <= now {
            forced.removeFirst()
            dislocation = Dislocation.carry(at: now, style, holdSeconds: 6...8, decaySeconds: 2...3, &chance)
            isBegun = true
        } else if isBegun {
            isBegun = false
            let start = max(now + .milliseconds(500), dislocation.start + gap())
            let isCarry = count % 2 == 0 || chance.chance(300)
            count += 1
            dislocation =
                isCarry
                ? Dislocation.carry(at: start, style, holdSeconds: 6...14, decaySeconds: 3...8, &chance)
                : Dislocation.brief(at: start, &chance)
        } else {
            isBegun = true
        }
        spot.nextQuote = min(spot.nextQuote, now + TimeSpan(microseconds: chance.whole(0...15_000)))
        perp.nextQuote = min(perp.nextQuote, now + TimeSpan(microseconds: chance.whole(0...15_000)))
    }

    private mutating func gap() -> TimeSpan { TimeSpan(microseconds: chance.whole(40_000_000...80_000_000)) }
}
