/// Puts the objects of some rows of a block together, one path after the other. Reuse one value: its memory is kept.
struct DocumentRows: ~Copyable {
    /// For each slot of each row, in order: the path, and which of the path's values goes there.
    private var slotPaths: [UInt32] = []
    private var slotEntries: [UInt32] = []
    /// The same entries by path, and their texts.
    private var sortedEntries: [UInt32] = []
    private var sortedCells: [ByteView?] = []
    /// For each slot, where its text lies among those.
    private var slotCells: [UInt32] = []
    /// For each path, where its entries begin.
    private var starts: [Int] = []
    private var rawRows: [UInt32] = []
    private var rawEntries: [UInt32] = []
    private var quoted: [Bool] = []
    /// Of a row that is put together by itself: how often each shape occurs before it, and its values.
    private var before = GrowingMemory<UInt32>()
    private var values = GrowingMemory<Value>()

    private struct Value: BitwiseCopyable {
        var text: ByteView
        var isQuoted: Bool

        static var null: Value { Value(text: nullView, isQuoted: false) }
    }

    init() {}

    /// Puts the object of each row, which ascend, into `cells`; nil where it has none.
    mutating func read(
        _ rows: UnsafeBufferPointer<UInt32>, of column: DocumentColumn,
        into cells: UnsafeMutablePointer<ByteView?>, arena: inout TextArena
    ) throws {
        if rows.count <= TextColumn.fewEntries { return try readEach(rows, column, cells, &arena) }
        collect(rows, column)
        sortByPath(column.plan.paths.count)
        try readPaths(column, &arena)
        try readRaw(column, cells, &arena)
        try assemble(rows, column, cells, &arena)
    }

    /// Puts the objects of few rows together, one after the other.
    private mutating func readEach(
        _ rows: UnsafeBufferPointer<UInt32>, _ column: DocumentColumn,
        _ cells: UnsafeMutablePointer<ByteView?>, _ arena: inout TextArena
    ) throws {
        let (counts, plan) = (column.counts, column.plan)
        let before = before.room(for: counts.used.count)
        var earlier: Int?
        var total = 0
        // Of the values, before the object is put together: a few bytes may stand for many.
        var parts = 0
        for index in rows.indices {
            let row = Int(rows[index])
            let use = plan.shapes[counts.place(row)]
            guard use.kind != .absent else {
                cells[index] = nil
                continue
            }
            counts.count(before: row, from: earlier, into: before)
            earlier = row
            if use.kind == .raw {
                cells[index] = try column.rawColumn().cell(
                    column.rawCount(before), from: column.context, arena: &arena)
                continue
            }
            let values = values.room(for: use.slotCount)
            for slot in 0..<use.slotCount {
                let path = Int(plan.slots[use.firstSlot + slot])
                let entry = plan.values(ofPath: path, in: before) + Int(plan.turns[use.firstSlot + slot])
                let value = try column.value(ofPath: path, entry, arena: &arena)
                parts += value.text?.count ?? 0
                guard parts <= Limits.decodedColumnBytes else { throw DocumentRows.tooLong }
                values[slot] = value.text.map { Value(text: $0, isQuoted: value.isQuoted) } ?? .null
            }
            let object = DocumentRows.assemble(use, plan, &arena) { values[$0] }
            total += object.count
            cells[index] = object
            guard total <= Limits.decodedColumnBytes else { throw DocumentRows.tooLong }
        }
    }

    /// Works out which values the rows need.
    private mutating func collect(_ rows: UnsafeBufferPointer<UInt32>, _ column: DocumentColumn) {
        slotPaths.removeAll(keepingCapacity: true)
        slotEntries.removeAll(keepingCapacity: true)
        rawRows.removeAll(keepingCapacity: true)
        rawEntries.removeAll(keepingCapacity: true)
        let (counts, plan) = (column.counts, column.plan)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: counts.used.count + 1) { before in
            guard let before = before.baseAddress else { return }
            var earlier: Int?
            for index in rows.indices {
                let row = Int(rows[index])
                let use = plan.shapes[counts.place(row)]
                if use.kind == .absent { continue }
                counts.count(before: row, from: earlier, into: before)
                earlier = row
                if use.kind == .raw {
                    rawRows.append(UInt32(truncatingIfNeeded: index))
                    rawEntries.append(UInt32(truncatingIfNeeded: column.rawCount(before)))
                    continue
                }
                for slot in use.firstSlot..<(use.firstSlot + use.slotCount) {
                    let path = plan.slots[slot]
                    let entry = plan.values(ofPath: Int(path), in: before) + Int(plan.turns[slot])
                    slotPaths.append(path)
                    slotEntries.append(UInt32(truncatingIfNeeded: entry))
                }
            }
        }
    }

    private mutating func sortByPath(_ pathCount: Int) {
        starts.removeAll(keepingCapacity: true)
        starts.append(contentsOf: repeatElement(0, count: pathCount + 2))
        for path in slotPaths { starts[Int(path) + 2] += 1 }
        if pathCount > 0 { for path in 2..<(pathCount + 2) { starts[path] += starts[path - 1] } }
        sortedEntries.removeAll(keepingCapacity: true)
        sortedEntries.append(contentsOf: repeatElement(0, count: slotPaths.count))
        slotCells.removeAll(keepingCapacity: true)
        slotCells.reserveCapacity(slotPaths.count)
        for index in slotPaths.indices {
            let path = Int(slotPaths[index])
            let place = starts[path + 1]
            starts[path + 1] = place + 1
            sortedEntries[place] = slotEntries[index]
            slotCells.append(UInt32(truncatingIfNeeded: place))
        }
    }

    private mutating func readPaths(_ column: DocumentColumn, _ arena: inout TextArena) throws {
        if sortedCells.count < sortedEntries.count {
            sortedCells = [ByteView?](repeating: nil, count: sortedEntries.count)
        }
        quoted.removeAll(keepingCapacity: true)
        for path in 0..<(starts.count - 2) {
            let range = starts[path]..<starts[path + 1]
            guard !range.isEmpty else {
                quoted.append(false)
                continue
            }
            let values = try column.column(path)
            quoted.append(values.quoted)
            try sortedEntries.withUnsafeBufferPointer { entries in
                try sortedCells.withUnsafeMutableBufferPointer { cells in
                    guard let first = cells.baseAddress else { return }
                    try values.texts.read(
                        UnsafeBufferPointer(rebasing: entries[range]), from: column.context,
                        into: first + range.lowerBound, arena: &arena)
                }
            }
        }
    }

    private mutating func readRaw(
        _ column: DocumentColumn, _ cells: UnsafeMutablePointer<ByteView?>, _ arena: inout TextArena
    ) throws {
        guard !rawRows.isEmpty else { return }
        let raw = try column.rawColumn()
        var texts = [ByteView?](repeating: nil, count: rawRows.count)
        try rawEntries.withUnsafeBufferPointer { entries in
            try texts.withUnsafeMutableBufferPointer { texts in
                guard let first = texts.baseAddress else { return }
                try raw.read(entries, from: column.context, into: first, arena: &arena)
            }
        }
        for index in rawRows.indices { cells[Int(rawRows[index])] = texts[index] }
    }

    private mutating func assemble(
        _ rows: UnsafeBufferPointer<UInt32>, _ column: DocumentColumn,
        _ cells: UnsafeMutablePointer<ByteView?>, _ arena: inout TextArena
    ) throws {
        let (counts, plan) = (column.counts, column.plan)
        var next = 0
        var total = 0
        let quoted = quoted
        try slotCells.withUnsafeBufferPointer { slotCells in
            try sortedCells.withUnsafeBufferPointer { values in
                try quoted.withUnsafeBufferPointer { quoted in
                    for index in rows.indices {
                        let use = plan.shapes[counts.place(Int(rows[index]))]
                        switch use.kind {
                        case .absent: cells[index] = nil
                        case .raw: continue
                        case .shape:
                            let own = UnsafeBufferPointer(rebasing: slotCells[next..<(next + use.slotCount)])
                            next += use.slotCount
                            let object = DocumentRows.assemble(use, plan, &arena) { slot in
                                guard let text = values[Int(own[slot])] else { return .null }
                                return Value(
                                    text: text, isQuoted: quoted[Int(plan.slots[use.firstSlot + slot])])
                            }
                            total += object.count
                            cells[index] = object
                            guard total <= Limits.decodedColumnBytes else { throw DocumentRows.tooLong }
                        }
                    }
                }
            }
        }
    }

    private static var tooLong: FormatError {
        FormatError(
            .limit, "document column", offset: 0,
            expected: "at most \(Limits.decodedColumnBytes) bytes of text", found: "more")
    }

    @inline(__always)
    private static func assemble(
        _ use: DocumentPlan.ShapeUse, _ plan: DocumentPlan, _ arena: inout TextArena,
        _ value: (_ slot: Int) -> Value
    ) -> ByteView {
        var length = use.text.count - use.slotCount
        for slot in 0..<use.slotCount {
            let value = value(slot)
            length += value.text.count + (value.isQuoted ? 2 : 0)
        }
        let start = arena.take(length)
        var out = start
        var copied = 0
        for slot in 0..<use.slotCount {
            let marker = Int(plan.markers[use.firstSlot + slot])
            out = put(use.text.trusted(copied, marker - copied), at: out)
            copied = marker + 1
            let value = value(slot)
            if value.isQuoted {
                out.pointee = 0x22
                out = put(value.text, at: out + 1)
                out.pointee = 0x22
                out += 1
            } else {
                out = put(value.text, at: out)
            }
        }
        out = put(use.text.trusted(copied, use.text.count - copied), at: out)
        precondition(out - start == length, "an object is as long as its parts")
        return ByteView(base: start, count: length)
    }

    @inline(__always)
    private static func put(
        _ view: ByteView, at target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        target.update(from: view.base, count: view.count)
        return target + view.count
    }
}
