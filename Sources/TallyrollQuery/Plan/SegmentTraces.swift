import TallyrollFormat
import TallyrollStore

/// What happened to each segment of a snapshot: kept for those that were looked at, put together for the others when
/// somebody asks.
struct SegmentTraces {
    private let segments: [StoreSnapshot.Segment]
    private let sieve: SegmentSieve?
    /// For each segment the place of what is kept of it in `kept`, from 1 on; 0 for nothing.
    private var places: [UInt32]
    private var kept: [(place: Int, trace: QueryTrace.Segment)] = []

    init(_ segments: [StoreSnapshot.Segment] = [], _ sieve: SegmentSieve? = nil) {
        self.segments = segments
        self.sieve = sieve
        places = [UInt32](repeating: 0, count: segments.count)
    }

    subscript(place: Int) -> QueryTrace.Segment {
        get { places[place] > 0 ? kept[Int(places[place]) - 1].trace : fresh(place) }
        _modify {
            if places[place] == 0 {
                kept.append((place, fresh(place)))
                places[place] = UInt32(kept.count)
            }
            yield &kept[Int(places[place]) - 1].trace
        }
    }

    private func fresh(_ place: Int) -> QueryTrace.Segment {
        if let sieve { return sieve.trace(place, segments[place]) }
        let segment = segments[place]
        return QueryTrace.Segment(
            number: segment.reader.header.number, isSealed: segment.reader.isSealed,
            events: Int(segment.endSequence - segment.firstSequence), blocks: segment.outline.blocks.count)
    }

    /// Of every segment.
    var all: [QueryTrace.Segment] { places.indices.map { self[$0] } }

    /// For another thread of the same run: nothing that is known already, so that it is not added twice.
    func forHelper() -> SegmentTraces { SegmentTraces(segments) }

    mutating func add(_ other: SegmentTraces) {
        for (place, trace) in other.kept { self[place].add(trace) }
    }
}
