import Core
import Testing

@testable import Simulator

@Suite struct `Money at the venue` {
    @Test func `a spot buy pays its fee in the base, everything else in USDC`() {
        var bench = Bench()
        _ = bench.send(bench.limit(bench.spot, .buy, "150.01", "1.25", .immediateOrCancel), bench.ann)
        #expect(bench.fills(bench.ann).map(\.fee) == [Money("0.00125")!])
        #expect(bench.fills(bench.ann).map(\.feeAsset) == [Asset("SOL")])
        #expect(bench.balance(bench.ann, "SOL").available == Money("1.24875")!)
        #expect(bench.balance(bench.ann, "USDC").available == Money("812.4875")!)
        _ = bench.send(bench.limit(bench.spot, .sell, "149.99", "1", .immediateOrCancel), bench.ann)
        #expect(bench.fills(bench.ann).last?.fee == Money("0.14999")!)
        #expect(bench.balance(bench.ann, "USDC").available == Money("962.32751")!)
        _ = bench.send(bench.limit(bench.perp, .sell, "150.29", "1", .immediateOrCancel), bench.ann)
        #expect(bench.fills(bench.ann).last?.fee == Money("0.075145")!)
        #expect(bench.sumsAreZero)
    }

    @Test(
        arguments: [
            (10_000_000, "1.25", "0.00125"), (4_500_000, "0.000000000001", "0.000000000001"),
            (-1_000_000, "0.00000000001", "-0.000000000001"), (0, "5", "0"),
        ] as [(Int64, String, String)])
    func `fees keep twelve decimals and round away from zero`(rate: Int64, amount: String, fee: String) {
        #expect(SimulatedVenue.fee(Percent(raw: rate), of: Money(amount)!) == Money(fee)!)
    }

    @Test(
        arguments: [
            (200_000_000, 12_500_000), (-400_000_000, 12_500_000), (600_000_000, 12_500_000),
            (-450_000_000, 6_250_000), (1_000_000_000, 62_500_000), (-600_000_000, -12_500_000),
            (3_000_000_000, 312_500_000),
        ] as [(Int64, Int64)])
    func `funding follows the mean premium`(premium: Int64, rate: Int64) {
        #expect(FundingRate(meanPremium: premium, bound: 10_000_000_000).raw == rate)
    }

    @Test func `a short receives positive funding on the hour, on the mark`() {
        let short = SimulatedVenue.payment(
            net: -100_000_000, mark: Price("150.30")!.raw, rate: FundingRate(raw: 12_500_000))
        #expect(short == Money("0.00187875")!)
        let beforeHour = Timestamp(milliseconds: 1_790_000_000_000 / 3_600_000 * 3_600_000 + 3_590_000)
        var bench = Bench(start: beforeHour)
        _ = bench.send(bench.limit(bench.perp, .sell, "150.29", "1", .immediateOrCancel), bench.ann)
        bench.pass(15_000)
        let paid = bench.venue.funding(of: bench.ann)
        #expect(paid.count == 1)
        #expect(paid.first?.payment.intervalEnd.microseconds.isMultiple(of: SimulatedVenue.hour) == true)
        #expect((paid.first?.payment.amount ?? .zero) > .zero)
        #expect(bench.venue.settledRates(bench.perp).count == 1)
        #expect(bench.venue.positions(of: bench.ann).first?.funding == paid.first?.payment.amount)
        #expect(bench.sumsAreZero)
    }

    @Test(arguments: [Side.sell, .buy])
    func `at the liquidation price the margin fraction is the maintenance fraction`(side: Side) throws {
        var bench = Bench(usdc: 100)
        _ = bench.send(
            bench.limit(bench.perp, side, side == .sell ? "150.28" : "150.32", "5", .immediateOrCancel),
            bench.ann)
        let position = try #require(bench.venue.positions(of: bench.ann).first)
        let margin = bench.venue.margin(of: bench.ann)
        let price = bench.venue.liquidationPrice(position, bench.ann)
        let moved = Int128(price.raw - position.mark.raw) * Int128(position.net.raw)
        let equity = margin.netEquity.notional.raw + moved
        let exposure = Int128(position.net.magnitude.raw) * Int128(price.raw)
        let fraction = equity * Int128(SimulatedVenue.one) / exposure
        #expect(abs(fraction - Int128(margin.mmf)) <= 20_000, "\(fraction) and \(margin.mmf) at \(price)")
    }

    @Test func `open profit becomes USDC every ten seconds and the position stays`() {
        var bench = Bench()
        _ = bench.send(bench.limit(bench.perp, .sell, "150.29", "2", .immediateOrCancel), bench.ann)
        let before = bench.balance(bench.ann, "USDC").available
        bench.quote(bench.perp, [("148.00", "2")], [("148.02", "2")])
        bench.pass(10_000)
        let position = bench.venue.positions(of: bench.ann)[0]
        let gained = bench.balance(bench.ann, "USDC").available - before
        #expect(gained > .zero && gained == position.realised)
        #expect(position.net == Quantity("-2")! && position.entryPrice == Price("150.29")!)
        let total = position.realised + position.unrealised
        #expect(
            total == (Price("150.29")! * Quantity("2")! - position.mark * Quantity("2")!).rounded(.nearest))
        #expect(
            bench.venue.settlements(of: bench.ann).contains {
                $0.source == "RealizePnl" && $0.amount == gained
            })
        #expect(bench.sumsAreZero)
    }

    @Test func `turning a position closes it first and opens the rest anew`() {
        var bench = Bench()
        _ = bench.send(bench.limit(bench.perp, .sell, "150.29", "1", .immediateOrCancel), bench.ann)
        let first = bench.venue.positions(of: bench.ann)[0].id
        bench.forget()
        _ = bench.send(bench.limit(bench.perp, .buy, "150.31", "1.5", .immediateOrCancel), bench.ann)
        let now = bench.venue.positions(of: bench.ann)[0]
        #expect(now.net == Quantity("0.5")! && now.entryPrice == Price("150.31")! && now.id != first)
        let changes = bench.told.compactMap { event -> PositionChange? in
            if case .position(_, let change, _, _) = event { change } else { nil }
        }
        #expect(changes == [.closed, .opened])
        #expect(bench.venue.closedPositions(of: bench.ann).map(\.realised) == [Money("-0.02")!])
    }

    @Test func `margin is what the formulas say`() {
        let weights = CollateralFigures.all.first { $0.asset == Asset("SOL") }!
        #expect(weights.weight(of: Money(300)) == 900_000_000_000)
        #expect(weights.weight(of: Money(10_000_000)) / 10_000 == 83_572_161)
        var bench = Bench()
        let small = bench.venue.fractions(bench.venue.instrument(bench.perp)!, Money(300), Money(10))
        #expect(small.imf == 100_000_000_000 && small.mmf == 13_500_000_000)
        let large = bench.venue.fractions(bench.venue.instrument(bench.perp)!, Money(250_000), Money(100))
        #expect(large.imf == 37_500_000_000 && large.mmf == 18_750_000_000)
        #expect(bench.venue.margin(of: bench.ann).netEquity == Money(1_000))
        #expect(bench.venue.margin(of: bench.ann).marginFraction == nil)
        _ = bench.send(bench.limit(bench.perp, .sell, "150.29", "2", .immediateOrCancel), bench.ann)
        let margin = bench.venue.margin(of: bench.ann)
        let mark = bench.venue.mark(bench.perp)!.mark
        #expect(margin.exposure == (mark * Quantity("2")!).roundedUp())
        #expect(margin.locked.raw == margin.exposure.raw / 10)
    }

    @Test func `a fault in the till shows in the balance and not in the fill`() {
        var bench = Bench()
        bench.venue.misChargeNextFee(by: Money("0.5")!)
        _ = bench.send(bench.limit(bench.perp, .sell, "150.29", "1", .immediateOrCancel), bench.ann)
        #expect(bench.fills(bench.ann).map(\.fee) == [Money("0.075145")!])
        #expect(bench.balance(bench.ann, "USDC").available == Money("999.424855")!)
        #expect(bench.sumsAreZero)
    }

    @Test func `borrowing is refused unless the venue lends, and grows by the hour`() {
        var bench = Bench()
        var short = bench.limit(bench.spot, .sell, "149.99", "1", .immediateOrCancel)
        short.autoBorrow = true
        #expect(bench.send(short, bench.ann).refusal == .noSupply)
        bench.venue.rules.lends = true
        #expect(bench.send(short, bench.ann).order?.status == .filled)
        #expect(bench.balance(bench.ann, "SOL").borrowed == Money(1))
        bench.pass(3_600_000)
        let grown = bench.balance(bench.ann, "SOL").borrowed - Money(1)
        #expect(grown > .zero)
        // What it grew by is on record, as a payment of the hour; one day's rate is a 365th of 10 % a year.
        let rows = bench.venue.interest(of: bench.ann)
        #expect(rows.map(\.payment.amount) == [-grown])
        #expect(grown == Money(raw: (Int128(100_000_000_000) + 8_759) / 8_760))
        #expect(rows[0].payment.kind == .borrow && rows[0].payment.asset == Asset("SOL"))
        #expect(rows[0].payment.at.microseconds.isMultiple(of: SimulatedVenue.hour))
        #expect(bench.venue.interest(of: bench.bob).isEmpty)
        #expect(bench.sumsAreZero)
    }

    @Test func `an own taking stays missing from a recorded level for a second`() {
        let spot = SimulatedVenue(start: Bench.start, crowd: .none).market("SOL_USDC")!
        func row(_ at: Int64, _ bid: String, _ ask: String) -> CrowdRow {
            CrowdRow(
                at: Bench.start + .milliseconds(at), instrument: spot,
                bids: [Level(price: Price(bid)!, quantity: Quantity("3")!)],
                asks: [Level(price: Price(ask)!, quantity: Quantity("3")!)])
        }
        let rows = RecordedCrowd([
            row(0, "99.9", "100"), row(500, "99.9", "100"), row(3_000, "99.8", "99.9"),
            row(3_500, "99.7", "99.8"),
        ])
        var venue = SimulatedVenue(start: Bench.start, crowd: .recorded(rows))
        let ann = venue.open(key: "ann", deposits: [(.usdc, Money(1_000))])
        var order = IncomingOrder(instrument: spot, side: .buy)
        (order.price, order.quantity, order.timeInForce) = (Price("100")!, Quantity("1")!, .immediateOrCancel)
        venue.place(order, from: ann, ticket: 1, now: Bench.start + .milliseconds(100))
        venue.advance(to: Bench.start + .milliseconds(1_000))
        #expect(venue.book(spot).asks.last?.quantity == Quantity("2")!)
        venue.advance(to: Bench.start + .milliseconds(1_201))
        #expect(venue.book(spot).asks.last?.quantity == Quantity("3")!)
        // A rest at 99.85 is filled when the other side's touch reaches it.
        (order.price, order.timeInForce, order.postOnly) = (Price("99.85")!, .goodTillCancelled, true)
        venue.place(order, from: ann, ticket: 2, now: Bench.start + .milliseconds(1_300))
        venue.advance(to: Bench.start + .milliseconds(3_100))
        #expect(venue.openOrders(of: ann).count == 1)
        venue.advance(to: Bench.start + .milliseconds(3_600))
        #expect(venue.openOrders(of: ann).isEmpty)
        #expect(venue.fills(of: ann).last?.fill.price == Price("99.85")!)
        #expect(venue.sums.allSatisfy { $0.1.raw == 0 })
    }
}

@Suite struct `Answers without a wire` {
    @Test func `requests of the program are answered as the exchange would`() {
        var bench = Bench()
        let order = Order(
            id: ClientOrderID(raw: 5), instrument: bench.perp, side: .sell, price: Price("150.28")!,
            quantity: Quantity("1")!, timeInForce: .immediateOrCancel, selfTrade: .rejectTaker)
        #expect(bench.venue.answer(.submit(order), for: bench.ann, ticket: 77, now: bench.now) == nil)
        bench.forget()
        bench.pass(100)
        var reply: Reply?
        for case .answer(77, let outcomes) in bench.told {
            reply = SimulatedVenue.reply(to: .submit(order), outcomes: outcomes)
        }
        guard case .order(let update) = reply else { Issue.record("\(String(describing: reply))"); return }
        #expect(
            update.status == .filled && update.executed == Quantity("1")! && update.clientOrderID?.raw == 5)
        let events = bench.told.compactMap { $0.event(for: bench.ann) }
        #expect(events.contains { if case .order(let told) = $0 { told.fill != nil } else { false } })
        #expect(bench.told.allSatisfy { if case .order = $0.event(for: bench.bob) { false } else { true } })
        guard
            case .positions(let positions) = bench.venue.answer(
                .positions, for: bench.ann, ticket: 0, now: bench.now)
        else { Issue.record("no positions"); return }
        #expect(positions.map(\.net) == [Quantity("-1")!])
        let gone = bench.venue.answer(
            .cancel(bench.perp, ClientOrderID(raw: 5)), for: bench.ann, ticket: 0, now: bench.now)
        #expect(gone == .refused(Refusal(status: 400, code: "RESOURCE_NOT_FOUND", message: "Not Found")))
        guard
            case .collateral(let facts) = bench.venue.answer(
                .collateral, for: bench.ann, ticket: 0, now: bench.now)
        else { Issue.record("no collateral"); return }
        #expect(facts.weights.first { $0.asset == .usdc }?.weight == Percent("1")!)
    }
}
