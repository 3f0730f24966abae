/// A decimal number in fixed point, with 450 digits on both sides: slow, and obviously right.
struct PlainNumber: Comparable {
    private static let base = 1_000_000_000
    private static let limbs = 100
    private static let fractionDigits = 450

    private var isNegative = false
    /// Nine digits each, lowest first.
    private var limbs = [Int](repeating: 0, count: PlainNumber.limbs)

    static let zero = PlainNumber()

    private init() {}

    init(_ integer: Int64) { self.init("\(integer)") }

    /// The number that JSON text is; it must be one, within reach.
    init(_ text: String) {
        var rest = Substring(text)
        isNegative = rest.hasPrefix("-")
        if isNegative { rest = rest.dropFirst() }
        let parts = rest.split(whereSeparator: { $0 == "e" || $0 == "E" })
        let exponent = parts.count == 2 ? Int(parts[1].drop { $0 == "+" }) ?? 0 : 0
        let halves = parts[0].split(separator: ".")
        let fraction = halves.count == 2 ? String(halves[1]) : ""
        let digits = Array((String(halves[0]) + fraction).utf8.map { Int($0) - 48 })
        for (place, digit) in digits.reversed().enumerated() where digit != 0 {
            setDigit(digit, at: place + exponent - fraction.count + PlainNumber.fractionDigits)
        }
        if limbs.allSatisfy({ $0 == 0 }) { isNegative = false }
    }

    private mutating func setDigit(_ digit: Int, at place: Int) {
        var value = digit
        for _ in 0..<(place % 9) { value *= 10 }
        limbs[place / 9] += value
    }

    private static func isBelow(_ a: [Int], _ b: [Int]) -> Bool {
        a.reversed().lexicographicallyPrecedes(b.reversed())
    }

    static func < (left: PlainNumber, right: PlainNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? isBelow(right.limbs, left.limbs) : isBelow(left.limbs, right.limbs)
    }

    static func + (left: PlainNumber, right: PlainNumber) -> PlainNumber {
        var result = PlainNumber()
        var carry = 0
        if left.isNegative == right.isNegative {
            result.isNegative = left.isNegative
            for place in result.limbs.indices {
                let sum = left.limbs[place] + right.limbs[place] + carry
                result.limbs[place] = sum % base
                carry = sum / base
            }
        } else {
            let (large, small) = isBelow(left.limbs, right.limbs) ? (right, left) : (left, right)
            result.isNegative = large.isNegative
            for place in result.limbs.indices {
                let difference = large.limbs[place] - small.limbs[place] - carry
                result.limbs[place] = difference < 0 ? difference + base : difference
                carry = difference < 0 ? 1 : 0
            }
        }
        if result.limbs.allSatisfy({ $0 == 0 }) { result.isNegative = false }
        return result
    }

    /// A quotient, rounded half to even: to so many significant digits, or to a whole number.
    func divided(by divisor: Int, significantDigits: Int?) -> PlainNumber {
        var quotient = [Int](repeating: 0, count: limbs.count)
        var rest = 0
        for place in limbs.indices.reversed() {
            let value = rest * PlainNumber.base + limbs[place]
            quotient[place] = value / divisor
            rest = value % divisor
        }
        var digits: [Int] = []
        for limb in quotient {
            var value = limb
            for _ in 0..<9 {
                digits.append(value % 10)
                value /= 10
            }
        }
        let highest = digits.lastIndex { $0 != 0 } ?? 0
        let cut = significantDigits.map { highest + 1 - $0 } ?? PlainNumber.fractionDigits
        if cut > 0 {
            let below = digits[..<(cut - 1)].contains { $0 != 0 } || rest > 0
            let omitted = digits[cut - 1]
            for place in 0..<cut { digits[place] = 0 }
            if omitted > 5 || omitted == 5 && (below || digits[cut] % 2 == 1) {
                var place = cut
                while digits[place] == 9 {
                    digits[place] = 0
                    place += 1
                }
                digits[place] += 1
            }
        }
        var result = PlainNumber()
        for (place, digit) in digits.enumerated() where digit != 0 { result.setDigit(digit, at: place) }
        result.isNegative = isNegative && digits.contains { $0 != 0 }
        return result
    }

    /// The number without an exponent.
    var text: String {
        var digits = ""
        for limb in limbs.reversed() {
            let part = "\(limb)"
            digits += String(repeating: "0", count: 9 - part.count) + part
        }
        let split = digits.index(digits.endIndex, offsetBy: -PlainNumber.fractionDigits)
        let whole = digits[..<split].drop { $0 == "0" }
        var fraction = digits[split...]
        while fraction.last == "0" { fraction.removeLast() }
        return (isNegative ? "-" : "") + (whole.isEmpty ? "0" : whole)
            + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
