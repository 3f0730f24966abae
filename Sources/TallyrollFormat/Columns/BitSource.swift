/// The bits of a set of rows, taken from the front.
struct BitSource {
    private let words: [UInt64]
    private var position = 0

    init(_ rows: RowSet) { words = rows.words }

    /// The next bits, at most 64; behind the last one there are zeros.
    @inline(__always)
    mutating func next(_ count: Int) -> UInt64 {
        let (word, shift) = (position >> 6, UInt64(truncatingIfNeeded: position & 63))
        position += count
        guard word < words.count else { return 0 }
        var bits = words[word] &>> shift
        if shift > 0, word + 1 < words.count { bits |= words[word + 1] &<< (64 &- shift) }
        return count < 64 ? bits & (1 &<< UInt64(truncatingIfNeeded: count) &- 1) : bits
    }

    /// The bits of `places` of which the bit of the same rank is set in `bits`.
    @inline(__always)
    static func spread(_ bits: UInt64, over places: UInt64) -> UInt64 {
        if places == .max { return bits }
        var (bits, left, found) = (bits, places, UInt64(0))
        while bits != 0 {
            let place = left & (0 &- left)
            found |= place & (0 &- (bits & 1))
            left ^= place
            bits &>>= 1
        }
        return found
    }
}
