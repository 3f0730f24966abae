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
        try await reads.aggregate(filter, aggregation)
    }

    /// Works out figures over the events an expression means.
    public func aggregate(where expression: String, _ aggregation: Aggregation) async throws -> AggregateTable
    {
        try await reads.aggregate(try Filter(expression), aggregation)
    }
}

extension StoreReads {
    func aggregate(_ filter: Filter, _ aggregation: Aggregation) async throws -> AggregateTable {
        try await TaskThreads.perform {
            let table = try engine().aggregate(where: filter, aggregation)
            if let problem = table.problems.first { throw IncompleteAnswer(problem: problem) }
            return table
        }
    }
}
