import Synchronization
import TallyrollFormat

/// Bounds the memory of the dictionaries that the segments of a store keep decoded: beyond it, segments that were not
/// asked for longest let theirs go, and decode them again when they are. Who reads a dictionary keeps it meanwhile.
final class TermBudget: Sendable {
    private struct Member {
        weak var terms: SealedTerms?
    }

    private struct State {
        var members: [Member] = []
        var hand = 0
    }

    private let state = Mutex(State())
    private let capacity: Int
    /// What the dictionaries take.
    let gauge = MemoryGauge()

    /// `capacity` in bytes. The dictionaries of one segment may take more.
    init(capacity: Int) { self.capacity = capacity }

    func add(_ terms: SealedTerms) { state.withLock { $0.members.append(Member(terms: terms)) } }

    /// Lets dictionaries go until the others fit, but none of `wanted`.
    func makeRoom(but wanted: SealedTerms) {
        guard gauge.bytes > capacity else { return }
        // Freed when the lock is free again.
        var gone: [SealedTerms.Tables] = []
        defer { withExtendedLifetime(gone) {} }
        state.withLock { state in
            var patience = state.members.count
            while gauge.bytes > capacity, patience > 0, !state.members.isEmpty {
                patience -= 1
                if state.hand >= state.members.count { state.hand = 0 }
                guard let terms = state.members[state.hand].terms else {
                    state.members.swapAt(state.hand, state.members.count - 1)
                    state.members.removeLast()
                    continue
                }
                if terms !== wanted, !terms.takeUsed() { gone.append(terms.release()) }
                state.hand += 1
            }
        }
    }
}
