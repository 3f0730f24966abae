/// The working state of a `BlockEncoder`: a value, so that nothing in its loops is checked for exclusive access.
struct BlockAssembly: ~Copyable {
    /// The codes of the block encoded last, by row, and the hashes of its ids: what the segment's indexes are
    /// built from.
    private(set) var typeCodes: [UInt32] = []
    private(set) var severityCodes: [UInt32] = []
    private(set) var actionCodes: [UInt32] = []
    private(set) var componentCodes: [UInt32] = []
    private(set) var userCodes: [UInt32] = []
    private(set) var resourceCodes: [UInt32] = []
    /// `IDHash` of each foreign id, `IDHash.none` where there is none.
    private(set) var idHashes: [UInt64] = []
    /// The segment's dictionaries, by `DictionaryID.index`.
    private(set) var dictionaries: [SharedTerms] = []

    /// The terms that the block encoded last added.
    private(set) var newTerms: [AddedTerms] = []

    /// The outcomes of the block encoded last, as they are in records.
    var outcomes: UnsafeBufferPointer<Int64> { numbers.outcomeValues }

    /// Where the values of a field of the block encoded last lie in its memory.
    func values(_ field: StringField) -> ValueSpan { texts[field.index].span }

    private var termsBefore: [Int] = []

    private var heap: TextHeapBuilder
    private let termsCompressor: ChunkCompressor
    private var columns = TextColumnEncoder()
    private var determined = DeterminedCodesEncoder()
    private var integers = IntegerColumnEncoder()
    private let details = DocumentField(.details, .detailsShape, .detailsPath)
    private let extra = DocumentField(.extra, .extraShape, .extraPath)
    private var texts = ValueColumns(count: StringField.count)
    private var numbers = FixedColumns()
    private var kinds = EventKinds()
    private var users = LeaderRows([])
    private var resourceText = ByteWriter(capacity: 64 << 10)
    private var resources = ValueColumn()
    private var section = ByteWriter(capacity: 64 << 10)
    private var body = ByteWriter(capacity: 1 << 20)
    private var directory = ByteWriter(capacity: 4096)

    init(codec: Codec, level: Int) {
        heap = TextHeapBuilder(codec: codec, level: level)
        termsCompressor = ChunkCompressor(codec, level: level)
        dictionaries = DictionaryID.allCases.map { _ in SharedTerms() }
    }

    /// Starts a new segment: its dictionaries are empty.
    mutating func beginSegment() {
        dictionaries = DictionaryID.allCases.map { _ in SharedTerms() }
        details.shapes = ShapeTable()
        extra.shapes = ShapeTable()
    }

    /// Gives the dictionaries of a segment that was begun earlier the terms that its blocks hold already.
    mutating func restoreTerms(_ dictionary: DictionaryID, _ terms: [[UInt8]]) throws(FormatError) {
        for term in terms {
            let before = dictionaries[dictionary.index].table.count
            _ = term.withView { dictionaries[dictionary.index].table.intern($0) }
            guard dictionaries[dictionary.index].table.count == before + 1 else {
                throw FormatError(
                    .invalid, "dictionary \(dictionary)", offset: before, expected: "distinct terms",
                    found: "a term again")
            }
            if dictionary == .detailsShape { try details.shapes.append(term) }
            if dictionary == .extraShape { try extra.shapes.append(term) }
        }
    }

    // MARK: Encoding

    /// Appends the block of `input` to `out` and returns its header.
    mutating func encode(
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

    /// Takes the records apart into one list of values a field, then gives the terms their codes a field at a time,
    /// while that field's dictionary is in the processor's cache.
    private mutating func collect(_ input: BlockInput) throws {
        texts.removeAll()
        numbers.removeAll()
        kinds.removeAll()
        for row in input.recordOffsets.indices {
            input.fetchAhead(of: row)
            try collect(Int(input.recordOffsets[row]), row, input.memory)
            numbers.appendRecorded(input.recordedAt[row])
        }
        let count = input.recordOffsets.count
        let areKinds = try kinds.settle(in: input.memory)
        if areKinds {
            kinds.spread(.resourceType, to: &texts[StringField.resourceType.index])
        } else {
            try collectEnvelopes(input.memory)
        }
        for index in 0..<texts.count where texts[index].count > 0 { texts[index].pad(to: count) }
        typeCodes = intern(.type, .type, areKinds, count, input.memory)
        severityCodes = intern(.severity, .severity, areKinds, count, input.memory)
        actionCodes = intern(.action, .action, areKinds, count, input.memory)
        componentCodes = intern(.component, .component, areKinds, count, input.memory)
        userCodes = intern(.user, .user, count, input.memory)
        internResources(count, input.memory)
        hashIDs(count, input.memory)
        collectDocuments(input.memory)
    }

    /// Notes where the strings of one record lie: those of the envelope together, the others each. The layout is `RecordEncoder`'s.
    @inline(__always)
    private mutating func collect(_ offset: Int, _ row: Int, _ memory: ByteView) throws(FormatError) {
        var reader = ByteReader(memory, what: "record", from: offset)
        let envelopeLength = Int(try reader.u32())
        _ = try reader.u32()
        let origin = try reader.u8()
        let outcome = try reader.u8()
        let digits = try reader.u8()
        let envelope = try reader.u8()
        let zone = Int16(bitPattern: try reader.u16())
        let timestamp = try reader.i64()
        let duration = envelope & RecordEncoder.durationBit != 0 ? try reader.i64() : nil
        numbers.append(
            timestamp: timestamp, digits: digits, zone: zone, outcome: outcome, origin: origin,
            duration: duration)
        let start = reader.offset
        let length = offset + RecordEncoder.headerBytes + envelopeLength - start
        try reader.skip(length)
        kinds.append(offset: start, length: length, presence: envelope & ~RecordEncoder.durationBit)
        var presence = UInt32(try reader.u16())
        while presence != 0 {
            try collectNext(
                presence.trailingZeroBitCount + StringField.firstPersonal.index, row, &reader)
            presence &= presence - 1
        }
    }

    /// Notes where each of the envelopes' strings lies.
    private mutating func collectEnvelopes(_ memory: ByteView) throws(FormatError) {
        for row in 0..<kinds.count {
            var reader = kinds.reader(row, in: memory)
            var presence = kinds.presence(row)
            while presence != 0 {
                try collectNext(presence.trailingZeroBitCount, row, &reader)
                presence &= presence - 1
            }
            try reader.finish()
        }
    }

    @inline(__always)
    private mutating func collectNext(_ field: Int, _ row: Int, _ reader: inout ByteReader)
        throws(FormatError)
    {
        let length = try reader.length(atMost: Limits.eventBytes)
        let start = reader.offset
        try reader.skip(length)
        texts[field].pad(to: row)
        texts[field].append(
            offset: UInt32(truncatingIfNeeded: start), length: UInt32(truncatingIfNeeded: length))
    }

    /// The codes of a field's values, new terms included: those of the kinds, where there are kinds. The terms are new
    /// in the same order, so that the codes are the same.
    private func intern(
        _ field: StringField, _ dictionary: DictionaryID, _ areKinds: Bool, _ count: Int, _ memory: ByteView
    ) -> [UInt32] {
        guard areKinds else { return intern(field, dictionary, count, memory) }
        return kinds.spread(
            BlockAssembly.codes(
                kinds.values(field), in: dictionaries[dictionary.index], kinds.kindCount, memory))
    }

    /// The codes of a field's values, new terms included.
    private func intern(
        _ field: StringField, _ dictionary: DictionaryID, _ count: Int, _ memory: ByteView
    ) -> [UInt32] {
        BlockAssembly.codes(texts[field.index].span, in: dictionaries[dictionary.index], count, memory)
    }

    private static func codes(
        _ values: ValueSpan, in terms: SharedTerms, _ count: Int, _ memory: ByteView
    ) -> [UInt32] {
        guard values.count > 0 else { return [UInt32](repeating: 0, count: count) }
        return [UInt32](unsafeUninitializedCapacity: count) { codes, initialized in
            guard let first = codes.baseAddress, values.count == count else { return }
            terms.table.intern(values, in: memory, into: first)
            initialized = count
        }
    }

    private mutating func internResources(_ count: Int, _ memory: ByteView) {
        let types = texts[StringField.resourceType.index].span
        let ids = texts[StringField.resourceID.index].span
        resourceText.removeAll()
        resources.removeAll()
        for row in 0..<count {
            let type = row < types.count && !types.isAbsent(row) ? types.value(row, in: memory) : nil
            let id = row < ids.count && !ids.isAbsent(row) ? ids.value(row, in: memory) : nil
            if type == nil, id == nil {
                resources.appendAbsent()
                continue
            }
            let start = resourceText.count
            ResourceTerm.write(type: type, id: id, into: &resourceText)
            resources.append(
                offset: UInt32(truncatingIfNeeded: start),
                length: UInt32(truncatingIfNeeded: resourceText.count - start))
        }
        resourceCodes = BlockAssembly.codes(
            resources.span, in: dictionaries[DictionaryID.resource.index], count, resourceText.view)
    }

    private mutating func hashIDs(_ count: Int, _ memory: ByteView) {
        let ids = texts[StringField.id.index].span
        idHashes = [UInt64](unsafeUninitializedCapacity: count) { hashes, initialized in
            for row in 0..<count {
                if row < ids.count { ids.fetchAhead(of: row, in: memory) }
                let isForeign = row < ids.count && !ids.isAbsent(row)
                hashes[row] = isForeign ? IDHash.of(ids.value(row, in: memory)) : IDHash.none
            }
            initialized = count
        }
    }

    private func collectDocuments(_ memory: ByteView) {
        details.encoder.removeAll()
        details.encoder.append(texts[StringField.details.index].span, hints: actionCodes, in: memory)
        extra.encoder.removeAll()
        extra.encoder.append(texts[StringField.extra.index].span, hints: actionCodes, in: memory)
    }

    // MARK: Sections

    private mutating func writeSections(_ input: BlockInput) throws {
        section.bytes(input.seeds)
        close(.seeds, 0)
        section.bytes(input.tree)
        close(.tree, 0)
        // The long ones, of which few bytes are needed for a row, stand before the others, which are then read together.
        writeText(.id, .id, input.memory)
        writeText(.requestID, .requestID, input.memory)
        writeNumbers()
        determined.lead(by: actionCodes)
        writeCodesOfAction(typeCodes, .type)
        writeCodesOfAction(severityCodes, .severity)
        writeCodes(actionCodes, .action)
        writeCodesOfAction(componentCodes, .component)
        writeCodes(userCodes, .user)
        writeCodes(resourceCodes, .resource)
        users = LeaderRows(userCodes)
        writeText(.error, .error, input.memory)
        writeText(.message, .message, input.memory)
        writeText(.ip, .ip, input.memory)
        writeText(.userAgent, .userAgent, input.memory)
        writeText(.sessionID, .sessionID, input.memory)
        writeText(.correlationID, .correlationID, input.memory)
        try writeDocuments(details, input.memory)
        try writeDocuments(extra, input.memory)
        let chunks = heap.finish()
        heap.writeDirectory(into: &section)
        if chunks > 0 { close(.heapDirectory, 0) }
        for chunk in 0..<chunks {
            section.bytes(heap.chunk(chunk))
            close(.textChunk, chunk)
        }
        writeNewTerms()
    }

    /// Ends the section that was written and lists it.
    private mutating func close(_ role: SectionRole, _ id: Int) {
        BlockDirectory.write(role, id, section.view, into: &directory)
        body.bytes(section.view)
        section.removeAll()
    }

    private mutating func writeNumbers() {
        for column in FixedColumns.Column.allCases {
            numbers.write(column, with: &integers, into: &section)
            close(.column, Int(column.id.rawValue))
        }
    }

    private mutating func writeCodes(_ codes: [UInt32], _ column: ColumnID) {
        CodeColumn.write(codes, into: &section)
        close(.column, Int(column.rawValue))
    }

    /// Writes a column that the action may determine.
    private mutating func writeCodesOfAction(_ codes: [UInt32], _ column: ColumnID) {
        codes.withUnsafeBufferPointer { determined.write($0, into: &section) }
        close(.column, Int(column.rawValue))
    }

    private mutating func writeText(_ field: StringField, _ column: ColumnID, _ memory: ByteView) {
        let values = texts[field.index].span
        // A field nobody uses costs not even a directory entry.
        guard values.presentCount > 0 else { return }
        columns.encode(
            values, in: memory, shared: DictionaryID(field: field).map { dictionaries[$0.index] },
            leader: BlockEncoder.followsUser(field) ? users : nil, heap: &heap, into: &section)
        close(.column, Int(column.rawValue))
    }

    private mutating func writeDocuments(_ field: DocumentField, _ memory: ByteView) throws {
        guard field.encoder.hasDocuments else { return }
        try field.encoder.settle(
            shared: dictionaries[field.dictionary.index], table: &field.shapes, in: memory)
        determined.write(field.encoder.shapeCodes, into: &section)
        close(.column, Int(field.column.rawValue))
        if field.encoder.raw.count > 0 {
            columns.encode(field.encoder.raw, in: memory, heap: &heap, into: &section)
            close(.rawDocuments, Int(field.column.rawValue))
        }
        for path in field.encoder.usedPaths() {
            field.encoder.writePath(path, in: memory, columns: &columns, heap: &heap, into: &section)
            close(field.pathRole, path)
        }
    }

    private mutating func writeNewTerms() {
        newTerms.removeAll(keepingCapacity: true)
        for dictionary in DictionaryID.allCases {
            let table = dictionaries[dictionary.index]
            let first = termsBefore[dictionary.index] + 1
            guard table.table.count >= first else { continue }
            let terms = NewTerms.write(table, from: first, with: termsCompressor, into: &section)
            newTerms.append(AddedTerms(dictionary: dictionary, terms: terms))
            close(.newTerms, Int(dictionary.rawValue))
        }
    }
}

/// The objects of one document field while a block is put together.
private final class DocumentField {
    var encoder = DocumentEncoder()
    var shapes = ShapeTable()
    let column: ColumnID
    let dictionary: DictionaryID
    let pathRole: SectionRole

    init(_ column: ColumnID, _ dictionary: DictionaryID, _ pathRole: SectionRole) {
        self.column = column
        self.dictionary = dictionary
        self.pathRole = pathRole
    }
}
