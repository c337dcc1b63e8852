import Core
import Testing

@testable import Host

@Suite struct `The comparison with the venue` {
    @Test func `agrees to the tolerance and names the asset beyond it`() {
        var ledger = Ledger()
        ledger.open(.usdc, Money(1000), reference: "1")
        for (held, agrees) in [("1000", true), ("1000.000000001", true), ("999.99999999", false)] {
            let balance = BalanceUpdate(asset: .usdc, available: Money(held)!, locked: .zero, staked: .zero)
            let lines = VenueComparison(balances: [balance], positions: []).differences(ledger, [])
            #expect(lines.isEmpty == agrees, "\(held): \(lines)")
        }
    }

    @Test func `counts open contracts at the venue's mark less what it has not realised`() {
        let perp = Instrument(
            id: InstrumentID(0), symbol: "SOL_USDC_PERP", kind: .perp, base: Asset("SOL"), quote: .usdc,
            tickSize: Price("0.01")!, lotSize: Quantity("0.01")!, minQuantity: Quantity("0.01")!)
        var ledger = Ledger()
        ledger.open(.usdc, Money(1000), reference: "1")
        ledger.book(
            Fill(
                instrument: perp.id, side: .sell, price: Price("150")!, quantity: Quantity("2")!,
                fee: Money("0.15")!, feeAsset: .usdc, tradeID: 1, venueOrderID: VenueOrderID("1"),
                clientOrderID: nil, liquidity: .taker, venueTime: Timestamp(microseconds: 1)),
            of: perp, owner: "a")
        // The mark fell to 149: 2 USDC of profit, of which 1.5 are realised into the balance.
        let balance = BalanceUpdate(asset: .usdc, available: Money("1001.35")!, locked: .zero, staked: .zero)
        let open = VenueComparison.OpenContracts(
            instrument: perp.id, net: Quantity("-2")!, mark: Money(149), unrealised: Money("0.5")!)
        #expect(VenueComparison(balances: [balance], positions: [open]).differences(ledger, [perp]) == [])
        #expect(VenueComparison(balances: [balance], positions: []).differences(ledger, [perp]).count == 2)
    }
}
