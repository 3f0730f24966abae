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

    /// The bytes of a section, checked against its checksum.
    func read(_ section: BlockSection) throws -> Bytes {
        let bytes = try source.read(section.offset, section.length)
        readCount.wrappingAdd(section.length, ordering: .relaxed)
        let computed = UInt32(truncatingIfNeeded: Checksum.of(bytes.view))
        guard computed == section.checksum else {
            throw FormatError(
                .checksum, "block section \(section.role) \(section.id)", offset: origin + section.offset,
                expected: hex(UInt64(section.checksum)), found: hex(UInt64(computed)))
        }
        return bytes
    }

    /// The bytes of a section that is kept, or nil when the block has none of that kind.
    func keptIfPresent(_ role: SectionRole, _ id: Int) throws -> Bytes? {
        guard let section = directory.section(role, id) else { return nil }
        hold(section.length)
        return try read(section)
    }

    func required(_ role: SectionRole, _ id: Int) throws -> BlockSection {
        guard let section = directory.section(role, id) else {
            throw FormatError(
                .invalid, "block", offset: origin, expected: "a section \(role) \(id)", found: "none")
        }
        return section
    }
}
