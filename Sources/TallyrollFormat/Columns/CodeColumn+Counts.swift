extension CodeColumn {
    /// Codes that are unpacked at a time.
    private static let chunk = 512

    /// Adds `weight` to `counts[code]` for every row of a range. Codes that `counts` has no place for go to its last.
    package func addCounts(
        of rows: Range<Int>, _ weight: Int, to counts: UnsafeMutableBufferPointer<Int>
    ) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count && !counts.isEmpty)
        let last = UInt32(clamping: counts.count - 1)
        if let constant {
            counts[Int(min(constant, last))] += weight * rows.count
            return
        }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: CodeColumn.chunk) { codes in
            codes.initialize(repeating: 0)
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: CodeColumn.chunk) {
                let end = min(start + CodeColumn.chunk, rows.upperBound)
                let part = UnsafeMutableBufferPointer(rebasing: codes[..<(end - start)])
                decode(from: start, into: part)
                for code in part { counts[Int(min(code, last))] &+= weight }
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
        if let constant {
            counts[Int(min(constant, last))] += weight * ordinals.count
            return
        }
        if counts.count <= CodeColumn.laneCodes, ordinals.count >= CodeColumn.laneCodes {
            return addCountsByLanes(of: ordinals, from: first, weight, to: counts)
        }
        for ordinal in ordinals { counts[Int(min(code(Int(ordinal &- first)), last))] &+= weight }
    }

    /// Of so few codes the same ones come one after the other, and an addition would wait for the last: so neighbours
    /// are counted in places of their own.
    private static let laneCodes = 64
    private static let lanes = 4

    private func addCountsByLanes(
        of ordinals: UnsafeBufferPointer<UInt32>, from first: UInt32, _ weight: Int,
        to counts: UnsafeMutableBufferPointer<Int>
    ) {
        let last = UInt32(clamping: counts.count - 1)
        withUnsafeTemporaryAllocation(
            of: UInt32.self, capacity: CodeColumn.laneCodes * CodeColumn.lanes
        ) { found in
            found.initialize(repeating: 0)
            for index in ordinals.indices {
                let code = min(code(Int(ordinals[index] &- first)), last)
                found[Int(code) &* CodeColumn.lanes &+ index & (CodeColumn.lanes &- 1)] &+= 1
            }
            for code in counts.indices {
                var sum = 0
                for lane in 0..<CodeColumn.lanes { sum += Int(found[code * CodeColumn.lanes + lane]) }
                counts[code] += weight * sum
            }
        }
    }
}
