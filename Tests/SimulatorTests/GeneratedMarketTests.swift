import Core
import Testing

@testable import Simulator

@Suite struct `Generated market` {
    struct Stretch { var from: Int64, to: Int64 }

    /// Executable carry gross for 150 USD, percent counted in 10⁻⁸; `nil` when a side is too thin.
    static func gross(_ venue: SimulatedVenue, _ base: String) -> (entry: Int64, exit: Int64)? {
        let spot = book(venue, "\(base)_USDC"), perp = book(venue, "\(base)_USDC_PERP")
        guard let touch = spot.bestAsk, let lot = venue.instrument(venue.market("\(base)_USDC")!)?.lotSize
        else { return nil }
        let size = Quantity(raw: Int64(Int128(150) * 10_000_000_000_000_000 / Int128(touch.price.raw))).onLot(
            lot, .down)
        guard let buy = spot.walk(.buy, size), let sell = perp.walk(.sell, size), buy.isWhole, sell.isWhole,
            let back = spot.walk(.sell, size), let cover = perp.walk(.buy, size), back.isWhole, cover.isWhole
        else { return nil }
        func percent(_ a: Notional, _ b: Notional) -> Int64 {
            Int64((a.raw - b.raw) * 10_000_000_000 / b.raw)
        }
        return (percent(sell.notional, buy.notional), percent(cover.notional, back.notional))
    }

    static func book(_ venue: SimulatedVenue, _ symbol: String) -> Book {
        let whole = venue.book(venue.market(symbol)!)
        var book = Book()
        book.replace(bids: whole.bids, asks: whole.asks, sequence: whole.sequence)
        return book
    }

    static func venue(_ seed: UInt64) -> SimulatedVenue {
        SimulatedVenue(
            start: Bench.start, crowd: .generated(CrowdGenerator(seed: seed, start: Bench.start)), seed: seed)
    }

    @Test(arguments: [1, 2, 3, 7] as [UInt64])
    func `the first dislocation of every pair is a carry within 15 s, and over within 30 s`(seed: UInt64) {
        print("seed \(seed)")
        var venue = Self.venue(seed)
        var long: [[Stretch]] = [[], [], [], [], []]
        for step in 0...600 {
            let at = Int64(step) * 50
            venue.advance(to: Bench.start + .milliseconds(at))
            for (index, base) in CrowdGenerator.bases.enumerated() {
                guard let gross = Self.gross(venue, base) else { Issue.record("\(base) too thin"); continue }
                guard gross.entry >= 60_000_000 else { continue }
                if let last = long[index].last, at - last.to <= 50 {
                    long[index][long[index].count - 1].to = at
                } else {
                    long[index].append(Stretch(from: at, to: at))
                }
            }
        }
        for (index, base) in CrowdGenerator.bases.enumerated() {
            let first = long[index].first
            #expect((first?.from ?? 99_999) <= 15_000, "\(base)")
            #expect((first.map { $0.to - $0.from } ?? 0) >= 5_000, "\(base)")
            let exit = Self.gross(venue, base)?.exit ?? .max
            #expect(exit <= 5_000_000, "\(base) can be closed at \(exit)")
        }
    }

    @Test(arguments: [1, 2, 3, 7] as [UInt64])
    func `ten minutes look like DESIGN says`(seed: UInt64) {
        print("seed \(seed)")
        var venue = Self.venue(seed)
        var quiet: [Double] = [], quietSamples = 0, samples = 0, longOnes = 0, most: Int64 = 0
        var since: [Int64?] = [nil, nil, nil, nil, nil]
        for step in 0..<2_400 {
            venue.advance(to: Bench.start + .milliseconds(Int64(step) * 250))
            _ = venue.drainEvents()
            for (index, base) in CrowdGenerator.bases.enumerated() {
                guard let entry = Self.gross(venue, base)?.entry else { continue }
                samples += 1
                if entry >= 60_000_000 {
                    if since[index] == nil { since[index] = Int64(step) }
                } else if let from = since[index] {
                    if Int64(step) - from >= 20 { longOnes += 1 }
                    since[index] = nil
                }
                let spot = Self.book(venue, "\(base)_USDC").top!.twiceMid
                let perp = Self.book(venue, "\(base)_USDC_PERP").top!.twiceMid
                let fair = 2 * venue.markets[venue.market("\(base)_USDC")!.index].index!
                most = max(most, abs(spot - fair) * 1_000_000 / fair, abs(perp - fair) * 1_000_000 / fair)
                let basis = Double(perp - spot) / Double(spot) * 100
                if abs(basis + 0.045) < 0.12 {
                    quiet.append(basis)
                    quietSamples += 1
                }
            }
        }
        let mean = quiet.reduce(0, +) / Double(quiet.count)
        let deviation = (quiet.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(quiet.count))
            .squareRoot()
        print("quiet \(quietSamples)/\(samples) mean \(mean) sd \(deviation) long \(longOnes) most \(most)")
        #expect(abs(mean + 0.045) < 0.008)
        #expect((0.008...0.03).contains(deviation))
        // Five pairs for ten minutes, one every 40–80 s, at least half of them long.
        #expect((25...75).contains(longOnes))
        #expect(most <= 9_900, "index deviation in 10⁻⁶")
    }

    @Test func `a post at the touch is filled within seconds, often in pieces`() {
        var waits: [Int64] = [], pieces = 0
        for seed in 1...10 as ClosedRange<UInt64> {
            var venue = Self.venue(seed)
            let ann = venue.open(key: "ann", deposits: [(.usdc, Money(10_000))])
            var now = Bench.start + .seconds(2)
            venue.advance(to: now)
            for symbol in ["SOL_USDC", "SOL_USDC_PERP"] {
                let id = venue.market(symbol)!, from = now
                var order = IncomingOrder(instrument: id, side: .buy)
                (order.price, order.quantity, order.postOnly) = (
                    venue.book(id).bids.last!.price, Quantity("1")!, true
                )
                venue.place(order, from: ann, ticket: 1, now: now)
                while let open = venue.openOrders(of: ann).first, now < from + .seconds(60) {
                    now = now + .milliseconds(100)
                    venue.advance(to: now)
                    // Posts again when the touch has left it behind.
                    let best = venue.book(id).bids.last!.price
                    if open.order.price! < best {
                        _ = venue.cancelAll(id, from: ann, now: now)
                        order.price = best
                        order.quantity = open.remaining
                        venue.place(order, from: ann, ticket: 1, now: now)
                    }
                }
                waits.append((now - from).milliseconds)
                pieces += venue.fills(of: ann).filter { $0.fill.instrument == id }.count > 1 ? 1 : 0
            }
        }
        let median = waits.sorted()[waits.count / 2]
        print("waits \(waits) pieces \(pieces)")
        #expect(median <= 8_000)
        #expect(pieces >= 3)
    }

    @Test func `the same seed gives the same market, another one another`() {
        func trail(_ seed: UInt64) -> [String] {
            var venue = Self.venue(seed)
            venue.advance(to: Bench.start + .seconds(5))
            return venue.drainEvents().map { "\($0)" }
        }
        #expect(trail(1) == trail(1))
        #expect(trail(1) != trail(2))
        var forced = SimulatedVenue(
            start: Bench.start,
            crowd: .generated(CrowdGenerator(seed: 4, start: Bench.start, dislocations: [("SOL", 30)])))
        forced.advance(to: Bench.start + .milliseconds(31_000))
        #expect((Self.gross(forced, "SOL")?.entry ?? 0) >= 60_000_000)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `whatever two accounts do, every asset sums to zero`(seed: UInt64) {
        print("seed \(seed)")
        var venue = Self.venue(seed)
        venue.rules.lends = seed == 2
        var chance = SeededGenerator(seed: seed, part: 500)
        let accounts = (0..<2).map { index in
            venue.open(
                key: "user\(index)",
                deposits: [(.usdc, Money(5_000)), (Asset("SOL"), Money(20)), (Asset("JUP"), Money(900))])
        }
        var now = Timestamp(
            milliseconds: Bench.start.milliseconds + 3_600_000 - 1_790_000_000_000 % 3_600_000 - 30_000)
        venue.advance(to: now)
        for step in 0..<700 {
            now = now + .milliseconds(chance.whole(1...80))
            let account = accounts[Int(chance.whole(0...1))]
            let symbols = ["SOL_USDC", "SOL_USDC_PERP", "JUP_USDC", "JUP_USDC_PERP", "BTC_USDC_PERP"]
            let id = venue.market(symbols[Int(chance.whole(0...4))])!
            let instrument = venue.instrument(id)!
            if chance.chance(200) { _ = venue.cancelAll(id, from: account, now: now) }
            var order = IncomingOrder(instrument: id, side: chance.chance(500) ? .buy : .sell)
            let touch = venue.book(id).asks.last!.price.raw / instrument.tickSize.raw
            order.price = Price(raw: (touch + chance.whole(-8...8)) * instrument.tickSize.raw)
            let lots = max(1, 20_000_000_000_000_000 / order.price!.raw / instrument.lotSize.raw)
            order.quantity = Quantity(raw: chance.whole(1...lots) * instrument.lotSize.raw)
            order.timeInForce =
                [.goodTillCancelled, .immediateOrCancel, .fillOrKill][Int(chance.whole(0...2))]
            order.postOnly = order.timeInForce == .goodTillCancelled && chance.chance(500)
            order.kind = chance.chance(100) && !order.postOnly ? .market : .limit
            order.reduceOnly = instrument.kind == .perp && chance.chance(200) ? true : nil
            order.selfTrade = [.rejectTaker, .rejectMaker, .rejectBoth][Int(chance.whole(0...2))]
            order.autoBorrow = instrument.kind == .spot && chance.chance(300)
            venue.place(order, from: account, ticket: Int64(step), now: now)
            if step % 50 == 0 {
                #expect(venue.sums.allSatisfy { $0.1.raw == 0 }, "step \(step): \(venue.sums)")
            }
        }
        #expect(venue.sums.allSatisfy { $0.1.raw == 0 })
        for account in accounts {
            #expect(venue.fills(of: account).count > 20)
            for symbol in ["SOL", "JUP"] {
                #expect(venue.accounts[account.index][Asset(symbol)].locked >= .zero)
            }
            for order in venue.openOrders(of: account) {
                _ = venue.cancelAll(order.order.instrument, from: account, now: now)
            }
            #expect(venue.balances(of: account).allSatisfy { $0.balance.locked == .zero })
        }
    }
}
