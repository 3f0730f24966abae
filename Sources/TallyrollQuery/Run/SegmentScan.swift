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
    private var postings: PostingPlan?
    private var readBlocks: Set<Int> = []

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
            if case .constant(false) = residual { return prune(.terms) }
            try chooseIndexes()
        } catch {
            // The dictionary cannot be read: then neither can the columns that refer to it, and each block says so.
            trace.segments[place].access = .scan
        }
    }

    private func chooseIndexes() throws {
        let choice = IndexChoice(scope.prepared, segment.reader, filter)
        if let wanted = try choice.blocksByID(residual, segment) {
            keepBlocks { wanted.contains($0) }
            trace.segments[place].access = .ids
            if blocks.isEmpty { return prune(.id) }
        }
        if let wanted = try BlockFilters(scope.prepared, segment).blocks(residual) {
            keepBlocks { wanted.contains($0) }
            if blocks.isEmpty { return prune(.filters) }
        }
        var left = residual
        if let plan = try choice.postings(&left) {
            if case .constant(false) = left { return prune(.terms) }
            postings = plan
            residual = left
            trace.segments[place].access = .postings(
                fields: plan.names.joined(separator: ", "), events: plan.upperBound)
            if let few = plan.few { keepBlocks(of: few) }
            if blocks.isEmpty { return prune(.terms) }
        } else if case .constant(false) = left {
            return prune(.terms)
        }
        guard trace.segments[place].access == nil else { return }
        if case .constant(true) = residual {
            trace.segments[place].access = .directory
        } else {
            trace.segments[place].access = .scan
        }
    }

    private func keepBlocks(where isWanted: (Int) -> Bool) {
        let before = blocks.count
        blocks.removeAll { !isWanted($0) }
        trace.segments[place].blocksPrunedByIndex += before - blocks.count
    }

    /// Keeps the blocks in which one of a few ordinals lies.
    private func keepBlocks(of ordinals: [UInt32]) {
        let before = blocks.count
        var kept: [Int] = []
        var next = 0
        segment.entries.withUnsafeBufferPointer { entries in
            for index in blocks {
                let range = ordinalRange(entries[index].firstSequence, entries[index].count)
                while next < ordinals.count, Int(ordinals[next]) < range.lowerBound { next += 1 }
                if next < ordinals.count, Int(ordinals[next]) < range.upperBound { kept.append(index) }
            }
        }
        blocks = kept
        trace.segments[place].blocksPrunedByIndex += before - kept.count
    }

    /// The places in the segment of a block's events.
    private func ordinalRange(_ firstSequence: UInt64, _ count: Int) -> Range<Int> {
        let first = Int(firstSequence - segment.firstSequence)
        return first..<(first + count)
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

    func report(_ error: any Error, _ index: Int) {
        let entry = segment.entries[index]
        trace.report(
            QueryProblem(
                error, segment: segment.reader.header.number, block: index,
                sequences: entry.firstSequence..<entry.endSequence))
    }

    /// The rows that the query's sequences and the indexes leave over; nil when none.
    private func candidates(_ index: Int, _ entry: borrowing BlockEntry) -> RowSet? {
        let range = rowRange(entry.firstSequence, entry.count)
        guard !range.isEmpty else { return nil }
        let isWhole = range.count == entry.count
        guard let postings else {
            return isWhole
                ? RowSet(size: entry.count, all: true) : RowSet(size: entry.count, range: range)
        }
        guard var rows = postings.rows(ordinalRange(entry.firstSequence, entry.count)) else { return nil }
        if !isWhole { rows.formIntersection(RowSet(size: entry.count, range: range)) }
        return rows.isEmpty ? nil : rows
    }

    /// The rows of a block that the query's sequences allow.
    private func rowRange(_ firstSequence: UInt64, _ count: Int) -> Range<Int> {
        let end = firstSequence + UInt64(count)
        let low = min(max(scope.sequences.lowerBound, firstSequence), end)
        let high = max(min(scope.sequences.upperBound, end), low)
        return Int(low - firstSequence)..<Int(high - firstSequence)
    }

    // MARK: Counts

    /// The number of events that are meant: from directory and posting lists alone for all blocks that they decide.
    func count() throws -> Int {
        var count = 0
        try forEachStretch { ordinals in
            count += postings?.count(ordinals) ?? ordinals.count
        } undecided: { index in
            if let matches = try matches(index) { count += matches.rows.count }
        }
        trace.segments[place].rowsMatched = count
        return count
    }

    /// Calls `decided` with runs of ordinals of which all events that the postings leave are meant, and `undecided`
    /// with the blocks that must be looked at.
    func forEachStretch(decided: (Range<Int>) throws -> Void, undecided: (Int) throws -> Void) throws {
        var stretch = 0..<0
        for index in blocks {
            let verdict = filter.decide(residual, segment.entries[index])
            if verdict == false {
                trace.segments[place].blocksPrunedByTime += 1
                continue
            }
            guard verdict == true else {
                try undecided(index)
                continue
            }
            trace.segments[place].blocksDecided += 1
            let firstSequence = segment.entries[index].firstSequence
            let rows = rowRange(firstSequence, segment.entries[index].count)
            let start = ordinalRange(firstSequence, 0).lowerBound
            let ordinals = (start + rows.lowerBound)..<(start + rows.upperBound)
            if stretch.upperBound == ordinals.lowerBound {
                stretch = stretch.lowerBound..<ordinals.upperBound
            } else {
                if !stretch.isEmpty { try decided(stretch) }
                stretch = ordinals
            }
        }
        if !stretch.isEmpty { try decided(stretch) }
    }

    /// The number of events of each code among ordinals of which all that the postings leave are meant; nil when the
    /// columns say so more cheaply.
    func counts(_ dictionary: DictionaryID, in ordinals: Range<Int>) throws -> [(code: UInt32, count: Int)]? {
        guard let lists = try segment.reader.postings(dictionary)?.postings else { return nil }
        if postings == nil, ordinals == 0..<lists.universe {
            return lists.counts().enumerated().dropFirst().map { (UInt32($0.offset), Int($0.element)) }
        }
        guard lists.termCount <= 64 || lists.termCount * 64 < ordinals.count else { return nil }
        if let postings, postings.few == nil, lists.termCount > 64 { return nil }
        return try (1..<UInt32(lists.termCount + 1)).map { code in
            let list = try lists.list(code)
            return (code, postings?.count(ordinals, also: list) ?? list.count(in: ordinals))
        }
    }

    /// The blocks that hold a run of ordinals that `forEachStretch` gave.
    func blocks(of ordinals: Range<Int>) -> [Int] {
        blocks.filter {
            ordinalRange(segment.entries[$0].firstSequence, segment.entries[$0].count).overlaps(ordinals)
        }
    }
}

extension RowSet {
    /// The rows of a range.
    init(size: Int, range: Range<Int>) {
        self.init(size: size)
        for row in range { insert(row) }
    }
}
