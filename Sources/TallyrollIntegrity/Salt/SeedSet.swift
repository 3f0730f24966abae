/// The seeds that are left of a run: the root while nothing was erased, then ever smaller subtrees.
///
/// Puncturing a leaf takes away, for good, the means to derive its salt and no other. The form is canonical: the
/// set depends on which leaves are punctured and not on the order, nodes are sorted, disjoint, and never two
/// siblings (whose parent would say the same). Forgetting is complete only when the caller also destroys every
/// stored copy of the earlier form.
package struct SeedSet: Hashable, Sendable {
    /// The most nodes a set can have: every second leaf punctured.
    package static let nodeCountMax = SaltTree.leafCount / 2

    /// From left to right.
    package private(set) var nodes: [SeedNode]

    /// All leaves of a run.
    package init(root: Bytes16) {
        nodes = [SeedNode(level: 0, index: 0, seed: root)]
    }

    init(canonicalNodes nodes: [SeedNode]) {
        self.nodes = nodes
    }

    /// Whether no leaf was ever punctured.
    package var isWhole: Bool { nodes.first?.level == 0 }

    /// The root seed while nothing is punctured.
    package var root: Bytes16? { isWhole ? nodes.first?.seed : nil }

    /// The salt of a leaf, or nil when it is punctured. At most 14 hashes.
    package func salt(ofLeaf leaf: Int) -> Bytes16? {
        guard let place = place(ofLeaf: leaf) else { return nil }
        return SaltTree.descendant(of: nodes[place], leaf: leaf)
    }

    /// Whether the salt of the leaf can no longer be derived.
    package func isPunctured(_ leaf: Int) -> Bool { place(ofLeaf: leaf) == nil }

    /// Takes away the means to derive the leaf's salt. Gives false when they were gone already.
    @discardableResult
    package mutating func puncture(_ leaf: Int) -> Bool {
        guard let place = place(ofLeaf: leaf) else { return false }
        let node = nodes[place]
        var left: [SeedNode] = []
        var right: [SeedNode] = []
        var seed = node.seed
        for level in stride(from: node.level + 1, through: SaltTree.depth, by: 1) {
            let pair = SaltTree.children(of: seed)
            let index = leaf >> (SaltTree.depth - level)
            if index & 1 == 0 {
                right.append(SeedNode(level: level, index: index + 1, seed: pair.right))
                seed = pair.left
            } else {
                left.append(SeedNode(level: level, index: index - 1, seed: pair.left))
                seed = pair.right
            }
        }
        nodes.replaceSubrange(place...place, with: left + right.reversed())
        return true
    }

    /// Punctures each of the leaves. Gives how many were not punctured before.
    @discardableResult
    package mutating func puncture(contentsOf leaves: some Sequence<Int>) -> Int {
        var count = 0
        for leaf in leaves where puncture(leaf) { count += 1 }
        return count
    }

    /// The place in `nodes` of the node above the leaf.
    private func place(ofLeaf leaf: Int) -> Int? {
        precondition(leaf >= 0 && leaf < SaltTree.leafCount, "leaf outside the run")
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].leaves.upperBound <= leaf { low = middle + 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].leaves.contains(leaf) ? low : nil
    }
}
