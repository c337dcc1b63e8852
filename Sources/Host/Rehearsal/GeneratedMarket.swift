import Core
import Exchange
import Journal
import Simulator

/// A stretch of the generated market, as a host would hear it: the same for everybody with the same seed.
///
/// It is what a script is checked against where nothing is recorded.
final class GeneratedMarket: MarketSource {
    let catalogue: Catalogue
    let pairs: [Pair]
    /// The market before its first event.
    let picture: MarketPicture
    private var venue: SimulatedVenue
    private var now: Timestamp
    private let end: Timestamp
    private var nextTimer: Timestamp
    private var isBegun = false

    /// Noon of a working day, far from a settlement.
    static let start = Timestamp(milliseconds: 1_788_264_300_000)
    static let seed: UInt64 = 7

    /// The documented limits, and coins of every kind to sell: each direction can be tried.
    static var limits: RiskLimits {
        var limits = RiskLimits()
        limits.inventory = CrowdGenerator.bases.map {
            OwnCoins(asset: Asset($0), quantity: Quantity(raw: 1_000_000 * 100_000_000))
        }
        return limits
    }

    init(seconds: Int64, seed: UInt64 = GeneratedMarket.seed, limits: RiskLimits = GeneratedMarket.limits) {
        venue = SimulatedVenue(
            start: Self.start, crowd: .generated(CrowdGenerator(seed: seed, start: Self.start)), seed: seed)
        catalogue = Catalogue(venue.instruments)
        pairs = catalogue.pairs(CrowdGenerator.bases).pairs
        (now, end) = (Self.start, Self.start + .seconds(seconds))
        nextTimer = now
        let engine = Engine(instruments: catalogue.instruments, pairs: pairs, limits: limits)
        picture = engine.picture(at: now)
    }

    func next() throws(JournalFault) -> (now: Timestamp, events: [Event])? {
        if !isBegun {
            isBegun = true
            return (now, beginning())
        }
        while now < end {
            let due = min(venue.nextDue, nextTimer)
            now = max(now, due)
            venue.advance(to: now)
            var events = venue.drainEvents().compactMap(publicEvent)
            if now >= nextTimer {
                nextTimer = now + PaperDesk.pause
                events.append(.timer)
            }
            if !events.isEmpty { return (now, [.alive(.publicStream)] + events) }
        }
        return nil
    }

    private func beginning() -> [Event] {
        venue.openMarkets()
        var events: [Event] = [.connection(.publicStream, .up), .alive(.publicStream)]
        for pair in pairs {
            for instrument in [pair.spot, pair.perp] {
                let book = venue.book(instrument.id)
                events.append(
                    .book(
                        instrument.id,
                        .snapshot(bids: book.bids, asks: book.asks, sequence: book.sequence)))
            }
        }
        return events + venue.drainEvents().compactMap(publicEvent)
    }

    private func publicEvent(_ happened: VenueEvent) -> Event? {
        switch happened {
        case .depth(let id, _, _, _, _):
            guard pairs.contains(where: { $0.spot.id == id || $0.perp.id == id }) else { return nil }
            return happened.event(for: AccountID(0))
        case .trade, .mark: return happened.event(for: AccountID(0))
        case .touch, .order, .balance, .position, .answer: return nil
        }
    }
}
