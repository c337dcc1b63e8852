import Core

/// Decimal text of the wire as fixed-point integers, without a detour over `String`.
enum DecimalBytes {
    /// The number as a count of 10⁻⁸; `nil` when it is no number, has digits beyond the eighth or does not
    /// fit.
    static func fixed8(_ text: JSONBytes) -> Int64? {
        quick(text) ?? DecimalText.parse(text.buffer, places: 8).flatMap { Int64(exactly: $0) }
    }

    /// Handles up to 18 digits with at most eight after the point, which is everything a sane market sends.
    private static func quick(_ text: JSONBytes) -> Int64? {
        guard text.count > 0, text.count <= 19 else { return nil }
        let base = text.base
        let negative = base[0] == UInt8(ascii: "-")
        var index = negative ? 1 : 0, value: Int64 = 0, digits = 0, fraction = -1
        while index < text.count {
            let byte = base[index]
            if byte >= 0x30 && byte <= 0x39 {
                value = value * 10 + Int64(byte - 0x30)
                digits += 1
                if fraction >= 0 { fraction += 1 }
            } else if byte == UInt8(ascii: "."), fraction < 0, digits > 0 {
                fraction = 0
            } else {
                return nil
            }
            index += 1
        }
        guard digits > 0, digits <= 18, fraction != 0, fraction <= 8 else { return nil }
        let (scaled, overflow) = value.multipliedReportingOverflow(by: scale[8 - max(fraction, 0)])
        return overflow ? nil : (negative ? -scaled : scaled)
    }

    private static let scale: [Int64] = [
        1, 10, 100, 1000, 10000, 100_000, 1_000_000, 10_000_000, 100_000_000,
    ]

    /// Number of digits after the point that a grid of this step needs: 2 for 0.01, 0 for 1 and 10.
    static func places(of step: Int64) -> Int {
        var rest = step, places = 8
        while places > 0, rest % 10 == 0 {
            rest /= 10
            places -= 1
        }
        return places
    }
}

/// Times as the venue's history writes them: `2026-09-02T16:58:11.197`, no zone, UTC.
public enum CalendarText {
    /// Microseconds since 1970; digits beyond the sixth of a second are cut. A blank or `T` between, an
    /// optional `Z`.
    public static func parse(_ text: some Collection<UInt8>) -> Timestamp? {
        var fields: [Int64] = [], value: Int64 = 0, digits = 0, fraction: Int64 = 0, fractionDigits = 0
        for (place, byte) in text.enumerated() {
            switch byte {
            case 0x30...0x39:
                if fields.count == 6 {
                    if fractionDigits < 6 { fraction = fraction * 10 + Int64(byte - 0x30) }
                    fractionDigits = min(fractionDigits + 1, 6)
                } else {
                    value = value * 10 + Int64(byte - 0x30)
                    digits += 1
                    if digits > 4 { return nil }
                }
            case UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "T"), UInt8(ascii: " "),
                UInt8(ascii: "."):
                guard digits > 0, fields.count < 6 else { return nil }
                fields.append(value)
                (value, digits) = (0, 0)
            case UInt8(ascii: "Z") where place == text.count - 1: break
            default: return nil
            }
        }
        if fields.count == 5, digits > 0 { fields.append(value) }
        guard fields.count == 6, (1...12).contains(fields[1]), (1...31).contains(fields[2]), fields[3] < 24,
            fields[4] < 60, fields[5] < 61
        else { return nil }
        while fractionDigits < 6 {
            fraction *= 10
            fractionDigits += 1
        }
        let seconds =
            days(fields[0], fields[1], fields[2]) * 86400 + fields[3] * 3600 + fields[4] * 60 + fields[5]
        return Timestamp(microseconds: seconds * 1_000_000 + fraction)
    }

    /// `2026-09-02T16:58:11.197`: milliseconds only when they are not zero.
    public static func write(_ time: Timestamp) -> String {
        let day = time.day
        let inDay = time.microseconds - day * 86_400_000_000
        let (year, month, date) = civil(day)
        let seconds = inDay / 1_000_000, millis = inDay / 1000 % 1000
        let clock = "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        let fraction = millis == 0 ? "" : "." + String(String(1000 + millis).dropFirst())
        return "\(year)-\(two(month))-\(two(date))T\(clock)\(fraction)"
    }

    private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// Days since 1970-01-01 of a Gregorian date; years count from March so that the leap day comes last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = y / 400, ofEra = y - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let z = days + 719_468
        let era = z / 146_097, ofEra = z - era * 146_097
        let years = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * years + years / 4 - years / 100)
        let m = (5 * ofYear + 2) / 153
        let month = m < 10 ? m + 3 : m - 9
        return (years + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * m + 2) / 5 + 1)
    }
}
