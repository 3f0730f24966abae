import TallyrollFormat
import TallyrollStore

/// Gathers records into batches and hands them to the store. Several batches are on their way at a time: parsing
/// goes on while the writer syncs, and the writer takes all that wait into one frame.
struct BatchSender: ~Copyable {
    /// The batch that is being filled.
    var batch: RecordBatch
    let acknowledgements = Acknowledgements()
    private let store: AuditStore
    private let durability: Durability

    private static let eventsMax = 1000
    private static let bytesMax = 512 << 10

    init(_ store: AuditStore, durability: Durability) {
        self.store = store
        self.durability = durability
        batch = store.batches.take()
    }

    /// Takes note of the record that begins at `start` and ends where the batch does; sends the batch when it is
    /// full, and says whether it did.
    @inline(__always)
    mutating func commit(from start: Int) throws -> Bool {
        batch.offsets.append(UInt32(start))
        guard batch.count >= BatchSender.eventsMax || batch.bytes.count >= BatchSender.bytesMax else {
            return false
        }
        try send()
        return true
    }

    /// Sends what has gathered. Waits while the store's queue is full.
    mutating func send() throws {
        guard batch.count > 0 else { return }
        if let failure = acknowledgements.current.failure { throw CommandFailure(failure) }
        var full = store.batches.take()
        swap(&full, &batch)
        let acknowledgements = acknowledgements
        acknowledgements.expect()
        let request = AppendRequest(full, durability: durability) { acknowledgements.settle($0) }
        _ = store.enqueue(request, whenFull: .wait)
    }
}
