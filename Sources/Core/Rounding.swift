/// The direction in which an exact value is brought to a coarser grid. Named at every use, never implied.
public enum Rounding: Sendable {
    /// Toward −∞: what helps us.
    case down
    /// Toward +∞: what costs us.
    case up
    /// To the nearest, halves away from zero: statistics.
    case nearest
    /// To the nearest, halves toward zero: quantities (FORMULAS E1).
    case nearestHalfDown
}

/// `numerator / denominator`, rounded as named.
/// - Precondition: `denominator` is positive.
public func quotient(_ numerator: Int128, by denominator: Int128, _ rounding: Rounding) -> Int128 {
    precondition(denominator > 0, "a divisor is positive")
    let (whole, rest) = numerator.quotientAndRemainder(dividingBy: denominator)
    if rest == 0 { return whole }
    let magnitude = rest < 0 ? -rest : rest
    let sign: Int128 = numerator < 0 ? -1 : 1
    switch rounding {
    case .down: return rest < 0 ? whole - 1 : whole
    case .up: return rest > 0 ? whole + 1 : whole
    case .nearest: return magnitude >= denominator - magnitude ? whole + sign : whole
    case .nearestHalfDown: return magnitude > denominator - magnitude ? whole + sign : whole
    }
}

/// `a · b / denominator`, rounded as named, with the product kept whole in 256 bits.
/// - Precondition: `denominator` is positive and the result fits 128 bits.
public func quotient(_ a: Int128, times b: Int128, by denominator: Int128, _ rounding: Rounding) -> Int128 {
    precondition(denominator > 0, "a divisor is positive")
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    if !overflow { return quotient(product, by: denominator, rounding) }
    let divisor = denominator.magnitude
    let (high, low) = a.magnitude.multipliedFullWidth(by: b.magnitude)
    precondition(high < divisor, "a quotient fits 128 bits")
    let (whole, rest) = divisor.dividingFullWidth((high, low))
    let negative = (a < 0) != (b < 0)
    let away =
        switch rounding {
        case .down: negative && rest > 0
        case .up: !negative && rest > 0
        case .nearest: rest >= divisor - rest && rest > 0
        case .nearestHalfDown: rest > divisor - rest
        }
    let magnitude = Int128(whole + (away ? 1 : 0))
    return negative ? -magnitude : magnitude
}

/// `value` brought to a multiple of `step`.
/// - Precondition: `step` is positive.
public func multiple(_ value: Int64, of step: Int64, _ rounding: Rounding) -> Int64 {
    Int64(quotient(Int128(value), by: Int128(step), rounding)) * step
}

/// Ten to the power of `exponent`, 0…38.
public func powerOfTen(_ exponent: Int) -> Int128 {
    precondition(exponent >= 0 && exponent <= 38, "a power of ten fits 128 bits")
    var result: Int128 = 1
    for _ in 0..<exponent { result *= 10 }
    return result
}
