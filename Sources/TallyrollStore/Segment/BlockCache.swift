import Synchronization
import TallyrollFormat

/// Keeps the readers of blocks that are used again and again, up to a number of bytes. One cache serves a whole store.
///
/// A reader holds what was read and inflated of its block, and grows while it is used. All readers report to one gauge
/// what they hold, so that memory is bounded by what is there, whatever blocks compress to; readers that were
/// let go and are still in use count until they are not.
///
/// A question over everything must not push out what others use, and where it is asked again it should find a part of
/// the blocks rather than none. So a block that comes when the cache is full is a *newcomer*, and newcomers have a tenth
/// of the places, first in, first out. One that is used again while it is there, or soon after it went, becomes a
/// *resident*; residents that were not used since their last turn go.
package final class BlockCache: Sendable {
    package struct Key: Hashable, Sendable {
        package var segment: UInt64
        package var offset: Int
    }

    private struct Slot {
        var block: BlockReader
        /// How often it was used since its last turn, up to a limit.
        var uses: UInt8 = 0
    }

    private struct State {
        var slots: [Key: Slot] = [:]
        var newcomers = KeyQueue()
        var residents = KeyQueue()
        /// Newcomers that went.
        var remembered = KeyQueue()
        var isRemembered: Set<Key> = []
        /// Whether readers had to go, and the memory has been needed since.
        var isFull = false
        /// Blocks that were looked into for a single event.
        var passing = KeyQueue()
        var isPassing: Set<Key> = []
        /// What was asked for last: asking for it again at once is the same use.
        var latest: Key?
    }

    private let state = Mutex(State())
    package let capacity: Int
    /// What the readers hold.
    let gauge = MemoryGauge()
    /// What is kept of the indexes of the same store's segments, beside the blocks.
    package let indexes: IndexBudget

    /// `capacity` in bytes; `indexes` is how many more may be kept of indexes, twice as many where it is not said.
    package init(capacity: Int, indexes: Int? = nil) {
        self.capacity = capacity
        self.indexes = IndexBudget(capacity: indexes ?? 2 * capacity)
    }

    /// The bytes that readers hold at the moment.
    package var bytesHeld: Int { gauge.bytes }

    /// The readers that are kept at the moment.
    var readerCount: Int { state.withLock { $0.slots.count } }

    package subscript(key: Key) -> BlockReader? {
        // What is let go is freed when the lock is free again.
        var gone: [BlockReader] = []
        defer { withExtendedLifetime(gone) {} }
        return state.withLock { state in
            guard let place = state.slots.index(forKey: key) else { return nil }
            let block = state.slots.values[place].block
            if state.latest != key {
                state.latest = key
                let uses = state.slots.values[place].uses
                state.slots.values[place].uses = min(uses + 1, BlockCache.usesMax)
            }
            if gauge.bytes > capacity { gone = makeRoom(&state, but: key) }
            return block
        }
    }

    /// Uses that count: so many turns a reader stays that nobody uses any more.
    private static let usesMax: UInt8 = 2
    /// Of so many places one is a newcomer's.
    private static let placesPerNewcomer = 10

    package func insert(_ block: BlockReader, _ key: Key) {
        var gone: [BlockReader] = []
        defer { withExtendedLifetime(gone) {} }
        state.withLock { state in
            guard state.slots[key] == nil else { return }
            if gauge.bytes > capacity {
                gone = makeRoom(&state, but: key)
            } else if gauge.bytes < capacity / 4 * 3 {
                state.isFull = false
            }
            if !state.isFull || state.isRemembered.contains(key) {
                state.residents.append(key)
            } else {
                state.newcomers.append(key)
            }
            state.slots[key] = Slot(block: block)
            state.latest = key
        }
    }

    /// Whether a block that is looked into for a single event is to be kept: not the first time, since it is most likely
    /// the last one too, and memory that is used again at once costs less than that of a reader that is kept.
    func keepsPassing(_ key: Key) -> Bool {
        state.withLock { state in
            guard state.isPassing.insert(key).inserted else { return true }
            state.passing.append(key)
            while state.passing.count > BlockCache.passingMax, let oldest = state.passing.popFirst() {
                state.isPassing.remove(oldest)
            }
            return false
        }
    }

    private static let passingMax = 4096

    /// Lets readers go until what is left fits, but not the one that is wanted now.
    private func makeRoom(_ state: inout State, but wanted: Key) -> [BlockReader] {
        var gone: [BlockReader] = []
        var excess = gauge.bytes - capacity
        state.isFull = true
        // Each has all its turns at most.
        var patience = state.slots.count * (Int(BlockCache.usesMax) + 2)
        while excess > 0, patience > 0 {
            patience -= 1
            let isNewcomer =
                state.residents.isEmpty
                || state.newcomers.count * BlockCache.placesPerNewcomer > state.slots.count
            guard let key = isNewcomer ? state.newcomers.popFirst() : state.residents.popFirst(),
                let slot = state.slots[key]
            else { return gone }
            if key == wanted || slot.uses > 0 {
                if !isNewcomer { state.slots[key]?.uses -= slot.uses > 0 ? 1 : 0 }
                state.residents.append(key)
                continue
            }
            state.slots[key] = nil
            if isNewcomer { BlockCache.remember(key, &state) }
            excess -= slot.block.bytesHeld
            gone.append(slot.block)
        }
        return gone
    }

    /// Remembers a newcomer that went, and as many as there are readers.
    private static func remember(_ key: Key, _ state: inout State) {
        if state.isRemembered.insert(key).inserted { state.remembered.append(key) }
        while state.remembered.count > state.slots.count, let oldest = state.remembered.popFirst() {
            state.isRemembered.remove(oldest)
        }
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

/// Keys in the order in which they came.
private struct KeyQueue {
    private var keys: [BlockCache.Key] = []
    private var first = 0

    var count: Int { keys.count - first }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ key: BlockCache.Key) { keys.append(key) }

    mutating func popFirst() -> BlockCache.Key? {
        guard first < keys.count else { return nil }
        defer { first += 1 }
        if first > 64, first * 2 > keys.count {
            keys.removeFirst(first)
            first = 0
        }
        return keys[first]
    }
}
