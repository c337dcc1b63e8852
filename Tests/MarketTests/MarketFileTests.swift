import Core
import Foundation
import Testing

@testable import Market

private func rows(_ path: String) throws -> [MarketRow] {
    var file = try MarketFile(path)
    var rows: [MarketRow] = []
    while let row = try file.next() { rows.append(row) }
    return rows
}

private let header = "ts_us,symbol,bid,bid_qty,ask,ask_qty\n"

@Suite final class `A market file` {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/neap-market-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func file(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
        return folder + "/" + name
    }

    private func fault(_ name: String, _ text: String) throws -> MarketFault? {
        let path = try file(name, text)
        do throws(MarketFault) {
            _ = try MarketFile.survey(path)
            return nil
        } catch { return error }
    }

    @Test func `of tops is read with its symbols turned to USDC`() throws {
        let path = try file(
            "x.csv", header + "1,SOL_USDT,1.5,2,1.6,3\r\n\n2,SOL_USDT_PERP,1.51,2,1.61,0.123456789")
        let read = try rows(path)
        #expect(read.map(\.symbol) == ["SOL_USDC", "SOL_USDC_PERP"])
        #expect(read[0].bids == [Level(price: Price("1.5")!, quantity: Quantity("2")!)])
        #expect(read[1].asks[0].quantity == Quantity("0.12345678"))
        #expect(try MarketFile.survey(path).rows == 2)
    }

    @Test func `knows its columns by name, in any order and with more beside`() throws {
        let path = try file("x.csv", "ask,ask_qty,more,bid_qty,bid,symbol,ts_us\n2,1,?,1,1,A_USDC,7\n")
        #expect(try rows(path)[0].bids[0].price == Price("1"))
    }

    @Test func `of ten levels is read whole, missing levels left out`() throws {
        let names = (1...10).map { "bid\($0)_px,bid\($0)_qty" } + (1...10).map { "ask\($0)_px,ask\($0)_qty" }
        let bids = (1...10).map { $0 == 10 ? "," : "\(100 - $0),1" }
        let asks = (1...10).map { "\(100 + $0),1" }
        let path = try file(
            "x.csv",
            "ts_us,symbol," + names.joined(separator: ",") + "\n1,A_USDC,"
                + (bids + asks).joined(separator: ",") + "\n")
        let row = try #require(try rows(path).first)
        #expect(row.bids.count == 9)
        #expect(row.asks.count == 10)
    }

    @Test func `of bars shows each bar at its end and never before`() throws {
        let text =
            "ts_us,spot_open,spot_high,spot_low,spot_close,spot_volume,perp_open,perp_high,perp_low,perp_close,perp_volume\n"
            + "1000000,1,9,1,100,500,1,9,1,101,600\n"
        let read = try rows(try file("venue_sol_5m_2025.csv", text))
        #expect(read.map(\.symbol) == ["SOL_USDC", "SOL_USDC_PERP"])
        #expect(read.allSatisfy { $0.at == Timestamp(microseconds: 301_000_000) })
        #expect(read[0].bids[0] == Level(price: Price("99.98")!, quantity: Quantity("5")!))
        #expect(read[0].asks[0].price == Price("100.02"))
        #expect(try fault("bars.csv", text)?.message.contains("name") == true)
        #expect(try MarketFile.survey(file("hl_sol_1m.csv", text)).assumption != nil)
    }

    @Test(
        arguments: [
            ("", nil, nil, "empty"), ("a,b\n", 1, nil, "ts_us"),
            ("ts_us,symbol,bid,bid_qty,ask\n", 1, nil, "ask_qty"), (header, nil, nil, "no row"),
            (header + "1,A_USDC,1,1,2\n", 2, nil, "5 columns"), (header + "x,A_USDC,1,1,2,1\n", 2, 1, "time"),
            (header + "1,A_USDC,1,1,2,1\n1,AUSDC,1,1,2,1\n", 3, 2, "symbol"),
            (header + "1,A_EUR,1,1,2,1\n", 2, 2, "symbol"), (header + "1,A_USDC,nan,1,2,1\n", 2, 3, "number"),
            (header + "1,A_USDC,1,-1,2,1\n", 2, 4, "number"),
            (header + "1,A_USDC,0,1,2,1\n", 2, 3, "above zero"),
            (header + "2,A_USDC,1,1,2,1\n1,A_USDC,1,1,2,1\n", 3, 1, "order of time"),
            ("BPQUOTE1....", nil, nil, "binary"), ("{\"ts\":1}\n", nil, nil, "raw frames"),
        ] as [(String, Int?, Int?, String)])
    func `that does not parse is named by line and column`(
        text: String, line: Int?, column: Int?, words: String
    ) throws {
        let fault = try #require(try fault("x_sol_5m.csv", text))
        #expect(fault.line == line)
        #expect(fault.column == column)
        #expect(fault.message.contains(words), "\(fault)")
    }

    @Test func `leaves crossed rows out and counts them`() throws {
        let path = try file("x.csv", header + "1,A_USDC,3,1,2,1\n2,A_USDC,1,1,2,1\n")
        let survey = try MarketFile.survey(path)
        #expect(survey.rows == 1)
        #expect(survey.crossed == 1)
    }

    @Test func `that is missing, a folder or a cut gzip is refused`() throws {
        #expect(throws: MarketFault.self) { try MarketFile.survey("/nowhere/x.csv") }
        #expect(throws: MarketFault.self) { try MarketFile.survey("/tmp") }
        let shared =
            URL(filePath: #filePath).deletingLastPathComponent().path
            + "/../../../shared/data/ticks/binance_eth_20240808_bbo.csv.gz"
        guard let whole = FileManager.default.contents(atPath: shared) else {
            print("skipped: the recorded markets are not here")
            return
        }
        let path = try file("cut.csv.gz", "")
        try whole.prefix(whole.count / 2).write(to: URL(filePath: path))
        #expect(throws: MarketFault.self) { try MarketFile.survey(path) }
        #expect(try MarketFile.survey(shared).rows == 77_785)
    }
}
