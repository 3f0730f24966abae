/// Distinct byte strings, numbered from 1 in order of first appearance: the in-memory form of a dictionary while
/// a segment or block is built. Code 0 stands for an absent value and is never given out.
///
/// Open addressing with linear probing over a power of two of slots, at most half full. Each slot keeps 32 bits of
/// the hash beside the code, so that a probe compares bytes only when the hash agrees. The hash is seeded per
/// process: a caller who chooses the terms cannot choose their collisions.
package struct TermInterner: ~Copyable {
    private struct Slot {
        var tag: UInt32
        var code: UInt32
    }

    private var slots: UnsafeMutableBufferPointer<Slot>
    /// Where each term ends in `text`; the term of code c spans `ends[c - 1] ..< ends[c]`.
    private var ends: [UInt32]
    private var text: ByteWriter

    package init(capacity: Int = 64) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = UnsafeMutableBufferPointer.allocate(capacity: size)
        slots.initialize(repeating: Slot(tag: 0, code: 0))
        ends = [0]
        text = ByteWriter(capacity: 1024)
    }

    deinit { slots.deallocate() }

    /// The number of terms, which is also the largest code.
    @inline(__always)
    package var count: Int { ends.count - 1 }

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
        let hash = TermHash.of(term)
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        while slots[index].code != 0 {
            if slots[index].tag == tag, self.term(slots[index].code).isEqual(to: term) {
                return slots[index].code
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// The code of a term, given out now if it is new.
    @inline(__always)
    package mutating func intern(_ term: ByteView) -> UInt32 {
        intern(term, hash: TermHash.of(term))
    }

    /// `intern` for a caller that knows the hash already.
    @inline(__always)
    package mutating func intern(_ term: ByteView, hash: UInt64) -> UInt32 {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        while true {
            let slot = slots[index]
            if slot.code == 0 { return insert(term, hash: hash, at: index) }
            if slot.tag == tag, self.term(slot.code).isEqual(to: term) { return slot.code }
            index = (index + 1) & mask
        }
    }

    @inline(never)
    private mutating func insert(_ term: ByteView, hash: UInt64, at index: Int) -> UInt32 {
        text.bytes(term)
        precondition(text.count <= UInt32.max, "a term table holds at most 4 GiB of text")
        ends.append(UInt32(text.count))
        let code = UInt32(count)
        slots[index] = Slot(tag: UInt32(truncatingIfNeeded: hash >> 32), code: code)
        if count * 2 > slots.count { rehash(slots.count * 2) }
        return code
    }

    private mutating func rehash(_ size: Int) {
        slots.deallocate()
        slots = UnsafeMutableBufferPointer.allocate(capacity: size)
        slots.initialize(repeating: Slot(tag: 0, code: 0))
        let mask = size - 1
        for code in 1...UInt32(count) {
            let hash = TermHash.of(term(code))
            var index = Int(truncatingIfNeeded: hash) & mask
            while slots[index].code != 0 { index = (index + 1) & mask }
            slots[index] = Slot(tag: UInt32(truncatingIfNeeded: hash >> 32), code: code)
        }
    }

    /// Forgets all terms; keeps the memory, unless it has grown far beyond what is usual for a block.
    package mutating func removeAll() {
        if count == 0 { return }
        if slots.count > 1 << 16 {
            slots.deallocate()
            slots = UnsafeMutableBufferPointer.allocate(capacity: 1024)
        }
        slots.update(repeating: Slot(tag: 0, code: 0))
        ends.removeAll(keepingCapacity: true)
        ends.append(0)
        text.removeAll()
    }
}

/// The hash of terms in memory; never written to disk. Eight bytes a step, folded through 128-bit products.
package enum TermHash {
    private static let seed: UInt64 = UInt64.random(in: .min ... .max)
    private static let factor1: UInt64 = 0xA076_1D64_78BD_642F
    private static let factor2: UInt64 = 0xE703_7ED1_A0B4_28DB

    @inline(__always)
    package static func of(_ term: ByteView) -> UInt64 {
        of(term, seed: seed)
    }

    @inline(__always)
    private static func of(_ term: ByteView, seed: UInt64) -> UInt64 {
        var hash = seed ^ UInt64(truncatingIfNeeded: term.count) &* factor2
        var position = UnsafeRawPointer(term.base)
        var left = term.count
        while left > 8 {
            hash = fold(hash ^ position.loadUnaligned(as: UInt64.self), factor1)
            position += 8
            left -= 8
        }
        var last: UInt64 = 0
        if left >= 4 {
            last = UInt64(position.loadUnaligned(as: UInt32.self))
            last |= UInt64((position + left - 4).loadUnaligned(as: UInt32.self)) << 32
        } else if left > 0 {
            last = UInt64(position.load(as: UInt8.self))
            last |= UInt64(position.load(fromByteOffset: left / 2, as: UInt8.self)) << 8
            last |= UInt64(position.load(fromByteOffset: left - 1, as: UInt8.self)) << 16
        }
        return fold(fold(hash ^ last, factor2), factor1)
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
