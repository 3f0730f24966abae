/// The tree that gives every event of a run its own salt from one random seed (Goldreich, Goldwasser, Micali).
///
/// The children of a 16-byte node are the two halves of SHA-256("tallyroll-ggm-v1" ‖ node). Whoever holds a node
/// derives all leaves below it; nobody derives a node from what lies beside or below it. Hence one event is
/// erased by keeping, in place of the root, the seeds beside its path: `SeedSet` does that.
package enum SaltTree {
    /// Steps from the root to a leaf.
    package static let depth = 14
    /// Leaves of a run: leaf i is the salt of the run's i-th event.
    package static let leafCount = 1 << depth

    static let tag: StaticString = "tallyroll-ggm-v1"

    /// The two children of a node.
    @inline(__always)
    package static func children(of seed: Bytes16) -> (left: Bytes16, right: Bytes16) {
        SHA256.hash(from: SHA256.State()) { message in
            tag.withUTF8Buffer { message.append(UnsafeRawBufferPointer($0)) }
            message.append(seed)
        }.halves
    }

    /// The salt of one leaf under a run's root seed: 14 hashes. For many leaves in order use `SaltCursor`.
    package static func salt(ofLeaf leaf: Int, root: Bytes16) -> Bytes16 {
        precondition(leaf >= 0 && leaf < leafCount, "leaf outside the run")
        return descendant(of: SeedNode(level: 0, index: 0, seed: root), leaf: leaf)
    }

    /// The salt of a leaf that lies below `node`.
    static func descendant(of node: SeedNode, leaf: Int) -> Bytes16 {
        var seed = node.seed
        var height = node.height
        while height > 0 {
            height -= 1
            let pair = children(of: seed)
            seed = leaf >> height & 1 == 0 ? pair.left : pair.right
        }
        return seed
    }
}

/// A node of the salt tree and its seed: from it every leaf in `leaves` can be derived.
package struct SeedNode: Hashable, Sendable {
    /// Steps from the root: 0 is the root itself, `SaltTree.depth` a leaf.
    package let level: Int
    /// Position among the nodes of its level, from the left.
    package let index: Int
    package let seed: Bytes16

    init(level: Int, index: Int, seed: Bytes16) {
        self.level = level
        self.index = index
        self.seed = seed
    }

    /// Steps from here down to the leaves.
    @inline(__always)
    var height: Int { SaltTree.depth - level }

    /// The leaves below.
    @inline(__always)
    package var leaves: Range<Int> { index << height..<(index + 1) << height }
}
