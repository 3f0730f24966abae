import Synchronization

/// The codes that other columns of a block follow, with the place of each among the distinct ones.
///
/// `@unchecked Sendable`: nothing that is shared changes, and the codes borrow from bytes that the block's reader keeps.
package final class LeaderRanks: @unchecked Sendable {
    package let count: Int
    package let distinct: Int
    private let codes: CodeColumn
    /// One bit for each code from the smallest on, and how many bits are set before each word.
    private let words: FixedArray<UInt64>
    private let before: FixedArray<UInt32>
    private let smallest: UInt32
    private let all = OnceReference<FixedArray<UInt16>>()

    /// `column` borrows from bytes that must outlive this.
    package init(_ column: CodeColumn) throws(FormatError) {
        count = column.count
        codes = column
        smallest = column.smallest
        words = try LeaderRanks.mark(column)
        let before = FixedArray<UInt32>(count: words.count, repeating: 0)
        var total: UInt32 = 0
        for word in 0..<words.count {
            before.base[word] = total
            if words.base[word] != 0 {
                total += UInt32(truncatingIfNeeded: words.base[word].nonzeroBitCount)
            }
        }
        guard total <= 1 << 16 else {
            throw FormatError(
                .limit, "leader codes", offset: 0, expected: "at most \(1 << 16) distinct ones",
                found: "\(total)")
        }
        self.before = before
        distinct = Int(total)
    }

    /// A bit for each code that occurs, the smallest one's first.
    private static func mark(_ column: CodeColumn) throws(FormatError) -> FixedArray<UInt64> {
        let count = column.count
        let codes = UnsafeMutablePointer<UInt32>.allocate(capacity: max(count, 1))
        defer { codes.deallocate() }
        column.decode(into: UnsafeMutableBufferPointer(start: codes, count: count))
        let smallest = column.smallest
        var largest = smallest
        for row in 0..<count { largest = max(largest, codes[row]) }
        guard largest <= 1 << 28 else {
            throw FormatError(
                .limit, "leader codes", offset: 0, expected: "at most \(1 << 28)", found: "\(largest)")
        }
        let words = FixedArray<UInt64>(count: Int(largest &- smallest) / 64 + 1, repeating: 0)
        let bits = words.base
        for row in 0..<count {
            let code = codes[row] &- smallest
            bits[Int(code &>> 6)] |= 1 &<< UInt64(code & 63)
        }
        return words
    }

    /// The code of a row.
    @inline(__always)
    func code(_ row: Int) -> UInt32 { codes.code(row) }

    /// How many distinct codes of the block are smaller than that of a row.
    @inline(__always)
    func rank(_ row: Int) -> Int {
        let code = codes.code(row) &- smallest
        let (word, bit) = (Int(code >> 6), UInt64(code & 63))
        return Int(before[word]) &+ (words[word] & ((1 &<< bit) &- 1)).nonzeroBitCount
    }

    /// The same for all rows: made when somebody first asks about many.
    func ranks() -> FixedArray<UInt16> {
        if let known = all.load() { return known }
        let ranks = FixedArray<UInt16>(count: count, repeating: 0)
        for row in 0..<count { ranks.base[row] = UInt16(truncatingIfNeeded: rank(row)) }
        return all.storeIfNil(ranks)
    }

    /// The memory that is held once somebody asked about many rows.
    var byteCount: Int { count * 2 + words.byteCount + before.byteCount }
}
