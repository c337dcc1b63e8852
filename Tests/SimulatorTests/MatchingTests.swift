import Core
import Testing

@testable import Simulator

@Suite struct `Matching` {
    @Test func `the better price comes first, then the earlier order`() {
        var bench = Bench()
        var post = bench.limit(bench.spot, .buy, "149.99", "1")
        post.postOnly = true
        #expect(bench.send(post, bench.ann).order?.status == .new)
        #expect(bench.send(post, bench.bob).order?.status == .new)
        // 2 of the crowd stand before them, and nothing is given to the later before the earlier is done.
        bench.venue.perform(.trade(bench.spot, .sell, Quantity("2.5")!, reach: 0))
        bench.drain()
        #expect(bench.fills(bench.ann).map(\.quantity) == [Quantity("0.5")!])
        #expect(bench.fills(bench.bob).isEmpty)
        bench.venue.perform(.trade(bench.spot, .sell, Quantity("1")!, reach: 0))
        #expect(bench.fills(bench.ann).map(\.quantity) == [Quantity("0.5")!, Quantity("0.5")!])
        #expect(bench.fills(bench.bob).map(\.quantity) == [Quantity("0.5")!])
        #expect(bench.sumsAreZero)
    }

    @Test func `a queue shrinks pro rata when the crowd leaves without trading`() {
        var bench = Bench()
        bench.quote(bench.spot, [("149.99", "10")], [("150.01", "10")])
        var post = bench.limit(bench.spot, .buy, "149.99", "1")
        post.postOnly = true
        _ = bench.send(post, bench.ann)
        bench.quote(bench.spot, [("149.99", "5")], [("150.01", "10")])
        bench.venue.perform(.trade(bench.spot, .sell, Quantity("5")!, reach: 0))
        #expect(bench.fills(bench.ann).isEmpty)
        bench.venue.perform(.trade(bench.spot, .sell, Quantity("1")!, reach: 0))
        #expect(bench.fills(bench.ann).map(\.quantity) == [Quantity("1")!])
    }

    @Test func `a taker waits 100 ms and meets the book at arrival`() {
        var bench = Bench()
        bench.venue.place(
            bench.limit(bench.spot, .buy, "150.02", "1", .immediateOrCancel), from: bench.ann, ticket: 900,
            now: bench.now)
        bench.pass(99)
        #expect(bench.fills(bench.ann).isEmpty)
        bench.quote(bench.spot, [("149.99", "2")], [("150.02", "5")])
        bench.pass(1)
        #expect(bench.fills(bench.ann).map(\.price) == [Price("150.02")!])
    }

    @Test func `post-only does not wait and is refused when it would take`() {
        var bench = Bench()
        var post = bench.limit(bench.perp, .sell, "150.29", "1")
        post.postOnly = true
        let refusal = bench.send(post, bench.ann).refusal
        #expect(refusal == .wouldTake)
        #expect(refusal?.status == 400)
        post.price = Price("150.30")!
        bench.forget()
        bench.venue.place(post, from: bench.ann, ticket: 901, now: bench.now)
        bench.drain()
        #expect(bench.venue.openOrders(of: bench.ann).count == 1)
        #expect(
            bench.told.contains {
                if case .touch(bench.perp, _, let ask, _, _) = $0 { ask?.price == post.price } else { false }
            })
    }

    @Test(arguments: [
        (TimeInForce.goodTillCancelled, OrderStatus.partiallyFilled, nil as String?, "3"),
        (.immediateOrCancel, .expired, "ImmediateOrCancel", "3"),
        (.fillOrKill, .expired, "FillOrKill", "0"),
    ])
    func `what is left over depends on the time in force`(
        tif: TimeInForce, status: OrderStatus, reason: String?, executed: String
    ) {
        var bench = Bench()
        bench.quote(bench.spot, [("149.99", "2")], [("150.01", "2"), ("150.02", "1")])
        let order = bench.send(bench.limit(bench.spot, .buy, "150.02", "4", tif), bench.ann).order
        #expect(order?.status == status)
        #expect(order?.expiryReason == reason)
        #expect(order?.executed == Quantity(executed)!)
        #expect(order?.isResting == (tif == .goodTillCancelled))
        #expect(bench.sumsAreZero)
    }

    @Test(arguments: [
        (SelfTradePrevention.rejectTaker, OrderStatus.expired, OrderStatus.new, 0),
        (.rejectMaker, .filled, .expired, 1), (.rejectBoth, .expired, .expired, 0),
    ])
    func `an account does not trade with itself`(
        mode: SelfTradePrevention, taker: OrderStatus, maker: OrderStatus, fills: Int
    ) {
        var bench = Bench()
        var post = bench.limit(bench.perp, .sell, "150.30", "1")
        post.postOnly = true
        let resting = bench.send(post, bench.ann).order
        var take = bench.limit(bench.perp, .buy, "150.31", "1", .immediateOrCancel)
        take.selfTrade = mode
        let order = bench.send(take, bench.ann).order
        #expect(order?.status == taker)
        #expect(bench.venue.orders(of: bench.ann).first { $0.id == resting?.id }?.status == maker)
        #expect(bench.fills(bench.ann).count == fills)
        if mode != .rejectMaker { #expect(order?.expiryReason == "SelfTradePrevention") }
    }

    @Test func `reduce-only never opens and never turns a position`() {
        var bench = Bench()
        var close = bench.limit(bench.perp, .buy, "150.32", "1", .immediateOrCancel)
        close.reduceOnly = true
        #expect(bench.send(close, bench.ann).order?.expiryReason == "ReduceOnlyNotReduced")
        _ = bench.send(bench.limit(bench.perp, .sell, "150.28", "1", .immediateOrCancel), bench.ann)
        close.quantity = Quantity("1.5")!
        let order = bench.send(close, bench.ann).order
        #expect(order?.executed == Quantity("1")!)
        #expect(order?.expiryReason == "ReduceOnlyNotReduced")
        #expect(bench.venue.positions(of: bench.ann).isEmpty)
    }

    @Test func `a resting reduce-only order shrinks with the position and goes with it`() {
        var bench = Bench()
        _ = bench.send(bench.limit(bench.perp, .sell, "150.28", "1", .immediateOrCancel), bench.ann)
        var rest = bench.limit(bench.perp, .buy, "150.00", "1")
        (rest.reduceOnly, rest.postOnly) = (true, true)
        _ = bench.send(rest, bench.ann)
        _ = bench.send(bench.limit(bench.perp, .buy, "150.32", "0.4", .immediateOrCancel), bench.ann)
        #expect(bench.venue.openOrders(of: bench.ann).map(\.remaining) == [Quantity("0.6")!])
        _ = bench.send(bench.limit(bench.perp, .buy, "150.32", "0.6", .immediateOrCancel), bench.ann)
        #expect(bench.venue.openOrders(of: bench.ann).isEmpty)
        #expect(bench.venue.orders(of: bench.ann).contains { $0.expiryReason == "ReduceOnlyNotReduced" })
    }

    @Test func `market orders go by quantity or by quote amount`() {
        var bench = Bench()
        var order = IncomingOrder(instrument: bench.spot, side: .buy)
        (order.kind, order.quoteQuantity) = (.market, Money("25.5")!)
        let byQuote = bench.send(order, bench.ann).order
        #expect(byQuote?.executed == Quantity("0.16")!)
        #expect(byQuote?.status == .filled)
        (order.quoteQuantity, order.quantity) = (nil, Quantity("6")!)
        let byQuantity = bench.send(order, bench.ann).order
        #expect(byQuantity?.status == .filled)
        #expect(
            bench.send(IncomingOrder(instrument: bench.spot, side: .buy).asMarket, bench.ann).refusal
                == .noSize)
        #expect(bench.sumsAreZero)
    }

    @Test(
        arguments: [
            (Side.buy, "20", "0.13", 1), (.sell, "20", "0.13", 1), (.sell, "1", "0.01", 1),
            (.buy, "310", "2.06", 2),
        ] as [(Side, String, String, Int)])
    func `the last fill of an order by quote says that it is filled`(
        side: Side, quote: String, executed: String, fills: Int
    ) {
        var bench = Bench()
        bench.forget()
        var order = IncomingOrder(instrument: bench.spot, side: side)
        (order.kind, order.quoteQuantity) = (.market, Money(quote)!)
        let done = bench.send(order, bench.bob).order
        #expect(done?.executed == Quantity(executed)!)
        let statuses = bench.told.compactMap { event -> OrderStatus? in
            if case .order(bench.bob, .fill, let order, _, _) = event { order.status } else { nil }
        }
        #expect(statuses.count == fills)
        #expect(statuses.last == .filled)
        #expect(statuses.dropLast().allSatisfy { $0 == .partiallyFilled })
    }

    @Test func `an order by quote on a book that is too thin fills in part and expires`() {
        var bench = Bench(usdc: 10_000)
        var order = IncomingOrder(instrument: bench.spot, side: .buy)
        (order.kind, order.quoteQuantity) = (.market, Money("5000")!)
        let done = bench.send(order, bench.ann).order
        #expect(done?.executed == Quantity("7")!)
        #expect(done?.status == .expired)
        #expect(done?.expiryReason == "InsufficientLiquidity")
    }

    @Test func `a taker stops at the impact band and the rest expires`() {
        var bench = Bench()
        bench.quote(bench.spot, [("149.99", "2")], [("150.00", "1"), ("151.51", "9")])
        let order = bench.send(bench.limit(bench.spot, .buy, "152", "2"), bench.ann).order
        #expect(order?.executed == Quantity("1")!)
        #expect(order?.expiryReason == "PriceImpact")
    }

    @Test func `requests off the grid, too small, too far or unfunded are refused in the exchange's words`() {
        var bench = Bench()
        func refusal(_ id: InstrumentID, _ side: Side, _ price: String, _ quantity: String) -> Refusal? {
            bench.send(bench.limit(id, side, price, quantity), bench.ann).refusal
        }
        #expect(refusal(bench.spot, .buy, "150.001", "1") == .tooPrecisePrice)
        #expect(refusal(bench.spot, .buy, "150.00", "1.001") == .tooPreciseQuantity)
        #expect(refusal(bench.spot, .buy, "150.00", "0.001") == .tooSmall)
        #expect(refusal(bench.spot, .buy, "301", "1") == .tooFar)
        #expect(refusal(bench.spot, .buy, "150.00", "7") == .noFunds)
        #expect(refusal(bench.spot, .sell, "150.00", "1") == .noFunds)
        #expect(refusal(bench.perp, .sell, "150.30", "100") == .noMargin)
        #expect(bench.told.allSatisfy { if case .order = $0 { false } else { true } })
    }

    @Test func `a cancel frees what was held; a second one finds nothing`() {
        var bench = Bench()
        var post = bench.limit(bench.spot, .buy, "149.00", "2")
        (post.postOnly, post.clientID) = (true, 7)
        let order = bench.send(post, bench.ann).order
        #expect(bench.balance(bench.ann, "USDC").locked == Money("298")!)
        let gone = bench.venue.cancel(bench.spot, order: nil, client: 7, from: bench.ann, now: bench.now)
        #expect(gone.order?.id == order?.id)
        #expect(gone.order?.status == .cancelled)
        #expect(bench.balance(bench.ann, "USDC").available == Money(1_000))
        let again = bench.venue.cancel(
            bench.spot, order: order?.id, client: nil, from: bench.ann, now: bench.now)
        #expect(again.refusal == .missing)
    }

    @Test func `update ids count by one and a follower's book equals the venue's`() {
        var bench = Bench()
        var book = Book()
        let first = bench.venue.book(bench.spot)
        book.replace(bids: first.bids, asks: first.asks, sequence: first.sequence)
        bench.forget()
        _ = bench.send(bench.limit(bench.spot, .buy, "150.02", "3"), bench.ann)
        bench.quote(bench.spot, [("149.97", "1")], [("150.03", "4")])
        _ = bench.send(bench.limit(bench.spot, .buy, "149.99", "1"), bench.bob)
        for case .depth(bench.spot, let bids, let asks, let sequence, _) in bench.told {
            #expect(sequence == book.sequence! + 1)
            book.apply(bids: bids, asks: asks, sequence: sequence)
        }
        let last = bench.venue.book(bench.spot)
        #expect(book.bids == last.bids && book.asks == last.asks && book.sequence == last.sequence)
    }

    @Test func `a batch is answered once, each order for itself`() {
        var bench = Bench()
        var post = bench.limit(bench.spot, .buy, "149.00", "1")
        post.postOnly = true
        let outcomes = bench.sendBatch(
            [
                post, bench.limit(bench.spot, .buy, "149.001", "1"),
                bench.limit(bench.spot, .buy, "150.01", "1"),
            ],
            bench.ann)
        #expect(outcomes.map { $0.order?.status } == [.new, nil, .filled])
        #expect(outcomes[1].refusal == .tooPrecisePrice)
    }
}

extension IncomingOrder {
    var asMarket: IncomingOrder {
        var copy = self
        copy.kind = .market
        return copy
    }
}

@Suite struct `A resting order that is taken in halves` {
    private var bench: Bench {
        var rules = VenueRules()
        rules.halvesEvery = .milliseconds(150)
        return Bench(rules: rules)
    }

    @Test(arguments: [("0.99", ["0.49", "0.5"]), ("1", ["0.5", "0.5"]), ("0.01", ["0.01"])])
    func `fills the first after its time and the rest after the same again, in whole lots`(
        _ quantity: String, _ halves: [String]
    ) {
        var bench = bench
        var order = bench.limit(bench.spot, .buy, "149.98", quantity)
        order.postOnly = true
        #expect(bench.send(order, bench.ann).order?.status == .new)
        #expect(bench.fills(bench.ann).isEmpty)
        for (number, half) in halves.enumerated() {
            bench.pass(number == 0 ? 49 : 149)
            #expect(bench.fills(bench.ann).count == number)
            bench.pass(1)
            #expect(bench.fills(bench.ann).count == number + 1)
            #expect(bench.fills(bench.ann).map(\.quantity).contains(Quantity(half)!))
        }
        #expect(bench.fills(bench.ann).allSatisfy { $0.liquidity == .maker })
        #expect(bench.sumsAreZero)
        bench.pass(1000)
        #expect(bench.fills(bench.ann).count == halves.count)
    }

    @Test func `and is cancelled between them fills no more`() {
        var bench = bench
        var order = bench.limit(bench.perp, .sell, "150.40", "1")
        order.postOnly = true
        _ = bench.send(order, bench.ann)
        bench.pass(60)
        #expect(bench.fills(bench.ann).map(\.quantity) == [Quantity("0.5")!])
        _ = bench.venue.cancelAll(bench.perp, from: bench.ann, now: bench.now)
        bench.pass(1000)
        #expect(bench.fills(bench.ann).count == 1)
    }
}
