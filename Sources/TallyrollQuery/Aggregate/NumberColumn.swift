import TallyrollFormat
import TallyrollStore

/// Reads the numbers of one field: times, sequences and spans as integers, the numbers of `details` and `extra` with
/// all their digits.
struct NumberColumn {
    let field: Field
    private let source: LeafSource
    private let path: JSONPath
    private let keys: [[UInt8]]

    init(_ field: Field) {
        self.field = field
        source = LeafSource(field)
        switch field {
        case .details(let path), .extra(let path):
            self.path = JSONPath(path)
            keys = path.components.map { Array($0.utf8) }
        default:
            path = JSONPath([])
            keys = []
        }
    }

    /// Adds the numbers of the rows of a block.
    func append(
        _ rows: RowSet, _ block: BlockReader, into batch: inout NumberBatch, _ scratch: inout QueryScratch
    ) throws {
        switch source {
        case .timestamp: batch.append(try block.integers(.timestamp), rows)
        case .recordedAt: batch.append(try block.integers(.recordedAt), rows)
        case .duration: batch.append(try block.durations(), rows)
        case .sequence:
            let first = Int64(clamping: block.header.firstSequence)
            rows.forEach { batch.append(row: $0, SmallDecimal(mantissa: first + Int64($0), exponent: 0)) }
        case .document(let column):
            guard let documents = try block.documents(column) else { return }
            try append(rows, documents, size: block.count, into: &batch, &scratch)
        case .id, .outcome, .codes, .text, .anyText: break
        }
    }

    private func append(
        _ rows: RowSet, _ documents: DocumentColumn, size: Int, into batch: inout NumberBatch,
        _ scratch: inout QueryScratch
    ) throws {
        // Whole objects are cheaper than whole columns for few rows.
        if rows.count * 32 < size {
            var text = ByteWriter(capacity: 1024)
            try rows.forEach { row in
                text.removeAll()
                if try documents.append(row, into: &text) { append(row, text.view, into: &batch, &scratch) }
            }
            return
        }
        try documents.appendNumbers(
            where: { DocumentQuestion.leads($0, to: keys, &scratch) }, in: rows, into: &batch)
        try documents.forEachRaw { row, document in
            if rows.contains(row) { append(row, document, into: &batch, &scratch) }
        }
    }

    private func append(
        _ row: Int, _ document: ByteView, into batch: inout NumberBatch, _ scratch: inout QueryScratch
    ) {
        var walker = JSONPathWalker(document, path)
        while let token = walker.next(&scratch) {
            if token.kind == .number { batch.append(row: row, json: token.raw) }
        }
    }

    /// The smallest and the largest value of a block's events, where the block directory says so.
    func range(_ entry: SegmentOutline.Block) -> ClosedRange<Int64>? {
        switch source {
        case .timestamp: entry.times
        case .recordedAt: entry.recordedTimes
        case .sequence where entry.count > 0:
            Int64(clamping: entry.firstSequence)...Int64(clamping: entry.endSequence - 1)
        default: nil
        }
    }

    /// Adds the numbers of an event that is in no block yet, as those of row 0.
    func append(_ record: RecordRow, into batch: inout NumberBatch, _ scratch: inout QueryScratch) {
        let integer: Int64?
        switch source {
        case .timestamp: integer = record.timestamp
        case .recordedAt: integer = record.recordedAt
        case .duration: integer = record.duration
        case .sequence: integer = Int64(clamping: record.sequence)
        case .document(let column):
            if let document = record.string(column == .details ? .details : .extra) {
                append(0, document, into: &batch, &scratch)
            }
            return
        case .id, .outcome, .codes, .text, .anyText: return
        }
        if let integer { batch.append(row: 0, SmallDecimal(mantissa: integer, exponent: 0)) }
    }
}
