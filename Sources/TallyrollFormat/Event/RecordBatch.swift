/// Encoded records of one append, back to back, with where each begins: built on the caller's thread, then handed
/// on whole and never changed again.
package struct RecordBatch: ~Copyable {
    package var bytes: ByteWriter
    /// Where each record begins in `bytes`.
    package var offsets: [UInt32]

    package init(capacity: Int = 4096) {
        bytes = ByteWriter(capacity: capacity)
        offsets = []
    }

    package var count: Int { offsets.count }

    /// Bytes of memory that the batch holds for records.
    package var capacity: Int { bytes.capacity }

    package mutating func removeAll() {
        bytes.removeAll()
        offsets.removeAll(keepingCapacity: true)
    }
}
