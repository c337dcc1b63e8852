import Core
import Exchange
import Foundation
import Testing

private func fixture(_ name: String) throws -> [String: Any] {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let data = try Data(contentsOf: here.appendingPathComponent("Fixtures/\(name).json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
}

private func levels(_ value: Any?) throws -> [Level] {
    try ((value as? [[String]]) ?? []).map {
        Level(price: try #require(Price($0[0])), quantity: try #require(Quantity($0[1])))
    }
}

@Suite struct `The signing text` {
    @Test func `is the documented one for every vector`() throws {
        let vectors = try #require(try fixture("signing-vectors")["vectors"] as? [[String: Any]])
        #expect(vectors.count >= 30)
        for vector in vectors {
            let name = vector["name"] as? String ?? ""
            let timestamp = try #require(vector["timestamp"] as? Int64)
            let window = try #require(vector["window"] as? Int64)
            let method = try #require(vector["method"] as? String)
            let text =
                method == "SUBSCRIBE"
                ? SigningText.subscribe(timestamp: timestamp, window: window)
                : try SigningText.fromWire(
                    method: method, path: try #require(vector["path"] as? String),
                    query: vector["exampleUrlQuery"] as? String ?? "",
                    body: Array((vector["exampleBody"] as? String ?? "").utf8), timestamp: timestamp,
                    window: window)
            #expect(text == vector["signingString"] as? String, "\(name)")
        }
    }
}

@Suite struct `A book kept from snapshot and differences` {
    @Test func `ends as every recorded case says`() throws {
        let cases = try #require(try fixture("depth-sync-cases")["cases"] as? [[String: Any]])
        #expect(cases.count >= 9)
        for one in cases { try check(one) }
    }

    private func check(_ one: [String: Any]) throws {
        let name = one["name"] as? String ?? ""
        let expected = try #require(one["expect"] as? [String: Any])
        let snapshot = try #require(one["snapshot"] as? [String: Any])
        var feed = DepthFeed(), book = Book()
        var actions = feed.begin()
        for event in try #require(one["events"] as? [[String: Any]]) {
            actions += feed.frame(
                DepthFrame(
                    instrument: InstrumentID(0), first: try #require(event["U"] as? Int64),
                    last: try #require(event["u"] as? Int64), bids: try levels(event["b"]),
                    asks: try levels(event["a"]), sent: Timestamp(microseconds: 1),
                    venueTime: Timestamp(microseconds: 1)))
        }
        let last = try #require(Int64(snapshot["lastUpdateId"] as? String ?? ""))
        actions += feed.snapshot(
            bids: try levels(snapshot["bids"]), asks: try levels(snapshot["asks"]), sequence: last)
        for case .apply(let change) in actions {
            switch change {
            case .snapshot(let bids, let asks, let id): book.replace(bids: bids, asks: asks, sequence: id)
            case .delta(let bids, let asks, let id): book.apply(bids: bids, asks: asks, sequence: id)
            case .lost: book.invalidate()
            }
        }
        #expect(feed.isSynced == (expected["state"] as? String == "synced"), "\(name)")
        #expect(book.isSynced == feed.isSynced, "\(name)")
        if let id = expected["lastUpdateId"] as? Int64 { #expect(book.sequence == id, "\(name)") }
        if let best = expected["bestAsk"] { #expect(book.bestAsk == (try levels([best]).first), "\(name)") }
        if let best = expected["bestBid"] { #expect(book.bestBid == (try levels([best]).first), "\(name)") }
        if let asks = expected["asks"] { #expect(book.asks.reversed() == (try levels(asks)), "\(name)") }
        if let bids = expected["bidsBestFirst"] {
            #expect(book.bids.reversed() == (try levels(bids)), "\(name)")
        }
    }
}

@Suite struct `A frame` {
    static let good = """
        {"data":{"E":2,"T":1,"U":5,"a":[["99.10","1.00"]],"b":[],"e":"depth","s":"SOL_USDC","u":5},\
        "stream":"depth.SOL_USDC"}
        """

    private func reader() throws -> FrameReader {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let data = try Data(contentsOf: here.appendingPathComponent("Fixtures/markets.json"))
        let whole = try JSONSerialization.jsonObject(with: data)
        let list = (whole as? [String: Any])?["markets"] ?? whole
        return FrameReader(
            try Catalogue(marketsBody: Array(try JSONSerialization.data(withJSONObject: list))))
    }

    @Test func `of every recorded kind is read`() throws {
        let reader = try reader()
        for group in ["public", "private"] {
            for one in try #require(try fixture("ws-wire-examples")[group] as? [[String: Any]]) {
                let raw = try #require(one["raw"] as? String)
                #expect(throws: Never.self, "\(one["name"] ?? "")") { _ = try reader.read(Array(raw.utf8)) }
            }
        }
    }

    @Test func `cut anywhere is refused whole`() throws {
        let reader = try reader()
        let bytes = Array(Self.good.utf8)
        _ = try reader.read(bytes)
        for length in 0..<bytes.count {
            #expect(throws: FrameFault.self) { _ = try reader.read(Array(bytes.prefix(length))) }
        }
    }

    @Test func `with a doubled key, too deep, too long or of wrong type is refused`() throws {
        let reader = try reader()
        let doubled = Self.good.replacingOccurrences(of: "\"u\":5}", with: "\"u\":5,\"u\":6}")
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        let long = Self.good.replacingOccurrences(
            of: "depth\",", with: String(repeating: "x", count: 1 << 20) + "\",")
        let typed = Self.good.replacingOccurrences(of: "\"99.10\"", with: "99.10")
        for bad in [doubled, deep, long, typed] {
            #expect(throws: FrameFault.self) { _ = try reader.read(Array(bad.utf8)) }
        }
    }
}

@Suite struct `An answer about collateral` {
    @Test func `states weights and margin fractions as parts of one`() throws {
        let body = """
            {"assetsValue":"969.57955","borrowLiability":"0","collateral":[{"assetMarkPrice":"150",\
            "availableQuantity":"1","balanceNotional":"299.7","collateralValue":"269.73",\
            "collateralWeight":"0.9","lendQuantity":"0","openOrderQuantity":"0","symbol":"SOL",\
            "totalQuantity":"1.998"}],"imf":"0.1","liabilitiesValue":"0","marginFraction":"3.22226503",\
            "mmf":"0.0135","netEquity":"969.57955","netEquityAvailable":"939.48955",\
            "netEquityLocked":"30.09","netExposureFutures":"300.9","pnlUnrealized":"0","unsettledEquity":"0"}
            """
        let reply = ReplyReader(Catalogue([])).read(
            .collateral, status: 200, contentType: "application/json", body: Array(body.utf8))
        guard case .collateral(let facts) = reply else { Issue.record("\(reply)"); return }
        // A weight a hundred times too large would make every entry look like collateral won.
        #expect(facts.weights.first?.weight.raw == 90_000_000)
        #expect(facts.marginFraction?.raw == 322_226_503)
        #expect(facts.maintenanceFraction?.raw == 1_350_000)
        #expect(facts.available == Money("939.48955"))
    }
}
