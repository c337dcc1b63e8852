import Core
import Exchange
import Foundation
import Simulator
import Synchronization
import Testing
import Wire

@testable import Venue

@Suite(.timeLimit(.minutes(1))) struct `Venue server` {
    static func object(_ text: String) -> [String: Any] {
        ((try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]) ?? [:]
    }
    static func data(_ frame: String) -> [String: Any] { object(frame)["data"] as? [String: Any] ?? [:] }
    static func list(_ text: String) -> [[String: Any]] {
        ((try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [[String: Any]]) ?? []
    }

    @Test func `public answers have the exchange's shape, errors its words`() async throws {
        let caller = try VenueCaller()
        defer { caller.stop() }
        #expect(await caller.call(.get, "/api/v1/ping").text == "pong")
        let catalogue = try Catalogue(
            marketsBody: Array(await caller.call(.get, "/api/v1/markets").text.utf8))
        #expect(catalogue.instruments.count == 24 && catalogue.skipped.count == 1)
        #expect(catalogue.pairs(["SOL", "BTC", "ETH", "SUI", "JUP"]).pairs.count == 5)
        let venue = SimulatedVenue(start: Timestamp(milliseconds: 0), crowd: .none)
        for instrument in catalogue.instruments { #expect(venue.market(instrument.symbol) == instrument.id) }
        let depth = Self.object(await caller.call(.get, "/api/v1/depth?symbol=SOL_USDC&limit=5").text)
        let bids = depth["bids"] as? [[String]] ?? []
        #expect(
            bids.count == 5 && bids.compactMap { Price($0[0]) } == bids.compactMap { Price($0[0]) }.sorted())
        #expect(depth["lastUpdateId"] is String)
        #expect(Self.list(await caller.call(.get, "/api/v1/markPrices").text).count == 5)
        let wrong = await caller.call(.get, "/api/v1/depth?symbol=SOL_USDC&limit=7")
        #expect(wrong.status == 400 && wrong.text.hasPrefix("failed to parse parameter `limit`"))
        #expect(await caller.call(.get, "/api/v1/nope") == (404, "not found"))
        let unknown = await caller.call(.get, "/api/v1/depth?symbol=NOPE_USDC&limit=5")
        #expect(unknown == (400, #"{"code":"INVALID_CLIENT_REQUEST","message":"Invalid market symbol"}"#))
        #expect(await caller.call(.get, "/api/v1/depth?symbol=HNT_USDC").status == 404)
    }

    @Test func `signatures, windows and stamps are checked by either clock`() async throws {
        var configuration = VenueConfiguration()
        configuration.start = Timestamp(milliseconds: 1_790_000_000_000)
        let caller = try VenueCaller(configuration)
        defer { caller.stop() }
        func message(_ answer: (status: Int, text: String)) -> String {
            Self.object(answer.text)["message"] as? String ?? ""
        }
        #expect(try await caller.signed(.get, "/api/v1/capital").text.contains("USDC"))
        // A window of a minute: how long this test takes to get here is no part of what it says.
        let venueStamp = try await caller.signed(
            .get, "/api/v1/capital", stamp: 1_790_000_001_000, window: 60_000)
        #expect(venueStamp.status == 200)
        #expect(message(try await caller.signed(.get, "/api/v1/capital", spoil: true)) == "Invalid signature")
        let wall = WallClock.microseconds() / 1_000
        #expect(
            message(try await caller.signed(.get, "/api/v1/capital", stamp: wall - 6_000))
                == "Request has expired")
        let far = try await caller.signed(.get, "/api/v1/capital", stamp: wall - 700_000)
        #expect(message(far) == "Invalid timestamp: must be within 10 minutes of current time")
        #expect(try await caller.signed(.get, "/api/v1/capital", window: 60_001).status == 400)
        #expect(try await caller.signed(.get, "/api/v1/capital", stamp: .min).status == 400)
        #expect(message(await caller.call(.get, "/api/v1/capital")) == "Invalid X-Signature header")
    }

    @Test func `an order's life is told on the private stream`() async throws {
        let caller = try VenueCaller()
        defer { caller.stop() }
        let streams = [
            "account.orderUpdate", "account.balanceUpdate", "account.positionUpdate", "account.rfqUpdate",
        ]
        let listener = try caller.listen([
            ControlText(.subscribe, streams, signature: caller.proof()).bytes,
            ControlText(.subscribe, ["bookTicker.SOL_USDC"]).bytes,
        ])
        // The public frame proves that the private subscription before it has been read.
        _ = await listener.frames { $0.contains("bookTicker") }
        let posted = try await caller.signed(
            .post, "/api/v1/order",
            body: """
                {"clientId":7,"orderType":"Limit","postOnly":true,"price":"100.00","quantity":"1",\
                "side":"Bid","symbol":"SOL_USDC"}
                """
        )
        #expect(posted.status == 200 && Self.object(posted.text)["status"] as? String == "New")
        #expect(Self.object(posted.text)["price"] as? String == "100")
        let open = Self.list(try await caller.signed(.get, "/api/v1/orders?symbol=SOL_USDC").text)
        #expect(open.count == 1)
        let gone = try await caller.signed(
            .delete, "/api/v1/order", body: #"{"clientId":7,"symbol":"SOL_USDC"}"#)
        #expect(Self.object(gone.text)["status"] as? String == "Cancelled")
        let again = try await caller.signed(
            .delete, "/api/v1/order", body: #"{"clientId":7,"symbol":"SOL_USDC"}"#)
        #expect(again.status == 400 && again.text.contains("RESOURCE_NOT_FOUND"))
        #expect(try await caller.signed(.get, "/api/v1/order?symbol=SOL_USDC&clientId=7").status == 404)
        let sent = MonotonicClock.microseconds()
        let taken = try await caller.signed(
            .post, "/api/v1/order",
            body: #"{"orderType":"Market","quantity":"0.5","side":"Ask","symbol":"SOL_USDC_PERP"}"#)
        #expect(MonotonicClock.microseconds() - sent >= 95_000)
        #expect(Self.object(taken.text)["status"] as? String == "Filled")
        let told = await listener.frames { $0.contains("positionOpened") }.map(Self.data)
        let events = told.compactMap { $0["e"] as? String }.filter { $0 != "bookTicker" }
        #expect(
            events == [
                "orderAccepted", "balanceUpdate", "orderCancelled", "balanceUpdate", "orderAccepted",
                "orderFill",
                "positionOpened",
            ])
        let accepted = told.first { $0["e"] as? String == "orderAccepted" } ?? [:]
        #expect(accepted["p"] as? String == "100.00" && accepted["Q"] as? String == "100.0000")
        #expect(accepted["t"] is NSNull && accepted["z"] as? String == "0" && accepted["c"] as? Int == 7)
        let fills = Self.list(
            try await caller.signed(.get, "/wapi/v1/history/fills?fillType=User&limit=10").text)
        #expect(fills.count == 1 && fills[0]["feeSymbol"] as? String == "USDC")
    }

    @Test func `control errors leave the socket open, an unknown symbol is silence`() async throws {
        let caller = try VenueCaller()
        defer { caller.stop() }
        let bad = [
            Array("{".utf8), ControlText(.subscribe, ["account.orderUpdate"]).bytes,
            ControlText(.subscribe, ["nonsense.SOL_USDC"]).bytes,
            ControlText(.subscribe, ["depth.100ms.SOL_USDC"]).bytes,
            ControlText(.subscribe, ["depth.NOPE_USDC"]).bytes,
            ControlText(.subscribe, ["trade.SOL_USDC_PERP"]).bytes,
        ]
        let listener = try caller.listen(bad)
        let frames = await listener.frames { $0.contains("trade") }
        let codes = frames.dropLast().compactMap {
            (Self.object($0)["error"] as? [String: Any])?["code"] as? Int
        }
        #expect(codes == [4002, 4003, 4006, 4008])
        #expect(frames.count == 5)
    }

    @Test func `a book kept from depth frames equals the venue's own`() async throws {
        let caller = try VenueCaller()
        defer { caller.stop() }
        let names = ["depth.SOL_USDC", "depth.200ms.SOL_USDC"]
        let listener = try caller.listen([ControlText(.subscribe, names).bytes])
        let catalogue = try Catalogue(
            marketsBody: Array(await caller.call(.get, "/api/v1/markets").text.utf8))
        let reader = FrameReader(catalogue)
        var book = Book(), merged = Book(), frames = 0, windows = 0
        let whole = Self.object(await caller.call(.get, "/api/v1/depth?symbol=SOL_USDC&limit=1000").text)
        func levels(_ side: String) -> [Level] {
            (whole[side] as? [[String]] ?? []).map { Level(price: Price($0[0])!, quantity: Quantity($0[1])!) }
        }
        let start = Int64(whole["lastUpdateId"] as? String ?? "") ?? 0
        book.replace(bids: levels("bids"), asks: levels("asks"), sequence: start)
        merged = book
        for await frame in listener.stream {
            guard case .depth(let depth) = try reader.read(Array(frame.utf8)), depth.last > start else {
                continue
            }
            if frame.contains("\"stream\":\"depth.SOL_USDC\"") {
                #expect(depth.first == (book.sequence ?? 0) + 1 && depth.first == depth.last)
                book.apply(bids: depth.bids, asks: depth.asks, sequence: depth.last)
                frames += 1
            } else {
                merged.apply(bids: depth.bids, asks: depth.asks, sequence: depth.last)
                windows += 1
                if merged.sequence == book.sequence {
                    #expect(merged.bids == book.bids && merged.asks == book.asks)
                }
            }
            if frames >= 40 && windows >= 4 { break }
        }
        #expect(book.top?.isCrossed == false && book.bids.count >= 10 && book.asks.count >= 10)
    }

    @Test func `a batch answers in its order and one bad order spoils nothing`() async throws {
        let caller = try VenueCaller()
        defer { caller.stop() }
        let body = """
            [{"orderType":"Limit","postOnly":true,"price":"100","quantity":"1","side":"Bid",\
            "symbol":"SOL_USDC"},\
            {"orderType":"Limit","price":"100.001","quantity":"1","side":"Bid",\
            "symbol":"SOL_USDC"},\
            {"orderType":"Limit","postOnly":true,"price":"250","quantity":"1","side":"Bid",\
            "symbol":"SOL_USDC"}]
            """
        let rows = Self.list(try await caller.signed(.post, "/api/v1/orders", body: body).text)
        #expect(rows.map { $0["operation"] as? String } == ["Ok", "Err", "Err"])
        #expect(rows[1]["message"] as? String == "Price decimal too long")
        #expect(rows[2]["message"] as? String == "Order would immediately match and take")
        let gone = try await caller.signed(.delete, "/api/v1/orders", body: #"{"symbol":"SOL_USDC"}"#)
        #expect(Self.list(gone.text).count == 1)
    }

    @Test func `interest on what was borrowed is listed as it is read`() async throws {
        var configuration = VenueConfiguration()
        configuration.speed = 60
        (configuration.rules.lends, configuration.requestsPerMinute) = (true, nil)
        configuration.start = Timestamp(milliseconds: 1_790_000_000_000 / 3_600_000 * 3_600_000 + 3_540_000)
        let caller = try VenueCaller(configuration)
        defer { caller.stop() }
        let body = """
            {"autoBorrow":true,"clientId":9,"orderType":"Market","quantity":"1","side":"Ask",
            "symbol":"SOL_USDC"}
            """
        let order = try await caller.signed(.post, "/api/v1/order", body: body)
        #expect(order.status == 200, "\(order.text)")
        let path = "/wapi/v1/history/interest"
        var text = "[]"
        while text == "[]" { text = try await caller.signed(.get, path).text }
        let reader = ReplyReader(Catalogue([]))
        guard
            case .interestPayments(let payments) = reader.read(
                .interestPayments(offset: 0), status: 200, contentType: nil, body: Array(text.utf8)),
            case .borrowLendPositions(let owed) = reader.read(
                .borrowLendPositions, status: 200, contentType: nil,
                body: Array(try await caller.signed(.get, "/api/v1/borrowLend/positions").text.utf8))
        else { return #expect(Bool(false), "\(text)") }
        #expect(payments.map(\.asset.symbol) == ["SOL"] && payments[0].kind == .borrow)
        #expect(owed == [BorrowLendPosition(asset: Asset("SOL"), net: payments[0].amount - Money(1))])
        #expect(text.contains(#""interestRate":"0.1""#))
    }

    @Test func `deposits and withdrawals are listed as they are read, and move the balance when they do`()
        async throws
    {
        let caller = try VenueCaller()
        defer { caller.stop() }
        let reader = ReplyReader(Catalogue([])), text = RequestText(Catalogue([]))
        func list(_ kind: OutsideTransfer.Kind, from: Int64 = 0) async throws -> [OutsideTransfer] {
            let request = Request.outsideTransfers(kind, from: Timestamp(milliseconds: from), offset: 0)
            let answer = try await caller.signed(.get, text.call(request).path)
            let reply = reader.read(
                request, status: answer.status, contentType: nil, body: Array(answer.text.utf8))
            guard case .outsideTransfers(let rows) = reply else { throw VenueFault("\(reply)") }
            return rows
        }
        func cash() async throws -> String {
            let all = Self.object(try await caller.signed(.get, "/api/v1/capital").text)
            return (all["USDC"] as? [String: Any])?["available"] as? String ?? ""
        }
        for kind in OutsideTransfer.Kind.allCases { #expect(try await list(kind).isEmpty) }
        caller.server.transfer(.deposit, Money(50), .usdc)
        caller.server.transfer(.deposit, Money(5), .usdc, confirms: false)
        caller.server.transfer(.withdrawal, Money(20), .usdc, fee: Money(1), confirms: false)
        caller.server.transfer(.withdrawal, Money(2_000), .usdc)
        var gone: [OutsideTransfer] = []
        while gone.isEmpty { gone = try await list(.withdrawal) }
        #expect(gone.map(\.state) == [.underWay] && gone[0].quantity == Money(20) && gone[0].fee == Money(1))
        #expect(try await list(.deposit).map(\.state) == [.underWay, .confirmed], "newest first")
        #expect(try await list(.deposit).map(\.quantity) == [Money(5), Money(50)])
        #expect(try await cash() == "1029", "what is on its way out is gone")
        let after = gone[0].at.milliseconds + 60_000
        #expect(try await list(.withdrawal, from: after).isEmpty)
        caller.server.endTransfers(well: false)
        while try await !list(.withdrawal).isEmpty {}
        #expect(try await list(.deposit).map(\.state) == [.ended, .confirmed])
        #expect(try await cash() == "1050", "it came back, and the other never came")
    }

    @Test func `sixty times as fast the clock runs, funding comes and stamps are kept`() async throws {
        var configuration = VenueConfiguration()
        configuration.speed = 60
        configuration.keepsStamps = true
        configuration.start = Timestamp(milliseconds: 1_790_000_000_000 / 3_600_000 * 3_600_000 + 3_570_000)
        let caller = try VenueCaller(configuration)
        defer { caller.stop() }
        caller.server.misChargeNextFee(by: Money(1))
        let order = try await caller.signed(
            .post, "/api/v1/order",
            body: #"{"clientId":9,"orderType":"Market","quantity":"1","side":"Ask","symbol":"SOL_USDC_PERP"}"#
        )
        #expect(order.status == 200)
        let listener = try caller.listen([
            ControlText(.subscribe, ["account.balanceUpdate"], signature: caller.proof()).bytes
        ])
        var paid = 0
        while paid == 0 {
            _ = await listener.frames { $0.contains("balanceUpdate") }
            paid = Self.list(try await caller.signed(.get, "/wapi/v1/history/funding").text).count
        }
        let settled = Self.list(try await caller.signed(.get, "/wapi/v1/history/settlement").text)
        let amounts = settled.compactMap { Money($0["quantity"] as? String ?? "") }
        let balance =
            Self.object(try await caller.signed(.get, "/api/v1/capital").text)["USDC"] as? [String: String]
        let now = Money(balance?["available"] ?? "") ?? .zero
        #expect(settled.contains { $0["source"] as? String == "TradingFees" })
        let left = amounts.reduce(Money(1_000)) { $0 + $1 }
        #expect(abs((now - left).raw) < Money(2).raw)
        let stamps = caller.server.stamps
        #expect(stamps.orders.map(\.client) == [9] && stamps.frames.count > 10)
    }

    @Test func `an account file is read, and its faults are named`() throws {
        let key = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
        let text = """
            {"accounts":[{"apiKey":"\(key)","balances":{"USDC":"250.5","SOL":"1"},\
            "feesBps":{"spotMaker":"4.5"}}]}
            """
        let settings = try AccountFile.read(Array(text.utf8))
        #expect(settings[0].balances.map(\.1) == [Money("250.5")!, Money(1)])
        #expect(
            settings[0].rates.spotMaker == Percent("0.045")! && settings[0].rates.spotTaker == Percent("0.1")!
        )
        func fault(_ text: String) -> String {
            do { _ = try AccountFile.read(Array(text.utf8)) } catch { return error.description }
            return ""
        }
        #expect(fault(#"{"accounts":[{"apiKey":"x"}]}"#) == "accounts[0].apiKey: not 32 bytes in base64")
        #expect(
            fault(#"{"accounts":[{"apiKey":"\#(key)","balances":{"USDC":1}}]}"#).contains("balances.USDC"))
        #expect(fault("{}") == "accounts: a list is missing")
    }

    @Test func `a recorded market is shifted to the start and ends`() async throws {
        let spot = SimulatedVenue(start: Timestamp(milliseconds: 0), crowd: .none).market("SOL_USDC")!
        let rows = (0..<3).map { index in
            CrowdRow(
                at: Timestamp(milliseconds: 1_000_000 + Int64(index) * 100), instrument: spot,
                bids: [Level(price: Price("99")!, quantity: Quantity("1")!)],
                asks: [
                    Level(
                        price: Price(raw: 9_900_000_000 + Int64(index + 1) * 1_000_000),
                        quantity: Quantity("1")!)
                ])
        }
        var configuration = VenueConfiguration()
        configuration.market = .recorded(CrowdFeed(rows))
        let caller = try VenueCaller(configuration)
        defer { caller.stop() }
        let listener = try caller.listen([
            ControlText(.subscribe, ["ticker.SOL_USDC", "bookTicker.SOL_USDC"]).bytes
        ])
        while !caller.server.isMarketOver { _ = await caller.call(.get, "/api/v1/ping") }
        let depth = Self.object(await caller.call(.get, "/api/v1/depth?symbol=SOL_USDC&limit=5").text)
        #expect((depth["asks"] as? [[String]])?.first?.first == "99.03")
        _ = listener
    }
}
