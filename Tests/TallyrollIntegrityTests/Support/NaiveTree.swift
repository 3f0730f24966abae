import TallyrollIntegrity

/// RFC 6962 section 2.1 written down word for word: the oracle of the tree tests.
struct NaiveTree {
    let leafHashes: [Digest]

    init(leafHashes: [Digest]) { self.leafHashes = leafHashes }

    /// A tree over made-up leaves, the same for every run.
    init(size: Int) {
        leafHashes = (0..<size).map { index in
            SHA256.hash([0] + withUnsafeBytes(of: UInt64(index).littleEndian) { [UInt8]($0) })
        }
    }

    func root(_ leaves: Range<Int>) -> Digest {
        if leaves.isEmpty { return SHA256.hash([]) }
        if leaves.count == 1 { return leafHashes[leaves.lowerBound] }
        let middle = leaves.lowerBound + NaiveTree.largestPowerOfTwo(below: leaves.count)
        let left = root(leaves.lowerBound..<middle)
        let right = root(middle..<leaves.upperBound)
        return SHA256.hash([1] + left.bytes + right.bytes)
    }

    /// PATH(m, D[n]).
    func path(_ index: Int, _ leaves: Range<Int>) -> [Digest] {
        if leaves.count <= 1 { return [] }
        let middle = leaves.lowerBound + NaiveTree.largestPowerOfTwo(below: leaves.count)
        if index < middle {
            return path(index, leaves.lowerBound..<middle) + [root(middle..<leaves.upperBound)]
        }
        return path(index, middle..<leaves.upperBound) + [root(leaves.lowerBound..<middle)]
    }

    /// PROOF(m, D[n]).
    func consistency(_ first: Int, _ second: Int) -> [Digest] {
        subproof(first, 0..<second, isWhole: true)
    }

    private func subproof(_ end: Int, _ leaves: Range<Int>, isWhole: Bool) -> [Digest] {
        if end == leaves.upperBound { return isWhole ? [] : [root(leaves)] }
        let middle = leaves.lowerBound + NaiveTree.largestPowerOfTwo(below: leaves.count)
        if end <= middle {
            return subproof(end, leaves.lowerBound..<middle, isWhole: isWhole) + [
                root(middle..<leaves.upperBound)
            ]
        }
        return subproof(end, middle..<leaves.upperBound, isWhole: false) + [root(leaves.lowerBound..<middle)]
    }

    static func largestPowerOfTwo(below count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }

    /// What a store would provide: roots of complete subtrees, and of nothing else.
    func subtreeRoot(_ position: SubtreePosition) -> Digest {
        let first = Int(position.first)
        let leaves = first..<first + Int(position.count)
        precondition(leaves.upperBound <= leafHashes.count, "asked for a subtree beyond the tree")
        return root(leaves)
    }
}

extension Digest {
    var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// A digest that differs in one bit.
    func flipped(bit: Int) -> Digest {
        var changed = bytes
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        return Digest(changed) ?? self
    }
}
