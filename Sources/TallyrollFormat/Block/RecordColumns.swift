/// The columns of a block that hold some fields, opened for reading records. Kept by the block's reader, which outlives what the
/// columns borrow; `@unchecked Sendable` because nothing here changes.
final class RecordColumns: @unchecked Sendable {
    /// A field whose values are codes into a dictionary of the segment. `@unchecked Sendable`: never changes.
    final class Terms: @unchecked Sendable {
        let field: StringField
        let codes: CodeColumn
        let context: ColumnContext

        init(_ field: StringField, _ codes: CodeColumn, _ context: ColumnContext) {
            self.field = field
            self.codes = codes
            self.context = context
        }
    }

    /// A field whose values are texts of their own. `@unchecked Sendable`: never changes.
    final class Text: @unchecked Sendable {
        let field: StringField
        let column: TextColumn
        let context: ColumnContext

        init(_ field: StringField, _ column: TextColumn, _ context: ColumnContext) {
            self.field = field
            self.column = column
            self.context = context
        }
    }

    /// A field whose values are JSON objects. `@unchecked Sendable`: never changes.
    final class Documents: @unchecked Sendable {
        let field: StringField
        let column: DocumentColumn

        init(_ field: StringField, _ column: DocumentColumn) {
            self.field = field
            self.column = column
        }
    }

    private static let termFields: [StringField] = [.type, .severity, .action, .component, .user]
    private static let textFields: [StringField] = [
        .id, .error, .message, .ip, .userAgent, .requestID, .sessionID, .correlationID,
    ]

    let fields: RecordFields
    let timestamp: IntegerColumn
    let recordedAt: IntegerColumn
    let digits: IntegerColumn?
    let zone: IntegerColumn
    /// Nil where outcomes are not read; so are durations.
    let outcome: IntegerColumn?
    let origin: IntegerColumn
    let durations: OptionalIntegers?
    /// Without the fields that no event of the block has or that are not read; so are the others.
    let terms: OwnedList<Terms>
    /// Types and ids together, or nil when no event of the block has either.
    let resource: Terms?
    let texts: OwnedList<Text>
    let documents: OwnedList<Documents>

    init(_ block: BlockReader, _ fields: RecordFields) throws {
        self.fields = fields
        timestamp = try block.integers(.timestamp)
        recordedAt = try block.integers(.recordedAt)
        digits = try block.timeDigits()
        zone = try block.integers(.timeZone)
        outcome = fields.hasOutcome ? try block.integers(.outcome) : nil
        origin = try block.integers(.origin)
        let durations = fields.hasDuration ? try block.durations() : nil
        self.durations = durations?.isNone == false ? durations : nil
        func terms(_ field: StringField, _ id: ColumnID) throws -> Terms? {
            let codes = try block.codes(id)
            guard codes.constant != 0 else { return nil }
            return Terms(field, codes, try block.context(id))
        }
        let opened = try RecordColumns.termFields.filter(fields.contains).compactMap { field in
            try ColumnID(rawValue: field.rawValue).flatMap { try terms(field, $0) }
        }
        self.terms = OwnedList(opened)
        let hasResource = fields.contains(.resourceType) || fields.contains(.resourceID)
        resource = hasResource ? try terms(.resourceType, .resource) : nil
        let texts: [Text] = try RecordColumns.textFields.filter(fields.contains).compactMap { field in
            guard let id = ColumnID(rawValue: field.rawValue), let column = try block.text(id),
                !column.isAbsent
            else { return nil }
            return Text(field, column, try block.context(id))
        }
        self.texts = OwnedList(texts)
        let documents: [(StringField, ColumnID)] = [(.details, .details), (.extra, .extra)]
        self.documents = OwnedList(
            try documents.compactMap { field, id in
                guard fields.contains(field) else { return nil }
                return try block.documents(id).map { Documents(field, $0) }
            })
    }
}
