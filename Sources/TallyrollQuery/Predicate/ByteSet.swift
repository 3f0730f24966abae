import TallyrollFormat

/// A fixed set of texts with look-up by bytes, without making a String or an array. The hash is seeded per process,
/// so that no list of values can be made to collide.
package struct ByteSet: Sendable {
    private var bytes: [UInt8] = []
    /// Where each text begins in `bytes`, and where the last ends.
    private var offsets: [Int] = [0]
    /// One more than the number of the text, or 0 for an empty place; a power of two of places, half of them empty.
    private var table: [UInt32]

    package init(_ texts: [[UInt8]]) {
        var places = 4
        while places < texts.count * 2 { places *= 2 }
        table = [UInt32](repeating: 0, count: places)
        for text in texts { text.withView { insert($0) } }
    }

    package var count: Int { offsets.count - 1 }
    package var isEmpty: Bool { count == 0 }

    @inline(__always)
    package func contains(_ text: ByteView) -> Bool {
        guard count > 0 else { return false }
        return table[place(of: text)] != 0
    }

    private mutating func insert(_ text: ByteView) {
        let place = place(of: text)
        guard table[place] == 0 else { return }
        bytes.append(contentsOf: text.raw)
        offsets.append(bytes.count)
        table[place] = UInt32(truncatingIfNeeded: count)
    }

    /// Where the text is in the table, or the empty place where it would be.
    private func place(of text: ByteView) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: text.raw)
        let mask = table.count - 1
        var place = hasher.finalize() & mask
        return bytes.withView { all in
            while table[place] != 0 {
                let index = Int(table[place]) - 1
                if all.trusted(offsets[index], offsets[index + 1] - offsets[index]).isEqual(to: text) {
                    break
                }
                place = (place + 1) & mask
            }
            return place
        }
    }
}
