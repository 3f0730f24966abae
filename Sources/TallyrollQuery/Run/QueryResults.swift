import TallyrollFormat
import TallyrollStore

/// One event of a result: where it stands. Its record was appended to the caller's buffer.
package struct QueryRow: Sendable, Equatable {
    package let sequence: UInt64
    /// Nanoseconds since 1970.
    package let recordedAt: Int64
    package let timestamp: Int64
}

/// The events that a query means, one after the other, found as they are asked for: memory does not grow with the
/// number of results. Belongs to one thread. The snapshot it looks at stays as it was.
package final class QueryResults {
    package let order: QueryOrder
    fileprivate let scope: QueryScope
    private let filter: Filter
    private let now: Int64
    let trace: QueryTrace
    private var newest: NewestFirst?
    private var oldest: OldestFirst?
    private var left: Int
    private var last: QueryRow?
    /// The columns of the block that rows were taken from last.
    private var current: (scan: Int, index: Int, block: BlockReader)?
    /// Rows taken from it one after the other.
    private var inSuccession = 0
    private var isDecoded = false
    private var decoded = BlockRows()

    /// Rows of one block after which decoding all of it is thought to pay.
    private static let successionLimit = 100

    init(
        _ scope: QueryScope, _ filter: Filter, now: Int64, order: QueryOrder, limit: Int?,
        after cursor: QueryCursor?,
        trace: QueryTrace
    ) {
        self.scope = scope
        self.filter = filter
        self.now = now
        self.order = order
        self.trace = trace
        left = max(limit ?? Int.max, 0)
        switch order {
        case .newest:
            newest = NewestFirst(
                scope, trace,
                before: cursor.map { BlockRun.Key(timestamp: $0.timestamp, sequence: $0.sequence) },
                limit: left)
        case .oldest: oldest = OldestFirst(scope, trace)
        }
    }

    /// What could not be read so far, so that events may be missing.
    package var problems: [QueryProblem] { trace.problems }

    /// What was done so far.
    package var explanation: QueryExplanation { QueryExplanation(scope.prepared.filter, trace) }

    /// Where the events after the last one given begin; nil before the first.
    package var cursor: QueryCursor? {
        last.map {
            QueryCursor(
                order: order, timestamp: $0.timestamp, sequence: $0.sequence,
                endSequence: scope.snapshotEnd, now: now, fingerprint: QueryCursor.fingerprint(filter))
        }
    }

    /// Appends the record of the next event to `out`; nil at the end.
    ///
    /// - Throws: when the task is cancelled. What cannot be read is left out and reported in `problems`.
    package func next(into out: inout ByteWriter) throws -> QueryRow? {
        guard left > 0 else { return nil }
        return try trace.running { try advance(into: &out) }
    }

    private func advance(into out: inout ByteWriter) throws -> QueryRow? {
        while true {
            let place: (sequence: UInt64, source: BlockRun.Source, row: Int)
            if let newest {
                guard let found = try trace.timed(.order, newest.next) else { return nil }
                place = (found.key.sequence, found.source, found.row)
            } else {
                guard let found = try trace.timed(.order, { try oldest?.next() }) else { return nil }
                place = found
            }
            let start = out.count
            guard let row = trace.timed(.read, { read(place.sequence, place.source, place.row, into: &out) })
            else {
                out.truncate(to: start)
                continue
            }
            left -= 1
            last = row
            trace.rowsReturned += 1
            return row
        }
    }

    private func read(
        _ sequence: UInt64, _ source: BlockRun.Source, _ row: Int, into out: inout ByteWriter
    ) -> QueryRow? {
        switch source {
        case .tail:
            guard let tail = scope.snapshot.tail.last(where: { $0.firstSequence <= sequence }) else {
                return nil
            }
            let row = Int(sequence - tail.run.firstSequence)
            guard let record = try? tail.run.record(row) else { return nil }
            out.bytes(record.bytes)
            return QueryRow(
                sequence: sequence, recordedAt: tail.run.recordedAt(row), timestamp: record.timestamp)
        case .block(let scanNumber, let index):
            guard let scan = newest?.scans[scanNumber] ?? oldest?.scans[scanNumber] else { return nil }
            do {
                let block = try block(scanNumber, index, scan)
                let start = out.count
                let recordedAt = try scan.give(from: block) { try append(row, of: block, into: &out) }
                let timestamp = out.view.load(Int64.self, at: start + RecordEncoder.timestampOffset)
                return QueryRow(sequence: sequence, recordedAt: recordedAt, timestamp: timestamp)
            } catch {
                scan.report(error, index)
                return nil
            }
        }
    }

    /// Appends a record: by itself, or, once many rows of a block were wanted one after the other, from the block's
    /// columns decoded as a whole.
    private func append(_ row: Int, of block: BlockReader, into out: inout ByteWriter) throws -> Int64 {
        inSuccession += 1
        if inSuccession == QueryResults.successionLimit, left > QueryResults.successionLimit {
            // What cannot be decoded as a whole may still be read in part.
            isDecoded = (try? decoded.load(block)) != nil
        }
        guard isDecoded else { return try block.appendRecord(row, into: &out) }
        try decoded.appendRecord(row, into: &out)
        return decoded.recordedAt[row]
    }

    private func block(_ number: Int, _ index: Int, _ scan: SegmentScan) throws -> BlockReader {
        if let current, current.scan == number, current.index == index { return current.block }
        let block = try scan.segment.reader.block(scan.entry(index))
        current = (number, index, block)
        inSuccession = 0
        isDecoded = false
        return block
    }
}

extension QueryResults {
    /// The next event; nil at the end. `scratch` is used again and again.
    package func next(_ scratch: inout ByteWriter) throws -> RecordedEvent? {
        while true {
            scratch.removeAll()
            guard let row = try next(into: &scratch) else { return nil }
            guard let record = try? RecordView(scratch.view) else { continue }
            return RecordedEvent(
                record,
                RecordPlace(
                    sequence: row.sequence, recordedAt: row.recordedAt, storeTag: scope.snapshot.storeTag))
        }
    }
}
