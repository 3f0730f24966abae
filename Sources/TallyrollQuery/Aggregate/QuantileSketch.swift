import TallyrollFormat

/// Counts numbers in buckets that grow with them, so that any percentile of however many is known with a relative
/// error of at most 1/513, less than 0.2 %.
///
/// The idea is DDSketch's (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
/// Relative-Error Guarantees", PVLDB 12, 2019), with the mapping that is linear between powers of two: the exponent of
/// a binary number and the first eight bits behind its leading one are its bucket. So no logarithm is taken, and
/// the same numbers give the same buckets on every machine and in every order.
struct QuantileSketch {
    private var negatives = Side()
    private var positives = Side()
    private var zeros = 0
    private(set) var count = 0
    private var lowest = Double.infinity
    private var highest = -Double.infinity

    /// Numbers that fall outside of what normal binary numbers can say count as the nearest of those, or as 0.
    mutating func add(_ value: Double, _ bytes: inout Int) {
        count += 1
        let value = max(min(value, Double.greatestFiniteMagnitude), -Double.greatestFiniteMagnitude)
        lowest = min(lowest, value)
        highest = max(highest, value)
        if value.magnitude < Double.leastNormalMagnitude {
            zeros += 1
        } else if value < 0 {
            negatives.add(-value, &bytes)
        } else {
            positives.add(value, &bytes)
        }
    }

    mutating func merge(_ other: QuantileSketch, _ bytes: inout Int) {
        negatives.merge(other.negatives, &bytes)
        positives.merge(other.positives, &bytes)
        zeros += other.zeros
        count += other.count
        lowest = min(lowest, other.lowest)
        highest = max(highest, other.highest)
    }

    /// About the number at a place, from 1, in ascending order.
    func value(rank: Int) -> Double {
        var rank = rank
        let estimate: Double
        if rank <= negatives.count {
            estimate = -negatives.value(rank: negatives.count + 1 - rank)
        } else {
            rank -= negatives.count
            estimate = rank <= zeros ? 0 : positives.value(rank: rank - zeros)
        }
        return max(min(estimate, highest), lowest)
    }

    /// The buckets of numbers of one sign, by magnitude: a page of them for each power of two that occurs.
    private struct Side {
        private static let bits = 8
        private static let pageSize = 1 << bits
        private static let powers = 2048

        private(set) var count = 0
        /// For each biased binary exponent the number of its page, from 1.
        private var pages: [UInt16] = []
        private var counters: [Int] = []

        @inline(__always)
        mutating func add(_ magnitude: Double, _ bytes: inout Int) {
            let bucket = Int(magnitude.bitPattern &>> UInt64(52 - Side.bits))
            add(1, power: bucket >> Side.bits, place: bucket & (Side.pageSize - 1), &bytes)
            count += 1
        }

        @inline(__always)
        private mutating func add(_ amount: Int, power: Int, place: Int, _ bytes: inout Int) {
            if pages.isEmpty || pages[power] == 0 { addPage(power, &bytes) }
            counters[(Int(pages[power]) - 1) << Side.bits + place] += amount
        }

        private mutating func addPage(_ power: Int, _ bytes: inout Int) {
            if pages.isEmpty {
                pages = [UInt16](repeating: 0, count: Side.powers)
                bytes += Side.powers * 2
            }
            // Twice, since the array has room for as much again when it grows.
            bytes += Side.pageSize * 8 * 2
            counters.append(contentsOf: repeatElement(0, count: Side.pageSize))
            pages[power] = UInt16(counters.count >> Side.bits)
        }

        mutating func merge(_ other: Side, _ bytes: inout Int) {
            for power in other.pages.indices where other.pages[power] > 0 {
                let start = (Int(other.pages[power]) - 1) << Side.bits
                for place in 0..<Side.pageSize where other.counters[start + place] > 0 {
                    add(other.counters[start + place], power: power, place: place, &bytes)
                }
            }
            count += other.count
        }

        /// The middle of the bucket in which the magnitude at a place, from 1, lies: as far, in proportion, from its
        /// smallest as from its largest.
        func value(rank: Int) -> Double {
            var left = rank
            for power in pages.indices where pages[power] > 0 {
                let start = (Int(pages[power]) - 1) << Side.bits
                for place in 0..<Side.pageSize {
                    left -= counters[start + place]
                    if left > 0 { continue }
                    let bits = UInt64(power << Side.bits | place) << UInt64(52 - Side.bits)
                    let low = Double(bitPattern: bits)
                    let width = low.binade / Double(Side.pageSize)
                    return low * ((low + width) / (low + width / 2))
                }
            }
            return 0
        }
    }
}
