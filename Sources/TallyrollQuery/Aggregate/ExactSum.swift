import TallyrollFormat

/// A sum of decimal numbers that loses nothing, whatever the order of the numbers: 128 bits at one scale while they
/// suffice, then every digit from 10^-405 to 10^423. What it takes beyond its own size is added to `bytes`.
struct ExactSum {
    private var small: Int128 = 0
    private var exponent: Int32 = 0
    private var wide: WideSum?

    /// Numbers that are added lie, with all their digits, within ten to the power of ± this.
    static let powerMax = 400

    @inline(__always)
    mutating func add(_ number: SmallDecimal, _ bytes: inout Int) {
        if number.exponent == exponent {
            let (sum, overflow) = small.addingReportingOverflow(Int128(number.mantissa))
            if !overflow {
                small = sum
                return
            }
        }
        addAligned(Int128(number.mantissa), number.exponent, &bytes)
    }

    mutating func add(_ number: ExactNumber, _ bytes: inout Int) {
        if let fitting = number.small { return add(fitting, &bytes) }
        widen(number, &bytes)
    }

    mutating func merge(_ other: ExactSum, _ bytes: inout Int) {
        if other.small != 0 { addAligned(other.small, other.exponent, &bytes) }
        guard let added = other.wide else { return }
        if wide == nil {
            wide = added
            bytes += WideSum.byteCount
        } else {
            wide?.merge(added)
        }
    }

    @inline(never)
    private mutating func addAligned(_ mantissa: Int128, _ power: Int32, _ bytes: inout Int) {
        guard mantissa != 0 else { return }
        if small == 0 {
            (small, exponent) = (mantissa, power)
            return
        }
        let scale = min(power, exponent)
        if let left = ExactSum.scaled(small, Int(exponent - scale)),
            let right = ExactSum.scaled(mantissa, Int(power - scale))
        {
            let (sum, overflow) = left.addingReportingOverflow(right)
            if !overflow {
                (small, exponent) = (sum, scale)
                return
            }
        }
        widen(ExactNumber(small, exponent: Int(exponent)), &bytes)
        (small, exponent) = (mantissa, power)
    }

    private mutating func widen(_ number: ExactNumber, _ bytes: inout Int) {
        if wide == nil {
            wide = WideSum()
            bytes += WideSum.byteCount
        }
        wide?.add(number)
    }

    private static func scaled(_ value: Int128, _ power: Int) -> Int128? {
        guard power <= 38 else { return nil }
        var value = value
        for _ in 0..<power {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = product
        }
        return value
    }

    var value: ExactNumber {
        guard var total = wide else { return ExactNumber(small, exponent: Int(exponent)) }
        total.add(ExactNumber(small, exponent: Int(exponent)))
        return total.value
    }

    /// Whether a number may be added.
    @inline(__always)
    static func accepts(_ number: SmallDecimal) -> Bool {
        UInt32(bitPattern: number.exponent &+ Int32(powerMax)) <= UInt32(2 * powerMax - 19)
            || accepts(ExactNumber(number))
    }

    static func accepts(_ number: ExactNumber) -> Bool {
        number.exponent >= -powerMax && number.magnitude <= powerMax
    }
}

/// A fixed-point sum in limbs of nine decimal digits, lowest first. A limb takes in what is added without carrying,
/// and carries are settled before they could overflow.
private struct WideSum {
    private static let base: Int64 = 1_000_000_000
    private static let limbDigits = 9
    /// The power of ten of the lowest digit.
    private static let lowest = -405
    private static let limbCount = 92
    private static let settledEvery = 1 << 30
    static let byteCount = limbCount * 8 + 48

    private var limbs = [Int64](repeating: 0, count: limbCount)
    private var unsettled = 0

    mutating func add(_ number: ExactNumber) {
        for (place, digit) in number.digits.enumerated() where digit > 0 {
            let position = number.magnitude - 1 - place - WideSum.lowest
            var value = Int64(digit)
            for _ in 0..<(position % WideSum.limbDigits) { value *= 10 }
            limbs[position / WideSum.limbDigits] += number.sign < 0 ? -value : value
        }
        count(1)
    }

    mutating func merge(_ other: WideSum) {
        if unsettled + other.unsettled >= WideSum.settledEvery { settle() }
        for place in limbs.indices { limbs[place] += other.limbs[place] }
        count(other.unsettled + 1)
    }

    private mutating func count(_ additions: Int) {
        unsettled += additions
        if unsettled >= WideSum.settledEvery { settle() }
    }

    /// Brings every limb but the highest into 0 ..< base.
    private mutating func settle() {
        var carry: Int64 = 0
        for place in limbs.indices.dropLast() {
            let sum = limbs[place] + carry
            let rest = sum % WideSum.base
            limbs[place] = rest < 0 ? rest + WideSum.base : rest
            carry = sum / WideSum.base - (rest < 0 ? 1 : 0)
        }
        limbs[limbs.count - 1] += carry
        unsettled = 1
    }

    var value: ExactNumber {
        var settled = self
        settled.settle()
        let isNegative = (settled.limbs.last ?? 0) < 0
        if isNegative {
            for place in settled.limbs.indices { settled.limbs[place] = -settled.limbs[place] }
            settled.settle()
        }
        var digits: [UInt8] = []
        for limb in settled.limbs {
            var rest = limb
            for _ in 0..<WideSum.limbDigits {
                digits.append(UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            }
        }
        return ExactNumber(sign: isNegative ? -1 : 1, digits: digits.reversed(), exponent: WideSum.lowest)
    }
}
