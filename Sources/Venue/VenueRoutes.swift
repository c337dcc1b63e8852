import Core
import Exchange
import Simulator
import Wire

/// The parameters of a query, by name.
struct Query {
    let parameters: [Parameter]
    init(_ text: String) { parameters = QueryText.parse(text) }
    subscript(name: String) -> String? { parameters.first { $0.name == name }?.signed }

    /// A whole number inside `range`; the fallback when it is left out.
    func whole(_ name: String, _ fallback: Int, _ range: ClosedRange<Int>) throws(WireRefusal) -> Int {
        guard let text = self[name] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw .parameter(name, "integer", "Expected a value in \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }
}

extension VenueDesk {
    /// - Returns: `nil` when the engine will answer.
    func route(_ request: HTTPRequest, _ id: RequestToken) throws(WireRefusal) -> RestReply? {
        let query = Query(request.query)
        if Instruction.of(method: request.method.rawValue, path: request.path) != nil {
            let account = try authorise(request)
            return try privateRoute(request, query, account, id)
        }
        guard request.method == .get else { throw .unknownPath }
        return try publicRoute(request.path, query)
    }

    /// The market a query names.
    func market(_ query: Query, _ fallback: WireRefusal = .unknownMarket) throws(WireRefusal) -> InstrumentID
    {
        guard let id = query["symbol"].flatMap({ venue.market($0) }) else { throw fallback }
        return id
    }

    private func publicRoute(_ path: String, _ query: Query) throws(WireRefusal) -> RestReply {
        switch path {
        case "/api/v1/ping": return .text("pong")
        case "/api/v1/time": return .text(String((now + clockShift).milliseconds))
        case "/api/v1/status":
            return .json { json in
                json.object {
                    $0.field("message", String?.none)
                    $0.field("status", "Ok")
                }
            }
        case "/api/v1/assets": return .json { MarketRows.assets(venue, to: &$0) }
        case "/api/v1/securities": return .json { $0.array { _ in } }
        case "/api/v1/collateral": return .json { MarketRows.collateral(to: &$0) }
        case "/api/v1/markets": return markets(query)
        case "/api/v1/market":
            let id = try market(query)
            return .json { MarketRows.market(venue.figures[id.index], to: &$0) }
        case "/api/v1/ticker": return try ticker(query)
        case "/api/v1/tickers":
            return .json { json in
                json.array { rows in
                    for index in venue.figures.indices {
                        MarketRows.ticker(InstrumentID(index), venue, to: &rows)
                    }
                }
            }
        case "/api/v1/depth": return try depth(query)
        case "/api/v1/klines": return try klines(query)
        case "/api/v1/trades", "/api/v1/trades/history": return try trades(query)
        case "/api/v1/markPrices": return try marks(query)
        case "/api/v1/openInterest": return try openInterest(query)
        case "/api/v1/fundingRates": return try fundingRates(query)
        case "/api/v1/borrowLend/markets": return .json { MarketRows.lending(venue, now, to: &$0) }
        default: throw .unknownPath
        }
    }

    private func markets(_ query: Query) -> RestReply {
        let kinds = query.parameters.filter { $0.name == "marketType" }.map(\.signed)
        return .json { json in
            json.array { rows in
                for figures in venue.figures where kinds.isEmpty || kinds.contains(figures.kind.rawValue) {
                    MarketRows.market(figures, to: &rows)
                }
            }
        }
    }

    private func ticker(_ query: Query) throws(WireRefusal) -> RestReply {
        let id = try market(query)
        guard venue.summary(id).last != nil else { return RestReply(status: 204) }
        return .json { MarketRows.ticker(id, venue, to: &$0) }
    }

    private func depth(_ query: Query) throws(WireRefusal) -> RestReply {
        let id = try market(query)
        guard venue.figures[id.index].state == .open else { throw .notFound(status: 404) }
        let text = query["limit"] ?? "1000"
        guard ["5", "10", "20", "50", "100", "500", "1000"].contains(text), let limit = Int(text) else {
            throw .badDepthLimit
        }
        let book = venue.book(id)
        func write(_ levels: some Sequence<Level>, _ json: inout JSONText) {
            json.array { rows in
                for level in levels {
                    rows.array {
                        $0.decimal(level.price.raw)
                        $0.decimal(level.quantity.raw)
                    }
                }
            }
        }
        return .json { json in
            json.object {
                $0.key("asks")
                write(book.asks.suffix(limit).reversed(), &$0)
                $0.key("bids")
                write(book.bids.suffix(limit), &$0)
                $0.field("lastUpdateId", String(book.sequence))
                $0.field("timestamp", now.microseconds)
            }
        }
    }

    private func klines(_ query: Query) throws(WireRefusal) -> RestReply {
        let id = try market(query)
        guard let length = query["interval"].flatMap({ Candle.lengths[$0] }) else {
            throw .parameter("interval", "KlineInterval", "Expect a valid enumeration value.")
        }
        let most = Int(now.microseconds / 1_000_000)
        let from = try query.whole("startTime", most - Int(length) * 100, 0...20_000_000_000)
        let until = min(try query.whole("endTime", most, 0...20_000_000_000), most)
        let tape = venue.tape(id)
        var at = Candle.start(of: Timestamp(milliseconds: Int64(from) * 1_000), length),
            candles: [Candle] = []
        while at.microseconds / 1_000_000 <= until, candles.count < 1_000 {
            candles.append(Candle(at, length, of: tape))
            at = at + .seconds(length)
        }
        return .json { json in
            json.array { rows in for candle in candles { MarketRows.kline(candle, to: &rows) } }
        }
    }

    private func trades(_ query: Query) throws(WireRefusal) -> RestReply {
        let id = try market(query)
        let limit = try query.whole("limit", 100, 1...1_000)
        let offset = try query.whole("offset", 0, 0...1_000_000_000)
        return .json { json in
            json.array { rows in
                for row in venue.tape(id).reversed().dropFirst(offset).prefix(limit) {
                    MarketRows.trade(row.trade, to: &rows)
                }
            }
        }
    }

    private func marks(_ query: Query) throws(WireRefusal) -> RestReply {
        var wanted: [InstrumentID] = venue.instruments.filter { $0.kind == .perp }.map(\.id)
        if query["symbol"] != nil {
            let id = try market(query, .unknownMark)
            guard venue.mark(id) != nil else { throw .unknownMark }
            wanted = [id]
        }
        return .json { json in
            json.array { rows in
                for id in wanted {
                    guard let mark = venue.mark(id) else { continue }
                    let grid = streams.frames.grids[id.index]
                    rows.object {
                        $0.field("fundingRate", mark.rate?.description)
                        $0.field("indexPrice", mark.index)
                        $0.field("markPrice", streams.frames.onTick(mark.mark, grid))
                        $0.field("nextFundingTimestamp", mark.nextFunding?.milliseconds)
                        $0.field("symbol", grid.symbol)
                    }
                }
            }
        }
    }

    private func openInterest(_ query: Query) throws(WireRefusal) -> RestReply {
        let wanted =
            query["symbol"] == nil
            ? venue.instruments.filter { $0.kind == .perp }.map(\.id) : [try market(query)]
        return .json { json in
            json.array { rows in
                for id in wanted {
                    rows.object {
                        $0.field("openInterest", venue.openInterest(id))
                        $0.field("symbol", streams.symbol(id))
                        $0.field("timestamp", now.milliseconds)
                    }
                }
            }
        }
    }

    private func fundingRates(_ query: Query) throws(WireRefusal) -> RestReply {
        let id = try market(query)
        guard venue.figures[id.index].kind == .perp else { throw .unknownMarket }
        var rows = Array(venue.settledRates(id).reversed())
        if let mark = venue.mark(id), let rate = mark.rate, let end = mark.nextFunding {
            // The interval in progress comes first, with nine decimals.
            let shown = quotient(Int128(rate.raw), by: 1_000, .nearest) * 1_000
            rows.insert(SettledRate(rate: FundingRate(raw: Int64(shown)), intervalEnd: end), at: 0)
        }
        let page = try Page(query, most: 10_000)
        return page.reply(rows) { row, json in
            json.object {
                $0.field("fundingRate", row.rate.description)
                $0.field("intervalEndTimestamp", CalendarText.write(row.intervalEnd))
                $0.field("symbol", streams.symbol(id))
            }
        }
    }
}

/// One page of a list, and its headers (PROTOCOL 3.12).
struct Page {
    let limit: Int, offset: Int
    let isAscending: Bool
    /// Private lists are not to be stored by caches.
    var isPrivate = false

    init(_ query: Query, most: Int = 1_000) throws(WireRefusal) {
        limit = try query.whole("limit", 100, 1...most)
        offset = try query.whole("offset", 0, 0...1_000_000_000)
        isAscending = query["sortDirection"] == "Asc"
    }

    /// - Parameter rows: newest first.
    func reply<Row>(_ rows: [Row], _ write: (Row, inout JSONText) -> Void) -> RestReply {
        let ordered = isAscending ? rows.reversed() : rows
        var reply = RestReply.json { json in
            json.array { list in for row in ordered.dropFirst(offset).prefix(limit) { write(row, &list) } }
        }
        let pages = max(1, (rows.count + limit - 1) / limit)
        reply.headers = [
            ("X-PAGE-COUNT", String(pages)), ("X-CURRENT-PAGE", String(offset / limit + 1)),
            ("X-PAGE-SIZE", String(limit)), ("X-TOTAL", String(rows.count)),
            ("Access-Control-Expose-Headers", "X-PAGE-COUNT,X-CURRENT-PAGE,X-PAGE-SIZE,X-TOTAL"),
        ]
        if isPrivate { reply.headers.append(("Cache-Control", "no-store")) }
        return reply
    }
}
