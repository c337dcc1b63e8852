@testable import Core

extension EngineBench {
    /// Looks at the pair once, on books that differ from look to look, and tells what was counted.
    func glance(_ gross: (bid: String, ask: String) = ("151.00", "151.02")) -> [Reason] {
        let before = engine.counters.reasons
        looks += 1
        let odd = ["149.97", "149.98", "149.99"][looks % 3]
        turn([
            .alive(.publicStream),
            .book(
                spot,
                .snapshot(bids: levels([(odd, "500")]), asks: levels([("150.01", "500")]), sequence: 1 << 40)
            ),
            .book(
                perp,
                .snapshot(
                    bids: levels([(gross.bid, "500")]), asks: levels([(gross.ask, "500")]), sequence: 1 << 40)
            ),
        ])
        let after = engine.counters.reasons
        return Reason.allCases.filter { after[$0] > before[$0] }
    }

    /// Answers what waits of one kind, oldest first, and says how often it was asked for.
    @discardableResult
    func say(_ reply: Reply, to fits: (Request) -> Bool) -> Int {
        var count = 0
        answer {
            guard fits($0) else { return nil }
            count += 1
            return reply
        }
        return count
    }

    func asked(_ fits: (Request) -> Bool) -> Int { commands.count { fits($0.request) } }

    /// Answers one that waits, and lets time pass until there is one.
    func sayOnce(_ reply: Reply, to request: Request) {
        for _ in 0..<20 where asked({ $0 == request }) == 0 { pass(10_000, step: 1000) }
        var isFirst = true
        answer {
            guard $0 == request, isFirst else { return nil }
            isFirst = false
            return reply
        }
    }

    /// The venue says no to an entry.
    func refuse(_ code: String) {
        script.wishes = 150
        _ = glance()
        pass(1100)
        script.wishes = nil
        let refusal = Refusal(status: 400, code: code, message: "")
        answer {
            switch $0 {
            case .submit: .refused(refusal)
            case .submitBatch(let batch): .batch(batch.map { _ in .refused(refusal) })
            default: nil
            }
        }
        executeAll()
    }

    /// A whole round in which the other leg's hedge misses twice, so that it is tried again once.
    func retryOneHedge() {
        script.wishes = 150
        _ = glance()
        pass(1100)
        script.wishes = nil
        // The spot leg fills, the perp leg misses; so does its first hedge.
        for size in [nil, "0", "0"] as [String?] {
            for _ in 0..<100 where orders.isEmpty { pass(50) }
            guard let order = orders.first else { return }
            take(order.instrument)
            execute(order, size)
        }
        executeAll()
        script.leaves = .exit(reason: "test", resting: nil)
        _ = glance()
        pass(1100)
        executeAll()
        script.leaves = .hold
        pass(1100)
    }

    /// The minute is over: the venue's terms are read again, what was asked before is answered by the test.
    func minute() { pass(60_000, step: 1000) }
}

extension Request {
    var isMarkets: Bool { self == .markets }
    var isLending: Bool { self == .lendingMarkets }
    var isAccount: Bool { self == .account }
    var isBest: Bool { if case .bestLevels = self { true } else { false } }
}

extension Instrument {
    func with(_ state: BookState) -> Instrument {
        var copy = self
        copy.state = state
        return copy
    }
}

extension EngineBench {
    /// A cancel that was asked for is done.
    func finish(_ id: ClientOrderID) {
        answer {
            guard case .cancel(let instrument, id) = $0 else { return nil }
            return .order(
                OrderUpdate(
                    change: .cancelled, instrument: instrument, venueOrderID: VenueOrderID("v\(id)"),
                    clientOrderID: id, side: .sell, status: .cancelled, executed: .zero, executedQuote: nil,
                    quantity: nil, price: nil, fill: nil, reason: nil, origin: nil, venueTime: now))
        }
    }

    /// Posts that were sent rest now.
    /// - Returns: when they were sent.
    func acceptPosts() -> [Timestamp] {
        orders.map { order in
            take(order.instrument)
            turn([.order(update(order, .new))])
            return now
        }
    }
}
