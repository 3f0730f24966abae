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
    /// For each slot, how many slots of its shape before it have the same path.
    let turns: FixedArray<UInt32>
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
        let (paths, placeOf) = DocumentPlan.paths(of: codes, table)
        var shapes: [ShapeUse] = []
        shapes.reserveCapacity(codes.count)
        var (slots, markers, turns): ([UInt32], [UInt32], [UInt32]) = ([], [], [])
        // For each path, the shape that had it last, and how often.
        var last = [PathUse](repeating: PathUse(place: -1, count: 0), count: paths.count)
        var found: [(path: Int, use: PathUse)] = []
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
                let number = Int(placeOf[path])
                slots.append(UInt32(truncatingIfNeeded: number))
                markers.append(UInt32(truncatingIfNeeded: shape.markers[slot]))
                if last[number].place != place { last[number] = PathUse(place: place, count: 0) }
                turns.append(UInt32(truncatingIfNeeded: last[number].count))
                last[number].count += 1
                found.append((number, PathUse(place: place, count: 1)))
            }
        }
        self.paths = paths
        self.shapes = FixedArray(shapes, padding: ShapeUse())
        self.slots = FixedArray(slots, padding: 0)
        self.markers = FixedArray(markers, padding: 0)
        self.turns = FixedArray(turns, padding: 0)
        (useStarts, uses) = DocumentPlan.byPath(found, paths: paths.count)
    }

    /// The paths that shapes use, ascending, and of each path of the segment its place among them.
    private static func paths(of codes: [UInt32], _ table: ShapeTable) -> ([Int], FixedArray<UInt32>) {
        let placeOf = FixedArray<UInt32>(count: table.paths.count, repeating: 0)
        for code in codes where code > 0 {
            for path in table.slotPaths[Int(code) - 1] { placeOf.base[path] = 1 }
        }
        var paths: [Int] = []
        for path in 0..<placeOf.count where placeOf[path] != 0 {
            placeOf.base[path] = UInt32(truncatingIfNeeded: paths.count)
            paths.append(path)
        }
        return (paths, placeOf)
    }

    /// The uses of each path side by side, those of one shape as one.
    private static func byPath(
        _ found: [(path: Int, use: PathUse)], paths: Int
    ) -> (starts: FixedArray<UInt32>, uses: FixedArray<PathUse>) {
        // Where the next use of a path goes, and which shape the one before it belongs to.
        var next = [Int](repeating: 0, count: paths + 1)
        var last = [Int](repeating: -1, count: paths)
        for (path, use) in found where last[path] != use.place {
            last[path] = use.place
            next[path + 1] += 1
        }
        let starts = FixedArray<UInt32>(count: paths + 1, repeating: 0)
        for path in 0..<paths {
            next[path + 1] += next[path]
            starts.base[path + 1] = UInt32(truncatingIfNeeded: next[path + 1])
            last[path] = -1
        }
        let uses = FixedArray(count: next[paths], repeating: PathUse(place: 0, count: 0))
        for (path, use) in found {
            if last[path] == use.place {
                uses.base[next[path] - 1].count += 1
            } else {
                uses.base[next[path]] = use
                next[path] += 1
                last[path] = use.place
            }
        }
        return (starts, uses)
    }

    /// The memory that is held, without the segment's shapes.
    var byteCount: Int {
        shapes.byteCount + slots.byteCount + turns.byteCount + markers.byteCount + useStarts.byteCount
            + uses.byteCount
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
