import TallyrollFormat
import TallyrollStore

/// What a run looks at: the snapshot, the filter, and the sequences it may see. A reference, since every segment's
/// plan and scan holds it.
final class QueryScope: Sendable {
    let snapshot: StoreSnapshot
    let prepared: PreparedFilter
    let purpose: QueryPurpose
    /// What the filter's bounds, the snapshot and the cursor leave.
    let sequences: Range<UInt64>
    /// The sequence after the last event that the query, from its first page on, may see.
    let snapshotEnd: UInt64
    /// What becomes of the segments before any is opened.
    let sieve: SegmentSieve

    init(
        _ snapshot: StoreSnapshot, _ prepared: PreparedFilter, within range: Range<UInt64>,
        for purpose: QueryPurpose = .count, counts: WantedCounts = .none
    ) {
        self.purpose = purpose
        self.snapshot = snapshot
        self.prepared = prepared
        snapshotEnd = range.upperBound
        sequences = QueryScope.sequences(prepared, within: range)
        sieve = SegmentSieve(snapshot, prepared, sequences, counts)
    }

    private static func sequences(_ prepared: PreparedFilter, within range: Range<UInt64>) -> Range<UInt64> {
        guard let wanted = prepared.bounds?.sequence, wanted.upperBound >= 0 else { return 0..<0 }
        let low = max(UInt64(max(wanted.lowerBound, 0)), range.lowerBound)
        let high = min(UInt64(wanted.upperBound) + 1, range.upperBound)
        return low < high ? low..<high : 0..<0
    }

    /// The places of the segments that may hold events that are meant.
    var segments: [Int] { sieve.places }

    /// Starts the trace of a run, and reports what should lie between the segments and does not.
    func trace(isTimed: Bool) -> QueryTrace {
        let trace = QueryTrace(isTimed: isTimed, parts: prepared.partTexts)
        trace.segments = SegmentTraces(snapshot.segments, sieve)
        reportProblems(trace)
        if let part = sieve.decidedPart {
            trace.parts[part].indexSegments += sieve.decidedSegments
            trace.parts[part].indexEstimate += Double(sieve.decidedCount)
        }
        var expected = snapshot.firstSequence
        let figures = sieve.figures
        for place in figures.indices {
            if expected < figures[place].firstSequence {
                report(expected, figures[place].firstSequence, segment: number(place), trace)
            }
            expected = max(expected, figures[place].endSequence)
        }
        for place in figures.count..<snapshot.segments.count {
            report(expected, snapshot.segments[place].firstSequence, segment: number(place), trace)
            expected = max(expected, snapshot.segments[place].endSequence)
        }
        let lastNumber = snapshot.segments.isEmpty ? 0 : number(snapshot.segments.count - 1)
        for tail in snapshot.tail {
            report(expected, tail.firstSequence, segment: lastNumber, trace)
            expected = max(expected, tail.endSequence)
        }
        report(expected, snapshot.endSequence, segment: lastNumber, trace)
        return trace
    }

    private func number(_ place: Int) -> UInt64 { snapshot.segments[place].reader.header.number }

    /// Reports the files that could not be read when the snapshot was taken, unless the filter asks for sequences
    /// that lie elsewhere.
    private func reportProblems(_ trace: QueryTrace) {
        guard let wanted = prepared.bounds?.sequence else { return }
        for problem in snapshot.problems.lazy.map({ QueryProblem($0, in: self.snapshot) }) {
            guard wanted.upperBound >= Int64(clamping: problem.sequences.lowerBound) else { continue }
            // What lies at the end may hold any number of events.
            let isAtEnd = problem.sequences.upperBound >= snapshot.endSequence
            guard isAtEnd || wanted.lowerBound < Int64(clamping: problem.sequences.upperBound) else {
                continue
            }
            trace.report(problem)
        }
    }

    private func report(_ expected: UInt64, _ found: UInt64, segment: UInt64, _ trace: QueryTrace) {
        guard expected < found, (expected..<found).overlaps(sequences) else { return }
        trace.report(
            QueryProblem(
                .missing, segment: segment, block: nil, sequences: expected..<found,
                what: "no segment holds these events"))
    }

    // MARK: Tail

    /// Calls `body` with each event of the tail that is meant, in ascending sequence.
    func forEachInTail(_ trace: QueryTrace, _ body: (_ tail: Int, _ row: Int, _ record: RecordRow) -> Void) {
        guard prepared.bounds != nil, !snapshot.tail.isEmpty else { return }
        trace.timed(.tail) { walkTail(trace, body) }
    }

    private func walkTail(
        _ trace: QueryTrace, _ body: (_ tail: Int, _ row: Int, _ record: RecordRow) -> Void
    ) {
        var scratch = QueryScratch()
        let storeTag = snapshot.storeTag
        for (place, tail) in snapshot.tail.enumerated() {
            let low = max(tail.firstSequence, sequences.lowerBound)
            let high = min(tail.endSequence, sequences.upperBound)
            guard low < high else { continue }
            for row in Int(low - tail.run.firstSequence)..<Int(high - tail.run.firstSequence) {
                trace.tailRows += 1
                let sequence = tail.run.firstSequence + UInt64(row)
                do {
                    let record = RecordRow(
                        try tail.run.record(row), sequence: sequence, recordedAt: tail.run.recordedAt(row),
                        storeTag: storeTag)
                    if prepared.compiled.matches(record, &scratch) {
                        trace.tailMatched += 1
                        body(place, row, record)
                    }
                } catch {
                    trace.report(
                        QueryProblem(error, segment: 0, block: nil, sequences: sequence..<(sequence + 1)))
                }
            }
        }
    }
}
