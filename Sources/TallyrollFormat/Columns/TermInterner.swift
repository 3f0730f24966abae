import CInstructions

/// Distinct byte strings, numbered from 1 in order of first appearance: the in-memory form of a dictionary while
/// a segment or block is built. Code 0 stands for an absent value and is never given out.
///
/// Open addressing with linear probing over a power of two of slots, at most half full. Each slot keeps 32 bits of
/// the hash beside the code, so that a probe compares bytes only when the hash agrees.
package struct TermInterner: ~Copyable {
    private struct Slot {
        var tag: UInt32
        var code: UInt32
    }

    /// A value on its way to its code.
    private struct Pending {
        var hash: UInt64
        var value: ByteView
        var row: Int
        var code: UInt32
    }

    /// Values that are looked up together, so that the processor waits for the memory of many at once.
    package static let batch = 128
    /// Slots from which on values are looked up in passes.
    private static let slotsInCache = 1 << 11
    /// Beyond this many slots of memory `removeAll` gives it back.
    private static let slotsKept = 1 << 16
    private static let slotsAtFirst = 1 << 9
    /// Up to this many slots they are made four times as many when half of them are taken, then twice as many.
    private static let slotsOfSmallTable = 1 << 13

    private let hash = TermHash.shared
    private var slots: UnsafeMutablePointer<Slot>
    private var slotCapacity: Int
    /// The slots in use less one; they are the first of the memory.
    private var mask: Int
    /// The slots there are after `removeAll`.
    private let slotsAtFirst: Int
    /// Where each term ends in `text`; the term of code c spans `ends[c - 1] ..< ends[c]`.
    private var ends: PlainList<UInt32>
    /// The hash of the term of code c at c - 1.
    private var hashes: PlainList<UInt64>
    private var text: ByteWriter
    private let pending: UnsafeMutablePointer<Pending>

    package init(capacity: Int = 64) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Slot(tag: 0, code: 0), count: size)
        slotCapacity = size
        mask = size - 1
        slotsAtFirst = min(size, TermInterner.slotsAtFirst)
        ends = PlainList(capacity: capacity + 1)
        ends.append(0)
        hashes = PlainList(capacity: capacity)
        text = ByteWriter(capacity: 1024)
        pending = .allocate(capacity: TermInterner.batch)
    }

    deinit {
        slots.deallocate()
        pending.deallocate()
    }

    /// The number of terms, which is also the largest code.
    @inline(__always)
    package var count: Int { hashes.count }

    /// The text of all terms in code order, back to back, valid until the next insertion.
    package var allText: ByteView { text.view }

    /// Bytes of all terms together.
    package var textBytes: Int { text.count }

    /// The term of a code from 1 to `count`, valid until the next insertion.
    @inline(__always)
    package func term(_ code: UInt32) -> ByteView {
        let start = Int(ends[Int(code) - 1])
        return text.view.trusted(start, Int(ends[Int(code)]) - start)
    }

    /// The code of a term, or nil when it was never inserted.
    package func code(of term: ByteView) -> UInt32? {
        let hash = hash.of(term)
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index].code != 0 {
            if slots[index].tag == tag, isTerm(slots[index].code, term) {
                return slots[index].code
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// The code of a term, given out now if it is new.
    @inline(__always)
    package mutating func intern(_ term: ByteView) -> UInt32 {
        intern(term, hash: hash.of(term))
    }

    @inline(__always)
    private mutating func intern(_ term: ByteView, hash: UInt64) -> UInt32 {
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[index]
            if slot.code == 0 { return insert(term, hash: hash, at: index) }
            if slot.tag == tag, isTerm(slot.code, term) { return slot.code }
            index = (index &+ 1) & mask
        }
    }

    /// Gives every entry its code, absent ones 0. `codes` has room for all.
    package mutating func intern(
        _ values: ValueSpan, in memory: ByteView, into codes: UnsafeMutablePointer<UInt32>
    ) {
        var row = 0
        while row < values.count { row = internBatch(values, from: row, in: memory, into: codes).next }
    }

    /// Gives codes to the entries from `start` on until `batch` present ones have one, or all. Returns where to go on
    /// and how many were present.
    package mutating func internBatch(
        _ values: ValueSpan, from start: Int, in memory: ByteView, into codes: UnsafeMutablePointer<UInt32>
    ) -> (next: Int, present: Int) {
        guard mask < TermInterner.slotsInCache else {
            return internFar(values, from: start, in: memory, into: codes)
        }
        var found = 0
        var row = start
        while row < values.count, found < TermInterner.batch {
            values.fetchAhead(of: row, in: memory)
            if values.isAbsent(row) {
                codes[row] = 0
            } else {
                codes[row] = intern(values.value(row, in: memory))
                found &+= 1
            }
            row &+= 1
        }
        return (row, found)
    }

    /// `internBatch` for a table that is not in the processor's nearest memory. In passes, each of which does the same
    /// small thing for all values and asks for the memory that the next one needs: what one waits for does not keep
    /// the others waiting. Codes found on the way stay right, since terms are only added.
    @inline(never)
    private mutating func internFar(
        _ values: ValueSpan, from start: Int, in memory: ByteView, into codes: UnsafeMutablePointer<UInt32>
    ) -> (next: Int, present: Int) {
        var found = 0
        var row = start
        while row < values.count, found < TermInterner.batch {
            values.fetchAhead(of: row, in: memory)
            if values.isAbsent(row) {
                codes[row] = 0
            } else {
                let value = values.value(row, in: memory)
                let hash = hash.of(value)
                prefetch_memory(slots + (Int(truncatingIfNeeded: hash) & mask))
                (pending + found).initialize(to: Pending(hash: hash, value: value, row: row, code: 0))
                found &+= 1
            }
            row &+= 1
        }
        let ends = ends.elements
        for index in 0..<found {
            let code = candidate(pending[index].hash)
            pending[index].code = code
            if code != 0 { prefetch_memory(ends.baseAddress.map { $0 + Int(code &- 1) }) }
        }
        for index in 0..<found where pending[index].code != 0 {
            prefetch_memory(text.view.base + Int(ends[Int(pending[index].code) &- 1]))
        }
        for index in 0..<found {
            let item = pending[index]
            codes[item.row] =
                item.code != 0 && isTerm(item.code, item.value)
                ? item.code : intern(item.value, hash: item.hash)
        }
        return (row, found)
    }

    /// Whether a code that was given out is that of `value`.
    @inline(__always)
    private func isTerm(_ code: UInt32, _ value: ByteView) -> Bool {
        let ends = ends.elements
        let start = Int(ends[Int(code) &- 1])
        guard Int(ends[Int(code)]) &- start == value.count else { return false }
        return equalMemory(text.view.base + start, value.base, value.count)
    }

    /// The first code whose hash agrees as far as slots keep it; 0 when there is none.
    @inline(__always)
    private func candidate(_ hash: UInt64) -> UInt32 {
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index].tag != tag, slots[index].code != 0 { index = (index &+ 1) & mask }
        return slots[index].code
    }

    @inline(never)
    private mutating func insert(_ term: ByteView, hash: UInt64, at index: Int) -> UInt32 {
        text.bytes(term)
        precondition(text.count <= UInt32.max, "a term table holds at most 4 GiB of text")
        ends.append(UInt32(text.count))
        hashes.append(hash)
        slots[index] = Slot(tag: UInt32(truncatingIfNeeded: hash >> 32), code: UInt32(count))
        let code = UInt32(count)
        if count * 2 > mask { widen() }
        return code
    }

    /// Takes more slots into use.
    private mutating func widen() {
        let size = (mask + 1) * (mask < TermInterner.slotsOfSmallTable / 4 ? 4 : 2)
        if size > slotCapacity {
            slots.deallocate()
            slots = .allocate(capacity: size)
            slotCapacity = size
        }
        slots.initialize(repeating: Slot(tag: 0, code: 0), count: size)
        mask = size - 1
        for code in 1...count {
            let hash = hashes[code - 1]
            var index = Int(truncatingIfNeeded: hash) & mask
            while slots[index].code != 0 { index = (index &+ 1) & mask }
            slots[index] = Slot(tag: UInt32(truncatingIfNeeded: hash >> 32), code: UInt32(code))
        }
    }

    /// Forgets all terms; keeps the memory, unless it has grown far beyond what is usual for a block.
    package mutating func removeAll() {
        if count == 0 { return }
        if slotCapacity > TermInterner.slotsKept {
            slots.deallocate()
            slots = .allocate(capacity: slotsAtFirst)
            slotCapacity = slotsAtFirst
        }
        mask = slotsAtFirst - 1
        slots.initialize(repeating: Slot(tag: 0, code: 0), count: slotsAtFirst)
        ends.removeAll()
        ends.append(0)
        hashes.removeAll()
        text.removeAll()
    }
}
