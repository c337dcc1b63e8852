import Testing

@testable import Core

private let sol = Asset("SOL")

private func transfer(
    _ kind: OutsideTransfer.Kind, _ quantity: String, _ asset: Asset = .usdc, fee: String = "0",
    state: OutsideTransfer.State = .confirmed, id: Int64 = 7, at: Timestamp
) -> OutsideTransfer {
    OutsideTransfer(
        kind: kind, id: id, asset: asset, quantity: money(quantity), fee: money(fee), state: state, at: at)
}

extension EngineBench {
    fileprivate func house(_ name: AccountName, _ asset: Asset = .usdc) -> Money {
        engine.ledger.balance(Account(Account.house, name), asset)
    }
    fileprivate var transferred: [Posting] {
        notes.flatMap { note -> [Posting] in if case .posted(let postings) = note { postings } else { [] } }
            .filter { $0.cause == .transfer }
    }
    fileprivate func expectZero() {
        for (asset, sum) in engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
    }

    /// The account is read so often; its balances are the ledger's as it stood at `books`, moved by so much.
    fileprivate func look(
        _ times: Int = 3, _ books: Ledger, usdc: String = "0", sol coins: String = "0", every: Int64 = 10_100,
        lists: Bool = true
    ) {
        for _ in 0..<times {
            pass(every)
            let net = engine.holdings.reduce(Quantity.zero) { $0 + $1.perp }
            let worth = Money(raw: Int128(net.raw) * 151 * 10_000)
            answer { if case .fills = $0 { .fills([]) } else { nil } }
            answer {
                guard !lists, case .outsideTransfers = $0 else { return nil }
                return .refused(Refusal(status: 403, code: "FORBIDDEN", message: ""))
            }
            answerAccount(
                usdc: (books.venueBalance(.usdc) + worth + money(usdc)).description,
                coins: (books.venueBalance(sol) + money(coins)).description,
                contracts: net == .zero ? nil : net.description)
            // What a look made the engine ask for is answered with the next.
        }
    }
}

@Suite struct `A deposit or withdrawal` {
    static let changes: [(OutsideTransfer.Kind, String, Asset, String)] = [
        (.deposit, "50", .usdc, "50"), (.withdrawal, "250.000001", .usdc, "-250.000001"),
        (.deposit, "1.5", sol, "1.5"), (.withdrawal, "0.00001", sol, "-0.00001"),
        // Too small to be seen in the balance.
        (.deposit, "0.000000000001", .usdc, "0.000000000001"), (.withdrawal, "0.01", .usdc, "-0.01"),
        (.deposit, "0.0000001", sol, "0.0000001"),
    ]

    @Test(arguments: changes)
    func `that list and balance show is booked once, to nobody's profit, and over a restart`(
        kind: OutsideTransfer.Kind, quantity: String, asset: Asset, change: String
    ) {
        let bench = EngineBench(coins: "3")
        let books = bench.engine.ledger, profit = bench.engine.profitByCause
        bench.outside = [transfer(kind, quantity, asset, at: bench.now + .milliseconds(1))]
        // The tiny ones are heard of with the settlements of the hour.
        bench.pass(2_703_000, step: 1000)
        let (usdc, coins) = asset == .usdc ? (change, "0") : ("0", change)
        bench.look(4, books, usdc: usdc, sol: coins)
        #expect(bench.house(.outside, asset) == -money(change))
        #expect(bench.engine.ledger.venueBalance(asset) == books.venueBalance(asset) + money(change))
        #expect(bench.transferred.map(\.reference) == ["\(kind.rawValue)/7"])
        #expect(bench.engine.profitByCause == profit && bench.engine.profitToday == .zero)
        #expect(bench.alerts.isEmpty, "\(bench.alerts)")
        bench.pass(3_600_000, step: 1000)
        bench.look(3, books, usdc: usdc, sol: coins)
        #expect(bench.transferred.count == 1)
        let next = bench.killed()
        next.outside = bench.outside
        next.answerAsRecorded()
        next.quote()
        next.mark()
        next.look(80, books, usdc: usdc, sol: coins, every: 1_100)
        #expect(next.engine.isReady && next.transferred.isEmpty && next.alerts.isEmpty, "\(next.alerts)")
        #expect(next.engine.ledger.rows == bench.engine.ledger.rows)
        next.expectZero()
    }

    @Test func `does not hide what else is wrong with the balance`() {
        let bench = EngineBench()
        let books = bench.engine.ledger
        // No row: a fee that was charged wrong stays a difference.
        bench.look(5, books, usdc: "-0.5")
        #expect(bench.alerts.count { $0.contains("0.5 less") && $0.contains("left as it is") } == 1)
        #expect(bench.transferred.isEmpty && bench.engine.ledger.rows == books.rows)
        bench.outside = [transfer(.deposit, "50", at: bench.now)]
        bench.look(5, books, usdc: "49.5")
        #expect(bench.transferred.map(\.amount) == [money("50")])
        #expect(bench.alerts.count { $0.contains("0.5 less") } >= 1)
        #expect(bench.engine.ledger.venueBalance(.usdc) == books.venueBalance(.usdc) + Money(50))
    }

    @Test func `that no balance shows is not booked, and told of when it should be there`() {
        let bench = EngineBench()
        let books = bench.engine.ledger
        bench.outside = [
            transfer(.deposit, "5", id: 1, at: EngineBench.start - .seconds(3600)),
            transfer(.deposit, "50", id: 2, at: bench.now + .milliseconds(1)),
        ]
        bench.pass(2_703_000, step: 1000)
        bench.look(5, books)
        #expect(bench.alerts.isEmpty)
        bench.look(3, books)
        #expect(bench.alerts.count { $0.contains("deposit/2") && $0.contains("not booked") } == 1)
        #expect(bench.alerts.count == 1 && bench.transferred.isEmpty)
        // A difference of just that size is another matter now.
        bench.look(4, books, usdc: "50")
        #expect(bench.transferred.isEmpty)
    }

    @Test func `begun before the ledger is booked when the balance shows exactly that`() {
        let before = EngineBench.start - .seconds(600)
        let bench = EngineBench()
        let books = bench.engine.ledger
        bench.outside = [transfer(.deposit, "50", at: before)]
        bench.look(4, books, usdc: "49.5")
        #expect(bench.transferred.isEmpty, "it may have been there at the opening")
        bench.look(2, books, usdc: "50")
        #expect(bench.transferred.map(\.amount) == [Money(50)])
    }

    @Test(arguments: [("0.7", "-20.7", "20"), ("0.7", "-20", "19.3"), ("0", "-20", "20")])
    func `takes its fee from the amount or on top, as the balance shows`(
        fee: String, moved: String, outside: String
    ) {
        let bench = EngineBench()
        let books = bench.engine.ledger
        bench.outside = [transfer(.withdrawal, "20", fee: fee, at: bench.now + .milliseconds(1))]
        bench.look(3, books, usdc: moved)
        #expect(bench.house(.outside) == money(outside) && bench.house(.fees) == money(fee))
        #expect(bench.engine.ledger.venueBalance(.usdc) == books.venueBalance(.usdc) + money(moved))
        #expect(bench.engine.feesToday == .zero, "no fee of trading")
        bench.expectZero()
    }

    @Test func `that hides another is booked with it`() {
        let bench = EngineBench()
        let books = bench.engine.ledger
        bench.outside = [
            transfer(.withdrawal, "50", id: 3, at: bench.now + .milliseconds(2)),
            transfer(.deposit, "50", id: 3, at: bench.now + .milliseconds(1)),
        ]
        bench.pass(2_703_000, step: 1000)
        bench.look(2, books)
        #expect(bench.transferred.map(\.reference) == ["deposit/3", "withdrawal/3"])
        #expect(bench.engine.ledger.venueBalance(.usdc) == books.venueBalance(.usdc))
        bench.outside += [
            transfer(.deposit, "20", id: 4, at: bench.now), transfer(.deposit, "30", id: 5, at: bench.now),
        ]
        bench.look(3, books, usdc: "50")
        #expect(bench.transferred.count == 4)
        #expect(bench.engine.ledger.venueBalance(.usdc) == books.venueBalance(.usdc) + Money(50))
        bench.expectZero()
    }

    @Test(arguments: [false, true], [OutsideTransfer.State.confirmed, .ended, .unknown, nil])
    func `is booked when it has left the balance, and undone when it comes back`(
        restarts: Bool, end: OutsideTransfer.State?
    ) {
        var bench = EngineBench()
        let books = bench.engine.ledger, at = bench.now + .milliseconds(1)
        bench.outside = [transfer(.withdrawal, "20", state: .underWay, at: at)]
        bench.look(3, books, usdc: "-20")
        #expect(bench.house(.outside) == Money(20) && bench.alerts.isEmpty)
        if restarts {
            let next = bench.killed()
            next.outside = bench.outside
            next.answerAsRecorded()
            next.quote()
            next.mark()
            next.look(4, books, usdc: "-20", every: 1_100)
            #expect(next.engine.isReady && next.transferred.isEmpty)
            bench = next
        }
        // `nil`: it is listed no more.
        bench.outside = end.map { [transfer(.withdrawal, "20", state: $0, at: at)] } ?? []
        let left = end == .confirmed ? "-20" : "0"
        bench.pass(2_703_000, step: 1000)
        bench.look(3, books, usdc: left)
        #expect(bench.house(.outside) == (end == .confirmed ? Money(20) : .zero))
        #expect(bench.engine.ledger.venueBalance(.usdc) == books.venueBalance(.usdc) + money(left))
        #expect(bench.alerts.count { $0.contains("came to nothing") } == (end == .confirmed ? 0 : 1))
        bench.look(8, books, usdc: left)
        #expect(bench.engine.checkpoint().transfers.map(\.isOver) == [true])
        #expect(bench.transferred.count <= 2)
        bench.expectZero()
    }

    @Test func `that is pending and not in the balance waits for its end`() {
        let bench = EngineBench()
        let books = bench.engine.ledger, at = bench.now + .milliseconds(1)
        bench.outside = [
            transfer(.deposit, "50", state: .underWay, id: 1, at: at),
            transfer(.deposit, "70", state: .underWay, id: 2, at: at),
        ]
        bench.pass(2_703_000, step: 1000)
        // Not what is missing, however near.
        bench.look(4, books, usdc: "49.98")
        #expect(bench.transferred.isEmpty)
        bench.outside = [
            transfer(.deposit, "50", state: .confirmed, id: 1, at: at),
            transfer(.deposit, "70", state: .ended, id: 2, at: at),
        ]
        bench.pass(3_600_000, step: 1000)
        bench.look(3, books, usdc: "50")
        #expect(bench.transferred.map(\.amount) == [Money(50)])
    }

    @Test func `in a state nobody knows is told of and not booked`() {
        let bench = EngineBench()
        let books = bench.engine.ledger
        bench.outside = [transfer(.withdrawal, "50", state: .unknown, at: bench.now + .milliseconds(1))]
        bench.look(5, books, usdc: "-50")
        #expect(bench.alerts.count { $0.contains("withdrawal/7") && $0.contains("not known") } == 1)
        #expect(bench.alerts.count { $0.contains("50 less") } == 1)
        #expect(bench.transferred.isEmpty)
    }

    @Test func `of coins that a pair holds costs it the leg and no money, and the other leg follows`() {
        let bench = EngineBench(coins: "0.5")
        bench.openPair()
        #expect(bench.holding.coins == money("0.98901"))
        let books = bench.engine.ledger, profit = bench.engine.profitByCause.total
        bench.outside = [transfer(.withdrawal, "0.8", sol, at: bench.now + .milliseconds(1))]
        bench.look(3, books, sol: "-0.8")
        // The account's own half goes first.
        #expect(bench.holding.coins == money("0.68901"))
        #expect(bench.house(.outside, sol) == money("0.8"))
        #expect((bench.engine.profitByCause.total - profit).magnitude < money("0.000001"))
        #expect(bench.engine.surplus(.usdc).magnitude < money("0.01"), "no money came for them")
        #expect(bench.engine.surplus(sol) == .zero)
        #expect(bench.alerts.contains { $0.contains("took 0.3 of puppet") })
        #expect(bench.orders.map(\.instrument) == [bench.perp] && bench.orders[0].side == .buy)
        bench.executeAll()
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
        bench.expectZero()
    }
}

@Suite struct `A deposit or withdrawal while no host ran` {
    private func restarted(_ before: EngineBench) -> EngineBench {
        let next = before.killed()
        next.outside = before.outside
        return next
    }

    @Test func `is booked as what it is, and only the rest as an adjustment`() {
        let before = EngineBench()
        before.openPair()
        let books = before.engine.ledger
        before.outside = [
            transfer(.deposit, "50", id: 1, at: before.now + .milliseconds(100)),
            transfer(.withdrawal, "20", id: 1, at: before.now + .milliseconds(200)),
        ]
        let next = restarted(before)
        next.answerAsRecorded(deposit: "30.5")
        next.quote()
        next.mark()
        next.look(6, books, usdc: "30.5", every: 1_100)
        #expect(next.engine.isReady)
        #expect(next.house(.outside) == Money(-30) && next.house(.adjustment) == money("-0.5"))
        #expect(next.transferred.map(\.reference) == ["deposit/1", "withdrawal/1"])
        next.expectZero()
    }

    @Test func `that cannot be read is followed as a difference, and not booked when it is listed later`() {
        let before = EngineBench()
        let books = before.engine.ledger
        let next = restarted(before)
        next.outside = [transfer(.deposit, "50", at: before.now + .milliseconds(100))]
        next.quote()
        next.mark()
        for count in 0..<12 {
            next.look(1, books, usdc: "50", every: 1_100, lists: false)
            if count < 6 { #expect(!next.engine.isReady, "the list may still come") }
        }
        #expect(next.engine.isReady && next.house(.adjustment) == Money(-50))
        next.look(20, books, usdc: "50")
        #expect(next.transferred.isEmpty)
        #expect(next.engine.ledger.venueBalance(.usdc) == books.venueBalance(.usdc) + Money(50))
        // Nor by the run after.
        let last = restarted(next)
        last.answerAsRecorded()
        last.quote()
        last.mark()
        last.look(80, books, usdc: "50", every: 1_100)
        #expect(last.transferred.isEmpty && last.alerts.isEmpty, "\(last.alerts)")
    }
}

@Suite struct `The list of deposits and withdrawals` {
    @Test func `is asked for at a start, each hour, at a difference and at a stop, and no oftener`() {
        let bench = EngineBench()
        func isAsked(_ request: Request) -> Bool {
            if case .outsideTransfers = request { true } else { false }
        }
        #expect(bench.asked(isAsked) == 0, "answered")
        bench.look(20, bench.engine.ledger)
        #expect(bench.asked(isAsked) == 0)
        bench.pass(10_100)
        bench.answerAccount(usdc: "990")
        #expect(bench.asked(isAsked) == 2)
        bench.answerAccount(usdc: "990")
        for _ in 0..<5 {
            bench.pass(10_100)
            bench.answerAccount(usdc: "990")
        }
        #expect(bench.asked(isAsked) == 0, "read since that difference was seen")
        bench.pass(2_703_000, step: 1000)
        #expect(bench.asked(isAsked) == 2)
        bench.answerAccount(usdc: "990")
        bench.obey(.stop(flatten: false))
        #expect(bench.asked(isAsked) == 2 && !bench.engine.isQuiet)
    }

    @Test func `is read page by page, and again from its beginning when a page does not come`() {
        let bench = EngineBench()
        let books = bench.engine.ledger, at = bench.now
        let rows = (1...1_001).map {
            transfer(.deposit, "0.01", id: Int64($0), at: at + .milliseconds(Int64($0)))
        }
        bench.pass(2_703_000, step: 1000)
        func page(_ offset: Int, _ reply: Reply) {
            bench.answer {
                guard case .outsideTransfers(.deposit, _, let asked) = $0 else { return nil }
                #expect(asked == offset)
                return reply
            }
        }
        page(0, .outsideTransfers(Array(rows.prefix(1_000))))
        page(1_000, .unknown("lost"))
        #expect(bench.engine.outside.records.isEmpty)
        bench.pass(5_100)
        page(0, .outsideTransfers(Array(rows.prefix(1_000))))
        page(1_000, .outsideTransfers([rows[1_000], rows[0]]))
        #expect(bench.engine.outside.records.count == 1_001)
        bench.outside = rows
        bench.look(2, books, usdc: "10.01")
        #expect(bench.house(.outside) == money("-10.01") && bench.transferred.count == 1_001)
        bench.expectZero()
    }

    @Test func `that this key may not see is told of once and asked for with the hourly reads`() {
        let bench = EngineBench()
        func refuse() {
            bench.answer {
                guard case .outsideTransfers = $0 else { return nil }
                return .refused(Refusal(status: 403, code: "FORBIDDEN", message: "no"))
            }
        }
        func asked() -> Int { bench.asked { if case .outsideTransfers = $0 { true } else { false } } }
        for hour in 1...2 {
            bench.pass(2_703_000 + (hour == 1 ? 0 : 900_000), step: 1000)
            #expect(asked() == 2, "hour \(hour)")
            refuse()
            bench.pass(60_000, step: 1000)
            #expect(asked() == 0)
        }
        #expect(bench.alerts.filter { $0.contains("403 no") }.count == 1)
    }

    @Test func `that cannot be read is told of once, though the other one can`() {
        let bench = EngineBench()
        bench.pass(2_703_000, step: 1000)
        for _ in 0..<12 {
            bench.answer {
                guard case .outsideTransfers(let kind, _, _) = $0 else { return nil }
                return kind == .deposit ? .outsideTransfers([]) : .unknown("no time in row 1")
            }
            bench.pass(5_100)
        }
        let told = bench.alerts.filter { $0.contains("withdrawals cannot be read") }
        #expect(told.count == 1 && told[0].contains("no time in row 1"), "\(bench.alerts)")
        #expect(!bench.alerts.contains { $0.contains("deposits cannot be read") })
    }

    @Test func `that tells of a deposit before a stop is waited for until the balance is read`() {
        let bench = EngineBench()
        bench.outside = [transfer(.deposit, "50", at: bench.now + .milliseconds(1))]
        bench.obey(.stop(flatten: false))
        bench.answerAccount(usdc: "1050")
        #expect(!bench.engine.isQuiet)
        bench.answerAccount(usdc: "1050")
        #expect(bench.engine.isQuiet && bench.house(.outside) == Money(-50))
    }
}
