/// Which entries of a column have a value: a bitmap with the count of set bits before each 64.
///
/// `@unchecked Sendable`: the bitmap lies in the column's bytes, which never change and which the column keeps.
struct PresenceMap: @unchecked Sendable {
    let present: Int
    private let bits: ByteView
    private let ranks: FixedArray<UInt32>

    /// Reads the bitmap, or gives nil when none is stored.
    init?(_ reader: inout ByteReader, count: Int, stored: Bool) throws(FormatError) {
        guard stored else { return nil }
        bits = try reader.bytes((count + 7) / 8)
        let ranks = FixedArray<UInt32>(count: (bits.count + 7) / 8, repeating: 0)
        var total = 0
        for word in 0..<ranks.count {
            ranks.base[word] = UInt32(total)
            total += PresenceMap.word(word, of: bits).nonzeroBitCount
        }
        if count & 7 != 0, let last = bits.raw.last, last >> UInt8(count & 7) != 0 {
            throw reader.invalid("presence", expected: "zero padding", found: "set bits")
        }
        self.ranks = ranks
        present = total
    }

    @inline(__always)
    func contains(_ index: Int) -> Bool { bits[index >> 3] >> UInt8(index & 7) & 1 != 0 }

    /// Which of the 64 entries from `index * 64` on are present, the first in the lowest bit.
    @inline(__always)
    func word(_ index: Int) -> UInt64 { PresenceMap.word(index, of: bits) }

    @inline(__always)
    private static func word(_ index: Int, of bits: ByteView) -> UInt64 {
        let first = index * 8
        precondition(first >= 0 && first < bits.count)
        if first + 8 <= bits.count { return bits.load(UInt64.self, at: first) }
        var word: UInt64 = 0
        for byte in first..<bits.count { word |= UInt64(bits[byte]) << UInt64((byte - first) * 8) }
        return word
    }

    /// How many entries before this one are present, or nil when this one is absent.
    @inline(__always)
    func rank(_ index: Int) -> Int? {
        guard contains(index) else { return nil }
        let before = word(index >> 6) & (1 << UInt64(truncatingIfNeeded: index & 63) - 1)
        return Int(ranks[index >> 6]) + before.nonzeroBitCount
    }
}
