import Core

/// Compares the ledger with the venue's own answers of `/capital` and `/position` (DESIGN 7).
///
/// The venue turns unrealised profit of perps into USDC every ten seconds; the ledger books the price flow of
/// each execution. They agree when what the venue holds, less the value of open contracts at its own mark,
/// plus what it has not realised yet, is what the ledger says.
struct VenueComparison {
    var balances: [BalanceUpdate]
    var positions: [OpenContracts]
    /// Lent out, by asset.
    var lent: [AssetWeight] = []
    /// Lent and borrowed, by asset; what is borrowed stands in no balance.
    var lending: [BorrowLendPosition] = []

    /// One open position in the venue's own figures.
    struct OpenContracts {
        var instrument: InstrumentID
        var net: Quantity
        /// Unrounded, counted in 10⁻¹².
        var mark: Money
        var unrealised: Money
    }

    /// What may differ while contracts are open: the venue rounds its mark and its unrealised profit.
    static let openTolerance = Money(raw: 10_000_000)
    /// What may differ when flat: one 10⁻⁹ for the venue's own rounding of fees.
    static let flatTolerance = Money(raw: 1000)

    /// One line for every asset and market that differs; empty when all agree.
    func differences(_ ledger: Ledger, _ instruments: [Instrument]) -> [String] {
        var lines: [String] = []
        var assets = ledger.assets.filter { asset in !instruments.contains { $0.symbol == asset.symbol } }
        for balance in balances where !assets.contains(balance.asset) { assets.append(balance.asset) }
        for debt in lending where !assets.contains(debt.asset) { assets.append(debt.asset) }
        for asset in assets.sorted() {
            let open = asset == .usdc ? openValue : .zero
            let held = balances.first { $0.asset == asset }?.total ?? .zero
            let away = lent.first { $0.asset == asset }?.lent ?? .zero
            let owed = lending.first { $0.asset == asset && $0.net < .zero }?.net ?? .zero
            let venue = held + away + owed - open
            let ours = ledger.venueBalance(asset)
            let tolerance = asset == .usdc && !positions.isEmpty ? Self.openTolerance : Self.flatTolerance
            if (venue - ours).magnitude > tolerance {
                lines.append("\(asset): ledger \(ours), venue \(venue), difference \(venue - ours)")
            }
        }
        for instrument in instruments where instrument.kind == .perp {
            let ours = ledger.venueBalance(Asset(instrument.symbol))
            let net = positions.first { $0.instrument == instrument.id }?.net ?? .zero
            let venue = Money(raw: Int128(net.raw) * 10_000)
            if venue != ours { lines.append("\(instrument.symbol): ledger \(ours), venue \(venue)") }
        }
        return lines
    }

    /// Open contracts at the venue's mark, less what it has not realised yet.
    private var openValue: Money {
        positions.reduce(.zero) { sum, position in
            let worth = Money(
                raw: quotient(position.mark.raw * Int128(position.net.raw), by: 100_000_000, .nearest))
            return sum + worth - position.unrealised
        }
    }
}
