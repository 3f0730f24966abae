import Foundation
import TallyrollIntegrity
import Testing

/// The public vectors: what must hold holds, what must fail fails.
@Suite struct VectorTests {
    struct Vector: Decodable {
        let desc: String
        let wantErr: Bool
        let proof: [String]?
        let leafIdx: UInt64?
        let treeSize: UInt64?
        let leafHash: String?
        let root: String?
        let size1: UInt64?
        let size2: UInt64?
        let start: UInt64?
        let end: UInt64?
        let size: UInt64?
        let root1: String?
        let root2: String?

        /// A hash of the vector. Some hold text in place of one ("don't care 1"), even where they must hold: the
        /// text's hash stands for it. An empty one stands for none at all, which a `Digest` cannot be.
        static func digest(_ text: String?) throws -> Digest {
            let data = try #require(Data(base64Encoded: text ?? ""))
            guard !data.isEmpty else { throw NoDigest() }
            return Digest(data) ?? SHA256.hash([UInt8](data))
        }

        struct NoDigest: Error {}

        func digests() throws -> [Digest] { try (proof ?? []).map(Vector.digest) }
    }

    /// Runs `verify` on every vector below the folder; checks how many there are and how many must fail.
    private func check(
        _ folder: String, count: Int, failing: Int, test: String = #function,
        _ verify: (Vector) throws -> Bool
    ) throws {
        guard
            let place = SharedFiles.find("vectors/transparency-dev-merkle/testdata/\(folder)", for: test)
        else { return }
        var seen = 0
        var seenFailing = 0
        for file in try SharedFiles.jsonFiles(below: place) {
            let vector = try JSONDecoder().decode(Vector.self, from: Data(contentsOf: file))
            seen += 1
            if vector.wantErr { seenFailing += 1 }
            let holds: Bool
            do { holds = try verify(vector) } catch is Vector.NoDigest { holds = false }
            #expect(holds != vector.wantErr, "\(file.path): \(vector.desc)")
        }
        #expect(seen == count && seenFailing == failing, "vectors in \(folder)")
    }

    @Test func inclusion() throws {
        try check("inclusion", count: 98, failing: 92) { vector in
            MerkleTree.verifyInclusion(
                leafHash: try Vector.digest(vector.leafHash), index: try #require(vector.leafIdx),
                size: try #require(vector.treeSize), root: try Vector.digest(vector.root),
                proof: try vector.digests())
        }
    }

    @Test func consistency() throws {
        try check("consistency", count: 98, failing: 92) { vector in
            MerkleTree.verifyConsistency(
                firstSize: try #require(vector.size1), firstRoot: try Vector.digest(vector.root1),
                secondSize: try #require(vector.size2), secondRoot: try Vector.digest(vector.root2),
                proof: try vector.digests())
        }
    }

    @Test func subtreeInclusion() throws {
        try check("subtreeinclusion", count: 204, failing: 192) { vector in
            let start = try #require(vector.start)
            let end = try #require(vector.end)
            guard start <= end else { return false }
            return MerkleTree.verifySubtreeInclusion(
                leafHash: try Vector.digest(vector.leafHash), index: try #require(vector.leafIdx),
                leaves: start..<end, root: try Vector.digest(vector.root), proof: try vector.digests())
        }
    }

    @Test func subtreeConsistency() throws {
        try check("subtreeconsistency", count: 118, failing: 106) { vector in
            let start = try #require(vector.start)
            let end = try #require(vector.end)
            guard start <= end else { return false }
            return MerkleTree.verifySubtreeConsistency(
                leaves: start..<end, subtreeRoot: try Vector.digest(vector.root1),
                size: try #require(vector.size),
                root: try Vector.digest(vector.root2), proof: try vector.digests())
        }
    }

    struct Checkpoints: Decodable {
        struct Checkpoint: Decodable {
            let size: UInt64
            let rootB64: String
        }
        let leaves: [String]
        let checkpoints: [Checkpoint]
    }

    /// A small public log: its entries give its tiles, and the roots of its signed checkpoints.
    @Test func publicLog() throws {
        guard let file = SharedFiles.find("vectors/derived/tessera-checkpoints.json"),
            let log = SharedFiles.find("vectors/tessera-testdata/testdata/log")
        else { return }
        let expected = try JSONDecoder().decode(Checkpoints.self, from: Data(contentsOf: file))
        #expect(expected.checkpoints.map(\.size) == Array(0...15))
        let leafHashes = expected.leaves.map { leaf in
            [UInt8](leaf.utf8).withUnsafeBytes { MerkleTree.leafHash(of: $0) }
        }
        for checkpoint in expected.checkpoints {
            let size = Int(checkpoint.size)
            var frontier = Frontier()
            for leaf in leafHashes.prefix(size) { frontier.append(leafHash: leaf) }
            #expect(Data(frontier.root.bytes).base64EncodedString() == checkpoint.rootB64, "size \(size)")

            let text = try String(
                contentsOf: log.appendingPathComponent("checkpoint.\(size)"), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count > 2 && lines[1] == "\(size)" && lines[2] == checkpoint.rootB64)
            guard size > 0 else { continue }

            let entries = try [UInt8](
                Data(contentsOf: log.appendingPathComponent("tile/entries/000.p/\(size)")))
            #expect(try bundle(entries) == Array(expected.leaves.prefix(size)), "size \(size)")
            let tile = try [UInt8](Data(contentsOf: log.appendingPathComponent("tile/0/000.p/\(size)")))
            var encoded: [UInt8] = []
            DigestList.encode(Array(leafHashes.prefix(size)), into: &encoded)
            #expect(encoded == tile, "size \(size)")
        }
    }

    /// The entries of a bundle: each is a big-endian 16-bit length and that many bytes.
    private func bundle(_ bytes: [UInt8]) throws -> [String] {
        var entries: [String] = []
        var rest = bytes[...]
        while let high = rest.popFirst() {
            let low = rest.popFirst()
            let length = Int(high) << 8 | Int(try #require(low))
            entries.append(String(decoding: rest.prefix(length), as: UTF8.self))
            rest = rest.dropFirst(length)
        }
        return entries
    }
}
