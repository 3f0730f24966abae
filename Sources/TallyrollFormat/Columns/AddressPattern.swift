/// All values are addresses of the internet protocol, version 4, in dotted form: four numbers of 0 to 255 without leading
/// zeros. Each is a number of 32 bits, the first byte the highest.
enum AddressPattern {
    /// Bytes of the longest and the shortest.
    static let textMax = 15
    private static let textMin = 7

    /// Whether all present values are addresses; each one's number is then in `numbers`.
    static func find(_ values: ValueSpan, in memory: ByteView, numbers: inout PlainList<Int64>) -> Bool {
        numbers.removeAll()
        for index in 0..<values.count where !values.isAbsent(index) {
            guard let address = parse(values.value(index, in: memory)) else { return false }
            numbers.append(Int64(address))
        }
        return numbers.count > 0
    }

    /// The address that a text is, or nil.
    @inline(__always)
    static func parse(_ text: ByteView) -> UInt32? {
        guard text.count >= textMin, text.count <= textMax else { return nil }
        var (address, part): (UInt32, UInt32) = (0, 0)
        var (digits, points) = (0, 0)
        for index in 0..<text.count {
            let byte = text.base[index]
            if NumberPattern.isDigit(byte) {
                // No zero leads, and no number is larger than a byte.
                guard digits == 0 || part > 0 else { return nil }
                part = part &* 10 &+ UInt32(byte &- 0x30)
                digits += 1
                guard part <= 255 else { return nil }
            } else {
                guard byte == 0x2E, digits > 0, points < 3 else { return nil }
                address = address << 8 | part
                (part, digits) = (0, 0)
                points += 1
            }
        }
        return points == 3 && digits > 0 ? address << 8 | part : nil
    }

    /// Writes the text of an address, the low half of `number`, so that it ends before `end`, and returns how many bytes it takes.
    @inline(__always)
    private static func write(_ number: Int64, endingAt end: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = UInt32(truncatingIfNeeded: number)
        var count = 0
        for place in 0..<4 {
            if place > 0 {
                count &+= 1
                end[-count] = 0x2E
            }
            var part = rest & 0xFF
            rest >>= 8
            repeat {
                count &+= 1
                end[-count] = 0x30 &+ UInt8(truncatingIfNeeded: part % 10)
                part /= 10
            } while part > 0
        }
        return count
    }

    /// The text of an address.
    @inline(__always)
    static func text(_ number: Int64, _ arena: inout TextArena) -> ByteView {
        let end = arena.take(textMax) + textMax
        let count = write(number, endingAt: end)
        return ByteView(base: end - count, count: count)
    }

    /// Appends the text of an address.
    static func write(_ number: Int64, into out: inout ByteWriter) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: textMax) { buffer in
            guard let base = buffer.baseAddress else { return }
            let count = write(number, endingAt: base + textMax)
            out.bytes(ByteView(base: base + (textMax - count), count: count))
        }
    }
}
