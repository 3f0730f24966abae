/// The hashes of an RFC 6962 Merkle tree. Its leaves' data are the 32-byte chain hashes.
///
///     leaf = SHA-256(0x00 ‖ data)    node = SHA-256(0x01 ‖ left ‖ right)    root of no leaves = SHA-256("")
package enum MerkleTree {
    /// The root of a tree without leaves.
    package static let emptyRoot = SHA256.hash([])

    /// The leaf hash of a chain hash.
    @inline(__always)
    package static func leafHash(_ chainHash: Digest) -> Digest {
        SHA256.hash(from: SHA256.State()) { message in
            message.append(0 as UInt8)
            message.append(chainHash)
        }
    }

    /// The leaf hash of any data.
    package static func leafHash(of data: UnsafeRawBufferPointer) -> Digest {
        SHA256.hash(from: SHA256.State()) { message in
            message.append(0 as UInt8)
            message.append(data)
        }
    }

    /// The hash of a node.
    @inline(__always)
    package static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        SHA256.hash(from: SHA256.State()) { message in
            message.append(1 as UInt8)
            message.append(left)
            message.append(right)
        }
    }

    /// The root over adjacent complete subtrees, each higher than the next: what RFC 6962 makes of a tree whose
    /// size is no power of two. Empty gives the empty tree's root.
    static func fold(_ roots: some BidirectionalCollection<Digest>) -> Digest {
        guard let last = roots.last else { return emptyRoot }
        return roots.dropLast().reversed().reduce(last) { nodeHash($1, $0) }
    }
}

/// A complete subtree: the 2^level leaves from index · 2^level on. The same name as a hash in a C2SP tile tree.
package struct SubtreePosition: Hashable, Sendable {
    /// Steps up from the leaves.
    package let level: Int
    /// Position among the subtrees of its level, from the left.
    package let index: UInt64

    package init(level: Int, index: UInt64) {
        precondition(level >= 0 && level < 64, "a subtree's level is 0 to 63")
        self.level = level
        self.index = index
    }

    /// The first leaf.
    @inline(__always)
    package var first: UInt64 { index << UInt64(level) }
    /// How many leaves.
    @inline(__always)
    package var count: UInt64 { 1 << UInt64(level) }
}
