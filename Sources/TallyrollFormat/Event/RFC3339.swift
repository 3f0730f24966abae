/// Times as RFC 3339 text, both ways, in exact integer arithmetic.
package enum RFC3339 {
    static let nanosecondsPerSecond: Int64 = 1_000_000_000
    static let secondsPerDay: Int64 = 86_400

    /// The time that the whole of `text` says and how it was written. Faults carry positions in `text`.
    ///
    /// `t` and `z` are taken for `T` and `Z`. Leap seconds are refused: nanoseconds since 1970 have no place for
    /// them, and another time must not be stored in their stead. `-00:00` is kept as `+00:00`.
    @inline(__always)
    package static func parse(_ text: ByteView) throws(JSONFault) -> (
        nanoseconds: Int64, notation: TimeNotation
    ) {
        guard text.count >= 20, let seconds = secondsOfUTCShape(text) else { throw fault(text) }
        var index = 19
        var fraction: Int64 = 0
        var digits: UInt8 = 0
        if text[19] == UInt8(ascii: ".") {
            index = 20
            while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
                guard digits < 9 else { throw JSONFault(.timeFraction, at: index) }
                fraction = fraction * 10 + Int64(text[index] &- UInt8(ascii: "0"))
                digits += 1
                index += 1
            }
            guard digits > 0 else { throw JSONFault(.timeFraction, at: index) }
            fraction *= power(UInt8(9) - digits)
        }
        var zone = TimeNotation.utc
        if text.byteOrZero(index) | 0x20 == UInt8(ascii: "z") {
            index += 1
        } else {
            zone = try offset(text, at: index)
            index += 6
        }
        guard index == text.count else { throw JSONFault(.timeEnd, at: index) }
        let utc = zone == TimeNotation.utc ? seconds : seconds - Int64(zone) * 60
        // Below zero the fraction is added to a second further back, so that the product alone may not fit.
        let (whole, tooFar) = (utc < 0 && fraction > 0 ? utc + 1 : utc)
            .multipliedReportingOverflow(by: nanosecondsPerSecond)
        let rest = utc < 0 && fraction > 0 ? fraction - nanosecondsPerSecond : fraction
        let (nanoseconds, overflow) = whole.addingReportingOverflow(rest)
        guard !tooFar, !overflow else { throw JSONFault(.timeRange, at: 0) }
        return (nanoseconds, TimeNotation(digits: digits, zoneMinutes: zone))
    }

    /// The seconds since 1970 of `YYYY-MM-DDThh:mm:ss`, zone not looked at, or nil when the text is not that.
    @inline(__always)
    private static func secondsOfUTCShape(_ text: ByteView) -> Int64? {
        guard text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] | 0x20 == UInt8(ascii: "t"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":")
        else { return nil }
        let year = pair(text, 0) * 100 + pair(text, 2)
        let month = pair(text, 5)
        let day = pair(text, 8)
        let hour = pair(text, 11)
        let minute = pair(text, 14)
        let second = pair(text, 17)
        guard pair(text, 0) <= 99, pair(text, 2) <= 99, month >= 1, month <= 12, day >= 1,
            day <= 28 || day <= CivilDate.daysInMonth(year: year, month: month), hour <= 23, minute <= 59,
            second <= 59
        else { return nil }
        let days = CivilDate.days(year: year, month: month, day: day)
        return Int64(days) * secondsPerDay + Int64(hour * 3600 + minute * 60 + second)
    }

    /// The value of two digits, or more than 99 when they are not two.
    @inline(__always)
    private static func pair(_ text: ByteView, _ index: Int) -> Int {
        let high = text[index] &- UInt8(ascii: "0")
        let low = text[index + 1] &- UInt8(ascii: "0")
        return high < 10 && low < 10 ? Int(high) * 10 + Int(low) : 1_000
    }

    /// The minutes of `+hh:mm` or `-hh:mm`.
    private static func offset(_ text: ByteView, at index: Int) throws(JSONFault) -> Int16 {
        let sign = text.byteOrZero(index)
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), text.count - index >= 6,
            text[index + 3] == UInt8(ascii: ":")
        else { throw JSONFault(.timeZone, at: index) }
        let hours = pair(text, index + 1)
        let minutes = pair(text, index + 4)
        guard hours <= 23, minutes <= 59 else { throw JSONFault(.timeZone, at: index) }
        let value = Int16(hours * 60 + minutes)
        return sign == UInt8(ascii: "-") ? -value : value
    }

    /// What is wrong with a text that does not begin as a time does.
    @inline(never)
    private static func fault(_ text: ByteView) -> JSONFault {
        let shape = StaticString("0000-00-00T00:00:00")
        for index in 0..<shape.utf8CodeUnitCount {
            let wanted = shape.utf8Start[index]
            let byte = text.byteOrZero(index)
            let fits =
                wanted == UInt8(ascii: "0")
                ? byte &- UInt8(ascii: "0") < 10
                : byte == wanted || wanted == UInt8(ascii: "T") && byte == UInt8(ascii: "t")
            if !fits {
                let isLongYear = index == 4 && byte &- UInt8(ascii: "0") < 10
                return JSONFault(isLongYear ? .timeYear : .timeShape, at: index)
            }
        }
        guard text.count > 19 else { return JSONFault(.timeZone, at: 19) }
        let month = pair(text, 5)
        guard month >= 1, month <= 12 else { return JSONFault(.timeField, at: 5) }
        let day = pair(text, 8)
        let year = pair(text, 0) * 100 + pair(text, 2)
        guard day >= 1, day <= CivilDate.daysInMonth(year: year, month: month) else {
            return JSONFault(.timeField, at: 8)
        }
        if pair(text, 11) > 23 { return JSONFault(.timeField, at: 11) }
        if pair(text, 14) > 59 { return JSONFault(.timeField, at: 14) }
        return JSONFault(pair(text, 17) == 60 ? .timeLeapSecond : .timeField, at: 17)
    }

    /// Ten to the power of `exponent`, 0 to 9.
    @inline(__always)
    static func power(_ exponent: UInt8) -> Int64 {
        var value: Int64 = 1
        for _ in 0..<min(exponent, 9) { value *= 10 }
        return value
    }

    /// The longest text that `write` makes: `1677-09-21T00:12:43.145224192+00:00`.
    package static let longestText = 35

    /// Appends the time as text in the given notation. Digits that the notation leaves out are cut off.
    @inline(__always)
    package static func write(_ nanoseconds: Int64, _ notation: TimeNotation, into out: inout ByteWriter) {
        var seconds = nanoseconds / nanosecondsPerSecond
        var fraction = nanoseconds % nanosecondsPerSecond
        if fraction < 0 {
            fraction += nanosecondsPerSecond
            seconds -= 1
        }
        if notation.zoneMinutes != TimeNotation.utc { seconds += Int64(notation.zoneMinutes) * 60 }
        var days = seconds / secondsPerDay
        var second = Int(seconds % secondsPerDay)
        if second < 0 {
            second += Int(secondsPerDay)
            days -= 1
        }
        let date = CivilDate(days: Int(days))
        let pairs = TextPairs.self
        out.reserve(longestText)
        out.u32(pairs.digits(date.year / 100) | pairs.digits(date.year % 100) << 16)
        out.u64(
            UInt64(UInt8(ascii: "-")) | UInt64(pairs.digits(date.month)) << 8 | UInt64(UInt8(ascii: "-"))
                << 24
                | UInt64(pairs.digits(date.day)) << 32 | UInt64(UInt8(ascii: "T")) << 48)
        out.truncate(to: out.count - 1)
        out.u64(
            UInt64(pairs.digits(second / 3600)) | UInt64(UInt8(ascii: ":")) << 16
                | UInt64(pairs.digits(second / 60 % 60)) << 24 | UInt64(UInt8(ascii: ":")) << 40
                | UInt64(pairs.digits(second % 60)) << 48)
        if notation.digits > 0 {
            out.u8(UInt8(ascii: "."))
            var left = UInt32(truncatingIfNeeded: fraction)
            var divisor: UInt32 = 100_000_000
            for _ in 0..<min(notation.digits, 9) {
                out.u8(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: left / divisor))
                left %= divisor
                divisor /= 10
            }
        }
        if notation.zoneMinutes == TimeNotation.utc {
            out.u8(UInt8(ascii: "Z"))
        } else {
            let minutes = abs(Int(notation.zoneMinutes))
            out.u8(notation.zoneMinutes < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            out.u16(UInt16(truncatingIfNeeded: pairs.digits(minutes / 60 % 100)))
            out.u8(UInt8(ascii: ":"))
            out.u16(UInt16(truncatingIfNeeded: pairs.digits(minutes % 60)))
        }
    }
}

/// Numbers from 0 to 99 as two ASCII digits.
enum TextPairs {
    /// The first digit in the low byte, so that storing it little-endian writes them in order.
    @inline(__always)
    static func digits(_ value: Int) -> UInt32 {
        let tens = UInt32(truncatingIfNeeded: value / 10)
        let units = UInt32(truncatingIfNeeded: value % 10)
        return 0x3030 | tens & 0xF | (units & 0xF) << 8
    }
}
