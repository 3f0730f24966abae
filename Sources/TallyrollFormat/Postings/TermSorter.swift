/// Sorts byte strings bytewise, by eight bytes at a time: within a run of strings that agree so far, the next
/// eight bytes are compared as one integer, so that shared beginnings are read once and not at every comparison.
enum TermSorter {
    private struct Key {
        /// Eight bytes, the first as the highest; zeros after the end of the term.
        let chunk: UInt64
        /// How many of the eight are the term's; 9 when it goes on after them.
        let length: UInt32
        let index: UInt32

        @inline(__always)
        init(_ term: ByteView, index: UInt32, depth: Int) {
            let left = term.count - depth
            if left >= 8 {
                chunk = term.load(UInt64.self, at: depth).byteSwapped
            } else {
                var bytes: UInt64 = 0
                for position in depth..<term.count { bytes = bytes << 8 | UInt64(term[position]) }
                chunk = left == 0 ? 0 : bytes << UInt64(64 - 8 * left)
            }
            length = UInt32(min(left, 9))
            self.index = index
        }
    }

    /// The indexes of the terms in ascending order of their bytes, and whether any two terms are equal.
    ///
    /// - Complexity: O(n log n) integer comparisons for each eight bytes that terms share.
    static func order(_ terms: [ByteView]) -> (order: [UInt32], hasEqual: Bool) {
        var order = (0..<UInt32(terms.count)).map { $0 }
        var hasEqual = false
        var keys: [Key] = []
        var pending = [(range: 0..<terms.count, depth: 0)]
        while let (range, depth) = pending.popLast() {
            keys.removeAll(keepingCapacity: true)
            for position in range {
                keys.append(Key(terms[Int(order[position])], index: order[position], depth: depth))
            }
            keys.sort { $0.chunk != $1.chunk ? $0.chunk < $1.chunk : $0.length < $1.length }
            var start = 0
            for index in keys.indices {
                order[range.lowerBound + index] = keys[index].index
                let next = index + 1
                let isSame =
                    next < keys.count && keys[next].chunk == keys[start].chunk
                    && keys[next].length == keys[start].length
                guard !isSame else { continue }
                if next - start > 1 {
                    if keys[start].length > 8 {
                        pending.append((range.lowerBound + start..<range.lowerBound + next, depth + 8))
                    } else {
                        hasEqual = true
                    }
                }
                start = next
            }
        }
        return (order, hasEqual)
    }
}
