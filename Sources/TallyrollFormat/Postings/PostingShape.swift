/// How a posting list is laid out: follows from its count and universe alone, so that it costs no bits.
struct PostingShape: Equatable {
    enum Form: UInt8 {
        /// No ordinal: no bits.
        case empty = 1
        /// Every ordinal of the universe: no bits.
        case all = 2
        /// One ordinal, in as many bits as the largest one needs.
        case single = 3
        /// Elias-Fano: samples, low bits, unary high bits.
        case sparse = 4
        /// Rank samples and one bit an ordinal; chosen when it is no larger than `sparse`.
        case bitmap = 5
    }

    let form: Form
    /// Bits of an ordinal that are stored as they are.
    let lowWidth: Int
    /// The length of the bit stream that is walked: unary high bits, or the bitmap.
    let streamLength: Int
    let sampleCount: Int
    let sampleWidth: Int
    /// All bits of the list.
    let bitCount: Int

    /// A sample for so many zeros of the unary high bits (as a shift).
    static let zeroSampleShift = 8
    /// A sample for so many bits of a bitmap (as a shift).
    static let rankSampleShift = 12

    @inline(__always)
    init(count: Int, universe: Int) {
        precondition(count >= 0 && count <= universe && universe <= PostingList.universeMax)
        if count == 0 || count == universe {
            self.init(count == 0 ? .empty : .all, bitCount: 0)
            return
        }
        let ordinalWidth = BitPacking.width(forMaximum: UInt64(universe - 1))
        if count == 1 {
            self.init(.single, bitCount: ordinalWidth)
            return
        }
        // The largest width at which `count` buckets still fit: floor(log2(universe / count)).
        var low = BitPacking.width(forMaximum: UInt64(universe)) - BitPacking.width(forMaximum: UInt64(count))
        if count << low > universe { low -= 1 }
        let zeros = (universe - 1) >> low
        let length = count + zeros
        let samples = zeros >> PostingShape.zeroSampleShift
        let width = samples == 0 ? 0 : BitPacking.width(forMaximum: UInt64(length))
        let sparseBits = samples * width + count * low + length

        let ranks = (universe - 1) >> PostingShape.rankSampleShift
        let rankWidth = ranks == 0 ? 0 : BitPacking.width(forMaximum: UInt64(count))
        let bitmapBits = ranks * rankWidth + universe
        if sparseBits < bitmapBits {
            self.init(
                .sparse, lowWidth: low, streamLength: length, sampleCount: samples, sampleWidth: width,
                bitCount: sparseBits)
        } else {
            self.init(
                .bitmap, streamLength: universe, sampleCount: ranks, sampleWidth: rankWidth,
                bitCount: bitmapBits)
        }
    }

    @inline(__always)
    private init(
        _ form: Form, lowWidth: Int = 0, streamLength: Int = 0, sampleCount: Int = 0, sampleWidth: Int = 0,
        bitCount: Int
    ) {
        self.form = form
        self.lowWidth = lowWidth
        self.streamLength = streamLength
        self.sampleCount = sampleCount
        self.sampleWidth = sampleWidth
        self.bitCount = bitCount
    }
}
