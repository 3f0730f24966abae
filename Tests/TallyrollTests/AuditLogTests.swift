import Foundation
import Tallyroll
import Testing

/// The public face, used as an application uses it.
@Suite struct AuditLogTests {
    private func withDirectory<R>(_ body: (String) async throws -> R) async throws -> R {
        let path = NSTemporaryDirectory() + "tallyroll-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    private func login(_ user: String, _ outcome: Outcome = .success) -> AuditEvent {
        AuditEvent(
            type: .authentication, user: user, action: "login", resource: .init(type: "session", id: "s-1"),
            outcome: outcome)
    }

    @Test func anEventsWholeLife() async throws {
        try await withDirectory { path in
            let log = try await AuditLog.open(at: path)
            let receipt = try await log.append(login("alice@example.com", .failure("bad password")))
            #expect(receipt.firstSequence == 0)
            #expect(receipt.durability == .disk)
            try await log.append(contentsOf: (0..<100).map { login("user\($0 % 5)@example.com") })

            #expect(try await log.count() == 101)
            #expect(try await log.count(where: "type = authentication and result = failure") == 1)
            var found: [RecordedEvent] = []
            for try await event in log.events(where: .user("user3@example.com") && .since(hours: 24)).prefix(
                7)
            {
                found.append(event)
            }
            #expect(found.count == 7)
            #expect(found.allSatisfy { $0.event.user == "user3@example.com" })
            #expect(found.map(\.sequence) == found.map(\.sequence).sorted(by: >))

            let table = try await log.aggregate(
                where: "type = authentication",
                Aggregation(.count, .distinct(.user), .average(.duration)).by(.result).every(
                    .seconds(86400 * 365_000)))
            #expect(Set(table.rows.map(\.values)) == [["failure"], ["success"]])
            let distinct = table.rows.map { table.figure(.distinct(.user), of: $0)?.value }
            #expect(Set(distinct) == [.count(1), .count(5)])
            let durations = table.rows.map { table.figure(.average(.duration), of: $0)?.value }
            #expect(durations == [AggregateValue.none, AggregateValue.none])

            let users = try await log.count(where: "type = authentication", by: .user, top: 2)
            #expect(users.map(\.count) == [20, 20])
            #expect(try await log.histogram(every: .seconds(3600)).map(\.count).reduce(0, +) == 101)

            let report = try await log.verify()
            #expect(report.verdict == .intact)
            #expect(report.events == 101)
            try await log.seal()
            #expect(try await log.verify().treeRoot == report.treeRoot)
            try await log.close()
            await #expect(throws: AuditLogError.self) { try await log.append(login("late")) }
        }
    }

    @Test func mintedIDsFindTheirEvents() async throws {
        try await withDirectory { path in
            let log = try await AuditLog.open(at: path)
            for index in 0..<20 { try await log.append(login("user\(index)")) }
            let event = try #require(try await log.event(at: 13))
            #expect(event.id.count == 36)
            #expect(try await log.events(withID: event.id).map(\.sequence) == [13])
            try await log.close()
            let reader = try AuditLogReader(path: path)
            #expect(try await reader.events(withID: event.id).map(\.event.user) == ["user13"])
        }
    }

    /// Appends of several pieces, from an array and from a sequence that can be gone through once.
    @Test(arguments: [true, false])
    func aLargeAppendGoesOutInPiecesAndInOrder(fromArray: Bool) async throws {
        let pad = String(repeating: "x", count: 2000)
        let count = 6000
        let events = (0..<count).map { AuditEvent(type: .authentication, user: "u", message: "\($0) \(pad)") }
        try await withDirectory { path in
            let log = try await AuditLog.open(at: path)
            let first = try await log.append(contentsOf: events)
            let second = try appendBlocking(events, to: log, fromArray: fromArray)
            let sequences = (first + second).map(\.sequences)
            #expect(first.count > 3 && second.count == first.count)
            #expect(sequences.reduce(into: [UInt64]()) { $0 += $1 } == Array(0..<UInt64(2 * count)))
            for sequence in sequences.map(\.lowerBound) {
                let text = try #require(try await log.event(at: sequence)?.event.message)
                #expect(text.hasPrefix("\(Int(sequence) % count) "))
            }
            try await log.close()
            #expect(try await AuditLogReader(path: path).count() == 2 * count)
        }
    }

    private func appendBlocking(
        _ events: [AuditEvent], to log: AuditLog, fromArray: Bool
    ) throws -> [AppendReceipt] {
        guard !fromArray else { return try log.appendBlocking(contentsOf: events) }
        return try log.appendBlocking(contentsOf: events.lazy.filter { _ in true })
    }

    @Test func aLargeAppendWithAnEventThatCannotBeStoredThrows() async throws {
        let pad = String(repeating: "x", count: 2000)
        var events = (0..<3000).map { _ in AuditEvent(type: .authentication, user: "u", message: pad) }
        events.append(AuditEvent(id: "", type: .authentication))
        try await withLog { log, _ in
            #expect(throws: AuditLogError.self) { try appendAll(events, to: log) }
            try await log.sync()
            // Whole pieces, the last of which may have gone out already.
            let count = try await log.count()
            #expect(count > 0 && count < 3000)
        }
    }

    private func appendAll(_ events: [AuditEvent], to log: AuditLog) throws {
        try log.appendBlocking(contentsOf: events)
    }

    @Test func aReaderSeesWhatWasAcknowledged() async throws {
        try await withDirectory { path in
            let log = try await AuditLog.open(at: path)
            let reader = try AuditLogReader(path: path)
            for round in 1...10 {
                try await log.append(contentsOf: (0..<37).map { login("user\($0)") })
                #expect(try await reader.count() == round * 37)
                if round % 4 == 0 { try await log.seal() }
            }
            #expect(try await reader.verify().verdict == .intact)
            try await log.close()
        }
    }

    @Test func theChainGoesOnAfterReopening() async throws {
        try await withDirectory { path in
            for round in 0..<4 {
                let log = try await AuditLog.open(at: path)
                #expect(log.recoveryFindings.isEmpty)
                #expect(try await log.count() == round * 50)
                try await log.append(contentsOf: (0..<50).map { login("user\($0)") })
                try await log.close()
            }
            let report = try await AuditLogReader(path: path).verify()
            #expect(report.verdict == .intact)
            #expect(report.treeSize == 200)
        }
    }

    @Test func oneWriterAtATime() async throws {
        try await withDirectory { path in
            let log = try await AuditLog.open(at: path)
            await #expect(throws: AuditLogError.self) { try await AuditLog.open(at: path) }
            try await log.close()
            try await AuditLog.open(at: path).close()
        }
    }

    @Test func mistakesAreNamed() async throws {
        try await withDirectory { path in
            #expect(throws: AuditLogError.self) { try AuditLogReader(path: path) }
            let log = try await AuditLog.open(at: path)
            var event = login("alice")
            event.id = ""
            await #expect(throws: AuditLogError.self) { try await log.append(event) }
            await #expect(throws: QueryError.self) { try await log.count(where: "usr = alice") }
            #expect(try await log.count() == 0)
            var options = StoreOptions()
            options.segmentBytes = 3
            await #expect(throws: AuditLogError.self) {
                try await AuditLog.open(at: path + "2", options: options)
            }
            try await log.close()
        }
    }

    @Test func manyProducersAtOnce() async throws {
        try await withDirectory { path in
            var options = StoreOptions()
            options.blockEvents = 64
            let log = try await AuditLog.open(at: path, options: options)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for producer in 0..<8 {
                    group.addTask {
                        for index in 0..<40 {
                            try await log.append(
                                AuditEvent(type: "test", user: "producer\(producer)", action: "step \(index)")
                            )
                        }
                    }
                }
                try await group.waitForAll()
            }
            for producer in 0..<8 {
                var actions: [String?] = []
                for try await event in log.events(where: .user("producer\(producer)"), order: .oldest) {
                    actions.append(event.event.action)
                }
                #expect(actions == (0..<40).map { "step \($0)" })
            }
            #expect(try await log.verify().verdict == .intact)
            try await log.close()
        }
    }
}
