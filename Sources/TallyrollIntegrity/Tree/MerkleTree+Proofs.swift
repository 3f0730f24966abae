/// Proofs, made from the roots of complete subtrees that a provider has stored or computes.
///
/// A proof is first planned as runs of leaves, then each run's root is put together from its complete subtrees, at
/// most log2(size) of them. The provider is asked only for complete subtrees inside the tree; what it throws
/// passes through.
extension MerkleTree {
    /// The root of the first `size` leaves.
    package static func root<E: Error>(
        size: UInt64, subtreeRoot: (SubtreePosition) throws(E) -> Digest
    ) throws(E) -> Digest {
        try root(of: 0..<size, subtreeRoot: subtreeRoot)
    }

    /// The root of a run of leaves that is a subtree.
    package static func root<E: Error>(
        of leaves: Range<UInt64>, subtreeRoot: (SubtreePosition) throws(E) -> Digest
    ) throws(E) -> Digest {
        precondition(isSubtree(leaves), "the leaves are no subtree")
        var roots: [Digest] = []
        for position in SubtreeCover.positions(
            first: leaves.lowerBound, count: leaves.upperBound - leaves.lowerBound)
        {
            roots.append(try subtreeRoot(position))
        }
        return fold(roots)
    }

    /// The proof that leaf number `index`, which must be less than `size`, is in the tree of that size.
    package static func inclusionProof<E: Error>(
        index: UInt64, size: UInt64, subtreeRoot: (SubtreePosition) throws(E) -> Digest
    ) throws(E) -> [Digest] {
        try subtreeInclusionProof(index: index, leaves: 0..<size, subtreeRoot: subtreeRoot)
    }

    /// The proof that leaf number `index` is in the subtree of these leaves.
    package static func subtreeInclusionProof<E: Error>(
        index: UInt64, leaves: Range<UInt64>, subtreeRoot: (SubtreePosition) throws(E) -> Digest
    ) throws(E) -> [Digest] {
        precondition(leaves.contains(index) && isSubtree(leaves), "no such leaf in a subtree")
        return try roots(of: inclusionRuns(index: index, leaves: leaves), subtreeRoot: subtreeRoot)
    }

    /// The proof that the tree of `secondSize` leaves begins with that of `firstSize`; 0 < first ≤ second.
    package static func consistencyProof<E: Error>(
        firstSize: UInt64, secondSize: UInt64, subtreeRoot: (SubtreePosition) throws(E) -> Digest
    ) throws(E) -> [Digest] {
        precondition(firstSize > 0, "consistency with an empty tree proves nothing")
        return try subtreeConsistencyProof(leaves: 0..<firstSize, size: secondSize, subtreeRoot: subtreeRoot)
    }

    /// The proof that the subtree of these leaves stands in the tree of `size` leaves.
    package static func subtreeConsistencyProof<E: Error>(
        leaves: Range<UInt64>, size: UInt64, subtreeRoot: (SubtreePosition) throws(E) -> Digest
    ) throws(E) -> [Digest] {
        precondition(isSubtree(leaves) && leaves.upperBound <= size, "no such subtree in the tree")
        return try roots(of: consistencyRuns(leaves: leaves, size: size), subtreeRoot: subtreeRoot)
    }

    /// The runs whose roots are the proof, bottom first: at each step down to the leaf, the half beside it.
    static func inclusionRuns(index: UInt64, leaves: Range<UInt64>) -> [Range<UInt64>] {
        var runs: [Range<UInt64>] = []
        var tree = leaves
        while tree.upperBound - tree.lowerBound > 1 {
            let middle = split(tree)
            if index < middle {
                runs.append(middle..<tree.upperBound)
                tree = tree.lowerBound..<middle
            } else {
                runs.append(tree.lowerBound..<middle)
                tree = middle..<tree.upperBound
            }
        }
        return runs.reversed()
    }

    /// The runs whose roots are the proof, bottom first: at each step down to what subtree and tree share, the half
    /// beside it; and the shared node itself, unless it is the whole subtree, whose root the verifier holds.
    static func consistencyRuns(leaves: Range<UInt64>, size: UInt64) -> [Range<UInt64>] {
        guard !leaves.isEmpty else { return [] }
        var runs: [Range<UInt64>] = []
        var tree = 0..<size
        var part = leaves
        while part != tree {
            let middle = split(tree)
            if part.upperBound <= middle {
                runs.append(middle..<tree.upperBound)
                tree = tree.lowerBound..<middle
            } else {
                runs.append(tree.lowerBound..<middle)
                tree = middle..<tree.upperBound
                part = max(part.lowerBound, middle)..<part.upperBound
            }
        }
        if part != leaves { runs.append(part) }
        return runs.reversed()
    }

    /// Where RFC 6962 splits a run of at least two leaves: after the largest power of two below its length.
    private static func split(_ leaves: Range<UInt64>) -> UInt64 {
        let count = leaves.upperBound - leaves.lowerBound
        return leaves.lowerBound + 1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }

    private static func roots<E: Error>(
        of runs: [Range<UInt64>], subtreeRoot: (SubtreePosition) throws(E) -> Digest
    ) throws(E) -> [Digest] {
        var proof: [Digest] = []
        proof.reserveCapacity(runs.count)
        for run in runs { proof.append(try root(of: run, subtreeRoot: subtreeRoot)) }
        return proof
    }
}
