import TallyrollFormat

/// What a run did: counted as it goes, read when it is over. Belongs to one thread, like the run.
final class QueryTrace {
    /// What happened to one segment.
    struct Segment: Sendable {
        var number: UInt64
        var isSealed: Bool
        var events: Int
        var blocks: Int
        /// How the candidates were found: nil while nothing was looked for.
        var access: Access?
        /// Why the whole segment was left out.
        var prunedBy: Pruning?
        var blocksPrunedBySequence = 0
        var blocksPrunedByTime = 0
        var blocksPrunedByIndex = 0
        /// Blocks whose rows were all decided by the block directory and the indexes.
        var blocksDecided = 0
        var blocksRead = 0
        var bytesRead = 0
        /// Rows that the indexes left over.
        var candidates = 0
        var rowsMatched = 0
    }

    enum Pruning: String, Sendable {
        case sequence, time, recorded, terms, id, filters, filter
    }

    enum Access: Sendable, CustomStringConvertible {
        /// Only the block directory and what it says.
        case directory
        case ids
        case postings(fields: String, events: Int)
        case scan

        var description: String {
            switch self {
            case .directory: "block directory"
            case .ids: "id look-up"
            case .postings(let fields, let events): "posting lists of \(fields) (\(events) events)"
            case .scan: "column scan"
            }
        }
    }

    enum Step: Int, CaseIterable {
        case plan, index, filter, order, read

        var name: String {
            switch self {
            case .plan: "plan"
            case .index: "indexes"
            case .filter: "filter"
            case .order: "order"
            case .read: "read rows"
            }
        }
    }

    var segments: [Segment] = []
    var tailRows = 0
    var tailMatched = 0
    var rowsReturned = 0
    private(set) var problems: [QueryProblem] = []
    private var known: Set<QueryProblem> = []
    /// Time spent, by step; only when it was asked for, since asking the clock costs as much as a small step.
    private(set) var durations = [Duration](repeating: .zero, count: Step.allCases.count)
    let isTimed: Bool

    init(isTimed: Bool) { self.isTimed = isTimed }

    func report(_ problem: QueryProblem) {
        if known.insert(problem).inserted { problems.append(problem) }
    }

    @inline(__always)
    func timed<R>(_ step: Step, _ body: () throws -> R) rethrows -> R {
        guard isTimed else { return try body() }
        let start = ContinuousClock.now
        defer { durations[step.rawValue] += ContinuousClock.now - start }
        return try body()
    }
}
