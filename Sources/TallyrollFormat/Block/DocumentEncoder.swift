/// Writes the JSON objects of one field as shapes and one column a path.
package struct DocumentEncoder: ~Copyable {
    private var scanner = ShapeScanner()
    private var known = KnownShapes()
    /// The known shapes met in this block in order, from 1, and how often each was.
    private var met = PlainList<UInt32>()
    private var uses = PlainList<UInt32>()
    /// The place in `met` of each known shape, 0 where it was not met.
    private var places = PlainList<UInt32>()
    /// Place in `met` of each row's shape; 0 absent, `rawRow` kept as text.
    private var rowShapes = PlainList<UInt32>()
    private var rowDocuments = ValueColumn()
    /// The scalars of all rows, row after row.
    private var slots = ValueColumn()
    private var codes = PlainList<UInt32>()
    private var rawDocuments = ValueColumn()
    private var pathValues = ValueColumns()
    /// The paths of the scalars of each shape that was met and has a code, and where those of each place in `met` end.
    private var scalarPaths = PlainList<UInt32>()
    private var scalarPathEnds = PlainList<UInt32>()
    /// The scalars of one path without their quotes.
    private var trimmed = ValueColumn()

    private static let rawRow = UInt32.max

    package init() {
        met.append(0)
        uses.append(0)
        places.append(0)
    }

    package mutating func removeAll() {
        for index in 1..<max(met.count, 1) { places[Int(met[index])] = 0 }
        if known.forgetIfMany() { places.truncate(to: 1) }
        met.truncate(to: 1)
        uses.truncate(to: 1)
        rowShapes.removeAll()
        rowDocuments.removeAll()
        slots.removeAll()
    }

    package var hasDocuments: Bool { rowDocuments.presentCount > 0 }

    /// Adds the objects of all rows; no values at all stand for rows without objects. Rows with the same hint are
    /// likely to have the same shape.
    mutating func append(_ values: ValueSpan, hints: [UInt32], in memory: ByteView) {
        for row in 0..<values.count {
            values.fetchMoreAhead(of: row, in: memory)
            if values.isAbsent(row) {
                rowShapes.append(0)
                rowDocuments.appendAbsent()
            } else {
                append(values.value(row, in: memory), hint: hints[row], at: values.offset(row))
            }
        }
    }

    /// Adds the object of the next row, which lies at `offset` of the block's memory.
    @inline(__always)
    private mutating func append(_ document: ByteView, hint: UInt32, at offset: UInt32) {
        rowDocuments.append(offset: offset, length: UInt32(document.count))
        if let shape = known.recognize(document, hint: hint, at: offset, slots: &slots) {
            note(shape)
        } else {
            scan(document, hint: hint, at: offset)
        }
    }

    private mutating func scan(_ document: ByteView, hint: UInt32, at offset: UInt32) {
        guard scanner.scan(document) else {
            rowShapes.append(DocumentEncoder.rawRow)
            return
        }
        let found = scanner.slots
        for index in 0..<found.count {
            slots.append(offset: offset + found.offset(index), length: found.length(index))
        }
        let shape = known.number(of: scanner.shape.view)
        if Int(shape) == places.count { places.append(0) }
        known.remember(shape, hint: hint)
        note(shape)
    }

    @inline(__always)
    private mutating func note(_ shape: UInt32) {
        var place = places[Int(shape)]
        if place == 0 {
            place = UInt32(met.count)
            places[Int(shape)] = place
            met.append(shape)
            uses.append(0)
        }
        uses[Int(place)] += 1
        rowShapes.append(place)
    }

    /// Gives every row its shape code in the segment's dictionary, and sorts the scalars by path. A shape that is
    /// met once, and is unknown, is not worth a dictionary entry: its object is kept as text.
    package mutating func settle(shared: SharedTerms, table: inout ShapeTable, in memory: ByteView) throws {
        var translation: [UInt32] = [0]
        let raw = shared.table.intern(.empty)
        for place in 1..<met.count {
            let text = known.text(met[place])
            if uses[place] > 1 && shared.mayGrow || shared.table.code(of: text) != nil {
                translation.append(shared.table.intern(text))
            } else {
                translation.append(raw)
            }
        }
        for code in UInt32(table.count + 1)..<UInt32(shared.table.count + 1) {
            try table.append(shared.table.term(code).array)
        }
        listPaths(of: translation, besides: raw, in: table)
        codes.removeAll()
        rawDocuments.removeAll()
        pathValues.removeAll()
        pathValues.grow(to: table.paths.count)
        var slot = 0
        for row in 0..<rowShapes.count {
            let place = rowShapes[row]
            let code = place == DocumentEncoder.rawRow ? raw : translation[Int(place)]
            codes.append(code)
            if code == raw {
                rawDocuments.append(
                    offset: rowDocuments.span.offset(row), length: rowDocuments.span.length(row))
                if place != DocumentEncoder.rawRow { slot += known.slotCount(met[Int(place)]) }
            } else if code != 0 {
                distribute(&slot, place: Int(place))
            }
        }
    }

    /// Puts the paths of all shapes into plain memory: an array of the table would be retained for every row.
    private mutating func listPaths(
        of translation: [UInt32], besides raw: UInt32, in table: borrowing ShapeTable
    ) {
        scalarPaths.removeAll()
        scalarPathEnds.removeAll()
        for code in translation {
            if code != 0, code != raw {
                for path in table.slotPaths[Int(code) - 1] { scalarPaths.append(UInt32(path)) }
            }
            scalarPathEnds.append(UInt32(scalarPaths.count))
        }
    }

    /// Appends the scalars from `slot` on, those of the shape at a place in `met`, to their paths.
    @inline(__always)
    private mutating func distribute(_ slot: inout Int, place: Int) {
        let slots = slots.span
        for index in Int(scalarPathEnds[place - 1])..<Int(scalarPathEnds[place]) {
            pathValues[Int(scalarPaths[index])].append(offset: slots.offset(slot), length: slots.length(slot))
            slot &+= 1
        }
    }

    /// The code of each row's shape.
    var shapeCodes: UnsafeBufferPointer<UInt32> { codes.elements }

    /// The objects that are kept as text.
    var raw: ValueSpan { rawDocuments.span }

    /// The paths that have values in this block, ascending.
    package func usedPaths() -> [Int] { (0..<pathValues.count).filter { pathValues[$0].count > 0 } }

    /// Appends the column of one path: a flag byte (1: every value is a string and has lost its quotes), then a
    /// text column in which null is absent.
    package mutating func writePath(
        _ path: Int, in memory: ByteView, columns: inout TextColumnEncoder, heap: inout TextHeapBuilder,
        into out: inout ByteWriter
    ) {
        let scalars = pathValues[path].span
        let quoted = DocumentEncoder.areStrings(scalars, memory)
        let trim: UInt32 = quoted ? 1 : 0
        trimmed.removeAll()
        for index in 0..<scalars.count {
            if DocumentEncoder.isNull(scalars, index, memory) {
                trimmed.appendAbsent()
            } else {
                trimmed.append(
                    offset: scalars.offset(index) + trim, length: scalars.length(index) - 2 * trim)
            }
        }
        out.u8(quoted ? 1 : 0)
        columns.encode(trimmed.span, in: memory, heap: &heap, into: &out)
    }

    /// Whether every scalar that is not null is a string.
    private static func areStrings(_ scalars: ValueSpan, _ memory: ByteView) -> Bool {
        for index in 0..<scalars.count {
            scalars.fetchAhead(of: index, in: memory)
            if memory.base[Int(scalars.offset(index))] != 0x22, !isNull(scalars, index, memory) {
                return false
            }
        }
        return true
    }

    @inline(__always)
    private static func isNull(_ scalars: ValueSpan, _ index: Int, _ memory: ByteView) -> Bool {
        scalars.length(index) == 4 && memory.base[Int(scalars.offset(index))] == 0x6E
    }
}
