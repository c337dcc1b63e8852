import Core
import Testing

@Suite struct `An order whose answer is lost` {
    private func lost() throws -> (EngineBench, Order) {
        let bench = EngineBench()
        let post = try bench.rest(.spot, answered: false)
        bench.answer { if case .submit = $0 { .unknown("connection lost") } else { nil } }
        return (bench, post)
    }

    private func answerQuestions(_ bench: EngineBench, rests: Bool, fills: Bool) {
        bench.answer {
            switch $0 {
            case .orderState where rests:
                .refused(Refusal(status: 404, code: "RESOURCE_NOT_FOUND", message: ""))
            case .fills where fills: .fills([])
            default: nil
            }
        }
    }

    @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
    func `is given up only when after its window both questions were answered`(rests: Bool, fills: Bool)
        throws
    {
        let (bench, _) = try lost()
        bench.script.wishes = nil
        // Early answers prove nothing: the request may still be on its way.
        bench.pass(1000)
        answerQuestions(bench, rests: true, fills: true)
        bench.pass(4500)
        #expect(bench.holding.state == .resting)
        bench.answer { if case .orderState = $0 { .notSent("") } else { nil } }
        bench.pass(3000)
        answerQuestions(bench, rests: rests, fills: fills)
        bench.quote(perp: ("149.90", "149.92"))
        bench.pass(100)
        #expect((bench.holding.state == .idle) == (rests && fills))
    }

    @Test func `is asked for at a growing distance, however the questions fail`() throws {
        let (bench, post) = try lost()
        var questions = 0
        for _ in 0..<100 {
            bench.answer { request in
                guard case .orderState(_, post.id) = request else { return nil }
                questions += 1
                return .notSent("refused")
            }
            bench.pass(50)
        }
        #expect(questions >= 5 && questions <= 7, "in five seconds: \(questions)")
    }

    @Test func `is not settled before the executions that the venue told of have come`() throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot)
        bench.turn([.order(bench.update(post, .partiallyFilled, executed: "0.5"))])
        bench.quote(perp: ("149.90", "149.92"))
        bench.answer { if case .cancel = $0 { .unknown("connection lost") } else { nil } }
        bench.pass(9_000)
        // It rests no more, and the history of executions is still behind.
        answerQuestions(bench, rests: true, fills: true)
        bench.pass(200)
        #expect(!bench.engine.isQuiet)
        #expect(bench.holding.state != .idle)
        bench.pass(1_100)
        let late = bench.fill(post, quantity("0.5"))
        bench.answer { if case .fills = $0 { .fills([late]) } else { nil } }
        bench.pass(100)
        #expect(bench.holding.coins == money("0.4995"))
        #expect(!bench.orders.isEmpty, "the leg is hedged or taken back")
    }

    @Test(arguments: [(950, 0), (1_050, 1)] as [(Int64, Int)])
    func `counts as lost after a second without a word`(milliseconds: Int64, asked: Int) throws {
        let bench = EngineBench()
        let post = try bench.rest(.spot, answered: false)
        bench.pass(milliseconds)
        let questions = bench.commands.filter { $0.request == .orderState(bench.spot, post.id) }
        #expect(questions.count == asked)
        // The word that comes after all ends it.
        bench.answer { request in
            if case .submit(let order) = request { .order(bench.update(order, .new)) } else { nil }
        }
        bench.pass(1_500)
        let more = bench.commands.filter { $0.request == .orderState(bench.spot, post.id) }
        #expect(more.count == asked)
        #expect(bench.alerts == [])
    }

    @Test func `stands for an open leg no longer than two and a half seconds, and nothing is sent before`()
        throws
    {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        for _ in 0..<30 where bench.orders.isEmpty { bench.pass(50) }
        let (spot, perp) = (try #require(bench.take(bench.spot)), try #require(bench.take(bench.perp)))
        bench.script.wishes = nil
        bench.execute(spot)
        bench.turn([.reply(bench.lastBatch, .unknown("closed without an answer"))])
        for _ in 0..<19 {
            bench.pass(100)
            answerQuestions(bench, rests: true, fills: true)
        }
        #expect(bench.orders.isEmpty, "1.9 s: the request may still be accepted")
        for _ in 0..<6 {
            bench.pass(100)
            answerQuestions(bench, rests: true, fills: true)
        }
        let again = try #require(bench.orders.first)
        #expect(again.instrument == bench.perp && again.side == .sell)
        #expect(again.id != perp.id)
    }

    @Test(arguments: [(6_000, 0), (8_600, 1)] as [(Int64, Int)])
    func `is not sent again while the account shows it executed and the history does not, for eight seconds`(
        milliseconds: Int64, sent: Int
    ) throws {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        for _ in 0..<30 where bench.orders.isEmpty { bench.pass(50) }
        let (spot, perp) = (try #require(bench.take(bench.spot)), try #require(bench.take(bench.perp)))
        bench.script.wishes = nil
        bench.execute(spot)
        bench.turn([.reply(bench.lastBatch, .unknown("closed without an answer"))])
        bench.turn([
            .position(
                PositionUpdate(
                    instrument: bench.perp, net: quantity("-0.99"), entryPrice: nil, realised: nil,
                    unrealised: nil))
        ])
        for _ in 0..<(milliseconds / 100) {
            bench.pass(100)
            answerQuestions(bench, rests: true, fills: true)
        }
        #expect(bench.orders.count == sent)
        #expect(bench.engine.state == .active, "both legs are there")
        guard sent == 0 else { return }
        let fill = bench.fill(perp, perp.quantity)
        bench.turn([.order(bench.update(perp, .filled, executed: perp.quantity.description, fill: fill))])
        bench.pass(200)
        #expect(bench.holding.state == .open && bench.orders.isEmpty)
    }

    @Test func `is given up by answers that are slower than the questions follow each other`() throws {
        let (bench, _) = try lost()
        bench.script.plan = nil
        bench.pass(2_050)
        let first = bench.commands.suffix(2).map(\.id)
        bench.pass(1_400)
        #expect(bench.commands.suffix(2).map(\.id) != first, "asked again meanwhile")
        bench.quote(perp: ("149.90", "149.92"))
        bench.turn([.reply(first[0], .refused(Refusal(status: 404, code: "RESOURCE_NOT_FOUND", message: "")))]
        )
        bench.turn([.reply(first[1], .fills([]))])
        bench.pass(100)
        #expect(bench.holding.state == .idle)
    }

    @Test func `is judged by what was answered since, not by the answers of an earlier silence`() throws {
        let (bench, post) = try lost()
        bench.pass(2_100)
        // It rests, and nothing has been executed so far.
        bench.answer {
            switch $0 {
            case .orderState: .order(bench.update(post, .new))
            case .fills: .fills([])
            default: nil
            }
        }
        bench.pass(100)
        // Now it is executed unheard; the cancel finds nothing any more.
        bench.quote(perp: ("149.90", "149.92"))
        bench.pass(100)
        let missing = Refusal(status: 404, code: "RESOURCE_NOT_FOUND", message: "")
        bench.answer { if case .cancel = $0 { .refused(missing) } else { nil } }
        bench.pass(100)
        bench.answer { if case .orderState = $0 { .refused(missing) } else { nil } }
        bench.pass(100)
        #expect(bench.holding.state == .resting, "its executions have not been read since")
        let fill = bench.fill(post, post.quantity)
        bench.answer { if case .fills = $0 { .fills([fill]) } else { nil } }
        bench.pass(100)
        #expect(bench.holding.spotGross == post.quantity)
        #expect(!bench.orders.isEmpty)
    }

    @Test func `and given up is repaired once when it was executed after all`() throws {
        let (bench, post) = try lost()
        for _ in 0..<25 {
            bench.pass(100)
            answerQuestions(bench, rests: true, fills: true)
        }
        bench.script.plan = nil
        bench.quote(perp: ("149.90", "149.92"))
        bench.pass(100)
        #expect(bench.holding.state == .idle)
        bench.execute(post)
        bench.pass(100)
        #expect(bench.orders.count == 1)
        #expect(bench.alerts.allSatisfy { !$0.contains("does not belong") }, "\(bench.alerts)")
        bench.executeAll()
        bench.pass(100)
        #expect(bench.holding.imbalance.magnitude < quantity("0.01"))
    }

    @Test(arguments: [(true, TradingState.active), (false, .reduceOnly)])
    func `but which the venue told as executed is a held leg before its price is known`(
        isTold: Bool, state: TradingState
    ) throws {
        let bench = EngineBench()
        bench.script.wishes = 150
        bench.quote(quantity: "501")
        bench.pass(1100)
        let (spot, perp) = (try #require(bench.take(bench.spot)), try #require(bench.take(bench.perp)))
        bench.script.wishes = nil
        bench.execute(spot)
        if isTold { bench.turn([.order(bench.update(perp, .filled, executed: perp.quantity.description))]) }
        bench.pass(5_200, step: 100)
        #expect(bench.engine.state == state)
        #expect(bench.orders.isEmpty)
        guard isTold else { return }
        #expect(bench.engine.counters.unhedgedTimeMax == .zero)
        bench.turn([
            .order(
                bench.update(
                    perp, .filled, executed: perp.quantity.description, fill: bench.fill(perp, perp.quantity))
            )
        ])
        bench.pass(200)
        #expect(bench.holding.state == .open)
    }

    @Test func `and which rested and filled all the same is hedged`() throws {
        let (bench, post) = try lost()
        bench.pass(600)
        let fill = bench.fill(post, post.quantity)
        bench.answer { if case .fills = $0 { .fills([fill]) } else { nil } }
        let hedge = try #require(bench.take(bench.perp))
        #expect(hedge.side == .sell)
        #expect(hedge.quantity == quantity("0.98") || hedge.quantity == quantity("0.99"))
    }
}
