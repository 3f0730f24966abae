import Synchronization

/// Reads the sections of one block, each checked against its checksum, and keeps account of what was read and of
/// what is held in memory for it.
final class BlockSections: Sendable {
    let directory: BlockDirectory
    /// Where the block begins in its file, for error messages.
    let origin: Int
    private let source: any BlockSource
    private let readCount = Atomic<Int>(0)
    private let heldCount = Atomic<Int>(0)
    private let inflatedCount = Atomic<Int>(0)
    private let gauge: MemoryGauge?
    private let together = OnceReference<SectionRuns>()

    /// What a reader takes before anything was read, and for each entry of the directory.
    private static let readerBytes = 2560
    private static let entryBytes = 64

    init(_ source: any BlockSource, _ directory: BlockDirectory, origin: Int, gauge: MemoryGauge?) {
        self.source = source
        self.directory = directory
        self.origin = origin
        self.gauge = gauge
        hold(BlockSections.readerBytes + directory.sections.count * BlockSections.entryBytes)
    }

    deinit { gauge?.add(-bytesHeld) }

    /// The bytes of sections read so far.
    var bytesRead: Int { readCount.load(ordering: .relaxed) }

    /// The bytes of text inflated so far.
    var bytesInflated: Int { inflatedCount.load(ordering: .relaxed) }

    /// Notes text that was inflated and is kept.
    func inflated(_ bytes: Int) {
        inflatedCount.wrappingAdd(bytes, ordering: .relaxed)
        hold(bytes)
    }

    /// About how many bytes of memory are held for the block.
    var bytesHeld: Int { heldCount.load(ordering: .relaxed) }

    /// Notes memory that is kept for as long as the block's reader is.
    func hold(_ bytes: Int) {
        heldCount.wrappingAdd(bytes, ordering: .relaxed)
        gauge?.add(bytes)
    }

    /// The bytes of a section, checked against its checksums.
    func read(_ section: BlockSection) throws -> Bytes {
        let bytes: Bytes
        if let known = together.load()?.bytes(of: section) {
            bytes = known
        } else {
            bytes = try source.read(section.offset, section.length)
            readCount.wrappingAdd(section.length, ordering: .relaxed)
        }
        defer { withExtendedLifetime(bytes) {} }
        try directory.check(bytes.view, of: section, origin: origin)
        return bytes
    }

    /// The bytes of a section that is kept.
    func readKept(_ section: BlockSection) throws -> Bytes {
        if together.load()?.holds(section) != true { hold(section.length) }
        return try read(section)
    }

    /// The bytes of a section that is kept, or nil when the block has none of that kind.
    func keptIfPresent(_ role: SectionRole, _ id: Int) throws -> Bytes? {
        try directory.section(role, id).map { try readKept($0) }
    }

    /// The bytes of a long section, of which each page is read when it is needed; nil where it is read as a whole.
    func pages(of section: BlockSection) -> PagedBytes? {
        guard section.isPaged, !source.isInMemory else { return nil }
        return PagedBytes(count: section.length, from: SectionPages(self, source, section), isSmall: true)
    }

    /// Notes bytes that were read and are kept.
    fileprivate func didRead(_ bytes: Int) {
        readCount.wrappingAdd(bytes, ordering: .relaxed)
        hold(bytes)
    }

    /// Reads sections that lie close to each other with one call, for those who are going to ask for most of them. What
    /// cannot be read is left to whoever asks for it.
    func readTogether(_ isWanted: (BlockSection) -> Bool) {
        guard !source.isInMemory, together.load() == nil else { return }
        let runs = SectionRuns(directory.sections.lazy.filter(isWanted), source)
        if together.storeIfNil(runs) === runs { didRead(runs.byteCount) }
    }

    func required(_ role: SectionRole, _ id: Int) throws -> BlockSection {
        guard let section = directory.section(role, id) else {
            throw FormatError(
                .invalid, "block", offset: origin, expected: "a section \(role) \(id)", found: "none")
        }
        return section
    }
}

/// Sections of a block that were read together, a run of bytes for those that lie close to each other.
private final class SectionRuns: Sendable {
    private let runs: [(start: Int, bytes: Bytes)]

    /// Between two sections so many bytes that nobody asked for cost less than another call.
    private static let gapMax = 6 << 10
    /// Bytes of all runs at most: of blocks with very many sections not all are asked for.
    private static let bytesMax = 96 << 10

    init(_ sections: some Sequence<BlockSection>, _ source: any BlockSource) {
        var ranges: [Range<Int>] = []
        var total = 0
        for section in sections {
            let end = section.offset + section.length
            let near = ranges.last.flatMap {
                section.offset - $0.upperBound <= SectionRuns.gapMax ? $0 : nil
            }
            total += end - (near?.upperBound ?? section.offset)
            guard total <= SectionRuns.bytesMax else { break }
            if let near {
                ranges.removeLast(); ranges.append(near.lowerBound..<end)
            } else {
                ranges.append(section.offset..<end)
            }
        }
        runs = ranges.compactMap { range in
            (try? source.read(range.lowerBound, range.count)).map { (range.lowerBound, $0) }
        }
    }

    var byteCount: Int { runs.reduce(0) { $0 + $1.bytes.count } }

    func bytes(of section: BlockSection) -> Bytes? {
        for run in runs where section.offset >= run.start {
            if let part = Bytes(part: section.offset - run.start, section.length, of: run.bytes) {
                return part
            }
        }
        return nil
    }

    func holds(_ section: BlockSection) -> Bool {
        runs.contains { run in
            section.offset >= run.start
                && section.offset + section.length <= run.start + run.bytes.count
        }
    }
}

/// The pages of a long section, each checked when it is read.
private final class SectionPages: PageSource {
    private let owner: BlockSections
    private let source: any BlockSource
    private let section: BlockSection

    init(_ owner: BlockSections, _ source: any BlockSource, _ section: BlockSection) {
        self.owner = owner
        self.source = source
        self.section = section
    }

    func read(_ pages: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
        let start = section.offset + pages.lowerBound << PagedBytes.pageShift
        do {
            try source.read(start, into: buffer)
        } catch let problem as FormatError {
            throw problem
        } catch {
            throw FormatError(
                .truncated, "block section \(section.role) \(section.id)", offset: owner.origin + start,
                expected: "\(buffer.count) bytes", found: "\(error)")
        }
        try owner.directory.check(
            ByteView(UnsafeRawBufferPointer(buffer)), of: section, fromPage: pages.lowerBound,
            origin: owner.origin)
    }

    func didRead(_ bytes: Int) { owner.didRead(bytes) }
}
