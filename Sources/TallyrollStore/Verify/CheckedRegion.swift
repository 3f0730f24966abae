import TallyrollFormat

/// The index region of a sealed segment, read again and checked on its own: checksums, structure, and zeros
/// wherever nothing is written. What holds can be used to check the blocks; what does not is reported once.
///
/// `@unchecked Sendable`: written before the initialiser returns; the bytes that the indexes read never change.
final class CheckedRegion: @unchecked Sendable {
    private(set) var footer: SegmentFooter?
    private(set) var entries: [BlockEntry]?
    private(set) var heads: SegmentHeads?
    private(set) var tables: [TermTable?] = Array(repeating: nil, count: DictionaryID.count)
    /// Opened, and not proved to hold together: they are when they are compared with what the blocks hold.
    private(set) var postings: [PostingColumn: TermPostings] = [:]
    private(set) var filters: [FilterKind: CheckedFilter] = [:]
    /// As the posting lists.
    private(set) var ids: IDTable?
    /// The filter of terms, the whole section. Valid while the region lives.
    private(set) var termFilter: ByteView?
    private(set) var problems: [VerificationProblem] = []
    /// Sections whose bytes do not hold.
    private var damaged: Set<UInt16> = []

    /// The sections whose bytes hold, by kind; what was opened reads them.
    private var owners: [UInt16: Bytes] = [:]
    private let place: CheckedPlace
    private let header: SegmentHeader

    /// With `isQuick`, only what says where blocks lie and how chain and tree end.
    init(_ file: any StorageFile, header: SegmentHeader, place: CheckedPlace, isQuick: Bool) throws {
        self.place = place
        self.header = header
        do {
            let size = try file.size()
            let footer = try readFooter(file, size: size)
            self.footer = footer
            checkPlace(of: footer, size: size)
            for section in CheckedRegion.inCheckingOrder(footer.sections)
            where !isQuick || section.role == .blocks || section.role == .heads {
                try check(section, file, footer, size: size)
            }
            checkPresence(footer)
            if !isQuick { try checkGaps(footer, file) }
        } catch let problem as FormatError {
            report(problem)
        }
    }

    /// The block directory, which others are held against, comes first, and what is held against others last.
    private static func inCheckingOrder(_ sections: [IndexSection]) -> [IndexSection] {
        sections.filter { $0.role == .blocks } + sections.filter { $0.role != .blocks && $0.role != .pages }
            + sections.filter { $0.role == .pages }
    }

    /// Whether a section of this kind is there and its bytes do not hold.
    func isDamaged(_ role: IndexRole, _ id: UInt8 = 0) -> Bool { damaged.contains(key(role, id)) }

    /// The bytes of a section that hold.
    func bytes(_ role: IndexRole, _ id: UInt8 = 0) -> Bytes? { owners[key(role, id)] }

    private func key(_ role: IndexRole, _ id: UInt8) -> UInt16 { UInt16(role.rawValue) << 8 | UInt16(id) }

    private func report(_ problem: FormatError) {
        problems.append(place.problem(.damaged, offset: problem.offset, problem.description))
    }

    private func readFooter(_ file: any StorageFile, size: Int) throws -> SegmentFooter {
        let length = SegmentFooter.trailerBytes
        guard size >= SegmentHeader.byteCount + length else {
            throw FormatError(
                .truncated, "segment trailer", offset: size,
                expected: "\(length) bytes at the end of the file",
                found: "a file of \(size) bytes")
        }
        let trailer = try file.bytes(at: size - length, length, what: "segment trailer")
        defer { withExtendedLifetime(trailer) {} }
        let place = try SegmentFooter.table(trailer: trailer.view, fileLength: size)
        let table = try file.bytes(at: place.offset, place.length, what: "segment section table")
        defer { withExtendedLifetime(table) {} }
        return try SegmentFooter(table: table.view, trailer: trailer.view, fileLength: size)
    }

    private func checkPlace(of footer: SegmentFooter, size: Int) {
        guard footer.storeTag != header.storeTag || footer.segmentNumber != header.number else { return }
        problems.append(
            place.problem(
                .order, offset: size - SegmentFooter.trailerBytes,
                "the trailer belongs to segment \(footer.segmentNumber) of store \(hex(footer.storeTag))"))
    }

    // MARK: Sections

    private func check(
        _ section: IndexSection, _ file: any StorageFile, _ footer: SegmentFooter, size: Int
    ) throws {
        do {
            let bytes = try file.section(section)
            owners[key(section.role, section.id)] = bytes
            try open(section, bytes.view, footer, size: size)
        } catch let problem as FormatError {
            damaged.insert(key(section.role, section.id))
            report(problem)
        }
    }

    private func open(
        _ section: IndexSection, _ view: ByteView, _ footer: SegmentFooter, size: Int
    ) throws(FormatError) {
        guard footer.sections.count(where: { $0.role == section.role && $0.id == section.id }) == 1 else {
            throw wrong(section, "one section of a kind", "two")
        }
        switch section.role {
        case .blocks:
            guard section.id == 0 else { throw wrong(section, "id 0", "\(section.id)") }
            entries = try SegmentReader.entries(of: view, origin: section.offset, fileLength: size)
        case .heads:
            guard section.id == 0 else { throw wrong(section, "id 0", "\(section.id)") }
            heads = try SegmentHeads(view)
        case .dictionary:
            guard let dictionary = DictionaryID(rawValue: section.id) else {
                throw wrong(section, "a dictionary of version 1", "\(section.id)")
            }
            let terms = try DictionarySection(view, origin: section.offset)
            try terms.checkInvariants()
            tables[dictionary.index] = try terms.decodeAll()
        case .postings:
            guard let column = PostingColumn(rawValue: section.id) else {
                throw wrong(section, "posting lists of version 1", "\(section.id)")
            }
            let (universe, overflow) = footer.endSequence.subtractingReportingOverflow(header.firstSequence)
            guard !overflow, universe <= UInt64(PostingList.universeMax) else {
                throw wrong(
                    section, "an end sequence from \(header.firstSequence) on", "\(footer.endSequence)")
            }
            postings[column] = try TermPostings(view, universe: Int(universe), origin: section.offset)
        case .ids:
            guard section.id == 0 else { throw wrong(section, "id 0", "\(section.id)") }
            ids = try IDTable(view, origin: section.offset)
        case .terms:
            guard section.id == 0 else { throw wrong(section, "id 0", "\(section.id)") }
            _ = try TermFilter(view, origin: section.offset)
            termFilter = view
        case .filter:
            guard let kind = FilterKind(rawValue: section.id) else {
                throw wrong(section, "a filter of version 1", "\(section.id)")
            }
            let (filter, paths) = try BlockFilter.open(kind, view, blocks: nil, origin: section.offset)
            try filter.checkInvariants()
            // Where the block directory cannot be read, that has been reported, and nothing can be said of this.
            if let blocks = entries?.count, filter.blockCount != blocks {
                let message = "the filter of \(kind) is over \(filter.blockCount) blocks, of \(blocks)"
                problems.append(place.problem(.index, offset: section.offset, message))
                return
            }
            filters[kind] = CheckedFilter(filter: filter, paths: paths, bytes: view)
        case .pages:
            guard section.id == 0 else { throw wrong(section, "id 0", "\(section.id)") }
            try check(PageSums(view, of: footer.sections, origin: section.offset), section, footer)
        }
    }

    /// Throws unless these are the checksums of the pages of the sections that hold.
    private func check(
        _ sums: PageSums, _ section: IndexSection, _ footer: SegmentFooter
    ) throws(FormatError) {
        for paged in footer.sections where PageSums.hasPages(paged) {
            guard let bytes = owners[key(paged.role, paged.id)] else { continue }
            guard bytes.withView({ PageSums.sums(of: $0) }) == sums.sums(of: paged) else {
                throw wrong(section, "the checksums of the pages of \(paged.role) \(paged.id)", "others")
            }
        }
    }

    private func wrong(_ section: IndexSection, _ expected: String, _ found: String) -> FormatError {
        FormatError(
            .invalid, "index section \(section.role) \(section.id)", offset: section.offset,
            expected: expected,
            found: found)
    }

    private func checkPresence(_ footer: SegmentFooter) {
        var missing: [String] = []
        if footer.section(.blocks) == nil { missing.append("block directory") }
        if footer.section(.heads) == nil { missing.append("chain and tree heads") }
        for column in PostingColumn.standard where footer.section(.postings, column.rawValue) == nil {
            missing.append("posting lists of \(column)")
        }
        for name in missing {
            problems.append(place.problem(.index, offset: footer.tableOffset, "the segment has no \(name)"))
        }
    }

    /// Between sections, and between the last block and the first section, there are fewer than eight bytes, all
    /// zero.
    private func checkGaps(_ footer: SegmentFooter, _ file: any StorageFile) throws {
        var end = entries.map { $0.last.map { $0.offset + $0.length } ?? SegmentHeader.byteCount }
        for start in footer.sections.map(\.offset) + [footer.tableOffset] {
            let next = footer.sections.first { $0.offset == start }
            defer { end = next.map { $0.offset + $0.length } ?? start }
            guard let from = end, from != start else { continue }
            guard from < start, start - from < 8 else {
                report(
                    FormatError(
                        .invalid, "index region", offset: from, expected: "sections side by side",
                        found: "\(start - from) bytes between two"))
                continue
            }
            let bytes = try file.bytes(at: from, start - from, what: "index padding")
            guard bytes.withView({ $0.isAllZero }) else {
                report(
                    FormatError(
                        .invalid, "index padding", offset: from, expected: "zeros", found: "other bytes"))
                continue
            }
        }
    }
}

/// Where a check looks: fills in what problems have in common.
struct CheckedPlace: Sendable {
    var segment: UInt64
    var file: String

    func problem(
        _ kind: VerificationProblem.Kind, block: Int? = nil, sequences: Range<UInt64>? = nil,
        offset: Int? = nil,
        _ message: String
    ) -> VerificationProblem {
        VerificationProblem(
            kind, segment: segment, block: block, sequences: sequences, file: file, offset: offset, message)
    }
}

/// A block filter that holds together. Valid while its region lives.
struct CheckedFilter {
    let filter: BlockFilter
    /// Of details: the paths whose values it holds, nil for all.
    let paths: [[String]]?
    /// The whole section.
    let bytes: ByteView
}
