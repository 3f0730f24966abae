import Testing

@testable import TallyrollFormat

@Suite struct EventModelTests {
    private let now = Timestamp(nanosecondsSince1970: 1_767_225_600_120_000_000)

    private func encoded(_ event: AuditEvent) throws(EventError) -> [UInt8] {
        var out = ByteWriter()
        let length = try event.encode(now: now, into: &out)
        #expect(length == out.count)
        return out.array
    }

    private func decoded(_ record: [UInt8]) throws -> AuditEvent {
        try record.withView { view in AuditEvent(try RecordView(view)) }
    }

    private func error(_ event: AuditEvent) -> EventError? {
        var out = ByteWriter()
        do throws(EventError) {
            _ = try event.encode(now: now, into: &out)
            return nil
        } catch {
            #expect(out.count == 0)
            return error
        }
    }

    @Test func theShortCallMakesTheEventOfTheJSON() throws {
        let event = AuditEvent(
            type: .authentication, user: "alice@example.com", action: "login",
            resource: .init(type: "session", id: "s-1"), outcome: .failure("bad password"))
        let line =
            #"{"timestamp":"2026-01-01T00:00:00.120Z","event_type":"authentication","user_id":"alice@example.com","#
            + #""action":"login","resource_type":"session","resource_id":"s-1","result":{"failure":"bad password"}}"#
        #expect(try encoded(event) == record(line))
        #expect(
            try json(encoded(event)) == #"{"id":"019b76da-a87b-7000-8000-00001e345678","# + line.dropFirst())
    }

    @Test func everyFieldComesBack() throws {
        var event = AuditEvent(
            id: "é-1", timestamp: Timestamp(nanosecondsSince1970: -5), type: "custom", severity: .notice,
            user: "",
            action: "a", resource: Resource(id: "only id"), outcome: .denied("why\n"), component: "c",
            message: "m",
            ip: "::1", userAgent: "u", requestID: "r", sessionID: "s", correlationID: "co",
            duration: .nanoseconds(1_234_567), details: try JSONObject(#" {"a": 1} "#),
            extra: try JSONObject(#"{"x":1,"sequence":2}"#))
        #expect(try decoded(encoded(event)) == event)
        #expect(event.details?.text == #"{"a": 1}"#)
        event = AuditEvent(type: .systemEvent, outcome: .success)
        var expected = event
        expected.timestamp = now
        #expect(try decoded(encoded(event)) == expected)
        for outcome in [Outcome.failure, .denied, .failure(""), .denied("x")] {
            #expect(try decoded(encoded(AuditEvent(type: "t", outcome: outcome))).outcome == outcome)
        }
    }

    @Test func recordsReadAndWrittenAgainAreTheSame() throws {
        for line in [
            JSONParserTests.complete, minimalLine,
            #"{"id":null,"timestamp":"2026-01-01T00:00:00.5-08:00","event_type":"t","z":[1],"result":null}"#,
        ] {
            let first = try record(line)
            #expect(try encoded(decoded(first)) == first)
        }
    }

    @Test func unfitFieldsAreNamed() throws {
        func event(_ change: (inout AuditEvent) throws -> Void) rethrows -> AuditEvent {
            var event = AuditEvent(type: "t")
            try change(&event)
            return event
        }
        let long = String(repeating: "x", count: Limits.termBytes + 1)
        #expect(error(event { $0.id = "" }) == EventError("id", .empty))
        #expect(
            error(event { $0.id = String(repeating: "é", count: 128) })
                == EventError("id", .tooLong(bytes: 256, limit: 255)))
        #expect(error(event { $0.id = String(repeating: "é", count: 127) + "x" }) == nil)
        #expect(
            error(event { $0.user = long }) == EventError("user_id", .tooLong(bytes: 65_536, limit: 65_535)))
        // Type and id of a resource are one term together.
        #expect(error(event { $0.resource.id = String(long.prefix(61_437)) }) == nil)
        #expect(
            error(event { $0.resource.id = String(long.prefix(61_438)) })
                == EventError("resource_id", .tooLong(bytes: 61_438, limit: 61_437)))
        #expect(
            error(event { $0.resource.type = String(long.prefix(4_096)) })
                == EventError("resource_type", .tooLong(bytes: 4_096, limit: 4_095)))
        #expect(error(event { $0.message = long }) == nil)
        #expect(error(event { $0.duration = .nanoseconds(-1) }) == EventError("duration", .negative))
        #expect(
            error(event { $0.duration = .seconds(10_000_000_000) }) == EventError("duration", .outOfRange))
        let huge = String(repeating: "x", count: Limits.eventBytes)
        #expect(error(event { $0.message = huge })?.field == "event")
        #expect(
            error(event { $0.message = huge + "x" })
                == EventError("message", .tooLong(bytes: Limits.eventBytes + 1, limit: Limits.eventBytes)))
        #expect(
            try error(event { $0.extra = try JSONObject(#"{"user\u005fid":"x"}"#) })
                == EventError("user_id", .reserved))
        #expect(try error(event { $0.extra = try JSONObject(#"{"user_id":null,"id":null}"#) }) == nil)
        #expect(
            try error(event { $0.extra = try JSONObject(#"{"user_id":null,"user_id":null}"#) })
                == EventError("user_id", .reserved))
        #expect(
            try error(
                event {
                    $0.user = "u"
                    $0.extra = try JSONObject(#"{"user_id":null}"#)
                }) == EventError("user_id", .reserved))
        #expect(EventError("id", .empty).description == "id is empty: leave it out or give it a value")
    }

    @Test func objectsAreChecked() throws {
        #expect(try JSONObject("\n{\"a\":[{}]}\t").text == "{\"a\":[{}]}")
        for bad in ["", "[]", "{", "{}x", "{}{}", #"{"a"}"#, "\"{}\"", "null"] {
            #expect(throws: EventInputError.self) { try JSONObject(bad) }
        }
        let nested = { (depth: Int) in
            "{\"a\":" + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
                + "}"
        }
        #expect(throws: Never.self) { try JSONObject(nested(511)) }
        #expect(throws: EventInputError.self) { try JSONObject(nested(512)) }
    }

    @Test func severitiesHaveAnOrder() {
        #expect(Severity.ranked.map(\.rank) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(Severity(rawValue: "odd").rank == nil)
        #expect(Severity.debug.rank == 0 && Severity.emergency.rank == 7)
    }

    @Test func recordedEventsSayWhereTheyStand() throws {
        let hash = [UInt8](repeating: 0xAB, count: 32)
        try record(minimalLine).withView { view in
            try hash.withView { hash in
                var place = testPlace
                place.eventHash = hash
                let recorded = RecordedEvent(try RecordView(view), place)
                #expect(
                    recorded.sequence == 7 && recorded.recordedAt.nanosecondsSince1970 == place.recordedAt)
                #expect(recorded.event.id == nil && recorded.id == "019b76da-a87b-7000-8000-00001e345678")
                #expect(
                    recorded.eventHash == String(repeating: "ab", count: 32) && recorded.previousHash == nil)
                #expect(!recorded.isFromStore)
            }
        }
    }
}
