import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// Reads a store beside its writer, in the same process or another, without ever being in its way. Every question is
/// answered from the store as it is when the question is asked.
public final class AuditLogReader: Sendable {
    private let follower: StoreFollower
    private let reads: StoreReads

    /// Opens the store at `path` for reading.
    ///
    /// - Throws: `.noStore` when there is none.
    public init(path: String, cacheBytes: Int = StoreOptions().cacheBytes) throws(AuditLogError) {
        let follower = try StoreFollower(PosixStorage(root: path), path: path, cacheBytes: cacheBytes)
        self.follower = follower
        reads = StoreReads(time: SystemTimeSource()) { try follower.refresh() }
    }

    /// The events a filter means; see `AuditLog.events(where:order:limit:after:)`.
    public func events(
        where filter: Filter = .all, order: QueryOrder = .newest, limit: Int? = nil,
        after cursor: QueryCursor? = nil
    ) -> EventSequence {
        reads.events(filter, order: order, limit: limit, after: cursor)
    }

    /// The events an expression means.
    public func events(
        where expression: String, order: QueryOrder = .newest, limit: Int? = nil,
        after cursor: QueryCursor? = nil
    ) throws(QueryError) -> EventSequence {
        events(where: try Filter(expression), order: order, limit: limit, after: cursor)
    }

    /// The events with this id, minted or foreign.
    public func events(withID id: String) async throws -> [RecordedEvent] {
        try await reads.events(withID: id)
    }

    /// The event at a sequence, or nil when there is none.
    public func event(at sequence: UInt64) async throws -> RecordedEvent? {
        try await reads.event(at: sequence)
    }

    /// How many events a filter means.
    public func count(where filter: Filter = .all) async throws -> Int { try await reads.count(filter) }

    /// How many events an expression means.
    public func count(where expression: String) async throws -> Int {
        try await reads.count(try Filter(expression))
    }

    /// How many events a filter means, for each combination of values of some fields, the largest first. Events that
    /// lack one of the fields are in no group.
    ///
    /// - Parameter top: At most so many groups.
    public func count(
        where filter: Filter = .all, by field: Field, _ others: Field..., top: Int? = nil
    ) async throws -> [EventGroup] {
        try await reads.count(filter, by: [field] + others, top: top)
    }

    /// How many events an expression means, for each combination of values of some fields, the largest first.
    public func count(
        where expression: String, by field: Field, _ others: Field..., top: Int? = nil
    ) async throws -> [EventGroup] {
        try await reads.count(try Filter(expression), by: [field] + others, top: top)
    }

    /// How many events a filter means in each stretch of time; stretches without any are left out.
    public func histogram(where filter: Filter = .all, every width: Duration) async throws -> [EventBucket] {
        try await reads.histogram(filter, every: width)
    }

    /// Verifies the store as it is now; see `AuditLog.verify(_:)`.
    public func verify(_ options: VerificationOptions = VerificationOptions()) async throws
        -> VerificationReport
    {
        try await reads.verify(options)
    }
}
