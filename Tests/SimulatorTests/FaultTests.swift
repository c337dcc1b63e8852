import Core
import Testing

@testable import Simulator

@Suite struct `A plan of faults` {
    private func faults(_ text: String) -> [FaultPlanFaults.Fault] {
        do { _ = try FaultPlan.read(text) } catch { return error.list }
        return []
    }

    @Test func `has the names that are given, each with its rate or one in fifty`() throws {
        let plan = try FaultPlan.read("gap:0.01, late-fill ,error-503:1,reject-leg:0")
        #expect(plan.names == [.rejectLeg, .lateFill, .gap, .error503])
        #expect(plan[.gap] == 1_000_000 && plan[.lateFill] == 2_000_000)
        #expect(plan[.error503] == FaultPlan.always && plan[.rejectLeg] == 0)
        #expect(plan[.dropPrivate] == nil)
    }

    @Test(arguments: ["all,gap:0.5", "gap:0.5,all"])
    func `has all names with all, and those given by themselves as they are given`(text: String) throws {
        let plan = try FaultPlan.read(text)
        #expect(plan.names == FaultName.allCases)
        for name in FaultName.allCases { #expect(plan[name] == (name == .gap ? 50_000_000 : 2_000_000)) }
        #expect(try FaultPlan.read("all:0.1")[.timeoutLost] == 10_000_000)
    }

    @Test func `has the ten names that the manual lists`() {
        let listed = [
            "reject-leg", "timeout-executed", "timeout-lost", "insta-cancel", "partial-fills", "cancel-202",
            "late-fill", "gap", "error-503", "drop-private",
        ]
        #expect(FaultName.allCases.map(\.rawValue) == listed)
    }

    @Test(
        arguments: [
            ("", .nothing), ("gap,", .nothing), (" ", .nothing), (":0.1", .nothing),
            ("gaps", .unknown("gaps")),
            ("Gap", .unknown("Gap")), ("gap:", .badRate("gap:")),
            ("gap:1.00000001", .badRate("gap:1.00000001")),
            ("gap:-0.1", .badRate("gap:-0.1")), ("gap:0.000000001", .badRate("gap:0.000000001")),
            ("gap:x", .badRate("gap:x")), ("gap:0.1:2", .badRate("gap:0.1:2")),
            ("gap,gap:0.1", .twice("gap")),
            ("all,all", .twice("all")), ("all:2", .badRate("all:2")),
        ] as [(String, FaultPlanFaults.Fault)])
    func `is refused when it is not one`(text: String, fault: FaultPlanFaults.Fault) {
        #expect(faults(text) == [fault])
    }

    @Test(arguments: ["gap:0.00000001", "gap:1", "gap:1.000", "gap:0"])
    func `takes rates up to its edges`(text: String) { #expect(faults(text) == []) }

    @Test func `names everything that is wrong at once`() {
        #expect(
            faults("gaap,late-fill:2,,gap,gap") == [
                .unknown("gaap"), .badRate("late-fill:2"), .nothing, .twice("gap"),
            ])
    }
}

@Suite struct `Draws of faults` {
    private func hits(_ plan: String, _ name: FaultName, seed: UInt64 = 5, count: Int = 400) throws -> [Bool]
    {
        var draws = FaultDraws(try FaultPlan.read(plan), seed: seed)
        return (0..<count).map { _ in
            // What others draw in between must not matter.
            _ = draws.plays(.gap)
            return draws.plays(name)
        }
    }

    @Test func `are the same for the same seed, others for another, and for each name its own`() throws {
        let first = try hits("reject-leg:0.3", .rejectLeg)
        #expect(try first == hits("reject-leg:0.3,gap:0.5", .rejectLeg))
        #expect(try first != hits("reject-leg:0.3", .rejectLeg, seed: 6))
        #expect(try first != hits("late-fill:0.3", .lateFill))
        #expect((80...160).contains(first.count { $0 }))
    }

    @Test func `never hit at 0, always at 1, and count what is played`() throws {
        #expect(try !hits("reject-leg:0", .rejectLeg).contains(true))
        #expect(try !hits("gap", .rejectLeg).contains(true))
        #expect(try !hits("reject-leg:1", .rejectLeg).contains(false))
        var draws = FaultDraws(try FaultPlan.read("late-fill:1,gap:0,insta-cancel"), seed: 1)
        for _ in 0..<3 { _ = draws.plays(.lateFill) }
        _ = draws.hits(.lateFill)
        #expect(draws.played.map(\.name) == [.instaCancel, .lateFill, .gap])
        #expect(draws.played.map(\.count) == [0, 3, 0])
    }

    @Test func `leave the generated market as it is`() {
        func frames(_ faults: FaultPlan) -> [String] {
            var venue = SimulatedVenue(
                start: Bench.start, crowd: .generated(CrowdGenerator(seed: 5, start: Bench.start)), seed: 5,
                faults: faults)
            let account = venue.open(key: "ann", deposits: [(.usdc, Money(1_000))])
            var order = IncomingOrder(instrument: venue.market("SOL_USDC")!, side: .buy)
            (order.price, order.quantity, order.postOnly) = (Price("10")!, Quantity("1")!, true)
            for step in 1...40 {
                let now = Bench.start + .milliseconds(Int64(step) * 500)
                venue.place(order, from: account, ticket: Int64(step), now: now)
                _ = venue.cancelAll(order.instrument, from: account, now: now)
            }
            return venue.drainEvents().compactMap { event in
                guard case .depth(let id, let bids, let asks, _, let at) = event,
                    id != order.instrument
                else { return nil }
                return "\(id) \(bids) \(asks) \(at.microseconds)"
            }
        }
        let quiet = frames(.none)
        #expect(quiet.count > 100)
        #expect(quiet == frames(FaultPlan(FaultName.allCases.map { ($0, FaultPlan.always / 2) })))
    }
}

@Suite struct `The engine of the exchange, at fault,` {
    private func bench(_ name: FaultName) -> Bench { Bench(faults: FaultPlan([(name, FaultPlan.always)])) }

    private func changes(_ bench: Bench) -> [OrderChange] {
        bench.told.compactMap { if case .order(_, let change, _, _, _) = $0 { change } else { nil } }
    }

    @Test func `reject-leg: refuses an order in its own words and tells the stream nothing`() {
        var bench = bench(.rejectLeg)
        bench.forget()
        let orders = [
            bench.limit(bench.spot, .buy, "150.02", "0.5", .immediateOrCancel),
            bench.limit(bench.perp, .sell, "150.28", "0.5", .immediateOrCancel),
        ]
        let codes = bench.sendBatch(orders, bench.ann).map { $0.refusal?.code ?? "taken" }
        let known = [
            "INSUFFICIENT_FUNDS", "INSUFFICIENT_MARGIN", "INVALID_ORDER", "TRADING_PAUSED", "INVALID_PRICE",
        ]
        #expect(codes.count == 2 && codes.allSatisfy(known.contains))
        #expect(changes(bench) == [] && bench.venue.orders(of: bench.ann).isEmpty)
        #expect(bench.venue.faults.played.map(\.count) == [2])
        // What is refused anyway is no fault that was played.
        _ = bench.send(bench.limit(bench.spot, .buy, "150.02", "0.001"), bench.ann)
        #expect(bench.venue.faults.played.map(\.count) == [2])
    }

    @Test func `insta-cancel: expires a taking order before it trades`() {
        var bench = bench(.instaCancel)
        bench.forget()
        let taker = bench.limit(bench.spot, .buy, "150.02", "0.5", .immediateOrCancel)
        let order = bench.send(taker, bench.ann).order
        #expect(order?.status == .expired && order?.expiryReason == "ImmediateOrCancel")
        #expect(changes(bench) == [.accepted, .expired])
        #expect(bench.fills(bench.ann).isEmpty && bench.balance(bench.ann, "USDC").locked == .zero)
        #expect(bench.venue.faults.played.map(\.count) == [1])
    }

    @Test func `insta-cancel: answers a post as resting and cancels it, and its money is free`() {
        var bench = bench(.instaCancel)
        var post = bench.limit(bench.spot, .buy, "149.00", "0.5")
        post.postOnly = true
        bench.forget()
        #expect(bench.send(post, bench.ann).order?.status == .new)
        #expect(changes(bench) == [.accepted, .cancelled])
        #expect(bench.venue.openOrders(of: bench.ann).isEmpty)
        #expect(bench.balance(bench.ann, "USDC").available == Money(1_000))
        let isSeen = bench.told.contains { if case .depth = $0 { true } else { false } }
        #expect(!isSeen, "the book shows nothing of it")
    }

    @Test func `partial-fills: gives a taker whole lots, at least one and not all; the rest expires`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var bench = bench(.partialFills)
            bench.venue.faults = FaultDraws(FaultPlan([(.partialFills, FaultPlan.always)]), seed: seed)
            let taker = bench.limit(bench.perp, .sell, "150.28", "0.5", .immediateOrCancel)
            let order = bench.send(taker, bench.ann).order
            let executed = order?.executed ?? .zero
            #expect(executed >= Quantity("0.01")! && executed <= Quantity("0.49")!)
            #expect(executed.raw % 1_000_000 == 0)
            #expect(order?.status == .expired && order?.expiryReason == "ImmediateOrCancel")
            #expect(bench.fills(bench.ann).map(\.quantity).reduce(.zero, +) == executed)
            #expect(bench.sumsAreZero)
            #expect(bench.venue.faults.played.map(\.count) == [1])
        }
    }

    @Test(arguments: [
        ("0.01", TimeInForce.immediateOrCancel), ("0.5", .fillOrKill), ("0.5", .goodTillCancelled),
    ])
    func `partial-fills: leaves what cannot be cut`(quantity: String, timeInForce: TimeInForce) {
        var bench = bench(.partialFills)
        let order = bench.send(bench.limit(bench.perp, .sell, "150.28", quantity, timeInForce), bench.ann)
            .order
        #expect(order?.status == .filled)
        #expect(bench.venue.faults.played.map(\.count) == [0])
    }

    @Test func `partial-fills: counts a reduce-only order that is cut as cut, not as refused`() {
        var bench = Bench()
        _ = bench.send(bench.limit(bench.perp, .sell, "150.28", "1", .immediateOrCancel), bench.ann)
        bench.venue.faults = FaultDraws(FaultPlan([(.partialFills, FaultPlan.always)]), seed: 1)
        var close = bench.limit(bench.perp, .buy, "150.32", "1", .immediateOrCancel)
        close.reduceOnly = true
        #expect(bench.send(close, bench.ann).order?.expiryReason == "ImmediateOrCancel")
    }

    @Test func `cancel-202: takes a cancel, does it 0.2 to 3 s later, and the order can fill until then`() {
        var bench = bench(.cancel202)
        var post = bench.limit(bench.spot, .buy, "149.00", "0.5")
        post.postOnly = true
        post.clientID = 7
        _ = bench.send(post, bench.ann)
        #expect(bench.putOff() == true)
        bench.pass(199)
        #expect(bench.venue.openOrders(of: bench.ann).count == 1)
        bench.quote(bench.spot, [("148.00", "2")], [("148.90", "0.2")])
        #expect(bench.fills(bench.ann).map(\.quantity) == [Quantity("0.2")!])
        bench.forget()
        bench.pass(2_801)
        #expect(bench.venue.openOrders(of: bench.ann).isEmpty)
        #expect(changes(bench) == [.cancelled])
        #expect(bench.balance(bench.ann, "USDC").locked == .zero && bench.sumsAreZero)
        #expect(bench.venue.faults.played.map(\.count) == [1])
        // Nothing is there any more: it is refused now, not put off.
        #expect(bench.putOff() == false)
    }

    @Test func `cancel-202: leaves an order that has filled meanwhile as filled`() {
        var bench = bench(.cancel202)
        var post = bench.limit(bench.spot, .buy, "149.00", "0.5")
        post.postOnly = true
        _ = bench.send(post, bench.ann)
        #expect(bench.putOffAll() == true)
        bench.quote(bench.spot, [("148.00", "2")], [("148.90", "2")])
        bench.pass(3_100)
        #expect(bench.venue.orders(of: bench.ann).map(\.status) == [.filled])
        #expect(bench.putOffAll() == false)
    }
}

extension Bench {
    /// Asks for the cancel of client id 7, or of all, of one account on spot.
    fileprivate mutating func putOff() -> Bool {
        venue.postponesCancel(spot, order: nil, client: 7, from: ann, now: now)
    }
    fileprivate mutating func putOffAll() -> Bool {
        venue.postponesCancelAll(spot, from: ann, now: now)
    }
}
