/// The ordinals of a term's events in a segment: strictly ascending, below `universe`, compressed (see
/// `PostingShape` for the forms). A value that borrows its bits and decodes only what is asked for.
///
/// Whatever the bits are, reading stays inside them, gives ordinals below `universe`, and ends after at most
/// `universe` of them. That the ordinals ascend and are `count` is only as true as the bits;
/// `checkInvariants` proves it.
///
/// | form | bits |
/// |---|---|
/// | sparse | `sampleCount * sampleWidth`: position in the high bits where bucket 256, 512, … begins · `count * lowWidth`: low bits · `count + ((universe - 1) >> lowWidth)`: unary high bits (ordinal `i` sets bit `(ordinal >> lowWidth) + i`) |
/// | bitmap | `sampleCount * sampleWidth`: ordinals below 4096, 8192, … · `universe`: one bit an ordinal |
/// | single | the ordinal |
/// | empty, all | none |
package struct PostingList {
    package let count: Int
    package let universe: Int
    let shape: PostingShape
    let bits: BitView
    private let start: Int
    private let lowStart: Int
    private let lowMask: UInt64
    private let streamStart: Int
    /// The ordinal of a list of one that is stored elsewhere; negative where it is among the bits.
    private let knownSingle: Int

    /// One more than the largest ordinal that there can be.
    package static let universeMax = Int(UInt32.max)

    /// The bits that a list takes.
    @inline(__always)
    package static func bitCount(count: Int, universe: Int) -> Int {
        PostingShape(count: count, universe: universe).bitCount
    }

    /// The list of `count` ordinals below `universe` whose bits begin at `start`. Throws when they would not
    /// lie inside, or the numbers cannot be.
    ///
    /// - Complexity: O(1).
    package init(_ bits: BitView, at start: Int, count: Int, universe: Int) throws(FormatError) {
        guard universe >= 0, universe <= PostingList.universeMax, count >= 0, count <= universe else {
            throw FormatError(
                .invalid, "posting list: count", offset: max(start, 0) >> 3,
                expected: "at most the universe", found: "\(count) of \(universe)")
        }
        shape = PostingShape(count: count, universe: universe)
        guard start >= 0, start <= bits.count, shape.bitCount <= bits.count - start else {
            throw FormatError(
                .truncated, "posting list", offset: max(start, 0) >> 3, expected: "\(shape.bitCount) bits",
                found: "\(bits.count - start)")
        }
        self.bits = bits
        self.count = count
        self.universe = universe
        self.start = start
        lowStart = start + shape.sampleCount * shape.sampleWidth
        lowMask = BitPacking.mask(shape.lowWidth)
        streamStart = lowStart + count * shape.lowWidth
        knownSingle = -1
    }

    /// The list of one ordinal, below `universe`, that takes none of `bits`.
    init(single ordinal: Int, _ bits: BitView, universe: Int) {
        precondition(ordinal >= 0 && ordinal < universe)
        shape = PostingShape(count: 1, universe: universe)
        (self.bits, self.universe) = (bits, universe)
        (count, knownSingle) = (1, ordinal)
        (start, lowStart, lowMask, streamStart) = (0, 0, 0, 0)
    }

    /// Writes a list at bit `start`, over zeros; gives the bit after it.
    package static func write(
        _ ordinals: UnsafeBufferPointer<UInt32>, universe: Int, into bits: inout BitBuffer, at start: Int
    ) -> Int {
        let count = ordinals.count
        let shape = PostingShape(count: count, universe: universe)
        var previous = -1
        switch shape.form {
        case .empty: break
        case .all:
            for ordinal in ordinals {
                precondition(Int(ordinal) == previous + 1, "ordinals must ascend")
                previous = Int(ordinal)
            }
        case .single:
            precondition(Int(ordinals[0]) < universe)
            bits.write(Int(ordinals[0]), width: shape.bitCount, at: start)
        case .sparse:
            let lowStart = start + shape.sampleCount * shape.sampleWidth
            let highStart = lowStart + count * shape.lowWidth
            let lowMask = 1 << shape.lowWidth - 1
            var sampled = 0
            var lowBit = lowStart
            for index in 0..<count {
                let ordinal = Int(ordinals[index])
                precondition(
                    ordinal > previous && ordinal < universe, "ordinals must ascend below the universe")
                previous = ordinal
                let high = ordinal >> shape.lowWidth
                bits.write(ordinal & lowMask, width: shape.lowWidth, at: lowBit)
                lowBit &+= shape.lowWidth
                bits.set(highStart &+ high &+ index)
                while sampled < high >> PostingShape.zeroSampleShift {
                    sampled += 1
                    let position = sampled << PostingShape.zeroSampleShift + index
                    bits.write(
                        position, width: shape.sampleWidth, at: start + (sampled - 1) * shape.sampleWidth)
                }
            }
            while sampled < shape.sampleCount {
                sampled += 1
                let position = sampled << PostingShape.zeroSampleShift + count
                bits.write(position, width: shape.sampleWidth, at: start + (sampled - 1) * shape.sampleWidth)
            }
        case .bitmap:
            let bitmapStart = start + shape.sampleCount * shape.sampleWidth
            var sampled = 0
            for index in 0...count {
                let ordinal = index < count ? Int(ordinals[index]) : universe - 1
                while sampled < shape.sampleCount,
                    index == count || (sampled + 1) << PostingShape.rankSampleShift <= ordinal
                {
                    bits.write(index, width: shape.sampleWidth, at: start + sampled * shape.sampleWidth)
                    sampled += 1
                }
                guard index < count else { break }
                precondition(
                    ordinal > previous && ordinal < universe, "ordinals must ascend below the universe")
                previous = ordinal
                bits.set(bitmapStart &+ ordinal)
            }
        }
        return start + shape.bitCount
    }

    /// The ordinal of a list in `single` form, or nil when it lies outside the universe.
    @inline(__always)
    var single: Int? {
        if knownSingle >= 0 { return knownSingle }
        let ordinal = bits.value(at: start, width: shape.bitCount)
        return ordinal < universe ? ordinal : nil
    }

    @inline(__always)
    func low(_ index: Int) -> Int {
        bits.value(at: lowStart &+ index &* shape.lowWidth, mask: lowMask)
    }

    /// 64 bits of the stream from `position`, which is inside it; zero after its last.
    @inline(__always)
    func stream(_ position: Int) -> UInt64 {
        let word = bits.word(at: streamStart &+ position)
        let left = shape.streamLength &- position
        return left >= 64 ? word : word & BitPacking.mask(left)
    }

    @inline(__always)
    private func sample(_ number: Int) -> Int {
        bits.value(at: start &+ (number &- 1) &* shape.sampleWidth, width: shape.sampleWidth)
    }

    /// The position in the high bits where `bucket` begins (at most the last bucket there is); the ordinals
    /// before it are `position - bucket`, at most `count`. A nearer known bucket start may be given.
    func bucketStart(_ bucket: Int, knownPosition: Int = 0, knownBucket: Int = 0) -> Int {
        var position = knownPosition
        var zeros = knownBucket
        let number = bucket >> PostingShape.zeroSampleShift
        let sampled = number << PostingShape.zeroSampleShift
        if sampled > zeros {
            zeros = sampled
            position = min(max(sample(number), sampled), sampled + count)
        }
        var missing = bucket - zeros
        while missing > 0, position < shape.streamLength {
            let left = shape.streamLength - position
            let zeroBits = ~stream(position) & (left >= 64 ? .max : BitPacking.mask(left))
            let found = zeroBits.nonzeroBitCount
            if missing <= found {
                position += zeroBits.position(ofSetBit: missing - 1) + 1
                return min(position, bucket + count)
            }
            missing -= found
            position += 64
        }
        return min(max(position, bucket), bucket + count, shape.streamLength)
    }

    /// The number of ordinals below `ordinal`.
    ///
    /// - Complexity: O(1) but for the bucket or sample interval that `ordinal` falls in.
    package func rank(of ordinal: Int) -> Int {
        if ordinal <= 0 { return 0 }
        if ordinal >= universe { return count }
        switch shape.form {
        case .empty: return 0
        case .all: return ordinal
        case .single: return (single ?? universe) < ordinal ? 1 : 0
        case .sparse:
            let bucket = ordinal >> shape.lowWidth
            let position = bucketStart(bucket)
            return rank(of: ordinal, bucket: bucket, position: position)
        case .bitmap:
            let number = ordinal >> PostingShape.rankSampleShift
            var position = number << PostingShape.rankSampleShift
            var rank = number == 0 ? 0 : sample(number)
            while position < ordinal {
                let left = ordinal - position
                let word = stream(position)
                rank += (left >= 64 ? word : word & BitPacking.mask(left)).nonzeroBitCount
                position += 64
            }
            return min(rank, count)
        }
    }

    /// The rank of an ordinal whose bucket begins at `position`.
    private func rank(of ordinal: Int, bucket: Int, position: Int) -> Int {
        let wanted = ordinal & Int(truncatingIfNeeded: lowMask)
        var position = position
        var index = position - bucket
        while index < count, position < shape.streamLength {
            var run = (~stream(position)).trailingZeroBitCount
            position += 64
            let whole = run == 64
            while run > 0, index < count {
                if low(index) >= wanted { return index }
                index += 1
                run -= 1
            }
            if !whole { break }
        }
        return index
    }

    /// Whether `ordinal` is in the list.
    package func contains(_ ordinal: Int) -> Bool {
        guard ordinal >= 0, ordinal < universe else { return false }
        switch shape.form {
        case .bitmap: return stream(ordinal) & 1 != 0
        case .all: return true
        case .empty: return false
        case .single: return single == ordinal
        case .sparse:
            var cursor = PostingCursor(self)
            cursor.seek(atLeast: ordinal)
            return cursor.current == ordinal
        }
    }

    /// The number of ordinals in `range`, without decoding them.
    package func count(in range: Range<Int>) -> Int {
        max(rank(of: range.upperBound) - rank(of: range.lowerBound), 0)
    }

    /// Throws unless the bits are exactly what `write` writes for `count` ascending ordinals.
    ///
    /// - Complexity: O(`universe`) for bitmaps, else O(`count`).
    package func checkInvariants() throws(FormatError) {
        if shape.form == .single, single == nil {
            throw wrong("an ordinal below \(universe)", "a larger one")
        }
        guard shape.form == .sparse || shape.form == .bitmap else { return }
        var index = 0
        var previous = -1
        var base = 0
        while base < shape.streamLength {
            var word = stream(base)
            while word != 0 {
                let position = base + word.trailingZeroBitCount
                word &= word - 1
                guard index < count else { throw wrong("\(count) ordinals", "more") }
                let ordinal =
                    shape.form == .sparse ? (position - index) << shape.lowWidth | low(index) : position
                guard ordinal > previous, ordinal < universe else {
                    throw wrong("ascending ordinals below \(universe)", "\(ordinal) after \(previous)")
                }
                previous = ordinal
                index += 1
            }
            base += 64
        }
        guard index == count else { throw wrong("\(count) ordinals", "\(index)") }
        try checkSamples()
    }

    private func checkSamples() throws(FormatError) {
        guard shape.sampleCount > 0 else { return }
        var (position, running) = (0, 0)
        for number in 1...shape.sampleCount {
            if shape.form == .sparse {
                // Walks from the previous, proved sample, without using the one under test.
                var zeros = 0
                while zeros < 1 << PostingShape.zeroSampleShift, position < shape.streamLength {
                    zeros += stream(position) & 1 == 0 ? 1 : 0
                    position += 1
                }
                running = position
            } else {
                for _ in 0..<1 << (PostingShape.rankSampleShift - 6) {
                    running += stream(position).nonzeroBitCount
                    position += 64
                }
            }
            guard sample(number) == running else { throw wrong("sample \(running)", "\(sample(number))") }
        }
    }

    private func wrong(_ expected: String, _ found: String) -> FormatError {
        FormatError(.invalid, "posting list", offset: start >> 3, expected: expected, found: found)
    }
}
