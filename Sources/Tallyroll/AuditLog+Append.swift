import TallyrollFormat
import TallyrollStore

extension AuditLog {
    /// Appends one event. When this returns, the event has the durability asked for and every reader finds it.
    ///
    /// - Parameters:
    ///   - event: Its timestamp is the time of the call if it has none; its id is minted if it has none.
    ///   - durability: When to return; the store's default if nil.
    /// - Returns: Where the event stands, and what was promised.
    /// - Throws: `.invalidEvent` or `.eventTooLarge` for an event that cannot be stored; `.failed` after a failed
    ///   write, until the log is opened again; `.closed`.
    /// - Complexity: O(bytes of the event), plus one sync that is shared with every append under way.
    @discardableResult
    public func append(
        _ event: AuditEvent, durability: Durability? = nil
    ) async throws(AuditLogError) -> AppendReceipt {
        var batch = RecordBatch(capacity: 512)
        try encode(event, into: &batch)
        return try await submit(batch, durability)
    }

    /// Appends events as one frame: they get consecutive sequences, are synced together, and after a crash are all
    /// there or none is. Batches beyond 32 MiB of encoded events are split into several frames.
    @discardableResult
    public func append(
        contentsOf events: some Sequence<AuditEvent>, durability: Durability? = nil
    ) async throws(AuditLogError) -> [AppendReceipt] {
        var receipts: [AppendReceipt] = []
        var batch = store.batches.take()
        for event in events {
            let before = batch.bytes.count
            try encode(event, into: &batch)
            if batch.bytes.count > AuditStore.appendBytesMax, batch.count > 1 {
                let last = AuditLog.splitLast(&batch, at: before)
                receipts.append(try await submit(batch, durability))
                batch = last
            }
        }
        if batch.count > 0 { receipts.append(try await submit(batch, durability)) }
        return receipts
    }

    /// `append` for code that is not async: blocks the calling thread.
    @discardableResult
    public func appendBlocking(
        _ event: AuditEvent, durability: Durability? = nil
    ) throws(AuditLogError) -> AppendReceipt {
        var batch = RecordBatch(capacity: 512)
        try encode(event, into: &batch)
        return try submitBlocking(batch, durability)
    }

    /// `append(contentsOf:)` for code that is not async: blocks the calling thread.
    @discardableResult
    public func appendBlocking(
        contentsOf events: some Sequence<AuditEvent>, durability: Durability? = nil
    ) throws(AuditLogError) -> [AppendReceipt] {
        var receipts: [AppendReceipt] = []
        var batch = store.batches.take()
        // An array's events are encoded where they lie; any other sequence is gone through once.
        let isDone = try events.withContiguousEvents { (events) throws(AuditLogError) in
            for index in events.indices {
                try add(events[index].event, to: &batch, durability, &receipts)
            }
        }
        if !isDone {
            for event in events { try add(event, to: &batch, durability, &receipts) }
        }
        if batch.count > 0 { receipts.append(try submitBlocking(batch, durability)) }
        return receipts
    }

    /// Adds an event to a batch, and hands the batch over before it grows too large for one frame.
    private func add(
        _ event: borrowing AuditEvent, to batch: inout RecordBatch, _ durability: Durability?,
        _ receipts: inout [AppendReceipt]
    ) throws(AuditLogError) {
        let before = batch.bytes.count
        try encode(event, into: &batch)
        guard batch.bytes.count > AuditStore.appendBytesMax, batch.count > 1 else { return }
        let last = AuditLog.splitLast(&batch, at: before)
        let full = batch
        batch = last
        receipts.append(try submitBlocking(full, durability))
    }

    /// Hands an event over and returns at once, as far as the back-pressure policy allows: for code that must not
    /// wait for the disk. Under `.drop` an event that finds the queue full is dropped, and a gap record of type
    /// `tallyroll.gap` says so in the log; under `.wait` and `.timeout` the calling thread waits for room.
    ///
    /// - Returns: False when the event was not accepted: dropped, timed out, or the log has stopped.
    /// - Throws: `.invalidEvent` or `.eventTooLarge`: mistakes that waiting cannot mend.
    @discardableResult
    public func record(_ event: AuditEvent) throws(AuditLogError) -> Bool {
        var batch = RecordBatch(capacity: 512)
        try encode(event, into: &batch)
        let whenFull: AuditStore.WhenFull =
            switch store.options.backPressure {
            case .wait: .wait
            case .timeout(let duration): .timeout(nanoseconds: duration.nanoseconds)
            case .drop: .drop
            }
        let refused = Monitor(false)
        let request = AppendRequest(batch, durability: store.options.durability) { result in
            if case .failure = result { refused.withLock { $0 = true } }
        }
        let enqueued = store.enqueue(request, whenFull: whenFull)
        return enqueued == .accepted && !refused.withLock { $0 }
    }

    // MARK: Encoding and handing over

    private func encode(_ event: borrowing AuditEvent, into batch: inout RecordBatch) throws(AuditLogError) {
        let start = batch.bytes.count
        let now = Timestamp(nanosecondsSince1970: event.timestamp == nil ? store.time.nowNanoseconds() : 0)
        do throws(EventError) {
            _ = try event.encode(now: now, into: &batch.bytes)
        } catch {
            batch.bytes.truncate(to: start)
            throw .invalidEvent(error)
        }
        let size = batch.bytes.count - start
        guard size <= store.eventBytesMax else {
            batch.bytes.truncate(to: start)
            throw .eventTooLarge(bytes: size, limit: store.eventBytesMax)
        }
        batch.offsets.append(UInt32(start))
    }

    /// Moves the last record of a batch, which begins at `start`, into a batch of its own.
    private static func splitLast(_ batch: inout RecordBatch, at start: Int) -> RecordBatch {
        var rest = RecordBatch(capacity: batch.bytes.count - start)
        rest.bytes.bytes(batch.bytes.view.trusted(start, batch.bytes.count - start))
        rest.offsets.append(0)
        batch.bytes.truncate(to: start)
        batch.offsets.removeLast()
        return rest
    }

    private func submit(
        _ batch: consuming RecordBatch, _ durability: Durability?
    ) async throws(AuditLogError) -> AppendReceipt {
        let level = durability ?? store.options.durability
        let handed = SubmittedBatch(batch)
        let result = await withCheckedContinuation { continuation in
            let request = AppendRequest(handed.take(), durability: level) {
                continuation.resume(returning: $0)
            }
            // A full queue is waited for on a thread of our own, not on one of the cooperative pool's.
            if store.enqueue(request, whenFull: .refuse) == .refused {
                DedicatedThreads.start { [store] in _ = store.enqueue(request, whenFull: .wait) }
            }
        }
        return try result.get()
    }

    private func submitBlocking(
        _ batch: consuming RecordBatch, _ durability: Durability?
    ) throws(AuditLogError) -> AppendReceipt {
        let outcome = Monitor<Result<AppendReceipt, AuditLogError>?>(nil)
        let request = AppendRequest(batch, durability: durability ?? store.options.durability) { result in
            outcome.update { $0 = result }
        }
        _ = store.enqueue(request, whenFull: .wait)
        return try outcome.wait { $0 }.get()
    }
}

/// Carries a batch into a closure that runs once.
private final class SubmittedBatch {
    private var batch: RecordBatch?

    init(_ batch: consuming RecordBatch) { self.batch = consume batch }

    func take() -> RecordBatch {
        let taken = batch.take()
        return taken ?? RecordBatch(capacity: 16)
    }
}

/// An event where it lies, of the same layout. It cannot be copied, so that reading it from memory borrows it: a copy
/// would retain and release every string of the event.
private struct BorrowedEvent: ~Copyable {
    let event: AuditEvent
}

extension Sequence where Element == AuditEvent {
    /// Calls `body` with the events where they lie in memory; false, and nothing called, for sequences that have none.
    fileprivate func withContiguousEvents(
        _ body: (UnsafeBufferPointer<BorrowedEvent>) throws(AuditLogError) -> Void
    ) throws(AuditLogError) -> Bool {
        let result = withContiguousStorageIfAvailable { events -> Result<Void, AuditLogError> in
            let start = UnsafeRawPointer(events.baseAddress)?.assumingMemoryBound(to: BorrowedEvent.self)
            do throws(AuditLogError) {
                return .success(try body(UnsafeBufferPointer(start: start, count: events.count)))
            } catch {
                return .failure(error)
            }
        }
        guard let result else { return false }
        try result.get()
        return true
    }
}
