/// The bytes of a seed set, little-endian:
///
///     offset  bytes  meaning
///     0       2      node count n, at most 8,192
///     2       19 n   nodes from left to right
///
///     of a node
///     0       1      level, 0 (root) to 14 (leaf)
///     1       2      index within the level
///     3       16     seed
extension SeedSet {
    private static let headBytes = 2
    private static let nodeBytes = 3 + Bytes16.byteCount

    /// How many bytes `encode(into:)` appends.
    package var encodedByteCount: Int { SeedSet.headBytes + SeedSet.nodeBytes * nodes.count }

    /// Appends the bytes.
    package func encode(into bytes: inout [UInt8]) {
        func append(_ value: Int) {
            bytes.append(UInt8(truncatingIfNeeded: value))
            bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        }
        bytes.reserveCapacity(bytes.count + encodedByteCount)
        append(nodes.count)
        for node in nodes {
            bytes.append(UInt8(node.level))
            append(node.index)
            node.seed.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
    }

    /// The set that exactly these bytes hold. Only the canonical form is taken: a set has one encoding.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(IntegrityError) {
        guard let start = bytes.baseAddress, bytes.count >= SeedSet.headBytes else {
            throw IntegrityError("seed set", expected: "at least 2 bytes", found: "\(bytes.count)")
        }
        let count = SeedSet.u16(start)
        guard count <= SeedSet.nodeCountMax else {
            throw IntegrityError(
                "seed set node count", expected: "at most \(SeedSet.nodeCountMax)", found: "\(count)")
        }
        let length = SeedSet.headBytes + SeedSet.nodeBytes * count
        guard bytes.count == length else {
            throw IntegrityError(
                "seed set of \(count) nodes", expected: "\(length) bytes", found: "\(bytes.count)")
        }
        var nodes: [SeedNode] = []
        nodes.reserveCapacity(count)
        for place in 0..<count {
            let node = try SeedSet.node(at: start + (SeedSet.headBytes + SeedSet.nodeBytes * place), place)
            if let last = nodes.last { try SeedSet.checkOrder(last, node, place) }
            nodes.append(node)
        }
        self.init(canonicalNodes: nodes)
    }

    /// The set that the array holds.
    package init(decoding bytes: [UInt8]) throws(IntegrityError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(IntegrityError) -> SeedSet in
            try SeedSet(decoding: UnsafeRawBufferPointer(buffer))
        }
    }

    private static func node(at start: UnsafeRawPointer, _ place: Int) throws(IntegrityError) -> SeedNode {
        let level = Int(start.load(as: UInt8.self))
        guard level <= SaltTree.depth else {
            throw IntegrityError(
                "level of seed node \(place)", expected: "at most \(SaltTree.depth)", found: "\(level)")
        }
        let index = u16(start + 1)
        guard index < 1 << level else {
            throw IntegrityError(
                "index of seed node \(place)", expected: "less than \(1 << level)", found: "\(index)")
        }
        return SeedNode(level: level, index: index, seed: Bytes16(loadingFrom: start + 3))
    }

    private static func checkOrder(_ left: SeedNode, _ right: SeedNode, _ place: Int) throws(IntegrityError) {
        guard left.leaves.upperBound <= right.leaves.lowerBound else {
            throw IntegrityError(
                "seed node \(place)", expected: "leaves from \(left.leaves.upperBound) on",
                found: "from \(right.leaves.lowerBound)")
        }
        guard left.level != right.level || left.index ^ 1 != right.index else {
            throw IntegrityError(
                "seed node \(place)", expected: "the parent in place of two siblings",
                found: "both children of one node")
        }
    }

    private static func u16(_ start: UnsafeRawPointer) -> Int {
        Int(UInt16(littleEndian: start.loadUnaligned(as: UInt16.self)))
    }
}
