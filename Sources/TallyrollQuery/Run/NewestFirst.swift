import TallyrollFormat
import TallyrollStore

/// Gives the places of the events that are meant, latest first, looking at no more than it must: segments and blocks
/// are opened in the order of their latest times, and an event is given as soon as nothing unopened can be later.
///
/// Late events make the times of blocks overlap; then several blocks are open at once and their events are merged.
final class NewestFirst {
    /// What waits to be opened or given, by the latest event it may hold.
    private struct Item {
        enum Content {
            case segment(Int)
            /// The blocks of an opened segment from `next` on, latest first.
            case blocks(scan: Int, next: Int)
            case run(Int)
            /// A block of which only the latest events were kept, and those are given.
            case rest(scan: Int, index: Int, before: BlockRun.Key)
        }

        var timestamp: Int64
        /// Runs compare by their next event; what is unopened may hold a later one of the same time.
        var sequence: UInt64
        var content: Content

        static func isBefore(_ left: Item, _ right: Item) -> Bool {
            (left.timestamp, left.sequence) > (right.timestamp, right.sequence)
        }
    }

    private let scope: QueryScope
    private let trace: QueryTrace
    private let bound: BlockRun.Key?
    private let limit: Int
    private var queue: Heap<Item>
    private(set) var scans: [SegmentScan] = []
    /// For each scan, its blocks by latest time.
    private var blockOrders: [[Int]] = []
    private var runs: [BlockRun] = []
    private var freeRuns: [Int] = []
    private var pendingRows = 0

    /// Rows that may wait in opened blocks: beyond, a block gives up its earliest ones and is looked at again.
    private static let pendingLimit = 1 << 20
    private static let chunkRows = 256

    /// Events before `bound` only; `limit` is how many will be asked for at most, as far as is known.
    init(_ scope: QueryScope, _ trace: QueryTrace, before bound: BlockRun.Key?, limit: Int) {
        self.scope = scope
        self.trace = trace
        self.bound = bound
        self.limit = max(limit, 1)
        queue = Heap(Item.isBefore)
        trace.timed(.prepare) {
            // Later segments mostly hold later events: the first of a heap is cheapest to add first.
            let figures = scope.sieve.figures
            for place in scope.segments.reversed() {
                let isKnown = place < figures.count && figures[place].isSound
                guard
                    let latest = isKnown
                        ? figures[place].times.upperBound : latestTime(scope.snapshot.segments[place].outline)
                else { continue }
                queue.push(Item(timestamp: latest, sequence: UInt64.max, content: .segment(place)))
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
        add(
            BlockRun(
                .tail, firstSequence: first, rows: rows, timestamps: timestamps, before: bound, limit: Int.max
            ))
    }

    /// Whether the next event is known already, so that `next` opens no block.
    var isNextAtHand: Bool {
        guard case .run(let number) = queue.first?.content else { return false }
        return runs[number].next != nil
    }

    /// The place of the next event.
    func next() throws -> (key: BlockRun.Key, source: BlockRun.Source, row: Int)? {
        while let item = queue.first {
            switch item.content {
            case .segment(let place):
                queue.removeFirst()
                open(segment: place)
            case .blocks(let scan, let next):
                try open(scan, next)
            case .rest(let scan, let index, let key):
                queue.removeFirst()
                try openBlock(scan, index, before: key)
            case .run(let number):
                guard let next = runs[number].next else {
                    queue.removeFirst()
                    freeRuns.append(number)
                    continue
                }
                let source = runs[number].source
                runs[number].removeNext()
                pendingRows -= 1
                if let following = runs[number].next {
                    queue.replaceFirst(
                        Item(
                            timestamp: following.key.timestamp, sequence: following.key.sequence,
                            content: .run(number)))
                } else {
                    freeRuns.append(number)
                    if runs[number].isCut, case .block(let scan, let index) = source {
                        queue.replaceFirst(
                            Item(
                                timestamp: next.key.timestamp, sequence: next.key.sequence,
                                content: .rest(scan: scan, index: index, before: next.key)))
                    } else {
                        queue.removeFirst()
                    }
                }
                return (next.key, source, next.row)
            }
        }
        return nil
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
                queue.push(
                    Item(
                        timestamp: entries[first].times.upperBound, sequence: UInt64.max,
                        content: .blocks(scan: scans.count - 1, next: 0)))
            }
        }
    }

    /// Opens the next block of a segment, whose item is the first of the queue.
    private func open(_ scan: Int, _ next: Int) throws {
        let order = blockOrders[scan]
        if next + 1 < order.count {
            queue.replaceFirst(
                Item(
                    timestamp: scans[scan].entry(order[next + 1]).times.upperBound, sequence: UInt64.max,
                    content: .blocks(scan: scan, next: next + 1)))
        } else {
            queue.removeFirst()
        }
        try openBlock(scan, order[next], before: bound, following: order[(next + 1)...])
    }

    private func openBlock(
        _ scan: Int, _ index: Int, before bound: BlockRun.Key?, following: ArraySlice<Int> = []
    ) throws {
        guard let matches = try scans[scan].matches(index, before: following) else { return }
        let firstSequence = scans[scan].entry(index).firstSequence
        trace.timed(.order) {
            let kept = scans[scan].read(index) { block in
                let column = try block.integers(.timestamp)
                let count = matches.rows.count
                var rows: [UInt32] = []
                var timestamps: [Int64] = []
                rows.reserveCapacity(count)
                matches.rows.forEach { rows.append(UInt32(truncatingIfNeeded: $0)) }
                if count * 4 < column.count {
                    timestamps = column.values(rows)
                } else {
                    let all = column.decodeArray()
                    for row in rows { timestamps.append(all[Int(row)]) }
                }
                return BlockRun(
                    .block(scan: scan, index: index), firstSequence: firstSequence, rows: rows,
                    timestamps: timestamps, before: bound,
                    limit: pendingRows > NewestFirst.pendingLimit ? min(NewestFirst.chunkRows, limit) : limit)
            }
            if let kept { add(kept) }
        }
    }

    private func add(_ run: BlockRun) {
        guard let next = run.next else { return }
        pendingRows += run.count
        let number: Int
        if let free = freeRuns.popLast() {
            runs[free] = run
            number = free
        } else {
            runs.append(run)
            number = runs.count - 1
        }
        queue.push(
            Item(timestamp: next.key.timestamp, sequence: next.key.sequence, content: .run(number)))
    }
}
