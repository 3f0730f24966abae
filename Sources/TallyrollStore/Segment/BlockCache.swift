import Synchronization
import TallyrollFormat

/// Keeps the readers of blocks that were used last, up to a number of bytes. One cache serves a whole store.
///
/// A reader holds what was read and inflated of its block, and grows while it is used. All readers report to one gauge
/// what they hold, so that memory is bounded by what is there, whatever blocks compress to; readers that were
/// let go and are still in use count until they are not. Eviction is by second chance: what was used since the hand
/// passed stays.
package final class BlockCache: Sendable {
    package struct Key: Hashable, Sendable {
        package var segment: UInt64
        package var offset: Int
    }

    private struct Slot {
        var key: Key
        var block: BlockReader
        var wasUsed: Bool
    }

    private struct State {
        var places: [Key: Int] = [:]
        var slots: [Slot] = []
        var hand = 0
    }

    private let state = Mutex(State())
    package let capacity: Int
    /// What the readers hold.
    let gauge = MemoryGauge()
    /// The dictionaries of the same store's segments, which may take twice as much: a look-up that finds its dictionary gone pays a hundred times as much.
    let terms: TermBudget

    /// `capacity` in bytes.
    package init(capacity: Int) {
        self.capacity = capacity
        terms = TermBudget(capacity: 2 * capacity)
    }

    /// The bytes that decoded dictionaries hold at the moment.
    package var termBytesHeld: Int { terms.gauge.bytes }

    /// The bytes that readers hold at the moment.
    package var bytesHeld: Int { gauge.bytes }

    package subscript(key: Key) -> BlockReader? {
        // What is let go is freed when the lock is free again.
        var gone: [BlockReader] = []
        defer { withExtendedLifetime(gone) {} }
        return state.withLock { state in
            guard let place = state.places[key] else { return nil }
            state.slots[place].wasUsed = true
            let block = state.slots[place].block
            if gauge.bytes > capacity { gone = makeRoom(&state, but: key) }
            return block
        }
    }

    package func insert(_ block: BlockReader, _ key: Key) {
        var gone: [BlockReader] = []
        defer { withExtendedLifetime(gone) {} }
        state.withLock { state in
            guard state.places[key] == nil else { return }
            if gauge.bytes > capacity { gone = makeRoom(&state, but: key) }
            state.places[key] = state.slots.count
            state.slots.append(Slot(key: key, block: block, wasUsed: false))
        }
    }

    /// Lets readers go until what is left fits, but not the one that is wanted now.
    private func makeRoom(_ state: inout State, but wanted: Key) -> [BlockReader] {
        var gone: [BlockReader] = []
        var excess = gauge.bytes - capacity
        // Each is passed twice at most: once to take its chance, once to go.
        var patience = state.slots.count * 2
        while excess > 0, patience > 0, !state.slots.isEmpty {
            patience -= 1
            if state.hand >= state.slots.count { state.hand = 0 }
            if state.slots[state.hand].wasUsed || state.slots[state.hand].key == wanted {
                state.slots[state.hand].wasUsed = false
                state.hand += 1
                continue
            }
            let block = BlockCache.removeAtHand(&state)
            excess -= block.bytesHeld
            gone.append(block)
        }
        return gone
    }

    private static func removeAtHand(_ state: inout State) -> BlockReader {
        let gone = state.slots[state.hand]
        state.places[gone.key] = nil
        let last = state.slots.removeLast()
        if last.key != gone.key {
            state.slots[state.hand] = last
            state.places[last.key] = state.hand
        }
        return gone.block
    }

    /// Forgets everything; for measurements of cold reads.
    package func removeAll() {
        let gone = state.withLock { state in
            defer { state = State() }
            return state.slots
        }
        withExtendedLifetime(gone) {}
    }
}
