/// Some events of one block, or all, decoded column by column: every column is opened once, and what the rows share is
/// looked up once. Reuse one value for block after block; its memory is kept.
///
/// Texts are not copied where they lie in memory already; the block's reader, which holds them, is kept for that.
package struct BlockRows: ~Copyable {
    /// The number of rows.
    package private(set) var count = 0
    package private(set) var timestamps: [Int64] = []
    package private(set) var recordedAt: [Int64] = []
    private var digits: [Int64] = []
    private var hasDigits = false
    private var zones: [Int64] = []
    private var outcomes: [Int64] = []
    private var hasOutcomes = false
    private var origins: [Int64] = []
    private var durations: [Int64?] = []
    /// Texts that were made into strings; those of the rows loaded now.
    var strings = SharedStrings()
    /// The bytes of the texts of the event that was made last.
    package internal(set) var textBytes = 0
    /// The texts of a field side by side, `count` of them; the fields in the order in which a record holds them.
    private var cells: UnsafeMutableBufferPointer<ByteView?>
    private var hasField = InlineArray<17, Bool>(repeating: false)
    private var documents = DocumentRows()
    private var arena = TextArena()
    private var block: BlockReader?
    private var wanted: [UInt32] = []
    /// The fields that were read.
    private(set) var fields = RecordFields.all

    package init() {
        precondition(StringField.count == 17)
        cells = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    deinit { cells.deallocate() }

    /// Forgets the rows and lets their block go.
    package mutating func removeAll() {
        forgetRows()
        arena.removeTables()
        block = nil
    }

    private mutating func forgetRows() {
        count = 0
        arena.removeAll()
        strings.removeAll()
    }

    /// Decodes the columns of some fields of `block`, all rows.
    package mutating func load(_ block: BlockReader, _ fields: RecordFields = .all) throws {
        wanted.removeAll(keepingCapacity: true)
        for row in 0..<UInt32(block.count) { wanted.append(row) }
        try loadWanted(block, fields)
    }

    /// Decodes some rows of a block, which ascend: row `rows[i]` of the block is row `i` here. `timestamps` are theirs,
    /// where the caller has read them already.
    package mutating func load(
        _ block: BlockReader, _ rows: [Int], _ fields: RecordFields = .all, timestamps: [Int64]? = nil
    ) throws {
        precondition(timestamps.map { $0.count == rows.count } ?? true)
        wanted.removeAll(keepingCapacity: true)
        for row in rows {
            precondition(row >= 0 && row < block.count)
            wanted.append(UInt32(truncatingIfNeeded: row))
        }
        try loadWanted(block, fields, timestamps)
    }

    /// Decodes one row of a block, which is row 0 here.
    package mutating func load(_ block: BlockReader, row: Int, _ fields: RecordFields = .all) throws {
        precondition(row >= 0 && row < block.count)
        wanted.removeAll(keepingCapacity: true)
        wanted.append(UInt32(truncatingIfNeeded: row))
        try loadWanted(block, fields)
    }

    private mutating func loadWanted(
        _ block: BlockReader, _ fields: RecordFields, _ timestamps: [Int64]? = nil
    ) throws {
        // Nothing is there to be read until all of it is.
        forgetRows()
        // The dictionaries stay for as long as blocks of one segment follow each other.
        if let previous = self.block, previous.terms !== block.terms { arena.removeTables() }
        self.block = block
        hasField = InlineArray(repeating: false)
        self.fields = fields
        // Columns that someone else asked for are open, but are not read.
        let columns = try block.recordColumns(fields)
        if cells.count < wanted.count * StringField.count {
            cells.deallocate()
            cells = .allocate(capacity: wanted.count * StringField.count)
        }
        loadIntegers(columns, timestamps)
        let rows = wanted
        try rows.withUnsafeBufferPointer { rows in
            try columns.terms.forEach { terms in
                guard fields.contains(terms.field) else { return }
                try terms.context.read(terms.codes, rows, into: cells(of: terms.field), arena: &arena)
                hasField[terms.field.index] = true
            }
            if let resource = columns.resource { try loadResources(resource, rows, fields) }
            try columns.texts.forEach { text in
                guard fields.contains(text.field) else { return }
                try text.column.read(rows, from: text.context, into: cells(of: text.field), arena: &arena)
                hasField[text.field.index] = true
            }
            try columns.documents.forEach { objects in
                guard fields.contains(objects.field) else { return }
                try documents.read(rows, of: objects.column, into: cells(of: objects.field), arena: &arena)
                hasField[objects.field.index] = true
            }
        }
        count = wanted.count
        touchTexts()
    }

    /// Looks at where the texts begin, which are read soon, row by row.
    private mutating func touchTexts() {
        guard count > TextColumn.fewEntries, count <= BlockRows.touchedMax else { return }
        var seen: UInt32 = 0
        for index in 0..<StringField.count where hasField[index] {
            for row in 0..<count {
                guard let text = cells[index * count + row], !text.isEmpty else { continue }
                seen |= UInt32(text.base[0])
            }
        }
        arena.touch(seen)
    }

    /// The texts of more rows do not stay in the processor's cache.
    private static let touchedMax = 512

    private func cells(of field: StringField) -> UnsafeMutablePointer<ByteView?> {
        // There is room for every field as soon as there is a row, and nothing is written when there is none.
        guard let base = cells.baseAddress else { return UnsafeMutablePointer(mutating: BlockRows.noCells) }
        return base + field.index * wanted.count
    }

    nonisolated(unsafe) private static let noCells: UnsafePointer<ByteView?> = {
        let cell = UnsafeMutablePointer<ByteView?>.allocate(capacity: 1)
        cell.initialize(to: nil)
        return UnsafePointer(cell)
    }()

    private mutating func loadIntegers(_ columns: RecordColumns, _ known: [Int64]?) {
        if let known {
            timestamps = known
        } else {
            BlockRows.read(columns.timestamp, wanted, into: &timestamps)
        }
        BlockRows.read(columns.recordedAt, wanted, into: &recordedAt)
        hasDigits = columns.digits != nil
        if let column = columns.digits { BlockRows.read(column, wanted, into: &digits) }
        BlockRows.read(columns.zone, wanted, into: &zones)
        hasOutcomes = columns.outcome != nil && fields.hasOutcome
        if hasOutcomes, let column = columns.outcome { BlockRows.read(column, wanted, into: &outcomes) }
        BlockRows.read(columns.origin, wanted, into: &origins)
        durations.removeAll(keepingCapacity: true)
        guard fields.hasDuration, let column = columns.durations else { return }
        for row in wanted { durations.append(column.value(Int(row))) }
    }

    private static func read(_ column: IntegerColumn, _ rows: [UInt32], into values: inout [Int64]) {
        if values.count > rows.count {
            values.removeLast(values.count - rows.count)
        } else if values.count < rows.count {
            values.append(contentsOf: repeatElement(0, count: rows.count - values.count))
        }
        values.withUnsafeMutableBufferPointer { values in
            guard let first = values.baseAddress else { return }
            if rows.count == column.count {
                column.decode(into: values)
            } else {
                rows.withUnsafeBufferPointer { column.read($0, into: first) }
            }
        }
    }

    private mutating func loadResources(
        _ resource: RecordColumns.Terms, _ rows: UnsafeBufferPointer<UInt32>, _ fields: RecordFields
    ) throws {
        let (types, ids) = (cells(of: .resourceType), cells(of: .resourceID))
        try resource.context.read(resource.codes, rows, into: types, arena: &arena)
        for index in 0..<rows.count {
            guard let term = types[index] else {
                ids[index] = nil
                continue
            }
            let parts = try ResourceTerm.parse(term)
            types[index] = parts.type
            ids[index] = parts.id
        }
        if fields.contains(.resourceType) { hasField[StringField.resourceType.index] = true }
        if fields.contains(.resourceID) { hasField[StringField.resourceID.index] = true }
    }

    /// The text of a field of one row, or nil when it is absent. Valid until other rows are loaded.
    @inline(__always)
    package func string(_ field: StringField, _ row: Int) -> ByteView? {
        precondition(row >= 0 && row < count)
        guard hasField[field.index] else { return nil }
        return cells[field.index * count + row]
    }

    /// Copies the values of a field to a list over `memory`; false when no event has it.
    package func copyValues(
        of field: StringField, to list: inout ValueList, in memory: inout ByteWriter
    ) -> Bool {
        list.removeAll()
        memory.removeAll()
        guard hasField[field.index] else { return false }
        for row in 0..<count {
            if let value = string(field, row) {
                list.append(offset: UInt32(memory.count), length: UInt32(value.count))
                memory.bytes(value)
            } else {
                list.appendAbsent()
            }
        }
        return true
    }

    /// Appends the record of a row to `out`, as it was written.
    package func appendRecord(_ row: Int, into out: inout ByteWriter) throws(FormatError) {
        let (outcome, origin) = try kinds(row)
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: timestamps[row], time: notation(row), outcome: outcome, duration: duration(row),
            origin: origin, into: &out)
        for index in 0..<StringField.count where hasField[index] {
            guard let text = cells[index * count + row], let field = StringField(rawValue: UInt8(index))
            else {
                continue
            }
            encoder.string(field, text, into: &out)
        }
        _ = encoder.end(into: &out)
    }

    @inline(__always)
    func kinds(_ row: Int) throws(FormatError) -> (outcome: OutcomeKind, origin: EventOrigin) {
        guard
            let outcome = hasOutcomes ? OutcomeKind(rawValue: UInt8(clamping: outcomes[row])) : .absent,
            let origin = EventOrigin(rawValue: UInt8(clamping: origins[row]))
        else { throw BlockRows.invalid(row, "outcome or origin") }
        return (outcome, origin)
    }

    @inline(__always)
    func duration(_ row: Int) -> Int64? { durations.isEmpty ? nil : durations[row] }

    /// How the time of a row was written.
    @inline(__always)
    func notation(_ row: Int) -> TimeNotation {
        TimeNotation(
            digits: hasDigits ? UInt8(clamping: digits[row]) : TimeNotation.shortestDigits(timestamps[row]),
            zoneMinutes: Int16(clamping: zones[row]))
    }

    @inline(never)
    static func invalid(_ row: Int, _ what: String) -> FormatError {
        FormatError(
            .invalid, "block row \(row): \(what)", offset: 0, expected: "a known value", found: "another")
    }
}
