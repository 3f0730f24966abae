import Synchronization
import TallyrollFormat

/// Reads one segment file, sealed or open, from any thread. Opening reads the header, the trailer and the block
/// directory; everything else is read when it is asked for.
package final class SegmentReader: Sendable {
    package let name: String
    package let header: SegmentHeader
    /// The footer, or nil while the segment is open.
    package let footer: SegmentFooter?
    /// What is wrong with the index region of a sealed segment whose blocks had to be found without it.
    package let indexProblem: FormatError?
    /// What is wrong with the segment's header, which was then rebuilt from the first block.
    package let headerProblem: FormatError?
    package let file: any StorageFile
    private let sealedTerms: SealedTerms?
    private let growingTerms: GrowingTerms?
    private let sealedEntries: [BlockEntry]
    private let cache: BlockCache
    private let sections: SectionFile?
    /// By the place of a column; of those that the segment has.
    private let postingSlots: InlineArray<7, IndexSlot<LoadedPostings>?>
    private let filterSlots: [FilterKind: IndexSlot<LoadedFilter>]
    private let idSlot: IndexSlot<LoadedIDs>?
    private let damagedSections = Mutex(Set<UInt16>())

    /// Opens a segment file. `mustBeSealed` says that its trailer is known to have been written, so that a missing
    /// one is damage.
    package convenience init(
        _ name: String, in storage: any Storage, cache: BlockCache, mustBeSealed: Bool = false
    ) throws {
        let file = try storage.open(name, mode: .read)
        let (header, headerProblem) = try SegmentReader.readHeader(file, name)
        let size = try file.size()
        do {
            guard let footer = try SegmentReader.readFooter(file, header: header, size: size) else {
                try self.init(
                    name, header, file, size: size, cache: cache, headerProblem: headerProblem,
                    problem: mustBeSealed
                        ? FormatError(
                            .invalid, "segment trailer", offset: size - SegmentFooter.trailerBytes,
                            expected: "the end of a sealed segment", found: "none") : nil)
                return
            }
            let entries = try SegmentReader.readEntries(file, footer: footer, size: size)
            self.init(
                name, header, file, footer: footer, entries: entries, cache: cache,
                headerProblem: headerProblem)
        } catch let problem as FormatError {
            try self.init(
                name, header, file, size: size, cache: cache, headerProblem: headerProblem, problem: problem)
        }
    }

    /// The header, or where it is damaged the one that the first block gives, and what is wrong.
    private static func readHeader(
        _ file: any StorageFile, _ name: String
    ) throws -> (SegmentHeader, FormatError?) {
        do {
            let head = try file.bytes(at: 0, SegmentHeader.byteCount, what: "segment header")
            return (try head.withView { try SegmentHeader($0) }, nil)
        } catch let problem as FormatError where problem.kind != .unsupported {
            return (try SegmentHeader.rebuilt(file, name: name, after: problem), problem)
        }
    }

    /// A sealed segment.
    private init(
        _ name: String, _ header: SegmentHeader, _ file: any StorageFile, footer: SegmentFooter,
        entries: [BlockEntry], cache: BlockCache, headerProblem: FormatError?
    ) {
        self.headerProblem = headerProblem
        self.name = name
        self.header = header
        self.file = file
        self.footer = footer
        self.cache = cache
        indexProblem = nil
        sealedEntries = entries
        ownOutline = SegmentOutline(entries, from: header.firstSequence)
        growingTerms = nil
        let sections = SectionFile(file, footer, budget: cache.indexes)
        self.sections = sections
        var postingSlots = InlineArray<7, IndexSlot<LoadedPostings>?>(repeating: nil)
        for column in PostingColumn.allCases where footer.section(.postings, column.rawValue) != nil {
            postingSlots[column.place] = IndexSlot(sections.budget)
        }
        self.postingSlots = postingSlots
        var filterSlots: [FilterKind: IndexSlot<LoadedFilter>] = [:]
        for kind in FilterKind.allCases where footer.section(.filter, kind.rawValue) != nil {
            filterSlots[kind] = IndexSlot(sections.budget)
        }
        self.filterSlots = filterSlots
        idSlot = footer.section(.ids) == nil ? nil : IndexSlot(sections.budget)
        sealedTerms = SealedTerms(sections, footer: footer) {
            let end = entries.last.map { $0.offset + $0.length } ?? SegmentHeader.byteCount
            return try BlockScan(file, header: header, limit: end).terms
        }
    }

    /// A segment whose blocks are found one by one: an open one, or one whose index region is damaged.
    private init(
        _ name: String, _ header: SegmentHeader, _ file: any StorageFile, size: Int, cache: BlockCache,
        headerProblem: FormatError?, problem: FormatError?
    ) throws {
        self.headerProblem = headerProblem
        self.name = name
        self.header = header
        self.file = file
        self.cache = cache
        footer = nil
        indexProblem = problem
        sealedTerms = nil
        (sections, filterSlots, idSlot) = (nil, [:], nil)
        postingSlots = InlineArray(repeating: nil)
        let scan = try BlockScan(file, header: header, limit: size)
        growingTerms = scan.terms
        sealedEntries = scan.pieces.compactMap { if case .block(let entry, _) = $0 { entry } else { nil } }
        ownOutline = SegmentOutline(sealedEntries, from: header.firstSequence)
    }

    /// A segment that this process is writing: blocks are announced as they are written.
    package init(open name: String, header: SegmentHeader, file: any StorageFile, cache: BlockCache) {
        self.name = name
        self.header = header
        self.file = file
        self.cache = cache
        footer = nil
        indexProblem = nil
        headerProblem = nil
        sealedTerms = nil
        (sections, filterSlots, idSlot) = (nil, [:], nil)
        postingSlots = InlineArray(repeating: nil)
        growingTerms = GrowingTerms()
        sealedEntries = []
        ownOutline = SegmentOutline([], from: header.firstSequence)
    }

    /// Takes note of the terms of a block that stands in an open segment.
    package func announce(_ block: BlockReader) throws { try growingTerms?.add(block) }

    /// Takes note of the terms of a block that was just written to an open segment.
    package func announce(_ terms: [AddedTerms]) throws { try growingTerms?.add(terms) }

    /// The footer, or nil when there is no trailer: the segment is open. Throws when there is one and it is damaged.
    private static func readFooter(
        _ file: any StorageFile, header: SegmentHeader, size: Int
    ) throws -> SegmentFooter? {
        guard size >= SegmentHeader.byteCount + SegmentFooter.trailerBytes else { return nil }
        let trailer = try file.bytes(
            at: size - SegmentFooter.trailerBytes, SegmentFooter.trailerBytes, what: "segment trailer")
        defer { withExtendedLifetime(trailer) {} }
        guard trailer.view.trusted(56, 8).raw.elementsEqual(SegmentFooter.magic) else { return nil }
        let place = try SegmentFooter.table(trailer: trailer.view, fileLength: size)
        let table = try file.bytes(at: place.offset, place.length, what: "segment section table")
        defer { withExtendedLifetime(table) {} }
        let footer = try SegmentFooter(table: table.view, trailer: trailer.view, fileLength: size)
        guard footer.storeTag == header.storeTag, footer.segmentNumber == header.number else {
            throw FormatError(
                .invalid, "segment trailer: place", offset: size - SegmentFooter.trailerBytes,
                expected: "segment \(header.number)", found: "segment \(footer.segmentNumber)")
        }
        guard footer.endSequence >= header.firstSequence,
            footer.endSequence - header.firstSequence <= UInt64(PostingList.universeMax)
        else {
            throw FormatError(
                .invalid, "segment trailer: end sequence", offset: size - SegmentFooter.trailerBytes + 40,
                expected: "at most \(PostingList.universeMax) events from \(header.firstSequence)",
                found: "\(footer.endSequence)")
        }
        return footer
    }

    private static func readEntries(
        _ file: any StorageFile, footer: SegmentFooter, size: Int
    ) throws -> [BlockEntry] {
        guard let section = footer.section(.blocks) else {
            throw FormatError(
                .invalid, "segment section table", offset: footer.tableOffset, expected: "a block directory",
                found: "none")
        }
        let bytes = try file.section(section)
        defer { withExtendedLifetime(bytes) {} }
        return try entries(of: bytes.view, origin: section.offset, fileLength: size)
    }

    /// The entries of a block directory.
    package static func entries(
        of view: ByteView, origin: Int, fileLength: Int
    ) throws(FormatError) -> [BlockEntry] {
        var reader = ByteReader(view, what: "block directory", origin: origin)
        let count = try reader.length(atMost: view.count)
        var entries: [BlockEntry] = []
        entries.reserveCapacity(min(count, view.count / BlockEntry.byteCountMin))
        let whole = view.array
        for _ in 0..<count {
            entries.append(try BlockEntry(reading: &reader, of: whole, fileLength: fileLength))
        }
        try reader.finish()
        return entries
    }

    // MARK: Blocks

    package var isSealed: Bool { footer != nil }

    /// The blocks found when the segment was opened, in order. Of an open segment in the writing process this is
    /// empty: its blocks are in the snapshot.
    package var entries: [BlockEntry] { sealedEntries }

    package var terms: any SegmentTerms {
        if let sealedTerms { return sealedTerms }
        return growingTerms ?? GrowingTerms()
    }

    /// The outline of the blocks found when the segment was opened.
    private let ownOutline: SegmentOutline

    /// The outline of blocks of the segment, as many as a snapshot shows.
    package func outline(of entries: [BlockEntry]) -> SegmentOutline {
        isSealed && entries.count == sealedEntries.count
            ? ownOutline : SegmentOutline(entries, from: header.firstSequence)
    }

    /// The reader of a block, kept in the cache.
    package func block(_ entry: BlockEntry) throws -> BlockReader {
        try block(SegmentOutline.Block(entry))
    }

    /// The reader of a block, kept in the cache.
    package func block(_ place: SegmentOutline.Block) throws -> BlockReader {
        let key = BlockCache.Key(segment: header.number, offset: place.offset)
        if let known = cache[key] { return known }
        let block = try openBlock(place, gauge: cache.gauge)
        cache.insert(block, key)
        return block
    }

    /// The reader of a block that is looked into for a single event: kept in the cache only where that happens again.
    package func passingBlock(_ place: SegmentOutline.Block) throws -> BlockReader {
        let key = BlockCache.Key(segment: header.number, offset: place.offset)
        if let known = cache[key] { return known }
        guard cache.keepsPassing(key) else { return try openBlock(place, gauge: cache.gauge) }
        return try block(place)
    }

    /// A reader of a block that is not kept: for walks over everything.
    package func openBlock(_ entry: BlockEntry) throws -> BlockReader {
        try openBlock(SegmentOutline.Block(entry), gauge: nil)
    }

    private func openBlock(_ entry: SegmentOutline.Block, gauge: MemoryGauge?) throws -> BlockReader {
        guard entry.isReadable else {
            throw FormatError(
                .invalid, "block", offset: entry.offset, expected: "a readable block",
                found: "one found damaged when the segment was sealed")
        }
        let block = try BlockReader(
            source: FileBlockSource(file, at: entry.offset), origin: entry.offset, terms: terms,
            gauge: gauge, length: entry.length)
        guard block.header.firstSequence == entry.firstSequence, block.header.count == entry.count,
            block.header.storeTag == header.storeTag, block.header.segmentNumber == header.number
        else {
            throw FormatError(
                .invalid, "block header: place", offset: entry.offset,
                expected: "\(entry.count) events from \(entry.firstSequence) of segment \(header.number)",
                found:
                    "\(block.header.count) from \(block.header.firstSequence) of segment \(block.header.segmentNumber)"
            )
        }
        return block
    }

    // MARK: Indexes

    /// The code of a term, or nil when no event of the segment holds it.
    package func code(of term: [UInt8], _ dictionary: DictionaryID) throws -> UInt32? {
        if let sealedTerms { return try sealedTerms.code(of: term, dictionary) }
        return growingTerms?.code(of: term, dictionary)
    }

    /// Lets the dictionaries in memory go, for walks that have passed the segment.
    package func releaseTerms() { sealedTerms?.release() }

    /// All terms of a sealed segment's dictionary, not kept in memory; nil when it cannot be read.
    package func decodedTerms(_ dictionary: DictionaryID) throws -> TermTable? {
        try sealedTerms?.decoded(dictionary)
    }

    /// All terms of a sealed segment's dictionary, kept in memory; nil when it cannot be read.
    package func termTable(_ dictionary: DictionaryID) throws -> TermTable? {
        try sealedTerms?.table(dictionary)
    }

    package func termCount(_ dictionary: DictionaryID) throws -> Int {
        if let sealedTerms { return try sealedTerms.count(dictionary) }
        return growingTerms?.count(dictionary) ?? 0
    }

    /// The posting lists of a column, or nil when the segment has none or they are damaged: then scan. The caller holds
    /// them for as long as it looks at them or at their lists; a list that is damaged throws when it is asked for.
    package func postings(_ column: PostingColumn) throws -> LoadedPostings? {
        guard let slot = postingSlots[column.place] else { return nil }
        return try slot.current ?? openPostings(column).map { slot.keepFirst($0) }
    }

    /// The posting lists of a column, if they were looked at already and are kept.
    package func postingsAtHand(_ column: PostingColumn) -> LoadedPostings? {
        postingSlots[column.place]?.current
    }

    private func openPostings(_ column: PostingColumn) throws -> LoadedPostings? {
        try loadIndex(.postings, column.rawValue) { bytes, section, footer in
            try LoadedPostings(
                bytes, universe: Int(footer.endSequence - header.firstSequence), origin: section.offset)
        }
    }

    /// The posting lists of a dictionary's terms, or nil when the segment has none or they are damaged.
    package func postings(_ dictionary: DictionaryID) throws -> LoadedPostings? {
        try PostingColumn(dictionary).flatMap { try postings($0) }
    }

    /// The number of events of every term of a dictionary, by code; nil where no posting lists tell. Keeps nothing.
    package func postingCounts(_ dictionary: DictionaryID) throws -> [UInt32]? {
        guard let column = PostingColumn(dictionary), let slot = postingSlots[column.place] else {
            return nil
        }
        let loaded = try slot.current ?? openPostings(column)
        defer { withExtendedLifetime(loaded) {} }
        return try? loaded?.postings.counts()
    }

    /// What says which terms the segment does not hold; nil when nothing does, or it is damaged. Keeps nothing.
    package func termFilter() throws -> LoadedTermFilter? {
        try loadIndex(.terms, 0) { bytes, section, _ in try LoadedTermFilter(bytes, origin: section.offset) }
    }

    private func filter(_ kind: FilterKind) throws -> LoadedFilter? {
        guard let slot = filterSlots[kind] else { return nil }
        if let known = slot.current { return known }
        return try loadIndex(.filter, kind.rawValue) { bytes, section, _ in
            try LoadedFilter(bytes, kind, blocks: sealedEntries.count, origin: section.offset)
        }.map { slot.keepFirst($0) }
    }

    /// Whether the segment has a filter of this kind, be it damaged or not.
    package func hasFilter(_ kind: FilterKind) -> Bool { footer?.section(.filter, kind.rawValue) != nil }

    /// The places in `entries` of the blocks in which one of the values may be that have these keys; nil when the
    /// segment has no such filter, or a damaged one: then look everywhere.
    ///
    /// - Complexity: O(keys), and the blocks found.
    package func blocks(holdingAnyOf keys: [UInt64], _ kind: FilterKind) throws -> OrdinalBitmap? {
        guard let loaded = try filter(kind) else { return nil }
        return blocks(holdingAnyOf: keys, loaded)
    }

    /// The same for values at a path of `details`; nil also when the filter does not hold that path.
    package func blocks(holdingAnyOf keys: [UInt64], atPath path: UInt64) throws -> OrdinalBitmap? {
        guard let loaded = try filter(.details), loaded.paths?.contains(path) ?? true else { return nil }
        return blocks(holdingAnyOf: keys, loaded)
    }

    private func blocks(holdingAnyOf keys: [UInt64], _ loaded: LoadedFilter) -> OrdinalBitmap {
        defer { withExtendedLifetime(loaded) {} }
        var blocks = OrdinalBitmap(range: 0..<loaded.filter.blockCount)
        for key in keys { loaded.filter.insertBlocks(holding: key, into: &blocks) }
        return blocks
    }

    /// The places in `entries` of the blocks in which a text may be that holds all of these, ASCII letters in either
    /// case; nil when the segment cannot say.
    package func blocks(mayContain needles: [[UInt8]]) throws -> OrdinalBitmap? {
        let keys = needles.flatMap { needle in needle.withView { Trigram.keys($0) } }
        guard !keys.isEmpty, let loaded = try filter(.text) else { return nil }
        defer { withExtendedLifetime(loaded) {} }
        var blocks = OrdinalBitmap(all: 0..<loaded.filter.blockCount)
        for key in keys { blocks.formIntersection(loaded.filter.blocks(holding: key)) }
        return blocks
    }

    /// The table of ids; nil when the segment has none, or it is damaged. Keeps nothing.
    func idTable() throws -> LoadedIDs? {
        if let known = idSlot?.current { return known }
        return try loadIndex(.ids, 0) { bytes, section, _ in try LoadedIDs(bytes, origin: section.offset) }
    }

    /// The places in `entries` of the blocks in which an event with an id of this hash may be, or nil when the
    /// segment has no table of ids, or a damaged one: then look everywhere.
    package func blocksHoldingID(hash: UInt64) throws -> [Int]? {
        guard footer != nil else { return nil }
        // A sealed segment without a table has no foreign ids.
        guard let slot = idSlot else { return [] }
        let opened =
            try slot.current
            ?? loadIndex(.ids, 0) { bytes, section, _ in
                try LoadedIDs(bytes, origin: section.offset)
            }.map { slot.keepFirst($0) }
        guard let loaded = opened else { return nil }
        defer { withExtendedLifetime(loaded) {} }
        do {
            try loaded.table.need(hash)
        } catch {
            return nil
        }
        // A table that names a block which does not exist is damaged; the blocks that exist are still worth a look.
        return loaded.table.candidates(hash).map { Int($0) }.filter { $0 < sealedEntries.count }
    }

    /// Whether the segment has posting lists of a column, be they damaged or not.
    package func hasPostings(_ column: PostingColumn) -> Bool { postingSlots[column.place] != nil }

    /// The bytes that the first look at a column's posting lists is expected to read; nil when they were looked at
    /// already, or there are none.
    package func unreadBytes(_ column: PostingColumn) -> Int? {
        guard let slot = postingSlots[column.place], slot.isEmpty,
            let section = footer?.section(.postings, column.rawValue)
        else { return nil }
        return sections?.firstLook(section)
    }

    /// The bytes that the first look at a filter reads; nil when it is in memory already, or there is none.
    package func unreadBytes(_ kind: FilterKind) -> Int? {
        guard let slot = filterSlots[kind], slot.isEmpty else { return nil }
        return footer?.section(.filter, kind.rawValue)?.length
    }

    /// The bytes of dictionaries, posting lists and other indexes read so far, for accounts of what a query cost.
    package var indexBytesRead: Int { sections?.bytesRead.load(ordering: .relaxed) ?? 0 }

    private func loadIndex<T>(
        _ role: IndexRole, _ id: UInt8, _ open: (PagedBytes, IndexSection, SegmentFooter) throws -> T
    ) throws -> T? {
        guard let footer, let sections, let section = footer.section(role, id) else { return nil }
        let key = UInt16(role.rawValue) << 8 | UInt16(id)
        if damagedSections.withLock({ $0.contains(key) }) { return nil }
        do {
            return try open(sections.open(section), section, footer)
        } catch is FormatError {
            // Indexes can be done without; the verifier reports the damage.
            _ = damagedSections.withLock { $0.insert(key) }
            return nil
        }
    }

    /// Chain and tree at the end of a sealed segment.
    package func heads() throws -> SegmentHeads? {
        guard let footer, let section = footer.section(.heads) else { return nil }
        return try file.section(section).withView { try SegmentHeads($0) }
    }
}
