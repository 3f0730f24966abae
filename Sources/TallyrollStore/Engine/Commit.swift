import Synchronization

/// The appends of one frame that was written, and what there is to say about them once it has the durability asked
/// for.
///
/// `@unchecked Sendable`: the writer hands it on whole to the thread that syncs and does not touch it any more.
struct Commit: @unchecked Sendable {
    private let requests: [AppendRequest]
    private let recordedAt: Int64
    /// The runs that hold the frame's events, each with its rows up to the frame's last.
    private let runs: [(run: EventRun, count: Int)]
    private let context: StoreContext

    init(_ requests: [AppendRequest], recordedAt: Int64, runs: [EventRun], context: StoreContext) {
        self.requests = requests
        self.recordedAt = recordedAt
        self.runs = runs.map { (run: $0, count: $0.count) }
        self.context = context
    }

    /// Answers the requests whose durability is `level`, saying what was met. What is acknowledged is visible before.
    func acknowledge(upTo level: Durability) {
        guard requests.contains(where: { $0.durability == level }) else { return }
        context.state.withLock { state in
            for (run, count) in runs { state.extendTail(run, to: count) }
        }
        context.appended.announce()
        for request in requests where request.durability == level {
            request.answer(
                .success(
                    AppendReceipt(
                        firstSequence: request.firstSequence, count: request.count, recordedAt: recordedAt,
                        durability: level, storeTag: context.manifest.storeTag)))
        }
    }

    /// Tells every request that has no answer yet what stopped the log.
    func refuse(_ failure: AuditLogError) {
        for request in requests { request.answer(.failure(failure)) }
    }

    /// Hashes the events into their runs' part of the tree, ahead of the block thread, which has more to do.
    func hashTree() {
        for (run, count) in runs { run.hashTree(upTo: count) }
    }

    /// Gives the memory of the batches back: nobody looks at them any more.
    func release() {
        for request in requests { context.batches.give(request.takeBatch()) }
    }
}
