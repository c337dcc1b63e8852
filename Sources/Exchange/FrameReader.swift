import Core

/// Reads stream frames. A frame is believed whole or refused whole; unknown keys are passed over.
///
/// One thread at a time.
public final class FrameReader {
    private var parser = JSONParser(bytesMax: JSONParser.frameBytesMax)
    private let catalogue: Catalogue

    public init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    /// - Throws: `FrameFault` for what is not well-formed, too long, too deep, has a key twice, lacks a field
    ///   that is needed, or holds a price or quantity that does not fit.
    public func read(_ bytes: [UInt8]) throws(FrameFault) -> StreamMessage {
        try parser.read(bytes) { [catalogue] root throws(FrameFault) in
            guard root.kind == .object else { throw FrameFault(field: "", found: root.shown) }
            if let error = root.optional("error") {
                return .error(code: try error.integer("code"), message: try error.text("message").string)
            }
            let stream = try root.text("stream")
            let data = try root.required("data")
            guard data.kind == .object else { throw FrameFault(field: "data", found: data.shown) }
            return try FrameReader.message(stream, data, catalogue) ?? .ignored(stream: stream.string)
        }
    }

    private static func message(
        _ stream: JSONBytes, _ data: JSONNode, _ catalogue: Catalogue
    ) throws(FrameFault) -> StreamMessage? {
        if stream.starts(with: "depth.") { return try depth(data, catalogue) }
        if stream.starts(with: "bookTicker.") { return try bookTicker(data, catalogue) }
        if stream.starts(with: "markPrice.") { return try mark(data, catalogue) }
        if stream.starts(with: "trade.") { return try trade(data, catalogue) }
        guard stream.starts(with: "account.") else { return nil }
        let name = stream.dropping(8)
        if name.starts(with: "orderUpdate") { return try order(data, catalogue) }
        if name.starts(with: "positionUpdate") { return try position(data, catalogue) }
        return name.starts(with: "balanceUpdate") ? try balance(data) : nil
    }

    private static func depth(_ data: JSONNode, _ catalogue: Catalogue) throws(FrameFault) -> StreamMessage? {
        guard let id = catalogue.id(try data.text("s")) else { return nil }
        let first = try data.integer("U"), last = try data.integer("u")
        guard first <= last, first >= 0 else {
            throw FrameFault(field: "U", found: "\(first) after u \(last)")
        }
        return .depth(
            DepthFrame(
                instrument: id, first: first, last: last, bids: try data.levels("b"),
                asks: try data.levels("a"),
                sent: try data.time(microseconds: "E"), venueTime: try data.time(microseconds: "T")))
    }

    private static func bookTicker(_ data: JSONNode, _ catalogue: Catalogue) throws(FrameFault)
        -> StreamMessage?
    {
        guard let id = catalogue.id(try data.text("s")) else { return nil }
        let sequence = Int64(try data.identifier("u"))
        guard let sequence else { throw FrameFault(field: "u", found: "no number") }
        return .bookTicker(
            BookTickerFrame(
                instrument: id, bid: try level(data, "b", "B"), ask: try level(data, "a", "A"),
                sequence: sequence,
                sent: try data.time(microseconds: "E"), venueTime: try data.time(microseconds: "T")))
    }

    private static func level(
        _ data: JSONNode, _ price: StaticString, _ quantity: StaticString
    ) throws(FrameFault) -> Level? {
        guard let p = try data.optionalPrice(price), let q = try data.optionalQuantity(quantity) else {
            return nil
        }
        guard p.raw > 0, q.raw >= 0 else {
            throw FrameFault(field: price.description, found: "\(p) and \(q)")
        }
        return Level(price: p, quantity: q)
    }

    private static func trade(_ data: JSONNode, _ catalogue: Catalogue) throws(FrameFault) -> StreamMessage? {
        guard let id = catalogue.id(try data.text("s")) else { return nil }
        let trade = PublicTrade(
            price: try data.price("p"), quantity: try data.quantity("q"),
            taker: try data.flag("m") ? .sell : .buy, tradeID: try data.integer("t"),
            venueTime: try data.time(microseconds: "T"))
        return .trade(id, trade)
    }

    private static func mark(_ data: JSONNode, _ catalogue: Catalogue) throws(FrameFault) -> StreamMessage? {
        guard let id = catalogue.id(try data.text("s")) else { return nil }
        return .mark(id, try MarkUpdate(data, mark: "p", index: "i", rate: "f", next: "n"))
    }

    private static func order(_ data: JSONNode, _ catalogue: Catalogue) throws(FrameFault) -> StreamMessage? {
        guard let id = catalogue.id(try data.text("s")) else { return nil }
        return .order(try OrderUpdate(stream: data, instrument: id))
    }

    private static func position(_ data: JSONNode, _ catalogue: Catalogue) throws(FrameFault)
        -> StreamMessage?
    {
        guard let id = catalogue.id(try data.text("s")) else { return nil }
        let entry = data.optional("B") == nil ? nil : Price(raw: try data.decimal64("B", places: 8, .nearest))
        return .position(
            PositionUpdate(
                instrument: id, net: try data.quantity("q"), entryPrice: entry,
                realised: try data.optionalMoney("p", .nearest),
                unrealised: try data.optionalMoney("P", .nearest)))
    }

    private static func balance(_ data: JSONNode) throws(FrameFault) -> StreamMessage {
        .balance(
            BalanceUpdate(
                asset: Asset(try data.text("a").string), available: try data.money("A", .down),
                locked: try data.money("L", .down), staked: try data.optionalMoney("S", .down) ?? .zero))
    }
}

extension MarkUpdate {
    /// Marks and indices to nearest 10⁻⁸, rates to nearest 10⁻¹²: they are measured, not traded.
    init(
        _ node: JSONNode, mark: StaticString, index: StaticString, rate: StaticString, next: StaticString
    ) throws(FrameFault) {
        let funding =
            node.optional(rate) == nil
            ? nil : FundingRate(raw: try node.decimal64(rate, places: 12, .nearest))
        let moment = node.optional(next) == nil ? nil : Timestamp(milliseconds: try node.integer(next))
        let price = Price(raw: try node.decimal64(mark, places: 8, .nearest))
        let reference =
            node.optional(index) == nil ? nil : Price(raw: try node.decimal64(index, places: 8, .nearest))
        guard price.raw > 0 else { throw FrameFault(field: mark.description, found: price.description) }
        self.init(mark: price, index: reference ?? price, rate: funding, nextFunding: moment)
    }
}

extension OrderUpdate {
    /// From the data of an `account.orderUpdate` frame.
    init(stream data: JSONNode, instrument: InstrumentID) throws(FrameFault) {
        let change = OrderChange(rawValue: try data.text("e").string) ?? .unknown
        let id = VenueOrderID(try data.identifier("i")), client = data.clientOrderID("c")
        let side = try data.side("S"), time = try data.time(microseconds: "T")
        var fill: Fill?
        if change == .fill {
            let quantity = try data.quantity("l"), price = try data.price("L")
            guard quantity.raw > 0, price.raw > 0 else {
                throw FrameFault(field: "l", found: "\(quantity) at \(price)")
            }
            fill = Fill(
                instrument: instrument, side: side, price: price, quantity: quantity,
                fee: try data.optionalMoney("n", .up) ?? .zero,
                feeAsset: Asset(data.optional("N")?.text?.string ?? "USDC"), tradeID: try data.integer("t"),
                venueOrderID: id, clientOrderID: client,
                liquidity: try data.flag("m") ? .maker : .taker, venueTime: time)
        }
        let quote =
            data.optional("Z") == nil ? nil : Notional(raw: try data.decimal("Z", places: 16, .nearest))
        self.init(
            change: change, instrument: instrument, venueOrderID: id, clientOrderID: client, side: side,
            status: try data.status("X"), executed: try data.quantity("z"), executedQuote: quote,
            quantity: try data.optionalQuantity("q"), price: try data.optionalPrice("p"), fill: fill,
            reason: data.optional("R")?.text?.string, origin: data.optional("O")?.text?.string,
            venueTime: time)
    }

    /// From an order as REST answers it. No execution is told here, only totals: `change` names the state,
    /// never a fill.
    init(answer node: JSONNode, instrument: InstrumentID) throws(FrameFault) {
        let status = try node.status("status")
        let change: OrderChange
        switch status {
        case .new, .partiallyFilled, .filled: change = .accepted
        case .cancelled: change = .cancelled
        case .expired: change = .expired
        case .triggerPending: change = .triggerPlaced
        case .triggerFailed: change = .triggerFailed
        case .unknown: change = .unknown
        }
        let quote =
            node.optional("executedQuoteQuantity") == nil
            ? nil : Notional(raw: try node.decimal("executedQuoteQuantity", places: 16, .nearest))
        self.init(
            change: change, instrument: instrument, venueOrderID: VenueOrderID(try node.identifier("id")),
            clientOrderID: node.clientOrderID("clientId"), side: try node.side("side"), status: status,
            executed: try node.quantity("executedQuantity"), executedQuote: quote,
            quantity: try node.optionalQuantity("quantity"), price: try node.optionalPrice("price"),
            fill: nil,
            reason: node.optional("expiryReason")?.text?.string, origin: nil,
            venueTime: Timestamp(milliseconds: try node.integer("createdAt")))
    }
}
