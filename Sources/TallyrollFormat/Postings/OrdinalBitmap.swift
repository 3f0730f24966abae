/// A set of ordinals in a range, one bit each: where many or dense lists are combined.
package struct OrdinalBitmap {
    package let range: Range<Int>
    /// Bit `ordinal - range.lowerBound`, least significant first; zero beyond the range.
    package private(set) var words: [UInt64]

    /// The empty set.
    package init(range: Range<Int>) {
        precondition(range.lowerBound >= 0)
        self.range = range
        words = [UInt64](repeating: 0, count: (range.count + 63) >> 6)
    }

    /// Every ordinal of the range.
    package init(all range: Range<Int>) {
        self.init(range: range)
        for index in words.indices { words[index] = .max }
        trim()
    }

    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    package func contains(_ ordinal: Int) -> Bool {
        guard range.contains(ordinal) else { return false }
        let bit = ordinal - range.lowerBound
        return words[bit >> 6] >> UInt64(bit & 63) & 1 != 0
    }

    package mutating func insert(_ ordinal: Int) {
        precondition(range.contains(ordinal))
        let bit = ordinal - range.lowerBound
        words[bit >> 6] |= 1 << UInt64(bit & 63)
    }

    /// Adds the list's ordinals that lie in the range.
    package mutating func formUnion(_ list: PostingList) {
        let range = range
        words.withUnsafeMutableBufferPointer { list.fill($0, in: range) }
    }

    package mutating func formUnion(_ other: OrdinalBitmap) {
        precondition(range == other.range)
        for index in words.indices { words[index] |= other.words[index] }
    }

    package mutating func formIntersection(_ other: OrdinalBitmap) {
        precondition(range == other.range)
        for index in words.indices { words[index] &= other.words[index] }
    }

    package mutating func subtract(_ other: OrdinalBitmap) {
        precondition(range == other.range)
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    /// Keeps what was not in the set, within the range.
    package mutating func invert() {
        for index in words.indices { words[index] = ~words[index] }
        trim()
    }

    /// The ordinals, ascending.
    package func decode() -> [UInt32] {
        let count = count
        return [UInt32](unsafeUninitializedCapacity: count) { buffer, decoded in
            decoded = 0
            for index in words.indices {
                var word = words[index]
                while word != 0 {
                    let ordinal = range.lowerBound + index << 6 + word.trailingZeroBitCount
                    buffer.initializeElement(at: decoded, to: UInt32(truncatingIfNeeded: ordinal))
                    decoded += 1
                    word &= word - 1
                }
            }
        }
    }

    private mutating func trim() {
        if range.count & 63 != 0 { words[words.count - 1] &= BitPacking.mask(range.count & 63) }
    }
}
