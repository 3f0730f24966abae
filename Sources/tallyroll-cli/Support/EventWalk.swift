import TallyrollFormat
import TallyrollStore

/// Goes through every event of a snapshot in sequence order, block by block, decoding whole columns.
enum EventWalk {
    /// Calls `body` for every event, with `fields` of it and perhaps others, and `problem` for every part of the store
    /// that cannot be read, whose events are left out.
    static func run(
        _ snapshot: StoreSnapshot, _ fields: RecordFields, problem: (String) -> Void,
        body: (RecordView, RecordPlace) throws -> Void
    ) throws {
        var rows = BlockRows()
        var record = ByteWriter(capacity: 1 << 16)
        var expected = snapshot.firstSequence
        func passed(_ first: UInt64, _ end: UInt64) {
            if first > expected { problem("events \(expected) to \(first - 1) are missing") }
            expected = max(expected, end)
        }
        for segment in snapshot.segments {
            let number = segment.reader.header.number
            for (index, entry) in segment.entries.enumerated() {
                passed(entry.firstSequence, entry.endSequence)
                do {
                    try rows.load(try segment.reader.openBlock(entry), fields)
                } catch {
                    problem(
                        "segment \(number), block \(index), sequences \(entry.firstSequence) to \(entry.endSequence - 1): \(error)"
                    )
                    continue
                }
                for row in 0..<rows.count {
                    record.removeAll()
                    try rows.appendRecord(row, into: &record)
                    try body(
                        try RecordView(record.view),
                        RecordPlace(
                            sequence: entry.firstSequence + UInt64(row), recordedAt: rows.recordedAt[row],
                            storeTag: snapshot.storeTag))
                }
            }
            segment.reader.releaseTerms()
        }
        for tail in snapshot.tail {
            passed(tail.firstSequence, tail.endSequence)
            for row in tail.start..<tail.count {
                try body(
                    try tail.run.record(row),
                    RecordPlace(
                        sequence: tail.run.firstSequence + UInt64(row), recordedAt: tail.run.recordedAt(row),
                        storeTag: snapshot.storeTag))
            }
        }
        passed(snapshot.endSequence, snapshot.endSequence)
    }
}
