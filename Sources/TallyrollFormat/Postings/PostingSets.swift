/// Set operations on posting lists within a range of ordinals; results ascend.
package enum PostingSets {
    /// The ordinals that are in every list. No list at all means every ordinal of the range.
    package static func intersection(_ lists: [PostingList], in range: Range<Int>) -> [UInt32] {
        guard !lists.isEmpty else { return OrdinalBitmap(all: range).decode() }
        if isDense(lists, in: range) { return intersectionBitmap(lists, in: range).decode() }
        var cursor = IntersectionCursor(lists)
        cursor.seek(atLeast: range.lowerBound)
        var result: [UInt32] = []
        while cursor.current < range.upperBound {
            result.append(UInt32(truncatingIfNeeded: cursor.current))
            cursor.advance()
        }
        return result
    }

    /// The number of ordinals that are in every list.
    package static func intersectionCount(_ lists: [PostingList], in range: Range<Int>) -> Int {
        guard !lists.isEmpty else { return range.count }
        if lists.count == 1 { return lists[0].count(in: range) }
        if isDense(lists, in: range) { return intersectionBitmap(lists, in: range).count }
        var cursor = IntersectionCursor(lists)
        cursor.seek(atLeast: range.lowerBound)
        var count = 0
        while cursor.current < range.upperBound {
            count += 1
            cursor.advance()
        }
        return count
    }

    /// The ordinals that are in every list, of which there must be one, as a bitmap.
    package static func intersectionBitmap(_ lists: [PostingList], in range: Range<Int>) -> OrdinalBitmap {
        precondition(!lists.isEmpty)
        var result = OrdinalBitmap(range: range)
        result.formUnion(lists[0])
        for list in lists.dropFirst() {
            var other = OrdinalBitmap(range: range)
            other.formUnion(list)
            result.formIntersection(other)
        }
        return result
    }

    /// Whether decoding all lists into bitmaps is cheaper than letting the shortest one seek in the others.
    /// Measured: a seek costs about as much as ten ordinals decoded, or forty words of bitmap.
    private static func isDense(_ lists: [PostingList], in range: Range<Int>) -> Bool {
        var shortest = Int.max
        var decoded = 0
        for list in lists {
            let count = list.count(in: range)
            shortest = min(shortest, count)
            // A list that is a bitmap already is copied by words.
            decoded += list.shape.form == .bitmap || list.shape.form == .all ? 0 : count
        }
        let words = range.count >> 6 * lists.count
        return decoded + words >> 2 < shortest * 10
    }

    /// The ordinals that are in any list.
    ///
    /// Few ordinals are gathered and sorted; many are collected in a bitmap of the range.
    package static func union(_ lists: [PostingList], in range: Range<Int>) -> [UInt32] {
        if lists.count == 1 { return lists[0].decode(in: range) }
        let total = lists.reduce(0) { $0 + $1.count }
        if total < range.count >> 6 {
            var gathered: [UInt32] = []
            gathered.reserveCapacity(total)
            for list in lists { gathered += list.decode(in: range) }
            gathered.sort()
            var kept = 0
            for index in gathered.indices where index == 0 || gathered[index] != gathered[kept - 1] {
                gathered[kept] = gathered[index]
                kept += 1
            }
            gathered.removeLast(gathered.count - kept)
            return gathered
        }
        return unionBitmap(lists, in: range).decode()
    }

    package static func unionBitmap(_ lists: [PostingList], in range: Range<Int>) -> OrdinalBitmap {
        var bitmap = OrdinalBitmap(range: range)
        for list in lists { bitmap.formUnion(list) }
        return bitmap
    }

    /// The ordinals of `list` that are not in `other`.
    package static func difference(_ list: PostingList, _ other: PostingList, in range: Range<Int>)
        -> [UInt32]
    {
        var left = PostingCursor(list)
        var right = PostingCursor(other)
        left.seek(atLeast: range.lowerBound)
        var result: [UInt32] = []
        while left.current < range.upperBound {
            right.seek(atLeast: left.current)
            if right.current != left.current { result.append(UInt32(truncatingIfNeeded: left.current)) }
            left.advance()
        }
        return result
    }
}
