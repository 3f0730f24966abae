import TallyrollFormat

/// One record at its place in a store, as a filter sees it.
package struct RecordRow: EventRow {
    package let record: RecordView
    package let sequence: UInt64
    package let recordedAt: Int64
    private let storeTag: UInt64

    package init(_ record: RecordView, sequence: UInt64, recordedAt: Int64, storeTag: UInt64) {
        self.record = record
        self.sequence = sequence
        self.recordedAt = recordedAt
        self.storeTag = storeTag
    }

    @inline(__always)
    package func string(_ field: StringField) -> ByteView? { record[field] }
    package var timestamp: Int64 { record.timestamp }
    package var duration: Int64? { record.duration }
    package var outcome: OutcomeKind { record.outcome }

    package func withID<R>(_ body: (ByteView?) -> R) -> R {
        if let id = record[.id] { return body(id) }
        var minted = ByteWriter(capacity: 64)
        MintedID.write(recordedAt: recordedAt, sequence: sequence, storeTag: storeTag, into: &minted)
        return body(minted.view)
    }
}
