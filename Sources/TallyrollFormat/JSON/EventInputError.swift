/// Input text that is not what it should be: where, what was found there and what would have fitted.
public struct EventInputError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The place, as a column counted in bytes from 1.
    public let column: Int
    /// What stands there.
    public let found: String
    /// What would have been right.
    public let expected: String

    package init(column: Int, found: String, expected: String) {
        self.column = column
        self.found = found
        self.expected = expected
    }

    /// One sentence: `column 17: expected a string for "user_id", found a number`.
    public var description: String { "column \(column): expected \(expected), found \(found)" }

    /// Puts a fault in `text` into words.
    @inline(never)
    package init(_ fault: JSONFault, in text: ByteView) {
        self.init(
            column: fault.position + 1, found: EventInputError.found(fault, in: text),
            expected: EventInputError.expected(fault))
    }

    private static func expected(_ fault: JSONFault) -> String {
        let key = fault.key == .unknown ? "" : " for \"\(fault.key.name)\""
        return switch fault.problem {
        case .object: "an object, beginning with '{'"
        case .value: "a value"
        case .key: "a member name in double quotes"
        case .colon: "':' after the member name"
        case .commaOrBrace: "',' or '}'"
        case .commaOrBracket: "',' or ']'"
        case .unterminatedString: "'\"' to end the string"
        case .controlCharacter: "control characters escaped in a string"
        case .escape: "one of \" \\ / b f n r t u after '\\'"
        case .hexDigit: "four hexadecimal digits after \\u"
        case .loneSurrogate: "the two halves of a surrogate pair together"
        case .utf8: "valid UTF-8"
        case .number: "a JSON number"
        case .literal: "true, false or null"
        case .depth: "nesting of at most \(Limits.jsonDepth) levels"
        case .trailing: "nothing after the object"
        case .string: "a string\(key)"
        case .result:
            "\"success\", \"failure\", \"denied\", {\"failure\": text} or {\"denied\": reason}\(key)"
        case .outcomeText: "a string as the text of the outcome"
        case .outcomeEnd: "'}': an outcome has one member"
        case .detailsObject: "an object\(key)"
        case .duplicate: "each known member once"
        case .missing: "a member \"\(fault.key.name)\""
        case .durationNumber: "a number of milliseconds\(key)"
        case .durationNegative: "a duration of zero or more\(key)"
        case .durationPrecision: "at most nanosecond precision (six decimals)\(key)"
        case .durationRange: "a duration below 292 years\(key)"
        case .timeShape: "a time such as 2026-01-31T23:59:59.123Z (RFC 3339)\(key)"
        case .timeYear: "a year of four digits, then '-'\(key)"
        case .timeField: "a month, day, hour, minute and second that exist\(key)"
        case .timeLeapSecond: "a second from 00 to 59 (leap seconds cannot be kept)\(key)"
        case .timeFraction: "1 to 9 digits after the point\(key)"
        case .timeZone: "'Z' or an offset such as +01:00\(key)"
        case .timeEnd: "nothing after the time zone\(key)"
        case .timeRange: "a time from 1677-09-21T00:12:44Z to 2262-04-11T23:47:16Z\(key)"
        case .idEmpty: "an id that is not empty"
        case .idLength: "an id of at most \(Limits.idBytes) bytes"
        case .termLength: "at most \(fault.key.field?.longest ?? Limits.termBytes) bytes\(key)"
        case .eventLength: "an event of at most \(Limits.eventBytes) bytes"
        case .missingEventTime: "a member \"eventTime\""
        case .records: "an array \"Records\" of objects"
        }
    }

    private static func found(_ fault: JSONFault, in text: ByteView) -> String {
        switch fault.problem {
        case .duplicate: "\"\(fault.key.name)\" a second time"
        case .missing, .missingEventTime: "the end of the object"
        case .idEmpty: "an empty one"
        case .idLength, .termLength, .eventLength: "more"
        case .loneSurrogate: "one half alone"
        case .depth: "a deeper one"
        case .durationPrecision: "more digits"
        case .durationRange: "a longer one"
        case .durationNegative: "a negative one"
        case .timeRange: "a time outside"
        case .string, .result, .outcomeText, .detailsObject, .durationNumber, .value, .object, .records:
            valueName(in: text, at: fault.position)
        default: byteName(in: text, at: fault.position)
        }
    }

    /// The kind of value that begins at `position`.
    private static func valueName(in text: ByteView, at position: Int) -> String {
        switch text.byteOrZero(position) {
        case UInt8(ascii: "\""): stringName(in: text, at: position)
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "["): "an array"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
        case UInt8(ascii: "n"): "null"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): "a number"
        default: byteName(in: text, at: position)
        }
    }

    /// A short string in full, a long one cut.
    private static func stringName(in text: ByteView, at position: Int) -> String {
        let longest = 40
        let rest = text.trusted(position + 1, text.count - position - 1)
        let end = min(rest.plainRunEnd(from: 0), longest)
        let closed = rest.byteOrZero(end) == UInt8(ascii: "\"")
        return "the string \"\(rest.trusted(0, end).string)\(closed ? "" : "…")\""
    }

    /// One byte in words: printable ASCII in quotes, everything else by number.
    private static func byteName(in text: ByteView, at position: Int) -> String {
        guard position < text.count else { return "the end of the text" }
        let byte = text[position]
        if byte > 0x20 && byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        if byte == 0x20 { return "a space" }
        let hex = String(byte, radix: 16, uppercase: true)
        return "the byte 0x\(byte < 16 ? "0" : "")\(hex)"
    }
}
