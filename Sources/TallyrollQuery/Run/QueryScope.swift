import TallyrollFormat
import TallyrollStore

/// What a run looks at: the snapshot, the filter, and the sequences it may see.
struct QueryScope: Sendable {
    let snapshot: StoreSnapshot
    let prepared: PreparedFilter
    let purpose: QueryPurpose
    /// What the filter's bounds, the snapshot and the cursor leave.
    let sequences: Range<UInt64>
    /// The sequence after the last event that the query, from its first page on, may see.
    let snapshotEnd: UInt64

    init(
        _ snapshot: StoreSnapshot, _ prepared: PreparedFilter, within range: Range<UInt64>,
        for purpose: QueryPurpose = .count
    ) {
        self.purpose = purpose
        self.snapshot = snapshot
        self.prepared = prepared
        snapshotEnd = range.upperBound
        guard let wanted = prepared.bounds?.sequence, wanted.upperBound >= 0 else {
            sequences = 0..<0
            return
        }
        let low = max(UInt64(max(wanted.lowerBound, 0)), range.lowerBound)
        let high = min(UInt64(wanted.upperBound) + 1, range.upperBound)
        sequences = low < high ? low..<high : 0..<0
    }

    /// The places of the segments that hold any of the sequences.
    var segments: [Int] {
        guard prepared.bounds != nil, !sequences.isEmpty else { return [] }
        return snapshot.segments.indices.filter {
            snapshot.segments[$0].firstSequence < sequences.upperBound
                && snapshot.segments[$0].endSequence > sequences.lowerBound
        }
    }

    /// Starts the trace of a run, and reports what should lie between the segments and does not.
    func trace(isTimed: Bool) -> QueryTrace {
        let trace = QueryTrace(isTimed: isTimed, parts: prepared.partTexts)
        trace.segments.reserveCapacity(snapshot.segments.count)
        reportProblems(trace)
        var expected = snapshot.firstSequence
        var lastNumber: UInt64 = 0
        for segment in snapshot.segments {
            report(expected, segment.firstSequence, segment: segment.reader.header.number, trace)
            expected = max(expected, segment.endSequence)
            lastNumber = segment.reader.header.number
            var counts = QueryTrace.Segment(
                number: lastNumber, isSealed: segment.reader.isSealed,
                events: Int(segment.endSequence - segment.firstSequence), blocks: segment.entries.count)
            if prepared.bounds == nil {
                counts.prunedBy = .impossible
            } else if segment.firstSequence >= sequences.upperBound
                || segment.endSequence <= sequences.lowerBound
            {
                counts.prunedBy = .sequence
            }
            trace.segments.append(counts)
        }
        for tail in snapshot.tail {
            report(expected, tail.firstSequence, segment: lastNumber, trace)
            expected = max(expected, tail.endSequence)
        }
        report(expected, snapshot.endSequence, segment: lastNumber, trace)
        return trace
    }

    /// Reports the files that could not be read when the snapshot was taken, unless the filter asks for sequences
    /// that lie elsewhere.
    private func reportProblems(_ trace: QueryTrace) {
        guard let wanted = prepared.bounds?.sequence else { return }
        for problem in snapshot.problems.lazy.map({ QueryProblem($0, in: snapshot) }) {
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
