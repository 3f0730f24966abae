import Synchronization

/// How often each shape code of a block occurs before a row: a count at every 128th row, and a short scan.
final class ShapeCounts: Sendable {
    private static let groupSize = 128
    let rowCount: Int
    /// The distinct codes, ascending.
    let used: [UInt32]
    /// Place of each row's code in `used`.
    private let places: FixedArray<UInt16>
    /// How often each code occurs in all.
    private let totals: FixedArray<UInt32>
    /// How often each code occurs before every 128th row: made when a row is first read by itself.
    private let groups = AtomicLazyReference<FixedArray<UInt16>>()

    init(_ codes: [UInt32]) {
        rowCount = codes.count
        (used, places) = ShapeCounts.number(codes)
        totals = FixedArray(count: used.count, repeating: 0)
        for row in 0..<rowCount { totals.base[Int(places.base[row])] &+= 1 }
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

    /// The distinct codes, and the place of each row's among them.
    private static func number(_ codes: [UInt32]) -> ([UInt32], FixedArray<UInt16>) {
        let places = FixedArray<UInt16>(count: codes.count, repeating: 0)
        let (low, high) = (codes.min() ?? 0, codes.max() ?? 0)
        guard high - low < 1 << 16 else {
            let used = Array(Set(codes)).sorted()
            var placeOf: [UInt32: UInt16] = [:]
            for (place, code) in used.enumerated() { placeOf[code] = UInt16(truncatingIfNeeded: place) }
            for row in codes.indices { places.base[row] = placeOf[codes[row]] ?? 0 }
            return (used, places)
        }
        var used: [UInt32] = []
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Int(high - low) + 1) { placeOf in
            placeOf.initialize(repeating: 0)
            for code in codes { placeOf[Int(code - low)] = 1 }
            for offset in placeOf.indices where placeOf[offset] != 0 {
                placeOf[offset] = UInt16(truncatingIfNeeded: used.count)
                used.append(low + UInt32(truncatingIfNeeded: offset))
            }
            for row in codes.indices { places.base[row] = placeOf[Int(codes[row] - low)] }
        }
        return (used, places)
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
            let groups = groups.load() ?? makeGroups()
            for place in 0..<used.count { counts[place] = UInt32(groups[group * used.count + place]) }
        }
        for other in start..<row { counts[Int(places[other])] &+= 1 }
    }
}
