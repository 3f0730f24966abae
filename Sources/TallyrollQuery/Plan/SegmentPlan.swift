import TallyrollFormat
import TallyrollStore

/// How one segment is searched. Made once, then only read, also by several threads.
struct SegmentPlan: Sendable {
    /// One of the parts that must all hold: which, and what of it is left to ask.
    struct Part: Sendable {
        var number: Int
        var tree: FilterTree
        /// The share of rows that is expected to satisfy it.
        var share = 1.0
    }

    /// Where the segment stands in the snapshot.
    let place: Int
    let segment: StoreSnapshot.Segment
    /// The places of the blocks that may hold events that are meant, ascending.
    var blocks: [Int] = []
    /// What is left to ask of the columns, in the order in which it is asked.
    var residual: [Part] = []
    /// What the indexes leave over; nil when they were not asked.
    var candidates: Candidates?
    /// What the dictionaries said, by question.
    var verdicts: [Int: TermVerdicts] = [:]
    /// Nanoseconds that looking at all the blocks is expected to take.
    var cost = 0.0

    /// Whether all events of the segment are meant, so that its indexes may say all there is to know.
    var isDecided: Bool {
        residual.isEmpty && candidates == nil && blocks.count == segment.outline.blocks.count
    }

    /// The residual as one tree.
    var tree: FilterTree { .all(residual.map(\.tree)) }
}

/// What a run does with the events that are meant, as far as it changes how they are best found.
enum QueryPurpose: Sendable {
    /// Only their number is wanted, or what indexes may know as well.
    case count
    /// They are read, at most so many.
    case rows(limit: Int)
}
