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
        _ filter: Filter, order: QueryOrder, limit: Int?, after cursor: QueryCursor?
    ) throws -> QueryResults {
        try engine().events(where: filter, order: order, limit: limit, after: cursor)
    }

    func events(withID id: String) async throws -> [RecordedEvent] {
        try await TaskThreads.perform {
            try StoreReads.collect(try engine().events(withID: id))
        }
    }

    func event(at sequence: UInt64) async throws -> RecordedEvent? {
        guard let value = Int64(exactly: sequence) else { return nil }
        return try await TaskThreads.perform {
            try StoreReads.collect(
                try engine().events(
                    where: .comparison(.sequence, .equal, .integer(value)), order: .oldest, limit: 1)
            ).first
        }
    }

    private static func collect(_ results: QueryResults) throws -> [RecordedEvent] {
        var events: [RecordedEvent] = []
        var scratch = ByteWriter(capacity: 1024)
        while let event = try results.next(&scratch) { events.append(event) }
        if let problem = results.problems.first { throw IncompleteAnswer(problem: problem) }
        return events
    }

    func count(_ filter: Filter) async throws -> Int {
        try await TaskThreads.perform {
            let answer = try engine().count(where: filter)
            if let problem = answer.problems.first { throw IncompleteAnswer(problem: problem) }
            return answer.count
        }
    }

    func count(_ filter: Filter, by fields: [Field], top: Int?) async throws -> [EventGroup] {
        try await TaskThreads.perform {
            let answer = try engine().count(where: filter, by: fields, top: top)
            if let problem = answer.problems.first { throw IncompleteAnswer(problem: problem) }
            return answer.groups.map { EventGroup(values: $0.values, count: $0.count) }
        }
    }

    func histogram(_ filter: Filter, every width: Duration) async throws -> [EventBucket] {
        try await TaskThreads.perform {
            let answer = try engine().histogram(where: filter, every: width.nanoseconds)
            if let problem = answer.problems.first { throw IncompleteAnswer(problem: problem) }
            return answer.buckets.map { EventBucket(start: $0.start, count: $0.count) }
        }
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
