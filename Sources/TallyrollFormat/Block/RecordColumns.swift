/// The columns of a block, opened for reading whole records row by row. Kept by the block's reader, which outlives
/// what the columns borrow; `@unchecked Sendable` because nothing here changes.
final class RecordColumns: @unchecked Sendable {
    /// Codes, and the terms they stand for where those are in memory.
    struct Terms {
        let codes: CodeColumn
        let dictionary: DictionaryID
        let table: TermTable?

        fileprivate init(_ block: BlockReader, _ column: ColumnID, _ dictionary: DictionaryID) throws {
            codes = try block.codes(column)
            self.dictionary = dictionary
            table = codes.constant == 0 ? nil : try block.terms.table(dictionary)
        }
    }

    struct Text {
        let column: TextColumn
        let dictionary: DictionaryID?
        let leaders: LeaderRanks?
    }

    /// The fields of `texts`, in the order of a record.
    static let textFields: [StringField] = [
        .id, .error, .message, .ip, .userAgent, .requestID, .sessionID, .correlationID,
    ]

    let timestamp: IntegerColumn
    let recordedAt: IntegerColumn
    let digits: IntegerColumn?
    let zone: IntegerColumn
    let outcome: IntegerColumn
    let origin: IntegerColumn
    let durations: OptionalIntegers
    let type: Terms
    let severity: Terms
    let action: Terms
    let component: Terms
    let user: Terms
    let resource: Terms
    /// Nil where no event of the block has the field.
    let texts: [Text?]
    let details: DocumentColumn?
    let extra: DocumentColumn?

    init(_ block: BlockReader) throws {
        timestamp = try block.integers(.timestamp)
        recordedAt = try block.integers(.recordedAt)
        digits = try block.timeDigits()
        zone = try block.integers(.timeZone)
        outcome = try block.integers(.outcome)
        origin = try block.integers(.origin)
        durations = try block.durations()
        type = try Terms(block, .type, .type)
        severity = try Terms(block, .severity, .severity)
        action = try Terms(block, .action, .action)
        component = try Terms(block, .component, .component)
        user = try Terms(block, .user, .user)
        resource = try Terms(block, .resource, .resource)
        texts = try RecordColumns.textFields.map { field in
            guard let id = ColumnID(rawValue: field.rawValue), let column = try block.text(id),
                !column.isAbsent
            else { return nil }
            return Text(
                column: column, dictionary: DictionaryID(field: field),
                leaders: BlockEncoder.followsUser(field) ? try block.leaders() : nil)
        }
        details = try block.documents(.details)
        extra = try block.documents(.extra)
    }
}
