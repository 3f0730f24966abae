import Synchronization
import TallyrollFormat

/// Reads the index sections of a sealed segment: long ones page by page, as they are looked at, where the segment has
/// checksums for that; others whole.
final class SectionFile: Sendable {
    private let file: any StorageFile
    private let footer: SegmentFooter
    let budget: IndexBudget
    /// The bytes of indexes read so far.
    let bytesRead = Atomic<Int>(0)

    init(_ file: any StorageFile, _ footer: SegmentFooter, budget: IndexBudget) {
        self.file = file
        self.footer = footer
        self.budget = budget
    }

    /// The bytes of a section; those of a paged one are read later.
    func open(_ section: IndexSection) throws -> PagedBytes {
        if let pages = try pages(of: section) {
            return PagedBytes(count: section.length, from: pages, gauge: budget.gauge)
        }
        let bytes = try file.section(section)
        bytesRead.wrappingAdd(section.length, ordering: .relaxed)
        return PagedBytes(bytes, gauge: budget.gauge)
    }

    /// What the first look at a section is expected to read.
    func firstLook(_ section: IndexSection) -> Int {
        PageSums.hasPages(section) && footer.section(.pages) != nil
            ? min(section.length, SectionFile.pagesOfALook * PagedBytes.pageBytes) : section.length
    }

    /// The ends of a section, and where a list or a term is found.
    private static let pagesOfALook = 4

    private func pages(of section: IndexSection) throws -> SectionPages? {
        guard PageSums.hasPages(section), let place = footer.section(.pages) else { return nil }
        do {
            let bytes = try file.section(place)
            bytesRead.wrappingAdd(place.length, ordering: .relaxed)
            let sums = try bytes.withView {
                try PageSums($0, of: footer.sections, origin: place.offset).sums(of: section)
            }
            return sums.map { SectionPages(self, file, section, sums: $0) }
        } catch is FormatError {
            // The section itself may be sound.
            return nil
        }
    }
}

/// The pages of a section, each checked when it is read.
private final class SectionPages: PageSource {
    private let owner: SectionFile
    private let file: any StorageFile
    private let section: IndexSection
    private let sums: [UInt32]

    init(_ owner: SectionFile, _ file: any StorageFile, _ section: IndexSection, sums: [UInt32]) {
        self.owner = owner
        self.file = file
        self.section = section
        self.sums = sums
    }

    func read(_ pages: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
        let start = section.offset + pages.lowerBound << PagedBytes.pageShift
        let count: Int
        do {
            count = try file.read(at: start, into: buffer)
        } catch {
            throw wrong(.truncated, start, "\(buffer.count) bytes", "\(error)")
        }
        guard count == buffer.count, let base = buffer.baseAddress else {
            throw wrong(.truncated, start, "\(buffer.count) bytes", "\(count)")
        }
        let bytes = ByteView(
            base: UnsafePointer(base.assumingMemoryBound(to: UInt8.self)), count: buffer.count)
        guard PageSums.sums(of: bytes).elementsEqual(sums[pages]) else {
            throw wrong(.checksum, start, "pages \(pages) with their checksums", "others")
        }
    }

    func didRead(_ bytes: Int) {
        owner.bytesRead.wrappingAdd(bytes, ordering: .relaxed)
        owner.budget.makeRoom()
    }

    private func wrong(
        _ kind: FormatError.Kind, _ offset: Int, _ expected: String, _ found: String
    ) -> FormatError {
        FormatError(
            kind, "index section \(section.role) \(section.id)", offset: offset, expected: expected,
            found: found)
    }
}

/// A dictionary with the bytes it reads. `@unchecked Sendable`: the bytes never change.
final class LoadedDictionary: IndexContent, @unchecked Sendable {
    private let bytes: PagedBytes
    /// Valid while this object lives.
    let section: DictionarySection

    init(_ bytes: PagedBytes, origin: Int) throws(FormatError) {
        self.bytes = bytes
        section = try DictionarySection(bytes.view, origin: origin, pages: bytes.pages)
    }

    var bytesHeld: Int { bytes.bytesHeld }
}

/// A dictionary that was decoded.
final class LoadedTerms: IndexContent {
    let table: TermTable
    private let gauge: MemoryGauge

    init(_ table: TermTable, gauge: MemoryGauge) {
        self.table = table
        self.gauge = gauge
        gauge.add(table.byteCount)
    }

    deinit { gauge.add(-table.byteCount) }

    var bytesHeld: Int { table.byteCount }
}

/// Posting lists with the bytes they read. `@unchecked Sendable`: the bytes never change.
package final class LoadedPostings: IndexContent, @unchecked Sendable {
    private let bytes: PagedBytes
    /// Valid, as are its lists, while this object lives.
    package let postings: TermPostings

    init(_ bytes: PagedBytes, universe: Int, origin: Int) throws(FormatError) {
        self.bytes = bytes
        postings = try TermPostings(bytes.view, universe: universe, origin: origin, pages: bytes.pages)
    }

    var bytesHeld: Int { bytes.bytesHeld }
}

/// The table of ids with the bytes it reads. `@unchecked Sendable`: the bytes never change.
final class LoadedIDs: IndexContent, @unchecked Sendable {
    private let bytes: PagedBytes
    /// Valid while this object lives.
    let table: IDTable

    init(_ bytes: PagedBytes, origin: Int) throws(FormatError) {
        self.bytes = bytes
        table = try IDTable(bytes.view, origin: origin, pages: bytes.pages)
    }

    var bytesHeld: Int { bytes.bytesHeld }
}

/// A filter of terms with the bytes it reads. `@unchecked Sendable`: the bytes never change.
package final class LoadedTermFilter: @unchecked Sendable {
    private let bytes: PagedBytes
    /// Valid while this object lives.
    package let filter: TermFilter

    init(_ bytes: PagedBytes, origin: Int) throws(FormatError) {
        self.bytes = bytes
        filter = try TermFilter(bytes.view, origin: origin)
    }
}

/// A filter with the bytes it reads. `@unchecked Sendable`: the bytes never change.
final class LoadedFilter: IndexContent, @unchecked Sendable {
    private let bytes: PagedBytes
    /// Valid while this object lives.
    let filter: BlockFilter
    /// Of details: the paths whose values it holds, as hashes; nil for all.
    let paths: [UInt64]?

    init(_ bytes: PagedBytes, _ kind: FilterKind, blocks: Int, origin: Int) throws(FormatError) {
        self.bytes = bytes
        let (filter, paths) = try BlockFilter.open(kind, bytes.view, blocks: blocks, origin: origin)
        self.filter = filter
        self.paths = paths?.map { FilterKey.path($0) }
    }

    var bytesHeld: Int { bytes.bytesHeld }
}
