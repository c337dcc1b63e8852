import Core

/// One command as named texts: what a journal keeps of it, and what two runs are compared by.
public enum CommandText {
    public struct Field: Sendable, Equatable {
        public let name: String, value: String
        public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    public static func fields(_ command: Command, _ instruments: [Instrument]) -> [Field] {
        [Field("id", String(command.id.raw))] + fields(command.request, instruments)
    }

    private static func fields(_ request: Request, _ instruments: [Instrument]) -> [Field] {
        func symbol(_ id: InstrumentID) -> Field { Field("symbol", instruments[id.index].symbol) }
        func kind(_ name: String) -> Field { Field("request", name) }
        switch request {
        case .submit(let order): return [kind("submit")] + fields(order, "", instruments)
        case .submitBatch(let orders):
            return [kind("submit_batch")]
                + orders.enumerated().flatMap { fields($1, "\($0 + 1).", instruments) }
        case .cancel(let id, let order):
            return [kind("cancel"), symbol(id), Field("client", order.description)]
        case .cancelAll(let id): return [kind("cancel_all"), symbol(id)]
        case .orderState(let id, let order):
            return [kind("order_state"), symbol(id), Field("client", order.description)]
        case .openOrders: return [kind("open_orders")]
        case .depth(let id): return [kind("depth"), symbol(id)]
        case .account: return [kind("account")]
        case .capital: return [kind("capital")]
        case .collateral: return [kind("collateral")]
        case .positions: return [kind("positions")]
        case .markPrices: return [kind("mark_prices")]
        case .markets: return [kind("markets")]
        case .market(let id): return [kind("market"), symbol(id)]
        case .lendingMarkets: return [kind("lending_markets")]
        case .borrowRoom(let asset): return [kind("borrow_room"), Field("asset", asset.symbol)]
        case .collateralTerms: return [kind("collateral_terms")]
        case .openInterest: return [kind("open_interest")]
        case .bestLevels(let id): return [kind("best_levels"), symbol(id)]
        case .serverTime: return [kind("server_time")]
        case .fills(let from, let offset):
            return [
                kind("fills"), Field("from", String(from.microseconds)), Field("offset", String(offset)),
            ]
        case .fundingPayments(let offset): return [kind("funding_payments"), Field("offset", String(offset))]
        case .interestPayments(let offset):
            return [kind("interest_payments"), Field("offset", String(offset))]
        case .borrowLendPositions: return [kind("borrow_lend_positions")]
        case .outsideTransfers(let transfer, let from, let offset):
            return [
                kind("\(transfer.rawValue)s"), Field("from", String(from.microseconds)),
                Field("offset", String(offset)),
            ]
        case .formerOrders(let list, let offset):
            return [kind("former_orders"), Field("list", list.rawValue), Field("offset", String(offset))]
        case .fundingRates(let id, let limit):
            return [kind("funding_rates"), symbol(id), Field("limit", String(limit))]
        }
    }

    private static func fields(_ order: Order, _ prefix: String, _ instruments: [Instrument]) -> [Field] {
        func flag(_ value: Bool?) -> String { value.map { $0 ? "true" : "false" } ?? "absent" }
        return [
            ("client", order.id.description), ("symbol", instruments[order.instrument.index].symbol),
            ("side", "\(order.side)"), ("price", order.price.description),
            ("quantity", order.quantity.description), ("time_in_force", order.timeInForce.rawValue),
            ("post_only", flag(order.postOnly)), ("reduce_only", flag(order.reduceOnly)),
            ("self_trade", order.selfTrade.rawValue), ("auto_borrow", flag(order.autoBorrow)),
            ("auto_borrow_repay", flag(order.autoBorrowRepay)),
            ("auto_lend_redeem", flag(order.autoLendRedeem)),
        ].map { Field(prefix + $0, $1) }
    }
}
