import TallyrollFormat

/// A decimal number with all its digits: nothing was rounded through binary floating point.
public struct ExactNumber: Sendable, Hashable {
    /// -1, 0 or 1.
    let sign: Int
    /// From 0 to 9, without zeros at either end; none for zero.
    let digits: [UInt8]
    /// The digits, read as a whole number, count in units of ten to the power of this.
    let exponent: Int

    static let zero = ExactNumber(sign: 0, digits: [], exponent: 0)
    private static let exponentLimit = 1_000_000_000_000_000

    /// Takes the zeros at both ends away.
    init(sign: Int, digits: some Collection<UInt8>, exponent: Int) {
        let kept = digits.drop { $0 == 0 }
        var end = Array(kept)
        while end.last == 0 { end.removeLast() }
        self.sign = end.isEmpty ? 0 : sign
        self.digits = end
        self.exponent = end.isEmpty ? 0 : exponent + kept.count - end.count
    }

    /// `mantissa × 10^exponent`.
    package init(_ mantissa: Int128, exponent: Int) {
        var digits: [UInt8] = []
        var rest = mantissa.magnitude
        while rest > 0 {
            digits.append(UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        self.init(sign: mantissa.signum() < 0 ? -1 : 1, digits: digits.reversed(), exponent: exponent)
    }

    init(_ small: SmallDecimal) { self.init(Int128(small.mantissa), exponent: Int(small.exponent)) }

    /// The number that the text is by the grammar of JSON, or nil when it is none. Exponents beyond ±10¹⁵ count as ±10¹⁵.
    init?(json text: ByteView) {
        guard ExactDecimal(text) != nil else { return nil }
        var digits: [UInt8] = []
        var exponent = 0
        var position = text[0] == UInt8(ascii: "-") ? 1 : 0
        var isFraction = false
        while position < text.count, text[position] | 0x20 != UInt8(ascii: "e") {
            if text[position] == UInt8(ascii: ".") {
                isFraction = true
            } else {
                digits.append(text[position] - UInt8(ascii: "0"))
                if isFraction { exponent -= 1 }
            }
            position += 1
        }
        if position < text.count {
            let isNegative = text[position + 1] == UInt8(ascii: "-")
            var written = 0
            for place in (position + 1)..<text.count where DurationText.isDigit(text[place]) {
                written = min(
                    written * 10 + Int(text[place] - UInt8(ascii: "0")), ExactNumber.exponentLimit)
            }
            exponent += isNegative ? -written : written
        }
        self.init(sign: text[0] == UInt8(ascii: "-") ? -1 : 1, digits: digits, exponent: exponent)
    }

    /// The value lies in [0.1, 1) times ten to the power of this.
    var magnitude: Int { exponent + digits.count }

    /// The nearest binary number; infinite beyond the range of those.
    public var doubleValue: Double { Double(description) ?? 0 }

    /// The same number, if its digits fit 64 bits.
    var small: SmallDecimal? {
        guard digits.count <= 19, abs(exponent) <= SmallDecimal.exponentMax else { return nil }
        let value = digits.reduce(Int128(0)) { $0 * 10 + Int128($1) } * Int128(sign)
        return Int64(exactly: value).map { SmallDecimal(mantissa: $0, exponent: Int32(exponent)) }
    }

    /// What is left of it without the digits behind the point; at most 38 digits.
    var wholePart: Int128 {
        guard magnitude <= 38 else { return sign < 0 ? .min : .max }
        var value: Int128 = 0
        for place in 0..<max(magnitude, 0) {
            value = value * 10 + (place < digits.count ? Int128(digits[place]) : 0)
        }
        return sign < 0 ? -value : value
    }

    /// What its digits take in memory.
    var byteCount: Int { digits.count + 64 }
}

extension ExactNumber: Comparable {
    /// By value.
    public static func < (left: ExactNumber, right: ExactNumber) -> Bool {
        if left.sign != right.sign { return left.sign < right.sign }
        if left.sign == 0 { return false }
        let (low, high) = left.sign > 0 ? (left, right) : (right, left)
        if low.magnitude != high.magnitude { return low.magnitude < high.magnitude }
        return low.digits.lexicographicallyPrecedes(high.digits)
    }
}

extension ExactNumber: CustomStringConvertible {
    /// A number by the grammar of JSON: with an exponent when it would otherwise be long with zeros.
    public var description: String {
        guard sign != 0 else { return "0" }
        var text = sign < 0 ? "-" : ""
        let all = String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        if exponent >= 0, magnitude <= 40 {
            text += all + String(repeating: "0", count: exponent)
        } else if magnitude > 0, exponent < 0 {
            text += all.prefix(magnitude) + "." + all.dropFirst(magnitude)
        } else if magnitude <= 0, magnitude > -6 {
            text += "0." + String(repeating: "0", count: -magnitude) + all
        } else {
            text += all.prefix(1)
            if digits.count > 1 { text += "." + all.dropFirst() }
            text += "e\(magnitude - 1)"
        }
        return text
    }
}

extension ExactNumber {
    /// A quotient, rounded half to even: to so many significant digits, or where the digits below ten to the power of
    /// `lowest` begin, whichever comes first.
    func divided(by divisor: Int, significantDigits: Int = .max, lowest: Int = .min) -> ExactNumber {
        guard divisor > 0, sign != 0 else { return .zero }
        let divisor = UInt128(divisor)
        var quotient: [UInt8] = []
        var rest: UInt128 = 0
        var next = 0
        func step() -> UInt8 {
            rest = rest * 10 + (next < digits.count ? UInt128(digits[next]) : 0)
            next += 1
            defer { rest %= divisor }
            return UInt8(truncatingIfNeeded: rest / divisor)
        }
        var place = magnitude
        while quotient.count < significantDigits, place > lowest, next < digits.count || rest > 0 {
            let digit = step()
            place -= 1
            if digit > 0 || !quotient.isEmpty { quotient.append(digit) }
        }
        if place < lowest { return .zero }
        let omitted = step()
        let isMore = rest > 0 || next < digits.count
        let isOdd = (quotient.last ?? 0) % 2 == 1
        if omitted > 5 || omitted == 5 && (isMore || isOdd) { ExactNumber.increment(&quotient) }
        return ExactNumber(sign: sign, digits: quotient, exponent: place)
    }

    /// Adds one to the last digit.
    private static func increment(_ digits: inout [UInt8]) {
        var place = digits.count - 1
        while place >= 0, digits[place] == 9 {
            digits[place] = 0
            place -= 1
        }
        if place >= 0 { digits[place] += 1 } else { digits.insert(1, at: 0) }
    }

    /// The number of so many significant digits that is nearest to a binary number.
    init(_ value: Double, significantDigits: Int) {
        let text = "\(value)"
        let exact = text.withView { ExactNumber(json: $0) } ?? .zero
        self = exact.divided(by: 1, significantDigits: significantDigits)
    }
}
