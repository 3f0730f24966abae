import TallyrollIntegrity
import Testing

@Suite struct TreeTests {
    static let tree = NaiveTree(size: 300)

    @Test func leavesAndNodesAreThoseOfTheStandard() {
        let digest = SHA256.hash([1, 2, 3])
        #expect(MerkleTree.leafHash(digest) == SHA256.hash([0] + digest.bytes))
        #expect(digest.withUnsafeBytes { MerkleTree.leafHash(of: $0) } == MerkleTree.leafHash(digest))
        #expect(
            MerkleTree.nodeHash(digest, .init(stateOf: 9))
                == SHA256.hash([1] + digest.bytes + Digest(stateOf: 9).bytes))
        #expect(MerkleTree.emptyRoot == SHA256.hash([]))
    }

    @Test func theFrontierAgreesWithTheDefinitionAtEverySize() throws {
        var frontier = Frontier()
        for size in 0...Self.tree.leafHashes.count {
            #expect(frontier.size == UInt64(size))
            #expect(frontier.hashes.count == size.nonzeroBitCount)
            #expect(frontier.root == Self.tree.root(0..<size), "size \(size)")
            #expect(MerkleTree.root(size: UInt64(size), subtreeRoot: Self.tree.subtreeRoot) == frontier.root)

            var bytes: [UInt8] = []
            frontier.encode(into: &bytes)
            #expect(bytes.count == Frontier.encodedByteCount(size: UInt64(size)))
            let decoded = try bytes.withUnsafeBytes { try Frontier(size: UInt64(size), decoding: $0) }
            #expect(decoded == frontier)
            #expect(try Frontier(size: UInt64(size), hashes: frontier.hashes) == frontier)
            if size < Self.tree.leafHashes.count { frontier.append(leafHash: Self.tree.leafHashes[size]) }
        }
    }

    @Test func aFrontierTakesCoversOfAnyRuns() {
        for seed in 41...60 as ClosedRange<UInt64> {
            var random = SplitMix64(seed: seed)
            var frontier = Frontier()
            var whole = SubtreeCover(first: 0)
            while frontier.size < UInt64(Self.tree.leafHashes.count) {
                let first = Int(frontier.size)
                let count = min(Int.random(in: 0...70, using: &random), Self.tree.leafHashes.count - first)
                let cover = SubtreeCover(
                    first: UInt64(first), leafHashes: Self.tree.leafHashes[first..<first + count])
                frontier.append(cover)
                whole.append(cover)
                #expect(frontier.root == Self.tree.root(0..<first + count), "seed \(seed)")
                #expect(whole.roots == frontier.hashes, "from 0 the cover is the frontier; seed \(seed)")
            }
        }
    }

    /// Leaves that are hashed side by side make the same cover as one after another.
    @Test func manyLeavesAtOnceMakeTheSameCover() {
        var random = SplitMix64(seed: 62)
        let hashes = (0..<3000).map { SHA256.hash([UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)]) }
        for _ in 0..<60 {
            let first = UInt64.random(in: 0...1100, using: &random)
            var cover = SubtreeCover(first: first)
            var alone = SubtreeCover(first: first)
            var start = 0
            while start < hashes.count {
                let end = min(start + Int.random(in: 0...900, using: &random), hashes.count)
                hashes[start..<end].withUnsafeBufferPointer { cover.append(chainHashes: $0) }
                for hash in hashes[start..<end] { alone.append(leafHash: MerkleTree.leafHash(hash)) }
                #expect(cover == alone, "\(start..<end) behind \(first)")
                start = end
            }
        }
    }

    /// Every run inside 70 leaves, and random ones: the positions are the canonical list, the roots are right, and
    /// covers of adjacent runs join to the cover of both.
    @Test func coversAreCanonical() throws {
        for first in 0...70 {
            for end in first...70 { try check(first..<end) }
        }
        var random = SplitMix64(seed: 61)
        for _ in 0..<300 {
            let first = Int.random(in: 0..<300, using: &random)
            try check(first..<Int.random(in: first...300, using: &random))
        }
        func check(_ leaves: Range<Int>) throws {
            let cover = SubtreeCover(
                first: UInt64(leaves.lowerBound), leafHashes: Self.tree.leafHashes[leaves])
            #expect(cover.end == UInt64(leaves.upperBound))
            #expect(cover.positions == naivePositions(leaves), "\(leaves)")
            #expect(cover.roots == cover.positions.map(Self.tree.subtreeRoot), "\(leaves)")

            var bytes: [UInt8] = []
            cover.encode(into: &bytes)
            let decoded = try bytes.withUnsafeBytes {
                try SubtreeCover(first: cover.first, count: cover.count, decoding: $0)
            }
            #expect(decoded == cover)

            let middle = leaves.lowerBound + leaves.count / 3
            var joined = SubtreeCover(
                first: cover.first, leafHashes: Self.tree.leafHashes[leaves.lowerBound..<middle])
            joined.append(
                SubtreeCover(
                    first: UInt64(middle), leafHashes: Self.tree.leafHashes[middle..<leaves.upperBound]))
            #expect(joined == cover, "\(leaves)")
        }
    }

    /// All complete subtrees inside the run whose parent is not.
    private func naivePositions(_ leaves: Range<Int>) -> [SubtreePosition] {
        func isInside(_ level: Int, _ index: Int) -> Bool {
            index << level >= leaves.lowerBound && (index + 1) << level <= leaves.upperBound
        }
        var found: [SubtreePosition] = []
        for level in 0...9 {
            for index in 0...(300 >> level) where isInside(level, index) && !isInside(level + 1, index / 2) {
                found.append(SubtreePosition(level: level, index: UInt64(index)))
            }
        }
        return found.sorted { $0.first < $1.first }
    }

    @Test func positionsNearTheEndOfTheNumbersAreFound() {
        let positions = SubtreeCover.positions(first: 3, count: .max - 3)
        #expect(positions.reduce(0) { $0 + $1.count } == UInt64.max - 3)
        #expect(positions.first?.first == 3)
    }

    @Test func wrongBytesAreRefused() {
        let bytes = [UInt8](repeating: 1, count: 64)
        bytes.withUnsafeBytes { raw in
            #expect(throws: Never.self) { try Frontier(size: 5, decoding: raw) }
            #expect(throws: IntegrityError.self) { try Frontier(size: 4, decoding: raw) }
            #expect(throws: IntegrityError.self) { try Frontier(size: 7, decoding: raw) }
            #expect(throws: IntegrityError.self) {
                try Frontier(size: 5, decoding: UnsafeRawBufferPointer(rebasing: raw[..<63]))
            }
            #expect(throws: Never.self) { try SubtreeCover(first: 1, count: 2, decoding: raw) }
            #expect(throws: IntegrityError.self) { try SubtreeCover(first: 0, count: 2, decoding: raw) }
            #expect(throws: IntegrityError.self) { try SubtreeCover(first: .max, count: 1, decoding: raw) }
        }
        #expect(throws: IntegrityError.self) { try Frontier(size: 3, hashes: []) }
    }
}

extension Digest {
    /// Some digest that the number decides.
    init(stateOf number: UInt8) { self = SHA256.hash([number]) }
}
