/// Checks of proofs. They take whatever a stranger sends: no size, index or length makes them trap, and what is
/// not proved is false.
extension MerkleTree {
    /// Whether the proof shows that the leaf is number `index` of the tree with this size and root.
    package static func verifyInclusion(
        leafHash: Digest, index: UInt64, size: UInt64, root: Digest, proof: [Digest]
    ) -> Bool {
        rootOfInclusion(leafHash: leafHash, index: index, size: size, proof: proof) == root
    }

    /// The root that the proof leads to from leaf number `index` of a tree of this size, or nil when a proof for
    /// them has another length.
    package static func rootOfInclusion(
        leafHash: Digest, index: UInt64, size: UInt64, proof: [Digest]
    ) -> Digest? {
        guard index < size else { return nil }
        var node = index
        var last = size - 1
        var root = leafHash
        for sibling in proof {
            if last == 0 { return nil }
            if node & 1 == 1 || node == last {
                root = nodeHash(sibling, root)
                // The last node of a level without a sibling rises unchanged until it has one.
                let risen = node.trailingZeroBitCount
                node >>= UInt64(risen)
                last >>= UInt64(risen)
            } else {
                root = nodeHash(root, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 ? root : nil
    }

    /// Whether the proof shows that the tree of the second size and root begins with all of the first, unchanged.
    ///
    /// A first tree without leaves is refused: every tree begins with it, so that a proof would say nothing.
    package static func verifyConsistency(
        firstSize: UInt64, firstRoot: Digest, secondSize: UInt64, secondRoot: Digest, proof: [Digest]
    ) -> Bool {
        guard firstSize > 0, firstSize <= secondSize else { return false }
        return verifySubtreeConsistency(
            leaves: 0..<firstSize, subtreeRoot: firstRoot, size: secondSize, root: secondRoot, proof: proof)
    }

    /// Whether the proof shows that the leaf is number `index` of the tree, and that the run of leaves, which must
    /// be a subtree, has this root: inclusion within a subtree.
    package static func verifySubtreeInclusion(
        leafHash: Digest, index: UInt64, leaves: Range<UInt64>, root: Digest, proof: [Digest]
    ) -> Bool {
        guard isSubtree(leaves), leaves.contains(index) else { return false }
        return verifyInclusion(
            leafHash: leafHash, index: index - leaves.lowerBound, size: leaves.upperBound - leaves.lowerBound,
            root: root, proof: proof)
    }

    /// Whether the proof shows that a subtree with this root stands at these leaves of the tree with this size and
    /// root. A subtree without leaves needs no proof and has the empty root.
    package static func verifySubtreeConsistency(
        leaves: Range<UInt64>, subtreeRoot: Digest, size: UInt64, root: Digest, proof: [Digest]
    ) -> Bool {
        guard isSubtree(leaves), leaves.upperBound <= size else { return false }
        guard !leaves.isEmpty else { return proof.isEmpty && subtreeRoot == emptyRoot }

        // First and last node of the subtree and last node of the tree, on a level that rises with the proof.
        var first = leaves.lowerBound
        var end = leaves.upperBound - 1
        var last = size - 1
        let isAtRightEdge = end == last
        while first != end, isAtRightEdge || end & 1 == 1 {
            first >>= 1
            end >>= 1
            last >>= 1
        }
        var rest = proof[...]
        var subtreeSide = subtreeRoot
        if first != end {
            guard let start = rest.popFirst() else { return false }
            subtreeSide = start
        }
        var treeSide = subtreeSide
        for sibling in rest {
            if last == 0 { return false }
            if end & 1 == 1 || end == last {
                if first < end { subtreeSide = nodeHash(sibling, subtreeSide) }
                treeSide = nodeHash(sibling, treeSide)
                let risen = UInt64(end.trailingZeroBitCount)
                first >>= risen
                end >>= risen
                last >>= risen
            } else {
                treeSide = nodeHash(treeSide, sibling)
            }
            first >>= 1
            end >>= 1
            last >>= 1
        }
        return last == 0 && subtreeSide == subtreeRoot && treeSide == root
    }

    /// Whether the leaves can be a subtree, complete or at some tree's right edge: they begin at a multiple of
    /// the smallest power of two that is not less than their number.
    package static func isSubtree(_ leaves: Range<UInt64>) -> Bool {
        let count = leaves.upperBound - leaves.lowerBound
        guard count > 1 else { return true }
        let width = UInt64.bitWidth - (count - 1).leadingZeroBitCount
        return leaves.lowerBound.trailingZeroBitCount >= width
    }
}
