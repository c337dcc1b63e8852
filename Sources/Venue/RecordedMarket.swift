import Core
import Market
import Simulator
import Synchronization

/// A recorded market that the embedded exchange plays, out of one file or several at once.
public struct RecordedMarket: Sendable {
    public let feed: CrowdFeed
    /// Bases of which both legs are in the files and listed, in order.
    public let bases: [String]
    /// What a person should know: legs that are missing, rows left out, what was assumed.
    public let remarks: [String]

    /// Reads every file from end to end first: one that has a fault changes nothing.
    public static func open(_ paths: [String]) throws(MarketFault) -> RecordedMarket {
        var symbols: Set<String> = []
        var remarks: [String] = []
        for path in paths {
            let survey = try MarketFile.survey(path)
            symbols.formUnion(survey.symbols)
            if survey.crossed > 0 { remarks.append("\(path): \(survey.crossed) crossed rows are left out") }
            if let assumption = survey.assumption { remarks.append("\(path): \(assumption)") }
        }
        let listed = MarketFigures.all.enumerated().filter { $0.element.instrument(InstrumentID(0)) != nil }
        let places = listed.reduce(into: [String: InstrumentID]()) {
            $0[$1.element.symbol] = InstrumentID($1.offset)
        }
        let bases = symbols.filter { !$0.hasSuffix("_PERP") }.map { String($0.dropLast(5)) }.sorted()
        let whole = bases.filter {
            symbols.contains("\($0)_USDC_PERP") && places["\($0)_USDC"] != nil
                && places["\($0)_USDC_PERP"] != nil
        }
        let rest = symbols.filter { symbol in
            !whole.contains { symbol == "\($0)_USDC" || symbol == "\($0)_USDC_PERP" }
        }
        if !rest.isEmpty {
            remarks.append(
                "not traded, a leg is missing or not listed: \(rest.sorted().joined(separator: ", "))")
        }
        guard !whole.isEmpty else {
            throw MarketFault(
                paths.joined(separator: ", "), "no pair has both legs in it; a spot and a perp are needed")
        }
        let wanted = whole.reduce(into: [String: InstrumentID]()) {
            for symbol in ["\($1)_USDC", "\($1)_USDC_PERP"] { $0[symbol] = places[symbol] }
        }
        var merged = MergedRows(files: [])
        for path in paths { merged.add(try MarketFile(path)) }
        let source = Mutex(Unshared(merged))
        let feed = CrowdFeed { most in
            source.withLock { source in
                var rows: [CrowdRow] = []
                while rows.count < most, let row = source.rows.next() {
                    guard let id = wanted[row.symbol] else { continue }
                    rows.append(CrowdRow(at: row.at, instrument: id, bids: row.bids, asks: row.asks))
                }
                return rows
            }
        }
        return RecordedMarket(feed: feed, bases: whole, remarks: remarks)
    }
}

/// Under the lock only.
private struct Unshared: @unchecked Sendable {
    var rows: MergedRows
    init(_ rows: MergedRows) { self.rows = rows }
}

/// The rows of several files in order of time; of one moment, in the order of the files.
private struct MergedRows {
    var files: [(file: MarketFile, head: MarketRow)]

    mutating func add(_ file: MarketFile) {
        var file = file
        if let head = Self.head(&file) { files.append((file, head)) }
    }

    mutating func next() -> MarketRow? {
        guard let place = files.indices.min(by: { files[$0].head.at < files[$1].head.at }) else { return nil }
        let row = files[place].head
        if let head = Self.head(&files[place].file) {
            files[place].head = head
        } else {
            files.remove(at: place)
        }
        return row
    }

    /// The survey has read every row: a fault now is a file that changed underneath, and ends it.
    private static func head(_ file: inout MarketFile) -> MarketRow? {
        do throws(MarketFault) { return try file.next() } catch { return nil }
    }
}
