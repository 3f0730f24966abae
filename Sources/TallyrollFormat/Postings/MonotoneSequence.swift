/// A never-falling sequence of integers from 0 to `upper` in Elias-Fano form: the low bits of each value packed,
/// the high bits in unary (value `i` sets bit `(value >> lowWidth) + i`), and the position of every 128th set bit
/// so that any value is found in constant time. About `2 + log2(upper / count)` bits a value.
///
/// | bits | what |
/// |---|---|
/// | `sampleCount * sampleWidth` | position of set bit number 128, 256, … |
/// | `count * lowWidth` | low bits |
/// | `highLength` | unary high bits: `count` ones and `upper >> lowWidth` zeros |
///
/// Reading never leaves the bits and never gives a value above `upper`, whatever the bits are; `checkInvariants`
/// says whether they are what a writer writes.
package struct MonotoneSequence {
    package let count: Int
    package let upper: Int
    private let bits: BitView
    private let layout: Layout
    private let sampleStart: Int
    private let lowStart: Int
    private let highStart: Int

    /// Where the parts of a sequence lie; follows from its count and upper bound.
    struct Layout {
        let lowWidth: Int
        let highLength: Int
        let sampleCount: Int
        let sampleWidth: Int

        init(count: Int, upper: Int) {
            var width = 0
            if count > 0, upper > count {
                width =
                    BitPacking.width(forMaximum: UInt64(upper)) - BitPacking.width(forMaximum: UInt64(count))
                if count << width > upper { width -= 1 }
            }
            lowWidth = width
            highLength = count == 0 ? 0 : count + upper >> width
            sampleCount = max(count - 1, 0) >> 7
            sampleWidth = sampleCount == 0 ? 0 : BitPacking.width(forMaximum: UInt64(highLength))
        }

        func bitCount(count: Int) -> Int { sampleCount * sampleWidth + count * lowWidth + highLength }
    }

    /// The bits that a sequence takes.
    package static func bitCount(count: Int, upper: Int) -> Int {
        Layout(count: count, upper: upper).bitCount(count: count)
    }

    /// Writes `values`, never falling and at most `upper`, at `start`; gives the bit after them.
    package static func write(
        _ values: UnsafeBufferPointer<UInt32>, upper: Int, into bits: inout BitBuffer, at start: Int
    ) -> Int {
        let layout = Layout(count: values.count, upper: upper)
        let lowStart = start + layout.sampleCount * layout.sampleWidth
        let highStart = lowStart + values.count * layout.lowWidth
        let lowMask = 1 << layout.lowWidth - 1
        var previous = 0
        for index in 0..<values.count {
            let value = Int(values[index])
            precondition(value >= previous && value <= upper, "sequence falls or exceeds its bound")
            previous = value
            let position = value >> layout.lowWidth + index
            bits.write(value & lowMask, width: layout.lowWidth, at: lowStart + index * layout.lowWidth)
            bits.set(highStart + position)
            if index & 127 == 0, index > 0 {
                bits.write(
                    position, width: layout.sampleWidth, at: start + (index >> 7 - 1) * layout.sampleWidth)
            }
        }
        return highStart + layout.highLength
    }

    /// The sequence of `count` values that begins at bit `start`. Throws when it would not fit.
    package init(_ bits: BitView, at start: Int, count: Int, upper: Int, what: String) throws(FormatError) {
        precondition(start >= 0 && count >= 0 && upper >= 0)
        layout = Layout(count: count, upper: upper)
        guard layout.bitCount(count: count) <= bits.count - start else {
            throw FormatError(
                .truncated, what, offset: start >> 3, expected: "\(layout.bitCount(count: count)) bits",
                found: "\(bits.count - start)")
        }
        self.bits = bits
        self.count = count
        self.upper = upper
        sampleStart = start
        lowStart = start + layout.sampleCount * layout.sampleWidth
        highStart = lowStart + count * layout.lowWidth
    }

    /// The value at `index`.
    @inline(__always)
    package func value(_ index: Int) -> Int {
        var iterator = iterator(from: index)
        return iterator.next() ?? upper
    }

    /// The value before `index` (0 before the first) and that at `index`, the first at most the second.
    @inline(__always)
    package func bounds(_ index: Int) -> (lower: Int, upper: Int) {
        guard index > 0 else { return (0, value(index)) }
        var iterator = iterator(from: index - 1)
        let lower = iterator.next() ?? upper
        let higher = iterator.next() ?? upper
        return (min(lower, higher), higher)
    }

    /// Walks the values from `index` on.
    package func iterator(from index: Int = 0) -> Iterator { Iterator(self, from: index) }

    package struct Iterator {
        private let sequence: MonotoneSequence
        private var index: Int
        private var base: Int
        private var word: UInt64

        init(_ sequence: MonotoneSequence, from index: Int) {
            precondition(index >= 0 && index <= sequence.count)
            self.sequence = sequence
            self.index = index
            (base, word) = (0, 0)
            guard index < sequence.count else { return }
            let sample = index >> 7
            var skip = index & 127
            if sample > 0 {
                let found = sequence.sample(sample)
                base = min(max(found, sample << 7), sequence.layout.highLength - 1)
            }
            word = sequence.high(base)
            while true {
                let ones = word.nonzeroBitCount
                if skip < ones {
                    let position = word.position(ofSetBit: skip)
                    word = (word &>> UInt64(position)) &<< UInt64(position)
                    return
                }
                skip -= ones
                guard base + 64 < sequence.layout.highLength else {
                    self.index = sequence.count
                    return
                }
                base += 64
                word = sequence.high(base)
            }
        }

        /// The next value, or nil after the last.
        @inline(__always)
        package mutating func next() -> Int? {
            guard index < sequence.count else { return nil }
            while word == 0 {
                guard base + 64 < sequence.layout.highLength else {
                    index = sequence.count
                    return nil
                }
                base += 64
                word = sequence.high(base)
            }
            let high = base &+ word.trailingZeroBitCount &- index
            word &= word &- 1
            let value = max(high, 0) &<< sequence.layout.lowWidth | sequence.low(index)
            index &+= 1
            return min(value, sequence.upper)
        }
    }

    /// Has what a walk through some values looks at read, where the bits, which begin at `origin`, are not in memory as
    /// a whole: their low bits, and the high bits from the sample before to the one behind.
    func need(_ range: Range<Int>, _ pages: PageMap, from origin: Int) throws(FormatError) {
        let range = range.clamped(to: 0..<count)
        guard !range.isEmpty else { return }
        let (before, behind) = (range.lowerBound >> 7, (range.upperBound - 1) >> 7 + 1)
        let firstSample = sampleStart + max(before - 1, 0) * layout.sampleWidth
        let lastSample = sampleStart + min(behind, layout.sampleCount) * layout.sampleWidth
        try pages.need(bits: firstSample..<max(lastSample, firstSample), from: origin)
        let start = before == 0 ? 0 : min(max(sample(before), 0), layout.highLength)
        let end = behind > layout.sampleCount ? layout.highLength : min(sample(behind), layout.highLength)
        try pages.need(
            bits: (lowStart + range.lowerBound * layout.lowWidth)..<(lowStart + range.upperBound
                * layout.lowWidth),
            from: origin)
        try pages.need(bits: (highStart + start)..<(highStart + max(end, start) + 64), from: origin)
    }

    @inline(__always)
    private func sample(_ number: Int) -> Int {
        bits.value(at: sampleStart + (number - 1) * layout.sampleWidth, width: layout.sampleWidth)
    }

    @inline(__always)
    private func low(_ index: Int) -> Int {
        bits.value(at: lowStart &+ index &* layout.lowWidth, width: layout.lowWidth)
    }

    /// 64 high bits from `position`, zero after the last.
    @inline(__always)
    private func high(_ position: Int) -> UInt64 {
        let word = bits.word(at: highStart &+ position)
        let left = layout.highLength &- position
        return left >= 64 ? word : word & BitPacking.mask(left)
    }

    /// Throws unless the bits are exactly what `write` writes for some values.
    ///
    /// - Complexity: O(`count`).
    package func checkInvariants(what: String) throws(FormatError) {
        var previous = 0
        var index = 0
        for position in 0..<layout.highLength where high(position) & 1 != 0 {
            guard index < count else { throw wrong(what, "\(count) values", "more") }
            let value = (position - index) << layout.lowWidth | low(index)
            guard value >= previous, value <= upper else {
                throw wrong(what, "values that rise to at most \(upper)", "\(value) after \(previous)")
            }
            if index & 127 == 0, index > 0, sample(index >> 7) != position {
                throw wrong(what, "sample \(position)", "\(sample(index >> 7))")
            }
            previous = value
            index += 1
        }
        guard index == count else { throw wrong(what, "\(count) values", "\(index)") }
    }

    private func wrong(_ what: String, _ expected: String, _ found: String) -> FormatError {
        FormatError(.invalid, what, offset: sampleStart >> 3, expected: expected, found: found)
    }
}
