/// A set of rows of one block (or of values of one column): one bit a row.
package struct RowSet: Equatable, Sendable {
    package private(set) var words: [UInt64]
    /// The number of rows the set is about; bits from there on are zero.
    package let size: Int

    /// No rows, or all.
    package init(size: Int, all: Bool = false) {
        self.size = size
        words = [UInt64](repeating: all ? .max : 0, count: (size + 63) / 64)
        if all { clearTail() }
    }

    private mutating func clearTail() {
        if size % 64 != 0, let last = words.indices.last { words[last] &= (1 << UInt64(size % 64)) - 1 }
    }

    /// The number of rows. Most sets have few, so that most words are passed over.
    package var count: Int {
        var count = 0
        for word in words where word != 0 { count += word.nonzeroBitCount }
        return count
    }
    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    package var isFull: Bool { count == size }

    @inline(__always)
    package func contains(_ row: Int) -> Bool { words[row >> 6] >> UInt64(row & 63) & 1 != 0 }

    @inline(__always)
    package mutating func insert(_ row: Int) { words[row >> 6] |= 1 << UInt64(row & 63) }

    @inline(__always)
    package mutating func remove(_ row: Int) { words[row >> 6] &= ~(1 << UInt64(row & 63)) }

    package mutating func formIntersection(_ other: RowSet) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    package mutating func formUnion(_ other: RowSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    package mutating func formComplement() {
        for index in words.indices { words[index] = ~words[index] }
        clearTail()
    }

    /// Replaces 64 rows at once; `word` bits beyond `size` must be zero.
    @inline(__always)
    package mutating func setWord(_ index: Int, _ word: UInt64) { words[index] = word }

    /// Calls `body` with each row in ascending order.
    @inline(__always)
    package func forEach<E: Error>(_ body: (Int) throws(E) -> Void) throws(E) {
        for index in words.indices {
            var word = words[index]
            while word != 0 {
                try body(index << 6 + word.trailingZeroBitCount)
                word &= word - 1
            }
        }
    }

    /// The rows in ascending order.
    package var rows: [Int] {
        var rows: [Int] = []
        rows.reserveCapacity(count)
        forEach { rows.append($0) }
        return rows
    }
}
