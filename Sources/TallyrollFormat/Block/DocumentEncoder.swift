/// Writes the JSON objects of one field as shapes and one column a path.
package struct DocumentEncoder: ~Copyable {
    private var scanner = ShapeScanner()
    /// Shapes met in this block, and how often.
    private var local = TermInterner(capacity: 256)
    private var uses: [UInt32] = [0]
    /// Local shape of each row; 0 absent, `rawRow` kept as text.
    private var rowShapes: [UInt32] = []
    private var rowDocuments = ValueList()
    /// The scalars of all rows, row after row.
    private var slotOffsets: [UInt32] = []
    private var slotLengths: [UInt32] = []
    private var rowSlots: [Int] = []
    private var codes: [UInt32] = []
    private var rawDocuments = ValueList()
    private var pathValues: [ValueList] = []
    private var bits: [UInt64] = []

    private static let rawRow = UInt32.max

    package init() {}

    package mutating func removeAll() {
        local.removeAll()
        uses.removeAll(keepingCapacity: true)
        uses.append(0)
        rowShapes.removeAll(keepingCapacity: true)
        rowDocuments.removeAll()
        slotOffsets.removeAll(keepingCapacity: true)
        slotLengths.removeAll(keepingCapacity: true)
        rowSlots.removeAll(keepingCapacity: true)
    }

    package var hasDocuments: Bool { rowDocuments.presentCount > 0 }

    @inline(__always)
    package mutating func appendAbsent() {
        rowShapes.append(0)
        rowDocuments.appendAbsent()
        rowSlots.append(slotOffsets.count)
    }

    /// Adds the objects of all rows; a list without any values stands for rows without objects.
    package mutating func append(_ values: ValueList, in memory: ByteView) {
        for row in 0..<values.count {
            if values.isAbsent(row) {
                appendAbsent()
            } else {
                append(values.value(row, in: memory), at: values.offsets[row])
            }
        }
    }

    /// Adds the object of the next row, which lies at `offset` of the block's memory.
    package mutating func append(_ document: ByteView, at offset: UInt32) {
        rowDocuments.append(offset: offset, length: UInt32(document.count))
        rowSlots.append(slotOffsets.count)
        guard scanner.scan(document) else {
            rowShapes.append(DocumentEncoder.rawRow)
            return
        }
        let shape = local.intern(scanner.shape.view)
        if Int(shape) == uses.count { uses.append(0) }
        uses[Int(shape)] += 1
        rowShapes.append(shape)
        for slot in scanner.slots {
            slotOffsets.append(offset + slot.offset)
            slotLengths.append(slot.length)
        }
    }

    /// Gives every row its shape code in the segment's dictionary, and sorts the scalars by path. A shape that is
    /// met once, and is unknown, is not worth a dictionary entry: its object is kept as text.
    package mutating func settle(shared: SharedTerms, table: inout ShapeTable, in memory: ByteView) throws {
        var translation: [UInt32] = [0]
        let raw = shared.table.intern(.empty)
        for shape in 1..<UInt32(local.count + 1) {
            let text = local.term(shape)
            if uses[Int(shape)] > 1 && shared.mayGrow || shared.table.code(of: text) != nil {
                translation.append(shared.table.intern(text))
            } else {
                translation.append(raw)
            }
        }
        for code in UInt32(table.count + 1)..<UInt32(shared.table.count + 1) {
            try table.append(shared.table.term(code).array)
        }
        codes.removeAll(keepingCapacity: true)
        rawDocuments.removeAll()
        for index in pathValues.indices { pathValues[index].removeAll() }
        while pathValues.count < table.paths.count { pathValues.append(ValueList()) }
        for row in rowShapes.indices {
            let code = rowShapes[row] == DocumentEncoder.rawRow ? raw : translation[Int(rowShapes[row])]
            codes.append(code)
            if code == raw {
                rawDocuments.append(offset: rowDocuments.offsets[row], length: rowDocuments.lengths[row])
            } else if code != 0 {
                distribute(slotsOf: row, to: table.slotPaths[Int(code) - 1])
            }
        }
    }

    @inline(__always)
    private mutating func distribute(slotsOf row: Int, to paths: [Int]) {
        let start = rowSlots[row]
        for slot in paths.indices {
            pathValues[paths[slot]].append(
                offset: slotOffsets[start + slot], length: slotLengths[start + slot])
        }
    }

    package mutating func writeCodes(into out: inout ByteWriter) {
        CodeColumn.write(codes, packing: &bits, into: &out)
    }

    package var raw: ValueList { rawDocuments }

    /// The paths that have values in this block, ascending.
    package func usedPaths() -> [Int] { pathValues.indices.filter { pathValues[$0].count > 0 } }

    /// Appends the column of one path: a flag byte (1: every value is a string and has lost its quotes), then a
    /// text column in which null is absent.
    package mutating func writePath(
        _ path: Int, in memory: ByteView, columns: inout TextColumnEncoder, heap: inout TextHeapBuilder,
        into out: inout ByteWriter
    ) {
        let scalars = pathValues[path]
        var quoted = true
        var values = ValueList()
        values.reserve(scalars.count)
        for index in 0..<scalars.count where !isNull(scalars, index, memory) {
            if memory.base[Int(scalars.offsets[index])] != 0x22 {
                quoted = false
                break
            }
        }
        let trim: UInt32 = quoted ? 1 : 0
        for index in 0..<scalars.count {
            if isNull(scalars, index, memory) {
                values.appendAbsent()
            } else {
                values.append(
                    offset: scalars.offsets[index] + trim, length: scalars.lengths[index] - 2 * trim)
            }
        }
        out.u8(quoted ? 1 : 0)
        columns.encode(values, in: memory, heap: &heap, into: &out)
    }

    @inline(__always)
    private func isNull(_ scalars: ValueList, _ index: Int, _ memory: ByteView) -> Bool {
        scalars.lengths[index] == 4 && memory.base[Int(scalars.offsets[index])] == 0x6E
    }
}
