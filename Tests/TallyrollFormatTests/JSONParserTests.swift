import Testing

@testable import TallyrollFormat

@Suite struct JSONParserTests {
    static let complete =
        #"{"id":"e-1","timestamp":"2026-01-01T00:00:00.120+01:30","event_type":"authentication","user_id":"alice","#
        + #""action":"login","resource_type":"session","resource_id":"s-1","result":{"failure":"bad password"},"#
        + #""severity":"error","component":"auth","message":"no","ip_address":"10.0.0.1","user_agent":"curl","#
        + #""request_id":"r","session_id":"s","correlation_id":"c","duration_ms":1.5,"details":{"a":[1,2]}}"#

    @Test func everyKeyComesBack() throws {
        #expect(try rewritten(JSONParserTests.complete) == JSONParserTests.complete)
        try record(JSONParserTests.complete).withView { view in
            let record = try RecordView(view)
            #expect(record.timestamp == 1_767_220_200_120_000_000)
            #expect(record.time == TimeNotation(digits: 3, zoneMinutes: 90))
            #expect(record.duration == 1_500_000)
            #expect(record.outcome == .failure)
            #expect(record[.error]?.string == "bad password")
            #expect(record[.extra] == nil)
        }
    }

    @Test func everyKeyIsKnownByItsName() {
        for key in EventKey.allCases where key != .unknown {
            #expect(key.name.withView { EventKey($0) } == key)
            #expect((key.name + "x").withView { EventKey($0) } == .unknown)
            #expect((key.name + "\u{0}").withView { EventKey($0) } == .unknown)
            #expect(String(key.name.dropLast()).withView { EventKey($0) } == .unknown)
            for index in key.name.utf8.indices {
                var bytes = Array(key.name.utf8)
                bytes[key.name.utf8.distance(from: key.name.utf8.startIndex, to: index)] ^= 1
                #expect(bytes.withView { EventKey($0) } != key)
            }
        }
        for field in StringField.allCases where field != .error && field != .extra {
            #expect(EventKey(rawValue: field.rawValue)?.name == field.jsonKey)
        }
    }

    @Test func absentAndEmptyAreDifferent() throws {
        let empty =
            #"{"id":"i","timestamp":"2026-01-01T00:00:00Z","event_type":"","user_id":"","details":{}}"#
        #expect(try rewritten(empty) == empty)
        #expect(try field(.user, of: empty) == "")
        #expect(try field(.user, of: minimalLine) == nil)
    }

    @Test func whiteSpaceIsTakenEverywhere() throws {
        let line =
            " \t\r\n{ \"timestamp\" :\n\"2026-01-01T00:00:00Z\" , \"event_type\"\t:\r\"t\" , \"result\" : { \"denied\" : \"x\" } , \"z\" : [ 1 , 2 ] ,"
            + " \"details\" : { \"a\" : 1 } } \n "
        try record(line).withView { view in
            let record = try RecordView(view)
            #expect(record[.details]?.string == #"{ "a" : 1 }"#)
            #expect(record[.extra]?.string == #"{"z":[ 1 , 2 ]}"#)
            #expect(record[.error]?.string == "x")
        }
    }

    @Test func byteOrderMarkIsPassedOver() throws {
        #expect(try record("\u{FEFF}" + minimalLine) == record(minimalLine))
    }

    @Test func detailsAreKeptByteForByte() throws {
        for details in [
            #"{"a":1.50e+03,"a":2,"\u0041":"\ud800","b" : [ {}, [] ,null,true,false,-0,-0.0e-1,"\/"]}"#, "{}",
            "{ }",
        ] {
            let line = #"{"timestamp":"2026-01-01T00:00:00Z","event_type":"t","details":\#(details)}"#
            #expect(try field(.details, of: line) == details)
        }
    }

    @Test func unknownMembersAreKeptInOrder() throws {
        let line =
            #"{"x":1,"id":"i","timestamp":"2026-01-01T00:00:00Z","y" : {"a": 1},"event_type":"t","sequence":5,"#
            + #""recorded_at":"then","previous_hash":"p","event_hash":null,"user_id":null,"result":null,"ti\u006de":2,"x":3}"#
        let extra =
            #"{"x":1,"y":{"a": 1},"sequence":5,"recorded_at":"then","previous_hash":"p","event_hash":null,"#
            + #""user_id":null,"result":null,"ti\u006de":2,"x":3}"#
        #expect(try field(.extra, of: line) == extra)
        #expect(
            try rewritten(line) == #"{"id":"i","timestamp":"2026-01-01T00:00:00Z","event_type":"t","#
                + extra.dropFirst())
        #expect(try rewritten(rewritten(line)) == rewritten(line))
    }

    @Test func escapedKeysAreKnown() throws {
        let line =
            #"{"\u0069d":"i","timestamp":"2026\u002d01-01T00:00:00Z","event\u005ftype":"t","result":"succ\u0065ss"}"#
        #expect(
            try rewritten(line)
                == #"{"id":"i","timestamp":"2026-01-01T00:00:00Z","event_type":"t","result":"success"}"#)
    }

    @Test func escapesAreUndone() throws {
        let line =
            #"{"timestamp":"2026-01-01T00:00:00Z","event_type":"t","message":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00\u0000\u001F\u007f tail"}"#
        #expect(
            try field(.message, of: line) == "\"\\/\u{8}\u{C}\n\r\tAé€😀\u{0}\u{1F}\u{7F} tail")
        #expect(
            try rewritten(line).contains(
                #""message":"\"\\/\b\f\n\r\tAé€😀\u0000\u001f"# + "\u{7F} tail\""))
    }

    @Test(
        arguments: [
            (#""success""#, OutcomeKind.success, nil), (#""failure""#, .failure, nil),
            (#""denied""#, .denied, nil),
            (#"{"failure":""}"#, .failure, ""), (#"{"denied":"a\"b"}"#, .denied, "a\"b"),
        ] as [(String, OutcomeKind, String?)])
    func results(text: String, kind: OutcomeKind, error: String?) throws {
        let line = #"{"id":"i","timestamp":"2026-01-01T00:00:00Z","event_type":"t","result":\#(text)}"#
        #expect(try rewritten(line) == line)
        try record(line).withView { view in
            let record = try RecordView(view)
            #expect(record.outcome == kind)
            #expect(record[.error]?.string == error)
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1_000_000), ("1.5", 1_500_000), ("0.000001", 1), ("1e3", 1_000_000_000),
            ("12.50", 12_500_000),
            ("1000e-3", 1_000_000), ("1.0000000000000000000000000", 1_000_000),
            ("0e999999999999999999999", 0), ("-0", 0),
            ("-0.0e5", 0), ("9223372036854.775807", Int64.max), ("1E-6", 1),
            ("10000000000000000000000e-22", 1_000_000),
            ("0.00000100e0", 1),
        ] as [(String, Int64)])
    func durations(text: String, nanoseconds: Int64) throws {
        let line = #"{"timestamp":"2026-01-01T00:00:00Z","event_type":"t","duration_ms":\#(text)}"#
        let duration = try record(line).withView { view in try RecordView(view).duration }
        #expect(duration == nanoseconds)
    }

    @Test func deepTextIsTakenUpToTheLimit() throws {
        let open = Limits.jsonDepth - 2
        let line =
            #"{"timestamp":"2026-01-01T00:00:00Z","event_type":"t","details":{"a":"#
            + String(repeating: "[", count: open) + String(repeating: "]", count: open) + "}}"
        #expect(inputError(line) == nil)
        let deeper = line.replacing("[]", with: "[[]]")
        #expect(inputError(deeper)?.expected == "nesting of at most 512 levels")
        #expect(inputError(deeper)?.column == 69 + open)
    }

    @Test func tenThousandBracketsAreAnError() {
        for bracket in ["[", #"{"a":"#] {
            let nest = String(repeating: bracket, count: 10_000)
            #expect(inputError(#"{"details":{"x":"# + nest)?.expected == "nesting of at most 512 levels")
            #expect(inputError(#"{"unknown":"# + nest)?.expected == "nesting of at most 512 levels")
        }
        #expect(inputError(String(repeating: "[", count: 10_000))?.column == 1)
    }

    @Test func tenMebibytesInOneLine() throws {
        let count = 1_310_720
        let text = String(repeating: "ü€x\\n", count: count)
        let line = #"{"timestamp":"2026-01-01T00:00:00Z","event_type":"t","message":"\#(text)"}"#
        #expect(line.utf8.count > 10 * 1_048_576)
        let back = try field(.message, of: line)
        #expect(back?.utf8.count == count * 7)
        let tooLong = String(repeating: "x", count: Limits.eventBytes)
        #expect(
            inputError(#"{"timestamp":"2026-01-01T00:00:00Z","event_type":"t","message":"\#(tooLong)"}"#)?
                .expected
                == "an event of at most 16777216 bytes")
    }
}
