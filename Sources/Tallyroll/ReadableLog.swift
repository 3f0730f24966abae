import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// What can be asked of a log: the same of an `AuditLog`, which also writes, and of an `AuditLogReader`.
///
/// Every question is answered from the log as it is at the moment of asking; every event that was acknowledged by then
/// is found. Async methods wait without occupying a thread of Swift's cooperative pool, and stop reading when their
/// task is cancelled, with `CancellationError`. Where part of the store cannot be read, they throw `IncompleteAnswer`
/// rather than leave events out.
///
/// Every question has a second form whose name says `Blocking`: it answers on the calling thread.
public protocol ReadableLog: Sendable {
    /// What answers the questions.
    var reads: StoreReads { get }
}

extension ReadableLog {
    // MARK: Events

    /// The events a filter means.
    ///
    /// - Parameters:
    ///   - filter: All events if nothing is said.
    ///   - order: `.newest` is by event time, the latest first; `.oldest` is the order in which they were appended.
    ///   - limit: At most so many; knowing it lets the query stop earlier than leaving the loop does.
    ///   - cursor: Where an earlier pass of the same query ended: `EventSequence.Iterator.cursor`.
    ///   - fields: Read only these, and leave the others nil, as if no event had them; all if nothing is said. Columns
    ///     of other fields are not touched, so that a few fields of many events cost a fraction. Type, time and place
    ///     are always there; a path of `details` takes all of `details`; without `.id`, ids are empty.
    public func events(
        where filter: Filter = .all, order: QueryOrder = .newest, limit: Int? = nil,
        after cursor: QueryCursor? = nil, fields: [Field]? = nil
    ) -> EventSequence {
        EventSequence(limit: limit) { [reads] in
            try reads.results(filter, order: order, limit: limit, after: cursor, fields: fields)
        }
    }

    /// The events an expression means, as in `"user = alice@example.com and time >= now-24h"`.
    ///
    /// - Throws: `QueryError`, which points at the character.
    public func events(
        where expression: String, order: QueryOrder = .newest, limit: Int? = nil,
        after cursor: QueryCursor? = nil, fields: [Field]? = nil
    ) throws(QueryError) -> EventSequence {
        events(where: try Filter(expression), order: order, limit: limit, after: cursor, fields: fields)
    }

    /// The events with this id, minted or foreign: usually one, since a log records what it is given, also twice.
    public func events(withID id: String) async throws -> [RecordedEvent] {
        try await TaskThreads.perform { [reads] in try reads.events(withID: id) }
    }

    /// The event at a sequence, or nil when there is none.
    public func event(at sequence: UInt64) async throws -> RecordedEvent? {
        try await TaskThreads.perform { [reads] in try reads.event(at: sequence) }
    }

    // MARK: Following

    /// The events a filter means, in the order of the log, those that are there and those that are appended from now on,
    /// for as long as the loop runs: none is missed, none is given twice.
    ///
    /// - Parameters:
    ///   - filter: All events if nothing is said. `now` stands for the moment at which the loop begins.
    ///   - start: Where to begin; at the events that are appended from now on if nothing is said.
    public func follow(where filter: Filter = .all, from start: FollowStart = .now) -> FollowSequence {
        FollowSequence(reads, filter, start)
    }

    /// The events an expression means, as they are appended; see `follow(where:from:)`.
    ///
    /// - Throws: `QueryError`, which points at the character.
    public func follow(
        where expression: String, from start: FollowStart = .now
    ) throws(QueryError) -> FollowSequence {
        follow(where: try Filter(expression), from: start)
    }

    // MARK: Counts

    /// How many events a filter means.
    public func count(where filter: Filter = .all) async throws -> Int {
        try await TaskThreads.perform { [reads] in try reads.count(filter) }
    }

    /// How many events an expression means.
    public func count(where expression: String) async throws -> Int {
        try await count(where: try Filter(expression))
    }

    /// How many events a filter means, for each combination of values of some fields, the largest first. Events that
    /// lack one of the fields are in no group.
    ///
    /// - Parameters:
    ///   - filter: Which events are counted.
    ///   - field: What they are grouped by.
    ///   - others: More fields to group by; the groups are those of all of them together.
    ///   - top: At most so many groups.
    public func count(
        where filter: Filter = .all, by field: Field, _ others: Field..., top: Int? = nil
    ) async throws -> [EventGroup] {
        try await TaskThreads.perform { [reads] in try reads.count(filter, by: [field] + others, top: top) }
    }

    /// How many events an expression means, for each combination of values of some fields, the largest first.
    public func count(
        where expression: String, by field: Field, _ others: Field..., top: Int? = nil
    ) async throws -> [EventGroup] {
        let filter = try Filter(expression)
        return try await TaskThreads.perform { [reads] in
            try reads.count(filter, by: [field] + others, top: top)
        }
    }

    /// How many events a filter means in each stretch of time; stretches without any are left out.
    public func histogram(where filter: Filter = .all, every width: Duration) async throws -> [EventBucket] {
        try await TaskThreads.perform { [reads] in try reads.histogram(filter, every: width) }
    }

    // MARK: Explanation

    /// Looks for the events a filter means, gives none, and says what was done for it and what it cost.
    public func explain(
        where filter: Filter = .all, order: QueryOrder = .newest, limit: Int? = nil
    ) async throws -> QueryExplanation {
        try await TaskThreads.perform { [reads] in
            try reads.explain(filter, order: order, limit: limit)
        }
    }

    /// Looks for the events an expression means, gives none, and says what was done for it and what it cost.
    public func explain(
        where expression: String, order: QueryOrder = .newest, limit: Int? = nil
    ) async throws -> QueryExplanation {
        try await explain(where: try Filter(expression), order: order, limit: limit)
    }

    // MARK: Proof

    /// Reads every stored byte again and proves chain, tree and indexes. Runs beside appends without false alarms.
    public func verify(_ options: VerificationOptions = VerificationOptions()) async throws
        -> VerificationReport
    {
        try await reads.verify(options)
    }
}
