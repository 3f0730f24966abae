/// What the store knows about an event beside its record.
package struct RecordPlace {
    package var sequence: UInt64
    /// Nanoseconds since 1970.
    package var recordedAt: Int64
    package var storeTag: UInt64
    /// The chain hashes, 32 bytes each, where someone computed them.
    package var previousHash: ByteView?
    package var eventHash: ByteView?

    @inline(__always)
    package init(
        sequence: UInt64, recordedAt: Int64, storeTag: UInt64, previousHash: ByteView? = nil,
        eventHash: ByteView? = nil
    ) {
        self.sequence = sequence
        self.recordedAt = recordedAt
        self.storeTag = storeTag
        self.previousHash = previousHash
        self.eventHash = eventHash
    }
}

/// Which members of an event are written, by their JSON keys. Their order is always the same.
package struct EventKeySelection: Sendable {
    fileprivate var keys: UInt32
    /// Names of members that no field holds, as they are written between their quotes; nil takes all of them.
    fileprivate var others: [[UInt8]]?

    /// Every member.
    package static let all = EventKeySelection(keys: .max, others: nil)

    private init(keys: UInt32, others: [[UInt8]]?) {
        self.keys = keys
        self.others = others
    }

    /// The members with these keys. A name that is no key of ours takes the member of that name that the input
    /// had beyond them.
    package init(keys names: [String]) {
        keys = 0
        var rest: [[UInt8]] = []
        for name in names {
            let key = name.withView { EventKey($0) }
            keys |= key == .unknown ? 0 : key.bit
            var written = ByteWriter()
            name.withView { written.escaped($0) }
            rest.append(written.array)
        }
        others = rest
    }

    @inline(__always)
    fileprivate func has(_ key: EventKey) -> Bool { keys & key.bit != 0 }
}

/// Turns records back into JSON, one object on one line without its line end.
///
/// Text that was kept byte for byte comes back so, except that line ends inside it (white space there, always)
/// become spaces: a line stays a line.
package struct EventJSONWriter: Sendable {
    package enum Form: Sendable {
        /// The keys that the input had, and `id`, which is minted where the input had none.
        case original
        /// Those, and what the store knows: `sequence`, `recorded_at` and the chain hashes if given. The store's
        /// values replace members of these names that the input had.
        case full
    }

    package let form: Form
    package let selection: EventKeySelection

    package init(_ form: Form = .original, selection: EventKeySelection = .all) {
        self.form = form
        self.selection = selection
    }

    /// Appends the event as an object. It throws only where the record's `extra` field is not a JSON object,
    /// which no record of ours is; `out` is then as it was.
    package func write(_ record: RecordView, _ place: RecordPlace, into out: inout ByteWriter)
        throws(FormatError)
    {
        let start = out.count
        // Each member begins with a comma; the first one's becomes the brace.
        identity(record, place, &out)
        if selection.has(.timestamp) {
            out.text(",\"timestamp\":\"")
            RFC3339.write(record.timestamp, record.time, into: &out)
            out.u8(UInt8(ascii: "\""))
        }
        string(.type, ",\"event_type\":\"", record, &out)
        string(.user, ",\"user_id\":\"", record, &out)
        string(.action, ",\"action\":\"", record, &out)
        string(.resourceType, ",\"resource_type\":\"", record, &out)
        string(.resourceID, ",\"resource_id\":\"", record, &out)
        if record.outcome != .absent, selection.has(.result) { result(record, &out) }
        string(.severity, ",\"severity\":\"", record, &out)
        string(.component, ",\"component\":\"", record, &out)
        string(.message, ",\"message\":\"", record, &out)
        string(.ip, ",\"ip_address\":\"", record, &out)
        string(.userAgent, ",\"user_agent\":\"", record, &out)
        string(.requestID, ",\"request_id\":\"", record, &out)
        string(.sessionID, ",\"session_id\":\"", record, &out)
        string(.correlationID, ",\"correlation_id\":\"", record, &out)
        if let duration = record.duration, selection.has(.duration) {
            out.text(",\"duration_ms\":")
            MillisecondNumber.write(duration, into: &out)
        }
        if let details = record[.details], selection.has(.details) {
            out.text(",\"details\":")
            out.onOneLine(details)
        }
        if let extra = record[.extra] {
            do throws(JSONFault) {
                try others(extra, of: record, place, &out)
            } catch {
                out.truncate(to: start)
                throw FormatError(
                    .invalid, "record extra members", offset: error.position, expected: "a JSON object",
                    found: EventInputError(error, in: extra).found)
            }
        }
        if form == .full { storeMembers(place, &out) }
        if out.count == start { out.u8(UInt8(ascii: "{")) } else { out.patch(UInt8(ascii: "{"), at: start) }
        out.u8(UInt8(ascii: "}"))
    }

    @inline(__always)
    private func string(
        _ field: StringField, _ prefix: StaticString, _ record: RecordView, _ out: inout ByteWriter
    ) {
        guard let value = record[field], selection.keys & (1 << UInt32(field.rawValue)) != 0 else { return }
        out.text(prefix)
        out.escaped(value)
        out.u8(UInt8(ascii: "\""))
    }

    @inline(__always)
    private func identity(_ record: RecordView, _ place: RecordPlace, _ out: inout ByteWriter) {
        guard selection.has(.id) else { return }
        out.text(",\"id\":\"")
        if let id = record[.id] {
            out.escaped(id)
        } else {
            MintedID.write(
                recordedAt: place.recordedAt, sequence: place.sequence, storeTag: place.storeTag, into: &out)
        }
        out.u8(UInt8(ascii: "\""))
    }

    @inline(__always)
    private func result(_ record: RecordView, _ out: inout ByteWriter) {
        if let error = record[.error] {
            out.text(",\"result\":{\"")
            out.text(record.outcome.word)
            out.text("\":\"")
            out.escaped(error)
            out.text("\"}")
        } else {
            out.text(",\"result\":\"")
            out.text(record.outcome.word)
            out.u8(UInt8(ascii: "\""))
        }
    }

    /// The members that no field holds, as they were given, less those that are written in their stead.
    @inline(never)
    private func others(
        _ extra: ByteView, of record: RecordView, _ place: RecordPlace, _ out: inout ByteWriter
    ) throws(JSONFault) {
        var members = try JSONMembers(extra)
        while let member = try members.next() {
            // An id that was null has been minted.
            if member.key == .id { continue }
            if form == .full && isReplaced(member.key, place) { continue }
            if let names = selection.others,
                !names.contains(where: { $0.withView { $0.isEqual(to: member.name) } })
            {
                continue
            }
            out.text(",\"")
            out.bytes(member.name)
            out.text("\":")
            out.onOneLine(member.value)
        }
    }

    private func isReplaced(_ key: EventKey, _ place: RecordPlace) -> Bool {
        switch key {
        case .sequence, .recordedAt: true
        case .previousHash: place.previousHash != nil
        case .eventHash: place.eventHash != nil
        default: false
        }
    }

    private func storeMembers(_ place: RecordPlace, _ out: inout ByteWriter) {
        if selection.has(.sequence) {
            out.text(",\"sequence\":")
            out.decimal(place.sequence)
        }
        if selection.has(.recordedAt) {
            out.text(",\"recorded_at\":\"")
            let digits = (TimeNotation.shortestDigits(place.recordedAt) + 2) / 3 * 3
            RFC3339.write(place.recordedAt, TimeNotation(digits: digits), into: &out)
            out.u8(UInt8(ascii: "\""))
        }
        if let hash = place.previousHash, selection.has(.previousHash) {
            out.text(",\"previous_hash\":\"")
            out.hex(hash)
            out.u8(UInt8(ascii: "\""))
        }
        if let hash = place.eventHash, selection.has(.eventHash) {
            out.text(",\"event_hash\":\"")
            out.hex(hash)
            out.u8(UInt8(ascii: "\""))
        }
    }
}
