import Synchronization
import TallyrollFormat

/// Keeps the memory of large batches that were written for those to come: the system would clear fresh pages for
/// every batch, and a batch that grows from nothing copies itself again and again.
package final class BatchPool: Sendable {
    /// `@unchecked Sendable`: it has one owner at a time, the pool or whoever takes it.
    private final class Idle: @unchecked Sendable {
        let capacity: Int
        private var batch: RecordBatch?

        init(_ batch: consuming RecordBatch) {
            capacity = batch.capacity
            self.batch = consume batch
        }

        func take() -> RecordBatch {
            let taken = batch.take()
            return taken ?? RecordBatch()
        }
    }

    /// As many as come back together when frames of small ones were synced. Two producers that append in pieces have
    /// three each in hand at most times.
    private static let idleMax = 32
    /// Memory that is kept: so many batches of the size of a piece, which they outgrew by one event.
    private static let idleBytesMax = 8 * 2 * AuditStore.pieceBytes
    /// Smaller memory is cheap to get.
    private static let capacityMin = 32 << 10
    /// Memory up to this size is kept whatever it held.
    private static let smallCapacity = 1 << 20
    /// Memory so many times larger than what it held is given back: nobody writes batches of its size any more.
    private static let spareFactor = 16

    private let idle = Mutex<[Idle]>([])

    /// An empty batch, its memory warm if there is one.
    package func take() -> RecordBatch {
        guard let found = idle.withLock({ $0.popLast() }) else { return RecordBatch(capacity: 64 << 10) }
        return found.take()
    }

    /// Takes back a batch that nobody looks at any more.
    func give(_ given: consuming RecordBatch) {
        var batch = given
        let capacity = batch.capacity
        let used = batch.bytes.count
        guard capacity >= BatchPool.capacityMin,
            capacity <= BatchPool.smallCapacity || used > capacity / BatchPool.spareFactor
        else { return }
        batch.removeAll()
        let kept = Idle(batch)
        idle.withLock { idle in
            let held = idle.reduce(0) { $0 + $1.capacity }
            guard idle.count < BatchPool.idleMax, held + capacity <= BatchPool.idleBytesMax else { return }
            idle.append(kept)
        }
    }
}
