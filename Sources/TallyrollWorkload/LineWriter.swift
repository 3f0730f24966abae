/// Writes text and numbers one after the other into memory that holds any line of the workload.
struct LineWriter {
    /// More than twice the longest line: every part of a line is bounded, the longest comes to about 750 bytes.
    static let bytesMax = 2048

    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) {
        precondition(memory.count >= LineWriter.bytesMax, "too little memory for a line")
        self.memory = memory
    }

    /// What was written so far.
    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        memory[count] = value
        count += 1
    }

    @inline(__always)
    mutating func text(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        precondition(size <= memory.count - count, "the line is too long")
        guard let start = memory.baseAddress else { return }
        (start + count).copyMemory(from: text.utf8Start, byteCount: size)
        count += size
    }

    /// The number's lowest digits, in lowercase hexadecimal: exactly `width` of them.
    @inline(__always)
    mutating func hexadecimal(_ value: UInt64, width: Int) {
        var rest = value
        for place in stride(from: count + width - 1, through: count, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            memory[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
            rest >>= 4
        }
        count += width
    }

    /// The number in decimal, with zeros in front up to `width`.
    @inline(__always)
    mutating func decimal(_ value: UInt64, width: Int = 1) {
        var digits = width
        var bound: UInt64 = 10
        for _ in 1..<width { bound &*= 10 }
        while digits < 20, value >= bound {
            digits += 1
            let next = bound.multipliedReportingOverflow(by: 10)
            bound = next.overflow ? .max : next.partialValue
        }
        var rest = value
        for place in stride(from: count + digits - 1, through: count, by: -1) {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            memory[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        }
        count += digits
    }

    /// The number in decimal, with zeros after the sign up to `width` characters, the sign among them.
    @inline(__always)
    mutating func decimal(_ value: Int64, width: Int = 1) {
        if value < 0 {
            byte(UInt8(ascii: "-"))
            decimal(value.magnitude, width: max(width - 1, 1))
        } else {
            decimal(UInt64(value), width: width)
        }
    }

    /// A number in 0..<1 with six decimals, rounded from its exact value, an exact half to the even digit.
    @inline(__always)
    mutating func sixDecimals(_ value: Double) {
        let millionths = LineWriter.millionths(value)
        decimal(millionths / 1_000_000)
        byte(UInt8(ascii: "."))
        decimal(millionths % 1_000_000, width: 6)
    }

    /// value · 10^6 to the nearest integer, computed without rounding on the way; for values in 0..<1.
    static func millionths(_ value: Double) -> UInt64 {
        precondition(value >= 0 && value < 1, "outside 0..<1")
        guard value.isNormal else { return 0 }
        // value = significand / 2^shift with a significand of 53 bits, so 2^73 bounds the product.
        let significand = UInt128(value.significandBitPattern | 1 << 52)
        let shift = 52 - Int(value.exponent)
        guard shift < 76 else { return 0 }
        let product = significand * 1_000_000
        let quotient = product >> UInt128(shift)
        let rest = product - quotient << UInt128(shift)
        let half: UInt128 = 1 << UInt128(shift - 1)
        let roundsUp = rest > half || rest == half && quotient & 1 == 1
        return UInt64(truncatingIfNeeded: quotient) + (roundsUp ? 1 : 0)
    }
}
