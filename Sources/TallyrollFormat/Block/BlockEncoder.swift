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
}

/// Turns runs of records into blocks of columns, one after another, for one segment at a time. Owns the segment's
/// dictionaries while it is built. Scratch memory is kept from block to block.
package final class BlockEncoder {
    /// The codes of the block encoded last, by row, and the hashes of its ids: what the segment's indexes are
    /// built from.
    package private(set) var typeCodes: [UInt32] = []
    package private(set) var userCodes: [UInt32] = []
    package private(set) var resourceCodes: [UInt32] = []
    /// `IDHash` of each foreign id, `IDHash.none` where there is none.
    package private(set) var idHashes: [UInt64] = []
    /// How many terms the block encoded last added to each dictionary, by `DictionaryID.index`.
    package private(set) var dictionaries: [SharedTerms] = []

    private var detailsShapes = ShapeTable()
    private var extraShapes = ShapeTable()
    private var termsBefore: [Int] = []

    private var heap: TextHeapBuilder
    private let termsDeflater: Deflater?
    private var columns = TextColumnEncoder()
    private var integers = IntegerColumnEncoder()
    private var details = DocumentEncoder()
    private var extra = DocumentEncoder()
    private var texts = [ValueList](repeating: ValueList(), count: StringField.count)
    private var numbers = FixedColumns()
    private var severityCodes: [UInt32] = []
    private var actionCodes: [UInt32] = []
    private var componentCodes: [UInt32] = []
    private var bits: [UInt64] = []
    private var resourceTerm = ByteWriter(capacity: 256)
    private var section = ByteWriter(capacity: 64 << 10)
    private var body = ByteWriter(capacity: 1 << 20)
    private var directory = ByteWriter(capacity: 4096)

    package init(codec: Codec, level: Int) {
        heap = TextHeapBuilder(codec: codec, level: level)
        termsDeflater = codec == .deflate ? Deflater(level: level) : nil
        beginSegment()
    }

    /// Starts a new segment: its dictionaries are empty.
    package func beginSegment() {
        dictionaries = DictionaryID.allCases.map { _ in SharedTerms() }
        detailsShapes = ShapeTable()
        extraShapes = ShapeTable()
    }

    /// Gives the dictionaries of a segment that was begun earlier the terms that its blocks hold already.
    package func restoreTerms(_ dictionary: DictionaryID, _ terms: [[UInt8]]) throws(FormatError) {
        for term in terms {
            let before = dictionaries[dictionary.index].table.count
            _ = term.withView { dictionaries[dictionary.index].table.intern($0) }
            guard dictionaries[dictionary.index].table.count == before + 1 else {
                throw FormatError(
                    .invalid, "dictionary \(dictionary)", offset: before, expected: "distinct terms",
                    found: "a term again")
            }
            if dictionary == .detailsShape { try detailsShapes.append(term) }
            if dictionary == .extraShape { try extraShapes.append(term) }
        }
    }

    // MARK: Encoding

    /// Appends the block of `input` to `out` and returns its header.
    package func encode(
        _ input: BlockInput, storeTag: UInt64, segmentNumber: UInt64, index: Int, into out: inout ByteWriter
    ) throws -> BlockHeader {
        termsBefore = dictionaries.map { $0.table.count }
        heap.removeAll()
        body.removeAll()
        directory.removeAll()
        try collect(input)
        try writeSections(input)

        var header = BlockHeader(
            length: 0, storeTag: storeTag, segmentNumber: segmentNumber, index: index,
            count: input.recordOffsets.count, firstSequence: input.firstSequence, times: numbers.timeRange,
            recordedTimes: numbers.recordedRange, chainBefore: input.chainBefore,
            chainAfter: input.chainAfter,
            directoryLength: directory.count, directoryChecksum: Checksum.of(directory.view))
        let unpadded = BlockHeader.byteCount + directory.count + body.count
        header.length = (unpadded + 7) / 8 * 8
        out.reserve(header.length)
        header.write(into: &out)
        out.bytes(directory.view)
        out.bytes(body.view)
        out.zeros(header.length - unpadded)
        return header
    }

    /// Takes the records apart, field by field.
    private func collect(_ input: BlockInput) throws {
        for index in texts.indices { texts[index].removeAll() }
        numbers.removeAll()
        details.removeAll()
        extra.removeAll()
        typeCodes.removeAll(keepingCapacity: true)
        severityCodes.removeAll(keepingCapacity: true)
        actionCodes.removeAll(keepingCapacity: true)
        componentCodes.removeAll(keepingCapacity: true)
        userCodes.removeAll(keepingCapacity: true)
        resourceCodes.removeAll(keepingCapacity: true)
        idHashes.removeAll(keepingCapacity: true)
        for row in input.recordOffsets.indices {
            let record = try RecordView(input.memory, at: Int(input.recordOffsets[row]))
            numbers.append(record, recordedAt: input.recordedAt[row])
            typeCodes.append(intern(record[.type], .type))
            severityCodes.append(intern(record[.severity], .severity))
            actionCodes.append(intern(record[.action], .action))
            componentCodes.append(intern(record[.component], .component))
            userCodes.append(intern(record[.user], .user))
            resourceCodes.append(internResource(record))
            idHashes.append(record[.id].map { IDHash.of($0) } ?? IDHash.none)
            for field in BlockEncoder.freeTextFields { append(record[field], of: field, input.memory) }
            collect(record[.details], into: &details, input.memory)
            collect(record[.extra], into: &extra, input.memory)
        }
    }

    private static let freeTextFields: [StringField] = [
        .id, .error, .message, .ip, .userAgent, .requestID, .sessionID, .correlationID,
    ]

    @inline(__always)
    private func intern(_ value: ByteView?, _ dictionary: DictionaryID) -> UInt32 {
        guard let value else { return 0 }
        return dictionaries[dictionary.index].table.intern(value)
    }

    @inline(__always)
    private func internResource(_ record: RecordView) -> UInt32 {
        let type = record[.resourceType]
        let id = record[.resourceID]
        if type == nil, id == nil { return 0 }
        resourceTerm.removeAll()
        ResourceTerm.write(type: type, id: id, into: &resourceTerm)
        return dictionaries[DictionaryID.resource.index].table.intern(resourceTerm.view)
    }

    @inline(__always)
    private func append(_ value: ByteView?, of field: StringField, _ memory: ByteView) {
        if let value {
            texts[field.index].append(
                offset: UInt32(value.base - memory.base), length: UInt32(value.count))
        } else {
            texts[field.index].appendAbsent()
        }
    }

    @inline(__always)
    private func collect(_ value: ByteView?, into documents: inout DocumentEncoder, _ memory: ByteView) {
        if let value {
            documents.append(value, at: UInt32(value.base - memory.base))
        } else {
            documents.appendAbsent()
        }
    }

    // MARK: Sections

    private func writeSections(_ input: BlockInput) throws {
        section.bytes(input.seeds)
        close(.seeds, 0)
        section.bytes(input.tree)
        close(.tree, 0)
        writeNumbers()
        writeCodes(typeCodes, .type)
        writeCodes(severityCodes, .severity)
        writeCodes(actionCodes, .action)
        writeCodes(componentCodes, .component)
        writeCodes(userCodes, .user)
        writeCodes(resourceCodes, .resource)
        writeText(.id, .id, input.memory)
        writeText(.error, .error, input.memory)
        writeText(.message, .message, input.memory)
        writeText(.ip, .ip, input.memory)
        writeText(.userAgent, .userAgent, input.memory)
        writeText(.requestID, .requestID, input.memory)
        writeText(.sessionID, .sessionID, input.memory)
        writeText(.correlationID, .correlationID, input.memory)
        try writeDocuments(
            &details, .details, .detailsShape, .detailsPath, table: &detailsShapes, input.memory)
        try writeDocuments(&extra, .extra, .extraShape, .extraPath, table: &extraShapes, input.memory)
        writeNewTerms()
        let chunks = heap.finish()
        heap.writeDirectory(into: &section)
        if chunks > 0 { close(.heapDirectory, 0) }
        for chunk in 0..<chunks {
            section.bytes(heap.chunk(chunk))
            close(.textChunk, chunk)
        }
    }

    /// Ends the section that was written and lists it.
    private func close(_ role: SectionRole, _ id: Int) {
        directory.u8(role.rawValue)
        directory.varint(UInt64(id))
        directory.varint(UInt64(section.count))
        directory.u32(UInt32(truncatingIfNeeded: Checksum.of(section.view)))
        body.bytes(section.view)
        section.removeAll()
    }

    private func writeNumbers() {
        for column in FixedColumns.Column.allCases {
            numbers.write(column, with: &integers, into: &section)
            close(.column, Int(column.id.rawValue))
        }
    }

    private func writeCodes(_ codes: [UInt32], _ column: ColumnID) {
        CodeColumn.write(codes, packing: &bits, into: &section)
        close(.column, Int(column.rawValue))
    }

    private func writeText(_ field: StringField, _ column: ColumnID, _ memory: ByteView) {
        let values = texts[field.index]
        // A field nobody uses costs not even a directory entry.
        guard values.presentCount > 0 else { return }
        columns.encode(
            values, in: memory, shared: DictionaryID(field: field).map { dictionaries[$0.index] },
            leader: BlockEncoder.followsUser(field) ? userCodes : nil, heap: &heap, into: &section)
        close(.column, Int(column.rawValue))
    }

    /// The fields that are mostly what they were at the user's previous event.
    package static func followsUser(_ field: StringField) -> Bool {
        field == .ip || field == .userAgent || field == .sessionID
    }

    private func writeDocuments(
        _ documents: inout DocumentEncoder, _ column: ColumnID, _ dictionary: DictionaryID,
        _ pathRole: SectionRole,
        table: inout ShapeTable, _ memory: ByteView
    ) throws {
        guard documents.hasDocuments else { return }
        try documents.settle(shared: dictionaries[dictionary.index], table: &table, in: memory)
        documents.writeCodes(into: &section)
        close(.column, Int(column.rawValue))
        if documents.raw.count > 0 {
            columns.encode(documents.raw, in: memory, heap: &heap, into: &section)
            close(.rawDocuments, Int(column.rawValue))
        }
        for path in documents.usedPaths() {
            documents.writePath(path, in: memory, columns: &columns, heap: &heap, into: &section)
            close(pathRole, path)
        }
    }

    private func writeNewTerms() {
        for dictionary in DictionaryID.allCases {
            let table = dictionaries[dictionary.index]
            let first = termsBefore[dictionary.index] + 1
            guard table.table.count >= first else { continue }
            NewTerms.write(table, from: first, deflater: termsDeflater, into: &section)
            close(.newTerms, Int(dictionary.rawValue))
        }
    }
}
