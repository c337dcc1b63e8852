import Core

/// What the venue lists, in order of symbol: the place of an instrument in it is its id.
public struct Catalogue: Sendable {
    /// Ascending by symbol; `instruments[i].id.index == i`.
    public let instruments: [Instrument]
    /// Markets left out, each with its reason: `BONK_USDC: tick 0.000000001 …`.
    public let skipped: [String]
    private var index: SymbolIndex

    /// Orders the instruments by symbol and numbers them anew. A symbol that stands twice is kept once.
    public init(_ listed: [Instrument], skipped: [String] = []) {
        var kept: [Instrument] = []
        for row in listed.sorted(by: { $0.symbol < $1.symbol }) where kept.last?.symbol != row.symbol {
            kept.append(row.numbered(InstrumentID(kept.count)))
        }
        (instruments, self.skipped) = (kept, skipped)
        index = SymbolIndex(kept.map(\.symbol))
    }

    /// From the body of `GET /api/v1/markets`. Spot and perps quoted in USDC; what does not fit 10⁻⁸ is
    /// skipped and named.
    /// - Throws: when the body is no list at all; a single bad row is skipped and named.
    public init(marketsBody: [UInt8]) throws(FrameFault) {
        var parser = JSONParser(bytesMax: JSONParser.replyBytesMax)
        let rows = try parser.read(marketsBody) { root throws(FrameFault) in try MarketRows(root) }
        self.init(rows.instruments, skipped: rows.skipped)
    }

    public subscript(id: InstrumentID) -> Instrument { instruments[id.index] }
    public func id(_ symbol: String) -> InstrumentID? {
        var copy = symbol
        return copy.withUTF8 { index.find($0.baseAddress, $0.count) }.map(InstrumentID.init)
    }
    public func instrument(_ symbol: String) -> Instrument? { id(symbol).map { instruments[$0.index] } }
    func id(_ symbol: JSONBytes) -> InstrumentID? {
        index.find(symbol.base, symbol.count).map(InstrumentID.init)
    }

    /// The spot market and the perp of each base, in the given order, numbered from 0; and why the others
    /// have none.
    public func pairs(_ bases: [String]) -> PairSelection {
        var selection = PairSelection(pairs: [], refused: [])
        for base in bases {
            let spot = id("\(base)_USDC"), perp = id("\(base)_USDC_PERP")
            if selection.pairs.contains(where: { $0.base.symbol == base }) {
                selection.refused.append(PairRefusal(base: base, reason: "named twice"))
            } else if let reason = refusal(base, spot, perp) {
                selection.refused.append(PairRefusal(base: base, reason: reason))
            } else if let spot, let perp {
                selection.pairs.append(
                    Pair(id: PairID(selection.pairs.count), spot: self[spot], perp: self[perp]))
            }
        }
        return selection
    }

    private func refusal(_ base: String, _ spot: InstrumentID?, _ perp: InstrumentID?) -> String? {
        if base.isEmpty { return "no name" }
        if perp == nil, id("k\(base)_USDC_PERP") != nil {
            return "its perp k\(base)_USDC_PERP counts thousands; factor contracts are not paired"
        }
        guard let spot else { return skipReason("\(base)_USDC") ?? "the venue lists no \(base)_USDC" }
        guard let perp else {
            return skipReason("\(base)_USDC_PERP") ?? "the venue lists no \(base)_USDC_PERP"
        }
        guard self[spot].kind == .spot, self[perp].kind == .perp, self[spot].base == self[perp].base else {
            return "its markets are not a spot market and a perp of one base"
        }
        let a = self[spot].lotSize.raw, b = self[perp].lotSize.raw
        return max(a, b) > 1_000_000_000_000_000 ? "its lots \(a) and \(b) are out of range" : nil
    }

    private func skipReason(_ symbol: String) -> String? { skipped.first { $0.hasPrefix("\(symbol): ") } }
}

/// What came of the configured bases.
public struct PairSelection: Sendable, Equatable {
    public var pairs: [Pair]
    public var refused: [PairRefusal]
}

public struct PairRefusal: Sendable, Equatable {
    public let base: String, reason: String
}

extension Instrument {
    func numbered(_ id: InstrumentID) -> Instrument {
        Instrument(
            id: id, symbol: symbol, kind: kind, base: base, quote: quote, tickSize: tickSize,
            lotSize: lotSize,
            minQuantity: minQuantity, fundingInterval: fundingInterval, initialMargin: initialMargin,
            maintenanceMargin: maintenanceMargin, state: state, bounds: bounds)
    }
}

/// Symbol bytes to a number, by open addressing: no text is made to look one up.
struct SymbolIndex: Sendable {
    private let slots: [Int32]
    private let symbols: [[UInt8]]

    init(_ names: [String]) {
        symbols = names.map { Array($0.utf8) }
        var size = 16
        while size < symbols.count * 4 { size *= 2 }
        var slots = [Int32](repeating: -1, count: size)
        for (number, symbol) in symbols.enumerated() {
            var slot =
                symbol.withUnsafeBufferPointer { SymbolIndex.hash($0.baseAddress, $0.count) } & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int32(number)
        }
        self.slots = slots
    }

    func find(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int? {
        var slot = SymbolIndex.hash(bytes, count) & (slots.count - 1)
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if let bytes, SymbolIndex.equal(symbols[number], bytes, count) { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func equal(_ symbol: [UInt8], _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard symbol.count == count else { return false }
        for i in 0..<count where symbol[i] != bytes[i] { return false }
        return true
    }

    private static func hash(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int {
        guard let bytes else { return 0 }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for i in 0..<count {
            hash = (hash ^ UInt64(bytes[i])).multipliedFullWidth(by: 0x100_0000_01b3).low
        }
        return Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0x7FFF_FFFF)
    }
}
