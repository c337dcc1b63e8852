/// A number that a script can read from `o`: the one table behind the view, the checks, the editor stub and
/// the reference page. The formulas stand in FORMULAS 2.
public enum MarketField: Int, CaseIterable, Sendable {
    case midSpreadPct
    case spotBid
    case spotBidQty
    case spotAsk
    case spotAskQty
    case perpBid
    case perpBidQty
    case perpAsk
    case perpAskQty
    case grossPct
    case grossRestSpotPct
    case grossRestPerpPct
    case grossRestBothPct
    case exitPct
    case exitLevelPct
    case exitCrossPct
    case feesTakerPct
    case feesRestSpotPct
    case feesRestPerpPct
    case feesRestBothPct
    case netTakerPct
    case netRestSpotPct
    case netRestPerpPct
    case netRestBothPct
    case breakevenTakerPct
    case breakevenRestSpotPct
    case breakevenRestPerpPct
    case breakevenRestBothPct
    case fundingExpPct
    case fundingPctH
    case fundingMeanPctH
    case nextFundingS
    case borrowAprPct
    case lendAprPct
    case borrowExpPct
    case legRiskTakerPct
    case legRiskRestPct
    case liquidity
    case depthSpotUsd
    case depthPerpUsd
    case spotAgeMs
    case perpAgeMs
    case persistMs
    case basisMeanPct
    case basisSdPct
    case basisSamples
    case volatilityPctH
    case indexDevSpotPct
    case indexDevPerpPct
    case sizeUsd
    case budgetUsd
    case heldUsd
    case addsLeft
    case nowMs

    /// Its name in a script.
    public var name: String { Self.rows[rawValue].name }
    /// Its unit, in words.
    public var unit: String { Self.rows[rawValue].unit }
    /// One sentence on what it is.
    public var meaning: String { Self.rows[rawValue].meaning }

    private static let rows: [FieldRow] = [
        FieldRow(
            "mid_spread_pct", "%",
            "Perp mid over spot mid less one, signed; the same for both directions."),
        FieldRow("spot_bid", "USD", "Best spot bid."),
        FieldRow("spot_bid_qty", "base", "Quantity at the best spot bid."),
        FieldRow("spot_ask", "USD", "Best spot ask."),
        FieldRow("spot_ask_qty", "base", "Quantity at the best spot ask."),
        FieldRow("perp_bid", "USD", "Best perp bid."),
        FieldRow("perp_bid_qty", "base", "Quantity at the best perp bid."),
        FieldRow("perp_ask", "USD", "Best perp ask."),
        FieldRow("perp_ask_qty", "base", "Quantity at the best perp ask."),
        FieldRow(
            "gross_pct", "%",
            "Earned by entering now with takers at the walked size, before costs; positive is good."),
        FieldRow("gross_rest_spot_pct", "%", "As gross_pct with the spot leg resting at its touch."),
        FieldRow("gross_rest_perp_pct", "%", "As gross_pct with the perp leg resting at its touch."),
        FieldRow("gross_rest_both_pct", "%", "As gross_pct with both legs resting at their touches."),
        FieldRow(
            "exit_pct", "%",
            "Executable cost of closing this direction now; lower is better, negative pays."),
        FieldRow("exit_level_pct", "%", "Mid basis, signed by direction, at which a close is expected."),
        FieldRow("exit_cross_pct", "%", "Half of each walked width, paid once more at the exit."),
        FieldRow("fees_taker_pct", "%", "Fees of entry in this style and exit by takers; both legs taking."),
        FieldRow("fees_rest_spot_pct", "%", "Fees of entry in this style and exit by takers; spot resting."),
        FieldRow("fees_rest_perp_pct", "%", "Fees of entry in this style and exit by takers; perp resting."),
        FieldRow("fees_rest_both_pct", "%", "Fees of entry in this style and exit by takers; both resting."),
        FieldRow(
            "net_taker_pct", "%",
            "What is left after everything: gross less exit level, crossing, fees, leg risk, borrow, plus funding; both legs taking."
        ),
        FieldRow(
            "net_rest_spot_pct", "%",
            "What is left after everything: gross less exit level, crossing, fees, leg risk, borrow, plus funding; spot resting."
        ),
        FieldRow(
            "net_rest_perp_pct", "%",
            "What is left after everything: gross less exit level, crossing, fees, leg risk, borrow, plus funding; perp resting."
        ),
        FieldRow(
            "net_rest_both_pct", "%",
            "What is left after everything: gross less exit level, crossing, fees, leg risk, borrow, plus funding; both resting."
        ),
        FieldRow("breakeven_taker_pct", "%", "The gross at which net equals MIN_NET_EDGE; both legs taking."),
        FieldRow("breakeven_rest_spot_pct", "%", "The gross at which net equals MIN_NET_EDGE; spot resting."),
        FieldRow("breakeven_rest_perp_pct", "%", "The gross at which net equals MIN_NET_EDGE; perp resting."),
        FieldRow("breakeven_rest_both_pct", "%", "The gross at which net equals MIN_NET_EDGE; both resting."),
        FieldRow("funding_exp_pct", "%", "Expected funding over hold_h; positive is received."),
        FieldRow("funding_pct_h", "% per hour", "Running funding estimate; positive: longs pay shorts."),
        FieldRow("funding_mean_pct_h", "% per hour", "Mean of the last 72 h of settled rates."),
        FieldRow("next_funding_s", "s", "Until the next settlement; above 0."),
        FieldRow("borrow_apr_pct", "% per year", "Borrow rate of the base; 0 when the market is closed."),
        FieldRow("lend_apr_pct", "% per year", "Lend rate of the base."),
        FieldRow("borrow_exp_pct", "%", "Expected borrow cost of a reverse beyond own inventory."),
        FieldRow("leg_risk_taker_pct", "%", "Expected cost of the time between two taker legs."),
        FieldRow("leg_risk_rest_pct", "%", "Expected cost of the time between a resting fill and its hedge."),
        FieldRow(
            "liquidity", "ratio",
            "Least depth of all four sides within 0.10 % over size_usd; below 1 is refused."),
        FieldRow("depth_spot_usd", "USD", "Depth of the spot entry side within 0.10 %."),
        FieldRow("depth_perp_usd", "USD", "Depth of the perp entry side within 0.10 %."),
        FieldRow("spot_age_ms", "ms", "Since the spot book was last proved."),
        FieldRow("perp_age_ms", "ms", "Since the perp book was last proved."),
        FieldRow(
            "persist_ms", "ms",
            "How long gross_pct has been at or above this script's breakeven_taker_pct."),
        FieldRow("basis_mean_pct", "%", "Mean of mid_spread_pct over 60 min, sampled each second."),
        FieldRow("basis_sd_pct", "%", "Standard deviation of the same."),
        FieldRow("basis_samples", "count", "Samples in that window."),
        FieldRow(
            "volatility_pct_h", "% per sqrt(h)",
            "Volatility of the spot mid, EWMA with 5 min half-life; at least 0.20."),
        FieldRow("index_dev_spot_pct", "%", "Spot mid over index less one."),
        FieldRow("index_dev_perp_pct", "%", "Perp mid over index less one."),
        FieldRow("size_usd", "USD", "The most notional per leg that could be asked for now."),
        FieldRow("budget_usd", "USD", "This script's budget, one-sided."),
        FieldRow("held_usd", "USD", "This script's notional in this pair and direction."),
        FieldRow("adds_left", "count", "How many more entries may be added."),
        FieldRow("now_ms", "ms", "The turn's time since 1970."),
    ]
}

/// One row of a field table.
struct FieldRow: Sendable {
    let name: String, unit: String, meaning: String
    init(_ name: String, _ unit: String, _ meaning: String) {
        (self.name, self.unit, self.meaning) = (name, unit, meaning)
    }
}
