/// Turns one event as a JSON object, usually a line, into a record.
///
/// One pass over the text, strictly as RFC 8259 has it, with every byte checked to be valid UTF-8. Nothing is
/// allocated once the buffers inside have grown to the largest event seen. One parser serves one thread.
///
/// - `details` is kept byte for byte. Members with unknown keys, the store's own keys (`sequence`,
///   `recorded_at`, `previous_hash`, `event_hash`) and known keys whose value is `null` are kept byte for byte in
///   the record's `extra` field.
/// - `timestamp` and `event_type` must be there. No known key may come twice.
/// - A byte order mark before the object is passed over: it carries nothing.
package struct EventJSONParser: ~Copyable {
    private var fields = EventFields()

    package init() {}

    /// Appends the record of the event in `text` to `out` and returns the record's length. When it throws, `out`
    /// is as it was.
    @inline(__always)
    package mutating func parse(_ text: ByteView, into out: inout ByteWriter) throws(EventInputError) -> Int {
        do throws(JSONFault) {
            return try parseObject(text, into: &out)
        } catch {
            throw EventInputError(error, in: text)
        }
    }

    private mutating func parseObject(_ text: ByteView, into out: inout ByteWriter) throws(JSONFault) -> Int {
        fields.removeAll()
        var scanner = JSONScanner(text)
        if scanner.byte == 0xEF, text.byteOrZero(1) == 0xBB, text.byteOrZero(2) == 0xBF {
            scanner.position = 3
        }
        scanner.skipWhitespace()
        try scanner.openObject()
        var seen: UInt32 = 0
        while let name = try scanner.nextName() {
            let key =
                name.isEscaped ? escapedKey(text, name) : EventKey(text.trusted(name.start, name.length))
            if key.bit & EventJSONParser.kept != 0 {
                try keep(name, &scanner)
                continue
            }
            guard seen & key.bit == 0 else { throw JSONFault(.duplicate, at: name.start - 1, key: key) }
            seen |= key.bit
            if scanner.byte == UInt8(ascii: "n"), EventJSONParser.required & key.bit == 0 {
                try keep(name, &scanner)
            } else {
                try member(key, &scanner)
            }
        }
        let missing = EventJSONParser.required & ~seen
        if missing != 0 {
            let key: EventKey = missing & EventKey.timestamp.bit != 0 ? .timestamp : .type
            throw JSONFault(.missing, at: scanner.position - 1, key: key)
        }
        try scanner.finish()
        if fields.built.count > 0 {
            fields.built.u8(UInt8(ascii: "}"))
            fields.setBuilt(.extra, from: 0)
        }
        return try fields.write(text, into: &out)
    }

    private static let kept: UInt32 = EventKey.storeOwn | EventKey.unknown.bit
    private static let required: UInt32 = EventKey.timestamp.bit | EventKey.type.bit

    @inline(never)
    private mutating func escapedKey(_ text: ByteView, _ name: JSONStringSpan) -> EventKey {
        // Half a surrogate pair stands in no known key.
        (try? fields.plain(text, name)).map { EventKey($0) } ?? .unknown
    }

    /// Keeps a member as it is, among those that no field holds.
    @inline(never)
    private mutating func keep(_ name: JSONStringSpan, _ scanner: inout JSONScanner) throws(JSONFault) {
        let start = scanner.position
        try scanner.value(depth: 1)
        fields.built.u8(fields.built.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
        fields.built.bytes(scanner.view.trusted(name.start - 1, name.length + 2))
        fields.built.u8(UInt8(ascii: ":"))
        fields.built.bytes(scanner.view.trusted(start, scanner.position - start))
    }

    /// Reads the value of a known key that is not null.
    @inline(__always)
    private mutating func member(_ key: EventKey, _ scanner: inout JSONScanner) throws(JSONFault) {
        let start = scanner.position
        switch key {
        case .details:
            guard scanner.byte == UInt8(ascii: "{") else {
                throw JSONFault(.detailsObject, at: start, key: key)
            }
            try scanner.container(depth: 1)
            fields.set(
                .details, JSONStringSpan(start: start, length: scanner.position - start, isEscaped: false))
        case .timestamp: try timestamp(&scanner)
        case .result: try result(&scanner)
        case .duration: fields.duration = try MillisecondNumber.parse(&scanner)
        default:
            guard scanner.byte == UInt8(ascii: "\"") else { throw JSONFault(.string, at: start, key: key) }
            let span = try scanner.string()
            if let field = key.field { fields.set(field, span) }
        }
    }

    @inline(__always)
    private mutating func timestamp(_ scanner: inout JSONScanner) throws(JSONFault) {
        guard scanner.byte == UInt8(ascii: "\"") else {
            throw JSONFault(.string, at: scanner.position, key: .timestamp)
        }
        let span = try scanner.string()
        let text = try fields.plain(scanner.view, span)
        do throws(JSONFault) {
            (fields.timestamp, fields.time) = try RFC3339.parse(text)
        } catch {
            // Positions in an escaped string are not positions in the text: such a fault points at its beginning.
            let offset = span.isEscaped ? 0 : error.position
            throw JSONFault(error.problem, at: span.start + offset, key: .timestamp)
        }
    }

    @inline(__always)
    private mutating func result(_ scanner: inout JSONScanner) throws(JSONFault) {
        let start = scanner.position
        if scanner.byte == UInt8(ascii: "{") {
            try outcomeWithText(&scanner)
        } else {
            guard scanner.byte == UInt8(ascii: "\"") else { throw JSONFault(.result, at: start) }
            let span = try scanner.string()
            guard let outcome = OutcomeKind(word: try fields.plain(scanner.view, span)) else {
                throw JSONFault(.result, at: start)
            }
            fields.outcome = outcome
        }
    }

    /// Reads `{"failure": text}` or `{"denied": reason}`.
    private mutating func outcomeWithText(_ scanner: inout JSONScanner) throws(JSONFault) {
        let start = scanner.position
        try scanner.openObject()
        guard let name = try scanner.nextName(),
            let outcome = OutcomeKind(word: try fields.plain(scanner.view, name)), outcome != .success
        else { throw JSONFault(.result, at: start) }
        guard scanner.byte == UInt8(ascii: "\"") else { throw JSONFault(.outcomeText, at: scanner.position) }
        fields.set(.error, try scanner.string())
        fields.outcome = outcome
        scanner.skipWhitespace()
        guard scanner.byte == UInt8(ascii: "}") else { throw JSONFault(.outcomeEnd, at: scanner.position) }
        scanner.position += 1
    }
}

extension OutcomeKind {
    /// The outcome that a word of the JSON shape names.
    @inline(__always)
    package init?(word: ByteView) {
        switch word.count {
        case 7:
            let value = UInt64(word.load(UInt32.self, at: 0)) | UInt64(word.load(UInt32.self, at: 3)) << 32
            if value == 0x7373_6563_6363_7573 {  // "succ", "cess"
                self = .success
            } else if value == 0x6572_756C_6C69_6166 {  // "fail", "lure"
                self = .failure
            } else {
                return nil
            }
        case 6:
            guard word.load(UInt32.self, at: 0) == 0x696E_6564, word.load(UInt16.self, at: 4) == 0x6465 else {
                return nil  // "deni", "ed"
            }
            self = .denied
        default: return nil
        }
    }

    /// The word of the JSON shape; an absent outcome has none.
    package var word: StaticString {
        switch self {
        case .absent: ""
        case .success: "success"
        case .failure: "failure"
        case .denied: "denied"
        }
    }
}
