import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// The questions of `ReadableLog` for threads of your own: the same answers and errors, worked out on the calling
/// thread, which saves the way to the engine's threads and back, some tens of microseconds. A question over much data
/// still takes helper threads.
///
/// Never for a task: it would hold a thread of Swift's cooperative pool while it reads.
extension ReadableLog {
    // MARK: Events

    /// The events a filter means, each looked for when it is asked for; see `events(where:order:limit:after:)`.
    public func eventsBlocking(
        where filter: Filter = .all, order: QueryOrder = .newest, limit: Int? = nil,
        after cursor: QueryCursor? = nil, fields: [Field]? = nil
    ) throws -> BlockingEvents {
        BlockingEvents(try reads.results(filter, order: order, limit: limit, after: cursor, fields: fields))
    }

    /// The events an expression means, each looked for when it is asked for.
    public func eventsBlocking(
        where expression: String, order: QueryOrder = .newest, limit: Int? = nil,
        after cursor: QueryCursor? = nil, fields: [Field]? = nil
    ) throws -> BlockingEvents {
        try eventsBlocking(
            where: try Filter(expression), order: order, limit: limit, after: cursor, fields: fields)
    }

    /// The events with this id, minted or foreign; see `events(withID:)`.
    public func eventsBlocking(withID id: String) throws -> [RecordedEvent] {
        try reads.events(withID: id)
    }

    /// The event at a sequence, or nil when there is none.
    public func eventBlocking(at sequence: UInt64) throws -> RecordedEvent? {
        try reads.event(at: sequence)
    }

    // MARK: Counts

    /// How many events a filter means.
    public func countBlocking(where filter: Filter = .all) throws -> Int { try reads.count(filter) }

    /// How many events an expression means.
    public func countBlocking(where expression: String) throws -> Int {
        try reads.count(try Filter(expression))
    }

    /// How many events a filter means, for each combination of values of some fields, the largest first; see
    /// `count(where:by:top:)`.
    public func countBlocking(
        where filter: Filter = .all, by field: Field, _ others: Field..., top: Int? = nil
    ) throws -> [EventGroup] {
        try reads.count(filter, by: [field] + others, top: top)
    }

    /// How many events an expression means, for each combination of values of some fields, the largest first.
    public func countBlocking(
        where expression: String, by field: Field, _ others: Field..., top: Int? = nil
    ) throws -> [EventGroup] {
        try reads.count(try Filter(expression), by: [field] + others, top: top)
    }

    /// How many events a filter means in each stretch of time; stretches without any are left out.
    public func histogramBlocking(
        where filter: Filter = .all, every width: Duration
    ) throws -> [EventBucket] {
        try reads.histogram(filter, every: width)
    }

    /// Figures over the events a filter means, for each group; see `aggregate(where:_:)`.
    public func aggregateBlocking(
        where filter: Filter = .all, _ aggregation: Aggregation
    ) throws -> AggregateTable {
        try reads.aggregate(filter, aggregation)
    }

    /// Figures over the events an expression means, for each group.
    public func aggregateBlocking(
        where expression: String, _ aggregation: Aggregation
    ) throws -> AggregateTable {
        try reads.aggregate(try Filter(expression), aggregation)
    }

    // MARK: Explanation

    /// Looks for the events a filter means, gives none, and says what was done for it and what it cost.
    public func explainBlocking(
        where filter: Filter = .all, order: QueryOrder = .newest, limit: Int? = nil
    ) throws -> QueryExplanation {
        try reads.explain(filter, order: order, limit: limit)
    }

    /// Looks for the events an expression means, gives none, and says what was done for it and what it cost.
    public func explainBlocking(
        where expression: String, order: QueryOrder = .newest, limit: Int? = nil
    ) throws -> QueryExplanation {
        try reads.explain(try Filter(expression), order: order, limit: limit)
    }
}
