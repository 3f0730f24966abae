import Synchronization
import TallyrollFormat

/// Keeps the readers of blocks that were used last, up to a number of bytes. One cache serves a whole store.
///
/// A reader holds what was read and inflated of its block; that is counted as twice the block's stored length, which
/// is about what a block costs once most of its columns were used. Eviction is by second chance: what was used
/// since the hand passed stays.
package final class BlockCache: Sendable {
    package struct Key: Hashable, Sendable {
        package var segment: UInt64
        package var offset: Int
    }

    private struct Slot {
        var key: Key
        var block: BlockReader
        var bytes: Int
        var wasUsed: Bool
    }

    private struct State {
        var places: [Key: Int] = [:]
        var slots: [Slot] = []
        var hand = 0
        var bytes = 0
    }

    private let state = Mutex(State())
    package let capacity: Int

    /// `capacity` in bytes.
    package init(capacity: Int) { self.capacity = capacity }

    package subscript(key: Key) -> BlockReader? {
        state.withLock { state in
            guard let place = state.places[key] else { return nil }
            state.slots[place].wasUsed = true
            return state.slots[place].block
        }
    }

    package func insert(_ block: BlockReader, _ key: Key, bytes: Int) {
        state.withLock { state in
            guard state.places[key] == nil else { return }
            let cost = bytes * 2
            while state.bytes + cost > capacity, !state.slots.isEmpty { BlockCache.evictOne(&state) }
            state.places[key] = state.slots.count
            state.slots.append(Slot(key: key, block: block, bytes: cost, wasUsed: false))
            state.bytes += cost
        }
    }

    private static func evictOne(_ state: inout State) {
        while true {
            if state.hand >= state.slots.count { state.hand = 0 }
            if state.slots[state.hand].wasUsed {
                state.slots[state.hand].wasUsed = false
                state.hand += 1
                continue
            }
            let gone = state.slots[state.hand]
            state.places[gone.key] = nil
            state.bytes -= gone.bytes
            let last = state.slots.removeLast()
            if last.key != gone.key {
                state.slots[state.hand] = last
                state.places[last.key] = state.hand
            }
            return
        }
    }

    /// Forgets everything; for measurements of cold reads.
    package func removeAll() {
        state.withLock { $0 = State() }
    }
}
