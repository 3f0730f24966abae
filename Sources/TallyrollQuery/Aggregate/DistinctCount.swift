/// How many different 64-bit hashes were met: all of them are kept while they are few, then what HyperLogLog keeps.
/// Which of the two depends on how many they are and on nothing else. What it takes beyond its own size is added to
/// `bytes`.
struct DistinctCount {
    /// The hashes, open addressing over a power of two of slots, at most half full; 0 is a free slot.
    private var slots: [UInt64] = []
    private var used = 0
    private var estimate: HyperLogLog?

    @inline(__always)
    mutating func add(_ hash: UInt64, limit: Int, _ bytes: inout Int) {
        if estimate == nil {
            insert(hash == 0 ? 1 : hash, limit, &bytes)
        } else {
            estimate?.add(hash == 0 ? 1 : hash)
        }
    }

    @inline(__always)
    private mutating func insert(_ hash: UInt64, _ limit: Int, _ bytes: inout Int) {
        let mask = slots.count - 1
        if mask > 0 {
            var place = Int(truncatingIfNeeded: hash) & mask
            while slots[place] != 0 {
                if slots[place] == hash { return }
                place = (place + 1) & mask
            }
            if used * 2 < slots.count {
                slots[place] = hash
                used += 1
                if used > limit { makeEstimate(&bytes) }
                return
            }
        }
        grow(&bytes)
        insert(hash, limit, &bytes)
    }

    @inline(never)
    private mutating func grow(_ bytes: inout Int) {
        let old = slots
        slots = [UInt64](repeating: 0, count: max(old.count * 2, 8))
        used = 0
        bytes += (slots.count - old.count) * 8
        for hash in old where hash != 0 { insert(hash, .max, &bytes) }
    }

    @inline(never)
    private mutating func makeEstimate(_ bytes: inout Int) {
        var made = HyperLogLog()
        for hash in slots where hash != 0 { made.add(hash) }
        estimate = made
        bytes += HyperLogLog.registerCount - slots.count * 8
        (slots, used) = ([], 0)
    }

    mutating func merge(_ other: DistinctCount, limit: Int, _ bytes: inout Int) {
        if let added = other.estimate {
            if estimate == nil { makeEstimate(&bytes) }
            estimate?.merge(added)
            return
        }
        for hash in other.slots where hash != 0 { add(hash, limit: limit, &bytes) }
    }

    var isExact: Bool { estimate == nil }
    var count: Int { estimate?.count ?? used }
}

/// Estimates the number of different hashes from the longest runs of zeros they begin with, with a standard error of
/// 0.81 % (Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog", 2007; estimated after Ertl: "New cardinality
/// estimation algorithms for HyperLogLog sketches", 2017, algorithm 6, which needs no tables and holds from none to 2^63).
struct HyperLogLog {
    private static let indexBits = 14
    static let registerCount = 1 << indexBits
    private static let rankMax = 64 - indexBits + 1

    private var registers = [UInt8](repeating: 0, count: registerCount)

    @inline(__always)
    mutating func add(_ hash: UInt64) {
        let register = Int(truncatingIfNeeded: hash &>> UInt64(64 - HyperLogLog.indexBits))
        let rest = hash &<< UInt64(HyperLogLog.indexBits)
        let rank = UInt8(truncatingIfNeeded: min(rest.leadingZeroBitCount + 1, HyperLogLog.rankMax))
        if registers[register] < rank { registers[register] = rank }
    }

    mutating func merge(_ other: HyperLogLog) {
        for place in registers.indices where registers[place] < other.registers[place] {
            registers[place] = other.registers[place]
        }
    }

    var count: Int {
        var multiplicity = [Int](repeating: 0, count: HyperLogLog.rankMax + 1)
        for register in registers { multiplicity[Int(register)] += 1 }
        let size = Double(HyperLogLog.registerCount)
        let last = HyperLogLog.rankMax
        var sum = size * HyperLogLog.tau(1 - Double(multiplicity[last]) / size)
        for rank in stride(from: last - 1, through: 1, by: -1) {
            sum = 0.5 * (sum + Double(multiplicity[rank]))
        }
        sum += size * HyperLogLog.sigma(Double(multiplicity[0]) / size)
        let ln2 = 0.693_147_180_559_945_3
        let estimate = size * size / (2 * ln2 * sum)
        return Int(exactly: estimate.rounded()) ?? Int.max
    }

    private static func sigma(_ start: Double) -> Double {
        if start == 1 { return .infinity }
        var (x, y, z, previous) = (start, 1.0, start, -1.0)
        while z != previous {
            x *= x
            previous = z
            z += x * y
            y += y
        }
        return z
    }

    private static func tau(_ start: Double) -> Double {
        if start == 0 || start == 1 { return 0 }
        var (x, y, z, previous) = (start, 1.0, 1 - start, -1.0)
        while z != previous {
            x = x.squareRoot()
            previous = z
            y *= 0.5
            z -= (1 - x) * (1 - x) * y
        }
        return z / 3
    }
}
