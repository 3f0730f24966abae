import Synchronization
import TallyrollFormat

/// Something that was read of a segment's indexes and can be read again.
protocol IndexContent: AnyObject, Sendable {
    /// The bytes of memory that it takes.
    var bytesHeld: Int { get }
}

/// A place where something of a segment's indexes is kept for as long as the budget has room for it.
protocol IndexHolder: AnyObject, Sendable {
    /// Whether it was asked for since this was called last.
    func takeUsed() -> Bool
    /// Lets go what is kept; whoever uses it keeps it until then.
    func release() -> (any IndexContent)?
}

/// Bounds the memory of everything that readers keep of the indexes of all segments of a store: dictionaries, posting
/// lists, filters, tables of ids, and the summary's terms. Beyond it, what was not asked for longest goes.
///
/// What is in use when it goes counts until it is not, so that memory is bounded by the capacity and what the running
/// queries hold.
package final class IndexBudget: Sendable {
    private struct Member {
        weak var holder: (any IndexHolder)?
    }

    private struct State {
        var members: [Member] = []
        var hand = 0
    }

    private let state = Mutex(State())
    package let capacity: Int
    /// What is held.
    let gauge = MemoryGauge()

    /// `capacity` in bytes. What was asked for last may take more.
    package init(capacity: Int) { self.capacity = capacity }

    /// The bytes held at the moment.
    package var bytesHeld: Int { gauge.bytes }

    func add(_ holder: any IndexHolder) { state.withLock { $0.members.append(Member(holder: holder)) } }

    /// Lets things go until the others fit, but not what `wanted` holds. Each has a second turn when it was used since
    /// its last.
    func makeRoom(but wanted: (any IndexHolder)? = nil) {
        guard gauge.bytes > capacity else { return }
        // Freed when the lock is free again.
        var gone: [any IndexContent] = []
        defer { withExtendedLifetime(gone) {} }
        state.withLock { state in
            // Somewhat more goes than must, so that this is not done for every page.
            var excess = gauge.bytes - (capacity - capacity / 16)
            var patience = state.members.count * 2
            while excess > 0, patience > 0, !state.members.isEmpty {
                patience -= 1
                if state.hand >= state.members.count { state.hand = 0 }
                guard let holder = state.members[state.hand].holder else {
                    state.members.swapAt(state.hand, state.members.count - 1)
                    state.members.removeLast()
                    continue
                }
                state.hand += 1
                guard holder !== wanted, !holder.takeUsed(), let content = holder.release() else { continue }
                excess -= content.bytesHeld
                gone.append(content)
            }
        }
    }
}

/// A place for one thing of one segment.
final class IndexSlot<Content: IndexContent>: IndexHolder {
    private let budget: IndexBudget
    private let content = Mutex<Content?>(nil)
    private let isUsed = Atomic(false)
    private let isMember = Atomic(false)

    init(_ budget: IndexBudget) { self.budget = budget }

    /// What is kept. The caller holds it for as long as it looks at its bytes.
    var current: Content? {
        let found = content.withLock { $0 }
        if found != nil, !isUsed.load(ordering: .relaxed) { isUsed.store(true, ordering: .relaxed) }
        return found
    }

    var isEmpty: Bool { content.withLock { $0 == nil } }

    /// Keeps what was read, unless somebody else was faster, and gives what is kept.
    func keepFirst(_ new: Content) -> Content {
        let kept = content.withLock { $0.keepFirst(new) }
        isUsed.store(true, ordering: .relaxed)
        if !isMember.exchange(true, ordering: .relaxed) { budget.add(self) }
        budget.makeRoom(but: self)
        return kept
    }

    func takeUsed() -> Bool { isUsed.exchange(false, ordering: .relaxed) }

    func release() -> (any IndexContent)? {
        content.withLock { content in
            defer { content = nil }
            return content
        }
    }
}
