/// Division of multiples of a number, by multiplication with its inverse modulo 2^64.
struct ExactDivisor {
    private let shift: UInt64
    private let inverse: UInt64
    private let largest: UInt64

    /// `divisor` is not 0.
    init(_ divisor: UInt64) {
        precondition(divisor > 0)
        shift = UInt64(divisor.trailingZeroBitCount)
        let odd = divisor >> shift
        // Each step doubles the low bits that are right; odd numbers are their own inverses in three.
        var inverse = odd
        for _ in 0..<5 { inverse = inverse &* (2 &- odd &* inverse) }
        self.inverse = inverse
        largest = UInt64.max / divisor
    }

    /// The quotient of a multiple of the divisor.
    @inline(__always)
    func quotient(_ multiple: UInt64) -> UInt64 { (multiple &>> shift) &* inverse }

    /// The quotient of a multiple of the divisor.
    @inline(__always)
    func quotient(_ multiple: Int64) -> Int64 {
        Int64(bitPattern: UInt64(bitPattern: multiple &>> Int64(bitPattern: shift)) &* inverse)
    }

    /// Whether a number is a multiple of the divisor.
    @inline(__always)
    func divides(_ number: UInt64) -> Bool {
        let quotient = number &* inverse
        return (quotient &>> shift | quotient &<< (64 &- shift)) <= largest
    }
}
