/// What a section of a block is. Raw values are part of the format; zero is never a value on disk.
package enum SectionRole: UInt8, Sendable {
    /// The seeds that the salts of the block's events come from.
    case seeds = 1
    /// The terms that this block adds to a dictionary; the id is the dictionary's.
    case newTerms = 2
    /// A column; the id is a `ColumnID`.
    case column = 3
    /// The objects of a document field that are kept as text; the id is the field's.
    case rawDocuments = 4
    /// The scalars at one path of `details`; the id is the path's number in the segment.
    case detailsPath = 5
    /// The same for `extra`.
    case extraPath = 6
    /// The raw lengths of the text chunks.
    case heapDirectory = 7
    /// A chunk of text; the id is its number.
    case textChunk = 8
    /// The tree: its frontier before the block's first event, and the roots of the subtrees the block covers.
    case tree = 9
}

/// The columns of a block. Raw values are part of the format; those of text fields are the field's.
package enum ColumnID: UInt8, CaseIterable, Sendable {
    case type = 0, severity = 1, action = 2
    /// Type and id together.
    case resource = 3
    case component = 4, id = 5, user = 6, error = 8, message = 9, ip = 10, userAgent = 11, requestID = 12
    case sessionID = 13, correlationID = 14
    /// Codes of shapes.
    case details = 15, extra = 16
    case timestamp = 32, recordedAt = 33, timeDigits = 34, timeZone = 35, duration = 36, outcome = 37
    case origin = 38
}

/// One section of a block: where it lies and what its bytes must sum to.
package struct BlockSection: Equatable, Sendable {
    package var role: SectionRole
    package var id: Int
    /// From the start of the block.
    package var offset: Int
    package var length: Int
    /// Which of the directory's checksums are the section's: one for each of its pages where it is long, else one.
    package var sums: Range<Int>

    /// Sections that are longer have a checksum a page, so that a page can be read by itself.
    static let wholeMax = 16 << 10

    package var isPaged: Bool { length > BlockSection.wholeMax }

    /// How many checksums a section of so many bytes has.
    static func sumCount(_ length: Int) -> Int { length > wholeMax ? PagedBytes.pageCount(length) : 1 }
}

/// The list of a block's sections. On disk, for each: `u8 role · varint id · varint length · u32 checksum`, of long
/// ones `u32` a page; the sections follow the directory in this order without gaps, then zeros to the block's length.
package struct BlockDirectory: Equatable, Sendable {
    package private(set) var sections: [BlockSection] = []
    /// The low halves of the checksums of sections and pages.
    package private(set) var sums: [UInt32] = []
    /// Where each section stands in `sections`, by its key, ascending.
    private var places: [Place] = []

    private struct Place: Equatable {
        var key: UInt64
        var index: Int
    }

    package init(_ view: ByteView, header: BlockHeader, origin: Int) throws(FormatError) {
        let computed = Checksum.of(view)
        guard view.count == header.directoryLength, computed == header.directoryChecksum else {
            throw FormatError(
                .checksum, "block directory", offset: origin, expected: hex(header.directoryChecksum),
                found: hex(computed))
        }
        var reader = ByteReader(view, what: "block directory", origin: origin)
        var offset = BlockHeader.byteCount + header.directoryLength
        // An entry takes seven bytes or a little more.
        sections.reserveCapacity(view.count / 7)
        places.reserveCapacity(view.count / 7)
        sums.reserveCapacity(view.count / 5)
        while reader.remaining > 0 {
            let tag = try reader.u8()
            guard let role = SectionRole(rawValue: tag) else {
                throw reader.invalid("role", expected: "1 to 9", found: "\(tag)")
            }
            let id = try reader.length(atMost: Int(Int32.max))
            let length = try reader.length(atMost: header.length - offset)
            let first = sums.count
            for _ in 0..<BlockSection.sumCount(length) { sums.append(try reader.u32()) }
            let section = BlockSection(
                role: role, id: id, offset: offset, length: length, sums: first..<sums.count)
            places.append(Place(key: BlockDirectory.key(role, id), index: sections.count))
            sections.append(section)
            offset += length
        }
        places.sort { $0.key < $1.key }
        for place in places.indices.dropFirst() where places[place].key == places[place - 1].key {
            let again = sections[places[place].index]
            throw reader.invalid("section", expected: "each once", found: "\(again.role) \(again.id) again")
        }
        guard header.length - offset < 8 else {
            throw reader.invalid(
                "end", expected: "sections that fill the block", found: "\(header.length - offset) bytes left"
            )
        }
    }

    private static func key(_ role: SectionRole, _ id: Int) -> UInt64 {
        UInt64(role.rawValue) << 32 | UInt64(id)
    }

    package func section(_ role: SectionRole, _ id: Int) -> BlockSection? {
        let key = BlockDirectory.key(role, id)
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low < places.count && places[low].key == key ? sections[places[low].index] : nil
    }

    /// Appends the entry of a section that holds these bytes.
    package static func write(
        _ role: SectionRole, _ id: Int, _ section: ByteView, into out: inout ByteWriter
    ) {
        out.u8(role.rawValue)
        out.varint(UInt64(id))
        out.varint(UInt64(section.count))
        guard section.count > BlockSection.wholeMax else {
            return out.u32(UInt32(truncatingIfNeeded: Checksum.of(section)))
        }
        for page in 0..<PagedBytes.pageCount(section.count) { out.u32(sum(ofPage: page, of: section)) }
    }

    /// The low half of the checksum of a page of some bytes.
    @inline(__always)
    private static func sum(ofPage page: Int, of bytes: ByteView) -> UInt32 {
        let start = page << PagedBytes.pageShift
        let length = min(PagedBytes.pageBytes, bytes.count - start)
        return UInt32(truncatingIfNeeded: Checksum.of(bytes.trusted(start, length)))
    }

    /// Holds the bytes of a section, or some of its pages if they are `from` one on, against their checksums.
    func check(_ bytes: ByteView, of section: BlockSection, fromPage first: Int = 0, origin: Int)
        throws(FormatError)
    {
        guard section.isPaged else {
            let computed = UInt32(truncatingIfNeeded: Checksum.of(bytes))
            guard computed == sums[section.sums.lowerBound] else {
                throw wrong(section, origin + section.offset, sums[section.sums.lowerBound], computed)
            }
            return
        }
        for page in 0..<PagedBytes.pageCount(bytes.count) {
            let computed = BlockDirectory.sum(ofPage: page, of: bytes)
            let expected = sums[section.sums.lowerBound + first + page]
            guard computed == expected else {
                let start = section.offset + (first + page) << PagedBytes.pageShift
                throw wrong(section, origin + start, expected, computed)
            }
        }
    }

    @inline(never)
    private func wrong(
        _ section: BlockSection, _ offset: Int, _ expected: UInt32, _ found: UInt32
    ) -> FormatError {
        FormatError(
            .checksum, "block section \(section.role) \(section.id)", offset: offset,
            expected: hex(UInt64(expected)), found: hex(UInt64(found)))
    }

    /// Where the zeros that pad the block begin.
    package func end(after header: BlockHeader) -> Int {
        sections.last.map { $0.offset + $0.length } ?? BlockHeader.byteCount + header.directoryLength
    }
}
