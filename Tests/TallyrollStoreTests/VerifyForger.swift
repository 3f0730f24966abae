import TallyrollFormat
import TallyrollStore

/// Someone who changes bytes of a segment and makes every checksum right again.
struct Forger {
    var bytes: [UInt8]
    let header: SegmentHeader

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        header = try bytes.withView { try SegmentHeader($0) }
    }

    private func u64(_ offset: Int) -> UInt64 { bytes.withView { $0.load(UInt64.self, at: offset) } }

    mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) {
            bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    private func checksum(_ range: Range<Int>) -> UInt64 {
        bytes.withView { Checksum.of($0.trusted(range.lowerBound, range.count)) }
    }

    mutating func sealHeader() { put(checksum(0..<4088), at: 4088) }

    func footer() throws -> SegmentFooter {
        try bytes.withView { view in
            let trailer = view.trusted(view.count - SegmentFooter.trailerBytes, SegmentFooter.trailerBytes)
            let place = try SegmentFooter.table(trailer: trailer, fileLength: view.count)
            return try SegmentFooter(
                table: view.trusted(place.offset, place.length), trailer: trailer, fileLength: view.count)
        }
    }

    func entries() throws -> [BlockEntry] {
        let section = try required(footer().section(.blocks))
        return try bytes.withView {
            try SegmentReader.entries(
                of: $0.trusted(section.offset, section.length), origin: section.offset, fileLength: $0.count)
        }
    }

    func sections(_ entry: BlockEntry) throws -> [BlockSection] {
        try bytes.withView { view in
            let block = view.trusted(entry.offset, entry.length)
            let header = try BlockHeader(block, origin: 0)
            return try BlockDirectory(
                block.trusted(BlockHeader.byteCount, header.directoryLength), header: header, origin: 0
            ).sections
        }
    }

    /// Makes the checksums of a block right, from its sections to its header; `sections` as they were before.
    mutating func sealBlock(_ entry: BlockEntry, _ sections: [BlockSection]) {
        var directory = ByteWriter()
        for section in sections {
            let start = entry.offset + section.offset
            Array(bytes[start..<start + section.length]).withView {
                BlockDirectory.write(section.role, section.id, $0, into: &directory)
            }
        }
        let start = entry.offset + BlockHeader.byteCount
        bytes.replaceSubrange(start..<start + directory.count, with: directory.array)
        put(checksum(start..<start + directory.count), at: entry.offset + 144)
        put(checksum(entry.offset..<entry.offset + 152), at: entry.offset + 152)
    }

    /// Makes the directory fit the blocks that stand in the file, and all checksums of the index region right.
    mutating func sealRegion(_ entries: [BlockEntry]) throws {
        let footer = try footer()
        let section = try required(footer.section(.blocks))
        var directory = ByteWriter()
        directory.varint(UInt64(entries.count))
        for entry in entries {
            var entry = entry
            entry.headerChecksum = u64(entry.offset + 152)
            entry.write(into: &directory)
        }
        guard directory.count == section.length else { throw MissingValue() }
        bytes.replaceSubrange(section.offset..<section.offset + section.length, with: directory.array)
        try sealSections()
    }

    mutating func sealSections() throws {
        var footer = try footer()
        for index in footer.sections.indices {
            let section = footer.sections[index]
            footer.sections[index].checksum = checksum(section.offset..<section.offset + section.length)
        }
        var end = ByteWriter()
        footer.write(into: &end)
        bytes.replaceSubrange(footer.tableOffset..<bytes.count, with: end.array)
    }
}
