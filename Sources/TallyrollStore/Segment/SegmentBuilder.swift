import TallyrollFormat
import TallyrollIntegrity

/// Writes one segment: blocks one after another, then the index region that seals it. Belongs to one thread at a time.
///
/// It may begin before there is a file, while the segment before it is sealed: its blocks are held in memory until
/// `place` makes the file.
package final class SegmentBuilder {
    package let header: SegmentHeader
    package let path: String
    /// The segment's file; nil until it has its place.
    package private(set) var file: (any StorageFile)?
    package private(set) var entries: [BlockEntry] = []
    /// Where the next block goes.
    private(set) var end = SegmentHeader.byteCount
    /// Chain and tree after the last event written.
    package private(set) var chainHead: Digest
    package private(set) var frontier: Frontier
    package private(set) var nextSequence: UInt64
    private(set) var isSealed = false

    private let encoder: BlockEncoder
    /// Of this segment: the encoder may be at the next one while this one is sealed.
    private let dictionaries: [SharedTerms]
    private var index: SegmentIndex
    private var blockBytes = ByteWriter(capacity: 1 << 20)
    /// The blocks, as long as there is no file.
    private var held = ByteWriter()
    private var allocated: Int
    /// The bytes of the blocks encoded here, and of the records that they were made from.
    private var encodedBytes = 0
    private var encodedFrom = 0

    /// Space is reserved in steps of this many bytes: few size changes to sync, and little to give back.
    private static let allocationStep = 8 << 20

    private init(
        header: SegmentHeader, path: String, file: (any StorageFile)?, encoder: BlockEncoder, allocated: Int
    ) throws {
        self.header = header
        self.path = path
        self.file = file
        self.encoder = encoder
        self.allocated = allocated
        index = SegmentIndex(header.indexes)
        nextSequence = header.firstSequence
        chainHead = try Digest.checked(header.chainBefore, "segment header: chain hash")
        frontier = try Frontier(
            size: header.firstSequence, hashes: header.frontier.map { try Digest.checked($0, "frontier") })
        encoder.beginSegment()
        dictionaries = encoder.dictionaries
    }

    /// Creates the file, durable in content and name before this returns.
    package static func create(
        _ header: SegmentHeader, in storage: any Storage, encoder: BlockEncoder
    ) throws -> SegmentBuilder {
        let builder = try hold(header, encoder: encoder)
        try builder.place(in: storage)
        return builder
    }

    /// A segment without a file, whose blocks are held in memory until it has one.
    static func hold(_ header: SegmentHeader, encoder: BlockEncoder) throws -> SegmentBuilder {
        try SegmentBuilder(
            header: header, path: SegmentName.of(header.number), file: nil, encoder: encoder,
            allocated: min(allocationStep, header.capacity))
    }

    /// Creates the file, durable in content and name, and writes to it the blocks that were held, which are not
    /// durable before `sync`.
    func place(in storage: any Storage) throws {
        precondition(file == nil, "a segment has one place")
        let file = try storage.open(path, mode: .create(exclusive: true))
        do {
            try file.preallocate(to: allocated)
            var bytes = ByteWriter(capacity: SegmentHeader.byteCount)
            header.write(into: &bytes)
            try file.write(at: 0, bytes.view)
            try file.syncAll()
            try storage.syncDirectory("")
        } catch {
            // A half-made file holds no event; recovery would remove it as well.
            try? file.close()
            try? storage.remove(path)
            throw error
        }
        self.file = file
        guard held.count > 0 else { return }
        try reserve(end, in: file)
        try file.write(at: SegmentHeader.byteCount, held.view)
        held = ByteWriter()
    }

    /// Goes on with an open segment whose blocks were scanned.
    static func resume(
        _ scan: BlockScan, header: SegmentHeader, path: String, file: any StorageFile, encoder: BlockEncoder
    ) throws -> SegmentBuilder {
        let builder = try SegmentBuilder(
            header: header, path: path, file: file, encoder: encoder,
            allocated: try file.size())
        for dictionary in DictionaryID.allCases {
            try encoder.restoreTerms(dictionary, scan.terms.terms(dictionary))
        }
        for piece in scan.pieces {
            switch piece {
            case .block(let entry, let block): try builder.adopt(entry, block)
            case .damaged(let range, _): builder.adoptDamage(range)
            }
        }
        builder.end = scan.end
        return builder
    }

    private func adopt(_ entry: BlockEntry, _ block: BlockReader) throws {
        let tree = try block.tree()
        if entry.firstSequence != nextSequence { fillGap(before: entry) }
        if frontier.size != entry.firstSequence {
            frontier = try Frontier(
                size: entry.firstSequence, hashes: tree.frontier.map { try Digest.checked($0, "frontier") })
        }
        frontier.append(try SubtreeCover(entry, roots: tree.roots))
        chainHead = try Digest.checked(block.header.chainAfter, "block header: chain hash")
        try index.append(block)
        entries.append(entry)
        nextSequence = entry.endSequence
    }

    /// Remembers that bytes were damaged; how many events they held is known when the next block is met.
    private func adoptDamage(_ range: Range<Int>) {
        entries.append(unreadable(range, count: 0))
        index.appendUnreadableBlock()
    }

    private func unreadable(_ range: Range<Int>, count: Int) -> BlockEntry {
        BlockEntry(
            offset: range.lowerBound, length: range.count, count: count, firstSequence: nextSequence,
            times: Int64.min...Int64.max, recordedTimes: Int64.min...Int64.max,
            chainBefore: chainHead.withUnsafeBytes { [UInt8]($0) }, headerChecksum: 0, roots: [],
            isReadable: false)
    }

    private func fillGap(before entry: BlockEntry) {
        let missing = Int(entry.firstSequence - nextSequence)
        if let last = entries.indices.last, !entries[last].isReadable { entries[last].count = missing }
        index.appendUnknown(missing)
    }

    /// Gives up events up to `sequence` that were promised to be in blocks and are not: the segment is sealed with
    /// an unreadable entry in their place, and the log goes on from this chain and tree. What stands behind the last
    /// block, up to `bytesEnd`, is kept as it is.
    func giveUp(upTo sequence: UInt64, bytesEnd: Int = 0, chainHead: Digest, frontier: Frontier) {
        let missing = Int(sequence - nextSequence)
        let kept = max(end, bytesEnd)
        entries.append(unreadable(end..<kept, count: missing))
        end = kept
        index.appendUnknown(missing)
        index.appendUnreadableBlock()
        nextSequence = sequence
        self.chainHead = chainHead
        self.frontier = frontier
    }

    // MARK: Writing

    /// True when a block of records of so many bytes is expected to leave no room for the indexes.
    func isFull(for recordBytes: Int) -> Bool {
        guard !entries.isEmpty else { return false }
        let index = index.bytesBound(dictionaries: dictionaries, blocks: entries.count + 1)
        let block = expectedBytes(recordBytes)
        return end + block + index + block / 2 > header.capacity
    }

    /// What a block of records of so many bytes is expected to take. Columns are never larger than the records they come
    /// from, apart from fixed overhead; how much smaller they are, the segment's earlier blocks say, and the next may
    /// be larger by a quarter. One of a wholly other kind makes the file exceed its capacity by that block.
    private func expectedBytes(_ recordBytes: Int) -> Int {
        let bound = recordBytes + (64 << 10)
        guard encodedFrom > 0 else { return bound }
        let expected = Double(recordBytes) * Double(encodedBytes) / Double(encodedFrom) * 1.25
        return min(bound, Int(expected) + (8 << 10))
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Encodes a run of events as the next block and writes it, or holds it where there is no file yet; not durable
    /// before `sync`.
    package func append(_ run: EncodedRun) throws -> BlockEntry {
        precondition(!isSealed && run.firstSequence == nextSequence)
        let cover = run.cover
        precondition(cover.first == nextSequence && cover.count == run.chainHashes.count)
        let tree = BlockTree(
            frontier: frontier.hashes.map { $0.array }, roots: cover.roots.map { $0.array })
        var treeBytes = ByteWriter(capacity: 1024)
        tree.write(into: &treeBytes)
        let chainAfter = run.chainHashes.last ?? chainHead
        blockBytes.removeAll()
        let blockHeader = try encoder.encode(
            BlockInput(
                memory: run.records, recordOffsets: run.recordOffsets, recordedAt: run.recordedAt,
                firstSequence: nextSequence, seeds: run.seeds, tree: treeBytes.array,
                chainBefore: chainHead.array, chainAfter: chainAfter.array),
            storeTag: header.storeTag, segmentNumber: header.number, index: entries.count, into: &blockBytes)
        if let file {
            try reserve(end + blockBytes.count, in: file)
            try file.write(at: end, blockBytes.view)
        } else {
            // Memory that is not written to costs nothing; growing step by step would copy it.
            if held.count == 0 { held.reserve(SegmentBuilder.allocationStep) }
            held.bytes(blockBytes.view)
        }
        let checksum = blockBytes.view.load(UInt64.self, at: BlockHeader.byteCount - 8)
        let entry = BlockEntry(blockHeader, headerChecksum: checksum, offset: end, roots: tree.roots)
        // State goes on only after the write.
        entries.append(entry)
        index.append(encoder, run.records)
        end += blockBytes.count
        encodedBytes += blockBytes.count
        encodedFrom += run.records.count
        nextSequence = entry.endSequence
        chainHead = chainAfter
        frontier.append(cover)
        return entry
    }

    /// The terms that the block written last added.
    package var newTerms: [AddedTerms] { encoder.newTerms }

    private func reserve(_ size: Int, in file: any StorageFile) throws {
        guard size > allocated else { return }
        let steps = (size + SegmentBuilder.allocationStep - 1) / SegmentBuilder.allocationStep
        let target = max(size, min(steps * SegmentBuilder.allocationStep, header.capacity))
        try file.preallocate(to: target)
        allocated = target
    }

    package func sync() throws { try file?.sync() }

    /// Writes the indexes and the footer, gives back unused space, and makes all of it durable.
    package func seal() throws {
        guard let file else { preconditionFailure("a segment without a file") }
        precondition(!isSealed && !entries.isEmpty)
        var region = ByteWriter(capacity: 4 << 20)
        let padding = (8 - end % 8) % 8
        region.zeros(padding)
        let start = end
        try index.write(
            at: start + region.count, header: header, entries: entries,
            heads: SegmentHeads(
                chainAfter: chainHead.array, frontier: frontier.hashes.map { $0.array }),
            dictionaries: dictionaries, into: &region)
        // The trailer must be the end of the file, and nothing valid may stand behind it. It is written once all it
        // vouches for is durable: a trailer that a crash left whole never stands behind blocks that it did not.
        let trailerStart = region.count - SegmentFooter.trailerBytes
        try file.truncate(to: start)
        try file.write(at: start, region.view.trusted(0, trailerStart))
        try file.syncAll()
        try file.write(
            at: start + trailerStart, region.view.trusted(trailerStart, SegmentFooter.trailerBytes))
        try file.syncAll()
        isSealed = true
    }

    /// Gives back the space that was reserved and not used.
    package func releaseReserved() throws {
        if !isSealed { try file?.truncate(to: end) }
    }
}

extension SubtreeCover {
    /// The cover of a block from the roots that are stored for it.
    init(_ entry: BlockEntry, roots: [[UInt8]]) throws(IntegrityError) {
        let bytes = Array(roots.joined())
        let view = bytes.withView { Bytes(copying: $0) }
        try self.init(first: entry.firstSequence, count: UInt64(entry.count), decoding: view.view.raw)
    }
}

extension Digest {
    /// A digest from bytes of a file that must be 32.
    static func checked(_ bytes: [UInt8], _ what: String) throws(FormatError) -> Digest {
        guard let digest = Digest(bytes) else {
            throw FormatError(.invalid, what, offset: 0, expected: "32 bytes", found: "\(bytes.count)")
        }
        return digest
    }

    var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

/// A finished run of events on its way into a block. Views are valid while the run's owner lives.
package struct EncodedRun {
    var firstSequence: UInt64
    var records: ByteView
    var recordOffsets: UnsafeBufferPointer<UInt32>
    var recordedAt: UnsafeBufferPointer<Int64>
    var chainHashes: UnsafeBufferPointer<Digest>
    /// The run's part of the tree.
    var cover: SubtreeCover
    var seeds: [UInt8]
}
