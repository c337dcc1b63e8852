import Core

@testable import Core
@testable import Host

/// Holds the documented limits against what an engine does, turn by turn.
struct LimitWatch {
    let limits: RiskLimits
    private(set) var broken: [String] = []
    private var sent: [Timestamp] = []
    private(set) var entries = 0
    /// The most that was ever reached.
    private(set) var exposureMost = Money.zero, lossMost = Money.zero

    init(_ limits: RiskLimits) { self.limits = limits }

    private mutating func fail(_ text: String) { if broken.count < 5 { broken.append(text) } }

    /// - Parameter notes: of the turn that just ended.
    mutating func check(_ engine: Engine, _ notes: [Note]) {
        var raised = false
        for note in notes {
            switch note {
            case .entering: entries += 1
            case .placing(_, _, let purpose, let orders) where purpose.raisesRisk:
                raised = true
                sent += orders.map { _ in engine.now }
            default: break
            }
        }
        sent.removeAll { engine.now - $0 >= .seconds(1) }
        if sent.count > limits.ordersPerSecondMax { fail("\(sent.count) orders in a second") }
        if engine.entriesToday > limits.tradesPerDayMax { fail("\(engine.entriesToday) trades today") }
        if engine.feesToday > limits.feesPerDayMax { fail("fees of \(engine.feesToday) today") }
        let all = engine.exposure(of: nil)
        // Limits bind when an entry is sent; mids may move by a little afterwards, and nothing is forced.
        let isNew = engine.holdings.contains {
            $0.operation?.kind == .entry && $0.operation?.decidedAt == engine.now
        }
        func exceeds(_ amount: Money, _ limit: Money) -> Bool {
            amount.raw * 100 > limit.raw * (isNew ? 100 : 102)
        }
        if exceeds(all.oneSided, limits.totalExposureMax) { fail("one-sided exposure \(all.oneSided)") }
        if exceeds(all.gross, limits.grossExposureMax) { fail("gross exposure \(all.gross)") }
        for place in engine.holdings.indices
        where engine.held(place).raw * 100 > limits.positionSizeMax.raw * 102 {
            fail("a position of \(engine.held(place))")
        }
        let loss = -engine.profitToday
        if loss >= limits.dailyLossMax, raised { fail("an entry at a daily loss of \(loss)") }
        if loss > limits.dailyLossMax { fail("a daily loss of \(loss)") }
        (exposureMost, lossMost) = (max(exposureMost, all.oneSided), max(lossMost, loss))
    }
}
