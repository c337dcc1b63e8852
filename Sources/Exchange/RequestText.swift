import Core

/// One call as it goes over HTTP, before headers and signature.
public struct HTTPCall: Sendable, Equatable {
    public enum Method: String, Sendable {
        case get = "GET", post = "POST", delete = "DELETE", patch = "PATCH"
    }
    public let method: Method
    /// With query: `/api/v1/depth?symbol=SOL_USDC&limit=1000`.
    public let path: String
    /// JSON; `nil` for a GET.
    public let body: String?
    /// `nil` for a public call, which is not signed.
    public let instruction: Instruction?
    /// One list, or one per order of a batch.
    public let groups: [[Parameter]]

    public var isSigned: Bool { instruction != nil }
    /// What is to be signed; `nil` for a public call. Milliseconds.
    public func signingText(timestamp: Int64, window: Int64 = SigningText.windowDefault) -> String? {
        instruction.map { SigningText.string($0, groups, timestamp: timestamp, window: window) }
    }

    static func get(_ path: String, _ parameters: [Parameter] = [], signed instruction: Instruction? = nil)
        -> HTTPCall
    {
        let query = parameters.isEmpty ? "" : "?" + QueryText.write(parameters)
        return HTTPCall(
            method: .get, path: path + query, body: nil, instruction: instruction, groups: [parameters])
    }

    static func send(
        _ method: Method, _ path: String, _ parameters: [Parameter], signed instruction: Instruction
    ) -> HTTPCall {
        var json = JSONText()
        json.object { for parameter in parameters { $0.parameter(parameter) } }
        return HTTPCall(
            method: method, path: path, body: json.string, instruction: instruction, groups: [parameters])
    }
}

extension JSONText {
    mutating func parameter(_ parameter: Parameter) {
        switch parameter.value {
        case .text(let text): field(parameter.name, text)
        case .number(let number): field(parameter.name, number)
        case .flag(let flag): field(parameter.name, flag)
        }
    }
}

/// Requests of the engine as HTTP calls.
public struct RequestText: Sendable {
    private let catalogue: Catalogue
    public static let depthLevels = 1000, bestLevels = 5, pageRows = 1000

    public init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    public func call(_ request: Request) -> HTTPCall {
        switch request {
        case .submit(let order): .send(.post, "/api/v1/order", parameters(order), signed: .orderExecute)
        case .submitBatch(let orders): batch(orders)
        case .cancel(let instrument, let id):
            .send(.delete, "/api/v1/order", named(instrument, id), signed: .orderCancel)
        case .cancelAll(let instrument):
            .send(.delete, "/api/v1/orders", [symbol(instrument)], signed: .orderCancelAll)
        case .orderState(let instrument, let id):
            .get("/api/v1/order", named(instrument, id), signed: .orderQuery)
        case .openOrders: .get("/api/v1/orders", signed: .orderQueryAll)
        case .depth(let instrument):
            .get("/api/v1/depth", [symbol(instrument), number("limit", RequestText.depthLevels)])
        case .account: .get("/api/v1/account", signed: .accountQuery)
        case .capital: .get("/api/v1/capital", signed: .balanceQuery)
        case .collateral: .get("/api/v1/capital/collateral", signed: .collateralQuery)
        case .positions: .get("/api/v1/position", signed: .positionQuery)
        case .markPrices: .get("/api/v1/markPrices")
        case .markets: .get("/api/v1/markets")
        case .market(let instrument): .get("/api/v1/market", [symbol(instrument)])
        case .lendingMarkets: .get("/api/v1/borrowLend/markets")
        case .borrowRoom(let asset):
            .get(
                "/api/v1/account/limits/borrow", [Parameter("symbol", asset.symbol)],
                signed: .maxBorrowQuantity)
        case .collateralTerms: .get("/api/v1/collateral")
        case .openInterest: .get("/api/v1/openInterest")
        case .bestLevels(let instrument):
            .get("/api/v1/depth", [symbol(instrument), number("limit", RequestText.bestLevels)])
        case .serverTime: .get("/api/v1/time")
        case .fills(let from, let offset):
            .get(
                "/wapi/v1/history/fills",
                [
                    Parameter("from", .number(from.milliseconds)), number("limit", RequestText.pageRows),
                    number("offset", offset), Parameter("sortDirection", "Asc"),
                ], signed: .fillHistoryQueryAll)
        case .fundingPayments(let offset):
            .get(
                "/wapi/v1/history/funding",
                [number("limit", RequestText.pageRows), number("offset", offset)],
                signed: .fundingHistoryQueryAll)
        case .interestPayments(let offset):
            .get(
                "/wapi/v1/history/interest",
                [number("limit", RequestText.pageRows), number("offset", offset)],
                signed: .interestHistoryQueryAll)
        case .outsideTransfers(let kind, let from, let offset):
            .get(
                "/wapi/v1/capital/\(kind.rawValue)s",
                [
                    Parameter("from", .number(from.milliseconds)), number("limit", RequestText.pageRows),
                    number("offset", offset),
                ], signed: kind == .deposit ? .depositQueryAll : .withdrawalQueryAll)
        case .borrowLendPositions: .get("/api/v1/borrowLend/positions", signed: .borrowLendPositionQuery)
        case .formerOrders(let list, let offset):
            .get(
                "/wapi/v1/history/\(list.rawValue)",
                [
                    number("limit", RequestText.pageRows), number("offset", offset),
                    Parameter("sortDirection", "Desc"),
                ], signed: list == .orders ? .orderHistoryQueryAll : .fillHistoryQueryAll)
        case .fundingRates(let instrument, let limit):
            .get("/api/v1/fundingRates", [symbol(instrument), number("limit", limit)])
        }
    }

    private func batch(_ orders: [Order]) -> HTTPCall {
        let groups = orders.map(parameters)
        var json = JSONText()
        json.array { list in
            for group in groups { list.object { for parameter in group { $0.parameter(parameter) } } }
        }
        return HTTPCall(
            method: .post, path: "/api/v1/orders", body: json.string, instruction: .orderExecute,
            groups: groups)
    }

    /// The fields of an order; what is `nil` or a default is left out, never sent as `null`.
    func parameters(_ order: Order) -> [Parameter] {
        var list = [
            symbol(order.instrument), Parameter("side", order.side.wire), Parameter("orderType", "Limit"),
            Parameter("quantity", order.quantity.description), Parameter("price", order.price.description),
            Parameter("timeInForce", order.timeInForce.rawValue),
            Parameter("clientId", .number(Int64(order.id.raw))),
            Parameter("selfTradePrevention", order.selfTrade.rawValue),
        ]
        if order.postOnly { list.append(Parameter("postOnly", .flag(true))) }
        func option(_ name: String, _ value: Bool?) {
            if let value { list.append(Parameter(name, .flag(value))) }
        }
        option("reduceOnly", order.reduceOnly)
        option("autoBorrow", order.autoBorrow)
        option("autoBorrowRepay", order.autoBorrowRepay)
        option("autoLendRedeem", order.autoLendRedeem)
        return list
    }

    private func symbol(_ id: InstrumentID) -> Parameter { Parameter("symbol", catalogue[id].symbol) }
    private func number(_ name: String, _ value: Int) -> Parameter { Parameter(name, .number(Int64(value))) }
    private func named(_ instrument: InstrumentID, _ id: ClientOrderID) -> [Parameter] {
        [symbol(instrument), Parameter("clientId", .number(Int64(id.raw)))]
    }
}

extension Side {
    /// `Bid` or `Ask`.
    public var wire: String { self == .buy ? "Bid" : "Ask" }
}
