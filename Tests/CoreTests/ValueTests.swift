import Core
import Testing

@Suite struct `Decimal text` {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("1", 100_000_000), ("0.00000001", 1), ("-0.00000001", -1),
            ("007.5", 750_000_000),
            ("1e2", 10_000_000_000), ("1.5E-3", 150_000), ("2e+0", 200_000_000),
            ("1.100000000000", 110_000_000),
            ("0.0000000000000000000000000000000000000000000000", 0), ("0e999", 0),
        ] as [(String, Int128)])
    func `reads digits exactly`(text: String, raw: Int128) {
        #expect(DecimalText.parse(text, places: 8) == raw)
    }

    @Test(arguments: [
        "", "-", ".", ".5", "5.", "1.e5", "+1", "--1", "1-", "1e", "1e-", "1e+-5", "1e++5", "1e0001", "1.2.3",
        "1,5", " 1",
        "1 ", "0x10", "NaN", "inf", "1_000", "1e39", "１",
    ])
    func `refuses what is not a number or does not fit`(text: String) {
        #expect(DecimalText.parse(text, places: 8) == nil)
    }

    @Test func `refuses digits beyond the grid unless a rounding is named`() {
        #expect(DecimalText.parse("0.123456789", places: 8) == nil)
        #expect(DecimalText.parse("0.123456789", places: 8, rounding: .down) == 12_345_678)
        #expect(DecimalText.parse("0.123456789", places: 8, rounding: .up) == 12_345_679)
        #expect(DecimalText.parse("-0.123456789", places: 8, rounding: .down) == -12_345_679)
        #expect(DecimalText.parse("0.000000005", places: 8, rounding: .nearest) == 1)
        #expect(DecimalText.parse("0.000000005", places: 8, rounding: .nearestHalfDown) == 0)
        #expect(DecimalText.parse("1e-60", places: 8, rounding: .up) == 1)
        #expect(DecimalText.parse("-1e-60", places: 8, rounding: .down) == -1)
        #expect(DecimalText.parse("1e-60", places: 8, rounding: .nearest) == 0)
        #expect(DecimalText.parse("1e-60", places: 8) == nil)
    }

    @Test func `lets digits beyond the thirty-seventh still round`() {
        let tail = String(repeating: "0", count: 40) + "1"
        #expect(DecimalText.parse("1." + tail, places: 8, rounding: .up) == 100_000_001)
        #expect(DecimalText.parse("1." + tail, places: 8, rounding: .down) == 100_000_000)
        #expect(DecimalText.parse("-1." + tail, places: 8, rounding: .down) == -100_000_001)
        #expect(DecimalText.parse("0.000000005" + tail, places: 8, rounding: .nearestHalfDown) == 1)
    }

    @Test(
        arguments: [
            (0, 8, 0, "0"), (1, 8, 0, "0.00000001"), (-1, 8, 0, "-0.00000001"), (9_900_000_000, 8, 0, "99"),
            (9_890_000_000, 8, 0, "98.9"), (9_900_000_000, 8, 2, "99.00"), (5, 0, 2, "5"),
            (-150_000_000, 8, 0, "-1.5"),
        ] as [(Int128, Int, Int, String)])
    func `writes the shortest text`(raw: Int128, places: Int, padded: Int, text: String) {
        #expect(DecimalText.write(raw, places: places, padded: padded) == text)
    }

    @Test func `reads back what it wrote`() {
        let seed: UInt64 = 11
        print("seed \(seed)")
        var chance = Seeded(seed)
        for _ in 0..<2_000 {
            let raw = Int128(Int64(bitPattern: chance.next()) >> Int64(chance.int(0...60)))
            #expect(DecimalText.parse(DecimalText.write(raw, places: 8), places: 8) == raw)
        }
        for raw in [Int128.max, Int128.min + 1] {
            #expect(DecimalText.write(raw, places: 8).isEmpty == false)
        }
    }

    @Test func `does not fit a price beyond 64 bits`() {
        #expect(Price("92233720368.54775807")?.raw == Int64.max)
        #expect(Price("92233720368.54775808") == nil)
        #expect(Money("0.000000000001")?.raw == 1)
        #expect(Money("0.0000000000001") == nil)
    }
}

@Suite struct `Rounding of exact quotients` {
    @Test(
        arguments: [
            (7, 2, 3, 4, 4, 3), (-7, 2, -4, -3, -4, -3), (6, 2, 3, 3, 3, 3), (1, 3, 0, 1, 0, 0),
            (-1, 3, -1, 0, 0, 0),
            (2, 3, 0, 1, 1, 1), (0, 5, 0, 0, 0, 0),
        ] as [(Int128, Int128, Int128, Int128, Int128, Int128)])
    func `goes where its name says`(
        part: Int128, whole: Int128, down: Int128, up: Int128, nearest: Int128, half: Int128
    ) {
        #expect(quotient(part, by: whole, .down) == down)
        #expect(quotient(part, by: whole, .up) == up)
        #expect(quotient(part, by: whole, .nearest) == nearest)
        #expect(quotient(part, by: whole, .nearestHalfDown) == half)
    }

    @Test func `agrees with the plain way when the product fits and stays exact when it does not`() {
        for rounding in [Rounding.down, .up, .nearest, .nearestHalfDown] {
            for (a, b, c) in [(7, 3, 2), (-7, 3, 2), (7, -3, 4), (-7, -3, 6), (0, 3, 7)]
                as [(Int128, Int128, Int128)]
            {
                #expect(quotient(a, times: b, by: c, rounding) == quotient(a * b, by: c, rounding))
            }
        }
        let big = powerOfTen(38)
        #expect(quotient(big, times: big, by: big, .down) == big)
        #expect(quotient(-big, times: big + 1, by: big, .down) == -big - 1)
        #expect(quotient(big, times: 7, by: 3 * powerOfTen(30), .down) == 233_333_333)
        #expect(quotient(big, times: 7, by: 3 * powerOfTen(30), .up) == 233_333_334)
        #expect(quotient(-big, times: 7, by: 3 * powerOfTen(30), .down) == -233_333_334)
        #expect(quotient(-big, times: 7, by: 3 * powerOfTen(30), .up) == -233_333_333)
        #expect(quotient(big, times: 7, by: 4 * powerOfTen(37), .nearest) == 18)
        #expect(quotient(big, times: 7, by: 4 * powerOfTen(37), .nearestHalfDown) == 17)
        #expect(quotient(big, times: 5, by: powerOfTen(38), .nearest) == 5)
    }

    @Test func `stops the process on a divisor that is not positive`() async {
        await #expect(processExitsWith: .failure) { _ = quotient(1, by: 0, .down) }
    }

    @Test func `takes integer roots without a last digit too many`() {
        for value in [0, 1, 2, 3, 4, 15, 16, 17, 99, 100] as [Int128] {
            let root = Figures.squareRoot(value)
            #expect(root * root <= value && (root + 1) * (root + 1) > value)
        }
        let big = powerOfTen(38)
        #expect(Figures.squareRoot(big) == powerOfTen(19))
        #expect(Figures.squareRoot(big - 1) == powerOfTen(19) - 1)
    }

    @Test func `brings a value to its step`() {
        #expect(multiple(1_005, of: 10, .down) == 1_000)
        #expect(multiple(1_005, of: 10, .up) == 1_010)
        #expect(multiple(1_005, of: 10, .nearestHalfDown) == 1_000)
        #expect(multiple(-1_001, of: 10, .down) == -1_010)
    }
}

@Suite struct `A lookup` {
    @Test func `stores, changes and forgets`() {
        var table = Lookup<String, Int>()
        #expect(table.isEmpty && table["a"] == nil)
        table["b"] = 2
        table["a"] = 1
        table["a", default: 0] += 10
        table["c", default: 5] += 1
        #expect(table["a"] == 11 && table["c"] == 6 && table.count == 3)
        #expect(table.contains("b") && !table.contains("z"))
        #expect(table.remove("b") == 2 && table.remove("b") == nil)
        table["c"] = nil
        #expect(table.count == 1)
        table.removeAll()
        #expect(table.isEmpty)
    }

    @Test func `shows its keys only in order`() {
        var table = Lookup<Int, Int>()
        for key in [5, 3, 9, 1] { table[key] = key }
        #expect(table.sortedKeys == [1, 3, 5, 9])
    }
}

@Suite struct `A pair` {
    @Test func `trades the least common multiple of both lots`() {
        let pair = solPair(lot: "0.015")
        #expect(pair.commonLot == quantity("0.03"))
        #expect(pair.leastQuantity == quantity("0.03"))
        #expect(solPair(minimum: "0.05").leastQuantity == quantity("0.05"))
        #expect(solPair(lot: "0.02", minimum: "0.05").leastQuantity == quantity("0.06"))
    }
}
