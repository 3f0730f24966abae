import TallyrollFormat
import TallyrollStore

/// Events counted by the values of fields.
package struct GroupCounts: Sendable {
    package struct Group: Sendable, Equatable {
        /// A value for each field.
        package let values: [String]
        package let count: Int
    }

    /// The groups, those with most events first; equal ones by the bytes of their values.
    package let groups: [Group]
    /// How many groups there are, also those that were not asked for.
    package let groupCount: Int
    /// What could not be read, so that events may be missing from the counts.
    package let problems: [QueryProblem]
    package var explanation: QueryExplanation { account.explanation }
    fileprivate let account: RunAccount
}

extension QueryEngine {
    /// Counts the events that a filter means by the values of one or more fields, the `top` largest groups at most.
    /// Events that lack one of the fields are in no group.
    ///
    /// - Throws: `QueryError` for a filter that is not well-formed; `QueryLimitError` for fields that cannot be grouped
    ///   by and for too many groups; `CancellationError`.
    package func count(
        where filter: Filter = .all, by fields: [Field], top: Int? = nil, isTimed: Bool = false
    ) throws -> GroupCounts {
        precondition(!fields.isEmpty)
        var aggregation = Aggregation(.count).by(fields).memory(2 * Aggregation.defaultMemoryLimit)
        if let top { aggregation = aggregation.top(top) }
        let table = try aggregate(where: filter, aggregation, kind: .counts(by: fields), isTimed: isTimed)
        let groups = table.account.timed {
            table.rows.map { row in
                guard case .count(let count) = row.figures[0].value else {
                    return GroupCounts.Group(values: row.values, count: 0)
                }
                return GroupCounts.Group(values: row.values, count: count)
            }
        }
        return GroupCounts(
            groups: groups, groupCount: table.groupCount, problems: table.problems,
            account: table.account)
    }
}
