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
    /// Events of one block that were found and decoded together, and not all given yet.
    private var page = RowPage()
    /// An event that was found behind the page, in another block.
    private var pending: Place?
    /// How many events the next page is to hold.
    private var pageRows: Int

    private typealias Place = (sequence: UInt64, source: BlockRun.Source, row: Int)

    /// Where it is not known how many will be asked for: a few first, so that the first event is there early; then
    /// more, which costs less an event.
    private static let firstPageRows = 16
    private static let pageRowsMax = 2048

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
        pageRows = min(limit ?? QueryResults.firstPageRows, QueryResults.pageRowsMax)
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
            if page.isEmpty {
                guard let place = try pending ?? findNext() else { return nil }
                pending = nil
                guard case .block(let scan, let index) = place.source else {
                    if let row = readTail(place.sequence, into: &out) { return given(row) }
                    continue
                }
                try trace.timed(.read) { try fillPage(from: place, scan, index) }
            }
            let start = out.count
            if let row = trace.timed(.read, { readNext(into: &out) }) { return given(row) }
            out.truncate(to: start)
        }
    }

    private func given(_ row: QueryRow) -> QueryRow {
        left -= 1
        last = row
        trace.rowsReturned += 1
        return row
    }

    private func findNext() throws -> Place? {
        try trace.timed(.order) {
            if let newest { return try newest.next().map { ($0.key.sequence, $0.source, $0.row) } }
            return try oldest?.next()
        }
    }

    /// Whether the next event is known already, so that finding it opens no block.
    private var isNextAtHand: Bool { newest?.isNextAtHand ?? oldest?.isNextAtHand ?? false }

    /// Takes the events behind `first` that lie in the same block and are at hand, and decodes them together.
    private func fillPage(from first: Place, _ scanNumber: Int, _ index: Int) throws {
        guard let scan = newest?.scans[scanNumber] ?? oldest?.scans[scanNumber] else { return }
        page.begin(scan: scanNumber, index: index, firstSequence: first.sequence - UInt64(first.row))
        page.add(row: first.row)
        while page.count < min(pageRows, left), isNextAtHand {
            guard let next = try findNext() else { break }
            guard case .block(scanNumber, index) = next.source else {
                pending = next
                break
            }
            page.add(row: next.row)
        }
        pageRows = min(pageRows * 4, QueryResults.pageRowsMax)
        do {
            let block = try scan.segment.reader.block(scan.entry(index))
            try scan.give(from: block) { try page.load(block) }
        } catch {
            scan.report(error, index)
            page.removeAll()
        }
    }

    /// Appends the next event of the page; nil when it cannot be read, which is reported.
    private func readNext(into out: inout ByteWriter) -> QueryRow? {
        do {
            return try page.next(into: &out)
        } catch {
            let scan = newest?.scans[page.scan] ?? oldest?.scans[page.scan]
            scan?.report(error, page.index)
            return nil
        }
    }

    private func readTail(_ sequence: UInt64, into out: inout ByteWriter) -> QueryRow? {
        guard let tail = scope.snapshot.tail.last(where: { $0.firstSequence <= sequence }) else { return nil }
        let row = Int(sequence - tail.run.firstSequence)
        guard let record = try? tail.run.record(row) else { return nil }
        out.bytes(record.bytes)
        return QueryRow(
            sequence: sequence, recordedAt: tail.run.recordedAt(row), timestamp: record.timestamp)
    }
}

extension QueryResults {
    /// The next event; nil at the end. `scratch` is used again and again.
    package func next(_ scratch: inout ByteWriter) throws -> RecordedEvent? {
        while true {
            scratch.removeAll()
            guard let row = try next(into: &scratch) else { return nil }
            // Not `timed`: the value would be copied on its way out of the closure, text by text.
            let outer = trace.enter(.build)
            defer { if trace.isTimed { _ = trace.enter(outer) } }
            guard let record = try? RecordView(scratch.view) else { continue }
            return RecordedEvent(
                record,
                RecordPlace(
                    sequence: row.sequence, recordedAt: row.recordedAt, storeTag: scope.snapshot.storeTag))
        }
    }
}
