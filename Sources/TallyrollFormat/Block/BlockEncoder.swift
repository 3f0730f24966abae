import CInstructions

/// The events that become one block: canonical records in one run of memory, and what the block must carry so that
/// they can be proved.
package struct BlockInput {
    package var memory: ByteView
    /// Where each record begins in `memory`.
    package var recordOffsets: UnsafeBufferPointer<UInt32>
    package var recordedAt: UnsafeBufferPointer<Int64>
    package var firstSequence: UInt64
    /// The seed set of the run, as the integrity layer encodes it.
    package var seeds: [UInt8]
    /// The tree section, as `BlockTree` writes it.
    package var tree: [UInt8]
    package var chainBefore: [UInt8]
    package var chainAfter: [UInt8]

    package init(
        memory: ByteView, recordOffsets: UnsafeBufferPointer<UInt32>, recordedAt: UnsafeBufferPointer<Int64>,
        firstSequence: UInt64, seeds: [UInt8], tree: [UInt8], chainBefore: [UInt8], chainAfter: [UInt8]
    ) {
        self.memory = memory
        self.recordOffsets = recordOffsets
        self.recordedAt = recordedAt
        self.firstSequence = firstSequence
        self.seeds = seeds
        self.tree = tree
        self.chainBefore = chainBefore
        self.chainAfter = chainAfter
    }

    /// Rows by which records are asked for ahead: another core wrote them.
    private static let rowsAhead = 8

    /// Asks for the memory of a record that comes soon after a row's.
    @inline(__always)
    func fetchAhead(of row: Int) {
        let ahead = row &+ BlockInput.rowsAhead
        guard ahead &+ 1 < recordOffsets.count else { return }
        var place = Int(recordOffsets[ahead])
        while place < Int(recordOffsets[ahead &+ 1]) {
            prefetch_memory(memory.base + place)
            place &+= Int(PREFETCH_BYTES)
        }
    }
}

/// Turns runs of records into blocks of columns, one after another, for one segment at a time. Owns the segment's
/// dictionaries while it is built. Scratch memory is kept from block to block.
package final class BlockEncoder {
    private var assembly: BlockAssembly

    package init(codec: Codec, level: Int) { assembly = BlockAssembly(codec: codec, level: level) }

    /// The codes of a column of the block encoded last, by row: what posting lists are built from.
    package func codes(_ column: PostingColumn) -> [UInt32] {
        switch column {
        case .type: assembly.typeCodes
        case .severity: assembly.severityCodes
        case .action: assembly.actionCodes
        case .component: assembly.componentCodes
        case .user: assembly.userCodes
        case .resource: assembly.resourceCodes
        case .outcome: assembly.outcomes.map { UInt32(truncatingIfNeeded: $0) }
        }
    }

    /// Where the values of a field of the block encoded last lie in the memory of its input; valid until the next.
    package func values(_ field: StringField) -> ValueSpan { assembly.values(field) }

    /// `IDHash` of each foreign id, `IDHash.none` where there is none.
    package var idHashes: [UInt64] { assembly.idHashes }
    /// The segment's dictionaries, by `DictionaryID.index`.
    package var dictionaries: [SharedTerms] { assembly.dictionaries }

    /// The terms that the block encoded last added to the dictionaries.
    package var newTerms: [AddedTerms] { assembly.newTerms }

    /// Starts a new segment: its dictionaries are empty.
    package func beginSegment() { assembly.beginSegment() }

    /// Gives the dictionaries of a segment that was begun earlier the terms that its blocks hold already.
    package func restoreTerms(_ dictionary: DictionaryID, _ terms: [[UInt8]]) throws(FormatError) {
        try assembly.restoreTerms(dictionary, terms)
    }

    /// Appends the block of `input` to `out` and returns its header.
    package func encode(
        _ input: BlockInput, storeTag: UInt64, segmentNumber: UInt64, index: Int, into out: inout ByteWriter
    ) throws -> BlockHeader {
        try assembly.encode(
            input, storeTag: storeTag, segmentNumber: segmentNumber, index: index, into: &out)
    }

    /// The fields that are mostly what they were at the user's previous event.
    package static func followsUser(_ field: StringField) -> Bool {
        field == .ip || field == .userAgent || field == .sessionID
    }
}
