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

    /// Appends events in their order. Up to 2 MiB of encoded events are one piece: they get consecutive sequences, are
    /// synced together, and after a crash are all there or none is. A larger append goes out in pieces of that size,
    /// each with a receipt of its own, and returns when the last of them has its durability. What others append
    /// meanwhile may stand between its pieces; when it throws, pieces before the failure may be in the log.
    @discardableResult
    public func append(
        contentsOf events: some Sequence<AuditEvent>, durability: Durability? = nil
    ) async throws(AuditLogError) -> [AppendReceipt] {
        var receipts: [AppendReceipt] = []
        var batch = store.batches.take()
        for event in events {
            try encode(event, into: &batch)
            guard batch.bytes.count >= AuditStore.pieceBytes else { continue }
            let piece = batch
            batch = store.batches.take()
            receipts.append(try await submit(piece, durability))
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
        var pieces = SubmittedPieces()
        var batch = store.batches.take()
        // An array's events are encoded where they lie; any other sequence is gone through once.
        let isDone = try events.withContiguousEvents { (events) throws(AuditLogError) in
            for index in events.indices { try add(events[index], to: &batch, durability, &pieces) }
        }
        if !isDone {
            for event in events { try add(BorrowedEvent(event: event), to: &batch, durability, &pieces) }
        }
        if batch.count > 0 { try pieces.add(hand(batch, durability)) }
        return try pieces.finish()
    }

    /// Adds an event to a batch, and hands the batch over when it is a whole piece: the writer and the block thread work
    /// on it while the next is encoded, and it is still in the processor's cache. Never inlined: a parameter that is
    /// borrowed is read in place, where the compiler would copy an element of a buffer, strings and all.
    @inline(never)
    private func add(
        _ event: borrowing BorrowedEvent, to batch: inout RecordBatch, _ durability: Durability?,
        _ pieces: inout SubmittedPieces
    ) throws(AuditLogError) {
        try encode(event.event, into: &batch)
        guard batch.bytes.count >= AuditStore.pieceBytes else { return }
        let piece = batch
        batch = store.batches.take()
        try pieces.add(hand(piece, durability))
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
        try hand(batch, durability).wait()
    }

    /// Puts a batch in the queue, for which it waits while there is no room.
    private func hand(_ batch: consuming RecordBatch, _ durability: Durability?) -> SubmittedPieces.Outcome {
        let outcome = SubmittedPieces.Outcome()
        let request = AppendRequest(batch, durability: durability ?? store.options.durability) {
            outcome.set($0)
        }
        _ = store.enqueue(request, whenFull: .wait)
        return outcome
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
