import Synchronization
import TallyrollFormat
import TallyrollIntegrity

/// An open store with its one writer. All calls block or call back; the face of the library makes them async.
///
/// Threads: callers encode and enqueue; the log writer owns chain and log; the block worker owns the open segment.
/// Readers take snapshots and share nothing with either but immutable values.
package final class AuditStore: Sendable {
    private let context: StoreContext
    private let queue: Monitor<AppendQueue>
    private let ending: Ending
    /// What recovery found when the store was opened.
    package let findings: [RecoveryFinding]

    static let lockName = "LOCK"

    /// Opens the store in `storage`, creating it if there is none. One writer at a time: throws `.locked` otherwise.
    package static func open(
        _ storage: any Storage, path: String, options: StoreOptions = StoreOptions(),
        time: any TimeSource = SystemTimeSource(), entropy: any EntropySource = SystemEntropySource()
    ) throws(AuditLogError) -> AuditStore {
        try options.validate()
        do {
            return try AuditStore(storage, path: path, options: options, time: time, entropy: entropy)
        } catch {
            throw AuditLogError.wrapping(error, file: path)
        }
    }

    private init(
        _ storage: any Storage, path: String, options: StoreOptions, time: any TimeSource,
        entropy: any EntropySource
    ) throws {
        // Where the manifest is, the directory's own name was made durable before it.
        if try !storage.exists(StoreManifest.fileName) { try storage.createDirectory("") }
        let lock: any StorageLock
        do throws(StorageError) {
            lock = try storage.lockExclusively(AuditStore.lockName)
        } catch {
            throw error.code == .locked ? AuditLogError.locked(path: path) : .storage(error)
        }
        let isThere = try storage.exists(StoreManifest.fileName)
        var manifest =
            isThere
            ? try StoreManifest.load(from: storage)
            : try AuditStore.createManifest(storage, options, time, entropy)
        let cache = BlockCache(capacity: options.cacheBytes, indexes: options.indexBytes)
        let encoder = BlockEncoder(codec: options.codec, level: options.compressionLevel)
        let recovery = try Recovery(
            storage, manifest: manifest, cache: cache, encoder: encoder, entropy: entropy)
        // Only now is it known that the store can be written.
        if let indexes = options.indexes { manifest = try manifest.choosing(indexes, in: storage) }
        let context = StoreContext(
            storage: storage, time: time, entropy: entropy, options: options, manifest: manifest,
            epoch: recovery.epoch, cache: cache)
        context.state.withLock { state in
            state.segments = recovery.segments
            state.openSegment = recovery.openReader
            state.openEntries = recovery.openEntries
            state.endSequence = recovery.nextSequence
        }
        let queue = Monitor(AppendQueue(capacity: options.queueBytes))
        let commits = try CommitThread { queue.update { _ in } }
        let blocks = try BlockWorker(
            context, progress: recovery.progress, builder: recovery.builder, encoder: encoder,
            onSeal: { queue.update { $0.add(.rotateLog) } },
            onFailure: { failure in queue.update { if $0.failure == nil { $0.failure = failure } } })
        do {
            let writer = try UncheckedTransfer(
                AuditStore.resume(
                    recovery, context: context, queue: queue, commits: commits, blocks: blocks))
            let thread = try WorkerThread("tally-writer") { writer.value.work() }
            ending = Ending(writer: thread, commits: commits, blocks: blocks, lock: lock)
        } catch {
            // The lock is let go of only when no thread touches the files any more.
            commits.close()
            blocks.close()
            lock.unlock()
            throw error
        }
        self.context = context
        self.queue = queue
        findings = recovery.findings + recovery.observed
    }

    private static func createManifest(
        _ storage: any Storage, _ options: StoreOptions, _ time: any TimeSource, _ entropy: any EntropySource
    ) throws -> StoreManifest {
        // Events without a manifest are the remains of something else: never write a new chain beside them.
        let names = try storage.list("")
        guard names.allSatisfy({ SegmentName.number(in: $0) == nil && LogFileName.number(in: $0) == nil })
        else {
            throw FormatError(
                .invalid, "store manifest", offset: 0, expected: "a file \(StoreManifest.fileName)",
                found: "segments or log files without it")
        }
        return try StoreManifest.create(in: storage, options: options, time: time, entropy: entropy)
    }

    /// Turns what was replayed into blocks, writes the rest to a new log file, and only then lets go of the old ones.
    private static func resume(
        _ recovery: Recovery, context: StoreContext, queue: Monitor<AppendQueue>, commits: CommitThread,
        blocks: BlockWorker
    ) throws -> LogWriter {
        var openRun: EventRun?
        var lost = recovery.lost[...]
        for (place, replayed) in recovery.runs.enumerated() {
            while let loss = lost.first, loss.sequences.lowerBound < replayed.run.firstSequence {
                blocks.enqueue(.lose(loss))
                lost.removeFirst()
            }
            context.state.withLock { $0.extendTail(replayed.run, to: replayed.run.count) }
            let isLast = place == recovery.runs.count - 1
            if isLast, lost.isEmpty, !replayed.isClosed, !replayed.run.isFull(blockBytes: context.blockBytes)
            {
                openRun = replayed.run
            } else {
                try blocks.waitForRoom()
                try blocks.enqueue(replayed.run)
            }
        }
        for loss in lost { blocks.enqueue(.lose(loss)) }
        blocks.enqueue(.sync)
        if let failure = blocks.drain() { throw failure }
        context.state.withLock { $0.endSequence = recovery.nextSequence }

        let log = try LogFile.begin(
            number: recovery.nextLogNumber, context: context, progress: blocks.progress, openRun: openRun)
        let writer = try LogWriter(
            context, queue: queue, commits: commits, blocks: blocks, log: log, run: openRun,
            chainHead: recovery.chainHead,
            nextSequence: recovery.nextSequence)
        try writer.appendRecovery(recovery.findings)
        // Only now is everything in the older files, what is wrong with them included, written elsewhere.
        for path in recovery.logFiles where path != log.path { try context.storage.remove(path) }
        return writer
    }

    // MARK: Writing

    package var manifest: StoreManifest { context.manifest }
    package var options: StoreOptions { context.options }
    package var cache: BlockCache { context.cache }
    package var storage: any Storage { context.storage }
    package var time: any TimeSource { context.time }
    /// Where batches come from; the writer gives them back.
    package var batches: BatchPool { context.batches }

    /// The largest event this store takes, in canonical bytes.
    package var eventBytesMax: Int { context.eventBytesMax }

    /// What to do when the queue has no room.
    package enum WhenFull: Sendable {
        case wait
        case timeout(nanoseconds: Int64)
        case drop
        /// Give the request back, so that the caller can wait elsewhere.
        case refuse
    }

    /// What became of a request.
    package enum Enqueued: Sendable, Equatable {
        case accepted, dropped, refused
    }

    /// Puts an append in the queue; its completion is called once, from the writer's thread or from here. Blocks only
    /// as `whenFull` says. A completion must not wait for room: it would keep the thread that makes room.
    package func enqueue(_ request: AppendRequest, whenFull: WhenFull) -> Enqueued {
        if let failure = reject(request) {
            request.answer(.failure(failure))
            return .accepted
        }
        let size = request.bytes
        let outcome: Result<Enqueued, AuditLogError>?
        switch whenFull {
        case .wait:
            outcome = queue.wait { queue in AuditStore.tryAdd(request, size, to: &queue) }
        case .timeout(let nanoseconds):
            outcome =
                queue.wait(nanoseconds: nanoseconds) { queue in AuditStore.tryAdd(request, size, to: &queue) }
                ?? .failure(.queueFull)
        case .refuse:
            outcome = queue.update { queue in AuditStore.tryAdd(request, size, to: &queue) }
        case .drop:
            let now = context.time.nowNanoseconds()
            outcome = queue.update { queue in
                if let added = AuditStore.tryAdd(request, size, to: &queue) { return added }
                queue.drop(count: request.count, at: now)
                return .success(.dropped)
            }
        }
        // The writer waits on the same monitor.
        queue.update { _ in }
        switch outcome {
        case nil: return .refused
        case .success(let enqueued):
            if enqueued == .dropped { request.answer(.failure(.queueFull)) }
            return enqueued
        case .failure(let failure):
            request.answer(.failure(failure))
            return .accepted
        }
    }

    private static func tryAdd(
        _ request: AppendRequest, _ size: Int, to queue: inout AppendQueue
    ) -> Result<Enqueued, AuditLogError>? {
        if let failure = queue.failure { return .failure(failure) }
        if queue.isClosing { return .failure(.closed) }
        guard queue.hasRoom(for: size) else { return nil }
        queue.add(request)
        return .success(.accepted)
    }

    /// Refuses a request that no frame or segment can hold.
    private func reject(_ request: AppendRequest) -> AuditLogError? {
        let limit = context.eventBytesMax
        let offsets = request.batch.offsets
        for index in offsets.indices {
            let end = index + 1 < offsets.count ? Int(offsets[index + 1]) : request.bytes
            let size = end - Int(offsets[index])
            if size > limit { return .eventTooLarge(bytes: size, limit: limit) }
        }
        // Half a frame leaves room for the runs that begin in it.
        guard request.bytes <= Limits.frameBytes / 2 else {
            return .eventTooLarge(bytes: request.bytes, limit: Limits.frameBytes / 2)
        }
        return nil
    }

    /// Bytes of records after which callers cut a large append: little enough for a piece to stay in the processor's
    /// cache from its encoding to its write, and enough for a sync to be worth it.
    package static let pieceBytes = 2 << 20

    /// Makes every append so far durable.
    package func sync(_ completion: @escaping @Sendable (Result<Void, AuditLogError>) -> Void) {
        command(.sync(completion), completion)
    }

    /// Seals the open segment after every append so far.
    package func seal(_ completion: @escaping @Sendable (Result<Void, AuditLogError>) -> Void) {
        command(.seal(completion), completion)
    }

    private func command(
        _ command: WriterCommand, _ completion: @Sendable (Result<Void, AuditLogError>) -> Void
    ) {
        let refusal = queue.update { queue -> AuditLogError? in
            if let failure = queue.failure { return failure }
            if queue.isClosing { return .closed }
            queue.add(command)
            return nil
        }
        if let refusal { completion(.failure(refusal)) }
    }

    /// Ends the threads after everything that was accepted is durable, and lets go of the lock. Gives the failure
    /// that stopped the log, if one did. Blocks until all of that is done, unless a completion calls it.
    @discardableResult
    package func close() -> AuditLogError? {
        queue.update { $0.isClosing = true }
        ending.run()
        context.appended.close()
        return queue.withLock { $0.failure }
    }

    /// Waits for the threads and lets go of the lock, once; whoever comes second waits for that too.
    private final class Ending: Sendable {
        private let writer: WorkerThread
        private let commits: CommitThread
        private let blocks: BlockWorker
        private let lock: any StorageLock
        private let isDone = Mutex(false)

        init(writer: WorkerThread, commits: CommitThread, blocks: BlockWorker, lock: any StorageLock) {
            self.writer = writer
            self.commits = commits
            self.blocks = blocks
            self.lock = lock
        }

        func run() {
            guard writer.isCurrent || commits.isCurrent || blocks.isCurrent else { return finish() }
            // A completion closes the log, or let go of it last. Its thread cannot wait for its own end, so another
            // does. Without another the lock stays held until the process ends, which is safe.
            _ = try? WorkerThread("tally-close") { self.finish() }
        }

        private func finish() {
            isDone.withLock { done in
                guard !done else { return }
                writer.join()
                commits.close()
                blocks.close()
                lock.unlock()
                done = true
            }
        }
    }

    deinit { close() }

    // MARK: Reading

    /// Every acknowledged event at this moment.
    package func snapshot() -> StoreSnapshot {
        context.state.withLock { $0.snapshot(storeID: context.manifest.storeID) }
    }

    /// Announced when a snapshot holds more events than one before; closed when no more will come.
    package var appended: ChangeSignal { context.appended }

    /// The failure that stopped the log, if one did.
    package var failure: AuditLogError? { queue.withLock { $0.failure } }
}
