import Synchronization
import TallyrollFormat
import TallyrollIntegrity

/// The thread that turns closed runs into blocks, fills segments with them and seals those.
///
/// It is handed jobs in order. When it falls behind, `waitForRoom` makes the writer wait: memory stays bounded, and
/// producers feel it as back-pressure. What it does with a job is `BlockLine`'s.
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

    private let inbox: Monitor<Inbox>
    private let thread: WorkerThread

    init(
        _ context: StoreContext, progress: BlockProgress, builder: SegmentBuilder?, encoder: BlockEncoder,
        onSeal: @escaping @Sendable () -> Void, onFailure: @escaping @Sendable (AuditLogError) -> Void
    ) throws(StorageError) {
        let inbox = Monitor(Inbox(progress: progress))
        self.inbox = inbox
        let line = UncheckedTransfer(
            BlockLine(
                context: context, builder: builder, encoder: encoder, progress: progress,
                onSealed: { inbox.update { _ in } }))
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

    private enum Turn {
        case job(Job)
        /// The segment under way is sealed, or could not be.
        case sealed
    }

    private static func work(
        _ inbox: Monitor<Inbox>, _ line: BlockLine, onSeal: @Sendable () -> Void,
        onFailure: @Sendable (AuditLogError) -> Void
    ) {
        var failure: AuditLogError?
        while true {
            let turn = inbox.wait { inbox -> Turn?? in
                if line.hasSealed { return .some(.sealed) }
                if !inbox.jobs.isEmpty {
                    inbox.isBusy = true
                    return .some(.job(inbox.jobs.removeFirst()))
                }
                return inbox.isClosing && !line.isSealing ? .some(nil) : nil
            }
            guard let turn else { break }
            let sealedBefore = line.progress.sealedSegments
            do {
                switch turn {
                case .sealed where failure != nil: line.abandonSeal()
                case .sealed: try line.finishSeal()
                case .job(let job): if failure == nil { try line.perform(job) }
                }
            } catch {
                let cause = AuditLogError.wrapping(error)
                failure = cause
                onFailure(cause)
            }
            let progress = line.progress
            inbox.update {
                $0.failure = failure
                $0.isBusy = line.isSealing
                $0.progress = progress
                if case .job(.run) = turn { $0.runs -= 1 }
            }
            // Whoever is told now finds the progress up to date.
            if progress.sealedSegments > sealedBefore { onSeal() }
            // A seal is always answered, also when it could not be done.
            if case .job(.seal(let completion)) = turn {
                completion(failure.map { .failure($0) } ?? .success(()))
            }
        }
        // After a failure nothing is tried again on the descriptor.
        if failure == nil { line.close() }
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
