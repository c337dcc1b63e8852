import Core
import Testing

@Suite struct `Profit by cause` {
    @Test func `C27: basis, crossing and fees of one round`() {
        var round = RoundProfit()
        func fill(_ leg: Leg, _ side: Side, _ at: String, _ mid: String, _ fee: String) {
            round.add(
                JudgedFill(
                    leg: leg, side: side, quantity: B1.one, price: price(at), decisionMid: price(mid),
                    sentMid: price(mid), quoteFee: money(fee)))
        }
        fill(.spot, .buy, "150.015", "150", "0.1350135")
        fill(.perp, .sell, "150.285", "150.30", "0.0751425")
        fill(.spot, .sell, "149.985", "150", "0.1349865")
        fill(.perp, .buy, "150.015", "150", "0.0750075")
        let causes = round.causes(spotMid: price("150"), perpMid: price("150"))
        #expect(causes.basis == money("0.30"))
        #expect(causes.crossing == money("-0.06"))
        #expect(causes.legRisk == .zero)
        #expect(causes.fees == money("-0.42015"))
        #expect(causes.residual == .zero)
        #expect(causes.total == money("-0.18015") && round.cash == money("-0.18015"))
    }

    @Test func `a moved mid is leg risk and a base fee is a fee at its own price`() {
        var round = RoundProfit()
        round.add(
            JudgedFill(
                leg: .spot, side: .buy, quantity: B1.one, price: price("150.20"), decisionMid: price("150"),
                sentMid: price("150.10"), baseFee: money("0.001")))
        let causes = round.causes(spotMid: price("150"), perpMid: price("150"))
        #expect(round.coins == money("0.999"))
        #expect(causes.fees == money("-0.1502"))
        #expect(causes.legRisk == money("-0.0999") && causes.crossing == money("-0.0999"))
        #expect(causes.basis == money("-149.85") && causes.residual == money("149.85"))
        #expect(causes.total == money("-150.20") + money("149.85"))
    }

    @Test(arguments: 1...25 as ClosedRange<UInt64>)
    func `causes add up to the ledger's cash and the rest at mid, to the last digit`(seed: UInt64) {
        print("seed \(seed)")
        var chance = Seeded(seed)
        var ledger = Ledger(), round = RoundProfit()
        let pair = solPair()
        let fills = Int(chance.int(1...60))
        for number in 0..<fills {
            let leg: Leg = chance.int(0...1) == 0 ? .spot : .perp,
                side: Side = chance.int(0...1) == 0 ? .buy : .sell
            // Odd to the eighth decimal, so that notionals do not fit 10⁻¹².
            let at = Price(raw: chance.int(1...30_000_000_000)),
                size = Quantity(raw: chance.int(1...900_000_000))
            let inBase = leg == .spot && side == .buy
            let fee = Money(
                raw: inBase
                    ? Int128(size.raw) * Int128(chance.int(0...20))
                    : Int128(chance.int(-1_000_000_000...1_000_000_000_000)))
            let instrument = leg == .spot ? pair.spot : pair.perp
            ledger.book(
                Fill(
                    instrument: instrument.id, side: side, price: at, quantity: size, fee: fee,
                    feeAsset: inBase ? pair.base : .usdc, tradeID: Int64(number),
                    venueOrderID: VenueOrderID("1"),
                    clientOrderID: nil, liquidity: .taker, venueTime: seconds(0)),
                of: instrument, owner: "a")
            round.add(
                JudgedFill(
                    leg: leg, side: side, quantity: size, price: at,
                    decisionMid: Price(raw: at.raw + chance.int(-50...50)),
                    sentMid: Price(raw: at.raw + chance.int(-50...50)), quoteFee: inBase ? .zero : fee,
                    baseFee: inBase ? fee : .zero))
        }
        let funding = Money(raw: Int128(chance.int(-1_000_000...1_000_000)))
        ledger.bookFunding(funding, owner: "a", reference: "1")
        round.addFunding(funding)
        let venue = Account("a", .venue)
        let quote = ledger.balance(venue, .usdc)
        #expect(round.cash + funding == quote)
        #expect(round.coins == ledger.balance(venue, pair.base))
        #expect(round.contracts == ledger.balance(venue, Asset(pair.perp.symbol)))
        let (spotMid, perpMid) = (
            Price(raw: chance.int(1...30_000_000_000)), Price(raw: chance.int(1...30_000_000_000))
        )
        let causes = round.causes(spotMid: spotMid, perpMid: perpMid)
        let rest = quotient(
            round.coins.raw * Int128(spotMid.raw) + round.contracts.raw * Int128(perpMid.raw),
            by: 100_000_000, .down)
        #expect(causes.total == quote + Money(raw: rest))
        #expect(round.roundingLeft.magnitude <= Money(raw: Int128(fills) + 3))
        for row in ledger.sums { #expect(row.sum == .zero) }
    }

    @Test func `splits add up term by term`() {
        var sum = ProfitAndLoss(), one = ProfitAndLoss()
        (one.basis, one.crossing, one.legRisk, one.fees) = (Money(1), Money(2), Money(3), Money(4))
        (one.funding, one.borrow, one.residual) = (Money(5), Money(6), Money(7))
        sum.add(one)
        sum.add(one)
        #expect(sum.total == Money(56) && sum.borrow == Money(12))
    }
}
