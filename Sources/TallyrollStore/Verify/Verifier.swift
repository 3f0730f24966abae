import Synchronization
import TallyrollFormat
import TallyrollIntegrity

/// Verifies everything that a snapshot shows: reads the stored bytes again, takes every event out of them, hashes it,
/// and compares chain, tree and indexes with what the files claim.
///
/// It looks at the snapshot and at nothing that comes later, so it may run beside a writer. Problems of the
/// write-ahead log are known to whoever recovered it and are handed in.
package struct Verifier: Sendable {
    private let snapshot: StoreSnapshot
    private let options: VerificationOptions
    private let knownProblems: [VerificationProblem]

    package init(
        _ snapshot: StoreSnapshot, options: VerificationOptions = VerificationOptions(),
        knownProblems: [VerificationProblem] = []
    ) {
        self.snapshot = snapshot
        self.options = options
        self.knownProblems = knownProblems
    }

    /// Verifies on threads of its own, without occupying the cooperative pool. Cancelling the task ends it soon.
    package func report() async throws -> VerificationReport {
        let isCancelled = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await DedicatedThreads.perform { try run { isCancelled.value } }
        } onCancel: {
            isCancelled.set()
        }
    }

    /// Verifies, and keeps the calling thread busy until it is done.
    package func run() throws -> VerificationReport { try run { false } }

    private func run(_ isCancelled: @escaping @Sendable () -> Bool) throws -> VerificationReport {
        let work = VerificationWork(snapshot, options: options, isCancelled: isCancelled)
        DedicatedThreads.run(options.threads ?? DedicatedThreads.processorCount) { _ in work.runThread() }
        var walk = try work.walked()
        for tail in snapshot.tail { walk.pass(tail) }
        walk.finish(endSequence: snapshot.endSequence)
        return VerificationReport(
            events: snapshot.endSequence - min(snapshot.firstSequence, snapshot.endSequence),
            segments: snapshot.segments.count, chainHead: walk.head.map { "\($0)" },
            treeSize: snapshot.endSequence,
            treeRoot: walk.frontier.map { "\($0.root)" }, problems: walk.problems + knownProblems)
    }
}

/// The blocks of a verification, handed out to its threads one by one, and the walk that follows behind them.
private final class VerificationWork: Sendable {
    private struct State {
        /// The block to hand out next.
        var segment = 0
        var block = 0
        /// Segments whose blocks are all checked, until the walk has passed those before them.
        var finished: [Int: SegmentCheck] = [:]
        var walkedSegments = 0
        var walk: StoreWalk
        var eventsDone: UInt64 = 0
        var isStopped = false
    }

    private let segments: Mutex<[SegmentCheck?]>
    private let counts: [Int]
    private let state: Mutex<State>
    private let options: VerificationOptions
    private let total: UInt64
    private let isCancelled: @Sendable () -> Bool

    init(_ snapshot: StoreSnapshot, options: VerificationOptions, isCancelled: @escaping @Sendable () -> Bool)
    {
        let last = snapshot.segments.count - 1
        segments = Mutex(
            snapshot.segments.enumerated().map {
                SegmentCheck($0.element, isLast: $0.offset == last, isQuick: options.isQuick)
            })
        counts = snapshot.segments.map(\.entries.count)
        state = Mutex(State(walk: StoreWalk(storeID: snapshot.storeID)))
        self.options = options
        self.isCancelled = isCancelled
        total = snapshot.segments.reduce(0) { $0 + $1.entries.reduce(0) { $0 + UInt64($1.count) } }
    }

    /// Takes blocks until there are none.
    func runThread() {
        var checker = BlockChecker()
        while let (number, position) = take() {
            guard let segment = segments.withLock({ $0[number] }) else { continue }
            segment.prepare()
            guard let position else {
                finish(segment, number)
                continue
            }
            let result = checker.check(position, of: segment)
            let isLast = segment.take(result, at: position)
            note(events: segment.entries[position].count)
            if isLast { finish(segment, number) }
        }
    }

    /// The next block: the number of its segment and its place there; no place stands for a segment without blocks.
    private func take() -> (segment: Int, block: Int?)? {
        let isCancelled = isCancelled() || options.isCancelled?() ?? false
        return state.withLock { state in
            if isCancelled { state.isStopped = true }
            guard !state.isStopped, state.segment < counts.count else { return nil }
            let number = state.segment
            let block = state.block < counts[number] ? state.block : nil
            state.block += 1
            if state.block >= counts[number] {
                state.segment += 1
                state.block = 0
            }
            return (number, block)
        }
    }

    private func note(events: Int) {
        state.withLock { state in
            state.eventsDone += UInt64(events)
            options.progress?(state.eventsDone, total)
        }
    }

    private func finish(_ segment: SegmentCheck, _ number: Int) {
        segment.finish()
        // What the walk has passed is given back: memory does not grow with the store.
        let passed = state.withLock { state -> Range<Int> in
            state.finished[number] = segment
            let first = state.walkedSegments
            while let next = state.finished.removeValue(forKey: state.walkedSegments) {
                state.walk.pass(next)
                state.walkedSegments += 1
            }
            return first..<state.walkedSegments
        }
        segments.withLock { segments in for number in passed { segments[number] = nil } }
    }

    func walked() throws -> StoreWalk {
        try state.withLock { state in
            guard !state.isStopped else { throw CancellationError() }
            return state.walk
        }
    }
}

/// A flag that is set once, from any thread.
private final class CancellationFlag: Sendable {
    private let flag = Atomic(false)
    var value: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}
