import Synchronization
import TallyrollFormat
import TallyrollIntegrity

/// The thread that turns closed runs into blocks, fills segments with them and seals those.
///
/// It is handed jobs in order. When it falls behind, `enqueue` makes the writer wait: memory stays bounded, and
/// producers feel it as back-pressure.
final class BlockWorker: Sendable {
    enum Job: Sendable {
        case run(EventRun, seeds: [UInt8])
        case seal(@Sendable (Result<Void, AuditLogError>) -> Void)
        /// Make every block so far durable.
        case sync
        /// Events are lost: the segment says so and is sealed.
        case lose(LogReplay.Loss)
    }

    private struct Inbox {
        var jobs: [Job] = []
        var runs = 0
        var isBusy = false
        var isClosing = false
        var failure: AuditLogError?
        var progress: BlockProgress
    }

    /// Runs that may wait. Each is at most a block's worth of events in memory.
    private static let runsMax = 8
    /// Block bytes after which the segment is synced: what a recovery may have to build again stays small.
    private static let syncBytes = 2 << 20

    private let inbox: Monitor<Inbox>
    private let context: StoreContext
    private let thread: WorkerThread

    init(
        _ context: StoreContext, progress: BlockProgress, builder: SegmentBuilder?, encoder: BlockEncoder,
        onSeal: @escaping @Sendable () -> Void, onFailure: @escaping @Sendable (AuditLogError) -> Void
    ) throws(StorageError) {
        self.context = context
        let inbox = Monitor(Inbox(progress: progress))
        self.inbox = inbox
        let line = UncheckedTransfer(
            Line(context: context, builder: builder, encoder: encoder, progress: progress))
        thread = try WorkerThread("tally-blocks") {
            BlockWorker.work(inbox, line.value, onSeal: onSeal, onFailure: onFailure)
        }
    }

    /// Waits while too many runs are waiting. Those of one large append are in memory already and are handed over
    /// together, so that the next append is under way while blocks are made of them.
    func waitForRoom() throws {
        let failure = inbox.wait { inbox -> AuditLogError?? in
            if let failure = inbox.failure { return failure }
            return inbox.runs < BlockWorker.runsMax ? .some(nil) : nil
        }
        if let failure { throw failure }
    }

    /// Hands over a closed run.
    func enqueue(_ run: EventRun) throws {
        var seeds: [UInt8] = []
        SeedSet(root: try Bytes16.checked(run.seed)).encode(into: &seeds)
        inbox.update {
            $0.jobs.append(.run(run, seeds: seeds))
            $0.runs += 1
        }
    }

    func enqueue(_ job: Job) { inbox.update { $0.jobs.append(job) } }

    /// What is synced at the moment.
    var progress: BlockProgress { inbox.withLock { $0.progress } }

    /// Waits until every job so far is done; gives the failure, if one stopped the work.
    func drain() -> AuditLogError? {
        inbox.wait { inbox -> AuditLogError?? in
            if let failure = inbox.failure { return .some(failure) }
            return inbox.jobs.isEmpty && !inbox.isBusy ? .some(nil) : nil
        }
    }

    /// Whether the caller runs on the worker's thread.
    var isCurrent: Bool { thread.isCurrent }

    /// Ends the thread after the jobs so far, and closes the open segment.
    func close() {
        inbox.update { $0.isClosing = true }
        thread.join()
    }

    private static func work(
        _ inbox: Monitor<Inbox>, _ line: Line, onSeal: @Sendable () -> Void,
        onFailure: @Sendable (AuditLogError) -> Void
    ) {
        var failure: AuditLogError?
        while true {
            let job = inbox.wait { inbox -> Job?? in
                if !inbox.jobs.isEmpty {
                    inbox.isBusy = true
                    return .some(inbox.jobs.removeFirst())
                }
                return inbox.isClosing ? .some(nil) : nil
            }
            guard let job else { break }
            let sealedBefore = line.progress.sealedSegments
            if failure == nil {
                do {
                    try line.perform(job)
                } catch {
                    let cause = AuditLogError.wrapping(error)
                    failure = cause
                    onFailure(cause)
                }
            }
            let progress = line.progress
            inbox.update {
                $0.failure = failure
                $0.isBusy = false
                $0.progress = progress
                if case .run = job { $0.runs -= 1 }
            }
            // Whoever is told now finds the progress up to date.
            if progress.sealedSegments > sealedBefore { onSeal() }
            // A seal is always answered, also when it could not be done.
            if case .seal(let completion) = job {
                completion(failure.map { .failure($0) } ?? .success(()))
            }
        }
        // After a failure nothing is tried again on the descriptor.
        if failure == nil { line.close() }
    }

    /// The worker's own state; touched by its thread alone.
    private final class Line {
        private let context: StoreContext
        private var builder: SegmentBuilder?
        private let encoder: BlockEncoder
        private(set) var progress: BlockProgress
        private var unsynced = 0
        private var reader: SegmentReader?
        /// Chain and tree after the last block, also when no segment is open.
        private var chainHead: Digest
        private var frontier: Frontier
        private var nextSequence: UInt64

        init(
            context: StoreContext, builder: SegmentBuilder?, encoder: BlockEncoder, progress: BlockProgress
        ) {
            self.context = context
            self.builder = builder
            self.encoder = encoder
            self.progress = progress
            chainHead = builder?.chainHead ?? progress.chainHead
            frontier = builder?.frontier ?? progress.frontier
            nextSequence = builder?.nextSequence ?? progress.upTo
            reader = context.state.withLock { $0.openSegment }
        }

        func perform(_ job: Job) throws {
            switch job {
            case .run(let run, let seeds): try write(run, seeds: seeds)
            case .seal: try seal()
            case .sync: try sync()
            case .lose(let loss): try lose(loss)
            }
        }

        private func write(_ run: EventRun, seeds: [UInt8]) throws {
            // Columns are never larger than the records they come from, apart from fixed overhead.
            if let builder, builder.isFull(for: run.recordBytes + (64 << 10)) { try seal() }
            let builder = try openBuilder(at: run.firstSequence)
            let entry = try builder.append(run.encoded(seeds))
            let reader = reader ?? openReader(builder)
            try reader.announce(try builder.newTerms())
            context.state.withLock { $0.replaceRun(run, with: entry, in: reader) }
            note(builder)
            unsynced += entry.length
            if unsynced >= BlockWorker.syncBytes { try sync() }
        }

        private func note(_ builder: SegmentBuilder) {
            chainHead = builder.chainHead
            frontier = builder.frontier
            nextSequence = builder.nextSequence
        }

        private func openBuilder(at sequence: UInt64) throws -> SegmentBuilder {
            if let builder { return builder }
            let header = SegmentHeader(
                storeID: context.manifest.storeID, number: progress.sealedSegments + 1, epoch: context.epoch,
                firstSequence: sequence, capacity: context.manifest.segmentBytes,
                created: context.time.nowNanoseconds(), blockEvents: context.manifest.blockEvents,
                chainBefore: chainHead.array, frontier: frontier.hashes.map { $0.array },
                indexes: context.indexes)
            let created = try SegmentBuilder.create(header, in: context.storage, encoder: encoder)
            builder = created
            progress.openSince = created.header.created
            return created
        }

        private func openReader(_ builder: SegmentBuilder) -> SegmentReader {
            let opened = SegmentReader(
                open: builder.path, header: builder.header, file: builder.file, cache: context.cache)
            reader = opened
            return opened
        }

        private func sync() throws {
            guard let builder else { return }
            try builder.sync()
            unsynced = 0
            progress.upTo = builder.nextSequence
            progress.chainHead = builder.chainHead
            progress.frontier = builder.frontier
        }

        private func seal() throws {
            guard let builder, !builder.isEmpty else { return }
            // The file stays open for snapshots that read it; it is closed when the last of them goes.
            try builder.seal()
            let sealed = try SegmentReader(
                builder.path, in: context.storage, cache: context.cache, mustBeSealed: true)
            context.state.withLock { $0.replaceOpenSegment(with: sealed) }
            note(builder)
            progress = BlockProgress(
                upTo: builder.nextSequence, chainHead: builder.chainHead, frontier: builder.frontier,
                sealedSegments: builder.header.number)
            self.builder = nil
            reader = nil
            unsynced = 0
        }

        private func lose(_ loss: LogReplay.Loss) throws {
            guard loss.sequences.upperBound > nextSequence else { return }
            let builder = try openBuilder(at: nextSequence)
            builder.giveUp(loss)
            try seal()
        }

        func close() {
            // Nothing depends on this sync: the log still holds what it would make durable.
            try? sync()
            try? builder?.releaseReserved()
        }
    }
}

/// Carries a value that is handed over whole to one other thread and not used here any more; `@unchecked Sendable` for
/// that reason.
struct UncheckedTransfer<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension Duration {
    /// Whole nanoseconds, as far as they fit 64 bits.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : product &+ attoseconds / 1_000_000_000
    }
}

extension AuditLogError {
    /// Any error of the engine as one that callers know.
    static func wrapping(_ error: any Error, file: String = "store") -> AuditLogError {
        switch error {
        case let error as AuditLogError: error
        case let error as StorageError: .storage(error)
        case let error as FormatError: .damaged(file: file, error)
        case let error as EventError: .invalidEvent(error)
        default: .failed(cause: "\(error)")
        }
    }
}
