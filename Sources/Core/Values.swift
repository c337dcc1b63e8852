/// Quote currency per unit of base, counted in 10⁻⁸. Negative only for a spread.
public struct Price: Hashable, Comparable, Sendable {
    public let raw: Int64
    public init(raw: Int64) { self.raw = raw }
    public static func < (a: Price, b: Price) -> Bool { a.raw < b.raw }
    public static func + (a: Price, b: Price) -> Price { Price(raw: a.raw + b.raw) }
    public static func - (a: Price, b: Price) -> Price { Price(raw: a.raw - b.raw) }
    public static let places = 8
}

/// An amount of base, counted in 10⁻⁸. Signed: negative is short or sold.
public struct Quantity: Hashable, Comparable, Sendable {
    public let raw: Int64
    public init(raw: Int64) { self.raw = raw }
    public static let zero = Quantity(raw: 0)
    public static func < (a: Quantity, b: Quantity) -> Bool { a.raw < b.raw }
    public static func + (a: Quantity, b: Quantity) -> Quantity { Quantity(raw: a.raw + b.raw) }
    public static func - (a: Quantity, b: Quantity) -> Quantity { Quantity(raw: a.raw - b.raw) }
    public static prefix func - (a: Quantity) -> Quantity { Quantity(raw: -a.raw) }
    public static func += (a: inout Quantity, b: Quantity) { a = a + b }
    public static func -= (a: inout Quantity, b: Quantity) { a = a - b }
    public var magnitude: Quantity { Quantity(raw: abs(raw)) }
    public static let places = 8
}

/// Price times quantity, exact, counted in 10⁻¹⁶ of the quote currency. Nothing is rounded here.
public struct Notional: Hashable, Comparable, Sendable {
    public let raw: Int128
    public init(raw: Int128) { self.raw = raw }
    public static let zero = Notional(raw: 0)
    public static func < (a: Notional, b: Notional) -> Bool { a.raw < b.raw }
    public static func + (a: Notional, b: Notional) -> Notional { Notional(raw: a.raw + b.raw) }
    public static func - (a: Notional, b: Notional) -> Notional { Notional(raw: a.raw - b.raw) }
    public static prefix func - (a: Notional) -> Notional { Notional(raw: -a.raw) }
    public static func += (a: inout Notional, b: Notional) { a = a + b }
    public var magnitude: Notional { raw < 0 ? Notional(raw: -raw) : self }
    /// To money, 10⁻¹²: exact when the last four digits are zero.
    public func rounded(_ rounding: Rounding) -> Money { Money(raw: quotient(raw, by: 10_000, rounding)) }
    /// To money against us when it is something to pay or to set aside.
    public func roundedUp() -> Money { rounded(.up) }
}

/// An amount of money, a fee or a balance of any asset, counted in 10⁻¹².
public struct Money: Hashable, Comparable, Sendable {
    public let raw: Int128
    public init(raw: Int128) { self.raw = raw }
    public static let zero = Money(raw: 0)
    public static func < (a: Money, b: Money) -> Bool { a.raw < b.raw }
    public static func + (a: Money, b: Money) -> Money { Money(raw: a.raw + b.raw) }
    public static func - (a: Money, b: Money) -> Money { Money(raw: a.raw - b.raw) }
    public static prefix func - (a: Money) -> Money { Money(raw: -a.raw) }
    public static func += (a: inout Money, b: Money) { a = a + b }
    public static func -= (a: inout Money, b: Money) { a = a - b }
    public var magnitude: Money { raw < 0 ? Money(raw: -raw) : self }
    public static let places = 12
    /// Whole units, for settings and tests: `Money(150)` is 150 USD.
    public init(_ whole: Int) { raw = Int128(whole) * 1_000_000_000_000 }
    public var notional: Notional { Notional(raw: raw * 10_000) }
}

/// Percent, counted in 10⁻⁸ of a percent: 0.40 % is 40 000 000. Fee rates are percent too: 10 bp is 0.10 %.
public struct Percent: Hashable, Comparable, Sendable {
    public let raw: Int64
    public init(raw: Int64) { self.raw = raw }
    public static let zero = Percent(raw: 0)
    public static func < (a: Percent, b: Percent) -> Bool { a.raw < b.raw }
    public static func + (a: Percent, b: Percent) -> Percent { Percent(raw: a.raw + b.raw) }
    public static func - (a: Percent, b: Percent) -> Percent { Percent(raw: a.raw - b.raw) }
    public static prefix func - (a: Percent) -> Percent { Percent(raw: -a.raw) }
    public static let places = 8
    /// One percent.
    public static let unit: Int64 = 100_000_000
}

/// What one side of a perp pays the other per interval, a fraction counted in 10⁻¹². Positive: longs pay
/// shorts.
public struct FundingRate: Hashable, Comparable, Sendable {
    public let raw: Int64
    public init(raw: Int64) { self.raw = raw }
    public static func < (a: FundingRate, b: FundingRate) -> Bool { a.raw < b.raw }
    public static let places = 12
}

/// A moment: microseconds since 1970-01-01 UTC.
public struct Timestamp: Hashable, Comparable, Sendable {
    public let microseconds: Int64
    public init(microseconds: Int64) { self.microseconds = microseconds }
    public init(milliseconds: Int64) { microseconds = milliseconds * 1000 }
    public var milliseconds: Int64 { microseconds / 1000 }
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }
    public static func - (a: Timestamp, b: Timestamp) -> TimeSpan {
        TimeSpan(microseconds: a.microseconds - b.microseconds)
    }
    public static func + (a: Timestamp, b: TimeSpan) -> Timestamp {
        Timestamp(microseconds: a.microseconds + b.microseconds)
    }
    public static func - (a: Timestamp, b: TimeSpan) -> Timestamp {
        Timestamp(microseconds: a.microseconds - b.microseconds)
    }
    /// Days since 1970: the UTC day of limits and reports.
    public var day: Int64 { microseconds.floorDivided(by: 86_400_000_000) }
}

/// A length of time in microseconds, signed.
public struct TimeSpan: Hashable, Comparable, Sendable {
    public let microseconds: Int64
    public init(microseconds: Int64) { self.microseconds = microseconds }
    public static func milliseconds(_ value: Int64) -> TimeSpan { TimeSpan(microseconds: value * 1000) }
    public static func seconds(_ value: Int64) -> TimeSpan { TimeSpan(microseconds: value * 1_000_000) }
    public static let zero = TimeSpan(microseconds: 0)
    public var milliseconds: Int64 { microseconds / 1000 }
    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.microseconds < b.microseconds }
    public static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan {
        TimeSpan(microseconds: a.microseconds + b.microseconds)
    }
}

extension Int64 {
    func floorDivided(by divisor: Int64) -> Int64 {
        let (whole, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? whole - 1 : whole
    }
}

/// The exact quote notional of `quantity` at `price`.
public func * (price: Price, quantity: Quantity) -> Notional {
    Notional(raw: Int128(price.raw) * Int128(quantity.raw))
}
