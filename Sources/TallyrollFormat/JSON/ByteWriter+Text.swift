extension ByteWriter {
    /// Appends fixed text.
    @inline(__always)
    package mutating func text(_ text: StaticString) {
        bytes(ByteView(base: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a number in decimal digits.
    package mutating func decimal(_ value: UInt64) {
        var divisor: UInt64 = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            u8(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    /// Appends bytes in lower-case hexadecimal.
    package mutating func hex(_ view: ByteView) {
        for index in 0..<view.count {
            u8(ByteWriter.hexDigit(view[index] >> 4))
            u8(ByteWriter.hexDigit(view[index] & 0xF))
        }
    }

    /// The digit of a value from 0 to 15.
    @inline(__always)
    package static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ (value &- 10)
    }
}
