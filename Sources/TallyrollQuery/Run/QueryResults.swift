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
    private let fields: RecordFields
    let trace: QueryTrace
    private var newest: NewestFirst?
    private var oldest: OldestFirst?
    private var left: Int
    private var last: QueryRow?
    /// Events of one block that were found and decoded together, and not all given yet.
    private var page = RowPage()
    /// Pages behind it that were decoded with it.
    private var batch = PageBatch()
    /// An event that was found behind the page, in another block.
    private var pending: Place?
    /// How many events the next page is to hold, and the next batch of pages.
    private var pageRows: Int
    private var batchRows = PageBatch.pageRowsMax

    /// The place of an event, with its time where looking for it told.
    private typealias Place = (sequence: UInt64, timestamp: Int64?, source: BlockRun.Source, row: Int)

    /// Where it is not known how many will be asked for: a few first, so that the first event is there early; then
    /// more, which costs less an event.
    private static let firstPageRows = 16
    private static let pageRowsMax = PageBatch.pageRowsMax

    init(
        _ scope: QueryScope, _ filter: Filter, now: Int64, order: QueryOrder, limit: Int?,
        after cursor: QueryCursor?, fields: RecordFields, trace: QueryTrace
    ) {
        self.fields = fields
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

    /// The bytes of the texts of the event that `nextEvent` gave last.
    package private(set) var textBytes = 0

    /// Appends the record of the next event to `out`; nil at the end. It may hold more than the fields that were
    /// asked for.
    ///
    /// - Throws: when the task is cancelled. What cannot be read is left out and reported in `problems`.
    package func next(into out: inout ByteWriter) throws -> QueryRow? {
        while let ready = try prepareNext() {
            let outer = trace.enter(.read)
            defer { leave(to: outer) }
            let start = out.count
            do {
                switch ready {
                case .page: return given(try page.next(into: &out))
                case .tail(let sequence):
                    if let row = readTail(sequence, into: &out) { return given(row) }
                }
            } catch {
                reportRow(error)
                out.truncate(to: start)
            }
        }
        endTiming()
        return nil
    }

    /// The next event, as a value; nil at the end.
    ///
    /// - Throws: when the task is cancelled. What cannot be read is left out and reported in `problems`.
    package func nextEvent() throws -> RecordedEvent? {
        while let ready = try prepareNext() {
            // Not `timed`: the value would be copied on its way out of the closure, text by text.
            let outer = trace.enter(.build)
            defer { leave(to: outer) }
            do {
                if case .tail(let sequence) = ready {
                    guard let event = tailEvent(sequence) else { continue }
                    note(event)
                    return event
                }
                let event = try page.nextEvent(storeTag: scope.snapshot.storeTag)
                textBytes = page.textBytes
                note(event)
                return event
            } catch {
                reportRow(error)
            }
        }
        endTiming()
        return nil
    }

    /// Where the next event is to be taken from.
    private enum Ready {
        case page
        case tail(UInt64)
    }

    /// Looks for the next event; nil at the end.
    private func prepareNext() throws -> Ready? {
        guard left > 0 else { return nil }
        if !page.isEmpty { return .page }
        return try trace.running {
            while page.isEmpty {
                if !batch.isEmpty {
                    batch.takeNext(into: &page)
                    continue
                }
                guard let place = try pending ?? findNext() else { return nil }
                pending = nil
                guard case .block(let scan, let index) = place.source else { return .tail(place.sequence) }
                let isLong = min(pageRows, left) >= QueryResults.pageRowsMax || ParallelRun.isEager
                if isLong, PageBatch.threads(QueryResults.pageRowsMax) > 1 {
                    try fillBatch(from: place)
                } else {
                    try trace.timed(.read) { try fillPage(from: place, scan, index) }
                }
            }
            return .page
        }
    }

    /// From here to the next call time is the caller's.
    private func leave(to outer: Stopwatch.Step?) {
        if trace.isTimed { _ = trace.enter(outer ?? .caller) }
    }

    /// There is nothing left to be asked for.
    private func endTiming() { _ = trace.enter(nil) }

    @inline(__always)
    private func note(_ event: borrowing RecordedEvent) {
        let recordedAt = event.recordedAt.nanosecondsSince1970
        _ = given(
            QueryRow(
                sequence: event.sequence, recordedAt: recordedAt,
                timestamp: event.event.timestamp?.nanosecondsSince1970 ?? recordedAt))
    }

    private func given(_ row: QueryRow) -> QueryRow {
        left -= 1
        last = row
        trace.rowsReturned += 1
        return row
    }

    private func findNext() throws -> Place? {
        try trace.timed(.order) {
            if let newest {
                return try newest.next().map { ($0.key.sequence, $0.key.timestamp, $0.source, $0.row) }
            }
            return try oldest?.next().map { ($0.sequence, nil, $0.source, $0.row) }
        }
    }

    /// Whether the next event is known already, so that finding it opens no block.
    private var isNextAtHand: Bool { newest?.isNextAtHand ?? oldest?.isNextAtHand ?? false }

    /// Takes the events behind `first` that lie in the same block and are at hand, and decodes them together.
    private func fillPage(from first: Place, _ scanNumber: Int, _ index: Int) throws {
        guard let scan = newest?.scans[scanNumber] ?? oldest?.scans[scanNumber] else { return }
        page.begin(scan: scanNumber, index: index, firstSequence: first.sequence - UInt64(first.row))
        page.add(row: first.row, timestamp: first.timestamp)
        var space = min(pageRows, left) - 1
        while space > 0, isNextAtHand {
            guard let next = try findNext() else { break }
            guard case .block(scanNumber, index) = next.source else {
                pending = next
                break
            }
            page.add(row: next.row, timestamp: next.timestamp)
            space -= 1
        }
        pageRows = min(pageRows * 4, QueryResults.pageRowsMax)
        do {
            let block = try block(scan, scanNumber, index)
            try scan.give(from: block) { try page.load(block, fields) }
        } catch {
            scan.report(error, index)
            page.removeAll()
        }
    }

    private func block(_ scan: SegmentScan, _ number: Int, _ index: Int) throws -> BlockReader {
        if let latest = newest?.latest, latest.scan == number, latest.index == index { return latest.block }
        return try scan.segment.reader.block(scan.entry(index))
    }

    /// Takes the events behind `first`, in whatever blocks they lie, and decodes them on several threads. More are
    /// found than were asked for: so many were that more will be.
    private func fillBatch(from first: Place) throws {
        do {
            try collectBatch(from: first)
            try batch.load(fields, trace)
        } catch {
            batch.removeAll()
            throw error
        }
    }

    private func collectBatch(from first: Place) throws {
        var source: (scan: Int, index: Int)?
        var next: Place? = first
        while let place = next, batch.rows < min(batchRows, left), !batch.isFull {
            guard case .block(let number, let index) = place.source else { break }
            if batch.isPageFull || source?.scan != number || source?.index != index {
                guard batch.hasPlaceForPage, let scan = newest?.scans[number] ?? oldest?.scans[number] else {
                    break
                }
                batch.append(
                    scan, number: number, index: index, firstSequence: place.sequence - UInt64(place.row))
                source = (number, index)
            }
            batch.add(row: place.row, timestamp: place.timestamp)
            next = batch.rows < left ? try findNext() : nil
        }
        batchRows = min(batchRows * 2, PageBatch.rowsMax)
        pending = next
    }

    /// A row of the page could not be read.
    private func reportRow(_ error: any Error) {
        let scan = newest?.scans[page.scan] ?? oldest?.scans[page.scan]
        scan?.report(error, page.index)
    }

    /// The record at a sequence of the tail; nil when it cannot be read.
    private func tailRecord(_ sequence: UInt64) -> (record: RecordView, recordedAt: Int64)? {
        guard let tail = scope.snapshot.tail.last(where: { $0.firstSequence <= sequence }) else { return nil }
        let row = Int(sequence - tail.run.firstSequence)
        guard let record = try? tail.run.record(row) else { return nil }
        return (record, tail.run.recordedAt(row))
    }

    private func readTail(_ sequence: UInt64, into out: inout ByteWriter) -> QueryRow? {
        guard let (record, recordedAt) = tailRecord(sequence) else { return nil }
        out.bytes(record.bytes)
        return QueryRow(sequence: sequence, recordedAt: recordedAt, timestamp: record.timestamp)
    }

    private func tailEvent(_ sequence: UInt64) -> RecordedEvent? {
        guard let (record, recordedAt) = tailRecord(sequence) else { return nil }
        textBytes = record.bytes.count
        return RecordedEvent(
            record,
            RecordPlace(sequence: sequence, recordedAt: recordedAt, storeTag: scope.snapshot.storeTag),
            fields)
    }
}
