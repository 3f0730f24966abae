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
        for byte in 0..<bits.count {
            if byte & 7 == 0 { ranks.base[byte >> 3] = UInt32(total) }
            total += bits[byte].nonzeroBitCount
        }
        if count & 7 != 0, let last = bits.raw.last, last >> UInt8(count & 7) != 0 {
            throw reader.invalid("presence", expected: "zero padding", found: "set bits")
        }
        self.ranks = ranks
        present = total
    }

    @inline(__always)
    func contains(_ index: Int) -> Bool { bits[index >> 3] >> UInt8(index & 7) & 1 != 0 }

    /// How many entries before this one are present, or nil when this one is absent.
    @inline(__always)
    func rank(_ index: Int) -> Int? {
        guard contains(index) else { return nil }
        var rank = Int(ranks[index >> 6])
        var byte = (index >> 6) * 8
        while byte < index >> 3 {
            rank += bits[byte].nonzeroBitCount
            byte += 1
        }
        return rank + (bits[byte] & ((1 << UInt8(index & 7)) - 1)).nonzeroBitCount
    }
}
