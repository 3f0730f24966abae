import TallyrollFormat
import TallyrollStore

/// Finds the rows of one segment that a filter means, block by block, in whatever order it is asked. Damage costs the
/// block it hit, and is reported.
final class SegmentScan {
    let segment: StoreSnapshot.Segment
    /// The places of the blocks that may hold events that are meant, ascending.
    private(set) var blocks: [Int] = []

    private let scope: QueryScope
    private let trace: QueryTrace
    private let place: Int
    private let filter: SegmentFilter
    /// What is left to ask of the columns.
    private var residual: FilterTree

    /// The rows of a block that are meant. Without `block` nothing was read to know it.
    struct Matches {
        var rows: RowSet
        var block: BlockReader?
    }

    init(_ scope: QueryScope, segment place: Int, _ trace: QueryTrace) {
        self.scope = scope
        self.trace = trace
        self.place = place
        segment = scope.snapshot.segments[place]
        filter = SegmentFilter(scope.prepared, segment.reader)
        residual = scope.prepared.tree.ordered(scope.prepared.leaves)
        trace.timed(.index) { plan() }
    }

    func entry(_ index: Int) -> BlockEntry { segment.entries[index] }

    private func plan() {
        guard let bounds = scope.prepared.bounds else { return prune(.filter) }
        chooseBlocks(bounds)
        guard !blocks.isEmpty else { return }
        do {
            residual = try residual.replacing { leaf in
                guard let terms = try filter.terms(leaf) else { return nil }
                return terms.isEmpty ? false : nil
            }
        } catch {
            // The dictionary cannot be read: then neither can the columns that refer to it, and each block says so.
        }
        if case .constant(false) = residual { return prune(.terms) }
        trace.segments[place].access = .scan
        if case .constant(true) = residual { trace.segments[place].access = .directory }
    }

    private func prune(_ reason: QueryTrace.Pruning) {
        blocks = []
        trace.segments[place].prunedBy = reason
    }

    /// Leaves out the blocks that lie outside of what the filter's bounds allow.
    private func chooseBlocks(_ bounds: PreparedFilter.Bounds) {
        var bySequence = 0
        var byTime = 0
        var expected = segment.firstSequence
        segment.entries.withUnsafeBufferPointer { entries in
            for index in entries.indices {
                let first = entries[index].firstSequence
                let end = first + UInt64(entries[index].count)
                if first > expected { reportGap(expected..<first) }
                expected = max(end, expected)
                guard first < scope.sequences.upperBound, end > scope.sequences.lowerBound else {
                    bySequence += 1
                    continue
                }
                if !entries[index].isReadable {
                    reportUnreadable(index)
                    continue
                }
                guard bounds.time.overlaps(entries[index].times),
                    bounds.recorded.overlaps(entries[index].recordedTimes)
                else {
                    byTime += 1
                    continue
                }
                blocks.append(index)
            }
        }
        trace.segments[place].blocksPrunedBySequence = bySequence
        trace.segments[place].blocksPrunedByTime = byTime
        if blocks.isEmpty { trace.segments[place].prunedBy = byTime > 0 ? .time : .sequence }
    }

    private func reportGap(_ missing: Range<UInt64>) {
        guard missing.overlaps(scope.sequences) else { return }
        trace.report(
            QueryProblem(
                .missing, segment: segment.reader.header.number, block: nil, sequences: missing,
                what: "no block holds these events"))
    }

    private func reportUnreadable(_ index: Int) {
        let entry = segment.entries[index]
        trace.report(
            QueryProblem(
                .damaged, segment: segment.reader.header.number, block: index,
                sequences: entry.firstSequence..<entry.endSequence,
                what: "the block was found damaged when the segment was sealed"))
    }

    // MARK: Blocks

    /// The rows of a block that are meant; none when it cannot be read, which is reported.
    func matches(_ index: Int) throws -> Matches? {
        if Task.isCancelled { throw CancellationError() }
        let entry = segment.entries[index]
        guard let candidates = trace.timed(.index, { candidates(index, entry) }) else { return nil }
        let verdict = filter.decide(residual, entry)
        if verdict == false {
            trace.segments[place].blocksPrunedByTime += 1
            return nil
        }
        trace.segments[place].candidates += candidates.count
        if verdict == true {
            trace.segments[place].blocksDecided += 1
            trace.segments[place].rowsMatched += candidates.count
            return Matches(rows: candidates, block: nil)
        }
        return trace.timed(.filter) {
            read(index) { block in
                let rows = try filter.rows(residual, block, candidates)
                trace.segments[place].rowsMatched += rows.count
                return rows.isEmpty ? nil : Matches(rows: rows, block: block)
            }
        } ?? nil
    }

    /// Calls `body` with the reader of a block; nil when the block cannot be read, which is reported.
    func read<R>(_ index: Int, _ body: (BlockReader) throws -> R) -> R? {
        let entry = segment.entries[index]
        do {
            let block = try segment.reader.block(entry)
            let before = block.bytesRead
            let isNew = readBlocks.insert(index).inserted
            if isNew { trace.segments[place].blocksRead += 1 }
            defer { trace.segments[place].bytesRead += block.bytesRead - before }
            return try body(block)
        } catch {
            report(error, index)
            return nil
        }
    }

    /// Notes bytes that were read for rows that are given.
    func countBytes(_ count: Int) { trace.segments[place].bytesRead += count }

    private var readBlocks: Set<Int> = []

    func report(_ error: any Error, _ index: Int) {
        let entry = segment.entries[index]
        trace.report(
            QueryProblem(
                error, segment: segment.reader.header.number, block: index,
                sequences: entry.firstSequence..<entry.endSequence))
    }

    /// The rows that the query's sequences and the indexes leave over; nil when none.
    private func candidates(_ index: Int, _ entry: BlockEntry) -> RowSet? {
        let low = Int(max(scope.sequences.lowerBound, entry.firstSequence) - entry.firstSequence)
        let high = Int(min(scope.sequences.upperBound, entry.endSequence) - entry.firstSequence)
        guard low < high else { return nil }
        return low == 0 && high == entry.count
            ? RowSet(size: entry.count, all: true) : RowSet(size: entry.count, range: low..<high)
    }
}

extension RowSet {
    /// The rows of a range.
    init(size: Int, range: Range<Int>) {
        self.init(size: size)
        for row in range { insert(row) }
    }
}

extension SegmentScan {
    /// The number of events that are meant.
    func count() throws -> Int {
        var count = 0
        for index in blocks {
            if let matches = try matches(index) { count += matches.rows.count }
        }
        return count
    }
}
