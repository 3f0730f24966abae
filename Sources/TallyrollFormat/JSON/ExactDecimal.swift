/// The shape of a JSON number's text: enough to compare two numbers by their exact decimal values, digit by digit,
/// without rounding and without allocating. Exponents beyond ±10^15 count as ±10^15.
package struct ExactDecimal: Sendable {
    /// Where the significant digits begin and end in the text; a decimal point may lie between them.
    private let start: Int
    private let end: Int
    /// The value lies in [0.1, 1) times ten to the power of this.
    private let magnitude: Int
    /// -1, 0 or 1.
    private let sign: Int

    private static let exponentLimit = 1_000_000_000_000_000

    /// The number that the text is, by the grammar of JSON, or nil when it is none.
    package init?(_ text: ByteView) {
        var position = 0
        let negative = text.count > 0 && text[0] == UInt8(ascii: "-")
        if negative { position = 1 }
        let wholeStart = position
        position = ExactDecimal.skipDigits(text, position)
        let wholeDigits = position - wholeStart
        guard wholeDigits > 0, wholeDigits == 1 || text[wholeStart] != UInt8(ascii: "0") else { return nil }
        if position < text.count, text[position] == UInt8(ascii: ".") {
            let fractionStart = position + 1
            position = ExactDecimal.skipDigits(text, fractionStart)
            guard position > fractionStart else { return nil }
        }
        let digitsEnd = position
        var exponent = 0
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            guard let value = ExactDecimal.exponent(text, &position) else { return nil }
            exponent = value
        }
        guard position == text.count else { return nil }

        var first = wholeStart
        while first < digitsEnd, text[first] == UInt8(ascii: "0") || text[first] == UInt8(ascii: ".") {
            first += 1
        }
        start = first
        end = digitsEnd
        sign = first == digitsEnd ? 0 : negative ? -1 : 1
        let wholeEnd = wholeStart + wholeDigits
        magnitude = exponent + (first < wholeEnd ? wholeEnd - first : wholeEnd + 1 - first)
    }

    /// Negative, zero or positive, as this number lies below, at or above the other.
    package func compare(_ text: ByteView, to other: ExactDecimal, _ otherText: ByteView) -> Int {
        if sign != other.sign { return sign - other.sign }
        if sign == 0 { return 0 }
        if magnitude != other.magnitude { return magnitude < other.magnitude ? -sign : sign }
        var a = start
        var b = other.start
        while a < end || b < other.end {
            if a < end, text[a] == UInt8(ascii: ".") { a += 1 }
            if b < other.end, otherText[b] == UInt8(ascii: ".") { b += 1 }
            let left = a < end ? text[a] : UInt8(ascii: "0")
            let right = b < other.end ? otherText[b] : UInt8(ascii: "0")
            if left != right { return left < right ? -sign : sign }
            a += 1
            b += 1
        }
        return 0
    }

    /// The same for texts of the same value: `5`, `5.0` and `50e-1`.
    package func hash(_ text: ByteView) -> UInt64 {
        guard sign != 0 else { return 0 }
        var hash = FilterKey.mix(UInt64(bitPattern: Int64(magnitude)) &+ (sign < 0 ? 1 << 63 : 0))
        var zeros = 0
        for position in start..<end where text[position] != UInt8(ascii: ".") {
            // Zeros count only before another digit.
            if text[position] == UInt8(ascii: "0") {
                zeros += 1
                continue
            }
            while zeros > 0 {
                hash = (hash ^ UInt64(UInt8(ascii: "0"))) &* 0x0000_0100_0000_01B3
                zeros -= 1
            }
            hash = (hash ^ UInt64(text[position])) &* 0x0000_0100_0000_01B3
        }
        return FilterKey.mix(hash)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func skipDigits(_ text: ByteView, _ from: Int) -> Int {
        var position = from
        while position < text.count, isDigit(text[position]) { position += 1 }
        return position
    }

    private static func exponent(_ text: ByteView, _ position: inout Int) -> Int? {
        position += 1
        var negative = false
        if position < text.count, text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+") {
            negative = text[position] == UInt8(ascii: "-")
            position += 1
        }
        let digits = position
        var value = 0
        while position < text.count, isDigit(text[position]) {
            value = min(value * 10 + Int(text[position] - UInt8(ascii: "0")), exponentLimit)
            position += 1
        }
        guard position > digits else { return nil }
        return negative ? -value : value
    }
}
