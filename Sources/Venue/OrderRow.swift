import Core
import Exchange
import Simulator

extension Side {
    /// `Bid` or `Ask`.
    var wire: String { self == .buy ? "Bid" : "Ask" }
}

extension Money {
    /// Decimal text without trailing zeros.
    var text: String { description }
}

extension Notional {
    /// Rounded to twelve decimals, as text.
    var text: String { rounded(.nearest).description }
}

/// An order as REST answers write it: keys in alphabetical order, every key present.
enum OrderRow {
    static func write(_ outcome: OrderOutcome, _ venue: SimulatedVenue, to json: inout JSONText) {
        switch outcome {
        case .done(let order): write(order, venue, operation: true, to: &json)
        case .refused(let refusal):
            json.object {
                $0.field("code", refusal.code)
                $0.field("message", refusal.message)
                $0.field("operation", "Err")
            }
        }
    }

    static func reply(_ outcome: OrderOutcome, _ venue: SimulatedVenue) -> RestReply {
        switch outcome {
        case .done(let order): .json { write(order, venue, operation: false, to: &$0) }
        case .refused(let refusal): RestReply(WireRefusal(refusal))
        }
    }

    static func write(_ order: VenueOrder, _ venue: SimulatedVenue, operation: Bool, to json: inout JSONText)
    {
        let sent = order.order, isLimit = sent.kind == .limit
        json.object { row in
            row.field("clientId", sent.clientID.map { Int64($0) })
            row.field("createdAt", order.createdAt.milliseconds)
            row.field("executedQuantity", order.executed)
            row.field("executedQuoteQuantity", order.executedQuote.text)
            row.field("id", String(order.id))
            if operation { row.field("operation", "Ok") }
            row.field("orderType", sent.kind.rawValue)
            if isLimit {
                row.field("postOnly", sent.postOnly)
                row.field("price", sent.price)
            }
            row.field("quantity", order.quantity)
            if !isLimit { row.field("quoteQuantity", quote(order, venue)) }
            row.field("reduceOnly", sent.reduceOnly)
            row.field("relatedOrderId", String?.none)
            row.field("selfTradePrevention", sent.selfTrade.rawValue)
            row.field("side", sent.side.wire)
            row.field("status", order.status.rawValue)
            for name in ["stopLossLimitPrice", "stopLossTriggerBy", "stopLossTriggerPrice", "strategyId"] {
                row.field(name, String?.none)
            }
            row.field("symbol", venue.figures[sent.instrument.index].symbol)
            for name in ["takeProfitLimitPrice", "takeProfitTriggerBy", "takeProfitTriggerPrice"] {
                row.field(name, String?.none)
            }
            row.field("timeInForce", isLimit ? sent.timeInForce.rawValue : "GTC")
            for name in ["triggerBy", "triggerPrice", "triggerQuantity", "triggeredAt"] {
                row.field(name, String?.none)
            }
        }
    }

    /// The quote amount of a market order: as sent, else the notional rounded up to the tick.
    static func quote(_ order: VenueOrder, _ venue: SimulatedVenue) -> String? {
        if let sent = order.order.quoteQuantity { return sent.text }
        guard let tick = venue.instrument(order.order.instrument)?.tickSize else { return nil }
        let unit = Int128(tick.raw) * 100_000_000
        return Notional(raw: quotient(order.executedQuote.raw, by: unit, .up) * unit).text
    }

    /// A row of `history/orders`.
    static func history(_ order: VenueOrder, _ venue: SimulatedVenue, to json: inout JSONText) {
        let sent = order.order
        let asked = sent.price.flatMap { price in order.quantity.map { (price * $0).text } }
        json.object { row in
            row.field("clientId", sent.clientID.map { Int64($0) })
            row.field("createdAt", CalendarText.write(order.createdAt))
            row.field("executedQuantity", order.executed)
            row.field("executedQuoteQuantity", order.executedQuote.text)
            row.field("expiryReason", order.expiryReason)
            row.field("id", String(order.id))
            row.field("orderType", sent.kind.rawValue)
            row.field("postOnly", sent.postOnly)
            row.field("price", sent.price)
            row.field("quantity", order.quantity)
            row.field("quoteQuantity", sent.kind == .limit ? asked : quote(order, venue))
            row.field("selfTradePrevention", sent.selfTrade.rawValue)
            row.field("side", sent.side.wire)
            for name in ["slippageTolerance", "slippageToleranceType"] { row.field(name, String?.none) }
            row.field("status", order.status.rawValue)
            for name in ["stopLossLimitPrice", "stopLossTriggerBy", "stopLossTriggerPrice", "strategyId"] {
                row.field(name, String?.none)
            }
            row.field("symbol", venue.figures[sent.instrument.index].symbol)
            for name in [
                "systemOrderType", "takeProfitLimitPrice", "takeProfitTriggerBy", "takeProfitTriggerPrice",
            ] {
                row.field(name, String?.none)
            }
            row.field("timeInForce", sent.kind == .limit ? sent.timeInForce.rawValue : "GTC")
            for name in ["triggerBy", "triggerPrice", "triggerQuantity"] { row.field(name, String?.none) }
        }
    }
}
