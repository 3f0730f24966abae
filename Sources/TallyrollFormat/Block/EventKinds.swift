/// What kinds of events a block holds. The strings of an envelope (type, severity, action, type of resource, component)
/// occur in few combinations: each is looked up whole, with one look, and taken apart once a block.
struct EventKinds: ~Copyable {
    /// Where the envelope's strings of each event lie.
    private var texts = ValueColumn()
    /// Which strings each event has.
    private var presences = PlainList<UInt8>()
    private var known = TermInterner(capacity: 512)
    /// The kind of each event, from 1.
    private var kinds = PlainList<UInt32>()
    private var presencesOfKinds = PlainList<UInt8>()
    /// The values of the kinds, by field.
    private var fields = ValueColumns(count: EventKinds.fieldCount)

    private static let fieldCount = StringField.firstPersonal.index
    /// A block meets each of its kinds so often on average, or kinds do not pay.
    private static let usesMin = 8

    /// The number of events.
    var count: Int { texts.count }

    mutating func removeAll() {
        texts.removeAll()
        presences.removeAll()
    }

    /// Adds an event whose strings of the envelope lie at `offset`.
    @inline(__always)
    mutating func append(offset: Int, length: Int, presence: UInt8) {
        texts.append(
            offset: UInt32(truncatingIfNeeded: offset), length: UInt32(truncatingIfNeeded: length))
        presences.append(presence)
    }

    /// Which strings the envelope of an event has.
    func presence(_ row: Int) -> UInt8 { presences[row] }

    /// A reader of the envelope's strings of an event, and of nothing behind them.
    @inline(__always)
    func reader(_ row: Int, in memory: ByteView) -> ByteReader {
        let start = Int(texts.span.offset(row))
        return ByteReader(
            memory.trusted(0, start + Int(texts.span.length(row))), what: "record", from: start)
    }

    /// Gives every event its kind. False when there are so many kinds that it does not pay, or two of them that
    /// differ in nothing but which strings they have: then each event is to be taken apart by itself.
    mutating func settle(in memory: ByteView) throws(FormatError) -> Bool {
        known.removeAll()
        kinds.removeAll()
        presencesOfKinds.removeAll()
        fields.removeAll()
        let span = texts.span
        let most = span.count / EventKinds.usesMin + 1
        kinds.append(span.count) { kinds in
            var row = 0
            while row < span.count, known.count <= most {
                row = known.internBatch(span, from: row, in: memory, into: kinds).next
            }
        }
        guard known.count <= most else { return false }
        for row in 0..<span.count {
            let kind = Int(kinds[row]) - 1
            if kind == presencesOfKinds.count {
                try takeApart(row, kind, in: memory)
                presencesOfKinds.append(presences[row])
            } else if presencesOfKinds[kind] != presences[row] {
                return false
            }
        }
        for field in 0..<fields.count where fields[field].count > 0 { fields[field].pad(to: known.count) }
        return true
    }

    private mutating func takeApart(_ row: Int, _ kind: Int, in memory: ByteView) throws(FormatError) {
        var reader = reader(row, in: memory)
        var presence = presences[row]
        while presence != 0 {
            let field = presence.trailingZeroBitCount
            let length = try reader.length(atMost: Limits.eventBytes)
            let start = reader.offset
            try reader.skip(length)
            fields[field].pad(to: kind)
            fields[field].append(
                offset: UInt32(truncatingIfNeeded: start), length: UInt32(truncatingIfNeeded: length))
            presence &= presence - 1
        }
        try reader.finish()
    }

    // MARK: After kinds were given

    /// The values of a field in order of the kinds; none at all where no kind has one.
    func values(_ field: StringField) -> ValueSpan { fields[field.index].span }

    /// The number of kinds.
    var kindCount: Int { known.count }

    /// For each event what there is for its kind.
    func spread(_ codes: [UInt32]) -> [UInt32] {
        let kinds = kinds.elements
        return [UInt32](unsafeUninitializedCapacity: kinds.count) { spread, initialized in
            codes.withUnsafeBufferPointer { codes in
                for row in kinds.indices { spread[row] = codes[Int(kinds[row]) - 1] }
            }
            initialized = kinds.count
        }
    }

    /// Appends the value of a field of each event.
    func spread(_ field: StringField, to values: inout ValueColumn) {
        let span = fields[field.index].span
        guard span.count > 0 else { return }
        for kind in kinds.elements { values.append(span, Int(kind) - 1) }
    }
}
