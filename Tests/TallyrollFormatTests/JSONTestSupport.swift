import Testing

@testable import TallyrollFormat

/// The input of most tests: the least event there is.
let minimalLine = #"{"timestamp":"2026-01-01T00:00:00Z","event_type":"t"}"#

/// Where the events of these tests stand.
var testPlace: RecordPlace {
    RecordPlace(sequence: 7, recordedAt: 1_767_225_600_123_456_789, storeTag: 0x1234_5678)
}

/// The record of a line.
func record(_ line: String) throws(EventInputError) -> [UInt8] { try record(bytes: Array(line.utf8)) }

/// The record of a line, which a parser that has been used before makes, behind bytes that it must leave alone.
func record(bytes: [UInt8]) throws(EventInputError) -> [UInt8] {
    var parser = EventJSONParser()
    var out = ByteWriter()
    out.text("before")
    var result: Result<[UInt8], EventInputError> = .success([])
    do throws(EventInputError) {
        let length = try bytes.withView { (view) throws(EventInputError) -> Int in
            try parser.parse(view, into: &out)
        }
        #expect(length == out.count - 6)
        result = .success(Array(out.array.dropFirst(6)))
    } catch {
        #expect(out.array == Array("before".utf8), "a failed parse left bytes behind")
        result = .failure(error)
    }
    return try result.get()
}

/// The JSON of a record.
func json(
    _ record: [UInt8], _ writer: EventJSONWriter = EventJSONWriter(), place: RecordPlace = testPlace
) throws -> String {
    try record.withView { view in
        var out = ByteWriter()
        out.text("before")
        try writer.write(try RecordView(view), place, into: &out)
        #expect(out.array.starts(with: "before".utf8))
        return String(decoding: out.array.dropFirst(6), as: UTF8.self)
    }
}

/// What becomes of a line that is read and written again.
func rewritten(_ line: String, _ writer: EventJSONWriter = EventJSONWriter()) throws -> String {
    try json(try record(line), writer)
}

/// One field of the record of a line.
func field(_ field: StringField, of line: String) throws -> String? {
    try record(line).withView { view in try RecordView(view)[field]?.string }
}

/// The error that a line gives, or nil when it is taken.
func inputError(_ line: String) -> EventInputError? { inputError(bytes: Array(line.utf8)) }

func inputError(bytes: [UInt8]) -> EventInputError? {
    do throws(EventInputError) {
        _ = try record(bytes: bytes)
        return nil
    } catch {
        return error
    }
}

/// Random numbers that a seed repeats (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
