/// Distinct keys, none of them 0, in order of first appearance. Memory is kept from block to block.
struct KeySet {
    private(set) var keys: [UInt64] = []
    /// Open addressing, at most half full; 0 is a free slot.
    private var slots = [UInt64](repeating: 0, count: 256)

    mutating func removeAll() {
        guard !keys.isEmpty else { return }
        keys.removeAll(keepingCapacity: true)
        slots.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    }

    @inline(__always)
    mutating func insert(_ key: UInt64) {
        let mask = slots.count &- 1
        var index = Int(truncatingIfNeeded: key &* 0x9E37_79B9_7F4A_7C15 &>> 32) & mask
        while slots[index] != 0 {
            if slots[index] == key { return }
            index = (index &+ 1) & mask
        }
        slots[index] = key
        keys.append(key)
        if keys.count &* 2 > slots.count { grow() }
    }

    @inline(never)
    private mutating func grow() {
        slots = [UInt64](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for key in keys {
            var index = Int(truncatingIfNeeded: key &* 0x9E37_79B9_7F4A_7C15 &>> 32) & mask
            while slots[index] != 0 { index = (index + 1) & mask }
            slots[index] = key
        }
    }
}
