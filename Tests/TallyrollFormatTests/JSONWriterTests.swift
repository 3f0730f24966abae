import Testing

@testable import TallyrollFormat

@Suite struct JSONWriterTests {
    private let hash = [UInt8](repeating: 0x0F, count: 32)

    private func full(
        _ line: String, selection: EventKeySelection = .all, hashes: Bool = false
    ) throws -> String {
        try hash.withView { hash in
            var place = testPlace
            if hashes {
                place.previousHash = hash
                place.eventHash = hash
            }
            return try json(try record(line), EventJSONWriter(.full, selection: selection), place: place)
        }
    }

    @Test func theStoreAddsItsOwn() throws {
        let start = #"{"id":"019b76da-a87b-7000-8000-00001e345678","# + minimalLine.dropFirst().dropLast()
        let own = #","sequence":7,"recorded_at":"2026-01-01T00:00:00.123456789Z""#
        #expect(try rewritten(minimalLine) == start + "}")
        #expect(try full(minimalLine) == start + own + "}")
        let hex = String(repeating: "0f", count: 32)
        #expect(
            try full(minimalLine, hashes: true) == start + own
                + #","previous_hash":"\#(hex)","event_hash":"\#(hex)"}"#)
    }

    @Test func theStoresOwnValuesWin() throws {
        let line =
            #"{"id":"i","timestamp":"2026-01-01T00:00:00Z","event_type":"t","a":1,"sequence":5,"recorded_at":0,"#
            + #""previous_hash":"p","event_hash":"e","b":2}"#
        #expect(try rewritten(line) == line)
        let start = #"{"id":"i","timestamp":"2026-01-01T00:00:00Z","event_type":"t","a":1,"#
        let own = #""sequence":7,"recorded_at":"2026-01-01T00:00:00.123456789Z""#
        #expect(try full(line) == start + #""previous_hash":"p","event_hash":"e","b":2,"# + own + "}")
        let hex = String(repeating: "0f", count: 32)
        #expect(
            try full(line, hashes: true)
                == start + #""b":2,"# + own + #","previous_hash":"\#(hex)","event_hash":"\#(hex)"}"#)
    }

    @Test func selectionsKeepTheOrder() throws {
        let line = String(JSONParserTests.complete.dropLast()) + #","x\n":1,"y":2}"#
        func select(_ keys: [String]) throws -> String {
            try rewritten(line, EventJSONWriter(.original, selection: EventKeySelection(keys: keys)))
        }
        #expect(try select(["user_id", "id"]) == #"{"id":"e-1","user_id":"alice"}"#)
        #expect(try select(["result", "x\n"]) == #"{"result":{"failure":"bad password"},"x\n":1}"#)
        #expect(try select([]) == "{}")
        #expect(try select(["nothing"]) == "{}")
        #expect(try select(["details", "duration_ms"]) == #"{"duration_ms":1.5,"details":{"a":[1,2]}}"#)
        #expect(
            try full(line, selection: EventKeySelection(keys: ["sequence", "y"])) == #"{"y":2,"sequence":7}"#)
        for key in EventKey.allCases where key != .unknown && EventKey.storeOwn & key.bit == 0 {
            #expect(try select([key.name]).hasPrefix("{\"\(key.name)\":"))
        }
    }

    @Test func aLineStaysALine() throws {
        let line =
            "{\"id\":\"i\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"event_type\":\"t\",\"details\":{\n\t\"a\":\r\n1 },\"b\":[\n]}"
        #expect(try field(.details, of: line) == "{\n\t\"a\":\r\n1 }")
        #expect(
            try rewritten(line)
                == "{\"id\":\"i\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"event_type\":\"t\",\"details\":{ \t\"a\":  1 },\"b\":[ ]}"
        )
    }

    @Test func everyControlCharacterIsEscaped() throws {
        for code in UInt8(0)..<0x80 {
            let scalar = Character(Unicode.Scalar(code))
            for text in ["\(scalar)", "abcdefgh\(scalar)ijklmnopq", "é\(scalar)"] {
                var out = ByteWriter()
                text.withView { out.escaped($0) }
                let written = out.view.string
                let isPlain = code >= 0x20 && scalar != "\"" && scalar != "\\"
                #expect((written == text) == isPlain)
                #expect(
                    try field(
                        .user,
                        of: #"{"timestamp":"2026-01-01T00:00:00Z","event_type":"t","user_id":"\#(written)"}"#)
                        == text)
            }
        }
        var out = ByteWriter()
        "\u{8}\t\n\u{C}\r\"\\\u{1}\u{1f}/".withView { out.escaped($0) }
        #expect(out.view.string == #"\b\t\n\f\r\"\\\u0001\u001f/"#)
    }

    @Test func aDamagedRecordIsAnErrorAndLeavesNothing() throws {
        var bytes = ByteWriter()
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: 0, time: TimeNotation(digits: 0), outcome: .absent, duration: nil, into: &bytes)
        "t".withView { encoder.string(.type, $0, into: &bytes) }
        "{\"a\":1,".withView { encoder.string(.extra, $0, into: &bytes) }
        _ = encoder.end(into: &bytes)
        var out = ByteWriter()
        out.text("x")
        let view = try RecordView(bytes.view)
        do throws(FormatError) {
            try EventJSONWriter().write(view, testPlace, into: &out)
            Issue.record("damage was written")
        } catch {
            #expect(error.kind == .invalid)
        }
        #expect(out.view.string == "x")
    }

    @Test(
        arguments: [
            (0, "0"), (1, "0.000001"), (1_500_000, "1.5"), (Int64.max, "9223372036854.775807"),
            (10_000_000, "10"),
        ]
            as [(Int64, String)])
    func durations(nanoseconds: Int64, text: String) {
        var out = ByteWriter()
        MillisecondNumber.write(nanoseconds, into: &out)
        #expect(out.view.string == text)
    }

    @Test func decimals() {
        for value in [
            0, 1, 9, 10, 99, 100, UInt64.max, 10_000_000_000_000_000_000, 9_999_999_999_999_999_999,
        ] {
            var out = ByteWriter()
            out.decimal(value)
            #expect(out.view.string == String(value))
        }
    }
}
