import TallyrollFormat
import TallyrollIntegrity
import TallyrollWorkload

/// The generated events of one block in every form that a benchmark starts from.
struct Prepared: Sendable {
    static let count = Limits.defaultBlockEvents
    static let chunkBytes = 32 << 10

    let lines: [[UInt8]]
    let events: [AuditEvent]
    /// The records, back to back, and where each begins.
    let records: Bytes
    let offsets: [UInt32]
    let recordedAt: [Int64]
    /// The events as a block, encoded.
    let block: Bytes
    let deflated: [UInt8]
    let sparse: EncodedLists
    let dense: EncodedLists

    var recordBytes: Int { records.count }

    init() throws {
        var generator = WorkloadGenerator(count: Prepared.count, seed: 1)
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        while generator.next(into: &line) {
            lines.append(line.dropLast())
            line.removeAll()
        }
        var parser = EventJSONParser()
        var records = ByteWriter(capacity: 4 << 20)
        var offsets: [UInt32] = []
        var events: [AuditEvent] = []
        for line in lines {
            offsets.append(UInt32(records.count))
            _ = try line.withView { try parser.parse($0, into: &records) }
            events.append(AuditEvent(try RecordView(records.view, at: Int(offsets[offsets.count - 1]))))
        }
        self.lines = lines
        self.events = events
        self.offsets = offsets
        self.records = Bytes(copying: records.view)
        recordedAt = offsets.indices.map { 1_800_000_000_000_000_000 + Int64($0) * 1000 }

        var block = ByteWriter(capacity: 1 << 20)
        let encoder = BlockEncoder(codec: .deflate, level: 6)
        encoder.beginSegment()
        try Prepared.encodeBlock(self.records, offsets, recordedAt, with: encoder, into: &block)
        self.block = Bytes(copying: block.view)

        var deflated = ByteWriter(capacity: Prepared.chunkBytes)
        let text = Array(lines.joined().prefix(Prepared.chunkBytes))
        _ = text.withView { Deflater(level: 6).compress($0, into: &deflated) }
        self.deflated = deflated.array
        sparse = EncodedLists([1000, 1700])
        dense = EncodedLists([3, 5])
    }

    /// Chains every record from an empty store; gives the head.
    func chained() throws -> Digest? {
        guard let zero = Bytes16([UInt8](repeating: 0, count: 16)) else { return nil }
        var salts = SaltCursor(root: zero)
        var chain = ChainHasher(storeID: zero)
        return try withExtendedLifetime(records) {
            for (index, offset) in offsets.enumerated() {
                let record = try RecordView(records.view, at: Int(offset))
                guard let salt = salts.next() else { break }
                _ = chain.append(
                    sequence: UInt64(index), recordedAt: recordedAt[index], envelope: record.envelope.raw,
                    salt: salt,
                    personal: record.personal.raw)
            }
            return chain.head
        }
    }

    func encodeBlock(with encoder: BlockEncoder, into out: inout ByteWriter) throws {
        try Prepared.encodeBlock(records, offsets, recordedAt, with: encoder, into: &out)
    }

    private static func encodeBlock(
        _ records: Bytes, _ offsets: [UInt32], _ recordedAt: [Int64], with encoder: BlockEncoder,
        into out: inout ByteWriter
    ) throws {
        var seeds: [UInt8] = []
        if let root = Bytes16([UInt8](repeating: 1, count: 16)) { SeedSet(root: root).encode(into: &seeds) }
        var tree = ByteWriter(capacity: 256)
        BlockTree(frontier: [], roots: [[UInt8](repeating: 2, count: 32)]).write(into: &tree)
        let hash = [UInt8](repeating: 3, count: 32)
        try withExtendedLifetime(records) {
            try offsets.withUnsafeBufferPointer { offsets in
                try recordedAt.withUnsafeBufferPointer { recordedAt in
                    _ = try encoder.encode(
                        BlockInput(
                            memory: records.view, recordOffsets: offsets, recordedAt: recordedAt,
                            firstSequence: 0,
                            seeds: seeds, tree: tree.array, chainBefore: hash, chainAfter: hash),
                        storeTag: 1, segmentNumber: 1, index: 0, into: &out)
                }
            }
        }
    }
}

/// Posting lists as a segment holds them.
struct EncodedLists: Sendable {
    static let universe = 1_000_000
    private let lists: [(bytes: [UInt8], bits: Int, count: Int)]

    /// A list for each step: about every step-th ordinal, at random.
    init(_ steps: [UInt64]) {
        lists = steps.map { step in
            var state = step
            let ordinals = (0..<UInt32(EncodedLists.universe)).filter { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (state >> 33) % step == 0
            }
            let bits = PostingList.bitCount(count: ordinals.count, universe: EncodedLists.universe)
            var buffer = BitBuffer(count: bits)
            _ = ordinals.withUnsafeBufferPointer {
                PostingList.write($0, universe: EncodedLists.universe, into: &buffer, at: 0)
            }
            var bytes = ByteWriter(capacity: bits / 8 + 16)
            buffer.append(to: &bytes)
            return (bytes.array, bits, ordinals.count)
        }
    }

    func withLists(_ body: ([PostingList]) throws -> Void) throws {
        // The lists read memory of their own, which lives until `body` returns.
        let owners = lists.map { Bytes($0.bytes) }
        try withExtendedLifetime(owners) {
            try body(
                try zip(owners, lists).map { owner, list in
                    try PostingList(
                        try BitView(owner.view, count: list.bits, what: "posting list", origin: 0), at: 0,
                        count: list.count, universe: EncodedLists.universe)
                })
        }
    }
}
