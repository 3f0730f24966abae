import TallyrollFormat

/// What indexes are made from, read from a block that lies on disk.
extension BlockReader {
    /// The values of a text field and the memory they lie in; nil when no event has it.
    func values(_ field: StringField) throws -> (ValueList, Bytes)? {
        guard let column = ColumnID(rawValue: field.rawValue) else { return nil }
        var values = ValueList()
        var text = ByteWriter(capacity: 1 << 16)
        if field == .details || field == .extra {
            guard let documents = try documents(column) else { return nil }
            for row in 0..<count {
                let start = text.count
                if try documents.append(row, into: &text) {
                    values.append(offset: UInt32(start), length: UInt32(text.count - start))
                } else {
                    values.appendAbsent()
                }
            }
        } else {
            guard let texts = try self.text(column) else { return nil }
            try texts.decode(from: try context(column), into: &values, text: &text)
        }
        return (values, Bytes(copying: text.view))
    }

    /// The codes of a column that may have posting lists.
    func codes(_ column: PostingColumn) throws -> [UInt32] {
        guard column == .outcome else { return try codes(column.column).decodeArray() }
        return try integers(.outcome).decodeArray().map { OutcomeKind.code($0) }
    }
}

extension OutcomeKind {
    /// The code of an outcome as a block holds it; 0 where it is none.
    static func code(_ value: Int64) -> UInt32 {
        UInt8(exactly: value).flatMap { OutcomeKind(rawValue: $0) }.map { UInt32($0.rawValue) } ?? 0
    }
}
