import Core

/// A recorded market: tops of book, ten levels, or bars of both legs, as CSV with a header row, plain or gzip
/// (DESIGN 8 a–c).
///
/// Which of them it is, its header says. Symbols quoted in USDT stand for the USDC markets of the same base.
public struct MarketFile {
    private enum Layout {
        case tops(time: Int, symbol: Int, bid: [Int], ask: [Int])
        /// Columns of the closes and volumes.
        case bars(time: Int, base: String, length: TimeSpan, spot: (Int, Int), perp: (Int, Int))
    }

    public let path: String
    private let lines: TextLines
    private let layout: Layout
    private let columns: Int
    private var last: Timestamp?
    private var queued: [MarketRow] = []
    /// Rows left out because they were crossed.
    public private(set) var crossed = 0

    /// Half of what stands between bid and ask of a bar, percent of its close.
    public static let barHalfSpread = Percent(raw: 2_000_000)
    /// The part of a bar's volume that stands at the touch.
    static let barShare: Int64 = 100

    /// - Throws: when it cannot be opened, or its header is none of the three.
    public init(_ path: String) throws(MarketFault) {
        self.path = path
        lines = try TextLines(path)
        guard let header = try lines.next() else { throw MarketFault(path, "is empty") }
        if header.starts(with: Array("BPQUOTE1".utf8)) {
            throw MarketFault(path, "binary quotes are not read yet; give tops, depth10 or bars as CSV")
        }
        if header.first == UInt8(ascii: "{") {
            throw MarketFault(path, "raw frames are not read yet; give tops, depth10 or bars as CSV")
        }
        var names = header.split(separator: 44, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if let first = names.first, first.hasPrefix("\u{FEFF}") {
            names[0] = String(first.unicodeScalars.dropFirst())
        }
        columns = names.count
        layout = try Self.layout(path, names)
    }

    private static func layout(_ path: String, _ names: [String]) throws(MarketFault) -> Layout {
        func place(_ name: String) throws(MarketFault) -> Int {
            guard let place = names.firstIndex(of: name) else {
                throw MarketFault(
                    path, line: 1,
                    "column \(name) is missing; known are tops (ts_us,symbol,bid,bid_qty,ask,ask_qty), "
                        + "depth10 (bid1_px,bid1_qty…) and bars (spot_close,perp_close…)")
            }
            return place
        }
        let time = try place("ts_us")
        if names.contains("spot_close") {
            let (base, length) = try barName(path)
            return .bars(
                time: time, base: base, length: length,
                spot: (try place("spot_close"), try place("spot_volume")),
                perp: (try place("perp_close"), try place("perp_volume")))
        }
        let symbol = try place("symbol")
        if names.contains("bid1_px") {
            var bid: [Int] = [], ask: [Int] = []
            for level in 1...10 {
                bid += [try place("bid\(level)_px"), try place("bid\(level)_qty")]
                ask += [try place("ask\(level)_px"), try place("ask\(level)_qty")]
            }
            return .tops(time: time, symbol: symbol, bid: bid, ask: ask)
        }
        return .tops(
            time: time, symbol: symbol, bid: [try place("bid"), try place("bid_qty")],
            ask: [try place("ask"), try place("ask_qty")])
    }

    /// A file of bars says base and length in its name alone: `binance_sol_5m_2025h1.csv.gz`.
    private static func barName(_ path: String) throws(MarketFault) -> (String, TimeSpan) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let parts = name.split { $0 == "_" || $0 == "." }.map(String.init)
        for (index, part) in parts.enumerated() where index > 0 {
            guard let unit = part.last, let count = Int64(part.dropLast()), count > 0, count <= 1440 else {
                continue
            }
            let seconds: Int64? = unit == "m" ? 60 : unit == "h" ? 3600 : nil
            guard let seconds else { continue }
            // The base stands before the length, with a venue in between at most.
            let base =
                parts[index - 1] == "hl" || parts[index - 1] == "gate" ? parts[index - 2] : parts[index - 1]
            return (base.uppercased(), .seconds(count * seconds))
        }
        throw MarketFault(
            path, "the name of a file of bars says base and length, such as binance_sol_5m.csv.gz")
    }

    /// Reads a whole file and throws its first fault: nothing is played of a file that has one.
    public static func survey(_ path: String) throws(MarketFault) -> MarketSurvey {
        var file = try MarketFile(path)
        var survey = MarketSurvey()
        while let row = try file.next() {
            survey.rows += 1
            if survey.first == nil { survey.first = row.at }
            survey.last = row.at
            if !survey.symbols.contains(row.symbol) { survey.symbols.append(row.symbol) }
        }
        survey.crossed = file.crossed
        survey.symbols.sort()
        if case .bars = file.layout {
            survey.assumption =
                "bars are shown at their end, \(barHalfSpread) % to each side of the close, "
                + "with one part in \(barShare) of the volume"
        }
        guard survey.rows > 0 else { throw MarketFault(path, "has no row that can be used") }
        return survey
    }

    /// The next row; `nil` at the end.
    /// - Throws: the line and column that cannot be read.
    public mutating func next() throws(MarketFault) -> MarketRow? {
        if !queued.isEmpty { return queued.removeFirst() }
        while let line = try lines.next() {
            if line.isEmpty { continue }
            let cells = line.split(separator: 44, omittingEmptySubsequences: false)
            guard cells.count == columns else {
                throw fault(nil, "has \(cells.count) columns, the header \(columns)")
            }
            switch layout {
            case .tops(let time, let symbol, let bid, let ask):
                let row = MarketRow(
                    at: try moment(cells, time), symbol: try Self.symbol(cells, symbol, self),
                    bids: try levels(cells, bid, .down), asks: try levels(cells, ask, .up))
                if isUsable(row) { return row }
                crossed += 1
            case .bars(let time, let base, let length, let spot, let perp):
                // Before its end a bar is the future.
                let at = try moment(cells, time) + length
                queued = [try bar(cells, perp, at, "\(base)_USDC_PERP")]
                return try bar(cells, spot, at, "\(base)_USDC")
            }
        }
        return nil
    }

    private func isUsable(_ row: MarketRow) -> Bool {
        guard let bid = row.bids.map(\.price).max(), let ask = row.asks.map(\.price).min() else {
            return true
        }
        return bid < ask
    }

    // MARK: Cells

    private typealias Cell = ArraySlice<UInt8>

    private mutating func moment(_ cells: [Cell], _ column: Int) throws(MarketFault) -> Timestamp {
        guard let raw = DecimalText.parse(cells[column], places: 0), raw > 0, raw < 1 << 62 else {
            throw fault(column, "\"\(text(cells[column]))\" is no time in microseconds")
        }
        let at = Timestamp(microseconds: Int64(raw))
        if let last, at < last { throw fault(column, "the rows are not in order of time") }
        last = at
        return at
    }

    private static func symbol(
        _ cells: [Cell], _ column: Int, _ file: MarketFile
    ) throws(MarketFault) -> String {
        let parts = cells[column].split(separator: 95).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 2 || (parts.count == 3 && parts[2] == "PERP"),
            parts[1] == "USDT" || parts[1] == "USDC"
        else {
            throw file.fault(
                column, "\"\(file.text(cells[column]))\" is no symbol such as SOL_USDC or SOL_USDT_PERP")
        }
        return "\(parts[0])_USDC" + (parts.count == 3 ? "_PERP" : "")
    }

    /// Pairs of price and quantity; a level without either is none.
    private func levels(
        _ cells: [Cell], _ columns: [Int], _ rounding: Rounding
    ) throws(MarketFault) -> [Level] {
        var levels: [Level] = []
        for place in stride(from: 0, to: columns.count, by: 2) {
            if cells[columns[place]].isEmpty, cells[columns[place + 1]].isEmpty { continue }
            let price = try number(cells, columns[place], rounding)
            let quantity = try number(cells, columns[place + 1], .down)
            guard quantity > 0 else { continue }
            guard price > 0 else { throw fault(columns[place], "a price must be above zero") }
            levels.append(Level(price: Price(raw: price), quantity: Quantity(raw: quantity)))
        }
        return levels
    }

    private func number(_ cells: [Cell], _ column: Int, _ rounding: Rounding) throws(MarketFault) -> Int64 {
        guard let raw = DecimalText.parse(cells[column], places: 8, rounding: rounding), raw >= 0,
            raw < 1 << 60
        else { throw fault(column, "\"\(text(cells[column]))\" is no number of at least 0") }
        return Int64(raw)
    }

    private func bar(
        _ cells: [Cell], _ columns: (Int, Int), _ at: Timestamp, _ symbol: String
    ) throws(MarketFault) -> MarketRow {
        let close = try number(cells, columns.0, .nearest)
        guard close > 0 else { throw fault(columns.0, "a price must be above zero") }
        let volume = Quantity(raw: try number(cells, columns.1, .down) / Self.barShare)
        let half = Int64(
            quotient(Int128(close) * Int128(Self.barHalfSpread.raw), by: 10_000_000_000, .up))
        return MarketRow(
            at: at, symbol: symbol, bids: [Level(price: Price(raw: close - half), quantity: volume)],
            asks: [Level(price: Price(raw: close + half), quantity: volume)])
    }

    private func text(_ cell: Cell) -> String { String(decoding: cell.prefix(40), as: UTF8.self) }

    private func fault(_ column: Int?, _ message: String) -> MarketFault {
        MarketFault(path, line: lines.number, column: column.map { $0 + 1 }, message)
    }
}
