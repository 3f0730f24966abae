import TallyrollFormat
import TallyrollStore

/// Finds the rows of one segment that a filter means, block by block, in whatever order it is asked. Damage costs the
/// block it hit, and is reported. Belongs to one thread; several may scan different blocks by one plan.
final class SegmentScan {
    let segment: StoreSnapshot.Segment
    /// The places of the blocks that may hold events that are meant, ascending.
    let blocks: [Int]

    private let scope: QueryScope
    private let trace: QueryTrace
    private let plan: SegmentPlan
    /// What the indexes leave over; nil when they were not asked.
    var candidates: Candidates? { plan.candidates }
    private let place: Int
    private lazy var filter = SegmentFilter(scope.prepared, plan.segment.reader, verdicts: plan.verdicts)
    private let tree: FilterTree
    /// The blocks that were read.
    private var readBlocks: RowSet
    /// What other threads found in blocks that will be asked for.
    private var ahead: [Int: Matches?] = [:]
    private var lookedAt = 0

    /// The rows of a block that are meant. Without `block` nothing was read to know it.
    struct Matches {
        var rows: RowSet
        var block: BlockReader?
    }

    /// Plans a segment and scans all of it.
    convenience init(_ scope: QueryScope, segment place: Int, _ trace: QueryTrace) {
        self.init(scope, SegmentPlanner.plan(scope, segment: place, trace), trace)
    }

    /// Scans by a plan, all of its blocks or some.
    init(_ scope: QueryScope, _ plan: SegmentPlan, _ trace: QueryTrace, blocks: ArraySlice<Int>? = nil) {
        self.scope = scope
        self.plan = plan
        self.trace = trace
        place = plan.place
        segment = plan.segment
        tree = plan.tree
        self.blocks = blocks.map { Array($0) } ?? plan.blocks
        readBlocks = RowSet(size: plan.segment.outline.blocks.count)
    }

    func entry(_ index: Int) -> SegmentOutline.Block { segment.outline.blocks[index] }

    // MARK: Blocks

    /// The rows of a block that are meant; none when it cannot be read, which is reported.
    func matches(_ index: Int) throws -> Matches? {
        try trace.checkCancellation()
        if let known = ahead.removeValue(forKey: index) {
            if known?.block != nil { _ = noteRead(index) }
            return known
        }
        let entry = segment.outline.blocks[index]
        guard let candidates = candidates(index, entry) else { return nil }
        let verdict = plan.residual.isEmpty ? true : filter.decide(tree, entry)
        if verdict == false {
            trace.segments[place].blocksPrunedByTime += 1
            return nil
        }
        let count = candidates.count
        if verdict == true {
            trace.segments[place].addDecided(count)
            return Matches(rows: candidates, block: nil)
        }
        trace.segments[place].candidates += count
        return trace.timed(.filter) {
            read(index) { block in
                let rows = try filtered(candidates, block)
                trace.segments[place].rowsMatched += rows.count
                return rows.isEmpty ? nil : Matches(rows: rows, block: block)
            }
        } ?? nil
    }

    /// The rows of a block that are meant, ascending, where the indexes alone say which, and say it one by one: no set of
    /// all rows is made for them. Nil where `matches` is to be asked.
    func decidedRows(_ index: Int) throws -> [UInt32]? {
        guard ahead.isEmpty, let candidates = plan.candidates, candidates.few != nil else { return nil }
        let entry = segment.outline.blocks[index]
        guard plan.residual.isEmpty || filter.decide(tree, entry) == true else { return nil }
        try trace.checkCancellation()
        let range = rowRange(entry.firstSequence, entry.count)
        guard !range.isEmpty else { return [] }
        let found = trace.timed(.look) { candidates.fewRows(ordinalRange(entry.firstSequence, entry.count)) }
        guard var rows = found else { return nil }
        if rows.isEmpty {
            trace.segments[place].blocksPrunedByIndex += 1
            trace.blocksPruned[candidates.name, default: 0] += 1
            return rows
        }
        if range.count < entry.count { rows.removeAll { !range.contains(Int($0)) } }
        if !rows.isEmpty { trace.segments[place].addDecided(rows.count) }
        return rows
    }

    /// What `matches` gives, for whoever goes on to the `following` blocks: once so many were looked at that more will be, several
    /// threads look at some of them together. The answers wait for their turn.
    func matches(_ index: Int, before following: ArraySlice<Int>) throws -> Matches? {
        lookedAt += 1
        let blockCost = plan.cost / Double(max(plan.blocks.count, 1))
        if ahead.isEmpty, lookedAt > SegmentScan.blocksAlone || ParallelRun.isEager,
            let batch = ParallelRun.batch(following.count + 1, cost: blockCost)
        {
            try lookAt([index] + following.prefix(batch.count - 1), threads: batch.threads)
        }
        return try matches(index)
    }

    /// Blocks that are looked at one by one before others are looked at ahead: most queries end with fewer.
    private static let blocksAlone = 8

    private func lookAt(_ indexes: [Int], threads: Int) throws {
        let parts = try ParallelRun.run(threads, indexes.count, trace, { Ahead() }) {
            [scope, plan] number, trace, found in
            let scan = found.scan ?? SegmentScan(scope, plan, trace, blocks: [])
            found.scan = scan
            found.matches.append((indexes[number], try scan.matches(indexes[number])))
        }
        for part in parts {
            for (index, matches) in part.matches { ahead[index] = .some(matches) }
        }
    }

    private struct Ahead {
        var scan: SegmentScan?
        var matches: [(index: Int, matches: Matches?)] = []
    }

    /// The candidates that satisfy every part that is left to the columns.
    private func filtered(_ candidates: RowSet, _ block: BlockReader) throws -> RowSet {
        var rows = candidates
        var count = rows.count
        for part in plan.residual {
            if count == 0 { break }
            let (bytes, inflated) = (block.bytesRead, block.bytesInflated)
            let start = trace.isTimed ? Stopwatch.now : 0
            rows = try filter.rows(part.tree, block, rows)
            var account = QueryTrace.Part()
            account.blocks = 1
            account.rowsIn = count
            account.estimatedRows = Double(count) * part.share
            count = rows.count
            account.rowsOut = count
            account.bytesRead = block.bytesRead - bytes
            account.bytesInflated = block.bytesInflated - inflated
            if trace.isTimed { account.nanoseconds = Stopwatch.now - start }
            trace.parts[part.number].add(account)
        }
        return rows
    }

    /// Calls `body` with the reader of a block; nil when the block cannot be read, which is reported.
    func read<R>(_ index: Int, _ body: (BlockReader) throws -> R) -> R? {
        let entry = segment.outline.blocks[index]
        do {
            let block = try segment.reader.block(entry)
            let (bytes, inflated) = (block.bytesRead, block.bytesInflated)
            let isFirst = noteRead(index)
            defer {
                trace.segments[place].addRead(
                    isFirst: isFirst, bytes: block.bytesRead - bytes, inflated: block.bytesInflated - inflated
                )
            }
            return try body(block)
        } catch {
            report(error, index)
            return nil
        }
    }

    /// Whether a block is read for the first time.
    private func noteRead(_ index: Int) -> Bool { readBlocks.insertNew(index) }

    /// Takes what it needs from the columns of a block; nil when that cannot be read, which is reported.
    @discardableResult
    func gather<R>(_ index: Int, _ body: (BlockReader) throws -> R) -> R? {
        trace.timed(.gather) { read(index, body) }
    }

    /// Calls `body` with the reader of a block from which rows are given, and takes note of what it reads.
    func give<R>(from block: BlockReader, _ body: () throws -> R) rethrows -> R {
        let (bytes, inflated) = (block.bytesRead, block.bytesInflated)
        defer {
            trace.rowBytesRead += block.bytesRead - bytes
            trace.rowBytesInflated += block.bytesInflated - inflated
        }
        return try body()
    }

    func report(_ error: any Error, _ index: Int) {
        let entry = segment.outline.blocks[index]
        trace.report(
            QueryProblem(
                error, segment: segment.reader.header.number, block: index,
                sequences: entry.firstSequence..<entry.endSequence))
    }

    /// The rows that the query's sequences and the indexes leave over; nil when none.
    private func candidates(_ index: Int, _ entry: SegmentOutline.Block) -> RowSet? {
        let range = rowRange(entry.firstSequence, entry.count)
        guard !range.isEmpty else { return nil }
        let isWhole = range.count == entry.count
        guard let candidates = plan.candidates else {
            return isWhole
                ? RowSet(size: entry.count, all: true) : RowSet(size: entry.count, range: range)
        }
        let found = trace.timed(.look) { candidates.rows(ordinalRange(entry.firstSequence, entry.count)) }
        guard var rows = found else {
            trace.segments[place].blocksPrunedByIndex += 1
            trace.blocksPruned[candidates.name, default: 0] += 1
            return nil
        }
        if !isWhole { rows.formIntersection(RowSet(size: entry.count, range: range)) }
        return rows.isEmpty ? nil : rows
    }

    /// The places in the segment of a block's events.
    private func ordinalRange(_ firstSequence: UInt64, _ count: Int) -> Range<Int> {
        let first = Int(firstSequence - segment.firstSequence)
        return first..<(first + count)
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
            count += self.count(of: ordinals)
        } undecided: { index in
            if let matches = try matches(index) { count += matches.rows.count }
        }
        return count
    }

    /// The number of events that are meant in a run of ordinals that `forEachStretch` gave.
    func count(of ordinals: Range<Int>) -> Int {
        let meant = trace.timed(.gather) { plan.candidates?.count(ordinals) ?? ordinals.count }
        trace.segments[place].rowsMatched += meant
        trace.segments[place].candidates += meant
        return meant
    }

    /// Counts the time that `body` takes as that of counting.
    func counting<R>(_ body: () throws -> R) rethrows -> R { try trace.timed(.gather, body) }

    /// Calls `decided` with runs of ordinals of which all events that the indexes leave are meant, and `undecided`
    /// with the blocks that must be looked at.
    func forEachStretch(decided: (Range<Int>) throws -> Void, undecided: (Int) throws -> Void) throws {
        var stretch = 0..<0
        let tree = tree
        for index in blocks {
            let entry = segment.outline.blocks[index]
            let verdict = plan.residual.isEmpty ? true : filter.decide(tree, entry)
            if verdict == false {
                trace.segments[place].blocksPrunedByTime += 1
                continue
            }
            guard verdict == true else {
                try undecided(index)
                continue
            }
            trace.segments[place].blocksDecided += 1
            let firstSequence = entry.firstSequence
            let rows = rowRange(firstSequence, entry.count)
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

    /// The events of the scan's blocks.
    var events: Int { segment.outline.events(ofBlocks: blocks) }

    /// No more events are meant in the scan's blocks than this.
    var mostEvents: Int {
        guard let candidates = plan.candidates else { return events }
        let universe = Int(segment.endSequence - segment.firstSequence)
        return min(events, candidates.few?.count ?? candidates.set.most(universe))
    }

    /// The codes of a column that occur among ordinals of which all that the indexes leave are meant; nil when the
    /// columns say so more cheaply.
    func codes(_ column: PostingColumn, in ordinals: Range<Int>) throws -> [UInt32]? {
        guard let loaded = try segment.reader.postings(column) else { return nil }
        defer { withExtendedLifetime(loaded) {} }
        do {
            return try codes(loaded.postings, in: ordinals)
        } catch is FormatError {
            return nil
        }
    }

    private func codes(_ lists: TermPostings, in ordinals: Range<Int>) throws -> [UInt32]? {
        if plan.candidates == nil, ordinals == 0..<lists.universe {
            return try lists.counts().enumerated().dropFirst().filter { $0.element > 0 }.map {
                UInt32($0.offset)
            }
        }
        guard lists.termCount <= 64 || lists.termCount * 64 < ordinals.count else { return nil }
        if let candidates = plan.candidates {
            // Every list is looked into for every candidate, which must cost less than the column of their blocks.
            if let few = candidates.few {
                let looks = Double(few.count * lists.termCount) * PlanCosts.seek
                guard looks < Double(blocks.count) * PlanCosts.openBlock else { return nil }
            } else if lists.termCount > 64 {
                return nil
            }
        }
        return try (1..<UInt32(lists.termCount + 1)).filter { code in
            let list = try lists.list(code)
            return (plan.candidates?.count(ordinals, also: list) ?? list.count(in: ordinals)) > 0
        }
    }

    /// The blocks that hold a run of ordinals that `forEachStretch` gave, which are to be looked at after all.
    func blocks(of ordinals: Range<Int>) -> [Int] {
        let outline = segment.outline
        let found = blocks.filter { outline.ordinals(ofBlock: $0).overlaps(ordinals) }
        trace.segments[place].blocksDecided -= found.count
        return found
    }

    /// Takes note that a block of `blocks(of:)` holds nothing that is meant.
    func leaveUnread() { trace.segments[place].blocksDecided += 1 }
}

extension RowSet {
    /// Inserts a row; false when it was there.
    fileprivate mutating func insertNew(_ row: Int) -> Bool {
        if contains(row) { return false }
        insert(row)
        return true
    }

    /// The rows of a range.
    init(size: Int, range: Range<Int>) {
        self.init(size: size)
        for row in range { insert(row) }
    }
}
