#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// At most what the section `TermPostings` of a segment will take, while the segment still grows.
///
/// A list of c ordinals below u takes at most c (2.25 + log2(u / c)) bits: 2 + log2(u / c) for low and high bits, at most
/// 1/128 of a sample of 32 bits. The sum over T lists is largest when all are equally long; once terms were counted, the
/// counts say how long they are.
package struct PostingBound {
    /// How often each code occurs among the ordinals that were counted; at 0 those without a term.
    private var counts: [UInt32] = [0]
    private var counted = 0
    /// The sum of c log2 c over all counts but the one at 0.
    private var weight = 0.0

    /// Up to so many lists are looked at one by one: each of few can be shorter as a bitmap.
    private static let fewLists = 64
    private static let bitsBeyondLogarithm = 2.25

    package init() {}

    /// Counts the codes of all ordinals from 0 on, each at most `lists`; those that were counted before are not looked
    /// at again.
    ///
    /// - Complexity: O(new ordinals), and O(`lists`) where these are fewer.
    package mutating func count(_ codes: UnsafeBufferPointer<UInt32>, lists: Int) {
        let fresh = counted..<max(codes.count, counted)
        counts.append(contentsOf: repeatElement(0, count: max(lists + 1 - counts.count, 0)))
        let isSummedAnew = fresh.count > lists
        var weight = isSummedAnew ? 0 : weight
        counts.withUnsafeMutableBufferPointer { counts in
            for ordinal in fresh {
                let code = Int(codes[ordinal])
                precondition(code < counts.count, "code above the number of lists")
                counts[code] += 1
                if !isSummedAnew, code > 0 {
                    weight += PostingBound.weight(counts[code]) - PostingBound.weight(counts[code] - 1)
                }
            }
            if isSummedAnew { for count in counts.dropFirst() { weight += PostingBound.weight(count) } }
        }
        self.weight = weight
        counted = fresh.upperBound
    }

    /// At most the bytes of the section for `lists` lists over `ordinals` events.
    package func bytes(ordinals: Int, lists: Int) -> Int {
        guard lists > 0 else { return PostingBound.fixedBytes }
        let universe = Double(max(ordinals, 2))
        let bits =
            listBits(universe, fresh: Double(max(ordinals - counted, 0)), lists: lists)
            + PostingBound.sequenceBits(lists, upper: ordinals)
            // Where every 16th list begins, in at most 40 bits.
            + Double(lists) * 2.5
        return Int(bits / 8) + PostingBound.fixedBytes
    }

    /// Header, padding, and what rounding may have lost.
    private static let fixedBytes = 128

    private func listBits(_ universe: Double, fresh: Double, lists: Int) -> Double {
        // A tenth of a bit more: one list or two are longest when they do not hold all ordinals.
        let equal = universe * (PostingBound.bitsBeyondLogarithm + 0.1 + log2(Double(max(lists, 2))))
        guard counted > 0 else { return equal }
        let most = PostingBound.bitsBeyondLogarithm + log2(universe)
        var bits = fresh * most
        if counts.count <= PostingBound.fewLists {
            let bitmap = universe + universe / 128 + 32
            for count in counts.dropFirst() where count > 0 {
                let count = Double(count)
                bits += min(count * (most - log2(count)), bitmap)
            }
        } else {
            bits += Double(counted - Int(counts[0])) * most - weight
        }
        return min(bits, equal)
    }

    /// At most the bits of a `MonotoneSequence`.
    static func sequenceBits(_ count: Int, upper: Int) -> Double {
        guard count > 0 else { return 0 }
        return Double(count) * (bitsBeyondLogarithm + log2(max(Double(upper) / Double(count), 1)))
    }

    /// c log2 c.
    @inline(__always)
    private static func weight(_ count: UInt32) -> Double {
        count > 1 ? Double(count) * log2(Double(count)) : 0
    }
}
