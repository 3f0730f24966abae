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
        guard time.isValid else { throw BlockRows.invalid(row, "time notation") }
        guard let type = shared(.type, row) else { throw BlockRows.invalid(row, "type") }
        let id = text(.id, row)
        let resource = Resource(type: shared(.resourceType, row), id: shared(.resourceID, row))
        let details = text(.details, row).map { JSONObject(trusted: $0) }
        let extra = text(.extra, row).map { JSONObject(trusted: $0) }
        let result = Outcome(kind: outcome, text: text(.error, row))
        let (message, requestID) = (text(.message, row), text(.requestID, row))
        let (ip, correlationID) = (text(.ip, row), text(.correlationID, row))
        let (user, session) = (shared(.user, row), shared(.sessionID, row))
        let (action, component) = (shared(.action, row), shared(.component, row))
        let (severity, userAgent) = (shared(.severity, row), shared(.userAgent, row))
        guard textBytes <= Limits.eventBytes else { throw BlockRows.invalid(row, "length") }
        let isMinted = id == nil && fields.contains(.id)
        // Made where it is returned: the value is large, and a copy of it counts every text.
        return RecordedEvent(
            event: AuditEvent(
                id: id, timestamp: Timestamp(nanosecondsSince1970: timestamps[row]),
                type: EventType(rawValue: type), severity: severity.map { Severity(rawValue: $0) },
                user: user, action: action, resource: resource, outcome: result, component: component,
                message: message, ip: ip, userAgent: userAgent, requestID: requestID, sessionID: session,
                correlationID: correlationID, duration: duration(row).map { Duration.nanoseconds($0) },
                details: details, extra: extra, writtenTime: WrittenTime(time)),
            sequence: sequence, recordedAt: recordedAt[row], storeTag: isMinted ? storeTag : nil,
            isFromStore: origin == .engine)
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
