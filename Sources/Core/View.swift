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
    /// One number per `PositionField`, by its raw value; all are always there.
    public private(set) var values: [Double]

    public init(pair: String, direction: Direction, style: Style, version: String, adopted: Bool) {
        (self.pair, self.direction, self.style, self.version) = (pair, direction, style, version)
        self.adopted = adopted
        values = Array(repeating: 0, count: PositionField.allCases.count)
    }

    public subscript(field: PositionField) -> Double {
        get { values[field.rawValue] }
        set { values[field.rawValue] = newValue }
    }
}
