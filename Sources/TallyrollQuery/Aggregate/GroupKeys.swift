/// Numbers the combinations of values that a run meets, from 0 on: one number for each group. A combination is as
/// many 32-bit numbers as events are grouped by.
struct GroupKeys {
    let width: Int
    private(set) var count: Int
    /// The combinations in the order of their groups, back to back.
    private var keys: [UInt32] = []
    /// With one number in a key: the group of each, from 1. With more: the groups by hash, from 1, in open addressing
    /// over a power of two of slots.
    private var slots: [UInt32] = []

    /// Stands for no group.
    static let none = UInt32.max

    init(width: Int) {
        self.width = width
        // Without grouping there is one group, also of no events.
        count = width == 0 ? 1 : 0
        if width > 1 { slots = [UInt32](repeating: 0, count: 1024) }
    }

    func part(_ place: Int, of group: Int) -> UInt32 { keys[group * width + place] }

    var byteCount: Int { (keys.capacity + slots.capacity) * 4 }

    /// The group of a key of one number.
    @inline(__always)
    mutating func group(_ number: UInt32) -> UInt32 {
        if Int(number) < slots.count, slots[Int(number)] > 0 { return slots[Int(number)] - 1 }
        return insert(number)
    }

    @inline(never)
    private mutating func insert(_ number: UInt32) -> UInt32 {
        if Int(number) >= slots.count {
            slots.append(contentsOf: repeatElement(0, count: Int(number) + 1 - slots.count))
        }
        keys.append(number)
        count += 1
        slots[Int(number)] = UInt32(count)
        return UInt32(count - 1)
    }

    /// The group of a key of any width.
    mutating func group(_ key: [UInt32]) -> UInt32 {
        key.withUnsafeBufferPointer { group($0) }
    }

    @inline(__always)
    mutating func group(_ key: UnsafeBufferPointer<UInt32>) -> UInt32 {
        switch width {
        case 0: return 0
        case 1: return group(key[0])
        default: break
        }
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: GroupKeys.hash(key)) & mask
        while slots[place] != 0 {
            let start = (Int(slots[place]) - 1) * width
            var part = 0
            while part < width, keys[start + part] == key[part] { part += 1 }
            if part == width { return slots[place] - 1 }
            place = (place + 1) & mask
        }
        keys.append(contentsOf: key)
        count += 1
        slots[place] = UInt32(count)
        if count * 2 > slots.count { rehash() }
        return UInt32(count - 1)
    }

    @inline(__always)
    private static func hash(_ key: UnsafeBufferPointer<UInt32>) -> UInt64 {
        var hash: UInt64 = 0
        for part in key {
            hash = (hash ^ UInt64(part)) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        return hash
    }

    private mutating func rehash() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        keys.withUnsafeBufferPointer { keys in
            for group in 0..<count {
                let key = UnsafeBufferPointer(rebasing: keys[(group * width)..<((group + 1) * width)])
                var place = Int(truncatingIfNeeded: GroupKeys.hash(key)) & mask
                while slots[place] != 0 { place = (place + 1) & mask }
                slots[place] = UInt32(group + 1)
            }
        }
    }
}
