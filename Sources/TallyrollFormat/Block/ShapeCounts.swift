/// How often each shape code of a block occurs before a row: a count at every 64th row, and a short scan.
final class ShapeCounts: Sendable {
    private static let groupSize = 64
    let rowCount: Int
    /// The distinct codes, ascending.
    let used: [UInt32]
    /// Place of each row's code in `used`.
    private let places: FixedArray<UInt16>
    /// How often each code occurs in all.
    private let totals: FixedArray<UInt32>
    /// How often each code occurs before every 64th row: made when a row is first read by itself.
    private let groups = OnceReference<FixedArray<UInt16>>()

    init(_ column: CodeColumn) {
        rowCount = column.count
        let places = FixedArray<UInt16>(count: rowCount, repeating: 0)
        var used: [UInt32] = []
        var totals: [UInt32] = []
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(rowCount, 1)) { codes in
            column.decode(into: codes)
            let codes = UnsafeMutableBufferPointer(rebasing: codes[..<column.count])
            if column.valueWidth <= ShapeCounts.denseWidth {
                ShapeCounts.numberDense(
                    codes, from: column.smallest, column.valueWidth, places, &used, &totals)
            } else {
                ShapeCounts.numberSparse(codes, places, &used, &totals)
            }
        }
        (self.places, self.used) = (places, used)
        self.totals = FixedArray(totals, padding: 0)
    }

    /// Codes of at most so many bits are counted in a table.
    private static let denseWidth = 14

    /// Finds the distinct codes, how often each occurs, and the place of each row's among them.
    private static func numberDense(
        _ codes: UnsafeMutableBufferPointer<UInt32>, from smallest: UInt32, _ width: Int,
        _ places: FixedArray<UInt16>, _ used: inout [UInt32], _ totals: inout [UInt32]
    ) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 1 << width) { table in
            table.initialize(repeating: 0)
            for code in codes { table[Int(code &- smallest)] &+= 1 }
            for offset in table.indices where table[offset] != 0 {
                totals.append(table[offset])
                table[offset] = UInt32(truncatingIfNeeded: used.count)
                used.append(smallest &+ UInt32(truncatingIfNeeded: offset))
            }
            for row in codes.indices {
                places.base[row] = UInt16(truncatingIfNeeded: table[Int(codes[row] &- smallest)])
            }
        }
    }

    private static func numberSparse(
        _ codes: UnsafeMutableBufferPointer<UInt32>, _ places: FixedArray<UInt16>, _ used: inout [UInt32],
        _ totals: inout [UInt32]
    ) {
        used = Array(Set(codes)).sorted()
        totals = Array(repeating: 0, count: used.count)
        var placeOf: [UInt32: Int] = [:]
        for (place, code) in used.enumerated() { placeOf[code] = place }
        for row in codes.indices {
            let place = placeOf[codes[row]] ?? 0
            places.base[row] = UInt16(truncatingIfNeeded: place)
            totals[place] += 1
        }
    }

    private func makeGroups() -> FixedArray<UInt16> {
        let groupCount = rowCount / ShapeCounts.groupSize + 1
        let groups = FixedArray<UInt16>(count: groupCount * used.count, repeating: 0)
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: used.count + 1) { running in
            running.initialize(repeating: 0)
            for group in 0..<groupCount {
                for place in 0..<used.count { groups.base[group * used.count + place] = running[place] }
                let start = group * ShapeCounts.groupSize
                for row in start..<min(start + ShapeCounts.groupSize, rowCount) {
                    running[Int(places.base[row])] &+= 1
                }
            }
        }
        return self.groups.storeIfNil(groups)
    }

    /// The memory that is held once rows were read by themselves.
    var byteCount: Int {
        places.byteCount + used.count * 8 + (rowCount / ShapeCounts.groupSize + 1) * used.count * 2
    }

    @inline(__always)
    func place(_ row: Int) -> Int { Int(places[row]) }

    /// The rows of a range of at most 64 whose place is marked with 1, the first in the lowest bit. `marks` has one
    /// byte a place.
    @inline(__always)
    func rows(_ range: Range<Int>, where marks: UnsafeMutableBufferPointer<UInt8>) -> UInt64 {
        precondition(range.lowerBound >= 0 && range.upperBound <= rowCount && marks.count >= used.count)
        guard let marks = marks.baseAddress else { return 0 }
        let first = places.base + range.lowerBound
        var found: UInt64 = 0
        for index in 0..<range.count {
            found |= UInt64(marks[Int(first[index])]) &<< UInt64(truncatingIfNeeded: index)
        }
        return found
    }

    /// How many rows of the block have the shape at `place`.
    func total(_ place: Int) -> Int { Int(totals[place]) }

    /// Puts into `counts`, for each place, how often its code occurs before a row. Where `counts` holds that of an
    /// `earlier` row of the block, it is counted on from there.
    @inline(__always)
    func count(before row: Int, from earlier: Int?, into counts: UnsafeMutablePointer<UInt32>) {
        let group = row / ShapeCounts.groupSize
        var start = group * ShapeCounts.groupSize
        if let earlier, earlier >= start, earlier <= row {
            start = earlier
        } else {
            let (count, first) = (used.count, group * used.count)
            let isKnown: Void? = groups.read { groups in
                for place in 0..<count { counts[place] = UInt32(groups[first + place]) }
            }
            if isKnown == nil {
                let groups = makeGroups()
                for place in 0..<count { counts[place] = UInt32(groups[first + place]) }
            }
        }
        for other in start..<row { counts[Int(places[other])] &+= 1 }
    }
}
