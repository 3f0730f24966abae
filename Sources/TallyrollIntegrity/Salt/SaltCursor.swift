/// Derives the salts of a run's leaves one after the other, at about one hash a leaf.
///
/// Keeps the right siblings of the path to the current leaf: the step to the next leaf starts at the sibling that
/// lies above it. From the root, n leaves cost n - 1 hashes and at most 14 more. Allocates once, never per leaf. Where
/// hashes are cheaper side by side, 256 salts are derived together.
package struct SaltCursor {
    /// The leaf that `next()` gives.
    package private(set) var leaf: Int
    private let nodes: [SeedNode]
    /// The node at or after `leaf`.
    private var place = 0
    /// Whether `pending` belongs to the path of the leaf before, below the same node.
    private var isOnPath = false
    /// By height: the right sibling of the path, where the path goes left.
    private var pending: [Bytes16]
    /// Salts that were derived together, from the leaf `expandedFrom` on.
    private var expanded: [Bytes16] = []
    private var expandedFrom = 0
    private var expander: SaltExpander?

    /// From the given leaf of a run of which these seeds are left.
    package init(_ seeds: SeedSet, from leaf: Int = 0) {
        precondition(leaf >= 0 && leaf <= SaltTree.leafCount, "leaf outside the run")
        self.leaf = leaf
        nodes = seeds.nodes
        pending = [Bytes16](repeating: Bytes16(0, 0), count: SaltTree.depth)
    }

    /// From the first leaf of a run with this root seed.
    package init(root: Bytes16) {
        self.init(SeedSet(root: root))
    }

    /// The salt of `leaf`, or nil when it is punctured; steps on. A call beyond the run's last leaf is a mistake.
    @inline(__always)
    package mutating func next() -> Bytes16? {
        precondition(leaf < SaltTree.leafCount, "leaf outside the run")
        let ahead = leaf &- expandedFrom
        if ahead >= 0, ahead < expanded.count {
            leaf += 1
            return expanded[ahead]
        }
        if isOnPath, nodes[place].leaves.contains(leaf) {
            let height = leaf.trailingZeroBitCount
            let salt = leftmost(below: pending[height], height: height)
            leaf += 1
            return salt
        }
        return enter()
    }

    /// Goes down to `leaf` from the node above it, if there is one.
    @inline(never)
    private mutating func enter() -> Bytes16? {
        isOnPath = false
        while place < nodes.count, nodes[place].leaves.upperBound <= leaf { place += 1 }
        defer { leaf += 1 }
        guard place < nodes.count, nodes[place].leaves.contains(leaf) else { return nil }
        var seed = nodes[place].seed
        var height = nodes[place].height
        isOnPath = true
        while height > 0 {
            if height == SaltExpander.height, leaf & (SaltExpander.leafCount - 1) == 0, HashLanes.areFast {
                return expand(seed)
            }
            height -= 1
            let pair = SaltTree.children(of: seed)
            if leaf >> height & 1 == 0 {
                pending[height] = pair.right
                seed = pair.left
            } else {
                seed = pair.right
            }
        }
        return seed
    }

    /// Derives all salts below the node above `leaf`, of which that is the first.
    @inline(never)
    private mutating func expand(_ seed: Bytes16) -> Bytes16 {
        let expander = expander ?? SaltExpander()
        self.expander = expander
        let salts = UnsafeBufferPointer(start: expander.leaves(below: seed), count: SaltExpander.leafCount)
        expanded.removeAll(keepingCapacity: true)
        expanded.append(contentsOf: salts)
        expandedFrom = leaf
        return salts[0]
    }

    /// The first leaf below a node; notes the right siblings passed on the way.
    @inline(__always)
    private mutating func leftmost(below node: Bytes16, height: Int) -> Bytes16 {
        var seed = node
        var height = height
        while height > 0 {
            if height == SaltExpander.height, HashLanes.areFast { return expand(seed) }
            height -= 1
            let pair = SaltTree.children(of: seed)
            pending[height] = pair.right
            seed = pair.left
        }
        return seed
    }
}
