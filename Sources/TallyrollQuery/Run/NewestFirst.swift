import TallyrollFormat
import TallyrollStore

/// Gives the places of the events that are meant, latest first, looking at no more than it must: segments and blocks
/// are opened in the order of their latest times, and an event is given as soon as nothing unopened can be later.
///
/// Late events make the times of blocks overlap; then several blocks are open at once and their events are merged.
final class NewestFirst {
    private let scope: QueryScope
    private let trace: QueryTrace
    private let bound: BlockRun.Key?
    private let limit: Int
    private var merge = NewestMerge()
    private(set) var scans: [SegmentScan] = []
    /// For each scan, its blocks by latest time.
    private var blockOrders: [[Int]] = []
    /// The block that was opened last: its rows are most often the next to be given.
    private(set) var latest: (scan: Int, index: Int, block: BlockReader)?

    /// Of a block that is opened when many rows wait, so many at most.
    private static let chunkRows = 256

    /// Events before `bound` only; `limit` is how many will be asked for at most, as far as is known.
    init(_ scope: QueryScope, _ trace: QueryTrace, before bound: BlockRun.Key?, limit: Int) {
        self.scope = scope
        self.trace = trace
        self.bound = bound
        self.limit = max(limit, 1)
        trace.timed(.prepare) {
            // Later segments mostly hold later events: the first of a heap is cheapest to add first.
            let figures = scope.sieve.figures
            for place in scope.segments.reversed() {
                let isKnown = place < figures.count && figures[place].isSound
                guard
                    let latest = isKnown
                        ? figures[place].times.upperBound : latestTime(scope.snapshot.segments[place].outline)
                else { continue }
                merge.push(.segment(place), timestamp: latest)
            }
        }
        openTail()
    }

    private func latestTime(_ outline: SegmentOutline) -> Int64? {
        outline.blocks.isEmpty ? nil : outline.times.upperBound
    }

    private func openTail() {
        guard let first = scope.snapshot.tail.first?.run.firstSequence else { return }
        var rows: [UInt32] = []
        var timestamps: [Int64] = []
        scope.forEachInTail(trace) { _, _, record in
            rows.append(UInt32(record.sequence - first))
            timestamps.append(record.timestamp)
        }
        merge.add(
            BlockRun(
                .tail, firstSequence: first, rows: rows, timestamps: timestamps, before: bound, limit: Int.max
            ))
    }

    /// Whether the next event is known already, so that `next` opens no block.
    var isNextAtHand: Bool { merge.isNextAtHand }

    /// The place of the next event.
    func next() throws -> NewestMerge.Given? {
        while true {
            switch merge.next() {
            case .given(let given): return given
            case .segment(let place): open(segment: place)
            case .blocks(let scan, let next): try open(scan, next)
            case .rest(let scan, let index, let key): try openBlock(scan, index, before: key)
            case nil: return nil
            }
        }
    }

    private func open(segment place: Int) {
        let scan = SegmentScan(scope, segment: place, trace)
        guard !scan.blocks.isEmpty else { return }
        trace.timed(.order) {
            let outline = scan.segment.outline
            outline.blocks.withUnsafeBufferPointer { entries in
                var order = Array(scan.blocks.reversed())
                if let bound { order.removeAll { entries[$0].times.lowerBound > bound.timestamp } }
                if !outline.isOrdered {
                    order.sort { entries[$0].times.upperBound > entries[$1].times.upperBound }
                }
                guard let first = order.first else { return }
                scans.append(scan)
                blockOrders.append(order)
                merge.push(
                    .blocks(scan: scans.count - 1, next: 0), timestamp: entries[first].times.upperBound)
            }
        }
    }

    /// Opens the next block of a segment.
    private func open(_ scan: Int, _ next: Int) throws {
        let order = blockOrders[scan]
        if next + 1 < order.count {
            merge.push(
                .blocks(scan: scan, next: next + 1),
                timestamp: scans[scan].entry(order[next + 1]).times.upperBound)
        }
        try openBlock(scan, order[next], before: bound, following: order[(next + 1)...])
    }

    private func openBlock(
        _ number: Int, _ index: Int, before bound: BlockRun.Key?, following: ArraySlice<Int> = []
    ) throws {
        let scan = scans[number]
        if let rows = try scan.decidedRows(index) {
            if !rows.isEmpty { add(rows, number, scan, index, before: bound) }
            return
        }
        guard let matches = try scan.matches(index, before: following) else { return }
        var rows: [UInt32] = []
        rows.reserveCapacity(matches.rows.count)
        matches.rows.forEach { rows.append(UInt32(truncatingIfNeeded: $0)) }
        add(rows, number, scan, index, before: bound)
    }

    /// Adds some rows of a block, which ascend, with their times.
    private func add(
        _ rows: [UInt32], _ number: Int, _ scan: SegmentScan, _ index: Int, before bound: BlockRun.Key?
    ) {
        trace.timed(.order) {
            let opened = scan.read(index) { block in (block, try NewestFirst.times(of: rows, in: block)) }
            guard let (block, timestamps) = opened else { return }
            latest = (number, index, block)
            merge.add(
                BlockRun(
                    .block(scan: number, index: index), firstSequence: scan.entry(index).firstSequence,
                    rows: rows, timestamps: timestamps, before: bound,
                    limit: merge.isCrowded ? min(NewestFirst.chunkRows, limit) : limit))
        }
    }

    private static func times(of rows: [UInt32], in block: BlockReader) throws -> [Int64] {
        let column = try block.integers(.timestamp)
        if rows.count * 4 < column.count { return column.values(rows) }
        let all = column.decodeArray()
        return rows.map { all[Int($0)] }
    }
}
