import Core
import Testing

/// What the account has beside coins of SOL of which none are lent.
private func collateral(_ more: AssetWeight..., borrowed: Money = .zero) -> Reply {
    .collateral(
        CollateralFacts(
            netEquity: Money(900), available: Money(900), locked: .zero, marginFraction: nil,
            weights: [AssetWeight(asset: Asset("SOL"), weight: fraction("0.9"), lent: .zero)] + more,
            borrowed: borrowed))
}

/// Spot is dear and the perp cheap: 0.66 % for a reverse.
private final class ReverseBench {
    let bench: EngineBench
    private(set) var sale: Order?

    /// - Parameters:
    ///   - own: coins of the account's own that the reverse may sell; the rest it may borrow.
    ///   - mayBorrow: by the limits.
    init(own: String, mayBorrow: Bool) {
        var limits = RiskLimits()
        limits.allowBorrow = mayBorrow
        limits.inventory = [OwnCoins(asset: Asset("SOL"), quantity: quantity(own))]
        bench = EngineBench(
            limits: limits, script: PuppetStrategy { $0.directions = [.reverse] }, coins: own)
        let pool = LendingMarket(
            asset: Asset("SOL"), isOpen: true, borrowRate: percent("1"), lendRate: .zero,
            utilisation: fraction("0.5"))
        bench.say(.lendingMarkets([pool]), to: \.isLending)
        bench.say(.borrowRoom(quantity("5"))) { $0 == .borrowRoom(Asset("SOL")) }
        bench.script.wishes = 150
        quote()
        bench.pass(1100)
        bench.script.wishes = nil
        sale = bench.orders.first { $0.instrument == bench.spot }
        #expect(bench.orders.contains { $0.instrument == bench.perp && $0.autoBorrow == nil })
        bench.executeAll()
    }

    private func quote() { bench.quote(spot: ("150.99", "151.01"), perp: ("149.98", "150.00")) }

    /// The account is read, some seconds after the sale.
    func read(owes debts: [BorrowLendPosition]) {
        bench.pass(10_100)
        bench.answer {
            guard case .collateral = $0 else { return nil }
            return collateral(borrowed: debts.isEmpty ? .zero : Money(150))
        }
        bench.answer { $0 == .borrowLendPositions ? .borrowLendPositions(debts) : nil }
    }

    /// The spot order that closes the reverse.
    func close(_ plan: RestingPlan? = nil) -> Order? {
        bench.script.leaves = .exit(reason: "test", resting: plan)
        quote()
        bench.pass(1100)
        return bench.orders.first { $0.instrument == bench.spot }
    }
}

@Suite struct `The flags of an order for coins that are borrowed` {
    static let debt = BorrowLendPosition(asset: Asset("SOL"), net: money("-0.99"))
    static let other = BorrowLendPosition(asset: .usdc, net: money("-150"))
    static let resting = RestingPlan(rest: .spot, timeout: .seconds(60), fallback: .taker)

    @Test(arguments: [nil, resting])
    func `repay with the purchase that closes what is owed`(plan: RestingPlan?) throws {
        let reverse = ReverseBench(own: "0", mayBorrow: true)
        #expect(try #require(reverse.sale).autoBorrow == true && reverse.sale?.autoBorrowRepay == nil)
        reverse.read(owes: [Self.debt])
        let purchase = try #require(reverse.close(plan))
        #expect(purchase.side == .buy && purchase.postOnly == (plan != nil))
        #expect(purchase.autoBorrowRepay == true && purchase.autoBorrow == false)
    }

    @Test func `repay before the debt of the sale has been read`() throws {
        let reverse = ReverseBench(own: "0", mayBorrow: true)
        #expect(try #require(reverse.close()).autoBorrowRepay == true)
    }

    @Test(arguments: [nil, resting], [[], [other]])
    func `repay nothing where own coins were sold`(
        plan: RestingPlan?, debts: [BorrowLendPosition]
    ) throws {
        for mayBorrow in [false, true] {
            let reverse = ReverseBench(own: "10", mayBorrow: mayBorrow)
            #expect(try #require(reverse.sale).autoBorrow == mayBorrow)
            reverse.read(owes: debts)
            let purchase = try #require(reverse.close(plan))
            #expect(purchase.side == .buy)
            #expect(purchase.autoBorrowRepay == nil && purchase.autoBorrow == false)
        }
    }

    @Test(arguments: [("0", false), ("0.00000001", true)])
    func `redeem what is lent, whether or not more will be`(lent: String, redeems: Bool) throws {
        let bench = EngineBench()
        // Without a basis: where one lasts it is no gain.
        bench.quote(perp: ("149.84", "149.86"))
        bench.pass(10_100)
        bench.answer {
            guard case .collateral = $0 else { return nil }
            return collateral(AssetWeight(asset: .usdc, weight: fraction("1"), lent: money(lent)))
        }
        bench.answerAccount()
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(1100)
        let purchase = try #require(bench.orders.first { $0.instrument == bench.spot })
        #expect(purchase.autoLendRedeem == (redeems ? true : nil))
        #expect(bench.orders.first { $0.instrument == bench.perp }?.autoLendRedeem == nil)
    }
}
