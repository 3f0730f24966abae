extension AuditEvent {
    /// Appends the event as a record and returns the record's length. `now` is the time of an event that has
    /// none. Nothing is allocated for strings that hold UTF-8, as Swift's own do, and no string is retained: the event
    /// is borrowed all the way down. When it throws, `out` is as it was.
    package borrowing func encode(now: Timestamp, into out: inout ByteWriter) throws(EventError) -> Int {
        if id?.isEmpty == true { throw EventError("id", .empty) }
        let nanoseconds = try durationNanoseconds()
        if extra != nil { try checkExtra() }
        let start = out.count
        do throws(EventError) {
            let time = (timestamp ?? now).nanosecondsSince1970
            var encoder = RecordEncoder()
            encoder.begin(
                timestamp: time, time: writtenTime.notation ?? .standard(for: time),
                outcome: outcome?.kind ?? .absent, duration: nanoseconds, into: &out)
            try encoder.text(.type, type.rawValue, into: &out)
            switch severity {
            case .none: break
            case .some(let severity): try encoder.text(.severity, severity.rawValue, into: &out)
            }
            try encoder.text(.action, action, into: &out)
            try encoder.text(.resourceType, resource.type, into: &out)
            try encoder.text(.component, component, into: &out)
            try encoder.text(.id, id, into: &out)
            try encoder.text(.user, user, into: &out)
            try encoder.text(.resourceID, resource.id, into: &out)
            switch outcome {
            case .none, .success: break
            case .failure(let text), .denied(let text): try encoder.text(.error, text, into: &out)
            }
            try encoder.text(.message, message, into: &out)
            try encoder.text(.ip, ip, into: &out)
            try encoder.text(.userAgent, userAgent, into: &out)
            try encoder.text(.requestID, requestID, into: &out)
            try encoder.text(.sessionID, sessionID, into: &out)
            try encoder.text(.correlationID, correlationID, into: &out)
            try encoder.text(.details, details, into: &out)
            try encoder.text(.extra, extra, into: &out)
            let length = encoder.end(into: &out)
            guard length - RecordEncoder.headerBytes <= Limits.eventBytes else {
                throw EventError("event", .tooLong(bytes: length, limit: Limits.eventBytes))
            }
            return length
        } catch {
            out.truncate(to: start)
            throw error
        }
    }

    private func durationNanoseconds() throws(EventError) -> Int64? {
        guard let duration else { return nil }
        guard duration >= .zero else { throw EventError("duration", .negative) }
        let (seconds, attoseconds) = duration.components
        let (whole, tooLong) = seconds.multipliedReportingOverflow(by: RFC3339.nanosecondsPerSecond)
        let (sum, overflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !tooLong, !overflow else { throw EventError("duration", .outOfRange) }
        return sum
    }

    /// Further members have names of their own, or are known keys whose value is null and whose field is absent:
    /// otherwise the event as JSON would hold a key twice.
    private func checkExtra() throws(EventError) {
        guard let extra else { return }
        var taken = presentKeys
        let reserved = extra.text.withView { view -> EventKey? in
            guard var members = try? JSONMembers(view) else { return nil }
            while let member = try? members.next() {
                if member.key == .unknown || EventKey.storeOwn & member.key.bit != 0 { continue }
                let isNull = member.value.byteOrZero(0) == UInt8(ascii: "n")
                if !isNull || taken & member.key.bit != 0 { return member.key }
                taken |= member.key.bit
            }
            return nil
        }
        if let reserved { throw EventError(reserved.name, .reserved) }
    }

    /// The known keys that the event as JSON has.
    private var presentKeys: UInt32 {
        let optional: [(EventKey, Bool)] = [
            (.id, id != nil), (.severity, severity != nil), (.user, user != nil), (.action, action != nil),
            (.resourceType, resource.type != nil), (.resourceID, resource.id != nil),
            (.result, outcome != nil),
            (.component, component != nil), (.message, message != nil), (.ip, ip != nil),
            (.userAgent, userAgent != nil), (.requestID, requestID != nil), (.sessionID, sessionID != nil),
            (.correlationID, correlationID != nil), (.duration, duration != nil), (.details, details != nil),
        ]
        return optional.reduce(EventKey.timestamp.bit | EventKey.type.bit) { $1.1 ? $0 | $1.0.bit : $0 }
    }

    /// The event that a record holds, or some fields of it.
    package init(_ record: RecordView, _ fields: RecordFields = .all) {
        func text(_ field: StringField) -> String? {
            fields.contains(field) ? record[field]?.string : nil
        }
        self.init(
            id: text(.id), timestamp: Timestamp(nanosecondsSince1970: record.timestamp),
            type: EventType(rawValue: text(.type) ?? ""),
            severity: text(.severity).map { Severity(rawValue: $0) }, user: text(.user),
            action: text(.action), resource: Resource(type: text(.resourceType), id: text(.resourceID)),
            outcome: fields.hasOutcome ? Outcome(kind: record.outcome, text: text(.error)) : nil,
            component: text(.component), message: text(.message), ip: text(.ip), userAgent: text(.userAgent),
            requestID: text(.requestID), sessionID: text(.sessionID), correlationID: text(.correlationID),
            duration: fields.hasDuration ? record.duration.map { Duration.nanoseconds($0) } : nil,
            details: text(.details).map { JSONObject(trusted: $0) },
            extra: text(.extra).map { JSONObject(trusted: $0) }, writtenTime: WrittenTime(record.time))
    }
}

extension RecordEncoder {
    /// Appends a text if there is one, after checking its length.
    @inline(__always)
    fileprivate mutating func text(
        _ field: StringField, _ value: borrowing String?, into out: inout ByteWriter
    ) throws(EventError) {
        switch value {
        case .none: return
        case .some(let value): try text(field, value, into: &out)
        }
    }

    @inline(__always)
    fileprivate mutating func text(
        _ field: StringField, _ value: borrowing JSONObject?, into out: inout ByteWriter
    ) throws(EventError) {
        switch value {
        case .none: return
        case .some(let value): try text(field, value.text, into: &out)
        }
    }

    /// Appends a text, after checking its length.
    @inline(__always)
    fileprivate mutating func text(
        _ field: StringField, _ value: borrowing String, into out: inout ByteWriter
    ) throws(EventError) {
        // A closure that is inlined into this: a string is not retained for it.
        let length = value.utf8.withContiguousStorageIfAvailable { bytes -> Int in
            if bytes.count <= field.longest {
                string(field, ByteView(UnsafeRawBufferPointer(bytes)), into: &out)
            }
            return bytes.count
        }
        let bytes = length ?? foreignText(field, copy value, into: &out)
        guard bytes <= field.longest else { throw RecordEncoder.tooLong(field, bytes) }
    }

    /// A string that holds no UTF-8 (bridged from another system's strings).
    @inline(never)
    private mutating func foreignText(
        _ field: StringField, _ value: String, into out: inout ByteWriter
    ) -> Int {
        let bytes = value.utf8.count
        if bytes <= field.longest { value.withView { string(field, $0, into: &out) } }
        return bytes
    }

    @inline(never)
    private static func tooLong(_ field: StringField, _ bytes: Int) -> EventError {
        let name = EventKey(rawValue: field.rawValue)?.name ?? field.jsonKey
        return EventError(field == .extra ? "extra" : name, .tooLong(bytes: bytes, limit: field.longest))
    }
}
