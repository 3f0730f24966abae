/// Walks a posting list upwards. It stands on an ordinal (`current`) or at the end.
package struct PostingCursor {
    package let list: PostingList
    /// The ordinal the cursor stands on; `PostingCursor.end` when there is none left.
    package private(set) var current = PostingCursor.end
    /// The index in the list of `current`; kept for sparse lists only.
    private var index = -1
    private var base = 0
    private var word: UInt64 = 0

    /// Larger than every ordinal.
    package static let end = Int.max
    /// Buckets that are walked through rather than jumped over.
    private static let nearBuckets = 16

    /// Stands on the first ordinal.
    @inline(__always)
    package init(_ list: PostingList) {
        self.list = list
        switch list.shape.form {
        case .empty: break
        case .all: current = 0
        case .single: current = list.single ?? PostingCursor.end
        case .sparse, .bitmap:
            word = list.stream(0)
            advance()
        }
    }

    @inline(__always)
    package var isAtEnd: Bool { current == PostingCursor.end }

    /// Gives the current ordinal and goes on to the next.
    @inline(__always)
    package mutating func next() -> UInt32? {
        guard current != PostingCursor.end else { return nil }
        let ordinal = UInt32(truncatingIfNeeded: current)
        advance()
        return ordinal
    }

    /// Goes on to the next ordinal.
    @inline(__always)
    package mutating func advance() {
        switch list.shape.form {
        case .sparse:
            index &+= 1
            guard index < list.count, fill() else { return finish() }
            let position = base &+ word.trailingZeroBitCount
            word &= word &- 1
            let ordinal = (position &- index) &<< list.shape.lowWidth | list.low(index)
            guard UInt(bitPattern: ordinal) < UInt(bitPattern: list.universe) else { return finish() }
            current = ordinal
        case .bitmap:
            guard fill() else { return finish() }
            current = base &+ word.trailingZeroBitCount
            word &= word &- 1
        case .all: current = current &+ 1 < list.universe ? current &+ 1 : PostingCursor.end
        case .single, .empty: finish()
        }
    }

    /// Goes on to the first ordinal that is at least `ordinal`; stays when already there.
    @inline(__always)
    package mutating func seek(atLeast ordinal: Int) {
        if current >= ordinal { return }
        jump(ordinal)
    }

    private mutating func jump(_ ordinal: Int) {
        guard ordinal < list.universe else { return finish() }
        switch list.shape.form {
        case .all: current = ordinal
        case .single, .empty: finish()
        case .bitmap:
            base = ordinal
            word = list.stream(ordinal)
            advance()
        case .sparse:
            let bucket = ordinal >> list.shape.lowWidth
            let here = current >> list.shape.lowWidth
            if bucket - here > PostingCursor.nearBuckets {
                let position = list.bucketStart(bucket, knownPosition: here + index, knownBucket: here)
                guard position < list.shape.streamLength else { return finish() }
                index = position - bucket - 1
                base = position
                word = list.stream(position)
                advance()
            }
            while current < ordinal { advance() }
        }
    }

    /// Makes `word` hold a set bit; false when there is none left.
    @inline(__always)
    private mutating func fill() -> Bool {
        while word == 0 {
            guard base &+ 64 < list.shape.streamLength else { return false }
            base &+= 64
            word = list.stream(base)
        }
        return true
    }

    @inline(__always)
    private mutating func finish() { current = PostingCursor.end }
}
