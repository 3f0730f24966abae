/// Durations as JSON numbers of milliseconds, both ways, exact to the nanosecond and without floating point.
package enum MillisecondNumber {
    /// Passes the number at the scanner's position and returns it in nanoseconds.
    package static func parse(_ scanner: inout JSONScanner) throws(JSONFault) -> Int64 {
        let start = scanner.position
        let first = scanner.byte
        guard first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") < 10 else {
            throw JSONFault(.durationNumber, at: start, key: .duration)
        }
        try scanner.number()
        return try nanoseconds(scanner.view, from: start, to: scanner.position)
    }

    /// The value of a number whose grammar was checked, as digits times a power of ten. Zeros at the end of the
    /// digits count as powers, so that `1000e-3` and `1` are the same.
    private static func nanoseconds(_ view: ByteView, from start: Int, to end: Int) throws(JSONFault) -> Int64
    {
        var mantissa: UInt64 = 0
        var pendingZeros = 0
        var exponent = 6
        var isFraction = false
        var isTooLong = false
        var index = start
        while index < end {
            let digit = view[index] &- UInt8(ascii: "0")
            if digit < 10 {
                if isFraction { exponent -= 1 }
                if digit == 0 {
                    if mantissa != 0 { pendingZeros += 1 }
                } else {
                    let scaled = multiplied(mantissa, tenToThe: pendingZeros + (mantissa == 0 ? 0 : 1))
                    let (sum, overflow) = (scaled ?? 0).addingReportingOverflow(UInt64(digit))
                    isTooLong = isTooLong || scaled == nil || overflow
                    mantissa = sum
                    pendingZeros = 0
                }
            } else if view[index] == UInt8(ascii: ".") {
                isFraction = true
            } else if view[index] | 0x20 == UInt8(ascii: "e") {
                exponent += written(view, from: index + 1, to: end)
                break
            }
            index += 1
        }
        if mantissa == 0 && !isTooLong { return 0 }
        guard view[start] != UInt8(ascii: "-") else {
            throw JSONFault(.durationNegative, at: start, key: .duration)
        }
        exponent += pendingZeros
        // More digits than 64 bits hold: with an exponent below zero some lie behind the nanoseconds.
        guard exponent >= 0 else { throw JSONFault(.durationPrecision, at: start, key: .duration) }
        guard !isTooLong, let value = multiplied(mantissa, tenToThe: exponent),
            let result = Int64(exactly: value)
        else { throw JSONFault(.durationRange, at: start, key: .duration) }
        return result
    }

    /// `value` times a power of ten, or nil when 64 bits do not hold it.
    private static func multiplied(_ value: UInt64, tenToThe exponent: Int) -> UInt64? {
        guard value != 0 else { return 0 }
        guard exponent <= 19 else { return nil }
        var result = value
        for _ in 0..<exponent {
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            result = product
        }
        return result
    }

    /// The exponent as written, held within bounds that are beyond every number that fits.
    private static func written(_ view: ByteView, from start: Int, to end: Int) -> Int {
        let bound = 1 << 40
        var value = 0
        for index in start..<end {
            let digit = view[index] &- UInt8(ascii: "0")
            if digit < 10 { value = min(value * 10 + Int(digit), bound) }
        }
        return view.byteOrZero(start) == UInt8(ascii: "-") ? -value : value
    }

    /// Appends nanoseconds as a number of milliseconds, with as many decimals as it takes and no more.
    package static func write(_ nanoseconds: Int64, into out: inout ByteWriter) {
        let magnitude = nanoseconds.magnitude
        if nanoseconds < 0 { out.u8(UInt8(ascii: "-")) }
        out.decimal(magnitude / 1_000_000)
        var rest = magnitude % 1_000_000
        guard rest > 0 else { return }
        out.u8(UInt8(ascii: "."))
        var divisor: UInt64 = 100_000
        while rest > 0 {
            out.u8(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
