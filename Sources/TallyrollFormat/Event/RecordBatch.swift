/// Encoded records of one append, back to back, with where each begins: built on the caller's thread, then handed
/// on whole and never changed again.
package struct RecordBatch: ~Copyable {
    package var bytes: ByteWriter
    /// Where each record begins in `bytes`.
    package var offsets: [UInt32]

    /// What a record takes at least, mostly: so much room is made for offsets that they do not move as a batch fills.
    private static let typicalRecordBytes = 64

    package init(capacity: Int = 4096) {
        bytes = ByteWriter(capacity: capacity)
        offsets = []
        offsets.reserveCapacity(capacity / RecordBatch.typicalRecordBytes)
    }

    package var count: Int { offsets.count }

    /// Bytes of memory that the batch holds for records.
    package var capacity: Int { bytes.capacity }

    package mutating func removeAll() {
        bytes.removeAll()
        offsets.removeAll(keepingCapacity: true)
    }
}
