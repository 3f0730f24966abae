/// What a block keeps of the Merkle tree: `varint count · 32 bytes each` of the frontier before its first event,
/// then the same of the roots of the maximal aligned subtrees its events cover. Sizes and positions follow from the
/// block's sequences.
package struct BlockTree: Equatable, Sendable {
    package var frontier: [[UInt8]]
    package var roots: [[UInt8]]

    package init(frontier: [[UInt8]], roots: [[UInt8]]) {
        self.frontier = frontier
        self.roots = roots
    }

    package func write(into out: inout ByteWriter) {
        for hashes in [frontier, roots] {
            out.varint(UInt64(hashes.count))
            for hash in hashes { out.bytes(hash) }
        }
    }

    package init(_ view: ByteView) throws(FormatError) {
        var reader = ByteReader(view, what: "block tree")
        self = try BlockTree(reading: &reader)
        try reader.finish()
    }

    package init(reading reader: inout ByteReader) throws(FormatError) {
        func list(_ reader: inout ByteReader) throws(FormatError) -> [[UInt8]] {
            // A frontier has a hash a bit of the size, a cover at most two a level.
            let count = try reader.length(atMost: 128)
            var hashes: [[UInt8]] = []
            for _ in 0..<count { hashes.append(try reader.bytes(32).array) }
            return hashes
        }
        frontier = try list(&reader)
        roots = try list(&reader)
    }
}
