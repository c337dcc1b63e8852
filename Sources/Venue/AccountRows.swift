import Core
import Exchange
import Simulator

/// The rows of private answers: keys in alphabetical order.
enum AccountRows {
    static func user(_ account: AccountID) -> Int64 { 1_905_000 + Int64(account.index) }

    static func account(_ account: AccountID, _ venue: SimulatedVenue, to json: inout JSONText) {
        let rates = venue.rates(of: account), switches = venue.switches(of: account)
        json.object { row in
            row.field("autoBorrowSettlements", switches.borrowSettlements)
            row.field("autoLend", switches.autoLend)
            row.field("autoRealizePnl", true)
            row.field("autoRepayBorrows", switches.repayBorrows)
            row.field("borrowLimit", venue.rules.lends ? "5000000" : "0")
            row.field("futuresMakerFee", VenueText.basisPoints(rates.perpMaker))
            row.field("futuresTakerFee", VenueText.basisPoints(rates.perpTaker))
            row.field("leverageLimit", venue.leverageLimit(of: account).text)
            row.field("limitOrders", Int64(venue.openOrders(of: account).count))
            row.field("liquidating", false)
            row.field("positionLimit", SimulatedVenue.positionMax.text)
            row.field("spotMakerFee", VenueText.basisPoints(rates.spotMaker))
            row.field("spotTakerFee", VenueText.basisPoints(rates.spotTaker))
            row.field("triggerOrders", Int64(0))
        }
    }

    static func capital(_ account: AccountID, _ venue: SimulatedVenue, to json: inout JSONText) {
        json.object { rows in
            for (asset, balance) in venue.balances(of: account) {
                rows.key(asset.symbol)
                rows.object {
                    $0.field("available", balance.available.text)
                    $0.field("locked", balance.locked.text)
                    $0.field("staked", "0")
                }
            }
        }
    }

    static func collateral(_ account: AccountID, _ venue: SimulatedVenue, to json: inout JSONText) {
        let margin = venue.margin(of: account)
        json.object { row in
            row.field("assetsValue", margin.assetsValue.text)
            row.field("borrowLiability", margin.borrowLiability.text)
            row.key("collateral")
            row.array { rows in
                for asset in margin.rows {
                    rows.object {
                        $0.field("assetMarkPrice", asset.price)
                        $0.field("availableQuantity", asset.available.text)
                        $0.field("balanceNotional", asset.notional.text)
                        $0.field("collateralValue", asset.value.text)
                        $0.field("collateralWeight", VenueText.fraction(asset.weight))
                        $0.field("lendQuantity", "0")
                        $0.field("openOrderQuantity", asset.locked.text)
                        $0.field("symbol", asset.asset.symbol)
                        $0.field("totalQuantity", asset.total.text)
                    }
                }
            }
            row.field("imf", VenueText.fraction(margin.imf))
            row.field("liabilitiesValue", margin.borrowLiability.text)
            row.field("marginFraction", margin.marginFraction.map { DecimalText.write($0, places: 12) })
            row.field("mmf", VenueText.fraction(margin.mmf))
            row.field("netEquity", margin.netEquity.text)
            row.field("netEquityAvailable", margin.available.text)
            row.field("netEquityLocked", margin.locked.text)
            row.field("netExposureFutures", margin.exposure.text)
            row.field("pnlUnrealized", margin.unrealised.text)
            row.field("unsettledEquity", "0")
        }
    }

    /// - Parameter isSingle: asked for by symbol: only then the estimate
    /// of the liquidation price is filled in.
    static func position(
        _ position: PositionState, _ account: AccountID, _ venue: SimulatedVenue, isSingle: Bool,
        to json: inout JSONText
    ) {
        let figures = venue.figures[position.instrument.index]
        json.object { row in
            row.field("breakEvenPrice", position.breakEvenPrice)
            row.field("cumulativeFundingPayment", position.funding.text)
            row.field("cumulativeInterest", "0")
            row.field("entryPrice", position.entryPrice)
            row.field(
                "estLiquidationPrice", isSingle ? venue.liquidationPrice(position, account).description : "0")
            row.field("imf", VenueText.fraction(position.imf))
            row.key("imfFunction")
            MarketRows.curve(figures.initialMargin, &row)
            row.field("markPrice", position.mark)
            row.field("mmf", VenueText.fraction(position.mmf))
            row.key("mmfFunction")
            MarketRows.curve(figures.maintenanceMargin, &row)
            row.field("netCost", position.netCost.text)
            row.field("netExposureNotional", position.exposureNotional.text)
            row.field("netExposureQuantity", position.exposure)
            row.field("netQuantity", position.net)
            row.field("pnlRealized", position.realised.text)
            row.field("pnlUnrealized", position.unrealised.text)
            row.field("positionId", String(position.id))
            row.field("subaccountId", String?.none)
            row.field("symbol", figures.symbol)
            row.field("userId", user(account))
        }
    }

    /// What is borrowed, as negative positions.
    static func loans(_ account: AccountID, _ venue: SimulatedVenue, to json: inout JSONText) {
        json.array { rows in
            for (asset, balance) in venue.balances(of: account) where balance.borrowed > .zero {
                let price = venue.assetPrice(asset) ?? Price(raw: 0)
                let notional = Money(
                    raw: quotient(balance.borrowed.raw * Int128(price.raw), by: 100_000_000, .up))
                rows.object { row in
                    row.field("cumulativeInterest", "0")
                    row.field("estLiquidationPrice", "0")
                    row.field("id", String(1_122_000_000 + account.index))
                    row.field("imf", "0.02")
                    row.key("imfFunction")
                    MarketRows.curve(MultiplierBand("0.02", "0.00006"), &row)
                    row.field("markPrice", price)
                    row.field("mmf", "0.0135")
                    row.key("mmfFunction")
                    MarketRows.curve(MultiplierBand("0.0135", "0.000036"), &row)
                    row.field("netExposureNotional", notional.text)
                    row.field("netExposureQuantity", balance.borrowed.text)
                    row.field("netQuantity", (-balance.borrowed).text)
                    row.field("symbol", asset.symbol)
                }
            }
        }
    }
}
