/// The codes that other columns of a block follow, with the place of each distinct code among those present.
package final class LeaderRanks: Sendable {
    package let count: Int
    package let distinct: Int
    private let codes: FixedArray<UInt32>
    /// One bit a code, and how many bits are set before each word.
    private let words: FixedArray<UInt64>
    private let ranks: FixedArray<UInt32>

    package init(_ column: CodeColumn) throws(FormatError) {
        count = column.count
        let codes = FixedArray<UInt32>(count: column.count, repeating: 0)
        column.decode(into: UnsafeMutableBufferPointer(start: codes.base, count: codes.count))
        var largest: UInt32 = 0
        for row in 0..<codes.count { largest = max(largest, codes.base[row]) }
        guard largest <= 1 << 28 else {
            throw FormatError(
                .limit, "leader codes", offset: 0, expected: "at most \(1 << 28)", found: "\(largest)")
        }
        let words = FixedArray<UInt64>(count: Int(largest) / 64 + 1, repeating: 0)
        for row in 0..<codes.count {
            let code = codes.base[row]
            words.base[Int(code >> 6)] |= 1 << UInt64(code & 63)
        }
        let ranks = FixedArray<UInt32>(count: words.count, repeating: 0)
        var total: UInt32 = 0
        for word in 0..<words.count {
            ranks.base[word] = total
            total += UInt32(truncatingIfNeeded: words.base[word].nonzeroBitCount)
        }
        self.codes = codes
        self.words = words
        self.ranks = ranks
        distinct = Int(total)
    }

    @inline(__always)
    func code(_ row: Int) -> UInt32 { codes[row] }

    /// How many distinct codes of the block are smaller.
    @inline(__always)
    func rank(of code: UInt32) -> Int {
        let word = Int(code >> 6)
        return Int(ranks[word]) + (words[word] & ((1 << UInt64(code & 63)) - 1)).nonzeroBitCount
    }

    /// The memory that is held.
    var byteCount: Int { codes.byteCount + words.byteCount + ranks.byteCount }
}
