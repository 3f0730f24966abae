import TallyrollFormat

/// What a query did and what that cost: which segments and blocks were left out and by what, how the rest was
/// searched, how many rows were met, how many bytes were read, and where the time went.
public struct QueryExplanation: Sendable {
    /// The filter as it was run: simplified, with its times fixed.
    public let filter: String
    private let segments: [QueryTrace.Segment]
    private let tailRows: Int
    private let tailMatched: Int
    private let rowsReturned: Int
    private let problems: [QueryProblem]
    /// Nil when time was not measured.
    private let durations: [(name: String, duration: Duration)]?

    init(_ filter: Filter, _ trace: QueryTrace) {
        self.filter = filter.description
        segments = trace.segments
        tailRows = trace.tailRows
        tailMatched = trace.tailMatched
        rowsReturned = trace.rowsReturned
        problems = trace.problems
        durations =
            trace.isTimed
            ? QueryTrace.Step.allCases.map { ($0.name, trace.durations[$0.rawValue]) } : nil
    }
}
