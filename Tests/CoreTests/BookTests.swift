import Core
import Testing

@Suite struct `A book` {
    @Test func `keeps the best level last however the levels come`() {
        let some = book(
            bids: [("1", "1"), ("3", "1"), ("2", "1")],
            asks: [("6", "1"), ("4", "1"), ("5", "1"), ("7", "0")])
        #expect(some.bids.map(\.price) == [price("1"), price("2"), price("3")])
        #expect(some.asks.map(\.price) == [price("6"), price("5"), price("4")])
        #expect(some.bestBid?.price == price("3") && some.bestAsk?.price == price("4"))
    }

    @Test func `takes quantities of a change as absolute and zero as gone`() {
        var some = book(bids: [("3", "1")], asks: [("4", "1")])
        some.apply(
            bids: levels([("3", "2.5"), ("2", "0"), ("2.5", "1")]), asks: levels([("4", "0"), ("5", "1")]),
            sequence: 2)
        #expect(some.bids == levels([("2.5", "1"), ("3", "2.5")]))
        #expect(some.asks == levels([("5", "1")]))
        #expect(some.sequence == 2)
    }

    @Test func `agrees with a plain table under random changes`() {
        let seed: UInt64 = 2024
        print("seed \(seed)")
        var chance = Seeded(seed)
        var some = Book()
        some.replace(bids: [], asks: [], sequence: 0)
        var plain: [Int64] = Array(repeating: 0, count: 60)
        for step in 1...3_000 {
            let at = Int(chance.int(0...59)), size = max(0, chance.int(-3...5))
            plain[at] = size
            let level = Level(price: Price(raw: Int64(at + 1)), quantity: Quantity(raw: size))
            some.apply(bids: [level], asks: [level], sequence: Int64(step))
            let expected = plain.enumerated().filter { $0.element > 0 }.map {
                Level(price: Price(raw: Int64($0.offset + 1)), quantity: Quantity(raw: $0.element))
            }
            #expect(some.bids == expected)
            #expect(some.asks == expected.reversed())
        }
    }

    @Test func `has no top while out of sync or empty on a side`() {
        var some = book(bids: [("3", "1")], asks: [])
        #expect(some.top == nil && !some.isCrossed)
        some.apply(bids: [], asks: levels([("4", "1")]), sequence: 2)
        #expect(some.top?.mid == price("3.5"))
        some.invalidate()
        #expect(some.top == nil && !some.isSynced && some.bids.isEmpty)
    }

    @Test(arguments: [("4", true), ("4.01", false), ("3.99", true)])
    func `is crossed from the touch on`(ask: String, crossed: Bool) {
        #expect(book(bids: [("4", "1")], asks: [(ask, "1")]).isCrossed == crossed)
    }

    @Test func `walks the best level first and says what is missing`() {
        let some = book(bids: [("9", "1"), ("8", "2")], asks: [("10", "1"), ("11", "2")])
        let whole = some.walk(.buy, quantity("2.5"))
        #expect(whole?.notional == price("26.5") * quantity("1"))
        #expect(whole?.worst == price("11") && whole?.isWhole == true)
        let exact = some.walk(.sell, quantity("1"))
        #expect(exact?.worst == price("9") && exact?.isWhole == true)
        let short = some.walk(.sell, quantity("4"))
        #expect(short?.missing == quantity("1") && short?.isWhole == false)
        #expect(short?.notional == price("25") * quantity("1"))
        #expect(Book().walk(.buy, quantity("1")) == nil)
    }

    @Test func `counts depth to a limit, the limit included`() {
        let some = book(bids: [("9", "1"), ("8", "2")], asks: [("10", "1"), ("11", "2")])
        #expect(some.depth(.buy, to: price("9.99")) == .zero)
        #expect(some.depth(.buy, to: price("10")) == quantity("1"))
        #expect(some.depth(.buy, to: price("11")) == quantity("3"))
        #expect(some.depth(.sell, to: price("8")) == quantity("3"))
        #expect(some.depth(.sell, to: price("8.01")) == quantity("1"))
    }
}

@Suite struct `The walks of a pair` {
    @Test func `are the four exact notionals of book B1`() {
        #expect(B1.walk.spotAsk.notional == price("150.026") * B1.one)
        #expect(B1.walk.spotBid.notional == price("149.975") * B1.one)
        #expect(B1.walk.perpAsk.notional == price("150.51") * B1.one)
        #expect(B1.walk.perpBid.notional == price("150.4925") * B1.one)
        #expect(B1.walk.isWhole)
    }

    @Test func `are not whole where one side is thin and absent where one is empty`() {
        #expect(PairWalk(spot: B1.spot, perp: B1.perp, quantity: quantity("2.41"))?.isWhole == false)
        #expect(PairWalk(spot: B1.spot, perp: B1.perp, quantity: quantity("2.40"))?.isWhole == true)
        #expect(PairWalk(spot: Book(), perp: B1.perp, quantity: B1.one) == nil)
        #expect(PairWalk(spot: B1.spot, perp: B1.perp, quantity: .zero) == nil)
    }

    @Test func `price what a held pair misses half a percent beyond the worst level`() {
        let thin = book(bids: [("100", "1")], asks: [("101", "1")])
        let walk = PairWalk.pessimistic(
            spot: thin, perp: B1.perp, quantity: quantity("3"), mark: nil, index: nil)
        // 100 + 2 · 99.50 and 101 + 2 · 101.505.
        #expect(walk?.spotBid.notional == price("299") * B1.one)
        #expect(walk?.spotAsk.notional == price("304.01") * B1.one)
        #expect(walk?.spotBid.worst == price("99.5") && walk?.isWhole == true)
    }

    @Test func `price an empty side from index or mark`() {
        let walk = PairWalk.pessimistic(
            spot: Book(), perp: Book(), quantity: quantity("2"), mark: price("150"), index: price("100"))
        #expect(walk?.spotAsk.notional == price("201") * B1.one)
        #expect(walk?.spotBid.notional == price("199") * B1.one)
        #expect(walk?.perpAsk.notional == price("301.5") * B1.one)
        #expect(walk?.perpBid.notional == price("298.5") * B1.one)
        #expect(
            PairWalk.pessimistic(spot: Book(), perp: B1.perp, quantity: B1.one, mark: nil, index: nil) == nil)
    }

    @Test func `are the plain ones where both books are deep`() {
        #expect(
            PairWalk.pessimistic(spot: B1.spot, perp: B1.perp, quantity: B1.one, mark: nil, index: nil)
                == B1.walk)
    }
}
