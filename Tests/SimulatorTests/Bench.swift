import Core
@testable import Simulator

/// A venue with an empty market, a hand that quotes, and one or two accounts.
struct Bench {
    static let start = Timestamp(milliseconds: 1_790_000_000_000)
    var venue: SimulatedVenue
    var now = Bench.start
    let spot: InstrumentID, perp: InstrumentID
    let ann: AccountID, bob: AccountID
    private var ticket: Int64 = 0
    private(set) var told: [VenueEvent] = []

    init(
        usdc: Int = 1_000, rules: VenueRules = VenueRules(), base: String = "SOL",
        start: Timestamp = Bench.start, faults: FaultPlan = .none
    ) {
        venue = SimulatedVenue(start: start, crowd: .none, rules: rules, faults: faults)
        now = start
        spot = venue.market("\(base)_USDC")!
        perp = venue.market("\(base)_USDC_PERP")!
        ann = venue.open(key: "ann", deposits: [(.usdc, Money(usdc))])
        bob = venue.open(key: "bob", deposits: [(.usdc, Money(usdc)), (Asset(base), Money(10))])
        quote(spot, [("149.99", "2"), ("149.98", "5")], [("150.01", "2"), ("150.02", "5")])
        quote(perp, [("150.29", "2"), ("150.28", "5")], [("150.31", "2"), ("150.32", "5")])
        pass(1_000)
        drain()
    }

    mutating func quote(_ id: InstrumentID, _ bids: [(String, String)], _ asks: [(String, String)]) {
        func levels(_ rows: [(String, String)]) -> [Level] {
            rows.map { Level(price: Price($0.0)!, quantity: Quantity($0.1)!) }
        }
        venue.perform(.quote(id, bids: levels(bids), asks: levels(asks)))
        drain()
    }

    mutating func pass(_ milliseconds: Int64) {
        now = now + .milliseconds(milliseconds)
        venue.advance(to: now)
        drain()
    }

    mutating func drain() { told += venue.drainEvents() }
    mutating func forget() { told = [] }

    func limit(
        _ id: InstrumentID, _ side: Side, _ price: String, _ quantity: String,
        _ tif: TimeInForce = .goodTillCancelled
    ) -> IncomingOrder {
        var order = IncomingOrder(instrument: id, side: side)
        (order.price, order.quantity, order.timeInForce) = (Price(price)!, Quantity(quantity)!, tif)
        return order
    }

    /// Sends and waits until the answer must be there.
    mutating func send(_ order: IncomingOrder, _ account: AccountID) -> OrderOutcome {
        sendBatch([order], account)[0]
    }

    mutating func sendBatch(_ orders: [IncomingOrder], _ account: AccountID) -> [OrderOutcome] {
        ticket += 1
        venue.placeBatch(orders, from: account, ticket: ticket, now: now)
        drain()
        pass(100)
        for case .answer(ticket, let outcomes) in told { return outcomes }
        return []
    }

    func balance(_ account: AccountID, _ asset: String) -> Balance {
        venue.accounts[account.index][Asset(asset)]
    }
    func fills(_ account: AccountID) -> [Fill] { venue.fills(of: account).map(\.fill) }

    var sumsAreZero: Bool { venue.sums.allSatisfy { $0.1.raw == 0 } }
}

extension OrderOutcome {
    var order: VenueOrder? { if case .done(let order) = self { order } else { nil } }
    var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}
