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
    /// The low half of the section's checksum.
    package var checksum: UInt32
}

/// The list of a block's sections. On disk, for each: `u8 role · varint id · varint length · u32 checksum`; the
/// sections follow the directory in this order without gaps, then zeros to the block's length.
package struct BlockDirectory: Equatable, Sendable {
    package private(set) var sections: [BlockSection] = []
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
        while reader.remaining > 0 {
            let tag = try reader.u8()
            guard let role = SectionRole(rawValue: tag) else {
                throw reader.invalid("role", expected: "1 to 9", found: "\(tag)")
            }
            let id = try reader.length(atMost: Int(Int32.max))
            let length = try reader.length(atMost: header.length - offset)
            let section = BlockSection(
                role: role, id: id, offset: offset, length: length, checksum: try reader.u32())
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

    /// Where the zeros that pad the block begin.
    package func end(after header: BlockHeader) -> Int {
        sections.last.map { $0.offset + $0.length } ?? BlockHeader.byteCount + header.directoryLength
    }
}
