import Testing

@testable import Tallyroll
@testable import TallyrollQuery

/// Some fields of events, read without the others.
@Suite struct ProjectionTests {
    private func event(_ number: Int) -> AuditEvent {
        AuditEvent(
            id: number % 2 == 0 ? "event \(number)" : nil,
            timestamp: Timestamp(nanosecondsSince1970: Int64(number) * 1_000_000_000), type: .resourceAccess,
            severity: .info, user: "user\(number % 7)", action: "read",
            resource: Resource(type: "file", id: "number \(number)"),
            outcome: number % 3 == 0 ? .failure("error \(number)") : .success,
            message: "message \(number * 7919) of many", duration: .milliseconds(number),
            details: try? JSONObject(#"{"a":{"b":\#(number)},"c":"text \#(number * 31)"}"#))
    }

    /// Events in a segment, in blocks, and behind them.
    private func withSources(_ body: (any ReadableLog) async throws -> Void) async throws {
        try await withLog(blocks(of: 64)) { log, path in
            try await log.append(contentsOf: (0..<150).map { event($0) })
            try await log.seal()
            try await log.append(contentsOf: (150..<260).map { event($0) })
            try await body(log)
            try await body(try AuditLogReader(path: path))
        }
    }

    private func collect(_ sequence: EventSequence) async throws -> [RecordedEvent] {
        var events: [RecordedEvent] = []
        for try await event in sequence { events.append(event) }
        return events
    }

    @Test func onlyWhatWasAskedForIsThere() async throws {
        try await withSources { log in
            for order in [QueryOrder.newest, .oldest] {
                let whole = try await collect(log.events(order: order))
                let fields: [Field] = [.user, .details(["a", "b"]), .result]
                let some = try await collect(log.events(order: order, fields: fields))
                #expect(whole.count == 260 && some.count == 260)
                for (whole, some) in zip(whole, some) {
                    let expected = AuditEvent(
                        timestamp: whole.event.timestamp, type: whole.event.type, user: whole.event.user,
                        outcome: whole.event.outcome == .success ? .success : .failure,
                        details: whole.event.details)
                    #expect(some.event == expected)
                    #expect(some.sequence == whole.sequence && some.recordedAt == whole.recordedAt)
                    #expect(some.id.isEmpty)
                }
                let blocking = try log.eventsBlocking(where: .all, order: order, fields: fields)
                var pulled: [RecordedEvent] = []
                while let event = try blocking.next() { pulled.append(event) }
                #expect(pulled == some)
                let named = try await collect(log.events(where: "", order: order, fields: [.id]))
                #expect(named.map(\.id) == whole.map(\.id))
            }
        }
    }

    @Test func theOtherColumnsAreNotRead() async throws {
        try await withLog(blocks(of: 64)) { log, path in
            try await log.append(contentsOf: (0..<320).map { event($0) })
            try await log.seal()
            func bytes(_ fields: [Field]?) throws -> Int {
                // A reader of its own: what another question read is in memory.
                let reader = try AuditLogReader(path: path)
                let results = try reader.reads.results(
                    .all, order: .oldest, limit: nil, after: nil, fields: fields)
                var count = 0
                while try results.nextEvent() != nil { count += 1 }
                #expect(count == 320)
                return results.trace.rowBytesRead
            }
            let whole = try bytes(nil)
            let user = try bytes([.user])
            let details = try bytes([.user, .details(["c"])])
            #expect(user > 0 && user < details && details < whole)
            #expect(try bytes([.type, .time, .sequence]) < user)
            #expect(try bytes([.message]) > user)
        }
    }
}
