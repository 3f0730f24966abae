import Synchronization

/// Reads the JSON objects of one field of a block, whole or one path at a time.
package final class DocumentColumn: Sendable {
    /// Shape code of each row; 0 is absent.
    let codes: [UInt32]
    let shapes: ShapeTable
    private let pathRole: SectionRole
    private let id: ColumnID
    /// Unowned in effect: a document column lives in its block reader and is used while that is.
    private unowned let block: BlockReader
    /// How often each shape occurs before each group of rows.
    let counts: ShapeCounts
    private let state = Mutex(Opened())

    private struct Opened {
        var paths: [Int: (uses: [PathUse], column: PathColumn)] = [:]
        var raw: TextColumn?
    }

    init(_ block: BlockReader, _ id: ColumnID) throws {
        self.block = block
        self.id = id
        pathRole = id == .details ? .detailsPath : .extraPath
        codes = try block.codes(id).decodeArray()
        let largest = codes.max() ?? 0
        let dictionary: DictionaryID = id == .details ? .detailsShape : .extraShape
        shapes = try block.terms.shapes(dictionary, upTo: largest)
        guard shapes.count >= Int(largest) else {
            throw FormatError(
                .invalid, "document column", offset: block.origin, expected: "shapes up to \(shapes.count)",
                found: "\(largest)")
        }
        counts = ShapeCounts(codes)
    }

    /// Appends the object of a row; false, and nothing appended, when it has none.
    package func append(_ row: Int, into out: inout ByteWriter) throws -> Bool {
        let code = codes[row]
        guard code > 0 else { return false }
        guard let shape = shapes.shapes[Int(code) - 1] else {
            let entry = counts.before(row, code: code)
            return try rawColumn().append(entry, from: context, into: &out)
        }
        let slotPaths = shapes.slotPaths[Int(code) - 1]
        let before = counts.before(row)
        let context = context
        try shape.text.withUnsafeBufferPointer { buffer throws in
            let text = ByteView(UnsafeRawBufferPointer(buffer))
            var copied = 0
            for (slot, marker) in shape.markers.enumerated() {
                out.bytes(text.trusted(copied, marker - copied))
                let path = slotPaths[slot]
                var entry = 0
                for earlier in 0..<slot where slotPaths[earlier] == path { entry += 1 }
                let (uses, column) = try usedColumn(path)
                for use in uses { entry += use.count * Int(before[use.place]) }
                try column.append(entry, from: context, into: &out)
                copied = marker + 1
            }
            out.bytes(text.trusted(copied, text.count - copied))
        }
        return true
    }

    var context: ColumnContext {
        ColumnContext(heap: block, terms: block.terms, dictionary: nil, leaders: nil)
    }

    /// How many values each shape of the block has at a path, for the shapes that have any.
    struct PathUse {
        var place: Int
        var count: Int
    }

    private func column(_ path: Int) throws -> PathColumn { try usedColumn(path).column }

    func usedColumn(_ path: Int) throws -> (uses: [PathUse], column: PathColumn) {
        if let known = state.withLock({ $0.paths[path] }) { return known }
        var uses: [PathUse] = []
        for (place, code) in counts.used.enumerated() where code > 0 {
            let count = shapes.slotPaths[Int(code) - 1].count { $0 == path }
            if count > 0 { uses.append(PathUse(place: place, count: count)) }
        }
        let valueCount = uses.reduce(0) { $0 + $1.count * counts.before(codes.count, place: $1.place) }
        guard let bytes = try block.sectionIfPresent(pathRole, path) else {
            throw FormatError(
                .invalid, "document column", offset: block.origin, expected: "a column for path \(path)",
                found: "none")
        }
        let column = try PathColumn(bytes, count: valueCount)
        state.withLock { [uses] in $0.paths[path] = (uses, column) }
        return (uses, column)
    }

    private func rawColumn() throws -> TextColumn {
        if let known = state.withLock({ $0.raw }) { return known }
        guard let bytes = try block.sectionIfPresent(.rawDocuments, Int(id.rawValue)) else {
            throw FormatError(
                .invalid, "document column", offset: block.origin, expected: "objects kept as text",
                found: "none")
        }
        var count = 0
        for (place, code) in counts.used.enumerated() where code > 0 && shapes.shapes[Int(code) - 1] == nil {
            count += counts.before(codes.count, place: place)
        }
        let column = try TextColumn(bytes, count: count, leaders: nil)
        state.withLock { $0.raw = column }
        return column
    }

    // MARK: Whole columns

    /// Appends the object of every row to `values`, with its text in `text`.
    package func decode(into values: inout ValueList, text: inout ByteWriter) throws {
        var decoded: [Int: DecodedPath] = [:]
        var raw = DecodedPath()
        for code in counts.used where code > 0 {
            if shapes.shapes[Int(code) - 1] == nil {
                try rawColumn().decode(from: context, into: &raw.values, text: &text)
            }
            for path in shapes.slotPaths[Int(code) - 1] where decoded[path] == nil {
                let column = try column(path)
                var values = DecodedPath()
                values.quoted = column.quoted
                try column.texts.decode(from: context, into: &values.values, text: &text)
                decoded[path] = values
            }
        }
        var order: [DecodedPath] = []
        var places: [Int: Int] = [:]
        for (path, values) in decoded {
            places[path] = order.count
            order.append(values)
        }
        let slotPlaces = shapes.slotPaths.map { $0.map { places[$0] ?? 0 } }
        for code in codes {
            guard code > 0 else {
                values.appendAbsent()
                continue
            }
            let start = text.count
            guard let shape = shapes.shapes[Int(code) - 1] else {
                values.append(offset: raw.values.offsets[raw.next], length: raw.values.lengths[raw.next])
                raw.next += 1
                continue
            }
            write(shape, slots: slotPlaces[Int(code) - 1], from: &order, into: &text)
            guard text.count <= Limits.decodedColumnBytes else {
                throw FormatError(
                    .limit, "document column", offset: block.origin,
                    expected: "at most \(Limits.decodedColumnBytes) bytes of text", found: "more")
            }
            values.append(offset: UInt32(start), length: UInt32(text.count - start))
        }
    }

    /// Puts one object together from the next values of its paths. The values lie in `text` themselves.
    private func write(
        _ shape: Shape, slots: [Int], from decoded: inout [DecodedPath], into text: inout ByteWriter
    ) {
        shape.text.withView { pieces in
            var copied = 0
            for slot in slots.indices {
                let marker = shape.markers[slot]
                text.bytes(pieces.trusted(copied, marker - copied))
                decoded[slots[slot]].writeNext(into: &text)
                copied = marker + 1
            }
            text.bytes(pieces.trusted(copied, pieces.count - copied))
        }
    }

    // MARK: Paths

    /// The paths of this segment that the shapes of this block use, for which `matches` holds, with the values of
    /// each: called with the row and the scalar as JSON text, rows ascending within a path.
    package func forEachScalar(
        where matches: ([UInt8]) -> Bool, _ body: (_ row: Int, _ scalar: ByteView) -> Void
    ) throws {
        var wanted: Set<Int> = []
        for code in counts.used where code > 0 {
            for path in shapes.slotPaths[Int(code) - 1] where matches(shapes.paths[path]) {
                wanted.insert(path)
            }
        }
        for path in wanted.sorted() {
            let column = try column(path)
            var decoded = DecodedPath()
            decoded.quoted = column.quoted
            var text = ByteWriter(capacity: 4096)
            try column.texts.decode(from: context, into: &decoded.values, text: &text)
            var scalar = ByteWriter(capacity: 256)
            let uses = shapes.slotPaths.map { paths in paths.count { $0 == path } }
            for row in codes.indices where codes[row] > 0 {
                for _ in 0..<uses[Int(codes[row]) - 1] {
                    scalar.removeAll()
                    decoded.writeNext(of: text.view, into: &scalar)
                    body(row, scalar.view)
                }
            }
        }
    }

    /// Adds the rows that have, at a path for which `matches` holds, a scalar for which `holds` does: asked once for
    /// equal scalars that lie together. `holds` gets the scalar as JSON text. With `stringsOnly` scalars that cannot be
    /// strings are passed over.
    package func insertRows(
        where matches: ([UInt8]) -> Bool, stringsOnly: Bool, into rows: inout RowSet,
        _ holds: (ByteView) -> Bool
    ) throws {
        var wanted: Set<Int> = []
        for code in counts.used where code > 0 {
            for path in shapes.slotPaths[Int(code) - 1] where matches(shapes.paths[path]) {
                wanted.insert(path)
            }
        }
        var scalar = ByteWriter(capacity: 256)
        for path in wanted.sorted() {
            let (uses, column) = try usedColumn(path)
            if stringsOnly, !column.quoted, column.texts.isNumeric { continue }
            let entries = try column.texts.rows(from: context) { value in
                guard let value else { return holds(nullView) }
                if !column.quoted { return holds(value) }
                scalar.removeAll()
                scalar.u8(0x22)
                scalar.bytes(value)
                scalar.u8(0x22)
                return holds(scalar.view)
            }
            if entries.isEmpty { continue }
            var usesByPlace = [Int](repeating: 0, count: counts.used.count)
            for use in uses { usesByPlace[use.place] = use.count }
            var entry = 0
            for row in codes.indices {
                let count = usesByPlace[counts.place(row)]
                for next in entry..<(entry + count) where entries.contains(next) { rows.insert(row) }
                entry += count
            }
        }
    }

    private var nullView: ByteView {
        ByteView(base: nullStaticText.utf8Start, count: nullStaticText.utf8CodeUnitCount)
    }

    /// Calls `body` with each row whose object is kept as text.
    package func forEachRaw(_ body: (_ row: Int, _ document: ByteView) -> Void) throws {
        guard counts.used.contains(where: { $0 > 0 && shapes.shapes[Int($0) - 1] == nil }) else { return }
        let column = try rawColumn()
        var document = ByteWriter(capacity: 1024)
        var entry = 0
        for row in codes.indices where codes[row] > 0 && shapes.shapes[Int(codes[row]) - 1] == nil {
            document.removeAll()
            _ = try column.append(entry, from: context, into: &document)
            body(row, document.view)
            entry += 1
        }
    }

    /// The rows that have an object at all.
    package func presentRows() -> RowSet {
        var rows = RowSet(size: codes.count)
        for row in codes.indices where codes[row] > 0 { rows.insert(row) }
        return rows
    }
}

/// The values of one path while whole objects are put together.
private struct DecodedPath {
    var values = ValueList()
    var quoted = false
    var next = 0

    /// Appends the next scalar to the buffer that holds the values themselves.
    mutating func writeNext(into text: inout ByteWriter) {
        defer { next += 1 }
        guard !values.isAbsent(next) else {
            text.bytes(nullText)
            return
        }
        if quoted { text.u8(0x22) }
        text.copyWithin(offset: Int(values.offsets[next]), length: Int(values.lengths[next]))
        if quoted { text.u8(0x22) }
    }

    /// Appends the next scalar, whose text lies in `memory`, to another buffer.
    mutating func writeNext(of memory: ByteView, into out: inout ByteWriter) {
        defer { next += 1 }
        guard !values.isAbsent(next) else {
            out.bytes(nullText)
            return
        }
        if quoted { out.u8(0x22) }
        out.bytes(values.value(next, in: memory))
        if quoted { out.u8(0x22) }
    }
}

private let nullStaticText: StaticString = "null"
private let nullText: [UInt8] = [0x6E, 0x75, 0x6C, 0x6C]

/// The scalars at one path.
final class PathColumn: Sendable {
    let quoted: Bool
    let texts: TextColumn

    init(_ bytes: Bytes, count: Int) throws(FormatError) {
        var reader = ByteReader(bytes.view, what: "path column")
        let flag = try reader.u8()
        guard flag <= 1 else { throw reader.invalid("flag", expected: "0 or 1", found: "\(flag)") }
        quoted = flag == 1
        texts = try TextColumn(bytes, from: 1, count: count, leaders: nil)
    }

    func append(_ entry: Int, from context: ColumnContext, into out: inout ByteWriter) throws {
        let start = out.count
        if quoted { out.u8(0x22) }
        guard try texts.append(entry, from: context, into: &out) else {
            out.truncate(to: start)
            out.bytes(nullText)
            return
        }
        if quoted { out.u8(0x22) }
    }
}

/// How often each shape code of a block occurs before a row: a count at every 128th row, and a short scan.
struct ShapeCounts {
    private static let groupSize = 128
    /// The distinct codes, ascending.
    let used: [UInt32]
    /// Place of each row's code in `used`.
    private let places: [UInt16]
    private let groups: [UInt16]

    init(_ codes: [UInt32]) {
        used = Array(Set(codes)).sorted()
        var placeOf: [UInt32: UInt16] = [:]
        for (place, code) in used.enumerated() { placeOf[code] = UInt16(truncatingIfNeeded: place) }
        places = codes.map { placeOf[$0] ?? 0 }
        var running = [UInt16](repeating: 0, count: used.count)
        var groups: [UInt16] = []
        for row in places.indices {
            if row % ShapeCounts.groupSize == 0 { groups.append(contentsOf: running) }
            running[Int(places[row])] += 1
        }
        groups.append(contentsOf: running)
        self.groups = groups
    }

    func place(_ row: Int) -> Int { Int(places[row]) }

    /// `row` may be the number of rows: then all are counted.
    func before(_ row: Int, place: Int) -> Int {
        if row == places.count { return Int(groups[groups.count - used.count + place]) }
        let group = row / ShapeCounts.groupSize
        var count = Int(groups[group * used.count + place])
        for earlier in group * ShapeCounts.groupSize..<row where places[earlier] == place { count += 1 }
        return count
    }

    /// For each place, how often its code occurs before a row.
    func before(_ row: Int) -> [UInt16] {
        let group = row / ShapeCounts.groupSize
        var counts = Array(groups[(group * used.count)..<((group + 1) * used.count)])
        for earlier in (group * ShapeCounts.groupSize)..<row { counts[Int(places[earlier])] &+= 1 }
        return counts
    }

    func before(_ row: Int, code: UInt32) -> Int {
        used.firstIndex(of: code).map { before(row, place: $0) } ?? 0
    }
}
