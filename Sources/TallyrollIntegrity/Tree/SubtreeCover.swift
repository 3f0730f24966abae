/// The roots of the maximal complete subtrees that a run of leaves [first, first + count) consists of.
///
/// There is one such list for a run, rising in level and then falling, at most twice 63 long; its positions follow
/// from `first` and `count` alone, so only the roots are stored. It grows leaf by leaf, and a frontier that ends at
/// `first` takes it whole: a leaf is hashed into the tree once, by whoever has it in hand.
package struct SubtreeCover: Hashable, Sendable {
    /// The first leaf.
    package let first: UInt64
    /// How many leaves.
    package private(set) var count: UInt64
    /// The roots, from left to right, one for each of `positions`.
    package private(set) var roots: [Digest]

    /// An empty run at a leaf.
    package init(first: UInt64) {
        self.first = first
        count = 0
        roots = []
        roots.reserveCapacity(64)
    }

    /// The run of these leaves.
    package init(first: UInt64, leafHashes: some Sequence<Digest>) {
        self.init(first: first)
        for leaf in leafHashes { append(leafHash: leaf) }
    }

    /// The run whose roots are exactly these bytes.
    package init(
        first: UInt64, count: UInt64, decoding bytes: UnsafeRawBufferPointer
    ) throws(IntegrityError) {
        guard !first.addingReportingOverflow(count).overflow else {
            throw IntegrityError(
                "subtree cover", expected: "an end within 64 bits", found: "\(count) leaves from \(first)")
        }
        self.first = first
        self.count = count
        roots = try DigestList.decode(
            bytes, count: SubtreeCover.positions(first: first, count: count).count,
            what: "subtree cover of \(count) leaves from \(first)")
    }

    /// The leaf after the last.
    package var end: UInt64 { first + count }

    /// Where the roots stand in the tree.
    package var positions: [SubtreePosition] { SubtreeCover.positions(first: first, count: count) }

    /// Appends a leaf.
    package mutating func append(leafHash: Digest) {
        append(root: leafHash, level: 0)
    }

    /// Leaves that `append(chainHashes:)` hashes for the least where they begin at a multiple of this many.
    package static let leavesAtOnce: UInt64 = 1 << UInt64(SubtreeHasher.levels.upperBound)

    /// Appends the leaves of events with these chain hashes.
    package mutating func append(chainHashes hashes: UnsafeBufferPointer<Digest>) {
        guard let start = hashes.baseAddress else { return }
        guard HashLanes.areFast, hashes.count >= HashLanes.count else {
            for hash in hashes { append(root: MerkleTree.leafHash(hash), level: 0) }
            return
        }
        let hasher = SubtreeHasher()
        var done = 0
        while done < hashes.count {
            let fitting = Int.bitWidth - 1 - (hashes.count - done).leadingZeroBitCount
            let level = min(end.trailingZeroBitCount, fitting, SubtreeHasher.levels.upperBound)
            if level >= SubtreeHasher.levels.lowerBound {
                append(root: hasher.root(over: start + done, level: level), level: level)
                done += 1 << level
            } else {
                append(root: MerkleTree.leafHash(start[done]), level: 0)
                done += 1
            }
        }
    }

    /// Appends a run that begins where this one ends.
    package mutating func append(_ next: SubtreeCover) {
        precondition(next.first == end, "the cover does not begin at this one's end")
        for (position, root) in zip(next.positions, next.roots) {
            append(root: root, level: position.level)
        }
    }

    /// Appends a complete subtree of 2^level leaves, which must begin at a multiple of that.
    package mutating func append(root: Digest, level: Int) {
        precondition(level >= 0 && level < 64, "a subtree's level is 0 to 63")
        precondition(end & ((1 << UInt64(level)) - 1) == 0, "the subtree does not begin where one may")
        var merged = root
        var start = end
        var width: UInt64 = 1 << UInt64(level)
        // A right child whose left sibling lies in the run: the sibling is complete and the last root.
        while start & width != 0, start - first >= width, let left = roots.popLast() {
            merged = MerkleTree.nodeHash(left, merged)
            start -= width
            width <<= 1
        }
        roots.append(merged)
        count += 1 << UInt64(level)
    }

    /// Appends the roots' bytes. `first` and `count` are kept elsewhere: they say how many there are.
    package func encode(into bytes: inout [UInt8]) {
        DigestList.encode(roots, into: &bytes)
    }

    /// The maximal complete subtrees of a run of leaves, from left to right. The run must end within 64 bits.
    package static func positions(first: UInt64, count: UInt64) -> [SubtreePosition] {
        var positions: [SubtreePosition] = []
        var start = first
        var remaining = count
        while remaining > 0 {
            let level = min(start.trailingZeroBitCount, 63 - remaining.leadingZeroBitCount)
            positions.append(SubtreePosition(level: level, index: start >> UInt64(level)))
            start += 1 << UInt64(level)
            remaining -= 1 << UInt64(level)
        }
        return positions
    }
}
