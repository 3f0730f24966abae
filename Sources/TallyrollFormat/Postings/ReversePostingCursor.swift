/// Walks a posting list downwards, newest ordinal first. It stands on an ordinal (`current`) or at the end.
package struct ReversePostingCursor {
    package let list: PostingList
    /// The ordinal the cursor stands on; `ReversePostingCursor.end` when there is none left.
    package private(set) var current = ReversePostingCursor.end
    /// The index in the list of `current`; kept for sparse lists only.
    private var index: Int
    private var base = 0
    private var word: UInt64 = 0

    /// Smaller than every ordinal.
    package static let end = -1
    /// Buckets that are walked through rather than jumped over.
    private static let nearBuckets = 16

    /// Stands on the last ordinal.
    @inline(__always)
    package init(_ list: PostingList) {
        self.list = list
        index = list.count
        switch list.shape.form {
        case .empty: break
        case .all: current = list.universe - 1
        case .single: current = list.single ?? ReversePostingCursor.end
        case .sparse, .bitmap:
            load(before: list.shape.streamLength)
            advance()
        }
    }

    @inline(__always)
    package var isAtEnd: Bool { current == ReversePostingCursor.end }

    /// Gives the current ordinal and goes on to the one before it.
    @inline(__always)
    package mutating func next() -> UInt32? {
        guard current != ReversePostingCursor.end else { return nil }
        let ordinal = UInt32(truncatingIfNeeded: current)
        advance()
        return ordinal
    }

    /// Goes on to the ordinal before the current one.
    @inline(__always)
    package mutating func advance() {
        switch list.shape.form {
        case .sparse:
            index &-= 1
            guard index >= 0, fill() else { return finish() }
            let ordinal = (takeHighest() &- index) &<< list.shape.lowWidth | list.low(index)
            guard UInt(bitPattern: ordinal) < UInt(bitPattern: list.universe) else { return finish() }
            current = ordinal
        case .bitmap:
            guard fill() else { return finish() }
            current = takeHighest()
        case .all: current = max(current &- 1, ReversePostingCursor.end)
        case .single, .empty: finish()
        }
    }

    /// Goes on to the last ordinal that is at most `ordinal`; stays when already there.
    @inline(__always)
    package mutating func seek(atMost ordinal: Int) {
        if current <= ordinal { return }
        jump(ordinal)
    }

    private mutating func jump(_ ordinal: Int) {
        guard ordinal >= 0 else { return finish() }
        switch list.shape.form {
        case .all: current = ordinal
        case .single, .empty: finish()
        case .bitmap:
            load(before: ordinal + 1)
            advance()
        case .sparse:
            let bucket = ordinal >> list.shape.lowWidth
            let here = current >> list.shape.lowWidth
            if here - bucket > ReversePostingCursor.nearBuckets {
                let position = list.bucketStart(bucket + 1)
                index = min(position - bucket - 1, list.count)
                load(before: position)
                advance()
            }
            while current > ordinal { advance() }
        }
    }

    @inline(__always)
    private mutating func takeHighest() -> Int {
        let bit = 63 &- word.leadingZeroBitCount
        word ^= 1 &<< UInt64(truncatingIfNeeded: bit)
        return base &+ bit
    }

    /// Loads the (at most 64) bits of the stream that end before `position`.
    @inline(__always)
    private mutating func load(before position: Int) {
        if position >= 64 {
            base = position &- 64
            word = list.stream(base)
        } else {
            base = 0
            word = position <= 0 ? 0 : list.stream(0) & BitPacking.mask(position)
        }
    }

    /// Makes `word` hold a set bit; false when there is none left.
    @inline(__always)
    private mutating func fill() -> Bool {
        while word == 0 {
            guard base > 0 else { return false }
            load(before: base)
        }
        return true
    }

    @inline(__always)
    private mutating func finish() { current = ReversePostingCursor.end }
}
