extension BlockReader {
    /// Appends the record of one row to `out`, as it was written, reading only what that row needs. Returns when
    /// the event was recorded.
    package func appendRecord(_ row: Int, into out: inout ByteWriter) throws -> Int64 {
        precondition(row >= 0 && row < count)
        let timestamp = try integers(.timestamp).value(row)
        let digits = try timeDigits().map { UInt8(clamping: $0.value(row)) }
        guard let outcome = OutcomeKind(rawValue: UInt8(clamping: try integers(.outcome).value(row))),
            let origin = EventOrigin(rawValue: UInt8(clamping: try integers(.origin).value(row)))
        else { throw invalidEnumeration(row) }
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: timestamp,
            time: TimeNotation(
                digits: digits ?? TimeNotation.shortestDigits(timestamp),
                zoneMinutes: Int16(clamping: try integers(.timeZone).value(row))),
            outcome: outcome, duration: try durations().value(row), origin: origin, into: &out)

        var scratch = ByteWriter(capacity: 512)
        let resource = try resource(row, into: &scratch)
        for field in StringField.allCases {
            switch field {
            case .type, .severity, .action, .component, .user:
                try appendTerm(field, row, with: &encoder, into: &out)
            case .resourceType:
                if let type = resource.type { encoder.string(field, scratch.view.trusted(type), into: &out) }
            case .resourceID:
                if let id = resource.id { encoder.string(field, scratch.view.trusted(id), into: &out) }
            case .details, .extra:
                let column = field == .details ? ColumnID.details : .extra
                guard let documents = try documents(column) else { continue }
                let start = scratch.count
                guard try documents.append(row, into: &scratch) else { continue }
                encoder.string(field, scratch.view.trusted(start, scratch.count - start), into: &out)
            default:
                guard let column = ColumnID(rawValue: field.rawValue), let texts = try text(column) else {
                    continue
                }
                let start = scratch.count
                guard try texts.append(row, from: try context(column), into: &scratch) else { continue }
                encoder.string(field, scratch.view.trusted(start, scratch.count - start), into: &out)
            }
        }
        _ = encoder.end(into: &out)
        return try integers(.recordedAt).value(row)
    }

    private func invalidEnumeration(_ row: Int) -> FormatError {
        FormatError(
            .invalid, "block row \(row): outcome or origin", offset: origin, expected: "a known value",
            found: "another")
    }

    private func appendTerm(
        _ field: StringField, _ row: Int, with encoder: inout RecordEncoder, into out: inout ByteWriter
    ) throws {
        guard let column = ColumnID(rawValue: field.rawValue), let dictionary = DictionaryID(field: field)
        else {
            return
        }
        let code = try codes(column).code(row)
        guard code > 0 else { return }
        var term = ByteWriter(capacity: 64)
        try terms.append(code, of: dictionary, into: &term)
        encoder.string(field, term.view, into: &out)
    }

    /// Puts the resource term of a row into `scratch` and says where its parts lie there.
    private func resource(
        _ row: Int, into scratch: inout ByteWriter
    ) throws -> (type: Range<Int>?, id: Range<Int>?) {
        let code = try codes(.resource).code(row)
        guard code > 0 else { return (nil, nil) }
        try terms.append(code, of: .resource, into: &scratch)
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
