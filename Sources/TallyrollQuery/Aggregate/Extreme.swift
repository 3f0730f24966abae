import TallyrollFormat

/// The smallest, or the largest, of the numbers that it met. What it takes beyond its own size is added to `bytes`.
struct Extreme {
    private var small: SmallDecimal?
    /// Holds the extreme when it does not fit `small`.
    private var wide: ExactNumber?

    @inline(__always)
    mutating func add(_ number: SmallDecimal, wantsLargest: Bool) {
        if wide == nil, let known = small {
            if known.exponent == number.exponent {
                if wantsLargest ? number.mantissa > known.mantissa : number.mantissa < known.mantissa {
                    small = number
                }
                return
            }
            let order = number.compare(to: known)
            if wantsLargest ? order > 0 : order < 0 { small = number }
            return
        }
        addFirst(number, wantsLargest: wantsLargest)
    }

    @inline(never)
    private mutating func addFirst(_ number: SmallDecimal, wantsLargest: Bool) {
        guard let known = wide else {
            small = number
            return
        }
        let exact = ExactNumber(number)
        if wantsLargest ? exact > known : exact < known { (small, wide) = (number, nil) }
    }

    mutating func add(_ number: ExactNumber, wantsLargest: Bool, _ bytes: inout Int) {
        if let fitting = number.small { return add(fitting, wantsLargest: wantsLargest) }
        if let known = value, wantsLargest ? number <= known : number >= known { return }
        bytes += number.byteCount - (wide?.byteCount ?? 0)
        (small, wide) = (nil, number)
    }

    mutating func merge(_ other: Extreme, wantsLargest: Bool, _ bytes: inout Int) {
        if let number = other.small { add(number, wantsLargest: wantsLargest) }
        if let number = other.wide { add(number, wantsLargest: wantsLargest, &bytes) }
    }

    /// Nil when there was no number.
    var value: ExactNumber? { wide ?? small.map { ExactNumber($0) } }
}

extension SmallDecimal {
    /// Negative, zero or positive, as this number lies below, at or above the other.
    func compare(to other: SmallDecimal) -> Int {
        if exponent < other.exponent { return -other.compare(to: self) }
        func order(_ a: Int128, _ b: Int128) -> Int { a < b ? -1 : a == b ? 0 : 1 }
        guard mantissa != 0, other.mantissa != 0 else {
            return order(Int128(mantissa), Int128(other.mantissa))
        }
        let distance = exponent - other.exponent
        // Nineteen digits more than another number of 64 bits has are more than it can reach.
        guard distance <= 19 else { return mantissa.signum() > 0 ? 1 : -1 }
        var scaled = Int128(mantissa)
        for _ in 0..<distance { scaled *= 10 }
        return order(scaled, Int128(other.mantissa))
    }

    /// The nearest binary number, or nearly.
    var approximation: Double {
        let power = Int(exponent)
        if power == 0 { return Double(mantissa) }
        if power < 0, power >= -22 { return Double(mantissa) / SmallDecimal.powers[-power] }
        if power > 0, power <= 22 { return Double(mantissa) * SmallDecimal.powers[power] }
        return ExactNumber(self).doubleValue
    }

    /// Powers of ten that binary numbers hold exactly.
    private static let powers: [Double] = (0...22).map { power in
        (0..<power).reduce(1.0) { value, _ in value * 10 }
    }
}
