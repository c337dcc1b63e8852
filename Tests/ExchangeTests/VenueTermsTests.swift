import Core
import Foundation
import Testing

@testable import Exchange

private func fixture(_ name: String) throws -> Any {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return try JSONSerialization.jsonObject(
        with: Data(contentsOf: here.appendingPathComponent("Fixtures/\(name).json")))
}

private func catalogue() throws -> Catalogue {
    let whole = try fixture("markets")
    let list = (whole as? [String: Any])?["markets"] ?? whole
    return try Catalogue(marketsBody: Array(try JSONSerialization.data(withJSONObject: list)))
}

private func body(_ name: String) throws -> [UInt8] {
    let cases = try #require(
        (try fixture("rest-wire-examples") as? [String: Any])?["cases"] as? [[String: Any]])
    let one = try #require(cases.first { $0["name"] as? String == name })
    let response = try #require(one["response"] as? [String: Any])
    return Array(try JSONSerialization.data(withJSONObject: try #require(response["body"])))
}

private func read(_ request: Request, _ body: [UInt8]) throws -> Reply {
    ReplyReader(try catalogue()).read(request, status: 200, contentType: "application/json", body: body)
}

private func read(_ request: Request, _ text: String) throws -> Reply { try read(request, Array(text.utf8)) }

@Suite struct `What the venue allows` {
    @Test func `of a market is its state, of that market only`() throws {
        let catalogue = try catalogue()
        let perp = try #require(catalogue.id("SOL_USDC_PERP")), spot = try #require(catalogue.id("SOL_USDC"))
        #expect(try read(.market(perp), body("market")) == .market(.open))
        guard case .unknown = try read(.market(spot), body("market")) else {
            Issue.record("another market's state was believed")
            return
        }
        let closed = #"{"symbol":"SOL_USDC","orderBookState":"CancelOnly"}"#
        #expect(try read(.market(spot), closed) == .market(.cancelOnly))
        let strange = #"{"symbol":"SOL_USDC","orderBookState":"Auction"}"#
        #expect(try read(.market(spot), strange) == .market(.unknown))
    }

    @Test func `of lending is yearly percent, utilisation a part of one, each rounded against us`() throws {
        let usdc = LendingMarket(
            asset: .usdc, isOpen: true, borrowRate: Percent("4.12")!, lendRate: Percent("2.87")!,
            utilisation: Percent("0.8199")!)
        #expect(try read(.lendingMarkets, body("borrow-lend-markets")) == .lendingMarkets([usdc]))
        let fine = """
            [{"symbol":"SOL","state":"RepayOnly","borrowInterestRate":"0.00000000001",\
            "lendInterestRate":"0.00000000009","utilization":"0.949999991"}]
            """
        #expect(
            try read(.lendingMarkets, fine)
                == .lendingMarkets([
                    LendingMarket(
                        asset: Asset("SOL"), isOpen: false, borrowRate: Percent(raw: 1), lendRate: .zero,
                        utilisation: Percent(raw: 95_000_000))
                ]))
    }

    @Test func `to borrow is told for the asset that was asked about`() throws {
        let text = #"{"maxBorrowQuantity":"12.345678919","symbol":"SOL"}"#
        #expect(try read(.borrowRoom(Asset("SOL")), text) == .borrowRoom(Quantity("12.34567891")!))
        guard case .unknown = try read(.borrowRoom(Asset("BTC")), text) else {
            Issue.record("another asset's room was believed")
            return
        }
    }

    @Test func `of collateral falls with the root of the notional, and an unknown curve is left out`() throws
    {
        let text = """
            [{"symbol":"SOL","haircutFunction":{"weight":"1","kind":{"type":"inverseSqrt","base":"0.9",\
            "positiveCurvePenalty":"0.0001"}}},\
            {"symbol":"USDC","haircutFunction":{"weight":"1","kind":{"type":"identity"}}},\
            {"symbol":"ODD","haircutFunction":{"weight":"1","kind":{"type":"stairs"}}}]
            """
        guard case .collateralTerms(let terms) = try read(.collateralTerms, text) else {
            Issue.record("another kind")
            return
        }
        #expect(terms.map(\.asset.symbol) == ["SOL", "USDC"])
        // C20.
        #expect(terms[0].weight(of: Money(300)) == Percent("0.9"))
        #expect(terms[0].weight(of: Money(10_000_000)) == Percent("0.83572161"))
        #expect(terms[1].weight(of: Money(10_000_000)) == Percent(raw: Percent.unit))
    }

    @Test func `of open interest is read for perps of the list`() throws {
        let id = try #require(try catalogue().id("SOL_USDC_PERP"))
        #expect(
            try read(.openInterest, body("open-interest"))
                == .openInterest([OpenInterest(instrument: id, quantity: Quantity("812345.67")!)]))
    }

    @Test func `of a market's bounds is read from the list, rounded to the narrow side`() throws {
        let catalogue = try catalogue()
        let perp = try #require(catalogue.instrument("JUP_USDC_PERP")).bounds
        #expect(perp.openInterestMax == Quantity("16000000"))
        #expect(perp.positionWeight == Percent(raw: 4 * Percent.unit))
        #expect(perp.limitLow == Percent("0.25") && perp.limitHigh == Percent("2"))
        #expect(perp.impactLow == Percent("0.97") && perp.impactHigh == Percent("1.03"))
        #expect(perp.quantityMax == nil)
        let spot = try #require(catalogue.instrument("SOL_USDC")).bounds
        #expect(spot.openInterestMax == nil && spot.positionWeight == nil, "they belong to perps")
        #expect(spot.impactHigh == Percent("1.01"))
    }

    @Test func `of the account is whether it borrows to settle, and how much it may have`() throws {
        guard case .account(let facts) = try read(.account, body("account")) else {
            Issue.record("another kind")
            return
        }
        #expect(facts.borrowsToSettle == true)
        #expect(facts.positionMax == Money(10_000_000))
    }

    @Test func `is asked for under the venue's own paths`() throws {
        let catalogue = try catalogue()
        let spot = try #require(catalogue.id("USDT_USDC")), text = RequestText(catalogue)
        #expect(text.call(.bestLevels(spot)).path == "/api/v1/depth?symbol=USDT_USDC&limit=5")
        let room = text.call(.borrowRoom(Asset("SOL")))
        #expect(room.path == "/api/v1/account/limits/borrow?symbol=SOL")
        #expect(room.instruction == .maxBorrowQuantity)
        for request in [Request.market(spot), .lendingMarkets, .collateralTerms, .openInterest] {
            #expect(text.call(request).instruction == nil, "public: \(request)")
        }
    }
}

@Suite struct `A page of executions` {
    /// Of a market that nobody here knows.
    @Test(arguments: [(0, false), (999, false), (1_000, true)])
    func `that is full counts rows of unknown markets, so that the next one is read`(rows: Int, isFull: Bool)
    {
        let row = """
            {"clientId":"7","fee":"0","feeSymbol":"USDC","isMaker":false,"orderId":"1","price":"1",
            "quantity":"1","side":"Bid","symbol":"NEW_USDC","systemOrderType":null,
            "timestamp":"2026-09-02T16:58:11.197","tradeId":1}
            """
        let body = "[" + Array(repeating: row, count: rows).joined(separator: ",") + "]"
        let reply = ReplyReader(Catalogue([])).read(
            .fills(from: Timestamp(milliseconds: 0), offset: 0), status: 200, contentType: nil,
            body: Array(body.utf8))
        #expect(reply == (isFull ? .fillsPage([], listed: 1_000) : .fills([])))
    }
}
