/// What a reader of input has found of one event, in whatever order, until all of it is there and a record can be
/// written in the record's own order. Values stay where they stand in the input; only what has to be made anew
/// is put into buffers, which are kept from event to event.
package struct EventFields: ~Copyable {
    /// Where the bytes of a value stand.
    private enum Place: UInt8 {
        case input = 1
        case escapedInput = 2
        case built = 3
    }

    private struct Value {
        var start: Int
        var length: Int
        var place: Place
    }

    private var values = InlineArray<17, Value>(repeating: Value(start: 0, length: 0, place: .input))
    private var present: UInt32 = 0
    /// Text that stands nowhere in the input: the unknown members, composed terms.
    package var built = ByteWriter(capacity: 1024)
    private var unescaped = ByteWriter(capacity: 1024)

    package var timestamp: Int64 = 0
    package var time = TimeNotation(digits: 0)
    package var outcome = OutcomeKind.absent
    package var duration: Int64?

    package init() {}

    /// Forgets the last event.
    @inline(__always)
    package mutating func removeAll() {
        present = 0
        built.removeAll()
        outcome = .absent
        duration = nil
    }

    /// Remembers a string of the input as the value of a field.
    @inline(__always)
    package mutating func set(_ field: StringField, _ span: JSONStringSpan) {
        values[field.index] = Value(
            start: span.start, length: span.length, place: span.isEscaped ? .escapedInput : .input)
        present |= 1 << UInt32(field.rawValue)
    }

    /// Remembers what was put into `built` from `start` on as the value of a field.
    package mutating func setBuilt(_ field: StringField, from start: Int) {
        values[field.index] = Value(start: start, length: built.count - start, place: .built)
        present |= 1 << UInt32(field.rawValue)
    }

    @inline(__always)
    package func has(_ field: StringField) -> Bool { present >> UInt32(field.rawValue) & 1 != 0 }

    /// The value of an input string: the input's own bytes, or the unescaped ones, valid until the next call.
    package mutating func plain(_ input: ByteView, _ span: JSONStringSpan) throws(JSONFault) -> ByteView {
        guard span.isEscaped else { return input.trusted(span.start, span.length) }
        unescaped.removeAll()
        try JSONScanner.unescape(input, span, into: &unescaped)
        return unescaped.view
    }

    /// Appends the event as a record and returns its length. When it throws, `out` is as it was.
    @inline(__always)
    package mutating func write(_ input: ByteView, into out: inout ByteWriter) throws(JSONFault) -> Int {
        let start = out.count
        do throws(JSONFault) {
            return try encode(input, into: &out)
        } catch {
            out.truncate(to: start)
            throw error
        }
    }

    @inline(__always)
    private mutating func encode(_ input: ByteView, into out: inout ByteWriter) throws(JSONFault) -> Int {
        var encoder = RecordEncoder()
        encoder.begin(timestamp: timestamp, time: time, outcome: outcome, duration: duration, into: &out)
        var left = present
        while left != 0 {
            let index = left.trailingZeroBitCount
            left &= left - 1
            guard let field = StringField(rawValue: UInt8(truncatingIfNeeded: index)) else { continue }
            let value = values[index]
            let bytes =
                switch value.place {
                case .input: input.trusted(value.start, value.length)
                case .escapedInput:
                    try plain(
                        input, JSONStringSpan(start: value.start, length: value.length, isEscaped: true))
                case .built: built.view.trusted(value.start, value.length)
                }
            if bytes.count > Limits.idBytes || bytes.isEmpty {
                try check(field, bytes.count, at: value.place == .built ? 0 : max(value.start - 1, 0))
            }
            encoder.string(field, bytes, into: &out)
        }
        let length = encoder.end(into: &out)
        guard length - RecordEncoder.headerBytes <= Limits.eventBytes else {
            throw JSONFault(.eventLength, at: 0)
        }
        return length
    }

    @inline(never)
    private func check(_ field: StringField, _ length: Int, at position: Int) throws(JSONFault) {
        if field == .id {
            throw JSONFault(length == 0 ? .idEmpty : .idLength, at: position, key: .id)
        }
        if length > field.longest {
            throw JSONFault(.termLength, at: position, key: EventKey(rawValue: field.rawValue) ?? .unknown)
        }
    }
}

extension StringField {
    /// The longest value, in bytes: terms are dictionary entries and short, texts are bounded by the event.
    @inline(__always)
    package var longest: Int {
        switch self {
        case .id: Limits.idBytes
        case .error, .message, .details, .extra: Limits.eventBytes
        case .resourceType: Limits.resourceTypeBytes
        case .resourceID: Limits.resourceIDBytes
        default: Limits.termBytes
        }
    }
}
