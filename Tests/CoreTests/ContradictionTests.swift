@testable import Core
import Testing

/// A venue that leaves something out, or says what cannot be.
@Suite struct `A venue that` {
    /// Under which a post stays where it is.
    private let limits: RiskLimits = {
        var limits = RiskLimits()
        limits.indexDeviationMax = Percent(raw: 500_000_000)
        return limits
    }()
    private let missing = Reply.refused(Refusal(status: 404, code: "RESOURCE_NOT_FOUND", message: ""))

    @Test(arguments: [true, false])
    func `does not tell of a fill is found out by its list of open orders, once the post is missing there`(
        isMissing: Bool
    ) throws {
        let bench = EngineBench(limits: limits)
        let post = try bench.rest(.spot)
        bench.pass(50)
        bench.engine.ask(.openOrders)
        bench.pass(50)
        let fill = bench.fill(post, post.quantity)
        bench.answer {
            switch $0 {
            case .openOrders: .orders(isMissing ? [] : [bench.update(post, .new)])
            case .orderState: missing
            case .fills: .fills([fill])
            default: nil
            }
        }
        bench.pass(50)
        bench.answer {
            switch $0 {
            case .orderState: missing
            case .fills: .fills([fill])
            default: nil
            }
        }
        bench.pass(50)
        #expect(bench.holding.spotGross == (isMissing ? post.quantity : .zero))
        #expect(bench.orders.map(\.instrument) == (isMissing ? [bench.perp] : []), "the leg is hedged")
    }

    @Test func `has an order of ours resting is asked for open orders every two seconds`() {
        let bench = EngineBench(limits: limits)
        bench.openPair()
        bench.script.leaves = .exit(
            reason: "test", resting: RestingPlan(rest: .perp, timeout: .seconds(3600)))
        bench.quote()
        let post = bench.orders[0]
        bench.take(post.instrument)
        bench.turn([.order(bench.update(post, .new))])
        // A second after the last execution the account is read anyway.
        bench.pass(1_500)
        let before = bench.asked { $0 == .openOrders }
        bench.pass(4_100)
        #expect(bench.asked { $0 == .openOrders } - before == 2)
    }

    @Test func `lists open orders from before a post says nothing of that post`() throws {
        let bench = EngineBench()
        bench.engine.ask(.openOrders)
        _ = try bench.rest(.spot)
        #expect(bench.asked { $0 == .openOrders } == 1)
        bench.answer { if case .openOrders = $0 { .orders([]) } else { nil } }
        bench.pass(50)
        #expect(bench.asked { if case .orderState = $0 { true } else { false } } == 0)
    }

    @Test func `tells that a post was executed in part is asked for the execution, while it rests`() throws {
        let bench = EngineBench(limits: limits)
        let post = try bench.rest(.spot)
        bench.turn([.order(bench.update(post, .partiallyFilled, executed: "0.5"))])
        bench.pass(1_050)
        let fill = bench.fill(post, quantity("0.5"))
        bench.answer { if case .fills = $0 { .fills([fill]) } else { nil } }
        bench.pass(50)
        #expect(bench.holding.spotGross == quantity("0.5"))
        #expect(bench.orders.map(\.instrument) == [bench.perp])
    }

    @Test func `executes more than was ordered is followed, hedged and held`() throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        bench.script.wishes = nil
        let more = post.quantity + quantity("0.50")
        bench.turn([
            .order(
                bench.update(post, .filled, executed: more.description, fill: bench.fill(post, more)))
        ])
        bench.executeAll()
        bench.pass(100)
        bench.executeAll()
        #expect(bench.holding.spotGross == more)
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
        #expect(bench.alerts.count { $0.contains("beyond its quantity") } == 1)
        #expect(bench.engine.stateGate(0, 0, bench.pair, .carry) == .pairHeld)
        for (asset, sum) in bench.engine.ledger.sums { #expect(sum == .zero, "\(asset)") }
    }

    @Test(arguments: [("0", true), ("0.5", false)])
    func `executes after its last word is followed and held; what that word counted in is only late`(
        counted: String, isHeld: Bool
    ) throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        bench.script.wishes = nil
        bench.turn([.order(bench.update(post, .cancelled, executed: counted))])
        bench.turn([
            .order(
                bench.update(
                    post, .cancelled, executed: counted, fill: bench.fill(post, quantity("0.5"))))
        ])
        bench.pass(100)
        #expect(bench.holding.spotGross == quantity("0.5"))
        #expect(bench.alerts.contains { $0.contains("after its last word") } == isHeld)
        #expect((bench.engine.stateGate(0, 0, bench.pair, .carry) == .pairHeld) == isHeld)
        #expect(!bench.orders.isEmpty, "hedged or taken back")
    }

    @Test(arguments: ["-0.5", "0"])
    func `tells of an execution of nothing, or less, moves nothing: the pair is held, one alert`(
        text: String
    ) throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        let before = bench.engine.ledger.venueBalance(.usdc)
        for _ in 0..<3 {
            bench.turn([
                .order(bench.update(post, .partiallyFilled, fill: bench.fill(post, quantity(text))))
            ])
        }
        #expect(bench.holding.spotGross == .zero)
        #expect(bench.engine.ledger.venueBalance(.usdc) == before)
        #expect(bench.alerts.count { $0.contains("is none") } == 1)
        #expect(bench.engine.stateGate(0, 0, bench.pair, .carry) == .pairHeld)
    }

    @Test func `takes nothing at all is tried again, neither given up nor turned round`() throws {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.quote()
        for _ in 0..<30 where bench.orders.isEmpty { bench.pass(50) }
        bench.script.wishes = nil
        let first = try #require(bench.take(bench.spot)), second = try #require(bench.take(bench.perp))
        bench.execute(first)
        let crowded = Refusal(status: 400, code: "INSUFFICIENT_MARGIN", message: "")
        bench.turn([
            .reply(
                bench.lastBatch,
                .batch([.done(bench.update(first, .filled, executed: "0.99")), .refused(crowded)]))
        ])
        var sent = 0
        for _ in 0..<100 {
            bench.answer {
                guard case .submit(let order) = $0 else { return nil }
                #expect(order.instrument == second.instrument, "the way that was planned")
                sent += 1
                return .notSent("connection refused")
            }
            bench.pass(50)
        }
        #expect(sent >= 5 && sent <= 12, "in five seconds: \(sent)")
        #expect(bench.holding.state != .stuck)
        #expect(!bench.alerts.contains { $0.contains("stuck") }, "\(bench.alerts)")
        // It answers again: within the pause the leg is there.
        bench.pass(850)
        bench.executeAll()
        #expect(bench.holding.imbalance.magnitude < bench.pair.leastQuantity)
    }

    @Test func `strikes a held market has the post there pulled, and nothing is entered for its rest`() throws
    {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        bench.stranger(bench.perp, .buy, "151", "0.01")
        bench.pass(100)
        #expect(bench.cancels == [post.id])
        bench.turn([.order(bench.update(post, .cancelled))])
        bench.pass(2_000)
        #expect(bench.orders.isEmpty)
        #expect(bench.holding.state == .idle)
    }

    @Test func `lost the cancel of an order of ours that is not on record is told again`() {
        let bench = EngineBench()
        let id = ClientOrderID(raw: 1 << 12 | 900)
        for look in 1...3 {
            bench.pass(10_100)
            bench.answerAccount(orders: [bench.resting(id)])
            #expect(bench.cancels.count == look)
        }
        #expect(bench.alerts.count == 1)
    }

    @Test func `gives no block of ids is asked again each second`() {
        let bench = EngineBench(blocks: 0)
        func asked() -> Int { bench.notes.count { if case .needsIDs = $0 { true } else { false } } }
        let before = asked()
        bench.pass(3_000)
        #expect(asked() - before >= 2 && asked() - before <= 3)
        bench.obey(.idBlock(5))
        let after = asked()
        bench.pass(3_000)
        #expect(asked() == after)
    }

    @Test func `quotes beyond counting is walked without a trap`() {
        var book = Book()
        let most = Level(price: Price(raw: 1 << 60), quantity: Quantity(raw: .max))
        book.replace(
            bids: [most], asks: [Level(price: Price(raw: 1 << 61), quantity: Quantity(raw: .max)), most],
            sequence: 1)
        #expect(book.depth(.buy, to: Price(raw: 1 << 61)) == Quantity(raw: .max))
    }
}
