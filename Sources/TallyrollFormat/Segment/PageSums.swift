/// The checksums of the pages of long index sections, so that a page of one can be believed without the rest.
///
/// | offset | size | what |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | | for each dictionary, posting lists and table of ids of more than 16 KiB, in the order of the section table: u32 a page of 4,096 bytes (the last may be shorter), the low half of its checksum |
package struct PageSums {
    private static let version: UInt8 = 1
    private static let headerBytes = 1
    private static let what = "page checksums"
    /// Shorter sections are read whole.
    private static let bytesMin = 16 << 10

    private let sums: ByteView
    private let sections: [IndexSection]

    /// Whether a section is read page by page.
    package static func hasPages(_ section: IndexSection) -> Bool {
        switch section.role {
        case .dictionary, .postings, .ids: section.length > bytesMin
        case .blocks, .heads, .filter, .pages, .terms: false
        }
    }

    /// Opens a section; `sections` are those of its segment, and `origin` is where it begins in its file.
    package init(_ section: ByteView, of sections: [IndexSection], origin: Int = 0) throws(FormatError) {
        var reader = ByteReader(section, what: PageSums.what, origin: origin)
        let version = try reader.u8()
        guard version == PageSums.version else {
            throw reader.invalid("version", expected: "1", found: "\(version)")
        }
        self.sections = sections.filter { PageSums.hasPages($0) }
        let pages = self.sections.reduce(0) { $0 + PagedBytes.pageCount($1.length) }
        guard reader.remaining == pages * 4 else {
            throw reader.invalid(
                "length", expected: "\(pages) checksums", found: "\(reader.remaining) bytes")
        }
        sums = try reader.bytes(pages * 4)
    }

    /// The checksums of the pages of a section; nil where it has none.
    package func sums(of section: IndexSection) -> [UInt32]? {
        var first = 0
        for other in sections {
            let pages = PagedBytes.pageCount(other.length)
            if other == section {
                return (first..<(first + pages)).map { sums.load(UInt32.self, at: $0 * 4) }
            }
            first += pages
        }
        return nil
    }

    /// The checksums of the pages that these bytes are.
    package static func sums(of bytes: ByteView) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: PagedBytes.pageBytes).map { start in
            let page = bytes.trusted(start, min(PagedBytes.pageBytes, bytes.count - start))
            return UInt32(truncatingIfNeeded: Checksum.of(page))
        }
    }

    /// Appends the section with the checksums of the pages of all sections that have any.
    package static func write(_ sums: [UInt32], into out: inout ByteWriter) {
        out.u8(version)
        for sum in sums { out.u32(sum) }
    }
}
