/// What a section of a sealed segment's index region is. Raw values are part of the format.
package enum IndexRole: UInt8, CaseIterable, Sendable {
    /// The list of `BlockEntry`.
    case blocks = 1
    /// A dictionary; the id is a `DictionaryID`.
    case dictionary = 2
    /// Posting lists; the id is a `PostingColumn`.
    case postings = 3
    /// Where foreign ids are found.
    case ids = 4
    /// Chain and tree at the end of the segment.
    case heads = 5
    /// A block filter; the id is a `FilterKind`.
    case filter = 6
    /// `PageSums`.
    case pages = 7
    /// `TermFilter`.
    case terms = 8
}

package struct IndexSection: Equatable, Sendable {
    package var role: IndexRole
    package var id: UInt8
    package var offset: Int
    package var length: Int
    package var checksum: UInt64

    package init(role: IndexRole, id: UInt8, offset: Int, length: Int, checksum: UInt64) {
        self.role = role
        self.id = id
        self.offset = offset
        self.length = length
        self.checksum = checksum
    }
}

/// The end of a sealed segment: the table of index sections and a fixed trailer whose magic is the last thing
/// written. A file without a valid trailer is not sealed.
///
/// ```
/// table     per section: u8 role · u8 id · 6 zeros · u64 offset · u64 length · u64 checksum
/// trailer   (64 bytes, at the end of the file)
///   0  8  store tag          8  8  segment number
///  16  8  offset of table   24  4  sections     28  4  zero
///  32  8  checksum of table 40  8  end sequence
///  48  8  checksum of bytes 0 to 47             56  8  magic "TALLYEND"
/// ```
package struct SegmentFooter: Equatable, Sendable {
    package static let trailerBytes = 64
    package static let entryBytes = 32
    package static let magic: [UInt8] = Array("TALLYEND".utf8)

    package var storeTag: UInt64
    package var segmentNumber: UInt64
    package var endSequence: UInt64
    package var tableOffset: Int
    package var sections: [IndexSection]

    package init(
        storeTag: UInt64, segmentNumber: UInt64, endSequence: UInt64, tableOffset: Int,
        sections: [IndexSection]
    ) {
        self.storeTag = storeTag
        self.segmentNumber = segmentNumber
        self.endSequence = endSequence
        self.tableOffset = tableOffset
        self.sections = sections
    }

    package func section(_ role: IndexRole, _ id: UInt8 = 0) -> IndexSection? {
        sections.first { $0.role == role && $0.id == id }
    }

    /// The bytes that a footer with this many sections takes at the end of the file.
    package static func byteCount(sections: Int) -> Int { sections * entryBytes + trailerBytes }

    package func write(into out: inout ByteWriter) {
        let tableStart = out.count
        for section in sections {
            out.u8(section.role.rawValue)
            out.u8(section.id)
            out.zeros(6)
            out.u64(UInt64(section.offset))
            out.u64(UInt64(section.length))
            out.u64(section.checksum)
        }
        let tableChecksum = Checksum.of(out.view.trusted(tableStart, out.count - tableStart))
        let trailerStart = out.count
        out.u64(storeTag)
        out.u64(segmentNumber)
        out.u64(UInt64(tableOffset))
        out.u32(UInt32(sections.count))
        out.u32(0)
        out.u64(tableChecksum)
        out.u64(endSequence)
        out.u64(Checksum.of(out.view.trusted(trailerStart, 48)))
        out.bytes(SegmentFooter.magic)
    }

    /// Where the table lies, from the last 64 bytes of a file of `fileLength` bytes.
    package static func table(
        trailer: ByteView, fileLength: Int
    ) throws(FormatError) -> (offset: Int, length: Int, checksum: UInt64) {
        let origin = fileLength - trailerBytes
        var reader = ByteReader(trailer, what: "segment trailer", origin: origin)
        guard trailer.count == trailerBytes, trailer.trusted(56, 8).raw.elementsEqual(magic) else {
            throw FormatError(
                .invalid, "segment trailer: magic", offset: origin + 56, expected: "TALLYEND",
                found: trailer.count == trailerBytes
                    ? trailer.trusted(56, 8).printable : "the end of the file")
        }
        let stored = trailer.load(UInt64.self, at: 48)
        let computed = Checksum.of(trailer.trusted(0, 48))
        guard stored == computed else {
            throw FormatError(
                .checksum, "segment trailer", offset: origin, expected: hex(stored), found: hex(computed))
        }
        try reader.skip(16)
        let offset = try reader.u64()
        let count = Int(try reader.u32())
        let zero = try reader.u32()
        let checksum = try reader.u64()
        guard zero == 0, offset <= UInt64(origin), Int(offset) + count * entryBytes == origin else {
            throw reader.invalid(
                "table", expected: "one that ends at byte \(origin)", found: "\(offset), \(count)")
        }
        return (Int(offset), count * entryBytes, checksum)
    }

    package init(table: ByteView, trailer: ByteView, fileLength: Int) throws(FormatError) {
        let place = try SegmentFooter.table(trailer: trailer, fileLength: fileLength)
        let computed = Checksum.of(table)
        guard table.count == place.length, computed == place.checksum else {
            throw FormatError(
                .checksum, "segment section table", offset: place.offset, expected: hex(place.checksum),
                found: hex(computed))
        }
        storeTag = trailer.load(UInt64.self, at: 0)
        segmentNumber = trailer.load(UInt64.self, at: 8)
        endSequence = trailer.load(UInt64.self, at: 40)
        tableOffset = place.offset
        var reader = ByteReader(table, what: "segment section table", origin: place.offset)
        var sections: [IndexSection] = []
        var previousEnd = 0
        while reader.remaining > 0 {
            let tag = try reader.u8()
            guard let role = IndexRole(rawValue: tag) else {
                throw reader.invalid("role", expected: "1 to 7", found: "\(tag)")
            }
            let id = try reader.u8()
            guard try reader.bytes(6).raw.allSatisfy({ $0 == 0 }) else {
                throw reader.invalid("padding", expected: "zeros", found: "other bytes")
            }
            let (offset, length) = (try reader.u64(), try reader.u64())
            guard offset >= UInt64(previousEnd), offset <= UInt64(place.offset),
                length <= UInt64(place.offset) - offset
            else {
                throw reader.invalid(
                    "place", expected: "sections in order, inside the file",
                    found: "\(offset), \(length) bytes")
            }
            sections.append(
                IndexSection(
                    role: role, id: id, offset: Int(offset), length: Int(length), checksum: try reader.u64()))
            previousEnd = Int(offset) + Int(length)
        }
        self.sections = sections
    }
}

/// Chain and tree at the end of a segment: `32 chain hash · varint count · 32 each` of the frontier.
package struct SegmentHeads: Equatable, Sendable {
    package var chainAfter: [UInt8]
    package var frontier: [[UInt8]]

    package init(chainAfter: [UInt8], frontier: [[UInt8]]) {
        self.chainAfter = chainAfter
        self.frontier = frontier
    }

    package func write(into out: inout ByteWriter) {
        out.bytes(chainAfter)
        out.varint(UInt64(frontier.count))
        for hash in frontier { out.bytes(hash) }
    }

    package init(_ view: ByteView) throws(FormatError) {
        var reader = ByteReader(view, what: "segment heads")
        chainAfter = try reader.bytes(32).array
        let count = try reader.length(atMost: 64)
        var frontier: [[UInt8]] = []
        for _ in 0..<count { frontier.append(try reader.bytes(32).array) }
        self.frontier = frontier
        try reader.finish()
    }
}
