import Testing
import TallyrollFormat
import TallyrollQuery

@Suite("Expressions")
struct ParserTests {
    @Test(arguments: [
        ("", Filter.constant(true)),
        ("user = alice@example.com", .user("alice@example.com")),
        ("user_id == \"alice@example.com\"", .user("alice@example.com")),
        ("user=alice", .user("alice")),
        ("type IN (a, \"b c\",d)", .type(in: ["a", "b c", "d"])),
        ("user in ()", .membership(.user, [])),
        ("a.b".isEmpty ? "" : "details.a.b = 5", .details(["a", "b"], equals: 5)),
        ("details.\"a.b\".c = \"5\"", .details(["a.b", "c"], equals: "5")),
        ("details.k8s/name ~ web-*", .matches(.details(["k8s/name"]), "web-*")),
        ("extra.vendor.id exists", .exists(.extra(["vendor", "id"]))),
        ("details not exists", .not(.exists(.details([])))),
        ("resource = arn:aws:iam::123:role/Admin", .equal(.resource, "arn:aws:iam::123:role/Admin")),
        ("user = CORP\\alice", .user("CORP\\alice")),
        ("user = \"a\\\"b\\\\\\n\\t\\u00e9\\ud83d\\ude00\"", .user("a\"b\\\n\té😀")),
        ("time >= now-24h", .since(hours: 24)),
        ("time >= NOW", .since(.relative(nanoseconds: 0))),
        ("timestamp < now+5m", .before(.relative(nanoseconds: 300_000_000_000))),
        ("time < 2026-01-02", .before(.absolute(nanoseconds: 1_767_312_000_000_000_000))),
        (
            "time < \"2026-01-02 01:00:00.5+01:00\"",
            .before(.absolute(nanoseconds: 1_767_312_000_500_000_000))
        ),
        ("time < 1969-12-31T23:59:59.999999999Z", .before(.absolute(nanoseconds: -1))),
        ("duration > 1.5s", .comparison(.duration, .greater, .duration(nanoseconds: 1_500_000_000))),
        ("duration_ms <= 20", .comparison(.duration, .lessOrEqual, .duration(nanoseconds: 20_000_000))),
        ("sequence != -7", .comparison(.sequence, .notEqual, .integer(-7))),
        ("result in (failure, denied)", .membership(.result, [.result(.failure), .result(.denied)])),
        ("severity >= warning", .severity(atLeast: "warning")),
        ("user not in (a)", .not(.user(in: ["a"]))),
        ("message not contains \"rate limit\"", .not(.contains(.message, "rate limit"))),
        ("not user = a and user = b or user = c", (!.user("a") && .user("b")) || .user("c")),
        ("! user = a && user = b || user = c", (!.user("a") && .user("b")) || .user("c")),
        ("user=a and (user=b or user=c)", .user("a") && (.user("b") || .user("c"))),
        ("true AND Not false", .all && !.none),
        ("\u{A0}user\u{3000}=\u{2028}é ", .user("é")),
        ("user = now-1h", .user("now-1h")),
    ])
    func reads(_ expression: String, _ expected: Filter) throws {
        let filter = try Filter(expression)
        #expect(filter == expected)
        #expect(try Filter(filter.description) == filter, "\(filter)")
    }

    @Test(arguments: [
        ("usr = alice", 1, "did you mean `user`?"),
        ("User = alice", 1, "did you mean `user`?"),
        ("user = alice and sevrity = error", 18, "did you mean `severity`?"),
        ("user alice", 6, "did you mean `user = alice`?"),
        ("message = rate limit", 16, "values with spaces are quoted"),
        ("message = \"rate limit", 11, "add the missing `\"`"),
        ("user = 'alice'", 8, "quote with \" instead"),
        ("user = and type = x", 8, "quote it to mean the word"),
        ("(user = a", 1, "add the missing `)`"),
        ("user = a)", 9, "there is no `(` for it"),
        ("user in (a b)", 12, nil),
        ("user = a & user = b", 10, "write `and`"),
        ("time > 24h", 8, "now-24h"),
        ("time > 2026-02-30", 8, nil),
        ("time > 2026-01-01T10:00Z", 8, "2026-01-01T10:00:00Z"),
        ("time > 2026-01-01T10:00:00", 8, "2026-01-01T10:00:00Z"),
        ("time > 3026-01-01", 8, nil),
        ("time > yesterday", 8, "now-1d"),
        ("time ~ 2026*", 6, nil),
        ("result = Failure", 10, "small letters"),
        ("severity >= warn", 13, "did you mean `warning`?"),
        ("sequence = abc", 12, nil),
        ("sequence = 9223372036854775808", 12, nil),
        ("duration > 5 parsecs", 14, "values with spaces are quoted"),
        ("details = 5", 1, "use `text`"),
        ("details. = 5", 9, "odd keys are quoted"),
        ("user =", 7, nil),
        ("user", 5, nil),
        ("and", 1, nil),
        ("\"rate limit\"", 1, "text contains"),
        ("user = a and", 13, nil),
        ("user like a*", 6, "use `~`"),
        ("é = 1", 1, nil),
        ("user = \"é😀\" or usr = x", 16, "did you mean `user`?"),
        ("user = \"\\x\"", 9, "backslash"),
        ("user = \"\\ud800\"", 9, "surrogates"),
    ])
    func pointsAtMistakes(_ expression: String, _ column: Int, _ suggestion: String?) throws {
        let error = try #require(throws: QueryError.self) { try Filter(expression) }
        #expect(error.column == column, "\(error.caretDescription)")
        #expect(error.line == 1)
        if let suggestion { #expect(error.description.contains(suggestion), "\(error.description)") }
        #expect(!error.found.isEmpty && !error.expected.isEmpty)
    }

    @Test func drawsACaret() throws {
        let error = try #require(throws: QueryError.self) { try Filter("user = a\n  and usr = b") }
        #expect(error.line == 2)
        #expect(
            error.caretDescription == """
                line 2, character 7: found `usr`, which is no field, expected a field; did you mean `user`?
                    and usr = b
                        ^
                """)
        let long = "user = " + String(repeating: "x", count: 500) + " usr = b"
        let other = try #require(throws: QueryError.self) { try Filter(long) }
        #expect(other.column == 509)
        let lines = other.caretDescription.split(separator: "\n")
        #expect(lines[1].count < 120 && lines[2].last == "^")
        #expect(Array(lines[1])[lines[2].count - 1] == "u")
    }

    @Test func textsThatLookTheSameDiffer() throws {
        let composed = Filter.user("\u{E9}")
        let decomposed = Filter.user("e\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(Field.details(["\u{E9}"]) != Field.details(["e\u{301}"]))
        #expect((composed || decomposed).normalized() == .user(in: ["\u{E9}", "e\u{301}"]))
    }

    @Test func clockStaysSymbolicUntilBound() throws {
        let filter = Filter.since(hours: 1)
        #expect(filter.description == "time >= now-1h")
        #expect(filter.bound(now: 7_200_000_000_000) == .since(.absolute(nanoseconds: 3_600_000_000_000)))
        #expect(Filter.since(hours: .max).bound(now: 0) == .since(.absolute(nanoseconds: Int64.min + 1)))
        #expect(
            Filter.since(.relative(nanoseconds: -5)).bound(now: .min) == .since(.absolute(nanoseconds: .min)))
    }

    @Test func everyAliasIsTheField() throws {
        for (name, field) in [
            ("user_id", Field.user), ("event_type", .type), ("recorded_at", .recorded), ("ip_address", .ip),
            ("user_agent", .agent), ("request_id", .request), ("session_id", .session),
            ("correlation_id", .correlation), ("resource_id", .resourceID), ("resource_type", .resourceType),
        ] {
            #expect(try Filter("\(name) exists") == .exists(field))
        }
    }

    @Test(arguments: [Int64.min, Int64.min + 1, -1, 0, 1, 999_999_999, 951_868_799_000_000_000, Int64.max])
    func timesComeBack(_ nanoseconds: Int64) throws {
        let filter = Filter.since(.absolute(nanoseconds: nanoseconds))
        #expect(try Filter(filter.description) == filter, "\(filter)")
        let duration = Filter.comparison(.duration, .equal, .duration(nanoseconds: nanoseconds))
        #expect(try Filter(duration.description) == duration, "\(duration)")
        let relative = Filter.since(.relative(nanoseconds: nanoseconds))
        #expect(try Filter(relative.description) == relative, "\(relative)")
    }
}
