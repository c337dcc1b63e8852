/// The read-only picture of one pair and direction that a script is shown in one turn: `o` in a script.
///
/// The numbers are made from rounded integers; they decide whether, never how much to the last digit.
public struct MarketView: Sendable {
    public var pair: String
    public var direction: Direction
    /// One number per `MarketField`, by its raw value.
    public private(set) var values: [Double]
    /// Whether the field is there; a field that is not reads as `nil` in a script.
    public private(set) var present: [Bool]
    /// Reading a field that is not there is an error instead of `nil`: a test of a script shows only what it
    /// speaks of.
    public var isStrict = false

    public init(pair: String, direction: Direction) {
        (self.pair, self.direction) = (pair, direction)
        values = Array(repeating: 0, count: MarketField.allCases.count)
        present = Array(repeating: false, count: MarketField.allCases.count)
    }

    public subscript(field: MarketField) -> Double? {
        get { present[field.rawValue] ? values[field.rawValue] : nil }
        set {
            values[field.rawValue] = newValue ?? 0
            present[field.rawValue] = newValue != nil
        }
    }
}

/// A held pair as a script sees it: `pos`.
public struct PositionView: Sendable {
    public var pair: String
    public var direction: Direction
    public var style: Style
    /// The version of the script that opened it.
    public var version: String
    /// Taken over from an earlier version or found at the venue.
    public var adopted: Bool
    /// One number per `PositionField`, by its raw value; all are always there, unless it is strict.
    public private(set) var values: [Double]
    /// Which fields a strict view holds, by raw value; empty where all are there.
    public private(set) var present: [Bool]
    /// Reading a field that was not set is an error: a test of a script shows only what it speaks of.
    public var isStrict: Bool { !present.isEmpty }

    public init(
        pair: String, direction: Direction, style: Style, version: String, adopted: Bool,
        isStrict: Bool = false
    ) {
        (self.pair, self.direction, self.style, self.version) = (pair, direction, style, version)
        self.adopted = adopted
        values = Array(repeating: 0, count: PositionField.allCases.count)
        present = isStrict ? Array(repeating: false, count: values.count) : []
    }

    public subscript(field: PositionField) -> Double {
        get { values[field.rawValue] }
        set {
            values[field.rawValue] = newValue
            if isStrict { present[field.rawValue] = true }
        }
    }
}
