import TallyrollFormat
import TallyrollQuery
import TallyrollStore

extension ReadableLog {
    /// Works out figures over the events a filter means: counts, sums, averages, extremes, percentiles, for each group.
    ///
    /// ```swift
    /// let table = try await log.aggregate(
    ///     where: .result(.failure), Aggregation(.count, .average(.duration)).by(.type).top(10))
    /// ```
    ///
    /// - Throws: `QueryLimitError` for figures that cannot be, and for more groups than there is memory for;
    ///   `IncompleteAnswer` when part of the store cannot be read.
    /// - Complexity: Reads the columns of the fields that are named, in the blocks where events are meant; memory is
    ///   bounded by `Aggregation.memory(_:)`.
    public func aggregate(where filter: Filter = .all, _ aggregation: Aggregation) async throws
        -> AggregateTable
    {
        try await TaskThreads.perform { [reads] in try reads.aggregate(filter, aggregation) }
    }

    /// Works out figures over the events an expression means.
    public func aggregate(where expression: String, _ aggregation: Aggregation) async throws -> AggregateTable
    {
        try await aggregate(where: try Filter(expression), aggregation)
    }
}
