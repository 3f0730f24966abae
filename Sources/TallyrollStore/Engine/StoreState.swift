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

    func snapshot(storeID: [UInt8]) -> StoreSnapshot {
        var all = segments.map { StoreSnapshot.Segment(reader: $0, entries: $0.entries) }
        if let openSegment { all.append(StoreSnapshot.Segment(reader: openSegment, entries: openEntries)) }
        return StoreSnapshot(storeID: storeID, segments: all, tail: tail, endSequence: endSequence)
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
