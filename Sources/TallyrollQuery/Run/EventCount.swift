import TallyrollFormat
import TallyrollStore

/// How many events a filter means.
package struct EventCount: Sendable {
    package let count: Int
    /// What could not be read, so that events may be missing from the count.
    package let problems: [QueryProblem]
    package var explanation: QueryExplanation { account.explanation }
    fileprivate let account: RunAccount
}

extension QueryEngine {
    /// Counts the events that a filter means: from the block directory and the posting lists alone, as far as they say.
    ///
    /// - Throws: `QueryError` for a filter that is not well-formed; `CancellationError`.
    package func count(where filter: Filter = .all, isTimed: Bool = false) throws -> EventCount {
        let (scope, trace) = try begin(filter, counts: .events, isTimed: isTimed)
        trace.kind = .count
        let count = try trace.timed(.gather) {
            var count = try scope.fold(trace) {
                0
            } body: { scan, count in
                count += try scan.count()
            } merge: {
                $0 += $1
            }
            count += scope.sieve.decidedCount
            scope.forEachInTail(trace) { _, _, _ in count += 1 }
            return count
        }
        return EventCount(
            count: count, problems: trace.problems, account: RunAccount(scope.prepared.filter, trace))
    }
}
