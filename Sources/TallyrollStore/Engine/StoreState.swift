import TallyrollFormat
import TallyrollIntegrity

/// What readers of this process see, swapped piece by piece under one lock. The writer adds rows to the tail; the
/// block worker turns runs into blocks and blocks into sealed segments.
struct StoreState {
    var segments: [SegmentReader] = []
    var openSegment: SegmentReader?
    var openEntries: [BlockEntry] = []
    /// Runs that are in no block yet; the last one may still grow.
    var tail: [StoreSnapshot.Tail] = []
    var endSequence: UInt64 = 0
    /// The segments as snapshots show them, put together again only where something changed.
    private var shown: [StoreSnapshot.Segment] = []
    private let summary: StoreSummary

    init(_ cache: BlockCache) { summary = StoreSummary(budget: cache.indexes) }

    mutating func extendTail(_ run: EventRun, to count: Int) {
        if let place = tail.lastIndex(where: { $0.run === run }) {
            tail[place].count = count
        } else {
            tail.append(StoreSnapshot.Tail(run: run, count: count, start: 0))
        }
        endSequence = run.firstSequence + UInt64(count)
    }

    /// A block now holds what the first run of the tail held.
    mutating func replaceRun(_ run: EventRun, with entry: BlockEntry, in segment: SegmentReader) {
        openSegment = segment
        openEntries.append(entry)
        tail.removeAll { $0.run === run }
    }

    mutating func replaceOpenSegment(with sealed: SegmentReader) {
        segments.append(sealed)
        openSegment = nil
        openEntries = []
    }

    mutating func snapshot(storeID: [UInt8]) -> StoreSnapshot {
        showSegments()
        return StoreSnapshot(
            storeID: storeID, segments: shown, tail: tail, endSequence: endSequence, summary: summary)
    }

    private mutating func showSegments() {
        let count = segments.count + (openSegment == nil ? 0 : 1)
        if shown.count == count {
            guard let last = shown.last else { return }
            let isSame =
                openSegment.map { $0 === last.reader && last.entries.count == openEntries.count }
                ?? (last.reader === segments.last)
            if isSame { return }
        }
        while let last = shown.last,
            shown.count > segments.count || last.reader !== segments[shown.count - 1]
        { shown.removeLast() }
        for reader in segments[shown.count...] {
            shown.append(StoreSnapshot.Segment(reader: reader, entries: reader.entries))
        }
        if let openSegment { shown.append(StoreSnapshot.Segment(reader: openSegment, entries: openEntries)) }
    }
}

/// Where blocks stand on disk: what the next log file says about them.
struct BlockProgress: Sendable {
    /// Every event before this one is in a synced block.
    var upTo: UInt64
    var chainHead: Digest
    var frontier: Frontier
    var sealedSegments: UInt64
    /// When the open segment was created; nil when there is none.
    var openSince: Int64?
}
