import Core

/// The body of a POST to `/api/v1/order`, as the server reads it.
public struct OrderPayload: Sendable, Equatable {
    public enum Kind: String, Sendable { case limit = "Limit", market = "Market" }
    public var instrument: InstrumentID
    public var side: Side
    public var kind: Kind
    /// Base; limit orders have it, market orders this or `quoteQuantity`.
    public var quantity: Quantity?
    public var quoteQuantity: Money?
    public var price: Price?
    public var timeInForce: TimeInForce
    public var postOnly: Bool
    public var reduceOnly: Bool?
    public var clientID: ClientOrderID?
    public var selfTrade: SelfTradePrevention
    public var autoLend: Bool?, autoLendRedeem: Bool?, autoBorrow: Bool?, autoBorrowRepay: Bool?
    /// As text: a trigger's quantity may be a percentage.
    public var triggerPrice: String?, triggerQuantity: String?, triggerBy: String?
    /// A take-profit or stop-loss price is given: an order of its own on the fill.
    public var hasChild: Bool

    /// What the venue refuses before its engine, apart from bands and funds: grid, least quantity, sizes,
    /// triggers.
    public func refusal(on market: Instrument) -> WireRefusal? {
        if (triggerPrice == nil) != (triggerQuantity == nil) { return .halfTrigger }
        if triggerQuantity != nil { return nil }
        switch kind {
        case .limit:
            guard let quantity, quantity.raw > 0, let price, price.raw > 0 else { return .invalidOrder }
        case .market:
            if postOnly { return .invalidOrder }
            guard (quantity?.raw ?? 0) > 0 || (quoteQuantity?.raw ?? 0) > 0 else { return .noMarketQuantity }
        }
        if let quantity {
            if quantity.raw % market.lotSize.raw != 0 { return .quantityTooLong }
            if quantity < market.minQuantity { return .quantityTooSmall }
        }
        if let price, price.raw % market.tickSize.raw != 0 { return .priceTooLong }
        if postOnly, timeInForce != .goodTillCancelled { return .invalidOrder }
        return nil
    }
}

/// The body of a DELETE to `/api/v1/order`, or the query of a GET: one of both ids, the venue's own first.
public struct OrderName: Sendable, Equatable {
    public var instrument: InstrumentID
    public var venueID: VenueOrderID?
    public var clientID: ClientOrderID?
}

/// Reads order bodies as the server does, refusing in its words.
public struct OrderPayloadReader: Sendable {
    private let catalogue: Catalogue
    public static let batchMax = 50

    public init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    public func order(_ body: [UInt8]) throws(WireRefusal) -> OrderPayload {
        try parse(body) { [self] root in payload(root) }
    }

    /// One result per order: a bad one does not spoil the others.
    public func batch(_ body: [UInt8]) throws(WireRefusal) -> [Result<OrderPayload, WireRefusal>] {
        try parse(body) { [self] root in
            guard root.kind == .array else {
                return .failure(OrderPayloadReader.shape("a list of orders", root))
            }
            let orders = root.elements.map { payload($0) }
            return orders.isEmpty || orders.count > OrderPayloadReader.batchMax
                ? .failure(.invalidOrder) : .success(orders)
        }
    }

    /// Both ids may be numbers or text: public clients differ.
    public func cancel(_ body: [UInt8]) throws(WireRefusal) -> OrderName {
        try parse(body) { [self] root in
            let symbol = root.optional("symbol")?.text?.string ?? ""
            guard let id = catalogue.id(symbol) else {
                return .failure(OrderPayloadReader.badSymbol("OrderCancelPayload"))
            }
            let venue = root.optional("orderId").flatMap { $0.text?.string ?? $0.natural.map(String.init) }
            let client = root.clientOrderID("clientId")
            if venue == nil, client == nil {
                return .failure(.client("Must specify either `orderId` or `clientId`"))
            }
            return .success(
                OrderName(
                    instrument: id, venueID: venue.map(VenueOrderID.init),
                    clientID: venue == nil ? client : nil))
        }
    }

    /// From the query of `GET /api/v1/order`.
    public func query(_ parameters: [Parameter]) throws(WireRefusal) -> OrderName {
        func value(_ name: String) -> String? { parameters.first { $0.name == name }?.signed }
        guard let id = catalogue.id(value("symbol") ?? "") else { throw .unknownMarket }
        let venue = value("orderId"), client = value("clientId").flatMap { UInt32($0) }
        if venue == nil, client == nil { throw .client("Must specify either `orderId` or `clientId`") }
        return OrderName(
            instrument: id, venueID: venue.map(VenueOrderID.init),
            clientID: venue == nil ? client.map(ClientOrderID.init(raw:)) : nil)
    }

    /// The market whose orders are all to be cancelled, and `RestingLimitOrder` or `ConditionalOrder` if
    /// named.
    public func cancelAll(_ body: [UInt8]) throws(WireRefusal) -> (
        instrument: InstrumentID, orderType: String?
    ) {
        try parse(body) { [self] root in
            guard let id = catalogue.id(root.optional("symbol")?.text?.string ?? "") else {
                return .failure(OrderPayloadReader.badSymbol("OrderCancelAllPayload"))
            }
            return .success((id, root.optional("orderType")?.text?.string))
        }
    }

    private func parse<Value>(
        _ body: [UInt8], _ read: (JSONNode) -> Result<Value, WireRefusal>
    ) throws(WireRefusal) -> Value {
        var parser = JSONParser()
        let result: Result<Value, WireRefusal>
        do {
            result = try parser.read(body) { root throws(FrameFault) in read(root) }
        } catch {
            throw .text("parse request payload error: \(error)")
        }
        return try result.get()
    }

    private func payload(_ node: JSONNode) -> Result<OrderPayload, WireRefusal> {
        do {
            return .success(try fields(node))
        } catch {
            return .failure(error)
        }
    }

    private func fields(_ node: JSONNode) throws(WireRefusal) -> OrderPayload {
        guard node.kind == .object else { throw OrderPayloadReader.shape("an order", node) }
        let symbol = node.optional("symbol")?.text?.string ?? ""
        guard let id = catalogue.id(symbol) else { throw OrderPayloadReader.badSymbol("OrderExecutePayload") }
        func word<Word: RawRepresentable<String>>(_ key: StaticString, _ type: String, _ fallback: Word?)
            throws(WireRefusal) -> Word
        {
            guard let value = node.optional(key) else {
                if let fallback { return fallback }
                throw .payload(type, "missing field `\(key)`", in: "OrderExecutePayload")
            }
            guard let text = value.text?.string, let word = Word(rawValue: text) else {
                throw .payload(type, "Expect a valid enumeration value.", in: "OrderExecutePayload")
            }
            return word
        }
        func flag(_ key: StaticString) throws(WireRefusal) -> Bool? {
            guard let value = node.optional(key) else { return nil }
            guard let flag = value.flag else {
                throw .payload("boolean", "Expected input type \"boolean\"", in: "OrderExecutePayload")
            }
            return flag
        }
        func text(_ key: StaticString) -> String? { node.optional(key)?.text?.string }
        let side: WireSide = try word("side", "Side", nil)
        var client: ClientOrderID?
        if node.optional("clientId") != nil {
            client = node.clientOrderID("clientId")
            if client == nil {
                throw .payload("uint32", "Expected input type \"uint32\"", in: "OrderExecutePayload")
            }
        }
        let quote = try OrderPayloadReader.decimal(node, "quoteQuantity", Money.places, .quantityTooLong)
        let quantity = try OrderPayloadReader.decimal(node, "quantity", 8, .quantityTooLong)
        let price = try OrderPayloadReader.decimal(node, "price", 8, .priceTooLong)
        return OrderPayload(
            instrument: id, side: side == .bid ? .buy : .sell,
            kind: try word("orderType", "OrderTypeEnum", nil),
            quantity: quantity.flatMap { Int64(exactly: $0) }.map(Quantity.init(raw:)),
            quoteQuantity: quote.map(Money.init(raw:)),
            price: price.flatMap { Int64(exactly: $0) }.map(Price.init(raw:)),
            timeInForce: try word("timeInForce", "TimeInForce", .goodTillCancelled),
            postOnly: try flag("postOnly") ?? false, reduceOnly: try flag("reduceOnly"), clientID: client,
            selfTrade: try word("selfTradePrevention", "SelfTradePrevention", .rejectTaker),
            autoLend: try flag("autoLend"), autoLendRedeem: try flag("autoLendRedeem"),
            autoBorrow: try flag("autoBorrow"), autoBorrowRepay: try flag("autoBorrowRepay"),
            triggerPrice: text("triggerPrice"), triggerQuantity: text("triggerQuantity"),
            triggerBy: text("triggerBy") ?? text("triggeredBy"),
            hasChild: text("takeProfitTriggerPrice") != nil || text("stopLossTriggerPrice") != nil)
    }

    private enum WireSide: String { case bid = "Bid", ask = "Ask" }

    /// A number with more digits than the grid is `tooLong`; no number at all is a parse error.
    private static func decimal(
        _ node: JSONNode, _ key: StaticString, _ places: Int, _ tooLong: WireRefusal
    ) throws(WireRefusal) -> Int128? {
        guard let value = node.optional(key) else { return nil }
        if let exact = value.decimal(places: places, nil) {
            guard places != 8 || Int64(exactly: exact) != nil else { throw .invalidOrder }
            return exact
        }
        if value.decimal(places: places, .down) != nil { throw tooLong }
        throw .payload("decimal", "Invalid decimal", in: "OrderExecutePayload")
    }

    private static func badSymbol(_ payload: String) -> WireRefusal {
        .payload("MarketSymbol", "Invalid market symbol", in: payload)
    }
    private static func shape(_ wanted: String, _ node: JSONNode) -> WireRefusal {
        .text("parse request payload error: expected \(wanted), found \(node.shown)")
    }
}
