import Synchronization

/// Where the bytes of a block come from: a file, or memory.
package protocol BlockSource: AnyObject, Sendable {
    /// The bytes from `offset`, counted from the start of the block.
    func read(_ offset: Int, _ length: Int) throws -> Bytes
    /// Fills `buffer` with the bytes from `offset`.
    func read(_ offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws
    /// Whether reading costs nothing, so that it need not be put off.
    var isInMemory: Bool { get }
}

extension BlockSource {
    package func read(_ offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        try read(offset, buffer.count).withView { buffer.copyMemory(from: $0.raw) }
    }

    package var isInMemory: Bool { false }
}

/// The dictionaries of the segment that a block belongs to.
package protocol SegmentTerms: TermSource {
    /// The shapes of a document dictionary, at least up to `code`.
    func shapes(_ dictionary: DictionaryID, upTo code: UInt32) throws -> ShapeTable
}

/// Reads one block, a section at a time: what is not asked for is not read. May be used by several threads.
///
/// Sections are read once, checked against their checksum, and kept for as long as the reader lives.
package final class BlockReader: Sendable {
    package let header: BlockHeader
    package let directory: BlockDirectory
    /// Where the block begins in its file, for error messages.
    package let origin: Int
    package let source: any BlockSource
    package let terms: any SegmentTerms
    let sections: BlockSections
    let heap: HeapChunks
    private let parsed = Mutex(Parsed())

    /// Columns that were opened, by their ids.
    private let integerColumns = LazyReferences<DecodedIntegers>(count: BlockReader.columnIDs)
    private let codeColumns = LazyReferences<OwnedCodes>(count: BlockReader.columnIDs)
    private let textColumns = LazyReferences<TextColumn>(count: BlockReader.columnIDs)
    private let documentColumns = LazyReferences<DocumentColumn>(count: BlockReader.columnIDs)
    /// One more than the largest id.
    private static let columnIDs = 39

    private struct Parsed {
        var durations: OptionalIntegers?
        var leaders: LeaderRanks?
        var record: RecordColumns?
    }

    /// A code column with what it borrows from: its bytes, or the table of what a leading column determines and that
    /// column's bytes. `@unchecked Sendable`: neither ever changes.
    private final class OwnedCodes: @unchecked Sendable {
        private let owner: Bytes
        private let table: DeterminedCodes?
        let column: CodeColumn

        init(_ owner: Bytes, count: Int) throws {
            self.owner = owner
            table = nil
            column = try CodeColumn(owner.view, count: count)
        }

        init(_ table: DeterminedCodes, by leader: OwnedCodes) {
            owner = leader.owner
            self.table = table
            column = CodeColumn(table, by: leader.column)
        }
    }

    /// A column of numbers with the bytes it reads. `@unchecked Sendable`: the bytes never change.
    private final class DecodedIntegers: @unchecked Sendable {
        private let owner: Bytes
        let column: IntegerColumn

        init(_ owner: Bytes, _ column: IntegerColumn) {
            self.owner = owner
            self.column = column
        }
    }

    package init(
        header: BlockHeader, directory: BlockDirectory, origin: Int, source: any BlockSource,
        terms: any SegmentTerms, gauge: MemoryGauge? = nil
    ) {
        self.header = header
        self.directory = directory
        self.origin = origin
        self.source = source
        self.terms = terms
        sections = BlockSections(source, directory, origin: origin, gauge: gauge)
        heap = HeapChunks(sections)
    }

    /// Opens the block at the start of `source`. `gauge` is told of the memory that the reader holds; `length` is the
    /// block's, where it is known: its directory is then read together with its header.
    package convenience init(
        source: any BlockSource, origin: Int, terms: any SegmentTerms, gauge: MemoryGauge? = nil,
        length: Int = 0
    ) throws {
        let head = try source.read(0, max(BlockHeader.byteCount, min(length, BlockReader.headBytes)))
        defer { withExtendedLifetime(head) {} }
        let header = try BlockHeader(head.view.trusted(0, BlockHeader.byteCount), origin: origin)
        let place = BlockHeader.byteCount
        let directoryBytes =
            try Bytes(part: place, header.directoryLength, of: head)
            ?? source.read(place, header.directoryLength)
        defer { withExtendedLifetime(directoryBytes) {} }
        let directory = try BlockDirectory(directoryBytes.view, header: header, origin: origin + place)
        self.init(
            header: header, directory: directory, origin: origin, source: source, terms: terms, gauge: gauge)
    }

    /// Header and directory of most blocks.
    private static let headBytes = 1024

    package var count: Int { header.count }

    /// The bytes of sections read so far, for accounts of what a query cost.
    package var bytesRead: Int { sections.bytesRead }

    /// About how many bytes of memory the reader holds: it grows as more of the block is asked for.
    package var bytesHeld: Int { sections.bytesHeld }

    /// The bytes of text inflated so far.
    package var bytesInflated: Int { sections.bytesInflated }

    // MARK: Sections

    /// The bytes of a section, checked, or nil when the block has none of that kind.
    package func sectionIfPresent(_ role: SectionRole, _ id: Int) throws -> Bytes? {
        guard let section = directory.section(role, id) else { return nil }
        return try read(section)
    }

    /// The bytes of a section, checked against its checksum.
    package func read(_ section: BlockSection) throws -> Bytes { try sections.read(section) }

    private func required(_ role: SectionRole, _ id: Int) throws -> Bytes {
        try sections.readKept(try sections.required(role, id))
    }

    /// The zeros between the last section and the end of the block.
    package func readPadding() throws -> Bytes {
        let end = directory.end(after: header)
        return try source.read(end, header.length - end)
    }

    /// The seed set that the salts of the block's events come from.
    package func seeds() throws -> Bytes { try required(.seeds, 0) }

    /// The tree before and inside the block, as `BlockTree` reads it.
    package func tree() throws -> BlockTree { try required(.tree, 0).withView { try BlockTree($0) } }

    /// The terms this block adds to a dictionary, or nil when it adds none.
    package func newTerms(_ dictionary: DictionaryID) throws -> BlockTerms? {
        guard let bytes = try sectionIfPresent(.newTerms, Int(dictionary.rawValue)) else { return nil }
        return try withExtendedLifetime(bytes) { try NewTerms.read(bytes.view, dictionary: dictionary) }
    }

    // MARK: Columns

    /// A column of numbers that every event has: times, digits, zone, outcome, origin.
    package func integers(_ id: ColumnID) throws -> IntegerColumn {
        let place = Int(id.rawValue)
        if let known = integerColumns.read(place, { $0.column }) { return known }
        let bytes = try required(.column, place)
        let opened = DecodedIntegers(bytes, try IntegerColumn(bytes.view, count: count))
        return integerColumns.store(opened, at: place).column
    }

    /// How the event times were written; nil when each has the fewest digits that lose nothing.
    package func timeDigits() throws -> IntegerColumn? {
        let place = Int(ColumnID.timeDigits.rawValue)
        if let known = integerColumns.read(place, { $0.column }) { return known }
        let bytes = try required(.column, place)
        defer { withExtendedLifetime(bytes) {} }
        var reader = ByteReader(bytes.view, what: "time digits")
        let form = try reader.u8()
        if form == TimeDigits.shortest {
            try reader.finish()
            return nil
        }
        guard form == TimeDigits.stored else {
            throw reader.invalid("form", expected: "1 or 2", found: "\(form)")
        }
        let column = try IntegerColumn(try reader.bytes(reader.remaining), count: count)
        return integerColumns.store(DecodedIntegers(bytes, column), at: place).column
    }

    package func durations() throws -> OptionalIntegers {
        if let known = parsed.withLock({ $0.durations }) { return known }
        let bytes = try required(.column, Int(ColumnID.duration.rawValue))
        let column = try OptionalIntegers(bytes, count: count)
        return parsed.withLock { $0.durations.keepFirst(column) }
    }

    /// A column of dictionary codes: type, severity, action, resource, component, user, or shapes.
    package func codes(_ id: ColumnID) throws -> CodeColumn {
        if let known = codeColumns.read(Int(id.rawValue), { $0.column }) { return known }
        return try openCodes(id).column
    }

    private func openCodes(_ id: ColumnID) throws -> OwnedCodes {
        let place = Int(id.rawValue)
        if let known = codeColumns[place] { return known }
        let bytes = try required(.column, place)
        let opened: OwnedCodes
        // The action's own column determines the others, and so is packed or damaged.
        if id != .action, CodeColumn.isDetermined(bytes.view) {
            let leader = try openCodes(.action)
            let table = try CodeColumn.determined(bytes.view, by: leader.column)
            sections.hold(table.codes.byteCount)
            opened = OwnedCodes(table, by: leader)
        } else {
            opened = try OwnedCodes(bytes, count: count)
        }
        return codeColumns.store(opened, at: place)
    }

    /// A column of text, or nil when no event of the block has the field.
    package func text(_ id: ColumnID) throws -> TextColumn? {
        if let known = textColumns[Int(id.rawValue)] { return known }
        guard let section = directory.section(.column, Int(id.rawValue)) else { return nil }
        let leaders = BlockReader.followsUser(id) ? try self.leaders() : nil
        let column =
            if let pages = sections.pages(of: section) {
                try TextColumn(pages, count: count, leaders: leaders)
            } else {
                try TextColumn(try sections.readKept(section), count: count, leaders: leaders)
            }
        return textColumns.store(column, at: Int(id.rawValue))
    }

    /// What the column `id` needs to give its text back.
    package func context(_ id: ColumnID) throws -> ColumnContext {
        ColumnContext(
            heap: heap, terms: terms, dictionary: BlockReader.dictionary(id),
            leaders: BlockReader.followsUser(id) ? try leaders() : nil)
    }

    /// The objects of `details` or `extra`, or nil when no event of the block has any.
    package func documents(_ id: ColumnID) throws -> DocumentColumn? {
        if let known = documentColumns[Int(id.rawValue)] { return known }
        guard directory.section(.column, Int(id.rawValue)) != nil else { return nil }
        let column = try DocumentColumn(self, id)
        return documentColumns.store(column, at: Int(id.rawValue))
    }

    func leaders() throws -> LeaderRanks {
        if let known = parsed.withLock({ $0.leaders }) { return known }
        let leaders = try LeaderRanks(try codes(.user))
        sections.hold(leaders.byteCount)
        return parsed.withLock { $0.leaders.keepFirst(leaders) }
    }

    /// The columns of some fields, opened, and perhaps others that were asked for before.
    func recordColumns(_ fields: RecordFields) throws -> RecordColumns {
        let known = parsed.withLock { $0.record }
        if let known, known.fields.isSuperset(of: fields) { return known }
        if known == nil, fields == .all { sections.readTogether { BlockReader.holdsRows($0) } }
        let columns = try RecordColumns(self, known?.fields.union(fields) ?? fields)
        parsed.withLock { $0.record = columns }
        return columns
    }

    /// Whether rows are put together from a section. Long ones are read by the page.
    private static func holdsRows(_ section: BlockSection) -> Bool {
        switch section.role {
        case .column, .rawDocuments, .detailsPath, .extraPath, .heapDirectory, .textChunk: !section.isPaged
        case .seeds, .tree, .newTerms: false
        }
    }

    private static func followsUser(_ id: ColumnID) -> Bool {
        StringField(rawValue: id.rawValue).map(BlockEncoder.followsUser) ?? false
    }

    package static func dictionary(_ id: ColumnID) -> DictionaryID? {
        StringField(rawValue: id.rawValue).flatMap { DictionaryID(field: $0) }
    }
}
