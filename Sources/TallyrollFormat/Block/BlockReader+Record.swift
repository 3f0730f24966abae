extension BlockReader {
    /// Appends the record of one row to `out`, as it was written, reading only what that row needs. Returns when
    /// the event was recorded.
    package func appendRecord(_ row: Int, into out: inout ByteWriter) throws -> Int64 {
        precondition(row >= 0 && row < count)
        let columns = try recordColumns()
        let timestamp = columns.timestamp.value(row)
        guard let outcome = OutcomeKind(rawValue: UInt8(clamping: columns.outcome.value(row))),
            let origin = EventOrigin(rawValue: UInt8(clamping: columns.origin.value(row)))
        else { throw invalidEnumeration(row) }
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: timestamp,
            time: TimeNotation(
                digits: columns.digits.map { UInt8(clamping: $0.value(row)) }
                    ?? TimeNotation.shortestDigits(timestamp),
                zoneMinutes: Int16(clamping: columns.zone.value(row))),
            outcome: outcome, duration: columns.durations.value(row), origin: origin, into: &out)

        var scratch = ByteWriter(capacity: 1024)
        try appendTerm(columns.type, .type, row, &scratch, with: &encoder, into: &out)
        try appendTerm(columns.severity, .severity, row, &scratch, with: &encoder, into: &out)
        try appendTerm(columns.action, .action, row, &scratch, with: &encoder, into: &out)
        // The resource term holds two fields that are not neighbours: it stays in the scratch until both are written.
        scratch.removeAll()
        let resource = try resource(columns.resource, row, into: &scratch)
        let resourceEnd = scratch.count
        if let type = resource.type { encoder.string(.resourceType, scratch.view.trusted(type), into: &out) }
        try appendTerm(columns.component, .component, row, &scratch, with: &encoder, into: &out)
        try appendText(columns.texts[0], .id, row, &scratch, with: &encoder, into: &out)
        try appendTerm(columns.user, .user, row, &scratch, with: &encoder, into: &out)
        if let id = resource.id { encoder.string(.resourceID, scratch.view.trusted(id), into: &out) }
        for (place, field) in RecordColumns.textFields.enumerated().dropFirst() {
            try appendText(columns.texts[place], field, row, &scratch, with: &encoder, into: &out)
        }
        for (field, documents) in [(StringField.details, columns.details), (.extra, columns.extra)] {
            guard let documents else { continue }
            scratch.truncate(to: resourceEnd)
            guard try documents.append(row, into: &scratch) else { continue }
            encoder.string(field, scratch.view.trusted(resourceEnd, scratch.count - resourceEnd), into: &out)
        }
        _ = encoder.end(into: &out)
        return columns.recordedAt.value(row)
    }

    private func invalidEnumeration(_ row: Int) -> FormatError {
        FormatError(
            .invalid, "block row \(row): outcome or origin", offset: origin, expected: "a known value",
            found: "another")
    }

    @inline(__always)
    private func appendTerm(
        _ column: RecordColumns.Terms, _ field: StringField, _ row: Int, _ scratch: inout ByteWriter,
        with encoder: inout RecordEncoder, into out: inout ByteWriter
    ) throws {
        let code = column.codes.code(row)
        guard code > 0 else { return }
        if let term = column.table?[code] {
            encoder.string(field, term, into: &out)
        } else {
            let start = scratch.count
            try terms.append(code, of: column.dictionary, into: &scratch)
            encoder.string(field, scratch.view.trusted(start, scratch.count - start), into: &out)
        }
    }

    @inline(__always)
    private func appendText(
        _ column: RecordColumns.Text?, _ field: StringField, _ row: Int, _ scratch: inout ByteWriter,
        with encoder: inout RecordEncoder, into out: inout ByteWriter
    ) throws {
        guard let column else { return }
        let start = scratch.count
        let context = ColumnContext(
            heap: self, terms: terms, dictionary: column.dictionary, leaders: column.leaders)
        guard try column.column.append(row, from: context, into: &scratch) else { return }
        encoder.string(field, scratch.view.trusted(start, scratch.count - start), into: &out)
    }

    /// Puts the resource term of a row into `scratch` and says where its parts lie there.
    private func resource(
        _ column: RecordColumns.Terms, _ row: Int, into scratch: inout ByteWriter
    ) throws -> (type: Range<Int>?, id: Range<Int>?) {
        let code = column.codes.code(row)
        guard code > 0 else { return (nil, nil) }
        if let term = column.table?[code] {
            scratch.bytes(term)
        } else {
            try terms.append(code, of: .resource, into: &scratch)
        }
        let term = scratch.view
        let parts = try ResourceTerm.parse(term)
        func range(_ part: ByteView?) -> Range<Int>? {
            part.map { ($0.base - term.base)..<($0.base - term.base + $0.count) }
        }
        return (range(parts.type), range(parts.id))
    }
}

extension ByteView {
    /// The bytes of a range the caller has proved to lie inside.
    @inline(__always)
    func trusted(_ range: Range<Int>) -> ByteView { trusted(range.lowerBound, range.count) }
}
