/// Borrowed bits, least significant first, followed by `paddingBytes` zero bytes, so that every read is one or
/// two whole loads. A read that begins inside the bits never leaves the bytes.
package struct BitView {
    package let bytes: ByteView
    /// The number of bits, without the padding.
    package let count: Int

    package static let paddingBytes = 8

    /// The bytes that `count` bits and their padding take.
    package static func bytes(forBits count: Int) -> Int { (count + 7) >> 3 + paddingBytes }

    /// Throws unless `bytes` are exactly as long as `count` bits and their padding, and zero after the last bit.
    package init(_ bytes: ByteView, count: Int, what: String, origin: Int) throws(FormatError) {
        guard bytes.count == BitView.bytes(forBits: count) else {
            throw FormatError(
                bytes.count < BitView.bytes(forBits: count) ? .truncated : .invalid, "\(what): length",
                offset: origin,
                expected: "\(BitView.bytes(forBits: count)) bytes", found: "\(bytes.count)")
        }
        let used = count >> 3
        var rest = count & 7 == 0 ? 0 : bytes[used] >> UInt8(count & 7)
        for index in (count + 7) >> 3..<bytes.count { rest |= bytes[index] }
        guard rest == 0 else {
            throw FormatError(
                .invalid, "\(what): padding", offset: origin + used, expected: "zeros", found: "other bits")
        }
        self.bytes = bytes
        self.count = count
    }

    /// The 64 bits from `bit`, which is inside; bits after the last are what follows it.
    @inline(__always)
    package func word(at bit: Int) -> UInt64 {
        let byte = bit >> 3
        precondition(bit >= 0 && byte &+ 9 <= bytes.count)
        let low = UInt64(littleEndian: UnsafeRawPointer(bytes.base + byte).loadUnaligned(as: UInt64.self))
        let shift = UInt64(truncatingIfNeeded: bit & 7)
        return low &>> shift | (UInt64(bytes.base[byte &+ 8]) &<< 1) &<< (63 &- shift)
    }

    /// The value at `bit` under a mask of at most 57 bits.
    @inline(__always)
    package func value(at bit: Int, mask: UInt64) -> Int {
        let raw = bytes.load(UInt64.self, at: bit >> 3)
        return Int(truncatingIfNeeded: raw &>> UInt64(truncatingIfNeeded: bit & 7) & mask)
    }

    @inline(__always)
    package func value(at bit: Int, width: Int) -> Int {
        value(at: bit, mask: BitPacking.mask(width))
    }
}

/// A fixed number of bits that begin as zeros and are set in any order.
package struct BitBuffer: ~Copyable {
    private let words: UnsafeMutablePointer<UInt64>
    package let count: Int

    package init(count: Int) {
        precondition(count >= 0)
        self.count = count
        // One word more than needed, so that a value that ends with the last word may touch the next.
        words = UnsafeMutablePointer<UInt64>.allocate(capacity: count >> 6 + 2)
        words.initialize(repeating: 0, count: count >> 6 + 2)
    }

    deinit { words.deallocate() }

    @inline(__always)
    package mutating func set(_ bit: Int) {
        precondition(bit >= 0 && bit < count)
        words[bit >> 6] |= 1 &<< UInt64(truncatingIfNeeded: bit & 63)
    }

    /// Writes a value below `2^width`, width at most 63, over zeros.
    @inline(__always)
    package mutating func write(_ value: Int, width: Int, at bit: Int) {
        precondition(bit >= 0 && width >= 0 && bit &+ width <= count)
        let value = UInt64(truncatingIfNeeded: value)
        precondition(value & ~BitPacking.mask(width) == 0, "value wider than its packing")
        let shift = UInt64(truncatingIfNeeded: bit & 63)
        words[bit >> 6] |= value &<< shift
        words[bit >> 6 &+ 1] |= (value &>> 1) &>> (63 &- shift)
    }

    /// Appends the bits and their padding, as `BitView` reads them.
    package func append(to writer: inout ByteWriter) {
        let whole = count >> 6
        writer.reserve(whole * 8 + 16 + BitView.paddingBytes)
        for index in 0..<whole { writer.u64(words[index]) }
        var last = words[whole]
        for _ in 0..<((count & 63) + 7) >> 3 {
            writer.u8(UInt8(truncatingIfNeeded: last))
            last >>= 8
        }
        writer.zeros(BitView.paddingBytes)
    }
}

extension UInt64 {
    /// The position of the set bit that has `rank` set bits below it; there must be more than `rank` set bits.
    @inline(__always)
    func position(ofSetBit rank: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var sums = self &- (self >> 1 & 0x5555_5555_5555_5555)
        sums = (sums & 0x3333_3333_3333_3333) &+ (sums >> 2 & 0x3333_3333_3333_3333)
        sums = ((sums &+ sums >> 4) & 0x0F0F_0F0F_0F0F_0F0F) &* ones
        // Bytes whose running total is at most `rank` lie wholly before the bit.
        let before = ((UInt64(truncatingIfNeeded: rank) &* ones | tops) &- sums) & tops
        let byteBit = ((before >> 7) &* ones) >> 56 &* 8
        let skipped = (sums << 8) &>> byteBit & 0xFF
        var rest = self &>> byteBit
        for _ in 0..<(rank &- Int(truncatingIfNeeded: skipped)) { rest &= rest &- 1 }
        return Int(truncatingIfNeeded: byteBit) &+ rest.trailingZeroBitCount
    }
}
