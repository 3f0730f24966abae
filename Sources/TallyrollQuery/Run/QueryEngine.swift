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

    /// The events that a filter means, in an order, at most `limit`, from a cursor on.
    ///
    /// - Throws: `QueryError` for a filter that is not well-formed, `QueryCursorError` for a cursor that does not fit.
    package func events(
        where filter: Filter = .all, order: QueryOrder = .newest, limit: Int? = nil,
        after cursor: QueryCursor? = nil, isTimed: Bool = false
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
        let scope = QueryScope(snapshot, try PreparedFilter(filter, now: start), within: range)
        return QueryResults(
            scope, filter, now: start, order: order, limit: limit, after: cursor,
            trace: scope.trace(isTimed: isTimed))
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
