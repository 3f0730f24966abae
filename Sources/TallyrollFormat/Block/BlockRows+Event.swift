extension BlockRows {
    /// The event of a row, as a value made straight from its columns, with the fields that were read.
    ///
    /// - Throws: when the row holds what no record does.
    package mutating func event(
        _ row: Int, sequence: UInt64, storeTag: UInt64
    ) throws(FormatError) -> RecordedEvent {
        precondition(row >= 0 && row < count)
        let (outcome, origin) = try kinds(row)
        let time = notation(row)
        textBytes = 0
        let id = text(.id, row)
        guard time.isValid else { throw BlockRows.invalid(row, "time notation") }
        guard let type = shared(.type, row) else { throw BlockRows.invalid(row, "type") }
        let event = RecordedEvent(
            event: AuditEvent(
                id: id, timestamp: Timestamp(nanosecondsSince1970: timestamps[row]),
                type: EventType(rawValue: type),
                severity: shared(.severity, row).map { Severity(rawValue: $0) }, user: shared(.user, row),
                action: shared(.action, row),
                resource: Resource(type: shared(.resourceType, row), id: shared(.resourceID, row)),
                outcome: Outcome(kind: outcome, text: text(.error, row)), component: shared(.component, row),
                message: text(.message, row), ip: text(.ip, row), userAgent: shared(.userAgent, row),
                requestID: text(.requestID, row), sessionID: shared(.sessionID, row),
                correlationID: text(.correlationID, row),
                duration: duration(row).map { Duration.nanoseconds($0) },
                details: text(.details, row).map { JSONObject(trusted: $0) },
                extra: text(.extra, row).map { JSONObject(trusted: $0) }, writtenTime: WrittenTime(time)),
            sequence: sequence, recordedAt: recordedAt[row],
            storeTag: id == nil && fields.contains(.id) ? storeTag : nil,
            isFromStore: origin == .engine)
        guard textBytes <= Limits.eventBytes else { throw BlockRows.invalid(row, "length") }
        return event
    }

    @inline(__always)
    private mutating func text(_ field: StringField, _ row: Int) -> String? {
        guard let text = string(field, row) else { return nil }
        textBytes += text.count
        return text.string
    }

    /// A text that other rows are likely to have too.
    @inline(__always)
    private mutating func shared(_ field: StringField, _ row: Int) -> String? {
        guard let text = string(field, row) else { return nil }
        textBytes += text.count
        return count < SharedStrings.rowsMin ? text.string : strings.string(text)
    }
}
