import TallyrollFormat
import TallyrollStore

/// How many bytes the events of a store are as JSON lines.
struct JSONSize {
    let bytes: Int
    /// False when only some blocks were looked at and the rest was taken to be like them.
    let isExact: Bool

    private static let blocksMax = 24

    /// Looks at a few blocks spread over the store, or at all when they are few, and at the events in no block.
    init(_ snapshot: StoreSnapshot) {
        let writer = EventJSONWriter(.original)
        var text = ByteWriter(capacity: 1 << 16)
        var record = ByteWriter(capacity: 1 << 12)
        var rows = BlockRows()
        let blocks = snapshot.segments.flatMap { segment in segment.entries.map { (segment.reader, $0) } }
        let step = max((blocks.count + JSONSize.blocksMax - 1) / JSONSize.blocksMax, 1)
        var events = 0
        var sampledEvents = 0
        var sampledBytes = 0
        for (place, block) in blocks.enumerated() {
            events += block.1.count
            guard place % step == 0, let reader = try? block.0.openBlock(block.1), (try? rows.load(reader)) != nil
            else { continue }
            for row in 0..<rows.count {
                record.removeAll()
                text.removeAll()
                guard (try? rows.appendRecord(row, into: &record)) != nil, let view = try? RecordView(record.view)
                else { continue }
                let at = RecordPlace(
                    sequence: block.1.firstSequence + UInt64(row), recordedAt: rows.recordedAt[row],
                    storeTag: snapshot.storeTag)
                guard (try? writer.write(view, at, into: &text)) != nil else { continue }
                sampledEvents += 1
                sampledBytes += text.count + 1
            }
        }
        isExact = sampledEvents == events
        var total = sampledEvents > 0 ? Int(Double(sampledBytes) / Double(sampledEvents) * Double(events)) : 0
        if isExact { total = sampledBytes }
        for tail in snapshot.tail {
            for row in tail.start..<tail.count {
                text.removeAll()
                let at = RecordPlace(
                    sequence: tail.run.firstSequence + UInt64(row), recordedAt: tail.run.recordedAt(row),
                    storeTag: snapshot.storeTag)
                guard let view = try? tail.run.record(row), (try? writer.write(view, at, into: &text)) != nil
                else { continue }
                total += text.count + 1
            }
        }
        bytes = total
    }
}
