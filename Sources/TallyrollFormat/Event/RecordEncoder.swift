/// Writes one event as a record: the canonical bytes that the write-ahead log holds and the chain covers.
///
/// ```
/// record    u32 envelopeLength · u32 personalLength · envelope · personal
/// envelope  u8 origin · u8 outcome · u8 timeDigits · u8 presence · i16 zone · i64 timestamp
///           · [i64 duration] · present strings in field order, each: varint length · bytes
/// personal  u16 presence · present strings in field order
/// ```
///
/// `presence` has bit k set when the k-th string of its part is present; bit 5 of the envelope's says that a
/// duration is. Call `begin`, then `string` for the present fields in ascending field order, then `end`.
package struct RecordEncoder {
    package static let headerBytes = 8
    package static let envelopeFixedBytes = 14
    /// Where the timestamp lies in a record.
    package static let timestampOffset = 14
    package static let durationBit: UInt8 = 1 << 5

    private var start = 0
    private var envelopePresence: UInt8 = 0
    private var personalPresence: UInt16 = 0
    private var personalStart = 0
    private var lastField = -1

    package init() {}

    /// Starts a record at the end of `out`.
    @inline(__always)
    package mutating func begin(
        timestamp: Int64, time: TimeNotation, outcome: OutcomeKind, duration: Int64?,
        origin: EventOrigin = .application, into out: inout ByteWriter
    ) {
        start = out.count
        envelopePresence = 0
        personalPresence = 0
        personalStart = 0
        lastField = -1
        out.u64(0)
        out.u8(origin.rawValue)
        out.u8(outcome.rawValue)
        out.u8(time.digits)
        out.u8(0)
        out.integer(time.zoneMinutes)
        out.i64(timestamp)
        if let duration {
            envelopePresence |= RecordEncoder.durationBit
            out.i64(duration)
        }
    }

    /// Appends a present field. Fields come in ascending order, each at most once.
    @inline(__always)
    package mutating func string(_ field: StringField, _ value: ByteView, into out: inout ByteWriter) {
        precondition(Int(field.rawValue) > lastField, "record fields come in ascending order")
        lastField = Int(field.rawValue)
        if field.isPersonal {
            if personalStart == 0 { beginPersonal(&out) }
            personalPresence |= 1 << UInt16(field.rawValue - StringField.firstPersonal.rawValue)
        } else {
            envelopePresence |= 1 << field.rawValue
        }
        out.lengthPrefixed(value)
    }

    private mutating func beginPersonal(_ out: inout ByteWriter) {
        personalStart = out.count
        out.u16(0)
    }

    /// Completes the record and returns its length in bytes.
    @inline(__always)
    package mutating func end(into out: inout ByteWriter) -> Int {
        if personalStart == 0 { beginPersonal(&out) }
        let envelopeStart = start + RecordEncoder.headerBytes
        out.patch(UInt32(truncatingIfNeeded: personalStart - envelopeStart), at: start)
        out.patch(UInt32(truncatingIfNeeded: out.count - personalStart), at: start + 4)
        out.patch(envelopePresence, at: envelopeStart + 3)
        out.patch(personalPresence, at: personalStart)
        return out.count - start
    }
}
