import Core

/// Reads the answer to a request. It never fails: what cannot be believed becomes a refusal or an unknown
/// outcome.
///
/// Of a request that changes state, anything but a clear yes or a clear no is `unknown`. One thread at a
/// time.
public final class ReplyReader {
    private var parser = JSONParser(bytesMax: JSONParser.replyBytesMax)
    private let catalogue: Catalogue

    public init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    /// - Parameter contentType: of the answer; only a hint, because errors are JSON or text as they please.
    public func read(_ request: Request, status: Int, contentType: String?, body: [UInt8]) -> Reply {
        guard status == 200 || status == 202 || status == 204 else {
            return refusal(request, status, body)
        }
        if status != 200 {
            switch request {
            case .cancel, .cancelAll:
                return status == 202 ? .acceptedOnly : .unknown("HTTP \(status) without an answer")
            default: return .unknown("HTTP \(status) without an answer")
            }
        }
        if case .serverTime = request { return serverTime(body) }
        do {
            return try parser.read(body) { [catalogue] root throws(FrameFault) in
                try ReplyReader.answer(request, root, catalogue)
            }
        } catch {
            return .unknown("HTTP 200 that cannot be read: \(error)")
        }
    }

    private func refusal(_ request: Request, _ status: Int, _ body: [UInt8]) -> Reply {
        let words = refusalWords(status, body)
        let isLost = status < 400 || status >= 500 || status == 408 || words.code == "TIMEOUT"
        if request.changesState, isLost {
            return .unknown("HTTP \(status) \(words.code) \(words.message)")
        }
        return .refused(words)
    }

    private func refusalWords(_ status: Int, _ body: [UInt8]) -> Refusal {
        let read = try? parser.read(body) { root throws(FrameFault) in
            Refusal(
                status: status, code: try root.text("code").string,
                message: root.optional("message")?.text?.string ?? "")
        }
        if let read { return read }
        let text = String(decoding: body.prefix(200), as: UTF8.self)
        let isPage = text.contains("<")
        return Refusal(status: status, code: "", message: isPage ? "a page, not an answer" : text)
    }

    private func serverTime(_ body: [UInt8]) -> Reply {
        let digits = body.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0x20 }
        guard digits.count == 13, let value = Int64(String(decoding: digits, as: UTF8.self)), value > 0 else {
            return .unknown("HTTP 200 that is no time")
        }
        return .serverTime(Timestamp(milliseconds: value))
    }

    private static func answer(
        _ request: Request, _ root: JSONNode, _ catalogue: Catalogue
    ) throws(FrameFault) -> Reply {
        switch request {
        case .submit, .cancel, .orderState: .order(try order(root, catalogue))
        case .submitBatch(let orders): try batch(orders.count, root, catalogue)
        case .cancelAll: .orders(try rows(root) { row throws(FrameFault) in try order(row, catalogue) })
        case .openOrders:
            .orders(
                try known(root, catalogue) { row, id throws(FrameFault) in
                    try OrderUpdate(answer: row, instrument: id)
                })
        case .depth, .bestLevels: try depth(root)
        case .account: .account(try AccountFacts(root))
        case .capital: .balances(try balances(root))
        case .collateral: .collateral(try CollateralFacts(root))
        case .positions:
            .positions(
                try known(root, catalogue) { row, id throws(FrameFault) in
                    try PositionUpdate(answer: row, instrument: id)
                })
        case .markPrices:
            .marks(
                try known(root, catalogue) { row, id throws(FrameFault) in
                    MarkRow(
                        instrument: id,
                        update: try MarkUpdate(
                            row, mark: "markPrice", index: "indexPrice", rate: "fundingRate",
                            next: "nextFundingTimestamp"))
                })
        case .markets: try markets(root)
        case .market(let id): .market(try state(root, catalogue[id].symbol))
        case .lendingMarkets, .borrowRoom, .collateralTerms, .openInterest:
            try venueTerms(request, root, catalogue)
        case .serverTime: .unknown("a time is text")
        case .fills:
            try fills(root, catalogue)
        case .fundingPayments:
            .fundingPayments(
                try known(root, catalogue) { row, id throws(FrameFault) in
                    FundingPayment(
                        instrument: id, amount: try row.money("quantity", .down),
                        intervalEnd: try row.calendarTime("intervalEndTimestamp"))
                })
        case .interestPayments: .interestPayments(try rows(root, interest))
        case .borrowLendPositions: .borrowLendPositions(try rows(root, lent))
        case .outsideTransfers(let kind, _, _):
            .outsideTransfers(try rows(root) { row throws(FrameFault) in try transfer(kind, row) })
        case .formerOrders(let list, _):
            .formerOrders(try rows(root) { row throws(FrameFault) in try name(list, row) })
        case .fundingRates:
            .fundingRates(
                try rows(root) { row throws(FrameFault) in
                    SettledRate(
                        rate: FundingRate(raw: try row.decimal64("fundingRate", places: 12, .nearest)),
                        intervalEnd: try row.calendarTime("intervalEndTimestamp"))
                })
        }
    }

    static func rows<Row>(
        _ root: JSONNode, _ read: (JSONNode) throws(FrameFault) -> Row
    ) throws(FrameFault) -> [Row] {
        guard root.kind == .array else { throw FrameFault(field: "", found: root.shown) }
        var list: [Row] = []
        for row in root.elements { list.append(try read(row)) }
        return list
    }

    /// Rows of instruments that are in the catalogue; others are none of ours.
    static func known<Row>(
        _ root: JSONNode, _ catalogue: Catalogue, _ read: (JSONNode, InstrumentID) throws(FrameFault) -> Row
    ) throws(FrameFault) -> [Row] {
        guard root.kind == .array else { throw FrameFault(field: "", found: root.shown) }
        var list: [Row] = []
        for row in root.elements {
            if let id = catalogue.id(try row.text("symbol")) { list.append(try read(row, id)) }
        }
        return list
    }

    private static func order(_ node: JSONNode, _ catalogue: Catalogue) throws(FrameFault) -> OrderUpdate {
        let symbol = try node.text("symbol")
        guard let id = catalogue.id(symbol) else { throw FrameFault(field: "symbol", found: symbol.string) }
        return try OrderUpdate(answer: node, instrument: id)
    }

    private static func batch(_ asked: Int, _ root: JSONNode, _ catalogue: Catalogue) throws(FrameFault)
        -> Reply
    {
        let answers = try rows(root) { row throws(FrameFault) -> OrderAnswer in
            if let operation = row.optional("operation")?.text, operation == "Err" {
                return .refused(
                    Refusal(
                        status: 200, code: try row.text("code").string,
                        message: row.optional("message")?.text?.string ?? ""))
            }
            return .done(try order(row, catalogue))
        }
        guard answers.count == asked else {
            throw FrameFault(field: "", found: "\(answers.count) answers to \(asked) orders")
        }
        return .batch(answers)
    }

    /// Asks are turned round so that both sides begin with the worst level, as a book keeps them.
    private static func depth(_ root: JSONNode) throws(FrameFault) -> Reply {
        let id = try root.identifier("lastUpdateId")
        guard let sequence = Int64(id) else { throw FrameFault(field: "lastUpdateId", found: id) }
        return .depth(
            bids: try root.levels("bids"), asks: try root.levels("asks").reversed(), sequence: sequence)
    }

    private static func balances(_ root: JSONNode) throws(FrameFault) -> [BalanceUpdate] {
        guard root.kind == .object else { throw FrameFault(field: "", found: root.shown) }
        var list: [BalanceUpdate] = []
        for (key, value) in root.fields {
            list.append(
                BalanceUpdate(
                    asset: Asset(key.string), available: try value.money("available", .down),
                    locked: try value.money("locked", .down),
                    staked: try value.optionalMoney("staked", .down) ?? .zero))
        }
        return list
    }

    private static func markets(_ root: JSONNode) throws(FrameFault) -> Reply {
        let rows = try MarketRows(root)
        let catalogue = Catalogue(rows.instruments, skipped: rows.skipped)
        return .markets(catalogue.instruments, skipped: catalogue.skipped)
    }
}

extension AccountFacts {
    /// Rates come in basis points: one is 0.01 %, so six places of the text are eight of a percent.
    init(_ node: JSONNode) throws(FrameFault) {
        func rate(_ key: StaticString) throws(FrameFault) -> Percent {
            Percent(raw: try node.decimal64(key, places: 6, .up))
        }
        self.init(
            fees: FeeRates(
                spotMaker: try rate("spotMakerFee"), spotTaker: try rate("spotTakerFee"),
                perpMaker: try rate("futuresMakerFee"), perpTaker: try rate("futuresTakerFee")),
            leverageLimit: try node.money("leverageLimit", .down), autoLend: try node.flag("autoLend"),
            liquidating: node.optional("liquidating") == nil ? false : try node.flag("liquidating"),
            borrowsToSettle: node.optional("autoBorrowSettlements") == nil
                ? nil : try node.flag("autoBorrowSettlements"),
            positionMax: try node.optionalMoney("positionLimit", .down))
    }
}

extension CollateralFacts {
    init(_ node: JSONNode) throws(FrameFault) {
        /// A fraction as percent: 1.0 is 100 %, so ten places of the text are eight of a percent.
        func percent(_ node: JSONNode, _ key: StaticString) throws(FrameFault) -> Percent {
            Percent(raw: try node.decimal64(key, places: 8, .down))
        }
        var weights: [AssetWeight] = []
        let rows = try node.required("collateral")
        guard rows.kind == .array else { throw FrameFault(field: "collateral", found: rows.shown) }
        for row in rows.elements {
            weights.append(
                AssetWeight(
                    asset: Asset(try row.text("symbol").string), weight: try percent(row, "collateralWeight"),
                    lent: try row.optionalMoney("lendQuantity", .down) ?? .zero))
        }
        self.init(
            netEquity: try node.money("netEquity", .down),
            available: try node.money("netEquityAvailable", .down),
            locked: try node.money("netEquityLocked", .up),
            marginFraction: node.optional("marginFraction") == nil
                ? nil : try percent(node, "marginFraction"),
            weights: weights,
            maintenanceFraction: node.optional("mmf") == nil ? nil : try percent(node, "mmf"),
            borrowed: try node.optionalMoney("borrowLiability", .up) ?? .zero)
    }
}

extension PositionUpdate {
    init(answer node: JSONNode, instrument: InstrumentID) throws(FrameFault) {
        let entry =
            node.optional("entryPrice") == nil
            ? nil : Price(raw: try node.decimal64("entryPrice", places: 8, .nearest))
        self.init(
            instrument: instrument, net: try node.quantity("netQuantity"), entryPrice: entry,
            realised: try node.optionalMoney("pnlRealized", .nearest),
            unrealised: try node.optionalMoney("pnlUnrealized", .nearest),
            mark: try node.optionalMoney("markPrice", .nearest))
    }
}

extension Fill {
    /// A row of the fill history, where the client id is text and the time has no zone.
    init(history node: JSONNode, instrument: InstrumentID) throws(FrameFault) {
        self.init(
            instrument: instrument, side: try node.side("side"), price: try node.price("price"),
            quantity: try node.quantity("quantity"), fee: try node.money("fee", .up),
            feeAsset: Asset(try node.text("feeSymbol").string),
            tradeID: node.optional("tradeId") == nil ? 0 : try node.integer("tradeId"),
            venueOrderID: VenueOrderID(try node.identifier("orderId")),
            clientOrderID: node.clientOrderID("clientId"),
            liquidity: try node.flag("isMaker") ? .maker : .taker,
            venueTime: try node.calendarTime("timestamp"),
            origin: node.optional("systemOrderType") == nil ? nil : try node.text("systemOrderType").string)
    }
}
