/// Tells those who wait that something changed since they last looked: tasks without occupying a thread, threads by
/// parking them.
///
/// Whoever waits asks for the generation first, then looks, then waits for a later generation: a change between the look
/// and the wait is not missed.
package final class ChangeSignal: Sendable {
    private struct State {
        var generation: UInt64 = 0
        var isClosed = false
        var tickets: UInt64 = 0
        var tasks: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Monitor(State())

    package init() {}

    /// How many changes there were.
    package var generation: UInt64 { state.withLock { $0.generation } }

    /// Whether no change will come any more.
    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Wakes everyone who waits.
    package func announce() { wake { $0.generation += 1 } }

    /// Wakes everyone who waits, and lets nobody wait again.
    package func close() { wake { $0.isClosed = true } }

    private func wake(_ change: (inout State) -> Void) {
        let tasks = state.update { state in
            change(&state)
            defer { state.tasks.removeAll() }
            return Array(state.tasks.values)
        }
        for task in tasks { task.resume() }
    }

    /// Waits until there was a later change than `generation`, or there can be none. Throws `CancellationError` as soon
    /// as the task is cancelled.
    package func wait(beyond generation: UInt64) async throws {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    // A cancellation that came before now found nothing to resume.
                    guard state.generation <= generation, !state.isClosed, !Task.isCancelled else {
                        return false
                    }
                    state.tasks[ticket] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.tasks.removeValue(forKey: ticket) }?.resume()
        }
        try Task.checkCancellation()
    }

    /// Blocks until there was a later change than `generation`, or there can be none.
    package func waitBlocking(beyond generation: UInt64) {
        state.wait { $0.generation > generation || $0.isClosed ? () : nil }
    }
}
