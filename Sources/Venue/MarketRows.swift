import Core
import Exchange
import Simulator

/// The rows of public answers: keys in alphabetical order, `null` where there is nothing.
enum MarketRows {
    static func market(_ figures: MarketFigures, to json: inout JSONText) {
        json.object { row in
            row.field("baseSymbol", figures.base)
            row.field("createdAt", figures.created)
            row.key("filters")
            row.object { filters in
                filters.key("price")
                filters.object { price(figures, &$0) }
                filters.key("quantity")
                filters.object {
                    $0.field("maxQuantity", String?.none)
                    $0.field("minQuantity", figures.step)
                    $0.field("stepSize", figures.step)
                }
            }
            row.field("fundingInterval", figures.fundingInterval)
            row.field("fundingRateLowerBound", figures.fundingBound.map { "-\($0)" })
            row.field("fundingRateUpperBound", figures.fundingBound)
            row.key("imfFunction")
            curve(figures.initialMargin, &row)
            row.field("marketType", figures.kind.rawValue)
            row.key("mmfFunction")
            curve(figures.maintenanceMargin, &row)
            row.field("openInterestLimit", figures.openInterestLimit)
            row.field("orderBookState", figures.state.rawValue)
            row.field("positionLimitWeight", figures.positionWeight)
            row.field("quoteSymbol", figures.quote)
            row.field("rwaMarketType", String?.none)
            row.field("symbol", figures.symbol)
            row.field("visible", true)
        }
    }

    private static func price(_ figures: MarketFigures, _ json: inout JSONText) {
        json.field("borrowEntryFeeMaxMultiplier", figures.borrowBand?.high)
        json.field("borrowEntryFeeMinMultiplier", figures.borrowBand?.low)
        json.field("discoveryBoundBand", String?.none)
        json.field("maxImpactMultiplier", figures.impactBand.high)
        json.field("maxMultiplier", figures.limitBand.high)
        json.field("maxPrice", figures.mostPrice)
        json.field("maxPriceUpdateMultiplier", figures.updateBand?.high)
        json.key("meanMarkPriceBand")
        json.object {
            $0.field("maxMultiplier", figures.meanMarkBand.high)
            $0.field("minMultiplier", figures.meanMarkBand.low)
        }
        json.key("meanPremiumBand")
        if let tolerance = figures.premiumTolerance {
            json.object { $0.field("tolerancePct", tolerance) }
        } else {
            json.null()
        }
        json.field("minImpactMultiplier", figures.impactBand.low)
        json.field("minMultiplier", figures.limitBand.low)
        json.field("minPrice", figures.leastPrice)
        json.field("minPriceUpdateMultiplier", figures.updateBand?.low)
        json.field("tickSize", figures.tick)
    }

    /// `{base, factor, type}`, or `null`.
    static func curve(_ curve: MultiplierBand?, _ json: inout JSONText) {
        guard let curve else { return json.null() }
        json.object {
            $0.field("base", curve.low)
            $0.field("factor", curve.high)
            $0.field("type", "sqrt")
        }
    }

    static func assets(_ venue: SimulatedVenue, to json: inout JSONText) {
        let names = Set(venue.figures.map(\.base) + ["USDC"]).sorted()
        json.array { rows in
            for name in names {
                rows.object { row in
                    row.field("coingeckoId", String?.none)
                    row.field("displayName", name)
                    row.field("symbol", name)
                    row.key("tokens")
                    row.array { tokens in
                        tokens.object { token in
                            token.field("blockchain", "Solana")
                            token.field("contractAddress", String?.none)
                            token.field("depositEnabled", true)
                            token.field("displayName", name)
                            token.field("maximumWithdrawal", String?.none)
                            token.field("minimumDeposit", "0.01")
                            token.field("minimumWithdrawal", "0.02")
                            token.field("nativeDecimals", Int64(9))
                            token.field("withdrawEnabled", true)
                            token.field("withdrawalFee", "0.006")
                        }
                    }
                }
            }
        }
    }

    static func collateral(to json: inout JSONText) {
        json.array { rows in
            for figures in CollateralFigures.all {
                rows.object { row in
                    row.key("haircutFunction")
                    row.object { haircut in
                        haircut.key("kind")
                        haircut.object { kind in
                            if let curve = figures.curve {
                                kind.field("base", curve.low)
                                kind.field("positiveCurvePenalty", curve.high)
                            }
                            kind.field("type", figures.curve == nil ? "identity" : "inverseSqrt")
                        }
                        haircut.field("weight", figures.weight)
                    }
                    row.key("imfFunction")
                    curve(MultiplierBand("0.02", "0.00006"), &row)
                    row.key("mmfFunction")
                    curve(MultiplierBand("0.0135", "0.000036"), &row)
                    row.field("symbol", figures.asset.symbol)
                }
            }
        }
    }

    /// Nothing for a market without a trade.
    static func ticker(_ id: InstrumentID, _ venue: SimulatedVenue, to json: inout JSONText) {
        let summary = venue.summary(id)
        guard let first = summary.first, let last = summary.last else { return }
        let change = Int128((last - first).raw)
        let fraction = quotient(change * 1_000_000, by: Int128(first.raw), .nearest)
        json.object { row in
            row.field("firstPrice", first)
            row.field("high", summary.high)
            row.field("lastPrice", last)
            row.field("low", summary.low)
            row.field("priceChange", last - first)
            row.field("priceChangePercent", DecimalText.write(fraction, places: 6))
            row.field("quoteVolume", summary.quoteVolume.text)
            row.field("symbol", venue.figures[id.index].symbol)
            row.field("trades", String(summary.trades))
            row.field("volume", summary.volume.text)
        }
    }

    static func kline(_ candle: Candle, to json: inout JSONText) {
        func text(_ time: Timestamp) -> String {
            String(CalendarText.write(time).map { $0 == "T" ? " " : $0 })
        }
        let summary = candle.summary
        json.object { row in
            row.field("close", summary.last)
            row.field("end", text(candle.end))
            row.field("high", summary.high)
            row.field("low", summary.low)
            row.field("open", summary.first)
            row.field("quoteVolume", summary.quoteVolume.text)
            row.field("start", text(candle.start))
            row.field("trades", String(summary.trades))
            row.field("volume", summary.volume.text)
        }
    }

    static func trade(_ trade: PublicTrade, to json: inout JSONText) {
        json.object { row in
            row.field("id", trade.tradeID)
            row.field("isBuyerMaker", trade.taker == .sell)
            row.field("price", trade.price)
            row.field("quantity", trade.quantity)
            row.field("quoteQuantity", (trade.price * trade.quantity).text)
            row.field("timestamp", trade.venueTime.milliseconds)
        }
    }

    /// The lending pool: closed unless the rules lend.
    static func lending(_ venue: SimulatedVenue, _ now: Timestamp, to json: inout JSONText) {
        // A rate in percent as a fraction.
        let rate = DecimalText.write(Int128(venue.rules.borrowRate.raw), places: 10)
        json.array { rows in
            for figures in CollateralFigures.all {
                guard let mark = venue.assetPrice(figures.asset) else { continue }
                rows.object { row in
                    row.field("assetMarkPrice", mark)
                    row.field("borrowInterestRate", rate)
                    row.field("borrowedQuantity", "0")
                    row.field("fee", "0.15")
                    row.field("lendInterestRate", "0")
                    row.field("lentQuantity", "0")
                    row.field("maxUtilization", "0.95")
                    row.field("openBorrowLendLimit", "200000000")
                    row.field("optimalUtilization", "0.85")
                    row.field("state", venue.rules.lends ? "Open" : "Closed")
                    row.field("stepSize", "0.000001")
                    row.field("symbol", figures.asset.symbol)
                    row.field("throttleUpdateFraction", "0.1")
                    row.field("throttleUtilizationBound", "0.9")
                    row.field("throttleUtilizationThreshold", "0.85")
                    row.field("timestamp", CalendarText.write(now) + "Z")
                    row.field("utilization", "0")
                }
            }
        }
    }
}
