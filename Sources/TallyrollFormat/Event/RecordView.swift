/// One record, taken apart: every field as a view into the record's bytes. Built without allocating.
package struct RecordView {
    package let bytes: ByteView
    package let envelope: ByteView
    package let personal: ByteView
    package let origin: EventOrigin
    package let outcome: OutcomeKind
    package let time: TimeNotation
    package let timestamp: Int64
    package let duration: Int64?
    private var offsets: InlineArray<17, UInt32>
    private var lengths: InlineArray<17, UInt32>

    /// The length of absent fields, which no present one can have.
    private static let absent = UInt32.max

    /// Parses the record at `offset` of `view`; bytes after it are not looked at. `origin` is where `view`
    /// begins in its file, for error messages.
    package init(_ view: ByteView, at offset: Int = 0, origin fileOffset: Int = 0) throws(FormatError) {
        var header = ByteReader(view, what: "record", origin: fileOffset)
        try header.skip(offset)
        let envelopeLength = Int(try header.u32())
        let personalLength = Int(try header.u32())
        guard envelopeLength + personalLength <= Limits.eventBytes else {
            throw header.invalid(
                "length", expected: "at most \(Limits.eventBytes)",
                found: "\(envelopeLength + personalLength)")
        }
        envelope = try header.bytes(envelopeLength)
        personal = try header.bytes(personalLength)
        bytes = view.trusted(offset, RecordEncoder.headerBytes + envelopeLength + personalLength)

        var reader = ByteReader(envelope, what: "record envelope", origin: fileOffset + offset + 8)
        guard let origin = EventOrigin(rawValue: try reader.u8()) else {
            throw reader.invalid("origin", expected: "1 or 2", found: "another value")
        }
        guard let outcome = OutcomeKind(rawValue: try reader.u8()) else {
            throw reader.invalid("outcome", expected: "1 to 4", found: "another value")
        }
        let digits = try reader.u8()
        let envelopePresence = try reader.u8()
        let zone = Int16(bitPattern: try reader.u16())
        let time = TimeNotation(digits: digits, zoneMinutes: zone)
        guard time.isValid else {
            throw reader.invalid(
                "time notation", expected: "0 to 9 digits and a zone", found: "\(digits), \(zone)")
        }
        guard envelopePresence & 0xC0 == 0, envelopePresence & 1 == 1 else {
            throw reader.invalid("presence", expected: "a type and known bits", found: "\(envelopePresence)")
        }
        self.origin = origin
        self.outcome = outcome
        self.time = time
        timestamp = try reader.i64()
        duration = envelopePresence & RecordEncoder.durationBit != 0 ? try reader.i64() : nil

        offsets = InlineArray(repeating: 0)
        lengths = InlineArray(repeating: RecordView.absent)
        let envelopeStart = RecordEncoder.headerBytes
        for index in 0..<Int(StringField.firstPersonal.rawValue)
        where envelopePresence >> UInt8(index) & 1 != 0 {
            let value = try reader.lengthPrefixed()
            offsets[index] = UInt32(envelopeStart + reader.offset - value.count)
            lengths[index] = UInt32(value.count)
        }
        try reader.finish()

        var rest = ByteReader(
            personal, what: "record personal part",
            origin: fileOffset + offset + envelopeStart + envelopeLength)
        let presence = try rest.u16()
        guard presence & 0xF000 == 0 else {
            throw rest.invalid("presence", expected: "known bits", found: "\(presence)")
        }
        let personalStart = envelopeStart + envelopeLength
        for bit in 0..<(StringField.count - StringField.firstPersonal.index)
        where presence >> UInt16(bit) & 1 != 0 {
            let value = try rest.lengthPrefixed()
            let index = bit + StringField.firstPersonal.index
            offsets[index] = UInt32(personalStart + rest.offset - value.count)
            lengths[index] = UInt32(value.count)
        }
        try rest.finish()
    }

    /// The bytes of a field, or nil when it is absent (which is not the same as empty).
    @inline(__always)
    package subscript(field: StringField) -> ByteView? {
        let length = lengths[field.index]
        guard length != RecordView.absent else { return nil }
        return bytes.trusted(Int(offsets[field.index]), Int(length))
    }
}

extension RecordView {
    /// Envelope and personal part of a record that `RecordEncoder` has just written: nothing is checked again.
    @inline(never)
    package static func parts(ofTrusted record: ByteView) -> (envelope: ByteView, personal: ByteView) {
        let start = RecordEncoder.headerBytes
        let length = Int(record.load(UInt32.self, at: 0))
        return (
            record.trusted(start, length),
            record.trusted(start + length, Int(record.load(UInt32.self, at: 4)))
        )
    }
}
