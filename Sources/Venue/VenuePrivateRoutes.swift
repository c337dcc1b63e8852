import Core
import Exchange
import Simulator
import Wire

extension VenueDesk {
    func privateRoute(
        _ request: HTTPRequest, _ query: Query, _ account: AccountID, _ id: RequestToken
    ) throws(WireRefusal) -> RestReply? {
        switch (request.method, request.path) {
        case (.get, "/api/v1/account"): return .json { AccountRows.account(account, venue, to: &$0) }
        case (.patch, "/api/v1/account"): return try update(request.body, account)
        case (.get, "/api/v1/account/limits/borrow"): return try borrowRoom(query)
        case (.get, "/api/v1/capital"): return .json { AccountRows.capital(account, venue, to: &$0) }
        case (.get, "/api/v1/capital/collateral"):
            return .json { AccountRows.collateral(account, venue, to: &$0) }
        case (.get, "/api/v1/position"): return try positions(query, account)
        case (.get, "/api/v1/borrowLend/positions"):
            return .json { AccountRows.loans(account, venue, to: &$0) }
        case (.post, "/api/v1/order"):
            let order = try incoming(try reader.order(request.body)).get()
            submit([.success(order)], account, id, isBatch: false)
            return nil
        case (.post, "/api/v1/orders"): return try batch(request.body, account, id)
        case (.get, "/api/v1/order"): return try order(query, account)
        case (.get, "/api/v1/orders"): return try orders(query, account)
        case (.delete, "/api/v1/order"): return try cancel(request.body, account)
        case (.delete, "/api/v1/orders"): return try cancelAll(request.body, account)
        case (.get, "/wapi/v1/capital/deposits"): return try transfers(.deposit, query, account)
        case (.get, "/wapi/v1/capital/withdrawals"): return try transfers(.withdrawal, query, account)
        case (.get, let path) where path.hasPrefix("/wapi/v1/history/"):
            return try history(String(path.dropFirst("/wapi/v1/history/".count)), query, account)
        default: throw .unknownPath
        }
    }

    // MARK: Orders

    /// An order as the engine takes it; triggers are not offered here.
    private func incoming(_ payload: OrderPayload) -> Result<IncomingOrder, WireRefusal> {
        guard let market = venue.instrument(payload.instrument) else { return .failure(.invalidOrder) }
        if let refusal = payload.refusal(on: market) { return .failure(refusal) }
        // Taken without its stop, an order would leave its owner believing in one.
        if payload.triggerQuantity != nil || payload.hasChild { return .failure(.invalidOrder) }
        var order = IncomingOrder(instrument: payload.instrument, side: payload.side)
        order.kind = payload.kind == .limit ? .limit : .market
        order.price = payload.kind == .limit ? payload.price : nil
        (order.quantity, order.quoteQuantity) = (payload.quantity, payload.quoteQuantity)
        (order.timeInForce, order.postOnly) = (payload.timeInForce, payload.postOnly)
        (order.reduceOnly, order.clientID) = (payload.reduceOnly, payload.clientID?.raw)
        order.selfTrade = payload.selfTrade
        order.autoBorrow = payload.autoBorrow ?? false
        order.autoBorrowRepay = payload.autoBorrowRepay ?? false
        if market.kind == .spot && order.reduceOnly == false { order.reduceOnly = nil }
        return .success(order)
    }

    /// Orders that cannot be read are refused in their place; the others go to the engine together.
    private func batch(_ body: [UInt8], _ account: AccountID, _ id: RequestToken) throws(WireRefusal)
        -> RestReply?
    {
        let read = try reader.batch(body).map { result -> Result<IncomingOrder, WireRefusal> in
            switch result {
            case .success(let payload): incoming(payload)
            case .failure(let refusal): .failure(refusal)
            }
        }
        submit(read, account, id, isBatch: true)
        return nil
    }

    private func order(_ query: Query, _ account: AccountID) throws(WireRefusal) -> RestReply {
        let name = try reader.query(query.parameters)
        let found = venue.openOrder(
            name.instrument, order: name.venueID.map { Int64($0.text) ?? -1 }, client: name.clientID?.raw,
            of: account)
        guard let found else { throw .notFound(status: 404) }
        return .json { OrderRow.write(found, venue, operation: false, to: &$0) }
    }

    private func orders(_ query: Query, _ account: AccountID) throws(WireRefusal) -> RestReply {
        let only = query["symbol"] == nil ? nil : try market(query)
        let kind = query["marketType"]
        let open = venue.openOrders(of: account).filter { order in
            let id = order.order.instrument
            return (only == nil || only == id)
                && (kind == nil || kind == venue.figures[id.index].kind.rawValue)
        }
        return list(open)
    }

    private func list(_ orders: [VenueOrder]) -> RestReply {
        .json { json in
            json.array { rows in
                for order in orders { OrderRow.write(order, venue, operation: false, to: &rows) }
            }
        }
    }

    private func cancel(_ body: [UInt8], _ account: AccountID) throws(WireRefusal) -> RestReply {
        let name = try reader.cancel(body)
        stampCancel()
        let isPutOff = venue.postponesCancel(
            name.instrument, order: name.venueID.map { Int64($0.text) ?? -1 }, client: name.clientID?.raw,
            from: account, now: now)
        if isPutOff { return RestReply(status: 202) }
        let outcome = venue.cancel(
            name.instrument, order: name.venueID.map { Int64($0.text) ?? -1 }, client: name.clientID?.raw,
            from: account, now: now)
        return OrderRow.reply(outcome, venue)
    }

    private func cancelAll(_ body: [UInt8], _ account: AccountID) throws(WireRefusal) -> RestReply {
        let wanted = try reader.cancelAll(body)
        stampCancel()
        if wanted.orderType == "ConditionalOrder" { return list([]) }
        if venue.postponesCancelAll(wanted.instrument, from: account, now: now) {
            return RestReply(status: 202)
        }
        return list(venue.cancelAll(wanted.instrument, from: account, now: now))
    }

    // MARK: Account

    private func borrowRoom(_ query: Query) throws(WireRefusal) -> RestReply {
        guard let symbol = query["symbol"], venue.assetPrice(Asset(symbol)) != nil else {
            throw .parameter("symbol", "AssetSymbol", "Invalid asset")
        }
        let room = venue.rules.lends ? SimulatedVenue.borrowRoom : .zero
        return .json { json in
            json.object {
                $0.field("maxBorrowQuantity", room)
                $0.field("symbol", symbol)
            }
        }
    }

    private func update(_ body: [UInt8], _ account: AccountID) throws(WireRefusal) -> RestReply {
        var parser = JSONParser()
        let read: (leverage: String?, lend: Bool?, settle: Bool?, repay: Bool?)
        do {
            read = try parser.read(body) { root throws(FrameFault) in
                (
                    root["leverageLimit"]?.text?.string, root["autoLend"]?.flag,
                    root["autoBorrowSettlements"]?.flag, root["autoRepayBorrows"]?.flag
                )
            }
        } catch {
            throw .text("parse request payload error: \(error)")
        }
        let leverage = read.leverage.flatMap { Money($0) }
        if read.leverage != nil {
            guard let leverage, leverage >= Money(1), leverage <= Money(100) else {
                throw .client("Invalid leverage limit")
            }
        }
        venue.update(
            account, leverageLimit: leverage, autoLend: read.lend, borrowSettlements: read.settle,
            repayBorrows: read.repay)
        return RestReply()
    }

    private func positions(_ query: Query, _ account: AccountID) throws(WireRefusal) -> RestReply {
        let only = query["symbol"] == nil ? nil : try market(query)
        let found = venue.positions(of: account).filter { only == nil || $0.instrument == only }
        if only != nil && found.isEmpty { throw .notFound(status: 404) }
        let isPerp = query["marketType"].map { $0 == "PERP" } ?? true
        return .json { json in
            json.array { rows in
                for position in found where isPerp {
                    AccountRows.position(position, account, venue, isSingle: only != nil, to: &rows)
                }
            }
        }
    }
}
