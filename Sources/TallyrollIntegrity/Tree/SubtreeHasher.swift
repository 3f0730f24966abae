/// Hashes complete subtrees of the tree over many events at once: their leaves side by side, then level after level.
struct SubtreeHasher: ~Copyable {
    /// Subtrees of 2^4 leaves to 2^8.
    static let levels = 4...8

    private let leaves = HashLanes(blocks: 1)
    private let nodes = HashLanes(blocks: 2)
    /// One level of the subtree, from the left.
    private let digests: UnsafeMutablePointer<Digest>

    init() {
        digests = .allocate(capacity: 1 << SubtreeHasher.levels.upperBound)
        for lane in 0..<HashLanes.count {
            leaves.slot(lane).storeBytes(of: 0, as: UInt8.self)
            leaves.pad(lane, length: 1 + Digest.byteCount, from: SHA256.State())
            nodes.slot(lane).storeBytes(of: 1, as: UInt8.self)
            nodes.pad(lane, length: 1 + 2 * Digest.byteCount, from: SHA256.State())
        }
    }

    deinit { digests.deallocate() }

    /// The root of the subtree over the 2^level chain hashes that begin at `chainHashes`.
    func root(over chainHashes: UnsafePointer<Digest>, level: Int) -> Digest {
        precondition(SubtreeHasher.levels.contains(level), "a subtree of another size")
        var width = 1 << level
        var first = 0
        while first < width {
            for lane in 0..<HashLanes.count { chainHashes[first + lane].store(to: leaves.slot(lane) + 1) }
            leaves.hash(from: SHA256.State(), into: digests + first)
            first += HashLanes.count
        }
        while width > 1 {
            width /= 2
            hashNodes(width)
        }
        return digests[0]
    }

    /// Puts the nodes over the first 2 · `count` digests in place of the first `count`.
    private func hashNodes(_ count: Int) {
        guard count >= HashLanes.count / 2 else {
            for place in 0..<count {
                digests[place] = MerkleTree.nodeHash(digests[2 * place], digests[2 * place + 1])
            }
            return
        }
        var first = 0
        while first < count {
            for lane in 0..<min(HashLanes.count, count - first) {
                let slot = nodes.slot(lane)
                let place = 2 * (first + lane)
                digests[place].store(to: slot + 1)
                digests[place + 1].store(to: slot + 1 + Digest.byteCount)
            }
            nodes.hash(from: SHA256.State(), into: digests + first)
            first += HashLanes.count
        }
    }
}
