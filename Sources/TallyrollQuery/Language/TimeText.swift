/// Times as expressions write them: RFC 3339, or a date for its midnight in UTC.
enum TimeText {
    /// Why a text is no time, and how to write what was probably meant.
    struct Problem: Error {
        var found: String
        var suggestion: String?
    }

    static let secondsPerDay: Int64 = 86_400

    /// Nanoseconds since 1970 in UTC.
    static func parse(_ text: String) throws(Problem) -> Int64 {
        var digits = Digits(Array(text.utf8))
        guard let year = digits.number(4), digits.skip("-"), let month = digits.number(2), digits.skip("-"),
            let day = digits.number(2)
        else { throw Problem(found: "`\(shortened(text))`", suggestion: nil) }
        guard (1...12).contains(month) else { throw Problem(found: "month \(month)", suggestion: nil) }
        guard day >= 1, day <= daysIn(month: month, year: year) else {
            throw Problem(
                found: "day \(day) in a month of \(daysIn(month: month, year: year)) days", suggestion: nil)
        }
        var seconds = days(year: year, month: month, day: day) * secondsPerDay
        if digits.isAtEnd { return try nanoseconds(seconds, 0) }

        guard digits.skip("T") || digits.skip("t") || digits.skip(" ") else {
            throw Problem(found: "`\(shortened(text))`", suggestion: nil)
        }
        guard let hour = digits.number(2), digits.skip(":"), let minute = digits.number(2) else {
            throw Problem(found: "an incomplete time of day in `\(shortened(text))`", suggestion: nil)
        }
        guard digits.skip(":") else {
            throw Problem(found: "a time without seconds", suggestion: completed(text))
        }
        guard let second = digits.number(2) else {
            throw Problem(found: "an incomplete time of day in `\(shortened(text))`", suggestion: nil)
        }
        guard hour < 24, minute < 60, second <= 60 else {
            throw Problem(found: "time of day \(hour):\(minute):\(second)", suggestion: nil)
        }
        seconds += hour * 3600 + minute * 60 + second
        var fraction: Int64 = 0
        if digits.skip(".") {
            guard let value = digits.fraction() else {
                throw Problem(found: "a fraction that is not 1 to 9 digits", suggestion: nil)
            }
            fraction = value
        }
        if digits.isAtEnd {
            throw Problem(found: "a time without a zone", suggestion: "write `\(shortened(text))Z` for UTC")
        }
        if !(digits.skip("Z") || digits.skip("z")) {
            let sign: Int64 = digits.skip("+") ? -1 : digits.skip("-") ? 1 : 0
            guard sign != 0, let hours = digits.number(2), digits.skip(":"), let minutes = digits.number(2),
                hours < 24, minutes < 60
            else { throw Problem(found: "a zone that is neither Z nor like +01:00", suggestion: nil) }
            seconds += sign * (hours * 3600 + minutes * 60)
        }
        guard digits.isAtEnd else {
            throw Problem(found: "more text behind the time in `\(shortened(text))`", suggestion: nil)
        }
        return try nanoseconds(seconds, fraction)
    }

    /// The time in UTC with as many digits as it needs.
    static func format(_ nanoseconds: Int64) -> String {
        let fraction = floorModulo(nanoseconds, 1_000_000_000)
        let seconds = nanoseconds / 1_000_000_000 - (nanoseconds % 1_000_000_000 < 0 ? 1 : 0)
        return format(seconds: seconds, fraction: fraction)
    }

    private static func format(seconds: Int64, fraction: Int64) -> String {
        let ofDay = floorModulo(seconds, secondsPerDay)
        let (year, month, day) = civil(days: (seconds - ofDay) / secondsPerDay)
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        text += "T\(padded(ofDay / 3600, 2)):\(padded(ofDay / 60 % 60, 2)):\(padded(ofDay % 60, 2))"
        if fraction > 0 {
            var digits = padded(fraction, 9)
            while digits.last == "0" { digits.removeLast() }
            text += "." + digits
        }
        return text + "Z"
    }

    private static func nanoseconds(_ seconds: Int64, _ fraction: Int64) throws(Problem) -> Int64 {
        // Before 1970 the seconds are taken one up and the fraction one down, so that the product cannot overflow
        // for a time that itself fits.
        let (whole, part) =
            seconds < 0 && fraction > 0 ? (seconds + 1, fraction - 1_000_000_000) : (seconds, fraction)
        let (product, overflow) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowToo) = product.addingReportingOverflow(part)
        guard !overflow, !overflowToo else {
            throw Problem(found: "a time outside 1677-09-22 to 2262-04-11", suggestion: nil)
        }
        return sum
    }

    private static func completed(_ text: String) -> String {
        let isUTC = text.last == "Z" || text.last == "z"
        return "write `\(shortened(isUTC ? String(text.dropLast()) : text)):00Z`"
    }

    static func shortened(_ text: String) -> String {
        text.utf8.count <= 48 ? text : String(text.prefix(40)) + "…"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func floorModulo(_ a: Int64, _ b: Int64) -> Int64 {
        let rest = a % b
        return rest < 0 ? rest + b : rest
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01: years are counted from March, so that the leap day is a year's last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let sinceMarch = (month + 9) % 12
        let ofYear = (153 * sinceMarch + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + ofYear - 719_468
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let sinceEpoch = days + 719_468
        let era = (sinceEpoch - floorModulo(sinceEpoch, 146_097)) / 146_097
        let ofEra = floorModulo(sinceEpoch, 146_097)
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let sinceMarch = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * sinceMarch + 2) / 5 + 1
        let month = sinceMarch < 10 ? sinceMarch + 3 : sinceMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// Reads runs of digits front to back.
    private struct Digits {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
            position += 1
            return true
        }

        mutating func number(_ width: Int) -> Int64? {
            guard bytes.count - position >= width else { return nil }
            var value: Int64 = 0
            for byte in bytes[position..<position + width] {
                guard DurationText.isDigit(byte) else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            position += width
            return value
        }

        /// One to nine digits, as nanoseconds.
        mutating func fraction() -> Int64? {
            var value: Int64 = 0
            var count = 0
            while position < bytes.count, DurationText.isDigit(bytes[position]) {
                guard count < 9 else { return nil }
                value = value * 10 + Int64(bytes[position] - UInt8(ascii: "0"))
                count += 1
                position += 1
            }
            guard count > 0 else { return nil }
            for _ in count..<9 { value *= 10 }
            return value
        }
    }
}
