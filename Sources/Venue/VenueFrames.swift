import Core
import Exchange
import Simulator

/// Writes the stream's frames: keys in alphabetical order, decimals padded to tick and step.
package struct VenueFrames {
    /// One market's name and digits.
    struct Grid {
        let symbol: String
        let pricePlaces: Int, quantityPlaces: Int
    }

    let grids: [Grid]

    package init(_ venue: SimulatedVenue) {
        grids = venue.figures.map {
            Grid(
                symbol: $0.symbol, pricePlaces: VenueFrames.places($0.tick),
                quantityPlaces: VenueFrames.places($0.step))
        }
    }

    private static func places(_ text: String) -> Int {
        guard let point = text.utf8.firstIndex(of: UInt8(ascii: ".")) else { return 0 }
        return text.utf8.distance(from: point, to: text.utf8.endIndex) - 1
    }

    private func frame(_ stream: String, _ body: (inout JSONText) -> Void) -> [UInt8] {
        var json = JSONText(capacity: 512)
        json.object {
            $0.key("data")
            $0.object(body)
            $0.field("stream", stream)
        }
        return json.bytes
    }

    package func depth(
        _ id: InstrumentID, bids: [Level], asks: [Level], first: Int64, last: Int64, at: Timestamp,
        now: Timestamp,
        stream: String
    ) -> [UInt8] {
        let grid = grids[id.index]
        func write(_ levels: [Level], _ json: inout JSONText) {
            json.array { rows in
                for level in levels {
                    rows.array {
                        $0.decimal(level.price.raw, padded: grid.pricePlaces)
                        $0.decimal(level.quantity.raw, padded: grid.quantityPlaces)
                    }
                }
            }
        }
        return frame(stream) { data in
            data.field("E", now.microseconds)
            data.field("T", at.microseconds)
            data.field("U", first)
            data.key("a")
            write(asks, &data)
            data.key("b")
            write(bids, &data)
            data.field("e", "depth")
            data.field("s", grid.symbol)
            data.field("u", last)
        }
    }

    func touch(
        _ id: InstrumentID, bid: Level?, ask: Level?, sequence: Int64, at: Timestamp, now: Timestamp,
        stream: String
    ) -> [UInt8] {
        let grid = grids[id.index]
        return frame(stream) { data in
            data.field("A", ask?.quantity, padded: grid.quantityPlaces)
            data.field("B", bid?.quantity, padded: grid.quantityPlaces)
            data.field("E", now.microseconds)
            data.field("T", at.microseconds)
            data.field("a", ask?.price, padded: grid.pricePlaces)
            data.field("b", bid?.price, padded: grid.pricePlaces)
            data.field("e", "bookTicker")
            data.field("s", grid.symbol)
            data.field("u", sequence)
        }
    }

    package func trade(
        _ id: InstrumentID, _ trade: PublicTrade, buyer: Int64, seller: Int64, now: Timestamp, stream: String
    ) -> [UInt8] {
        let grid = grids[id.index]
        return frame(stream) { data in
            data.field("E", now.microseconds)
            data.field("T", trade.venueTime.microseconds)
            data.field("a", String(seller))
            data.field("b", String(buyer))
            data.field("e", "trade")
            data.field("m", trade.taker == .sell)
            data.field("p", trade.price, padded: grid.pricePlaces)
            data.field("q", trade.quantity, padded: grid.quantityPlaces)
            data.field("s", grid.symbol)
            data.field("t", trade.tradeID)
        }
    }

    package func mark(_ id: InstrumentID, _ mark: MarkUpdate, at: Timestamp, now: Timestamp, stream: String)
        -> [UInt8]
    {
        let grid = grids[id.index]
        return frame(stream) { data in
            data.field("E", now.microseconds)
            data.field("T", at.microseconds)
            data.field("e", "markPrice")
            data.field("f", mark.rate?.description)
            data.field("i", mark.index)
            data.field("n", mark.nextFunding?.milliseconds)
            data.field("p", onTick(mark.mark, grid), padded: grid.pricePlaces)
            data.field("s", grid.symbol)
        }
    }

    /// The mark as streams and the public list show it: rounded to the tick.
    func onTick(_ price: Price, _ grid: Grid) -> Price {
        price.onTick(Price(raw: Int64(powerOfTen(8 - min(8, grid.pricePlaces)))), .nearest)
    }

    func ticker(_ id: InstrumentID, _ summary: TradeSummary, now: Timestamp, stream: String) -> [UInt8] {
        let grid = grids[id.index]
        return frame(stream) { data in
            data.field("E", now.microseconds)
            data.field("V", summary.quoteVolume.text)
            data.field("c", summary.last, padded: grid.pricePlaces)
            data.field("e", "ticker")
            data.field("h", summary.high, padded: grid.pricePlaces)
            data.field("l", summary.low, padded: grid.pricePlaces)
            data.field("n", Int64(summary.trades))
            data.field("o", summary.first, padded: grid.pricePlaces)
            data.field("s", grid.symbol)
            data.field("v", summary.volume.text)
        }
    }

    func kline(_ id: InstrumentID, _ candle: Candle, isClosed: Bool, now: Timestamp, stream: String)
        -> [UInt8]
    {
        let grid = grids[id.index], summary = candle.summary
        return frame(stream) { data in
            data.field("E", now.microseconds)
            data.field("T", CalendarText.write(candle.end))
            data.field("X", isClosed)
            data.field("c", summary.last, padded: grid.pricePlaces)
            data.field("e", "kline")
            data.field("h", summary.high, padded: grid.pricePlaces)
            data.field("l", summary.low, padded: grid.pricePlaces)
            data.field("n", Int64(summary.trades))
            data.field("o", summary.first, padded: grid.pricePlaces)
            data.field("s", grid.symbol)
            data.field("t", CalendarText.write(candle.start))
            data.field("v", summary.volume.text)
        }
    }

    func openInterest(_ id: InstrumentID, _ quantity: Quantity, now: Timestamp, stream: String) -> [UInt8] {
        frame(stream) { data in
            data.field("E", now.microseconds)
            data.field("e", "openInterest")
            data.field("o", quantity)
            data.field("s", grids[id.index].symbol)
        }
    }

    func balance(_ asset: Asset, _ balance: Balance, at: Timestamp, now: Timestamp, stream: String) -> [UInt8]
    {
        frame(stream) { data in
            data.field("A", balance.available.text)
            data.field("E", now.microseconds)
            data.field("L", balance.locked.text)
            data.field("S", "0")
            data.field("T", at.microseconds)
            data.field("a", asset.symbol)
            data.field("e", "balanceUpdate")
        }
    }

    /// - Parameter change: `nil` for the snapshot on subscribing, which has no `e`.
    func position(
        _ change: PositionChange?, _ position: PositionState, at: Timestamp, now: Timestamp, stream: String
    ) -> [UInt8] {
        frame(stream) { data in
            data.field("B", position.entryPrice)
            data.field("E", now.microseconds)
            data.field("M", position.mark)
            data.field("P", position.unrealised.text)
            data.field("Q", position.exposure)
            data.field("T", at.microseconds)
            data.field("b", position.breakEvenPrice)
            if let change { data.field("e", change.rawValue) }
            data.field("f", VenueText.fraction(position.imf))
            data.field("i", position.id)
            data.field("l", "0")
            data.field("m", VenueText.fraction(position.mmf))
            data.field("n", position.exposureNotional.text)
            data.field("p", position.realised.text)
            data.field("q", position.net)
            data.field("s", grids[position.instrument.index].symbol)
        }
    }

    func order(
        _ change: OrderChange, _ order: VenueOrder, _ fill: Fill?, quote: String?, at: Timestamp,
        now: Timestamp,
        stream: String
    ) -> [UInt8] {
        let sent = order.order, grid = grids[sent.instrument.index], isLimit = sent.kind == .limit
        let places = grid.pricePlaces + grid.quantityPlaces
        let hasFilled = order.executed.raw > 0
        return frame(stream) { data in
            data.field("E", now.microseconds)
            if let fill {
                data.field("L", fill.price, padded: grid.pricePlaces)
                data.field("N", fill.feeAsset.symbol)
            }
            data.field("O", "USER")
            if isLimit, let price = sent.price, let quantity = order.quantity {
                data.field("Q", VenueText.padded(price * quantity, places))
            } else if let quote {
                data.field("Q", quote)
            }
            if change == .expired { data.field("R", order.expiryReason ?? "Unknown") }
            data.field("S", sent.side.wire)
            data.field("T", at.microseconds)
            data.field("V", sent.selfTrade.rawValue)
            data.field("X", order.status.rawValue)
            data.field("Z", hasFilled ? VenueText.padded(order.executedQuote, places) : "0")
            if let client = sent.clientID { data.field("c", Int64(client)) }
            data.field("e", change.rawValue)
            data.field("f", sent.timeInForce.rawValue)
            data.field("i", String(order.id))
            if let fill {
                data.field("l", fill.quantity, padded: grid.quantityPlaces)
                data.field("m", fill.liquidity == .maker)
                data.field("n", fill.fee.text)
            }
            data.field("o", isLimit ? "LIMIT" : "MARKET")
            if isLimit { data.field("p", sent.price, padded: grid.pricePlaces) }
            if let quantity = order.quantity { data.field("q", quantity, padded: grid.quantityPlaces) }
            data.field("r", sent.reduceOnly ?? false)
            data.field("s", grid.symbol)
            data.field("t", fill?.tradeID)
            if isLimit { data.field("y", sent.postOnly) }
            if hasFilled {
                data.field("z", order.executed, padded: grid.quantityPlaces)
            } else {
                data.field("z", "0")
            }
        }
    }
}

/// Small texts of the wire.
enum VenueText {
    /// A fraction counted in 10⁻¹².
    static func fraction(_ raw: Int64) -> String { DecimalText.write(Int128(raw), places: 12) }

    static func padded(_ notional: Notional, _ places: Int) -> String {
        DecimalText.write(notional.raw, places: 16, padded: min(16, places))
    }

    /// Basis points of a rate in percent.
    static func basisPoints(_ rate: Percent) -> String {
        DecimalText.write(Int128(rate.raw) * 100, places: 8)
    }
}
