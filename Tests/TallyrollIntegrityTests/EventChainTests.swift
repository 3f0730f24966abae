import TallyrollIntegrity
import Testing

/// The expected values were computed from the formulas by another implementation (Python's hashlib).
@Suite struct EventChainTests {
    struct Link {
        let recordedAt: Int64
        let envelope: [UInt8]
        let personal: [UInt8]
        let commitment: String
        let chainHash: String
    }

    static let storeID = Bytes16(0..<16)
    static let seed = Bytes16(0xa0..<0xb0)
    static let links = [
        Link(
            recordedAt: -1, envelope: [], personal: [],
            commitment: "fbfde4a52d0e84e8be2905cb7add5ff07a5fc8e8aa808b4f7466703a0dbfc590",
            chainHash: "af0cecee5c04c2322ab179accf7f2a10d929a006161f4801320915e7b17a5719"),
        Link(
            recordedAt: 1_767_225_600_000_000_001, envelope: [UInt8]("envelope".utf8),
            personal: [UInt8]("personal".utf8),
            commitment: "3c51edd6179131d9ae7ca8b22c1f362fcd279ecced10fa038cd976d4f26a4969",
            chainHash: "6b2c0ac6917b9cd795f7d6bc9ce5509a3141840e63a3c1773357085108280d15"),
        Link(
            recordedAt: 1_767_225_600_000_000_002, envelope: [UInt8](repeating: UInt8(ascii: "e"), count: 60),
            personal: [UInt8](repeating: UInt8(ascii: "p"), count: 300),
            commitment: "a1edfc888749ddab90fc3bc1307a21a867cb397b672ea2f4c8c46c4efd37841a",
            chainHash: "953967cb705f515c08be703bfcbd6dc50bb3c088f8941a5d9e8c7d3bd7a7c5e4"),
        Link(
            recordedAt: 1_767_225_600_000_000_003,
            envelope: [UInt8](repeating: UInt8(ascii: "E"), count: 600),
            personal: [UInt8](repeating: UInt8(ascii: "P"), count: 5000),
            commitment: "0ea499f4c47caf052be7e817b402821e87a8a3b312dab4c7c480f3d91cedc912",
            chainHash: "12cd2f5824077a92405b7122de3a96b0645dbef9f2c0cce7797b29f7b3ee69e3"),
    ]

    @Test func followsTheFormulas() throws {
        let storeID = try #require(Self.storeID)
        let seed = try #require(Self.seed)
        #expect(
            EventChain.genesis(storeID: storeID).description
                == "fea81c258dfb03fe92b7b2311026165129ae16defd3e3c6f1ec2dd430f71a5d0")
        var hasher = ChainHasher(storeID: storeID)
        var erased = ChainHasher(head: EventChain.genesis(storeID: storeID))
        var salts = SaltCursor(root: seed)
        var head = EventChain.genesis(storeID: storeID)
        for (sequence, link) in Self.links.enumerated() {
            let next = salts.next()
            let salt = try #require(next)
            link.envelope.withUnsafeBytes { envelope in
                link.personal.withUnsafeBytes { personal in
                    let commitment = EventChain.commitment(salt: salt, personal: personal)
                    #expect(commitment.description == link.commitment)
                    head = EventChain.next(
                        previous: head, sequence: UInt64(sequence), recordedAt: link.recordedAt,
                        envelope: envelope,
                        commitment: commitment)
                    #expect(head.description == link.chainHash)
                    hasher.append(
                        sequence: UInt64(sequence), recordedAt: link.recordedAt, envelope: envelope,
                        salt: salt,
                        personal: personal)
                    erased.append(
                        sequence: UInt64(sequence), recordedAt: link.recordedAt, envelope: envelope,
                        commitment: commitment)
                    #expect(hasher.head == head)
                    #expect(erased.head == head)
                }
            }
        }
    }

    /// Each input of a link changes it: none is left out.
    @Test func everyInputCounts() throws {
        let salt = try #require(Self.seed)
        let other = try #require(Self.storeID)
        let head = EventChain.genesis(storeID: other)
        func link(
            _ previous: Digest, _ sequence: UInt64, _ recordedAt: Int64, _ envelope: [UInt8], _ salt: Bytes16,
            _ personal: [UInt8]
        ) -> Digest {
            var hasher = ChainHasher(head: previous)
            return envelope.withUnsafeBytes { envelope in
                personal.withUnsafeBytes { personal in
                    hasher.append(
                        sequence: sequence, recordedAt: recordedAt, envelope: envelope, salt: salt,
                        personal: personal)
                }
            }
        }
        let all: [Digest] = [
            link(head, 1, 2, [3, 4], salt, [5, 6]),
            link(head.flipped(bit: 255), 1, 2, [3, 4], salt, [5, 6]),
            link(head, 0, 2, [3, 4], salt, [5, 6]),
            link(head, 1, -2, [3, 4], salt, [5, 6]),
            link(head, 1, 2, [3, 5], salt, [5, 6]),
            link(head, 1, 2, [3, 4, 0], salt, [5, 6]),
            link(head, 1, 2, [3, 4], other, [5, 6]),
            link(head, 1, 2, [3, 4], salt, [5, 7]),
            link(head, 1, 2, [3, 4], salt, [5, 6, 0]),
            link(head, 1, 2, [3], salt, [4, 5, 6]),
        ]
        #expect(Set(all).count == all.count)
    }

    /// Commitments that are hashed side by side, of parts of every length and in every number.
    @Test func commitmentsOfManyAreThoseOfEach() {
        var random = SplitMix64(seed: 33)
        let hasher = ChainHasher(head: Digest(stateOf: 1))
        var batch = CommitmentBatch()
        for round in 0..<40 {
            let count = round < 20 ? round : Int.random(in: 20...CommitmentBatch.capacity, using: &random)
            let longest = [0, 40, 300, 1100, 3000][round % 5]
            let parts = (0..<count).map { _ in random.bytes(Int.random(in: 0...longest, using: &random)) }
            let salts = (0..<count).compactMap { _ in Bytes16(random.bytes(16)) }
            let memory = Array(parts.joined()) + [0]
            memory.withUnsafeBytes { memory in
                var personal: [UnsafeRawBufferPointer] = []
                var start = 0
                for part in parts {
                    personal.append(UnsafeRawBufferPointer(rebasing: memory[start..<start + part.count]))
                    start += part.count
                }
                batch.removeAll()
                for index in 0..<count { batch.append(salt: salts[index], personal: personal[index]) }
                batch.hash()
                #expect(batch.count == count)
                for index in 0..<count {
                    let expected = hasher.commitment(salt: salts[index], personal: personal[index])
                    let found = batch[index]
                    #expect(found == expected, "\(parts[index].count) bytes, \(index) of \(count)")
                }
            }
        }
    }
}
