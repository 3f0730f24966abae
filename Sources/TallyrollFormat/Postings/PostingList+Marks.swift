extension PostingList {
    /// Whether the list is kept as a bit an ordinal, or holds all: then it is read 64 ordinals at a time.
    package var isBitmap: Bool { shape.form == .bitmap || shape.form == .all }

    /// The number of the list's ordinals that a bitmap holds.
    ///
    /// - Complexity: O(words of the bitmap) for lists that are bitmaps, else O(ordinals in its range).
    package func count(in marks: OrdinalBitmap) -> Int {
        let range = marks.range
        let end = min(range.upperBound, universe)
        guard range.lowerBound < end else { return 0 }
        return marks.words.withUnsafeBufferPointer { words in
            var count = 0
            if isBitmap {
                var position = range.lowerBound
                for word in words where position < end {
                    let left = end - position
                    let known: UInt64 = shape.form == .all ? .max : stream(position)
                    let inside = left >= 64 ? known : known & BitPacking.mask(left)
                    count += (inside & word).nonzeroBitCount
                    position += 64
                }
                return count
            }
            var cursor = PostingCursor(self)
            cursor.seek(atLeast: range.lowerBound)
            while cursor.current < end {
                // Never negative, even if the list does not ascend: see the guard.
                let offset = cursor.current &- range.lowerBound
                if offset >= 0 { count += Int(words[offset >> 6] >> UInt64(offset & 63) & 1) }
                cursor.advance()
            }
            return count
        }
    }
}
