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
        try aggregate(where: filter, aggregation, kind: .aggregate, isTimed: isTimed)
    }

    /// `kind` names the question in explanations.
    func aggregate(
        where filter: Filter, _ aggregation: Aggregation, kind: RunKind, isTimed: Bool
    ) throws -> AggregateTable {
        let start = isTimed ? Stopwatch.now : 0
        let plan = try AggregatePlan(aggregation)
        let seed = snapshot.storeTag
        let (scope, trace) = try begin(filter, counts: plan.wantedCounts, isTimed: isTimed, since: start)
        trace.kind = kind
        let (rows, count) = try trace.timed(.gather) {
            var state = try scope.fold(
                trace, costPerEvent: plan.costPerEvent, decidedIsFree: plan.isCountedByCode
            ) {
                try AggregateState(plan, seed: seed)
            } body: { scan, state in
                try state.add(scan)
            } merge: {
                try $0.merge($1)
            }
            try state.add(summary: scope)
            try state.add(tail: scope, trace)
            return (trace.timed(.order) { state.rows() }, state.groupCount)
        }
        return trace.timed(.build) {
            AggregateTable(
                aggregates: aggregation.aggregates, rows: rows, groupCount: count,
                problems: trace.problems, account: RunAccount(scope.prepared.filter, trace))
        }
    }
}

extension AggregatePlan {
    /// What the store's summary may know of it.
    fileprivate var wantedCounts: WantedCounts {
        guard isCountOnly, aggregation.width == nil else { return .none }
        if !isGrouped { return .events }
        guard aggregation.fields.count == 1,
            case .codes(_, let dictionary) = LeafSource(aggregation.fields[0]),
            dictionary != .resource
        else { return .none }
        return .groups(dictionary)
    }
}

extension AggregateState {
    /// Adds what the store's summary knows of segments that no one looked at.
    mutating func add(summary scope: QueryScope) throws(QueryLimitError) {
        if !plan.isGrouped { return addDecided(scope.sieve.decidedCount) }
        guard !scope.sieve.grouped.isEmpty, case .groups(let dictionary) = plan.wantedCounts else { return }
        scope.snapshot.summary?.totals(dictionary, in: scope.sieve.grouped).forEach { addDecided($1, of: $0) }
        try checkLimits()
    }

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
