/// The right edge of a growing tree: the roots of the complete subtrees that the binary digits of its size name,
/// the largest first. It is all that is needed to append and to give the root, and has at most 64 hashes.
package struct Frontier: Hashable, Sendable {
    /// How many leaves the tree has.
    package private(set) var size: UInt64
    /// The roots, from left to right; as many as `size` has one bits.
    package private(set) var hashes: [Digest]

    /// The frontier of a tree without leaves.
    package init() {
        size = 0
        hashes = []
        hashes.reserveCapacity(64)
    }

    /// The frontier with these hashes, or an error unless there is one for each one bit of the size.
    package init(size: UInt64, hashes: [Digest]) throws(IntegrityError) {
        guard hashes.count == size.nonzeroBitCount else {
            throw IntegrityError(
                "frontier of size \(size)", expected: "\(size.nonzeroBitCount) hashes",
                found: "\(hashes.count)")
        }
        self.size = size
        self.hashes = hashes
    }

    /// The root of the tree so far.
    package var root: Digest { MerkleTree.fold(hashes) }

    /// Appends a leaf: one node hash on average.
    package mutating func append(leafHash: Digest) {
        append(root: leafHash, level: 0)
    }

    /// Appends a complete subtree of 2^level leaves. The size must be a multiple of that: a subtree elsewhere is
    /// none of the tree's.
    package mutating func append(root: Digest, level: Int) {
        precondition(level >= 0 && level < 64, "a subtree's level is 0 to 63")
        precondition(size & ((1 << UInt64(level)) - 1) == 0, "the subtree does not begin where one may")
        var merged = root
        var bit: UInt64 = 1 << UInt64(level)
        while size & bit != 0, let left = hashes.popLast() {
            merged = MerkleTree.nodeHash(left, merged)
            bit <<= 1
        }
        hashes.append(merged)
        size += 1 << UInt64(level)
    }

    /// Appends a run of leaves by the roots of its subtrees. The run must begin at `size`.
    package mutating func append(_ cover: SubtreeCover) {
        precondition(cover.first == size, "the cover does not begin at the tree's end")
        for (position, root) in zip(cover.positions, cover.roots) {
            append(root: root, level: position.level)
        }
    }

    /// Appends the hashes' bytes. The size is kept elsewhere: it says how many there are.
    package func encode(into bytes: inout [UInt8]) {
        DigestList.encode(hashes, into: &bytes)
    }

    /// The frontier of a tree of this size whose hashes are exactly these bytes.
    package init(size: UInt64, decoding bytes: UnsafeRawBufferPointer) throws(IntegrityError) {
        let hashes = try DigestList.decode(
            bytes, count: size.nonzeroBitCount, what: "frontier of size \(size)")
        self.size = size
        self.hashes = hashes
    }

    /// How many bytes the hashes of a frontier of this size take.
    package static func encodedByteCount(size: UInt64) -> Int { size.nonzeroBitCount * Digest.byteCount }
}

/// Digests one after the other, as frontiers, covers and proofs store them.
package enum DigestList {
    package static func encode(_ digests: [Digest], into bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + digests.count * Digest.byteCount)
        for digest in digests {
            digest.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
    }

    /// Exactly `count` digests.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, count: Int, what: String
    ) throws(IntegrityError) -> [Digest] {
        guard bytes.count % Digest.byteCount == 0, bytes.count / Digest.byteCount == count else {
            throw IntegrityError(what, expected: "\(count) hashes of 32 bytes", found: "\(bytes.count) bytes")
        }
        guard let start = bytes.baseAddress else { return [] }
        return (0..<count).map { Digest(loadingFrom: start + $0 * Digest.byteCount) }
    }
}
