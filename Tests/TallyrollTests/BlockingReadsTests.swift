import Tallyroll
import Testing

/// Every question has two forms, and they answer the same.
struct BlockingReadsTests {
    private let expression = "user in (user1, user2) and result != denied"

    /// A log with events in a sealed segment, in blocks and behind them; asked through the log and a reader beside it.
    private func withSources(_ body: (any ReadableLog) async throws -> Void) async throws {
        try await withLog(blocks(of: 64)) { log, path in
            try await log.append(contentsOf: (0..<150).map { event($0, time: Int64($0) * 1_000_000_000) })
            try await log.seal()
            try await log.append(contentsOf: (150..<260).map { event($0, time: Int64($0) * 1_000_000_000) })
            try await body(log)
            try await body(try AuditLogReader(path: path))
        }
    }

    @Test func events() async throws {
        try await withSources { log in
            for order in [QueryOrder.newest, .oldest] {
                var waited: [RecordedEvent] = []
                for try await event in try log.events(where: expression, order: order, limit: 30) {
                    waited.append(event)
                }
                let blocking = try log.eventsBlocking(where: expression, order: order, limit: 30)
                var pulled: [RecordedEvent] = []
                while let event = try blocking.next() { pulled.append(event) }
                #expect(pulled == waited)
                #expect(pulled.count == 30)
            }
        }
    }

    @Test func eventsByPlaceAndID() async throws {
        try await withSources { log in
            for sequence: UInt64 in [0, 149, 150, 259, 260, UInt64.max] {
                let event = try log.eventBlocking(at: sequence)
                #expect(try await log.event(at: sequence) == event)
                #expect((event != nil) == (sequence < 260))
                guard let event else { continue }
                let found = try log.eventsBlocking(withID: event.id)
                #expect(found == [event])
                #expect(try await log.events(withID: event.id) == found)
            }
            #expect(try log.eventsBlocking(withID: "nothing has this id").isEmpty)
        }
    }

    @Test func countsAndFigures() async throws {
        try await withSources { log in
            let filter = try Filter(expression)
            let count = try log.countBlocking(where: expression)
            #expect(count > 0)
            #expect(try log.countBlocking(where: filter) == count)
            #expect(try await log.count(where: expression) == count)
            #expect(try await log.count(where: filter) == count)

            let groups = try log.countBlocking(where: filter, by: .user, .result, top: 3)
            #expect(!groups.isEmpty)
            #expect(try log.countBlocking(where: expression, by: .user, .result, top: 3) == groups)
            #expect(try await log.count(where: filter, by: .user, .result, top: 3) == groups)
            #expect(try await log.count(where: expression, by: .user, .result, top: 3) == groups)

            let buckets = try log.histogramBlocking(where: filter, every: .seconds(60))
            #expect(buckets.reduce(0) { $0 + $1.count } == count)
            #expect(try await log.histogram(where: filter, every: .seconds(60)) == buckets)

            let aggregation = Aggregation(.count, .max(.time)).by(.user)
            let table = try log.aggregateBlocking(where: filter, aggregation)
            #expect(!table.rows.isEmpty)
            #expect(try log.aggregateBlocking(where: expression, aggregation).rows == table.rows)
            #expect(try await log.aggregate(where: filter, aggregation).rows == table.rows)
        }
    }

    @Test func explanations() async throws {
        try await withSources { log in
            let explanations = [
                try log.explainBlocking(where: expression, limit: 5),
                try log.explainBlocking(where: try Filter(expression), limit: 5),
                try await log.explain(where: expression, limit: 5),
                try await log.explain(where: try Filter(expression), limit: 5),
            ]
            for explanation in explanations {
                #expect(explanation.filter == explanations[0].filter)
                #expect(explanation.description.contains("newest first \u{b7} 5 rows"))
            }
        }
    }

    @Test func mistakesAreErrorsOfTheCall() async throws {
        try await withSources { log in
            #expect(throws: QueryError.self) { try log.countBlocking(where: "sevrity = error") }
            #expect(throws: QueryError.self) { try log.eventsBlocking(where: "sevrity = error") }
            #expect(throws: QueryError.self) { try log.explainBlocking(where: "sevrity = error") }
        }
    }
}
