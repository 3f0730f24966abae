import TallyrollStore

/// Counts what the store's writer has acknowledged of what was handed to it.
final class Acknowledgements: Sendable {
    private struct State {
        var pending = 0
        var events = 0
        var failure: AuditLogError?
    }

    private let state = Monitor(State())

    /// Notes that an append is on its way.
    func expect() { state.withLock { $0.pending += 1 } }

    func settle(_ result: Result<AppendReceipt, AuditLogError>) {
        state.update { state in
            state.pending -= 1
            switch result {
            case .success(let receipt): state.events += receipt.count
            case .failure(let failure): if state.failure == nil { state.failure = failure }
            }
        }
    }

    /// Events acknowledged so far, and the first failure.
    var current: (events: Int, failure: AuditLogError?) { state.withLock { ($0.events, $0.failure) } }

    /// Waits until nothing is on its way.
    func wait() -> (events: Int, failure: AuditLogError?) {
        state.wait { state in state.pending == 0 ? (state.events, state.failure) : nil }
    }
}
