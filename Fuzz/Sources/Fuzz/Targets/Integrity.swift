import TallyrollFormat
import TallyrollIntegrity

private func leaf(_ index: UInt64) -> Digest {
    SHA256.hash(withUnsafeBytes(of: index.littleEndian) { Array($0) })
}

extension FuzzTarget {
    static let seedSet = FuzzTarget(
        name: "seed-set",
        seeds: {
            [[], [0], [5, 6, 7], [0, 16_383, 8_000]].map { leaves -> [UInt8] in
                guard let root = Bytes16(Array(0..<16) as [UInt8]) else { return [] }
                var set = SeedSet(root: root)
                set.puncture(contentsOf: leaves)
                var out: [UInt8] = [3, 0]
                set.encode(into: &out)
                return out
            }
        },
        run: { view in
            var choices = Choices(view)
            let leaf = choices.word() % SaltTree.leafCount
            let bytes = choices.rest.array
            guard var set = try? SeedSet(decoding: bytes) else { return }
            var again: [UInt8] = []
            set.encode(into: &again)
            check(again == bytes, "a seed set with two encodings")
            var cursor = SaltCursor(set, from: leaf)
            for next in leaf..<min(leaf + 8, SaltTree.leafCount) {
                check(cursor.next() == set.salt(ofLeaf: next), "salt \(next) differs")
            }
            set.puncture(leaf)
            check(set.isPunctured(leaf) && set.salt(ofLeaf: leaf) == nil, "a punctured leaf with a salt")
            again = []
            set.encode(into: &again)
            check((try? SeedSet(decoding: again)) == set, "a punctured set that does not read")
        })

    static let proof = FuzzTarget(
        name: "proof",
        seeds: {
            [(1, 0, 1), (7, 3, 4), (13, 12, 8), (200, 77, 128)].map { size, index, first in
                [UInt8(size), UInt8(index), UInt8(first), 0]
            }
        },
        run: { view in
            var choices = Choices(view)
            let size = UInt64(choices.byte()) + 1
            let index = UInt64(choices.byte()) % size
            let first = UInt64(choices.byte()) % size + 1
            let change = choices.byte()
            // What a stranger sends: any sizes, any hashes.
            let hostileIndex = choices.integer()
            let hostileSize = choices.integer()
            var hashes: [Digest] = []
            while choices.rest.count >= 32, hashes.count < 80 {
                if let hash = Digest(choices.rest.trusted(0, 32).raw) { hashes.append(hash) }
                choices = Choices(choices.rest.trusted(32, choices.rest.count - 32))
            }
            let root = hashes.first ?? leaf(0)
            check(
                !MerkleTree.verifyInclusion(
                    leafHash: leaf(1), index: hostileIndex, size: hostileSize, root: root, proof: hashes),
                "a forged inclusion proof")
            _ = MerkleTree.verifyConsistency(
                firstSize: hostileIndex, firstRoot: root, secondSize: hostileSize, secondRoot: leaf(2),
                proof: hashes)

            func subtree(_ position: SubtreePosition) -> Digest {
                var frontier = Frontier()
                for offset in 0..<position.count { frontier.append(leafHash: leaf(position.first + offset)) }
                return frontier.root
            }
            let whole = MerkleTree.root(size: size, subtreeRoot: subtree)
            var proof = MerkleTree.inclusionProof(index: index, size: size, subtreeRoot: subtree)
            func includes(_ proof: [Digest]) -> Bool {
                MerkleTree.verifyInclusion(
                    leafHash: leaf(index), index: index, size: size, root: whole, proof: proof)
            }
            check(includes(proof), "a true inclusion proof refused")
            check(!includes(proof + [leaf(9)]), "an inclusion proof with a hash too many")
            if !proof.isEmpty {
                proof[change % proof.count] = leaf(9_999)
                check(!includes(proof), "a changed inclusion proof accepted")
            }
            let consistency = MerkleTree.consistencyProof(
                firstSize: first, secondSize: size, subtreeRoot: subtree)
            let firstRoot = MerkleTree.root(size: first, subtreeRoot: subtree)
            check(
                MerkleTree.verifyConsistency(
                    firstSize: first, firstRoot: firstRoot, secondSize: size, secondRoot: whole,
                    proof: consistency),
                "a true consistency proof refused")
        })
}
