/// The thread that syncs the log and acknowledges, while the writer goes on with the appends that came meanwhile.
///
/// Frames that were written while it syncs are synced together. A sync that fails is the last: the writer finds out
/// when it asks how far the log is durable.
final class CommitThread: Sendable {
    /// The commit of a frame that was written.
    struct Frame {
        let commit: Commit
        let log: LogFile
        /// The sequence after its last event.
        let end: UInt64
        let bytes: Int
    }

    private struct State {
        /// In the order of the log.
        var waiting: [UncheckedTransfer<Frame>] = []
        /// Bytes of the frames that wait or are being synced.
        var bytes = 0
        /// From the taking of frames until everybody has been told.
        var isSyncing = false
        /// The sequence after the last event that was synced here.
        var durableUpTo: UInt64 = 0
        var isClosing = false
        var failure: AuditLogError?

        var isFree: Bool { waiting.isEmpty && !isSyncing }
    }

    /// Bytes that may be written and not synced. Enough for the disk to be busy while more is chained.
    private static let bytesMax = 8 << 20

    private let state: Monitor<State>
    private let thread: WorkerThread

    /// `onFinish` is called whenever commits were acknowledged or refused.
    init(onFinish: @escaping @Sendable () -> Void) throws(StorageError) {
        let state = Monitor(State())
        self.state = state
        thread = try WorkerThread("tally-commits") { CommitThread.work(state, onFinish) }
    }

    deinit { state.update { $0.isClosing = true } }

    /// Whether the caller runs on this thread.
    var isCurrent: Bool { thread.isCurrent }

    /// Has a frame synced and its commit acknowledged; waits while too much is unsynced already. Until all has been
    /// waited for, the log may be appended to and nothing else be done with it.
    func add(_ frame: Frame) throws {
        let handed = UncheckedTransfer(frame)
        let failure = state.wait { state -> AuditLogError?? in
            if let failure = state.failure { return .some(failure) }
            return state.bytes == 0 || state.bytes + handed.value.bytes <= CommitThread.bytesMax
                ? .some(nil) : nil
        }
        if let failure { throw failure }
        state.update { state in
            state.waiting.append(handed)
            state.bytes += handed.value.bytes
        }
    }

    /// Whether nothing is under way.
    var isFree: Bool { state.withLock { $0.isFree } }

    /// The sequence after the last event that was synced here; throws what a sync failed with.
    func durableUpTo() throws -> UInt64 {
        let (end, failure) = state.withLock { ($0.durableUpTo, $0.failure) }
        if let failure { throw failure }
        return end
    }

    /// Waits until every commit that was handed over is acknowledged or refused; throws what a sync failed with.
    func wait() throws {
        let failure = state.wait { state -> AuditLogError?? in
            state.isFree ? .some(state.failure) : nil
        }
        if let failure { throw failure }
    }

    /// Ends the thread after the commits under way.
    func close() {
        state.update { $0.isClosing = true }
        thread.join()
    }

    private static func work(_ state: Monitor<State>, _ onFinish: @Sendable () -> Void) {
        while true {
            let taken = state.wait { state -> [UncheckedTransfer<Frame>]?? in
                guard !state.waiting.isEmpty else { return state.isClosing ? .some(nil) : nil }
                let taken = state.waiting
                state.waiting.removeAll(keepingCapacity: true)
                state.isSyncing = true
                return .some(taken)
            }
            guard let frames = taken?.map(\.value), let last = frames.last else { return }
            let failure = sync(frames, last.log, after: state.withLock { $0.failure })
            state.update { state in
                state.failure = failure
                state.isSyncing = false
                state.bytes -= frames.reduce(0) { $0 + $1.bytes }
                if failure == nil { state.durableUpTo = last.end }
            }
            onFinish()
        }
    }

    /// Syncs the frames and tells everybody. After a failure nothing is tried again.
    private static func sync(
        _ frames: [Frame], _ log: LogFile, after earlier: AuditLogError?
    ) -> AuditLogError? {
        var failure = earlier
        if failure == nil {
            do {
                try log.sync()
            } catch {
                failure = AuditLogError.wrapping(error)
            }
        }
        for frame in frames {
            if let failure { frame.commit.refuse(failure) } else { frame.commit.acknowledge(upTo: .disk) }
            frame.commit.release()
        }
        if failure == nil { for frame in frames { frame.commit.hashTree() } }
        return failure
    }
}
