import TallyrollIntegrity
import Testing

@Suite struct ProofTests {
    static let tree = NaiveTree(size: 70)

    @Test func inclusionProofsAreThoseOfTheDefinitionAndHold() {
        for size in 1...Self.tree.leafHashes.count {
            let root = Self.tree.root(0..<size)
            for index in 0..<size {
                let proof = MerkleTree.inclusionProof(
                    index: UInt64(index), size: UInt64(size), subtreeRoot: Self.tree.subtreeRoot)
                #expect(proof == Self.tree.path(index, 0..<size), "\(index) of \(size)")
                #expect(
                    MerkleTree.verifyInclusion(
                        leafHash: Self.tree.leafHashes[index], index: UInt64(index), size: UInt64(size),
                        root: root,
                        proof: proof), "\(index) of \(size)")
            }
        }
    }

    @Test func consistencyProofsAreThoseOfTheDefinitionAndHold() {
        for second in 1...Self.tree.leafHashes.count {
            let secondRoot = Self.tree.root(0..<second)
            for first in 1...second {
                let proof = MerkleTree.consistencyProof(
                    firstSize: UInt64(first), secondSize: UInt64(second), subtreeRoot: Self.tree.subtreeRoot)
                #expect(proof == Self.tree.consistency(first, second), "\(first) to \(second)")
                #expect(
                    MerkleTree.verifyConsistency(
                        firstSize: UInt64(first), firstRoot: Self.tree.root(0..<first),
                        secondSize: UInt64(second),
                        secondRoot: secondRoot, proof: proof), "\(first) to \(second)")
            }
        }
    }

    /// Every subtree of every tree up to 40 leaves: its proofs hold, for itself and for its leaves.
    @Test func subtreeProofsHold() {
        for size in 1...40 {
            let root = Self.tree.root(0..<size)
            for start in 0..<size {
                for end in start + 1...size {
                    let leaves = UInt64(start)..<UInt64(end)
                    guard MerkleTree.isSubtree(leaves) else { continue }
                    let subtreeRoot = Self.tree.root(start..<end)
                    let proof = MerkleTree.subtreeConsistencyProof(
                        leaves: leaves, size: UInt64(size), subtreeRoot: Self.tree.subtreeRoot)
                    #expect(
                        MerkleTree.verifySubtreeConsistency(
                            leaves: leaves, subtreeRoot: subtreeRoot, size: UInt64(size), root: root,
                            proof: proof),
                        "\(leaves) of \(size)")
                    #expect(
                        !MerkleTree.verifySubtreeConsistency(
                            leaves: leaves, subtreeRoot: subtreeRoot.flipped(bit: 7), size: UInt64(size),
                            root: root,
                            proof: proof), "\(leaves) of \(size)")
                    let inner = MerkleTree.subtreeInclusionProof(
                        index: UInt64(end - 1), leaves: leaves, subtreeRoot: Self.tree.subtreeRoot)
                    #expect(
                        MerkleTree.verifySubtreeInclusion(
                            leafHash: Self.tree.leafHashes[end - 1], index: UInt64(end - 1), leaves: leaves,
                            root: subtreeRoot, proof: inner), "\(leaves) of \(size)")
                }
            }
        }
    }

    /// What a subtree is, from the definition: a start that is a multiple of the smallest power of two >= length.
    @Test func subtreesAreRecognised() {
        for start in 0...70 {
            for end in start...70 {
                var width = 1
                while width < end - start { width *= 2 }
                #expect(
                    MerkleTree.isSubtree(UInt64(start)..<UInt64(end)) == (start % width == 0),
                    "\(start)..<\(end)")
            }
        }
        #expect(MerkleTree.isSubtree(0..<UInt64.max))
        #expect(!MerkleTree.isSubtree(1..<UInt64.max))
    }

    /// Each single change to a good proof or to its claim makes it fail.
    @Test func changedProofsFail() {
        var random = SplitMix64(seed: 71)
        for _ in 0..<400 {
            let size = Int.random(in: 2...70, using: &random)
            let index = Int.random(in: 0..<size, using: &random)
            let root = Self.tree.root(0..<size)
            let leaf = Self.tree.leafHashes[index]
            let proof = Self.tree.path(index, 0..<size)
            func holds(_ leaf: Digest, _ index: Int, _ size: Int, _ root: Digest, _ proof: [Digest]) -> Bool {
                MerkleTree.verifyInclusion(
                    leafHash: leaf, index: UInt64(index), size: UInt64(size), root: root, proof: proof)
            }
            let bit = Int.random(in: 0..<256, using: &random)
            let place = Int.random(in: 0..<proof.count, using: &random)
            var changed = proof
            changed[place] = changed[place].flipped(bit: bit)
            #expect(holds(leaf, index, size, root, proof), "\(index) of \(size)")
            #expect(!holds(leaf, index, size, root, changed), "\(index) of \(size)")
            #expect(!holds(leaf.flipped(bit: bit), index, size, root, proof), "\(index) of \(size)")
            #expect(!holds(leaf, index, size, root.flipped(bit: bit), proof), "\(index) of \(size)")
            #expect(!holds(leaf, index, size, root, proof.dropLast()), "\(index) of \(size)")
            #expect(!holds(leaf, index, size, root, proof + [root]), "\(index) of \(size)")
            #expect(!holds(leaf, size, size, root, proof), "\(index) of \(size)")
            let other = Int.random(in: 0..<size, using: &random)
            if other != index {
                #expect(!holds(leaf, other, size, root, proof), "\(index), \(other) of \(size)")
            }
        }
    }

    /// Numbers from a stranger never make the verifier trap.
    @Test func absurdClaimsAreRefused() {
        var random = SplitMix64(seed: 72)
        let numbers: [UInt64] = [0, 1, 2, 3, 1 << 31, 1 << 32, 1 << 63, (1 << 63) + 1, .max - 1, .max]
        let root = MerkleTree.emptyRoot
        for first in numbers {
            for second in numbers {
                for length in [0, 1, 2, 31, 63, 64, 65, 200] {
                    let proof = (0..<length).map { _ in Digest(stateOf: UInt8(random.next() & 255)) }
                    #expect(
                        !MerkleTree.verifyInclusion(
                            leafHash: root, index: first, size: second, root: root, proof: proof)
                            || first == 0 && second == 1 && proof.isEmpty)
                    #expect(
                        !MerkleTree.verifyConsistency(
                            firstSize: first, firstRoot: root, secondSize: second, secondRoot: root,
                            proof: proof)
                            || first == second && first > 0 && proof.isEmpty)
                }
            }
        }
    }
}
