import TallyrollFormat

/// Threads of the engine's own that run the parts of tasks which read files or keep a core busy.
///
/// A task comes here by its executor preference, runs its part, and goes back where it came from: it stays the same
/// task, so its priority counts and `Task.isCancelled` tells the work that nobody waits for it any more. Threads are made
/// when none is free, are parked between tasks, and end when they were not needed for a while.
package final class TaskThreads: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var threads = 0
        /// Threads that are parked.
        var idle = 0
    }

    private let state = Monitor(State())
    private let threadsMax: Int
    private let idleNanoseconds: Int64

    /// The threads that all readers of the process share.
    package static let shared = TaskThreads(threadsMax: max(8, 2 * DedicatedThreads.processorCount))

    /// At most so many threads; one that had nothing to do for `idleNanoseconds` ends.
    package init(threadsMax: Int, idleNanoseconds: Int64 = 5_000_000_000) {
        self.threadsMax = max(threadsMax, 1)
        self.idleNanoseconds = idleNanoseconds
    }

    /// Runs `body` as part of the current task on one of the shared threads.
    package static func perform<R: Sendable>(_ body: @Sendable () throws -> R) async throws -> R {
        try await withTaskExecutorPreference(TaskThreads.shared) { try body() }
    }

    /// How many threads there are, parked ones included.
    package var threadCount: Int { state.withLock { $0.threads } }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let needsThread = state.updateWakingOne { state in
            state.jobs.append(job)
            guard state.jobs.count > state.idle, state.threads < threadsMax else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return }
        do {
            _ = try WorkerThread("tally-reads") { self.work() }
        } catch {
            // The system has no thread to give: those there are do it, and the caller's own where there is none.
            let isAlone = state.withLock { state in
                state.threads -= 1
                return state.threads == 0
            }
            if isAlone { runWaiting() }
        }
    }

    private func work() {
        while let job = nextJob() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Waits for a job; nil when the thread is not needed any more.
    private func nextJob() -> UnownedJob? {
        state.withLock { $0.idle += 1 }
        let job = state.wait(nanoseconds: idleNanoseconds) { state -> UnownedJob? in
            guard !state.jobs.isEmpty else { return nil }
            state.idle -= 1
            return state.jobs.removeFirst()
        }
        if let job { return job }
        // A job may have come between the end of the wait and here.
        return state.withLock { state -> UnownedJob? in
            state.idle -= 1
            if !state.jobs.isEmpty { return state.jobs.removeFirst() }
            state.threads -= 1
            return nil
        }
    }

    private func runWaiting() {
        while let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
