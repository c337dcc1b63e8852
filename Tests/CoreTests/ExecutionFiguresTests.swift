import Core
import Testing

@Suite struct `Order arithmetic` {
    @Test(arguments: [
        ("1.00", "0", "0.01", "1.00", "0.999"), ("1.00", "0.0082", "0.01", "0.99", "0.99721"),
        ("10.00", "0", "0.01", "10.01", "9.99999"), ("0.99", "0", "0.01", "0.99", "0.98901"),
        ("0.00172", "0", "0.00001", "0.00172", "0.00171828"),
    ])
    func `C28: spot is bought so that the coins match the contracts`(
        q: String, dust: String, lot: String, spot: String, coins: String
    ) {
        let fee = percent("0.10")
        let bought = Execution.spotQuantity(
            perp: quantity(q), dust: quantity(dust), baseFee: fee, lot: quantity(lot))
        #expect(bought == quantity(spot))
        #expect(Execution.coinsAfter(spot: bought, baseFee: fee, dust: quantity(dust)) == money(coins))
    }

    @Test func `an exit sells whole lots and dust beyond the goal buys nothing`() {
        #expect(
            Execution.exitSpotQuantity(coins: quantity("0.999"), lot: quantity("0.01")) == quantity("0.99"))
        #expect(
            Execution.spotQuantity(
                perp: quantity("1"), dust: quantity("1.5"), baseFee: .zero, lot: quantity("0.01"))
                == .zero)
    }

    @Test(arguments: [
        ("0.02", "150.04", "150.48", "0.29325513"), ("0.05", "150.06", "150.46", "0.26656004"),
        ("0.30", "150.10", "150.42", "0.21319120"),
    ])
    func `C29: entry limits give up half of the slack on each leg`(
        net: String, buy: String, sell: String, gross: String
    ) {
        let tick = price("0.01")
        let bought = Execution.entryLimit(.buy, worst: price("150.03"), net: percent(net), tick: tick)
        let sold = Execution.entryLimit(.sell, worst: price("150.49"), net: percent(net), tick: tick)
        #expect(bought == price(buy) && sold == price(sell))
        #expect(Figures.gross(.carry, long: bought * B1.one, short: sold * B1.one) == percent(gross))
    }

    @Test func `an entry limit is never short of the worst level`() {
        let tick = price("0.01")
        for net in ["-0.30", "0", "0.001"] {
            #expect(
                Execution.entryLimit(.buy, worst: price("150.03"), net: percent(net), tick: tick)
                    == price("150.03"))
            #expect(
                Execution.entryLimit(.sell, worst: price("150.49"), net: percent(net), tick: tick)
                    == price("150.49"))
        }
    }

    @Test(arguments: [(0, "150.18", "150.34"), (1, "150.40", "150.12"), (2, "150.78", "149.74")])
    func `C30: reducing limits widen from try to try`(attempt: Int, buy: String, sell: String) {
        let tick = price("0.01")
        #expect(
            Execution.reducingLimit(.buy, touch: price("150.02"), attempt: attempt, tick: tick) == price(buy))
        #expect(
            Execution.reducingLimit(.sell, touch: price("150.50"), attempt: attempt, tick: tick)
                == price(sell))
    }

    @Test func `a blind reduction goes one percent from the mark`() {
        let tick = price("0.01")
        #expect(Execution.reducingLimitBlind(.buy, mark: price("150.005"), tick: tick) == price("151.51"))
        #expect(Execution.reducingLimitBlind(.sell, mark: price("150.005"), tick: tick) == price("148.50"))
    }

    @Test func `E2: deep is three times the quantity within the limit, the thinner leg goes first`() {
        let some = book(bids: [("149", "3")], asks: [("150", "1"), ("151", "2")])
        #expect(Execution.isDeep(some, .buy, limit: price("151"), quantity: B1.one))
        #expect(!Execution.isDeep(some, .buy, limit: price("151"), quantity: quantity("1.01")))
        #expect(!Execution.isDeep(some, .buy, limit: price("150.99"), quantity: B1.one))
        #expect(Execution.isDeep(some, .sell, limit: price("149"), quantity: B1.one))
        #expect(Execution.isThinner(quantity("1"), than: quantity("1")))
        #expect(!Execution.isThinner(quantity("1.1"), than: quantity("1")))
    }

    @Test func `C31: bound and price of a resting leg`() {
        let tick = price("0.01"), o = B1.opportunity(), least = percent("0.02")
        let floor = Execution.restingBound(
            .perp, .carry, hedgeNotional: o.walk.spotAsk.notional, quantity: B1.one,
            need: o.breakeven(.restPerp, least: least), tick: tick)
        #expect(floor == price("150.51"))
        func post(_ leg: Leg, _ bound: Price, _ peg: Peg, _ improve: Int = 0) -> Price? {
            Execution.restingPrice(
                leg, .carry, book: (leg == .spot ? B1.spot : B1.perp).top!, bound: bound, peg: peg,
                improveTicks: improve, tick: tick)
        }
        #expect(post(.perp, floor, .touch) == price("150.51"))
        let cap = Execution.restingBound(
            .spot, .carry, hedgeNotional: o.walk.perpBid.notional, quantity: B1.one,
            need: o.breakeven(.restSpot, least: least), tick: tick)
        #expect(cap == price("149.99"))
        #expect(post(.spot, cap, .touch) == price("149.98"))
        #expect(post(.spot, cap, .touch, 1) == price("149.99"))
        #expect(post(.spot, cap, .touch, 5) == price("149.99"))
        let dear = Execution.restingBound(
            .perp, .carry, hedgeNotional: price("150.20") * B1.one, quantity: B1.one,
            need: o.breakeven(.restPerp, least: least), tick: tick)
        #expect(dear == price("150.68"))
        #expect(post(.perp, dear, .touch) == nil)
        #expect(post(.perp, dear, .edge) == price("150.68"))
        #expect(post(.perp, price("150.40"), .edge) == price("150.51"))
    }

    @Test func `C31, mirrored: a reverse rests on the other side of each book`() {
        let tick = price("0.01"), need = percent("0.32")
        let perpCap = Execution.restingBound(
            .perp, .reverse, hedgeNotional: price("150") * B1.one, quantity: B1.one, need: need, tick: tick)
        #expect(perpCap == price("149.52"))
        let spotFloor = Execution.restingBound(
            .spot, .reverse, hedgeNotional: price("150") * B1.one, quantity: B1.one, need: need, tick: tick)
        #expect(spotFloor == price("150.48"))
        func post(_ leg: Leg, _ bound: Price, _ peg: Peg) -> Price? {
            Execution.restingPrice(
                leg, .reverse, book: (leg == .spot ? B1.spot : B1.perp).top!, bound: bound, peg: peg,
                improveTicks: 0,
                tick: tick)
        }
        #expect(post(.perp, perpCap, .touch) == nil && post(.perp, perpCap, .edge) == price("149.52"))
        #expect(post(.spot, spotFloor, .touch) == nil && post(.spot, spotFloor, .edge) == price("150.48"))
        #expect(post(.perp, price("151"), .touch) == price("150.50"))
    }

    @Test func `improving never crosses the spread nor the bound`() {
        let tick = price("0.01")
        func sold(_ bound: String, _ ticks: Int) -> Price? {
            Execution.restingPrice(
                .perp, .carry, book: book(bids: [("100", "1")], asks: [("100.03", "1")]).top!,
                bound: price(bound),
                peg: .touch, improveTicks: ticks, tick: tick)
        }
        #expect(sold("99", 9) == price("100.01"))
        #expect(sold("100.02", 9) == price("100.02"))
        #expect(sold("100.03", 9) == price("100.03"))
        #expect(sold("100.04", 9) == nil)
    }

    @Test func `C32: a post whose hedge moved away is worth less than nothing`() {
        let costs =
            percent("0.02281385") + percent("0.27") + percent("0.00775941") - percent("0.00125")
        let net = Execution.netAtPost(
            .perp, .carry, price: price("150.51"), hedge: price("150.10") * B1.one, quantity: B1.one,
            costs: costs)
        #expect(net == percent("-0.02617203"))
        let o = B1.opportunity()
        #expect(Execution.netAtPost(.perp, o, price: price("150.51")) == o.net(.restPerp))
        #expect(Execution.netAtPost(.spot, o, price: price("149.98")) == o.net(.restSpot))
        #expect(
            Execution.netAtPost(
                .spot, .reverse, price: price("150.51"), hedge: price("150.10") * B1.one, quantity: B1.one,
                costs: costs)
                == net)
    }

    @Test(arguments: [
        ("1", "0.3", "0.2", "0.50"), ("1", "1.2", "0", "0"), ("0.105", "0", "0", "0.10"),
        ("0.1051", "0", "0", "0.11"),
    ])
    func `E7: a hedge follows totals`(target: String, done: String, inFlight: String, expected: String) {
        #expect(
            Execution.hedgeQuantity(
                target: quantity(target), done: quantity(done), inFlight: quantity(inFlight),
                lot: quantity("0.01"))
                == quantity(expected))
    }

    @Test func `C33: a short leg is completed or unwound, whichever costs less`() {
        func complete(_ leg: Leg, _ fill: String, _ missing: String) -> Percent {
            Execution.completeValue(
                .carry, filledLeg: leg, fill: price(fill), missing: price(missing) * B1.one, quantity: B1.one,
                exitLevel: .zero, exitCross: percent("0.02"), fees: .base)
        }
        let unwind = Execution.unwindValue(
            filledLeg: .spot, bought: true, fill: price("150.015"), undo: price("149.985") * B1.one,
            quantity: B1.one,
            fees: .base)
        #expect(unwind == percent("-0.11999801"))
        #expect(complete(.spot, "150.015", "150.10") == percent("-0.16333900"))
        #expect(complete(.spot, "150.015", "150.17") == percent("-0.11667700"))
        #expect(
            complete(.spot, "150.015", "150.17") >= unwind && complete(.spot, "150.015", "150.10") < unwind)
        let back = Execution.unwindValue(
            filledLeg: .perp, bought: false, fill: price("150.49"), undo: price("150.51") * B1.one,
            quantity: B1.one,
            fees: .base)
        #expect(complete(.perp, "150.49", "150.30") == percent("-0.14358617"))
        #expect(back == percent("-0.06328992"))
    }

    @Test func `C33, mirrored: a reverse sells spot and buys the perp`() {
        let complete = Execution.completeValue(
            .reverse, filledLeg: .spot, fill: price("150.49"), missing: price("150.30") * B1.one,
            quantity: B1.one,
            exitLevel: .zero, exitCross: percent("0.02"), fees: .base)
        #expect(complete == percent("0.12641383") - percent("0.02") - percent("0.05") - percent("0.15"))
    }

    @Test(
        arguments: [
            (5, 7, false, 20_487), (5, 7, true, 2_147_504_135), (524_287, 4095, false, 2_147_483_647),
        ] as [(UInt32, UInt32, Bool, UInt32)])
    func `C34: client ids carry guardian, block and index`(
        block: UInt32, index: UInt32, guardian: Bool, raw: UInt32
    ) {
        #expect(Execution.clientID(block: block, index: index, guardian: guardian).raw == raw)
    }

    @Test func `a block beyond nineteen bits stops the process`() async {
        await #expect(processExitsWith: .failure) {
            _ = Execution.clientID(block: 1 << 19, index: 0, guardian: false)
        }
    }

    @Test func `C36: the queue before a resting order`() {
        var queue = QueueEstimate(displayed: quantity("10"), own: B1.one)
        #expect(queue.trade(quantity("6")) == .zero)
        #expect(queue.trade(quantity("5")) == B1.one)
        #expect(queue.trade(quantity("1")) == .zero && queue.left == .zero)
        var shrunk = QueueEstimate(displayed: quantity("10"), own: B1.one)
        shrunk.display(quantity("5"))
        #expect(shrunk.ahead == quantity("5"))
        #expect(shrunk.trade(quantity("5")) == .zero)
        #expect(shrunk.trade(quantity("1")) == B1.one)
    }

    @Test func `shrinkage is explained by trades first and shared with those behind`() {
        var queue = QueueEstimate(displayed: quantity("10"), own: B1.one)
        #expect(queue.trade(quantity("4")) == .zero)
        queue.display(quantity("6"))
        #expect(queue.ahead == quantity("6"))
        queue.display(quantity("12"))
        #expect(queue.ahead == quantity("6"))
        queue.display(quantity("8"))
        #expect(queue.ahead == quantity("4"))
        #expect(queue.trade(quantity("4.4")) == quantity("0.4"))
        #expect(queue.tradeThrough() == quantity("0.6") && queue.left == .zero)
    }
}
