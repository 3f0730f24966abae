/// How a block puts the objects of one field together: the shapes it uses, and where the values of each go. Worked
/// out once a block, in plain memory that hot loops can read.
///
/// `@unchecked Sendable`: nothing changes after it is made.
final class DocumentPlan: @unchecked Sendable {
    /// A shape, by its place among those of the block.
    struct ShapeUse: BitwiseCopyable {
        enum Kind: BitwiseCopyable { case absent, raw, shape }

        var kind = Kind.absent
        /// The shape's text with a marker for each value.
        var text = ByteView.empty
        /// Where its slots begin in `slots` and `markers`.
        var firstSlot = 0
        var slotCount = 0
    }

    /// How many values a shape has at a path.
    struct PathUse: BitwiseCopyable {
        var place: Int
        var count: Int
    }

    let shapes: FixedArray<ShapeUse>
    /// For each slot, the place of its path among those of the block.
    let slots: FixedArray<UInt32>
    /// For each slot, where in its shape's text it goes.
    let markers: FixedArray<UInt32>
    /// The paths that the block uses, by their numbers in the segment, ascending.
    let paths: [Int]
    /// For each path, where its uses begin in `uses`; one more for the end.
    let useStarts: FixedArray<UInt32>
    let uses: FixedArray<PathUse>
    /// Keeps the texts of the shapes.
    private let table: ShapeTable

    init(_ codes: [UInt32], _ table: ShapeTable) {
        self.table = table
        var numbers = Set<Int>()
        for code in codes where code > 0 { numbers.formUnion(table.slotPaths[Int(code) - 1]) }
        let paths = numbers.sorted()
        var placeOf: [Int: Int] = [:]
        for (place, path) in paths.enumerated() { placeOf[path] = place }

        var shapes: [ShapeUse] = []
        var (slots, markers): ([UInt32], [UInt32]) = ([], [])
        var usesOfPath = [[PathUse]](repeating: [], count: paths.count)
        for (place, code) in codes.enumerated() {
            guard code > 0 else {
                shapes.append(ShapeUse())
                continue
            }
            guard let shape = table.shapes[Int(code) - 1] else {
                shapes.append(ShapeUse(kind: .raw))
                continue
            }
            shapes.append(
                ShapeUse(
                    kind: .shape, text: shape.bytes.view, firstSlot: slots.count,
                    slotCount: shape.markers.count))
            for (slot, path) in table.slotPaths[Int(code) - 1].enumerated() {
                let number = placeOf[path] ?? 0
                slots.append(UInt32(truncatingIfNeeded: number))
                markers.append(UInt32(truncatingIfNeeded: shape.markers[slot]))
                if let last = usesOfPath[number].last, last.place == place {
                    usesOfPath[number][usesOfPath[number].count - 1].count += 1
                } else {
                    usesOfPath[number].append(PathUse(place: place, count: 1))
                }
            }
        }
        self.paths = paths
        self.shapes = FixedArray(shapes, padding: ShapeUse())
        self.slots = FixedArray(slots, padding: 0)
        self.markers = FixedArray(markers, padding: 0)
        uses = FixedArray(usesOfPath.flatMap { $0 }, padding: PathUse(place: 0, count: 0))
        useStarts = FixedArray(count: paths.count + 1, repeating: 0)
        var start = 0
        for (place, uses) in usesOfPath.enumerated() {
            useStarts.base[place] = UInt32(truncatingIfNeeded: start)
            start += uses.count
        }
        useStarts.base[paths.count] = UInt32(truncatingIfNeeded: start)
    }

    /// The memory that is held, without the segment's shapes.
    var byteCount: Int {
        shapes.byteCount + slots.byteCount + markers.byteCount + useStarts.byteCount + uses.byteCount
            + paths.count * 8
    }

    /// The place of a path of the segment among those of the block, or nil when the block has no value there.
    func place(ofPath path: Int) -> Int? {
        var (low, high) = (0, paths.count)
        while low < high {
            let middle = (low + high) / 2
            if paths[middle] < path { low = middle + 1 } else { high = middle }
        }
        return low < paths.count && paths[low] == path ? low : nil
    }

    /// How many values a path has in rows of which `counts` says how many have each shape.
    @inline(__always)
    func values(ofPath place: Int, in counts: UnsafePointer<UInt32>) -> Int {
        var values = 0
        for use in Int(useStarts[place])..<Int(useStarts[place + 1]) {
            values += uses[use].count * Int(counts[uses[use].place])
        }
        return values
    }
}

/// How often each shape code of a block occurs before a row: a count at every 128th row, and a short scan.
final class ShapeCounts: Sendable {
    private static let groupSize = 128
    let rowCount: Int
    /// The distinct codes, ascending.
    let used: [UInt32]
    /// Place of each row's code in `used`.
    private let places: FixedArray<UInt16>
    private let groups: FixedArray<UInt16>

    init(_ codes: [UInt32]) {
        rowCount = codes.count
        let (used, places) = ShapeCounts.number(codes)
        let groupCount = codes.count / ShapeCounts.groupSize + 1
        let groups = FixedArray<UInt16>(count: (groupCount + 1) * used.count, repeating: 0)
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: used.count + 1) { running in
            running.initialize(repeating: 0)
            var group = 0
            for row in 0..<codes.count {
                if row % ShapeCounts.groupSize == 0 {
                    for place in 0..<used.count { groups.base[group * used.count + place] = running[place] }
                    group += 1
                }
                running[Int(places.base[row])] &+= 1
            }
            // Behind the last row: all of them, where a reader asks for the count before the end.
            while group <= groupCount {
                for place in 0..<used.count { groups.base[group * used.count + place] = running[place] }
                group += 1
            }
        }
        self.used = used
        self.places = places
        self.groups = groups
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

    var byteCount: Int { places.byteCount + groups.byteCount + used.count * 4 }

    @inline(__always)
    func place(_ row: Int) -> Int { Int(places[row]) }

    /// How many rows of the block have the shape at `place`.
    func total(_ place: Int) -> Int { Int(groups[groups.count - used.count + place]) }

    /// Puts into `counts`, for each place, how often its code occurs before a row. Where `counts` holds that of an
    /// `earlier` row of the block, it is counted on from there.
    @inline(__always)
    func count(before row: Int, from earlier: Int?, into counts: UnsafeMutablePointer<UInt32>) {
        let group = row / ShapeCounts.groupSize
        var start = group * ShapeCounts.groupSize
        if let earlier, earlier >= start, earlier <= row {
            start = earlier
        } else {
            for place in 0..<used.count { counts[place] = UInt32(groups[group * used.count + place]) }
        }
        for other in start..<row { counts[Int(places[other])] &+= 1 }
    }
}
