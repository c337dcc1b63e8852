import Testing

@testable import Core

private let hour = Timestamp(milliseconds: 1_790_002_800_000)
private let sol = Asset("SOL")

private func paid(
    _ quantity: String, _ kind: InterestKind? = .borrow, _ asset: Asset = sol, at: Timestamp = hour,
    position: String = "7"
) -> InterestPayment {
    InterestPayment(asset: asset, kind: kind, quantity: money(quantity), position: position, at: at)
}

extension EngineBench {
    fileprivate var settlements: [Settlement] {
        notes.compactMap { if case .settled(let settlement) = $0 { settlement } else { nil } }
    }

    /// Until the next full hour, when interest is asked for, and the answer.
    fileprivate func hear(_ payments: [InterestPayment]) {
        pass(2_703_000, step: 1000)
        answerInterest(payments)
    }

    fileprivate func answerInterest(_ payments: [InterestPayment]) {
        answer { if case .interestPayments = $0 { .interestPayments(payments) } else { nil } }
    }

    fileprivate func balance(_ owner: String, _ name: AccountName, _ asset: Asset) -> Money {
        engine.ledger.balance(Account(owner, name), asset)
    }

    fileprivate func expectZero() {
        for (asset, sum) in engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
    }
}

@Suite struct `Interest` {
    @Test func `on quote is the house's, once, however often it is read`() {
        let bench = EngineBench()
        bench.hear([paid("0.25", .lend, .usdc), paid("0.10", .borrow, .usdc, position: "8")])
        #expect(bench.balance(Account.house, .borrow, .usdc) == money("-0.15"))
        #expect(bench.engine.ledger.venueBalance(.usdc) == money("1000.15"))
        #expect(bench.settlements.map(\.amount) == [money("-0.10"), money("0.25")])
        #expect(bench.settlements.map(\.cause) == [.interest, .interest])
        bench.pass(3_600_000, step: 1000)
        bench.answerInterest([paid("0.25", .lend, .usdc), paid("0.10", .borrow, .usdc, position: "8")])
        #expect(bench.settlements.count == 2)
        bench.expectZero()
        // Nor does the run that goes on from here book it again; what came meanwhile it does.
        let next = bench.killed()
        next.answerAccount()
        next.pass(3_600_000, step: 1000)
        next.answerInterest([
            paid("0.25", .lend, .usdc, at: hour + .seconds(7200)), paid("0.25", .lend, .usdc),
        ])
        #expect(next.settlements.map(\.amount) == [money("0.25")])
        #expect(next.balance(Account.house, .borrow, .usdc) == money("-0.40"))
        next.expectZero()
    }

    @Test func `of before the ledger was opened is in it already`() {
        let bench = EngineBench()
        bench.hear([paid("0.25", .lend, .usdc, at: EngineBench.start)])
        #expect(bench.settlements.isEmpty)
        #expect(bench.engine.ledger.venueBalance(.usdc) == Money(1000))
    }

    @Test func `of a kind nobody knows is told of and not booked`() {
        let bench = EngineBench()
        bench.hear([paid("0.25", nil, .usdc)])
        #expect(bench.settlements.isEmpty)
        #expect(bench.alerts.count { $0.contains("interest of a kind that is not known") } == 1)
        #expect(bench.engine.ledger.venueBalance(.usdc) == Money(1000))
    }

    /// Coins of the account's own beside the pair's earn their part.
    @Test(arguments: [("0", "0.01", "0"), ("0.98901", "0.005", "0.005")])
    func `on coins is the pair's by its part of them, and its profit by cause adds up`(
        own: String, pairs: String, houses: String
    ) {
        let bench = EngineBench(coins: own)
        bench.openPair()
        let before = bench.holding, total = bench.engine.profitByCause.total
        #expect(before.coins == money("0.98901"))
        bench.hear([paid("0.01", .lend)])
        let after = bench.holding
        #expect(after.coins - before.coins == money(pairs))
        #expect(bench.balance("puppet", .borrow, sol) == -money(pairs))
        #expect(bench.balance(Account.house, .borrow, sol) == -money(houses))
        // 150.00 in the middle of 149.99 and 150.01.
        let worth = Money(raw: money(pairs).raw * 150)
        #expect(after.borrow == worth && after.profit.borrow - before.profit.borrow == worth)
        #expect(bench.engine.profitByCause.borrow == worth)
        #expect(bench.engine.profitByCause.total - total == worth, "coins came, and nothing else changed")
        bench.expectZero()
    }

    @Test func `is read again five seconds after a read that failed`() {
        let bench = EngineBench()
        bench.pass(2_703_000, step: 1000)
        bench.answer { if case .interestPayments = $0 { .unknown("lost") } else { nil } }
        #expect(bench.asked { $0 == .interestPayments(offset: 0) } == 0)
        bench.pass(6_000, step: 1000)
        bench.answerInterest([paid("0.25", .lend, .usdc)])
        #expect(bench.settlements.count == 1)
    }
}

@Suite struct `What is borrowed` {
    @Test func `is known before the ledger is opened, and stands in it as owed`() {
        let bench = EngineBench(isReady: false)
        bench.answer {
            guard case .collateral = $0 else { return nil }
            return .collateral(
                CollateralFacts(
                    netEquity: Money(700), available: Money(700), locked: .zero, marginFraction: nil,
                    weights: [], borrowed: Money(300)))
        }
        bench.answerAccount()
        #expect(!bench.engine.isReady)
        let debt = BorrowLendPosition(asset: sol, net: -Money(2))
        bench.answer { if case .borrowLendPositions = $0 { .borrowLendPositions([debt]) } else { nil } }
        #expect(bench.engine.isReady)
        #expect(bench.engine.ledger.venueBalance(sol) == -Money(2))
        #expect(bench.engine.account.owed(sol) == Money(2) && bench.engine.account.owed(.usdc) == .zero)
        bench.expectZero()
        // What it costs makes the debt larger.
        bench.hear([paid("0.001")])
        #expect(bench.engine.ledger.venueBalance(sol) == money("-2.001"))
    }

    @Test func `is no sign that an order whose answer is lost was executed`() throws {
        let bench = EngineBench(isReady: false)
        bench.answer {
            guard case .collateral = $0 else { return nil }
            return .collateral(
                CollateralFacts(
                    netEquity: Money(700), available: Money(700), locked: .zero, marginFraction: nil,
                    weights: [AssetWeight(asset: sol, weight: fraction("0.9"), lent: .zero)],
                    borrowed: Money(300)))
        }
        bench.answerAccount()
        let debt = BorrowLendPosition(asset: sol, net: -Money(2))
        bench.answer { if case .borrowLendPositions = $0 { .borrowLendPositions([debt]) } else { nil } }
        bench.quote()
        bench.mark()
        let post = try bench.rest(.spot, answered: false)
        #expect(post.side == .buy)
        bench.answer { if case .submit = $0 { .unknown("connection lost") } else { nil } }
        bench.pass(2_100)
        let missing = Refusal(status: 404, code: "RESOURCE_NOT_FOUND", message: "")
        bench.answer { if case .orderState = $0 { .refused(missing) } else { nil } }
        #expect(bench.engine.orders[0].state == .unknown && bench.engine.orders[0].restsNot)
        #expect(bench.engine.shown(0) == .zero)
    }
}

@Suite struct `An execution that nobody here ordered` {
    @Test(
        arguments: [
            ("LIQUIDATION_AUTOCLOSE", "a liquidation"), ("ADL_AUTOCLOSE", "auto-deleveraging"),
            ("BACKSTOP_LIQUIDITY_PROVIDER", "backstop"), ("SETTLEMENT_AUTOCLOSE", "expiry"),
            ("USER", "by hand"), ("SOMETHING_NEW", "for a reason unknown here"),
        ])
    func `is told of by its cause, and the other leg follows`(origin: String, word: String) throws {
        let bench = EngineBench()
        bench.openPair()
        bench.stranger(bench.perp, .buy, "151.02", "0.99", origin: origin)
        #expect(bench.alerts.contains { $0.contains(word) && $0.contains("bought 0.99") }, "\(bench.alerts)")
        #expect(bench.alerts.contains { $0.contains(word) && $0.contains("took 0.99 of the leg of puppet") })
        let sale = try #require(bench.take(bench.spot))
        #expect(sale.side == .sell)
        let fills = bench.notes.compactMap { if case .filled(let fill) = $0 { fill } else { nil } }
        #expect(fills.last?.origin == origin && fills.last?.attribution == .taken)
    }

    @Test func `that the history tells of keeps the cause, and needs no person when it is the venue's own`() {
        let bench = EngineBench(coins: "0")
        bench.openPair()
        let fill = Fill(
            instrument: bench.spot, side: .sell, price: price("149.99"), quantity: quantity("0.98"),
            fee: money("0.1"), feeAsset: .usdc, tradeID: 77, venueOrderID: VenueOrderID("conversion"),
            clientOrderID: ClientOrderID(raw: 99_999_999), liquidity: .taker,
            venueTime: bench.engine.now + .milliseconds(1), origin: "CollateralConversion")
        bench.engine.apply(fill)
        bench.turn([])
        #expect(bench.engine.state == .active, "no other program trades here")
        #expect(bench.alerts.contains { $0.contains("a conversion of collateral sold 0.98") })
        #expect(bench.take(bench.perp)?.side == .buy)
    }
}
