import TallyrollFormat
import TallyrollStore

/// Answers questions about the events of one snapshot. Cheap to make; holds no state of its own.
package struct QueryEngine: Sendable {
    package let snapshot: StoreSnapshot
    /// The moment that `now` stands for, in nanoseconds since 1970.
    package let now: Int64

    package init(_ snapshot: StoreSnapshot, now: Int64) {
        self.snapshot = snapshot
        self.now = now
    }

    // MARK: Events

    /// The events that a filter means, in an order, at most `limit`, from a cursor on. Only the columns of `fields` are
    /// read for the events that are given.
    ///
    /// - Throws: `QueryError` for a filter that is not well-formed, `QueryCursorError` for a cursor that does not fit.
    package func events(
        where filter: Filter = .all, order: QueryOrder = .newest, limit: Int? = nil,
        after cursor: QueryCursor? = nil, fields: RecordFields = .all, isTimed: Bool = false
    ) throws -> QueryResults {
        var range = 0..<snapshot.endSequence
        if let cursor {
            guard cursor.order == order, cursor.fingerprint == QueryCursor.fingerprint(filter) else {
                throw QueryCursorError(.otherQuery)
            }
            guard cursor.sequence < cursor.endSequence, cursor.endSequence <= snapshot.endSequence else {
                throw QueryCursorError(.otherStore)
            }
            range = (order == .oldest ? cursor.sequence + 1 : 0)..<cursor.endSequence
        }
        let start = cursor?.now ?? now
        let (scope, trace) = try begin(
            filter, now: start, within: range, for: .rows(limit: max(limit ?? Int.max, 1)), isTimed: isTimed)
        trace.kind = .rows(order)
        return trace.running {
            QueryResults(
                scope, filter, now: start, order: order, limit: limit, after: cursor, fields: fields,
                trace: trace)
        }
    }

    /// What could not be read when the snapshot was taken and may hold events at `sequence` or behind it.
    package func problems(from sequence: UInt64) -> [QueryProblem] {
        snapshot.problems.map { QueryProblem($0, in: snapshot) }
            .filter { max($0.sequences.upperBound, $0.sequences.lowerBound + 1) > sequence }
    }

    /// Prepares a run over the whole snapshot, or a part of it. What was done for it since a moment that `Stopwatch.now`
    /// gave belongs to the preparation.
    func begin(
        _ filter: Filter, now: Int64? = nil, within range: Range<UInt64>? = nil,
        for purpose: QueryPurpose = .count,
        counts: WantedCounts = .none, isTimed: Bool, since began: Int? = nil
    ) throws(QueryError) -> (QueryScope, QueryTrace) {
        let start = isTimed ? began ?? Stopwatch.now : 0
        let scope = QueryScope(
            snapshot, try PreparedFilter(filter, now: now ?? self.now),
            within: range ?? 0..<snapshot.endSequence, for: purpose, counts: counts)
        let trace = scope.trace(isTimed: isTimed)
        if isTimed { trace.addPreparation(Stopwatch.now - start) }
        return (scope, trace)
    }

    /// The events with an id, latest first: one, unless the id came from outside and was used again.
    package func events(withID id: String, limit: Int? = nil) throws -> QueryResults {
        try events(where: .id(id), limit: limit)
    }

    /// The event at a place in the log; its record is appended to `out`.
    package func event(at sequence: UInt64, into out: inout ByteWriter) throws -> (
        row: QueryRow?, problems: [QueryProblem]
    ) {
        guard let value = Int64(exactly: sequence) else { return (nil, []) }
        let results = try events(
            where: .comparison(.sequence, .equal, .integer(value)), order: .oldest, limit: 1)
        let row = try results.next(into: &out)
        return (row, results.problems)
    }
}
