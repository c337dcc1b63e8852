import Core
import Testing

@testable import LuaBridge

/// SplitMix64: the same values for the same seed, on every machine.
private struct Chance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

@Suite struct `What a script keeps, as bytes` {
    private static let seeds: [UInt64] = [1, 20, 300, 4_000, UInt64.random(in: 0...UInt64.max)]

    private static let numbers: [Double] = [
        0, -0.0, 1.5, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 1e308, 0.1,
    ]

    private func scalar(_ chance: inout Chance) -> PlainValue {
        switch chance.below(6) {
        case 0: .flag(chance.below(2) == 0)
        case 1: .integer(Int64(bitPattern: chance.next() >> UInt64(chance.below(64))))
        case 2: .integer([.min, .max, 0, -1].randomElement(using: &chance)!)
        case 3: .number(Self.numbers.randomElement(using: &chance)!)
        case 4: .number(Double(bitPattern: chance.next()))
        default: .text(text(&chance))
        }
    }

    private func text(_ chance: inout Chance) -> String {
        String(
            (0..<chance.below(12)).map { _ in
                ["a", "ü", "\0", "\n", "\"", "z", "0"].randomElement(using: &chance)!
            }
            .joined())
    }

    /// Keys as the C layer orders them: numbers ascending, then texts by their bytes.
    private func value(_ chance: inout Chance, depth: Int) -> PlainValue {
        guard depth > 0, chance.below(3) > 0 else { return scalar(&chance) }
        var whole = Set<Int64>(), texts = Set<String>()
        for _ in 0..<chance.below(5) { whole.insert(Int64(chance.below(100) - 50)) }
        for _ in 0..<chance.below(5) { texts.insert(text(&chance)) }
        let ordered = texts.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        let keys = whole.sorted().map { PlainValue.integer($0) } + ordered.map { PlainValue.text($0) }
        return .table(keys.map { (key: $0, value: value(&chance, depth: depth - 1)) })
    }

    private func keeper() throws -> Script { try scoring("return 0.5, 1", keys: "state = {}") }

    @Test(arguments: seeds)
    func `comes back as it was, through Swift and through Lua`(seed: UInt64) throws {
        var chance = Chance(state: seed)
        let script = try keeper()
        for round in 0..<300 {
            // A state is a table, whatever is in it.
            let inner = value(&chance, depth: chance.below(8))
            let value = PlainValue.table([(key: .integer(1), value: inner)])
            let bytes = value.encoded
            #expect(PlainValue(encoded: bytes)?.encoded == bytes, "seed \(seed), round \(round)")
            // Only what passes a bound may be refused, and then with a reason.
            do throws(StrategyFault) {
                try script.restore(state: bytes)
                #expect(try script.state() == bytes, "seed \(seed), round \(round): \(value)")
            } catch {
                #expect(
                    error.message.contains("more than") || error.message.contains("too deep"),
                    "seed \(seed): \(error)")
            }
        }
        #expect(script.score(view()) == .wish(confidence: 0.5, usd: 1))
    }

    @Test(arguments: seeds)
    func `may be damaged in any way and is refused or read, never followed into the unknown`(seed: UInt64)
        throws
    {
        var chance = Chance(state: seed)
        let script = try keeper()
        let marks = Array("ztfFids{".utf8)
        for round in 0..<1500 {
            var bytes: [UInt8]
            if round % 3 == 0 {
                bytes = (0..<chance.below(80)).map { _ in
                    chance.below(2) == 0 ? marks[chance.below(marks.count)] : UInt8(chance.below(256))
                }
            } else {
                bytes = value(&chance, depth: 5).encoded
                for _ in 0...chance.below(3) where !bytes.isEmpty {
                    let place = chance.below(bytes.count)
                    switch chance.below(4) {
                    case 0: bytes[place] = UInt8(chance.below(256))
                    case 1: bytes[place] = marks[chance.below(marks.count)]
                    case 2: bytes.removeSubrange(place...)
                    default: bytes.insert(contentsOf: bytes[..<place], at: place)
                    }
                }
            }
            let swift = PlainValue(encoded: bytes)
            do throws(StrategyFault) {
                try script.restore(state: bytes)
                // What Lua takes it gives back in a form that both read.
                let kept = try script.state()
                #expect(swift != nil && PlainValue(encoded: kept) != nil, "seed \(seed), round \(round)")
            } catch {
                #expect(!error.message.isEmpty && !error.isFatal, "seed \(seed), round \(round): \(error)")
            }
        }
        try script.restore(state: PlainValue.table([]).encoded)
        #expect(script.score(view()) == .wish(confidence: 0.5, usd: 1))
    }

    @Test func `claims of endless lengths are refused at once`() throws {
        let script = try keeper()
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        let claims: [[UInt8]] = [
            Array("s".utf8) + huge, Array("{".utf8) + huge, Array("{".utf8) + huge + Array("zz".utf8), [],
            Array("{".utf8) + [1, 0, 0, 0] + Array("zt".utf8), Array("F".utf8),
            Array(repeating: UInt8(ascii: "{"), count: 4000),
            (0..<4000).reduce(into: []) { bytes, _ in
                bytes += Array("{".utf8) + [1, 0, 0, 0, UInt8(ascii: "t")]
            },
        ]
        for bytes in claims {
            #expect(throws: StrategyFault.self, "\(bytes.prefix(8))") { try script.restore(state: bytes) }
        }
        #expect(script.score(view()) == .wish(confidence: 0.5, usd: 1))
    }
}
