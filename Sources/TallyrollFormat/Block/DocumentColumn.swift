/// Reads the JSON objects of one field of a block, whole or one path at a time.
package final class DocumentColumn: Sendable {
    let counts: ShapeCounts
    let plan: DocumentPlan
    private let shapes: ShapeTable
    private let pathRole: SectionRole
    private let id: ColumnID
    private let sections: BlockSections
    let context: ColumnContext
    /// The columns of `plan.paths`, opened when they are first asked for.
    private let columns: LazyReferences<PathColumn>
    private let raw = OnceReference<TextColumn>()

    init(_ block: BlockReader, _ id: ColumnID) throws {
        self.id = id
        sections = block.sections
        pathRole = id == .details ? .detailsPath : .extraPath
        counts = ShapeCounts(try block.codes(id))
        let largest = counts.used.last ?? 0
        let dictionary: DictionaryID = id == .details ? .detailsShape : .extraShape
        shapes = try block.terms.shapes(dictionary, upTo: largest)
        guard shapes.count >= Int(largest) else {
            throw FormatError(
                .invalid, "document column", offset: block.origin, expected: "shapes up to \(shapes.count)",
                found: "\(largest)")
        }
        plan = DocumentPlan(counts.used, shapes)
        columns = LazyReferences(count: plan.paths.count)
        context = ColumnContext(heap: block.heap, terms: block.terms, dictionary: nil, leaders: nil)
        sections.hold(counts.byteCount + plan.byteCount)
    }

    package var rowCount: Int { counts.rowCount }

    /// The column of the path at `place` of the plan.
    func column(_ place: Int) throws -> PathColumn {
        if let known = columns[place] { return known }
        var values = 0
        for use in Int(plan.useStarts[place])..<Int(plan.useStarts[place + 1]) {
            values += plan.uses[use].count * counts.total(plan.uses[use].place)
        }
        let path = plan.paths[place]
        guard let bytes = try sections.keptIfPresent(pathRole, path) else {
            throw FormatError(
                .invalid, "document column", offset: sections.origin, expected: "a column for path \(path)",
                found: "none")
        }
        return columns.store(try PathColumn(bytes, count: values), at: place)
    }

    /// One value of the path at `place` of the plan, and whether it stands in quotes.
    @inline(__always)
    func value(
        ofPath place: Int, _ entry: Int, arena: inout TextArena
    ) throws -> (text: ByteView?, isQuoted: Bool) {
        let known = try columns.read(place) { column in
            (try column.texts.cell(entry, from: context, arena: &arena), column.quoted)
        }
        if let known { return known }
        let column = try column(place)
        return (try column.texts.cell(entry, from: context, arena: &arena), column.quoted)
    }

    /// The column of the objects that are kept as text.
    func rawColumn() throws -> TextColumn {
        if let known = raw.load() { return known }
        guard let bytes = try sections.keptIfPresent(.rawDocuments, Int(id.rawValue)) else {
            throw FormatError(
                .invalid, "document column", offset: sections.origin, expected: "objects kept as text",
                found: "none")
        }
        var count = 0
        for place in counts.used.indices where plan.shapes[place].kind == .raw {
            count += counts.total(place)
        }
        return raw.storeIfNil(try TextColumn(bytes, count: count, leaders: nil))
    }

    var hasRaw: Bool { counts.used.indices.contains { plan.shapes[$0].kind == .raw } }

    /// How many rows kept as text there are among those that `counts` counts.
    @inline(__always)
    func rawCount(_ counts: UnsafePointer<UInt32>) -> Int {
        var count = 0
        for place in 0..<plan.shapes.count where plan.shapes[place].kind == .raw {
            count += Int(counts[place])
        }
        return count
    }

    // MARK: One row

    /// Appends the object of a row; false, and nothing appended, when it has none.
    package func append(_ row: Int, into out: inout ByteWriter) throws -> Bool {
        precondition(row >= 0 && row < rowCount)
        let use = plan.shapes[counts.place(row)]
        if use.kind == .absent { return false }
        // The closure may not capture the writer: what it finds is put together behind it.
        var entries: [Int] = []
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: counts.used.count) { before in
            guard let before = before.baseAddress else { return }
            counts.count(before: row, from: nil, into: before)
            if use.kind == .raw {
                entries = [rawCount(before)]
                return
            }
            entries.reserveCapacity(use.slotCount)
            for slot in 0..<use.slotCount {
                let path = plan.slots[use.firstSlot + slot]
                var entry = plan.values(ofPath: Int(path), in: before)
                entry += Int(plan.turns[use.firstSlot + slot])
                entries.append(entry)
            }
        }
        if use.kind == .raw { return try rawColumn().append(entries[0], from: context, into: &out) }
        var copied = 0
        for slot in 0..<use.slotCount {
            let marker = Int(plan.markers[use.firstSlot + slot])
            out.bytes(use.text.trusted(copied, marker - copied))
            try column(Int(plan.slots[use.firstSlot + slot])).append(entries[slot], from: context, into: &out)
            copied = marker + 1
        }
        out.bytes(use.text.trusted(copied, use.text.count - copied))
        return true
    }

    // MARK: Paths

    /// The places of the paths for which `matches` holds.
    func places(where matches: (_ number: Int, _ path: [UInt8]) -> Bool) -> [Int] {
        plan.paths.indices.filter { matches(plan.paths[$0], shapes.paths[plan.paths[$0]]) }
    }

    /// The paths of this segment that the shapes of this block use, for which `matches` holds, with the values of
    /// each: called with the row and the scalar as JSON text, rows ascending within a path.
    package func forEachScalar(
        where matches: ([UInt8]) -> Bool, _ body: (_ row: Int, _ scalar: ByteView) -> Void
    ) throws {
        for place in places(where: { matches($1) }) {
            let column = try column(place)
            var values = ValueList()
            var text = ByteWriter(capacity: 4096)
            try column.texts.decode(from: context, into: &values, text: &text)
            var scalar = ByteWriter(capacity: 256)
            forEachEntry(of: place) { row, entry in
                scalar.removeAll()
                if values.isAbsent(entry) {
                    scalar.bytes(nullView)
                } else {
                    if column.quoted { scalar.u8(0x22) }
                    scalar.bytes(values.value(entry, in: text.view))
                    if column.quoted { scalar.u8(0x22) }
                }
                body(row, scalar.view)
            }
        }
    }

    /// Calls `body` with the row of each value of a path, in order.
    @inline(__always)
    func forEachEntry(of place: Int, _ body: (_ row: Int, _ entry: Int) -> Void) {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: counts.used.count) { perRow in
            perRow.initialize(repeating: 0)
            for use in Int(plan.useStarts[place])..<Int(plan.useStarts[place + 1]) {
                perRow[plan.uses[use].place] = plan.uses[use].count
            }
            var entry = 0
            for row in 0..<rowCount {
                for _ in 0..<perRow[counts.place(row)] {
                    body(row, entry)
                    entry += 1
                }
            }
        }
    }

    /// Adds the rows that have one of some values of a path.
    private func insertRows(of place: Int, _ entries: RowSet, into rows: inout RowSet) {
        if entries.isEmpty { return }
        let uses = Int(plan.useStarts[place])..<Int(plan.useStarts[place + 1])
        guard uses.allSatisfy({ plan.uses[$0].count == 1 }) else {
            forEachEntry(of: place) { row, entry in if entries.contains(entry) { rows.insert(row) } }
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: counts.used.count) { hasValue in
            hasValue.initialize(repeating: 0)
            for use in uses { hasValue[plan.uses[use].place] = 1 }
            var values = BitSource(entries)
            for word in rows.words.indices {
                let start = word << 6
                let owners = counts.rows(start..<min(start + 64, rowCount), where: hasValue)
                if owners == 0 { continue }
                let found = values.next(owners.nonzeroBitCount)
                if found == 0 { continue }
                rows.setWord(word, rows.words[word] | BitSource.spread(found, over: owners))
            }
        }
    }

    /// Adds the rows that have, at a path for which `matches` holds, a scalar for which `holds` does: asked once for
    /// equal scalars that lie together. `holds` gets the scalar as JSON text. With `stringsOnly` scalars that cannot be
    /// strings are passed over. A path has the same number in all blocks of a segment.
    package func insertRows(
        where matches: (_ number: Int, _ path: [UInt8]) -> Bool, stringsOnly: Bool, into rows: inout RowSet,
        _ holds: (ByteView) -> Bool
    ) throws {
        var scalar = ByteWriter(capacity: 256)
        for place in places(where: matches) {
            let column = try column(place)
            if stringsOnly, !column.quoted, column.texts.neverBegins(with: quote) { continue }
            let entries = try column.texts.rows(from: context) { value in
                guard let value else { return holds(nullView) }
                if !column.quoted { return holds(value) }
                scalar.removeAll()
                scalar.u8(0x22)
                scalar.bytes(value)
                scalar.u8(0x22)
                return holds(scalar.view)
            }
            insertRows(of: place, entries, into: &rows)
        }
    }

    /// Adds the rows that have, at any path, a string that holds a text. `judge` is asked about the content of strings
    /// whose escapes leave it open.
    package func insertRows(
        holding needle: TextNeedle, into rows: inout RowSet, _ judge: (ByteView) -> Bool
    ) throws {
        for place in plan.paths.indices {
            let column = try column(place)
            if column.quoted {
                let entries = try column.texts.rows(from: context, holding: needle, isJSON: true, judge)
                insertRows(of: place, entries, into: &rows)
            } else if !column.texts.neverBegins(with: quote) {
                let entries = try column.texts.rows(from: context) { value in
                    guard let value, value.count >= 2, value[0] == UInt8(ascii: "\"") else { return false }
                    let content = value.trusted(1, value.count - 2)
                    return needle.isIn(content, isJSON: true) ?? judge(content)
                }
                insertRows(of: place, entries, into: &rows)
            }
        }
    }

    /// Calls `body` with each row whose object is kept as text.
    package func forEachRaw(_ body: (_ row: Int, _ document: ByteView) -> Void) throws {
        guard hasRaw else { return }
        let column = try rawColumn()
        var document = ByteWriter(capacity: 1024)
        var entry = 0
        for row in 0..<rowCount where plan.shapes[counts.place(row)].kind == .raw {
            document.removeAll()
            _ = try column.append(entry, from: context, into: &document)
            body(row, document.view)
            entry += 1
        }
    }

    /// The rows that have an object at all.
    package func presentRows() -> RowSet {
        var rows = RowSet(size: rowCount)
        for row in 0..<rowCount where plan.shapes[counts.place(row)].kind != .absent { rows.insert(row) }
        return rows
    }
}

private let quote = UInt8(ascii: "\"")
private let nullStaticText: StaticString = "null"

/// The JSON word for a value that is not there.
var nullView: ByteView {
    ByteView(base: nullStaticText.utf8Start, count: nullStaticText.utf8CodeUnitCount)
}

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
            out.bytes(nullView)
            return
        }
        if quoted { out.u8(0x22) }
    }
}
