import TallyrollFormat

/// What a run did: counted as it goes, read when it is over. Belongs to one thread, like the run; threads of one run
/// have one each, which are added up.
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
        /// The parts of the filter that indexes answered, one bit each.
        var indexedParts: UInt64 = 0
        /// Rows that were expected to be candidates, and to be meant.
        var estimatedCandidates = 0
        var estimatedRows = 0
        var blocksPrunedBySequence = 0
        var blocksPrunedByTime = 0
        var blocksPrunedByIndex = 0
        /// Blocks whose rows were all decided by the block directory and the indexes.
        var blocksDecided = 0
        var blocksRead = 0
        var bytesRead = 0
        var bytesInflated = 0
        /// Bytes of dictionaries and posting lists.
        var indexBytesRead = 0
        /// Rows that the indexes left over.
        var candidates = 0
        var rowsMatched = 0

        /// Takes note of a block of which indexes alone said which rows are meant.
        mutating func addDecided(_ rows: Int) {
            blocksDecided += 1
            candidates += rows
            rowsMatched += rows
        }

        /// Takes note of what was read of a block.
        mutating func addRead(isFirst: Bool, bytes: Int, inflated: Int) {
            blocksRead += isFirst ? 1 : 0
            bytesRead += bytes
            bytesInflated += inflated
        }

        mutating func add(_ other: Segment) {
            access = access ?? other.access
            prunedBy = prunedBy ?? other.prunedBy
            indexedParts |= other.indexedParts
            estimatedCandidates += other.estimatedCandidates
            estimatedRows += other.estimatedRows
            blocksPrunedBySequence += other.blocksPrunedBySequence
            blocksPrunedByTime += other.blocksPrunedByTime
            blocksPrunedByIndex += other.blocksPrunedByIndex
            blocksDecided += other.blocksDecided
            blocksRead += other.blocksRead
            bytesRead += other.bytesRead
            bytesInflated += other.bytesInflated
            indexBytesRead += other.indexBytesRead
            candidates += other.candidates
            rowsMatched += other.rowsMatched
        }
    }

    /// Why something was left out.
    enum Pruning: Sendable, Hashable, CustomStringConvertible {
        case sequence, time
        /// The filter can hold for no event at all.
        case impossible
        /// An index says that nothing is there; by the name of what was looked up.
        case index(String)

        var description: String {
            switch self {
            case .sequence: "sequence"
            case .time: "time"
            case .impossible: "impossible"
            case .index(let name): "index \(name)"
            }
        }
    }

    enum Access: String, Sendable {
        /// Only the block directory and what it says.
        case directory = "block directory"
        case indexes = "indexes"
        case scan = "column scan"
    }

    /// What became of one of the parts that must all hold.
    struct Part: Sendable {
        /// Segments in which indexes answered it, and what they said.
        var indexSegments = 0
        var indexEstimate = 0.0
        /// Rows that columns were asked about, how many were expected to satisfy it, and how many did.
        var rowsIn = 0
        var estimatedRows = 0.0
        var rowsOut = 0
        var blocks = 0
        var bytesRead = 0
        var bytesInflated = 0
        var nanoseconds = 0

        mutating func add(_ other: Part) {
            indexSegments += other.indexSegments
            indexEstimate += other.indexEstimate
            rowsIn += other.rowsIn
            estimatedRows += other.estimatedRows
            rowsOut += other.rowsOut
            blocks += other.blocks
            bytesRead += other.bytesRead
            bytesInflated += other.bytesInflated
            nanoseconds += other.nanoseconds
        }
    }

    var segments = SegmentTraces()
    var parts: [Part]
    /// What the parts ask, for explanations.
    private let asked: [Filter]
    var kind = RunKind.count
    /// Blocks that indexes left out, by what was looked up.
    var blocksPruned: [String: Int] = [:]
    var tailRows = 0
    var tailMatched = 0
    var rowsReturned = 0
    var rowBytesRead = 0
    var rowBytesInflated = 0
    /// The most threads that were at work at once.
    var threads = 1
    private(set) var problems: [QueryProblem] = []
    private var known: Set<QueryProblem> = []

    /// Time by step, on all threads; only when it was asked for, since asking the clock costs as much as a small step.
    private(set) var watch = Stopwatch()
    /// Time by step on the threads that helped.
    private(set) var helpers = Stopwatch()
    let isTimed: Bool

    /// The task that a helping thread works for, which is not its own.
    private var caller: UnsafeCurrentTask?

    init(isTimed: Bool, parts: [Filter] = []) {
        self.isTimed = isTimed
        self.parts = Array(repeating: Part(), count: parts.count)
        asked = parts
    }

    /// The parts as expressions: put together when somebody asks.
    var partTexts: [String] { asked.map(PreparedFilter.text) }

    /// A trace for another thread of the same run.
    ///
    /// `caller` is the task the run belongs to: it must not end before the thread does.
    func forHelper(of caller: UnsafeCurrentTask?) -> QueryTrace {
        let trace = QueryTrace(isTimed: isTimed, parts: asked)
        trace.segments = segments.forHelper()
        trace.caller = caller
        return trace
    }

    /// Throws when the task of the run was cancelled: also on the threads that help, which run no task.
    func checkCancellation() throws(CancellationError) {
        if caller?.isCancelled ?? Task.isCancelled { throw CancellationError() }
    }

    /// Adds what another thread of the same run did.
    func add(_ other: QueryTrace) {
        segments.add(other.segments)
        for index in parts.indices { parts[index].add(other.parts[index]) }
        blocksPruned.merge(other.blocksPruned, uniquingKeysWith: +)
        tailRows += other.tailRows
        tailMatched += other.tailMatched
        for problem in other.problems { report(problem) }
        helpers.add(other.watch)
    }

    func report(_ problem: QueryProblem) {
        if known.insert(problem).inserted { problems.append(problem) }
    }

    // MARK: Time

    /// Takes the time of `body` as the run's: what no step claims belongs to `other`.
    @inline(__always)
    func running<R>(_ body: () throws -> R) rethrows -> R { try timed(.other, body) }

    @inline(__always)
    func timed<R>(_ step: Stopwatch.Step, _ body: () throws -> R) rethrows -> R {
        guard isTimed else { return try body() }
        let outer = watch.change(to: step)
        defer { watch.change(to: outer) }
        return try body()
    }

    /// Changes over to a step, or to none, until it is changed again; gives the one before.
    func enter(_ step: Stopwatch.Step?) -> Stopwatch.Step? {
        isTimed ? watch.change(to: step) : nil
    }

    /// Adds time that was spent before there was a trace.
    func addPreparation(_ nanoseconds: Int) { watch.add(nanoseconds, to: .prepare) }
}
