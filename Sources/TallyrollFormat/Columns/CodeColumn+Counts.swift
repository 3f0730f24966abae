extension CodeColumn {
    /// Codes that are unpacked at a time.
    private static let chunk = 512

    /// Adds `weight` to `counts[code]` for every row of a range. Codes that `counts` has no place for go to its last.
    package func addCounts(
        of rows: Range<Int>, _ weight: Int, to counts: UnsafeMutableBufferPointer<Int>
    ) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count && !counts.isEmpty)
        let last = UInt32(clamping: counts.count - 1)
        if width == 0 {
            counts[Int(min(base, last))] += weight * rows.count
            return
        }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: CodeColumn.chunk) { codes in
            codes.initialize(repeating: 0)
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: CodeColumn.chunk) {
                let end = min(start + CodeColumn.chunk, rows.upperBound)
                let part = UnsafeMutableBufferPointer(rebasing: codes[..<(end - start)])
                BitPacking.unpack(body, width: width, from: start, into: part)
                for code in part { counts[Int(min(code &+ base, last))] &+= weight }
            }
        }
    }

    /// The same for the rows `ordinals[i] - first`, each of which the column must have.
    package func addCounts(
        of ordinals: UnsafeBufferPointer<UInt32>, from first: UInt32, _ weight: Int,
        to counts: UnsafeMutableBufferPointer<Int>
    ) {
        precondition(!counts.isEmpty)
        let last = UInt32(clamping: counts.count - 1)
        if width == 0 {
            counts[Int(min(base, last))] += weight * ordinals.count
            return
        }
        for ordinal in ordinals { counts[Int(min(code(Int(ordinal &- first)), last))] &+= weight }
    }
}
