import TallyrollFormat
import TallyrollStore

/// Prints the events of a segment as JSON lines, as far as its blocks can be read.
package struct EventDump {
    private let inspection: SegmentInspection
    private let block: Int?

    /// Of all blocks, or of the one at a place.
    package init(_ inspection: SegmentInspection, block: Int?) {
        self.inspection = inspection
        self.block = block
    }

    /// Hands the lines of one block after another to `body`. What cannot be read is passed over: it is among the
    /// inspection's problems.
    package func forEachBlock(_ body: (ByteView) throws -> Void) throws {
        var rows = BlockRows()
        var record = ByteWriter(capacity: 4096)
        var lines = ByteWriter(capacity: 1 << 20)
        let writer = EventJSONWriter(.full)
        for block in inspection.blocks where self.block == nil || self.block == block.position {
            guard let reader = block.reader else { continue }
            lines.removeAll()
            do {
                try rows.load(reader)
                for row in 0..<rows.count {
                    record.removeAll()
                    try rows.appendRecord(row, into: &record)
                    let place = RecordPlace(
                        sequence: reader.header.firstSequence + UInt64(row), recordedAt: rows.recordedAt[row],
                        storeTag: reader.header.storeTag)
                    try writer.write(try RecordView(record.view), place, into: &lines)
                    lines.u8(0x0A)
                }
            } catch is FormatError {
                // The block is damaged; what was decoded of it before is still worth showing.
            }
            try body(lines.view)
        }
    }
}
