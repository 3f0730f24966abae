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
        try aggregate(where: filter, aggregation, kind: "aggregate", isTimed: isTimed)
    }

    /// `kind` names the question in explanations.
    func aggregate(
        where filter: Filter, _ aggregation: Aggregation, kind: String, isTimed: Bool
    ) throws -> AggregateTable {
        let plan = try AggregatePlan(aggregation)
        let seed = snapshot.storeTag
        let (scope, trace) = try begin(filter, isTimed: isTimed)
        trace.kind = kind
        let (rows, count) = try trace.running {
            var state = try scope.fold(trace, costPerEvent: plan.costPerEvent) {
                try AggregateState(plan, seed: seed)
            } body: { scan, state in
                try state.add(scan)
            } merge: {
                try $0.merge($1)
            }
            try state.add(tail: scope, trace)
            return (trace.timed(.order) { state.rows() }, state.groupCount)
        }
        return AggregateTable(
            aggregates: aggregation.aggregates, rows: rows, groupCount: count,
            problems: trace.problems, account: RunAccount(scope.prepared.filter, trace))
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
