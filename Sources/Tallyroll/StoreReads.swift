import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// The reading half of a log: answers every question over a snapshot taken when it is asked, on the engine's own
/// threads. What it can be asked is in `ReadableLog`.
public struct StoreReads: Sendable {
    let time: any TimeSource
    let snapshot: @Sendable () throws -> StoreSnapshot
    let changes: @Sendable () throws -> LogChanges

    func engine() throws -> QueryEngine {
        QueryEngine(try snapshot(), now: time.nowNanoseconds())
    }

    func results(
        _ filter: Filter, order: QueryOrder, limit: Int?, after cursor: QueryCursor?, fields: [Field]? = nil
    ) throws -> QueryResults {
        try engine().events(
            where: filter, order: order, limit: limit, after: cursor,
            fields: fields.map { RecordFields($0) } ?? .all)
    }

    // Each answers on the calling thread.

    func events(withID id: String) throws -> [RecordedEvent] {
        let found = try engine().allEvents(withID: id)
        try StoreReads.requireNone(found.problems)
        return found.events
    }

    func event(at sequence: UInt64) throws -> RecordedEvent? {
        guard let value = Int64(exactly: sequence) else { return nil }
        let filter = Filter.comparison(.sequence, .equal, .integer(value))
        return try StoreReads.collect(try engine().events(where: filter, order: .oldest, limit: 1)).first
    }

    private static func collect(_ results: QueryResults) throws -> [RecordedEvent] {
        var events: [RecordedEvent] = []
        while let event = try results.nextEvent() { events.append(event) }
        try requireNone(results.problems)
        return events
    }

    func count(_ filter: Filter) throws -> Int {
        let answer = try engine().count(where: filter)
        try StoreReads.requireNone(answer.problems)
        return answer.count
    }

    func count(_ filter: Filter, by fields: [Field], top: Int?) throws -> [EventGroup] {
        let answer = try engine().count(where: filter, by: fields, top: top)
        try StoreReads.requireNone(answer.problems)
        return answer.groups.map { EventGroup(values: $0.values, count: $0.count) }
    }

    func histogram(_ filter: Filter, every width: Duration) throws -> [EventBucket] {
        let answer = try engine().histogram(where: filter, every: width.nanoseconds)
        try StoreReads.requireNone(answer.problems)
        return answer.buckets.map { EventBucket(start: $0.start, count: $0.count) }
    }

    func aggregate(_ filter: Filter, _ aggregation: Aggregation) throws -> AggregateTable {
        let table = try engine().aggregate(where: filter, aggregation)
        try StoreReads.requireNone(table.problems)
        return table
    }

    func explain(_ filter: Filter, order: QueryOrder, limit: Int?) throws -> QueryExplanation {
        let results = try engine().events(where: filter, order: order, limit: limit, isTimed: true)
        var scratch = ByteWriter(capacity: 1024)
        while try results.next(into: &scratch) != nil { scratch.removeAll() }
        return results.explanation
    }

    private static func requireNone(_ problems: [QueryProblem]) throws(IncompleteAnswer) {
        if let problem = problems.first { throw IncompleteAnswer(problem: problem) }
    }

    func verify(_ options: VerificationOptions) async throws -> VerificationReport {
        try await Verifier(try snapshot(), options: options).report()
    }
}

/// How a follower learns that there may be more events.
struct LogChanges: Sendable {
    let signal: ChangeSignal
    /// Called when there were more.
    let found: @Sendable () -> Void
    /// Why no more will come, when that is a failure.
    let failure: @Sendable () -> AuditLogError?
}

/// The events that share the values of the fields they were counted by.
public struct EventGroup: Sendable, Equatable {
    /// One value a field, in the order in which the fields were named.
    public let values: [String]
    /// How many events have these values.
    public let count: Int
}

/// The events of one stretch of time.
public struct EventBucket: Sendable, Equatable {
    /// Where the stretch begins, by event time.
    public let start: Timestamp
    /// How many events lie in it.
    public let count: Int
}

/// Part of the store could not be read, so an answer would have lacked events. What could be read is still there:
/// ask again with a filter that leaves the damaged events out, or verify the store to see what is damaged.
public struct IncompleteAnswer: Error, Sendable, CustomStringConvertible {
    /// The first part that could not be read.
    public let problem: QueryProblem

    /// The problem, in words.
    public var description: String { "the answer would be incomplete: \(problem)" }
}
