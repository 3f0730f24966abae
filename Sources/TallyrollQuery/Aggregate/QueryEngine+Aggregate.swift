import TallyrollFormat
import TallyrollStore

extension QueryEngine {
    /// Works out figures about the events that a filter means, for each group of them.
    ///
    /// - Throws: `QueryError` for a filter that is not well-formed; `QueryLimitError` for figures that cannot be, and
    ///   for more groups and values than there is memory for; `CancellationError`.
    package func aggregate(
        where filter: Filter = .all, _ aggregation: Aggregation, isTimed: Bool = false
    ) throws -> AggregateTable {
        let plan = try AggregatePlan(aggregation)
        let scope = QueryScope(
            snapshot, try PreparedFilter(filter, now: now), within: 0..<snapshot.endSequence)
        let trace = scope.trace(isTimed: isTimed)
        var state = try AggregateState(plan, seed: snapshot.storeTag)
        for place in scope.segments { try state.add(SegmentScan(scope, segment: place, trace)) }
        try trace.timed(.filter) { try state.add(tail: scope, trace) }
        let rows = trace.timed(.order) { state.rows() }
        return AggregateTable(
            aggregates: aggregation.aggregates, rows: rows, groupCount: state.groupCount,
            problems: trace.problems, explanation: QueryExplanation(scope.prepared.filter, trace))
    }
}

extension AggregateState {
    /// Adds the events of the tail that are meant.
    mutating func add(tail scope: QueryScope, _ trace: QueryTrace) throws {
        var problem: QueryLimitError?
        scope.forEachInTail(trace) { _, _, record in
            guard problem == nil else { return }
            do throws(QueryLimitError) { try add(record) } catch { problem = error }
        }
        if let problem { throw problem }
    }
}
