import TallyrollIntegrity
import Testing

@Suite struct SaltTests {
    static let root = Bytes16(0xa0..<0xb0)

    /// Values from another implementation (Python's hashlib).
    @Test(arguments: [
        (0, "eb4d168d46ece08a44d2d9cf4a9077da"), (1, "a31d65f07ba8d949ec12ac4be2d02b9d"),
        (5461, "ea5be6dfd5405241f50f319c713da06f"), (16383, "0141310ad7f5abeb0927f8d2c7973061"),
    ])
    func saltsFollowTheFormula(leaf: Int, expected: String) throws {
        let root = try #require(Self.root)
        #expect(SaltTree.salt(ofLeaf: leaf, root: root).description == expected)
    }

    @Test func theCursorGivesEveryLeafOfARun() throws {
        let root = try #require(Self.root)
        var cursor = SaltCursor(root: root)
        var distinct: Set<Bytes16> = []
        for leaf in 0..<SaltTree.leafCount {
            let salt = cursor.next()
            #expect(salt == SaltTree.salt(ofLeaf: leaf, root: root), "leaf \(leaf)")
            distinct.insert(try #require(salt))
        }
        #expect(distinct.count == SaltTree.leafCount)
    }

    @Test func theCursorStartsAnywhere() throws {
        let root = try #require(Self.root)
        var random = SplitMix64(seed: 21)
        for _ in 0..<200 {
            let start = Int.random(in: 0..<SaltTree.leafCount, using: &random)
            var cursor = SaltCursor(SeedSet(root: root), from: start)
            for leaf in start..<min(start + 40, SaltTree.leafCount) {
                #expect(cursor.leaf == leaf)
                #expect(
                    cursor.next() == SaltTree.salt(ofLeaf: leaf, root: root), "leaf \(leaf) from \(start)")
            }
        }
    }

    /// One punctured leaf: no seed that is left lies on its path, and all other salts are as before.
    @Test(arguments: [0, 1, 5461, 8191, 8192, 16382, 16383])
    func puncturingTakesAwayOneLeaf(leaf: Int) throws {
        let root = try #require(Self.root)
        var seeds = SeedSet(root: root)
        #expect(seeds.isWhole && seeds.root == root)
        let first = seeds.puncture(leaf)
        #expect(first)
        let second = seeds.puncture(leaf)
        #expect(!second, "a second time there is nothing to take away")
        #expect(!seeds.isWhole && seeds.root == nil)
        #expect(seeds.nodes.count == SaltTree.depth)
        #expect(seeds.nodes.allSatisfy { !$0.leaves.contains(leaf) })
        #expect(seeds.salt(ofLeaf: leaf) == nil && seeds.isPunctured(leaf))
        for other in Set([0, 1, 2, 5460, 5462, 8190, 8193, 16381]).subtracting([leaf]) {
            #expect(seeds.salt(ofLeaf: other) == SaltTree.salt(ofLeaf: other, root: root), "leaf \(other)")
        }
        #expect(seeds.nodes.reduce(0) { $0 + $1.leaves.count } == SaltTree.leafCount - 1)
    }

    /// Random sets of leaves, clustered and spread: what is left derives all other leaves and nothing else, does
    /// not depend on the order, and comes back from its bytes.
    @Test(arguments: [31, 32, 33, 34, 35, 36] as [UInt64])
    func puncturingSets(seed: UInt64) throws {
        let root = try #require(Self.root)
        let whole = SaltTree.self
        var random = SplitMix64(seed: seed)
        let spread = [16, 300, whole.leafCount][Int(seed % 3)]
        let base = Int.random(in: 0...(whole.leafCount - spread), using: &random)
        let count = Int.random(in: 1...min(spread, 2000), using: &random)
        let chosen = Set((0..<count).map { _ in base + Int.random(in: 0..<spread, using: &random) })

        var seeds = SeedSet(root: root)
        let punctured = seeds.puncture(contentsOf: chosen.shuffled(using: &random))
        #expect(punctured == chosen.count, "seed \(seed)")
        var again = SeedSet(root: root)
        again.puncture(contentsOf: chosen.sorted())
        #expect(seeds == again, "the order does not matter; seed \(seed)")

        var bytes: [UInt8] = []
        seeds.encode(into: &bytes)
        #expect(bytes.count == seeds.encodedByteCount)
        let decoded = try SeedSet(decoding: bytes)
        #expect(decoded == seeds)

        var reference = SaltCursor(root: root)
        var cursor = SaltCursor(decoded)
        for leaf in 0..<whole.leafCount {
            let salt = reference.next()
            let left = cursor.next()
            #expect(left == (chosen.contains(leaf) ? nil : salt), "leaf \(leaf), seed \(seed)")
        }
        for _ in 0..<50 {
            let start = min(base + Int.random(in: 0..<spread, using: &random), whole.leafCount - 1)
            var partial = SaltCursor(decoded, from: start)
            for leaf in start..<min(start + 20, whole.leafCount) {
                #expect(
                    partial.next() == decoded.salt(ofLeaf: leaf), "leaf \(leaf) from \(start), seed \(seed)")
            }
        }
    }

    @Test func theLargestAndTheEmptySet() throws {
        let root = try #require(Self.root)
        var seeds = SeedSet(root: root)
        seeds.puncture(contentsOf: stride(from: 0, to: SaltTree.leafCount, by: 2))
        #expect(seeds.nodes.count == SeedSet.nodeCountMax)
        var bytes: [UInt8] = []
        seeds.encode(into: &bytes)
        #expect(try SeedSet(decoding: bytes) == seeds)
        seeds.puncture(contentsOf: 0..<SaltTree.leafCount)
        #expect(seeds.nodes.isEmpty)
        #expect(seeds.salt(ofLeaf: 77) == nil)
        bytes = []
        seeds.encode(into: &bytes)
        #expect(bytes == [0, 0])
        #expect(try SeedSet(decoding: bytes) == seeds)
    }

    @Test func wrongBytesAreRefused() throws {
        func node(_ level: UInt8, _ index: UInt16) -> [UInt8] {
            [level, UInt8(index & 255), UInt8(index >> 8)] + [UInt8](repeating: 7, count: 16)
        }
        func decode(_ nodes: [[UInt8]], count: Int? = nil) throws -> SeedSet {
            let count = count ?? nodes.count
            return try SeedSet(decoding: [UInt8(count & 255), UInt8(count >> 8)] + nodes.flatMap { $0 })
        }
        #expect(throws: Never.self) { try decode([node(1, 0), node(2, 3)]) }
        #expect(throws: IntegrityError.self, "nothing") { try SeedSet(decoding: []) }
        #expect(throws: IntegrityError.self, "half a count") { try SeedSet(decoding: [1]) }
        #expect(throws: IntegrityError.self, "level") { try decode([node(15, 0)]) }
        #expect(throws: IntegrityError.self, "index") { try decode([node(3, 8)]) }
        #expect(throws: IntegrityError.self, "index of the root") { try decode([node(0, 1)]) }
        #expect(throws: IntegrityError.self, "order") { try decode([node(2, 3), node(1, 0)]) }
        #expect(throws: IntegrityError.self, "the same twice") { try decode([node(2, 3), node(2, 3)]) }
        #expect(throws: IntegrityError.self, "one inside the other") { try decode([node(1, 0), node(2, 1)]) }
        #expect(throws: IntegrityError.self, "siblings") { try decode([node(2, 2), node(2, 3)]) }
        #expect(throws: Never.self, "cousins") { try decode([node(2, 1), node(2, 2)]) }
        #expect(throws: IntegrityError.self, "short") { try decode([node(2, 1)], count: 2) }
        #expect(throws: IntegrityError.self, "long") { try decode([node(2, 1), node(2, 2)], count: 1) }
        #expect(throws: IntegrityError.self, "too many") {
            try decode([[UInt8]](repeating: node(14, 0), count: SeedSet.nodeCountMax + 1))
        }
    }
}
