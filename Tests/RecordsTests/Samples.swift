import Foundation
import GRDB

@testable import Core
@testable import Records

/// A folder with a database in it; gone with its owner.
final class Place {
    let folder: String
    var file: String { folder + "/" + RecordBook.file }
    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/neap-records-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: folder) }
}

extension RecordBook {
    /// The first column of what a query finds; a dash where nothing stands.
    func strings(_ sql: String) throws -> [String] {
        try queue.read { try Optional<String>.fetchAll($0, sql: sql).map { $0 ?? "–" } }
    }
}

/// Facts as an engine tells them.
enum Sample {
    static let now = Timestamp(milliseconds: 1_790_000_000_000)

    static func fill(
        owner: String = "a", trade: Int64 = 7, attribution: Attribution = .clientID
    ) -> BookedFill {
        BookedFill(
            fill: Fill(
                instrument: InstrumentID(0), side: .buy, price: Price("150.01")!, quantity: Quantity("1.5")!,
                fee: Money("0.0015")!, feeAsset: Asset("SOL"), tradeID: trade,
                venueOrderID: VenueOrderID("v1"), clientOrderID: ClientOrderID(raw: 4097),
                liquidity: .taker, venueTime: now), symbol: "SOL_USDC", owner: owner, pair: "SOL", leg: .spot,
            order: attribution == .clientID ? ClientOrderID(raw: 4097) : nil, origin: nil,
            attribution: attribution)
    }

    static func order(
        _ state: OrderState, executed: String = "0", reason: String? = nil, venue: String? = nil
    ) -> OrderStanding {
        OrderStanding(
            order: Order(
                id: ClientOrderID(raw: .max), instrument: InstrumentID(0), side: .buy,
                price: Price("150.01")!, quantity: Quantity("1.5")!, timeInForce: .immediateOrCancel,
                selfTrade: .rejectTaker), symbol: "SOL_USDC", owner: "a", pair: "SOL", leg: .spot,
            purpose: .entry, sentAt: now, venueOrderID: venue.map(VenueOrderID.init), state: state,
            endedAt: state.isOver ? now + .seconds(1) : nil, executed: Quantity(executed)!, reason: reason)
    }

    static let postings: [Posting] = {
        let venue = Account("a", .venue), trades = Account("a", .trades)
        func posting(_ from: Account, _ to: Account, _ asset: Asset, _ amount: String) -> Posting {
            Posting(
                from: from, to: to, asset: asset, amount: Money(amount)!, cause: .fill,
                reference: "SOL_USDC/v1/7")
        }
        return [
            posting(trades, venue, Asset("SOL"), "1.5"), posting(trades, venue, .usdc, "-225.015"),
            posting(venue, Account("a", .fees), .usdc, "0.000000000001"),
        ]
    }()

    static func posting(owner: String) -> Posting {
        Posting(
            from: Account(owner, .trades), to: Account(owner, .venue), asset: .usdc, amount: Money(1),
            cause: .fill, reference: "SOL_USDC/v1/7")
    }

    static func settlement(owner: String = "a") -> Settlement {
        Settlement(
            cause: .funding, owner: owner, pair: "SOL", symbol: "SOL_USDC_PERP", intervalEnd: now,
            amount: Money("-0.001")!, asset: .usdc)
    }

    static func round(
        owner: String = "a", closed: Timestamp = now, net: String = "0.5", entries: Int = 1,
        opened: Timestamp? = nil
    ) -> Round {
        var profit = ProfitAndLoss()
        profit.basis = Money(net)!
        return Round(
            owner: owner, pair: "SOL", direction: .carry, style: .taker, version: "1f",
            opened: opened ?? closed - .seconds(7), closed: closed, reason: "converged", entries: entries,
            entryGross: Percent("0.66")!, profit: profit, tally: RoundTally())
    }
}
