import Testing

@testable import TallyrollFormat

/// Every way in which a line can be wrong, with the column that the error must name. `@` in a line stands before
/// the byte that is at fault and is taken out.
@Suite struct JSONParserErrorTests {
    private static let time = #""timestamp":"2026-01-01T00:00:00Z""#

    @Test(
        arguments: [
            ("@", "an object, beginning with '{'", "the end of the text"),
            ("  @", "an object, beginning with '{'", "the end of the text"),
            ("@[]", "an object, beginning with '{'", "an array"),
            (#"@"x""#, "an object, beginning with '{'", "the string \"x\""),
            ("@\u{FEFE}{}", "an object, beginning with '{'", "the byte 0xEF"),
            ("{@", "a member name in double quotes", "the end of the text"),
            ("{@a:1}", "a member name in double quotes", "'a'"),
            (#"{"a"@ 1}"#.replacing("@ ", with: " @"), "':' after the member name", "'1'"),
            (#"{"a":@}"#, "a value", "'}'"),
            (#"{"a":1@ }"#.replacing("@ }", with: " @x"), "',' or '}'", "'x'"),
            (#"{"a":1,@}"#, "a member name in double quotes", "'}'"),
            (#"{@,"a":1}"#, "a member name in double quotes", "','"),
            (#"{"a":1@"#, "',' or '}'", "the end of the text"),
            (#"{"a":[1@}"#, "',' or ']'", "'}'"),
            (#"{"a":[1,@]}"#, "a value", "']'"),
            (#"{"a":{"b":1@]}"#, "',' or '}'", "']'"),
            (#"{"a":@tru}"#, "true, false or null", "'t'"),
            (#"{"a":@falsy}"#, "true, false or null", "'f'"),
            (#"{"a":@nul"#, "true, false or null", "'n'"),
            (#"{"a":0@1}"#, "',' or '}'", "'1'"),
            (#"{"a":-@}"#, "a JSON number", "'}'"),
            (#"{"a":1.@}"#, "a JSON number", "'}'"),
            (#"{"a":1e+@}"#, "a JSON number", "'}'"),
            (#"{"a":@+1}"#, "a value", "'+'"),
            (#"{"a":@.5}"#, "a value", "'.'"),
            (#"{"a":@NaN}"#, "a value", "'N'"),
            (#"{"a":@'x'}"#, "a value", "'''"),
            (#"{"a":"x@"#, "'\"' to end the string", "the end of the text"),
            (#"{"a":"x\@"#, "one of \" \\ / b f n r t u after '\\'", "the end of the text"),
            (#"{"a":"x\@x"}"#, "one of \" \\ / b f n r t u after '\\'", "'x'"),
            (#"{"a":"\u12@g4"}"#, "four hexadecimal digits after \\u", "'g'"),
            (#"{"a":"\u12@"#, "four hexadecimal digits after \\u", "the end of the text"),
            ("{\"a\":\"abc@\u{1}\"}", "control characters escaped in a string", "the byte 0x01"),
            ("{\"a\":\"abcdefghijklm@\n\"}", "control characters escaped in a string", "the byte 0x0A"),
            ("{\"a\":\"é@\t\"}", "control characters escaped in a string", "the byte 0x09"),
        ] as [(String, String, String)])
    func grammar(marked: String, expected: String, found: String) { check(marked, expected, found) }

    @Test(
        arguments: [
            (#"{\#(time),"event_type":"t"} @x"#, "nothing after the object", "'x'"),
            (#"{\#(time),"event_type":"t"}@{}"#, "nothing after the object", "'{'"),
            (#"{\#(time)@}"#, "a member \"event_type\"", "the end of the object"),
            (#"{"event_type":"t"@}"#, "a member \"timestamp\"", "the end of the object"),
            (#"{@}"#, "a member \"timestamp\"", "the end of the object"),
            (#"{"event_type":@null}"#, "a string for \"event_type\"", "null"),
            (#"{"timestamp":@null}"#, "a string for \"timestamp\"", "null"),
            (#"{"timestamp":@1767225600}"#, "a string for \"timestamp\"", "a number"),
            (#"{"id":@7}"#, "a string for \"id\"", "a number"),
            (#"{"user_id":@true}"#, "a string for \"user_id\"", "a boolean"),
            (#"{"action":@["x"]}"#, "a string for \"action\"", "an array"),
            (#"{"message":@{}}"#, "a string for \"message\"", "an object"),
            (#"{"id":"a",@"id":"b"}"#, "each known member once", "\"id\" a second time"),
            (#"{"id":null,@"\u0069d":"b"}"#, "each known member once", "\"id\" a second time"),
            (#"{"details":{},@"details":{}}"#, "each known member once", "\"details\" a second time"),
            (#"{"details":@[]}"#, "an object for \"details\"", "an array"),
            (#"{"details":@"{}"}"#, "an object for \"details\"", "the string \"{}\""),
            (#"{"details":{@1:2}}"#, "a member name in double quotes", "'1'"),
            (#"{\#(time),"event_type":"t","id":@""}"#, "an id that is not empty", "an empty one"),
            (
                #"{\#(time),"event_type":"t","id":@"\#(String(repeating: "x", count: 256))"}"#,
                "an id of at most 255 bytes", "more"
            ),
            (
                #"{\#(time),"event_type":"t","user_id":@"\#(String(repeating: "x", count: 65_536))"}"#,
                "at most 65535 bytes for \"user_id\"", "more"
            ),
            (
                #"{\#(time),"event_type":"t","resource_id":@"\#(String(repeating: "x", count: 61_438))"}"#,
                "at most 61437 bytes for \"resource_id\"", "more"
            ),
            (
                #"{\#(time),"event_type":"t","user_id":"a@\ud800"}"#,
                "the two halves of a surrogate pair together", "one half alone"
            ),
            (
                #"{\#(time),"event_type":"t","user_id":"a@\udc00\ud800"}"#,
                "the two halves of a surrogate pair together", "one half alone"
            ),
            (
                #"{\#(time),"event_type":"t","user_id":"@\ud800\u0041"}"#,
                "the two halves of a surrogate pair together", "one half alone"
            ),
            (
                #"{\#(time),"event_type":"t","user_id":"@\ud800x12345"}"#,
                "the two halves of a surrogate pair together", "one half alone"
            ),
        ] as [(String, String, String)])
    func members(marked: String, expected: String, found: String) { check(marked, expected, found) }

    private static let outcomes =
        "\"success\", \"failure\", \"denied\", {\"failure\": text} or {\"denied\": reason}"

    @Test(
        arguments: [
            (#"{"result":@"ok"}"#, outcomes, "the string \"ok\""),
            (#"{"result":@"Success"}"#, outcomes, "the string \"Success\""),
            (#"{"result":@1}"#, outcomes, "a number"),
            (#"{"result":@{}}"#, outcomes, "an object"),
            (#"{"result":@{"success":"x"}}"#, outcomes, "an object"),
            (#"{"result":@{"error":"x"}}"#, outcomes, "an object"),
            (#"{"result":{"failure":@null}}"#, "a string as the text of the outcome", "null"),
            (#"{"result":{"failure":@{}}}"#, "a string as the text of the outcome", "an object"),
            (#"{"result":{"failure":"x"@,"denied":"y"}}"#, "'}': an outcome has one member", "','"),
            (#"{"duration_ms":@"1"}"#, "a number of milliseconds for \"duration_ms\"", "the string \"1\""),
            (#"{"duration_ms":@-1}"#, "a duration of zero or more for \"duration_ms\"", "a negative one"),
            (
                #"{"duration_ms":@0.0000001}"#,
                "at most nanosecond precision (six decimals) for \"duration_ms\"", "more digits"
            ),
            (
                #"{"duration_ms":@1e-7}"#, "at most nanosecond precision (six decimals) for \"duration_ms\"",
                "more digits"
            ),
            (
                #"{"duration_ms":@9223372036854.775808}"#, "a duration below 292 years for \"duration_ms\"",
                "a longer one"
            ),
            (#"{"duration_ms":@1e400}"#, "a duration below 292 years for \"duration_ms\"", "a longer one"),
            (
                #"{"duration_ms":@123456789012345678901234567890}"#,
                "a duration below 292 years for \"duration_ms\"", "a longer one"
            ),
            (#"{"duration_ms":1@x}"#, "',' or '}'", "'x'"),
        ] as [(String, String, String)])
    func outcomesAndDurations(marked: String, expected: String, found: String) {
        check(marked, expected, found)
    }

    private static let shape = "a time such as 2026-01-31T23:59:59.123Z (RFC 3339)"
    private static let exists = "a month, day, hour, minute and second that exist"
    private static let zone = "'Z' or an offset such as +01:00"
    private static let range = "a time from 1677-09-21T00:12:44Z to 2262-04-11T23:47:16Z"

    @Test(
        arguments: [
            ("@", shape, "'\"'"), ("2026-01-01@", shape, "'\"'"), ("2026@/01/01T00:00:00Z", shape, "'/'"),
            ("2026-01-01@ 00:00:00Z", shape, "a space"), ("@+2026-01-01T00:00:00Z", shape, "'+'"),
            ("@1767225600", "a year of four digits, then '-'", "'2'"),
            ("@300000-01-01T00:00:00Z", "a year of four digits, then '-'", "'0'"),
            ("2026-@13-01T00:00:00Z", exists, "'1'"), ("2026-02-@29T00:00:00Z", exists, "'2'"),
            ("2026-04-@31T00:00:00Z", exists, "'3'"), ("2026-04-@00T00:00:00Z", exists, "'0'"),
            ("1900-02-@29T00:00:00Z", exists, "'2'"), ("2026-01-01T@24:00:00Z", exists, "'2'"),
            ("2026-01-01T00:@60:00Z", exists, "'6'"), ("2026-01-01T00:00:@61Z", exists, "'6'"),
            ("2016-12-31T23:59:@60Z", "a second from 00 to 59 (leap seconds cannot be kept)", "'6'"),
            ("2026-01-01T00:00:00@", zone, "'\"'"), ("2026-01-01T00:00:00@X", zone, "'X'"),
            ("2026-01-01T00:00:00@+1:00", zone, "'+'"), ("2026-01-01T00:00:00@+24:00", zone, "'+'"),
            ("2026-01-01T00:00:00@+0100", zone, "'+'"),
            ("2026-01-01T00:00:00.@Z", "1 to 9 digits after the point", "'Z'"),
            ("2026-01-01T00:00:00.123456789@0Z", "1 to 9 digits after the point", "'0'"),
            ("2026-01-01T00:00:00.5@", zone, "'\"'"),
            ("2026-01-01T00:00:00Z@Z", "nothing after the time zone", "'Z'"),
            ("@1677-09-21T00:12:43.145224191Z", range, "a time outside"),
            ("@2262-04-11T23:47:16.854775808Z", range, "a time outside"),
            ("@0000-01-01T00:00:00Z", range, "a time outside"),
            ("@9999-12-31T23:59:59Z", range, "a time outside"),
        ] as [(String, String, String)])
    func times(marked: String, expected: String, found: String) {
        // A year that is too long is named where its fifth digit stands.
        let text = marked.hasPrefix("@1767") || marked.hasPrefix("@3000") ? moved(marked) : marked
        check(#"{"timestamp":"\#(text)"}"#, expected + " for \"timestamp\"", found)
    }

    private func moved(_ marked: String) -> String {
        let plain = marked.dropFirst()
        return String(plain.prefix(4)) + "@" + plain.dropFirst(4)
    }

    @Test func faultsInEscapedTimesPointAtTheString() {
        #expect(inputError(#"{"timestamp":"2026\u002d13-01T00:00:00Z"}"#)?.column == 15)
    }

    /// Everything that is not UTF-8, at every place where text can stand.
    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x41], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xE2, 0x28, 0xA1],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func invalidUTF8(bad: [UInt8]) {
        for place in [
            #"{"user_id":"@"}"#, #"{"user_id":"abcdefghijk@lmnopqrstuvw"}"#, #"{"user_id":"é\n@"}"#,
            #"{"@":1}"#,
            #"{"unknown":"@"}"#, #"{"details":{"a":"x@"}}"#, #"{"details":{"x@":1}}"#,
            #"{"result":{"failure":"@"}}"#,
            #"{"result":{"@":"x"}}"#, #"{"timestamp":"@"}"#, #"{"id":"@"#, #"{"a":["😀@"]}"#,
        ] {
            let parts = place.split(separator: "@", omittingEmptySubsequences: false)
            let error = inputError(bytes: Array(parts[0].utf8) + bad + Array(parts[1].utf8))
            #expect(error?.expected == "valid UTF-8", "\(place)")
            #expect(error?.column == parts[0].utf8.count + 1, "\(place)")
        }
        #expect(inputError(bytes: Array("{".utf8) + bad)?.expected == "a member name in double quotes")
    }

    @Test func everyScalarLengthIsTaken() throws {
        for text in [
            "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
            "ÿ\u{7F}",
        ] {
            let line = #"{"id":"i","timestamp":"2026-01-01T00:00:00Z","event_type":"\#(text)"}"#
            #expect(try rewritten(line) == line)
        }
    }

    /// No prefix of a good line is good, none crashes, and each error lies inside or at the end of the text.
    @Test func everyPrefixIsAnError() {
        let bytes = Array(JSONParserTests.complete.utf8)
        for length in 0..<bytes.count {
            let error = inputError(bytes: Array(bytes.prefix(length)))
            #expect(error != nil)
            #expect((error?.column ?? 0) <= length + 1)
        }
    }

    private func check(_ marked: String, _ expected: String, _ found: String) {
        let parts = marked.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let error = inputError(parts.joined())
        #expect(error == EventInputError(column: parts[0].utf8.count + 1, found: found, expected: expected))
        if let error {
            #expect(error.description == "column \(error.column): expected \(expected), found \(found)")
        }
    }
}
