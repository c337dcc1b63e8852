/// A number that a script can read from `pos` (FORMULAS 3). `pair`, `direction`, `style`, `version` and
/// `adopted` stand beside them.
public enum PositionField: Int, CaseIterable, Sendable {
    case qty
    case coins
    case notionalUsd
    case entryGrossPct
    case entryNetPct
    case netPct
    case netUsd
    case feesUsd
    case fundingUsd
    case borrowUsd
    case ageS

    /// Its name in a script.
    public var name: String { Self.rows[rawValue].name }
    /// Its unit, in words.
    public var unit: String { Self.rows[rawValue].unit }
    /// One sentence on what it is.
    public var meaning: String { Self.rows[rawValue].meaning }

    private static let rows: [FieldRow] = [
        FieldRow("qty", "base", "Perp quantity, unsigned."),
        FieldRow("coins", "base", "Base held for this pair; negative when short."),
        FieldRow("notional_usd", "USD", "Quote notional of the spot leg at entry fills."),
        FieldRow("entry_gross_pct", "%", "Gross of the entry fills."),
        FieldRow(
            "entry_net_pct", "%",
            "Entry gross less exit level and crossing as of entry, fees paid and fees of a taker exit."),
        FieldRow("net_pct", "%", "net_usd over notional_usd."),
        FieldRow("net_usd", "USD", "What closing now by takers would leave, everything counted."),
        FieldRow("fees_usd", "USD", "Fees paid so far, positive."),
        FieldRow("funding_usd", "USD", "Funding settled so far; positive was received."),
        FieldRow("borrow_usd", "USD", "Borrow interest settled so far; positive was received."),
        FieldRow("age_s", "s", "Since the first fill of the first entry."),
    ]
}
