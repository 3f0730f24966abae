import TallyrollFormat
import TallyrollStore

/// What is asked about the events that are meant, as far as the store's summary may know it.
enum WantedCounts: Sendable {
    case none
    /// Only their number.
    case events
    /// How many there are with each term of a dictionary.
    case groups(DictionaryID)
}

/// What becomes of each segment before any is opened: by where its events lie, and by what the store's summary knows
/// of its terms.
struct SegmentSieve: Sendable {
    /// The segments that have to be looked at, ascending.
    private(set) var places: [Int] = []
    /// The events that are meant in segments that need no look; only where that was asked for.
    private(set) var decidedCount = 0
    /// How many segments needed none, and the part of the filter that their lists of terms answered.
    private(set) var decidedSegments = 0
    private(set) var decidedPart: Int?
    /// Where events are grouped by the terms of a dictionary: the segments whose groups the summary knows.
    private(set) var grouped: Range<Int> = 0..<0
    /// The first segments of the snapshot, as far as the summary goes.
    let figures: [StoreSummary.Figures]

    /// The parts that the summary could say nothing about.
    private var unknownParts = 0

    /// One a segment.
    private var fates: [UInt8]
    /// For each of the `figures`, the events that hold the term that is asked for.
    private var counts: [UInt32] = []
    private let fields: [Field]
    /// For questions about one term, by number: the term's code in each of the `figures`, 0 where it is not known.
    private var codes: [(leaf: Int, codes: [UInt32])] = []

    private enum Fate {
        static let open: UInt8 = 0
        static let impossible: UInt8 = 1
        static let sequence: UInt8 = 2
        static let time: UInt8 = 3
        static let decided: UInt8 = 4
        /// Holds none of the terms that a part requires; counted from here.
        static let absent: UInt8 = 5
        static let absentMax = 64
    }

    private static let unknown = UInt32.max

    init(
        _ snapshot: StoreSnapshot, _ prepared: PreparedFilter, _ sequences: Range<UInt64>,
        _ wanted: WantedCounts
    ) {
        fields = prepared.required.map(\.field)
        let segments = snapshot.segments
        guard let bounds = prepared.bounds else {
            figures = []
            fates = [UInt8](repeating: Fate.impossible, count: segments.count)
            return
        }
        fates = [UInt8](repeating: Fate.open, count: segments.count)
        figures = snapshot.summary?.figures(segments) ?? []
        for place in figures.indices {
            let segment = figures[place]
            if segment.firstSequence >= sequences.upperBound || segment.endSequence <= sequences.lowerBound {
                fates[place] = Fate.sequence
            } else if segment.isSound,
                !bounds.time.overlaps(segment.times) || !bounds.recorded.overlaps(segment.recordedTimes)
            {
                fates[place] = Fate.time
            }
        }
        for place in figures.count..<segments.count {
            let outline = segments[place].outline
            if outline.firstSequence >= sequences.upperBound || outline.endSequence <= sequences.lowerBound {
                fates[place] = Fate.sequence
            } else if outline.isWhole,
                !bounds.time.overlaps(outline.times) || !bounds.recorded.overlaps(outline.recordedTimes)
            {
                fates[place] = Fate.time
            }
        }
        if !figures.isEmpty, !sequences.isEmpty {
            var isCounting = true
            if case .none = wanted { isCounting = false }
            for number in prepared.required.indices.prefix(Fate.absentMax) {
                leaveOutAbsent(number, prepared, snapshot.summary, isCounting: isCounting)
            }
            decide(prepared, sequences, wanted, snapshot.summary)
        }
        places.reserveCapacity(segments.count)
        for place in fates.indices where fates[place] == Fate.open { places.append(place) }
    }

    /// Leaves out the segments that hold none of the terms that a part requires.
    private mutating func leaveOutAbsent(
        _ number: Int, _ prepared: PreparedFilter, _ summary: StoreSummary?, isCounting: Bool
    ) {
        let (leaf, _, dictionary) = prepared.required[number]
        unknownParts += 1
        guard let summary, let terms = prepared.terms[leaf] else { return }
        // Before the terms themselves are asked for: these are gathered later where there are filters.
        leaveOutDenied(number, terms, dictionary, summary)
        var held = [UInt32](repeating: 0, count: figures.count)
        var known = terms.count == 1 ? held : []
        for term in terms {
            guard
                let holders = summary.holders(
                    of: term, dictionary, count: figures.count, isCounting: isCounting)
            else { return }
            for holder in holders {
                held[holder.place] = holder.count.map { UInt32($0) } ?? SegmentSieve.unknown
                if terms.count == 1 { known[holder.place] = holder.code }
            }
        }
        for place in figures.indices
        where fates[place] == Fate.open && held[place] == 0 && figures[place].isSound {
            fates[place] = Fate.absent + UInt8(number)
        }
        unknownParts -= 1
        if terms.count == 1 { codes.append((leaf, known)) }
        if terms.count == 1, prepared.required.count == 1 { counts = held }
    }

    /// Leaves out the segments whose filters of terms deny all the terms that a part requires.
    private mutating func leaveOutDenied(
        _ number: Int, _ terms: [[UInt8]], _ dictionary: DictionaryID, _ summary: StoreSummary
    ) {
        guard !summary.knowsHolders(dictionary) else { return }
        let open = figures.indices.filter { fates[$0] == Fate.open && figures[$0].isSound }
        guard open.count > 1, let denied = summary.places(among: open, withoutAnyOf: terms, dictionary) else {
            return
        }
        for place in denied { fates[place] = Fate.absent + UInt8(number) }
    }

    /// The code in a segment of the one term that a question names; nil when the summary does not know.
    func code(leaf: Int, _ place: Int) -> UInt32? {
        guard place < figures.count, let known = codes.first(where: { $0.leaf == leaf })?.codes,
            known[place] != 0
        else { return nil }
        return known[place]
    }

    /// Whether a segment is known to hold a term that each part requires, as far as the segment itself would know.
    func hasLookedUp(_ place: Int) -> Bool {
        place < figures.count && figures[place].isSound && unknownParts == 0 && fields.count <= Fate.absentMax
    }

    // MARK: Counts

    /// Counts the events of segments about which nothing is left to ask: all of theirs, or all that hold one term.
    private mutating func decide(
        _ prepared: PreparedFilter, _ sequences: Range<UInt64>, _ wanted: WantedCounts,
        _ summary: StoreSummary?
    ) {
        if case .none = wanted { return }
        var ranges: [CompiledLeaf] = []
        for (number, part) in prepared.parts.enumerated() {
            if part.isTrue { continue }
            guard case .leaf(let leaf) = part else { return }
            switch prepared.leaves[leaf].field {
            case .time, .recorded, .sequence: ranges.append(prepared.leaves[leaf])
            default:
                guard case .events = wanted, !counts.isEmpty, prepared.required[0].leaf == leaf else {
                    return
                }
                decidedPart = number
            }
        }
        for place in figures.indices where fates[place] == Fate.open && figures[place].isSound {
            let segment = figures[place]
            guard segment.firstSequence >= sequences.lowerBound, segment.endSequence <= sequences.upperBound,
                ranges.allSatisfy({ SegmentSieve.holds($0, for: segment) })
            else { continue }
            if decidedPart != nil {
                guard counts[place] != SegmentSieve.unknown else { continue }
            }
            fates[place] = Fate.decided
        }
        if case .groups(let dictionary) = wanted { keepGrouped(dictionary, summary) }
        for place in figures.indices where fates[place] == Fate.decided {
            decidedSegments += 1
            decidedCount += decidedEvents(place)
        }
    }

    /// Leaves decided only the longest run of segments, as long as the summary knows its groups. Segments that are not
    /// sound are in no group there, and always looked at.
    private mutating func keepGrouped(_ dictionary: DictionaryID, _ summary: StoreSummary?) {
        var start = 0
        for place in figures.indices where fates[place] != Fate.decided && figures[place].isSound {
            if place - start > grouped.count { grouped = start..<place }
            start = place + 1
        }
        if figures.count - start > grouped.count { grouped = start..<figures.count }
        if grouped.isEmpty || summary?.knowsTotals(dictionary, in: grouped) != true { grouped = 0..<0 }
        for place in figures.indices where fates[place] == Fate.decided && !grouped.contains(place) {
            fates[place] = Fate.open
        }
    }

    private static func holds(_ range: CompiledLeaf, for segment: StoreSummary.Figures) -> Bool {
        switch range.field {
        case .time: range.verdict(segment.times) == true
        case .recorded: range.verdict(segment.recordedTimes) == true
        case .sequence:
            range.verdict(Int64(segment.firstSequence)...Int64(segment.endSequence - 1)) == true
        default: false
        }
    }

    private func decidedEvents(_ place: Int) -> Int {
        decidedPart == nil
            ? Int(figures[place].endSequence - figures[place].firstSequence) : Int(counts[place])
    }

    // MARK: For explanations

    /// What became of a segment, before it was looked at.
    func trace(_ place: Int, _ segment: StoreSnapshot.Segment) -> QueryTrace.Segment {
        var trace = QueryTrace.Segment(
            number: segment.reader.header.number, isSealed: segment.reader.isSealed,
            events: Int(segment.endSequence - segment.firstSequence), blocks: segment.outline.blocks.count)
        switch fates[place] {
        case Fate.open: break
        case Fate.impossible: trace.prunedBy = .impossible
        case Fate.sequence: trace.prunedBy = .sequence
        case Fate.time:
            trace.prunedBy = .time
            trace.blocksPrunedByTime = segment.outline.blocks.count
        case Fate.decided:
            trace.access = decidedPart == nil && grouped.isEmpty ? .directory : .indexes
            if let decidedPart, decidedPart < 64 { trace.indexedParts = 1 << UInt64(decidedPart) }
            trace.blocksDecided = segment.outline.blocks.count
            trace.candidates = decidedEvents(place)
            trace.rowsMatched = trace.candidates
            trace.estimatedCandidates = trace.candidates
            trace.estimatedRows = trace.candidates
        default: trace.prunedBy = .index("\(fields[Int(fates[place] - Fate.absent)])")
        }
        return trace
    }
}
