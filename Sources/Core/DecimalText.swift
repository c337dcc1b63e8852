/// Reads and writes decimal numbers as text, digit by digit; no binary fraction is ever in between.
public enum DecimalText {
    /// Reads `-?digits[.digits][e±digits]` as a count of 10^−`places`.
    ///
    /// - Parameter rounding: how digits beyond `places` are brought to the grid; `nil` refuses them unless
    ///   zero.
    /// - Returns: `nil` when the text is not such a number, has digits beyond the grid and no rounding is
    ///   named, or does not fit 128 bits.
    public static func parse(
        _ text: some Sequence<UInt8>, places: Int, rounding: Rounding? = nil
    ) -> Int128? {
        var reader = DecimalReader()
        for byte in text where !reader.take(byte) { return nil }
        return reader.value(places: places, rounding: rounding)
    }

    public static func parse(_ text: String, places: Int, rounding: Rounding? = nil) -> Int128? {
        parse(text.utf8, places: places, rounding: rounding)
    }

    /// `raw · 10^−places` as the shortest decimal text with at least `padded` digits after the point: `99`,
    /// `98.9`, `99.00`.
    public static func write(_ raw: Int128, places: Int, padded: Int = 0) -> String {
        let scale = powerOfTen(places)
        let magnitude = raw.magnitude
        let whole = magnitude / UInt128(scale)
        var fraction = String(magnitude % UInt128(scale))
        if fraction.utf8.count < places {
            fraction = String(repeating: "0", count: places - fraction.utf8.count) + fraction
        }
        if places == 0 { fraction = "" }
        while fraction.utf8.count > padded, fraction.utf8.last == 0x30 { fraction.removeLast() }
        let sign = raw < 0 ? "-" : ""
        return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
    }
}

/// Collects the digits of one number. At most 37 significant digits are kept exactly; further ones only
/// round.
struct DecimalReader {
    private var negative = false, started = false, digits = 0, pointSeen = false, exponentSeen = false
    private var exponentNegative = false, exponentSigned = false, exponent = 0, exponentDigits = 0
    private var mantissa: UInt128 = 0, mantissaDigits = 0, fractionDigits = 0, droppedNonZero = false,
        dropped = 0

    /// Takes the next byte; `false` means the text is not a number.
    mutating func take(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-") where !started: negative = true
        case UInt8(ascii: "-") where exponentSeen && exponentDigits == 0 && !exponentSigned:
            (exponentNegative, exponentSigned) = (true, true)
        case UInt8(ascii: "+") where exponentSeen && exponentDigits == 0 && !exponentSigned:
            exponentSigned = true
        case UInt8(ascii: ".") where !pointSeen && !exponentSeen && digits > 0: pointSeen = true
        case UInt8(ascii: "e") where !exponentSeen && digits > 0,
            UInt8(ascii: "E") where !exponentSeen && digits > 0:
            exponentSeen = true
        case 0x30...0x39: return takeDigit(byte - 0x30)
        default: return false
        }
        started = true
        return true
    }

    private mutating func takeDigit(_ digit: UInt8) -> Bool {
        started = true
        if exponentSeen {
            exponentDigits += 1
            exponent = exponent * 10 + Int(digit)
            return exponentDigits <= 3
        }
        digits += 1
        if pointSeen { fractionDigits += 1 }
        if mantissaDigits >= 37 {
            dropped += 1
            if digit != 0 { droppedNonZero = true }
            return digits <= 256
        }
        mantissa = mantissa * 10 + UInt128(digit)
        if mantissa != 0 { mantissaDigits += 1 }
        return digits <= 256
    }

    /// The number as a count of 10^−`places`.
    func value(places: Int, rounding: Rounding?) -> Int128? {
        guard digits > 0, !(pointSeen && fractionDigits == 0), !(exponentSeen && exponentDigits == 0) else {
            return nil
        }
        let shift = places - fractionDigits + dropped + (exponentNegative ? -exponent : exponent)
        let signed = negative ? -Int128(mantissa) : Int128(mantissa)
        if mantissa == 0 && !droppedNonZero { return 0 }
        if shift >= 0 {
            guard shift <= 38, !droppedNonZero else { return nil }
            let (product, overflow) = signed.multipliedReportingOverflow(by: powerOfTen(shift))
            return overflow ? nil : product
        }
        if -shift > 38 { return rounding == nil ? nil : tiny(rounding) }
        let divisor = powerOfTen(-shift)
        let rest = signed % divisor
        if rest == 0 && !droppedNonZero { return signed / divisor }
        guard let rounding else { return nil }
        return droppedNonZero ? sticky(signed, divisor, rounding) : quotient(signed, by: divisor, rounding)
    }

    /// The quotient when digits were dropped that are not all zero: the true value lies a little further from
    /// zero.
    private func sticky(_ signed: Int128, _ divisor: Int128, _ rounding: Rounding) -> Int128 {
        let whole = signed / divisor, rest = (signed % divisor).magnitude
        let half = rest >= divisor.magnitude - rest
        switch rounding {
        case .down: return negative ? whole - 1 : whole
        case .up: return negative ? whole : whole + 1
        case .nearest, .nearestHalfDown: return half ? whole + (negative ? -1 : 1) : whole
        }
    }

    private func tiny(_ rounding: Rounding?) -> Int128 {
        switch rounding {
        case .up: negative ? 0 : 1
        case .down: negative ? -1 : 0
        case .nearest, .nearestHalfDown, nil: 0
        }
    }
}
