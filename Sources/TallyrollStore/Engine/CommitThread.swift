/// The thread that syncs the log and acknowledges, while the writer goes on with the appends that came meanwhile.
///
/// It has one commit at a time. A sync that fails is the last: the writer finds out when it waits for it.
final class CommitThread: Sendable {
    private struct State {
        var next: UncheckedTransfer<(commit: Commit, log: LogFile)>?
        /// From the handing over until everybody has been told.
        var isUnderWay = false
        var isClosing = false
        var failure: AuditLogError?
    }

    private let state: Monitor<State>
    private let thread: WorkerThread

    /// `onFinish` is called whenever a commit was acknowledged or refused.
    init(onFinish: @escaping @Sendable () -> Void) throws(StorageError) {
        let state = Monitor(State())
        self.state = state
        thread = try WorkerThread("tally-commits") { CommitThread.work(state, onFinish) }
    }

    deinit { state.update { $0.isClosing = true } }

    /// Whether the caller runs on this thread.
    var isCurrent: Bool { thread.isCurrent }

    /// Syncs the log, then acknowledges the commit. The one before has been waited for. Until this one has been, the
    /// log may be appended to and nothing else be done with it.
    func start(_ commit: Commit, in log: LogFile) {
        let handed = UncheckedTransfer((commit: commit, log: log))
        state.update { state in
            state.next = handed
            state.isUnderWay = true
        }
    }

    /// Whether nothing is under way.
    var isFree: Bool { state.withLock { !$0.isUnderWay } }

    /// Waits until the commit that was handed over is acknowledged or refused; throws what its sync failed with.
    func wait() throws {
        let failure = state.wait { state -> AuditLogError?? in
            state.isUnderWay ? nil : .some(state.failure)
        }
        if let failure { throw failure }
    }

    /// Ends the thread after the commit under way.
    func close() {
        state.update { $0.isClosing = true }
        thread.join()
    }

    private static func work(_ state: Monitor<State>, _ onFinish: @Sendable () -> Void) {
        while true {
            let next = state.wait { state -> UncheckedTransfer<(commit: Commit, log: LogFile)>?? in
                if let next = state.next {
                    state.next = nil
                    return .some(next)
                }
                return state.isClosing ? .some(nil) : nil
            }
            guard let (commit, log) = next?.value else { return }
            var failure: AuditLogError?
            do {
                try log.sync()
                commit.acknowledge(upTo: .disk)
            } catch {
                let cause = AuditLogError.wrapping(error)
                commit.refuse(cause)
                failure = cause
            }
            commit.release()
            state.update { state in
                state.failure = failure
                state.isUnderWay = false
            }
            onFinish()
        }
    }
}
