/// All events of one block, decoded column by column: for scans, exports and the verifier, which want every row.
/// Reuse one value for block after block; its memory is kept.
package struct BlockRows: ~Copyable {
    package private(set) var count = 0
    package private(set) var timestamps: [Int64] = []
    package private(set) var recordedAt: [Int64] = []
    private var digits: [Int64]?
    private var zones: [Int64] = []
    private var outcomes: [Int64] = []
    private var origins: [Int64] = []
    private var durations: OptionalIntegers?
    private var fields = [ValueList](repeating: ValueList(), count: StringField.count)
    private var hasField = [Bool](repeating: false, count: StringField.count)
    private var text = ByteWriter(capacity: 1 << 20)

    package init() {}

    /// Decodes every column of `block`.
    package mutating func load(_ block: BlockReader) throws {
        text.removeAll()
        count = block.count
        timestamps = try block.integers(.timestamp).decodeArray()
        recordedAt = try block.integers(.recordedAt).decodeArray()
        digits = try block.timeDigits()?.decodeArray()
        zones = try block.integers(.timeZone).decodeArray()
        outcomes = try block.integers(.outcome).decodeArray()
        origins = try block.integers(.origin).decodeArray()
        durations = try block.durations()
        for field in StringField.allCases {
            fields[field.index].removeAll()
            hasField[field.index] = false
        }
        for field: StringField in [.type, .severity, .action, .component, .user] {
            try loadTerms(field, block)
        }
        try loadResources(block)
        for field: StringField in [
            .id, .error, .message, .ip, .userAgent, .requestID, .sessionID, .correlationID,
        ] {
            guard let column = ColumnID(rawValue: field.rawValue), let texts = try block.text(column) else {
                continue
            }
            try texts.decode(from: try block.context(column), into: &fields[field.index], text: &text)
            hasField[field.index] = true
        }
        try loadDocuments(.details, .details, block)
        try loadDocuments(.extra, .extra, block)
    }

    private mutating func loadTerms(_ field: StringField, _ block: BlockReader) throws {
        guard let column = ColumnID(rawValue: field.rawValue) else { return }
        let context = try block.context(column)
        var places = TermPlaces()
        for code in try block.codes(column).decodeArray() {
            if code == 0 {
                fields[field.index].appendAbsent()
            } else {
                let place = try places.place(of: code, in: context, text: &text)
                fields[field.index].append(offset: place.offset, length: place.length)
            }
        }
        hasField[field.index] = true
    }

    private mutating func loadResources(_ block: BlockReader) throws {
        let context = try block.context(.resource)
        var places = TermPlaces()
        for code in try block.codes(.resource).decodeArray() {
            guard code > 0 else {
                fields[StringField.resourceType.index].appendAbsent()
                fields[StringField.resourceID.index].appendAbsent()
                continue
            }
            let place = try places.place(of: code, in: context, text: &text)
            let term = text.view.trusted(Int(place.offset), Int(place.length))
            let parts = try ResourceTerm.parse(term)
            append(parts.type, .resourceType, term, at: place.offset)
            append(parts.id, .resourceID, term, at: place.offset)
        }
        hasField[StringField.resourceType.index] = true
        hasField[StringField.resourceID.index] = true
    }

    @inline(__always)
    private mutating func append(_ part: ByteView?, _ field: StringField, _ term: ByteView, at offset: UInt32)
    {
        if let part {
            fields[field.index].append(
                offset: offset + UInt32(part.base - term.base), length: UInt32(part.count))
        } else {
            fields[field.index].appendAbsent()
        }
    }

    private mutating func loadDocuments(_ field: StringField, _ column: ColumnID, _ block: BlockReader) throws
    {
        guard let documents = try block.documents(column) else { return }
        try documents.decode(into: &fields[field.index], text: &text)
        hasField[field.index] = true
    }

    /// The text of a field of one row, or nil when it is absent.
    @inline(__always)
    package func string(_ field: StringField, _ row: Int) -> ByteView? {
        guard hasField[field.index], !fields[field.index].isAbsent(row) else { return nil }
        return fields[field.index].value(row, in: text.view)
    }

    /// The values of a field and the memory they lie in, valid until the next load; nil when no event has it.
    package func values(_ field: StringField) -> (ValueList, ByteView)? {
        hasField[field.index] ? (fields[field.index], text.view) : nil
    }

    /// Appends the record of a row to `out`, as it was written.
    package func appendRecord(_ row: Int, into out: inout ByteWriter) throws(FormatError) {
        guard let outcome = OutcomeKind(rawValue: UInt8(clamping: outcomes[row])),
            let origin = EventOrigin(rawValue: UInt8(clamping: origins[row]))
        else {
            throw FormatError(
                .invalid, "block row \(row)", offset: 0, expected: "a known outcome and origin",
                found: "another")
        }
        var encoder = RecordEncoder()
        let timestamp = timestamps[row]
        encoder.begin(
            timestamp: timestamp,
            time: TimeNotation(
                digits: digits.map { UInt8(clamping: $0[row]) } ?? TimeNotation.shortestDigits(timestamp),
                zoneMinutes: Int16(clamping: zones[row])),
            outcome: outcome, duration: durations?.value(row), origin: origin, into: &out)
        for field in StringField.allCases where hasField[field.index] && !fields[field.index].isAbsent(row) {
            encoder.string(field, fields[field.index].value(row, in: text.view), into: &out)
        }
        _ = encoder.end(into: &out)
    }
}
