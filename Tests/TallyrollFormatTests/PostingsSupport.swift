import TallyrollFormat

/// A posting list together with the memory it reads.
struct OwnedList {
    let bytes: Bytes
    let list: PostingList

    init(_ ordinals: [UInt32], universe: Int) throws(FormatError) {
        let bitCount = PostingList.bitCount(count: ordinals.count, universe: universe)
        var bits = BitBuffer(count: bitCount)
        _ = ordinals.withUnsafeBufferPointer { PostingList.write($0, universe: universe, into: &bits, at: 0) }
        var writer = ByteWriter()
        bits.append(to: &writer)
        try self.init(bytes: writer.array, bitCount: bitCount, count: ordinals.count, universe: universe)
    }

    init(bytes array: [UInt8], bitCount: Int, count: Int, universe: Int) throws(FormatError) {
        bytes = Bytes(array)
        let view = try BitView(bytes.view, count: bitCount, what: "test", origin: 0)
        list = try PostingList(view, at: 0, count: count, universe: universe)
    }
}

/// Lists of every kind that the codec tells apart, as ascending ordinals below a universe.
enum PostingsSamples {
    static func random(count: Int, universe: Int, _ random: inout PostingsRandom) -> [UInt32] {
        if count > universe / 2 {
            let left = Set(self.random(count: universe - count, universe: universe, &random))
            return (0..<UInt32(universe)).filter { !left.contains($0) }
        }
        var chosen = Set<UInt32>()
        while chosen.count < count { chosen.insert(UInt32(random.below(universe))) }
        return chosen.sorted()
    }

    /// Runs of neighbours with wide gaps between them.
    static func clustered(universe: Int, _ random: inout PostingsRandom) -> [UInt32] {
        var ordinals: [UInt32] = []
        var at = random.below(universe / 8)
        while at < universe, ordinals.count < 3_000 {
            for _ in 0..<(1 + random.below(200)) where at < universe {
                ordinals.append(UInt32(at))
                at += 1 + random.below(2)
            }
            at += 1 + random.below(universe / 5)
        }
        return ordinals
    }

    static func all(_ random: inout PostingsRandom) -> [(ordinals: [UInt32], universe: Int)] {
        var lists: [(ordinals: [UInt32], universe: Int)] = [([], 0), ([0], 1), ([], 1)]
        for universe in [2, 3, 63, 64, 65, 1_000, 4_096, 20_000] {
            for count in [0, 1, 2, 3, 127, 128, 129, universe / 3, universe - 1, universe]
            where count <= universe {
                lists.append((self.random(count: count, universe: universe, &random), universe))
            }
            lists.append((clustered(universe: universe, &random), universe))
        }
        for universe in [1_600_000, 1 << 31, PostingList.universeMax] {
            for count in [1, 2, 127, 600, 5_000] {
                lists.append((self.random(count: count, universe: universe, &random), universe))
            }
            lists.append((clustered(universe: universe, &random), universe))
            lists.append(([0, UInt32(universe - 1)], universe))
            lists.append(([UInt32(universe - 2), UInt32(universe - 1)], universe))
        }
        lists.append((Array(100_000..<120_000), 1_600_000))
        return lists
    }
}
