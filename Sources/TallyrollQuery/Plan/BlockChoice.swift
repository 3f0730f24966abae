import TallyrollFormat
import TallyrollStore

/// The blocks of a segment that the filter's bounds leave over, as the block directory says.
struct BlockChoice {
    /// Their places, ascending.
    private(set) var blocks: [Int] = []
    private(set) var prunedBySequence = 0
    private(set) var prunedByTime = 0
    private(set) var events = 0
    /// What the times of the chosen blocks lie between.
    private(set) var times: ClosedRange<Int64>?
    private(set) var recordedTimes: ClosedRange<Int64>?

    /// Reports blocks that are not there or were found damaged.
    init(
        _ segment: StoreSnapshot.Segment, _ sequences: Range<UInt64>, _ bounds: PreparedFilter.Bounds,
        _ trace: QueryTrace
    ) {
        let outline = segment.outline
        if outline.isWhole, sequences.lowerBound <= outline.firstSequence,
            sequences.upperBound >= outline.endSequence, bounds.holds(outline.times, outline.recordedTimes)
        {
            blocks = outline.places
            events = outline.eventCount
            times = outline.times
            recordedTimes = outline.recordedTimes
            return
        }
        var expected = segment.firstSequence
        outline.blocks.withUnsafeBufferPointer { entries in
            for index in entries.indices {
                let first = entries[index].firstSequence
                let end = entries[index].endSequence
                if first > expected { segment.reportGap(expected..<first, sequences, trace) }
                expected = max(end, expected)
                guard first < sequences.upperBound, end > sequences.lowerBound else {
                    prunedBySequence += 1
                    continue
                }
                if !entries[index].isReadable {
                    segment.reportUnreadable(index, trace)
                    continue
                }
                guard bounds.time.overlaps(entries[index].times),
                    bounds.recorded.overlaps(entries[index].recordedTimes)
                else {
                    prunedByTime += 1
                    continue
                }
                blocks.append(index)
                events += entries[index].count
                times = times?.joined(entries[index].times) ?? entries[index].times
                recordedTimes =
                    recordedTimes?.joined(entries[index].recordedTimes) ?? entries[index].recordedTimes
            }
        }
    }
}

extension PreparedFilter.Bounds {
    /// Whether events of such times all lie within.
    func holds(_ times: ClosedRange<Int64>, _ recordedTimes: ClosedRange<Int64>) -> Bool {
        time.lowerBound <= times.lowerBound && time.upperBound >= times.upperBound
            && recorded.lowerBound <= recordedTimes.lowerBound
            && recorded.upperBound >= recordedTimes.upperBound
    }
}

extension StoreSnapshot.Segment {
    fileprivate func reportGap(_ missing: Range<UInt64>, _ sequences: Range<UInt64>, _ trace: QueryTrace) {
        guard missing.overlaps(sequences) else { return }
        trace.report(
            QueryProblem(
                .missing, segment: reader.header.number, block: nil, sequences: missing,
                what: "no block holds these events"))
    }

    fileprivate func reportUnreadable(_ index: Int, _ trace: QueryTrace) {
        let entry = outline.blocks[index]
        trace.report(
            QueryProblem(
                .damaged, segment: reader.header.number, block: index,
                sequences: entry.firstSequence..<entry.endSequence,
                what: "the block was found damaged when the segment was sealed"))
    }
}
